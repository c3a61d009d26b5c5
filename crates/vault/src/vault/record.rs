//! A [`StoredKey`] as versioned JSON, in buffers that are wiped.

use std::io::{self, Write};

use jiff::Timestamp;
use keyward_creds::{LongTermKey, Secret, SecretBytes};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{StoredKey, Totp};
use crate::StoreError;
use crate::store::Label;

/// The version that this Keyward writes.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    totp: Option<WrittenTotp<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_arn: Option<&'a str>,
    added: Timestamp,
}

#[derive(Serialize)]
struct WrittenTotp<'a> {
    serial: &'a str,
    seed: &'a str,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Deserialize)]
struct Read {
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
    totp: Option<ReadTotp>,
    account: Option<String>,
    user_arn: Option<String>,
    added: Timestamp,
}

#[derive(Deserialize)]
struct ReadTotp {
    serial: String,
    seed: Zeroizing<String>,
}

pub(super) fn encode(key: &StoredKey) -> SecretBytes {
    let written = Written {
        v: VERSION,
        access_key_id: key.key.id.as_str(),
        secret_access_key: key.key.secret.expose(),
        totp: key
            .totp
            .as_ref()
            .map(|totp| WrittenTotp { serial: totp.serial.as_str(), seed: totp.seed.expose() }),
        account: key.account.as_ref().map(|account| account.as_str()),
        user_arn: key.user_arn.as_deref(),
        added: key.added,
    };
    let mut text = WipedBuffer::default();
    #[expect(clippy::expect_used, reason = "text and numbers, written to memory")]
    serde_json::to_writer(&mut text, &written).expect("a record is plain JSON");
    text.into_bytes()
}

/// Reads a record back. What is no record, or breaks a rule that names have, is damaged: never a panic.
pub(super) fn decode(label: &Label, bytes: &SecretBytes) -> Result<StoredKey, StoreError> {
    let Version { v: version } = parse(label, bytes)?;
    if version > VERSION {
        return Err(StoreError::NewerRecord { label: label.clone(), version });
    }
    let read: Read = parse(label, bytes)?;
    stored_key(read).ok_or_else(|| StoreError::Damaged { label: label.clone() })
}

fn parse<'a, T: Deserialize<'a>>(label: &Label, bytes: &'a SecretBytes) -> Result<T, StoreError> {
    // The parser's own error is dropped: it may quote the record.
    serde_json::from_slice(bytes.expose()).map_err(|_| StoreError::Damaged { label: label.clone() })
}

fn stored_key(mut read: Read) -> Option<StoredKey> {
    let totp = match read.totp {
        Some(mut totp) => {
            Some(Totp { serial: totp.serial.parse().ok()?, seed: taken(&mut totp.seed) })
        }
        None => None,
    };
    let account = match read.account {
        Some(account) => Some(account.parse().ok()?),
        None => None,
    };
    Some(StoredKey {
        key: LongTermKey {
            id: read.access_key_id.parse().ok()?,
            secret: taken(&mut read.secret_access_key),
        },
        totp,
        account,
        user_arn: read.user_arn,
        added: read.added,
    })
}

/// Moves the text without leaving a copy behind.
fn taken(text: &mut Zeroizing<String>) -> Secret {
    Secret::new(std::mem::take(&mut **text))
}

/// A growing buffer that wipes what it outgrows.
#[derive(Default)]
pub(crate) struct WipedBuffer(Zeroizing<Vec<u8>>);

impl WipedBuffer {
    pub(crate) fn into_bytes(mut self) -> SecretBytes {
        SecretBytes::new(std::mem::take(&mut *self.0))
    }

    /// The content with a line end behind it.
    pub(crate) fn finish_line(mut self) -> SecretBytes {
        // Writing to memory cannot fail.
        let _ = self.write(b"\n");
        self.into_bytes()
    }
}

impl Write for WipedBuffer {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let needed = self.0.len() + more.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(1024) * 2));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
