//! What the keyring crate does not tell about macOS Keychain and Windows Credential Manager.

#[cfg(any(windows, target_os = "macos"))]
pub(super) use on_the_system::{classify, condition, entry, names};

use super::KeychainAbsence;
use super::items::Failure;

/// What an error means. The store crates hide their types, but their `Debug` has the system's own number,
/// in every language.
fn meaning(debug: &str, shown: &str) -> Failure {
    let is = |codes: &[&str]| codes.iter().any(|code| debug.contains(code));
    // errSecInteractionNotAllowed, errSecAuthFailed.
    if is(&["code: -25308", "code: -25293"]) {
        Failure::Locked
    // errSecUserCanceled.
    } else if is(&["code: -128,", "code: -128 "]) {
        Failure::Dismissed
    // errSecNotAvailable; a Windows session without stored credentials, as services and ssh have it.
    } else if is(&["code: -25291"]) || shown.contains("ERROR_NO_SUCH_LOGON_SESSION") {
        Failure::Absent(KeychainAbsence::NoService, keyward_creds::text::printable(shown))
    // errSecNoSuchKeychain, errSecInvalidKeychain, errSecNoDefaultKeychain.
    } else if is(&["code: -25294", "code: -25295", "code: -25307"]) {
        Failure::Absent(KeychainAbsence::NoCollection, keyward_creds::text::printable(shown))
    } else {
        Failure::other(shown)
    }
}

#[cfg(any(windows, target_os = "macos"))]
mod on_the_system {
    use std::collections::HashMap;
    use std::time::Duration;

    use keyring_core::{Entry, Error};

    use super::super::Condition;
    use super::super::items::{Failure, Outcome, Source, attempt, opened};

    /// These systems do not say when they are asking a person.
    pub(in super::super) fn condition() -> Condition {
        Condition::Alive
    }

    pub(in super::super) fn classify(source: &Source, _: Duration) -> Failure {
        super::meaning(&format!("{source:?}"), &source.to_string())
    }

    /// Both systems show service and name, and take no label of their own.
    pub(in super::super) fn entry(service: &str, name: &str) -> Result<Entry, Error> {
        Entry::new(service, name)
    }

    /// The names of all items of `service`. Reads no secret.
    pub(in super::super) fn names(service: &str) -> Result<Vec<String>, Failure> {
        let found = attempt(|| {
            opened()?;
            Entry::search(&search_for(service))
        });
        let entries = match found {
            Ok(entries) => entries,
            Err(Outcome::NoEntry) => Vec::new(),
            Err(Outcome::Failed(failure)) => return Err(failure),
        };
        let of_this_service = |entry: &Entry| {
            entry.get_specifiers().filter(|(found, _)| found == service).map(|(_, name)| name)
        };
        Ok(entries.iter().filter_map(of_this_service).collect())
    }

    /// Windows searches whole targets by pattern; what it finds is filtered by service afterwards.
    #[cfg(windows)]
    fn search_for(_: &str) -> HashMap<&str, &str> {
        HashMap::new()
    }

    #[cfg(target_os = "macos")]
    fn search_for(service: &str) -> HashMap<&str, &str> {
        HashMap::from([("service", service)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_numbers_have_their_meaning() {
        let meaning =
            |code: i32| meaning(&format!("Error {{ code: {code}, message: \"x\" }}"), "x");
        assert!(matches!(meaning(-25_308), Failure::Locked));
        assert!(matches!(meaning(-128), Failure::Dismissed));
        assert!(matches!(meaning(-25_307), Failure::Absent(KeychainAbsence::NoCollection, _)));
        assert!(matches!(meaning(-25_299), Failure::Other(_)));
        assert!(matches!(meaning(-1_281), Failure::Other(_)));
    }
}
