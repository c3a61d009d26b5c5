//! `~/.aws/config`: finding a profile's section, reading its settings, appending a new section.
//!
//! [`syntax`] knows the lines, [`index`] finds sections fast, [`profile`] gives settings their types and
//! their inheritance. This file opens the file and names the place of every mistake.

pub mod append;
pub mod index;
pub mod profile;
pub mod syntax;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use keyward_creds::ProfileName;

use index::{HeaderIndex, ScanError};
use syntax::{BadLine, Problem, Property, SectionKind};

/// No real config file comes near this; a larger one is a mistake or an attack.
const SIZE_LIMIT: u32 = 8 * 1024 * 1024;

/// Why configuration cannot be used. Every variant names the place.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file exists but cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is larger than 8 MiB.
    #[error("{} is larger than 8 MiB", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A line does not follow the syntax.
    #[error("{}:{line}: {problem}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The line itself.
        text: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A setting's value is not what the setting takes.
    #[error("{place}: `{key} = {value}`: {problem}")]
    BadValue {
        /// File and line, or the variable.
        place: Place,
        /// The setting.
        key: &'static str,
        /// The value as written.
        value: String,
        /// What the setting takes.
        problem: String,
    },
    /// `include_profile` leads back to where it began.
    #[error("include_profile goes round in a circle")]
    IncludeLoop {
        /// The whole circle, first and last the same.
        path: Vec<ProfileName>,
    },
    /// `include_profile` names a profile that has no section.
    #[error("profile `{profile}` includes `{missing}`, which does not exist")]
    IncludeMissing {
        /// Whose section names it.
        profile: ProfileName,
        /// The name without a section.
        missing: ProfileName,
        /// Where it is named.
        place: Place,
    },
}

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a file.
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// An environment variable or a command-line flag, by its name.
    Named(&'static str),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// An open config file with an index of its sections.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    file: Option<File>,
    index: HeaderIndex,
}

impl ConfigFile {
    /// Opens and indexes `path`. A missing file is an empty one.
    pub fn open(path: &Path) -> Result<Self, ConfigError> {
        let path = path.to_owned();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { path, file: None, index: HeaderIndex::default() });
            }
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        };
        match HeaderIndex::build(&file, SIZE_LIMIT) {
            Ok(index) => Ok(Self { path, file: Some(file), index }),
            Err(error) => Err(scan_error(&path, error)),
        }
    }

    /// The file's path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All properties of the sections `kind` `name`, merged in file order, or `None` without a section.
    pub fn section(
        &self,
        kind: SectionKind,
        name: &str,
    ) -> Result<Option<Vec<Property>>, ConfigError> {
        let mut merged: Option<Vec<Property>> = None;
        for (from, to) in self.index.candidates(kind, name) {
            let bytes = self.read_range(from, to)?;
            let bad = |problem| bad_line(&self.path, BadLine { offset: from, problem });
            let text = std::str::from_utf8(&bytes).map_err(|_| bad(Problem::NotUtf8))?;
            let (heading, body) = text.split_at(text.find('\n').map_or(text.len(), |at| at + 1));
            let header = syntax::header(heading.trim_end()).map_err(bad)?;
            if (header.kind, header.name) != (kind, name) {
                continue;
            }
            let properties = syntax::properties(body, from + heading.len() as u64)
                .map_err(|bad| bad_line(&self.path, bad))?;
            merged.get_or_insert_default().extend(properties);
        }
        Ok(merged)
    }

    /// The names of all profiles, in file order, each once. Names that no profile may have are left out.
    pub fn profile_names(&self) -> Result<Vec<ProfileName>, ConfigError> {
        let Some(mut file) = self.file.as_ref() else { return Ok(Vec::new()) };
        let mut names: Vec<ProfileName> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        file.seek(SeekFrom::Start(0)).map_err(|source| self.unreadable(source))?;
        index::scan(file, SIZE_LIMIT, |header| {
            if matches!(header.kind, SectionKind::Profile | SectionKind::BareDefault)
                && let Ok(name) = header.name.parse::<ProfileName>()
                && seen.insert(name.clone())
            {
                names.push(name);
            }
        })
        .map_err(|error| scan_error(&self.path, error))?;
        Ok(names)
    }

    /// The file and line of a byte offset. Reads the file up to there, so it is for messages only.
    pub fn place(&self, offset: u64) -> Place {
        let (line, _) = line_at(&self.path, offset);
        Place::Line { path: self.path.clone(), line }
    }

    fn read_range(&self, from: u64, to: u64) -> Result<Vec<u8>, ConfigError> {
        let Some(mut file) = self.file.as_ref() else { return Ok(Vec::new()) };
        let mut bytes = vec![0; usize::try_from(to.saturating_sub(from)).unwrap_or(0)];
        file.seek(SeekFrom::Start(from))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|source| self.unreadable(source))?;
        Ok(bytes)
    }

    fn unreadable(&self, source: io::Error) -> ConfigError {
        ConfigError::Unreadable { path: self.path.clone(), source }
    }
}

fn scan_error(path: &Path, error: ScanError) -> ConfigError {
    match error {
        ScanError::Io(source) => ConfigError::Unreadable { path: path.to_owned(), source },
        ScanError::TooLarge => ConfigError::TooLarge { path: path.to_owned() },
        ScanError::BadLine(bad) => bad_line(path, bad),
    }
}

fn bad_line(path: &Path, bad: BadLine) -> ConfigError {
    let (line, text) = line_at(path, bad.offset);
    ConfigError::Syntax { path: path.to_owned(), line, text, problem: bad.problem }
}

/// Line number and text at a byte offset, read again from the file: this is the slow path of an error.
fn line_at(path: &Path, offset: u64) -> (usize, String) {
    let bytes = std::fs::read(path).unwrap_or_default();
    let offset = bytes.len().min(usize::try_from(offset).unwrap_or(usize::MAX));
    let number = memchr::memchr_iter(b'\n', &bytes[..offset]).count() + 1;
    let rest = &bytes[offset..];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    (number, String::from_utf8_lossy(line).trim_end().to_owned())
}
