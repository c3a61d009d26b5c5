//! Text from outside (servers, configuration, other programs) made safe to show on a terminal.

/// Replaces control characters, and characters that reorder text or cannot be seen, by `?`, and cuts after
/// 500 characters, so that foreign text can neither drive the terminal nor drown a message.
pub fn printable(foreign: &str) -> String {
    const LIMIT: usize = 500;
    let mut shown: String =
        foreign.chars().take(LIMIT).map(|c| if is_harmless(c) { c } else { '?' }).collect();
    if foreign.chars().nth(LIMIT).is_some() {
        shown.push('…');
    }
    shown
}

fn is_harmless(c: char) -> bool {
    let reorders = matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let breaks_lines = matches!(c, '\u{2028}' | '\u{2029}');
    let is_invisible = matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2065}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}');
    !(c.is_control() || reorders || breaks_lines || is_invisible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_and_bidi_overrides_lose_their_power() {
        assert_eq!(printable("a\u{1b}[31mb\u{9b}2J\u{202e}c\n"), "a?[31mb?2J?c?");
    }

    #[test]
    fn long_text_is_cut() {
        let shown = printable(&"x".repeat(10_000));
        assert_eq!(shown.chars().count(), 501);
    }
}
