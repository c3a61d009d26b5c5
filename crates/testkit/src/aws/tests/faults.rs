//! Misbehaving on purpose, as often as told.

use std::time::Duration;

use super::*;
use crate::aws::dispatch::HOSTILE_TEXT;
use Action::{GetCallerIdentity, GetSessionToken};

#[test]
fn a_fault_hits_its_action_as_often_as_told() {
    let Scene { aws, caller, .. } = scene();
    aws.fault(GetSessionToken, Fault::Throttle).times(2);
    caller.ok(GetCallerIdentity, &[]);
    for _ in 0..2 {
        assert_eq!(caller.outcome(GetSessionToken, &[]), refused(400, "Throttling"));
    }
    caller.ok(GetSessionToken, &[]);
    let outcomes: Vec<String> =
        aws.calls_of(GetSessionToken).into_iter().map(|call| call.outcome).collect();
    assert_eq!(
        outcomes,
        ["Throttling (Throttle injected)"; 2].into_iter().chain(["OK"]).collect::<Vec<_>>()
    );
}

#[test]
fn server_errors_and_denials_do_nothing_but_answer() {
    let Scene { aws, caller, .. } = scene();
    let before = aws.secrets().len();
    for (fault, expected) in [
        (Fault::Status(500), refused(500, "InternalFailure")),
        (Fault::Status(503), refused(503, "ServiceUnavailable")),
        (Fault::Deny, refused(403, "AccessDenied")),
    ] {
        aws.fault_any(fault);
        assert_eq!(caller.outcome(GetSessionToken, &[]), expected);
    }
    assert_eq!(aws.secrets().len(), before);
}

#[test]
fn a_cut_answer_stops_half_way_and_a_swallowed_one_never_starts() {
    let Scene { aws, caller, .. } = scene();
    let before = aws.secrets().len();
    for (fault, minted) in [(Fault::Cut, 2), (Fault::AcceptThenCut, 4)] {
        aws.fault(GetSessionToken, fault);
        assert!(caller.call(GetSessionToken, &[]).is_err());
        assert_eq!(aws.secrets().len(), before + minted);
    }
}

#[test]
fn a_stalled_answer_comes_late_and_a_dripping_one_byte_by_byte() {
    let Scene { aws, caller, .. } = scene();
    aws.fault(GetCallerIdentity, Fault::Stall(Duration::from_millis(20)));
    caller.ok(GetCallerIdentity, &[]);
    aws.fault(GetCallerIdentity, Fault::Drip(Duration::from_micros(10)));
    caller.ok(GetCallerIdentity, &[]);
}

#[test]
fn a_server_that_never_answers_can_still_be_stopped() {
    let Scene { aws, caller, .. } = scene();
    aws.fault(GetCallerIdentity, Fault::StallForever);
    let waiting = std::thread::spawn(move || caller.call(GetCallerIdentity, &[]).map(drop));
    while aws.calls().is_empty() {
        std::thread::yield_now();
    }
    drop(aws);
    assert!(waiting.join().unwrap().is_err());
}

#[test]
fn nonsense_says_200_and_is_not_the_documented_reply() {
    let Scene { aws, caller, .. } = scene();
    for (how, sign) in [
        (Nonsense::Html, "<!DOCTYPE html>"),
        (Nonsense::OtherRoot, "<GetSessionTokenReply "),
        (Nonsense::NoNamespace, "<GetSessionTokenResponse><"),
        (Nonsense::Json, "{\"message\":"),
        (Nonsense::Doctype, "<!ENTITY"),
        (Nonsense::Twice, "</GetSessionTokenResponse><GetSessionTokenResponse"),
        (Nonsense::BadExpiration, "<Expiration>next week</Expiration>"),
    ] {
        aws.fault(GetSessionToken, Fault::Nonsense(how));
        let reply = caller.call(GetSessionToken, &[]).unwrap();
        assert_eq!(reply.status, 200);
        assert!(reply.body.contains(sign), "{how:?}: {}", reply.body);
    }
    for how in [Nonsense::Empty, Nonsense::MissingField] {
        aws.fault(GetSessionToken, Fault::Nonsense(how));
        let reply = caller.call(GetSessionToken, &[]).unwrap();
        assert!(caller.with_credentials_of(&reply).is_none(), "{how:?}: {}", reply.body);
    }
    aws.fault(GetSessionToken, Fault::Nonsense(Nonsense::Truncated));
    let half = caller.call(GetSessionToken, &[]).unwrap();
    assert!(half.body.starts_with("<GetSessionTokenResponse "));
    assert!(!half.body.contains("</GetSessionTokenResponse>"));
    aws.fault(GetSessionToken, Fault::Nonsense(Nonsense::Huge));
    assert!(caller.call(GetSessionToken, &[]).unwrap().body.len() > 64 << 20);
}

#[test]
fn hostile_text_arrives_as_it_is() {
    let Scene { aws, caller, .. } = scene();
    aws.fault(GetSessionToken, Fault::HostileMessage);
    let reply = caller.call(GetSessionToken, &[]).unwrap();
    assert_eq!(reply.element("Message").unwrap(), HOSTILE_TEXT);
}

#[test]
fn a_shortened_life_is_real() {
    let Scene { aws, caller, .. } = scene();
    aws.fault(GetSessionToken, Fault::ExpiresIn(SignedDuration::from_secs(-1)));
    let expired = caller.become_by(GetSessionToken, &[]);
    assert_eq!(expired.outcome(GetCallerIdentity, &[]), refused(403, "ExpiredToken"));
    caller.become_by(GetSessionToken, &[]).ok(GetCallerIdentity, &[]);
}

#[test]
fn a_shifted_clock_shows_in_the_date_and_in_expirations() {
    let Scene { aws, caller, .. } = scene();
    aws.clock_skew(SignedDuration::from_mins(-3));
    let reply = caller.ok(GetSessionToken, &[("DurationSeconds", "900")]);
    let end: Timestamp = reply.element("Expiration").unwrap().parse().unwrap();
    let left = end.duration_since(crate::clock::now()).as_secs();
    assert!((710..=720).contains(&left), "{left}");
    let date = reply.head.lines().find_map(|line| line.strip_prefix("date: ")).unwrap();
    let date = date.strip_suffix(" GMT").unwrap();
    let date = jiff::civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S", date).unwrap();
    let date = jiff::tz::TimeZone::UTC.to_timestamp(date).unwrap();
    let behind = crate::clock::now().duration_since(date).as_secs();
    assert!((180..190).contains(&behind), "{behind}");
}
