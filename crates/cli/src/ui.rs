//! The only place that writes to the terminal. stdout is for data and for the child; we talk on stderr.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::exit::{Code, Exit};
use crate::report::Report;

/// Writes data for other programs to stdout. A reader that went away is no error of ours.
pub(crate) fn data(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Says something to the person. There is nobody to tell when this fails.
pub(crate) fn say(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Shows an error: what happened, then one thing to do; as one JSON line where data is JSON too.
pub(crate) fn report(report: &Report, json: bool) {
    if json {
        say(&report.to_json());
        return;
    }
    say(&format!("\u{1b}[1;31merror\u{1b}[0m: {}", report.message));
    if let Some(hint) = &report.hint {
        say(&format!("\u{1b}[1;36mhint\u{1b}[0m: {hint}"));
    }
}

/// Shows what clap says: help and version on stdout with success, mistakes on stderr with our code.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { Exit::from(Code::Usage).into() } else { Exit::Success.into() }
}

/// Starts logging to stderr when asked to. Without it nothing is formatted at all.
pub(crate) fn log_to_stderr(debug: bool) {
    if debug {
        tracing_subscriber::fmt()
            .with_writer(io::stderr)
            .with_max_level(tracing::Level::DEBUG)
            .with_target(false)
            .without_time()
            .init();
    }
}
