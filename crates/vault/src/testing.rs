//! What tests share: a directory, a store in memory, other processes, and programs that must be there.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use keyward_creds::SecretBytes;

use crate::store::{Label, SecretStore, StoreKind};
use crate::{StoreError, UnlockPolicy};

/// A variable of the environment a test was started in.
#[expect(clippy::disallowed_methods, reason = "tests are told where they run by variables")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// True when all of `programs` are installed. When one is missing, a run that requires everything fails;
/// any other says what is missing, and the test passes without having tested.
pub(crate) fn installed(programs: &[&str]) -> bool {
    let path = variable("PATH").unwrap_or_default();
    let is_there = |program: &str| path.split(':').any(|dir| Path::new(dir).join(program).exists());
    let missing: Vec<&str> = programs.iter().copied().filter(|p| !is_there(p)).collect();
    possible(missing.is_empty(), &missing.join(", "))
}

/// The same rule for anything else that a test needs.
pub(crate) fn possible(is: bool, otherwise: &str) -> bool {
    if !is {
        let all_required = variable("KEYWARD_REQUIRE_ALL").is_some_and(|value| value == "1");
        assert!(!all_required, "{otherwise}");
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        // Past the test runner's capture, so that a skipped test is seen and counted.
        let line = format!("SKIPPED {test}: needs {otherwise}\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    is
}

/// A command, prefixed by `wrapper`, that runs the ignored test `name` of this binary in another process.
pub(crate) fn another_process(wrapper: &[&str], name: &str) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut words: Vec<&str> = wrapper.to_vec();
    words.push(this.to_str().unwrap());
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args([name, "--exact", "--ignored", "--nocapture"]);
    command
}

/// Runs `command`, which must succeed and must have run exactly one test; gives back its output.
pub(crate) fn passes(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("1 passed"), "{stdout}\n{stderr}");
    stdout
}

pub(crate) fn label(profile: &str) -> Label {
    Label::Key(profile.parse().unwrap())
}

pub(crate) fn secret(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

/// What lies under `profile`, as text.
pub(crate) fn text_of(store: &dyn SecretStore, profile: &str) -> Option<String> {
    let found = store.get(&label(profile)).unwrap()?;
    Some(String::from_utf8(found.expose().to_vec()).unwrap())
}

pub(crate) const AN_HOUR: UnlockPolicy = UnlockPolicy {
    idle: std::time::Duration::from_secs(600),
    at_most: std::time::Duration::from_secs(3_600),
};

/// A store that forgets.
#[derive(Default)]
pub(crate) struct Memory(pub(crate) Mutex<BTreeMap<Label, SecretBytes>>);

impl SecretStore for &'static Memory {
    fn kind(&self) -> StoreKind {
        StoreKind::Helper
    }

    fn get(&self, label: &Label) -> Result<Option<SecretBytes>, StoreError> {
        Ok(self.0.lock().unwrap().get(label).cloned())
    }

    fn put(&self, label: &Label, value: &SecretBytes) -> Result<(), StoreError> {
        self.0.lock().unwrap().insert(label.clone(), value.clone());
        Ok(())
    }

    fn remove(&self, label: &Label) -> Result<bool, StoreError> {
        Ok(self.0.lock().unwrap().remove(label).is_some())
    }

    fn labels(&self) -> Result<Vec<Label>, StoreError> {
        Ok(self.0.lock().unwrap().keys().cloned().collect())
    }
}
