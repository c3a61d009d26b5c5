//! `keyward lock`.

use clap::Args;

use crate::app::{App, Failure};
use crate::exit::Exit;
use crate::ui;

/// Forget what is held unlocked; the next use asks the vault again
#[derive(Args, Debug)]
pub(crate) struct LockArgs {}

pub(crate) fn run(app: &App, _: LockArgs) -> Result<Exit, Failure> {
    let was_unlocked = app.store_kind().is_ok_and(|kind| app.lock(kind));
    ui::say(if was_unlocked { "locked" } else { "was locked already" });
    Ok(Exit::Success)
}
