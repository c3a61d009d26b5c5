//! Data made harmless for each reader: what comes out is one word whose value is what went in.
//!
//! Each function appends to a text the caller has made large enough, so that no half-written copy of a
//! secret is left behind by a reallocation. A byte becomes four at most: `'` is `'\''` to a POSIX shell.

/// True when every reader we know (shells, Docker, Compose, systemd, dotenv libraries) takes `value`
/// unquoted for what it is. All real AWS credentials are like this.
///
/// A leading `=`, also after `:`, would make zsh look for a command of that name.
pub(crate) fn is_plain(value: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.,:/+=@%".contains(&b);
    !value.is_empty()
        && value.bytes().all(plain)
        && !value.starts_with('=')
        && !value.contains(":=")
}

/// For sh, dash, bash, ksh and zsh: nothing is special between single quotes, not even a newline.
pub(crate) fn posix(out: &mut String, value: &str) {
    between_quotes(out, '\'', value, |c| match c {
        '\'' => Some("'\\'"),
        _ => None,
    });
}

/// For fish: as in POSIX, but `\` keeps its power before `\` and `'`.
pub(crate) fn fish(out: &mut String, value: &str) {
    between_quotes(out, '\'', value, |c| matches!(c, '\'' | '\\').then_some("\\"));
}

/// For PowerShell: a quote is doubled. It takes four typographic quotes for `'` as well.
pub(crate) fn powershell(out: &mut String, value: &str) {
    between_quotes(out, '\'', value, |c| match c {
        '\'' => Some("'"),
        '\u{2018}' => Some("\u{2018}"),
        '\u{2019}' => Some("\u{2019}"),
        '\u{201A}' => Some("\u{201A}"),
        '\u{201B}' => Some("\u{201B}"),
        _ => None,
    });
}

/// For `.env` files, whose readers agree on less and less the odder the value is.
///
/// Plain values stay bare, on which all agree, `docker run --env-file` too, which knows no quotes. Others
/// go between single quotes: bash, Compose, Node, Ruby and systemd agree. With a `'` or `\` inside, double
/// quotes with escapes are left, as bash, Compose, Ruby and systemd read them, and Node does not.
pub(crate) fn dotenv(out: &mut String, value: &str) {
    if is_plain(value) {
        out.push_str(value);
    } else if !value.contains(['\'', '\\']) {
        between_quotes(out, '\'', value, |_| None);
    } else {
        between_quotes(out, '"', value, |c| matches!(c, '"' | '\\' | '$' | '`').then_some("\\"));
    }
}

/// `value` between two `quote`s, each character after what `before` wants in front of it.
fn between_quotes(
    out: &mut String,
    quote: char,
    value: &str,
    before: impl Fn(char) -> Option<&'static str>,
) {
    out.push(quote);
    for c in value.chars() {
        out.push_str(before(c).unwrap_or_default());
        out.push(c);
    }
    out.push(quote);
}
