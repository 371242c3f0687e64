//! The API for people and tools over data that no hub runs with, as the CLI asks it where none answers.

use std::sync::Arc;

use axum::Router;
use hub_journal::Journal;
use hub_store::Store;

use crate::admin::{self, Admin, Keyring};

pub use crate::admin::Declared;
use crate::clock::Clock;
use crate::config::Config;

/// The table that its routes are made of.
#[must_use]
pub fn admin_routes() -> Vec<Declared> {
    admin::declared()
}

/// Its routes; nobody is asked for a token.
///
/// # Errors
/// The view cannot be read.
pub fn lone_admin(config: Arc<Config>, journal: Journal, store: Arc<dyn Store>) -> anyhow::Result<Router> {
    let keyring = Keyring::open(&config, &*store)?;
    Ok(admin::router_here(Arc::new(Admin {
        config,
        journal,
        store,
        plugins: None,
        metrics: Arc::default(),
        health: Arc::default(),
        inbox: None,
        poller: None,
        watchdog: None,
        clock: Clock::System,
        keyring: Arc::new(keyring),
        as_of: None,
    })))
}
