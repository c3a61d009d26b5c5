//! One file for each subcommand: what can be typed, and how the libraries are wired to do it.

pub(crate) mod add;
pub(crate) mod clear;
pub(crate) mod completions;
pub(crate) mod exec;
pub(crate) mod export;
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod remove;

use std::convert::Infallible;
use std::time::Duration;

use clap::Args;
use keyward_creds::{MfaCode, ProfileName, Region, Secret};

use crate::app::{Asked, Failure};
use crate::args;

/// Options of every command that gets credentials.
#[derive(Args, Debug)]
pub(crate) struct CredentialArgs {
    /// How long the credentials shall live: `45m`, `8h` (AWS's limits apply, and are said)
    #[arg(short, long, value_parser = args::duration, value_name = "TIME")]
    duration: Option<Duration>,
    /// Never call GetSessionToken; without a role this hands out the long-term key itself
    #[arg(short, long)]
    no_session: bool,
    /// Region for AWS calls and for the command; beats the environment and the profile
    #[arg(long)]
    region: Option<Region>,
    /// MFA code, instead of asking for it
    // Checked by us: what does not fit may be a secret, and clap would show it.
    #[arg(short = 't', long, value_name = "CODE", value_parser = secret_text)]
    mfa_token: Option<Secret>,
}

impl CredentialArgs {
    fn asked(self, profile: ProfileName, min_left: Duration) -> Result<Asked, Failure> {
        let code = |text: Secret| text.expose().parse::<MfaCode>();
        let mfa_token = self.mfa_token.map(code).transpose();
        Ok(Asked {
            profile,
            no_session: self.no_session,
            duration: self.duration,
            region: self.region,
            mfa_token: mfa_token
                .map_err(|problem| Failure::BadInput { what: "--mfa-token", problem })?,
            min_left,
        })
    }
}

#[expect(clippy::unnecessary_wraps, reason = "clap's parsers may fail")]
fn secret_text(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text.to_owned()))
}

/// What is left of a time span, rounded: a session of one hour that was made a second ago has an hour.
fn to_the_minute(left: Duration) -> String {
    match left.as_secs() {
        seconds @ 0..60 => in_words(Duration::from_secs(seconds)),
        seconds => in_words(Duration::from_secs((seconds + 30) / 60 * 60)),
    }
}

/// A time span as people write it: `8h`, `1h30m`, `59s`.
pub(crate) fn in_words(span: Duration) -> String {
    let seconds = span.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m"),
        (_, 0) => format!("{hours}h"),
        _ => format!("{hours}h{minutes:02}m"),
    }
}
