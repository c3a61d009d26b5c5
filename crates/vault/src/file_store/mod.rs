//! Secrets in one encrypted file. `FORMAT.md` has the format byte by byte.
//!
//! Read [`FileStore`] first, then `unlock` (how the key is had), `container` (the file as bytes), `slot`
//! (a way of unlocking) and `entries` (what is inside).
//!
//! Beside the vault `v` lie `v.prev`, the generation before, and two lock files: `v.lock` for writers and
//! `v.unlock` for the process that derives the key. Readers take no lock, because a write is a rename.

mod bytes;
mod container;
mod entries;
mod slot;
#[cfg(test)]
mod tests;
mod unlock;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use keyward_creds::{Secret, SecretBytes};

use self::container::{Container, Header};
use self::entries::Entries;
use self::slot::KdfCost;
use crate::files::{self, LockFile};
use crate::sealed::SealKey;
use crate::store::{Label, SecretStore, StoreKind, known_labels};
use crate::{StoreError, UnlockCache};

/// The vault key's name in the unlock cache, for `lock` to forget.
pub const UNLOCKED_AS: &str = "vault-key";
/// The largest vault file: some ten thousand keys.
const LARGEST_VAULT: u64 = 8 << 20;
/// How often a vault that is replaced under our hands is looked at again.
const MOST_TURNS: u32 = 5;

/// Asks for passphrases. `Ok(None)` means that the person gave up.
pub trait PassphraseSource: Send + Sync {
    /// The passphrase of the existing vault file `vault`; `attempt` counts from 1.
    fn existing(&self, vault: &Path, attempt: u32) -> Result<Option<Secret>, AskError>;
    /// A new passphrase for `vault`. Where a person types it, ask twice and compare.
    fn fresh(&self, vault: &Path) -> Result<Option<Secret>, AskError>;
    /// Whether asking again can bring another answer. A variable or a file is asked once only.
    fn interactive(&self) -> bool;
}

/// Why nobody could be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is no terminal, and no prompter was chosen.
    #[error("no terminal")]
    NoTerminal,
    /// Asking failed.
    #[error("{source_text}")]
    Failed {
        /// What the asker said.
        source_text: String,
    },
}

/// The encrypted file. Nothing is touched, and nobody asked, before the first use.
pub struct FileStore {
    path: PathBuf,
    passphrase: Box<dyn PassphraseSource>,
    cache: UnlockCache,
    /// The cost of new vaults.
    cost: KdfCost,
    /// The least cost that a vault may have.
    floor: KdfCost,
    /// The key, once this process has had it.
    key: Mutex<Option<SealKey>>,
}

impl FileStore {
    /// The vault file at `path`. Its directory becomes ours alone: see [`files::private_dir`].
    pub fn new(path: PathBuf, passphrase: Box<dyn PassphraseSource>, cache: UnlockCache) -> Self {
        let (cost, floor) = (KdfCost::STANDARD, KdfCost::FLOOR);
        Self { path, passphrase, cache, cost, floor, key: Mutex::new(None) }
    }

    /// A vault of trifling cost, so that tests can open it by the thousand.
    #[cfg(test)]
    fn with_cost(
        path: PathBuf,
        passphrase: Box<dyn PassphraseSource>,
        cache: UnlockCache,
        cost: KdfCost,
    ) -> Self {
        Self { cost, floor: cost, ..Self::new(path, passphrase, cache) }
    }

    /// The vault as it lies on the disk. `None` when there is none yet.
    fn load(&self) -> Result<Option<Container>, StoreError> {
        let Some(bytes) = files::read_private(&self.path, LARGEST_VAULT)? else { return Ok(None) };
        Container::parse(bytes, self.floor).map(Some).map_err(|fault| fault.at(&self.path))
    }

    fn entries(&self) -> Result<Entries, StoreError> {
        let Some(container) = self.load()? else { return Ok(Entries::default()) };
        let key = self.unlocked(&container)?;
        self.opened(&container, &key)
    }

    fn opened(&self, container: &Container, key: &SealKey) -> Result<Entries, StoreError> {
        container
            .open(key)
            .map_err(|damage| StoreError::Integrity { path: self.path.clone(), damage })
    }

    /// Reads, edits and writes under the writers' lock, and keeps the generation before.
    ///
    /// The key is had before the lock, so that no writer waits for another one's person to type.
    fn rewrite<T>(&self, edit: impl Fn(&mut Entries) -> T) -> Result<T, StoreError> {
        for _ in 0..MOST_TURNS {
            let Some(seen) = self.load()? else {
                self.create()?;
                continue;
            };
            let key = self.unlocked(&seen)?;
            let _turn = LockFile::acquire(&self.beside("lock"))?;
            // Others may have written, or put another vault here, while we waited.
            let Some(container) = self.load()? else { continue };
            if !container.is_committed_to(&key) {
                continue;
            }
            let mut entries = self.opened(&container, &key)?;
            let result = edit(&mut entries);
            let header = container.header().next_generation();
            self.write(Some(&container), &header, &key, &entries)?;
            return Ok(result);
        }
        Err(StoreError::io(&self.path, std::io::ErrorKind::ResourceBusy.into()))
    }

    /// Makes an empty vault under a new passphrase, unless somebody else just did.
    fn create(&self) -> Result<(), StoreError> {
        self.refuse_if_lost()?;
        files::private_dir(self.dir())?;
        let _asking = LockFile::acquire(&self.beside("unlock"))?;
        if self.load()?.is_some() {
            return Ok(());
        }
        let passphrase = self.fresh_passphrase()?;
        let key = SealKey::random();
        let header = Header::new(&key, &passphrase, self.cost).map_err(|e| self.kdf_fault(e))?;
        let _turn = LockFile::acquire(&self.beside("lock"))?;
        // Somebody may have put a vault back while the passphrase was typed.
        self.refuse_if_lost()?;
        if self.load()?.is_some() {
            return Ok(());
        }
        self.write(None, &header, &key, &Entries::default())?;
        self.hold(&key);
        Ok(())
    }

    /// Refuses when a vault was here and is gone. The generation before is then the last copy, and a new
    /// vault's second write would take its place.
    fn refuse_if_lost(&self) -> Result<(), StoreError> {
        let previous = self.beside("prev");
        // In this order: a generation before means that there was a vault already, and none of us removes it.
        if is_there(&previous)? && !is_there(&self.path)? {
            return Err(StoreError::VaultMissing { path: self.path.clone(), previous });
        }
        Ok(())
    }

    /// Writes a generation, under the writers' lock. The one before is copied first, so that at every moment `path` exists and a
    /// crash leaves at least one whole vault.
    fn write(
        &self,
        before: Option<&Container>,
        header: &Header,
        key: &SealKey,
        entries: &Entries,
    ) -> Result<(), StoreError> {
        let sealed = header.seal(key, entries);
        if sealed.len() as u64 > LARGEST_VAULT {
            return Err(StoreError::VaultFull { path: self.path.clone(), limit: LARGEST_VAULT });
        }
        files::private_dir(self.dir())?;
        files::remove_leftovers(&self.path);
        files::remove_leftovers(&self.beside("prev"));
        if let Some(before) = before {
            files::write_private(&self.beside("prev"), before.bytes())?;
        }
        Ok(files::write_private(&self.path, &sealed)?)
    }

    fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// The file `<vault>.<extension>`.
    fn beside(&self, extension: &str) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(".");
        name.push(extension);
        PathBuf::from(name)
    }
}

/// Whether anything at all has this name.
fn is_there(path: &Path) -> Result<bool, StoreError> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(StoreError::io(path, source)),
    }
}

impl SecretStore for FileStore {
    fn kind(&self) -> StoreKind {
        StoreKind::File
    }

    /// Size and time of the file; every write makes a new one.
    fn stamp(&self) -> Option<String> {
        let found = std::fs::metadata(&self.path).ok()?;
        let written = found.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(format!("{} {}", found.len(), written.as_nanos()))
    }

    fn get(&self, label: &Label) -> Result<Option<SecretBytes>, StoreError> {
        Ok(self.entries()?.get(&label.to_string()).cloned())
    }

    fn put(&self, label: &Label, value: &SecretBytes) -> Result<(), StoreError> {
        self.rewrite(|entries| entries.put(&label.to_string(), value.clone()))
    }

    fn remove(&self, label: &Label) -> Result<bool, StoreError> {
        let label = label.to_string();
        if self.entries()?.get(&label).is_none() {
            return Ok(false);
        }
        self.rewrite(|entries| entries.remove(&label))
    }

    fn labels(&self) -> Result<Vec<Label>, StoreError> {
        Ok(known_labels(self.entries()?.labels()))
    }
}
