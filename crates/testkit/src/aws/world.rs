//! What the fake AWS knows: users, keys, devices, roles, sessions, and what happened so far.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::call::Call;
use super::fault::Armed;
use super::policy::SessionPolicies;
use crate::{clock, random};

/// Everything behind the lock.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) skew: SignedDuration,
    /// By ARN; an account's root is a user here.
    pub(crate) users: BTreeMap<String, User>,
    /// By access key id.
    pub(crate) keys: BTreeMap<String, LongTermKey>,
    /// By serial number.
    pub(crate) devices: BTreeMap<String, Device>,
    /// By ARN.
    pub(crate) roles: BTreeMap<String, Role>,
    /// By access key id.
    pub(crate) sessions: BTreeMap<String, Session>,
    pub(crate) faults: Vec<Armed>,
    pub(crate) calls: Vec<Call>,
    /// How many uses of a freshly created key are refused, because AWS spreads the news slowly.
    pub(crate) news_takes: u32,
    /// While a fault shortens lives: how long the credentials of this call live.
    pub(crate) shortened_life: Option<SignedDuration>,
}

pub(crate) struct User {
    pub(crate) principal: Principal,
    /// Empty for root.
    pub(crate) name: String,
    pub(crate) created: Timestamp,
}

pub(crate) struct LongTermKey {
    pub(crate) secret: String,
    pub(crate) owner: String,
    pub(crate) active: bool,
    pub(crate) created: Timestamp,
    pub(crate) unknown_for: u32,
}

pub(crate) struct Device {
    pub(crate) owner: String,
    pub(crate) seed: Vec<u8>,
    pub(crate) used_steps: BTreeSet<u64>,
    /// A passkey: it exists, but STS cannot check it.
    pub(crate) passkey: bool,
    pub(crate) enabled: Timestamp,
}

pub(crate) struct Role {
    pub(crate) id: String,
    pub(crate) trusts: Vec<String>,
    pub(crate) requires_mfa: bool,
    pub(crate) external_id: Option<String>,
    pub(crate) max_session: i64,
}

pub(crate) struct Session {
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) expires: Timestamp,
    pub(crate) kind: CredentialKind,
    pub(crate) principal: Principal,
    pub(crate) mfa: bool,
    pub(crate) policies: SessionPolicies,
    pub(crate) source_identity: Option<String>,
}

/// What sort of credentials signed a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// An access key of a user or of root.
    LongTerm,
    /// From `GetSessionToken`.
    Session,
    /// From `AssumeRole`.
    Role,
    /// From `GetFederationToken`.
    Federated,
}

/// Who a call speaks for.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    /// As `GetCallerIdentity` shows it.
    pub(crate) arn: String,
    /// The user, role or root account behind it, as trust policies name it.
    pub(crate) entity: String,
    pub(crate) id: String,
    pub(crate) account: String,
}

impl Principal {
    pub(crate) fn root_arn(&self) -> String {
        format!("arn:{}:iam::{}:root", partition(&self.entity), self.account)
    }

    pub(crate) fn is_root(&self) -> bool {
        self.entity.ends_with(":root")
    }
}

/// The partition of an ARN.
pub(crate) fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or("aws")
}

/// The account of an ARN.
pub(crate) fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

impl World {
    /// The server's clock.
    pub(crate) fn now(&self) -> Timestamp {
        clock::now() + self.skew
    }

    pub(crate) fn ensure_user(&mut self, arn: &str) {
        let created = self.now();
        self.users.entry(arn.to_owned()).or_insert_with(|| {
            let root = arn.ends_with(":root");
            let name = arn.rsplit('/').next().filter(|_| !root).unwrap_or_default();
            let id = if root { account(arn).to_owned() } else { random::identifier("AIDA") };
            let principal = Principal {
                arn: arn.to_owned(),
                entity: arn.to_owned(),
                id,
                account: account(arn).to_owned(),
            };
            User { principal, name: name.to_owned(), created }
        });
    }

    pub(crate) fn ensure_role(&mut self, arn: &str) -> &mut Role {
        self.roles.entry(arn.to_owned()).or_insert_with(|| Role {
            id: random::identifier("AROA"),
            trusts: Vec::new(),
            requires_mfa: false,
            external_id: None,
            max_session: 3600,
        })
    }

    /// Gives `owner` a new active key and returns its id.
    pub(crate) fn create_key(&mut self, owner: &str) -> String {
        let id = random::identifier("AKIA");
        let key = LongTermKey {
            secret: random::secret_key(),
            owner: owner.to_owned(),
            active: true,
            created: self.now(),
            unknown_for: self.news_takes,
        };
        self.keys.insert(id.clone(), key);
        id
    }

    pub(crate) fn keys_of<'a>(
        &'a self,
        owner: &'a str,
    ) -> impl Iterator<Item = (&'a String, &'a LongTermKey)> {
        self.keys.iter().filter(move |(_, key)| key.owner == owner)
    }
}
