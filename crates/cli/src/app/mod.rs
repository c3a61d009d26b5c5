//! The program's hold on the world: environment, paths, settings, clock; and from them the vault, the
//! session cache and the credentials that commands ask for.

mod clock;
mod environment;
mod failure;
mod keys;
mod paths;
pub(crate) mod process;
mod request;
mod sessions;
mod settings;
mod store;

use keyward_session::config::ConfigFile;
use keyward_vault::{StoreKind, UnlockCache};

pub(crate) use clock::SystemClock;
pub(crate) use environment::Environment;
pub(crate) use failure::Failure;
pub(crate) use paths::Paths;
pub(crate) use sessions::Asked;
pub(crate) use settings::{Settings, SettingsError};

use crate::args::Global;
use store::Choice;

/// Everything a command may use. Building it opens no vault and asks nobody.
pub(crate) struct App {
    pub(crate) environment: Environment,
    pub(crate) paths: Paths,
    pub(crate) settings: Settings,
    pub(crate) clock: SystemClock,
    choice: Option<Choice>,
}

impl App {
    /// Reads environment and settings.
    pub(crate) fn from_process(global: &Global) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        let paths = Paths::find(&environment).ok_or(Failure::NoHome)?;
        let mut settings = Settings::read(&paths.config_toml)?;
        if let Some(path) = settings.vault_file.take() {
            settings.vault_file = Some(paths.named_in_settings(path)?);
        }
        let choice = Choice::made(global.vault, &environment, &settings)?;
        let mut app = Self { environment, paths, settings, clock: SystemClock, choice };
        if app.choice.is_none() {
            app.choice = app.found_vault();
        }
        Ok(app)
    }

    /// The AWS config file, indexed.
    pub(crate) fn config(&self) -> Result<ConfigFile, Failure> {
        Ok(ConfigFile::open(&self.paths.aws_config)?)
    }

    /// Keys held unlocked by the kernel, for the chosen store.
    pub(crate) fn unlock_cache(&self, kind: StoreKind) -> UnlockCache {
        let scope = format!("{}\n{}", self.paths.state.display(), self.store_name(kind));
        UnlockCache::new(
            scope,
            (&self.settings.unlock).into(),
            self.paths.state.join("unlock-mask"),
        )
    }
}
