//! The hash that general words are kept by. The build script makes the table with it, the component searches by it.

/// FNV-1a. Of all that customers write, a word in two million meets another's hash: no harm among opinions.
pub(crate) fn word_hash(word: &str) -> u32 {
    const START: u32 = 0x811c_9dc5;
    const FACTOR: u32 = 0x0100_0193;
    word.bytes().fold(START, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(FACTOR))
}
