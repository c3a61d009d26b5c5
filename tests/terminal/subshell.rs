use keyward_testkit::Terminal;

use crate::common::{DEPLOY_CALLER, World, real, whoami};

/// What differs between shells, for one who types.
struct Shell {
    name: &'static str,
    /// A start-up file that keeps the shell from greeting, and what it defines.
    rc: Option<(&'static str, &'static str)>,
    /// The last command's code.
    status: &'static str,
}

const SHELLS: [Shell; 3] = [
    Shell { name: "bash", rc: Some(("home/.bashrc", "mine=yes\n")), status: "$?" },
    Shell { name: "zsh", rc: Some(("home/.zshrc", "mine=yes\n")), status: "$?" },
    Shell {
        name: "fish",
        rc: Some(("home/.config/fish/config.fish", "set -g fish_greeting; set -g mine yes\n")),
        status: "$status",
    },
];

fn start(world: &World, shell: &Shell) -> Terminal {
    if let Some((file, text)) = shell.rc {
        world.sandbox.write(file, text);
    }
    let path = world.sandbox.program("sh", ["-c", &format!("command -v {}", shell.name)]).run();
    world.sandbox.keyward(["exec", "base"]).env("SHELL", path.stdout.trim()).terminal()
}

/// Types a command; `marker` must show in its output only, so it is typed with quotes inside.
#[track_caller]
fn run_in(terminal: &mut Terminal, command: &str, shows: &str) {
    terminal.send_line(command).expect(shows);
}

#[test]
fn without_a_command_the_users_own_shell_has_the_credentials() {
    for shell in SHELLS {
        if !real::has(&[shell.name]) {
            continue;
        }
        let world = World::without_mfa().stored();
        let mut terminal = start(&world, &shell);
        terminal.expect("keyward: a shell as base for ").expect("; `exit` ends it");
        run_in(&mut terminal, "echo as''-$AWS_VAULT-$mine", "as-base-yes");
        run_in(&mut terminal, whoami(), "arn:aws:iam::111111111111:user/alice");
        // Ctrl-C ends what runs inside, and neither the shell nor us.
        run_in(&mut terminal, "sh -c 'echo sta''rted; exec sleep 1000'", "started");
        terminal.ctrl_c();
        run_in(&mut terminal, &format!("echo co''de-{}", shell.status), "code-130");
        terminal.send_line("exit 7");
        terminal.wait().exits(7);
        assert_eq!(world.calls(), ["GetSessionToken", "GetCallerIdentity"], "{}", shell.name);
    }
}

#[test]
fn a_shell_keeps_the_terminal_to_itself_for_job_control() {
    let world = World::without_mfa().stored();
    let mut terminal = start(&world, &SHELLS[0]);
    terminal.expect("a shell as base");
    run_in(&mut terminal, "sh -c 'echo sta''rted; exec sleep 1000'", "started");
    terminal.ctrl_z().expect("Stopped");
    run_in(&mut terminal, "kill %1; wait; echo is''-over", "is-over");
    terminal.resize(40, 132);
    run_in(&mut terminal, "stty size", "40 132");
    terminal.send_line("exit");
    terminal.wait().success();
}

#[test]
fn inside_a_shell_another_profile_says_what_it_leaves() {
    let world = World::without_mfa().stored();
    let mut terminal = start(&world, &SHELLS[0]);
    terminal.expect("a shell as base");
    let binary = env!("CARGO_BIN_EXE_keyward");
    let inner = format!("{binary} exec deploy -- {}", whoami());
    run_in(&mut terminal, &inner, "keyward: leaving base for deploy; `exit` brings base back");
    terminal.expect(DEPLOY_CALLER);
    run_in(&mut terminal, whoami(), "arn:aws:iam::111111111111:user/alice");
    // The same profile again is no news, and output that is not a terminal is for programs.
    run_in(&mut terminal, &format!("{binary} exec base -- echo sa''me"), "same");
    run_in(
        &mut terminal,
        &format!("{binary} exec deploy -- echo fi''led 2>err; wc -c <err"),
        "filed",
    );
    terminal.expect("0").send_line("exit");
    let outcome = terminal.wait();
    outcome.success();
    assert_eq!(outcome.stdout.matches("leaving").count(), 1, "{}", outcome.stdout);
}

#[test]
fn a_shell_that_is_not_there_is_said_before_any_key_is_read() {
    let world = World::with_mfa().stored_with_seed();
    let run = world.sandbox.keyward(["exec", "base"]).env("SHELL", "/no/such/shell").terminal();
    run.wait().exits(127).stdout_has("there is no command `/no/such/shell`");
    assert_eq!(world.calls(), [""; 0]);
}
