//! Adding a section to a config file without touching what is there.

use std::io;
use std::path::Path;

use keyward_creds::ProfileName;
use keyward_vault::files::{self, FileError};

/// The text of a new `[profile NAME]` section with `settings`, to stand after `existing`.
pub fn new_section(existing: &[u8], profile: &ProfileName, settings: &[(&str, &str)]) -> String {
    let mut text = String::new();
    if !existing.is_empty() {
        if !existing.ends_with(b"\n") {
            text.push('\n');
        }
        text.push('\n');
    }
    text.push_str(&heading(profile));
    text.push('\n');
    for (key, value) in settings {
        text.push_str(&format!("{key} = {value}\n"));
    }
    text
}

/// The heading of `profile`'s section: `[profile NAME]`, with quotes where they are needed.
pub fn heading(profile: &ProfileName) -> String {
    let name = profile.as_str();
    if name == "default" {
        return "[default]".to_owned();
    }
    let quote = match name.contains([' ', '"', '\'']) {
        false => "",
        true if name.contains('"') => "'",
        true => "\"",
    };
    format!("[profile {quote}{name}{quote}]")
}

/// Appends a section for `profile` to the file at `path`, which is created if missing. Bytes before it,
/// a symbolic link, mode and owner stay as they are; the write is whole or not at all.
pub fn append_section(
    path: &Path,
    profile: &ProfileName,
    settings: &[(&str, &str)],
) -> Result<(), FileError> {
    const TRIES: usize = 5;
    let mut result = append_once(path, profile, settings);
    for _ in 1..TRIES {
        if !matches!(result, Err(FileError::ChangedMeanwhile { .. })) {
            break;
        }
        result = append_once(path, profile, settings);
    }
    result
}

fn append_once(
    path: &Path,
    profile: &ProfileName,
    settings: &[(&str, &str)],
) -> Result<(), FileError> {
    let before = match std::fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => {
            return Err(FileError::Io { path: path.to_owned(), source });
        }
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        files::private_dir(folder)?;
    }
    let mut whole = before.clone().unwrap_or_default();
    let section = new_section(&whole, profile, settings);
    whole.extend_from_slice(section.as_bytes());
    files::replace_file(path, before.as_deref(), &whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::syntax::{SectionKind, header};

    #[test]
    fn a_section_follows_after_one_blank_line() {
        let name: ProfileName = "prod".parse().unwrap();
        let settings = [("region", "eu-west-1")];
        assert_eq!(new_section(b"", &name, &settings), "[profile prod]\nregion = eu-west-1\n");
        assert_eq!(new_section(b"x = 1", &name, &[]), "\n\n[profile prod]\n");
        assert_eq!(new_section(b"x = 1\n", &name, &[]), "\n[profile prod]\n");
    }

    #[test]
    fn odd_names_are_written_so_that_they_are_read_back() {
        for odd in ["a b", "it's", "\"quoted\" name", "both ' and \"", "$(touch x)"] {
            let name: ProfileName = odd.parse().unwrap();
            let text = new_section(b"", &name, &[]);
            let read = header(text.lines().next().unwrap()).unwrap();
            assert_eq!((read.kind, read.name), (SectionKind::Profile, odd), "{text}");
        }
    }
}
