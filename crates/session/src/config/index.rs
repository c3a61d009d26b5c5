//! Finding sections without reading all of them.
//!
//! A config file of five thousand profiles is 900 KB; parsing it costs milliseconds on every `exec`.
//! The index looks only for lines that begin with `[`, in chunks that stay in the processor's cache, and
//! keeps eight bytes a section. The few sections that a plan needs are read afterwards.

use std::cell::{Cell, OnceCell};
use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memrchr};

use super::syntax::{self, BadLine, Header, Problem, SectionKind};

/// Small enough to cost few fresh pages, large enough to cost few reads.
const CHUNK: usize = 16 * 1024;

/// Up to so many look-ups, walking over all entries is cheaper than sorting them.
const FEW_LOOKUPS: u32 = 32;

/// Where each section begins.
#[derive(Debug, Default)]
pub struct HeaderIndex {
    entries: Vec<Entry>,
    /// The size of the file when it was scanned.
    end: u32,
    /// How often a section was looked for.
    lookups: Cell<u32>,
    /// The entries' places by fingerprint, once there are enough look-ups to pay for sorting.
    sorted: OnceCell<Vec<(u32, u32)>>,
}

#[derive(Debug)]
struct Entry {
    fingerprint: u32,
    /// Files are limited to 8 MiB.
    offset: u32,
}

/// Why a scan stopped.
#[derive(Debug)]
pub enum ScanError {
    /// Reading failed.
    Io(io::Error),
    /// A heading is malformed, or something stands above the first one.
    BadLine(BadLine),
    /// The file is longer than the given limit.
    TooLarge,
}

impl From<io::Error> for ScanError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl HeaderIndex {
    /// Indexes `file`, which may have at most `limit` bytes.
    pub fn build(file: impl Read, limit: u32) -> Result<Self, ScanError> {
        // Room for the largest files there are; pages that are not used cost nothing.
        let mut entries = Vec::with_capacity(16 * 1024);
        let end = scan_lines(file, limit, |line, offset| {
            let fingerprint = match plain_profile(line) {
                Some(fingerprint) => fingerprint,
                None => {
                    let header = read_header(line, offset)?;
                    fingerprint(header.kind, header.name.as_bytes())
                }
            };
            entries.push(Entry { fingerprint, offset });
            Ok(())
        })?;
        Ok(Self { entries, end, ..Self::default() })
    }

    /// The byte ranges of the sections that may be `kind` `name`, in file order. A range begins with the
    /// heading line, which the reader compares: fingerprints can collide.
    pub fn candidates(&self, kind: SectionKind, name: &str) -> Vec<(u64, u64)> {
        let wanted = fingerprint(kind, name.as_bytes());
        self.lookups.set(self.lookups.get() + 1);
        let range = |at: usize| {
            let end = self.entries.get(at + 1).map_or(self.end, |next| next.offset);
            (self.entries[at].offset.into(), end.into())
        };
        if self.lookups.get() <= FEW_LOOKUPS {
            let matches = self.entries.iter().enumerate().filter(|(_, e)| e.fingerprint == wanted);
            return matches.map(|(at, _)| range(at)).collect();
        }
        let sorted = self.sorted.get_or_init(|| {
            let places = self.entries.iter().zip(0..).map(|(entry, at)| (entry.fingerprint, at));
            let mut sorted: Vec<(u32, u32)> = places.collect();
            sorted.sort_unstable();
            sorted
        });
        let first = sorted.partition_point(|(fingerprint, _)| *fingerprint < wanted);
        let same = sorted[first..].iter().take_while(|(fingerprint, _)| *fingerprint == wanted);
        same.map(|(_, at)| range(*at as usize)).collect()
    }
}

/// Calls `visit` for each heading.
pub fn scan(
    file: impl Read,
    limit: u32,
    mut visit: impl FnMut(Header<'_>),
) -> Result<(), ScanError> {
    scan_lines(file, limit, |line, offset| {
        visit(read_header(line, offset)?);
        Ok(())
    })?;
    Ok(())
}

/// Calls `visit` with the text from each heading on and its byte offset; returns the file's length.
fn scan_lines(
    mut file: impl Read,
    limit: u32,
    mut visit: impl FnMut(&[u8], u32) -> Result<(), ScanError>,
) -> Result<u32, ScanError> {
    let mut buffer = vec![0_u8; CHUNK];
    let mut filled = 0;
    let mut base = 0_u32;
    let mut preamble = Some(Vec::new());
    loop {
        let read = file.read(&mut buffer[filled..])?;
        filled += read;
        if u64::from(base) + filled as u64 > u64::from(limit) {
            return Err(ScanError::TooLarge);
        }
        let at_end = read == 0;
        let whole_lines = match memrchr(b'\n', &buffer[..filled]) {
            _ if at_end => filled,
            Some(last) => last + 1,
            None if filled == buffer.len() => {
                buffer.resize(buffer.len() * 2, 0);
                continue;
            }
            None => continue,
        };
        visit_headings(&buffer[..whole_lines], base, &mut preamble, &mut visit)?;
        base += whole_lines as u32;
        buffer.copy_within(whole_lines..filled, 0);
        filled -= whole_lines;
        if at_end {
            check_preamble(preamble.as_deref().unwrap_or_default())?;
            return Ok(base);
        }
    }
}

/// Finds the headings in `block`, which begins at the start of a line.
fn visit_headings(
    block: &[u8],
    base: u32,
    preamble: &mut Option<Vec<u8>>,
    visit: &mut impl FnMut(&[u8], u32) -> Result<(), ScanError>,
) -> Result<(), ScanError> {
    let first = if base == 0 && block.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    for start in memchr_iter(b'[', block) {
        if start != first && block[start - 1] != b'\n' {
            continue;
        }
        if let Some(mut above) = preamble.take() {
            above.extend_from_slice(&block[..start]);
            check_preamble(&above)?;
        }
        visit(&block[start..], base + start as u32)?;
    }
    if let Some(above) = preamble {
        above.extend_from_slice(block);
    }
    Ok(())
}

/// Reads the heading that `text` begins with.
fn read_header(text: &[u8], offset: u32) -> Result<Header<'_>, ScanError> {
    let line = &text[..memchr(b'\n', text).unwrap_or(text.len())];
    let bad = |problem| ScanError::BadLine(BadLine { offset: offset.into(), problem });
    let line = std::str::from_utf8(line).map_err(|_| bad(Problem::NotUtf8))?;
    syntax::header(line.trim_end_matches('\r')).map_err(bad)
}

/// The fingerprint of `[profile NAME]` as nearly everybody writes it: one blank, plain letters, nothing
/// after it. Any other heading takes the long way through [`read_header`].
fn plain_profile(text: &[u8]) -> Option<u32> {
    let rest = text.strip_prefix(b"[profile ")?;
    let mut hash = fingerprint(SectionKind::Profile, b"");
    for (at, byte) in rest.iter().enumerate() {
        if !IS_PLAIN[usize::from(*byte)] {
            let ends_there = matches!(rest[at..], [b']', b'\n', ..] | [b']', b'\r', b'\n', ..]);
            return (at > 0 && ends_there).then_some(hash);
        }
        hash = mixed(hash, *byte);
    }
    None
}

/// The bytes a plain name is made of.
const IS_PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric()
            || matches!(byte as u8, b'-' | b'_' | b'/' | b'.' | b'%' | b'@' | b':' | b'+');
        byte += 1;
    }
    table
};

fn check_preamble(bytes: &[u8]) -> Result<(), ScanError> {
    let bad = |problem| ScanError::BadLine(BadLine { offset: 0, problem });
    let text = std::str::from_utf8(bytes).map_err(|_| bad(Problem::NotUtf8))?;
    syntax::preamble(text).map_err(ScanError::BadLine)
}

/// FNV-1a: short, and good enough for names that are compared again when read.
fn fingerprint(kind: SectionKind, name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5 ^ (kind as u32), |hash, byte| mixed(hash, *byte))
}

const fn mixed(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives one byte a read, so that every chunk boundary is tried.
    struct Drip<'a>(&'a [u8]);
    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(buffer.len()).min(1);
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn headers(file: impl Read) -> Vec<(String, u32)> {
        let mut found = Vec::new();
        let named = |line: &[u8], offset| {
            found.push((read_header(line, offset)?.name.to_owned(), offset));
            Ok(())
        };
        scan_lines(file, 1 << 20, named).unwrap();
        found
    }

    proptest! {
        #[test]
        fn where_a_chunk_ends_makes_no_difference(
            sections in prop::collection::vec(("[a-z]{1,5}", prop::collection::vec("[a-z]{1,3} = [a-z\\[]{0,80}\r?\n", 0..4)), 0..20)
        ) {
            let mut text = String::from("# above\n");
            let mut expected = Vec::new();
            for (name, lines) in &sections {
                expected.push((name.clone(), text.len() as u32));
                text.push_str(&format!("[profile {name}]\n{}", lines.concat()));
            }
            prop_assert_eq!(&headers(text.as_bytes()), &expected);
            prop_assert_eq!(&headers(Drip(text.as_bytes())), &expected);
        }
    }

    #[test]
    fn the_short_way_finds_what_the_long_way_finds() {
        for (line, is_short) in [
            ("[profile a.b-c]\n", true),
            ("[profile a]\r\n", true),
            ("[profile a] # x\n", false),
            ("[profile\ta]\n", false),
            ("[profile 'a']\n", false),
            ("[profile a]", false),
            ("[default]\n", false),
        ] {
            let header = read_header(line.as_bytes(), 0).unwrap();
            let long_way = fingerprint(header.kind, header.name.as_bytes());
            assert_eq!(plain_profile(line.as_bytes()), is_short.then_some(long_way), "{line:?}");
        }
        assert_eq!(plain_profile(b"[profile ]\n"), None);
    }

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let text = "[profile a]\nx = 1\n[profile b]\ny = 2\n[profile a]\nz = 3";
        let index = HeaderIndex::build(text.as_bytes(), 1000).unwrap();
        let ranges: Vec<_> = index
            .candidates(SectionKind::Profile, "a")
            .into_iter()
            .map(|(from, to)| &text[from as usize..to as usize])
            .collect();
        assert_eq!(ranges, ["[profile a]\nx = 1\n", "[profile a]\nz = 3"]);
        let few = index.candidates(SectionKind::Profile, "a");
        for _ in 0..FEW_LOOKUPS {
            index.candidates(SectionKind::Profile, "b");
        }
        assert_eq!(index.candidates(SectionKind::Profile, "a"), few, "sorted or not");
    }

    #[test]
    fn a_setting_above_the_first_heading_is_an_error_and_a_byte_order_mark_is_not() {
        let bad = HeaderIndex::build(&b"x = 1\n[profile a]\n"[..], 1000);
        assert!(matches!(bad, Err(ScanError::BadLine(BadLine { offset: 0, .. }))));
        assert_eq!(headers(&b"\xEF\xBB\xBF[profile a]\n"[..]), [("a".to_owned(), 3)]);
    }

    #[test]
    fn a_file_over_the_limit_is_not_read_to_its_end() {
        let endless = io::repeat(b'x');
        assert!(matches!(HeaderIndex::build(endless, 1 << 20), Err(ScanError::TooLarge)));
    }
}
