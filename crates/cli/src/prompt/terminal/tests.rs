//! At real pseudo-terminals: each question is asked by this test program, run once more.

use super::*;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::libc;
use nix::pty::openpty;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A terminal of our own with somebody asking at it: this test program, run once more.
struct Desk {
    keyboard: File,
    slave: OwnedFd,
    asker: Child,
    screen: String,
    before: libc::termios,
}

impl Desk {
    /// Returns once the question can be seen.
    fn asking(question: &str) -> Self {
        let mut desk = Self::starting(question);
        desk.read_until("? ");
        desk
    }

    fn starting(question: &str) -> Self {
        let pty = openpty(None, None).unwrap();
        // Only we hold the keyboard: should we fail, the asker is hung up on.
        fcntl(&pty.master, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
        let before = tcgetattr(&pty.slave).unwrap().into();
        let mut command = Command::new(std::env::current_exe().unwrap());
        let name = format!("{}::{question}", module_path!().split_once("::").unwrap().1);
        command.args([&name, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        command.stdin(pty.slave.try_clone().unwrap()).stdout(Stdio::piped());
        #[expect(unsafe_code, reason = "a terminal of its own is given between fork and exec")]
        // SAFETY: setsid and ioctl are safe to call there, and touch no memory.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                Errno::result(libc::ioctl(0, libc::TIOCSCTTY as _, 0))?;
                Ok(())
            });
        }
        let asker = command.spawn().unwrap();
        let keyboard = File::from(pty.master);
        Self { keyboard, slave: pty.slave, asker, screen: String::new(), before }
    }

    fn read_until(&mut self, text: &str) {
        while !self.screen.contains(text) {
            let mut chunk = [0; 256];
            expect_something(&self.keyboard, &self.screen);
            let length = self.keyboard.read(&mut chunk).unwrap();
            self.screen.push_str(&String::from_utf8_lossy(&chunk[..length]));
        }
    }

    fn types(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.asker.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits for the asker's end. Whatever happened, the terminal's modes are the old ones.
    fn leaves(mut self) -> Outcome {
        let said = self.last_words();
        let status = self.asker.wait().unwrap();
        let modes: libc::termios = tcgetattr(&self.slave).unwrap().into();
        assert_eq!(modes.c_lflag, self.before.c_lflag);
        assert_eq!(modes.c_iflag, self.before.c_iflag);
        assert_eq!(modes.c_oflag, self.before.c_oflag);
        assert_eq!(modes.c_cc, self.before.c_cc);
        Outcome { unread: self.unread(), screen: self.rest_of_screen(), said, status }
    }

    fn last_words(&mut self) -> String {
        let mut stdout = self.asker.stdout.take().unwrap();
        let mut said = String::new();
        let mut chunk = [0; 8192];
        loop {
            expect_something(&stdout, &said);
            match stdout.read(&mut chunk).unwrap() {
                0 => return said,
                length => said.push_str(&String::from_utf8_lossy(&chunk[..length])),
            }
        }
    }

    /// What the next reader would get, if a line were ended now.
    fn unread(&mut self) -> String {
        self.types(b"\n");
        let mut line = [0; 256];
        let length = File::from(self.slave.try_clone().unwrap()).read(&mut line).unwrap();
        String::from_utf8_lossy(&line[..length]).trim_end().to_owned()
    }

    fn rest_of_screen(&mut self) -> String {
        File::from(self.slave.try_clone().unwrap()).write_all(b"THE END").unwrap();
        self.read_until("THE END");
        self.screen.replace("THE END", "")
    }
}

/// Waits until `source` can be read, but not for ever: a test that fails must also end.
fn expect_something(source: &impl AsFd, so_far: &str) {
    let mut ready = FdSet::new();
    ready.insert(source.as_fd());
    let mut patience = TimeVal::seconds(20);
    let found = select(None, &mut ready, None, None, &mut patience).unwrap();
    assert_eq!(found, 1, "nothing came after {so_far:?}");
}

struct Outcome {
    unread: String,
    screen: String,
    said: String,
    status: ExitStatus,
}

/// What the asker does: ask, and tell on stdout what came of it.
fn ask_and_tell(echo: Echo) {
    let Ok(mut terminal) = Terminal::open() else { return };
    match terminal.ask("Colour? ", echo) {
        Ok(Answer::Text(answer)) => println!("answer=<{}>", answer.expose()),
        Err(PromptError::Interrupted) => die_by_interrupt(),
        Err(PromptError::Signalled(signal)) => die_by(signal),
        other => println!("{other:?}"),
    }
}

#[test]
#[ignore = "run by the other tests, at a terminal of their own"]
fn ask_hidden() {
    ask_and_tell(Echo::Hidden);
}

#[test]
#[ignore = "run by the other tests, at a terminal of their own"]
fn ask_shown() {
    ask_and_tell(Echo::Shown);
}

#[test]
#[ignore = "run by the other tests, at a terminal of their own"]
fn ask_in_the_background() {
    nix::unistd::setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap_or_default();
    let Ok(tty) = File::open("/dev/tty") else { return };
    // Another group has the keyboard: a child that waits for us.
    let mut other = Command::new("cat").stdin(Stdio::piped()).process_group(0).spawn().unwrap();
    nix::unistd::tcsetpgrp(&tty, Pid::from_raw(other.id().try_into().unwrap())).unwrap();
    ask_and_tell(Echo::Hidden);
    drop(other.stdin.take());
    other.wait().unwrap();
}

#[test]
fn a_hidden_answer_leaves_no_trace_on_the_screen() {
    let mut desk = Desk::asking("ask_hidden");
    desk.types("grün €42\r".as_bytes());
    let outcome = desk.leaves();
    assert!(outcome.said.contains("answer=<grün €42>"), "{}", outcome.said);
    assert_eq!(outcome.screen.trim_end(), "Colour?");
}

#[test]
fn a_shown_answer_can_be_seen_and_corrected() {
    let mut desk = Desk::asking("ask_shown");
    desk.types("deep blüe\x7f\x7fue\x17red\r".as_bytes());
    let outcome = desk.leaves();
    assert!(outcome.said.contains("answer=<deep red>"), "{}", outcome.said);
    assert!(outcome.screen.starts_with("Colour? deep blüe\x08 \x08"), "{:?}", outcome.screen);
}

#[test]
fn ctrl_u_starts_again_and_escape_sequences_are_no_text() {
    let mut desk = Desk::asking("ask_hidden");
    desk.types(b"wrong\x15\x1b[200~right\x1b[201~\x1b[A\x1bOP\x1b[[A\x1b[3~\x1b]11;rgb:0\x07!\t\r");
    assert!(desk.leaves().said.contains("answer=<right!>"));
}

#[test]
fn a_lone_escape_does_not_eat_the_next_key() {
    let mut keys = Keys::default();
    assert_eq!(keys.feed(0x1b), None);
    assert!(keys.in_sequence());
    assert_eq!(keys.give_up(), None);
    assert_eq!(keys.feed(b'x'), Some(Key::Char('x')));
}

#[test]
fn ctrl_c_at_any_moment_ends_us_and_types_nothing_into_the_next_reader() {
    let secret = "hü\x1b[A\x1b]x€";
    for typed in 0..=secret.len() {
        let mut desk = Desk::asking("ask_hidden");
        desk.types(&[&secret.as_bytes()[..typed], b"\x03ls\n"].concat());
        let outcome = desk.leaves();
        assert_eq!(outcome.status.signal(), Some(SIGINT), "after {typed} bytes");
        assert_eq!(outcome.unread, "");
        assert_eq!(outcome.screen.trim_end(), "Colour?");
    }
}

#[test]
fn ctrl_d_declines_only_on_an_empty_line() {
    let mut desk = Desk::asking("ask_hidden");
    desk.types(b"x\x04\x7f\x04");
    assert!(desk.leaves().said.contains("Ok(Nothing)"));
}

#[test]
fn an_answer_of_more_than_4096_bytes_is_refused_not_cut() {
    for (length, said) in [(4096, "answer=<xxx"), (4097, "Err(TooLong)")] {
        let mut desk = Desk::asking("ask_hidden");
        // In pieces: a terminal holds no more than 4095 bytes that nobody has read.
        for piece in vec![b'x'; length].chunks(512) {
            desk.types(piece);
        }
        desk.types(b"\r");
        assert!(desk.leaves().said.contains(said), "{length}");
    }
}

#[test]
fn what_follows_enter_is_not_typed_into_the_next_reader() {
    let mut desk = Desk::asking("ask_hidden");
    desk.types(b"blue\nrm -r important\n");
    let outcome = desk.leaves();
    assert!(outcome.said.contains("answer=<blue>"));
    assert_eq!(outcome.unread, "");
}

#[test]
fn a_signal_restores_the_terminal_and_then_takes_effect() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
        let mut desk = Desk::asking("ask_hidden");
        desk.types(b"half a sec");
        desk.signal(signal);
        let outcome = desk.leaves();
        assert_eq!(outcome.status.signal(), Some(signal as i32));
        assert_eq!(outcome.unread, "");
        assert_eq!(outcome.screen.trim_end(), "Colour?");
    }
}

#[test]
fn stopped_and_continued_we_ask_again_and_still_hide() {
    let mut desk = Desk::asking("ask_hidden");
    desk.types(b"bl");
    desk.signal(Signal::SIGSTOP);
    desk.signal(Signal::SIGCONT);
    desk.read_until("? \r\nColour? ");
    desk.types(b"\x15ue\r");
    let outcome = desk.leaves();
    assert!(outcome.said.contains("answer=<ue>"), "{}", outcome.said);
    assert_eq!(outcome.screen.trim_end(), "Colour? \r\nColour?");
}

#[test]
fn in_the_background_nobody_is_asked() {
    let mut desk = Desk::starting("ask_in_the_background");
    let said = desk.last_words();
    desk.asker.wait().unwrap();
    assert!(said.contains("Err(Background)"), "{said}");
}
