//! Owns how a row's key is held in memory.

use std::ops::Deref;

use smallvec::SmallVec;

/// The key of a row, for trees in memory; in the same order as its bytes.
///
/// It lies in the tree's own nodes: looking for a key is comparing keys, and each that lay elsewhere would be fetched from
/// there. Most begin with a hash, so that the first bytes as a number tell two of them apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The first eight bytes, those that are not there being nought: it orders as they do, and ties go on.
    head: u64,
    bytes: SmallVec<[u8; INLINE_BYTES]>,
}

/// Most keys are no longer: an account, the name of an event, a time and an id.
const INLINE_BYTES: usize = 64;

impl From<&[u8]> for Key {
    fn from(key: &[u8]) -> Self {
        let head = match key.first_chunk() {
            Some(head) => u64::from_be_bytes(*head),
            None => key.iter().rev().fold(0, |head, byte| (head >> 8) | (u64::from(*byte) << 56)),
        };
        Self { head, bytes: SmallVec::from_slice(key) }
    }
}

impl Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Key;

    fn key() -> impl Strategy<Value = Vec<u8>> {
        // Few different bytes: keys that begin alike, of one another and with noughts.
        prop::collection::vec(prop::sample::select(vec![0, 1, 0x7f, 0xff]), 0..12)
    }

    proptest! {
        #[test]
        fn keys_order_as_their_bytes(left in key(), right in key()) {
            let of = |key: &Vec<u8>| Key::from(key.as_slice());
            prop_assert_eq!(of(&left).cmp(&of(&right)), left.cmp(&right));
            prop_assert_eq!(&*of(&left), left.as_slice());
        }
    }
}
