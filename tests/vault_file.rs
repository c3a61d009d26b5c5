use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use keyward_testkit::{FakeAws, Sandbox};

use crate::common::{World, real, sandbox};

/// Which store is chosen, and by whom.
mod choice;
/// Disks that take no more.
mod disk;

const PASSPHRASE_FILE: &str = "KEYWARD_PASSPHRASE_FILE";

fn vault_of(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".local/share/keyward/vault")
}

fn settings(sandbox: &Sandbox, text: &str) {
    sandbox.write("home/.config/keyward/config.toml", text);
}

/// The vault is locked, and the next run asks for its passphrase.
fn lock(sandbox: &Sandbox) {
    sandbox.run(["lock"]).success();
}

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Every file of ours: vault, generation before, sessions, names, locks.
fn kept_files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let folders = [".local/share/keyward", ".local/state/keyward", ".cache/keyward"];
    let mut folders: Vec<PathBuf> = folders.map(|name| sandbox.home().join(name)).into();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let is_folder = entry.file_type().unwrap().is_dir();
            if is_folder { &mut folders } else { &mut files }.push(entry.path());
        }
    }
    assert!(files.len() >= 5, "{files:?}");
    files
}

#[test]
fn a_wrong_passphrase_opens_nothing_and_changes_nothing() {
    let world = World::without_mfa().stored();
    lock(&world.sandbox);
    let before = fs::read(vault_of(&world.sandbox)).unwrap();
    let wrong = world.sandbox.write("wrong", "another animal, another battery");
    let with_wrong =
        |arguments: &[&str]| world.sandbox.keyward(arguments).env(PASSPHRASE_FILE, &wrong);
    with_wrong(&["exec", "base", "--", "true"]).run().exits(121).shows(
        "
        $ keyward exec base -- true
        ! error: wrong passphrase for [HOME]/.local/share/keyward/vault
        ! hint: nothing was changed; KEYWARD_PASSPHRASE, its _FILE and passphrase_command go before asking
        [exit 121]
        ",
    );
    let input = format!("{}\n{}\n", world.key.id(), world.key.secret());
    let adding = with_wrong(&["add", "other", "--no-verify"]).stdin(input);
    adding.run().exits(121).stderr_has("wrong passphrase");
    with_wrong(&["remove", "--force", "base"]).run().exits(121).stderr_has("wrong passphrase");
    with_wrong(&["list", "--credentials"]).run().exits(121).stdout_is("");
    assert_eq!(fs::read(vault_of(&world.sandbox)).unwrap(), before);
    assert_eq!(world.calls(), [""; 0]);
    world.sandbox.run(["list", "--credentials"]).success().stdout_is("base\n");
}

#[test]
fn a_vault_with_any_damage_is_refused() {
    let world = World::without_mfa().stored();
    let vault = vault_of(&world.sandbox);
    let whole = fs::read(&vault).unwrap();
    let mut damaged: Vec<(String, Vec<u8>)> = Vec::new();
    for place in 0..54 {
        let at = place * (whole.len() - 1) / 53;
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (place % 8);
        damaged.push((format!("bit {} of byte {at} flipped", place % 8), bytes));
    }
    for kept in [0, 1, whole.len() / 2, whole.len() - 1] {
        damaged.push((format!("cut to {kept} bytes"), whole[..kept].to_vec()));
    }
    for more in [&b"\0"[..], &whole] {
        damaged.push((format!("{} bytes longer", more.len()), [&whole, more].concat()));
    }
    for (how, bytes) in damaged {
        lock(&world.sandbox);
        fs::write(&vault, &bytes).unwrap();
        let run = world.sandbox.run(["exec", "base", "--", "true"]);
        // A flip where the passphrase's salt is makes it another passphrase.
        let refused = [125, 121].contains(&run.code.unwrap_or_default());
        assert!(refused, "{how} of {}:\n{}", whole.len(), run.whole());
        let said = ["the vault is damaged", "wrong passphrase", "a later keyward"];
        assert!(said.iter().any(|words| run.stderr.contains(words)), "{how}:\n{}", run.whole());
        assert_eq!(fs::read(&vault).unwrap(), bytes, "{how}: what is left of it is not touched");
    }
    assert_eq!(world.calls(), [""; 0]);
    fs::write(&vault, &whole).unwrap();
    world.sandbox.run(["exec", "base", "--", "true"]).success();
}

#[test]
fn the_generation_before_can_be_put_back() {
    let world = World::without_mfa().stored();
    let second = world.alice.access_key();
    world.sandbox.store_key("second", &second);
    let vault = vault_of(&world.sandbox);
    lock(&world.sandbox);
    fs::write(&vault, "").unwrap();
    let run = world.sandbox.run(["list", "--credentials"]);
    run.exits(125).stderr_has("hint: the generation before is beside it: cp ");
    let hint = run.stderr.split_once("beside it: ").unwrap().1;
    world.sandbox.program("sh", ["-ec", hint]).run().success().quiet();
    world.sandbox.run(["list", "--credentials"]).success().stdout_is("base\n");
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    assert_eq!(mode(&vault), 0o600);
}

#[test]
fn without_a_passphrase_and_without_a_terminal_it_says_what_to_do() {
    let world = World::without_mfa().stored();
    lock(&world.sandbox);
    let run = world.sandbox.keyward(["exec", "base", "--", "true"]).without_env(PASSPHRASE_FILE);
    run.run().shows(
        "
        $ keyward exec base -- true
        ! error: the vault [HOME]/.local/share/keyward/vault is locked, and there is no terminal to ask on
        ! hint: run `keyward list` in a terminal first, or set KEYWARD_PASSPHRASE_FILE
        [exit 121]
        ",
    );
    let fresh = sandbox(&world.aws).without_env(PASSPHRASE_FILE);
    let input = format!("{}\n{}\n", world.key.id(), world.key.secret());
    fresh.run_with_stdin(["add", "base", "--no-verify"], &input).exits(123);
    assert!(!vault_of(&fresh).exists(), "no vault without a passphrase");
}

#[test]
fn the_vault_may_lie_elsewhere_and_messages_name_that_place() {
    let world = World::without_mfa();
    let sandbox = &world.sandbox;
    let elsewhere = sandbox.root().join("elsewhere/vault");
    settings(sandbox, &format!("vault_file = \"{}\"\n", elsewhere.display()));
    sandbox.store_key("base", &world.key);
    assert!(elsewhere.exists() && !vault_of(sandbox).exists());
    lock(sandbox);
    for command in [&["exec", "base", "--", "true"][..], &["list", "--credentials"]] {
        let run = sandbox.keyward(command).without_env(PASSPHRASE_FILE).run();
        run.exits(121).stderr_has("the vault [SANDBOX]/elsewhere/vault is locked");
    }
    sandbox.run(["exec", "base", "--", "true"]).success();
}

#[test]
fn lock_takes_effect_at_once() {
    if !real::has_kernel_keyring() {
        return;
    }
    let world = World::without_mfa().stored();
    let bare = || world.sandbox.keyward(["exec", "base", "--", "true"]);
    bare().run().success();
    bare().without_env(PASSPHRASE_FILE).run().success().quiet();
    world.sandbox.run(["lock"]).success().stderr_has("locked");
    bare().without_env(PASSPHRASE_FILE).run().exits(121);
    world.sandbox.run(["lock"]).success().stderr_has("was locked already");
    bare().run().success();
}

#[test]
fn a_program_can_give_the_passphrase() {
    let world = World::without_mfa().stored();
    let sandbox = &world.sandbox;
    let file = sandbox.root().join("passphrase");
    let listing = || {
        lock(sandbox);
        sandbox.keyward(["list", "--credentials"]).without_env(PASSPHRASE_FILE).run()
    };
    settings(sandbox, &format!("passphrase_command = [\"cat\", \"{}\"]\n", file.display()));
    listing().success().quiet().stdout_is("base\n");
    settings(sandbox, "passphrase_command = [\"sh\", \"-c\", \"echo no agent >&2; exit 3\"]\n");
    listing().shows(
        "
        $ keyward list --credentials
        ! no agent
        ! error: cannot get the passphrase: passphrase_command `sh`: exit status: 3
        ! hint: correct KEYWARD_PASSPHRASE_FILE, or passphrase_command in config.toml
        [exit 121]
        ",
    );
    settings(sandbox, "passphrase_command = [\"true\"]\n");
    listing().exits(121).stderr_has("passphrase_command: it is empty");
    settings(sandbox, "passphrase_command = [\"/no/such\"]\n");
    listing().exits(121).stderr_has("passphrase_command `/no/such`: No such file");
}

#[test]
fn the_program_that_gives_the_passphrase_does_not_eat_the_commands_input() {
    let world = World::without_mfa().stored();
    let sandbox = &world.sandbox;
    let file = sandbox.root().join("passphrase");
    let greedy = format!("[\"sh\", \"-c\", \"cat >/dev/null; cat {}\"]", file.display());
    settings(sandbox, &format!("passphrase_command = {greedy}\n"));
    lock(sandbox);
    let exec = sandbox.keyward(["exec", "base", "--", "cat"]).without_env(PASSPHRASE_FILE);
    exec.stdin("for the command\n").run().success().stdout_is("for the command\n");
}

#[test]
fn the_variable_with_the_passphrase_does_not_reach_the_command() {
    let world = World::without_mfa().stored();
    lock(&world.sandbox);
    let passphrase = fs::read_to_string(world.sandbox.root().join("passphrase")).unwrap();
    let run = world.sandbox.keyward(["exec", "base", "--", "env"]).without_env(PASSPHRASE_FILE);
    // The command may show its session, but this run is searched for the passphrase all the same.
    let run = run.env("KEYWARD_PASSPHRASE", &passphrase).hands_out().run();
    run.success().stdout_has("AWS_ACCESS_KEY_ID=ASIA");
    assert!(!run.stdout.contains("KEYWARD_PASSPHRASE"), "{}", run.stdout);
    assert!(!run.stdout.contains(&passphrase), "{}", run.stdout);
}

#[test]
fn an_empty_passphrase_is_no_passphrase() {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let sandbox = sandbox(&aws);
    let adding = || {
        let adding = sandbox.keyward(["add", "base", "--no-verify"]);
        adding.stdin(format!("{}\n{}\n", key.id(), key.secret()))
    };
    for nothing in ["", "\n", "\r\n"] {
        let file = sandbox.write("nothing", nothing);
        let run = adding().env(PASSPHRASE_FILE, file).run();
        run.exits(121).stderr_has("KEYWARD_PASSPHRASE_FILE: it is empty");
    }
    let variable = adding().without_env(PASSPHRASE_FILE).env("KEYWARD_PASSPHRASE", "");
    variable.run().exits(123).stderr_has("no terminal to ask on");
    assert!(!vault_of(&sandbox).exists());
}

#[test]
fn everything_kept_is_for_its_owner_only() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["exec", "base", "--", "true"]).success();
    let files = kept_files(&world.sandbox);
    for path in &files {
        assert_eq!(mode(path), 0o600, "{}", path.display());
        assert_eq!(mode(path.parent().unwrap()), 0o700, "{}", path.display());
    }
}

#[test]
fn places_that_others_could_have_prepared_are_refused() {
    let world = World::without_mfa().stored();
    let sandbox = &world.sandbox;
    let folder = sandbox.home().join(".local/share/keyward");
    let (vault, aside) = (vault_of(sandbox), sandbox.root().join("aside"));
    lock(sandbox);
    let refused = || {
        let run = sandbox.run(["exec", "base", "--", "true"]);
        run.exits(125).stderr_has(".local/share/keyward").stderr_has("move it away");
        sandbox.run(["remove", "--force", "base"]).exits(125);
    };

    fs::rename(&vault, &aside).unwrap();
    symlink(&aside, &vault).unwrap();
    refused();
    fs::remove_file(&vault).unwrap();
    fs::rename(&aside, &vault).unwrap();

    fs::set_permissions(&vault, fs::Permissions::from_mode(0o666)).unwrap();
    refused();
    fs::set_permissions(&vault, fs::Permissions::from_mode(0o600)).unwrap();

    let store = |profile| {
        let input = format!("{}\n{}\n", world.key.id(), world.key.secret());
        sandbox.run_with_stdin(["add", profile, "--no-verify"], &input)
    };
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    store("other").exits(125).stderr_has("move it away");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();

    fs::rename(&folder, &aside).unwrap();
    symlink(&aside, &folder).unwrap();
    store("other").exits(125).stderr_has("move it away");
    fs::remove_file(&folder).unwrap();
    fs::rename(&aside, &folder).unwrap();

    sandbox.run(["list", "--credentials"]).success().stdout_is("base\n");
    store("other").success();
}

#[test]
fn nobody_reads_in_the_files_which_accounts_there_are() {
    let world = World::with_mfa();
    let sandbox = &world.sandbox;
    let serial = world.device.serial();
    let profile = "marmalade-production";
    sandbox.write_config(&format!(
        "[profile {profile}]\nmfa_serial = {serial}\n\n[profile deploy]\nrole_arn = {}\nsource_profile = {profile}\n",
        crate::common::DEPLOY
    ));
    let input = format!(
        "{}\n{}\n{serial}\n{}\n",
        world.key.id(),
        world.key.secret(),
        world.device.seed_base32()
    );
    sandbox.plant("seed", &world.device.seed_base32());
    sandbox.run_with_stdin(["add", profile], &input).success();
    sandbox.run(["exec", "deploy", "--", "true"]).success();
    for path in kept_files(sandbox) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for name in [profile, "marmalade", world.key.id(), "alice", "arn:aws", "222222222222"] {
            let shows = text.contains(name) || path.to_string_lossy().contains(name);
            assert!(!shows, "{name} is to be read in {}", path.display());
        }
    }
}

#[test]
fn a_mistake_in_our_own_settings_has_its_place() {
    let world = World::without_mfa().stored();
    settings(&world.sandbox, "# mine\nvault = 7\n");
    let run = world.sandbox.run(["exec", "base", "--", "true"]);
    run.exits(120).stderr_has("error: [HOME]/.config/keyward/config.toml:2:9: ");
    settings(&world.sandbox, "vualt = \"file\"\n");
    let run = world.sandbox.run(["list"]);
    run.exits(120).stderr_has("error: [HOME]/.config/keyward/config.toml:1:1: ");
    run.stderr_has("vualt");
    settings(&world.sandbox, "vault = \"file\"\n\n[unlock]\nidle = \"ten minutes\"\n");
    let run = world.sandbox.run(["list"]);
    run.exits(120).stderr_has("error: [HOME]/.config/keyward/config.toml:4:8: ");
    run.stderr_has("a duration has a unit");
}

#[test]
fn a_program_in_the_current_folder_is_not_ours_to_run() {
    let world = World::without_mfa().stored();
    lock(&world.sandbox);
    let planted = world.sandbox.write("planted", "#!/bin/sh\ntouch ran; echo x\n");
    std::fs::set_permissions(&planted, std::fs::Permissions::from_mode(0o755)).unwrap();
    settings(&world.sandbox, "passphrase_command = [\"planted\"]\n");
    let folder = planted.parent().unwrap();
    for path in [".:/usr/bin:/bin", ":/usr/bin:/bin"] {
        let list = world.sandbox.keyward(["list", "--credentials"]).without_env(PASSPHRASE_FILE);
        let run = list.env("PATH", path).in_directory(folder).run();
        run.exits(121).stderr_has("`planted`: it is in no folder of PATH");
    }
    assert!(!folder.join("ran").exists());
}
