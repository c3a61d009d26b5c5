//! Values that must never reach a log, an error or a terminal by accident.

use std::fmt;

use zeroize::Zeroizing;

/// A secret text. It has no `Display`, its `Debug` says nothing, and it is wiped when dropped.
///
/// What cannot be wiped: copies the operating system makes, such as a child's environment block.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of `value`; the caller keeps no copy.
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The only way out. Every call site is worth a second look.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True for the empty text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads UTF-8 text out of `bytes`; gives the bytes back when they are not text.
    pub fn from_bytes(bytes: SecretBytes) -> Result<Self, SecretBytes> {
        match std::str::from_utf8(bytes.expose()) {
            Ok(text) => Ok(Self::new(text.to_owned())),
            Err(_) => Err(bytes),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Secret bytes: what a store keeps and a cipher opens.
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes ownership of `bytes`; the caller keeps no copy.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The only way out.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_value() {
        let secret = Secret::new("hunter2".to_owned());
        let bytes = SecretBytes::new(b"hunter2".to_vec());
        assert_eq!(format!("{secret:?} {bytes:?}"), "Secret(..) SecretBytes(..)");
    }
}
