//! Which keys the store holds: names, ids and accounts, no secrets.

use std::collections::{BTreeMap, BTreeSet};

use keyward_creds::{AccessKeyId, AccountId, ProfileName, SecretBytes};
use keyward_vault::StoredKey;
use serde::{Deserialize, Serialize};

/// What the sealed list is bound to, so that no session can be put in its place.
pub(super) const BINDING: &[u8] = b"keyward known keys 1";

/// The stored keys as last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownKeys {
    /// The store's stamp at that time: with another one, this is out of date.
    stamp: Option<String>,
    keys: BTreeMap<ProfileName, Option<KnownKey>>,
}

/// What is known of one stored key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// Its public half.
    pub id: AccessKeyId,
    /// The account it belongs to, when AWS told us.
    pub account: Option<AccountId>,
}

impl From<&StoredKey> for KnownKey {
    fn from(stored: &StoredKey) -> Self {
        Self { id: stored.key.id.clone(), account: stored.account.clone() }
    }
}

#[derive(Serialize, Deserialize)]
struct List {
    stamp: Option<String>,
    keys: Vec<Record>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    profile: String,
    id: Option<String>,
    account: Option<String>,
}

impl KnownKeys {
    /// Whether the store still is as it was when this was noted.
    pub fn is_current(&self, stamp: Option<&str>) -> bool {
        self.stamp.as_deref() == stamp
    }

    /// The same, noted at `stamp`.
    pub fn noted_at(self, stamp: Option<String>) -> Self {
        Self { stamp, ..self }
    }

    /// Exactly the keys of `profiles`, with what is known of them.
    pub fn limited_to(mut self, profiles: Vec<ProfileName>) -> Self {
        let known = profiles.into_iter().map(|profile| {
            let key = self.keys.remove(&profile).flatten();
            (profile, key)
        });
        let keys = known.collect();
        Self { stamp: self.stamp, keys }
    }

    /// The profiles with a stored key.
    pub fn profiles(&self) -> BTreeSet<ProfileName> {
        self.keys.keys().cloned().collect()
    }

    /// What is known of `profile`'s key, if it was ever read.
    pub fn get(&self, profile: &ProfileName) -> Option<&KnownKey> {
        self.keys.get(profile)?.as_ref()
    }

    /// Takes note of a key that was read or written.
    pub fn learn(&mut self, profile: &ProfileName, key: KnownKey) {
        self.keys.insert(profile.clone(), Some(key));
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let records = self
            .keys
            .iter()
            .map(|(profile, known)| Record {
                profile: profile.to_string(),
                id: known.as_ref().map(|known| known.id.to_string()),
                account: known
                    .as_ref()
                    .and_then(|known| known.account.as_ref().map(|a| a.to_string())),
            })
            .collect();
        let list = List { stamp: self.stamp.clone(), keys: records };
        serde_json::to_vec(&list).unwrap_or_default()
    }

    pub(super) fn decode(bytes: &SecretBytes) -> Option<Self> {
        let list: List = serde_json::from_slice(bytes.expose()).ok()?;
        let read = |record: Record| {
            let known = match record.id {
                None => None,
                Some(id) => Some(KnownKey {
                    id: id.parse().ok()?,
                    account: record.account.and_then(|account| account.parse().ok()),
                }),
            };
            Some((record.profile.parse().ok()?, known))
        };
        let keys = list.keys.into_iter().map(read).collect::<Option<BTreeMap<_, _>>>()?;
        Some(Self { stamp: list.stamp, keys })
    }
}
