//! Which keys the store holds: names, ids and accounts, no secrets.

use std::collections::{BTreeMap, BTreeSet};

use keyward_creds::{AccessKeyId, AccountId, ProfileName, SecretBytes};
use keyward_vault::StoredKey;
use serde::{Deserialize, Serialize};

/// What the sealed list is bound to, so that no session can be put in its place.
pub(super) const BINDING: &[u8] = b"keyward known keys 1";

/// The stored keys as last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownKeys(BTreeMap<ProfileName, Option<KnownKey>>);

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
struct Record {
    profile: String,
    id: Option<String>,
    account: Option<String>,
}

impl KnownKeys {
    /// Names whose keys have not been read yet.
    pub fn named(profiles: impl IntoIterator<Item = ProfileName>) -> Self {
        Self(profiles.into_iter().map(|profile| (profile, None)).collect())
    }

    /// The profiles with a stored key.
    pub fn profiles(&self) -> BTreeSet<ProfileName> {
        self.0.keys().cloned().collect()
    }

    /// What is known of `profile`'s key, if it was ever read.
    pub fn get(&self, profile: &ProfileName) -> Option<&KnownKey> {
        self.0.get(profile)?.as_ref()
    }

    /// Takes note of a key that was read or written.
    pub fn learn(&mut self, profile: &ProfileName, key: KnownKey) {
        self.0.insert(profile.clone(), Some(key));
    }

    /// Takes note that there is no such key any more.
    pub fn forget(&mut self, profile: &ProfileName) {
        self.0.remove(profile);
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let records: Vec<Record> = self
            .0
            .iter()
            .map(|(profile, known)| Record {
                profile: profile.to_string(),
                id: known.as_ref().map(|known| known.id.to_string()),
                account: known
                    .as_ref()
                    .and_then(|known| known.account.as_ref().map(|a| a.to_string())),
            })
            .collect();
        serde_json::to_vec(&records).unwrap_or_default()
    }

    pub(super) fn decode(bytes: &SecretBytes) -> Option<Self> {
        let records: Vec<Record> = serde_json::from_slice(bytes.expose()).ok()?;
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
        records.into_iter().map(read).collect::<Option<BTreeMap<_, _>>>().map(Self)
    }
}
