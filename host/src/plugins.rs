//! The installed plugins and the connections that use them. A changed file is installed beside the old one and taken
//! over for the next call; calls under way end with what they began with.

mod connection;
mod signed;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hub_model::Timestamp;
use hub_runtime::{Ended, Permit, Plugin, PluginKind, Runtime, Suspension, SuspensionPolicy};

pub(crate) use connection::{Connection, ConnectionProblem, Hook};
pub(crate) use signed::Publishers;
pub(crate) use watch::watch;

use crate::config::Config;

/// A plugin in use, with how it has behaved since it was installed.
pub struct Loaded {
    pub plugin: Plugin,
    pub path: PathBuf,
    /// The name of the key it is signed with; `None` where the operator asks for no signatures.
    pub signed_by: Option<String>,
    suspension: Mutex<Suspension>,
}

/// Whether a plugin may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MayCall {
    Yes,
    NotUntil(Timestamp),
}

impl Loaded {
    fn new(plugin: Plugin, path: PathBuf, signed_by: Option<String>) -> Self {
        Self { plugin, path, signed_by, suspension: Mutex::new(Suspension::new(SuspensionPolicy::default())) }
    }

    /// Asks before a call; a suspended plugin is probed by one call at a time.
    pub fn may_call(&self, now: Timestamp) -> MayCall {
        let mut suspension = self.suspension.lock().unwrap_or_else(PoisonError::into_inner);
        match suspension.may_call(now.0) {
            Permit::Yes => MayCall::Yes,
            Permit::Probe => {
                suspension.on_probe(now.0);
                MayCall::Yes
            }
            Permit::NotUntil(until) => MayCall::NotUntil(Timestamp(until)),
        }
    }

    /// Tells whether the plugin kept its contract.
    pub fn on_result(&self, ended: Ended, now: Timestamp) {
        self.suspension.lock().unwrap_or_else(PoisonError::into_inner).on_result(ended, now.0);
    }

    /// Until when nobody calls it, if it is suspended.
    #[must_use]
    pub fn suspended_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self.suspension.lock().unwrap_or_else(PoisonError::into_inner).may_call(now.0) {
            Permit::NotUntil(until) => Some(Timestamp(until)),
            Permit::Yes | Permit::Probe => None,
        }
    }
}

/// A file in the plugins folder that could not be installed.
#[derive(Clone, Debug, serde::Serialize)]
pub struct PluginProblem {
    pub file: PathBuf,
    pub message: String,
}

/// All plugins at one moment.
#[derive(Default)]
pub struct Installed {
    pub connectors: BTreeMap<String, Arc<Loaded>>,
    pub enricher: Option<Arc<Loaded>>,
    pub connections: BTreeMap<String, Arc<Connection>>,
}

/// The plugins in force; readers take a snapshot that stays whole.
pub struct Plugins {
    runtime: Runtime,
    config: Arc<Config>,
    installed: RwLock<Arc<Installed>>,
}

impl Plugins {
    #[must_use]
    pub fn new(runtime: Runtime, config: Arc<Config>) -> Self {
        Self { runtime, config, installed: RwLock::default() }
    }

    /// What is in force now.
    #[must_use]
    pub fn now(&self) -> Arc<Installed> {
        Arc::clone(&self.installed.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A connection and its connector, if both are there.
    #[must_use]
    pub fn connection(&self, name: &str) -> Option<Arc<Connection>> {
        self.now().connections.get(name).cloned()
    }

    /// Installs these components of the folder; blocks while compiling. Plugins whose file did not change stay as they
    /// are, with their history; one whose new file is refused stays in force, and so does one that a second file claims
    /// to be as well.
    pub fn load(&self, paths: &[PathBuf]) -> Vec<PluginProblem> {
        let before = self.now();
        let mut problems = Vec::new();
        let mut next = Installed {
            connectors: before.connectors.clone(),
            enricher: before.enricher.clone(),
            ..Installed::default()
        };
        for path in paths {
            let taken = self.install(path).and_then(|loaded| take_over(&mut next, loaded));
            problems.extend(taken.err().map(|message| PluginProblem { file: path.clone(), message }));
        }
        next.connections = self.connect(&next);
        *self.installed.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        problems
    }

    fn install(&self, path: &Path) -> Result<Loaded, String> {
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        let signer = self.config.publishers.signer_of(path, &bytes).map_err(|error| error.to_string())?;
        let plugin = self.runtime.install(&bytes).map_err(|error| error.to_string())?;
        Ok(Loaded::new(plugin, path.to_owned(), signer))
    }

    fn connect(&self, installed: &Installed) -> BTreeMap<String, Arc<Connection>> {
        let connected = self.config.connections.iter().filter_map(|(name, config)| {
            let connector = installed.connectors.get(&config.connector)?;
            Some((name.clone(), Arc::new(Connection::new(name, config, Arc::clone(connector)))))
        });
        connected.collect()
    }
}

fn take_over(installed: &mut Installed, loaded: Loaded) -> Result<(), String> {
    let id = loaded.plugin.id().to_owned();
    let (old, what) = match loaded.plugin.kind() {
        PluginKind::Connector(_) => (installed.connectors.get(&id), format!("connector {id}")),
        PluginKind::Enricher => (installed.enricher.as_ref(), "the enricher".to_owned()),
    };
    if let Some(old) = old {
        if old.plugin.digest() == loaded.plugin.digest() {
            return Ok(());
        }
        // Which of two files is meant nobody can say: their order in the folder is no word of the operator's.
        if old.path != loaded.path && old.path.exists() {
            let other = old.path.display();
            return Err(format!(
                "it is {what}, and so is {other}, which stays in force; take one of them away"
            ));
        }
    }
    let loaded = Arc::new(loaded);
    match loaded.plugin.kind() {
        PluginKind::Connector(_) => drop(installed.connectors.insert(id, loaded)),
        PluginKind::Enricher => installed.enricher = Some(loaded),
    }
    Ok(())
}

/// The components of a folder, by name.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn components(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .filter(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')))
        .collect();
    paths.sort();
    Ok(paths)
}
