//! Helpers that behave, helpers that do not, and the real `pass`.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::testing::{installed, label, secret, text_of, variable};

/// The variable without which a script finds no programs.
fn path() -> (OsString, OsString) {
    ("PATH".into(), variable("PATH").unwrap().into())
}

/// A helper that is this shell script. Its directory goes away with it.
struct Script(tempfile::TempDir);

impl Script {
    fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("helper");
        let mut file = std::fs::File::create(&path).unwrap();
        writeln!(file, "#!/bin/sh\n{text}").unwrap();
        file.set_permissions(PermissionsExt::from_mode(0o700)).unwrap();
        Self(dir)
    }

    fn store(&self) -> HelperStore {
        // Through the shell, so that writing and starting the file cannot collide ("text file busy").
        let script = self.0.path().join("helper");
        HelperStore::new("/bin/sh".into(), vec![script.into()], vec![path()])
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.0.path().join(file)).unwrap()
    }
}

/// What a helper that answers `script` did wrong.
fn fault_of(script: &str) -> HelperFault {
    match Script::new(script).store().get(&label("prod")).unwrap_err() {
        StoreError::Helper { fault, program } => {
            assert_eq!(program, "/bin/sh");
            fault
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_and_replies_are_as_the_protocol_has_them() {
    let keep = r#"cat > "$(dirname "$0")/request"; echo "$REPLY""#;
    let cases: [(&str, &str); 4] = [
        (
            r#"{"keyward":1,"value":"b25l"}"#,
            r#"{"keyward":1,"do":"get","label":"key/it's \"odd\""}"#,
        ),
        (
            r#"{"keyward":1,"stored":true}"#,
            r#"{"keyward":1,"do":"put","label":"key/it's \"odd\"","value":"dHdv"}"#,
        ),
        (
            r#"{"keyward":1,"deleted":false}"#,
            r#"{"keyward":1,"do":"delete","label":"key/it's \"odd\""}"#,
        ),
        (
            r#"{"keyward":1,"labels":["key/b","from a later version","key/a"]}"#,
            r#"{"keyward":1,"do":"list"}"#,
        ),
    ];
    for (number, (reply, request)) in cases.into_iter().enumerate() {
        let script = Script::new(&keep.replace("$REPLY", &reply.replace('"', "\\\"")));
        let store = script.store();
        let odd = label("it's \"odd\"");
        match number {
            0 => assert_eq!(text_of(&store, "it's \"odd\"").unwrap(), "one"),
            1 => store.put(&odd, &secret("two")).unwrap(),
            2 => assert!(!store.remove(&odd).unwrap()),
            _ => assert_eq!(store.labels().unwrap(), [label("a"), label("b")]),
        }
        assert_eq!(script.read("request"), format!("{request}\n"));
    }
}

#[test]
fn nothing_under_a_label_is_not_a_fault() {
    let script = Script::new(r#"echo '{"keyward":1,"value":null}'"#);
    assert!(script.store().get(&label("prod")).unwrap().is_none());
}

#[test]
fn every_misbehaviour_has_its_name() {
    assert!(matches!(fault_of("exit 3"), HelperFault::Exited(Some(3))));
    assert!(matches!(fault_of("kill -9 $$"), HelperFault::Exited(None)));
    assert!(matches!(fault_of(r#"echo '{"keyward":2}'"#), HelperFault::OtherVersion(2)));
    for reply in [
        "",
        "hello",
        "[]",
        "{}",
        r#"{"keyward":1}"#,
        r#"{"keyward":1,"value":7}"#,
        r#"{"keyward":1,"value":"not base64!"}"#,
        r#"{"keyward":1,"labels":[]}"#,
        "{\"keyward\":1,\"value\":null}\n{}",
    ] {
        let fault = fault_of(&format!("printf '%s\\n' '{reply}'"));
        assert!(matches!(fault, HelperFault::NotUnderstood), "{reply}: {fault:?}");
    }
    let fault = fault_of(r#"printf '{"keyward":1,"error":"\\u001b[31mno key"}\n'; exit 1"#);
    assert!(matches!(&fault, HelperFault::Refused(reason) if reason == "?[31mno key"), "{fault:?}");
    let fault = fault_of("head -c 2000000 /dev/zero");
    assert!(matches!(fault, HelperFault::ReplyTooLarge(_)), "{fault:?}");
}

#[test]
fn a_helper_that_is_missing_or_no_program_is_told() {
    let fault = |program: &Path| {
        let store = HelperStore::new(program.to_owned(), Vec::new(), vec![path()]);
        match store.labels().unwrap_err() {
            StoreError::Helper { fault, program: told } => {
                assert_eq!(Path::new(&told), program);
                fault
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(fault(Path::new("/no/such/program")), HelperFault::NotFound));
    assert!(matches!(fault(Path::new("")), HelperFault::NotFound));
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(fault(dir.path()), HelperFault::NotStarted(_)));
}

#[test]
fn a_helper_sees_the_given_environment_and_nothing_of_ours() {
    assert!(variable("CARGO_MANIFEST_DIR").is_some(), "the test itself has more");
    let script =
        Script::new(r#"env > "$(dirname "$0")/environment"; echo '{"keyward":1,"labels":[]}'"#);
    let environment = vec![path(), ("LANGUAGE".into(), "de".into())];
    let arguments = vec![script.0.path().join("helper").into()];
    HelperStore::new("/bin/sh".into(), arguments, environment).labels().unwrap();
    let seen = script.read("environment");
    let mut names: Vec<&str> =
        seen.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    // A shell's own.
    names.retain(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name));
    names.sort_unstable();
    assert_eq!(names, ["LANGUAGE", "PATH"], "{seen}");
    assert!(seen.contains("LANGUAGE=de\n"), "{seen}");
}

#[test]
fn a_helper_that_reads_nothing_is_judged_by_its_reply() {
    let large = SecretBytes::new(vec![0; 300_000]);
    let script = Script::new(r#"exec <&-; echo '{"keyward":1,"stored":true}'"#);
    script.store().put(&label("prod"), &large).unwrap();
}

#[test]
fn a_helper_that_hangs_is_ended_at_its_deadline() {
    for script in ["echo; exec sleep 1000", "exec sleep 1000"] {
        let store =
            HelperStore::new("/bin/sh".into(), vec!["-c".into(), script.into()], vec![path()]);
        let fault = run::helper_within(&store, b"\n", std::time::Duration::from_millis(50));
        assert!(matches!(fault, Err(HelperFault::TimedOut(_))), "{fault:?}");
    }
}

/// A password store of its own, with a key that has no passphrase.
struct Pass(tempfile::TempDir);

impl Pass {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("gnupg")).unwrap();
        std::fs::set_permissions(home.path().join("gnupg"), PermissionsExt::from_mode(0o700))
            .unwrap();
        let pass = Self(home);
        let user = "ci <ci@example.invalid>";
        let make = ["--quick-gen-key", user, "default", "default", "0"];
        let quiet = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""];
        pass.run(Command::new("gpg").args(quiet).args(make));
        pass.run(Command::new("pass").args(["init", "ci@example.invalid"]));
        pass
    }

    fn variables(&self) -> [(OsString, OsString); 3] {
        let home = self.0.path();
        [
            ("HOME".into(), home.into()),
            ("GNUPGHOME".into(), home.join("gnupg").into()),
            ("PASSWORD_STORE_DIR".into(), home.join("store").into()),
        ]
    }

    fn run(&self, command: &mut Command) {
        let output = command.envs(self.variables()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn store(&self) -> HelperStore {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../contrib/store-helpers/keyward-store-pass");
        let environment = self.variables().into_iter().chain([path()]).collect();
        HelperStore::new(shipped, Vec::new(), environment)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut end = Command::new("gpgconf");
        let _ = end.env("GNUPGHOME", self.0.path().join("gnupg")).args(["--kill", "all"]).status();
    }
}

#[test]
fn the_shipped_helper_keeps_secrets_in_pass_whatever_their_labels() {
    if !installed(&["pass", "gpg", "gpgconf", "python3", "env"]) {
        return;
    }
    let pass = Pass::new();
    let store = pass.store();
    assert!(store.labels().unwrap().is_empty());
    assert!(text_of(&store, "prod").is_none());
    let long = "ü".repeat(128);
    let hostile = [
        "prod",
        "../../../escape",
        "a/b",
        "$(touch x) `y`",
        ". .",
        "=2F",
        "-e".trim_start_matches('-'),
        &long,
    ];
    for name in hostile {
        store.put(&label(name), &secret("first")).unwrap();
        store.put(&label(name), &secret(name)).unwrap();
    }
    for name in hostile {
        assert_eq!(text_of(&store, name).unwrap(), name);
    }
    let mut expected: Vec<Label> = hostile.iter().map(|name| label(name)).collect();
    expected.sort();
    assert_eq!(store.labels().unwrap(), expected);
    let mut outside: Vec<_> = std::fs::read_dir(pass.0.path().join("store"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    outside.sort();
    assert_eq!(outside, [".gpg-id", "keyward"]);
    let bytes = SecretBytes::new((0..=255).collect());
    store.put(&Label::SessionCacheKey, &bytes).unwrap();
    assert_eq!(store.get(&Label::SessionCacheKey).unwrap().unwrap().expose(), bytes.expose());
    for name in hostile {
        assert!(store.remove(&label(name)).unwrap());
        assert!(!store.remove(&label(name)).unwrap());
    }
    assert_eq!(store.labels().unwrap(), [Label::SessionCacheKey]);
}
