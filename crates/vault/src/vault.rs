//! Long-term keys as records in a store.

use std::path::PathBuf;

use jiff::Timestamp;
use keyward_creds::{AccountId, LongTermKey, MfaSerial, ProfileName, Secret};

use crate::files::LockFile;
use crate::sealed::SealKey;
use crate::store::{Label, SecretStore, StoreKind};
use crate::{StoreError, files};

mod record;

pub(crate) use record::WipedBuffer;

/// What is kept for a profile. One record, so that a key and its TOTP seed come and go together.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// The access key.
    pub key: LongTermKey,
    /// The seed of its user's virtual MFA device, when we are to make the codes.
    pub totp: Option<Totp>,
    /// The account, as AWS told it when the key was added.
    pub account: Option<AccountId>,
    /// The user, as AWS told it when the key was added.
    pub user_arn: Option<String>,
    /// When it was added, by this machine's clock.
    pub added: Timestamp,
}

/// A virtual MFA device.
#[derive(Clone, Debug)]
pub struct Totp {
    /// The device as AWS names it.
    pub serial: MfaSerial,
    /// Its seed in base32, as AWS shows it.
    pub seed: Secret,
}

/// The chosen store, seen as keys of profiles.
pub struct Vault {
    store: Box<dyn SecretStore>,
    lock: PathBuf,
}

impl Vault {
    /// A vault over `store`. `lock` is a file in a directory of ours; it is touched only when the session
    /// cache's key is first made.
    pub fn new(store: Box<dyn SecretStore>, lock: PathBuf) -> Self {
        Self { store, lock }
    }

    /// Which kind of store it rests on.
    pub fn kind(&self) -> StoreKind {
        self.store.kind()
    }

    /// Changes whenever the store's content does; `None` where that cannot be told without unlocking.
    pub fn stamp(&self) -> Option<String> {
        self.store.stamp()
    }

    /// The key of `profile`, if one is stored.
    pub fn key(&self, profile: &ProfileName) -> Result<Option<StoredKey>, StoreError> {
        let label = Label::Key(profile.clone());
        self.store.get(&label)?.map(|bytes| record::decode(&label, &bytes)).transpose()
    }

    /// Stores `key` for `profile`, in place of what was there.
    pub fn put_key(&self, profile: &ProfileName, key: &StoredKey) -> Result<(), StoreError> {
        self.store.put(&Label::Key(profile.clone()), &record::encode(key))
    }

    /// Removes the key of `profile`; false when there was none.
    pub fn remove_key(&self, profile: &ProfileName) -> Result<bool, StoreError> {
        self.store.remove(&Label::Key(profile.clone()))
    }

    /// The profiles that have a key, sorted. Reads no key.
    pub fn profiles(&self) -> Result<Vec<ProfileName>, StoreError> {
        let keys = self.store.labels()?.into_iter().filter_map(|label| match label {
            Label::Key(profile) => Some(profile),
            Label::SessionCacheKey => None,
        });
        Ok(keys.collect())
    }

    /// The key that seals cached sessions; made on first use. Of processes that make it at once, one does
    /// and the others take its result.
    pub fn session_cache_key(&self) -> Result<SealKey, StoreError> {
        if let Some(key) = self.stored_cache_key()? {
            return Ok(key);
        }
        if let Some(dir) = self.lock.parent() {
            files::private_dir(dir)?;
        }
        let _turn = LockFile::acquire(&self.lock)?;
        if let Some(key) = self.stored_cache_key()? {
            return Ok(key);
        }
        let key = SealKey::random();
        let bytes = keyward_creds::SecretBytes::new(key.expose().to_vec());
        self.store.put(&Label::SessionCacheKey, &bytes)?;
        Ok(key)
    }

    /// A damaged key is worth no more than none: losing the session cache never matters.
    fn stored_cache_key(&self) -> Result<Option<SealKey>, StoreError> {
        let stored = self.store.get(&Label::SessionCacheKey)?;
        Ok(stored.and_then(|bytes| SealKey::from_slice(bytes.expose())))
    }
}

#[cfg(test)]
mod tests;
