//! Deliveries: listed, one with what arrived and what its connector made of it, and given back to it.

use axum::Json;
use axum::http::StatusCode;
use hub_fold::Record;
use hub_fold::read::{self, DELIVERY_STATES, DeliveryQuery, DeliverySummary};
use hub_fold::record::{Command, Reported};
use hub_model::EventId;
use hub_model::event::{Event, Note};
use hub_model::model::Finding;
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Named, limit, state};
use super::error::AdminError;
use super::{Answer, Shared};
use crate::stored::{Received, record};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    state: Option<String>,
    connection: Option<String>,
    before: Option<u64>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Deliveries {
    deliveries: Vec<DeliverySummary>,
    /// `before` of the next page.
    next: Option<u64>,
}

pub(super) async fn list(api: Shared, Asked(asked): Asked<ListQuery>) -> Answer<Deliveries> {
    let query = DeliveryQuery {
        state: state(asked.state, &DELIVERY_STATES)?,
        connection: asked.connection,
        before: asked.before,
        limit: limit(asked.limit),
    };
    api.read(move |admin| {
        let deliveries = read::deliveries(&*admin.store, &query)?;
        Ok(Deliveries { next: deliveries.last().map(|delivery| delivery.seq), deliveries })
    })
    .await
}

/// Personal data: for whoever may see the customer.
#[derive(Serialize)]
pub(super) struct DeliveryDetails {
    summary: DeliverySummary,
    /// Absent when the journal no longer holds it.
    received: Option<Received>,
    /// Absent while the delivery is not processed.
    report: Option<ReportDetails>,
}

#[derive(Serialize)]
struct ReportDetails {
    /// Of the connector that made it.
    version: String,
    events: Vec<EventDetails>,
    notes: Vec<Note>,
}

#[derive(Serialize)]
struct EventDetails {
    id: EventId,
    event: Event,
    /// What an enricher said of its text.
    finding: Option<Finding>,
}

const UNKNOWN: AdminError =
    AdminError::NotFound { what: "delivery", help: "`omnihub delivery list` shows their numbers" };

pub(super) async fn one(api: Shared, Named(seq): Named<u64>) -> Answer<DeliveryDetails> {
    api.read(move |admin| {
        let summary = read::delivery(&*admin.store, seq)?.ok_or(UNKNOWN)?;
        let received = match record(&admin.journal, seq)?.map(|stored| stored.record) {
            Some(Record::Delivery(delivery)) => Some(Received::new(delivery)),
            _ => None,
        };
        let report = summary.report.map(|report| record(&admin.journal, report)).transpose()?.flatten();
        let report = match report.map(|stored| stored.record) {
            Some(Record::Reported(reported)) => Some(ReportDetails::new(reported)),
            _ => None,
        };
        Ok(DeliveryDetails { summary, received, report })
    })
    .await
}

impl ReportDetails {
    fn new(reported: Reported) -> Self {
        let Reported { connection, version, events, notes, mut findings, .. } = reported;
        let events = (0_u32..).zip(events).map(|(position, event)| {
            let found = findings.iter().position(|(index, _)| *index == position);
            EventDetails {
                id: EventId::of(&connection, &event.name, &event.key),
                finding: found.map(|found| findings.swap_remove(found).1),
                event,
            }
        });
        Self { version, events: events.collect(), notes }
    }
}

/// An operator's wish, journalled.
#[derive(Serialize)]
pub(super) struct Commanded {
    /// Sequence number of the command.
    pub(super) command: u64,
    /// False when no hub runs: then it is done when one does.
    pub(super) running: bool,
}

pub(super) async fn redrive(
    api: Shared,
    Named(seq): Named<u64>,
) -> Result<(StatusCode, Json<Commanded>), AdminError> {
    let Json(known) = api.read(move |admin| Ok(read::delivery(&*admin.store, seq)?)).await?;
    if known.ok_or(UNKNOWN)?.erase {
        return Err(AdminError::Conflict {
            message: "the content of this delivery is erased, or about to be",
            help: "whoever it was about is forgotten; the provider can be asked with `omnihub poll`",
        });
    }
    let command = api.command(Command::Redrive { delivery: seq }).await?.get();
    Ok((StatusCode::ACCEPTED, Json(Commanded { command, running: api.admin.plugins.is_some() })))
}
