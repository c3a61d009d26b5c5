//! What a store is, and the labels under which it keeps things.

use std::fmt;
use std::str::FromStr;

use keyward_creds::{ProfileName, SecretBytes};

use crate::StoreError;

/// A place that keeps secret bytes under labels. Opening it is lazy: nothing is touched until used.
pub trait SecretStore: Send + Sync {
    /// Which of the configured kinds this is.
    fn kind(&self) -> StoreKind;
    /// What lies under `label`. `Ok(None)` means "nothing", which is not a fault.
    fn get(&self, label: &Label) -> Result<Option<SecretBytes>, StoreError>;
    /// Puts `value` under `label`, in place of what was there.
    fn put(&self, label: &Label, value: &SecretBytes) -> Result<(), StoreError>;
    /// Removes what lies under `label`; false when there was nothing.
    fn remove(&self, label: &Label) -> Result<bool, StoreError>;
    /// Every label in use, sorted. Labels that this version does not know are left out, and left alone.
    fn labels(&self) -> Result<Vec<Label>, StoreError>;
    /// Something that changes whenever the store's content does, had without unlocking anything. `None`
    /// where a store cannot tell.
    fn stamp(&self) -> Option<String> {
        None
    }
}

/// The kinds of store that a person can choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// macOS Keychain, Windows Credential Manager or the Secret Service.
    Keychain,
    /// An encrypted file.
    File,
    /// An external program.
    Helper,
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keychain => "keychain",
            Self::File => "file",
            Self::Helper => "helper",
        })
    }
}

/// The text is not `keychain`, `file` or `helper`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a store is `keychain`, `file` or `helper`")]
pub struct UnknownStoreKind;

impl FromStr for StoreKind {
    type Err = UnknownStoreKind;
    fn from_str(text: &str) -> Result<Self, UnknownStoreKind> {
        match text {
            "keychain" => Ok(Self::Keychain),
            "file" => Ok(Self::File),
            "helper" => Ok(Self::Helper),
            _ => Err(UnknownStoreKind),
        }
    }
}

/// What a stored secret is for. Its text form is written into stores, so it never changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Label {
    /// The long-term key of a profile, as `key/<profile>`.
    Key(ProfileName),
    /// The key that seals cached sessions, as `session-cache-key`.
    SessionCacheKey,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(profile) => write!(f, "key/{profile}"),
            Self::SessionCacheKey => f.write_str("session-cache-key"),
        }
    }
}

/// The text is not a label of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a label of a stored secret")]
pub struct UnknownLabel;

impl FromStr for Label {
    type Err = UnknownLabel;
    fn from_str(text: &str) -> Result<Self, UnknownLabel> {
        match text.strip_prefix("key/") {
            Some(profile) => profile.parse().map(Self::Key).map_err(|_| UnknownLabel),
            None if text == "session-cache-key" => Ok(Self::SessionCacheKey),
            None => Err(UnknownLabel),
        }
    }
}

/// Sorts the labels that this version knows out of `texts`.
pub(crate) fn known_labels<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<Label> {
    let mut labels: Vec<Label> =
        texts.into_iter().filter_map(|text| text.as_ref().parse().ok()).collect();
    labels.sort();
    labels.dedup();
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_survives_its_text_form() {
        for text in ["key/prod", "key/a/b @$(x)", "key/session-cache-key", "session-cache-key"] {
            assert_eq!(text.parse::<Label>().unwrap().to_string(), text);
        }
        for text in ["", "key/", "key/-n", "session", "key/a\nb", "token/x"] {
            assert!(text.parse::<Label>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_store_kind_survives_its_text_form() {
        for kind in [StoreKind::Keychain, StoreKind::File, StoreKind::Helper] {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert!("pass".parse::<StoreKind>().is_err());
    }

    #[test]
    fn unknown_labels_are_passed_over_and_known_ones_sorted() {
        let labels = known_labels(["key/b", "other", "session-cache-key", "key/a", "key/a"]);
        let texts: Vec<String> = labels.iter().map(Label::to_string).collect();
        assert_eq!(texts, ["key/a", "key/b", "session-cache-key"]);
    }
}
