//! Asking the person, on the controlling terminal and never through stdin.

mod ask;
mod on_terminal;
mod passphrase;
#[cfg(unix)]
mod terminal;

pub(crate) use ask::{Echo, PromptError, ask};
pub(crate) use on_terminal::{OnTerminal, confirm};
pub(crate) use passphrase::Passphrase;
