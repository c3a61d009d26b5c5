//! Signals during a question: the terminal first, then their effect.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use nix::libc;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Signals that would end us with the terminal still ours. Watched from the first question on: outside
/// a question they do what they always do.
pub(super) struct Signals {
    /// True while no question is open: then a signal takes effect at once.
    idle: Arc<AtomicBool>,
    /// The last one that came during a question; 0 for none.
    received: Arc<AtomicUsize>,
    pub(super) continued: Arc<AtomicBool>,
    /// Readable after any of them, so that none is missed between looking and waiting.
    pub(super) woken: UnixStream,
}

impl Signals {
    pub(super) fn watched() -> io::Result<&'static Self> {
        static WATCHED: OnceLock<io::Result<Signals>> = OnceLock::new();
        let watched = WATCHED.get_or_init(Self::watch).as_ref();
        watched.map_err(|error| io::Error::from(error.kind()))
    }

    fn watch() -> io::Result<Self> {
        let (woken, waker) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        let idle = Arc::new(AtomicBool::new(true));
        let received = Arc::new(AtomicUsize::new(0));
        let continued = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGHUP, SIGINT, SIGQUIT] {
            // Under `nohup`, say, a hang-up shall go on meaning nothing: to us and to the command.
            if !is_ignored(signal) {
                signal_hook::flag::register_conditional_default(signal, Arc::clone(&idle))?;
                let number = usize::try_from(signal).unwrap_or_default();
                signal_hook::flag::register_usize(signal, Arc::clone(&received), number)?;
                signal_hook::low_level::pipe::register(signal, waker.try_clone()?)?;
            }
        }
        signal_hook::flag::register(SIGCONT, Arc::clone(&continued))?;
        signal_hook::low_level::pipe::register(SIGCONT, waker)?;
        Ok(Self { idle, received, continued, woken })
    }

    pub(super) fn hold(&self) {
        self.received.store(0, Ordering::SeqCst);
        self.continued.store(false, Ordering::SeqCst);
        self.idle.store(false, Ordering::SeqCst);
    }

    /// Ends the holding; gives the signal that came meanwhile and has had no effect yet.
    pub(super) fn release(&self) -> Option<i32> {
        self.idle.store(true, Ordering::SeqCst);
        self.take()
    }

    pub(super) fn take(&self) -> Option<i32> {
        i32::try_from(self.received.swap(0, Ordering::SeqCst)).ok().filter(|signal| *signal != 0)
    }

    pub(super) fn drain(&self) {
        while matches!((&self.woken).read(&mut [0; 64]), Ok(1..)) {}
    }
}

fn is_ignored(signal: i32) -> bool {
    let mut found = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    #[expect(unsafe_code, reason = "asking without setting has no safe wrapper")]
    // SAFETY: a null new action only asks, and on success the system has filled `found`.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), found.as_mut_ptr()) == 0
            && found.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
