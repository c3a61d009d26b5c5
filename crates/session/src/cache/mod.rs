//! Sessions kept between runs, sealed, one file each.
//!
//! A file is named by its [`HopKey`] and sealed under the cache key, which rests in the vault. Losing
//! this folder never matters: an entry that is missing, damaged or of another version is simply absent.
//! Beside the sessions lies the list of stored keys' names and ids, so that a run that needs no secret
//! asks no store.

mod entry;
mod key;
mod known;

use std::path::{Path, PathBuf};
use std::time::Duration;

use keyward_creds::{SecretBytes, Timestamp};
use keyward_vault::files::{self, FileError};
use keyward_vault::sealed::{self, SealKey};

pub use entry::{Entry, Lookup, SessionFacts, judge};
pub use key::HopKey;
pub use known::{KnownKey, KnownKeys};

const SUFFIX: &str = "session";
const NOTE_SUFFIX: &str = "note";
/// A session token has at most a few kilobytes; a larger file is not ours.
const SIZE_LIMIT: u64 = 64 * 1024;

/// The folder of sealed sessions.
pub struct SessionCache {
    folder: PathBuf,
    key: SealKey,
}

impl SessionCache {
    /// The cache in `folder`, which is created on the first write.
    pub fn new(folder: PathBuf, key: SealKey) -> Self {
        Self { folder, key }
    }

    /// The session stored under `key`, judged at `now`.
    pub fn look_up(&self, key: &HopKey, now: Timestamp, margin: Duration) -> Lookup {
        judge(self.read(&self.session_path(key), key.as_bytes()), now, margin)
    }

    /// Stores a session. Failing to do so costs time later and nothing else, so it is only logged.
    pub fn store(&self, key: &HopKey, entry: &Entry) {
        let Some(bytes) = entry.encode() else { return };
        self.write(&self.session_path(key), key.as_bytes(), bytes.expose());
    }

    /// What the session stored under `key` is, if there is one that lasts at `now`.
    pub fn facts(&self, key: &HopKey, now: Timestamp) -> Option<SessionFacts> {
        let entry = self.read(&self.session_path(key), key.as_bytes())?;
        (entry.facts.expires_at > now).then_some(entry.facts)
    }

    /// Deletes the session stored under `key`; whether there was one.
    pub fn clear_one(&self, key: &HopKey) -> Result<bool, FileError> {
        let path = self.session_path(key);
        let was_there = path.exists();
        remove(&path).map(|()| was_there)
    }

    /// What sessions there are, soonest to end first. Those that ended before `now` are deleted.
    pub fn sessions(&self, now: Timestamp) -> Vec<SessionFacts> {
        let mut found = Vec::new();
        for (path, facts) in self.all() {
            if facts.expires_at > now {
                found.push(facts);
            } else if let Err(error) = remove(&path) {
                tracing::debug!(%error, "ended session not deleted");
            }
        }
        found.sort_by_key(|facts| facts.expires_at);
        found
    }

    /// Deletes the sessions that `choose` picks; returns how many there were. Fails when one stays.
    pub fn clear(&self, choose: impl Fn(&SessionFacts) -> bool) -> Result<usize, FileError> {
        let chosen = self.all().into_iter().filter(|(_, facts)| choose(facts));
        remove_all(chosen.map(|(path, _)| path))
    }

    /// What was noted beside the session `key`, if it can be read.
    pub(crate) fn note(&self, key: &HopKey) -> Option<SecretBytes> {
        let sealed = files::read_private(&self.note_path(key), SIZE_LIMIT).ok()??;
        sealed::open(&self.key, key.as_bytes(), &sealed).ok()
    }

    /// Notes something beside the session `key`; it names accounts and roles, so it is sealed as well.
    pub(crate) fn leave_note(&self, key: &HopKey, note: &[u8]) {
        self.write(&self.note_path(key), key.as_bytes(), note);
    }

    /// Takes the note away again.
    pub(crate) fn remove_note(&self, key: &HopKey) {
        let _ = std::fs::remove_file(self.note_path(key));
    }

    /// The stored keys' names and ids as last seen, or `None` when that is not known.
    pub fn known_keys(&self) -> Option<KnownKeys> {
        let sealed = files::read_private(&self.known_path(), SIZE_LIMIT * 16).ok()??;
        KnownKeys::decode(&sealed::open(&self.key, known::BINDING, &sealed).ok()?)
    }

    /// Remembers the stored keys' names and ids.
    pub fn remember_keys(&self, known: &KnownKeys) {
        self.write(&self.known_path(), known::BINDING, &known.encode());
    }

    /// Forgets them, for a store that will change or has changed. Fails when they stay.
    pub fn forget_keys(&self) -> Result<(), FileError> {
        remove(&self.known_path())
    }

    fn all(&self) -> Vec<(PathBuf, SessionFacts)> {
        let Ok(folder) = std::fs::read_dir(&self.folder) else { return Vec::new() };
        folder
            .filter_map(Result::ok)
            .map(|item| item.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == SUFFIX))
            .filter_map(|path| {
                let binding = unhex(path.file_stem()?.to_str()?)?;
                let entry = self.read(&path, &binding)?;
                Some((path, entry.facts))
            })
            .collect()
    }

    fn read(&self, path: &Path, binding: &[u8]) -> Option<Entry> {
        let sealed = match files::read_private(path, SIZE_LIMIT) {
            Ok(found) => found?,
            Err(error) => {
                tracing::debug!(path = %path.display(), %error, "cached session not readable");
                return None;
            }
        };
        Entry::decode(&sealed::open(&self.key, binding, &sealed).ok()?)
    }

    fn write(&self, path: &Path, binding: &[u8], plain: &[u8]) {
        let sealed = sealed::seal(&self.key, binding, plain);
        let written =
            files::private_dir(&self.folder).and_then(|()| files::write_losable(path, &sealed));
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "session not cached");
        }
    }

    fn session_path(&self, key: &HopKey) -> PathBuf {
        self.folder.join(format!("{key}.{SUFFIX}"))
    }

    fn note_path(&self, key: &HopKey) -> PathBuf {
        self.folder.join(format!("{key}.{NOTE_SUFFIX}"))
    }

    fn known_path(&self) -> PathBuf {
        self.folder.join("keys")
    }
}

/// Deletes every session in `folder` without being able to read them. Fails when one stays.
pub fn clear_unread(folder: &Path) -> Result<usize, FileError> {
    let Ok(items) = std::fs::read_dir(folder) else { return Ok(0) };
    let paths = items.filter_map(Result::ok).map(|item| item.path());
    let with = |suffix: &'static str| {
        move |path: &PathBuf| path.extension().is_some_and(|extension| extension == suffix)
    };
    let (sessions, others): (Vec<_>, Vec<_>) = paths.partition(with(SUFFIX));
    remove_all(others.into_iter().filter(with(NOTE_SUFFIX)))?;
    remove_all(sessions)
}

fn remove_all(paths: impl IntoIterator<Item = PathBuf>) -> Result<usize, FileError> {
    let mut removed = 0;
    for path in paths {
        remove(&path)?;
        removed += 1;
    }
    Ok(removed)
}

/// Deletes a file; that it is gone already is as good.
fn remove(path: &Path) -> Result<(), FileError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}
