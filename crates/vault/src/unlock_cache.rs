//! A key held unlocked for a while by the Linux kernel, in the session keyring.
//!
//! Only 32-byte keys go there. The kernel forgets one after the idle time; a hard end, kept beside the
//! key, is never passed. Where the kernel refuses, or elsewhere than on Linux, there is just no cache.
//!
//! The kernel never has the key itself but the key masked with a file that only its owner can read. That
//! stops another user's process in the same session, which `su` and `sudo` leave the keyring to, and whoever
//! has a copy of the vault and what the keyring holds. Such a process can still take the payload away or spoil
//! it, which only means asking again. It does not stop a process of the same user, or the administrator: they
//! read file and keyring as we do.

use std::path::PathBuf;
use std::time::Duration;

use crate::sealed::SealKey;

#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod mask;
#[cfg(not(target_os = "linux"))]
mod nowhere;
#[cfg(not(target_os = "linux"))]
use nowhere as kernel;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

/// How long a key stays unlocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnlockPolicy {
    /// Forgotten when unused for so long. Kept to the second, rounded up.
    pub idle: Duration,
    /// Forgotten so long after it was put, used or not. Time in which the machine sleeps counts.
    pub at_most: Duration,
}

/// How well the cache keeps what it is given. `doctor` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheGrade {
    /// Switched off.
    Off,
    /// The kernel refuses, or has no such thing.
    Unavailable,
    /// A keyring that belongs to this login session alone.
    LoginSession,
    /// The user's default keyring, shared by every process of the user that has no login session.
    SharedDefault,
}

/// A key cache under a scope: two vaults with different scopes never see each other's keys.
#[derive(Clone, Debug)]
pub struct UnlockCache {
    settings: Option<Settings>,
}

#[derive(Clone, Debug)]
struct Settings {
    scope: String,
    policy: UnlockPolicy,
    mask: PathBuf,
}

impl UnlockCache {
    /// A cache under `scope`, for instance the path of the vault. `mask` is the file that masks its keys: 32
    /// random bytes, made when a key is first put. Its directory becomes ours alone: see
    /// [`crate::files::private_dir`]. Without that file every key is lost.
    ///
    /// A policy of zero time keeps nothing and finds nothing, but still forgets.
    pub fn new(scope: String, policy: UnlockPolicy, mask: PathBuf) -> Self {
        Self { settings: Some(Settings { scope, policy, mask }) }
    }

    /// A cache that keeps nothing and knows of nothing to forget.
    pub fn disabled() -> Self {
        Self { settings: None }
    }

    /// The key under `name`, if it is still held. Its idle time begins anew; its hard end stays.
    pub fn get(&self, name: &str) -> Option<SealKey> {
        let settings = self.keeping()?;
        kernel::get(&settings.description(name), settings.policy, &settings.mask)
    }

    /// Holds `key` under `name` from now on; false when that is not possible here.
    pub fn put(&self, name: &str, key: &SealKey) -> bool {
        self.keeping().is_some_and(|settings| {
            kernel::put(&settings.description(name), key, settings.policy, &settings.mask)
        })
    }

    /// Forgets the key under `name` at once, whatever the policy; false when none was held.
    pub fn forget(&self, name: &str) -> bool {
        self.settings.as_ref().is_some_and(|settings| kernel::forget(&settings.description(name)))
    }

    /// How well this cache keeps keys here.
    pub fn grade(&self) -> CacheGrade {
        if self.keeping().is_some() { kernel::grade() } else { CacheGrade::Off }
    }

    /// The settings, if they allow any time at all.
    fn keeping(&self) -> Option<&Settings> {
        self.settings
            .as_ref()
            .filter(|Settings { policy, .. }| !policy.idle.is_zero() && !policy.at_most.is_zero())
    }
}

impl Settings {
    /// The name the kernel knows: a hash, because everybody may read `/proc/keys`.
    fn description(&self, name: &str) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        hash.update(b"keyward unlock cache 1\0");
        hash.update((self.scope.len() as u64).to_le_bytes());
        hash.update(self.scope.as_bytes());
        hash.update(name.as_bytes());
        let digest = hash.finalize();
        let mut text = String::from("keyward:");
        for byte in digest.iter().take(16) {
            text.push(char::from(b"0123456789abcdef"[usize::from(byte >> 4)]));
            text.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        }
        text
    }
}
