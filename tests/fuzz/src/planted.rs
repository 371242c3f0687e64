//! A fault of our own, so that it is seen that the engine finds one: an input that nobody meets by chance.

pub fn try_one(bytes: &[u8]) {
    let is =
        |place: usize, needle: u8| bytes.get(place).is_some_and(|byte| std::hint::black_box(*byte) == needle);
    // Byte by byte, as a parser goes: each right one is code that the engine has not seen.
    let is_needle = is(0, b'H') && is(1, b'a') && is(2, b'y') && is(3, b'!');
    assert!(!is_needle, "the needle is found");
}
