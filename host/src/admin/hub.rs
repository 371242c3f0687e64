//! How the hub is: whether it is ready, what it counts, what it is connected to.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub_fold::read::{Counts, WatchView, counts, merges, watches};
use hub_fold::{Side, Switched};
use hub_model::Timestamp;
use serde::Serialize;

use super::journal::JournalStats;
use super::{Admin, Answer, Shared, connections};
use crate::metrics::{ByRule, Metrics};

/// What `prometheus-client` writes.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Held effects are counted one by one; past a storm of this size the exact number helps nobody.
const HELD_COUNTED_MAX: usize = 10_000;

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    problems: Vec<String>,
    /// What a person should see to although the hub takes and processes deliveries.
    warnings: Vec<String>,
}

pub(super) async fn ready(api: Shared) -> Response {
    let problems = api.admin.health.problems(&api.admin.journal);
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let warnings = api.admin.poller.as_ref().map(|poller| poller.outside.standings.problems());
    let mut warnings = warnings.unwrap_or_default();
    // A view that cannot be read is among the problems.
    let stopped = api.read(|admin| Ok(hub_fold::effects_stopped(&*admin.store)?)).await;
    if let Ok(Json(Some(stopped))) = stopped {
        warnings.push(format!("effects: {} has stopped all sending at {}", stopped.by, stopped.at));
    }
    (status, Json(Readiness { ready: problems.is_empty(), problems, warnings })).into_response()
}

pub(super) async fn metrics(api: Shared) -> Response {
    // Without a view that can be read the rest is still worth telling.
    if let Ok(Json(watches)) = api.read(|admin| Ok(watches(&*admin.store, admin.clock.now())?)).await {
        tell_of_rules(&api.admin.metrics, watches);
    }
    let Admin { journal, metrics, inbox, .. } = &*api.admin;
    metrics.durable.set(i64::try_from(journal.durable().get()).unwrap_or(i64::MAX));
    if let Some(inbox) = inbox {
        metrics.backlog.set(i64::try_from(inbox.backlog()).unwrap_or(i64::MAX));
    }
    ([(header::CONTENT_TYPE, METRICS_TYPE)], metrics.render()).into_response()
}

/// Rules that are watched no more are told of no more.
fn tell_of_rules(metrics: &Metrics, watches: Vec<WatchView>) {
    metrics.rule_out_of_band.clear();
    for WatchView { rule, alarms, .. } in watches {
        let out = alarms.iter().map(|alarm| match alarm.side {
            Side::Silent => -1,
            Side::Spiking => 1,
        });
        metrics.rule_out_of_band.get_or_create(&ByRule { rule }).set(out.max().unwrap_or(0));
    }
}

#[derive(Serialize)]
pub(super) struct Status {
    version: &'static str,
    at: Timestamp,
    /// False when the data was opened without starting a hub.
    running: bool,
    /// What keeps the hub from accepting and processing.
    problems: Vec<String>,
    connections: Vec<connections::ConnectionStatus>,
    /// The plugin that says what texts mean.
    enricher: Option<connections::PluginStatus>,
    /// Deliveries accepted and not yet processed.
    backlog: u64,
    journal: JournalStats,
    view: ViewStatus,
    counts: Counts,
    /// Accounts found to be somebody already known.
    merges: u64,
    /// Effects that wait for a person's word, up to so many.
    held: usize,
    /// Who has stopped everything that is sent, when and why.
    stopped: Option<Switched>,
    /// Rules that act too rarely or too often.
    alarms: Vec<WatchView>,
}

#[derive(Serialize)]
struct ViewStatus {
    /// The journal's sequence number the view is complete to.
    applied: u64,
    /// Records it still has to fold.
    behind: u64,
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
            connections: connections::statuses(admin)?,
            enricher: enricher.map(|loaded| connections::PluginStatus::new(&loaded, admin)),
            backlog: backlog.unwrap_or(counts.deliveries_pending),
            view: ViewStatus { applied, behind: admin.journal.durable().get().saturating_sub(applied) },
            journal: JournalStats::new(&admin.journal),
            counts,
            merges: merges(&*admin.store)?,
            held: hub_fold::effects_held(&*admin.store, HELD_COUNTED_MAX)?.len(),
            stopped: hub_fold::effects_stopped(&*admin.store)?,
            alarms: alarms(admin)?,
        })
    })
    .await
}

fn alarms(admin: &Admin) -> Result<Vec<WatchView>, hub_fold::FoldError> {
    let mut watches = watches(&*admin.store, admin.clock.now())?;
    watches.retain(|watch| !watch.alarms.is_empty());
    Ok(watches)
}
