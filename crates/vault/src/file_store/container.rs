//! A vault file as bytes. `FORMAT.md` is the authority; the offsets are there.

use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use keyward_creds::Secret;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::bytes::Reader;
use super::entries::Entries;
use super::slot::{KdfCost, KdfFault, PassphraseSlot, Slot, SlotFault, Unwrapped};
use crate::sealed::{self, SealKey, fill_random};
use crate::{Damage, StoreError};

const MAGIC: &[u8; 8] = b"KEYWARD\x1a";
const VERSION: u16 = 1;
const CHECKSUM_LEN: usize = 32;
/// Where the header's length is, and how many bytes come before what it counts on.
const HEADER_LEN_AT: usize = 10;
/// More ways of unlocking than anybody has.
const MOST_SLOTS: u16 = 64;

/// The authenticated part in front: everything needed to get at the key, nothing about the content.
#[derive(Clone)]
pub(super) struct Header {
    generation: u64,
    vault_id: [u8; 16],
    commitment: [u8; 32],
    slots: Vec<Slot>,
}

/// A whole vault file whose checksum is right, not yet opened.
pub(super) struct Container {
    bytes: Vec<u8>,
    header_len: usize,
    header: Header,
}

/// Why bytes are not a vault that this version opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    Damaged(Damage),
    Newer(u16),
}

impl Unreadable {
    pub(super) fn at(self, path: &Path) -> StoreError {
        let path = path.to_owned();
        match self {
            Self::Damaged(damage) => StoreError::Integrity { path, damage },
            Self::Newer(found) => StoreError::NewerFormat { path, found },
        }
    }
}

impl Container {
    /// Reads a vault file. `floor` is the least key derivation cost that is accepted.
    pub(super) fn parse(bytes: Vec<u8>, floor: KdfCost) -> Result<Self, Unreadable> {
        if !bytes.starts_with(MAGIC) {
            return Err(Unreadable::Damaged(Damage::NotAVault));
        }
        if !checksum_fits(&bytes) {
            return Err(Unreadable::Damaged(Damage::Checksum));
        }
        let malformed = Unreadable::Damaged(Damage::Malformed);
        let after_magic = MAGIC.len()..bytes.len() - CHECKSUM_LEN;
        let mut left = Reader(bytes.get(after_magic).ok_or(malformed)?);
        let version = left.u16().ok_or(malformed)?;
        if version != VERSION {
            return Err(Unreadable::Newer(version));
        }
        let header_len = left.u32().and_then(|length| usize::try_from(length).ok());
        let header_len = header_len.ok_or(malformed)?;
        let header = Header::parse(&mut left, floor)?;
        let read = bytes.len() - CHECKSUM_LEN - left.0.len();
        if read != header_len {
            return Err(malformed);
        }
        Ok(Self { bytes, header_len, header })
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The file as it lies on the disk.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// True when this file was written with `key`, and can be opened with no other.
    pub(super) fn is_committed_to(&self, key: &SealKey) -> bool {
        let mut mac = mac_over(key, b"keyward vault 1 commitment");
        mac.update(&self.header.vault_id);
        mac.verify_slice(&self.header.commitment).is_ok()
    }

    /// Opens the sealed part; the whole header is its context.
    pub(super) fn open(&self, key: &SealKey) -> Result<Entries, Damage> {
        if !self.is_committed_to(key) {
            return Err(Damage::Sealed);
        }
        let (header, rest) = self.bytes.split_at(self.header_len);
        let sealed = &rest[..rest.len() - CHECKSUM_LEN];
        let plain = sealed::open(&body_key(key, &self.header.vault_id), header, sealed)
            .map_err(|_| Damage::Sealed)?;
        Entries::decode(plain.expose()).ok_or(Damage::Malformed)
    }
}

impl Header {
    /// The header of a new vault with `key`, unlocked by `passphrase`.
    pub(super) fn new(key: &SealKey, passphrase: &Secret, cost: KdfCost) -> Result<Self, KdfFault> {
        let mut vault_id = [0; 16];
        fill_random(&mut vault_id);
        let commitment = derived(key, b"keyward vault 1 commitment", &vault_id);
        let slot = PassphraseSlot::wrap(key, &vault_id, passphrase, cost)?;
        let slots = vec![Slot::Passphrase(slot)];
        Ok(Self { generation: 1, vault_id, commitment: *commitment, slots })
    }

    /// The same header, one generation on.
    pub(super) fn next_generation(&self) -> Self {
        Self { generation: self.generation.saturating_add(1), ..self.clone() }
    }

    #[cfg(test)]
    pub(super) fn with_unknown_slot(mut self, kind: u16, content: &[u8]) -> Self {
        self.slots.push(Slot::Unknown { kind, content: content.to_vec() });
        self
    }

    pub(super) fn has_passphrase(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot, Slot::Passphrase(_)))
    }

    /// Tries `passphrase` on every passphrase slot.
    pub(super) fn unwrap(&self, passphrase: &Secret) -> Result<Unwrapped, KdfFault> {
        for slot in &self.slots {
            if let Slot::Passphrase(slot) = slot
                && let Some(key) = slot.unwrap(&self.vault_id, passphrase)?
            {
                return Ok(Unwrapped::Key(key));
            }
        }
        Ok(Unwrapped::Refused)
    }

    /// The whole file: header, sealed entries, checksum.
    pub(super) fn seal(&self, key: &SealKey, entries: &Entries) -> Vec<u8> {
        let mut file = self.encode();
        let sealed = sealed::seal(&body_key(key, &self.vault_id), &file, &entries.encode());
        file.extend_from_slice(&sealed);
        let checksum = Sha256::digest(&file);
        file.extend_from_slice(&checksum);
        file
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.generation.to_le_bytes());
        bytes.extend_from_slice(&self.vault_id);
        bytes.extend_from_slice(&self.commitment);
        bytes.extend_from_slice(&u16::try_from(self.slots.len()).unwrap_or(u16::MAX).to_le_bytes());
        for slot in &self.slots {
            slot.encode_into(&mut bytes);
        }
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
        bytes[HEADER_LEN_AT..HEADER_LEN_AT + 4].copy_from_slice(&length);
        bytes
    }

    /// Reads what follows the header's length.
    fn parse(left: &mut Reader<'_>, floor: KdfCost) -> Result<Self, Unreadable> {
        let malformed = Unreadable::Damaged(Damage::Malformed);
        let generation = left.u64().ok_or(malformed)?;
        let vault_id = left.array().ok_or(malformed)?;
        let commitment = left.array().ok_or(malformed)?;
        let slot_count = left.u16().filter(|count| *count <= MOST_SLOTS).ok_or(malformed)?;
        let mut slots = Vec::new();
        for _ in 0..slot_count {
            let kind = left.u16().ok_or(malformed)?;
            let content = left.short_piece().ok_or(malformed)?;
            let slot = Slot::parse(kind, content, floor).map_err(|fault| match fault {
                SlotFault::Malformed => malformed,
                SlotFault::Cost => Unreadable::Damaged(Damage::Cost),
            })?;
            slots.push(slot);
        }
        Ok(Self { generation, vault_id, commitment, slots })
    }
}

fn checksum_fits(bytes: &[u8]) -> bool {
    bytes
        .split_last_chunk::<CHECKSUM_LEN>()
        .is_some_and(|(content, checksum)| Sha256::digest(content)[..] == checksum[..])
}

fn body_key(key: &SealKey, vault_id: &[u8]) -> SealKey {
    SealKey::from_bytes(*derived(key, b"keyward vault 1 body", vault_id))
}

/// A value that `key` alone gives, for one use in one vault.
fn derived(key: &SealKey, purpose: &[u8], vault_id: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = mac_over(key, purpose);
    mac.update(vault_id);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn mac_over(key: &SealKey, purpose: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).expect("a 32-byte key");
    mac.update(purpose);
    mac
}
