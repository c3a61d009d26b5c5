//! `keyward clear`.

use clap::Args;
use keyward_creds::ProfileName;
use keyward_session::cache;

use crate::app::{App, Failure};
use crate::exit::Exit;
use crate::{complete, ui};

/// Delete cached sessions; stored keys stay
///
/// The sessions themselves live on at AWS until they expire.
#[derive(Args, Debug)]
pub(crate) struct ClearArgs {
    /// Only the sessions of this profile, and those made from its key
    #[arg(add = complete::profile_names())]
    profile: Option<ProfileName>,
}

pub(crate) fn run(app: &App, args: ClearArgs) -> Result<Exit, Failure> {
    let cleared = match args.profile {
        None => cache::clear_unread(&app.paths.sessions),
        Some(profile) => {
            let kind = app.store_kind()?;
            let sessions = app.open_cache(kind, &app.vault()?)?;
            sessions.clear(|facts| facts.profile == profile || facts.holder == profile)
        }
    };
    ui::say(&match cleared {
        0 => "no cached sessions".to_owned(),
        1 => "1 session deleted".to_owned(),
        many => format!("{many} sessions deleted"),
    });
    Ok(Exit::Success)
}
