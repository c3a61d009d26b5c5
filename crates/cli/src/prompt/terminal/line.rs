//! The line being typed.

use keyward_creds::Secret;
use zeroize::Zeroizing;

/// The longest answer, in bytes. Room for it is taken once, so that no copy is left behind by growth.
const LONGEST: usize = 4096;

/// What has been typed. Wiped with all the room it took, corrected characters included.
pub(super) struct Line {
    pub(super) text: Zeroizing<String>,
    pub(super) overflowed: bool,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { text: Zeroizing::new(String::with_capacity(LONGEST)), overflowed: false }
    }

    /// False when there is no room. Then only starting again helps: half a secret is none.
    pub(super) fn push(&mut self, c: char) -> bool {
        self.overflowed |= self.text.len() + c.len_utf8() > LONGEST;
        if !self.overflowed {
            self.text.push(c);
        }
        !self.overflowed
    }

    /// Returns how many columns of the screen became free; so do the next two.
    pub(super) fn erase_character(&mut self) -> usize {
        self.text.pop().map_or(0, columns)
    }

    pub(super) fn erase_word(&mut self) -> usize {
        let words = self.text.trim_end();
        let kept = words.trim_end_matches(|c: char| !c.is_whitespace()).len();
        self.erase_down_to(kept)
    }

    pub(super) fn erase_all(&mut self) -> usize {
        self.overflowed = false;
        self.erase_down_to(0)
    }

    fn erase_down_to(&mut self, length: usize) -> usize {
        let mut erased = 0;
        while self.text.len() > length {
            erased += self.erase_character();
        }
        erased
    }

    pub(super) fn finish(mut self) -> Secret {
        Secret::new(std::mem::take(&mut *self.text))
    }
}

/// About how wide a character is on a screen: near enough to rub it out.
fn columns(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff => 2,
        0x20000..=0x3fffd => 2,
        _ => 1,
    }
}
