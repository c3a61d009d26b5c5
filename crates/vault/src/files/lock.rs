//! Locks between processes: on a dedicated file that is never deleted, released by the kernel when the
//! holder ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::private::is_link_refusal;
use super::{FileError, UnsafePath};

/// How often a waiting process looks again before it announces that it waits.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// An exclusive lock, held until dropped.
///
/// The file's content is nobody's business; deleting it would let two processes hold two locks.
#[derive(Debug)]
pub struct LockFile {
    _file: File,
    waited: bool,
}

impl LockFile {
    /// Takes the lock on `path`, waiting as long as it takes. Creates the file when it is missing.
    pub fn acquire(path: &Path) -> Result<Self, FileError> {
        Self::acquire_or(path, Duration::ZERO, || {})
    }

    /// Takes the lock on `path` unless somebody holds it.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, FileError> {
        let file = open(path)?;
        let taken = try_lock(&file).map_err(|source| FileError::io(path, source))?;
        Ok(taken.then_some(Self { _file: file, waited: false }))
    }

    /// Takes the lock on `path`, and calls `on_wait` once when that takes longer than `after`.
    pub fn acquire_or(
        path: &Path,
        after: Duration,
        on_wait: impl FnOnce(),
    ) -> Result<Self, FileError> {
        let file = open(path)?;
        let at = |source| FileError::io(path, source);
        if try_lock(&file).map_err(at)? {
            return Ok(Self { _file: file, waited: false });
        }
        #[expect(clippy::disallowed_methods, reason = "measures its own waiting")]
        let started = Instant::now();
        while started.elapsed() < after {
            std::thread::sleep(LOOK_AGAIN);
            if try_lock(&file).map_err(at)? {
                return Ok(Self { _file: file, waited: true });
            }
        }
        on_wait();
        wait_for(&file).map_err(at)?;
        Ok(Self { _file: file, waited: true })
    }

    /// True when another process held the lock at first. What it did meanwhile is worth a look.
    pub fn waited(&self) -> bool {
        self.waited
    }
}

fn open(path: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits());
    }
    options.open(path).map_err(|error| {
        if is_link_refusal(&error) {
            FileError::Unsafe { path: path.to_owned(), reason: UnsafePath::SymbolicLink }
        } else {
            FileError::io(path, error)
        }
    })
}

fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Waits for the lock through any number of signals.
fn wait_for(file: &File) -> io::Result<()> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
