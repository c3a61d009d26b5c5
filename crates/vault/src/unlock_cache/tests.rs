//! The cache in real kernel keyrings, with and without a login session, from several processes.

use std::time::Duration;

use super::*;
use crate::testing::{AN_HOUR, another_process, installed, passes, possible, variable};

/// The three ways to stand: a session of our own, the user's default keyring, and none at all.
const IN_A_SESSION: &[&str] = &["keyctl", "session", "-"];

fn cache(name: &str) -> UnlockCache {
    UnlockCache::new(format!("test {name} {}", std::process::id()), AN_HOUR)
}

/// Whether the kernel lets us keep keys at all; some containers do not.
fn kernel_keeps_keys() -> bool {
    let cache = cache("is it there");
    let keeps = cache.put("x", &SealKey::from_bytes([1; 32]));
    cache.forget("x");
    possible(keeps, "the kernel keeps no keys here")
}

#[test]
fn a_key_is_held_until_it_is_forgotten() {
    if !kernel_keeps_keys() {
        return;
    }
    let cache = cache("held");
    assert!(cache.get("vault-key").is_none());
    assert!(!cache.forget("vault-key"));
    assert!(cache.put("vault-key", &SealKey::from_bytes([1; 32])));
    assert!(cache.put("vault-key", &SealKey::from_bytes([2; 32])));
    assert_eq!(cache.get("vault-key").unwrap().expose(), &[2; 32]);
    assert!(cache.get("other").is_none());
    assert!(UnlockCache::new("another scope".to_owned(), AN_HOUR).get("vault-key").is_none());
    assert!(cache.forget("vault-key"));
    assert!(cache.get("vault-key").is_none());
    assert!(cache.put("vault-key", &SealKey::from_bytes([3; 32])));
    assert_eq!(cache.get("vault-key").unwrap().expose(), &[3; 32]);
    cache.forget("vault-key");
}

#[test]
fn a_key_past_its_hard_end_is_gone_at_once() {
    if !kernel_keeps_keys() {
        return;
    }
    // The kernel counts whole seconds; our own hard end is exact.
    let policy = UnlockPolicy { idle: Duration::from_secs(60), at_most: Duration::from_nanos(1) };
    let cache = UnlockCache::new(format!("test end {}", std::process::id()), policy);
    assert!(cache.put("x", &SealKey::from_bytes([1; 32])));
    assert!(cache.get("x").is_none());
    assert!(!cache.forget("x"));
}

#[test]
fn a_disabled_cache_holds_nothing() {
    let no_time = UnlockPolicy { idle: Duration::ZERO, at_most: Duration::from_secs(1) };
    for cache in [UnlockCache::disabled(), UnlockCache::new("x".to_owned(), no_time)] {
        assert!(!cache.put("x", &SealKey::from_bytes([1; 32])));
        assert!(cache.get("x").is_none());
        assert!(!cache.forget("x"));
        assert_eq!(cache.grade(), CacheGrade::Off);
    }
}

#[test]
fn processes_of_one_session_share_a_key_and_others_do_not() {
    if !installed(&["keyctl", "sh"]) || !kernel_keeps_keys() {
        return;
    }
    passes(
        another_process(IN_A_SESSION, "unlock_cache::tests::inner_family")
            .env("KEYWARD_TEST_SESSION", "own"),
    );
}

#[test]
fn processes_without_a_session_share_a_key_in_the_default_keyring() {
    if !installed(&["keyctl"]) || !kernel_keeps_keys() {
        return;
    }
    passes(
        another_process(&[], "unlock_cache::tests::inner_family")
            .env("KEYWARD_TEST_SESSION", "inherited"),
    );
}

#[test]
#[ignore = "started by the tests above"]
fn inner_family() {
    let own_session = variable("KEYWARD_TEST_SESSION").unwrap() == "own";
    let scope = format!("test family {}", std::process::id());
    let cache = UnlockCache::new(scope.clone(), AN_HOUR);
    if own_session {
        assert_eq!(cache.grade(), CacheGrade::LoginSession);
    }
    let relative = |wrapper, does: &str| {
        let mut command = another_process(wrapper, "unlock_cache::tests::inner_relative");
        passes(command.env("KEYWARD_TEST_SCOPE", &scope).env("KEYWARD_TEST_DOES", does));
    };
    assert!(cache.put("x", &SealKey::from_bytes([1; 32])));
    relative(&[], "finds and replaces");
    assert_eq!(cache.get("x").unwrap().expose(), &[2; 32]);
    relative(IN_A_SESSION, "finds nothing");
    relative(&[], "forgets");
    assert!(cache.get("x").is_none());
}

#[test]
#[ignore = "started by inner_family"]
fn inner_relative() {
    let cache = UnlockCache::new(variable("KEYWARD_TEST_SCOPE").unwrap(), AN_HOUR);
    match variable("KEYWARD_TEST_DOES").unwrap().as_str() {
        "finds and replaces" => {
            assert_eq!(cache.get("x").unwrap().expose(), &[1; 32]);
            assert!(cache.put("x", &SealKey::from_bytes([2; 32])));
        }
        "forgets" => assert!(cache.forget("x")),
        "finds nothing" => assert!(cache.get("x").is_none()),
        other => panic!("does what? {other}"),
    }
}

#[test]
fn the_kernel_lists_nothing_of_ours() {
    if !kernel_keeps_keys() {
        return;
    }
    let cache = cache("conspicuous scope");
    assert!(cache.put("conspicuous name", &SealKey::from_bytes([1; 32])));
    // Without the right to view, a key is not even listed.
    let listed = std::fs::read_to_string("/proc/keys").unwrap_or_default();
    cache.forget("conspicuous name");
    assert!(!listed.contains("keyward:") && !listed.contains("conspicuous"), "{listed}");
}

#[test]
fn the_kernel_itself_forgets_a_key_that_nobody_uses() {
    if !kernel_keeps_keys() {
        return;
    }
    let policy = UnlockPolicy { idle: Duration::from_millis(1), at_most: Duration::from_secs(60) };
    let cache = UnlockCache::new(format!("test idle {}", std::process::id()), policy);
    assert!(cache.put("x", &SealKey::from_bytes([1; 32])));
    let description = cache.settings.as_ref().unwrap().description("x");
    // Looked for without being used, which would begin its time anew.
    let gone = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        !kernel::is_held(&description)
    });
    assert!(gone);
    assert!(cache.get("x").is_none());
    let longer = UnlockCache::new(format!("test idle {}", std::process::id()), AN_HOUR);
    assert!(longer.put("x", &SealKey::from_bytes([2; 32])));
    assert_eq!(longer.get("x").unwrap().expose(), &[2; 32]);
    longer.forget("x");
}

/// Prints what a hit takes: it is on the path of every warm run.
#[test]
#[ignore = "measures, proves nothing"]
#[expect(clippy::disallowed_methods, reason = "measures")]
fn time_of_a_hit() {
    let cache = cache("time");
    assert!(cache.put("x", &SealKey::from_bytes([1; 32])));
    let started = std::time::Instant::now();
    for _ in 0..10_000 {
        assert!(cache.get("x").is_some());
    }
    println!("{:?} per hit", started.elapsed() / 10_000);
    cache.forget("x");
}
