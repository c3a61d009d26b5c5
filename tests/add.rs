use keyward_testkit::{FakeAws, Sandbox};

use crate::common::{World, sandbox};

/// `add` reading from standard input, with the secret planted as a canary.
fn add(
    sandbox: &Sandbox,
    arguments: &[&str],
    key: &keyward_testkit::aws::AccessKey,
) -> keyward_testkit::Outcome {
    sandbox.plant("the key's secret", key.secret());
    sandbox.run_with_stdin(
        [&["add"], arguments].concat(),
        &format!("{}\n{}\n", key.id(), key.secret()),
    )
}

#[test]
fn a_key_is_confirmed_by_aws_and_its_owner_named() {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let sandbox = sandbox(&aws);
    let run = add(&sandbox, &["base"], &key);
    run.success().stderr_has(&format!(
        "stored the key {} of arn:aws:iam::111111111111:user/alice",
        key.id()
    ));
    assert_eq!(aws.calls()[0].action, "GetCallerIdentity");
    let config = std::fs::read_to_string(sandbox.home().join(".aws/config")).unwrap();
    assert_eq!(config, "[profile base]\n");
}

#[test]
fn a_wrong_secret_is_not_stored() {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let sandbox = sandbox(&aws);
    let input = format!("{}\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n", key.id());
    let run = sandbox.run_with_stdin(["add", "base"], &input);
    run.exits(119).stderr_has("AWS does not confirm the key").stderr_has("SignatureDoesNotMatch");
    run.stderr_has("nothing was stored");
    sandbox.run(["list", "--credentials"]).success().stdout_is("");
    assert!(!sandbox.home().join(".aws/config").exists());
}

#[test]
fn an_inactive_key_is_not_stored() {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    key.deactivate();
    let sandbox = sandbox(&aws);
    add(&sandbox, &["base"], &key).exits(119).stderr_has("InvalidClientTokenId");
}

#[test]
fn no_verify_asks_nobody() {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let sandbox = sandbox(&aws);
    add(&sandbox, &["base", "--no-verify"], &key).success().stderr_has("(not verified)");
    assert!(aws.calls().is_empty());
}

#[test]
fn what_stands_in_the_config_file_stays_to_the_byte() {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let before = "# mine \r\n[profile x]\r\nregion=eu-west-1 ; here\n\n\n; no line end";
    let sandbox = sandbox(&aws).config(before);
    let config = sandbox.home().join(".aws/config");
    let elsewhere = sandbox.root().join("dotfiles-config");
    std::fs::rename(&config, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &config).unwrap();
    add(&sandbox, &["base", "--mfa-serial", "arn:aws:iam::111111111111:mfa/me"], &key).success();
    assert!(config.symlink_metadata().unwrap().is_symlink());
    let after = std::fs::read_to_string(&elsewhere).unwrap();
    let added = "\n\n[profile base]\nmfa_serial = arn:aws:iam::111111111111:mfa/me\n";
    assert_eq!(after, format!("{before}{added}"));
}

#[test]
fn an_existing_section_is_its_owner_s_to_edit() {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let before = "[profile base]\nregion = eu-west-1\n";
    let sandbox = sandbox(&aws).config(before);
    let serial = "arn:aws:iam::111111111111:mfa/me";
    let run = add(&sandbox, &["base", "--mfa-serial", serial], &key);
    run.success().stderr_has(&format!("mfa_serial = {serial}"));
    assert_eq!(std::fs::read_to_string(sandbox.home().join(".aws/config")).unwrap(), before);
}

#[test]
fn env_takes_the_key_from_the_environment_and_names_what_is_missing() {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let sandbox = sandbox(&aws);
    sandbox.plant("the key's secret", key.secret());
    let half = sandbox.keyward(["add", "base", "--env"]).env("AWS_ACCESS_KEY_ID", key.id());
    half.run().exits(118).stderr_has("AWS_SECRET_ACCESS_KEY is not set");
    let whole = sandbox
        .keyward(["add", "base", "--env"])
        .env("AWS_ACCESS_KEY_ID", key.id())
        .env("AWS_SECRET_ACCESS_KEY", key.secret());
    whole.run().success();
}

#[test]
fn another_key_is_replaced_only_on_request_and_its_sessions_go() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    let second = world.alice.access_key();
    add(&world.sandbox, &["base"], &second).exits(123).stderr_has("--replace");
    add(&world.sandbox, &["base", "--replace"], &second).success();
    world.sandbox.run(["list", "--sessions"]).stdout_is("");
    world
        .sandbox
        .run(["exec", "-n", "base", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"])
        .stdout_is(&format!("{}\n", second.id()));
}

#[test]
fn the_same_key_again_is_no_question() {
    let world = World::without_mfa().stored();
    add(&world.sandbox, &["base"], &world.key).success();
}

#[test]
fn what_is_not_a_key_is_refused_by_its_line() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    let rows = [
        ("", 118, "lacks the access key id"),
        ("AKIAIOSFODNN7EXAMPLE\n", 118, "lacks the secret access key"),
        ("AKIA\nsecret\n", 118, "the first line is not an access key id"),
        ("AKIAIOSFODNN7EXAMPLE\ntwo words\n", 118, "the second line is not a secret access key"),
        (
            "AKIAIOSFODNN7EXAMPLE\nsecret\nnot a serial\n",
            118,
            "the third line is not an MFA serial",
        ),
        (
            "AKIAIOSFODNN7EXAMPLE\nsecret\nGAHT12345678\n!!!\n",
            118,
            "the fourth line is not a TOTP seed",
        ),
    ];
    for (input, code, message) in rows {
        sandbox.run_with_stdin(["add", "base"], input).exits(code).stderr_has(message);
    }
    assert!(aws.calls().is_empty());
}

#[test]
fn a_profile_that_uses_another_s_key_gets_none_of_its_own() {
    let world = World::without_mfa();
    let run = add(&world.sandbox, &["deploy"], &world.key);
    run.exits(120)
        .stderr_has("uses the key of `base`")
        .stderr_has("config:6")
        .stderr_has("keyward add base");
}

#[test]
fn hostile_profile_names_are_refused_before_anything_happens() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    for name in ["", " ", "a\nb", "a\u{1b}[31mb", "a]b", "--", "a#b"] {
        sandbox.run(["add", "--no-verify", "--", name]).exits(118);
    }
}

#[test]
fn odd_profile_names_work_all_the_way() {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let sandbox = sandbox(&aws);
    for name in ["my prod", "it's \"mine\"", "$(touch pwned)", "../../etc/x", "büro"] {
        add(&sandbox, &[name], &key).success();
        let run = sandbox.run(["exec", name, "--", "sh", "-c", "printf %s \"$AWS_VAULT\""]);
        run.success().stdout_is(name);
    }
    assert!(!sandbox.home().join("pwned").exists());
}

#[test]
fn the_same_key_again_keeps_its_seed_and_its_sessions() {
    let world = World::with_mfa().stored_with_seed();
    world.sandbox.run(["exec", "deploy", "--", "true"]).success();
    add(&world.sandbox, &["base"], &world.key).success();
    world.sandbox.run(["list", "--sessions"]).stdout_has("deploy AssumeRole");
    world.sandbox.run(["clear"]).success();
    world.sandbox.run(["exec", "deploy", "--", "true"]).success();
}

#[test]
fn a_session_s_key_is_not_stored() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    let run = sandbox.run_with_stdin(["add", "base"], "ASIAIOSFODNN7EXAMPLE\nsome-secret\n");
    run.exits(118).stderr_has("is the key of a session").stderr_has("AKIA");
    assert!(aws.calls().is_empty());
}

#[test]
fn keys_left_in_the_credentials_file_are_pointed_out() {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let sandbox = sandbox(&aws).credentials("[base]\naws_access_key_id = x\n");
    add(&sandbox, &["base"], &key).success().stderr_has("has a section [base] too");
    add(&sandbox, &["other"], &aws.user("bob").access_key())
        .success()
        .stderr_lacks("section [other]");
}

#[test]
fn two_first_adds_at_once_both_succeed_and_choose_one_store() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws).without_env("KEYWARD_VAULT");
    let keys = [aws.user("alice").access_key(), aws.user("bob").access_key()];
    let running: Vec<_> = ["a", "b"]
        .iter()
        .zip(&keys)
        .map(|(profile, key)| {
            sandbox.plant("the key's secret", key.secret());
            let add = sandbox.keyward(["--vault", "file", "add", profile]);
            add.stdin(format!("{}\n{}\n", key.id(), key.secret())).spawn()
        })
        .collect();
    for process in running {
        process.wait().success();
    }
    sandbox.run(["list", "--credentials"]).success().stdout_is("a\nb\n");
    let settings = std::fs::read_to_string(sandbox.home().join(".config/keyward/config.toml"));
    assert_eq!(settings.unwrap(), "vault = \"file\"\n");
}

#[test]
fn a_vault_is_found_though_the_settings_were_lost() {
    let world = World::without_mfa().stored();
    let list = world.sandbox.keyward(["list", "--credentials"]).without_env("KEYWARD_VAULT");
    list.run().success().stdout_is("base\n");
}
