//! Codes from a stored seed, each used once.
//!
//! AWS accepts a code once. Two processes that need a code within thirty seconds must not both send the
//! same one, so the last time step that was used is written down, under a lock, before its code leaves.

use std::path::Path;
use std::time::Duration;

use keyward_creds::{MfaCode, MfaSerial, Secret};
use keyward_vault::files::{self, FileError, LockFile};
use sha2::{Digest, Sha256};
use totp_rs::{Algorithm, Builder, Secret as TotpSecret, Totp};

use crate::ask::{Clock, Notice, Person};

/// AWS's virtual devices: six digits, thirty seconds, SHA-1.
const STEP: u64 = 30;
/// In bytes. AWS gives forty; anything under ten is a slip of the keyboard.
const SHORTEST_SEED: usize = 10;

/// Why a stored seed gives no code.
#[derive(Debug, thiserror::Error)]
pub enum TotpError {
    /// The seed is not base32, or too short.
    #[error("the stored TOTP seed of {serial} is not usable")]
    BadSeed {
        /// The device.
        serial: MfaSerial,
    },
    /// The note of the last used step cannot be kept.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Checks a seed as a person pastes it: base32, spaces and lower case allowed, or an `otpauth://` address.
pub fn check_seed(typed: &Secret) -> Option<Secret> {
    let text = typed.expose().trim();
    let seed = match text.strip_prefix("otpauth://") {
        Some(_) => text.split(['?', '&']).find_map(|part| part.strip_prefix("secret="))?,
        None => text,
    };
    let seed: String =
        seed.chars().filter(|c| !c.is_whitespace() && *c != '-' && *c != '=').collect();
    let seed = Secret::new(seed.to_ascii_uppercase());
    generator(&seed).map(|_| seed)
}

/// The next code of `serial` that nobody has used. Waits up to thirty seconds for it.
pub fn next_code(
    seed: &Secret,
    serial: &MfaSerial,
    folder: &Path,
    clock: &dyn Clock,
    person: &dyn Person,
) -> Result<MfaCode, TotpError> {
    let bad_seed = || TotpError::BadSeed { serial: serial.clone() };
    let generator = generator(seed).ok_or_else(bad_seed)?;
    let name: String = Sha256::digest(serial.as_str().as_bytes())[..16]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    files::private_dir(folder)?;
    let _lock = LockFile::acquire(&folder.join(format!("{name}.lock")))?;
    let note = folder.join(format!("{name}.last"));
    let step = unused_step(&note, clock, person)?;
    files::write_private(&note, step.to_string().as_bytes())?;
    generator.generate(step * STEP).to_string().parse().map_err(|_| bad_seed())
}

fn unused_step(note: &Path, clock: &dyn Clock, person: &dyn Person) -> Result<u64, FileError> {
    let last = files::read_private(note, 64)?
        .and_then(|bytes| std::str::from_utf8(&bytes).ok()?.trim().parse::<u64>().ok());
    let mut said = false;
    loop {
        let now = u64::try_from(clock.now().as_second()).unwrap_or(0);
        let step = now / STEP;
        // A note far ahead of now was written by a clock that was wrong.
        let used = last.is_some_and(|last| step <= last && last <= step + 2);
        if !used {
            return Ok(step);
        }
        let wait = Duration::from_secs(STEP - now % STEP);
        if !said {
            person.notice(Notice::WaitingForNextCode { wait });
            said = true;
        }
        clock.sleep(wait);
    }
}

fn generator(seed: &Secret) -> Option<Totp> {
    let seed = TotpSecret::try_from_base32(seed.expose()).ok()?;
    (seed.as_bytes().len() >= SHORTEST_SEED).then(|| {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_step_duration(STEP)
            .with_secret(seed)
            .build_noncompliant()
    })
}
