//! Whatever bytes come in, the hub answers: one module for each place where they do, with what must hold there. An engine
//! that sees which code an input reaches looks for one that breaks it; `cargo xtask gate fuzz` runs it.
//!
//! A module's `try_one` panics when its promise is broken, and does nothing that the next input could notice. To look at what
//! was found: `cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none <module> <file>`.

#[cfg(feature = "hub")]
pub mod address;
#[cfg(feature = "hub")]
pub mod config;
pub mod journal;
#[cfg(feature = "hub")]
pub mod lifting;
pub mod planted;
#[cfg(feature = "hub")]
pub mod query;
pub mod record;
pub mod rules;
#[cfg(feature = "hub")]
pub mod signature;

/// Typed input made of the engine's bytes; `None` where they do not suffice.
fn typed<'a, T: arbitrary::Arbitrary<'a>>(bytes: &'a [u8]) -> Option<T> {
    T::arbitrary_take_rest(arbitrary::Unstructured::new(bytes)).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// What the engine begins with holds; so every target is run by the tests, be it a little.
    fn begins(try_one: fn(&[u8]), seeds: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(seeds);
        let files = fs::read_dir(&folder).expect("there are seeds").flatten().map(|entry| entry.path());
        let tried =
            files.filter(|path| path.is_file()).map(|path| try_one(&fs::read(path).expect("a seed is read")));
        assert!(tried.count() > 0, "{seeds} is empty");
    }

    #[test]
    fn rules_begin() {
        begins(super::rules::try_one, "tests/golden/rules/ok");
        begins(super::rules::try_one, "tests/golden/rules/bad");
        begins(super::rules::try_one, "host/templates");
    }

    #[cfg(feature = "hub")]
    #[test]
    fn what_needs_the_host_begins() {
        begins(super::config::try_one, "tests/fuzz/seeds/config");
        begins(super::lifting::try_one, "tests/fuzz/seeds/lifting");
        begins(super::query::try_one, "tests/fuzz/seeds/query");
    }

    #[test]
    fn whatever_is_short_is_nothing() {
        for try_one in [super::journal::try_one, super::record::try_one, super::rules::try_one] {
            (0..=u8::MAX).for_each(|byte| try_one(&[byte, byte, byte]));
        }
    }
}
