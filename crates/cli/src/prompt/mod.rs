//! Asking the person, on the controlling terminal and never through stdin.

mod on_terminal;
mod passphrase;
mod terminal;

pub(crate) use on_terminal::{OnTerminal, PromptError, ask, confirm};
pub(crate) use passphrase::Passphrase;
pub(crate) use terminal::Echo;
