//! Secrets in the operating system's keychain: macOS Keychain, Windows Credential Manager, or the Secret
//! Service (GNOME Keyring, KWallet, KeePassXC).
//!
//! A keychain may hang, or wait for a person, so every operation runs on a thread of its own and is given
//! up after a deadline. An abandoned thread holds nothing but its own copy of what it was given; if it was
//! writing, a keychain that comes back to life may still take the value.
//!
//! Limits that are not ours: Windows takes at most 2,560 bytes per item (a record of ours has some 400),
//! and the buffers of the D-Bus and keychain libraries are not wiped.

mod items;
#[cfg(any(test, windows, target_os = "macos"))]
mod native;
#[cfg(not(any(windows, target_os = "macos")))]
mod secret_service;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use keyward_creds::SecretBytes;

use self::items::Failure;
#[cfg(any(windows, target_os = "macos"))]
use self::native as platform;
#[cfg(not(any(windows, target_os = "macos")))]
use self::secret_service as platform;
use crate::sealed::fill_random;
use crate::store::{Label, SecretStore, StoreKind, known_labels};
use crate::{KeychainAbsence, StoreError};

/// How long a keychain may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long it may take to say whether it is locked.
const DIAGNOSE_WITHIN: Duration = Duration::from_secs(1);

/// The keychain of the person who runs us. Nothing is touched before the first use.
pub struct KeychainStore {
    service: String,
    person_within: Duration,
    hangs: AtomicBool,
}

/// How a keychain stands that has not answered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    /// It is locked, and perhaps asking a person.
    Locked,
    /// It is not known to be locked, and perhaps asking a person whether we may.
    Alive,
    /// It says nothing at all.
    Silent,
}

impl KeychainStore {
    /// The items under the service name `service`; ours is `keyward`.
    ///
    /// A keychain that would ask a person is given up after five seconds: see
    /// [`KeychainStore::wait_for_person`].
    pub fn new(service: String) -> Self {
        Self { service, person_within: Duration::ZERO, hangs: AtomicBool::new(false) }
    }

    /// Gives a person `person_within` more to answer the keychain's own dialog, when the keychain is alive
    /// but slow. Only where there is a person. A dead keychain is still given up after five seconds.
    pub fn wait_for_person(mut self, person_within: Duration) -> Self {
        self.person_within = person_within;
        self
    }

    /// Finds out whether this keychain really works: stores a random value, reads it back, removes it.
    pub fn probe(&self) -> Result<(), StoreError> {
        let mut random = [0; 16];
        fill_random(&mut random);
        let name = format!("probe/{}", u128::from_le_bytes(random));
        let service = self.service.clone();
        self.within_deadline(None, move || {
            items::put(&service, &name, &random)?;
            let read = items::get(&service, &name);
            items::remove(&service, &name)?;
            Ok(read?.is_some_and(|bytes| bytes == random))
        })?
        .then_some(())
        .ok_or(StoreError::KeychainForgets)
    }

    /// Runs `operation` on its own thread, and waits as long as a keychain may take.
    fn within_deadline<T: Send + 'static>(
        &self,
        label: Option<&Label>,
        operation: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        if self.hangs.load(Ordering::Relaxed) {
            return Err(StoreError::KeychainTimedOut { waited: ANSWER_WITHIN });
        }
        let answer = on_a_thread(operation)?;
        let result = match answer.recv_timeout(ANSWER_WITHIN) {
            Err(RecvTimeoutError::Timeout) => self.wait_longer(&answer)?,
            answered => answered.unwrap_or_else(|_| Err(Failure::Other("crashed".to_owned()))),
        };
        result.map_err(|failure| failure.concerning(label))
    }

    /// What to make of a keychain that has not answered in time.
    fn wait_longer<T>(
        &self,
        answer: &Receiver<Result<T, Failure>>,
    ) -> Result<Result<T, Failure>, StoreError> {
        let condition = condition();
        if condition != Condition::Silent
            && let Ok(result) = answer.recv_timeout(self.person_within)
        {
            return Ok(result);
        }
        if condition == Condition::Locked {
            return Err(StoreError::KeychainLocked);
        }
        self.hangs.store(true, Ordering::Relaxed);
        let more =
            if condition == Condition::Silent { DIAGNOSE_WITHIN } else { self.person_within };
        Err(StoreError::KeychainTimedOut { waited: ANSWER_WITHIN + more })
    }
}

/// Starts `operation` on a thread; its result comes through the channel.
fn on_a_thread<T: Send + 'static>(
    operation: impl FnOnce() -> T + Send + 'static,
) -> Result<Receiver<T>, StoreError> {
    let (result, answer) = mpsc::channel();
    thread::Builder::new()
        .name("keychain".to_owned())
        .spawn(move || {
            // Nobody listens any more once the deadline is past.
            let _ = result.send(operation());
        })
        .map_err(|error| StoreError::KeychainFailed { reason: error.to_string() })?;
    Ok(answer)
}

/// Asks the keychain how it stands, without unlocking anything.
fn condition() -> Condition {
    on_a_thread(platform::condition)
        .ok()
        .and_then(|answer| answer.recv_timeout(DIAGNOSE_WITHIN).ok())
        .unwrap_or(Condition::Silent)
}

impl SecretStore for KeychainStore {
    fn kind(&self) -> StoreKind {
        StoreKind::Keychain
    }

    fn get(&self, label: &Label) -> Result<Option<SecretBytes>, StoreError> {
        let (service, name) = (self.service.clone(), label.to_string());
        let found = self.within_deadline(Some(label), move || {
            Ok(items::get(&service, &name)?.map(SecretBytes::new))
        })?;
        Ok(found)
    }

    fn put(&self, label: &Label, value: &SecretBytes) -> Result<(), StoreError> {
        let (service, name, value) = (self.service.clone(), label.to_string(), value.clone());
        self.within_deadline(Some(label), move || items::put(&service, &name, value.expose()))
    }

    fn remove(&self, label: &Label) -> Result<bool, StoreError> {
        let (service, name) = (self.service.clone(), label.to_string());
        self.within_deadline(Some(label), move || items::remove(&service, &name))
    }

    /// Searches by service name; reads no secret, and where the system allows unlocks nothing.
    fn labels(&self) -> Result<Vec<Label>, StoreError> {
        let service = self.service.clone();
        Ok(known_labels(self.within_deadline(None, move || platform::names(&service))?))
    }
}
