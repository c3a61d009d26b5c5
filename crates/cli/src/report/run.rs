//! What resolving, prompting and running say.

use keyward_creds::text::printable;
use keyward_exec::ExecError;
use keyward_session::ask::AskError;
use keyward_session::plan::{Call, Hop};
use keyward_session::resolve::{FailureClass, ResolveError};
use keyward_session::source::mfa::MfaError;
use keyward_session::source::totp::TotpError;
use keyward_session::wire::StsError;

use super::{Report, aws, quoted, store};
use crate::exit::Code;
use crate::prompt::PromptError;

pub(super) fn of_resolve(error: &ResolveError) -> Report {
    match error {
        ResolveError::Store(error) => store::of(error),
        ResolveError::Sts(error) => aws::of(error),
        ResolveError::Hop { hop, source } => of_hop(hop, source),
        ResolveError::Mfa(error) => of_mfa(error),
        ResolveError::File(error) => store::of_file(error),
        ResolveError::NoStoredKey { profile } => Report::new(
            "no-credentials",
            Code::Config,
            format!("the key of `{profile}` is not in the vault any more"),
        )
        .hint(format!("keyward add {}", quoted(profile.as_str()))),
        ResolveError::KeyChanged { profile, .. } => Report::new(
            "key-changed",
            Code::Keyward,
            format!("the key of `{profile}` was replaced while it was used"),
        )
        .hint("try again"),
        ResolveError::FailedElsewhere { class, message } => Report::new(
            "failed-elsewhere",
            code_of(*class),
            format!("another keyward that this one waited for failed: {}", printable(message)),
        )
        .hint("mend that, then try again"),
    }
}

fn code_of(class: FailureClass) -> Code {
    match class {
        FailureClass::Declined => Code::Declined,
        FailureClass::NeedsPerson => Code::NeedsPerson,
        FailureClass::Locked => Code::Locked,
        FailureClass::Aws => Code::Aws,
        FailureClass::Other => Code::Keyward,
    }
}

fn of_hop(hop: &Hop, error: &StsError) -> Report {
    let report = aws::of(error);
    let whose = match &hop.call {
        Call::GetSessionToken => format!("no session for `{}`", hop.profile),
        Call::AssumeRole { role, .. } => format!("cannot assume {role} for `{}`", hop.profile),
    };
    Report { message: format!("{whose}: {}", report.message), ..report }
}

fn of_mfa(error: &MfaError) -> Report {
    match error {
        MfaError::Declined => Report::new("declined", Code::Declined, "no MFA code given"),
        MfaError::NobodyToAsk { serial, reason: AskError::NoTerminal } => Report::new(
            "mfa-needed",
            Code::NeedsPerson,
            format!("an MFA code of {serial} is needed, and there is no terminal to ask on"),
        )
        .hint("run the same command once in a terminal, or give --mfa-token CODE"),
        MfaError::NobodyToAsk { serial, reason } => Report::new(
            "mfa-needed",
            Code::NeedsPerson,
            format!("an MFA code of {serial} is needed, and asking failed: {reason}"),
        )
        .hint("run the same command in the foreground, or give --mfa-token CODE"),
        MfaError::TokenUsed { serial } => Report::new(
            "mfa-token-used",
            Code::NeedsPerson,
            format!("a second MFA code is needed, of {serial}, and --mfa-token gives one"),
        )
        .hint("leave --mfa-token out and type both"),
        MfaError::Totp(TotpError::BadSeed { serial }) => Report::new(
            "bad-seed",
            Code::Config,
            format!("the stored TOTP seed of {serial} gives no codes"),
        )
        .hint("add the key again with the right seed"),
        MfaError::Totp(TotpError::File(error)) => store::of_file(error),
    }
}

pub(super) fn of_prompt(what: &str, instead: &str, error: &PromptError) -> Report {
    match error {
        PromptError::NoTerminal => Report::new(
            "no-terminal",
            Code::NeedsPerson,
            format!("{what} needs answers, and there is no terminal to ask on"),
        )
        .hint(instead),
        PromptError::Terminal(error) => Report::new(
            "terminal",
            Code::NeedsPerson,
            format!("{what} needs answers, and the terminal fails: {error}"),
        )
        .hint(instead),
    }
}

pub(super) fn of_exec(error: &ExecError) -> Report {
    match error {
        ExecError::NotFound { program } => Report::new(
            "command-not-found",
            Code::NotFound,
            format!("there is no command `{}`", printable(&program.to_string_lossy())),
        )
        .hint("see PATH, or write the command with its folder"),
        ExecError::NotExecutable { path } => Report::new(
            "command-not-executable",
            Code::NotExecutable,
            format!("{} cannot be executed", printable(&path.to_string_lossy())),
        )
        .hint("chmod +x, if it is meant to be a program"),
        ExecError::InterpreterMissing { path } => Report::new(
            "interpreter-missing",
            Code::NotExecutable,
            format!(
                "the interpreter that {} asks for is missing",
                printable(&path.to_string_lossy())
            ),
        )
        .hint("see its first line; Windows line ends are a usual cause"),
        ExecError::Nul(_) | ExecError::Refused { .. } => {
            let detail = match error {
                ExecError::Refused { source, .. } => format!("{error}: {source}"),
                other => other.to_string(),
            };
            Report::new("command-refused", Code::Keyward, detail)
        }
    }
}
