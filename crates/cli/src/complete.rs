//! Completion that asks the binary: profile names come from the config file as it is now.

use std::ffi::OsStr;

use clap::CommandFactory;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::CompleteEnv;

use crate::app::Environment;
use crate::args::Cli;

/// A shell that wants completions sets this to its name. Not clap's usual `COMPLETE`, which other programs
/// may set for themselves.
pub(crate) const VARIABLE: &str = "KEYWARD_COMPLETE";

/// Answers and ends the process when a shell asks for completions; returns otherwise.
pub(crate) fn answer_the_shell() {
    #[expect(
        clippy::disallowed_methods,
        reason = "asked before anything is built: most runs are not this"
    )]
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    CompleteEnv::with_factory(Cli::command).var(VARIABLE).complete();
}

/// Completes the name of a profile.
pub(crate) fn profile_names() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let typed = typed.to_string_lossy();
        let environment = Environment::of_process();
        let Some(config) = environment.aws_config_file() else { return Vec::new() };
        let names = keyward_session::config::ConfigFile::open(&config)
            .and_then(|config| config.profile_names())
            .unwrap_or_default();
        names
            .into_iter()
            .filter(|name| name.as_str().starts_with(typed.as_ref()) && is_plain(name.as_str()))
            .map(|name| CompletionCandidate::new(name.to_string()))
            .collect()
    })
}

/// Shells put a completion on the command line as it is, where `$( )` would run.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || "-_/.%@:+".contains(c))
}
