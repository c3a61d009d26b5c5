//! A cached session as bytes, and the judgement whether it is good enough.

use std::borrow::Cow;
use std::time::Duration;

use keyward_creds::{
    AccessKeyId, AccountId, Credentials, ProfileName, RoleArn, Secret, SecretBytes, Timestamp,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What a session is, apart from its secrets: all that `list` and `clear` need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    /// The profile it was made for first. Others may share it.
    pub profile: ProfileName,
    /// The profile whose stored key it goes back to.
    pub holder: ProfileName,
    /// The role it is a session of; `None` for a plain session.
    pub role: Option<RoleArn>,
    /// Whether an MFA code went into this very session.
    pub mfa: bool,
    /// When it ends, by STS's clock.
    pub expires_at: Timestamp,
}

/// One cached session.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is.
    pub facts: SessionFacts,
    /// The session itself.
    pub credentials: Credentials,
}

/// What the cache says about a session.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// Good for longer than the margin.
    Fresh(Credentials),
    /// Over, or too near its end.
    Stale,
    /// Never stored, or not readable, which comes to the same.
    Absent,
}

/// Judges an entry at `now`: it is fresh if it lasts longer than `margin`.
pub fn judge(entry: Option<Entry>, now: Timestamp, margin: Duration) -> Lookup {
    match entry {
        None => Lookup::Absent,
        Some(entry) => {
            let left = entry.facts.expires_at.duration_since(now);
            if left.as_secs() > i64::try_from(margin.as_secs()).unwrap_or(i64::MAX) {
                Lookup::Fresh(entry.credentials)
            } else {
                Lookup::Stale
            }
        }
    }
}

const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Record<'a> {
    version: u8,
    #[serde(borrow)]
    profile: Cow<'a, str>,
    #[serde(borrow)]
    holder: Cow<'a, str>,
    #[serde(borrow)]
    role: Option<Cow<'a, str>>,
    mfa: bool,
    #[serde(borrow)]
    access_key_id: Cow<'a, str>,
    #[serde(borrow)]
    secret_access_key: Cow<'a, str>,
    #[serde(borrow)]
    session_token: Cow<'a, str>,
    #[serde(borrow)]
    account: Option<Cow<'a, str>>,
    expires_at: i64,
}

impl Entry {
    /// The entry as bytes to seal. `None` when it is not a session that ends.
    pub fn encode(&self) -> Option<SecretBytes> {
        let credentials = &self.credentials;
        let token = credentials.session_token.as_ref()?;
        let record = Record {
            version: VERSION,
            profile: self.facts.profile.as_str().into(),
            holder: self.facts.holder.as_str().into(),
            role: self.facts.role.as_ref().map(|role| role.as_str().into()),
            mfa: self.facts.mfa,
            access_key_id: credentials.access_key_id.as_str().into(),
            secret_access_key: credentials.secret_access_key.expose().into(),
            session_token: token.expose().into(),
            account: credentials.account.as_ref().map(|account| account.as_str().into()),
            expires_at: self.facts.expires_at.as_second(),
        };
        // Large enough for any session, so that growing leaves no copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
        serde_json::to_writer(&mut *bytes, &record).ok()?;
        Some(SecretBytes::new(std::mem::take(&mut *bytes)))
    }

    /// The entry in `bytes`, or `None` when they are not one of this version.
    pub fn decode(bytes: &SecretBytes) -> Option<Self> {
        let record: Record<'_> = serde_json::from_slice(bytes.expose()).ok()?;
        if record.version != VERSION {
            return None;
        }
        let expires_at = Timestamp::from_second(record.expires_at).ok()?;
        let account = record.account.map(|text| text.parse::<AccountId>()).transpose().ok()?;
        Some(Self {
            facts: SessionFacts {
                profile: record.profile.parse().ok()?,
                holder: record.holder.parse().ok()?,
                role: record.role.map(|text| text.parse::<RoleArn>()).transpose().ok()?,
                mfa: record.mfa,
                expires_at,
            },
            credentials: Credentials {
                access_key_id: record.access_key_id.parse::<AccessKeyId>().ok()?,
                secret_access_key: Secret::new(record.secret_access_key.into_owned()),
                session_token: Some(Secret::new(record.session_token.into_owned())),
                expires_at: Some(expires_at),
                account,
            },
        })
    }
}
