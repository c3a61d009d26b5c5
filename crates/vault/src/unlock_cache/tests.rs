//! The cache in real kernel keyrings, with and without a login session, from several processes.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::testing::{AN_HOUR, another_process, installed, passes, possible, variable};

/// The three ways to stand: a session of our own, the user's default keyring, and none at all.
const IN_A_SESSION: &[&str] = &["keyctl", "session", "-"];

/// A directory with a mask file, once there is one.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn mask(&self) -> PathBuf {
        self.0.path().join("state/mask")
    }

    fn cache(&self, name: &str) -> UnlockCache {
        self.with(name, AN_HOUR)
    }

    fn with(&self, name: &str, policy: UnlockPolicy) -> UnlockCache {
        UnlockCache::new(format!("test {name} {}", std::process::id()), policy, self.mask())
    }
}

/// What the kernel has under `name`, as any process of the session can read it.
fn payload(cache: &UnlockCache, name: &str) -> Option<Vec<u8>> {
    kernel::payload_of(&cache.settings.as_ref().unwrap().description(name))
}

/// Whether the kernel lets us keep keys at all; some containers do not.
fn kernel_keeps_keys() -> bool {
    let place = Place::new();
    let cache = place.cache("is it there");
    let keeps = cache.put("x", &SealKey::from_bytes([1; 32]));
    cache.forget("x");
    possible(keeps, "the kernel keeps no keys here")
}

#[test]
fn a_key_is_held_until_it_is_forgotten() {
    if !kernel_keeps_keys() {
        return;
    }
    let place = Place::new();
    let cache = place.cache("held");
    assert!(cache.get("vault-key").is_none());
    assert!(!cache.forget("vault-key"));
    assert!(cache.put("vault-key", &SealKey::from_bytes([1; 32])));
    assert!(cache.put("vault-key", &SealKey::from_bytes([2; 32])));
    assert_eq!(cache.get("vault-key").unwrap().expose(), &[2; 32]);
    assert!(cache.get("other").is_none());
    assert!(place.cache("another scope").get("vault-key").is_none());
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
    let place = Place::new();
    let cache = place.with("end", policy);
    assert!(cache.put("x", &SealKey::from_bytes([1; 32])));
    assert!(cache.get("x").is_none());
    assert!(!cache.forget("x"));
}

#[test]
fn a_disabled_cache_holds_nothing() {
    let no_time = UnlockPolicy { idle: Duration::ZERO, at_most: Duration::from_secs(1) };
    let place = Place::new();
    for cache in [UnlockCache::disabled(), place.with("no time", no_time)] {
        assert!(!cache.put("x", &SealKey::from_bytes([1; 32])));
        assert!(cache.get("x").is_none());
        assert!(!cache.forget("x"));
        assert_eq!(cache.grade(), CacheGrade::Off);
    }
    assert!(!place.mask().exists());
}

#[test]
fn a_key_is_forgotten_whatever_the_policy_has_become() {
    if !kernel_keeps_keys() {
        return;
    }
    let place = Place::new();
    let before = place.cache("policy");
    let no_time = UnlockPolicy { idle: Duration::ZERO, at_most: Duration::ZERO };
    assert!(before.put("x", &SealKey::from_bytes([1; 32])));
    let now = place.with("policy", no_time);
    assert!(now.get("x").is_none());
    assert!(before.get("x").is_some());
    assert!(now.forget("x"));
    assert!(before.get("x").is_none() && !now.forget("x"));
}

#[test]
fn the_kernel_never_has_the_key_itself() {
    if !kernel_keeps_keys() {
        return;
    }
    let place = Place::new();
    let cache = place.cache("masked");
    let key = SealKey::random();
    assert!(cache.put("x", &key) && cache.put("y", &key));
    let (x, y) = (payload(&cache, "x").unwrap(), payload(&cache, "y").unwrap());
    assert!(cache.put("x", &key));
    let again = payload(&cache, "x").unwrap();
    assert_eq!(cache.get("x").unwrap().expose(), key.expose());
    assert_eq!(cache.get("y").unwrap().expose(), key.expose());
    assert!(cache.forget("x") && cache.forget("y"));

    let payloads = [x, y, again];
    for (number, payload) in payloads.iter().enumerate() {
        for part in key.expose().chunks(8) {
            assert!(!payload.windows(8).any(|window| window == part));
        }
        for other in &payloads[..number] {
            assert_ne!(payload[..48], other[..48]);
        }
    }
}

#[test]
fn without_its_mask_file_a_key_is_gone_for_good() {
    if !kernel_keeps_keys() {
        return;
    }
    let place = Place::new();
    let cache = place.cache("mask gone");
    let put = || assert!(cache.put("x", &SealKey::from_bytes([1; 32])));
    put();
    let mask = std::fs::read(place.mask()).unwrap();
    std::fs::remove_file(place.mask()).unwrap();
    assert!(cache.get("x").is_none());
    std::fs::write(place.mask(), &mask).unwrap();
    assert!(cache.get("x").is_none(), "found without its mask, it was thrown away");

    for damaged in [&mask[..31], &[mask.as_slice(), &[0]].concat(), &[0; 32]] {
        put();
        std::fs::write(place.mask(), damaged).unwrap();
        assert!(cache.get("x").is_none());
    }
    std::fs::remove_file(place.mask()).unwrap();
    put();
    assert!(cache.get("x").is_some());
    cache.forget("x");
}

#[test]
fn a_mask_file_is_ours_alone_and_a_planted_one_is_not_used() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    if !kernel_keeps_keys() {
        return;
    }
    let place = Place::new();
    let cache = place.cache("planted");
    let put = || cache.put("x", &SealKey::from_bytes([1; 32]));
    assert!(put());
    assert_eq!(std::fs::metadata(place.mask()).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(std::fs::metadata(place.0.path().join("state")).unwrap().mode() & 0o7777, 0o700);

    let elsewhere = place.0.path().join("elsewhere");
    std::fs::rename(place.mask(), &elsewhere).unwrap();
    symlink(&elsewhere, place.mask()).unwrap();
    assert!(cache.get("x").is_none());
    assert!(put());
    assert!(!place.mask().is_symlink());
    cache.forget("x");

    std::fs::remove_file(place.mask()).unwrap();
    let state = place.0.path().join("state");
    std::fs::set_permissions(&state, PermissionsExt::from_mode(0o777)).unwrap();
    assert!(!put());
    assert!(payload(&cache, "x").is_none());
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
    let place = Place::new();
    let scope = format!("test family {}", std::process::id());
    let cache = UnlockCache::new(scope.clone(), AN_HOUR, place.mask());
    if own_session {
        assert_eq!(cache.grade(), CacheGrade::LoginSession);
    }
    let relative = |wrapper, does: &str| {
        let mut command = another_process(wrapper, "unlock_cache::tests::inner_relative");
        command.env("KEYWARD_TEST_SCOPE", &scope).env("KEYWARD_TEST_MASK", place.mask());
        passes(command.env("KEYWARD_TEST_DOES", does));
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
    let mask = PathBuf::from(variable("KEYWARD_TEST_MASK").unwrap());
    let cache = UnlockCache::new(variable("KEYWARD_TEST_SCOPE").unwrap(), AN_HOUR, mask);
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
    let place = Place::new();
    let cache = place.cache("conspicuous scope");
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
    let place = Place::new();
    let cache = place.with("idle", policy);
    assert!(cache.put("x", &SealKey::from_bytes([1; 32])));
    // Looked for without being used, which would begin its time anew.
    let gone = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        payload(&cache, "x").is_none()
    });
    assert!(gone);
    assert!(cache.get("x").is_none());
    let longer = place.cache("idle");
    assert!(longer.put("x", &SealKey::from_bytes([2; 32])));
    assert_eq!(longer.get("x").unwrap().expose(), &[2; 32]);
    longer.forget("x");
}

/// Prints what a hit takes: it is on the path of every warm run.
#[test]
#[ignore = "measures, proves nothing"]
#[expect(clippy::disallowed_methods, reason = "measures")]
fn time_of_a_hit() {
    let place = Place::new();
    let cache = place.cache("time");
    assert!(cache.put("x", &SealKey::from_bytes([1; 32])));
    let started = std::time::Instant::now();
    for _ in 0..10_000 {
        assert!(cache.get("x").is_some());
    }
    println!("{:?} per hit", started.elapsed() / 10_000);
    cache.forget("x");
}
