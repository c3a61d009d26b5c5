//! A failure, remembered for two seconds: processes that waited for the one that failed fail with it,
//! instead of each asking the person again.

use std::path::Path;

use jiff::SignedDuration;
use keyward_creds::Timestamp;
use keyward_vault::{StoreError, files};
use serde::{Deserialize, Serialize};

use super::ResolveError;
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
            Self::Store(StoreError::NoTerminal { .. } | StoreError::KeychainLocked)
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

/// Leaves a note of `error`. That it cannot be left is no reason to fail twice.
pub(super) fn leave(path: &Path, error: &ResolveError, now: Timestamp) {
    if matches!(error, ResolveError::KeyChanged { .. }) {
        return;
    }
    let note =
        Note { at_ms: now.as_millisecond(), class: error.class(), message: error.to_string() };
    let written =
        serde_json::to_vec(&note).map(|bytes| files::write_private(path, &bytes).map_err(drop));
    if !matches!(written, Ok(Ok(()))) {
        tracing::debug!(path = %path.display(), "failure not noted");
    }
}

/// The failure noted at `path`, if it is recent.
pub(super) fn recall(path: &Path, now: Timestamp) -> Option<ResolveError> {
    let bytes = files::read_private(path, 16 * 1024).ok()??;
    let note: Note = serde_json::from_slice(&bytes).ok()?;
    let age = now.duration_since(Timestamp::from_millisecond(note.at_ms).ok()?);
    (SignedDuration::ZERO <= age && age <= REMEMBERED_FOR)
        .then_some(ResolveError::FailedElsewhere { class: note.class, message: note.message })
}
