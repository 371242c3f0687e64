//! Connections: how each stands, its streams and subscriptions, and reading a stream now.

use axum::Json;
use axum::http::StatusCode;
use hub_model::Timestamp;
use hub_runtime::manifest::Endpoint;
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Named};
use super::error::AdminError;
use super::{Admin, Answer, Shared};
use crate::acting::Outside;
use crate::config::ConnectionConfig;
use crate::plugins::{Connection, ConnectionProblem, Loaded};
use crate::poller::StreamStatus;
use crate::standing::Unauthorised;
use crate::watchdog::Watched;

#[derive(Serialize)]
pub(super) struct PluginStatus {
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
    deliveries: u64,
    last_delivery_at: Option<Timestamp>,
    /// Seconds between deliveries that are not unusual here; absent while there are too few to tell.
    usual_gap: Option<u64>,
    /// The provider does not accept our credentials.
    unauthorised: Option<Unauthorised>,
    #[serde(flatten)]
    watched: Watched,
    streams: Vec<StreamStatus>,
    /// Endpoints whose provider is left alone: it keeps failing, or asked for it.
    closed: Vec<ClosedEndpoint>,
}

#[derive(Serialize)]
pub(super) struct ClosedEndpoint {
    endpoint: String,
    until: Timestamp,
}

#[derive(Serialize)]
pub(super) struct Connections {
    connections: Vec<ConnectionStatus>,
}

pub(super) async fn list(api: Shared) -> Answer<Connections> {
    api.read(|admin| Ok(Connections { connections: statuses(admin)? })).await
}

const UNKNOWN: AdminError =
    AdminError::NotFound { what: "connection", help: "`omnihub connection list` shows their names" };

pub(super) async fn one(api: Shared, Named(name): Named<String>) -> Answer<ConnectionStatus> {
    api.read(move |admin| {
        let config = admin.config.connections.get(&name).ok_or(UNKNOWN)?;
        status(admin, &name, config)
    })
    .await
}

pub(super) fn statuses(admin: &Admin) -> Result<Vec<ConnectionStatus>, AdminError> {
    admin.config.connections.iter().map(|(name, config)| status(admin, name, config)).collect()
}

fn status(admin: &Admin, name: &str, config: &ConnectionConfig) -> Result<ConnectionStatus, AdminError> {
    let installed = admin.plugins.as_ref().map(|plugins| plugins.connection(name));
    let row = hub_fold::read::connection(&*admin.store, name)?;
    let usual = row.as_ref().and_then(|row| hub_fold::read::usual_gap(row, admin.clock.now()));
    let connection = installed.clone().flatten();
    let streams = match (&admin.poller, &connection) {
        (Some(poller), Some(connection)) => poller.status(connection)?,
        _ => Vec::new(),
    };
    Ok(ConnectionStatus {
        name: name.to_owned(),
        connector: config.connector.clone(),
        public_url: config.public_url.clone(),
        plugin: connection.as_ref().map(|connection| PluginStatus::new(&connection.connector, admin)),
        problems: match (installed, &connection) {
            (_, Some(connection)) => connection.problems.clone(),
            (Some(None), None) => vec![no_plugin(&config.connector)],
            _ => Vec::new(),
        },
        deliveries: row.as_ref().map_or(0, |row| row.deliveries),
        last_delivery_at: row.map(|row| row.last_delivery_at),
        usual_gap: usual.map(|gap| gap.as_secs()),
        unauthorised: admin.poller.as_ref().and_then(|poller| poller.outside.standings.of(name)),
        watched: admin.watchdog.as_ref().map(|watchdog| watchdog.status(name)).unwrap_or_default(),
        closed: match (&admin.poller, &connection) {
            (Some(poller), Some(connection)) => closed(&poller.outside, connection),
            _ => Vec::new(),
        },
        streams,
    })
}

fn closed(outside: &Outside, connection: &Connection) -> Vec<ClosedEndpoint> {
    let endpoints = connection.manifest().map(|manifest| manifest.endpoints.as_slice()).unwrap_or_default();
    let closed = |endpoint: &Endpoint| {
        let until = outside.closed(connection, &endpoint.name)?;
        Some(ClosedEndpoint { endpoint: endpoint.name.clone(), until })
    };
    endpoints.iter().filter_map(closed).collect()
}

fn no_plugin(connector: &str) -> ConnectionProblem {
    let message = format!("no plugin with the id {connector} is in plugins_dir");
    ConnectionProblem { key: "connector".to_owned(), message }
}

impl PluginStatus {
    pub(super) fn new(loaded: &Loaded, admin: &Admin) -> Self {
        Self {
            id: loaded.plugin.id().to_owned(),
            version: loaded.plugin.version().to_owned(),
            digest: loaded.plugin.digest_hex(),
            suspended_until: loaded.suspended_until(admin.clock.now()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PollQuery {
    /// All streams of the connection when absent.
    stream: Option<String>,
    /// Begin anew from then, instead of where the last page ended.
    since: Option<Timestamp>,
}

#[derive(Serialize)]
pub(super) struct Polling {
    streams: Vec<String>,
}

/// Makes streams due now. With `since` the run is owed from then on, also over a restart.
pub(super) async fn poll(
    api: Shared,
    Named(name): Named<String>,
    Asked(asked): Asked<PollQuery>,
) -> Result<(StatusCode, Json<Polling>), AdminError> {
    let (Some(poller), Some(plugins)) = (&api.admin.poller, &api.admin.plugins) else {
        return Err(AdminError::Conflict {
            message: "no hub runs",
            help: "`omnihub poll` reads streams without one",
        });
    };
    let connection = plugins.connection(&name).ok_or(UNKNOWN)?;
    let streams = poller.streams(&connection, asked.stream.as_deref());
    if streams.is_empty() {
        return Err(AdminError::NotFound {
            what: "stream",
            help: "`omnihub connection show` lists those that can be read",
        });
    }
    if asked.since.is_some() {
        for stream in &streams {
            poller.poll_from(&connection.name, stream, asked.since).await?;
        }
    }
    poller.ask(&connection, &streams);
    Ok((StatusCode::ACCEPTED, Json(Polling { streams })))
}
