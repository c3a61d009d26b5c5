//! The crate from outside, against real shells and the real kernel.

#![cfg(unix)]

/// What each format looks like, and what it refuses.
mod render;
/// Becoming a command: exit codes, signals, scripts, and everything else `execve` passes on.
mod run;
/// Printed credentials evaluated by sh, bash, zsh and fish.
mod shells;

use keyward_creds::{Credentials, ProfileName, Region, Secret};
use keyward_exec::Handout;

/// Owns what a handout borrows.
struct Sample {
    profile: ProfileName,
    credentials: Credentials,
    region: Option<Region>,
}

impl Sample {
    /// A session that is known in full.
    fn session() -> Self {
        Self {
            profile: checked("prod"),
            credentials: Credentials {
                access_key_id: checked("ASIAIOSFODNN7EXAMPLE"),
                secret_access_key: Secret::new(
                    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
                ),
                session_token: Some(Secret::new("IQoJb3JpZ2luX2VjEXAMPLE//==".to_owned())),
                expires_at: Some(checked("2026-01-02T03:04:05.678Z")),
                account: Some(checked("123456789012")),
            },
            region: Some(checked("eu-west-1")),
        }
    }

    /// A long-term key about which nothing is known.
    fn key() -> Self {
        let mut sample = Self::session();
        sample.credentials.session_token = None;
        sample.credentials.expires_at = None;
        sample.credentials.account = None;
        sample.region = None;
        sample
    }

    fn with_token(token: &str) -> Self {
        let mut sample = Self::session();
        sample.credentials.session_token = Some(Secret::new(token.to_owned()));
        sample
    }

    fn handout(&self) -> Handout<'_> {
        let Self { profile, credentials, region } = self;
        Handout { profile, credentials, region: region.as_ref(), region_is_own: false }
    }
}

fn checked<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is legal"))
}
