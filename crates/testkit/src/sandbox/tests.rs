//! The sandbox itself, with a shell in the part of the binary.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::Action;

const CANARY: &str = "canary-5d0f2b7e91";

fn shell() -> Sandbox {
    let sandbox = Sandbox::new("/bin/sh");
    sandbox.plant("canary", CANARY);
    sandbox
}

/// What a test says when it fails.
fn complaint<T>(failing: impl FnOnce() -> T) -> String {
    let failure = catch_unwind(AssertUnwindSafe(failing)).map(drop).unwrap_err();
    failure.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_run_sees_only_what_the_sandbox_gives_it() {
    let sandbox = shell().env("MINE", "1");
    let outcome = sandbox.run(["-c", "env | grep -v -e ^PATH= -e ^PWD= -e ^_= -e ^SHLVL= | sort"]);
    outcome.success().quiet().stdout_is(
        "HOME=[HOME]\nLANG=C.UTF-8\nMINE=1\nTERM=xterm-256color\nTMPDIR=[SANDBOX]/tmp\n\
         XDG_RUNTIME_DIR=[SANDBOX]/run",
    );
}

#[test]
fn one_literal_shows_status_and_both_streams() {
    let script = "echo out; echo err $HOME >&2; exit 3";
    shell().run(["-c", script]).shows(
        "
        $ sh -c echo out; echo err $HOME >&2; exit 3
        out
        ! err [HOME]
        [exit 3]
        ",
    );
    shell().run(["-c", "kill -TERM $$"]).killed_by(Signal::SIGTERM);
}

#[test]
fn a_run_has_no_terminal_and_no_input() {
    let outcome = shell().run(["-c", "cat; (: </dev/tty) 2>/dev/null || echo none"]);
    outcome.success().stdout_is("none");
    shell().run_with_stdin(["-c", "cat"], "typed").success().stdout_is("typed");
}

#[test]
fn a_leak_on_stdout_fails_unless_it_is_handed_out_there() {
    let sandbox = shell().env("SECRET", CANARY);
    let script = "echo $SECRET";
    let said = complaint(|| sandbox.run(["-c", script]));
    assert!(said.contains("canary (plain) on stdout"), "{said}");
    let _ = sandbox.keyward(["-c", script]).hands_out().run().success();
    let script = "echo $SECRET >&2";
    let said = complaint(|| sandbox.keyward(["-c", script]).hands_out().run());
    assert!(said.contains("canary (plain) on stderr"), "{said}");
}

#[test]
fn a_leak_into_a_file_fails_unless_the_test_put_it_there() {
    let sandbox = shell();
    let script = "cat >.cache-of-mine; sync .cache-of-mine";
    let said = complaint(|| sandbox.run_with_stdin(["-c", script], CANARY));
    assert!(said.contains("canary (plain) in"), "{said}");
    sandbox.may_hold_secrets("home/.cache-of-mine");
    sandbox.run_with_stdin(["-c", script], CANARY).success();
}

#[test]
#[cfg(target_os = "linux")]
fn a_leak_into_the_arguments_of_a_child_fails() {
    // Tests that run beside this one must not see it, so it is not the common canary.
    let (sandbox, canary) = (Sandbox::new("/bin/sh"), crate::random_passphrase());
    sandbox.plant("canary", &canary);
    let script = format!("sh -c 'read wait' {canary} <&3 & echo started; wait");
    let pipe = sandbox.root().join("run/pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let running = sandbox.spawn(["-c", &format!("exec 3<>{}; {script}", pipe.display())]);
    running.shows_on_stdout("started");
    running.watch.wait_for_a_find();
    fs::write(&pipe, "go on\n").unwrap();
    let said = complaint(|| running.wait());
    assert!(said.contains("canary (plain) in the arguments of a process"), "{said}");
}

#[test]
fn what_the_fake_aws_mints_is_searched_for_too() {
    let aws = FakeAws::start();
    let sandbox = shell().aws(&aws);
    let caller = aws.client(&aws.user("alice").access_key());
    let reply = caller.call(Action::GetSessionToken, &[]).unwrap();
    let token = reply.element("SessionToken").unwrap();
    let said = complaint(|| sandbox.run_with_stdin(["-c", "cat"], token));
    assert!(said.contains("token of ASIA"), "{said}");
    assert!(!said.contains(token), "a complaint must not leak either");
}

#[test]
fn a_panic_fails_the_test() {
    let said = complaint(|| shell().run(["-c", "echo \"thread 'main' panicked at x\" >&2"]));
    assert!(said.contains("panicked at"), "{said}");
}

#[test]
fn a_hang_fails_the_test() {
    let soon = std::time::Duration::from_millis(50);
    let hanging = shell();
    let said = complaint(|| hanging.keyward(["-c", "while :; do :; done"]).within(soon).run());
    assert!(said.contains("hangs"), "{said}");
}

#[test]
fn signals_reach_a_running_process() {
    let running = shell().spawn(["-c", "trap 'exit 7' INT; echo ready; while :; do :; done"]);
    running.shows_on_stdout("ready");
    running.signal(Signal::SIGINT);
    running.wait().exits(7);
}

#[test]
fn a_terminal_asks_hides_and_passes_keys_on() {
    let sandbox = shell();
    let script = "printf 'name? '; read n; stty -echo; printf 'secret? '; read s; stty echo; \
                  echo; echo \"$n:${#s}\"; tty >/dev/null && echo on a terminal";
    let mut terminal = sandbox.terminal(["-c", script]);
    assert!(terminal.echo_is_on());
    terminal.expect("name? ").send_line("me").expect("me");
    terminal.expect("secret? ").expect_echo(false).send_line(CANARY);
    terminal.expect(&format!("me:{}", CANARY.len())).expect("on a terminal");
    terminal.wait().success();
}

#[test]
fn typing_a_secret_with_echo_on_is_a_leak() {
    let sandbox = shell();
    let mut terminal = sandbox.terminal(["-c", "printf '? '; read s"]);
    terminal.expect("? ").send_line(CANARY);
    let said = complaint(|| terminal.wait());
    assert!(said.contains("canary (plain) on stdout"), "{said}");
}

#[test]
fn ctrl_c_and_a_resize_reach_the_foreground() {
    let sandbox = shell();
    let script = "trap 'stty size' WINCH; trap 'exit 130' INT; echo ready; while :; do :; done";
    let mut terminal = sandbox.terminal(["-c", script]);
    terminal.expect("ready").resize(40, 100).expect("40 100").ctrl_c();
    terminal.wait().exits(130);
}

#[test]
fn what_a_program_leaves_of_the_terminal_is_seen_after_its_end() {
    let sandbox = shell();
    let mut terminal = sandbox.terminal(["-c", "stty -echo; echo bye"]);
    assert!(!terminal.expect_end().echo_is_on());
    terminal.wait().success().stdout_is("bye\r");
    let mut terminal = sandbox.terminal(["-c", "stty -echo; stty echo"]);
    assert_eq!(terminal.expect_end().termios(), sandbox.terminal(["-c", "read x"]).termios());
    terminal.wait().success();
}

#[test]
fn a_signal_reaches_the_program_on_a_terminal() {
    let mut terminal = shell().terminal(["-c", "echo ready; read line"]);
    terminal.expect("ready").signal(Signal::SIGTERM);
    terminal.wait().killed_by(Signal::SIGTERM);
}

#[test]
fn a_second_program_can_look_at_the_terminal_afterwards() {
    let sandbox = shell();
    let script = "sh -c 'stty -echo; exit 5'; echo code $?; read line; echo got $line";
    let mut terminal = sandbox.program("sh", ["-c", script]).terminal();
    terminal.expect("code 5");
    assert!(!terminal.echo_is_on());
    terminal.send_line("x").expect("got x");
    terminal.wait().success();
}
