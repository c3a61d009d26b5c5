//! From a profile to a plan: which credential to start from and which calls to make, decided before any
//! secret is read.
//!
//! The table, where *key* is a stored long-term key, R₁…Rₙ the roles in order, and M the MFA device that
//! applies (R₁'s own, else the one on the profile that holds the key):
//!
//! | start | roles | plan |
//! |---|---|---|
//! | key | none | GetSessionToken, with M if any; `--no-session`: the key itself |
//! | key | one, wants > 1 h | AssumeRole straight from the key, with M; full length |
//! | key, M | one ≤ 1 h, or several | GetSessionToken with M, shared by all profiles of this key and device; then AssumeRole each, ≤ 1 h |
//! | key, no M | any | AssumeRole from the key; from the second on ≤ 1 h |
//! | key, `--no-session` | any | AssumeRole; M on the first |
//! | R₁'s own device differs from the key's | any | AssumeRole R₁ straight from the key with R₁'s device |

mod chain;
mod hops;

use std::collections::BTreeSet;
use std::time::Duration;

use keyward_creds::{MfaSerial, ProfileName, Region, RoleArn};

use crate::config::profile::Setting;
use crate::config::{ConfigError, ConfigFile, Place};

pub use chain::near_matches;

/// What was asked for, beside the profile's own settings.
#[derive(Clone, Debug)]
pub struct Request {
    /// The profile.
    pub profile: ProfileName,
    /// `--no-session`: never call GetSessionToken.
    pub no_session: bool,
    /// `--duration`.
    pub duration: Option<Duration>,
    /// Region from flag or environment, which beats the profile's.
    pub region: Option<Region>,
    /// STS end point from the environment, which beats the profile's.
    pub endpoint_url: Option<String>,
    /// Session name for roles whose profile sets none.
    pub session_name: String,
}

/// Everything that will happen, decided before anything happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The profile asked for.
    pub profile: ProfileName,
    /// What we begin with.
    pub start: Start,
    /// The calls to make, each signed by the credentials before it.
    pub hops: Vec<Hop>,
    /// The region for the child's environment, when one is known.
    pub region: Option<Region>,
    /// Whether that region is the profile's own, and neither a flag's nor the environment's.
    pub region_is_own: bool,
    /// The profile's own file of trusted certificate authorities.
    pub ca_bundle: Option<std::path::PathBuf>,
    /// What differs from what was asked for, to be said once.
    pub notes: Vec<Note>,
}

/// What a plan begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// The long-term key stored under this profile's name.
    StoredKey {
        /// The profile that holds the key.
        profile: ProfileName,
    },
}

/// One call to STS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The profile on whose behalf it is made.
    pub profile: ProfileName,
    /// Which call.
    pub call: Call,
    /// How long the credentials shall live.
    pub duration: Duration,
    /// The device whose code goes with the call.
    pub mfa: Option<MfaSerial>,
    /// Where the call goes.
    pub sts: StsEndpoint,
}

/// Which call a hop makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// GetSessionToken.
    GetSessionToken,
    /// AssumeRole.
    AssumeRole {
        /// The role.
        role: RoleArn,
        /// `RoleSessionName`.
        session_name: String,
        /// `ExternalId`.
        external_id: Option<String>,
    },
}

/// Where STS is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StsEndpoint {
    /// Region that the call is signed for.
    pub region: Region,
    /// Another address than AWS's own.
    pub url: Option<String>,
}

/// Something that differs from what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// AWS would refuse the asked duration.
    Clamped {
        /// The profile whose session it is.
        profile: ProfileName,
        /// What was asked for.
        asked: Duration,
        /// What the plan has.
        given: Duration,
        /// Why AWS would refuse it.
        why: Clamp,
    },
    /// A role that shall last longer than one that is reached through a session may, so the key assumes
    /// it directly, with an MFA code of its own.
    OwnCode {
        /// The profile of the role.
        profile: ProfileName,
        /// How long it shall last.
        wanted: Duration,
    },
    /// A device that cannot be used, because the caller is a role and roles have none.
    MfaUnusable {
        /// The profile that names the device.
        profile: ProfileName,
        /// The device.
        serial: MfaSerial,
    },
}

/// Why a duration was clamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clamp {
    /// Nothing is shorter than 15 minutes.
    TooShort,
    /// Role: 12 hours; session: 36 hours.
    TooLong,
    /// A role assumed by a session: 1 hour.
    RoleChaining,
}

/// Why there is no plan. Found before any secret is read.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The configuration itself cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Neither a section nor a stored key has this name.
    #[error("profile `{name}` does not exist")]
    UnknownProfile {
        /// The name.
        name: ProfileName,
        /// Who names it as its source, and where.
        named_by: Option<(ProfileName, Place)>,
        /// Names that look like it, best first.
        near: Vec<ProfileName>,
        /// The config file that was searched.
        config: std::path::PathBuf,
    },
    /// `source_profile` leads back to where it began.
    #[error("source_profile goes round in a circle")]
    Loop {
        /// The whole circle, first and last the same.
        path: Vec<ProfileName>,
    },
    /// More than sixteen profiles in a row.
    #[error("the source_profile chain is too long")]
    TooDeep {
        /// The profiles so far.
        path: Vec<ProfileName>,
    },
    /// The profile has a section, but neither a stored key nor another way to get credentials.
    #[error("profile `{profile}` has no credentials")]
    NoCredentials {
        /// The profile at the end of the chain.
        profile: ProfileName,
        /// The profile asked for.
        asked: ProfileName,
    },
    /// A role with nobody to assume it.
    #[error("profile `{profile}` has a role and no source")]
    RoleWithoutSource {
        /// The profile.
        profile: ProfileName,
        /// Where its `role_arn` stands.
        place: Place,
    },
    /// The profile asks for something that this version does not do.
    #[error("profile `{profile}`: `{setting}` is not supported")]
    Unsupported {
        /// The profile.
        profile: ProfileName,
        /// The setting.
        setting: &'static str,
        /// Where it stands.
        place: Place,
    },
}

/// Makes the plan for `request`. `stored` names the profiles with a key in the vault.
pub fn plan(
    config: &ConfigFile,
    stored: &BTreeSet<ProfileName>,
    request: &Request,
) -> Result<Plan, PlanError> {
    let chain = chain::Chain::follow(config, stored, &request.profile)?;
    let (hops, notes) = hops::along(&chain, request);
    let target = chain.target();
    Ok(Plan {
        profile: request.profile.clone(),
        start: Start::StoredKey { profile: chain.holder.name.clone() },
        hops,
        region: request.region.clone().or_else(|| value_of(&target.region)),
        region_is_own: request.region.is_none() && target.region.is_some(),
        ca_bundle: value_of(&target.ca_bundle).map(Into::into),
        notes,
    })
}

fn value_of<T: Clone>(setting: &Option<Setting<T>>) -> Option<T> {
    setting.as_ref().map(|s| s.value.clone())
}
