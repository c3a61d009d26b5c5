//! Finding sections without reading all of them.
//!
//! A config file of five thousand profiles is 900 KB; parsing it costs milliseconds on every `exec`.
//! [`scan`] looks only for lines that begin with `[`, in chunks that stay in the processor's cache, and
//! the index keeps sixteen bytes a section. The few sections that a plan needs are read afterwards.

use std::io::{self, Read};

use memchr::{memchr, memmem, memrchr};

use super::syntax::{self, BadLine, Header, Problem, SectionKind};

const CHUNK: usize = 64 * 1024;

/// Where each section begins.
#[derive(Debug, Default)]
pub struct HeaderIndex {
    entries: Vec<Entry>,
    /// The size of the file when it was scanned.
    end: u64,
}

#[derive(Debug)]
struct Entry {
    fingerprint: u64,
    offset: u64,
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
    pub fn build(file: impl Read, limit: u64) -> Result<Self, ScanError> {
        let mut entries = Vec::with_capacity(64);
        let end = scan(file, limit, |header, offset| {
            entries.push(Entry { fingerprint: fingerprint(header.kind, header.name), offset });
        })?;
        Ok(Self { entries, end })
    }

    /// The byte ranges of the sections that may be `kind` `name`, in file order. A range begins with the
    /// heading line, which the reader compares: fingerprints can collide.
    pub fn candidates(&self, kind: SectionKind, name: &str) -> impl Iterator<Item = (u64, u64)> {
        let wanted = fingerprint(kind, name);
        self.entries.iter().enumerate().filter(move |(_, e)| e.fingerprint == wanted).map(
            |(at, entry)| {
                let end = self.entries.get(at + 1).map_or(self.end, |next| next.offset);
                (entry.offset, end)
            },
        )
    }
}

/// Calls `visit` for each heading with its byte offset, and returns the number of bytes read.
pub fn scan(
    mut file: impl Read,
    limit: u64,
    mut visit: impl FnMut(Header<'_>, u64),
) -> Result<u64, ScanError> {
    let mut buffer = vec![0_u8; CHUNK];
    let mut filled = 0;
    let mut base = 0_u64;
    let mut preamble = Some(Vec::new());
    loop {
        let read = file.read(&mut buffer[filled..])?;
        filled += read;
        if base + filled as u64 > limit {
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
        visit_headers(&buffer[..whole_lines], base, &mut preamble, &mut visit)?;
        base += whole_lines as u64;
        buffer.copy_within(whole_lines..filled, 0);
        filled -= whole_lines;
        if at_end {
            check_preamble(preamble.as_deref().unwrap_or_default())?;
            return Ok(base);
        }
    }
}

/// Finds the headings in `block`, which begins at the start of a line.
fn visit_headers(
    block: &[u8],
    base: u64,
    preamble: &mut Option<Vec<u8>>,
    visit: &mut impl FnMut(Header<'_>, u64),
) -> Result<(), ScanError> {
    let skip = if base == 0 && block.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let first = (block.get(skip) == Some(&b'[')).then_some(skip);
    let later = memmem::find_iter(block, b"\n[").map(|line_feed| line_feed + 1);
    for start in first.into_iter().chain(later) {
        if let Some(mut above) = preamble.take() {
            above.extend_from_slice(&block[..start]);
            check_preamble(&above)?;
        }
        let line = &block[start..];
        let line = &line[..memchr(b'\n', line).unwrap_or(line.len())];
        let bad = |problem| ScanError::BadLine(BadLine { offset: base + start as u64, problem });
        let line = std::str::from_utf8(line).map_err(|_| bad(Problem::NotUtf8))?;
        let header = syntax::header(line.trim_end_matches('\r')).map_err(bad)?;
        visit(header, base + start as u64);
    }
    if let Some(above) = preamble {
        above.extend_from_slice(block);
    }
    Ok(())
}

fn check_preamble(bytes: &[u8]) -> Result<(), ScanError> {
    let bad = |problem| ScanError::BadLine(BadLine { offset: 0, problem });
    let text = std::str::from_utf8(bytes).map_err(|_| bad(Problem::NotUtf8))?;
    syntax::preamble(text).map_err(ScanError::BadLine)
}

/// FNV-1a: short, and good enough for names that are compared again when read.
fn fingerprint(kind: SectionKind, name: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64 ^ (kind as u64);
    name.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
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

    fn headers(file: impl Read) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        scan(file, 1 << 20, |header, offset| found.push((header.name.to_owned(), offset))).unwrap();
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
                expected.push((name.clone(), text.len() as u64));
                text.push_str(&format!("[profile {name}]\n{}", lines.concat()));
            }
            prop_assert_eq!(&headers(text.as_bytes()), &expected);
            prop_assert_eq!(&headers(Drip(text.as_bytes())), &expected);
        }
    }

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let text = "[profile a]\nx = 1\n[profile b]\ny = 2\n[profile a]\nz = 3";
        let index = HeaderIndex::build(text.as_bytes(), 1000).unwrap();
        let ranges: Vec<_> = index
            .candidates(SectionKind::Profile, "a")
            .map(|(from, to)| &text[from as usize..to as usize])
            .collect();
        assert_eq!(ranges, ["[profile a]\nx = 1\n", "[profile a]\nz = 3"]);
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
