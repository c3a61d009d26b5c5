//! The keychain against a real GNOME Keyring on a bus of its own, and against buses that are missing, empty
//! or dead. The bus is found through the environment, so every case runs in a process of its own.

use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};

use super::*;
use crate::testing::{another_process, installed, label, passes, secret, text_of, variable};

/// Starts a keyring with the password `pw`, and only then runs what comes after.
const WITH_A_KEYRING: &str = r#"printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; exec "$0" "$@""#;
const LOCK: &[&str] = &[
    "--session",
    "--print-reply",
    "--dest=org.freedesktop.secrets",
    "/org/freedesktop/secrets",
    "org.freedesktop.Secret.Service.Lock",
    "array:objpath:/org/freedesktop/secrets/collection/login",
];

fn store() -> KeychainStore {
    KeychainStore::new("keyward-test".to_owned())
}

/// A command whose home, and so whose keyring, is a new directory.
fn in_a_new_home(wrapper: &[&str], test: &str) -> (Command, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let mut command = another_process(wrapper, test);
    command.env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path());
    for name in [
        "XDG_DATA_HOME",
        "XDG_CONFIG_HOME",
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "WAYLAND_DISPLAY",
    ] {
        command.env_remove(name);
    }
    (command, home)
}

fn beside_a_keyring(test: &str) {
    if !installed(&["dbus-run-session", "gnome-keyring-daemon", "dbus-send", "sh"]) {
        return;
    }
    let wrapper = ["dbus-run-session", "--", "sh", "-c", WITH_A_KEYRING];
    let (mut command, _home) = in_a_new_home(&wrapper, test);
    passes(&mut command);
}

fn lock_the_keyring() {
    assert!(Command::new("dbus-send").args(LOCK).output().unwrap().status.success());
}

#[expect(clippy::disallowed_methods, reason = "the deadline is what is tested")]
fn timed<T>(operation: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    (operation(), started.elapsed())
}

#[test]
fn a_real_keyring_keeps_lists_replaces_and_removes() {
    beside_a_keyring("keychain::tests::inner_real_keyring");
}

#[test]
#[ignore = "started by a_real_keyring_keeps_lists_replaces_and_removes"]
fn inner_real_keyring() {
    let store = store();
    store.probe().unwrap();
    assert!(store.labels().unwrap().is_empty());
    assert!(text_of(&store, "prod").is_none());
    store.put(&label("prod"), &secret("one")).unwrap();
    store.put(&label("prod"), &secret("two")).unwrap();
    let bytes = SecretBytes::new((0..=255).collect());
    store.put(&Label::SessionCacheKey, &bytes).unwrap();
    store.put(&label("it's \"odd\" $(x)"), &secret("")).unwrap();
    assert_eq!(text_of(&store, "prod").unwrap(), "two");
    assert_eq!(store.get(&Label::SessionCacheKey).unwrap().unwrap().expose(), bytes.expose());
    assert_eq!(text_of(&store, "it's \"odd\" $(x)").unwrap(), "");
    let all = [label("it's \"odd\" $(x)"), label("prod"), Label::SessionCacheKey];
    assert_eq!(store.labels().unwrap(), all);
    assert!(KeychainStore::new("another".to_owned()).labels().unwrap().is_empty());
    assert!(store.remove(&label("prod")).unwrap());
    assert!(!store.remove(&label("prod")).unwrap());
    assert_eq!(store.labels().unwrap().len(), 2);
}

#[test]
fn a_locked_keyring_is_told_at_once_and_still_lists() {
    beside_a_keyring("keychain::tests::inner_locked_keyring");
}

#[test]
#[ignore = "started by a_locked_keyring_is_told_at_once_and_still_lists"]
fn inner_locked_keyring() {
    let store = store();
    store.put(&label("prod"), &secret("one")).unwrap();
    lock_the_keyring();
    assert_eq!(store.labels().unwrap(), [label("prod")]);
    for number in 0..4 {
        let (refused, took) = timed(|| match number {
            0 => store.get(&label("prod")).unwrap_err(),
            1 => store.put(&label("prod"), &secret("two")).unwrap_err(),
            2 => store.put(&label("new"), &secret("two")).unwrap_err(),
            _ => store.remove(&label("prod")).unwrap_err(),
        });
        assert!(matches!(refused, StoreError::KeychainLocked), "{refused:?}");
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

#[test]
fn without_a_bus_the_keychain_is_absent() {
    let (mut command, home) = in_a_new_home(&[], "keychain::tests::inner_absent");
    let nowhere = format!("unix:path={}/no-such-socket", home.path().display());
    passes(command.env("DBUS_SESSION_BUS_ADDRESS", nowhere).env("KEYWARD_TEST_LACKS", "NoBus"));
    let (mut command, _home) = in_a_new_home(&[], "keychain::tests::inner_absent");
    passes(command.env("KEYWARD_TEST_LACKS", "NoBus"));
}

#[test]
fn a_bus_without_a_keychain_is_told_from_no_bus() {
    if !installed(&["dbus-daemon"]) {
        return;
    }
    // A bus that can start nothing: no service files.
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("bus.conf");
    let rules = r#"<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>"#;
    let listen = format!("unix:path={}/bus", home.path().display());
    std::fs::write(
        &config,
        format!("<busconfig><type>session</type><listen>{listen}</listen>{rules}</busconfig>"),
    )
    .unwrap();
    let mut bus = Command::new("dbus-daemon")
        .arg(format!("--config-file={}", config.display()))
        .args(["--nofork", "--print-address"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    let output = bus.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut address).unwrap();
    let (mut command, _home) = in_a_new_home(&[], "keychain::tests::inner_absent");
    command.env("DBUS_SESSION_BUS_ADDRESS", &listen).env("KEYWARD_TEST_LACKS", "NoService");
    let ended = command.output().unwrap();
    bus.kill().unwrap();
    bus.wait().unwrap();
    assert!(ended.status.success(), "{ended:?}");
}

#[test]
#[ignore = "started by the tests of missing keychains"]
fn inner_absent() {
    let expected = variable("KEYWARD_TEST_LACKS").unwrap();
    let (refused, took) = timed(|| store().probe().unwrap_err());
    match refused {
        StoreError::KeychainAbsent { absence, .. } => assert_eq!(format!("{absence:?}"), expected),
        other => panic!("{other:?}"),
    }
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(matches!(store().labels(), Err(StoreError::KeychainAbsent { .. })));
    assert!(matches!(store().get(&label("prod")), Err(StoreError::KeychainAbsent { .. })));
}

#[test]
fn a_bus_that_never_answers_is_given_up() {
    let (mut command, home) = in_a_new_home(&[], "keychain::tests::inner_hung");
    let socket = home.path().join("bus");
    let _never_accepts = UnixListener::bind(&socket).unwrap();
    let address = format!("unix:path={}", socket.display());
    passes(command.env("DBUS_SESSION_BUS_ADDRESS", address));
}

#[test]
#[ignore = "started by a_bus_that_never_answers_is_given_up"]
fn inner_hung() {
    let store = store();
    let (refused, took) = timed(|| store.get(&label("prod")).unwrap_err());
    assert!(matches!(refused, StoreError::KeychainTimedOut { .. }), "{refused:?}");
    assert!(took < ANSWER_WITHIN + DIAGNOSE_WITHIN + Duration::from_secs(1), "{took:?}");
    // It is not waited for a second time.
    let (refused, took) = timed(|| store.labels().unwrap_err());
    assert!(matches!(refused, StoreError::KeychainTimedOut { .. }), "{refused:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
}
