//! The passphrase of the vault file: from a file, a program, a variable or the person, in this order.

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use keyward_creds::text::printable;
use keyward_creds::{Secret, SecretBytes};
use keyward_vault::{AskError, PassphraseSource};

use super::ask::{Echo, PromptError, ask, can_ask};
use crate::app::{Environment, Settings};
use crate::ui;

/// In bytes; a passphrase that is longer is a mistaken file.
const LONGEST: usize = 64 * 1024;

/// Where the passphrase comes from in this run.
pub(crate) enum Passphrase {
    /// `KEYWARD_PASSPHRASE_FILE`.
    File(PathBuf),
    /// `passphrase_command` in config.toml.
    Command { name: String, command: Option<Box<Mutex<Command>>> },
    /// `KEYWARD_PASSPHRASE`.
    Variable(Secret),
    /// The person.
    Person,
    /// Nobody: the person shall not be asked.
    Nobody,
}

impl Passphrase {
    pub(crate) fn new(environment: &Environment, settings: &Settings) -> Self {
        if let Some(path) = environment.path("KEYWARD_PASSPHRASE_FILE") {
            return Self::File(path);
        }
        let words = settings.passphrase_command.as_deref().unwrap_or_default();
        if let Some((program, arguments)) = words.split_first() {
            let command = environment.program(program).map(|found| {
                let mut command = Command::new(found);
                command.args(arguments).env_clear();
                command.envs(keyward_exec::without_credentials(environment.all()));
                Box::new(Mutex::new(command))
            });
            return Self::Command { name: program.clone(), command };
        }
        match environment.text("KEYWARD_PASSPHRASE") {
            Some(text) => Self::Variable(Secret::new(text.to_owned())),
            None => Self::Person,
        }
    }

    /// As [`Passphrase::new`], with nobody where that has the person.
    pub(crate) fn nobody_asked(environment: &Environment, settings: &Settings) -> Self {
        match Self::new(environment, settings) {
            Self::Person => Self::Nobody,
            other => other,
        }
    }

    fn without_asking(&self) -> Option<Result<Secret, AskError>> {
        match self {
            Self::File(path) => Some(read_file(path)),
            Self::Command { name, command } => Some(run_command(name, command.as_deref())),
            Self::Variable(text) => Some(Ok(text.clone())),
            Self::Nobody => Some(Err(AskError::NoTerminal)),
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
        if !can_ask() {
            return Err(AskError::NoTerminal);
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
    let mut bytes = Vec::with_capacity(LONGEST);
    // It may be a pipe (`<(…)`), so it is read to a limit and not asked for its size.
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST as u64).read_to_end(&mut bytes))
        .map_err(|error| AskError::Failed {
            source_text: format!("KEYWARD_PASSPHRASE_FILE={}: {error}", path.display()),
        })?;
    first_line(bytes, "KEYWARD_PASSPHRASE_FILE")
}

/// The program may ask its person on our terminal; input that is piped to us is for `add`, or for the
/// command we run, and the program must not eat it.
fn run_command(name: &str, command: Option<&Mutex<Command>>) -> Result<Secret, AskError> {
    let input = if io::stdin().is_terminal() { Stdio::inherit() } else { Stdio::null() };
    let failed = |reason: String| AskError::Failed {
        source_text: format!("passphrase_command `{}`: {reason}", printable(name)),
    };
    let command = command.ok_or_else(|| failed("it is in no folder of PATH".to_owned()))?;
    let mut command = command.lock().unwrap_or_else(PoisonError::into_inner);
    let output = command
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
