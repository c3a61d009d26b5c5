//! The file store as its users see it. Vaults here have a trifling cost, save where it is the point.

mod damage;
mod format;
mod processes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use keyward_creds::Secret;
use proptest::prelude::*;

use super::slot::KdfCost;
use super::{AskError, FileStore, PassphraseSource};
use crate::testing::{label, secret, text_of};
use crate::{Label, SecretStore, StoreError, UnlockCache};

const TRIFLING: KdfCost = KdfCost { memory_kib: 8, passes: 1, lanes: 1 };

/// Somebody who types the same passphrase every time; `None` gives up.
struct Person {
    types: Option<&'static str>,
    asked: Arc<AtomicU32>,
    interactive: bool,
}

impl PassphraseSource for Person {
    fn existing(&self, _: &Path, attempt: u32) -> Result<Option<Secret>, AskError> {
        assert_eq!(self.asked.fetch_add(1, Ordering::SeqCst) + 1, attempt);
        Ok(self.types.map(|text| Secret::new(text.to_owned())))
    }

    fn fresh(&self, _: &Path) -> Result<Option<Secret>, AskError> {
        Ok(self.types.map(|text| Secret::new(text.to_owned())))
    }

    fn interactive(&self) -> bool {
        self.interactive
    }
}

/// A vault's place, in a directory of its own that goes away with it.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn vault(&self) -> PathBuf {
        self.0.path().join("vault")
    }

    /// The vault as opened by somebody who types `passphrase`.
    fn opened_by(&self, passphrase: Option<&'static str>) -> (FileStore, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let person = Person { types: passphrase, asked: Arc::clone(&asked), interactive: true };
        let cache = UnlockCache::disabled();
        (FileStore::with_cost(self.vault(), Box::new(person), cache, TRIFLING), asked)
    }

    fn open(&self) -> FileStore {
        self.opened_by(Some("pass")).0
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.vault()).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn nothing_is_touched_and_nobody_asked_before_there_is_something_to_keep() {
    let place = Place::new();
    let (store, asked) = place.opened_by(None);
    assert!(text_of(&store, "prod").is_none());
    assert!(store.labels().unwrap().is_empty());
    assert!(!store.remove(&label("prod")).unwrap());
    assert!(place.files().is_empty());
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn what_is_put_is_found_by_the_next_process_until_it_is_removed() {
    let place = Place::new();
    place.open().put(&label("prod"), &secret("one")).unwrap();
    place.open().put(&Label::SessionCacheKey, &secret("two")).unwrap();
    let store = place.open();
    assert_eq!(text_of(&store, "prod").unwrap(), "one");
    assert_eq!(store.labels().unwrap(), [label("prod"), Label::SessionCacheKey]);
    assert!(store.remove(&label("prod")).unwrap());
    assert!(!store.remove(&label("prod")).unwrap());
    assert!(text_of(&place.open(), "prod").is_none());
}

#[test]
fn a_process_asks_once_for_all_it_does() {
    let place = Place::new();
    place.open().put(&label("prod"), &secret("one")).unwrap();
    let (store, asked) = place.opened_by(Some("pass"));
    store.put(&label("dev"), &secret("two")).unwrap();
    assert_eq!(store.labels().unwrap().len(), 2);
    assert_eq!(text_of(&store, "prod").unwrap(), "one");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_wrong_passphrase_may_be_typed_three_times_and_changes_nothing() {
    let place = Place::new();
    place.open().put(&label("prod"), &secret("one")).unwrap();
    let before = place.bytes();
    let (store, asked) = place.opened_by(Some("Pass"));
    let refused = store.put(&label("prod"), &secret("two")).unwrap_err();
    assert!(matches!(refused, StoreError::WrongPassphrase { attempts: 3, .. }), "{refused:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    assert_eq!(place.bytes(), before);
}

#[test]
fn a_wrong_passphrase_from_a_variable_is_tried_once() {
    let place = Place::new();
    place.open().put(&label("prod"), &secret("one")).unwrap();
    let person =
        Person { types: Some("x"), asked: Arc::new(AtomicU32::new(0)), interactive: false };
    let store =
        FileStore::with_cost(place.vault(), Box::new(person), UnlockCache::disabled(), TRIFLING);
    let refused = store.get(&label("prod")).unwrap_err();
    assert!(matches!(refused, StoreError::WrongPassphrase { attempts: 1, .. }), "{refused:?}");
}

#[test]
fn giving_up_is_declined_and_creates_nothing() {
    let place = Place::new();
    let refused = place.opened_by(None).0.put(&label("prod"), &secret("one")).unwrap_err();
    assert!(matches!(refused, StoreError::Declined));
    place.open().put(&label("prod"), &secret("one")).unwrap();
    let refused = place.opened_by(None).0.get(&label("prod")).unwrap_err();
    assert!(matches!(refused, StoreError::Declined));
}

#[test]
fn an_empty_passphrase_is_refused() {
    let place = Place::new();
    let refused = place.opened_by(Some("")).0.put(&label("prod"), &secret("one")).unwrap_err();
    assert!(matches!(refused, StoreError::EmptyPassphrase));
    assert!(!place.vault().exists());
}

#[test]
fn exactly_one_generation_before_is_kept() {
    let place = Place::new();
    let store = place.open();
    store.put(&label("prod"), &secret("one")).unwrap();
    let first = place.bytes();
    store.put(&label("prod"), &secret("two")).unwrap();
    assert_eq!(place.files(), ["vault", "vault.lock", "vault.prev", "vault.unlock"]);
    assert_eq!(std::fs::read(place.0.path().join("vault.prev")).unwrap(), first);
    std::fs::rename(place.0.path().join("vault.prev"), place.vault()).unwrap();
    assert_eq!(text_of(&place.open(), "prod").unwrap(), "one");
}

#[test]
fn a_lost_vault_is_not_replaced_while_the_generation_before_is_there() {
    let place = Place::new();
    place.open().put(&label("prod"), &secret("one")).unwrap();
    place.open().put(&label("prod"), &secret("two")).unwrap();
    let previous = place.0.path().join("vault.prev");
    let last_copy = std::fs::read(&previous).unwrap();
    for name in ["vault", "vault.lock", "vault.unlock"] {
        std::fs::remove_file(place.0.path().join(name)).unwrap();
    }

    for _ in 0..2 {
        let refused = place.opened_by(None).0.put(&label("dev"), &secret("new")).unwrap_err();
        assert!(
            matches!(&refused, StoreError::VaultMissing { path, previous: found }
                if *path == place.vault() && *found == previous),
            "{refused:?}"
        );
        assert_eq!(place.files(), ["vault.prev"]);
        assert_eq!(std::fs::read(&previous).unwrap(), last_copy);
    }

    std::fs::rename(&previous, place.vault()).unwrap();
    assert_eq!(text_of(&place.open(), "prod").unwrap(), "one");
}

#[test]
fn a_vault_put_back_while_the_new_passphrase_is_typed_is_kept() {
    /// Somebody else restores the vault at the very moment of typing.
    struct Restored(PathBuf, Vec<u8>);
    impl PassphraseSource for Restored {
        fn existing(&self, _: &Path, _: u32) -> Result<Option<Secret>, AskError> {
            Ok(Some(Secret::new("pass".to_owned())))
        }
        fn fresh(&self, vault: &Path) -> Result<Option<Secret>, AskError> {
            crate::files::write_private(&self.0, &self.1).unwrap();
            assert_eq!(vault, self.0);
            Ok(Some(Secret::new("another".to_owned())))
        }
        fn interactive(&self) -> bool {
            false
        }
    }
    let place = Place::new();
    place.open().put(&label("prod"), &secret("one")).unwrap();
    let restored = Box::new(Restored(place.vault(), place.bytes()));
    std::fs::remove_file(place.vault()).unwrap();
    let _ = std::fs::remove_file(place.0.path().join("vault.prev"));

    let store = FileStore::with_cost(place.vault(), restored, UnlockCache::disabled(), TRIFLING);
    store.put(&label("dev"), &secret("two")).unwrap();
    assert_eq!(text_of(&place.open(), "prod").unwrap(), "one");
    assert_eq!(text_of(&place.open(), "dev").unwrap(), "two");
}

#[test]
fn what_a_killed_writer_left_goes_with_the_next_write() {
    let place = Place::new();
    for name in [".vault-keyward-aBc.tmp", ".vault.prev-keyward-aBc.tmp", ".other-keyward-aBc.tmp"]
    {
        std::fs::write(place.0.path().join(name), "half").unwrap();
    }
    place.open().put(&label("prod"), &secret("one")).unwrap();
    let left: Vec<String> =
        place.files().into_iter().filter(|name| name.ends_with(".tmp")).collect();
    assert_eq!(left, [".other-keyward-aBc.tmp"]);
}

#[test]
fn another_vault_put_in_the_place_asks_for_its_own_passphrase() {
    let place = Place::new();
    let store = place.open();
    store.put(&label("prod"), &secret("one")).unwrap();
    let other = Place::new();
    other.open().put(&label("prod"), &secret("two")).unwrap();
    std::fs::copy(other.vault(), place.vault()).unwrap();
    store.put(&label("dev"), &secret("three")).unwrap();
    assert_eq!(text_of(&place.open(), "prod").unwrap(), "two");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_vault_behaves_like_a_map(steps in proptest::collection::vec((0..3_u8, 0..5_u8, any::<Vec<u8>>()), 1..24)) {
        let place = Place::new();
        let mut model: BTreeMap<Label, Vec<u8>> = BTreeMap::new();
        for (what, which, value) in steps {
            let store = place.open();
            let label = label(&format!("p{which}"));
            match what {
                0 => {
                    store.put(&label, &keyward_creds::SecretBytes::new(value.clone())).unwrap();
                    model.insert(label, value);
                }
                1 => prop_assert_eq!(store.remove(&label).unwrap(), model.remove(&label).is_some()),
                _ => {
                    let found = store.get(&label).unwrap().map(|bytes| bytes.expose().to_vec());
                    prop_assert_eq!(found.as_ref(), model.get(&label));
                }
            }
            let labels: Vec<Label> = model.keys().cloned().collect();
            prop_assert_eq!(place.open().labels().unwrap(), labels);
        }
    }
}
