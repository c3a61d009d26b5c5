//! Random text in the shapes AWS uses.

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, HEXLOWER};

fn bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).expect("the operating system has randomness");
    bytes
}

/// An identifier such as `AKIA…`: the prefix and sixteen characters.
pub(crate) fn identifier(prefix: &str) -> String {
    format!("{prefix}{}", BASE32_NOPAD.encode(&bytes(10)))
}

/// A secret access key: forty characters, always with the `/` and `+` that bad quoting trips over.
pub(crate) fn secret_key() -> String {
    let mut text = BASE64_NOPAD.encode(&bytes(30));
    text.replace_range(7..8, "/");
    text.replace_range(23..24, "+");
    text
}

/// A session token: long, opaque, with `/`, `+` and `=`.
pub(crate) fn session_token() -> String {
    format!("IQoJ{}/+==", BASE64_NOPAD.encode(&bytes(390)))
}

/// The secret of an MFA device: 160 bits, as RFC 4226 recommends.
pub(crate) fn totp_seed() -> Vec<u8> {
    bytes(20)
}

/// A request id in the shape of a UUID.
pub(crate) fn request_id() -> String {
    let hex = HEXLOWER.encode(&bytes(16));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// A passphrase nobody has to type.
pub(crate) fn passphrase() -> String {
    BASE32_NOPAD.encode(&bytes(20)).to_lowercase()
}
