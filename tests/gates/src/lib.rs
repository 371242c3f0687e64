//! Gates: what must hold when the power goes, disks fail and bits turn over, and of what the product is built. Each prints its figures, is red or green, and is
//! itself proven by planted faults, which take out one protection and must turn it red.
//!
//! Owns what every gate is made of, and the gates that need no whole hub; those that do live in `hub-tests`. The product is
//! used as it is: faults are planted in the disk beneath it or in what it is given, never in its code.
//!
//! The map: `gate` what a gate is, `report` its figures, `command` and `self_test` how gates are run, `parallel` and `chance`
//! many cases from one seed; then `disk` and `image` the disk that remembers and what a power cut leaves of it, `promise` and
//! `workload` a journal's word and what is done to it, `view` a view made from a history and looked at by a process of its
//! own, and a file for each gate.

mod bit_rot;
mod chance;
mod command;
mod disk;
mod fuzz;
mod gate;
mod image;
mod io_errors;
pub mod parallel;
mod power_cut;
mod promise;
mod report;
mod self_test;
mod supply_chain;
#[path = "../../../host/crates/hub-fold/tests/support/mod.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the fold's own tests tell a history; a gate needs a few of their words"
)]
mod support;
mod view;
mod workload;

pub use command::command;
pub use disk::LogDisk;
pub use gate::{FAULT_SHARE, Fault, Gate, Level, Setup};
pub use image::Image;
pub use report::{Figure, Report};
pub use view::{Ahead, look};

/// The gates that need no whole hub.
pub const GATES: [Gate; 5] =
    [power_cut::GATE, io_errors::GATE, bit_rot::GATE, supply_chain::GATE, fuzz::GATE];
