//! `keyward list`.

mod table;

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use keyward_creds::{ProfileName, RoleArn};
use keyward_session::ask::Clock;
use keyward_session::cache::{KnownKeys, SessionCache, SessionFacts};
use keyward_session::config::profile::Profile;
use keyward_session::config::{ConfigError, ConfigFile};
use keyward_vault::{StoreError, StoreKind, Vault};
use serde_json::json;

use crate::app::{App, Failure};
use crate::exit::Exit;
use crate::{report, ui};

/// Show profiles, stored keys and sessions
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Print JSON; errors are JSON too
    #[arg(long, conflicts_with_all = ["profiles", "credentials", "sessions"])]
    pub(crate) json: bool,
    /// Print only the profiles' names
    #[arg(long)]
    profiles: bool,
    /// Print only the names of stored keys
    #[arg(long)]
    credentials: bool,
    /// Print only the sessions
    #[arg(long)]
    sessions: bool,
}

/// One line of the list.
#[derive(Debug)]
struct Row {
    profile: ProfileName,
    /// In the config file.
    configured: bool,
    role: Option<RoleArn>,
    account: Option<String>,
    source: Option<ProfileName>,
    key: Option<StoredName>,
    sessions: Vec<SessionFacts>,
    /// Why the rest of the row is not known.
    mistake: Option<ConfigError>,
}

impl Row {
    /// A profile with a mistake in it. The others are no less worth showing.
    fn unreadable(name: &ProfileName, mistake: ConfigError) -> Self {
        Self {
            profile: name.clone(),
            configured: true,
            role: None,
            account: None,
            source: None,
            key: None,
            sessions: Vec::new(),
            mistake: Some(mistake),
        }
    }
}

/// A stored key, as far as it is known without reading it.
#[derive(Debug)]
struct StoredName {
    id: Option<String>,
}

/// What the vault lets us see.
#[derive(Default)]
struct Seen {
    /// `None` when not even the names can be told.
    known: Option<KnownKeys>,
    sessions: Vec<SessionFacts>,
    cache: Option<SessionCache>,
    /// Why there may be more than is shown.
    locked: Option<StoreError>,
}

impl Seen {
    fn stored(&self) -> BTreeSet<ProfileName> {
        self.known.as_ref().map(KnownKeys::profiles).unwrap_or_default()
    }
}

pub(crate) fn run(app: &App, args: ListArgs) -> Result<Exit, Failure> {
    let config = app.config()?;
    if args.profiles {
        return print_lines(config.profile_names()?.iter().map(ProfileName::to_string));
    }
    let mut seen = look(app, args.json)?;
    let now = app.clock.now();
    if args.credentials {
        return match (&seen.known, seen.locked.take()) {
            (None, Some(locked)) => Err(locked.into()),
            _ => print_lines(seen.stored().iter().map(ProfileName::to_string)),
        };
    }
    if args.sessions {
        if let Some(locked) = seen.locked {
            return Err(locked.into());
        }
        let line =
            |facts: &SessionFacts| format!("{} {}", facts.profile, table::session(facts, now));
        if seen.sessions.is_empty() {
            ui::say("no sessions");
        }
        return print_lines(seen.sessions.iter().map(line));
    }
    let rows = rows(app, &config, &seen)?;
    if args.json {
        let list: Vec<_> = rows.iter().map(as_json).collect();
        let text = json!({ "version": 1, "locked": seen.locked.is_some(), "profiles": list });
        ui::data(&format!("{text:#}\n"))?;
    } else if rows.is_empty() {
        ui::say("no profiles and no stored keys; `keyward add PROFILE` stores the first");
    } else {
        ui::data(&table::render(&rows, seen.locked.is_some(), now))?;
        for mistake in rows.iter().filter_map(|row| row.mistake.as_ref()) {
            ui::say(&format!("keyward: warning: {}", report::of_config(mistake).message));
        }
        if let Some(locked) = &seen.locked {
            let why = report::of_store(locked).message;
            ui::say(&format!("keyward: {why}; what it holds is not shown"));
        }
    }
    Ok(Exit::Success)
}

/// Looks into vault and cache. A vault that is locked, with nobody to ask, is no error: the profiles
/// can be listed all the same. For a program nobody is asked at all.
fn look(app: &App, for_a_program: bool) -> Result<Seen, Failure> {
    let Ok(kind) = app.store_kind() else { return Ok(Seen::default()) };
    let vault = if for_a_program { app.vault_without_asking()? } else { app.vault()? };
    match look_into(app, kind, &vault) {
        Err(Failure::Store(
            locked @ (StoreError::NoTerminal { .. }
            | StoreError::KeychainLocked
            | StoreError::KeychainDismissed
            | StoreError::Declined),
        )) => {
            let known = names_without_unlocking(app, kind, &vault);
            Ok(Seen { known, locked: Some(locked), ..Seen::default() })
        }
        seen => seen,
    }
}

fn look_into(app: &App, kind: StoreKind, vault: &Vault) -> Result<Seen, Failure> {
    let cache = match app.cache_if_unlocked(kind) {
        Some(cache) => cache,
        None if vault.profiles()?.is_empty() => {
            return Ok(Seen { known: Some(KnownKeys::default()), ..Seen::default() });
        }
        None => app.open_cache(kind, vault)?,
    };
    let mut known = app.known_keys(&cache, vault)?;
    if vault.stamp().is_none() {
        // Such a store may have been changed by another program, and only it can tell.
        known = app.names_now(vault, known)?;
    } else {
        known = app.with_ids(&cache, vault, known)?;
    }
    let sessions = cache.sessions(app.clock.now());
    Ok(Seen { known: Some(known), sessions, cache: Some(cache), locked: None })
}

/// A keychain and a helper tell the names of their items even while they are locked.
fn names_without_unlocking(app: &App, kind: StoreKind, vault: &Vault) -> Option<KnownKeys> {
    match kind {
        StoreKind::Keychain | StoreKind::Helper => app.names_now(vault, KnownKeys::default()).ok(),
        StoreKind::File => None,
    }
}

/// Profiles in file order, then stored keys without a section.
fn rows(app: &App, config: &ConfigFile, seen: &Seen) -> Result<Vec<Row>, Failure> {
    let mut sessions: BTreeMap<&ProfileName, Vec<SessionFacts>> = BTreeMap::new();
    for facts in &seen.sessions {
        sessions.entry(&facts.profile).or_default().push(facts.clone());
    }
    let configured = config.profile_names()?;
    let in_config: BTreeSet<&ProfileName> = configured.iter().collect();
    let stored = seen.stored();
    let key_only = stored.iter().filter(|name| !in_config.contains(name));
    let mut rows: Vec<Row> = configured
        .iter()
        .map(|name| (name, true))
        .chain(key_only.map(|name| (name, false)))
        .map(|(name, in_file)| row(config, seen, &stored, name, in_file, sessions.remove(name)))
        .collect::<Result<_, Failure>>()?;
    show_shared_sessions(app, config, seen, &mut rows);
    Ok(rows)
}

/// A session is listed with the profile it was made for; other profiles that would use it have it too.
fn show_shared_sessions(app: &App, config: &ConfigFile, seen: &Seen, rows: &mut [Row]) {
    let (Some(known), Some(cache)) = (&seen.known, &seen.cache) else { return };
    let now = app.clock.now();
    let open: BTreeSet<&RoleArn> = seen.sessions.iter().filter_map(|s| s.role.as_ref()).collect();
    for row in rows.iter_mut().filter(|row| row.sessions.is_empty()) {
        if row.role.as_ref().is_some_and(|role| open.contains(role)) {
            let key = app.session_key(config, known, &row.profile).ok().flatten();
            row.sessions.extend(key.and_then(|key| cache.facts(&key, now)));
        }
    }
}

fn row(
    config: &ConfigFile,
    seen: &Seen,
    stored: &BTreeSet<ProfileName>,
    name: &ProfileName,
    configured: bool,
    sessions: Option<Vec<SessionFacts>>,
) -> Result<Row, Failure> {
    let profile = match Profile::read(config, name) {
        Ok(profile) => profile,
        Err(error) => return Ok(Row::unreadable(name, error)),
    };
    let known = seen.known.as_ref().and_then(|known| known.get(name));
    let role = profile.role_arn.map(|role| role.value);
    let account = role.as_ref().map(|role| role.account());
    let account = account.or_else(|| known.and_then(|known| known.account.clone()));
    let is_stored = stored.contains(name);
    Ok(Row {
        profile: name.clone(),
        configured,
        role,
        account: account.map(|account| account.to_string()),
        source: profile.source_profile.map(|source| source.value),
        key: is_stored.then(|| StoredName { id: known.map(|known| known.id.to_string()) }),
        sessions: sessions.unwrap_or_default(),
        mistake: None,
    })
}

fn as_json(row: &Row) -> serde_json::Value {
    let session = |facts: &SessionFacts| {
        json!({
            "type": table::kind(facts),
            "role": facts.role.as_ref().map(|role| role.as_str()),
            "mfa": facts.mfa,
            "expires_at": facts.expires_at.to_string(),
        })
    };
    json!({
        "profile": row.profile.as_str(),
        "configured": row.configured,
        "source": row.source.as_ref().map(ProfileName::as_str),
        "account": row.account,
        "role": row.role.as_ref().map(RoleArn::role_name),
        "key": row.key.as_ref().map(|key| json!({ "access_key_id": key.id })),
        "sessions": row.sessions.iter().map(session).collect::<Vec<_>>(),
        "error": row.mistake.as_ref().map(|mistake| report::of_config(mistake).message),
    })
}

fn print_lines(lines: impl Iterator<Item = String>) -> Result<Exit, Failure> {
    let text: String = lines.map(|line| line + "\n").collect();
    ui::data(&text)?;
    Ok(Exit::Success)
}
