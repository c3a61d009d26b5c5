use std::fs;

use keyward_testkit::aws::AccessKey;
use keyward_testkit::{FakeAws, Sandbox};

use super::{PASSPHRASE_FILE, settings, vault_of};
use crate::common::sandbox;

const CONFIG_TOML: &str = ".config/keyward/config.toml";

/// A world where no store was chosen, and where there is no keychain: its runtime folder has no bus.
fn undecided() -> (FakeAws, AccessKey, Sandbox) {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let sandbox = sandbox(&aws).without_env("KEYWARD_VAULT");
    (aws, key, sandbox)
}

fn add(sandbox: &Sandbox, key: &AccessKey, options: &[&str]) -> keyward_testkit::Outcome {
    let words = [&["add", "base", "--no-verify"], options].concat();
    sandbox.run_with_stdin(words, &format!("{}\n{}\n", key.id(), key.secret()))
}

fn written_down(sandbox: &Sandbox) -> Option<String> {
    fs::read_to_string(sandbox.home().join(CONFIG_TOML)).ok()
}

#[test]
fn without_a_keychain_the_first_add_chooses_the_file_and_writes_it_down() {
    let (_aws, key, sandbox) = undecided();
    let run = add(&sandbox, &key, &[]);
    run.success().stderr_has("in the vault file [HOME]/.local/share/keyward/vault");
    assert_eq!(written_down(&sandbox).as_deref(), Some("vault = \"file\"\n"));
    sandbox.run(["exec", "base", "--", "true"]).success();
}

#[test]
fn writing_the_choice_down_keeps_the_other_settings() {
    let (_aws, key, sandbox) = undecided();
    let mine = "# mine\n[unlock]\nidle = \"20m\"\n";
    settings(&sandbox, mine);
    add(&sandbox, &key, &[]).success();
    assert_eq!(written_down(&sandbox), Some(format!("vault = \"file\"\n{mine}")));
    sandbox.run(["exec", "base", "--", "true"]).success();
}

#[test]
fn what_was_typed_as_the_store_is_written_down_too() {
    let (_aws, key, sandbox) = undecided();
    add(&sandbox, &key, &["--vault", "file"]).success();
    assert_eq!(written_down(&sandbox).as_deref(), Some("vault = \"file\"\n"));
    let (_aws, key, sandbox) = undecided();
    let sandbox = sandbox.env("KEYWARD_VAULT", "file");
    add(&sandbox, &key, &[]).success();
    assert_eq!(written_down(&sandbox), None, "the environment says it already");
}

#[test]
fn a_keychain_that_is_wanted_and_missing_is_an_error_and_no_reason_to_use_a_file() {
    let (aws, key, sandbox) = undecided();
    let run = add(&sandbox, &key, &["--vault", "keychain"]);
    run.exits(125).stderr_has("error: there is no keychain here: ");
    run.stderr_has("hint: start a Secret Service (gnome-keyring, KeePassXC), or use --vault file");
    assert!(!vault_of(&sandbox).exists());
    assert_eq!(written_down(&sandbox), None);

    add(&sandbox, &key, &["--vault", "file"]).success();
    settings(&sandbox, "vault = \"keychain\"\n");
    for command in [&["exec", "base", "--", "true"][..], &["list"], &["remove", "-f", "base"]] {
        sandbox.run(command).exits(125).stderr_has("there is no keychain here");
    }
    assert_eq!(aws.calls().len(), 0);
    sandbox.run(["exec", "--vault", "file", "base", "--", "true"]).success();
}

#[test]
fn when_no_store_works_each_says_why() {
    let (_aws, key, sandbox) = undecided();
    let folder = sandbox.home().join(".local/share");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("keyward"), "in the way").unwrap();
    let run = add(&sandbox, &key, &[]);
    run.exits(125).stderr_has("error: no store for keys works here\n  keychain: ");
    run.stderr_has("\n  file: [HOME]/.local/share/keyward").stderr_has("\nhint: mend one of them");
    assert_eq!(run.stderr.lines().count(), 4, "{}", run.whole());
    assert_eq!(written_down(&sandbox), None);
}

#[test]
fn before_the_first_key_there_is_nothing_to_choose() {
    let (_aws, _key, sandbox) = undecided();
    let sandbox = sandbox.without_env(PASSPHRASE_FILE).config("[profile base]\n");
    sandbox.run(["exec", "base", "--", "true"]).exits(120).stderr_has("keyward add");
    sandbox.run(["list", "--profiles"]).success().stdout_is("base\n");
    assert_eq!(written_down(&sandbox), None);
    assert!(!vault_of(&sandbox).exists());
}
