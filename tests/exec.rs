use keyward_testkit::Action;

use crate::common::{DEPLOY_CALLER, World, sandbox, whoami};
use keyward_testkit::{FakeAws, Fault, SignedDuration};

#[test]
fn a_stored_key_becomes_a_session_that_aws_knows() {
    let world = World::without_mfa().stored();
    let run = world.sandbox.run(["exec", "base", "--", whoami()]);
    run.success().stdout_is("arn:aws:iam::111111111111:user/alice\n");
    let [session, identity] = world.aws.calls().try_into().unwrap();
    assert_eq!((session.action.as_str(), session.succeeded()), ("GetSessionToken", true));
    assert!(identity.key_id.unwrap().starts_with("ASIA"), "the command has a session, not the key");
}

#[test]
fn one_code_opens_the_role_and_a_second_command_asks_aws_nothing() {
    let world = World::with_mfa().stored_with_seed();
    let run = world.sandbox.run(["exec", "deploy", "--", whoami()]);
    run.success();
    assert!(run.stdout.starts_with(DEPLOY_CALLER), "{}", run.stdout);
    assert_eq!(world.calls(), ["GetSessionToken", "AssumeRole", "GetCallerIdentity"]);
    world.aws.forget_calls();
    world.sandbox.run(["exec", "deploy", "--", "true"]).success().quiet();
    assert_eq!(world.calls(), [""; 0]);
}

#[test]
fn a_second_role_shares_the_session_of_the_first() {
    let world = World::with_mfa().stored_with_seed();
    let other = "arn:aws:iam::333333333333:role/audit";
    let _audit = world.aws.role(other).trusts(&world.alice).requires_mfa();
    world.sandbox.write_config(&format!(
        "[profile base]\nmfa_serial = {serial}\n\
         [profile deploy]\nrole_arn = {DEPLOY}\nsource_profile = base\n\
         [profile audit]\nrole_arn = {other}\nsource_profile = base\n",
        serial = world.device.serial(),
        DEPLOY = crate::common::DEPLOY,
    ));
    world.sandbox.run(["exec", "deploy", "--", "true"]).success();
    world.sandbox.run(["exec", "audit", "--", "true"]).success();
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    assert_eq!(world.calls(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
}

#[test]
fn a_long_role_is_assumed_straight_from_the_key_with_mfa() {
    let world = World::with_mfa().stored_with_seed();
    let _role = world.role.max_session(std::time::Duration::from_secs(12 * 3600));
    world.sandbox.run(["exec", "-d", "4h", "deploy", "--", "true"]).success();
    let [call] = world.aws.calls().try_into().unwrap();
    assert_eq!((call.action.as_str(), call.mfa_code), ("AssumeRole", true));
    assert_eq!(call.parameter("DurationSeconds"), Some("14400"));
    assert!(call.key_id.unwrap().starts_with("AKIA"));
}

#[test]
fn no_session_without_a_role_hands_out_the_key_itself() {
    let world = World::without_mfa().stored();
    let run = world.sandbox.run([
        "exec",
        "--no-session",
        "base",
        "--",
        "sh",
        "-c",
        "echo $AWS_ACCESS_KEY_ID ${AWS_SESSION_TOKEN-none} ${AWS_CREDENTIAL_EXPIRATION-none}",
    ]);
    run.success().stdout_is(&format!("{} none none\n", world.key.id()));
    assert_eq!(world.calls(), [""; 0]);
}

#[test]
fn a_changed_setting_is_a_new_session() {
    let world = World::without_mfa().stored();
    let base = "[profile base]\nregion = eu-west-1\n";
    let role = |more: &str| {
        format!(
            "{base}[profile deploy]\nrole_arn = {}\nsource_profile = base\n{more}",
            crate::common::DEPLOY
        )
    };
    world.sandbox.write_config(&role(""));
    world.sandbox.run(["exec", "deploy", "--", "true"]).success();
    world.sandbox.write_config(&role("role_session_name = somebody-else\n"));
    world.sandbox.run(["exec", "deploy", "--", "true"]).success();
    world.sandbox.write_config(&role("external_id = 4711\n"));
    world.sandbox.run(["exec", "deploy", "--", "true"]).success();
    assert_eq!(world.calls(), ["AssumeRole"; 3]);
    assert_eq!(world.aws.calls()[1].parameter("RoleSessionName"), Some("somebody-else"));
    assert_eq!(world.aws.calls()[2].parameter("ExternalId"), Some("4711"));
}

#[test]
fn a_session_near_its_end_is_replaced_before_the_command_gets_it() {
    let world = World::without_mfa().stored();
    world
        .aws
        .fault(Action::GetSessionToken, Fault::ExpiresIn(SignedDuration::from_mins(4)))
        .times(1);
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    assert_eq!(world.calls(), ["GetSessionToken"; 2]);
}

#[test]
fn the_command_sees_one_identity_and_nothing_stale() {
    let world = World::without_mfa().stored();
    let run = world
        .sandbox
        .keyward(["exec", "base", "--", "env"])
        .env("AWS_PROFILE", "stale")
        .env("AWS_SECURITY_TOKEN", "stale")
        .env("AWS_ROLE_ARN", "stale")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://stale")
        .env("HARMLESS", "kept")
        .hands_out()
        .run();
    run.success().stdout_has("HARMLESS=kept\n").stdout_has("AWS_VAULT=base\n");
    run.stdout_has("KEYWARD_PROFILE=base\n").stdout_has("AWS_REGION=eu-west-1\n");
    run.stdout_has("AWS_DEFAULT_REGION=eu-west-1\n").stdout_has("AWS_CREDENTIAL_EXPIRATION=[TIME]");
    for gone in ["stale", "AWS_PROFILE", "KEYWARD_PASSPHRASE"] {
        assert!(!run.stdout.contains(gone), "{gone} is still there:\n{}", run.stdout);
    }
}

#[test]
fn every_exit_code_of_the_command_is_ours() {
    let world = World::without_mfa().stored();
    for code in [0, 1, 2, 42, 118, 125, 255] {
        let script = format!("exit {code}");
        world.sandbox.run(["exec", "base", "--", "sh", "-c", &script]).exits(code).quiet();
    }
}

#[test]
fn the_command_keeps_our_process() {
    let world = World::without_mfa().stored();
    let running =
        world.sandbox.spawn(["exec", "base", "--", "sh", "-c", "echo pid $$; exec sleep 600"]);
    running.shows_on_stdout(&format!("pid {}\n", running.pid()));
    running.signal(keyward_testkit::Signal::SIGTERM);
    running.wait().killed_by(keyward_testkit::Signal::SIGTERM);
}

#[test]
fn a_misspelt_command_costs_no_call() {
    let world = World::with_mfa().stored_with_seed();
    world.sandbox.run(["exec", "deploy", "--", "no-such-program"]).exits(127).shows(
        "$ keyward exec deploy -- no-such-program\n\
         ! error: there is no command `no-such-program`\n\
         ! hint: see PATH, or write the command with its folder\n[exit 127]\n",
    );
    let script = world.sandbox.write("not-executable", "echo hello\n");
    world.sandbox.run(["exec", "deploy", "--", script.to_str().unwrap()]).exits(126);
    assert_eq!(world.calls(), [""; 0]);
}

#[test]
fn input_goes_to_the_command_untouched() {
    let world = World::without_mfa().stored();
    let run =
        world.sandbox.run_with_stdin(["exec", "base", "--", "wc", "-c"], &"x".repeat(300_000));
    run.success().stdout_has("300000");
}

#[test]
fn options_after_the_command_belong_to_it() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["exec", "base", "echo", "--duration", "-n"]).stdout_is("--duration -n\n");
}

#[test]
fn a_shell_inside_a_shell_has_only_the_inner_identity() {
    let world = World::with_mfa().stored_with_seed();
    let binary = env!("CARGO_BIN_EXE_keyward");
    let inner = format!("{binary} exec deploy -- sh -c 'echo $AWS_VAULT; {}'", whoami());
    let run = world.sandbox.run(["exec", "base", "--", "sh", "-c", &inner]);
    run.success();
    assert!(run.stdout.starts_with(&format!("deploy\n{DEPLOY_CALLER}")), "{}", run.stdout);
}

#[test]
fn without_a_key_it_says_how_to_add_one() {
    let aws = FakeAws::start();
    let nothing = sandbox(&aws);
    nothing.run(["exec", "base", "--", "true"]).exits(120).stderr_has("keyward add");
    let configured = sandbox(&aws).config("[profile base]\nregion = eu-west-1\n");
    configured.run(["exec", "base", "--", "true"]).exits(120).shows(
        "$ keyward exec base -- true\n\
         ! error: there is no stored key for profile `base`\n\
         ! hint: keyward add base\n[exit 120]\n",
    );
}

#[test]
fn the_region_comes_from_flag_before_environment_before_profile() {
    let world = World::without_mfa().stored();
    let region = ["--", "sh", "-c", "echo $AWS_REGION $AWS_DEFAULT_REGION"];
    let with = |more: &[&'static str]| [&["exec"], more, &["base"], &region].concat();
    world.sandbox.run(with(&[])).stdout_is("eu-west-1 eu-west-1\n");
    let environment = world.sandbox.keyward(with(&[])).env("AWS_REGION", "us-west-2");
    environment.run().stdout_is("us-west-2 us-west-2\n");
    let flag =
        world.sandbox.keyward(with(&["--region", "eu-north-1"])).env("AWS_REGION", "us-west-2");
    flag.run().stdout_is("eu-north-1 eu-north-1\n");
    // A session is good in every region, so another region is no reason to make another one.
    assert_eq!(world.calls(), ["GetSessionToken"]);
}

#[test]
fn a_profile_without_a_region_is_served_all_the_same() {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let sandbox = sandbox(&aws);
    sandbox.store_key("base", &key);
    sandbox.run(["exec", "base", "--", "sh", "-c", "echo ${AWS_REGION-none}"]).stdout_is("none\n");
    assert_eq!(aws.calls_of(Action::GetSessionToken)[0].region.as_deref(), Some("us-east-1"));
}

#[test]
fn a_clamped_duration_is_said_once() {
    let world = World::without_mfa().stored();
    let run = world.sandbox.run(["exec", "-d", "5m", "base", "--", "true"]);
    run.success().stderr_has("base gets 15m instead of 5m");
}

#[test]
fn an_inner_profile_has_its_own_region_and_not_the_outer_one_s() {
    let world = World::without_mfa().stored();
    world.sandbox.write_config(
        "[profile base]\nregion = eu-west-1\n[profile us]\nsource_profile = base\nregion = us-west-2\n\
         [profile bare]\nsource_profile = base\n",
    );
    let binary = env!("CARGO_BIN_EXE_keyward");
    let inner = |profile: &str| {
        let script = format!("{binary} exec {profile} -- sh -c 'echo ${{AWS_REGION-none}}'");
        world.sandbox.run(["exec", "base", "--", "sh", "-c", &script])
    };
    inner("us").success().stdout_is("us-west-2\n");
    inner("bare").success().stdout_is("none\n");
}

#[test]
fn another_vault_at_the_same_place_serves_none_of_the_old_one_s_sessions() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    let vault = world.sandbox.home().join(".local/share/keyward/vault");
    std::fs::remove_file(&vault).unwrap();
    world.sandbox.run(["exec", "base", "--", "true"]).exits(120);
}

#[test]
fn a_long_role_says_why_it_needs_a_code_of_its_own_and_says_it_once() {
    let world = World::with_mfa().stored_with_seed();
    let _role = world.role.max_session(std::time::Duration::from_secs(12 * 3600));
    let run = || world.sandbox.run(["exec", "-d", "4h", "deploy", "--", "true"]);
    run().success().stderr_has("deploy asks for 4h");
    run().success().quiet();
}
