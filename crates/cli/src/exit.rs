//! Exit codes: documented, and out of the way of the wrapped command's own.

use std::process::ExitCode;

/// Ways to end. A child's own code passes through as [`Exit::Child`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything went well.
    Success,
    /// The command ended with this code.
    Child(u8),
    /// One of ours.
    Own(Code),
}

/// Our own codes. `--help` lists them from [`Code::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// The command line makes no sense.
    Usage = 118,
    /// AWS refused, or cannot be reached.
    Aws = 119,
    /// The configuration cannot be used.
    Config = 120,
    /// The vault is locked, or its passphrase is wrong.
    Locked = 121,
    /// The person said no.
    Declined = 122,
    /// A person is needed (MFA code, log-in), and there is no terminal.
    NeedsPerson = 123,
    /// Keyward itself failed.
    Keyward = 125,
    /// The command was found and cannot be executed.
    NotExecutable = 126,
    /// The command was not found.
    NotFound = 127,
}

impl Code {
    /// Every code with its meaning.
    pub(crate) const ALL: &[(Self, &str)] = &[
        (Self::Usage, "the command line makes no sense"),
        (Self::Aws, "AWS refused, or cannot be reached"),
        (Self::Config, "the configuration cannot be used"),
        (Self::Locked, "the vault is locked, or its passphrase is wrong"),
        (Self::Declined, "a question was answered with no"),
        (Self::NeedsPerson, "a person is needed and there is no terminal"),
        (Self::Keyward, "keyward itself failed"),
        (Self::NotExecutable, "the command was found but cannot be executed"),
        (Self::NotFound, "the command was not found"),
    ];
}

impl From<Code> for Exit {
    fn from(code: Code) -> Self {
        Self::Own(code)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::SUCCESS,
            Exit::Child(code) => Self::from(code),
            Exit::Own(code) => Self::from(code as u8),
        }
    }
}
