//! The only place that writes to the terminal. stdout is for data and for the child; we talk on stderr.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use keyward_creds::text::printable;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

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

/// Says something to the person. Whatever it quotes, no byte of it drives the terminal. There is nobody
/// to tell when this fails.
pub(crate) fn say(text: &str) {
    say_with("", text);
}

fn say_with(coloured: &str, text: &str) {
    let tame: Vec<String> = text.split('\n').map(printable).collect();
    let _ = writeln!(anstream::stderr().lock(), "{coloured}{}", tame.join("\n"));
}

/// Shows an error: what happened, then one thing to do; as one JSON line where data is JSON too.
pub(crate) fn report(report: &Report, json: bool) {
    if json {
        let _ = writeln!(io::stderr().lock(), "{}", report.to_json());
        return;
    }
    say_with("\u{1b}[1;31merror\u{1b}[0m: ", &report.message);
    if let Some(hint) = &report.hint {
        say_with("\u{1b}[1;36mhint\u{1b}[0m: ", hint);
    }
}

/// Shows what clap says: help and version on stdout with success, mistakes on stderr with our code.
pub(crate) fn usage(mut error: clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return Exit::Success.into();
    }
    let unexpected = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    if error.kind() == ErrorKind::UnknownArgument
        && unexpected.is_some_and(|it| !it.starts_with('-'))
    {
        // It may be a secret that somebody hoped to give as an argument.
        error.insert(ContextKind::InvalidArg, ContextValue::String("…".to_owned()));
    }
    // Clap's advice to write `-- --flag` would make a profile or a command of it.
    error.remove(ContextKind::Suggested);
    say(error.render().to_string().trim_end());
    let words = [ContextKind::InvalidArg, ContextKind::InvalidSubcommand];
    let word = words.into_iter().find_map(|kind| error.get(kind)).map(ToString::to_string);
    if let Some(hint) = word.and_then(|word| crate::args::hint_for_other_tools_word(&word)) {
        say_with("\u{1b}[1;36mhint\u{1b}[0m: ", hint);
    }
    Exit::from(Code::Usage).into()
}

/// Starts logging to stderr when asked to. Without it nothing is formatted at all.
pub(crate) fn log_to_stderr(debug: bool) {
    if debug {
        // Our own crates only: the SDK logs a hundred lines a call, and some of them whole requests.
        let ours = Targets::new().with_target("keyward", tracing::Level::DEBUG);
        let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).without_time();
        tracing_subscriber::registry().with(lines.with_target(false)).with(ours).init();
    }
}
