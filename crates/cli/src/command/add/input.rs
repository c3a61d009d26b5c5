//! The key to add: from the environment, from the person, or from standard input.

use std::io::{self, IsTerminal, Read};
use std::str::FromStr;

use keyward_creds::{LongTermKey, MfaSerial, NameError, Secret, SecretBytes};
use keyward_session::source::totp;
use keyward_vault::{StoredKey, Totp};

use super::AddArgs;
use crate::app::{App, Failure};
use crate::prompt::{self, Echo};
use crate::ui;

const BAD_SEED: NameError = NameError {
    what: "a TOTP seed",
    problem: "is base32 text, as AWS shows it under `Show secret key`",
};
/// AWS's secrets have 40 characters; anything with white space in it was copied wrong.
const BAD_SECRET: NameError =
    NameError { what: "a secret access key", problem: "is one word without white space" };

/// What was given.
pub(super) struct Typed {
    pub(super) key: LongTermKey,
    pub(super) serial: Option<MfaSerial>,
    seed: Option<Secret>,
}

impl Typed {
    /// The seed to store. Without a new one the device keeps the one it has: AWS shows a seed only once.
    pub(super) fn totp_after(&self, before: Option<&StoredKey>) -> Option<Totp> {
        let serial = self.serial.clone();
        match (serial, self.seed.clone()) {
            (Some(serial), Some(seed)) => Some(Totp { serial, seed }),
            (serial, _) => {
                let kept = before?.totp.clone()?;
                serial.is_none_or(|serial| serial == kept.serial).then_some(kept)
            }
        }
    }
}

/// Reads the key. `configured` is the device that the profile has already.
pub(super) fn read(
    app: &App,
    args: &AddArgs,
    configured: Option<&MfaSerial>,
) -> Result<Typed, Failure> {
    let device = args.mfa_serial.as_ref().or(configured);
    if args.env {
        from_environment(app, device)
    } else if io::stdin().is_terminal() {
        from_person(device)
    } else {
        from_stdin(device)
    }
}

fn from_environment(app: &App, device: Option<&MfaSerial>) -> Result<Typed, Failure> {
    let value =
        |name: &'static str| app.environment.text(name).ok_or(Failure::MissingVariable { name });
    let id = parsed("AWS_ACCESS_KEY_ID", value("AWS_ACCESS_KEY_ID")?)?;
    let secret = Secret::new(value("AWS_SECRET_ACCESS_KEY")?.to_owned());
    let secret = checked_secret(secret).map_err(bad("AWS_SECRET_ACCESS_KEY"))?;
    Ok(Typed { key: LongTermKey { id, secret }, serial: device.cloned(), seed: None })
}

fn from_person(device: Option<&MfaSerial>) -> Result<Typed, Failure> {
    let id = ask("Access key id: ", Echo::Shown, |text| text.expose().trim().parse())?;
    let secret =
        ask("Secret access key (hidden): ", Echo::Hidden, |text| checked_secret(text.clone()))?;
    let serial = match device {
        Some(device) => Some(device.clone()),
        None => ask("MFA device, ARN or serial (Enter for none): ", Echo::Shown, optional)?,
    };
    let seed = match &serial {
        None => None,
        Some(device) => {
            let question =
                format!("TOTP seed of {device} (hidden; Enter to type codes yourself): ");
            ask(&question, Echo::Hidden, |text| {
                if text.expose().trim().is_empty() {
                    return Ok(None);
                }
                totp::check_seed(text).map(Some).ok_or(BAD_SEED)
            })?
        }
    };
    Ok(Typed { key: LongTermKey { id, secret }, serial, seed })
}

/// Up to four lines: key id, secret, MFA device, TOTP seed.
fn from_stdin(device: Option<&MfaSerial>) -> Result<Typed, Failure> {
    const LIMIT: u64 = 64 * 1024;
    let mut bytes = Vec::with_capacity(4096);
    io::stdin().lock().take(LIMIT).read_to_end(&mut bytes).map_err(Failure::Output)?;
    let text = Secret::from_bytes(SecretBytes::new(bytes))
        .map_err(|_| Failure::MissingInput { what: "text on standard input" })?;
    let mut lines = text.expose().lines().map(str::trim);
    let mut next = || lines.next().filter(|line| !line.is_empty());
    let id = next().ok_or(Failure::MissingInput { what: "the access key id (first line)" })?;
    let id = parsed("the first line", id)?;
    let secret =
        next().ok_or(Failure::MissingInput { what: "the secret access key (second line)" })?;
    let secret = checked_secret(Secret::new(secret.to_owned())).map_err(bad("the second line"))?;
    let serial = match next() {
        Some(line) => Some(parsed("the third line", line)?),
        None => device.cloned(),
    };
    let seed = match next() {
        None => None,
        Some(_) if serial.is_none() => {
            return Err(Failure::MissingInput {
                what: "the MFA device of the TOTP seed (third line)",
            });
        }
        Some(line) => {
            let seed = totp::check_seed(&Secret::new(line.to_owned()));
            Some(seed.ok_or(BAD_SEED).map_err(bad("the fourth line"))?)
        }
    };
    Ok(Typed { key: LongTermKey { id, secret }, serial, seed })
}

/// Asks until the answer fits, or the person gives up.
fn ask<T>(
    question: &str,
    echo: Echo,
    fits: impl Fn(&Secret) -> Result<T, NameError>,
) -> Result<T, Failure> {
    loop {
        let answer = prompt::ask(question, echo).map_err(|source| Failure::Prompt {
            what: "adding a key".to_owned(),
            instead: "--env takes it from the environment, or give it on standard input",
            source,
        })?;
        match fits(&answer.ok_or(Failure::Declined { what: "no key was given".to_owned() })?) {
            Ok(value) => return Ok(value),
            Err(error) => ui::say(&error.to_string()),
        }
    }
}

fn optional<T: FromStr<Err = NameError>>(text: &Secret) -> Result<Option<T>, NameError> {
    match text.expose().trim() {
        "" => Ok(None),
        text => text.parse().map(Some),
    }
}

fn checked_secret(secret: Secret) -> Result<Secret, NameError> {
    let text = secret.expose().trim();
    if text.is_empty() || text.contains(char::is_whitespace) || text.contains(char::is_control) {
        return Err(BAD_SECRET);
    }
    Ok(Secret::new(text.to_owned()))
}

fn parsed<T: FromStr<Err = NameError>>(what: &'static str, text: &str) -> Result<T, Failure> {
    text.parse().map_err(bad(what))
}

fn bad(what: &'static str) -> impl Fn(NameError) -> Failure {
    move |problem| Failure::BadInput { what, problem }
}
