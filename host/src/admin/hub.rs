//! How the hub is: whether it is ready, what it counts, what it is connected to.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub_fold::read::{Counts, counts, merges};
use hub_model::Timestamp;
use serde::Serialize;

use super::error::AdminError;
use super::journal::JournalStats;
use super::{Admin, Answer, Shared};
use crate::plugins::{Connection, ConnectionProblem};

/// What `prometheus-client` writes.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    problems: Vec<String>,
}

pub(super) async fn ready(api: Shared) -> Response {
    let problems = api.admin.health.problems(&api.admin.journal);
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready: problems.is_empty(), problems })).into_response()
}

pub(super) async fn metrics(api: Shared) -> Response {
    let Admin { journal, metrics, inbox, .. } = &*api.admin;
    metrics.durable.set(i64::try_from(journal.durable().get()).unwrap_or(i64::MAX));
    if let Some(inbox) = inbox {
        metrics.backlog.set(i64::try_from(inbox.backlog()).unwrap_or(i64::MAX));
    }
    ([(header::CONTENT_TYPE, METRICS_TYPE)], metrics.render()).into_response()
}

#[derive(Serialize)]
pub(super) struct Status {
    version: &'static str,
    at: Timestamp,
    /// False when the data was opened without starting a hub.
    running: bool,
    /// What keeps the hub from accepting and processing.
    problems: Vec<String>,
    connections: Vec<ConnectionStatus>,
    /// The plugin that says what texts mean.
    enricher: Option<PluginStatus>,
    /// Deliveries accepted and not yet processed.
    backlog: u64,
    journal: JournalStats,
    view: ViewStatus,
    counts: Counts,
    /// Accounts found to be somebody already known.
    merges: u64,
}

#[derive(Serialize)]
struct ViewStatus {
    /// The journal's sequence number the view is complete to.
    applied: u64,
    /// Records it still has to fold.
    behind: u64,
}

#[derive(Serialize)]
struct PluginStatus {
    id: String,
    version: String,
    /// BLAKE3 of the component.
    digest: String,
    /// Nobody calls it before this moment, because it kept failing.
    suspended_until: Option<Timestamp>,
}

#[derive(Serialize)]
pub(super) struct ConnectionStatus {
    name: String,
    connector: String,
    /// Absent when no such connector is installed, or no hub runs.
    plugin: Option<PluginStatus>,
    /// Where the provider delivers.
    public_url: String,
    problems: Vec<ConnectionProblem>,
}

#[derive(Serialize)]
pub(super) struct Connections {
    connections: Vec<ConnectionStatus>,
}

pub(super) async fn status(api: Shared) -> Answer<Status> {
    api.read(|admin| {
        let applied = admin.store.applied().map_err(hub_fold::FoldError::from)?;
        let counts = counts(&*admin.store)?;
        let backlog = admin.inbox.as_ref().and_then(|inbox| u64::try_from(inbox.backlog()).ok());
        let enricher = admin.plugins.as_ref().and_then(|plugins| plugins.now().enricher.clone());
        Ok(Status {
            version: env!("CARGO_PKG_VERSION"),
            at: admin.clock.now(),
            running: admin.plugins.is_some(),
            problems: admin.health.problems(&admin.journal),
            connections: connection_list(admin),
            enricher: enricher.map(|loaded| PluginStatus::new(&loaded, admin)),
            backlog: backlog.unwrap_or(counts.deliveries_pending),
            view: ViewStatus { applied, behind: admin.journal.durable().get().saturating_sub(applied) },
            journal: JournalStats::new(&admin.journal),
            counts,
            merges: merges(&*admin.store)?,
        })
    })
    .await
}

pub(super) async fn connections(api: Shared) -> Result<Json<Connections>, AdminError> {
    Ok(Json(Connections { connections: connection_list(&api.admin) }))
}

fn connection_list(admin: &Admin) -> Vec<ConnectionStatus> {
    let installed = admin.plugins.as_ref().map(|plugins| plugins.now());
    let statuses = admin.config.connections.iter().map(|(name, config)| {
        let connected = installed.as_ref().map(|installed| installed.connections.get(name));
        ConnectionStatus {
            name: name.clone(),
            connector: config.connector.clone(),
            public_url: config.public_url.clone(),
            plugin: connected.flatten().map(|connection| PluginStatus::new(&connection.connector, admin)),
            problems: connected.map(|connection| problems(connection, &config.connector)).unwrap_or_default(),
        }
    });
    statuses.collect()
}

fn problems(connection: Option<&std::sync::Arc<Connection>>, connector: &str) -> Vec<ConnectionProblem> {
    connection.map_or_else(
        || {
            let message = format!("no plugin with the id {connector} is in plugins_dir");
            vec![ConnectionProblem { key: "connector".to_owned(), message }]
        },
        |connection| connection.problems.clone(),
    )
}

impl PluginStatus {
    fn new(loaded: &crate::plugins::Loaded, admin: &Admin) -> Self {
        Self {
            id: loaded.plugin.id().to_owned(),
            version: loaded.plugin.version().to_owned(),
            digest: loaded.plugin.digest_hex(),
            suspended_until: loaded.suspended_until(admin.clock.now()),
        }
    }
}
