//! Private directories, atomic writes and locks.
//!
//! [`private_dir`], [`write_private`], [`write_losable`] and [`read_private`] are for files of our own;
//! [`read_trusted`] reads and [`replace_file`] edits a file that belongs to the user, such as `~/.aws/config`;
//! [`LockFile`] makes processes take turns.
//!
//! Owners and modes are checked on Unix. Windows files inherit the access list of the user's profile
//! directory, which is private.

mod lock;
mod private;
mod replace;
#[cfg(test)]
mod tests;
mod trusted;

use std::io;
use std::path::{Path, PathBuf};

pub use lock::LockFile;
pub use private::{private_dir, read_private, remove_leftovers, write_losable, write_private};
pub use replace::replace_file;
pub use trusted::read_trusted;

/// Why a file was not read or written. Whatever was there is intact.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("{}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Somebody else could have planted it, or could change it.
    #[error("{}: {reason}", path.display())]
    Unsafe {
        /// The file or directory.
        path: PathBuf,
        /// What is unsafe about it.
        reason: UnsafePath,
    },
    /// The file is larger than any of ours may be.
    #[error("{}: more than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// Somebody changed the file between our reading and our writing.
    #[error("{}: changed meanwhile", path.display())]
    ChangedMeanwhile {
        /// The file.
        path: PathBuf,
    },
}

/// What makes a path unsafe to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsafePath {
    /// A symbolic link where a file or directory of ours is expected.
    #[error("is a symbolic link")]
    SymbolicLink,
    /// A symbolic link that another user made.
    #[error("is a symbolic link of user {uid}")]
    ForeignLink {
        /// Its owner.
        uid: u32,
    },
    /// Another user owns it.
    #[error("belongs to user {uid}")]
    ForeignOwner {
        /// Its owner.
        uid: u32,
    },
    /// Others may write to it.
    #[error("can be written by others (mode {mode:03o})")]
    WritableByOthers {
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a directory, and one is needed.
    #[error("is not a directory")]
    NotADirectory,
    /// It is not a regular file.
    #[error("is not a regular file")]
    NotAFile,
}

impl FileError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    fn refuse<T>(path: &Path, reason: UnsafePath) -> Result<T, Self> {
        Err(Self::Unsafe { path: path.to_owned(), reason })
    }
}

/// The directory that `path` lies in.
fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
