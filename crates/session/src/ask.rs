//! What only the outside can tell: the person, and the clock.

use std::time::Duration;

use jiff::SignedDuration;
use keyward_creds::{MfaCode, MfaSerial, ProfileName, Timestamp};

use crate::plan::Note;

/// The person who started us. The CLI implements it on the terminal.
pub trait Person {
    /// Asks for a code of the device. `Ok(None)` when the person gave up.
    fn mfa_code(&self, serial: &MfaSerial) -> Result<Option<MfaCode>, AskError>;

    /// Tells the person why nothing seems to happen, or what is unusual.
    fn notice(&self, notice: Notice);
}

/// Why a person could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// There is no terminal to ask on.
    #[error("there is no terminal to ask on")]
    NoTerminal,
    /// Asking failed.
    #[error("{0}")]
    Failed(String),
}

/// Something worth a line on the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Another process is getting the same session.
    WaitingForOther {
        /// The profile whose session it is.
        profile: ProfileName,
    },
    /// The current code was used already.
    WaitingForNextCode {
        /// How long until the device shows another.
        wait: Duration,
    },
    /// What is about to be made differs from what was asked for.
    Plan(Note),
    /// AWS refused the typed code; there is another try.
    WrongCode,
    /// A session was made without MFA, which AWS refuses for IAM.
    SessionWithoutMfa {
        /// The profile whose session it is.
        profile: ProfileName,
    },
    /// This machine's clock is off by minutes or more.
    ClockOff {
        /// How far it is ahead of AWS's; negative when it is behind.
        ahead: SignedDuration,
    },
    /// Credentials will travel unencrypted.
    PlainHttp {
        /// The end point.
        url: String,
    },
}

/// Time. Libraries never read it by themselves.
pub trait Clock {
    /// Now, by this machine's clock.
    fn now(&self) -> Timestamp;
    /// Waits.
    fn sleep(&self, duration: Duration);
}
