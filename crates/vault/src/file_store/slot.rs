//! A way of unlocking: the vault key, wrapped under a key that only a passphrase gives.

use argon2::{Algorithm, Argon2, Params, Version};
use keyward_creds::Secret;
use zeroize::Zeroizing;

use super::bytes::Reader;
use crate::sealed::{self, NONCE_LEN, SealKey, TAG_LEN, fill_random};

const KIND_PASSPHRASE: u16 = 1;
const KDF_ARGON2ID: u8 = 1;
const SALT_LEN: usize = 16;
const WRAPPED_LEN: usize = NONCE_LEN + 32 + TAG_LEN;

/// What one guess at the passphrase costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KdfCost {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

impl KdfCost {
    /// New vaults: about a quarter of a second.
    pub(super) const STANDARD: Self = Self { memory_kib: 128 << 10, passes: 3, lanes: 1 };
    /// RFC 9106's second choice of memory and passes. A cheaper vault is refused, so that nobody can
    /// slip us one and learn the passphrase from it.
    pub(super) const FLOOR: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 1 };
    /// A dearer one is refused before any memory is taken.
    pub(super) const CEILING: Self = Self { memory_kib: 2 << 20, passes: 64, lanes: 16 };

    fn is_within(self, floor: Self) -> bool {
        (floor.memory_kib..=Self::CEILING.memory_kib).contains(&self.memory_kib)
            && (floor.passes..=Self::CEILING.passes).contains(&self.passes)
            && (1..=Self::CEILING.lanes).contains(&self.lanes)
    }
}

/// Why no key could be derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KdfFault {
    /// The memory is not to be had.
    NotEnoughMemory { kib: u32 },
    /// Argon2 does not take these parameters.
    Cost,
}

/// What a passphrase brought to light.
pub(super) enum Unwrapped {
    /// The key in the first slot that opened.
    Key(SealKey),
    /// No slot opened.
    Refused,
}

/// One way of unlocking.
#[derive(Clone)]
pub(super) enum Slot {
    /// By passphrase.
    Passphrase(PassphraseSlot),
    /// By a means that a later Keyward brought: kept, and skipped.
    Unknown { kind: u16, content: Vec<u8> },
}

#[derive(Clone)]
pub(super) struct PassphraseSlot {
    cost: KdfCost,
    salt: [u8; SALT_LEN],
    wrapped: Vec<u8>,
}

/// Why a slot cannot be read.
pub(super) enum SlotFault {
    Malformed,
    Cost,
}

impl Slot {
    /// Reads a slot of `kind`. The cost is checked here, before anything is derived.
    pub(super) fn parse(kind: u16, content: &[u8], floor: KdfCost) -> Result<Self, SlotFault> {
        if kind != KIND_PASSPHRASE {
            return Ok(Self::Unknown { kind, content: content.to_vec() });
        }
        let slot = PassphraseSlot::parse(content).ok_or(SlotFault::Malformed)?;
        if slot.cost.is_within(floor) { Ok(Self::Passphrase(slot)) } else { Err(SlotFault::Cost) }
    }

    /// The slot as it lies in the header: kind, length, content.
    pub(super) fn encode_into(&self, header: &mut Vec<u8>) {
        let (kind, content) = match self {
            Self::Passphrase(slot) => (KIND_PASSPHRASE, slot.encode()),
            Self::Unknown { kind, content } => (*kind, content.clone()),
        };
        header.extend_from_slice(&kind.to_le_bytes());
        header.extend_from_slice(&u16::try_from(content.len()).unwrap_or(u16::MAX).to_le_bytes());
        header.extend_from_slice(&content);
    }
}

impl PassphraseSlot {
    /// Wraps `key` under `passphrase`, with a new salt.
    pub(super) fn wrap(
        key: &SealKey,
        vault_id: &[u8],
        passphrase: &Secret,
        cost: KdfCost,
    ) -> Result<Self, KdfFault> {
        let mut salt = [0; SALT_LEN];
        fill_random(&mut salt);
        let wrapping_key = derive(passphrase, &salt, cost)?;
        let mut slot = Self { cost, salt, wrapped: Vec::new() };
        slot.wrapped = sealed::seal(&wrapping_key, &slot.context(vault_id), key.expose());
        Ok(slot)
    }

    /// The vault key, if `passphrase` is the one.
    pub(super) fn unwrap(
        &self,
        vault_id: &[u8],
        passphrase: &Secret,
    ) -> Result<Option<SealKey>, KdfFault> {
        let wrapping_key = derive(passphrase, &self.salt, self.cost)?;
        let opened = sealed::open(&wrapping_key, &self.context(vault_id), &self.wrapped);
        Ok(opened.ok().and_then(|bytes| SealKey::from_slice(bytes.expose())))
    }

    fn parse(content: &[u8]) -> Option<Self> {
        let mut left = Reader(content);
        let [kdf] = left.array()?;
        let cost = KdfCost { memory_kib: left.u32()?, passes: left.u32()?, lanes: left.u32()? };
        let salt = left.array()?;
        let whole = kdf == KDF_ARGON2ID && left.0.len() == WRAPPED_LEN;
        whole.then(|| Self { cost, salt, wrapped: left.0.to_vec() })
    }

    fn encode(&self) -> Vec<u8> {
        let mut content = self.parameters();
        content.extend_from_slice(&self.wrapped);
        content
    }

    fn parameters(&self) -> Vec<u8> {
        let mut bytes = vec![KDF_ARGON2ID];
        for number in [self.cost.memory_kib, self.cost.passes, self.cost.lanes] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.salt);
        bytes
    }

    /// What the wrapped key is bound to: this vault and these parameters.
    fn context(&self, vault_id: &[u8]) -> Vec<u8> {
        let mut context = b"keyward vault 1 slot".to_vec();
        context.extend_from_slice(vault_id);
        context.extend_from_slice(&KIND_PASSPHRASE.to_le_bytes());
        context.extend_from_slice(&self.parameters());
        context
    }
}

fn derive(passphrase: &Secret, salt: &[u8], cost: KdfCost) -> Result<SealKey, KdfFault> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32))
        .map_err(|_| KdfFault::Cost)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), salt, key.as_mut())
        .map_err(|error| match error {
            argon2::Error::OutOfMemory => KdfFault::NotEnoughMemory { kib: cost.memory_kib },
            _ => KdfFault::Cost,
        })?;
    Ok(SealKey::from_bytes(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_lies_within_its_own_bounds() {
        assert!(KdfCost::STANDARD.is_within(KdfCost::FLOOR));
        assert!(KdfCost::FLOOR.is_within(KdfCost::FLOOR));
        assert!(KdfCost::CEILING.is_within(KdfCost::FLOOR));
    }

    /// Prints what one guess takes here, for choosing [`KdfCost::STANDARD`].
    #[test]
    #[ignore = "measures, proves nothing"]
    #[expect(clippy::disallowed_methods, reason = "measures")]
    fn time_of_one_guess() {
        let passphrase = Secret::new("correct horse battery staple".to_owned());
        for memory_kib in [64 << 10, 96 << 10, 128 << 10, 192 << 10, 256 << 10] {
            let cost = KdfCost { memory_kib, ..KdfCost::FLOOR };
            let mut took: Vec<_> = (0..7)
                .map(|_| {
                    let started = std::time::Instant::now();
                    derive(&passphrase, &[0; SALT_LEN], cost).unwrap();
                    started.elapsed()
                })
                .collect();
            took.sort();
            println!("{} MiB, 3 passes: {:?} (median of 7)", memory_kib >> 10, took[3]);
        }
    }
}
