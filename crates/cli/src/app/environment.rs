//! The environment as it was when the process began, read once.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// All variables, duplicates included, in order.
pub(crate) struct Environment {
    variables: Vec<(OsString, OsString)>,
}

impl Environment {
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    pub(crate) fn of_process() -> Self {
        Self { variables: std::env::vars_os().collect() }
    }

    /// Every variable, for computing a child's environment.
    pub(crate) fn all(&self) -> &[(OsString, OsString)] {
        &self.variables
    }

    /// The value of `name`; an empty value is no value.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        let found = self.variables.iter().find(|(key, _)| key == OsStr::new(name));
        found.map(|(_, value)| value.as_os_str()).filter(|value| !value.is_empty())
    }

    /// The value of `name` as text; values that are not text are treated as unset.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str()
    }

    /// The value of `name` as a path.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// Where a program of ours lies that `name` names: by whole folders of `PATH` and nowhere else, since
    /// one that depends on the current folder would be whoever's repository we stand in.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        if name.contains(std::path::is_separator) {
            return Some(name.into());
        }
        let path = self.get("PATH").unwrap_or_default();
        let whole = std::env::split_paths(path).filter(|folder| folder.is_absolute());
        let whole = std::env::join_paths(whole).unwrap_or_default();
        keyward_exec::resolve(OsStr::new(name), Some(&whole)).ok()
    }

    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.path(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
    }

    /// `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`.
    pub(crate) fn aws_credentials_file(&self) -> Option<PathBuf> {
        let given = self.path("AWS_SHARED_CREDENTIALS_FILE");
        given.or_else(|| Some(self.home()?.join(".aws").join("credentials")))
    }

    /// `AWS_CONFIG_FILE`, else `~/.aws/config`.
    pub(crate) fn aws_config_file(&self) -> Option<PathBuf> {
        self.path("AWS_CONFIG_FILE").or_else(|| Some(self.home()?.join(".aws").join("config")))
    }
}
