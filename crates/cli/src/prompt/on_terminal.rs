//! The person, reached through the controlling terminal.

use std::io::{IsTerminal, stderr};

use keyward_creds::text::printable;
use keyward_creds::{MfaCode, MfaSerial};
use keyward_session::ask::{AskError, Notice, Person};

use super::ask::{Echo, PromptError, ask};
use crate::ui;

/// How often a person may mistype before we stop asking.
const ATTEMPTS: usize = 3;

/// Asks a yes-or-no question; anything but yes is no.
pub(crate) fn confirm(question: &str) -> Result<bool, PromptError> {
    let answer = ask(&format!("{question} [y/N] "), Echo::Shown)?;
    Ok(answer.is_some_and(|answer| {
        matches!(answer.expose().trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }))
}

/// The person as the session crate sees them.
pub(crate) struct OnTerminal;

impl Person for OnTerminal {
    fn mfa_code(&self, serial: &MfaSerial) -> Result<Option<MfaCode>, AskError> {
        for _ in 0..ATTEMPTS {
            let typed = match ask(&format!("MFA code of {serial}: "), Echo::Shown) {
                Ok(Some(typed)) => typed,
                Ok(None) => return Ok(None),
                Err(PromptError::NoTerminal) => return Err(AskError::NoTerminal),
                Err(error) => return Err(AskError::Failed(error.to_string())),
            };
            if typed.expose().trim().is_empty() {
                return Ok(None);
            }
            match typed.expose().parse() {
                Ok(code) => return Ok(Some(code)),
                Err(error) => ui::say(&format!("{error}")),
            }
        }
        Ok(None)
    }

    fn notice(&self, notice: Notice) {
        ui::say(&match notice {
            Notice::Plan(note) => format!("keyward: {}", crate::report::of_note(&note)),
            Notice::WrongCode => {
                "AWS refused this code; each works once, so wait for the next".to_owned()
            }
            Notice::SessionWithoutMfa { .. } if !stderr().is_terminal() => return,
            Notice::SessionWithoutMfa { profile } => format!(
                "keyward: this session of {profile} has no MFA, and AWS refuses such sessions for IAM; mfa_serial or --no-session help"
            ),
            Notice::WaitingForOther { profile } => {
                format!(
                    "keyward: another process is getting a session for {profile}, waiting for it"
                )
            }
            Notice::WaitingForNextCode { wait } => {
                format!(
                    "keyward: this MFA code was used already, the next one comes in {} s",
                    wait.as_secs()
                )
            }
            Notice::ClockOff { ahead } => {
                let off = crate::report::clock_difference(ahead);
                format!("keyward: warning: this machine's clock is {off} AWS's; set it")
            }
            Notice::PlainHttp { url } => {
                format!("keyward: warning: credentials from {} travel unencrypted", printable(&url))
            }
        });
    }
}
