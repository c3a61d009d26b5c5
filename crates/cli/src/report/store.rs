//! What vaults and files say.

use keyward_vault::{FileError, HelperFault, KeychainAbsence, StoreError};

use super::{Report, quoted};
use crate::exit::Code;

pub(crate) fn of(error: &StoreError) -> Report {
    let message = error.to_string();
    let new = |id, exit| Report::new(id, exit, message.clone());
    match error {
        StoreError::Io { path, source } => {
            Report::new("vault-io", Code::Keyward, format!("{}: {source}", path.display()))
                .hint("nothing was changed; mend this and try again")
        }
        StoreError::UnsafePath { path, .. } => new("unsafe-path", Code::Keyward)
            .hint(format!("see who made {} and why, then move it away", path.display())),
        StoreError::Integrity { path, .. } => {
            Report::new("vault-damaged", Code::Keyward, format!("the vault is damaged: {message}"))
                .hint(format!(
                    "the generation before is beside it: cp {0}.prev {0}",
                    quoted(&path.to_string_lossy())
                ))
        }
        StoreError::VaultMissing { path, previous } => Report::new(
            "vault-missing",
            Code::Keyward,
            format!("the vault {} is gone, and {} is still there", path.display(), previous.display()),
        )
        .hint(format!(
            "to have the keys back: cp {} {}; to begin anew, move it away",
            quoted(&previous.to_string_lossy()),
            quoted(&path.to_string_lossy())
        )),
        StoreError::NewerFormat { .. } | StoreError::NewerRecord { .. } => {
            new("newer-vault", Code::Keyward).hint("a later keyward wrote this; update this one")
        }
        StoreError::NoPassphraseSlot { .. } => new("no-passphrase-slot", Code::Locked),
        StoreError::WrongPassphrase { path, .. } => Report::new(
            "wrong-passphrase",
            Code::Locked,
            format!("wrong passphrase for {}", path.display()),
        )
        .hint("nothing was changed; KEYWARD_PASSPHRASE, its _FILE and passphrase_command go before asking"),
        StoreError::EmptyPassphrase => {
            Report::new("empty-passphrase", Code::Usage, "a passphrase is not empty")
        }
        StoreError::Declined => Report::new("declined", Code::Declined, "no passphrase given"),
        StoreError::NoTerminal { path } => Report::new(
            "vault-locked",
            Code::Locked,
            format!("the vault {} is locked, and there is no terminal to ask on", path.display()),
        )
        .hint("run `keyward list` in a terminal first, or set KEYWARD_PASSPHRASE_FILE"),
        StoreError::NoTerminalForNew { path } => Report::new(
            "no-passphrase",
            Code::NeedsPerson,
            format!(
                "a new vault, {}, needs a passphrase, and there is no terminal to ask on",
                path.display()
            ),
        )
        .hint("run this in a terminal, or set KEYWARD_PASSPHRASE_FILE"),
        StoreError::AskFailed { reason } => Report::new(
            "passphrase-source",
            Code::Locked,
            format!("cannot get the passphrase: {reason}"),
        )
        .hint("correct KEYWARD_PASSPHRASE_FILE, or passphrase_command in config.toml"),
        StoreError::NotEnoughMemory { .. } => {
            Report::new("no-memory", Code::Keyward, format!("not enough memory: {message}"))
        }
        StoreError::VaultFull { .. } => new("vault-full", Code::Keyward),
        StoreError::KeychainAbsent { absence, reason } => Report::new(
            "no-keychain",
            Code::Keyward,
            format!("there is no keychain here: {absence} ({reason})"),
        )
        .hint(match absence {
            KeychainAbsence::NoBus | KeychainAbsence::NoService => {
                "start a Secret Service (gnome-keyring, KeePassXC), or use --vault file"
            }
            KeychainAbsence::NoCollection => {
                "create a default keyring in your keychain program, or use --vault file"
            }
        }),
        StoreError::KeychainLocked => new("keychain-locked", Code::Locked)
            .hint("unlock it with your desktop's keychain program"),
        StoreError::KeychainDismissed => new("keychain-dismissed", Code::Declined),
        StoreError::KeychainTimedOut { .. } => new("keychain-timeout", Code::Keyward)
            .hint("see whether it waits for you somewhere; restart it if it hangs"),
        StoreError::KeychainAmbiguous { .. } => new("keychain-ambiguous", Code::Keyward)
            .hint("delete all but one of them with your desktop's keychain program"),
        StoreError::KeychainTooLong { .. } => new("keychain-too-long", Code::Keyward),
        StoreError::KeychainForgets | StoreError::KeychainFailed { .. } => {
            new("keychain-failed", Code::Keyward)
        }
        StoreError::Helper { program, fault } => {
            let report = new("helper-failed", Code::Keyward);
            match fault {
                HelperFault::NotFound => {
                    report.hint(format!("install `{program}`, or correct `helper` in config.toml"))
                }
                _ => report.hint("its own words, if any, stand above"),
            }
        }
        StoreError::Damaged { .. } => {
            new("record-damaged", Code::Keyward).hint("remove the key and add it again")
        }
    }
}

pub(super) fn of_file(error: &FileError) -> Report {
    match error {
        FileError::Io { path, source } => {
            Report::new("file-io", Code::Keyward, format!("{}: {source}", path.display()))
                .hint("what was there is intact; mend this and try again")
        }
        FileError::Unsafe { path, .. } => {
            Report::new("unsafe-path", Code::Keyward, error.to_string())
                .hint(format!("see who made {} and why, then move it away", path.display()))
        }
        FileError::TooLarge { .. } => {
            Report::new("file-too-large", Code::Keyward, error.to_string())
        }
        FileError::ChangedMeanwhile { .. } => {
            Report::new("file-changed", Code::Keyward, error.to_string())
                .hint("another program wrote to it; nothing was lost, try again")
        }
    }
}
