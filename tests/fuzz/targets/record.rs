//! The engine's way to the target of this name.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| hub_fuzz::record::try_one(input));
