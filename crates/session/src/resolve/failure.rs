//! A failure, remembered for two seconds: processes that waited for the one that failed fail with it,
//! instead of each asking the person again.

use jiff::SignedDuration;
use keyward_creds::Timestamp;
use keyward_vault::StoreError;
use serde::{Deserialize, Serialize};

use super::ResolveError;
use crate::cache::{HopKey, SessionCache};
use crate::source::mfa::MfaError;

const REMEMBERED_FOR: SignedDuration = SignedDuration::from_secs(2);

/// What kind of failure, for exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureClass {
    /// The person said no.
    Declined,
    /// A person is needed, and there is none.
    NeedsPerson,
    /// The store is locked.
    Locked,
    /// AWS refused or could not be reached.
    Aws,
    /// Anything else.
    Other,
}

impl ResolveError {
    /// What kind of failure this is.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Store(StoreError::Declined | StoreError::KeychainDismissed)
            | Self::Mfa(MfaError::Declined) => FailureClass::Declined,
            Self::Store(
                StoreError::NoTerminal { .. }
                | StoreError::NoTerminalForNew { .. }
                | StoreError::KeychainLocked,
            )
            | Self::Store(StoreError::WrongPassphrase { .. }) => FailureClass::Locked,
            Self::Mfa(MfaError::NobodyToAsk { .. } | MfaError::TokenUsed { .. }) => {
                FailureClass::NeedsPerson
            }
            Self::Sts(_) | Self::Hop { .. } => FailureClass::Aws,
            Self::FailedElsewhere { class, .. } => *class,
            _ => FailureClass::Other,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Note {
    at_ms: i64,
    class: FailureClass,
    message: String,
}

/// Leaves a note of `error`, if those that wait would otherwise ask the person or AWS all over again.
pub(super) fn leave(cache: &SessionCache, key: &HopKey, error: &ResolveError, now: Timestamp) {
    let class = error.class();
    if !matches!(class, FailureClass::Declined | FailureClass::Aws) {
        return;
    }
    let note = Note { at_ms: now.as_millisecond(), class, message: error.to_string() };
    if let Ok(bytes) = serde_json::to_vec(&note) {
        cache.leave_note(key, &bytes);
    }
}

/// The failure of the process that was waited for: one that was noted after `since`, and is recent.
pub(super) fn recall(
    cache: &SessionCache,
    key: &HopKey,
    since: Timestamp,
    now: Timestamp,
) -> Option<ResolveError> {
    let note: Note = serde_json::from_slice(cache.note(key)?.expose()).ok()?;
    let at = Timestamp::from_millisecond(note.at_ms).ok()?;
    let age = now.duration_since(at);
    (at >= since && SignedDuration::ZERO <= age && age <= REMEMBERED_FOR)
        .then_some(ResolveError::FailedElsewhere { class: note.class, message: note.message })
}
