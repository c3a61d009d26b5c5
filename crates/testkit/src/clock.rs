//! The one reader of the machine's clock in this crate.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The machine's wall clock.
#[expect(clippy::disallowed_methods, reason = "a server and a test harness live in real time")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The moment after which a waiting loop gives up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// A deadline `patience` from now.
    #[expect(clippy::disallowed_methods, reason = "waiting for a real process takes real time")]
    pub(crate) fn after(patience: Duration) -> Self {
        Self(Instant::now() + patience)
    }

    /// What is left; `None` once it has passed.
    #[expect(clippy::disallowed_methods, reason = "waiting for a real process takes real time")]
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}
