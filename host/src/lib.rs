//! The hub itself: wiring, intake, processing, effects, reads, and the command line. What anything means is decided in
//! the crates below `crates/`; ARCHITECTURE.md beside this folder is the map.

pub mod app;
pub mod clock;
pub mod config;
pub mod data;

mod acting;
mod admin;
pub mod cli;
mod dispatcher;
mod egress;
mod enrich;
mod erase;
mod export;
mod folder;
mod health;
mod inbox;
mod ingress;
mod judge;
mod known;
mod lanes;
mod metrics;
mod normaliser;
mod pipeline;
mod plugins;
mod poller;
mod record;
pub mod replay;
mod retries;
mod scheduler;
mod secret;
mod settings;
mod signature;
mod standing;
mod stored;
mod throttle;
mod timekeeper;
mod view;
mod watchdog;
mod what_if;
