//! `keyward exec`.

use std::ffi::OsString;
use std::io::{IsTerminal, stderr};
use std::time::Duration;

use clap::{Args, ValueHint};
use keyward_creds::ProfileName;
use keyward_exec::{Command, Handout, child_environment};

use super::CredentialArgs;
use crate::app::{App, Failure};
use crate::exit::Exit;
use crate::{complete, ui};

/// A command gets at least this much of a session, or a new one.
const MIN_LEFT: Duration = Duration::from_secs(5 * 60);

/// Run a command, or a shell, with credentials for a profile
///
/// The command replaces keyward: same process, same terminal, and its exit code is the exit code.
#[derive(Args, Debug)]
#[command(override_usage = "keyward exec [OPTIONS] <PROFILE> [-- COMMAND [ARGUMENTS]...]")]
pub(crate) struct ExecArgs {
    #[command(flatten)]
    credentials: CredentialArgs,
    /// Profile whose credentials the command gets
    #[arg(add = complete::profile_names())]
    profile: ProfileName,
    /// Command and its arguments; your shell when left out
    #[arg(trailing_var_arg = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    command: Vec<OsString>,
}

pub(crate) fn run(app: &App, args: ExecArgs) -> Result<Exit, Failure> {
    let shell = app.environment.get("SHELL").map(OsString::from);
    let command = Command::chosen(args.command, shell);
    // Before any key is read: a misspelt command must not cost an MFA code.
    let program = keyward_exec::resolve(command.program(), app.environment.get("PATH"))?;
    say_nesting(app, &args.profile);
    let obtained = app.obtain(args.credentials.asked(args.profile, MIN_LEFT)?)?;
    let handout = obtained.handout();
    let environment = child_environment(app.environment.all(), &handout);
    if matches!(command, Command::Shell(_)) {
        say_subshell(app, &handout);
    }
    let code = keyward_exec::run(&program, &command, &environment)?;
    Ok(Exit::Child(u8::try_from(code).unwrap_or(u8::MAX)))
}

/// Tells which profile is left when a keyward shell starts another command.
fn say_nesting(app: &App, profile: &ProfileName) {
    let outer = app.environment.text("KEYWARD_PROFILE").unwrap_or_default();
    if !outer.is_empty() && outer != profile.as_str() && stderr().is_terminal() {
        let outer = keyward_creds::text::printable(outer);
        ui::say(&format!("keyward: leaving {outer} for {profile}; `exit` brings {outer} back"));
    }
}

fn say_subshell(app: &App, handout: &Handout<'_>) {
    if !stderr().is_terminal() {
        return;
    }
    let left = handout
        .credentials
        .time_left(keyward_session::ask::Clock::now(&app.clock))
        .and_then(|left| Duration::try_from(left).ok())
        .map_or_else(String::new, |left| format!(" for {}", super::to_the_minute(left)));
    ui::say(&format!("keyward: a shell as {}{left}; `exit` ends it", handout.profile));
}
