//! What the kernel is given in place of a key.
//!
//! Processes of another user can share a session keyring: `su` and `sudo` keep the caller's. So a key is
//! masked with a file that its owner alone can read, and the kernel never has the key itself.

use std::path::Path;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::files;
use crate::sealed::{SealKey, fill_random};

const SALT_LEN: usize = 16;
/// Where the masked key ends and the hard end follows, and where the check value begins.
const KEY_END: usize = SALT_LEN + 32;
const CHECK_AT: usize = KEY_END + 8;
/// Salt, masked key, hard end in milliseconds (little-endian), check value.
pub(super) const PAYLOAD_LEN: usize = CHECK_AT + 32;

/// The content of a mask file: 32 random bytes.
pub(super) struct Mask(SealKey);

impl Mask {
    /// The mask in the file at `path`. `None` when there is none, or it is not one we wrote.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let content = Zeroizing::new(files::read_private(path, 32).ok()??);
        SealKey::from_slice(&content).map(Self)
    }

    /// The mask in the file at `path`, which is made where there is no good one.
    pub(super) fn read_or_make(path: &Path) -> Option<Self> {
        if let Some(mask) = Self::read(path) {
            return Some(mask);
        }
        files::private_dir(path.parent()?).ok()?;
        files::write_private(path, SealKey::random().expose()).ok()?;
        // Of processes that make it at once the last one's stays, so it is read again. Who was faster than
        // that has put a payload that nobody can unmask: its check value tells, and it counts as none.
        Self::read(path)
    }

    /// `key` and its hard end, for the kernel to keep under `name`.
    pub(super) fn cover(&self, name: &str, key: &SealKey, end: Duration) -> [u8; PAYLOAD_LEN] {
        let mut payload = [0; PAYLOAD_LEN];
        fill_random(&mut payload[..SALT_LEN]);
        let masked = self.masked(name, &payload[..SALT_LEN], key.expose());
        payload[SALT_LEN..KEY_END].copy_from_slice(masked.as_ref());
        payload[KEY_END..CHECK_AT].copy_from_slice(&millis(end).to_le_bytes());
        let check = self.check(name, &payload[..CHECK_AT]).finalize().into_bytes();
        payload[CHECK_AT..].copy_from_slice(&check);
        payload
    }

    /// The key in `payload` and its hard end. `None` unless [`Mask::cover`] made exactly this with this mask
    /// and this name.
    pub(super) fn uncover(
        &self,
        name: &str,
        payload: &[u8; PAYLOAD_LEN],
    ) -> Option<(SealKey, Duration)> {
        let (content, check) = payload.split_at(CHECK_AT);
        self.check(name, content).verify_slice(check).ok()?;
        let key: &[u8; 32] = payload[SALT_LEN..KEY_END].try_into().ok()?;
        let key = self.masked(name, &payload[..SALT_LEN], key);
        let end = u64::from_le_bytes(payload[KEY_END..CHECK_AT].try_into().ok()?);
        Some((SealKey::from_bytes(*key), Duration::from_millis(end)))
    }

    /// `bytes` masked, or unmasked.
    fn masked(&self, name: &str, salt: &[u8], bytes: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let mut hash = Sha256::new();
        hash.update(b"keyward unlock mask 1");
        hash.update(self.0.expose());
        hash.update(salt);
        hash.update(name.as_bytes());
        let mut masked = Zeroizing::new(<[u8; 32]>::from(hash.finalize()));
        for (masked, byte) in masked.iter_mut().zip(bytes) {
            *masked ^= byte;
        }
        masked
    }

    fn check(&self, name: &str, content: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac = Hmac::new_from_slice(self.0.expose()).expect("a 32-byte key");
        mac.update(b"keyward unlock check 1");
        mac.update(content);
        mac.update(name.as_bytes());
        mac
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Duration = Duration::from_millis(1_234);

    fn mask() -> Mask {
        Mask(SealKey::from_bytes([9; 32]))
    }

    #[test]
    fn a_covered_key_is_found_again_and_does_not_show() {
        let key = SealKey::from_bytes([7; 32]);
        let payload = mask().cover("name", &key, END);
        let (found, end) = mask().uncover("name", &payload).unwrap();
        assert_eq!((found.expose(), end), (key.expose(), END));
        assert!(!payload.windows(4).any(|window| window == [7; 4]));
    }

    #[test]
    fn a_changed_byte_another_mask_or_another_name_uncovers_nothing() {
        let payload = mask().cover("name", &SealKey::from_bytes([7; 32]), END);
        for at in 0..PAYLOAD_LEN {
            let mut changed = payload;
            changed[at] ^= 1;
            assert!(mask().uncover("name", &changed).is_none(), "{at}");
        }
        assert!(mask().uncover("other", &payload).is_none());
        assert!(Mask(SealKey::from_bytes([8; 32])).uncover("name", &payload).is_none());
    }
}
