//! The passphrase of the vault file: from a file, a program, a variable or the person, in this order.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keyward_creds::text::printable;
use keyward_creds::{Secret, SecretBytes};
use keyward_vault::{AskError, PassphraseSource};

use super::ask::{Echo, PromptError, ask};
use crate::app::{Environment, Settings};
use crate::ui;

/// Where the passphrase comes from in this run.
pub(crate) enum Passphrase {
    /// `KEYWARD_PASSPHRASE_FILE`.
    File(PathBuf),
    /// `passphrase_command` in config.toml.
    Command(Vec<String>),
    /// `KEYWARD_PASSPHRASE`.
    Variable(Secret),
    /// The person.
    Person,
}

impl Passphrase {
    pub(crate) fn new(environment: &Environment, settings: &Settings) -> Self {
        if let Some(path) = environment.path("KEYWARD_PASSPHRASE_FILE") {
            return Self::File(path);
        }
        if let Some(words) = settings.passphrase_command.as_ref().filter(|words| !words.is_empty())
        {
            return Self::Command(words.clone());
        }
        match environment.text("KEYWARD_PASSPHRASE") {
            Some(text) => Self::Variable(Secret::new(text.to_owned())),
            None => Self::Person,
        }
    }

    fn without_asking(&self) -> Option<Result<Secret, AskError>> {
        match self {
            Self::File(path) => Some(read_file(path)),
            Self::Command(words) => Some(run_command(words)),
            Self::Variable(text) => Some(Ok(text.clone())),
            Self::Person => None,
        }
    }
}

impl PassphraseSource for Passphrase {
    fn existing(&self, vault: &Path, attempt: u32) -> Result<Option<Secret>, AskError> {
        if let Some(had) = self.without_asking() {
            return had.map(Some);
        }
        if attempt > 1 {
            ui::say("wrong passphrase, try again");
        }
        typed(&format!("Passphrase of {}: ", vault.display()))
    }

    fn fresh(&self, vault: &Path) -> Result<Option<Secret>, AskError> {
        if let Some(had) = self.without_asking() {
            return had.map(Some);
        }
        ui::say(&format!(
            "keyward: a new vault, {}. Without its passphrase nobody can open it, not even you.",
            printable(&vault.display().to_string())
        ));
        loop {
            let Some(first) = typed("New passphrase: ")? else { return Ok(None) };
            if first.is_empty() {
                ui::say("a passphrase is not empty");
                continue;
            }
            let Some(second) = typed("The same again: ")? else { return Ok(None) };
            if first.expose() == second.expose() {
                return Ok(Some(first));
            }
            ui::say("these were two different passphrases");
        }
    }

    fn interactive(&self) -> bool {
        matches!(self, Self::Person)
    }
}

fn typed(question: &str) -> Result<Option<Secret>, AskError> {
    ask(question, Echo::Hidden).map_err(|error| match error {
        PromptError::NoTerminal => AskError::NoTerminal,
        PromptError::Terminal(reason) => AskError::Failed { source_text: reason },
    })
}

/// One line end at the file's end is not part of the passphrase: editors put it there.
fn read_file(path: &Path) -> Result<Secret, AskError> {
    let bytes = std::fs::read(path).map_err(|error| AskError::Failed {
        source_text: format!("KEYWARD_PASSPHRASE_FILE={}: {error}", path.display()),
    })?;
    first_line(bytes, "KEYWARD_PASSPHRASE_FILE")
}

/// The program may ask its person on our terminal; input that is piped to us is for `add`, or for the
/// command we run, and the program must not eat it.
fn run_command(words: &[String]) -> Result<Secret, AskError> {
    let input = if io::stdin().is_terminal() { Stdio::inherit() } else { Stdio::null() };
    let failed = |reason: String| AskError::Failed {
        source_text: format!("passphrase_command `{}`: {reason}", printable(&words[0])),
    };
    let output = Command::new(&words[0])
        .args(&words[1..])
        .stdin(input)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    first_line(output.stdout, "passphrase_command")
}

fn first_line(bytes: Vec<u8>, from: &str) -> Result<Secret, AskError> {
    let failed = |reason| AskError::Failed { source_text: format!("{from}: {reason}") };
    let text = Secret::from_bytes(SecretBytes::new(bytes)).map_err(|_| failed("it is not text"))?;
    let line = text.expose().trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(failed("it is empty"));
    }
    Ok(Secret::new(line.to_owned()))
}
