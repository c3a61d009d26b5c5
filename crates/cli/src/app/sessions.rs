//! From a profile's name to credentials: the session crate's parts, wired to this process.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use keyward_creds::{AccessKeyId, Credentials, MfaCode, ProfileName, Region};
use keyward_session::cache::{HopKey, KnownKey, KnownKeys, SessionCache};
use keyward_session::config::ConfigFile;
use keyward_session::config::profile::Profile;
use keyward_session::plan::{self, Plan, PlanError, Request, Start};
use keyward_session::resolve::{ResolveError, Resolver, hop_keys};
use keyward_session::source::mfa::MfaCodes;
use keyward_session::wire::{Network, Sts};
use keyward_vault::files::{self, LockFile};
use keyward_vault::{StoreKind, StoredKey, Vault};

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
            Err(PlanError::UnknownProfile { .. } | PlanError::NoCredentials { .. }) => {
                // The store may have been filled by another program since we looked.
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
            "planned; a cached session makes calls unnecessary"
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

    /// The names and ids of stored keys, from the cache or from the store.
    pub(crate) fn known_keys(
        &self,
        cache: &SessionCache,
        vault: &Vault,
    ) -> Result<KnownKeys, Failure> {
        let stamp = vault.stamp();
        match cache.known_keys().filter(|known| known.is_current(stamp.as_deref())) {
            Some(known) => Ok(known),
            None => self.read_known_keys(cache, vault),
        }
    }

    /// Where STS is when no profile is asked for: to verify a new key.
    pub(crate) fn sts_for_verifying(
        &self,
        profile: &Profile,
    ) -> Result<(Sts, plan::StsEndpoint), Failure> {
        let region =
            self.region(None)?.or_else(|| profile.region.as_ref().map(|r| r.value.clone()));
        let device = profile.mfa_serial.as_ref().map(|serial| serial.value.partition());
        let partition = device.unwrap_or(keyward_creds::Partition::Aws);
        let url =
            self.endpoint().or_else(|| profile.endpoint_url.as_ref().map(|u| u.value.clone()));
        let region = region.unwrap_or_else(|| partition.default_region());
        let ca_bundle = profile.ca_bundle.as_ref().map(|path| path.value.clone().into());
        Ok((Sts::new(self.network(ca_bundle)), plan::StsEndpoint { region, url }))
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

    /// The names of stored keys as the store tells them now, with what `before` knows of them.
    pub(crate) fn names_now(&self, vault: &Vault, before: KnownKeys) -> Result<KnownKeys, Failure> {
        // Taken first: a change in between makes the note out of date, not wrong.
        let stamp = vault.stamp();
        Ok(before.limited_to(vault.profiles()?).noted_at(stamp))
    }

    fn read_known_keys(&self, cache: &SessionCache, vault: &Vault) -> Result<KnownKeys, Failure> {
        let known = self.names_now(vault, KnownKeys::default())?;
        cache.remember_keys(&known);
        Ok(known)
    }

    /// Reads the keys whose ids are not known, if the vault file is open: then that asks nobody.
    pub(crate) fn with_ids(
        &self,
        cache: &SessionCache,
        vault: &Vault,
        mut known: KnownKeys,
    ) -> Result<KnownKeys, Failure> {
        let unlocked = self.unlock_cache(vault.kind());
        if unlocked.get(keyward_vault::file_store::UNLOCKED_AS).is_none() {
            return Ok(known);
        }
        let unread: Vec<ProfileName> =
            known.profiles().into_iter().filter(|profile| known.get(profile).is_none()).collect();
        for profile in &unread {
            if let Some(stored) = vault.key(profile)? {
                known.learn(profile, KnownKey::from(&stored));
            }
        }
        if !unread.is_empty() {
            cache.remember_keys(&known);
        }
        Ok(known)
    }

    fn key_id(
        &self,
        cache: &SessionCache,
        vault: &Vault,
        known: &KnownKeys,
        holder: &ProfileName,
    ) -> Result<AccessKeyId, Failure> {
        if let Some(key) = known.get(holder) {
            return Ok(key.id.clone());
        }
        let Some(stored) = vault.key(holder)? else {
            cache.forget_keys()?;
            return Err(ResolveError::NoStoredKey { profile: holder.clone() }.into());
        };
        self.learn_key(cache, vault, holder, &stored)?;
        Ok(stored.key.id)
    }

    /// Adds what was read of a key to what is known; processes that learn at once take turns.
    fn learn_key(
        &self,
        cache: &SessionCache,
        vault: &Vault,
        profile: &ProfileName,
        stored: &StoredKey,
    ) -> Result<(), Failure> {
        let _turn = self.turn_at_keys();
        let mut known = self.known_keys(cache, vault)?;
        known.learn(profile, KnownKey::from(stored));
        cache.remember_keys(&known);
        Ok(())
    }

    /// The turn of those that change the stored keys, or the note of them. On a disk that cannot be
    /// written there are none, and nothing to change either.
    pub(crate) fn turn_at_keys(&self) -> Option<LockFile> {
        let folder = self.paths.locks();
        files::private_dir(&folder).ok()?;
        LockFile::acquire(&folder.join("keys.lock")).ok()
    }

    /// Changes a stored key by `change`. What was made from the old one goes first: if we are ended
    /// half-way, sessions are missing, and none of the wrong key is served.
    pub(crate) fn change_key(
        &self,
        vault: &Vault,
        profile: &ProfileName,
        sessions_stay: bool,
        change: impl FnOnce(&Vault) -> Result<Option<StoredKey>, Failure>,
    ) -> Result<usize, Failure> {
        let cache = self.open_cache(vault.kind(), vault)?;
        let _turn = self.turn_at_keys();
        let before = self.known_keys(&cache, vault)?;
        if vault.stamp().is_none() {
            // What is noted of a store with a stamp goes out of date by itself.
            cache.forget_keys()?;
        }
        let forgotten = cache.clear(|facts| !sessions_stay && facts.holder == *profile)?;
        let now = change(vault);
        let mut known = self.names_now(vault, before)?;
        if let Ok(Some(stored)) = &now {
            known.learn(profile, KnownKey::from(stored));
        }
        cache.remember_keys(&known);
        now.map(|_| forgotten)
    }

    fn request(&self, asked: &Asked) -> Result<Request, Failure> {
        Ok(Request {
            profile: asked.profile.clone(),
            no_session: asked.no_session,
            duration: asked.duration,
            region: self.region(asked.region.clone())?,
            endpoint_url: self.endpoint(),
            session_name: self.session_name(),
        })
    }

    fn region(&self, flag: Option<Region>) -> Result<Option<Region>, Failure> {
        if flag.is_some() {
            return Ok(flag);
        }
        let lent = keyward_exec::lent_region(self.environment.all());
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            let text = self.environment.text(name).filter(|text| lent != Some(OsStr::new(text)));
            if let Some(text) = text {
                let parsed = text.parse().map_err(|_| Failure::BadVariable {
                    name,
                    value: text.to_owned(),
                    takes: "a region such as `eu-west-1`",
                });
                return parsed.map(Some);
            }
        }
        Ok(None)
    }

    fn endpoint(&self) -> Option<String> {
        let ignored = self
            .environment
            .text("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let names = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"];
        let found = names.into_iter().find_map(|name| self.environment.text(name));
        found.filter(|_| !ignored).map(str::to_owned)
    }

    fn network(&self, configured_ca_bundle: Option<PathBuf>) -> Network {
        Network {
            ca_bundle: self.environment.path("AWS_CA_BUNDLE").or(configured_ca_bundle),
            cert_file: self.environment.path("SSL_CERT_FILE"),
        }
    }

    /// `user@host`, in the letters AWS allows: who it was, for CloudTrail.
    fn session_name(&self) -> String {
        let user = self.environment.text("USER").or_else(|| self.environment.text("LOGNAME"));
        let legal = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_".contains(c);
        let whole = format!("{}@{}", user.unwrap_or("keyward"), host_name());
        whole.chars().map(|c| if legal(c) { c } else { '-' }).take(64).collect()
    }
}

#[cfg(unix)]
fn host_name() -> String {
    nix::unistd::gethostname().map_or_else(
        |_| "localhost".to_owned(),
        |name| name.to_string_lossy().split('.').next().unwrap_or_default().to_owned(),
    )
}

#[cfg(windows)]
fn host_name() -> String {
    "windows".to_owned()
}
