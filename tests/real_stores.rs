use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keyward_testkit::aws::AccessKey;
use keyward_testkit::{FakeAws, Outcome, Sandbox};

use crate::common::real;

const BINARY: &str = env!("CARGO_BIN_EXE_keyward");
const PROGRAMS: [&str; 4] = ["dbus-run-session", "dbus-send", "gnome-keyring-daemon", "sh"];
/// Starts the keychain before anybody asks the bus for it: asking would start a second, locked one.
const KEYCHAIN: &str = "printf %s 'password of the keyring' | \
    gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
echo $DBUS_SESSION_BUS_ADDRESS; read -r never";
/// A keychain that waits for a person is given up after five seconds, and locking is noticed at once.
const SOON: Duration = Duration::from_secs(10);

/// A bus, and on it an unlocked GNOME keyring. Both end when this is dropped.
struct Keychain {
    session: Child,
    address: String,
}

impl Keychain {
    /// Keeps its files in the sandbox.
    fn start(sandbox: &Sandbox, script: &str) -> Self {
        let mut command =
            sandbox.program("dbus-run-session", ["--", "sh", "-c", script]).into_command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut session = command.spawn().unwrap();
        let mut address = String::new();
        BufReader::new(session.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        assert!(address.starts_with("unix:"), "no bus: {address}");
        Self { session, address }
    }

    /// Locks it, as a desktop does when its owner leaves.
    fn lock(&self) {
        let done = Command::new("dbus-send")
            .args(["--session", "--print-reply", "--dest=org.freedesktop.secrets"])
            .args(["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock"])
            .arg("array:objpath:/org/freedesktop/secrets/collection/login")
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .stdout(Stdio::null())
            .status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Keychain {
    fn drop(&mut self) {
        // The script ends with its input, and the bus with the script.
        drop(self.session.stdin.take());
        drop(self.session.wait());
    }
}

/// A world whose only store is a keychain, which nobody has chosen yet.
fn with_keychain() -> (FakeAws, AccessKey, Sandbox, Keychain) {
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let sandbox = Sandbox::new(BINARY).aws(&aws);
    let keychain = Keychain::start(&sandbox, KEYCHAIN);
    let sandbox = sandbox.env("DBUS_SESSION_BUS_ADDRESS", &keychain.address);
    (aws, key, sandbox, keychain)
}

fn add(sandbox: &Sandbox, profile: &str, key: &AccessKey) -> Outcome {
    sandbox.run_with_stdin(["add", profile], &format!("{}\n{}\n", key.id(), key.secret()))
}

fn exec(sandbox: &Sandbox) -> keyward_testkit::Invocation {
    sandbox
        .keyward(["exec", "base", "--", "sh", "-c", "echo ${AWS_ACCESS_KEY_ID%%[0-9]*}"])
        .within(SOON)
}

#[test]
fn a_working_keychain_is_chosen_and_the_whole_journey_goes_through_it() {
    if !real::has(&PROGRAMS) {
        return;
    }
    let (aws, key, sandbox, _keychain) = with_keychain();
    add(&sandbox, "base", &key).success().stderr_has("in the OS keychain");
    let settings = fs::read_to_string(sandbox.home().join(".config/keyward/config.toml")).unwrap();
    assert_eq!(settings, "vault = \"keychain\"\n");
    assert!(!sandbox.home().join(".local/share/keyward/vault").exists());

    let run = sandbox.run(["exec", "base", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"]);
    assert!(run.success().stdout.starts_with("ASIA"), "{}", run.whole());
    aws.forget_calls();
    exec(&sandbox).run().success().quiet();
    assert_eq!(aws.calls().len(), 0, "the second one is served from the cache");

    let second = aws.user("alice").access_key();
    add(&sandbox, "päivi's key", &second).success();
    sandbox.run(["list", "--credentials"]).success().stdout_is("base\npäivi's key\n");
    sandbox.run(["remove", "--force", "päivi's key"]).success();
    sandbox.run(["list", "--credentials"]).success().stdout_is("base\n");
    sandbox.run(["remove", "--force", "base"]).success();
    sandbox.run(["exec", "base", "--", "true"]).exits(120).stderr_has("keyward add base");
}

#[test]
fn a_keychain_is_asked_again_after_lock_and_sessions_survive_that() {
    if !real::has(&PROGRAMS) {
        return;
    }
    let (aws, key, sandbox, _keychain) = with_keychain();
    add(&sandbox, "base", &key).success();
    exec(&sandbox).run().success();
    sandbox.run(["lock"]).success();
    aws.forget_calls();
    exec(&sandbox).run().success().quiet();
    assert_eq!(aws.calls().len(), 0);
}

#[test]
fn a_warm_exec_does_not_even_look_for_the_keychain() {
    if !real::has(&PROGRAMS) || !real::has_kernel_keyring() || !real::has(&["strace"]) {
        return;
    }
    let (_aws, key, sandbox, _keychain) = with_keychain();
    add(&sandbox, "base", &key).success();
    exec(&sandbox).run().success();
    let connections = |name: &str| {
        let log = sandbox.root().join(name);
        let log = log.to_str().unwrap();
        let traced = ["-f", "-e", "trace=connect", "-o", log, BINARY, "exec", "base", "--", "true"];
        sandbox.program("strace", traced).run().success();
        fs::read_to_string(log).unwrap().matches("connect(").count()
    };
    assert_eq!(connections("warm"), 0);
    sandbox.run(["lock"]).success();
    assert!(connections("cold") > 0, "the keychain is asked when nothing is held unlocked");
    exec(&sandbox).env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere").run().success().quiet();
}

#[test]
fn a_locked_keychain_shows_its_names_and_says_how_to_unlock_it() {
    if !real::has(&PROGRAMS) {
        return;
    }
    let (aws, key, sandbox, keychain) = with_keychain();
    add(&sandbox, "base", &key).success();
    sandbox.run(["lock"]).success();
    keychain.lock();
    aws.forget_calls();
    exec(&sandbox).run().exits(121).shows(
        "
        $ keyward exec base -- sh -c echo ${AWS_ACCESS_KEY_ID%%[0-9]*}
        ! error: the keychain is locked
        ! hint: unlock it with your desktop's keychain program
        [exit 121]
        ",
    );
    assert_eq!(aws.calls().len(), 0);
    let list = sandbox.keyward(["list", "--json"]).within(SOON).run();
    let list = list.success().json();
    assert_eq!(list["locked"], true);
    assert_eq!(list["profiles"][0]["profile"], "base");
    assert!(list["profiles"][0]["key"].is_object(), "{list}");
    let names = sandbox.keyward(["list", "--credentials"]).within(SOON).run();
    names.success().stdout_is("base\n");
    let sessions = sandbox.keyward(["list", "--sessions"]).within(SOON).run();
    sessions.exits(121).stderr_has("the keychain is locked");
    let listing = sandbox.keyward(["list"]).within(SOON).run();
    listing.success().stdout_has("base").stderr_has("locked");
    let input = format!("{}\n{}\n", key.id(), key.secret());
    let adding = sandbox.keyward(["add", "other"]).stdin(input).within(SOON).run();
    adding.exits(121).stderr_has("the keychain is locked");
    sandbox.keyward(["remove", "--force", "base"]).within(SOON).run().exits(121);
}

#[test]
fn a_keychain_that_is_only_locked_is_no_reason_to_choose_a_file() {
    if !real::has(&PROGRAMS) {
        return;
    }
    let (_aws, key, sandbox, keychain) = with_keychain();
    keychain.lock();
    let input = format!("{}\n{}\n", key.id(), key.secret());
    let adding = sandbox.keyward(["add", "base"]).env("KEYWARD_PASSPHRASE", "a passphrase at hand");
    let run = adding.stdin(input).within(SOON).run();
    run.exits(121).stderr_has("the keychain is locked");
    assert!(!sandbox.home().join(".local/share/keyward/vault").exists());
    assert!(!sandbox.home().join(".config/keyward/config.toml").exists());
}

#[test]
fn a_bus_without_a_keychain_and_no_bus_at_all_are_told_apart_from_a_locked_one() {
    if !real::has(&PROGRAMS) {
        return;
    }
    let (_aws, key, sandbox, keychain) = with_keychain();
    add(&sandbox, "base", &key).success();
    sandbox.run(["lock"]).success();
    drop(keychain);
    let run = exec(&sandbox).run();
    run.exits(125).stderr_has("error: there is no keychain here: ");
    run.stderr_has("hint: start a Secret Service");
    let run = exec(&sandbox).without_env("DBUS_SESSION_BUS_ADDRESS").run();
    run.exits(125).stderr_has("there is no keychain here");
    sandbox.keyward(["list", "--credentials"]).within(SOON).run().exits(125).stdout_is("");
}

/// GnuPG and pass, set up in the sandbox; the agent ends when this is dropped.
struct Pass<'a> {
    sandbox: &'a Sandbox,
}

impl<'a> Pass<'a> {
    fn set_up(sandbox: &'a Sandbox) -> Self {
        let pass = Self { sandbox };
        let key = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""];
        let key = [&key[..], &["--quick-gen-key", "me@example.invalid", "default", "default", "0"]];
        sandbox.program("gpg", key.concat()).run().success();
        sandbox.program("pass", ["init", "me@example.invalid"]).run().success();
        pass
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut stop = self.sandbox.program("gpgconf", ["--kill", "all"]).into_command();
        drop(stop.status());
    }
}

#[test]
fn pass_can_be_the_store() {
    if !real::has(&["pass", "gpg", "gpgconf", "python3"]) {
        return;
    }
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let helper =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../contrib/store-helpers/keyward-store-pass");
    let sandbox = Sandbox::new(BINARY).aws(&aws);
    // Not `.gnupg`: that one's sockets would lie in the real user's runtime folder.
    let gnupg = sandbox.write("gnupg/gpg.conf", "").parent().unwrap().to_owned();
    let sandbox = sandbox.env("GNUPGHOME", gnupg);
    let _pass = Pass::set_up(&sandbox);
    let settings = format!("vault = \"helper\"\nhelper = [\"{helper}\"]\n");
    sandbox.write("home/.config/keyward/config.toml", settings);

    add(&sandbox, "base", &key)
        .success()
        .stderr_has("in the helper ")
        .stderr_has("keyward-store-pass");
    let second = aws.user("alice").access_key();
    add(&sandbox, "../päivi's key", &second).success();
    sandbox.run(["list", "--credentials"]).success().stdout_is("../päivi's key\nbase\n");
    exec(&sandbox).run().success();
    sandbox.run(["lock"]).success();
    aws.forget_calls();
    exec(&sandbox).run().success().quiet();
    assert_eq!(aws.calls().len(), 0);
    sandbox.run(["exec", "../päivi's key", "--", "true"]).success();

    let items = sandbox.program("pass", ["ls", "keyward"]).run();
    items.success();
    sandbox.run(["remove", "--force", "base"]).success();
    sandbox.run(["list", "--credentials"]).success().stdout_is("../päivi's key\n");
    sandbox.run(["exec", "base", "--", "true"]).exits(120);
    assert!(!sandbox.home().join(".local/share/keyward/vault").exists());
}

#[test]
fn a_helper_that_fails_is_told_by_its_name_with_its_own_words() {
    if !real::has(&["pass", "python3"]) {
        return;
    }
    let aws = FakeAws::start();
    let key = aws.user("alice").access_key();
    let helper =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../contrib/store-helpers/keyward-store-pass");
    let sandbox = Sandbox::new(BINARY).aws(&aws);
    let settings = format!("vault = \"helper\"\nhelper = [\"{helper}\"]\n");
    sandbox.write("home/.config/keyward/config.toml", settings);
    // Nobody has run `pass init`.
    let run = add(&sandbox, "base", &key);
    run.exits(125).stderr_has("keyward-store-pass").stderr_has("pass insert ended with 1");
    sandbox
        .write("home/.config/keyward/config.toml", "vault = \"helper\"\nhelper = [\"/no/such\"]\n");
    add(&sandbox, "base", &key)
        .exits(125)
        .stderr_has("hint: install `/no/such`, or correct `helper`");
}
