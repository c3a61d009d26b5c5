//! The name of a cached session: a hash of everything that went into it, so that a changed setting is a
//! cache miss and two profiles share what is the same.

use keyward_creds::{AccessKeyId, ProfileName};
use sha2::{Digest, Sha256};

use crate::plan::{Call, Hop};

/// The hash of a start and of all hops up to one of them.
///
/// Not in it: the profile on whose behalf a call is made (two profiles may share a hop) and the region
/// of the STS that answers (a regional session is good everywhere in its partition, which the key
/// decides). Another end point is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HopKey([u8; 32]);

impl HopKey {
    /// The key stored as `profile` in the store called `store`.
    pub fn of_stored_key(store: &str, profile: &ProfileName, id: &AccessKeyId) -> Self {
        Self(hash(&["stored key", store, profile.as_str(), id.as_str()]))
    }

    /// What comes of `self` by `hop`.
    pub fn then(&self, hop: &Hop) -> Self {
        let before = self.to_string();
        let duration = hop.duration.as_secs().to_string();
        let mfa = hop.mfa.as_ref().map_or("", |serial| serial.as_str());
        let url = hop.sts.url.as_deref().unwrap_or("");
        Self(match &hop.call {
            Call::GetSessionToken => hash(&["session", &before, &duration, mfa, url]),
            Call::AssumeRole { role, session_name, external_id } => hash(&[
                "role",
                &before,
                &duration,
                mfa,
                url,
                role.as_str(),
                session_name,
                external_id.as_deref().unwrap_or(""),
            ]),
        })
    }

    /// The raw hash, which the sealed entry is bound to.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for HopKey {
    /// Lower-case hexadecimal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Each field is preceded by its length, so that no two lists of fields run together.
fn hash(fields: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for field in fields {
        hasher.update((field.len() as u64).to_le_bytes());
        hasher.update(field.as_bytes());
    }
    hasher.finalize().into()
}
