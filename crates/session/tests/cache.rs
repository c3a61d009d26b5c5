//! The session cache: what it gives back, what it refuses, and what makes two hops different.

use std::path::Path;
use std::time::Duration;

use keyward_creds::{Credentials, ProfileName, Secret, Timestamp};
use keyward_session::cache::{Entry, HopKey, Lookup, SessionCache, SessionFacts, clear_unread};
use keyward_session::plan::{Call, Hop, StsEndpoint};
use keyward_vault::SealKey;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const MINUTE: Duration = Duration::from_secs(60);

fn profile(name: &str) -> ProfileName {
    name.parse().expect("a name")
}

fn entry(lasts: Duration) -> Entry {
    let expires_at = NOW.checked_add(lasts).expect("a time");
    Entry {
        facts: SessionFacts {
            profile: profile("deploy"),
            holder: profile("base"),
            role: Some("arn:aws:iam::222222222222:role/deploy".parse().expect("a role")),
            mfa: false,
            expires_at,
        },
        credentials: Credentials {
            access_key_id: "ASIAIOSFODNN7EXAMPLE".parse().expect("an id"),
            secret_access_key: Secret::new("the-secret".to_owned()),
            session_token: Some(Secret::new("a token \"with\" \\ odd letters é".to_owned())),
            expires_at: Some(expires_at),
            account: Some("222222222222".parse().expect("an account")),
        },
    }
}

fn start() -> HopKey {
    let id = "AKIAIOSFODNN7EXAMPLE".parse().expect("an id");
    HopKey::of_stored_key("file /vault", &profile("base"), &id)
}

fn key(salt: u8) -> SealKey {
    SealKey::from_bytes([salt; 32])
}

fn is_fresh(cache: &SessionCache, name: &HopKey) -> bool {
    matches!(cache.look_up(name, NOW, MINUTE), Lookup::Fresh(_))
}

fn only_file(folder: &Path) -> std::path::PathBuf {
    let mut files = std::fs::read_dir(folder).expect("a folder");
    files.next().expect("a file").expect("a readable folder").path()
}

#[test]
fn what_was_stored_comes_back_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = SessionCache::new(folder.path().join("sessions"), key(1));
    cache.store(&start(), &entry(10 * MINUTE));
    let Lookup::Fresh(found) = cache.look_up(&start(), NOW, MINUTE) else { panic!("not fresh") };
    let stored = entry(10 * MINUTE).credentials;
    assert_eq!(found.access_key_id, stored.access_key_id);
    assert_eq!(found.secret_access_key.expose(), stored.secret_access_key.expose());
    assert_eq!(
        found.session_token.map(|token| token.expose().to_owned()),
        stored.session_token.map(|token| token.expose().to_owned())
    );
    assert_eq!((found.expires_at, found.account), (stored.expires_at, stored.account));
    assert_eq!(cache.sessions(NOW), [entry(10 * MINUTE).facts]);
}

#[test]
fn a_session_within_the_margin_of_its_end_is_stale() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = SessionCache::new(folder.path().join("sessions"), key(1));
    cache.store(&start(), &entry(10 * MINUTE));
    assert!(matches!(cache.look_up(&start(), NOW, 9 * MINUTE), Lookup::Fresh(_)));
    assert!(matches!(cache.look_up(&start(), NOW, 10 * MINUTE), Lookup::Stale));
}

#[test]
fn no_flipped_byte_no_other_key_and_no_other_name_opens_an_entry() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = SessionCache::new(folder.path().to_owned(), key(1));
    cache.store(&start(), &entry(10 * MINUTE));
    let file = only_file(folder.path());
    let good = std::fs::read(&file).expect("the entry");
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&file, bad).expect("a writable entry");
        assert!(!is_fresh(&cache, &start()), "byte {at}");
    }
    std::fs::write(&file, &good[..good.len() - 1]).expect("a writable entry");
    assert!(!is_fresh(&cache, &start()), "cut");
    std::fs::write(&file, &good).expect("a writable entry");
    assert!(is_fresh(&cache, &start()));
    assert!(!is_fresh(&SessionCache::new(folder.path().to_owned(), key(2)), &start()));
    let other = start().then(&hop());
    std::fs::rename(&file, folder.path().join(format!("{other}.session"))).expect("a rename");
    assert!(!is_fresh(&cache, &other), "an entry is bound to its name");
}

#[test]
fn clearing_takes_what_is_chosen_and_needs_no_key_to_take_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = SessionCache::new(folder.path().to_owned(), key(1));
    cache.store(&start(), &entry(10 * MINUTE));
    cache.store(&start().then(&hop()), &entry(20 * MINUTE));
    assert_eq!(
        cache.clear(|facts| facts.profile == profile("other")).expect("a writable folder"),
        0
    );
    let late = NOW.checked_add(15 * MINUTE).expect("a time");
    assert_eq!(cache.clear(|facts| facts.expires_at > late).expect("a writable folder"), 1);
    assert_eq!(clear_unread(folder.path()).expect("a writable folder"), 1);
    assert_eq!(cache.sessions(NOW), []);
}

#[test]
fn listing_deletes_what_has_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = SessionCache::new(folder.path().to_owned(), key(1));
    cache.store(&start(), &entry(10 * MINUTE));
    let later = NOW.checked_add(11 * MINUTE).expect("a time");
    assert_eq!(cache.sessions(later), []);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

fn hop() -> Hop {
    Hop {
        profile: profile("deploy"),
        call: Call::AssumeRole {
            role: "arn:aws:iam::222222222222:role/deploy".parse().expect("a role"),
            session_name: "me@here".to_owned(),
            external_id: None,
        },
        duration: Duration::from_secs(3600),
        mfa: None,
        sts: StsEndpoint { region: "eu-west-1".parse().expect("a region"), url: None },
    }
}

/// `hop()` with another role call.
fn role(role: &str, session_name: &str, external_id: Option<&str>) -> Hop {
    let call = Call::AssumeRole {
        role: role.parse().expect("a role"),
        session_name: session_name.to_owned(),
        external_id: external_id.map(str::to_owned),
    };
    Hop { call, ..hop() }
}

#[test]
fn everything_that_goes_into_a_session_is_in_its_name() {
    const DEPLOY: &str = "arn:aws:iam::222222222222:role/deploy";
    let device = "arn:aws:iam::111111111111:mfa/me".parse().expect("a serial");
    let other_url = StsEndpoint { url: Some("http://127.0.0.1:1".to_owned()), ..hop().sts };
    let other_id = "AKIAIOSFODNN7OTHERID".parse().expect("an id");
    let all = [
        start(),
        HopKey::of_stored_key(
            "keychain",
            &profile("base"),
            &"AKIAIOSFODNN7EXAMPLE".parse().expect("an id"),
        ),
        HopKey::of_stored_key(
            "file /vault",
            &profile("other"),
            &"AKIAIOSFODNN7EXAMPLE".parse().expect("an id"),
        ),
        HopKey::of_stored_key("file /vault", &profile("base"), &other_id),
        start().then(&hop()),
        start().then(&hop()).then(&hop()),
        start().then(&Hop { call: Call::GetSessionToken, ..hop() }),
        start().then(&Hop { duration: Duration::from_secs(900), ..hop() }),
        start().then(&Hop { mfa: Some(device), ..hop() }),
        start().then(&Hop { sts: other_url, ..hop() }),
        start().then(&role("arn:aws:iam::333333333333:role/deploy", "me@here", None)),
        start().then(&role(DEPLOY, "you@here", None)),
        start().then(&role(DEPLOY, "me@here", Some("4711"))),
        start().then(&role(DEPLOY, "me@here4711", None)),
    ];
    for (at, one) in all.iter().enumerate() {
        for (other_at, other) in all.iter().enumerate() {
            assert_eq!(one == other, at == other_at, "{at} and {other_at}");
        }
    }
}

#[test]
fn for_whom_and_from_where_a_session_is_made_is_not_in_its_name() {
    let elsewhere = StsEndpoint { region: "us-west-2".parse().expect("a region"), url: None };
    let shared = Hop { profile: profile("another"), sts: elsewhere, ..hop() };
    assert_eq!(start().then(&hop()), start().then(&shared));
}
