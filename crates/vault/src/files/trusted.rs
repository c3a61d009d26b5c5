//! Reading a file that belongs to the user, such as `~/.aws/config`: it may be a link into a repository of
//! dotfiles, or be kept by the administrator.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use super::private::read_bounded;
use super::{FileError, UnsafePath};

/// Reads a file of the user's own, of at most `limit` bytes. `None` when there is none, also behind a link.
///
/// Follows symbolic links, never waits on a pipe, and refuses what is not a regular file, what belongs
/// neither to us nor to the administrator, and what everybody may write to. The group may write: on many
/// systems every user has one alone.
pub fn read_trusted(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    let file = match open_for_reading(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FileError::io(path, error)),
    };
    let found = file.metadata().map_err(|source| FileError::io(path, source))?;
    if !found.is_file() {
        return FileError::refuse(path, UnsafePath::NotAFile);
    }
    refuse_untrusted(path, &found)?;
    read_bounded(path, file, &found, limit).map(Some)
}

#[cfg(unix)]
fn open_for_reading(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    use nix::fcntl::OFlag;
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)
}

#[cfg(not(unix))]
fn open_for_reading(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn refuse_untrusted(path: &Path, found: &Metadata) -> Result<(), FileError> {
    use std::os::unix::fs::MetadataExt;
    let uid = found.uid();
    if uid != 0 && uid != nix::unistd::geteuid().as_raw() {
        return FileError::refuse(path, UnsafePath::ForeignOwner { uid });
    }
    let mode = found.mode() & 0o7777;
    if mode & 0o002 != 0 {
        return FileError::refuse(path, UnsafePath::WritableByOthers { mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_untrusted(_: &Path, _: &Metadata) -> Result<(), FileError> {
    Ok(())
}
