//! Everything that can end a command, as facts. [`crate::report`] finds the words.

use std::path::PathBuf;

use keyward_creds::{AccessKeyId, NameError, ProfileName};
use keyward_exec::ExecError;
use keyward_session::config::{ConfigError, Place};
use keyward_session::plan::PlanError;
use keyward_session::resolve::ResolveError;
use keyward_session::wire::StsError;
use keyward_vault::{FileError, StoreError, StoreKind};

use super::SettingsError;
use crate::prompt::PromptError;

#[derive(Debug)]
pub(crate) enum Failure {
    /// Neither `HOME` nor its like is set.
    NoHome,
    /// `config.toml`.
    Settings(SettingsError),
    /// `vault_file` means another file in every folder.
    RelativePath { path: PathBuf, config_toml: PathBuf },
    /// A variable of ours, or of AWS's, has a value that makes no sense.
    BadVariable { name: &'static str, value: String, takes: &'static str },
    /// No store was ever chosen: nothing has been added.
    NoVaultYet,
    /// Another process chose another store at the same time.
    OtherStoreChosen { other: StoreKind },
    /// The helper store is chosen and no program is named.
    NoHelperConfigured { config_toml: PathBuf },
    /// Neither store works on this machine.
    NoStoreWorks { keychain: Box<StoreError>, file: Box<StoreError> },
    /// The vault.
    Store(StoreError),
    /// `~/.aws/config`.
    Config(ConfigError),
    /// There is no plan.
    Plan(Box<PlanError>),
    /// There are no credentials.
    Resolve(Box<ResolveError>),
    /// AWS does not accept the key that shall be added.
    NotVerified { id: AccessKeyId, source: StsError },
    /// The command cannot be run.
    Exec(ExecError),
    /// A file.
    File(FileError),
    /// Something typed or piped in is not what it should be.
    BadInput { what: &'static str, problem: NameError },
    /// Standard input ended too early.
    MissingInput { what: &'static str },
    /// `--env` without the variable.
    MissingVariable { name: &'static str },
    /// A person is needed for `what`.
    Prompt { what: String, instead: &'static str, source: PromptError },
    /// The person said no, so `what` stays as it is.
    Declined { what: String },
    /// A session's key, which ends by itself.
    TemporaryKey { id: AccessKeyId },
    /// The profile takes its credentials from another one.
    AddToSource { profile: ProfileName, source: ProfileName, place: Place },
    /// A different key is stored already.
    WouldReplace { profile: ProfileName, id: AccessKeyId },
    /// The key is stored, its section is not written.
    SectionNotWritten { profile: ProfileName, source: FileError },
    /// No key is stored under that name.
    NoSuchKey { profile: ProfileName, near: Vec<ProfileName> },
    /// stdout.
    Output(std::io::Error),
    /// The output format cannot carry a value.
    Render(keyward_exec::RenderError),
}

macro_rules! from {
    ($($source:ty => $variant:ident),* $(,)?) => {
        $(impl From<$source> for Failure {
            fn from(source: $source) -> Self {
                Self::$variant(source.into())
            }
        })*
    };
}

from! {
    SettingsError => Settings,
    StoreError => Store,
    ConfigError => Config,
    PlanError => Plan,
    ResolveError => Resolve,
    ExecError => Exec,
    FileError => File,
    std::io::Error => Output,
    keyward_exec::RenderError => Render,
}
