use keyward_testkit::aws::Nonsense;
use keyward_testkit::{Action, Fault, SignedDuration};

use crate::common::World;

#[test]
fn an_inactive_key() {
    let world = World::without_mfa().stored();
    world.key.deactivate();
    let run = world.sandbox.run(["exec", "base", "--", "true"]);
    run.exits(119)
        .stderr_has("error: no session for `base`: GetSessionToken: InvalidClientTokenId");
    run.stderr_has("hint: the key is inactive or deleted");
}

#[test]
fn a_wrong_mfa_code() {
    let world = World::with_mfa().stored();
    let code = world.device.wrong_code();
    let run = world.sandbox.run(["exec", "-t", &code, "deploy", "--", "true"]);
    run.exits(119).stderr_has("AccessDenied").stderr_has("each works once");
    assert_eq!(world.calls(), ["GetSessionToken"], "a code is never sent twice");
}

#[test]
fn a_code_that_was_used_already() {
    let world = World::with_mfa().stored();
    let code = world.device.unused_code();
    world.sandbox.run(["exec", "-t", &code, "deploy", "--", "true"]).success();
    world.sandbox.run(["clear"]).success();
    let run = world.sandbox.run(["exec", "-t", &code, "deploy", "--", "true"]);
    run.exits(119).stderr_has("each works once");
}

#[test]
fn a_device_of_somebody_else() {
    let world = World::with_mfa().stored();
    let bob = world.aws.user("bob").mfa_device("bob-phone");
    world.sandbox.write_config(&format!("[profile base]\nmfa_serial = {}\n", bob.serial()));
    let code = bob.unused_code();
    let run = world.sandbox.run(["exec", "-t", &code, "base", "--", "true"]);
    run.exits(119).stderr_has("correct mfa_serial");
}

#[test]
fn a_role_that_does_not_trust_us() {
    let world = World::without_mfa().stored();
    world.sandbox.write_config(
        "[profile base]\n[profile x]\nrole_arn = arn:aws:iam::222222222222:role/nobody\nsource_profile = base\n",
    );
    let run = world.sandbox.run(["exec", "x", "--", "true"]);
    run.exits(119).stderr_has("cannot assume arn:aws:iam::222222222222:role/nobody for `x`");
    run.stderr_has("AccessDenied").stderr_has("trust policy");
}

#[test]
fn a_role_that_allows_less_time() {
    let world = World::without_mfa().stored();
    let run = world.sandbox.run(["exec", "-d", "12h", "deploy", "--", "true"]);
    run.exits(119).stderr_has("ValidationError").stderr_has("shorter --duration");
}

#[test]
fn throttling_is_tried_again_and_then_told() {
    let world = World::without_mfa().stored();
    world.aws.fault(Action::GetSessionToken, Fault::Throttle).times(1);
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    world.sandbox.run(["clear"]).success();
    world.aws.fault(Action::GetSessionToken, Fault::Throttle).always();
    world
        .sandbox
        .run(["exec", "base", "--", "true"])
        .exits(119)
        .stderr_has("too many calls at once");
}

#[test]
fn trouble_at_aws() {
    let world = World::without_mfa().stored();
    world.aws.fault(Action::GetSessionToken, Fault::Status(503)).always();
    world.sandbox.run(["exec", "base", "--", "true"]).exits(119);
}

#[test]
fn nobody_there() {
    let world = World::without_mfa().stored();
    let run = world
        .sandbox
        .keyward(["exec", "base", "--", "true"])
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    run.run()
        .exits(119)
        .stderr_has("http://127.0.0.1:[PORT] cannot be reached")
        .stderr_has("network, proxy and region");
}

#[test]
fn a_clock_that_is_off_says_by_how_much() {
    let hour = SignedDuration::from_hours(1);
    for (aws_ahead_by, words) in [(-hour, "ahead of AWS's"), (hour, "behind AWS's")] {
        let world = World::with_mfa().stored();
        world.aws.clock_skew(aws_ahead_by);
        let code = world.device.unused_code();
        let run = world.sandbox.run(["exec", "-t", &code, "base", "--", "true"]);
        run.exits(119).stderr_has("this machine's clock is").stderr_has(words);
        run.stderr_has("hint: set the clock");
        assert!(run.stderr.contains("60 min") || run.stderr.contains("59 min"), "{}", run.stderr);
        assert_eq!(world.calls(), ["GetSessionToken"], "a code is never sent twice");
    }
}

#[test]
fn without_a_code_a_wrong_clock_is_put_right_for_the_call_and_told() {
    let world = World::without_mfa().stored();
    world.aws.clock_skew(SignedDuration::from_hours(1));
    let run = world.sandbox.run(["exec", "base", "--", "true"]);
    run.success().stderr_has("warning: this machine's clock is").stderr_has("behind AWS's");
}

#[test]
fn a_session_that_aws_has_ended_early() {
    let world = World::with_mfa().stored_with_seed();
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    world.aws.expire_sessions();
    world.sandbox.run(["exec", "deploy", "--", "true"]).exits(119).stderr_has("keyward clear");
}

#[test]
fn a_cut_after_a_code_was_sent_is_not_tried_again() {
    let world = World::with_mfa().stored();
    world.aws.fault(Action::GetSessionToken, Fault::AcceptThenCut).always();
    let code = world.device.unused_code();
    world.sandbox.run(["exec", "-t", &code, "base", "--", "true"]).exits(119);
    assert_eq!(world.calls(), ["GetSessionToken"]);
}

#[test]
fn a_cut_without_a_code_is_tried_again() {
    let world = World::without_mfa().stored();
    world.aws.fault(Action::GetSessionToken, Fault::Cut).times(1);
    world.sandbox.run(["exec", "base", "--", "true"]).success();
}

#[test]
fn nonsense_is_never_taken_for_credentials() {
    use Nonsense::*;
    let all = [
        Html,
        Empty,
        Truncated,
        OtherRoot,
        NoNamespace,
        Json,
        Doctype,
        Twice,
        MissingField,
        BadExpiration,
        Huge,
    ];
    for nonsense in all {
        let world = World::without_mfa().stored();
        world.aws.fault(Action::GetSessionToken, Fault::Nonsense(nonsense)).always();
        let run = world.sandbox.keyward(["exec", "base", "--", "env"]).hands_out().run();
        assert_eq!(run.code, Some(119), "{nonsense:?}: {}", run.whole());
        run.stdout_is("");
    }
}

#[test]
fn hostile_words_reach_the_terminal_tamed() {
    let world = World::without_mfa().stored();
    world.aws.fault(Action::GetSessionToken, Fault::HostileMessage).always();
    let run = world.sandbox.run(["exec", "base", "--", "true"]);
    run.exits(119);
    assert!(run.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", run.stderr);
}

#[test]
fn a_ca_bundle_that_is_not_there() {
    let world = World::without_mfa().stored();
    let run = world
        .sandbox
        .keyward(["exec", "base", "--", "true"])
        .env("AWS_CA_BUNDLE", "/nowhere/ca.pem")
        .run();
    run.exits(120)
        .stderr_has("/nowhere/ca.pem is not a usable CA bundle")
        .stderr_has("correct AWS_CA_BUNDLE");
}

#[test]
fn an_end_point_that_is_none() {
    let world = World::without_mfa().stored();
    for url in ["ftp://x", "nonsense", "http://"] {
        let run = world
            .sandbox
            .keyward(["exec", "base", "--", "true"])
            .env("AWS_ENDPOINT_URL_STS", url)
            .run();
        run.exits(120).stderr_has("is not an end point");
    }
}

#[test]
fn a_failed_call_leaves_no_session_behind() {
    let world = World::without_mfa().stored();
    world.aws.fault(Action::GetSessionToken, Fault::Deny).times(1);
    world.sandbox.run(["exec", "base", "--", "true"]).exits(119);
    world.sandbox.run(["list", "--sessions"]).stdout_is("");
    world.sandbox.run(["exec", "base", "--", "true"]).success();
}
