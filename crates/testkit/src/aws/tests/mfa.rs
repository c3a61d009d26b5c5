//! One-time codes: right, wrong, used, and whose.

use super::*;
use Action::{AssumeRole, GetSessionToken};

fn message(caller: &Client, parameters: &[(&str, &str)]) -> String {
    let reply = caller.call(GetSessionToken, parameters).unwrap();
    assert_eq!((reply.status, reply.outcome()), (403, "AccessDenied"), "{}", reply.body);
    reply.element("Message").unwrap().to_owned()
}

#[test]
fn a_code_is_good_once() {
    let Scene { aws: _aws, alice, caller, .. } = scene();
    let device = alice.mfa_device("me");
    let code = device.code_now();
    let parameters = [("SerialNumber", device.serial()), ("TokenCode", &code)];
    caller.ok(GetSessionToken, &parameters);
    assert!(message(&caller, &parameters).contains("invalid MFA one time pass code"));
    let next = device.unused_code();
    assert_ne!(next, code);
    caller.ok(GetSessionToken, &[("SerialNumber", device.serial()), ("TokenCode", &next)]);
    device.forget_used_codes();
    caller.ok(GetSessionToken, &parameters);
}

#[test]
fn a_wrong_code_a_foreign_device_and_a_passkey_are_refused() {
    let Scene { aws, alice, caller, .. } = scene();
    let (mine, passkey) = (alice.mfa_device("me"), alice.passkey("key"));
    let theirs = aws.user("bob").mfa_device("bob");
    let wrong = mine.wrong_code();
    let refusal = message(&caller, &[("SerialNumber", mine.serial()), ("TokenCode", &wrong)]);
    assert!(refusal.contains("invalid MFA one time pass code"));
    for device in [theirs, passkey] {
        let parameters = [("SerialNumber", device.serial()), ("TokenCode", &device.code_now())];
        assert!(message(&caller, &parameters).contains("unable to validate MFA code"));
    }
}

#[test]
fn serial_and_code_come_together_or_not_at_all() {
    let Scene { aws: _aws, alice, caller, .. } = scene();
    let device = alice.mfa_device("me");
    let both = "must provide both";
    assert!(message(&caller, &[("SerialNumber", device.serial())]).contains(both));
    assert!(message(&caller, &[("TokenCode", &device.code_now())]).contains(both));
    for code in ["12345", "1234567", "12345x"] {
        let parameters = [("SerialNumber", device.serial()), ("TokenCode", code)];
        let outcome = caller.outcome(GetSessionToken, &parameters);
        assert_eq!(outcome, refused(400, "ValidationError"), "{code}");
    }
}

#[test]
fn a_refused_request_does_not_use_a_code_up_when_its_parameters_are_wrong() {
    let Scene { aws: _aws, alice, caller, .. } = scene();
    let device = alice.mfa_device("me");
    let code = device.code_now();
    let mut parameters = vec![("SerialNumber", device.serial()), ("TokenCode", &*code)];
    parameters.push(("DurationSeconds", "1"));
    caller.outcome(GetSessionToken, &parameters);
    parameters.pop();
    caller.ok(GetSessionToken, &parameters);
}

#[test]
fn a_role_that_asks_for_mfa_takes_it_from_the_call_or_from_the_session_but_not_from_a_role() {
    let Scene { aws, alice, caller, .. } = scene();
    let device = alice.mfa_device("me");
    let first = aws.role(ROLE).trusts(&alice).requires_mfa();
    let second = "arn:aws:iam::333333333333:role/next";
    drop(aws.role(second).trusts(&first).requires_mfa());

    assert_eq!(caller.outcome(AssumeRole, &to_role(ROLE)), refused(403, "AccessDenied"));
    let plain = caller.become_by(GetSessionToken, &[]);
    assert_eq!(plain.outcome(AssumeRole, &to_role(ROLE)), refused(403, "AccessDenied"));

    let code = device.unused_code();
    let with_code = |code| [("SerialNumber", device.serial()), ("TokenCode", code)];
    let direct = [to_role(ROLE), with_code(&code).to_vec()].concat();
    caller.ok(AssumeRole, &direct);

    let code = device.unused_code();
    let proven = caller.become_by(GetSessionToken, &with_code(&code));
    let in_role = proven.become_by(AssumeRole, &to_role(ROLE));
    assert_eq!(in_role.outcome(AssumeRole, &to_role(second)), refused(403, "AccessDenied"));
}

#[test]
fn calls_tell_that_a_code_was_given_but_not_which() {
    let Scene { aws, alice, caller, .. } = scene();
    let device = alice.mfa_device("me");
    let code = device.code_now();
    caller.ok(GetSessionToken, &[("SerialNumber", device.serial()), ("TokenCode", &code)]);
    let call = &aws.calls_of(GetSessionToken)[0];
    assert!(call.mfa_code && call.succeeded());
    assert_eq!(call.parameter("SerialNumber"), Some(device.serial()));
    assert!(!format!("{call:?} {call}").contains(&code));
}
