//! From a profile's name to credentials: the session crate's parts, wired to this process.

use std::time::Duration;

use keyward_creds::{Credentials, MfaCode, ProfileName, Region};
use keyward_exec::Handout;
use keyward_session::cache::{HopKey, KnownKeys, SessionCache};
use keyward_session::config::ConfigFile;
use keyward_session::plan::{self, Plan, PlanError, Request, Start};
use keyward_session::resolve::{ResolveError, Resolver, hop_keys};
use keyward_session::source::mfa::MfaCodes;
use keyward_session::wire::Sts;
use keyward_vault::{StoreKind, Vault};

use super::{App, Failure};
use crate::prompt::OnTerminal;

/// The unlock cache's name for the key of the session cache.
const CACHE_KEY: &str = "session-cache";

/// What a command asks for.
pub(crate) struct Asked {
    pub(crate) profile: ProfileName,
    pub(crate) no_session: bool,
    pub(crate) duration: Option<Duration>,
    pub(crate) region: Option<Region>,
    pub(crate) mfa_token: Option<MfaCode>,
    /// How long a cached session must still last.
    pub(crate) min_left: Duration,
}

impl Asked {
    /// The profile as it is, without options.
    fn usual(profile: ProfileName) -> Self {
        let (duration, region, mfa_token) = (None, None, None);
        Self { profile, no_session: false, duration, region, mfa_token, min_left: Duration::ZERO }
    }
}

/// What it gets.
pub(crate) struct Obtained {
    pub(crate) plan: Plan,
    pub(crate) credentials: Credentials,
}

impl Obtained {
    /// What a child or a reader of `export` is given.
    pub(crate) fn handout(&self) -> Handout<'_> {
        Handout {
            profile: &self.plan.profile,
            credentials: &self.credentials,
            region: self.plan.region.as_ref(),
            region_is_own: self.plan.region_is_own,
        }
    }
}

impl App {
    /// Credentials for a profile, by the cache if it can, by AWS if it must.
    pub(crate) fn obtain(&self, asked: Asked) -> Result<Obtained, Failure> {
        let config = self.config()?;
        let kind = self.store_kind()?;
        let vault = self.vault()?;
        let request = self.request(&asked)?;
        let Some(cache) = self.cache_of_used_vault(kind, &vault, &config, &request)? else {
            // Without any stored key this is an error, and the plan knows which.
            plan::plan(&config, &KnownKeys::default().profiles(), &request)?;
            return Err(Failure::NoVaultYet);
        };
        let mut known = self.known_keys(&cache, &vault)?;
        let plan = match plan::plan(&config, &known.profiles(), &request) {
            Err(PlanError::UnknownProfile { .. } | PlanError::NoCredentials { .. })
                if vault.stamp().is_none() =>
            {
                // Another program may have filled the store since we looked.
                known = self.names_now(&vault, known)?;
                cache.remember_keys(&known);
                plan::plan(&config, &known.profiles(), &request)?
            }
            planned => planned?,
        };
        tracing::debug!(
            config = %self.paths.aws_config.display(),
            store = %kind,
            region = plan.region.as_ref().map(|region| region.as_str()),
            calls = plan.hops.len(),
            "planned; what is cached needs no call"
        );
        let sts = Sts::new(self.network(plan.ca_bundle.clone()));
        let person = OnTerminal;
        let totp_notes = self.paths.state.join("totp");
        let codes = MfaCodes::new(asked.mfa_token, &totp_notes, &self.clock, &person);
        let resolver = Resolver {
            vault: &vault,
            store_name: &self.store_name(kind),
            cache: &cache,
            sts: &sts,
            codes: &codes,
            person: &person,
            clock: &self.clock,
            locks: &self.paths.locks(),
        };
        let Start::StoredKey { profile: holder } = &plan.start;
        let id = self.key_id(&cache, &vault, &known, holder)?;
        let credentials = match resolver.resolve(&plan, &id, asked.min_left) {
            Err(ResolveError::KeyChanged { profile, now }) => {
                self.learn_key(&cache, &vault, &profile, &now)?;
                resolver.resolve(&plan, &now.key.id, asked.min_left)?
            }
            Err(ResolveError::NoStoredKey { profile }) => {
                cache.forget_keys()?;
                return Err(ResolveError::NoStoredKey { profile }.into());
            }
            resolved => resolved?,
        };
        Ok(Obtained { plan, credentials })
    }

    /// The session cache; its key comes from the kernel if it can, from the store if it must.
    pub(crate) fn open_cache(
        &self,
        kind: StoreKind,
        vault: &Vault,
    ) -> Result<SessionCache, Failure> {
        if let Some(cache) = self.cache_if_unlocked(kind) {
            return Ok(cache);
        }
        let key = vault.session_cache_key()?;
        self.unlock_cache(kind).put(CACHE_KEY, &key);
        Ok(SessionCache::new(self.paths.sessions.clone(), key))
    }

    /// The session cache, unless the vault is empty: only `add` makes a vault.
    fn cache_of_used_vault(
        &self,
        kind: StoreKind,
        vault: &Vault,
        config: &ConfigFile,
        request: &Request,
    ) -> Result<Option<SessionCache>, Failure> {
        if let Some(cache) = self.cache_if_unlocked(kind) {
            return Ok(Some(cache));
        }
        // What is wrong whatever the vault holds is said before anybody is asked to unlock it.
        let any_key = config.profile_names()?.into_iter().chain([request.profile.clone()]);
        plan::plan(config, &any_key.collect(), request)?;
        match vault.profiles()?.is_empty() {
            true => Ok(None),
            false => self.open_cache(kind, vault).map(Some),
        }
    }

    /// The session cache, if that asks nobody.
    pub(crate) fn cache_if_unlocked(&self, kind: StoreKind) -> Option<SessionCache> {
        let key = self.unlock_cache(kind).get(CACHE_KEY)?;
        Some(SessionCache::new(self.paths.sessions.clone(), key))
    }

    /// Forgets what the kernel holds unlocked; true when it held something.
    pub(crate) fn lock(&self, kind: StoreKind) -> bool {
        let unlocked = self.unlock_cache(kind);
        let session_cache = unlocked.forget(CACHE_KEY);
        let vault = unlocked.forget(keyward_vault::file_store::UNLOCKED_AS);
        session_cache || vault
    }

    /// The name under which `profile`'s own session is cached, if it has one that can be told without
    /// reading a key. Two profiles that mean the same share it.
    pub(crate) fn session_key(
        &self,
        config: &ConfigFile,
        known: &KnownKeys,
        profile: &ProfileName,
    ) -> Result<Option<HopKey>, Failure> {
        let request = self.request(&Asked::usual(profile.clone()))?;
        let plan = plan::plan(config, &known.profiles(), &request)?;
        let Start::StoredKey { profile: holder } = &plan.start;
        let Some(key) = known.get(holder) else { return Ok(None) };
        let store = self.store_name(self.store_kind()?);
        Ok(hop_keys(&plan, &store, &key.id).pop())
    }
}
