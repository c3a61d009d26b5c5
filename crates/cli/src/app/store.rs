//! Which store holds the long-term keys, and opening it.
//!
//! The choice is made once and never falls through: a store that does not answer is an error, even when
//! another one would.

use std::ffi::OsString;
use std::io::{IsTerminal, stderr};
use std::time::Duration;

use keyward_vault::{
    FileStore, HelperFault, HelperStore, KeychainStore, SecretStore, StoreError, StoreKind, Vault,
};

use super::{App, Environment, Failure, Settings};
use crate::prompt::Passphrase;
use crate::{report, ui};

/// The name under which items stand in the OS keychain.
const KEYCHAIN_SERVICE: &str = "keyward";

/// A store somebody chose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    kind: StoreKind,
    /// Whether `config.toml` or the environment says so, and a later run will know.
    lasting: bool,
}

impl Choice {
    /// Flag before environment before settings.
    pub(super) fn made(
        flag: Option<StoreKind>,
        environment: &Environment,
        settings: &Settings,
    ) -> Result<Option<Self>, Failure> {
        let written = settings.vault;
        if let Some(kind) = flag {
            return Ok(Some(Self { kind, lasting: written.is_some() }));
        }
        if let Some(text) = environment.text("KEYWARD_VAULT") {
            let kind = text.parse().map_err(|_| Failure::BadVariable {
                name: "KEYWARD_VAULT",
                value: text.to_owned(),
                takes: "`keychain`, `file` or `helper`",
            })?;
            return Ok(Some(Self { kind, lasting: true }));
        }
        Ok(written.map(|kind| Self { kind, lasting: true }))
    }
}

/// The keychain. Where somebody sits at a terminal, its dialog is given time to be answered.
fn keychain() -> KeychainStore {
    const FOR_A_PERSON: Duration = Duration::from_secs(60);
    let keychain = KeychainStore::new(KEYCHAIN_SERVICE.to_owned());
    if stderr().is_terminal() { keychain.wait_for_person(FOR_A_PERSON) } else { keychain }
}

impl App {
    /// A vault file that is there though no settings name a store: they were lost, the keys were not.
    pub(super) fn found_vault(&self) -> Option<Choice> {
        let is_there = self.vault_file().is_file();
        is_there.then_some(Choice { kind: StoreKind::File, lasting: false })
    }

    /// The kind of the chosen store.
    pub(crate) fn store_kind(&self) -> Result<StoreKind, Failure> {
        self.choice.map(|choice| choice.kind).ok_or(Failure::NoVaultYet)
    }

    /// The chosen vault. Opening does nothing until it is used.
    pub(crate) fn vault(&self) -> Result<Vault, Failure> {
        self.vault_of(self.store_kind()?)
    }

    /// The chosen vault, which fails where it would have to ask the person.
    pub(crate) fn vault_without_asking(&self) -> Result<Vault, Failure> {
        self.open(self.store_kind()?, Passphrase::nobody_asked(&self.environment, &self.settings))
    }

    /// The chosen vault; with no choice made yet, finds out what works here. The second value says
    /// whether the choice has still to be written down.
    pub(crate) fn vault_for_adding(&self) -> Result<(Vault, bool), Failure> {
        match self.choice {
            Some(choice) => Ok((self.vault_of(choice.kind)?, !choice.lasting)),
            None => Ok((self.vault_of(self.probe()?)?, true)),
        }
    }

    /// Writes the chosen store into config.toml, unless another process has just done so.
    pub(crate) fn write_down_store(&self, kind: StoreKind) -> Result<(), Failure> {
        let _turn = self.turn_at_keys();
        match Settings::read(&self.paths.config_toml)?.vault {
            Some(written) if written == kind => Ok(()),
            Some(other) => Err(Failure::OtherStoreChosen { other }),
            None => Ok(Settings::write_down_store(&self.paths.config_toml, kind)?),
        }
    }

    /// The store in words: which one, and where.
    pub(crate) fn store_in_words(&self, kind: StoreKind) -> String {
        match kind {
            StoreKind::Keychain => "the OS keychain".to_owned(),
            StoreKind::File => format!("the vault file {}", self.vault_file().display()),
            StoreKind::Helper => format!("the helper {}", self.helper_words().join(" ")),
        }
    }

    /// What names the store where names must differ between stores.
    pub(super) fn store_name(&self, kind: StoreKind) -> String {
        match kind {
            StoreKind::Keychain => format!("keychain {KEYCHAIN_SERVICE}"),
            StoreKind::File => format!("file {}", self.vault_file().display()),
            StoreKind::Helper => format!("helper {}", self.helper_words().join("\n")),
        }
    }

    fn vault_of(&self, kind: StoreKind) -> Result<Vault, Failure> {
        self.open(kind, Passphrase::new(&self.environment, &self.settings))
    }

    fn open(&self, kind: StoreKind, passphrase: Passphrase) -> Result<Vault, Failure> {
        let store: Box<dyn SecretStore> = match kind {
            StoreKind::Keychain => Box::new(keychain()),
            StoreKind::File => Box::new(FileStore::new(
                self.vault_file(),
                Box::new(passphrase),
                self.unlock_cache(StoreKind::File),
            )),
            StoreKind::Helper => {
                let config_toml = || self.paths.config_toml.clone();
                let (program, arguments) = self
                    .helper_words()
                    .split_first()
                    .ok_or_else(|| Failure::NoHelperConfigured { config_toml: config_toml() })?;
                let found = self.environment.program(program).ok_or_else(|| {
                    StoreError::Helper { program: program.clone(), fault: HelperFault::NotFound }
                })?;
                Box::new(HelperStore::new(
                    found,
                    arguments.iter().map(OsString::from).collect(),
                    keyward_exec::without_credentials(self.environment.all()),
                ))
            }
        };
        Ok(Vault::new(store, self.paths.state.join("cache-key.lock")))
    }

    /// The keychain if there is one, else the file store, which works wherever files do. A keychain that
    /// is there and does not open is an error: next time it may, and keys would lie in two places.
    fn probe(&self) -> Result<StoreKind, Failure> {
        match keychain().probe() {
            Ok(()) => Ok(StoreKind::Keychain),
            Err(unopened) if !matches!(unopened, StoreError::KeychainAbsent { .. }) => {
                Err(unopened.into())
            }
            Err(keychain) => match self.probe_file() {
                Ok(()) => {
                    let why = report::of_store(&keychain).message;
                    ui::say(&format!("keyward: {why}; keys go into a vault file"));
                    Ok(StoreKind::File)
                }
                Err(file) => Err(Failure::NoStoreWorks {
                    keychain: Box::new(keychain),
                    file: Box::new(file),
                }),
            },
        }
    }

    fn probe_file(&self) -> Result<(), StoreError> {
        match self.vault_file().parent() {
            Some(folder) => Ok(keyward_vault::files::private_dir(folder)?),
            None => Ok(()),
        }
    }

    fn vault_file(&self) -> std::path::PathBuf {
        self.settings.vault_file.clone().unwrap_or_else(|| self.paths.vault.clone())
    }

    fn helper_words(&self) -> &[String] {
        self.settings.helper.as_deref().unwrap_or_default()
    }
}
