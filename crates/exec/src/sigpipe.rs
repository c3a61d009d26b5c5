//! SIGPIPE as our parent left it.
//!
//! Rust's start-up ignores SIGPIPE, and ignored signals survive `execve`: the command would never die of
//! a closed pipe, and `yes | head` would complain. Setting the default instead would undo a parent's
//! own `trap '' PIPE`. So we look before Rust's start-up runs, and put back what was there.

use std::sync::atomic::{AtomicBool, Ordering};

use nix::libc;
use nix::sys::signal::{SigHandler, Signal, signal};

static IGNORED_BY_PARENT: AtomicBool = AtomicBool::new(false);

/// The loader calls the functions in this section before `main` and before Rust's own start-up.
#[used]
#[cfg_attr(
    not(target_vendor = "apple"),
    expect(unsafe_code, reason = "the one place that runs before Rust's start-up"),
    unsafe(link_section = ".init_array")
)]
#[cfg_attr(
    target_vendor = "apple",
    expect(unsafe_code, reason = "the one place that runs before Rust's start-up"),
    unsafe(link_section = "__DATA,__mod_init_func")
)]
static BEFORE_MAIN: extern "C" fn() = look;

extern "C" fn look() {
    let mut found = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    #[expect(unsafe_code, reason = "asking without setting has no safe wrapper")]
    // SAFETY: a null new action only asks, and on success the system has filled `found`.
    let handler = unsafe {
        if libc::sigaction(libc::SIGPIPE, std::ptr::null(), found.as_mut_ptr()) != 0 {
            return;
        }
        found.assume_init().sa_sigaction
    };
    IGNORED_BY_PARENT.store(handler == libc::SIG_IGN, Ordering::Relaxed);
}

/// To be called right before `execve`.
pub(crate) fn as_our_parent_left_it() {
    if !IGNORED_BY_PARENT.load(Ordering::Relaxed) {
        set(SigHandler::SigDfl);
    }
}

/// Back to Rust's habit, when `execve` failed and we live on to say so.
pub(crate) fn ignore() {
    set(SigHandler::SigIgn);
}

fn set(handler: SigHandler) {
    #[expect(unsafe_code, reason = "dispositions have no safe wrapper")]
    // SAFETY: neither the default nor ignoring runs any code of ours. It fails for no valid signal.
    let _ = unsafe { signal(Signal::SIGPIPE, handler) };
}
