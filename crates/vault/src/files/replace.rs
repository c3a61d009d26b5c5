//! Replacing a file that belongs to the user, and leaving everything about it but its content alone.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::private::{sync_dir, temp_beside};
use super::{FileError, UnsafePath, parent_of};

/// How many symbolic links in a row are followed, as Linux has it.
const MOST_LINKS: usize = 40;

/// Replaces the content of `path`, which held `before` when it was read (`None`: did not exist), by `after`.
///
/// A symbolic link stays one: the file it leads to is replaced, with its mode and owner kept. The write is
/// atomic. When the file no longer holds `before` nothing is written and the answer is
/// [`FileError::ChangedMeanwhile`]: read again, edit again. Of two writers, both should hold one
/// [`super::LockFile`]; a program that does not is noticed except in the instant before the rename.
///
/// A new file gets mode 0600. Access lists and extended attributes are not carried over.
pub fn replace_file(path: &Path, before: Option<&[u8]>, after: &[u8]) -> Result<(), FileError> {
    let target = resolve_links(path)?;
    refuse_if_changed(&target, before)?;
    let written = temp_beside(&target, after)?;
    if let Some(original) = metadata_if_any(&target)? {
        if !original.is_file() {
            return FileError::refuse(&target, UnsafePath::NotAFile);
        }
        copy_mode_and_owner(&original, written.as_file())
            .map_err(|source| FileError::io(&target, source))?;
        written.as_file().sync_all().map_err(|source| FileError::io(&target, source))?;
    }
    refuse_if_changed(&target, before)?;
    written.persist(&target).map_err(|error| FileError::io(&target, error.error))?;
    sync_dir(parent_of(&target))
}

/// Follows `path` to the place where the file is, or would be created.
fn resolve_links(path: &Path) -> Result<PathBuf, FileError> {
    let mut at = path.to_owned();
    for _ in 0..MOST_LINKS {
        match metadata_if_any(&at)? {
            Some(found) if found.is_symlink() => {
                refuse_foreign_link(&at, &found)?;
                let leads_to = fs::read_link(&at).map_err(|source| FileError::io(&at, source))?;
                at = parent_of(&at).join(leads_to);
            }
            _ => return Ok(at),
        }
    }
    Err(FileError::io(path, io::Error::from(io::ErrorKind::TooManyLinks)))
}

fn metadata_if_any(path: &Path) -> Result<Option<fs::Metadata>, FileError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FileError::io(path, source)),
    }
}

fn refuse_if_changed(target: &Path, before: Option<&[u8]>) -> Result<(), FileError> {
    let now = match fs::read(target) {
        Ok(content) => Some(content),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(FileError::io(target, source)),
    };
    if now.as_deref() == before {
        Ok(())
    } else {
        Err(FileError::ChangedMeanwhile { path: target.to_owned() })
    }
}

/// A link that neither we nor the administrator made may have been planted.
#[cfg(unix)]
fn refuse_foreign_link(path: &Path, found: &fs::Metadata) -> Result<(), FileError> {
    use std::os::unix::fs::MetadataExt;
    let uid = found.uid();
    if uid == 0 || uid == nix::unistd::geteuid().as_raw() {
        Ok(())
    } else {
        FileError::refuse(path, UnsafePath::ForeignLink { uid })
    }
}

#[cfg(not(unix))]
fn refuse_foreign_link(_: &Path, _: &fs::Metadata) -> Result<(), FileError> {
    Ok(())
}

#[cfg(unix)]
fn copy_mode_and_owner(original: &fs::Metadata, written: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let ours = written.metadata()?;
    if (ours.uid(), ours.gid()) != (original.uid(), original.gid()) {
        fchown(written, Some(original.uid()), Some(original.gid()))?;
    }
    // After the owner, because changing the owner clears some mode bits.
    written.set_permissions(original.permissions())
}

#[cfg(not(unix))]
fn copy_mode_and_owner(original: &fs::Metadata, written: &File) -> io::Result<()> {
    written.set_permissions(original.permissions())
}
