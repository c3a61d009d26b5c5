//! Following `source_profile` from the profile asked for to a stored key.

use std::collections::BTreeSet;

use keyward_creds::ProfileName;

use super::PlanError;
use crate::config::ConfigFile;
use crate::config::profile::{Profile, Setting};

/// How many profiles a `source_profile` chain may have.
const CHAIN_DEPTH: usize = 16;

/// The way from a stored key to the profile asked for.
pub(super) struct Chain {
    /// The profile that holds the key.
    pub(super) holder: Profile,
    /// The profiles that assume a role, first role first.
    pub(super) roles: Vec<Profile>,
    /// The profile asked for, when it is neither: an alias for its source.
    pub(super) alias: Option<Profile>,
}

impl Chain {
    pub(super) fn follow(
        config: &ConfigFile,
        stored: &BTreeSet<ProfileName>,
        asked: &ProfileName,
    ) -> Result<Self, PlanError> {
        let mut path: Vec<ProfileName> = Vec::new();
        let mut roles: Vec<Profile> = Vec::new();
        let mut alias = None;
        let mut named_by: Option<(ProfileName, u64)> = None;
        let mut name = asked.clone();
        loop {
            let profile = Profile::read(config, &name)?;
            let has_key = stored.contains(&name);
            if !profile.has_section && !has_key {
                return Err(unknown_profile(config, stored, name, named_by));
            }
            if path.contains(&name) {
                path.push(name);
                return Err(PlanError::Loop { path });
            }
            if path.len() == CHAIN_DEPTH {
                return Err(PlanError::TooDeep { path });
            }
            refuse_unsupported(config, &profile)?;
            let is_first = path.is_empty();
            path.push(name.clone());
            match step(config, profile, has_key, is_first, asked)? {
                Step::Key { profile: holder } => {
                    if is_first && holder.role_arn.is_some() {
                        roles.push(holder.clone());
                    }
                    roles.reverse();
                    return Ok(Self { holder, roles, alias });
                }
                Step::Follow { profile, source } => {
                    named_by = Some((name, source.offset));
                    name = source.value;
                    match profile.role_arn {
                        Some(_) => roles.push(profile),
                        None if is_first => alias = Some(profile),
                        None => {}
                    }
                }
            }
        }
    }

    pub(super) fn target(&self) -> &Profile {
        self.alias.as_ref().or(self.roles.last()).unwrap_or(&self.holder)
    }
}

/// What a profile in the chain leads to.
enum Step {
    /// Its own key.
    Key { profile: Profile },
    /// Another profile's credentials.
    Follow { profile: Profile, source: Setting<ProfileName> },
}

/// As the SDKs do: in the profile asked for, a role with a source beats its own key; further along, a
/// key beats the role, because a profile with a key is a place to start from.
fn step(
    config: &ConfigFile,
    profile: Profile,
    has_key: bool,
    is_first: bool,
    asked: &ProfileName,
) -> Result<Step, PlanError> {
    let other_source = profile.source_profile.clone().filter(|s| s.value != profile.name);
    match (&profile.role_arn, other_source) {
        (Some(_), Some(source)) if is_first => Ok(Step::Follow { profile, source }),
        _ if has_key => Ok(Step::Key { profile }),
        (_, Some(source)) => Ok(Step::Follow { profile, source }),
        (role, None) => Err(match (&profile.other_start, role) {
            (Some(start), _) => PlanError::Unsupported {
                place: config.place(start.offset),
                setting: start.value,
                profile: profile.name,
            },
            (None, Some(role)) => PlanError::RoleWithoutSource {
                place: config.place(role.offset),
                profile: profile.name,
            },
            (None, None) => {
                PlanError::NoCredentials { profile: profile.name, asked: asked.clone() }
            }
        }),
    }
}

fn refuse_unsupported(config: &ConfigFile, profile: &Profile) -> Result<(), PlanError> {
    match &profile.unsupported {
        None => Ok(()),
        Some(setting) => Err(PlanError::Unsupported {
            profile: profile.name.clone(),
            setting: setting.value,
            place: config.place(setting.offset),
        }),
    }
}

fn unknown_profile(
    config: &ConfigFile,
    stored: &BTreeSet<ProfileName>,
    name: ProfileName,
    named_by: Option<(ProfileName, u64)>,
) -> PlanError {
    let named_by = named_by.map(|(by, offset)| (by, config.place(offset)));
    let mut known: BTreeSet<ProfileName> = stored.clone();
    known.extend(config.profile_names().unwrap_or_default());
    let near = near_matches(&name, known);
    PlanError::UnknownProfile { name, named_by, near, config: config.path().to_owned() }
}

/// Up to three names that look like `name`, best first.
pub fn near_matches(
    name: &ProfileName,
    known: impl IntoIterator<Item = ProfileName>,
) -> Vec<ProfileName> {
    let wanted = name.as_str().to_lowercase();
    let mut scored: Vec<(f64, ProfileName)> = known
        .into_iter()
        .map(|candidate| {
            let text = candidate.as_str().to_lowercase();
            let inside = text.contains(&wanted) || wanted.contains(&text);
            let score = strsim::jaro_winkler(&wanted, &text) + if inside { 0.1 } else { 0.0 };
            (score, candidate)
        })
        .filter(|(score, _)| *score > 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}
