//! The Linux session keyring.
//!
//! The keyring is looked up with `create = false`: a process without a login session then gets the
//! user's default one, while creating would make a keyring that dies with us. Whatever the kernel or a
//! container's filter refuses (EPERM, EACCES, ENOSYS, EDQUOT) means "no cache" and is never an error.

use std::path::Path;
use std::time::Duration;

use linux_keyutils::{KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};
use nix::time::{ClockId, clock_gettime};

use super::mask::{Mask, PAYLOAD_LEN};
use super::{CacheGrade, UnlockPolicy};
use crate::sealed::SealKey;

pub(super) fn get(description: &str, policy: UnlockPolicy, mask: &Path) -> Option<SealKey> {
    let key = session_keyring()?.search(description).ok()?;
    let mut payload = [0; PAYLOAD_LEN];
    let length = key.read(&mut payload).ok()?;
    let uncover = || {
        let (held, end) = Mask::read(mask)?.uncover(description, &payload)?;
        Some((held, time_left(end, now()?, policy)?))
    };
    match (length == PAYLOAD_LEN).then(uncover).flatten() {
        Some((held, keep_for)) => {
            // When sliding fails the key merely goes earlier.
            let _ = key.set_timeout(keep_for);
            Some(held)
        }
        None => {
            let _ = key.invalidate();
            None
        }
    }
}

pub(super) fn put(description: &str, key: &SealKey, policy: UnlockPolicy, mask: &Path) -> bool {
    let (Some(keyring), Some(now)) = (session_keyring(), now()) else { return false };
    let Some(mask) = Mask::read_or_make(mask) else { return false };
    let payload = mask.cover(description, key, now.saturating_add(policy.at_most));
    let Ok(held) = keyring.add_key(description, &payload) else { return false };
    let bounded = held.set_timeout(whole_seconds(policy.idle.min(policy.at_most))).is_ok()
        && held.set_perms(possessor_only()).is_ok();
    if !bounded {
        let _ = held.invalidate();
    }
    bounded
}

pub(super) fn forget(description: &str) -> bool {
    session_keyring()
        .and_then(|keyring| keyring.search(description).ok())
        .is_some_and(|key| key.invalidate().is_ok())
}

pub(super) fn grade() -> CacheGrade {
    let Some(described) = session_keyring().and_then(|keyring| keyring.metadata().ok()) else {
        return CacheGrade::Unavailable;
    };
    if described.get_description().starts_with("_uid_ses.") {
        CacheGrade::SharedDefault
    } else {
        CacheGrade::LoginSession
    }
}

fn session_keyring() -> Option<KeyRing> {
    KeyRing::from_special_id(KeyRingIdentifier::Session, false).ok()
}

/// What a process of the same session needs, and nothing for anybody else, the same user included:
/// find, read, replace, and set the timeout.
fn possessor_only() -> linux_keyutils::KeyPermissions {
    KeyPermissionsBuilder::builder()
        .posessor(Permission::SEARCH | Permission::READ | Permission::WRITE | Permission::SETATTR)
        .build()
}

/// Time since the machine started, its sleep included.
fn now() -> Option<Duration> {
    clock_gettime(ClockId::CLOCK_BOOTTIME).ok().map(Duration::from)
}

/// For how many seconds a key with the hard end `end` may stay unused. `None` when that end has come, or is
/// further away than the policy allows: then the key was put under a laxer policy, and does not count.
fn time_left(end: Duration, now: Duration, policy: UnlockPolicy) -> Option<usize> {
    let left = end.checked_sub(now).filter(|left| !left.is_zero() && *left <= policy.at_most)?;
    Some(whole_seconds(policy.idle.min(left)))
}

/// Whole seconds for the kernel. It counts ticks of its clock, so that a key goes up to a second early: one
/// is added. Never zero, which would mean "for ever".
fn whole_seconds(time: Duration) -> usize {
    const LONGEST: u64 = u32::MAX as u64;
    usize::try_from(time.as_secs().min(LONGEST - 1) + 1).unwrap_or(usize::MAX)
}

/// What the kernel holds under `description`, as any process of the session can read it.
#[cfg(test)]
pub(super) fn payload_of(description: &str) -> Option<Vec<u8>> {
    session_keyring()?.search(description).ok()?.read_to_vec().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: UnlockPolicy =
        UnlockPolicy { idle: Duration::from_secs(600), at_most: Duration::from_secs(43_200) };

    fn left_of(end_millis: u64) -> Option<usize> {
        time_left(Duration::from_millis(end_millis), Duration::from_secs(1_000), POLICY)
    }

    #[test]
    fn the_idle_time_slides_but_never_past_the_hard_end() {
        assert_eq!(left_of(44_000_000), Some(601));
        assert_eq!(left_of(1_030_000), Some(31));
        assert_eq!(left_of(1_000_001), Some(1));
        assert_eq!(left_of(1_000_000), None);
        assert_eq!(left_of(0), None);
    }

    #[test]
    fn a_key_kept_under_a_laxer_policy_is_not_used() {
        assert_eq!(left_of(u64::MAX), None);
    }
}
