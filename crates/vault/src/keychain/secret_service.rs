//! What the keyring crate does not tell about the Secret Service: which items there are without unlocking
//! them, whether it is locked, and what its errors mean.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use secret_service::blocking::{Item, SecretService};
use secret_service::{EncryptionType, Error};

use super::items::{self, Failure};
use super::{Condition, KeychainAbsence};

/// The attributes that the keyring crate gives an item.
const SERVICE: &str = "service";
const USER: &str = "username";
/// A prompt that ended sooner was most likely never shown to anybody.
const QUICKEST_PERSON: Duration = Duration::from_millis(2500);

/// The names of the items of `service`, locked ones included. Unlocks nothing and asks nobody.
pub(super) fn names(service: &str) -> Result<Vec<String>, Failure> {
    let keychain = connect()?;
    let found = keychain.search_items(HashMap::from([(SERVICE, service)])).map_err(refused)?;
    let unlocked = found.unlocked.iter().map(name);
    // A service may hide the names of locked items; then only unlocking would tell.
    let locked = found.locked.iter().map(|item| name(item).map_err(|_| Failure::Locked));
    unlocked.chain(locked).collect()
}

fn name(item: &Item<'_>) -> Result<String, Failure> {
    let mut attributes = item.get_attributes().map_err(refused)?;
    attributes.remove(USER).ok_or(Failure::Locked)
}

/// Whether the default collection is locked.
pub(super) fn condition() -> Condition {
    let locked = connect().and_then(|keychain| {
        keychain.get_default_collection().and_then(|default| default.is_locked()).map_err(refused)
    });
    match locked {
        Ok(true) => Condition::Locked,
        Ok(false) => Condition::Alive,
        Err(_) => Condition::Silent,
    }
}

/// Nothing secret passes here, so the costly key exchange is left out.
fn connect() -> Result<SecretService<'static>, Failure> {
    SecretService::connect(EncryptionType::Plain).map_err(refused)
}

fn refused(error: Error) -> Failure {
    meaning(&error, Duration::ZERO)
}

/// What an error of the keyring crate means, after an operation that took `took`.
pub(super) fn classify(source: &items::Source, took: Duration) -> Failure {
    match source.downcast_ref() {
        Some(error) => meaning(error, took),
        None => Failure::other(source),
    }
}

fn meaning(error: &Error, took: Duration) -> Failure {
    let text = error.to_string();
    match error {
        Error::Locked => Failure::Locked,
        Error::Prompt if took < QUICKEST_PERSON => Failure::Locked,
        Error::Prompt => Failure::Dismissed,
        Error::NoResult => Failure::Absent(KeychainAbsence::NoCollection, text),
        Error::Unavailable => Failure::Absent(KeychainAbsence::NoBus, text),
        Error::Zbus(_) | Error::ZbusFdo(_) => {
            let shown = keyward_creds::text::printable(&text);
            if cannot_connect(error) {
                Failure::Absent(KeychainAbsence::NoBus, shown)
            } else if names_a_missing_service(&text) {
                Failure::Absent(KeychainAbsence::NoService, shown)
            } else if text.contains("org.freedesktop.Secret.Error.IsLocked") {
                Failure::Locked
            } else {
                Failure::Other(shown)
            }
        }
        _ => Failure::other(text),
    }
}

/// The bus's socket is missing, or nobody listens on it.
fn cannot_connect(error: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind).or_else(|| {
            error.downcast_ref::<std::sync::Arc<io::Error>>().map(|error| error.kind())
        });
        if let Some(io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) = kind {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A new item for `name` shows this in the keychain's own window.
pub(super) fn entry(service: &str, name: &str) -> Result<keyring_core::Entry, keyring_core::Error> {
    let label = format!("Keyward: {name}");
    let modifiers = HashMap::from([("label", label.as_str())]);
    keyring_core::Entry::new_with_modifiers(service, name, &modifiers)
}

/// The bus's standard names for "nobody provides this, and nothing could be started to do so".
fn names_a_missing_service(text: &str) -> bool {
    [
        "ServiceUnknown",
        "NameHasNoOwner",
        "Spawn.ServiceNotFound",
        "Spawn.ExecFailed",
        "Spawn.ChildExited",
    ]
    .iter()
    .any(|name| text.contains(&format!("org.freedesktop.DBus.Error.{name}")))
}
