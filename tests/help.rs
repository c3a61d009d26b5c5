use crate::common::World;

const COMMANDS: [&str; 8] =
    ["add", "exec", "export", "list", "clear", "remove", "lock", "completions"];

#[test]
fn help_names_every_command_and_every_exit_code() {
    let world = World::without_mfa();
    let help = world.sandbox.run(["--help"]);
    help.success();
    for command in COMMANDS {
        help.stdout_has(&format!("\n  {command} "));
        world.sandbox.run([command, "--help"]).success().stdout_has("Usage: keyward");
    }
    for code in ["118", "119", "120", "121", "122", "123", "125", "126", "127"] {
        help.stdout_has(&format!("\n  {code}  "));
    }
}

#[test]
fn version_is_the_crate_s() {
    let world = World::without_mfa();
    let expected = format!("keyward {}\n", env!("CARGO_PKG_VERSION"));
    world.sandbox.run(["--version"]).stdout_is(&expected);
}

#[test]
fn help_and_version_write_nothing() {
    let world = World::without_mfa();
    world.sandbox.run(["--help"]).success();
    world.sandbox.run(["--version"]).success();
    let written: Vec<_> =
        std::fs::read_dir(world.sandbox.home()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(written, [".aws"]);
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_its_own_code() {
    let world = World::without_mfa();
    for arguments in [&["exec"][..], &["nonsense"], &["list", "--nonsense"], &[]] {
        world.sandbox.run(arguments).exits(118);
    }
    let unit = world.sandbox.run(["exec", "-d", "60", "base"]);
    unit.exits(118).stderr_has("a duration has a unit");
    let code = world.sandbox.run(["exec", "-t", "12345", "base"]);
    code.exits(118).stderr_has("an MFA code is six digits");
}

#[test]
fn words_of_other_tools_are_answered_with_ours() {
    let world = World::without_mfa();
    for (arguments, hint) in [
        (&["exec", "--server", "base"][..], "credential_process"),
        (&["exec", "--json", "base"], "keyward export --format=json"),
        (&["--backend", "file", "list"], "--vault file"),
        (&["login", "base"], "does not have it yet"),
    ] {
        world
            .sandbox
            .run(arguments)
            .exits(118)
            .stderr_has("hint: ")
            .stderr_has(hint)
            .stderr_lacks("tip:");
    }
}

#[test]
fn what_may_be_a_secret_is_not_repeated() {
    let world = World::without_mfa();
    world.sandbox.run(["add", "base", "hunter2hunter2"]).exits(118).stderr_lacks("hunter2");
    world.sandbox.run(["exec", "-t", "hunter2hunter2", "base"]).exits(118).stderr_lacks("hunter2");
}

#[test]
fn escapes_in_arguments_do_not_reach_the_terminal() {
    let world = World::without_mfa();
    for arguments in [["exec", "a\u{1b}]0;x\u{7}"], ["\u{1b}[2J", "x"]] {
        let run = world.sandbox.run(arguments);
        run.exits(118);
        assert!(!run.stderr.contains(['\u{1b}', '\u{7}']), "{:?}", run.stderr);
    }
}
