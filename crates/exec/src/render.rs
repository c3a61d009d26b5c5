//! Credentials as text, for shells, SDKs and files.
//!
//! `env`, `json` and `ini` look as aws-vault prints them. Every variable of the handout is there, but
//! not `AWS_VAULT` or `KEYWARD_PROFILE`: they mark a child of `keyward exec`, which a reader of this text
//! is not.
//!
//! The three formats that a shell evaluates also unset what would contradict the new values (`STALE`).
//! `export-env` and `fish` are one block, so text that was cut anywhere, even between two lines, does
//! nothing at all. PowerShell users pipe line by line into `Invoke-Expression`, so there each line stands
//! alone: one that was cut is an error, the lines before it count.

use std::fmt;
use std::str::FromStr;

use keyward_creds::Secret;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::handout::{Handout, Variable};
use crate::quote;

/// How credentials are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `NAME=value` lines, quoted for POSIX shells where a value needs it, which AWS's own never do.
    Env,
    /// To be evaluated by sh, dash, bash or zsh: `eval "$(keyward export --format=export-env P)"`.
    ExportEnv,
    /// What an SDK reads from a `credential_process`.
    Json,
    /// A section of a credentials file.
    Ini,
    /// To be evaluated by fish: `keyward export --format=fish P | source`.
    Fish,
    /// To be evaluated by PowerShell: `keyward export --format=powershell P | Invoke-Expression`.
    PowerShell,
    /// A `.env` file.
    Dotenv,
}

impl Format {
    /// All of them, in the order help lists them.
    pub const ALL: [Self; 7] = [
        Self::Env,
        Self::ExportEnv,
        Self::Json,
        Self::Ini,
        Self::Fish,
        Self::PowerShell,
        Self::Dotenv,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::ExportEnv => "export-env",
            Self::Json => "json",
            Self::Ini => "ini",
            Self::Fish => "fish",
            Self::PowerShell => "powershell",
            Self::Dotenv => "dotenv",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is none of [`Format::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no format {given:?}")]
pub struct UnknownFormat {
    /// What was asked for.
    pub given: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;
    fn from_str(given: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == given);
        found.ok_or_else(|| UnknownFormat { given: given.to_owned() })
    }
}

/// Why credentials were not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The value has control characters, or white space where the format takes it away. No value of
    /// AWS's does, so somebody is up to something.
    #[error("the value of {variable} cannot be written as {format}")]
    Unfit {
        /// Whose value it is.
        variable: &'static str,
        /// What it was to be written as.
        format: Format,
    },
}

/// Writes `handout` as `format` prescribes, ending in a newline.
///
/// Fails when a value cannot be written without changing it or its surroundings; JSON can hold any.
pub fn render(format: Format, handout: &Handout<'_>) -> Result<Secret, RenderError> {
    let variables = handout.variables();
    let unfit = |variable: &&Variable<'_>| !is_fit(format, &variable.value);
    if let Some(Variable { name: variable, .. }) = variables.iter().find(unfit) {
        return Err(RenderError::Unfit { variable, format });
    }
    let mut out = Zeroizing::new(String::with_capacity(enough_for(handout, &variables)));
    match format {
        Format::Env => assignments(&mut out, &variables, |out, value| {
            if quote::is_plain(value) { out.push_str(value) } else { quote::posix(out, value) }
        }),
        Format::Dotenv => assignments(&mut out, &variables, quote::dotenv),
        Format::ExportEnv => export_env(&mut out, &variables),
        Format::Fish => fish(&mut out, &variables),
        Format::PowerShell => powershell(&mut out, &variables),
        Format::Ini => ini(&mut out, handout),
        Format::Json => return Ok(json(handout, out.capacity())),
    }
    Ok(Secret::new(std::mem::take(&mut *out)))
}

fn is_fit(format: Format, value: &str) -> bool {
    match format {
        Format::Json => true,
        // A reader trims white space, and may take what follows it for a comment.
        Format::Ini => !value.contains(|c: char| c.is_control() || c.is_whitespace()),
        _ => !value.contains(char::is_control),
    }
}

/// Bytes that suffice for every format, so that the text is never moved while it grows: JSON may make
/// six bytes of one.
fn enough_for(handout: &Handout<'_>, variables: &[Variable<'_>]) -> usize {
    let values: usize = variables.iter().map(|variable| 64 + 6 * variable.value.len()).sum();
    1024 + handout.profile.as_str().len() + values
}

/// What would contradict new credentials in a shell that had others: a token or an end that are not
/// theirs, a profile that some SDKs prefer to keys, a server to fetch others from.
const STALE: [&str; 12] = [
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "KEYWARD_REGION",
];

fn stale(variables: &[Variable<'_>]) -> impl Iterator<Item = &'static str> {
    STALE.into_iter().filter(|name| variables.iter().all(|variable| variable.name != *name))
}

fn push(out: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| out.push_str(part));
}

fn assignments(out: &mut String, variables: &[Variable<'_>], quoted: fn(&mut String, &str)) {
    for Variable { name, value } in variables {
        push(out, &[name, "="]);
        quoted(out, value);
        out.push('\n');
    }
}

/// A shell reads a `{ … }` group to its end before it runs any of it. The semicolons keep it whole when
/// somebody forgets the quotes: `eval $(…)` joins the lines.
fn export_env(out: &mut String, variables: &[Variable<'_>]) {
    out.push_str("{\nunset");
    stale(variables).for_each(|name| push(out, &[" ", name]));
    out.push_str(";\n");
    for Variable { name, value } in variables {
        push(out, &["export ", name, "="]);
        quote::posix(out, value);
        out.push_str(";\n");
    }
    out.push_str("}\n");
}

/// The same in fish. Only global variables are erased: universal ones outlive the shell, and are the
/// user's own.
fn fish(out: &mut String, variables: &[Variable<'_>]) {
    out.push_str("begin;\nset -eg");
    stale(variables).for_each(|name| push(out, &[" ", name]));
    out.push_str(";\n");
    for Variable { name, value } in variables {
        push(out, &["set -gx ", name, " "]);
        quote::fish(out, value);
        out.push_str(";\n");
    }
    out.push_str("end;\n");
}

fn powershell(out: &mut String, variables: &[Variable<'_>]) {
    stale(variables).for_each(|name| push(out, &["$Env:", name, " = $null\n"]));
    for Variable { name, value } in variables {
        push(out, &["$Env:", name, " = "]);
        quote::powershell(out, value);
        out.push('\n');
    }
}

fn ini(out: &mut String, handout: &Handout<'_>) {
    let credentials = handout.credentials;
    let expiration = handout.expiration();
    let settings = [
        ("aws_access_key_id", Some(credentials.access_key_id.as_str())),
        ("aws_secret_access_key", Some(credentials.secret_access_key.expose())),
        ("aws_session_token", credentials.session_token.as_ref().map(Secret::expose)),
        ("aws_credential_expiration", expiration.as_deref()),
        ("region", handout.region.map(|region| region.as_str())),
    ];
    push(out, &["[", handout.profile.as_str(), "]\n"]);
    for (name, value) in settings {
        if let Some(value) = value {
            push(out, &[name, "=", value, "\n"]);
        }
    }
}

/// The `credential_process` contract.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProcessOutput<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

fn json(handout: &Handout<'_>, capacity: usize) -> Secret {
    let credentials = handout.credentials;
    let output = ProcessOutput {
        version: 1,
        access_key_id: credentials.access_key_id.as_str(),
        secret_access_key: credentials.secret_access_key.expose(),
        session_token: credentials.session_token.as_ref().map(Secret::expose),
        expiration: handout.expiration(),
        account_id: credentials.account.as_ref().map(|account| account.as_str()),
    };
    let mut bytes = Vec::with_capacity(capacity);
    serde_json::to_writer_pretty(&mut bytes, &output).expect("writing texts to memory cannot fail");
    bytes.push(b'\n');
    Secret::new(String::from_utf8(bytes).expect("JSON is UTF-8"))
}
