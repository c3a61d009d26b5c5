//! The two kinds of AWS credentials.

use jiff::{SignedDuration, Timestamp};

use crate::{AccessKeyId, AccountId, Secret};

/// An IAM user's access key: valid until somebody deletes it.
#[derive(Clone, Debug)]
pub struct LongTermKey {
    /// Public half; begins with `AKIA` at AWS.
    pub id: AccessKeyId,
    /// Secret half.
    pub secret: Secret,
}

/// What a child process gets: a session, or (with `--no-session`) the long-term key itself.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Public half; begins with `ASIA` for a session.
    pub access_key_id: AccessKeyId,
    /// Secret half.
    pub secret_access_key: Secret,
    /// Present for a session, absent for a long-term key.
    pub session_token: Option<Secret>,
    /// The end of their life as STS reported it, by STS's clock. `None` for a long-term key.
    pub expires_at: Option<Timestamp>,
    /// The account they act in, when it is known.
    pub account: Option<AccountId>,
}

impl Credentials {
    /// Time left at `now`; negative once expired. `None` when they do not expire.
    pub fn time_left(&self, now: Timestamp) -> Option<SignedDuration> {
        self.expires_at.map(|end| end.duration_since(now))
    }
}

impl From<LongTermKey> for Credentials {
    fn from(key: LongTermKey) -> Self {
        Self {
            access_key_id: key.id,
            secret_access_key: key.secret,
            session_token: None,
            expires_at: None,
            account: None,
        }
    }
}
