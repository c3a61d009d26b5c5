//! Everything a store can answer besides "here it is" and "there is nothing under this label".

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::files::{FileError, UnsafePath};
use crate::store::Label;

/// Why a store could not do what it was asked. Facts only: the CLI writes the message and the hint.
///
/// Text that came from another program (a helper, a D-Bus service) has passed
/// [`keyward_creds::text::printable`].
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file could not be read or written. The old content is intact.
    #[error("{}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file or directory that somebody else could have planted or could change.
    #[error("{}: {reason}", path.display())]
    UnsafePath {
        /// The file or directory.
        path: PathBuf,
        /// What is unsafe about it.
        reason: UnsafePath,
    },
    /// The vault file's content is not what Keyward wrote.
    #[error("{}: {damage}", path.display())]
    Integrity {
        /// The vault file.
        path: PathBuf,
        /// What gives it away.
        damage: Damage,
    },
    /// The vault file was written by a later Keyward.
    #[error("{}: vault format {found}", path.display())]
    NewerFormat {
        /// The vault file.
        path: PathBuf,
        /// The format it claims.
        found: u16,
    },
    /// The vault file is gone, and the generation before is still there: the last copy of what was in it.
    /// No new vault is made, and nothing was written.
    #[error("{} is missing, and {} is still there", path.display(), previous.display())]
    VaultMissing {
        /// The vault file that should be there.
        path: PathBuf,
        /// The generation before, which can be put in its place.
        previous: PathBuf,
    },
    /// No way of unlocking that this Keyward knows is in the vault file.
    #[error("{}: cannot be unlocked with a passphrase", path.display())]
    NoPassphraseSlot {
        /// The vault file.
        path: PathBuf,
    },
    /// The passphrase opens nothing. Nothing was changed.
    ///
    /// Somebody who changes the salt, the cost or the wrapped key on purpose, and the checksum with
    /// them, causes this error too: without the right key the two cannot be told apart.
    #[error("{}: wrong passphrase", path.display())]
    WrongPassphrase {
        /// The vault file.
        path: PathBuf,
        /// How often a passphrase was tried.
        attempts: u32,
    },
    /// An empty passphrase was given for a new vault.
    #[error("empty passphrase")]
    EmptyPassphrase,
    /// The person was asked and gave up. That is not a fault.
    #[error("declined")]
    Declined,
    /// A passphrase is needed and there is nobody to ask.
    #[error("no terminal to ask for the passphrase of {}", path.display())]
    NoTerminal {
        /// The vault file.
        path: PathBuf,
    },
    /// A passphrase for a new vault is needed and there is nobody to ask.
    #[error("no terminal to ask for the passphrase of the new {}", path.display())]
    NoTerminalForNew {
        /// The vault file that would be made.
        path: PathBuf,
    },
    /// Asking for a passphrase failed.
    #[error("asking for a passphrase: {reason}")]
    AskFailed {
        /// What the asker said.
        reason: String,
    },
    /// The operating system has not enough memory for the key derivation.
    #[error("{} KiB of memory for unlocking", kib)]
    NotEnoughMemory {
        /// The memory that the vault's header asks for, in KiB.
        kib: u32,
    },
    /// More entries than a vault file may hold.
    #[error("{}: more than {limit} bytes", path.display())]
    VaultFull {
        /// The vault file.
        path: PathBuf,
        /// The size that may not be passed, in bytes.
        limit: u64,
    },

    /// There is no keychain to talk to.
    #[error("no keychain: {absence}")]
    KeychainAbsent {
        /// Which part is missing.
        absence: KeychainAbsence,
        /// What the system said.
        reason: String,
    },
    /// The keychain is locked and nobody can be, or may be, asked to unlock it.
    #[error("the keychain is locked")]
    KeychainLocked,
    /// A person was asked to unlock the keychain and refused.
    #[error("the keychain's prompt was dismissed")]
    KeychainDismissed,
    /// The keychain did not answer in time.
    #[error("the keychain did not answer within {} s", waited.as_secs())]
    KeychainTimedOut {
        /// How long it was given.
        waited: Duration,
    },
    /// Several items answer to one label, so none can be chosen.
    #[error("the keychain has several items for {label}")]
    KeychainAmbiguous {
        /// The label.
        label: Label,
    },
    /// The record is larger than this keychain allows (Windows: 2,560 bytes).
    #[error("the keychain takes at most {limit} of {what}")]
    KeychainTooLong {
        /// Which part is too long.
        what: String,
        /// The keychain's limit.
        limit: u32,
    },
    /// The keychain took a value and gave back another.
    #[error("the keychain does not give back what it was given")]
    KeychainForgets,
    /// Anything else the keychain answered.
    #[error("the keychain: {reason}")]
    KeychainFailed {
        /// The keychain's words.
        reason: String,
    },

    /// The helper program misbehaved.
    #[error("store helper {program}: {fault}")]
    Helper {
        /// Its path.
        program: String,
        /// What it did.
        fault: HelperFault,
    },

    /// A stored record cannot be read.
    #[error("the record under {label} is damaged")]
    Damaged {
        /// Where it lies.
        label: Label,
    },
    /// A stored record was written by a later Keyward.
    #[error("the record under {label} has version {version}")]
    NewerRecord {
        /// Where it lies.
        label: Label,
        /// The version it claims.
        version: u32,
    },
}

/// What gives a damaged vault file away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It does not begin as a vault file does.
    #[error("not a vault file")]
    NotAVault,
    /// The checksum at its end does not fit: bytes were changed, cut off or added.
    #[error("checksum does not match")]
    Checksum,
    /// Checksum right, but lengths or counts in it contradict each other.
    #[error("malformed")]
    Malformed,
    /// The key derivation cost lies outside the permitted bounds.
    #[error("key derivation cost out of bounds")]
    Cost,
    /// The vault key is not the one this file was written with, or the sealed entries were changed.
    #[error("sealed content does not match its key")]
    Sealed,
}

/// Which part of a keychain is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeychainAbsence {
    /// No session bus to reach it over.
    #[error("no session bus")]
    NoBus,
    /// A bus, but no keychain service on it.
    #[error("no keychain service")]
    NoService,
    /// A service, but it holds no default collection to put things in.
    #[error("no default collection")]
    NoCollection,
}

/// What a helper program did wrong.
#[derive(Debug, thiserror::Error)]
pub enum HelperFault {
    /// There is no such program.
    #[error("not found")]
    NotFound,
    /// It could not be started.
    #[error("cannot be started: {0}")]
    NotStarted(io::Error),
    /// It did not finish in time and was ended.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// It ended with a failure. `None` when a signal ended it.
    #[error("ended with {0:?}")]
    Exited(Option<i32>),
    /// Its reply is larger than a reply may be.
    #[error("reply larger than {0} bytes")]
    ReplyTooLarge(usize),
    /// Its reply is not one line of JSON as the protocol has it.
    #[error("reply is not understood")]
    NotUnderstood,
    /// Its reply has another protocol version.
    #[error("speaks protocol version {0}")]
    OtherVersion(u64),
    /// It reported a failure of its own.
    #[error("{0}")]
    Refused(String),
}

impl StoreError {
    pub(crate) fn io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io { path, source } => Self::Io { path, source },
            FileError::Unsafe { path, reason } => Self::UnsafePath { path, reason },
            FileError::TooLarge { path, limit } => Self::VaultFull { path, limit },
            FileError::ChangedMeanwhile { path } => Self::Io {
                path,
                source: io::Error::new(io::ErrorKind::ResourceBusy, "changed meanwhile"),
            },
        }
    }
}
