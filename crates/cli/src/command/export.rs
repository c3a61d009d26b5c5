//! `keyward export`.

use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use keyward_creds::ProfileName;
use keyward_exec::{Format, render};

use super::CredentialArgs;
use crate::app::{App, Failure};
use crate::exit::Exit;
use crate::{complete, ui};

/// SDKs ask again when less than this is left, so nothing shorter is handed out.
const MIN_LEFT: Duration = Duration::from_secs(15 * 60);

/// Print credentials for a shell, an SDK or a file
///
/// For an SDK, in ~/.aws/config:
///   credential_process = keyward export --format=json PROFILE
/// For this shell:
///   eval "$(keyward export --format=export-env PROFILE)"
#[derive(Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    credentials: CredentialArgs,
    /// Form of the output
    #[arg(short, long, default_value = "env", value_parser = format_names())]
    format: Format,
    /// Profile whose credentials are printed
    #[arg(add = complete::profile_names())]
    profile: ProfileName,
}

pub(crate) fn run(app: &App, args: ExportArgs) -> Result<Exit, Failure> {
    let obtained = app.obtain(args.credentials.asked(args.profile, MIN_LEFT)?)?;
    let handout = obtained.handout();
    ui::data(render(args.format, &handout)?.expose())?;
    Ok(Exit::Success)
}

/// The formats by name, so that help and completion know them all.
fn format_names() -> impl clap::builder::TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|name| name.parse::<Format>())
}
