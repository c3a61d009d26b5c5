use std::fs;
use std::time::Duration;

use keyward_testkit::{Sandbox, Signal, Terminal};

use crate::common::{DEPLOY_CALLER, World, whoami};

/// Ctrl-C and signals at every question.
mod interrupted;
/// Shells with credentials.
mod subshell;

const PASSPHRASE: &str = "a passphrase nobody has guessed";
/// Whoever asks where nobody is waits for ever; whoever does not is done long before this.
const SOON: Duration = Duration::from_secs(10);

/// The world with a person in place of the passphrase file.
fn with_person(world: &mut World) {
    world.sandbox = std::mem::replace(&mut world.sandbox, Sandbox::new("none"))
        .without_env("KEYWARD_PASSPHRASE_FILE");
    world.sandbox.plant("typed passphrase", PASSPHRASE);
    world.sandbox.plant("typed secret", world.key.secret());
    world.sandbox.plant("typed seed", &world.device.seed_base32());
}

fn has_vault(sandbox: &Sandbox) -> bool {
    sandbox.home().join(".local/share/keyward/vault").exists()
}

fn config(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.home().join(".aws/config")).unwrap()
}

/// Answers a hidden question, and sees that the answer does not show.
#[track_caller]
fn type_hidden(terminal: &mut Terminal, question: &str, answer: &str) {
    terminal.expect(question).expect_echo(false);
    terminal.send_line(answer).expect("\r\n");
}

#[test]
fn add_asks_for_everything_and_shows_no_secret() {
    let mut world = World::without_mfa();
    with_person(&mut world);
    let mut terminal = world.sandbox.terminal(["add", "fresh"]);
    terminal.expect("Access key id: ").send_line(world.key.id()).expect(world.key.id());
    type_hidden(&mut terminal, "Secret access key (hidden): ", world.key.secret());
    let serial = world.device.serial();
    terminal.expect("MFA device, ARN or serial (Enter for none): ");
    terminal.send_line(serial).expect(serial);
    let seed = world.device.seed_base32();
    type_hidden(&mut terminal, "(hidden; Enter to type codes yourself): ", &seed);
    terminal.expect("Without its passphrase nobody can open it");
    type_hidden(&mut terminal, "New passphrase: ", PASSPHRASE);
    type_hidden(&mut terminal, "The same again: ", PASSPHRASE);
    terminal.expect("stored the key").expect("added [profile fresh]");
    assert!(terminal.echo_is_on());
    terminal.wait().success();
    assert_eq!(world.calls(), ["GetCallerIdentity"]);
    assert!(config(&world.sandbox).ends_with(&format!("[profile fresh]\nmfa_serial = {serial}\n")));

    // The seed makes the code, and the passphrase opens the vault.
    world.sandbox.run(["lock"]).success();
    let mut terminal = world.sandbox.terminal(["exec", "fresh", "--", "true"]);
    type_hidden(&mut terminal, "Passphrase of ", PASSPHRASE);
    terminal.wait().success();
    assert!(world.aws.calls()[1].mfa_code);
}

#[test]
fn a_key_without_a_device_needs_fewer_answers() {
    let mut world = World::without_mfa();
    with_person(&mut world);
    let mut terminal = world.sandbox.terminal(["add", "base"]);
    terminal.expect("Access key id: ").send_line("AKIA not a key");
    terminal.expect("Access key id: ").send_line(world.key.id());
    terminal.expect("(hidden): ").expect_echo(false).send_line("two words").expect("white space");
    type_hidden(&mut terminal, "(hidden): ", world.key.secret());
    terminal.expect("MFA device").send_line("").expect("New passphrase: ").send_line("");
    terminal.expect("a passphrase is not empty").expect("New passphrase: ").send_line(PASSPHRASE);
    terminal.expect("The same again: ").send_line("another one").expect("two different");
    assert!(!has_vault(&world.sandbox), "nothing is made before both agree");
    type_hidden(&mut terminal, "New passphrase: ", PASSPHRASE);
    type_hidden(&mut terminal, "The same again: ", PASSPHRASE);
    let outcome = terminal.wait();
    outcome.success();
    assert!(!outcome.stdout.contains("TOTP"), "{}", outcome.stdout);
}

#[test]
fn a_mistyped_passphrase_is_asked_for_again_and_the_third_one_ends_it() {
    let world = World::without_mfa().stored();
    world.sandbox.run(["lock"]).success();
    let passphrase = fs::read_to_string(world.sandbox.root().join("passphrase")).unwrap();
    let exec = || {
        let exec = world.sandbox.keyward(["exec", "base", "--", "true"]);
        exec.without_env("KEYWARD_PASSPHRASE_FILE").terminal()
    };
    let mut terminal = exec();
    type_hidden(&mut terminal, "Passphrase of ", "not this one");
    terminal.expect("wrong passphrase, try again");
    type_hidden(&mut terminal, "Passphrase of ", &passphrase);
    terminal.wait().success();

    world.sandbox.run(["lock"]).success();
    let mut terminal = exec();
    for _ in 0..3 {
        type_hidden(&mut terminal, "Passphrase of ", "not this one");
    }
    terminal.wait().exits(121).stdout_has("error").stdout_has("wrong passphrase for ");
}

#[test]
fn an_mfa_code_is_checked_here_first_and_then_opens_the_role() {
    let world = World::with_mfa().stored();
    let mut terminal = world.sandbox.terminal(["exec", "deploy", "--", whoami()]);
    let question = format!("MFA code of {}: ", world.device.serial());
    for nonsense in ["12345", "1234567", "l2345O"] {
        terminal.expect(&question).send_line(nonsense).expect("an MFA code is six digits");
    }
    terminal.wait().exits(122);
    assert_eq!(world.calls(), [""; 0]);

    let mut terminal = world.sandbox.terminal(["exec", "deploy", "--", whoami()]);
    terminal.expect(&question).send_line("nonsense");
    terminal.expect(&question).send_line(&world.device.unused_code());
    terminal.expect(DEPLOY_CALLER);
    terminal.wait().success();
    assert_eq!(world.calls(), ["GetSessionToken", "AssumeRole", "GetCallerIdentity"]);
}

#[test]
fn no_code_is_an_answer_too() {
    let world = World::with_mfa().stored();
    for key in ["\r", "\x04", "  \r"] {
        let mut terminal = world.sandbox.terminal(["exec", "deploy", "--", "true"]);
        terminal.expect("MFA code of ").expect(": ").send(key);
        terminal.wait().exits(122).stdout_has("no MFA code given");
    }
    assert_eq!(world.calls(), [""; 0]);
}

#[test]
fn remove_asks_and_takes_anything_but_yes_for_no() {
    let world = World::without_mfa().stored();
    let remove = |answer: &str| {
        let mut terminal = world.sandbox.terminal(["remove", "base"]);
        terminal.expect("Delete the key of base from the vault file ").expect("? [y/N] ");
        terminal.send(answer);
        terminal.wait()
    };
    for no in ["\r", "n\r", "\x04", "yeah\r", "\x1b[A\r"] {
        remove(no).exits(122).stdout_has("the key of base stays");
        world.sandbox.run(["list", "--credentials"]).stdout_is("base\n");
    }
    remove("Y\r").success().stdout_has("removed the key of base");
    world.sandbox.run(["list", "--credentials"]).success().stdout_is("");
}

#[test]
fn add_asks_before_it_replaces_another_key() {
    let world = World::without_mfa().stored();
    let second = world.alice.access_key();
    world.sandbox.plant("second secret", second.secret());
    let add = |answer: &str| {
        let add = world.sandbox.keyward(["add", "base", "--env", "--no-verify"]);
        let add = add.env("AWS_ACCESS_KEY_ID", second.id());
        let mut terminal = add.env("AWS_SECRET_ACCESS_KEY", second.secret()).terminal();
        let question = format!("base holds the key {}. Replace it? [y/N] ", world.key.id());
        terminal.expect(&question).send_line(answer);
        terminal.wait()
    };
    let key_in_use = || {
        let id = ["exec", "-n", "base", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"];
        world.sandbox.run(id).stdout.trim().to_owned()
    };
    add("").exits(122);
    assert_eq!(key_in_use(), world.key.id());
    add("yes").success();
    assert_eq!(key_in_use(), second.id());
}

#[test]
fn without_a_terminal_nothing_waits_and_a_hint_says_what_to_run() {
    let mut world = World::with_mfa().stored();
    let run = |world: &World, words: &[&str]| world.sandbox.keyward(words).within(SOON).run();
    run(&world, &["exec", "deploy", "--", "true"]).shows(&format!(
        "$ keyward exec deploy -- true\n\
         ! error: an MFA code of {} is needed, and there is no terminal to ask on\n\
         ! hint: run the same command once in a terminal, or give --mfa-token CODE\n[exit 123]",
        world.device.serial()
    ));
    run(&world, &["remove", "base"]).exits(123).stderr_has("there is no terminal to ask on");
    run(&world, &["add", "other"]).exits(118).stderr_has("standard input lacks");
    assert_eq!(world.calls(), [""; 0]);
    world.sandbox.run(["lock"]).success();
    with_person(&mut world);
    run(&world, &["exec", "deploy", "--", "true"])
        .exits(121)
        .stderr_has("hint: run `keyward list`");
    run(&world, &["remove", "base"]).exits(121);
    run(&world, &["export", "--format=json", "base"]).exits(121).stdout_is("");
}

#[test]
fn questions_are_asked_on_the_terminal_and_not_on_the_commands_input() {
    let world = World::with_mfa().stored();
    let script =
        format!("echo piped | {} exec deploy -- cat | tr a-z A-Z", env!("CARGO_BIN_EXE_keyward"));
    let mut terminal = world.sandbox.program("sh", ["-c", &script]).terminal();
    terminal.expect("MFA code of ").send_line(&world.device.unused_code()).expect("PIPED");
    terminal.wait().success();
}

#[test]
fn a_terminal_that_hangs_up_ends_the_question() {
    let world = World::with_mfa().stored();
    let mut terminal = world.sandbox.terminal(["exec", "deploy", "--", "true"]);
    terminal.expect("MFA code of ").signal(Signal::SIGHUP);
    terminal.wait().killed_by(Signal::SIGHUP);
    assert_eq!(world.calls(), [""; 0]);
}
