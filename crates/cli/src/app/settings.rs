//! Our own settings: `config.toml`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use keyward_vault::files::{self, FileError};
use keyward_vault::{StoreKind, UnlockPolicy};
use serde::Deserialize;

/// In bytes; nobody writes that much into it.
const LIMIT: u64 = 1 << 20;

/// What `config.toml` may say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The store of long-term keys.
    #[serde(default, deserialize_with = "store_kind")]
    pub(crate) vault: Option<StoreKind>,
    /// The file store's path, when it is not the usual one.
    pub(crate) vault_file: Option<PathBuf>,
    /// The helper store's program and arguments.
    pub(crate) helper: Option<Vec<String>>,
    /// A program that prints the file store's passphrase.
    pub(crate) passphrase_command: Option<Vec<String>>,
    /// How long keys stay unlocked.
    #[serde(default)]
    pub(crate) unlock: Unlock,
}

/// The `[unlock]` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Unlock {
    /// Locked again when unused for so long; `0s` switches the cache off.
    #[serde(deserialize_with = "duration")]
    idle: Duration,
    /// Locked again so long after unlocking, whatever happens.
    #[serde(deserialize_with = "duration")]
    at_most: Duration,
}

impl Default for Unlock {
    fn default() -> Self {
        Self { idle: Duration::from_secs(10 * 60), at_most: Duration::from_secs(12 * 3600) }
    }
}

impl From<&Unlock> for UnlockPolicy {
    fn from(unlock: &Unlock) -> Self {
        Self { idle: unlock.idle, at_most: unlock.at_most }
    }
}

/// Why `config.toml` cannot be used.
#[derive(Debug)]
pub(crate) enum SettingsError {
    /// It exists and cannot be read.
    Unreadable(FileError),
    /// It does not say what it may say. Line and column count from 1.
    Malformed { path: PathBuf, line: usize, column: usize, problem: String },
}

impl Settings {
    /// Reads `path`; a missing file says nothing.
    pub(crate) fn read(path: &Path) -> Result<Self, SettingsError> {
        // It names programs that are run, so nobody else may have written it.
        let Some(bytes) = files::read_trusted(path, LIMIT).map_err(SettingsError::Unreadable)?
        else {
            return Ok(Self::default());
        };
        let text = String::from_utf8(bytes).map_err(|_| SettingsError::Malformed {
            path: path.to_owned(),
            line: 1,
            column: 1,
            problem: "it is not text in UTF-8".to_owned(),
        })?;
        toml::from_str(&text).map_err(|error| {
            let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or(""));
            SettingsError::Malformed {
                path: path.to_owned(),
                line: before.matches('\n').count() + 1,
                column: before.rsplit('\n').next().unwrap_or("").chars().count() + 1,
                problem: error.message().to_owned(),
            }
        })
    }

    /// Writes the chosen store down. It goes in front, above any table, and leaves the rest as it is.
    pub(super) fn write_down_store(path: &Path, kind: StoreKind) -> Result<(), FileError> {
        let before = files::read_trusted(path, LIMIT)?;
        let mut text = format!("vault = \"{kind}\"\n").into_bytes();
        text.extend_from_slice(before.as_deref().unwrap_or_default());
        if let Some(folder) = path.parent() {
            files::private_dir(folder)?;
        }
        files::replace_file(path, before.as_deref(), &text)
    }
}

fn store_kind<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<StoreKind>, D::Error> {
    let text = String::deserialize(from)?;
    let takes = || serde::de::Error::custom("`vault` is `keychain`, `file` or `helper`");
    text.parse().map(Some).map_err(|_| takes())
}

fn duration<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    crate::args::duration(&text).map_err(serde::de::Error::custom)
}
