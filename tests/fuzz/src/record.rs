//! The payload of a journal's record, by kind: whatever is read can be written, and is then read as the same.

use hub_fold::record::Record;

/// The first byte is the kind.
pub fn try_one(bytes: &[u8]) {
    let Some((kind, payload)) = bytes.split_first() else { return };
    let Ok(record) = Record::decode(*kind, payload) else { return };
    let again = Record::decode(record.kind(), &record.encode());
    assert_eq!(again.ok().as_ref(), Some(&record), "it is not read as it was written");
}
