//! Single items of the keychain, through the keyring crate, and what its errors mean.

use keyring_core::{Entry, Error};
use keyward_creds::text::printable;

use super::{KeychainAbsence, platform};
use crate::StoreError;
use crate::store::Label;

/// What went wrong with an item, before it is known for which label.
#[derive(Debug)]
pub(super) enum Failure {
    Absent(KeychainAbsence, String),
    Locked,
    Dismissed,
    Ambiguous,
    TooLong { what: String, limit: u32 },
    Other(String),
}

impl Failure {
    pub(super) fn concerning(self, label: Option<&Label>) -> StoreError {
        match (self, label) {
            (Self::Absent(absence, reason), _) => StoreError::KeychainAbsent { absence, reason },
            (Self::Locked, _) => StoreError::KeychainLocked,
            (Self::Dismissed, _) => StoreError::KeychainDismissed,
            (Self::Ambiguous, Some(label)) => {
                StoreError::KeychainAmbiguous { label: label.clone() }
            }
            (Self::Ambiguous, None) => {
                StoreError::KeychainFailed { reason: "several items match".to_owned() }
            }
            (Self::TooLong { what, limit }, _) => StoreError::KeychainTooLong { what, limit },
            (Self::Other(reason), _) => StoreError::KeychainFailed { reason },
        }
    }

    /// Text of another program, made safe to show.
    pub(super) fn other(reason: impl ToString) -> Self {
        Self::Other(printable(&reason.to_string()))
    }
}

pub(super) fn get(service: &str, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    match attempt(|| entry(service, name)?.get_secret()) {
        Ok(secret) => Ok(Some(secret)),
        Err(Outcome::NoEntry) => Ok(None),
        Err(Outcome::Failed(failure)) => Err(failure),
    }
}

pub(super) fn put(service: &str, name: &str, value: &[u8]) -> Result<(), Failure> {
    attempt(|| entry(service, name)?.set_secret(value)).map_err(|outcome| match outcome {
        Outcome::NoEntry => Failure::Other("item vanished while it was written".to_owned()),
        Outcome::Failed(failure) => failure,
    })
}

pub(super) fn remove(service: &str, name: &str) -> Result<bool, Failure> {
    match attempt(|| entry(service, name)?.delete_credential()) {
        Ok(()) => Ok(true),
        Err(Outcome::NoEntry) => Ok(false),
        Err(Outcome::Failed(failure)) => Err(failure),
    }
}

/// What an operation came to, when it did not succeed.
pub(super) enum Outcome {
    NoEntry,
    Failed(Failure),
}

/// Runs a keyring operation and reads its error. How long it took is part of the meaning: a prompt that
/// ended at once was shown to nobody.
pub(super) fn attempt<T>(operation: impl FnOnce() -> Result<T, Error>) -> Result<T, Outcome> {
    #[expect(clippy::disallowed_methods, reason = "measures its own waiting")]
    let started = std::time::Instant::now();
    operation().map_err(|error| match error {
        Error::NoEntry => Outcome::NoEntry,
        Error::Ambiguous(_) => Outcome::Failed(Failure::Ambiguous),
        Error::TooLong(what, limit) => Outcome::Failed(Failure::TooLong { what, limit }),
        Error::NoDefaultStore => Outcome::Failed(why_not_opened(started.elapsed())),
        Error::PlatformFailure(source) | Error::NoStorageAccess(source) => {
            Outcome::Failed(platform::classify(&*source, started.elapsed()))
        }
        // Their `Display` shows no secret; their `Debug` would.
        other => Outcome::Failed(Failure::other(other)),
    })
}

/// Opens the system's keychain, once per process.
pub(super) fn opened() -> Result<(), Error> {
    match keyring::Entry::store_status() {
        Ok(()) => Ok(()),
        // The real error can only be borrowed: `why_not_opened` reads it.
        Err(_) => Err(Error::NoDefaultStore),
    }
}

fn why_not_opened(took: std::time::Duration) -> Failure {
    match keyring::Entry::store_status() {
        Err(Error::PlatformFailure(source) | Error::NoStorageAccess(source)) => {
            platform::classify(&**source, took)
        }
        Err(other) => Failure::other(other),
        Ok(()) => Failure::Other("not opened".to_owned()),
    }
}

fn entry(service: &str, name: &str) -> Result<Entry, Error> {
    opened()?;
    platform::entry(service, name)
}

/// The box in which the keyring crate hides what its store said.
pub(super) type Source = dyn std::error::Error + Send + Sync + 'static;
