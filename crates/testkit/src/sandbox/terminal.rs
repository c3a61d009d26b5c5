//! A process on a pseudo-terminal of its own.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::termios::{LocalFlags, Termios, tcgetattr};
use nix::unistd::Pid;

use super::Ground;
use super::invocation::Invocation;
use super::os::{in_new_session, set_window_size};
use super::outcome::{Outcome, Shown};
use super::running::Watch;
use crate::clock::Deadline;

/// How long one expectation may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a glance at a terminal that may have ended takes.
const GLANCE: Duration = Duration::from_millis(20);
/// How long the last output may take when something else still holds the terminal.
const LINGER: Duration = Duration::from_millis(200);

/// A process with a terminal. Killed, with its session, when dropped.
///
/// The terminal is read only inside [`expect`](Self::expect), [`wait`](Self::wait) and
/// [`screen`](Self::screen), so a process that shows much waits for them.
pub struct Terminal {
    child: Child,
    master: File,
    typed: String,
    ground: Arc<Ground>,
    hands_out: bool,
    seen: Vec<u8>,
    /// Where the next expectation starts to look.
    cursor: usize,
    watch: Watch,
}

impl Terminal {
    #[track_caller]
    pub(super) fn start(mut invocation: Invocation) -> Self {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).expect("pseudo-terminals are available");
        for side in [&pty.master, &pty.slave] {
            let private = FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC);
            fcntl(side, private).expect("an open descriptor can be kept from children");
        }
        let slave = |what: &str| pty.slave.try_clone().unwrap_or_else(|e| panic!("{what}: {e}"));
        let typed = invocation.typed();
        let command = &mut invocation.command;
        command.stdin(slave("stdin")).stdout(slave("stdout")).stderr(slave("stderr"));
        in_new_session(command, true);
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("cannot start `{typed}` on a terminal: {error}"),
        };
        let watch = Watch::over(Arc::clone(&invocation.ground), child.id());
        // `pty.slave` and the copies in `command` close here, so that the end of the last process on
        // the terminal shows as the end of its output.
        let (ground, hands_out) = (invocation.ground, invocation.hands_out);
        let master = File::from(pty.master);
        Self { child, master, typed, ground, hands_out, seen: Vec::new(), cursor: 0, watch }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `text` shows after what was expected before.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> &mut Self {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let unread = String::from_utf8_lossy(&self.seen[self.cursor..]).into_owned();
            if let Some(at) = find(&self.seen[self.cursor..], text.as_bytes()) {
                self.cursor += at + text.len();
                return self;
            }
            let more = deadline.left().is_some_and(|left| self.read_more(left));
            assert!(more, "`{}` never showed `{text}`, only:\n{unread}", self.typed);
        }
    }

    /// Types `text`, without a line end.
    ///
    /// # Panics
    ///
    /// When nobody is there to read it.
    #[track_caller]
    pub fn send(&mut self, text: &str) -> &mut Self {
        self.master.write_all(text.as_bytes()).expect("the terminal is open");
        self
    }

    /// Types a line.
    #[track_caller]
    pub fn send_line(&mut self, text: &str) -> &mut Self {
        self.send(text).send("\r")
    }

    /// Sends a signal to the process alone, which no key does.
    ///
    /// # Panics
    ///
    /// When the process is gone.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("process ids are small"));
        kill(pid, signal).expect("the process still runs");
    }

    /// Presses Ctrl-C.
    #[track_caller]
    pub fn ctrl_c(&mut self) -> &mut Self {
        self.send("\x03")
    }

    /// Presses Ctrl-D.
    #[track_caller]
    pub fn ctrl_d(&mut self) -> &mut Self {
        self.send("\x04")
    }

    /// Presses Ctrl-Z.
    #[track_caller]
    pub fn ctrl_z(&mut self) -> &mut Self {
        self.send("\x1a")
    }

    /// Changes the window's size.
    pub fn resize(&mut self, rows: u16, columns: u16) -> &mut Self {
        set_window_size(self.master.as_fd(), rows, columns);
        self
    }

    /// Everything shown so far, escapes included.
    pub fn screen(&mut self) -> String {
        while self.readable(Duration::ZERO) && self.read_more(Duration::ZERO) {}
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// The terminal's settings.
    ///
    /// # Panics
    ///
    /// When the terminal is gone.
    pub fn termios(&self) -> Termios {
        tcgetattr(&self.master).expect("the terminal is open")
    }

    /// Whether typed characters show.
    pub fn echo_is_on(&self) -> bool {
        self.termios().local_flags.contains(LocalFlags::ECHO)
    }

    /// Waits until typed characters no longer show, as before a secret is asked for.
    ///
    /// # Panics
    ///
    /// When they go on showing.
    #[track_caller]
    pub fn expect_echo(&mut self, on: bool) -> &mut Self {
        let deadline = Deadline::after(PATIENCE);
        while self.echo_is_on() != on {
            assert!(deadline.left().is_some(), "echo never became {on}:\n{}", self.screen());
            self.read_more(GLANCE);
        }
        self
    }

    /// Waits for the end of the process; what it leaves of the terminal can still be looked at.
    ///
    /// # Panics
    ///
    /// When it hangs.
    #[track_caller]
    pub fn expect_end(&mut self) -> &mut Self {
        self.wait_for_status();
        self
    }

    /// Waits for the end of the process. The outcome's stdout is all the terminal showed.
    ///
    /// # Panics
    ///
    /// When it hangs, panics or leaks.
    #[track_caller]
    pub fn wait(mut self) -> Outcome {
        let status = self.wait_for_status();
        self.finish(status)
    }

    #[track_caller]
    fn wait_for_status(&mut self) -> ExitStatus {
        let deadline = Deadline::after(PATIENCE * 3);
        loop {
            if !self.read_more(GLANCE) {
                // Nobody holds the terminal, yet the process may live on.
                std::thread::sleep(GLANCE);
            }
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status;
            }
            if deadline.left().is_none() {
                let screen = self.screen();
                panic!("`{}` hangs:\n{screen}", self.typed);
            }
        }
    }

    #[track_caller]
    fn finish(mut self, status: ExitStatus) -> Outcome {
        // The kernel hands the last output over a moment after the process is gone.
        while self.readable(LINGER) && self.read_more(LINGER) {}
        let leaks = self.watch.stop();
        let shown = Shown { stdout: std::mem::take(&mut self.seen), stderr: Vec::new() };
        Outcome::judge(&self.ground, &self.typed, status, shown, self.hands_out, leaks)
    }

    fn readable(&self, patience: Duration) -> bool {
        let mut wanted = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        let millis = u16::try_from(patience.as_millis()).unwrap_or(u16::MAX);
        poll(&mut wanted, PollTimeout::from(millis)).is_ok_and(|count| count > 0)
    }

    /// Reads what comes within `patience`. False at the end: when nobody holds the terminal any more.
    fn read_more(&mut self, patience: Duration) -> bool {
        if !self.readable(patience) {
            return true;
        }
        let mut buffer = [0; 8192];
        match self.master.read(&mut buffer) {
            Ok(count @ 1..) => {
                self.seen.extend(&buffer[..count]);
                true
            }
            _ => false,
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let session = Pid::from_raw(i32::try_from(self.child.id()).unwrap_or_default());
            // The session may have ended by itself just now.
            let _ = killpg(session, Signal::SIGKILL);
            drop(self.child.kill());
            drop(self.child.wait());
        }
        drop(self.watch.stop());
    }
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len().max(1)).position(|window| window == needle)
}
