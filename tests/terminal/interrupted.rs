use std::fs;
use std::path::Path;

use keyward_testkit::{Sandbox, Signal, Terminal};

use super::{PASSPHRASE, with_person};
use crate::common::World;

/// A question, and the answer that leads to the next one.
type Step<'a> = (&'a str, &'a str);

/// Every file of the sandbox that outlives a run, with its content; lock files are none of those.
fn kept(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    fn walk(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                walk(&path, found);
            } else if !["lock", "unlock"].iter().any(|end| path.extension() == Some(end.as_ref())) {
                found.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&sandbox.home(), &mut found);
    found.sort();
    found
}

/// Walks through `steps` and presses Ctrl-C at the last question; sees that nothing is left of it all.
#[track_caller]
fn interrupt_at_the_last(sandbox: &Sandbox, command: &[&str], steps: &[Step<'_>]) {
    let (before, untouched) = (kept(sandbox), untouched_terminal(sandbox));
    let mut terminal = sandbox.terminal(command);
    walk_to_the_last(&mut terminal, steps);
    terminal.ctrl_c().expect_end();
    let question = steps.last().unwrap().0;
    assert_eq!(terminal.termios(), untouched.termios(), "the terminal after `{question}`");
    let outcome = terminal.wait();
    outcome.killed_by(Signal::SIGINT);
    let rest = outcome.stdout.rsplit_once(question).unwrap().1;
    let (of_the_question, said) = rest.split_once("\r\n").unwrap();
    assert_eq!(said, "", "after `{question}{of_the_question}`");
    assert_eq!(kept(sandbox), before, "files after Ctrl-C at `{question}`");
}

#[track_caller]
fn walk_to_the_last(terminal: &mut Terminal, steps: &[Step<'_>]) {
    let (last, before) = steps.split_last().unwrap();
    for (question, answer) in before {
        terminal.expect(question).send_line(answer);
    }
    terminal.expect(last.0);
}

/// A terminal that nobody has changed.
fn untouched_terminal(sandbox: &Sandbox) -> Terminal {
    sandbox.program("cat", [""; 0]).terminal()
}

#[test]
fn ctrl_c_at_any_question_of_add_leaves_nothing_behind() {
    let mut world = World::without_mfa();
    with_person(&mut world);
    let seed = world.device.seed_base32();
    let steps = [
        ("Access key id: ", world.key.id()),
        ("Secret access key (hidden): ", world.key.secret()),
        ("MFA device, ARN or serial (Enter for none): ", world.device.serial()),
        ("(hidden; Enter to type codes yourself): ", &seed),
        ("New passphrase: ", PASSPHRASE),
        ("The same again: ", PASSPHRASE),
    ];
    for last in 1..=steps.len() {
        interrupt_at_the_last(&world.sandbox, &["add", "base"], &steps[..last]);
    }
}

#[test]
fn ctrl_c_at_any_question_of_other_commands_changes_nothing() {
    let world = World::with_mfa().stored();
    interrupt_at_the_last(&world.sandbox, &["exec", "deploy", "true"], &[("MFA code of ", "")]);
    interrupt_at_the_last(&world.sandbox, &["remove", "base"], &[("? [y/N] ", "")]);
    let second = world.alice.access_key();
    let adding = [
        ("Access key id: ", second.id()),
        ("Secret access key (hidden): ", second.secret()),
        ("TOTP seed", ""),
        ("Replace it? [y/N] ", ""),
    ];
    interrupt_at_the_last(&world.sandbox, &["add", "base"], &adding);
    assert!(world.calls().is_empty(), "{:?}", world.calls());

    world.sandbox.run(["lock"]).success();
    let mut world = world;
    with_person(&mut world);
    for command in [&["exec", "base", "true"][..], &["list"], &["remove", "-f", "base"]] {
        interrupt_at_the_last(&world.sandbox, command, &[("Passphrase of ", "")]);
    }
}

#[test]
fn a_signal_at_a_hidden_question_restores_the_terminal() {
    let mut world = World::without_mfa();
    with_person(&mut world);
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGINT] {
        let untouched = untouched_terminal(&world.sandbox);
        let mut terminal = world.sandbox.terminal(["add", "base"]);
        walk_to_the_last(&mut terminal, &[("Access key id: ", world.key.id()), ("(hidden): ", "")]);
        terminal.expect_echo(false).send(&world.key.secret()[..20]);
        terminal.signal(signal);
        terminal.expect_end();
        assert_eq!(terminal.termios(), untouched.termios(), "{signal}");
        terminal.wait().killed_by(signal);
    }
}

#[test]
fn ctrl_c_reaches_a_script_around_us_too() {
    let world = World::with_mfa().stored();
    let script = format!("{} exec deploy -- true; echo went on", env!("CARGO_BIN_EXE_keyward"));
    let mut terminal = world.sandbox.program("sh", ["-c", &script]).terminal();
    terminal.expect("MFA code of ").ctrl_c();
    let outcome = terminal.wait();
    outcome.killed_by(Signal::SIGINT);
    assert!(!outcome.stdout.contains("went on"), "{}", outcome.stdout);
}

#[test]
fn ctrl_z_gives_the_shell_its_terminal_and_fg_asks_again() {
    let world = World::with_mfa().stored();
    let mut shell =
        world.sandbox.program("bash", ["--norc", "-i"]).env("PS1", "ready> ").terminal();
    let exec = format!("{} exec deploy -- echo done''with it", env!("CARGO_BIN_EXE_keyward"));
    shell.expect("ready> ").send_line(&exec).expect("MFA code of ").expect(": ");
    shell.send("12").ctrl_z().expect("Stopped").expect("ready> ");
    shell.send_line("echo it ec''hoes").expect("it echoes").expect("ready> ");
    shell.send_line("fg").expect("MFA code of ").expect(": 12");
    shell.send("\x15").send_line(&world.device.unused_code()).expect("donewith it");
    shell.expect("ready> ").send_line("exit");
    shell.wait().success();
}
