//! Asking the person at the terminal for one line.
//!
//! We talk to the controlling terminal, never to stdin: that belongs to the command we run. While we
//! ask, the terminal hands us every key at once and echoes nothing; what is shown, we show. However a
//! question ends, by Enter, by Ctrl-C or by a signal from outside, the terminal is put back first, and
//! keys that were meant for the question reach no later reader.
//!
//! Not covered: SIGKILL, which nobody can answer.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;

use keyward_creds::Secret;
use nix::errno::Errno;
use nix::sys::select::{FdSet, select};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios};
use nix::sys::termios::{tcgetattr, tcsetattr};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::unistd::{Pid, getpgrp, tcgetpgrp};
use signal_hook::consts::SIGINT;

use self::keys::{Key, Keys};
use self::line::Line;
use self::signals::Signals;
use super::ask::Echo;

mod keys;
mod line;
mod signals;
#[cfg(test)]
mod tests;

/// The person's terminal.
pub(crate) struct Terminal {
    tty: File,
}

/// There is no terminal to ask at.
#[derive(Debug, thiserror::Error)]
#[error("no terminal")]
pub(crate) struct NoTerminal {
    /// What the system said.
    #[from]
    source: io::Error,
}

/// What the person did.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Typed a line, perhaps an empty one.
    Text(Secret),
    /// Ctrl-D on an empty line: would rather not say.
    Nothing,
}

/// Why there is no answer. The terminal is as it was before.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PromptError {
    /// Ctrl-C (or Ctrl-\). The caller tidies up and calls [`die_by_interrupt`].
    #[error("interrupted")]
    Interrupted,
    /// A signal from outside: SIGTERM, SIGHUP, SIGINT or SIGQUIT. The caller calls [`die_by`] with it.
    #[error("signal {0}")]
    Signalled(i32),
    /// We run in the background: the keyboard is somebody else's.
    #[error("not in the foreground of the terminal")]
    Background,
    /// More than 4096 bytes.
    #[error("the answer is too long")]
    TooLong,
    /// The terminal is gone, or refuses.
    #[error("the terminal cannot be used")]
    Terminal(#[source] io::Error),
}

impl From<io::Error> for PromptError {
    fn from(source: io::Error) -> Self {
        Self::Terminal(source)
    }
}

impl From<Errno> for PromptError {
    fn from(errno: Errno) -> Self {
        Self::Terminal(errno.into())
    }
}

/// How one spell of typing ended.
enum Spell {
    Entered,
    Declined,
    Interrupted,
    Suspended,
    Continued,
    Signalled(i32),
}

impl Terminal {
    /// Opens the controlling terminal.
    pub(crate) fn open() -> Result<Self, NoTerminal> {
        Ok(Self { tty: File::options().read(true).write(true).open("/dev/tty")? })
    }

    /// Shows `prompt`, which the caller has made safe to show, and reads one line.
    ///
    /// Enter ends it, Backspace, Ctrl-W and Ctrl-U correct it, Ctrl-Z suspends us and asks again
    /// afterwards. Other control and escape sequences, such as arrow keys and the marks around pasted
    /// text, are swallowed. What was typed before the question was shown is thrown away: it was not
    /// meant as the answer.
    pub(crate) fn ask(&mut self, prompt: &str, echo: Echo) -> Result<Answer, PromptError> {
        let signals = Signals::watched()?;
        signals.hold();
        let outcome = self.converse(prompt, echo, signals);
        match signals.release() {
            Some(signal) => Err(PromptError::Signalled(signal)),
            None => outcome,
        }
    }

    fn converse(&self, prompt: &str, echo: Echo, signals: &Signals) -> Result<Answer, PromptError> {
        let mut line = Line::new();
        loop {
            self.require_foreground()?;
            let raw = RawMode::enter(&self.tty)?;
            self.show(prompt)?;
            if echo == Echo::Shown {
                self.show(&line.text)?;
            }
            let spell = self.type_into(&mut line, echo, signals)?;
            self.show("\n")?;
            drop(raw);
            match spell {
                Spell::Entered if line.overflowed => return Err(PromptError::TooLong),
                Spell::Entered => return Ok(Answer::Text(line.finish())),
                Spell::Declined => return Ok(Answer::Nothing),
                Spell::Interrupted => return Err(PromptError::Interrupted),
                Spell::Signalled(signal) => return Err(PromptError::Signalled(signal)),
                Spell::Suspended => {
                    suspend_job()?;
                    signals.continued.store(false, Ordering::SeqCst);
                }
                // Somebody else had the terminal meanwhile, so its modes are not ours any more.
                Spell::Continued => {}
            }
        }
    }

    fn type_into(
        &self,
        line: &mut Line,
        echo: Echo,
        signals: &Signals,
    ) -> Result<Spell, PromptError> {
        let mut keys = Keys::default();
        loop {
            let key = match self.next_event(signals, keys.in_sequence())? {
                Event::Byte(byte) => keys.feed(byte),
                Event::Silence => keys.give_up(),
                Event::Continued => return Ok(Spell::Continued),
                Event::Signal(signal) => return Ok(Spell::Signalled(signal)),
            };
            let erased = match key {
                None => continue,
                Some(Key::Enter) => return Ok(Spell::Entered),
                Some(Key::Interrupt) => return Ok(Spell::Interrupted),
                Some(Key::Suspend) => return Ok(Spell::Suspended),
                Some(Key::EndOfInput) if line.text.is_empty() => return Ok(Spell::Declined),
                Some(Key::EndOfInput) => continue,
                Some(Key::Char(c)) => {
                    match (line.push(c), echo) {
                        (false, _) => self.show("\x07")?,
                        (true, Echo::Shown) => self.show(c.encode_utf8(&mut [0; 4]))?,
                        (true, Echo::Hidden) => {}
                    }
                    continue;
                }
                Some(Key::Erase) => line.erase_character(),
                Some(Key::EraseWord) => line.erase_word(),
                Some(Key::EraseLine) => line.erase_all(),
            };
            if echo == Echo::Shown {
                self.show(&"\x08 \x08".repeat(erased))?;
            }
        }
    }

    /// Waits for a key or a signal. Inside an escape sequence it does not wait long: its bytes come
    /// together, and a lone Escape must not eat the next key.
    fn next_event(&self, signals: &Signals, in_sequence: bool) -> Result<Event, PromptError> {
        loop {
            if let Some(signal) = signals.take() {
                return Ok(Event::Signal(signal));
            }
            if signals.continued.swap(false, Ordering::SeqCst) {
                return Ok(Event::Continued);
            }
            // Not poll: macOS has none for terminals.
            let mut ready = FdSet::new();
            ready.insert(self.tty.as_fd());
            ready.insert(signals.woken.as_fd());
            let mut patience = in_sequence.then(|| TimeVal::milliseconds(50));
            match select(None, &mut ready, None, None, patience.as_mut()) {
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(errno.into()),
                Ok(0) => return Ok(Event::Silence),
                Ok(_) => {}
            }
            if ready.contains(signals.woken.as_fd()) {
                signals.drain();
                continue;
            }
            // One byte at a time: what follows Enter stays with the terminal.
            let mut byte = [0];
            match (&self.tty).read(&mut byte) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(_) => return Ok(Event::Byte(byte[0])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn require_foreground(&self) -> Result<(), PromptError> {
        if in_foreground(&self.tty)? { Ok(()) } else { Err(PromptError::Background) }
    }

    fn show(&self, text: &str) -> io::Result<()> {
        (&self.tty).write_all(text.as_bytes())
    }
}

fn in_foreground(tty: &File) -> nix::Result<bool> {
    Ok(tcgetpgrp(tty)? == getpgrp())
}

/// The terminal while we ask: no line editing, no echo and no signals from keys. Output is left alone.
struct RawMode<'a> {
    tty: &'a File,
    before: Termios,
}

impl<'a> RawMode<'a> {
    fn enter(tty: &'a File) -> nix::Result<Self> {
        let before = tcgetattr(tty)?;
        let mut raw = before.clone();
        raw.local_flags.remove(
            LocalFlags::ICANON
                | LocalFlags::ECHO
                | LocalFlags::ECHONL
                | LocalFlags::ISIG
                | LocalFlags::IEXTEN,
        );
        raw.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        raw.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        apply(tty, &raw)?;
        Ok(Self { tty, before })
    }
}

impl Drop for RawMode<'_> {
    fn drop(&mut self) {
        // In the background the shell has the terminal, and set it to its own liking.
        if in_foreground(self.tty).unwrap_or(false) {
            let _ = apply(self.tty, &self.before);
        }
    }
}

/// Sets the modes and throws away what was typed but not read.
fn apply(tty: &File, modes: &Termios) -> nix::Result<()> {
    loop {
        match tcsetattr(tty, SetArg::TCSAFLUSH, modes) {
            Err(Errno::EINTR) => {}
            done => return done,
        }
    }
}

/// Stops everybody in our job, as the terminal does on Ctrl-Z, and returns when we are continued (or
/// at once, where nobody could continue us).
fn suspend_job() -> nix::Result<()> {
    kill(Pid::from_raw(0), Signal::SIGTSTP)
}

/// Ends the process as Ctrl-C would have: everybody in our job gets SIGINT, so that a script around us
/// stops too, and we die of it.
pub(crate) fn die_by_interrupt() -> ! {
    let _ = kill(Pid::from_raw(0), Signal::SIGINT);
    die_by(SIGINT)
}

/// Ends the process by `signal`, so that our parent sees what we died of.
pub(crate) fn die_by(signal: i32) -> ! {
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    signal_hook::low_level::exit(128 + signal)
}

enum Event {
    Byte(u8),
    /// Nothing came for a while, inside an escape sequence.
    Silence,
    Continued,
    Signal(i32),
}
