//! Vaults that were changed, by accident or on purpose, and disks that fail.

use sha2::{Digest, Sha256};

use super::super::container::{Container, Unreadable};
use super::super::slot::KdfCost;
use super::{Place, TRIFLING};
use crate::testing::{label, secret, text_of};
use crate::{Damage, SecretStore, StoreError};

fn a_vault() -> Place {
    let place = Place::new();
    place.open().put(&label("prod"), &secret("a secret")).unwrap();
    place
}

/// The checksum at the end made right again, as somebody would who changes a vault on purpose.
fn with_right_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let content = bytes.len() - 32;
    let checksum = Sha256::digest(&bytes[..content]);
    bytes[content..].copy_from_slice(&checksum);
    bytes
}

fn read(place: &Place, bytes: &[u8]) -> Result<Option<String>, StoreError> {
    std::fs::write(place.vault(), bytes).unwrap();
    let found = place.open().get(&label("prod"))?;
    Ok(found.map(|bytes| String::from_utf8(bytes.expose().to_vec()).unwrap()))
}

#[test]
fn a_flipped_byte_anywhere_is_an_integrity_error_before_anybody_is_asked() {
    let place = a_vault();
    let whole = place.bytes();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x40;
        std::fs::write(place.vault(), &changed).unwrap();
        let (store, asked) = place.opened_by(Some("pass"));
        let refused = store.get(&label("prod")).unwrap_err();
        assert!(matches!(refused, StoreError::Integrity { .. }), "{at}: {refused:?}");
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 0, "{at}");
    }
    assert_eq!(read(&place, &whole).unwrap().unwrap(), "a secret");
}

#[test]
fn a_byte_flipped_on_purpose_with_its_checksum_opens_nothing() {
    let place = a_vault();
    let whole = place.bytes();
    for at in 0..whole.len() - 32 {
        for mask in [1, 0x80] {
            let mut changed = whole.clone();
            changed[at] ^= mask;
            let refused = read(&place, &with_right_checksum(changed)).unwrap_err();
            let typed = matches!(
                refused,
                StoreError::Integrity { .. }
                    | StoreError::NewerFormat { .. }
                    | StoreError::NoPassphraseSlot { .. }
                    | StoreError::WrongPassphrase { .. }
            );
            assert!(typed, "{at}: {refused:?}");
        }
    }
}

#[test]
fn a_vault_cut_short_or_lengthened_is_an_integrity_error() {
    let place = a_vault();
    let whole = place.bytes();
    for length in 0..whole.len() {
        let refused = read(&place, &whole[..length]).unwrap_err();
        assert!(matches!(refused, StoreError::Integrity { .. }), "{length}: {refused:?}");
    }
    for more in [1, 32, 1024] {
        let longer = [whole.clone(), vec![0; more]].concat();
        assert!(matches!(read(&place, &longer), Err(StoreError::Integrity { .. })), "{more}");
        let purposely = with_right_checksum(longer);
        assert!(matches!(read(&place, &purposely), Err(StoreError::Integrity { .. })), "{more}");
    }
}

#[test]
fn entries_of_one_generation_do_not_open_under_the_header_of_another() {
    let place = a_vault();
    let older = place.bytes();
    place.open().put(&label("prod"), &secret("another")).unwrap();
    let newer = place.bytes();
    assert_eq!(older.len(), newer.len());
    let header = older.len() - 32 - 24 - 1024 - 16;
    let mixed = with_right_checksum([&newer[..header], &older[header..]].concat());
    let refused = read(&place, &mixed).unwrap_err();
    assert!(matches!(refused, StoreError::Integrity { damage: Damage::Sealed, .. }), "{refused:?}");
}

#[test]
fn a_cost_beyond_the_ceiling_or_below_the_floor_is_refused_before_anything_is_derived() {
    let place = a_vault();
    // Offsets of FORMAT.md: memory, passes and lanes of the first slot.
    for (at, number) in [
        (77, 3 << 20),
        (77, u32::MAX),
        (81, 65),
        (81, u32::MAX),
        (85, 17),
        (85, u32::MAX),
        (77, 7),
        (81, 0),
        (85, 0),
    ] {
        let mut changed = place.bytes();
        changed[at..at + 4].copy_from_slice(&number.to_le_bytes());
        let parsed = Container::parse(with_right_checksum(changed), TRIFLING);
        assert_eq!(parsed.err(), Some(Unreadable::Damaged(Damage::Cost)), "{at} {number}");
    }
}

#[test]
fn a_vault_cheaper_than_the_floor_is_refused_by_what_ships() {
    let parsed = Container::parse(a_vault().bytes(), KdfCost::FLOOR);
    assert_eq!(parsed.err(), Some(Unreadable::Damaged(Damage::Cost)));
}

#[test]
fn a_file_that_is_no_vault_and_one_of_the_future_are_told_apart() {
    let place = a_vault();
    let refused = read(&place, b"not a vault").unwrap_err();
    assert!(matches!(refused, StoreError::Integrity { damage: Damage::NotAVault, .. }));
    let mut later = a_vault().bytes();
    later[8] = 2;
    let refused = read(&place, &with_right_checksum(later)).unwrap_err();
    assert!(matches!(refused, StoreError::NewerFormat { found: 2, .. }), "{refused:?}");
}

#[test]
fn neither_names_nor_values_can_be_read_in_the_file() {
    let place = Place::new();
    let store = place.open();
    store.put(&label("conspicuous-name"), &secret("conspicuous-value")).unwrap();
    store.put(&label("conspicuous-name"), &secret("conspicuous-other")).unwrap();
    for file in place.files() {
        let bytes = std::fs::read(place.0.path().join(&file)).unwrap();
        assert!(!bytes.windows(11).any(|window| window == b"conspicuous"), "{file}");
    }
}

#[test]
fn a_slot_of_the_future_is_kept_and_skipped() {
    let place = a_vault();
    // A slot of kind 9 with three bytes, behind the passphrase slot. The entries are sealed under the
    // header, so they are sealed again here as a later Keyward would.
    let container = Container::parse(place.bytes(), TRIFLING).ok().unwrap();
    let passphrase = keyward_creds::Secret::new("pass".to_owned());
    let Ok(super::super::slot::Unwrapped::Key(key)) = container.header().unwrap(&passphrase) else {
        panic!("the passphrase opens it");
    };
    let entries = container.open(&key).ok().unwrap();
    let header = container.header().clone().with_unknown_slot(9, b"new");
    std::fs::write(place.vault(), header.seal(&key, &entries)).unwrap();

    place.open().put(&label("dev"), &secret("more")).unwrap();
    assert_eq!(text_of(&place.open(), "prod").unwrap(), "a secret");
    let slot = [9, 0, 3, 0, b'n', b'e', b'w'];
    assert!(place.bytes().windows(7).any(|window| window == slot));
}

#[cfg(unix)]
#[test]
fn an_unwritable_place_is_an_io_error_and_the_vault_stays() {
    use std::os::unix::fs::PermissionsExt;

    let place = a_vault();
    let before = place.bytes();
    // A directory where the previous generation should go: no user, root included, can rename onto it.
    let _ = std::fs::remove_file(place.0.path().join("vault.prev"));
    std::fs::create_dir_all(place.0.path().join("vault.prev/full")).unwrap();
    let refused = place.open().put(&label("prod"), &secret("new")).unwrap_err();
    assert!(
        matches!(&refused, StoreError::Io { path, .. } if path.ends_with("vault.prev")),
        "{refused:?}"
    );
    assert_eq!(place.bytes(), before);
    assert!(!place.files().iter().any(|name| name.ends_with(".tmp")));

    std::fs::set_permissions(place.vault(), PermissionsExt::from_mode(0o666)).unwrap();
    let refused = place.open().get(&label("prod")).unwrap_err();
    assert!(matches!(refused, StoreError::UnsafePath { .. }), "{refused:?}");
}
