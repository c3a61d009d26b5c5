//! Searching for secrets where they must not be.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::Ground;
use crate::aws::Secrets;
use crate::lock;

/// Needles begin with this many bytes; one table look-up per position finds them all.
const KEY: usize = 8;
/// A secret of twice this length is searched for by its two ends, which also finds half of it.
const HALF: usize = 16;

/// Secrets to be searched for.
#[derive(Default)]
pub(super) struct Canaries {
    planted: Vec<(String, String)>,
    followed: Vec<Secrets>,
}

impl Canaries {
    pub(super) fn plant(&mut self, what: &str, secret: &str) {
        assert!(secret.len() >= KEY, "the {what} is too short to be searched for");
        self.planted.push((what.to_owned(), secret.to_owned()));
    }

    pub(super) fn follow(&mut self, secrets: Secrets) {
        self.followed.push(secrets);
    }

    /// Everything to search for as of now.
    fn needles(&self) -> Needles {
        let mut needles = Needles::default();
        for (what, secret) in &self.planted {
            needles.add_secret(what, secret.as_bytes());
        }
        for given in self.followed.iter().flat_map(Secrets::all) {
            needles.add_secret(&given.what, given.secret.as_bytes());
        }
        needles
    }
}

/// All forms of all secrets, by their first bytes.
#[derive(Default)]
pub(super) struct Needles {
    by_start: HashMap<[u8; KEY], Vec<Needle>>,
}

struct Needle {
    bytes: Vec<u8>,
    what: String,
    form: &'static str,
}

impl Needles {
    fn add_secret(&mut self, what: &str, secret: &[u8]) {
        if secret.len() >= 2 * HALF {
            self.add_piece(what, &secret[..HALF]);
            self.add_piece(what, &secret[secret.len() - HALF..]);
        } else {
            self.add_piece(what, secret);
        }
    }

    fn add_piece(&mut self, what: &str, piece: &[u8]) {
        self.add(what, "plain", piece.to_vec());
        self.add(what, "hex", HEXLOWER.encode(piece).into());
        self.add(what, "hex", HEXUPPER.encode(piece).into());
        self.add(what, "URL-escaped", percent_encode(piece, NON_ALPHANUMERIC).to_string().into());
        self.add(what, "UTF-16", piece.iter().flat_map(|&byte| [byte, 0]).collect());
        let numbers: Vec<String> = piece.iter().map(u8::to_string).collect();
        self.add(what, "as numbers", numbers.join(", ").into());
        for shift in 0..3 {
            for encoding in [BASE64, BASE64URL] {
                self.add(what, "base64", base64_within(&encoding, piece, shift));
            }
        }
    }

    fn add(&mut self, what: &str, form: &'static str, bytes: Vec<u8>) {
        let Some(start) = bytes.first_chunk::<KEY>().copied() else { return };
        let needle = Needle { bytes, what: what.to_owned(), form };
        self.by_start.entry(start).or_default().push(needle);
    }

    /// What is found in `hay`, as "secret of AKIA… (plain)", each once.
    pub(super) fn search(&self, hay: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for (at, start) in hay.windows(KEY).enumerate() {
            let Ok(start) = <[u8; KEY]>::try_from(start) else { continue };
            for needle in self.by_start.get(&start).into_iter().flatten() {
                if hay[at..].starts_with(&needle.bytes) {
                    found.push(format!("{} ({})", needle.what, needle.form));
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

/// How `piece` looks inside longer base64 when `shift` bytes stand before its group of three: without
/// the characters that its neighbours decide too.
fn base64_within(encoding: &data_encoding::Encoding, piece: &[u8], shift: usize) -> Vec<u8> {
    let mut padded = vec![0; shift];
    padded.extend(piece);
    let text = encoding.encode(&padded).into_bytes();
    let first = (shift * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    text[first..end].to_vec()
}

impl Ground {
    pub(super) fn needles(&self) -> Needles {
        lock(&self.canaries).needles()
    }

    /// Secrets in the sandbox's files, each with the file's name.
    pub(super) fn leaks_in_files(&self) -> Vec<String> {
        let holders = lock(&self.holders).clone();
        let needles = self.needles();
        let mut found = Vec::new();
        walk(self.root.path(), &mut |file| {
            let path = self.path.join(file.strip_prefix(self.root.path()).unwrap_or(file));
            if holders.iter().any(|holder| path.starts_with(holder)) {
                return;
            }
            // A lock or a temporary file may vanish while we look.
            let bytes = fs::read(file).unwrap_or_default();
            let name = file.to_string_lossy().into_owned();
            for place in [bytes.as_slice(), name.as_bytes()] {
                let leaks = needles.search(place);
                found.extend(leaks.iter().map(|leak| format!("{leak} in {}", path.display())));
            }
        });
        found
    }
}

/// Visits regular files only: a pipe would block, a link may lead out.
fn walk(directory: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), visit),
            Ok(kind) if kind.is_file() => visit(&entry.path()),
            _ => {}
        }
    }
}

/// Secrets in the arguments of processes that started at or after `first`; where there is no `/proc`,
/// nothing is seen.
pub(super) fn leaks_in_arguments(needles: &Needles, first: u32) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        if pid.is_some_and(|pid| pid >= first) {
            let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let leaks = needles.search(&arguments);
            found.extend(leaks.iter().map(|leak| format!("{leak} in the arguments of a process")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn found_in(text: impl AsRef<[u8]>) -> bool {
        let mut canaries = Canaries::default();
        canaries.plant("key", SECRET);
        !canaries.needles().search(text.as_ref()).is_empty()
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let bytes = SECRET.as_bytes();
        assert!(found_in(format!("before {SECRET} after")));
        assert!(found_in(HEXLOWER.encode(bytes)));
        assert!(found_in(HEXUPPER.encode(bytes)));
        assert!(found_in(format!("{bytes:?}")));
        assert!(found_in(percent_encode(bytes, NON_ALPHANUMERIC).to_string()));
        assert!(found_in(bytes.iter().flat_map(|&b| [b, 0]).collect::<Vec<_>>()));
        for before in ["", "a", "ab", "abc", "abcd"] {
            let text = format!("{before}{SECRET}after");
            assert!(found_in(BASE64.encode(text.as_bytes())), "{before}");
            assert!(found_in(BASE64URL.encode(text.as_bytes())), "{before}");
        }
    }

    #[test]
    fn half_a_secret_is_found_and_other_text_is_not() {
        assert!(found_in(&SECRET[..20]));
        assert!(found_in(&SECRET[20..]));
        assert!(!found_in("AKIAIOSFODNN7EXAMPLE and wJalrX…"));
        assert!(!found_in(""));
    }
}
