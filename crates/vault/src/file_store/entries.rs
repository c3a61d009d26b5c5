//! What is inside a vault: values under labels, each with an id.

use std::collections::BTreeMap;

use keyward_creds::SecretBytes;
use zeroize::Zeroizing;

use super::bytes::Reader;
use crate::sealed::fill_random;

/// The plain text grows in steps of this size, so that the file's size tells little.
pub(super) const STEP: usize = 1024;
const ID_LEN: usize = 16;

/// Values under labels. Labels that this version does not know are kept.
#[derive(Default)]
pub(super) struct Entries(BTreeMap<String, Entry>);

struct Entry {
    /// Random, given when the label is first used and kept while it lives, so that two diverged copies of
    /// a vault can be told apart entry by entry.
    id: [u8; ID_LEN],
    value: SecretBytes,
}

impl Entries {
    pub(super) fn get(&self, label: &str) -> Option<&SecretBytes> {
        self.0.get(label).map(|entry| &entry.value)
    }

    pub(super) fn put(&mut self, label: &str, value: SecretBytes) {
        let id = self.0.get(label).map_or_else(new_id, |entry| entry.id);
        self.0.insert(label.to_owned(), Entry { id, value });
    }

    pub(super) fn remove(&mut self, label: &str) -> bool {
        self.0.remove(label).is_some()
    }

    pub(super) fn labels(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// The entries as bytes, a whole number of steps long.
    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let length =
            4 + self.0.iter().map(|(label, entry)| entry.encoded_len(label)).sum::<usize>();
        // Reserved at once: a growing buffer would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(length.next_multiple_of(STEP)));
        bytes.extend_from_slice(&count(self.0.len()));
        for (label, entry) in &self.0 {
            bytes.extend_from_slice(&entry.id);
            bytes.extend_from_slice(&count(label.len()));
            bytes.extend_from_slice(label.as_bytes());
            bytes.extend_from_slice(&count(entry.value.expose().len()));
            bytes.extend_from_slice(entry.value.expose());
        }
        bytes.resize(length.next_multiple_of(STEP), 0);
        bytes
    }

    /// Reads entries back. `None` when the bytes are not exactly what [`Entries::encode`] makes.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut left = Reader(bytes);
        let mut entries = BTreeMap::new();
        let mut last: Option<String> = None;
        for _ in 0..left.u32()? {
            let id = left.array()?;
            let label = std::str::from_utf8(left.long_piece()?).ok()?.to_owned();
            let value = SecretBytes::new(left.long_piece()?.to_vec());
            if last.as_ref().is_some_and(|last| *last >= label) {
                return None;
            }
            last = Some(label.clone());
            entries.insert(label, Entry { id, value });
        }
        let used = bytes.len() - left.0.len();
        let padded = bytes.len() == used.next_multiple_of(STEP) && left.0.iter().all(|b| *b == 0);
        padded.then_some(Self(entries))
    }
}

impl Entry {
    fn encoded_len(&self, label: &str) -> usize {
        ID_LEN + 4 + label.len() + 4 + self.value.expose().len()
    }
}

/// A length or count as the format has it. A vault is far smaller than four gigabytes, and a larger one is
/// refused before it is written.
fn count(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

fn new_id() -> [u8; ID_LEN] {
    let mut id = [0; ID_LEN];
    fill_random(&mut id);
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_stays_while_the_label_lives() {
        let mut entries = Entries::default();
        entries.put("key/a", SecretBytes::new(vec![1]));
        let id = entries.0["key/a"].id;
        entries.put("key/a", SecretBytes::new(vec![2]));
        assert_eq!(entries.0["key/a"].id, id);
        entries.remove("key/a");
        entries.put("key/a", SecretBytes::new(vec![3]));
        assert_ne!(entries.0["key/a"].id, id);
    }

    #[test]
    fn the_size_grows_in_steps() {
        let mut entries = Entries::default();
        assert_eq!(entries.encode().len(), STEP);
        entries.put("key/a", SecretBytes::new(vec![1; STEP - 40]));
        assert_eq!(entries.encode().len(), STEP);
        entries.put("key/b", SecretBytes::new(vec![1]));
        assert_eq!(entries.encode().len(), 2 * STEP);
    }

    proptest! {
        #[test]
        fn entries_survive_their_bytes(model: BTreeMap<String, Vec<u8>>) {
            let mut entries = Entries::default();
            for (label, value) in &model {
                entries.put(label, SecretBytes::new(value.clone()));
            }
            let read = Entries::decode(&entries.encode()).unwrap();
            let found: BTreeMap<String, Vec<u8>> = read
                .labels()
                .map(|label| (label.clone(), read.get(label).unwrap().expose().to_vec()))
                .collect();
            prop_assert_eq!(found, model);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = Entries::decode(&bytes);
        }
    }
}
