//! Loads and calls components: the only crate that names wasmtime. A component is never trusted: every call gets a
//! fresh instance, a CPU budget, a memory cap and exactly the imports its phase allows, and whatever it does comes
//! back as a [`CallError`] that names it.
//!
//! Owns: the engine, the cache of compiled code, the limits, the conversion between `wit/` and `hub-model`.
//! Never: opens a connection, keeps state or reads a secret. What an acting connector may ask of the hub is
//! [`ActingHost`], which `host` implements.

mod acting;
mod bindings;
mod cache;
mod call;
mod convert;
mod engine;
mod exchange;
mod guest_log;
mod install;
mod limits;
mod linker;
pub mod manifest;
mod outcome;
mod patience;
mod permits;
mod plain_text;
mod state;
mod suspension;
mod ticker;

pub use acting::{ActingHost, BoxFuture, HttpError, HttpMethod, HttpRequest, HttpResponse};
pub use engine::{Runtime, RuntimeError, RuntimeOptions};
pub use exchange::{
    Cue, Delivery, Effect, Finding, Intent, Page, Position, Receipt, Settings, Standing, Subscribed, Text,
    Wanted,
};
pub use guest_log::{LogLevel, LogSink};
pub use install::{Abilities, InstallError, Plugin, PluginKind, PluginName};
pub use manifest::Manifest;
pub use outcome::{CallError, CallErrorKind, Failure, Output, Phase, StateCap};
pub use patience::Patience;
pub use suspension::{Ended, Permit, Suspension, SuspensionPolicy};
