//! The mark that our lines in an order's note carry: by it a line is written once, and known for ours when the shop
//! reports the order.

/// Stands before the effect's id, and this after it.
const OPEN: &str = "[omnihub ";
const CLOSE: char = ']';

/// A line for an order's note.
pub(crate) fn line(text: &str, effect: &str) -> String {
    format!("{text} {OPEN}{effect}{CLOSE}")
}

/// Whether this effect wrote a line of the note.
pub(crate) fn wrote(note: &str, effect: &str) -> bool {
    note.contains(&format!("{OPEN}{effect}{CLOSE}"))
}

/// The effect that wrote the newest marked line. Merchants and customers write notes too, so only the exact form of an
/// effect's id counts.
pub(crate) fn newest(note: &str) -> Option<String> {
    /// An effect's id is 16 bytes in hexadecimal.
    const ID_CHARS: usize = 32;
    let (id, _) = note.rsplit_once(OPEN)?.1.split_once(CLOSE)?;
    let is_id = id.len() == ID_CHARS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_owned())
}
