//! What can be typed.

use clap::builder::styling::{AnsiColor, Effects};
use clap::builder::{PossibleValuesParser, Styles, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use keyward_vault::StoreKind;

use crate::app::{App, Failure};
use crate::command;
use crate::exit::{Code, Exit};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::Cyan.on_default().effects(Effects::BOLD));

/// Keeps long-term AWS keys in the OS keychain (or an encrypted file) and hands out short-lived
/// credentials.
#[derive(Parser, Debug)]
#[command(name = "keyward", version, styles = STYLES, after_long_help = exit_codes(), max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const GLOBAL: &str = "Options of every command";

/// Options of every command.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Where long-term keys are
    ///
    /// Also `KEYWARD_VAULT`, and `vault` in config.toml. Without any of them the first `add` finds out
    /// what works here and writes it down.
    #[arg(long, global = true, value_name = "STORE", help_heading = GLOBAL, value_parser = stores())]
    pub(crate) vault: Option<StoreKind>,
    /// Say on stderr what is being done; never shows a secret
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) debug: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Add(command::add::AddArgs),
    Exec(command::exec::ExecArgs),
    Export(command::export::ExportArgs),
    #[command(visible_alias = "ls")]
    List(command::list::ListArgs),
    Clear(command::clear::ClearArgs),
    #[command(visible_alias = "rm")]
    Remove(command::remove::RemoveArgs),
    Lock(command::lock::LockArgs),
    Completions(command::completions::CompletionsArgs),
}

impl Command {
    pub(crate) fn run(self, app: &App) -> Result<Exit, Failure> {
        match self {
            Self::Add(args) => command::add::run(app, args),
            Self::Exec(args) => command::exec::run(app, args),
            Self::Export(args) => command::export::run(app, args),
            Self::List(args) => command::list::run(app, args),
            Self::Clear(args) => command::clear::run(app, args),
            Self::Remove(args) => command::remove::run(app, args),
            Self::Lock(args) => command::lock::run(app, args),
            Self::Completions(args) => command::completions::run(args),
        }
    }

    /// Whether errors shall be JSON as well.
    pub(crate) fn wants_json(&self) -> bool {
        matches!(self, Self::List(args) if args.json)
    }
}

fn exit_codes() -> String {
    let mut text = String::from("Exit codes (the command's own code passes through):\n");
    for (code, meaning) in Code::ALL {
        text.push_str(&format!("  {}  {meaning}\n", *code as u8));
    }
    text
}

/// Reads a duration with its unit: `45m`, `1h30m`, `8h`, `900s`.
pub(crate) fn duration(text: &str) -> Result<std::time::Duration, String> {
    const TAKES: &str = "a duration has a unit: `45m`, `1h30m`, `900s`";
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| TAKES.to_owned())?;
    std::time::Duration::try_from(parsed).map_err(|_| "a duration is not negative".to_owned())
}

/// The stores by name, so that help and completion know them all.
fn stores() -> impl TypedValueParser<Value = StoreKind> {
    PossibleValuesParser::new(["keychain", "file", "helper"])
        .try_map(|name| name.parse::<StoreKind>())
}

/// What to use instead of a word that aws-vault's users have in their fingers and we do not know.
pub(crate) fn hint_for_other_tools_word(word: &str) -> Option<&'static str> {
    Some(match word {
        "--server" | "-s" | "--ecs-server" | "--ec2-server" | "--lazy" => {
            "this version has no credential server; credential_process = keyward export --format=json PROFILE refreshes by itself"
        }
        "--json" | "-j" => "keyward export --format=json PROFILE",
        "--backend" => "--vault file, --vault keychain or --vault helper",
        "--prompt" => "codes come from --mfa-token, a stored TOTP seed or the terminal",
        "--env" => "keyward add --env PROFILE stores a key from the environment",
        "login" | "rotate" | "import" | "proxy" => "this version does not have it yet",
        _ => return None,
    })
}
