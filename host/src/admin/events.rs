//! Events: where one came from, what it said, and what the rules made of it.

use hub_fold::row::{EventRow, Subject};
use hub_fold::{Decision, read};
use hub_model::event::Event;
use hub_model::{EventId, NodeId, Timestamp};
use serde::Serialize;

use super::asked::Named;
use super::error::AdminError;
use super::sources::Source;
use super::{Answer, Shared};
use crate::stored;

pub(super) const UNKNOWN: AdminError =
    AdminError::NotFound { what: "event", help: "`omnihub delivery show` lists a delivery's events" };

/// Personal data: for whoever may see the customer.
#[derive(Serialize)]
pub(super) struct EventDetails {
    id: EventId,
    name: String,
    connection: String,
    happened_at: Timestamp,
    /// Absent when it was read by polling.
    delivery: Option<u64>,
    /// The account it is about; any customer route takes it.
    account: Option<NodeId>,
    subject: Option<Subject>,
    /// Absent when the journal no longer holds it.
    event: Option<Event>,
}

pub(super) async fn one(api: Shared, Named(id): Named<EventId>) -> Answer<EventDetails> {
    api.read(move |admin| {
        let row = read::event(&*admin.store, id)?.ok_or(UNKNOWN)?;
        let event = stored::event(&admin.journal, row.report, id)?;
        let EventRow { name, connection, happened_at, delivery, account, subject, .. } = row;
        Ok(EventDetails { id, name, connection, happened_at, delivery, account, subject, event })
    })
    .await
}

/// A decision and the same in words.
#[derive(Serialize)]
pub(super) struct Explained {
    decision: Decision,
    explanation: String,
    /// Where the values come from; told of one decision, not of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<Vec<Source>>,
}

impl Explained {
    pub(super) fn sourced(self, sources: Vec<Source>) -> Self {
        Self { sources: Some(sources), ..self }
    }
}

impl From<Decision> for Explained {
    fn from(decision: Decision) -> Self {
        Self { explanation: decision.explain(), decision, sources: None }
    }
}

#[derive(Serialize)]
pub(super) struct Decisions {
    decisions: Vec<Explained>,
}

pub(super) async fn decisions(api: Shared, Named(id): Named<EventId>) -> Answer<Decisions> {
    api.read(move |admin| {
        read::event(&*admin.store, id)?.ok_or(UNKNOWN)?;
        let decisions = read::decisions(&*admin.store, id)?.into_iter().map(Explained::from).collect();
        Ok(Decisions { decisions })
    })
    .await
}
