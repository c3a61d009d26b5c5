use crate::common::{World, sandbox};
use keyward_testkit::FakeAws;

#[test]
fn the_table_shows_keys_sessions_accounts_and_roles() {
    let world = World::with_mfa().stored_with_seed();
    world.sandbox.run(["exec", "deploy", "--", "true"]).success();
    let run = world.sandbox.run(["list"]);
    run.success();
    let rows: Vec<Vec<&str>> = run
        .stdout
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(rows[0], ["Profile", "Credentials", "Sessions", "Account", "Role"]);
    assert_eq!(rows[1], ["base", world.key.id(), "GetSessionToken 8h", "-", "-"]);
    assert_eq!(rows[2], ["deploy", "from base", "AssumeRole 1h", "222222222222", "deploy"]);
    assert_eq!(rows.len(), 3);
}

#[test]
fn json_has_the_same_with_exact_times() {
    let world = World::with_mfa().stored_with_seed();
    world.sandbox.run(["exec", "deploy", "--", "true"]).success();
    let run = world.sandbox.run(["list", "--json"]);
    let list = run.success().json();
    assert_eq!((&list["version"], &list["locked"]), (&1.into(), &false.into()));
    let [base, deploy] = list["profiles"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!(base["profile"], "base");
    assert_eq!(base["key"]["access_key_id"], world.key.id());
    assert_eq!(base["sessions"][0]["type"], "GetSessionToken");
    assert_eq!(base["sessions"][0]["mfa"], true);
    assert_eq!(deploy["source"], "base");
    assert_eq!(deploy["role"], "deploy");
    assert_eq!(deploy["account"], "222222222222");
    assert_eq!(deploy["sessions"][0]["role"], crate::common::DEPLOY);
    assert!(deploy["sessions"][0]["expires_at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn names_alone_are_one_a_line() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    world.sandbox.run(["list", "--profiles"]).stdout_is("base\ndeploy\n");
    world.sandbox.run(["list", "--credentials"]).stdout_is("base\n");
    world.sandbox.run(["list", "--sessions"]).stdout_is("base GetSessionToken 1h\n");
}

#[test]
fn a_key_without_a_section_is_listed_too() {
    let world = World::without_mfa().stored();
    world.sandbox.write_config("[profile other]\nregion = eu-west-1\n");
    let list = world.sandbox.run(["list", "--json"]).json();
    let names: Vec<_> = list["profiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["profile"].as_str().unwrap(), row["configured"].as_bool().unwrap()))
        .collect();
    assert_eq!(names, [("other", true), ("base", false)]);
}

#[test]
fn a_locked_vault_hides_what_it_holds_and_says_so() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["lock"]).success().stderr_has("locked");
    let locked = world.sandbox.keyward(["list"]).without_env("KEYWARD_PASSPHRASE_FILE").run();
    locked.success().stdout_has("locked").stderr_has("is locked");
    let json =
        world.sandbox.keyward(["list", "--json"]).without_env("KEYWARD_PASSPHRASE_FILE").run();
    assert_eq!(json.json()["locked"], true);
    let names = world
        .sandbox
        .keyward(["list", "--credentials"])
        .without_env("KEYWARD_PASSPHRASE_FILE")
        .run();
    names.exits(121);
    let profiles =
        world.sandbox.keyward(["list", "--profiles"]).without_env("KEYWARD_PASSPHRASE_FILE").run();
    profiles.success().stdout_is("base\ndeploy\n");
}

#[test]
fn an_empty_world_says_how_to_begin() {
    let aws = FakeAws::start();
    sandbox(&aws).run(["list"]).success().stderr_has("keyward add PROFILE");
}

#[test]
fn errors_of_json_are_json_with_a_stable_id() {
    let world = World::without_mfa();
    world.sandbox.write_config("[profile base\n");
    let run = world.sandbox.run(["list", "--json"]);
    run.exits(120);
    let error: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(error["error"]["id"], "config-syntax");
    assert_eq!(error["error"]["exit_code"], 120);
}

#[test]
fn a_mistake_in_one_profile_hides_no_other() {
    let world = World::without_mfa();
    world.sandbox.write_config("[profile bad]\nregion = EU West\n[profile good]\n");
    let run = world.sandbox.run(["list"]);
    run.success().stdout_has("good").stderr_has("config:2: `region = EU West` makes no sense");
    let json = world.sandbox.run(["list", "--json"]).json();
    assert!(json["profiles"][0]["error"].as_str().unwrap().contains("config:2"));
    assert!(json["profiles"][1]["error"].is_null());
}

#[test]
fn a_program_that_lists_is_never_asked_for_a_passphrase() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["lock"]).success();
    let list = world.sandbox.keyward(["list", "--json"]).without_env("KEYWARD_PASSPHRASE_FILE");
    let terminal = list.terminal();
    let outcome = terminal.wait();
    outcome.success().stdout_has("\"locked\": true");
}
