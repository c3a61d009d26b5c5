//! AssumeRole: who is trusted, for how long, with which parameters.

use std::time::Duration;

use super::*;
use Action::{AssumeRole, CreateAccessKey, GetSessionToken, ListUsers};

#[test]
fn a_role_opens_to_those_it_trusts_and_to_nobody_else() {
    let Scene { aws, alice, caller, .. } = scene();
    let bob = aws.client(&aws.user("bob").access_key());
    drop(aws.role(ROLE).trusts(&alice));
    let reply = caller.ok(AssumeRole, &to_role(ROLE));
    let arn = "arn:aws:sts::222222222222:assumed-role/deploy/test";
    assert_eq!(reply.element("Arn").unwrap(), arn);
    assert!(reply.element("AssumedRoleId").unwrap().ends_with(":test"));
    let inside = caller.with_credentials_of(&reply).unwrap();
    assert_eq!(inside.arn(), arn);
    assert_eq!(bob.outcome(AssumeRole, &to_role(ROLE)), refused(403, "AccessDenied"));
    let missing = caller.outcome(AssumeRole, &to_role("arn:aws:iam::222222222222:role/none"));
    assert_eq!(missing, refused(403, "AccessDenied"));
    drop(aws.role(ROLE).trusts(&*format!("arn:aws:iam::{HOME_ACCOUNT}:root")));
    bob.ok(AssumeRole, &to_role(ROLE));
}

#[test]
fn an_external_id_must_be_known() {
    let Scene { aws, alice, caller, .. } = scene();
    drop(aws.role(ROLE).trusts(&alice).external_id("x/1"));
    for (id, expected) in
        [(None, "AccessDenied"), (Some("x/2"), "AccessDenied"), (Some("x/1"), "OK")]
    {
        let mut parameters = to_role(ROLE);
        parameters.extend(id.map(|id| ("ExternalId", id)));
        assert_eq!(caller.outcome(AssumeRole, &parameters).1, expected, "{id:?}");
    }
}

#[test]
fn a_role_session_lives_as_long_as_the_role_allows() {
    let Scene { aws, alice, caller, .. } = scene();
    drop(aws.role(ROLE).trusts(&alice).max_session(Duration::from_secs(7200)));
    for (seconds, expected) in
        [("899", "ValidationError"), ("900", "OK"), ("7200", "OK"), ("7201", "ValidationError")]
    {
        let parameters = [to_role(ROLE), vec![("DurationSeconds", seconds)]].concat();
        assert_eq!(caller.outcome(AssumeRole, &parameters).1, expected, "{seconds}");
    }
    let past_all = [to_role(ROLE), vec![("DurationSeconds", "43201")]].concat();
    assert_eq!(caller.outcome(AssumeRole, &past_all), refused(400, "ValidationError"));
}

#[test]
fn a_chained_role_lives_one_hour_at_most() {
    let Scene { aws, alice, caller, .. } = scene();
    let long = Duration::from_secs(43_200);
    let first = aws.role(ROLE).trusts(&alice).max_session(long);
    let second = "arn:aws:iam::333333333333:role/next";
    drop(aws.role(second).trusts(&first).max_session(long));
    let from_session = caller.become_by(GetSessionToken, &[]);
    let from_role = caller.become_by(AssumeRole, &to_role(ROLE));
    for (caller, role) in [(from_session, ROLE), (from_role, second)] {
        let for_seconds = |seconds| [to_role(role), vec![("DurationSeconds", seconds)]].concat();
        caller.ok(AssumeRole, &for_seconds("3600"));
        let reply = caller.call(AssumeRole, &for_seconds("3601")).unwrap();
        assert_eq!((reply.status, reply.outcome()), (400, "ValidationError"));
        assert!(reply.element("Message").unwrap().contains("role chaining"));
    }
}

#[test]
fn parameters_have_lengths_and_alphabets() {
    let Scene { aws, alice, caller, .. } = scene();
    drop(aws.role(ROLE).trusts(&alice));
    let long = "x".repeat(65);
    let policy = format!("{{\"Statement\":[],\"x\":\"{}\"}}", "x".repeat(2048));
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    for (name, value, code) in [
        ("RoleSessionName", "x", "ValidationError"),
        ("RoleSessionName", "a b", "ValidationError"),
        ("RoleSessionName", &*long, "ValidationError"),
        ("RoleArn", "deploy", "ValidationError"),
        ("RoleArn", "arn:aws:iam::222222222222:user/x", "ValidationError"),
        ("ExternalId", "x", "ValidationError"),
        ("SourceIdentity", "a b", "ValidationError"),
        ("Policy", "{", "MalformedPolicyDocument"),
        ("Policy", &*policy, "ValidationError"),
        ("PolicyArns.member.1.arn", "ReadOnlyAccess", "ValidationError"),
        ("PolicyArns.member.1.arn", arn, "OK"),
        ("Tags.member.1.Key", "alone", "ValidationError"),
        ("TransitiveTagKeys.member.1", "absent", "ValidationError"),
    ] {
        let mut parameters = to_role(ROLE);
        parameters.retain(|(other, _)| *other != name);
        parameters.push((name, value));
        assert_eq!(caller.outcome(AssumeRole, &parameters).1, code, "{name}={value:.40}");
    }
    let without_name = caller.outcome(AssumeRole, &[("RoleArn", ROLE)]);
    assert_eq!(without_name, refused(400, "ValidationError"));
}

#[test]
fn tags_pass_and_doubles_do_not() {
    let Scene { aws, alice, caller, .. } = scene();
    drop(aws.role(ROLE).trusts(&alice));
    let mut parameters = to_role(ROLE);
    parameters.extend([("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "ops")]);
    parameters.push(("TransitiveTagKeys.member.1", "Team"));
    caller.ok(AssumeRole, &parameters);
    parameters.extend([("Tags.member.2.Key", "team"), ("Tags.member.2.Value", "dev")]);
    assert_eq!(caller.outcome(AssumeRole, &parameters), refused(400, "ValidationError"));
}

#[test]
fn a_session_policy_narrows_what_the_role_may_do() {
    let Scene { aws, alice, caller, .. } = scene();
    let role = format!("arn:aws:iam::{HOME_ACCOUNT}:role/admin");
    drop(aws.role(&role).trusts(&alice));
    let arn = ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess");
    let reader = caller.become_by(AssumeRole, &[to_role(&role), vec![arn]].concat());
    reader.ok(ListUsers, &[]);
    let create = [("UserName", "alice")];
    assert_eq!(reader.outcome(CreateAccessKey, &create), refused(403, "AccessDenied"));
    let writer = caller.become_by(AssumeRole, &to_role(&role));
    writer.ok(CreateAccessKey, &create);
}

#[test]
fn a_source_identity_stays_through_a_chain() {
    let Scene { aws, alice, caller, .. } = scene();
    let first = aws.role(ROLE).trusts(&alice);
    let second = "arn:aws:iam::333333333333:role/next";
    drop(aws.role(second).trusts(&first));
    let named = [to_role(ROLE), vec![("SourceIdentity", "alice")]].concat();
    let inside = caller.become_by(AssumeRole, &named);
    let next = inside.ok(AssumeRole, &to_role(second));
    assert_eq!(next.element("SourceIdentity").unwrap(), "alice");
    let renamed = [to_role(second), vec![("SourceIdentity", "bob")]].concat();
    assert_eq!(inside.outcome(AssumeRole, &renamed), refused(403, "AccessDenied"));
}
