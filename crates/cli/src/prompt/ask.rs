//! One question, one answer.

use keyward_creds::Secret;

/// Why the person could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PromptError {
    /// There is no terminal.
    #[error("there is no terminal to ask on")]
    NoTerminal,
    /// There is one, and it is not ours to ask on, or fails.
    #[error("{0}")]
    Terminal(String),
}

/// Whether what is typed can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    /// As it is typed.
    Shown,
    /// Nothing at all, not even how much.
    Hidden,
}

/// Whether there is a terminal to ask on.
pub(crate) fn can_ask() -> bool {
    #[cfg(unix)]
    return super::terminal::Terminal::open().is_ok();
    #[cfg(not(unix))]
    return std::io::IsTerminal::is_terminal(&std::io::stdin());
}

/// Asks one question. `Ok(None)` when the person gave up with Ctrl-D. Ctrl-C ends the process as it ends
/// every other one: by its signal, after the terminal is as it was.
#[cfg(unix)]
pub(crate) fn ask(question: &str, echo: Echo) -> Result<Option<Secret>, PromptError> {
    use super::terminal::{self, Answer, Terminal};

    let mut terminal = Terminal::open().map_err(|_| PromptError::NoTerminal)?;
    match terminal.ask(&keyward_creds::text::printable(question), echo) {
        Ok(Answer::Text(answer)) => Ok(Some(answer)),
        Ok(Answer::Nothing) => Ok(None),
        Err(terminal::PromptError::Interrupted) => terminal::die_by_interrupt(),
        Err(terminal::PromptError::Signalled(signal)) => terminal::die_by(signal),
        Err(error) => Err(PromptError::Terminal(error.to_string())),
    }
}

/// Asks one question on the console. An empty answer to a question is the answer; Windows ends the process
/// at Ctrl-C by itself.
#[cfg(not(unix))]
pub(crate) fn ask(question: &str, echo: Echo) -> Result<Option<Secret>, PromptError> {
    use dialoguer::{Input, Password};

    let question = keyward_creds::text::printable(question);
    let question = question.trim_end().trim_end_matches(':');
    let answer = match echo {
        Echo::Hidden => Password::new().with_prompt(question).allow_empty_password(true).interact(),
        Echo::Shown => Input::new().with_prompt(question).allow_empty(true).interact_text(),
    };
    match answer {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(dialoguer::Error::IO(error)) if error.kind() == std::io::ErrorKind::NotConnected => {
            Err(PromptError::NoTerminal)
        }
        Err(error) => Err(PromptError::Terminal(error.to_string())),
    }
}
