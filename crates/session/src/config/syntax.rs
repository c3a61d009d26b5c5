//! The syntax of AWS's shared configuration files, line by line, as the SDKs read it.
//!
//! A line that begins with `[` opens a section; one that begins with white space continues the property
//! before it; `#` and `;` begin a comment at the start of a line, and inside a value only after white
//! space.

const WHITE: &[char] = &[' ', '\t'];

/// What a section is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SectionKind {
    /// `[profile x]`.
    Profile,
    /// `[default]`: the default profile's other spelling, which loses against `[profile default]`.
    BareDefault,
    /// `[sso-session x]`.
    SsoSession,
    /// `[services x]`.
    Services,
    /// Any other heading, which readers pass over.
    Other,
}

/// A section's heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// What the section is about.
    pub kind: SectionKind,
    /// Its name without quotes; `default` for the bare default section.
    pub name: &'a str,
}

/// One `key = value`, with the place it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Lower case: keys are case-insensitive.
    pub key: String,
    /// Trimmed, without a comment; continuation lines are joined by a line feed.
    pub value: String,
    /// Byte offset of the property's line in its file.
    pub offset: u64,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// `[profile x` without its end.
    #[error("a section heading ends with `]`")]
    UnclosedHeading,
    /// A line that is neither a heading nor a property.
    #[error("expected `key = value`")]
    NoEquals,
    /// `= value`.
    #[error("a setting has a name before `=`")]
    NoKey,
    /// A property above the first heading.
    #[error("a setting stands under a `[profile name]` heading")]
    OutsideSection,
    /// An indented line with nothing to continue.
    #[error("an indented line continues a setting, and there is none above it")]
    NothingToContinue,
    /// Bytes that are not UTF-8.
    #[error("the file is text in UTF-8")]
    NotUtf8,
}

/// A bad line: which problem, and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Byte offset of the line in its file.
    pub offset: u64,
    /// What is wrong with it.
    pub problem: Problem,
}

/// Reads a heading line, which begins with `[`.
pub fn header(line: &str) -> Result<Header<'_>, Problem> {
    let inner = without_comment(line, false)
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .ok_or(Problem::UnclosedHeading)?
        .trim_matches(WHITE);
    if inner == "default" {
        return Ok(Header { kind: SectionKind::BareDefault, name: "default" });
    }
    let (word, name) = inner.split_once(WHITE).unwrap_or((inner, ""));
    let kind = match word {
        "profile" => SectionKind::Profile,
        "sso-session" => SectionKind::SsoSession,
        "services" => SectionKind::Services,
        _ => SectionKind::Other,
    };
    Ok(Header { kind, name: unquoted(name.trim_matches(WHITE)) })
}

/// Reads the lines under a heading. `text` starts at byte `base` of its file.
pub fn properties(text: &str, base: u64) -> Result<Vec<Property>, BadLine> {
    let mut found: Vec<Property> = Vec::new();
    for (offset, line) in lines_with_offsets(text, base) {
        let bad = |problem| BadLine { offset, problem };
        if is_blank_or_comment(line) {
            continue;
        }
        if line.starts_with(WHITE) {
            let last = found.last_mut().ok_or(bad(Problem::NothingToContinue))?;
            last.value.push('\n');
            last.value.push_str(line.trim_matches(WHITE));
            continue;
        }
        let (key, value) =
            without_comment(line, true).split_once('=').ok_or(bad(Problem::NoEquals))?;
        let key = key.trim_matches(WHITE).to_ascii_lowercase();
        if key.is_empty() {
            return Err(bad(Problem::NoKey));
        }
        found.push(Property { key, value: value.trim_matches(WHITE).to_owned(), offset });
    }
    Ok(found)
}

/// Checks the text above the first heading, where only blank lines and comments may stand.
pub fn preamble(text: &str) -> Result<(), BadLine> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    match lines_with_offsets(text, 0).find(|(_, line)| !is_blank_or_comment(line)) {
        Some((offset, _)) => Err(BadLine { offset, problem: Problem::OutsideSection }),
        None => Ok(()),
    }
}

fn lines_with_offsets(text: &str, base: u64) -> impl Iterator<Item = (u64, &str)> {
    let mut offset = base;
    text.split_inclusive('\n').map(move |line| {
        let start = offset;
        offset += line.len() as u64;
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

fn is_blank_or_comment(line: &str) -> bool {
    line.trim_matches(WHITE).is_empty() || line.starts_with(['#', ';'])
}

fn without_comment(line: &str, needs_white_space: bool) -> &str {
    let mut after_white = false;
    let mut end = line.len();
    for (at, c) in line.char_indices() {
        if matches!(c, '#' | ';') && (after_white || !needs_white_space) {
            end = at;
            break;
        }
        after_white = c.is_whitespace();
    }
    line[..end].trim_matches(|c: char| c.is_whitespace())
}

fn unquoted(name: &str) -> &str {
    ['"', '\''].iter().find_map(|&q| name.strip_prefix(q)?.strip_suffix(q)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        properties(text, 0).unwrap().into_iter().map(|p| (p.key, p.value)).collect()
    }

    #[test]
    fn a_comment_inside_a_value_needs_white_space_before_it() {
        let text = "a = b # c\nurl = https://x/start#/\n; whole line\nREGION=eu\r\n";
        let expected = [("a", "b"), ("url", "https://x/start#/"), ("region", "eu")];
        assert_eq!(pairs(text), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn an_indented_line_continues_the_setting_above() {
        assert_eq!(pairs("s3 =\n  max = 1\n"), [("s3".to_owned(), "\nmax = 1".to_owned())]);
        let orphan = properties("  max = 1\n", 7).unwrap_err();
        assert_eq!(orphan, BadLine { offset: 7, problem: Problem::NothingToContinue });
    }

    #[test]
    fn a_bad_line_is_named_by_its_offset() {
        let bad = properties("a = 1\nnonsense\n", 100).unwrap_err();
        assert_eq!(bad, BadLine { offset: 106, problem: Problem::NoEquals });
        assert_eq!(properties("= x\n", 0).unwrap_err().problem, Problem::NoKey);
        assert_eq!(header("[profile x").unwrap_err(), Problem::UnclosedHeading);
    }

    #[test]
    fn headings_may_carry_quotes_tabs_and_comments() {
        for line in
            ["[profile a b]", "[profile\ta b ] # x", "[ profile \"a b\"];x", "[profile 'a b']"]
        {
            let expected = Header { kind: SectionKind::Profile, name: "a b" };
            assert_eq!(header(line).unwrap(), expected, "{line}");
        }
        assert_eq!(header("[default]").unwrap().kind, SectionKind::BareDefault);
        assert_eq!(header("[prod]").unwrap().kind, SectionKind::Other);
    }
}
