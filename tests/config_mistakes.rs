use crate::common::World;

/// A world whose key is stored and whose config file is `text`; runs `exec PROFILE -- true`.
fn exec(text: &str, profile: &str) -> keyward_testkit::Outcome {
    let world = World::without_mfa().stored();
    world.sandbox.write_config(text);
    let run = world.sandbox.run(["exec", profile, "--", "true"]);
    assert_eq!(world.calls(), [""; 0], "found before anything is called");
    run
}

fn shows(text: &str, profile: &str, expected: &str) {
    exec(text, profile).shows(&format!("$ keyward exec {profile} -- true\n{expected}[exit 120]\n"));
}

#[test]
fn an_unknown_profile_names_near_matches() {
    shows(
        "[profile production]\nregion = eu-west-1\n",
        "prodution",
        "! error: profile `prodution` is neither in [HOME]/.aws/config nor a stored key\n\
         ! hint: did you mean `production`?\n",
    );
}

#[test]
fn a_missing_source_is_named_with_its_place() {
    shows(
        "[profile deploy]\nrole_arn = arn:aws:iam::222222222222:role/deploy\nsource_profile = bsae\n",
        "deploy",
        "! error: profile `deploy` takes its source from `bsae`, which does not exist ([HOME]/.aws/config:3)\n\
         ! hint: did you mean `base`?\n",
    );
}

#[test]
fn a_loop_is_shown_whole() {
    let role = "role_arn = arn:aws:iam::222222222222:role/x\n";
    shows(
        &format!("[profile a]\n{role}source_profile = b\n[profile b]\n{role}source_profile = a\n"),
        "a",
        "! error: source_profile goes round in a circle: a → b → a\n\
         ! hint: one profile of the circle needs a stored key, or another source\n",
    );
}

#[test]
fn a_malformed_line_is_shown_with_its_place() {
    shows(
        "[profile base]\nregion = eu-west-1\nthis is no setting\n",
        "base",
        "! error: [HOME]/.aws/config:3: `this is no setting` is not understood\n\
         ! hint: expected `key = value`\n",
    );
    shows(
        "[profile base]\n[profile broken\nregion = eu-west-1\n",
        "base",
        "! error: [HOME]/.aws/config:2: `[profile broken` is not understood\n\
         ! hint: a section heading ends with `]`\n",
    );
}

#[test]
fn a_value_that_makes_no_sense_is_shown_with_its_place() {
    shows(
        "[profile base]\nregion = EU West\n",
        "base",
        "! error: [HOME]/.aws/config:2: `region = EU West` makes no sense\n\
         ! hint: a region looks like `eu-west-1`\n",
    );
    exec("[profile base]\nduration_seconds = 1h\n", "base").exits(120).stderr_has("config:2");
    exec("[profile base]\nmfa_serial = me\n", "base").exits(120).stderr_has("config:2");
    exec("[profile base]\nrole_arn = deploy\nsource_profile = base\n", "base")
        .exits(120)
        .stderr_has("config:2");
}

#[test]
fn escapes_in_the_config_file_do_not_reach_the_terminal() {
    let run = exec("[profile base]\nregion = \u{1b}[31mred\n", "base");
    run.exits(120);
    assert!(!run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
}

#[test]
fn what_this_version_cannot_do_is_refused_with_its_place() {
    shows(
        "[profile x]\nsso_session = corp\n",
        "x",
        "! error: profile `x` needs `sso_session` ([HOME]/.aws/config:2), which this version cannot do yet\n\
         ! hint: stored keys and roles through source_profile work\n",
    );
}

#[test]
fn a_file_that_is_not_text_or_far_too_large_is_refused() {
    let world = World::without_mfa().stored();
    let config = world.sandbox.home().join(".aws/config");
    std::fs::write(&config, b"[profile base]\nregion = \xff\xfe\n").unwrap();
    world.sandbox.run(["exec", "base", "--", "true"]).exits(120).stderr_has("UTF-8");
    std::fs::write(&config, "# x\n".repeat(3 << 20)).unwrap();
    world.sandbox.run(["exec", "base", "--", "true"]).exits(120).stderr_has("larger than 8 MiB");
}

#[test]
fn variables_that_make_no_sense_are_named() {
    let world = World::without_mfa().stored();
    let region =
        world.sandbox.keyward(["exec", "base", "--", "true"]).env("AWS_REGION", "no region");
    region.run().exits(120).stderr_has("AWS_REGION=no region makes no sense");
    let store = world.sandbox.keyward(["list"]).env("KEYWARD_VAULT", "safe");
    store.run().exits(120).stderr_has("KEYWARD_VAULT takes `keychain`, `file` or `helper`");
}
