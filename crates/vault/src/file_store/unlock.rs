//! How the vault key is had: from this process's memory, from the kernel's cache, or from a passphrase.

use std::sync::PoisonError;

use keyward_creds::Secret;

use super::container::Container;
use super::slot::{KdfFault, Unwrapped};
use super::{AskError, FileStore, UNLOCKED_AS};
use crate::files::LockFile;
use crate::sealed::SealKey;
use crate::{Damage, StoreError};

/// How often a person may type the passphrase.
const MOST_ATTEMPTS: u32 = 3;

impl FileStore {
    /// The key of `container`. Of processes that need it at once, one asks and derives it; the others
    /// wait and take it from the cache.
    pub(super) fn unlocked(&self, container: &Container) -> Result<SealKey, StoreError> {
        if let Some(key) = self.held(container) {
            return Ok(key);
        }
        // A vault on a read-only or full disk can still be read: then everybody asks for themselves.
        let _turn = LockFile::acquire(&self.beside("unlock")).ok();
        if let Some(key) = self.held(container) {
            return Ok(key);
        }
        let key = self.ask(container)?;
        self.hold(&key);
        Ok(key)
    }

    /// Keeps `key` for the rest of this process, and in the kernel's cache for the next.
    pub(super) fn hold(&self, key: &SealKey) {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        self.cache.put(UNLOCKED_AS, key);
    }

    /// A new passphrase for this vault. An empty one protects nothing and is refused.
    pub(super) fn fresh_passphrase(&self) -> Result<Secret, StoreError> {
        let answer = self.passphrase.fresh(&self.path).map_err(|error| match error {
            AskError::NoTerminal => StoreError::NoTerminalForNew { path: self.path.clone() },
            failed => self.not_asked(failed),
        })?;
        let passphrase = answer.ok_or(StoreError::Declined)?;
        if passphrase.is_empty() { Err(StoreError::EmptyPassphrase) } else { Ok(passphrase) }
    }

    pub(super) fn kdf_fault(&self, fault: KdfFault) -> StoreError {
        match fault {
            KdfFault::NotEnoughMemory { kib } => StoreError::NotEnoughMemory { kib },
            KdfFault::Cost => {
                StoreError::Integrity { path: self.path.clone(), damage: Damage::Cost }
            }
        }
    }

    /// The key that is already at hand, if it is the key of this very vault.
    fn held(&self, container: &Container) -> Option<SealKey> {
        let known = self.key.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fits = |key: &SealKey| container.is_committed_to(key);
        known.filter(fits).or_else(|| self.cache.get(UNLOCKED_AS).filter(fits))
    }

    fn ask(&self, container: &Container) -> Result<SealKey, StoreError> {
        if !container.header().has_passphrase() {
            return Err(StoreError::NoPassphraseSlot { path: self.path.clone() });
        }
        let attempts = if self.passphrase.interactive() { MOST_ATTEMPTS } else { 1 };
        for attempt in 1..=attempts {
            let answer = self
                .passphrase
                .existing(&self.path, attempt)
                .map_err(|error| self.not_asked(error))?;
            let passphrase = answer.ok_or(StoreError::Declined)?;
            match container.header().unwrap(&passphrase).map_err(|e| self.kdf_fault(e))? {
                Unwrapped::Key(key) if container.is_committed_to(&key) => return Ok(key),
                Unwrapped::Key(_) => {
                    let damage = Damage::Sealed;
                    return Err(StoreError::Integrity { path: self.path.clone(), damage });
                }
                Unwrapped::Refused => {}
            }
        }
        Err(StoreError::WrongPassphrase { path: self.path.clone(), attempts })
    }

    fn not_asked(&self, error: AskError) -> StoreError {
        match error {
            AskError::NoTerminal => StoreError::NoTerminal { path: self.path.clone() },
            AskError::Failed { source_text } => StoreError::AskFailed { reason: source_text },
        }
    }
}
