//! Which keys are stored: what is known of them without asking the store, and changing them.
//!
//! What is known is a note beside the cached sessions. It goes out of date when the store's stamp changes,
//! and whoever writes it takes turns with the others.

use keyward_creds::{AccessKeyId, ProfileName};
use keyward_session::cache::{KnownKey, KnownKeys, SessionCache};
use keyward_session::resolve::ResolveError;
use keyward_vault::files::{self, LockFile};
use keyward_vault::{StoredKey, Vault};

use super::{App, Failure};

impl App {
    /// The names and ids of stored keys, from the cache or from the store.
    pub(crate) fn known_keys(
        &self,
        cache: &SessionCache,
        vault: &Vault,
    ) -> Result<KnownKeys, Failure> {
        let stamp = vault.stamp();
        match cache.known_keys().filter(|known| known.is_current(stamp.as_deref())) {
            Some(known) => Ok(known),
            None => self.read_known_keys(cache, vault),
        }
    }

    /// The names of stored keys as the store tells them now, with what `before` knows of them.
    pub(crate) fn names_now(&self, vault: &Vault, before: KnownKeys) -> Result<KnownKeys, Failure> {
        // Taken first: a change in between makes the note out of date, not wrong.
        let stamp = vault.stamp();
        Ok(before.limited_to(vault.profiles()?).noted_at(stamp))
    }

    fn read_known_keys(&self, cache: &SessionCache, vault: &Vault) -> Result<KnownKeys, Failure> {
        let known = self.names_now(vault, KnownKeys::default())?;
        cache.remember_keys(&known);
        Ok(known)
    }

    /// Reads the keys whose ids are not known, if the vault file is open: then that asks nobody.
    pub(crate) fn with_ids(
        &self,
        cache: &SessionCache,
        vault: &Vault,
        mut known: KnownKeys,
    ) -> Result<KnownKeys, Failure> {
        let unlocked = self.unlock_cache(vault.kind());
        if unlocked.get(keyward_vault::file_store::UNLOCKED_AS).is_none() {
            return Ok(known);
        }
        let unread: Vec<ProfileName> =
            known.profiles().into_iter().filter(|profile| known.get(profile).is_none()).collect();
        for profile in &unread {
            if let Some(stored) = vault.key(profile)? {
                known.learn(profile, KnownKey::from(&stored));
            }
        }
        if !unread.is_empty() {
            cache.remember_keys(&known);
        }
        Ok(known)
    }

    pub(super) fn key_id(
        &self,
        cache: &SessionCache,
        vault: &Vault,
        known: &KnownKeys,
        holder: &ProfileName,
    ) -> Result<AccessKeyId, Failure> {
        if let Some(key) = known.get(holder) {
            return Ok(key.id.clone());
        }
        let Some(stored) = vault.key(holder)? else {
            cache.forget_keys()?;
            return Err(ResolveError::NoStoredKey { profile: holder.clone() }.into());
        };
        self.learn_key(cache, vault, holder, &stored)?;
        Ok(stored.key.id)
    }

    /// Adds what was read of a key to what is known; processes that learn at once take turns.
    pub(super) fn learn_key(
        &self,
        cache: &SessionCache,
        vault: &Vault,
        profile: &ProfileName,
        stored: &StoredKey,
    ) -> Result<(), Failure> {
        let _turn = self.turn_at_keys();
        let mut known = self.known_keys(cache, vault)?;
        known.learn(profile, KnownKey::from(stored));
        cache.remember_keys(&known);
        Ok(())
    }

    /// The turn of those that change the stored keys, or the note of them. On a disk that cannot be
    /// written there are none, and nothing to change either.
    pub(crate) fn turn_at_keys(&self) -> Option<LockFile> {
        let folder = self.paths.locks();
        files::private_dir(&folder).ok()?;
        LockFile::acquire(&folder.join("keys.lock")).ok()
    }

    /// Changes a stored key by `change`. What was made from the old one goes first: if we are ended
    /// half-way, sessions are missing, and none of the wrong key is served.
    pub(crate) fn change_key(
        &self,
        vault: &Vault,
        profile: &ProfileName,
        sessions_stay: bool,
        change: impl FnOnce(&Vault) -> Result<Option<StoredKey>, Failure>,
    ) -> Result<usize, Failure> {
        let cache = self.open_cache(vault.kind(), vault)?;
        let _turn = self.turn_at_keys();
        let before = self.known_keys(&cache, vault)?;
        if vault.stamp().is_none() {
            // What is noted of a store with a stamp goes out of date by itself.
            cache.forget_keys()?;
        }
        let forgotten = cache.clear(|facts| !sessions_stay && facts.holder == *profile)?;
        let now = change(vault);
        let mut known = self.names_now(vault, before)?;
        if let Ok(Some(stored)) = &now {
            known.learn(profile, KnownKey::from(stored));
        }
        cache.remember_keys(&known);
        now.map(|_| forgotten)
    }
}
