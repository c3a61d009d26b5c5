//! Which store holds the long-term keys, and opening it.
//!
//! The choice is made once and never falls through: a store that does not answer is an error, even when
//! another one would.

use std::ffi::OsString;

use keyward_vault::{
    FileStore, HelperStore, KeychainStore, SecretStore, StoreError, StoreKind, Vault,
};

use super::{App, Environment, Failure, Settings};
use crate::prompt::Passphrase;

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

impl App {
    /// The kind of the chosen store.
    pub(crate) fn store_kind(&self) -> Result<StoreKind, Failure> {
        self.choice.map(|choice| choice.kind).ok_or(Failure::NoVaultYet)
    }

    /// The chosen vault. Opening does nothing until it is used.
    pub(crate) fn vault(&self) -> Result<Vault, Failure> {
        self.vault_of(self.store_kind()?)
    }

    /// The chosen vault; with no choice made yet, finds out what works here. The second value says
    /// whether the choice has still to be written down.
    pub(crate) fn vault_for_adding(&self) -> Result<(Vault, bool), Failure> {
        match self.choice {
            Some(choice) => Ok((self.vault_of(choice.kind)?, !choice.lasting)),
            None => Ok((self.vault_of(self.probe()?)?, true)),
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
        let store: Box<dyn SecretStore> = match kind {
            StoreKind::Keychain => Box::new(KeychainStore::new(KEYCHAIN_SERVICE.to_owned())),
            StoreKind::File => Box::new(FileStore::new(
                self.vault_file(),
                Box::new(Passphrase::new(&self.environment, &self.settings)),
                self.unlock_cache(StoreKind::File),
            )),
            StoreKind::Helper => {
                let words: Vec<OsString> = self.helper_words().iter().map(OsString::from).collect();
                if words.is_empty() {
                    return Err(Failure::NoHelperConfigured {
                        config_toml: self.paths.config_toml.clone(),
                    });
                }
                Box::new(HelperStore::new(words))
            }
        };
        Ok(Vault::new(store, self.paths.state.join("cache-key.lock")))
    }

    /// The keychain if there is one, else the file store, which works wherever files do. A keychain that
    /// is there and does not open is an error: next time it may, and keys would lie in two places.
    fn probe(&self) -> Result<StoreKind, Failure> {
        match KeychainStore::new(KEYCHAIN_SERVICE.to_owned()).probe() {
            Ok(()) => Ok(StoreKind::Keychain),
            Err(unopened) if !matches!(unopened, StoreError::KeychainAbsent { .. }) => {
                Err(unopened.into())
            }
            Err(keychain) => match self.probe_file() {
                Ok(()) => {
                    tracing::debug!(reason = %keychain, "no keychain here, using a vault file");
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
