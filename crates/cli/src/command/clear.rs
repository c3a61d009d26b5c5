//! `keyward clear`.

use clap::Args;
use keyward_creds::ProfileName;
use keyward_session::cache;
use keyward_session::plan::PlanError;

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
        None => cache::clear_unread(&app.paths.sessions)?,
        Some(_) if app.store_kind().is_err() => 0,
        Some(profile) => clear_profile(app, &profile)?,
    };
    ui::say(&match cleared {
        0 => "no cached sessions".to_owned(),
        1 => "1 session deleted".to_owned(),
        many => format!("{many} sessions deleted"),
    });
    Ok(Exit::Success)
}

/// The profile's own session, also when it was made for another profile that means the same, and all
/// that were made for the profile or from its key.
fn clear_profile(app: &App, profile: &ProfileName) -> Result<usize, Failure> {
    let kind = app.store_kind()?;
    let vault = app.vault()?;
    let sessions = app.open_cache(kind, &vault)?;
    let known = app.known_keys(&sessions, &vault)?;
    let own = match app.session_key(&app.config()?, &known, profile) {
        Err(Failure::Plan(error)) if matches!(*error, PlanError::UnknownProfile { .. }) => {
            return Err(Failure::Plan(error));
        }
        own => own.unwrap_or_default(),
    };
    let mut cleared =
        sessions.clear(|facts| facts.profile == *profile || facts.holder == *profile)?;
    if let Some(own) = own {
        cleared += usize::from(sessions.clear_one(&own)?);
    }
    Ok(cleared)
}
