//! The lines that pass between us and a helper.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keyward_creds::SecretBytes;
use keyward_creds::text::printable;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::HelperFault;
use crate::vault::WipedBuffer;

/// The protocol's version, in every line of both sides.
const VERSION: u64 = 1;

/// What a helper is asked.
pub(super) enum Request<'a> {
    Get { label: &'a str },
    Put { label: &'a str, value: &'a SecretBytes },
    Delete { label: &'a str },
    List,
}

#[derive(Serialize)]
struct Line<'a> {
    keyward: u64,
    #[serde(rename = "do")]
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Zeroizing<String>>,
}

impl Request<'_> {
    /// The request as one line, its end included.
    pub(super) fn to_line(&self) -> SecretBytes {
        let (action, label, value) = match self {
            Self::Get { label } => ("get", Some(*label), None),
            Self::Put { label, value } => {
                ("put", Some(*label), Some(Zeroizing::new(STANDARD.encode(value.expose()))))
            }
            Self::Delete { label } => ("delete", Some(*label), None),
            Self::List => ("list", None, None),
        };
        let mut line = WipedBuffer::default();
        let request = Line { keyward: VERSION, action, label, value };
        #[expect(clippy::expect_used, reason = "text and numbers, written to memory")]
        serde_json::to_writer(&mut line, &request).expect("a request is plain JSON");
        line.finish_line()
    }
}

#[derive(Deserialize)]
struct Version {
    keyward: u64,
}

/// What a helper answers. Which field must be there depends on what it was asked.
#[derive(Default, Deserialize)]
pub(super) struct Reply {
    error: Option<String>,
    /// Twice optional: a helper that leaves the field out says nothing, one that says `null` says "none".
    #[serde(default, deserialize_with = "present")]
    value: Option<Option<Zeroizing<String>>>,
    stored: Option<bool>,
    deleted: Option<bool>,
    labels: Option<Vec<String>>,
}

fn present<'de, D: serde::Deserializer<'de>>(
    given: D,
) -> Result<Option<Option<Zeroizing<String>>>, D::Error> {
    Option::deserialize(given).map(Some)
}

/// Reads a reply: exactly one JSON object, and nothing after it but an end of line.
pub(super) fn read(line: &SecretBytes) -> Result<Reply, HelperFault> {
    // The parser's own errors are dropped: they may quote the reply.
    let Version { keyward: version } = parse(line)?;
    if version != VERSION {
        return Err(HelperFault::OtherVersion(version));
    }
    let reply: Reply = parse(line)?;
    match reply.error {
        Some(reason) => Err(HelperFault::Refused(printable(&reason))),
        None => Ok(reply),
    }
}

fn parse<'a, T: Deserialize<'a>>(line: &'a SecretBytes) -> Result<T, HelperFault> {
    serde_json::from_slice(line.expose()).map_err(|_| HelperFault::NotUnderstood)
}

impl Reply {
    pub(super) fn value(self) -> Result<Option<SecretBytes>, HelperFault> {
        match self.value.ok_or(HelperFault::NotUnderstood)? {
            None => Ok(None),
            Some(text) => match STANDARD.decode(text.as_bytes()) {
                Ok(bytes) => Ok(Some(SecretBytes::new(bytes))),
                Err(_) => Err(HelperFault::NotUnderstood),
            },
        }
    }

    pub(super) fn stored(self) -> Result<(), HelperFault> {
        if self.stored == Some(true) { Ok(()) } else { Err(HelperFault::NotUnderstood) }
    }

    pub(super) fn deleted(self) -> Result<bool, HelperFault> {
        self.deleted.ok_or(HelperFault::NotUnderstood)
    }

    pub(super) fn labels(self) -> Result<Vec<String>, HelperFault> {
        self.labels.ok_or(HelperFault::NotUnderstood)
    }
}
