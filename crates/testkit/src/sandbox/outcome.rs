//! What a run showed, and assertions about it.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::Ground;

/// The end of a run that leaked nothing.
#[must_use = "a run is worth nothing until something about it is asserted"]
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Standard output; for a terminal, everything it showed.
    pub stdout: String,
    /// Standard error; empty for a terminal.
    pub stderr: String,
    command: String,
    /// What to replace by what before comparing.
    names: Vec<(String, &'static str)>,
}

/// What came out of a process.
pub(super) struct Shown {
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

impl Outcome {
    /// Fails the test when a secret shows where it must not, or when the program panicked.
    #[track_caller]
    pub(super) fn judge(
        ground: &Ground,
        command: &str,
        status: ExitStatus,
        shown: Shown,
        hands_out: bool,
        mut leaks: Vec<String>,
    ) -> Self {
        let needles = ground.needles();
        let mut search = |name: &str, bytes: &[u8]| {
            leaks.extend(needles.search(bytes).iter().map(|leak| format!("{leak} on {name}")));
        };
        if !hands_out {
            search("stdout", &shown.stdout);
        }
        search("stderr", &shown.stderr);
        leaks.extend(ground.leaks_in_files());
        assert!(leaks.is_empty(), "`{command}` leaked secrets:\n{}", leaks.join("\n"));

        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let home = ground.path.join("home");
        let outcome = Self {
            code: status.code(),
            signal: status.signal(),
            stdout: text(&shown.stdout),
            stderr: text(&shown.stderr),
            command: command.to_owned(),
            names: vec![
                (home.to_string_lossy().into_owned(), "[HOME]"),
                (ground.path.to_string_lossy().into_owned(), "[SANDBOX]"),
            ],
        };
        let panicked = |text: &str| text.contains("panicked at");
        assert!(!panicked(&outcome.stdout) && !panicked(&outcome.stderr), "{}", outcome.whole());
        outcome
    }

    /// It ended with code 0.
    #[track_caller]
    pub fn success(&self) -> &Self {
        self.exits(0)
    }

    /// It ended with this code.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}", self.whole());
        self
    }

    /// A signal ended it.
    #[track_caller]
    pub fn killed_by(&self, signal: super::Signal) -> &Self {
        assert_eq!(self.signal, Some(signal as i32), "{}", self.whole());
        self
    }

    /// Its stdout is exactly this, once normalised; the last line break does not count.
    #[track_caller]
    pub fn stdout_is(&self, expected: &str) -> &Self {
        let shown = self.normalised(&self.stdout);
        assert_eq!(
            shown.trim_end_matches('\n'),
            expected.trim_end_matches('\n'),
            "{}",
            self.whole()
        );
        self
    }

    /// Its stdout contains this, once normalised.
    #[track_caller]
    pub fn stdout_has(&self, part: &str) -> &Self {
        let found = self.normalised(&self.stdout).contains(part);
        assert!(found, "stdout lacks `{part}`\n{}", self.whole());
        self
    }

    /// Its stderr contains this, once normalised.
    #[track_caller]
    pub fn stderr_has(&self, part: &str) -> &Self {
        let found = self.normalised(&self.stderr).contains(part);
        assert!(found, "stderr lacks `{part}`\n{}", self.whole());
        self
    }

    /// Its stderr does not contain this, once normalised.
    #[track_caller]
    pub fn stderr_lacks(&self, part: &str) -> &Self {
        let found = self.normalised(&self.stderr).contains(part);
        assert!(!found, "stderr has `{part}`\n{}", self.whole());
        self
    }

    /// It said nothing on stderr.
    #[track_caller]
    pub fn quiet(&self) -> &Self {
        assert!(self.stderr.is_empty(), "{}", self.whole());
        self
    }

    /// Status, stdout and stderr are exactly this literal, as [`Self::whole`] writes them; the
    /// literal's common indentation does not count.
    #[track_caller]
    pub fn shows(&self, expected: &str) -> &Self {
        let (shown, expected) = (self.whole(), dedent(expected));
        assert!(shown == expected, "--- shown\n{shown}\n--- expected\n{expected}");
        self
    }

    /// `$ command`, stdout, stderr with `! ` before each line, and `[exit 1]` or `[signal 2]` unless it
    /// succeeded; normalised, without empty lines at the end.
    pub fn whole(&self) -> String {
        let mut text = format!("$ {}\n{}", self.command, self.stdout);
        if !text.ends_with('\n') {
            text.push('\n');
        }
        self.stderr.lines().for_each(|line| text.push_str(&format!("! {line}\n")));
        match (self.code, self.signal) {
            (Some(0), _) => {}
            (Some(code), _) => text.push_str(&format!("[exit {code}]")),
            (None, signal) => text.push_str(&format!("[signal {}]", signal.unwrap_or_default())),
        }
        self.normalised(text.trim_end()).to_owned()
    }

    /// Its stdout as JSON.
    ///
    /// # Panics
    ///
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("stdout is no JSON: {error}\n{}", self.whole()),
        }
    }

    /// Paths become `[HOME]` and `[SANDBOX]`, instants `[TIME]`, loopback ports `127.0.0.1:[PORT]`.
    fn normalised(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, short) in &self.names {
            text = text.replace(name, short);
        }
        hide_times(&hide_ports(&text))
    }
}

const LOOPBACK: &str = "127.0.0.1:";

fn hide_ports(text: &str) -> String {
    let mut parts = text.split(LOOPBACK);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let port = if rest.len() < part.len() { "[PORT]" } else { "" };
        shown.extend([LOOPBACK, port, rest]);
    }
    shown
}

/// Replaces `2026-01-02T03:04:05Z`, with a space or a fraction too.
fn hide_times(text: &str) -> String {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let is_time = |bytes: &[u8]| {
        bytes.len() >= SHAPE.len()
            && bytes.iter().zip(SHAPE).all(|(b, shape)| match shape {
                b'0' => b.is_ascii_digit(),
                b'T' => matches!(b, b'T' | b' '),
                other => b == other,
            })
    };
    let mut shown = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if is_time(rest.as_bytes()) {
            shown.push_str("[TIME]");
            rest = &rest[SHAPE.len()..];
            if let Some(fraction) = rest.strip_prefix('.') {
                rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            }
            rest = rest.strip_prefix('Z').unwrap_or(rest);
        } else {
            shown.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    shown
}

/// Takes the common indentation off a literal, and empty lines off its ends.
fn dedent(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let common = filled.map(indent).min().unwrap_or_default();
    let cut: Vec<&str> = lines.iter().map(|line| line.get(common..).unwrap_or_default()).collect();
    cut.join("\n").trim_start_matches('\n').trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_ports_are_hidden_and_nothing_else() {
        assert_eq!(hide_times("a 2026-01-02T03:04:05Z b"), "a [TIME] b");
        assert_eq!(hide_times("2026-01-02 03:04:05.123Z é 2026-01-02"), "[TIME] é 2026-01-02");
        assert_eq!(
            hide_ports("http://127.0.0.1:4711/x 127.0.0.1:x"),
            "http://127.0.0.1:[PORT]/x 127.0.0.1:x"
        );
    }

    #[test]
    fn a_literal_may_be_indented() {
        assert_eq!(dedent("\n    $ x\n      y\n    "), "$ x\n  y");
    }
}
