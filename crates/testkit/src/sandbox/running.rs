//! A process without a terminal: its output is read as it comes, its arguments are watched.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::Ground;
use super::invocation::Invocation;
use super::leaks::leaks_in_arguments;
use super::os::in_new_session;
use super::outcome::{Outcome, Shown};
use crate::clock::Deadline;
use crate::lock;

/// How often a process is looked at while it runs.
const GLANCE: Duration = Duration::from_millis(2);

/// A process that was started and not yet waited for. Killed, with its session, when dropped.
pub struct Running {
    child: Child,
    typed: String,
    ground: Arc<Ground>,
    hands_out: bool,
    deadline: Deadline,
    stdout: Arc<Stream>,
    stderr: Arc<Stream>,
    pub(super) watch: Watch,
}

impl Running {
    #[track_caller]
    pub(super) fn start(mut invocation: Invocation) -> Self {
        let typed = invocation.typed();
        let mut child = match invocation.command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("cannot start `{typed}`: {error}"),
        };
        let watch = Watch::over(Arc::clone(&invocation.ground), child.id());
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), invocation.input.take()) {
            // A child that does not read its input breaks the pipe, which is its own business.
            thread::spawn(move || drop(pipe.write_all(&input)));
        }
        let stdout = Stream::of(child.stdout.take());
        let stderr = Stream::of(child.stderr.take());
        Self {
            child,
            typed,
            ground: invocation.ground,
            hands_out: invocation.hands_out,
            deadline: Deadline::after(invocation.patience),
            stdout,
            stderr,
            watch,
        }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the process alone.
    ///
    /// # Panics
    ///
    /// When the process is gone.
    pub fn signal(&self, signal: Signal) {
        kill(to_pid(self.child.id()), signal).expect("the process still runs");
    }

    /// Waits until its stdout shows `text`.
    ///
    /// # Panics
    ///
    /// When it ends, or takes too long, without showing it.
    #[track_caller]
    pub fn shows_on_stdout(&self, text: &str) {
        self.await_text(&self.stdout, "stdout", text);
    }

    /// Waits until its stderr shows `text`.
    ///
    /// # Panics
    ///
    /// When it ends, or takes too long, without showing it.
    #[track_caller]
    pub fn shows_on_stderr(&self, text: &str) {
        self.await_text(&self.stderr, "stderr", text);
    }

    #[track_caller]
    fn await_text(&self, stream: &Stream, name: &str, text: &str) {
        let wanted = |seen: &[u8]| String::from_utf8_lossy(seen).contains(text);
        if !stream.wait_until(self.deadline, wanted) {
            panic!("`{}` never showed `{text}` on {name}, only:\n{}", self.typed, stream.text());
        }
    }

    /// Waits for its end and for the end of its output.
    ///
    /// # Panics
    ///
    /// When it hangs, panics or leaks, or when something it started keeps its output open.
    #[track_caller]
    pub fn wait(mut self) -> Outcome {
        let status = self.wait_for_status();
        let ended = |_: &[u8]| false;
        for (stream, name) in [(&self.stdout, "stdout"), (&self.stderr, "stderr")] {
            stream.wait_until(self.deadline, ended);
            assert!(stream.closed(), "`{}` ended but its {name} stays open", self.typed);
        }
        let leaks = self.watch.stop();
        let shown = Shown { stdout: self.stdout.bytes(), stderr: self.stderr.bytes() };
        Outcome::judge(&self.ground, &self.typed, status, shown, self.hands_out, leaks)
    }

    #[track_caller]
    fn wait_for_status(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status;
            }
            if self.deadline.left().is_none() {
                self.kill_session();
                let (out, err) = (self.stdout.text(), self.stderr.text());
                panic!("`{}` hangs.\nstdout:\n{out}\nstderr:\n{err}", self.typed);
            }
            thread::sleep(GLANCE);
        }
    }

    fn kill_session(&mut self) {
        // The session may have ended by itself just now.
        let _ = killpg(to_pid(self.child.id()), Signal::SIGKILL);
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.kill_session();
        }
        drop(self.watch.stop());
    }
}

/// Runs a command whose result does not matter, for five seconds at most.
pub(super) fn to_its_end(mut command: Command) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    in_new_session(&mut command, false);
    let Ok(mut child) = command.spawn() else { return };
    let deadline = Deadline::after(Duration::from_secs(5));
    while let Ok(None) = child.try_wait() {
        if deadline.left().is_none() {
            drop(child.kill());
        }
        thread::sleep(GLANCE);
    }
}

fn to_pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).expect("process ids are small"))
}

/// Bytes that arrive while others wait for them.
struct Stream {
    state: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Stream {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Arc<Self> {
        let stream = Arc::new(Self { state: Mutex::default(), changed: Condvar::new() });
        let filled = Arc::clone(&stream);
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            if let Some(mut pipe) = pipe {
                while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                    lock(&filled.state).0.extend(&buffer[..count]);
                    filled.changed.notify_all();
                }
            }
            lock(&filled.state).1 = true;
            filled.changed.notify_all();
        });
        stream
    }

    /// Waits until `enough` is true of what came, or the stream closes, or the deadline passes; says
    /// whether `enough` was true.
    fn wait_until(&self, deadline: Deadline, enough: impl Fn(&[u8]) -> bool) -> bool {
        let mut state = lock(&self.state);
        loop {
            if enough(&state.0) {
                return true;
            }
            let Some(left) = deadline.left().filter(|_| !state.1) else { return false };
            state = match self.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    fn closed(&self) -> bool {
        lock(&self.state).1
    }

    fn bytes(&self) -> Vec<u8> {
        lock(&self.state).0.clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

/// Looks at the arguments of a process and of those it starts, again and again.
pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    found: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn over(ground: Arc<Ground>, pid: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let found = Arc::new(Mutex::new(Vec::new()));
        let (stopped, finds) = (Arc::clone(&stop), Arc::clone(&found));
        let thread = thread::spawn(move || {
            let mut pause = GLANCE;
            while !stopped.load(Ordering::SeqCst) {
                lock(&finds).extend(leaks_in_arguments(&ground.needles(), pid));
                thread::park_timeout(pause);
                pause = (pause * 2).min(GLANCE * 25);
            }
        });
        Self { stop, found, thread: Some(thread) }
    }

    /// Ends the watch and tells what it saw.
    pub(super) fn stop(&mut self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            drop(thread.join());
        }
        let mut found = std::mem::take(&mut *lock(&self.found));
        found.sort();
        found.dedup();
        found
    }

    /// Waits until it has seen a secret.
    #[cfg(test)]
    pub(super) fn wait_for_a_find(&self) {
        let deadline = Deadline::after(Duration::from_secs(10));
        while lock(&self.found).is_empty() && deadline.left().is_some() {
            thread::yield_now();
        }
    }
}
