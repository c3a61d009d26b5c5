//! The Linux session keyring.
//!
//! The keyring is looked up with `create = false`: a process without a login session then gets the
//! user's default one, while creating would make a keyring that dies with us. Whatever the kernel or a
//! container's filter refuses (EPERM, EACCES, ENOSYS, EDQUOT) means "no cache" and is never an error.

use std::time::Duration;

use linux_keyutils::{KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};
use nix::time::{ClockId, clock_gettime};
use zeroize::Zeroizing;

use super::{CacheGrade, UnlockPolicy};
use crate::sealed::SealKey;

/// 32 bytes of key, then the hard end in milliseconds of `CLOCK_BOOTTIME`, little-endian.
const PAYLOAD_LEN: usize = 40;

pub(super) fn get(description: &str, policy: UnlockPolicy) -> Option<SealKey> {
    let key = session_keyring()?.search(description).ok()?;
    let mut payload = Zeroizing::new([0; PAYLOAD_LEN]);
    let length = key.read(&mut payload).ok()?;
    let judged = (length == PAYLOAD_LEN).then(|| judge(&payload, now()?, policy)).flatten();
    match judged {
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

pub(super) fn put(description: &str, key: &SealKey, policy: UnlockPolicy) -> bool {
    let (Some(keyring), Some(now)) = (session_keyring(), now()) else { return false };
    let end = now + policy.at_most;
    let mut payload = Zeroizing::new([0; PAYLOAD_LEN]);
    payload[..32].copy_from_slice(key.expose());
    payload[32..].copy_from_slice(&millis(end).to_le_bytes());
    let Ok(held) = keyring.add_key(description, payload.as_slice()) else { return false };
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

/// The key in `payload` and for how many seconds it may stay unused, unless its hard end has come. A hard
/// end further away than the policy allows was made under a laxer policy, and does not count.
fn judge(
    payload: &[u8; PAYLOAD_LEN],
    now: Duration,
    policy: UnlockPolicy,
) -> Option<(SealKey, usize)> {
    let (key, end) = payload.split_first_chunk::<32>()?;
    let end = Duration::from_millis(u64::from_le_bytes(end.try_into().ok()?));
    let left = end.checked_sub(now).filter(|left| !left.is_zero() && *left <= policy.at_most)?;
    Some((SealKey::from_bytes(*key), whole_seconds(policy.idle.min(left))))
}

/// Whole seconds for the kernel. It counts ticks of its clock, so that a key goes up to a second early: one
/// is added. Never zero, which would mean "for ever".
fn whole_seconds(time: Duration) -> usize {
    const LONGEST: u64 = u32::MAX as u64;
    usize::try_from(time.as_secs().min(LONGEST - 1) + 1).unwrap_or(usize::MAX)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(super) fn is_held(description: &str) -> bool {
    session_keyring().is_some_and(|keyring| keyring.search(description).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: UnlockPolicy =
        UnlockPolicy { idle: Duration::from_secs(600), at_most: Duration::from_secs(43_200) };

    fn payload(end: u64) -> [u8; PAYLOAD_LEN] {
        let mut payload = [7; PAYLOAD_LEN];
        payload[32..].copy_from_slice(&end.to_le_bytes());
        payload
    }

    #[test]
    fn the_idle_time_slides_but_never_past_the_hard_end() {
        let at = Duration::from_secs(1_000);
        let (_, keep_for) = judge(&payload(44_000_000), at, POLICY).unwrap();
        assert_eq!(keep_for, 601);
        let (_, keep_for) = judge(&payload(1_030_000), at, POLICY).unwrap();
        assert_eq!(keep_for, 31);
        let (_, keep_for) = judge(&payload(1_000_001), at, POLICY).unwrap();
        assert_eq!(keep_for, 1);
        assert!(judge(&payload(1_000_000), at, POLICY).is_none());
        assert!(judge(&payload(0), at, POLICY).is_none());
    }

    #[test]
    fn a_key_kept_under_a_laxer_policy_is_not_used() {
        let at = Duration::from_secs(1_000);
        assert!(judge(&payload(u64::MAX), at, POLICY).is_none());
    }
}
