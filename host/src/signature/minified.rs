//! JSON without whitespace outside strings, byte by byte. Does not parse: numbers, escapes and the order of members
//! have to stay exactly as they were signed.

pub(super) fn minified(body: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(body.len());
    let mut place = Place::Outside;
    for &byte in body {
        if place == Place::Outside && matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        }
        kept.push(byte);
        place = place.after(byte);
    }
    kept
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    String,
    /// Behind a backslash in a string: the next byte ends nothing.
    Escape,
}

impl Place {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Outside, b'"') => Self::String,
            (Self::String, b'"') => Self::Outside,
            (Self::String, b'\\') => Self::Escape,
            (Self::Escape, _) => Self::String,
            (place, _) => place,
        }
    }
}
