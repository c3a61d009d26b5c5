//! The few system calls that std and nix have no safe form of.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::libc;
use nix::unistd::setsid;

/// Makes the child lead a session of its own, so that no terminal of ours can be reached from it. With
/// `terminal`, its standard input becomes the controlling terminal of that session.
#[expect(unsafe_code, reason = "std has no stable way to start a session")]
pub(super) fn in_new_session(command: &mut Command, terminal: bool) {
    let enter = move || {
        setsid()?;
        if terminal {
            // SAFETY: ioctl on an open descriptor with an integer argument.
            let done = unsafe { libc::ioctl(libc::STDIN_FILENO, libc::TIOCSCTTY as _, 0) };
            if done != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    };
    // SAFETY: between fork and exec only setsid and ioctl are called; both are async-signal-safe, and
    // nothing is allocated.
    unsafe { command.pre_exec(enter) };
}

/// Tells a terminal, by its master side, how large it is.
#[expect(unsafe_code, reason = "nix has no safe form of TIOCSWINSZ")]
pub(super) fn set_window_size(master: BorrowedFd<'_>, rows: u16, columns: u16) {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the descriptor is open and `size` is a whole winsize that outlives the call.
    let done = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ as _, &size) };
    assert_eq!(done, 0, "a terminal can be resized");
}
