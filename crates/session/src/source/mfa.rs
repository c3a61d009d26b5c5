//! An MFA code for one call: given on the command line, made from the stored seed, or typed.

use std::cell::RefCell;
use std::path::Path;

use keyward_creds::{MfaCode, MfaSerial};
use keyward_vault::StoredKey;

use super::totp::{self, TotpError};
use crate::ask::{AskError, Clock, Person};
use crate::plan::Hop;

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
pub enum MfaError {
    /// The person was asked and gave up.
    #[error("no MFA code given")]
    Declined,
    /// Nobody can be asked.
    #[error("an MFA code of {serial} is needed: {reason}")]
    NobodyToAsk {
        /// The device.
        serial: MfaSerial,
        /// Why nobody can be asked.
        reason: AskError,
    },
    /// `--mfa-token` was needed twice.
    #[error("one MFA code for two calls")]
    TokenUsed {
        /// The device whose code is needed.
        serial: MfaSerial,
    },
    /// The stored seed gives no code.
    #[error(transparent)]
    Totp(#[from] TotpError),
}

/// Where codes come from in this run.
pub struct MfaCodes<'a> {
    /// `--mfa-token`, until it is used.
    given: RefCell<Option<MfaCode>>,
    was_given: bool,
    /// Where the last used time steps are noted.
    state: &'a Path,
    clock: &'a dyn Clock,
    person: &'a dyn Person,
}

impl<'a> MfaCodes<'a> {
    /// `given` is the code of `--mfa-token`; `state` is a private folder of ours.
    pub fn new(
        given: Option<MfaCode>,
        state: &'a Path,
        clock: &'a dyn Clock,
        person: &'a dyn Person,
    ) -> Self {
        Self { was_given: given.is_some(), given: RefCell::new(given), state, clock, person }
    }

    /// Whether the code of `hop` is typed by a person, who may mistype it.
    pub fn are_typed(&self, stored: &StoredKey, hop: &Hop) -> bool {
        let has_seed =
            stored.totp.as_ref().is_some_and(|device| Some(&device.serial) == hop.mfa.as_ref());
        !self.was_given && !has_seed
    }

    /// A code of `serial` that has not been used.
    pub fn code(&self, serial: &MfaSerial, stored: &StoredKey) -> Result<MfaCode, MfaError> {
        if self.was_given {
            let given = self.given.borrow_mut().take();
            return given.ok_or_else(|| MfaError::TokenUsed { serial: serial.clone() });
        }
        if let Some(device) = stored.totp.as_ref().filter(|device| device.serial == *serial) {
            let code = totp::next_code(&device.seed, serial, self.state, self.clock, self.person)?;
            return Ok(code);
        }
        match self.person.mfa_code(serial) {
            Ok(Some(code)) => Ok(code),
            Ok(None) => Err(MfaError::Declined),
            Err(reason) => Err(MfaError::NobodyToAsk { serial: serial.clone(), reason }),
        }
    }
}
