use crate::common::World;

#[test]
fn clear_deletes_the_sessions_of_a_profile_and_of_its_key() {
    let world = World::with_mfa().stored_with_seed();
    world.sandbox.run(["exec", "deploy", "--", "true"]).success();
    world.sandbox.run(["clear", "deploy"]).success().stderr_has("1 session deleted");
    world.sandbox.run(["list", "--sessions"]).stdout_is("base GetSessionToken 8h\n");
    world.sandbox.run(["exec", "deploy", "--", "true"]).success();
    world.sandbox.run(["clear", "base"]).success().stderr_has("2 sessions deleted");
    world.sandbox.run(["clear", "base"]).success().stderr_has("no cached sessions");
}

#[test]
fn clear_without_a_profile_needs_no_unlocking() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    world.sandbox.run(["lock"]).success();
    let clear = world.sandbox.keyward(["clear"]).without_env("KEYWARD_PASSPHRASE_FILE").run();
    clear.success().stderr_has("1 session deleted");
    world.sandbox.run(["list", "--sessions"]).stdout_is("");
}

#[test]
fn remove_takes_the_key_and_its_sessions_and_leaves_the_section() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["exec", "deploy", "--", "true"]).success();
    world
        .sandbox
        .run(["remove", "--force", "base"])
        .success()
        .stderr_has("removed the key of base and 1 cached session");
    world.sandbox.run(["list", "--credentials"]).stdout_is("");
    world.sandbox.run(["list", "--sessions"]).stdout_is("");
    let config = std::fs::read_to_string(world.sandbox.home().join(".aws/config")).unwrap();
    assert!(config.contains("[profile base]"));
    world.sandbox.run(["exec", "deploy", "--", "true"]).exits(120).stderr_has("keyward add base");
}

#[test]
fn remove_without_a_terminal_needs_force() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["remove", "base"]).exits(123);
    world.sandbox.run(["list", "--credentials"]).stdout_is("base\n");
}

#[test]
fn removing_what_is_not_there_names_what_is_near() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["rm", "-f", "basse"]).exits(120).stderr_has("did you mean `base`?");
}

#[test]
fn lock_makes_the_next_run_ask_for_the_passphrase() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    let unlocked = world
        .sandbox
        .keyward(["exec", "base", "--", "true"])
        .without_env("KEYWARD_PASSPHRASE_FILE")
        .run();
    unlocked.success();
    world.sandbox.run(["lock"]).success().stderr_has("locked");
    world.sandbox.run(["lock"]).success().stderr_has("was locked already");
    let locked = world
        .sandbox
        .keyward(["exec", "base", "--", "true"])
        .without_env("KEYWARD_PASSPHRASE_FILE")
        .run();
    locked.exits(121).stderr_has("is locked, and there is no terminal to ask on");
}

#[test]
fn a_session_that_two_profiles_share_is_listed_and_cleared_with_either() {
    let world = World::without_mfa().stored();
    let role = format!("role_arn = {}\nsource_profile = base\n", crate::common::DEPLOY);
    world
        .sandbox
        .write_config(&format!("[profile base]\n[profile one]\n{role}[profile two]\n{role}"));
    world.sandbox.run(["exec", "one", "--", "true"]).success();
    let list = world.sandbox.run(["list", "--json"]).json();
    assert_eq!(list["profiles"][2]["sessions"][0]["type"], "AssumeRole");
    world.sandbox.run(["clear", "two"]).success().stderr_has("1 session deleted");
    world.sandbox.run(["list", "--sessions"]).stdout_is("");
}

#[test]
fn clear_knows_a_misspelt_profile() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["clear", "basse"]).exits(120).stderr_has("did you mean `base`?");
}
