//! Where our own files are.

use std::path::PathBuf;

use super::{Environment, Failure};

/// Our folders: the XDG ones on Unix (macOS too, as command-line tools do), the local ones on Windows.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// Our settings.
    pub(crate) config_toml: PathBuf,
    /// The file store.
    pub(crate) vault: PathBuf,
    /// Locks and notes that may not be lost while we run.
    pub(crate) state: PathBuf,
    /// Sealed sessions.
    pub(crate) sessions: PathBuf,
    /// AWS's config file.
    pub(crate) aws_config: PathBuf,
    home: PathBuf,
}

impl Paths {
    /// `None` when there is no home directory to start from.
    pub(crate) fn find(environment: &Environment) -> Option<Self> {
        let home = environment.home()?;
        let folder = |variable: &str, usual: &str| {
            let given = environment.path(variable).filter(|path| path.is_absolute());
            given.unwrap_or_else(|| home.join(usual)).join("keyward")
        };
        let (config, data, state, cache) = if cfg!(windows) {
            let local = || folder("LOCALAPPDATA", "AppData/Local");
            (folder("APPDATA", "AppData/Roaming"), local(), local().join("state"), local())
        } else {
            (
                folder("XDG_CONFIG_HOME", ".config"),
                folder("XDG_DATA_HOME", ".local/share"),
                folder("XDG_STATE_HOME", ".local/state"),
                folder("XDG_CACHE_HOME", ".cache"),
            )
        };
        Some(Self {
            config_toml: config.join("config.toml"),
            vault: data.join("vault"),
            state,
            sessions: cache.join("sessions"),
            aws_config: environment.aws_config_file()?,
            home,
        })
    }

    /// A path that `config.toml` names: absolute, or from the home directory on with `~/`.
    pub(crate) fn named_in_settings(&self, path: PathBuf) -> Result<PathBuf, Failure> {
        let path = match path.strip_prefix("~") {
            Ok(rest) => self.home.join(rest),
            Err(_) => path,
        };
        match path.is_absolute() {
            true => Ok(path),
            false => Err(Failure::RelativePath { path, config_toml: self.config_toml.clone() }),
        }
    }

    pub(crate) fn locks(&self) -> PathBuf {
        self.state.join("locks")
    }
}
