//! What the process does to itself before anything else.

use std::panic;

use crate::ui;

/// Hides our memory from other processes of the same user, keeps secrets out of core files, and makes
/// sure that a panic shows a place and never a value. All of it ends at `execve`.
pub(crate) fn guard() {
    #[cfg(target_os = "linux")]
    if let Err(error) = nix::sys::prctl::set_dumpable(false) {
        tracing::debug!(%error, "memory stays readable by this user's debuggers");
    }
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!(" at {at}"));
        ui::say(&format!("error: keyward made a mistake{place}\nhint: please report this"));
    }));
}
