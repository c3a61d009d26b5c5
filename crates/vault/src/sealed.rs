//! The one cipher: XChaCha20-Poly1305 with a random 192-bit nonce for every write.
//!
//! A sealed message is `nonce (24 bytes) ‖ ciphertext ‖ tag (16 bytes)`.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use keyward_creds::SecretBytes;
use zeroize::Zeroizing;

/// Length of the nonce in front of a sealed message.
pub(crate) const NONCE_LEN: usize = 24;
/// Length of the authentication tag at its end.
pub(crate) const TAG_LEN: usize = 16;

/// A 32-byte key. Wiped when dropped; its `Debug` says nothing.
#[derive(Clone)]
pub struct SealKey(Zeroizing<[u8; 32]>);

impl SealKey {
    /// A new key from the operating system's randomness.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing safe can be done without.
    pub fn random() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        fill_random(bytes.as_mut());
        Self(bytes)
    }

    /// The key that `bytes` are.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The key in `bytes`, when there are exactly 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_bytes)
    }

    /// The only way out.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

/// The message, its context or the key is not what it was when the message was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed message was changed, or another key sealed it")]
pub struct Tampered;

/// Seals `plain` so that it opens only with the same `key` and the same `aad`, its context.
pub fn seal(key: &SealKey, aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_LEN];
    fill_random(&mut nonce);
    let cipher = XChaCha20Poly1305::new(key.expose().into());
    #[expect(clippy::expect_used, reason = "fails only beyond 256 GiB, which no caller can hold")]
    let body = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad })
        .expect("a message below 256 GiB can be sealed");
    let mut sealed = Vec::with_capacity(NONCE_LEN + body.len());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(&body);
    sealed
}

/// Opens what [`seal`] sealed under the same `key` and `aad`. Says nothing about why it cannot.
pub fn open(key: &SealKey, aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, Tampered> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Tampered)?;
    let cipher = XChaCha20Poly1305::new(key.expose().into());
    cipher
        .decrypt(&XNonce::from(*nonce), Payload { msg: body, aad })
        .map(SecretBytes::new)
        .map_err(|_| Tampered)
}

/// Fills `bytes` from the operating system's randomness.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    #[expect(clippy::expect_used, reason = "without randomness nothing safe can be written")]
    getrandom::fill(bytes).expect("the operating system gives randomness");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_flipped_byte_anywhere_is_detected() {
        let key = SealKey::random();
        let sealed = seal(&key, b"context", b"secret");
        assert_eq!(open(&key, b"context", &sealed).unwrap().expose(), b"secret");
        for place in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[place] ^= 1 << bit;
                assert_eq!(open(&key, b"context", &changed).unwrap_err(), Tampered, "{place}");
            }
        }
    }

    #[test]
    fn a_cut_message_another_context_and_another_key_are_refused() {
        let key = SealKey::random();
        let sealed = seal(&key, b"context", b"secret");
        for length in 0..sealed.len() {
            assert!(open(&key, b"context", &sealed[..length]).is_err(), "{length}");
        }
        assert!(open(&key, b"Context", &sealed).is_err());
        assert!(open(&SealKey::random(), b"context", &sealed).is_err());
    }

    #[test]
    fn no_two_messages_share_a_nonce() {
        let key = SealKey::random();
        let nonces: std::collections::HashSet<Vec<u8>> =
            (0..10_000).map(|_| seal(&key, b"", b"")[..NONCE_LEN].to_vec()).collect();
        assert_eq!(nonces.len(), 10_000);
    }

    #[test]
    fn debug_never_shows_the_key() {
        assert_eq!(format!("{:?}", SealKey::from_bytes([7; 32])), "SealKey(..)");
        assert!(SealKey::from_slice(&[7; 31]).is_none());
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(key: [u8; 32], aad: Vec<u8>, plain: Vec<u8>) {
            let key = SealKey::from_bytes(key);
            let sealed = seal(&key, &aad, &plain);
            prop_assert_eq!(sealed.len(), NONCE_LEN + plain.len() + TAG_LEN);
            let opened = open(&key, &aad, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), plain.as_slice());
        }
    }
}
