//! Errors in words: what happened, with the value and the place; one thing to do; the exit code.
//!
//! Libraries report facts; this is the only place that writes prose about them. `id` is for programs and
//! never changes.

mod aws;
mod config;
mod notes;
mod run;
mod store;

use keyward_creds::ProfileName;
use keyward_creds::text::printable;

pub(crate) use aws::off as clock_difference;
pub(crate) use config::of as of_config;
pub(crate) use notes::of_note;
pub(crate) use store::of as of_store;

use crate::app::{Failure, SettingsError};
use crate::exit::Code;

/// One error, ready to be shown.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) id: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) exit: Code,
}

impl Report {
    fn new(id: &'static str, exit: Code, message: impl Into<String>) -> Self {
        Self { id, exit, message: message.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The report as one line of JSON.
    pub(crate) fn to_json(&self) -> String {
        serde_json::json!({ "error": {
            "id": self.id,
            "message": self.message,
            "hint": self.hint,
            "exit_code": self.exit as u8,
        }})
        .to_string()
    }
}

/// The words for a failure.
pub(crate) fn of(failure: &Failure) -> Report {
    match failure {
        Failure::NoHome => {
            Report::new("no-home", Code::Config, "there is no home directory").hint("set HOME")
        }
        Failure::Settings(error) => settings(error),
        Failure::BadVariable { name, value, takes } => Report::new(
            "bad-variable",
            Code::Config,
            format!("{name}={} makes no sense", printable(value)),
        )
        .hint(format!("{name} takes {takes}")),
        Failure::RelativePath { path, config_toml } => Report::new(
            "relative-path",
            Code::Config,
            format!(
                "{}: `vault_file = {}` is not a whole path",
                config_toml.display(),
                path.display()
            ),
        )
        .hint("begin it with `/` or `~/`"),
        Failure::Store(error) => store::of(error),
        Failure::NoVaultYet => {
            Report::new("no-vault", Code::Config, "there are no stored keys yet, and no vault")
                .hint("keyward add PROFILE stores the first key")
        }
        Failure::OtherStoreChosen { other } => Report::new(
            "other-store",
            Code::Config,
            format!("another keyward has just chosen the store `{other}`"),
        )
        .hint("nothing was stored; run this again"),
        Failure::NoHelperConfigured { config_toml } => Report::new(
            "no-helper",
            Code::Config,
            "the helper store is chosen, and no program is named for it",
        )
        .hint(format!("write helper = [\"PROGRAM\"] into {}", config_toml.display())),
        Failure::NoStoreWorks { keychain, file } => Report::new(
            "no-store",
            Code::Keyward,
            format!(
                "no store for keys works here\n  keychain: {}\n  file: {}",
                store::of(keychain).message,
                store::of(file).message
            ),
        )
        .hint("mend one of them, or configure a helper program as the store"),
        Failure::Config(error) => config::of(error),
        Failure::Plan(error) => config::of_plan(error),
        Failure::Resolve(error) => run::of_resolve(error),
        Failure::NotVerified { id, source } => {
            let why = aws::of(source);
            let message = format!("AWS does not confirm the key {id}: {}", why.message);
            let hint = why.hint.unwrap_or_else(|| "nothing was stored".to_owned());
            Report::new(why.id, why.exit, message)
                .hint(format!("{hint}; nothing was stored (--no-verify stores it unseen)"))
        }
        Failure::Exec(error) => run::of_exec(error),
        Failure::File(error) => store::of_file(error),
        Failure::BadInput { what, problem } => {
            Report::new("bad-input", Code::Usage, format!("{what} is not {}", problem.what))
                .hint(format!("{} {}", problem.what, problem.problem))
        }
        Failure::MissingInput { what } => {
            Report::new("missing-input", Code::Usage, format!("standard input lacks {what}")).hint(
                "give the key id, the secret, and if wanted MFA device and TOTP seed, one a line",
            )
        }
        Failure::MissingVariable { name } => {
            Report::new("missing-variable", Code::Usage, format!("{name} is not set"))
                .hint("--env takes AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
        }
        Failure::Prompt { what, instead, source } => run::of_prompt(what, instead, source),
        Failure::Declined { what } => Report::new("declined", Code::Declined, what.clone()),
        Failure::TemporaryKey { id } => Report::new(
            "temporary-key",
            Code::Usage,
            format!("{id} is the key of a session, which ends by itself"),
        )
        .hint("this version stores long-term keys; they begin with AKIA"),
        Failure::AddToSource { profile, source, place } => Report::new(
            "key-not-used",
            Code::Config,
            format!("profile `{profile}` uses the key of `{source}` ({place})"),
        )
        .hint(format!("keyward add {}", quoted(source.as_str()))),
        Failure::WouldReplace { profile, id } => Report::new(
            "would-replace",
            Code::NeedsPerson,
            format!("`{profile}` holds another key already, {id}"),
        )
        .hint("--replace replaces it without asking"),
        Failure::SectionNotWritten { profile, source } => {
            let why = store::of_file(source);
            let message = format!("the key is stored, its section is not written: {}", why.message);
            Report::new("section-not-written", why.exit, message)
                .hint(format!("write [profile {profile}] there yourself"))
        }
        Failure::NoSuchKey { profile, near } => {
            Report::new("no-such-key", Code::Config, format!("there is no stored key `{profile}`"))
                .hint(near_or(near, "keyward list --credentials shows the stored keys"))
        }
        Failure::Output(source) => {
            Report::new("output", Code::Keyward, format!("cannot read or write: {source}"))
        }
        Failure::Render(error) => Report::new("unfit-value", Code::Keyward, error.to_string())
            .hint("--format=json can carry any value"),
    }
}

fn settings(error: &SettingsError) -> Report {
    match error {
        SettingsError::Unreadable(error) => {
            let why = store::of_file(error);
            Report { id: "settings-unreadable", exit: Code::Config, ..why }
        }
        SettingsError::Malformed { path, line, column, problem } => Report::new(
            "settings-malformed",
            Code::Config,
            format!(
                "{}:{line}:{column}: {}",
                path.display(),
                printable(&problem.replace('\n', "; "))
            ),
        )
        .hint("README.md lists what config.toml may say"),
    }
}

/// "did you mean", or `otherwise`.
fn near_or(near: &[ProfileName], otherwise: &str) -> String {
    if near.is_empty() {
        return otherwise.to_owned();
    }
    let names: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    format!("did you mean {}?", names.join(" or "))
}

/// A name or a path as a shell takes it, for commands in hints.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_/.%@:+".contains(c);
    match text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}
