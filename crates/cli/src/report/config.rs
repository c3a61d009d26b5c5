//! What the configuration and the plan say.

use keyward_creds::ProfileName;
use keyward_creds::text::printable;
use keyward_session::config::ConfigError;
use keyward_session::plan::PlanError;

use super::{Report, near_or, quoted};
use crate::exit::Code;

pub(crate) fn of(error: &ConfigError) -> Report {
    let new = |id, message: String| Report::new(id, Code::Config, message);
    match error {
        ConfigError::Unreadable { path, source } => {
            new("config-unreadable", format!("cannot read {}: {source}", path.display()))
        }
        ConfigError::TooLarge { .. } => new("config-too-large", error.to_string()),
        ConfigError::Syntax { path, line, text, problem } => new(
            "config-syntax",
            format!("{}:{line}: `{}` is not understood", path.display(), printable(text)),
        )
        .hint(problem.to_string()),
        ConfigError::BadValue { place, key, value, problem } => {
            new("config-value", format!("{place}: `{key} = {}` makes no sense", printable(value)))
                .hint(problem.clone())
        }
        ConfigError::IncludeLoop { path } => {
            new("include-loop", format!("include_profile goes round in a circle: {}", circle(path)))
                .hint("take one include_profile out of the circle")
        }
        ConfigError::IncludeMissing { profile, missing, place } => new(
            "include-missing",
            format!("profile `{profile}` includes `{missing}`, which does not exist ({place})"),
        )
        .hint("correct include_profile there"),
    }
}

pub(super) fn of_plan(error: &PlanError) -> Report {
    let new = |id, message: String| Report::new(id, Code::Config, message);
    match error {
        PlanError::Config(error) => of(error),
        PlanError::UnknownProfile { name, named_by: None, near, config } => new(
            "unknown-profile",
            format!("profile `{name}` is neither in {} nor a stored key", config.display()),
        )
        .hint(near_or(
            near,
            &format!("keyward add {} stores a key under that name", quoted(name.as_str())),
        )),
        PlanError::UnknownProfile { name, named_by: Some((by, place)), near, .. } => new(
            "unknown-source",
            format!(
                "profile `{by}` takes its source from `{name}`, which does not exist ({place})"
            ),
        )
        .hint(near_or(near, "correct source_profile there")),
        PlanError::Loop { path } => {
            new("source-loop", format!("source_profile goes round in a circle: {}", circle(path)))
                .hint("one profile of the circle needs a stored key, or another source")
        }
        PlanError::TooDeep { path } => new(
            "source-too-deep",
            format!("the source_profile chain is too long: {}", circle(path)),
        ),
        PlanError::NoCredentials { profile, asked } => {
            let message = match profile == asked {
                true => format!("there is no stored key for profile `{profile}`"),
                false => format!("there is no stored key for `{profile}`, which `{asked}` needs"),
            };
            new("no-credentials", message).hint(format!("keyward add {}", quoted(profile.as_str())))
        }
        PlanError::RoleWithoutSource { profile, place } => new(
            "role-without-source",
            format!("profile `{profile}` has a role_arn ({place}) and nobody to assume it"),
        )
        .hint("write source_profile = PROFILE beside it, with a profile that has a stored key"),
        PlanError::Unsupported { profile, setting, place } => new(
            "unsupported-setting",
            format!(
                "profile `{profile}` needs `{setting}` ({place}), which this version cannot do yet"
            ),
        )
        .hint(match *setting {
            "aws_access_key_id" => {
                format!(
                    "keyward add {} stores this key; then delete it there",
                    quoted(profile.as_str())
                )
            }
            "credential_process" => {
                format!(
                    "keyward add {} stores a key, which goes before it",
                    quoted(profile.as_str())
                )
            }
            _ => "stored keys and roles through source_profile work".to_owned(),
        }),
    }
}

fn circle(path: &[ProfileName]) -> String {
    path.iter().map(ProfileName::as_str).collect::<Vec<_>>().join(" → ")
}
