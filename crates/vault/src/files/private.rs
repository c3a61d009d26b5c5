//! Files and directories that are ours alone.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use super::{FileError, UnsafePath, parent_of};

const TEMP_SUFFIX: &str = ".tmp";

/// Makes sure that `path` is a directory only we can write to; creates it with mode 0700, and its
/// missing parents likewise.
///
/// Refuses a symbolic link, a directory of another user, and one that group or others can write to:
/// whoever can write there could replace what we put there.
pub fn private_dir(path: &Path) -> Result<(), FileError> {
    create_dir(path).map_err(|source| FileError::io(path, source))?;
    let found = fs::symlink_metadata(path).map_err(|source| FileError::io(path, source))?;
    if found.is_symlink() {
        return FileError::refuse(path, UnsafePath::SymbolicLink);
    }
    if !found.is_dir() {
        return FileError::refuse(path, UnsafePath::NotADirectory);
    }
    only_we_write(path, &found)
}

/// Creates `path`; something that exists there already is looked at by the caller.
fn create_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Reads a file of ours, of at most `limit` bytes. `None` when there is none.
///
/// Never follows a symbolic link, never waits on a pipe, and refuses what is not a regular file of our
/// own that only we can write to.
pub fn read_private(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    let file = match open_for_reading(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if is_link_refusal(&error) => {
            return FileError::refuse(path, UnsafePath::SymbolicLink);
        }
        Err(error) => return Err(FileError::io(path, error)),
    };
    let found = file.metadata().map_err(|source| FileError::io(path, source))?;
    if !found.is_file() {
        return FileError::refuse(path, UnsafePath::NotAFile);
    }
    only_we_write(path, &found)?;
    read_bounded(path, file, &found, limit).map(Some)
}

/// The content of `file`, which is at `path` and may have at most `limit` bytes.
pub(super) fn read_bounded(
    path: &Path,
    file: File,
    found: &Metadata,
    limit: u64,
) -> Result<Vec<u8>, FileError> {
    let mut content = Vec::with_capacity(usize::try_from(found.len().min(limit)).unwrap_or(0) + 1);
    file.take(limit + 1).read_to_end(&mut content).map_err(|source| FileError::io(path, source))?;
    if content.len() as u64 > limit {
        return Err(FileError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(content)
}

/// Writes a file of ours, mode 0600, so that a reader finds the old content or the new, never a part,
/// also after a power cut.
///
/// On any error the old file is intact and nothing is left beside it.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let written = temp_beside(path, content)?;
    written.persist(path).map_err(|error| FileError::io(path, error.error))?;
    sync_dir(parent_of(path))
}

/// Writes a file that may be lost in a power cut, such as a cached session: whole or not at all as
/// [`write_private`] does, without waiting for the disk.
pub fn write_losable(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let written = unsynced_temp_beside(path, content)?;
    written.persist(path).map_err(|error| FileError::io(path, error.error))?;
    Ok(())
}

/// A synced file with a random name beside `path`; it goes away unless it is persisted.
pub(super) fn temp_beside(
    path: &Path,
    content: &[u8],
) -> Result<tempfile::NamedTempFile, FileError> {
    let temp = unsynced_temp_beside(path, content)?;
    temp.as_file().sync_all().map_err(|source| FileError::io(path, source))?;
    Ok(temp)
}

fn unsynced_temp_beside(path: &Path, content: &[u8]) -> Result<tempfile::NamedTempFile, FileError> {
    let at = |source| FileError::io(path, source);
    // Created with O_EXCL and mode 0600, which tempfile promises.
    let mut temp = tempfile::Builder::new()
        .prefix(&temp_prefix(path))
        .suffix(TEMP_SUFFIX)
        .tempfile_in(parent_of(path))
        .map_err(at)?;
    temp.write_all(content).map_err(at)?;
    Ok(temp)
}

/// Removes what killed writers of `path` left beside it.
///
/// To be called only under the lock that every writer of `path` holds: else it takes a living writer's file.
/// What cannot be removed stays, and harms nobody.
pub fn remove_leftovers(path: &Path) {
    let prefix = temp_prefix(path);
    let Ok(siblings) = fs::read_dir(parent_of(path)) else { return };
    for sibling in siblings.flatten() {
        let name = sibling.file_name();
        let bytes = name.as_encoded_bytes();
        if bytes.starts_with(prefix.as_encoded_bytes()) && bytes.ends_with(TEMP_SUFFIX.as_bytes()) {
            let _ = fs::remove_file(sibling.path());
        }
    }
}

/// Temporary files of one target are told from those of another by its name.
fn temp_prefix(path: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push("-keyward-");
    prefix
}

/// Makes a rename in `dir` durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), FileError> {
    // Windows has no way to sync a directory; its renames are journalled.
    if cfg!(unix) {
        let synced = File::open(dir).and_then(|dir| dir.sync_all());
        match synced {
            // Some network and FUSE file systems cannot; the rename itself has happened.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            Err(source) => return Err(FileError::io(dir, source)),
            Ok(()) => {}
        }
    }
    Ok(())
}

#[cfg(unix)]
fn open_for_reading(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    use nix::fcntl::OFlag;
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)
}

#[cfg(not(unix))]
fn open_for_reading(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
pub(super) fn is_link_refusal(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::errno::Errno::ELOOP as i32)
}

#[cfg(not(unix))]
pub(super) fn is_link_refusal(_: &io::Error) -> bool {
    false
}

/// Refuses what another user owns, or what group or others may write to.
#[cfg(unix)]
pub(super) fn only_we_write(path: &Path, found: &Metadata) -> Result<(), FileError> {
    use std::os::unix::fs::MetadataExt;
    if found.uid() != nix::unistd::geteuid().as_raw() {
        return FileError::refuse(path, UnsafePath::ForeignOwner { uid: found.uid() });
    }
    let mode = found.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return FileError::refuse(path, UnsafePath::WritableByOthers { mode });
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn only_we_write(_: &Path, _: &Metadata) -> Result<(), FileError> {
    Ok(())
}
