//! What tests, benches and the demo need around the built `keyward` binary.
//!
//! Read [`aws`] first: [`FakeAws`] is a fake AWS on loopback that refuses what AWS refuses. Then
//! [`sandbox`]: a [`Sandbox`] is a world of our own for the binary, and every run in it is a leak test.
//! [`cargo`] builds binaries, [`client`] asks the fake directly,
//! [`sigv4`] verifies and makes signatures, apart from the client under test.

pub mod aws;
pub mod cargo;
pub mod client;
mod clock;
mod random;
#[cfg(unix)]
pub mod sandbox;
pub mod sigv4;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use aws::{Action, Call, CredentialKind, FakeAws, Fault, Nonsense};
pub use jiff::SignedDuration;
#[cfg(unix)]
pub use sandbox::{Invocation, Outcome, Running, Sandbox, Signal, Terminal};

/// A passphrase that nobody has to type.
pub fn random_passphrase() -> String {
    random::passphrase()
}

/// Locks; a test that panicked while holding the lock must not hide its own message.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
