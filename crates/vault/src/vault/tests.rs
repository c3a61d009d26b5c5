//! Records and keys over a store in memory.

use std::thread;

use keyward_creds::SecretBytes;
use proptest::prelude::*;

use super::*;
use crate::testing::{Memory, label, secret};

fn memory() -> &'static Memory {
    Box::leak(Box::default())
}

fn vault_over(memory: &'static Memory) -> (Vault, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (Vault::new(Box::new(memory), dir.path().join("state/lock")), dir)
}

fn prod() -> ProfileName {
    "prod".parse().unwrap()
}

fn a_key() -> StoredKey {
    StoredKey {
        key: LongTermKey {
            id: "AKIAIOSFODNN7EXAMPLE".parse().unwrap(),
            secret: Secret::new("wJalr/\"\\\u{7f}é".to_owned()),
        },
        totp: Some(Totp {
            serial: "arn:aws:iam::123456789012:mfa/me".parse().unwrap(),
            seed: Secret::new("JBSWY3DPEHPK3PXP".to_owned()),
        }),
        account: Some("123456789012".parse().unwrap()),
        user_arn: Some("arn:aws:iam::123456789012:user/me".to_owned()),
        added: "2026-01-02T03:04:05Z".parse().unwrap(),
    }
}

#[test]
fn a_key_survives_its_record() {
    let (vault, _dir) = vault_over(memory());
    assert!(vault.key(&prod()).unwrap().is_none());
    vault.put_key(&prod(), &a_key()).unwrap();
    let read = vault.key(&prod()).unwrap().unwrap();
    assert_eq!(read.key.id, a_key().key.id);
    assert_eq!(read.key.secret.expose(), a_key().key.secret.expose());
    let totp = read.totp.unwrap();
    assert_eq!(totp.serial.as_str(), "arn:aws:iam::123456789012:mfa/me");
    assert_eq!(totp.seed.expose(), "JBSWY3DPEHPK3PXP");
    assert_eq!((read.account, read.user_arn), (a_key().account, a_key().user_arn));
    assert_eq!(read.added, a_key().added);
    assert!(vault.remove_key(&prod()).unwrap());
    assert!(!vault.remove_key(&prod()).unwrap());
}

#[test]
fn the_record_of_version_1_stays_readable() {
    let memory = memory();
    let (vault, _dir) = vault_over(memory);
    let text = r#"{"v":1,"access_key_id":"AKIAIOSFODNN7EXAMPLE","secret_access_key":"wJalr","added":"2026-01-02T03:04:05Z","from later":1}"#;
    memory.0.lock().unwrap().insert(label("prod"), secret(text));
    let read = vault.key(&prod()).unwrap().unwrap();
    assert_eq!(read.key.secret.expose(), "wJalr");
    assert!(read.totp.is_none() && read.account.is_none() && read.user_arn.is_none());
}

#[test]
fn a_record_fits_the_smallest_keychain() {
    let memory = memory();
    let (vault, _dir) = vault_over(memory);
    vault.put_key(&prod(), &a_key()).unwrap();
    let length = memory.0.lock().unwrap()[&label("prod")].expose().len();
    assert!(length < 2_560, "{length}");
}

#[test]
fn a_damaged_record_and_one_of_the_future_are_told_apart() {
    let memory = memory();
    let (vault, _dir) = vault_over(memory);
    let read = |text: &str| {
        memory.0.lock().unwrap().insert(label("prod"), secret(text));
        vault.key(&prod()).unwrap_err()
    };
    for text in [
        "",
        "{}",
        "null",
        r#"{"v":1}"#,
        r#"{"v":-1}"#,
        r#"{"v":1,"access_key_id":"bad","secret_access_key":"s","added":"2026-01-02T03:04:05Z"}"#,
        r#"{"v":1,"access_key_id":"AKIAIOSFODNN7EXAMPLE","secret_access_key":"s","added":"never"}"#,
    ] {
        assert!(matches!(read(text), StoreError::Damaged { .. }), "{text}");
    }
    assert!(matches!(read(r#"{"v":2,"new":[]}"#), StoreError::NewerRecord { version: 2, .. }));
}

#[test]
fn profiles_are_sorted_and_are_only_those_with_a_key() {
    let (vault, _dir) = vault_over(memory());
    for name in ["b", "a", "c d"] {
        vault.put_key(&name.parse().unwrap(), &a_key()).unwrap();
    }
    vault.session_cache_key().unwrap();
    let names: Vec<String> =
        vault.profiles().unwrap().iter().map(|name| name.to_string()).collect();
    assert_eq!(names, ["a", "b", "c d"]);
}

#[test]
fn the_session_cache_key_is_made_once_however_many_ask_at_once() {
    let memory = memory();
    let dir = tempfile::tempdir().unwrap();
    let lock = dir.path().join("state/lock");
    let askers: Vec<_> = (0..16)
        .map(|_| {
            let vault = Vault::new(Box::new(memory), lock.clone());
            thread::spawn(move || *vault.session_cache_key().unwrap().expose())
        })
        .collect();
    let keys: Vec<[u8; 32]> = askers.into_iter().map(|asker| asker.join().unwrap()).collect();
    assert!(keys.iter().all(|key| *key == keys[0]));
}

#[test]
fn a_damaged_session_cache_key_is_replaced() {
    let memory = memory();
    let (vault, _dir) = vault_over(memory);
    memory.0.lock().unwrap().insert(Label::SessionCacheKey, secret("short"));
    let key = vault.session_cache_key().unwrap();
    assert_eq!(vault.session_cache_key().unwrap().expose(), key.expose());
}

proptest! {
    #[test]
    fn no_record_makes_the_reader_panic(bytes: Vec<u8>) {
        let _ = record::decode(&label("prod"), &SecretBytes::new(bytes));
    }
}
