//! The hub as a whole, seen from outside: a harness that starts the real binary beside simulated providers, and the
//! demo that tells a story with it. Tests and the bench use the same harness. Never reaches into the hub: everything
//! goes over HTTP, files and signals, as in production.

pub mod bench;
pub mod demo;
pub mod support;
