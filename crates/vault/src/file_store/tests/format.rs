//! The format as FORMAT.md has it, and the vaults of released versions.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use super::super::FileStore;
use super::{Person, Place};
use crate::testing::{label, secret, text_of};
use crate::{Label, SecretStore, UnlockCache};

/// The passphrase of the golden vaults.
const GOLDEN_PASSPHRASE: &str = "correct horse battery staple";

fn golden(version: u16) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}.vault"))
}

/// A vault of the cost that ships.
fn shipped(path: PathBuf) -> FileStore {
    let person = Person {
        types: Some(GOLDEN_PASSPHRASE),
        asked: Arc::new(AtomicU32::new(0)),
        interactive: false,
    };
    FileStore::new(path, Box::new(person), UnlockCache::disabled())
}

#[test]
fn the_golden_vault_of_format_1_opens() {
    let place = Place::new();
    std::fs::copy(golden(1), place.vault()).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(place.vault(), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    let store = shipped(place.vault());
    assert_eq!(store.labels().unwrap(), [label("büro"), label("prod"), Label::SessionCacheKey]);
    assert_eq!(text_of(&store, "prod").unwrap(), "golden secret");
    assert_eq!(text_of(&store, "büro").unwrap(), "");
    let cache_key = store.get(&Label::SessionCacheKey).unwrap().unwrap();
    assert_eq!(cache_key.expose(), [7; 32]);
    store.put(&label("prod"), &secret("can be written, too")).unwrap();
}

/// Writes the golden vault of the present format. To be run once per format, by hand, before its release.
#[test]
#[ignore = "writes a file that is committed"]
fn write_golden_vault() {
    let place = Place::new();
    let store = shipped(place.vault());
    store.put(&label("prod"), &secret("golden secret")).unwrap();
    store.put(&label("büro"), &secret("")).unwrap();
    let cache_key = keyward_creds::SecretBytes::new(vec![7; 32]);
    store.put(&Label::SessionCacheKey, &cache_key).unwrap();
    std::fs::copy(place.vault(), golden(1)).unwrap();
}

#[test]
fn every_byte_is_where_format_md_says() {
    let place = Place::new();
    place.open().put(&label("prod"), &secret("one")).unwrap();
    let bytes = place.bytes();
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(&bytes[..8], b"KEYWARD\x1a");
    assert_eq!(bytes[8..10], [1, 0]);
    assert_eq!(number(10), 177);
    assert_eq!(bytes[14..22], 2_u64.to_le_bytes());
    assert_eq!(bytes[70..72], [1, 0]);
    assert_eq!(bytes[72..76], [1, 0, 101, 0]);
    assert_eq!(bytes[76], 1);
    assert_eq!([number(77), number(81), number(85)], [8, 1, 1]);
    assert_eq!(bytes.len(), 177 + 24 + 1024 + 16 + 32);
}
