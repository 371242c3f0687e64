//! The only test binary. The hub as a process of its own, over HTTP, files and signals: the whole story, and what is left
//! after crashes; golden deliveries through real components; promises about the source. `cargo xtask test` builds the
//! binary and the components first.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking, helpers included")]

mod day;
// Limits on a running process are Linux's.
#[cfg(target_os = "linux")]
mod disk;
mod effect_steps;
mod end_to_end;
mod erase;
mod ingress;
mod mixed;
mod people;
mod plugins;
mod record;
mod rules;
mod samples;
mod swap;
mod templates;
mod tidy;
mod tokens;
