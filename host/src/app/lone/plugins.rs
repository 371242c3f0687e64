//! Connectors as a hub has them, without the hub: installed from files and taken over while they are used, each with the
//! settings, endpoints and credentials of its connection. What they call and how much they may use is in the hands of
//! whoever starts it.

use std::path::PathBuf;
use std::sync::Arc;

use hub_runtime::{ActingHost, Plugin, Runtime, Settings};
use hub_store::MemoryStore;

use super::LoneEgress;
use crate::acting::Outside;
use crate::clock::Clock;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::plugins::{Connection, PluginProblem, Plugins};
use crate::throttle::Purpose;

/// The connectors of a configuration.
pub struct LonePlugins(Plugins);

/// A connection with the connector in force at one moment.
pub struct LoneConnection(Arc<Connection>);

impl LonePlugins {
    #[must_use]
    pub fn new(runtime: Runtime, config: Arc<Config>) -> Self {
        Self(Plugins::new(runtime, config))
    }

    /// Installs these files and takes them over for the next call, as when the plugins' folder has changed.
    pub fn load(&self, files: &[PathBuf]) -> Vec<PluginProblem> {
        self.0.load(files)
    }

    /// `None` while no connector of its kind is installed.
    #[must_use]
    pub fn connection(&self, name: &str) -> Option<LoneConnection> {
        self.0.connection(name).map(LoneConnection)
    }

    /// `None` while none is installed.
    #[must_use]
    pub fn enricher(&self) -> Option<Plugin> {
        Some(self.0.now().enricher.as_ref()?.plugin.clone())
    }
}

impl LoneConnection {
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.0.connector.plugin
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What one call gets to work with; nothing is kept of an earlier one.
    #[must_use]
    pub fn acting(&self, egress: &LoneEgress) -> Arc<dyn ActingHost> {
        let outside = Outside {
            egress: egress.0.clone(),
            throttles: Arc::default(),
            store: Arc::new(MemoryStore::new()),
            clock: Clock::System,
            standings: Arc::default(),
            metrics: Arc::new(Metrics::default()),
            recorder: None,
        };
        outside.acting(&self.0, Purpose::Act)
    }
}
