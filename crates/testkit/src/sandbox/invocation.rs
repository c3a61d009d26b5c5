//! A run described step by step, then started in one of three ways.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::Ground;
use super::os::in_new_session;
use super::outcome::Outcome;
use super::running::Running;
use super::terminal::Terminal;

/// Longer than this, a run has hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run yet to be started: end it with [`run`](Self::run), [`spawn`](Self::spawn) or
/// [`terminal`](Self::terminal).
#[must_use = "nothing runs until `run`, `spawn` or `terminal`"]
pub struct Invocation {
    pub(super) ground: Arc<Ground>,
    pub(super) command: Command,
    pub(super) input: Option<Vec<u8>>,
    pub(super) hands_out: bool,
    pub(super) patience: Duration,
}

impl Invocation {
    pub(super) fn new(ground: Arc<Ground>, command: Command) -> Self {
        Self { ground, command, input: None, hands_out: false, patience: PATIENCE }
    }

    /// Sets a variable for this run.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Takes a variable away for this run.
    pub fn without_env(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Starts in this directory; the home directory when left out.
    pub fn in_directory(mut self, path: impl AsRef<Path>) -> Self {
        self.command.current_dir(path);
        self
    }

    /// Gives this input, then closes it. Nothing to do with a terminal.
    pub fn stdin(mut self, input: impl AsRef<[u8]>) -> Self {
        self.input = Some(input.as_ref().to_vec());
        self
    }

    /// Declares that this run's stdout hands out credentials, so that they are no leak there.
    pub fn hands_out(mut self) -> Self {
        self.hands_out = true;
        self
    }

    /// How long it may take before it counts as hung; a minute when left out.
    pub fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs to the end, without any terminal.
    ///
    /// # Panics
    ///
    /// When it cannot be started, hangs, panics or leaks.
    #[track_caller]
    pub fn run(self) -> Outcome {
        self.spawn().wait()
    }

    /// Starts, without any terminal, and goes on.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[track_caller]
    pub fn spawn(mut self) -> Running {
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        in_new_session(&mut self.command, false);
        Running::start(self)
    }

    /// Starts on a terminal of its own, 24 rows by 80 columns.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[track_caller]
    pub fn terminal(self) -> Terminal {
        Terminal::start(self)
    }

    /// The bare command. Its runs are not leak tests.
    pub fn into_command(self) -> Command {
        self.command
    }

    /// The command as one would type it, for messages.
    pub(super) fn typed(&self) -> String {
        let program = Path::new(self.command.get_program()).file_name().unwrap_or_default();
        let words = std::iter::once(program).chain(self.command.get_args());
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}
