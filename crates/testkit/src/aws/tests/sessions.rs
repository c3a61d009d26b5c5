//! GetSessionToken and GetFederationToken: lengths, and what their credentials may do.

use super::*;
use Action::{AssumeRole, GetCallerIdentity, GetFederationToken, GetSessionToken, GetUser};

fn life_of(aws: &FakeAws, reply: &Reply) -> i64 {
    let end: Timestamp = reply.element("Expiration").unwrap().parse().unwrap();
    end.duration_since(aws.now()).as_secs()
}

#[test]
fn a_session_lives_twelve_hours_unless_told_otherwise_and_a_day_and_a_half_at_most() {
    let Scene { aws, caller, .. } = scene();
    let twelve_hours = life_of(&aws, &caller.ok(GetSessionToken, &[]));
    assert!((43_190..=43_200).contains(&twelve_hours), "{twelve_hours}");
    for (seconds, expected) in [
        ("899", refused(400, "ValidationError")),
        ("900", (200, "OK".to_owned())),
        ("129600", (200, "OK".to_owned())),
        ("129601", refused(400, "ValidationError")),
        ("soon", refused(400, "ValidationError")),
    ] {
        let outcome = caller.outcome(GetSessionToken, &[("DurationSeconds", seconds)]);
        assert_eq!(outcome, expected, "{seconds}");
    }
}

#[test]
fn a_session_speaks_for_the_user_and_may_ask_only_two_things_of_sts() {
    let Scene { aws, alice, caller, .. } = scene();
    drop(aws.role(ROLE).trusts(&alice));
    let session = caller.become_by(GetSessionToken, &[]);
    assert_eq!(session.arn(), alice.arn());
    session.ok(AssumeRole, &to_role(ROLE));
    assert_eq!(session.outcome(GetSessionToken, &[]), refused(403, "AccessDenied"));
    let federation = session.outcome(GetFederationToken, &[("Name", "bob")]);
    assert_eq!(federation, refused(403, "AccessDenied"));
    let info = session.outcome(Action::GetAccessKeyInfo, &[("AccessKeyId", "x")]);
    assert_eq!(info, refused(403, "AccessDenied"));
}

#[test]
fn a_session_without_mfa_may_not_call_iam_and_one_with_mfa_may() {
    let Scene { aws: _aws, alice, caller, .. } = scene();
    let plain = caller.become_by(GetSessionToken, &[]);
    assert_eq!(plain.outcome(GetUser, &[]), refused(403, "InvalidClientTokenId"));
    let device = alice.mfa_device("me");
    let proven = [("SerialNumber", device.serial()), ("TokenCode", &device.code_now())];
    let proven = caller.become_by(GetSessionToken, &proven);
    assert_eq!(proven.ok(GetUser, &[]).element("UserName").unwrap(), "alice");
}

#[test]
fn an_expired_session_says_so() {
    let Scene { aws, caller, .. } = scene();
    let session = caller.become_by(GetSessionToken, &[]);
    aws.expire_sessions();
    assert_eq!(session.outcome(GetCallerIdentity, &[]), refused(403, "ExpiredToken"));
}

#[test]
fn federated_credentials_may_ask_only_who_they_are() {
    let Scene { aws: _aws, caller, .. } = scene();
    let bob = caller.become_by(GetFederationToken, &[("Name", "bob")]);
    assert_eq!(bob.arn(), format!("arn:aws:sts::{HOME_ACCOUNT}:federated-user/bob"));
    assert_eq!(bob.outcome(AssumeRole, &to_role(ROLE)), refused(403, "AccessDenied"));
    assert_eq!(bob.outcome(GetUser, &[]), refused(403, "InvalidClientTokenId"));
    for name in ["b", "b b", &"b".repeat(33)] {
        let outcome = caller.outcome(GetFederationToken, &[("Name", name)]);
        assert_eq!(outcome, refused(400, "ValidationError"), "{name}");
    }
}

#[test]
fn root_gets_one_hour_and_no_role() {
    let Scene { aws, .. } = scene();
    let root = aws.root(HOME_ACCOUNT);
    drop(aws.role(ROLE).trusts(&root));
    let caller = aws.client(&root.access_key());
    let life = life_of(&aws, &caller.ok(GetSessionToken, &[("DurationSeconds", "7200")]));
    assert!((3590..=3600).contains(&life), "{life}");
    assert_eq!(caller.outcome(AssumeRole, &to_role(ROLE)), refused(403, "AccessDenied"));
}
