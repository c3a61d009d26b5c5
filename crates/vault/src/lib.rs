//! Where secrets rest.
//!
//! Read in this order:
//!
//! 1. [`store`]: what a store is, and the labels under which it keeps things;
//! 2. [`vault`]: long-term keys and the session cache's key, as records in whichever store was chosen;
//! 3. [`sealed`]: the one cipher, used by the file store here and by the session cache elsewhere;
//! 4. [`files`]: private directories, atomic writes, locks;
//! 5. [`unlock_cache`]: a key held unlocked by the kernel for a while, so that a warm run asks nobody;
//! 6. the three stores: [`keychain`], [`file_store`] (its format: `FORMAT.md`) and [`helper`] (its
//!    protocol: `HELPER.md`);
//! 7. [`error`]: everything that can go wrong, as facts.
//!
//! Nothing here prints, reads the environment or asks a person: values and a [`PassphraseSource`] come in.

pub mod error;
pub mod file_store;
pub mod files;
pub mod helper;
pub mod keychain;
pub mod sealed;
pub mod store;
#[cfg(test)]
mod testing;
pub mod unlock_cache;
pub mod vault;

pub use error::{Damage, HelperFault, KeychainAbsence, StoreError};
pub use file_store::{AskError, FileStore, PassphraseSource};
pub use files::{FileError, LockFile, UnsafePath};
pub use helper::HelperStore;
pub use keychain::KeychainStore;
pub use sealed::{SealKey, Tampered};
pub use store::{Label, SecretStore, StoreKind};
pub use unlock_cache::{CacheGrade, UnlockCache, UnlockPolicy};
pub use vault::{StoredKey, Totp, Vault};
