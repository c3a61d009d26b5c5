//! The test program runs itself once more as an *actor*, which becomes the command it is told. Each
//! outcome is compared with that of the same command run directly.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use keyward_exec::{ExecError, NulPlace, child, resolve, run};

/// The words of the command, for the actor; separated by a character no test needs.
const WORDS: &str = "ACTOR_WORDS";

/// The actor's last words before it becomes the command; what its test runner said comes before them.
const CURTAIN: &str = "the actor goes";

#[test]
#[ignore = "run by the other tests, which tell it what to become"]
#[expect(clippy::disallowed_methods, reason = "the actor passes its environment on")]
fn actor() {
    let Ok(words) = std::env::var(WORDS) else { return };
    let words = words.split('\x1f').map(OsString::from).collect();
    let command = keyward_exec::Command::chosen(words, None);
    let environment: Vec<_> = std::env::vars_os().filter(|(name, _)| name != WORDS).collect();
    let path = std::env::var_os("PATH");
    println!("{CURTAIN}");
    let outcome = resolve(command.program(), path.as_deref())
        .and_then(|program| run(&program, &command, &environment));
    println!("actor: {outcome:?}");
}

/// A command line that runs the actor, which becomes `words`.
fn through_us(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap_or_default());
    command.args(["run::actor", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(WORDS, words.join("\x1f")).stdin(Stdio::null());
    command
}

fn directly(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{error}"))
}

/// What the command itself said.
fn said(output: &Output) -> String {
    let all = String::from_utf8_lossy(&output.stdout).into_owned();
    let curtain = format!("{CURTAIN}\n");
    all.split_once(&curtain).map_or(all.clone(), |(_, said)| said.to_owned())
}

/// What the actor said when it could become nothing.
fn refusal(command: &mut Command) -> String {
    let said = said(&output(command));
    said.split_once("actor: ")
        .map_or(said.clone(), |(_, error)| error.lines().next().unwrap_or("").to_owned())
}

fn script(directory: &Path, name: &str, text: &str, mode: u32) -> String {
    let path = directory.join(name);
    fs::write(&path, text).unwrap_or_default();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap_or_default();
    path.display().to_string()
}

#[test]
fn every_exit_code_is_the_commands_own() {
    for code in (0..=255).step_by(15) {
        let status = output(&mut through_us(&["sh", "-c", &format!("exit {code}")])).status;
        assert_eq!(status.code(), Some(code));
    }
}

#[test]
fn a_command_that_dies_of_a_signal_is_seen_to() {
    for signal in ["HUP", "INT", "QUIT", "KILL", "PIPE", "TERM", "USR1"] {
        let words = ["sh", "-c", &format!("ulimit -c 0; kill -{signal} $$")];
        let expected = output(&mut directly(&words)).status;
        assert!(expected.signal().is_some());
        assert_eq!(output(&mut through_us(&words)).status, expected, "{signal}");
    }
}

#[test]
fn the_command_keeps_our_process_id() {
    let mut command = through_us(&["sh", "-c", "echo $$"]);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let expected = format!("{}\n", child.id());
    assert_eq!(said(&child.wait_with_output().unwrap()), expected);
}

#[cfg(target_os = "linux")]
#[test]
fn signals_masks_limits_and_files_are_as_in_a_direct_run() {
    // Signals 1 to 28: among the high ones are two that the C library uses for its threads.
    let look = "sed -nE 's/^(Sig(Blk|Ign|Cgt):.)0.{8}/\\1/p' /proc/self/status; ulimit -a; nice; \
                umask; pwd; ls /proc/self/fd";
    for before in ["true", "trap '' PIPE", "trap '' HUP INT", "ulimit -n 100; umask 027"] {
        let wrapped = |words: Command| {
            let mut shell = Command::new("bash");
            shell.arg("-c").arg(format!("{before}; exec \"$@\"")).arg("bash");
            shell.arg(words.get_program()).args(words.get_args()).stdin(Stdio::null());
            shell.envs(words.get_envs().filter_map(|(name, value)| Some((name, value?))));
            shell
        };
        let words = ["sh", "-c", look];
        let direct = said(&output(&mut wrapped(directly(&words))));
        assert!(direct.contains("SigIgn") && direct.contains("\n2\n"), "{direct}");
        assert_eq!(said(&output(&mut wrapped(through_us(&words)))), direct, "{before}");
    }
}

#[test]
fn argv_and_environment_arrive_byte_for_byte() {
    let odd = "a 'b' \"c\" $d\n\\ é";
    let home = tempfile::tempdir().unwrap();
    let show = "printf '%s|' \"$0\" \"$@\" \"$ODD\"";
    let program = script(home.path(), "show", &format!("#!/bin/sh\n{show}\n"), 0o755);
    let mut command = through_us(&["show", odd, "", "--", "-x"]);
    let path = format!("{}:/usr/bin:/bin", home.path().display());
    let said = said(&output(command.env("PATH", path).env("ODD", odd)));
    assert_eq!(said, format!("{program}|{odd}||--|-x|{odd}|"));
}

#[test]
fn the_program_sees_its_name_as_it_was_typed() {
    let said = said(&output(&mut through_us(&["sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline"])));
    assert!(said.starts_with("sh -c"), "{said}");
}

#[test]
fn a_script_without_a_first_line_is_run_by_the_standard_shell() {
    let home = tempfile::tempdir().unwrap();
    let program = script(home.path(), "bare", "echo \"$1 $2\"; exit 7\n", 0o755);
    let output = output(&mut through_us(&[&program, "one", "two"]));
    assert_eq!((said(&output).as_str(), output.status.code()), ("one two\n", Some(7)));
}

#[test]
fn what_cannot_run_is_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let plain = script(home.path(), "plain", "", 0o644);
    let orphan = script(home.path(), "orphan", "#!/no/such/interpreter\n", 0o755);
    let folder = home.path().display().to_string();
    let missing = format!("{folder}/missing");
    for (program, fact) in [
        (plain.as_str(), "NotExecutable"),
        (folder.as_str(), "NotExecutable"),
        (orphan.as_str(), "InterpreterMissing"),
        (missing.as_str(), "NotFound"),
        ("no-such-program-anywhere", "NotFound"),
    ] {
        let said = refusal(&mut through_us(&[program]));
        assert!(said.starts_with(&format!("Err({fact}")), "{program}: {said}");
    }
}

#[test]
fn arguments_too_long_for_the_system_are_its_own_refusal() {
    let program = Path::new("/bin/sh");
    let long = OsString::from("x".repeat(8 << 20));
    let error = child::replace_process(program, &["sh".into(), long], &[]);
    assert!(matches!(error, ExecError::Refused { .. }), "{error:?}");
}

#[test]
fn a_nul_byte_is_found_before_anything_happens() {
    let word = |text: &str| OsString::from(text);
    let place = |program: &str, argv: &[OsString], environment: &[(OsString, OsString)]| {
        match child::replace_process(Path::new(program), argv, environment) {
            ExecError::Nul(place) => place,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(place("/bin/s\0h", &[], &[]), NulPlace::Program);
    assert_eq!(place("/bin/sh", &[word("sh"), word("a\0b")], &[]), NulPlace::Argument(1));
    let secret = [(word("A"), word("b")), (word("SECRET"), word("hunter\x002"))];
    assert_eq!(place("/bin/sh", &[word("sh")], &secret), NulPlace::Variable(word("SECRET")));
}

#[test]
fn standard_input_is_left_to_the_command() {
    let mut command = through_us(&["sha256sum"]);
    let home = tempfile::tempdir().unwrap();
    let big = script(home.path(), "big", &"0123456789abcdef\n".repeat(200_000), 0o644);
    let direct = output(Command::new("sha256sum").stdin(fs::File::open(&big).unwrap()));
    let ours = output(command.stdin(fs::File::open(&big).unwrap()));
    assert_eq!(said(&ours), String::from_utf8_lossy(&direct.stdout));
}
