//! `keyward remove`.

use clap::Args;
use keyward_creds::ProfileName;
use keyward_session::plan::near_matches;

use crate::app::{App, Failure};
use crate::exit::Exit;
use crate::{complete, prompt, ui};

/// Delete a stored key and the sessions made from it
///
/// The profile's section in ~/.aws/config stays, and so does the key at AWS.
#[derive(Args, Debug)]
pub(crate) struct RemoveArgs {
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Profile whose key is deleted
    #[arg(add = complete::profile_names())]
    profile: ProfileName,
}

pub(crate) fn run(app: &App, args: RemoveArgs) -> Result<Exit, Failure> {
    let profile = args.profile;
    let kind = app.store_kind()?;
    let vault = app.vault()?;
    let stored = vault.profiles()?;
    if !stored.contains(&profile) {
        let near = near_matches(&profile, stored);
        return Err(Failure::NoSuchKey { profile, near });
    }
    if !args.force {
        let question = format!("Delete the key of {profile} from {}?", app.store_in_words(kind));
        let agreed = prompt::confirm(&question).map_err(|source| Failure::Prompt {
            what: format!("removing the key of `{profile}`"),
            instead: "--force removes it without asking",
            source,
        })?;
        if !agreed {
            return Err(Failure::Declined { what: format!("the key of {profile} stays") });
        }
    }
    let sessions = app.change_key(&vault, &profile, false, |vault| {
        vault.remove_key(&profile)?;
        Ok(None)
    })?;
    ui::say(&format!("removed the key of {profile} and {sessions} cached session(s)"));
    ui::say("the key itself still works until it is deleted at AWS");
    Ok(Exit::Success)
}
