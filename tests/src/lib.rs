//! The hub as a whole, seen from outside: a harness that starts the real binary beside simulated providers, and the
//! demo that tells a story with it. Tests and the bench use the same harness. Never reaches into the hub: everything
//! goes over HTTP, files and signals, as in production. Only a day on a fast clock ([`day`]) needs the hub in its own
//! process.

pub mod bench;
pub mod day;
pub mod demo;
pub mod gates;
pub mod support;
