//! From the bytes a terminal sends to what the person did.

use zeroize::Zeroizing;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Enter,
    Erase,
    EraseWord,
    EraseLine,
    EndOfInput,
    Interrupt,
    Suspend,
}

/// Bytes to keys.
#[derive(Default)]
pub(super) struct Keys {
    state: State,
    /// The bytes of a character that is not complete yet.
    partial: Zeroizing<[u8; 4]>,
    partial_length: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Plain,
    /// After Escape.
    Escape,
    /// In `ESC [ …`, with whether it has just begun.
    Sequence { begun: bool },
    /// One more byte belongs to it, as in `ESC O A`.
    LastByte,
    /// In a string of the terminal's own, such as its answer to a colour query.
    Report,
}

impl Keys {
    pub(super) fn in_sequence(&self) -> bool {
        self.state != State::Plain
    }

    pub(super) fn give_up(&mut self) -> Option<Key> {
        self.state = State::Plain;
        None
    }

    pub(super) fn feed(&mut self, byte: u8) -> Option<Key> {
        let (next, key) = match (self.state, byte) {
            (_, 0x1b) => (State::Escape, None),
            // Control characters count anywhere: Ctrl-C must work inside half a sequence, too.
            (_, ..0x20 | 0x7f) => (State::Plain, control(byte)),
            (State::Plain, _) => (State::Plain, self.character(byte).map(Key::Char)),
            (State::Escape, b'[') => (State::Sequence { begun: true }, None),
            (State::Escape, b'O') => (State::LastByte, None),
            (State::Escape, b']' | b'P' | b'_' | b'^' | b'X') => (State::Report, None),
            // The Linux console sends `ESC [ [ A` for F1.
            (State::Sequence { begun: true }, b'[') => (State::LastByte, None),
            (State::Sequence { .. }, 0x20..0x40) => (State::Sequence { begun: false }, None),
            (State::Report, _) => (State::Report, None),
            (State::Escape | State::Sequence { .. } | State::LastByte, _) => (State::Plain, None),
        };
        self.state = next;
        key
    }

    /// Puts UTF-8 together. Bytes that belong to no character are dropped.
    fn character(&mut self, byte: u8) -> Option<char> {
        if byte < 0x80 {
            self.partial_length = 0;
            return Some(char::from(byte));
        }
        if byte >= 0xc0 {
            self.partial_length = 0;
        } else if self.partial_length == 0 {
            return None;
        }
        self.partial[self.partial_length] = byte;
        self.partial_length += 1;
        match std::str::from_utf8(&self.partial[..self.partial_length]) {
            Ok(complete) => {
                self.partial_length = 0;
                complete.chars().next().filter(|c| !c.is_control())
            }
            Err(error) if error.error_len().is_none() => None,
            Err(_) => {
                self.partial_length = 0;
                None
            }
        }
    }
}

fn control(byte: u8) -> Option<Key> {
    match byte {
        b'\r' | b'\n' => Some(Key::Enter),
        0x08 | 0x7f => Some(Key::Erase),
        0x03 => Some(Key::Interrupt),
        // Ctrl-\ asks for a core dump, and this process holds secrets.
        0x1c => Some(Key::Interrupt),
        0x04 => Some(Key::EndOfInput),
        0x15 => Some(Key::EraseLine),
        0x17 => Some(Key::EraseWord),
        0x1a => Some(Key::Suspend),
        _ => None,
    }
}
