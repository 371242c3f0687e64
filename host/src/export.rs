//! Everything about a person as one document: what the view says of them, why, and what arrived about them as it arrived.
//! [`page`] makes the same readable.

mod page;

use std::collections::BTreeSet;

use hub_fold::read::{
    self, ContextCard, ConversationDetails, ConversationPage, ConversationQuery, CustomerCard, EffectSummary,
    TimelineEntry, TimelineQuery,
};
use hub_fold::{Decision, FoldError, Record, Verdict};
use hub_journal::Journal;
use hub_model::event::Event;
use hub_model::{EventId, NodeId, Timestamp};
use hub_store::Store;
use serde::Serialize;

pub(crate) use page::page;

use crate::stored::{self, Received, StoredError, if_readable};

/// How the document is made up. A change that readers notice is a new number.
const FORMAT: &str = "omnihub-export-1";

/// Rows read at once.
const PAGE: usize = 500;

/// Personal data of one person; of bodies that tell of several, of others too.
#[derive(Serialize)]
pub(crate) struct Export {
    format: &'static str,
    made_at: Timestamp,
    /// Profiles, consents with their history, links with their evidence.
    customer: CustomerCard,
    context: Option<ContextCard>,
    /// All of it, newest first.
    timeline: Vec<TimelineEntry>,
    conversations: Vec<ConversationDetails>,
    /// Oldest first.
    events: Vec<EventOf>,
    deliveries: Vec<DeliveryOf>,
    effects: Vec<EffectSummary>,
}

#[derive(Serialize)]
struct EventOf {
    id: EventId,
    /// Sequence number of the record that holds it.
    record: u64,
    delivery: Option<u64>,
    /// Absent when the journal no longer holds it.
    event: Option<Event>,
    /// What each rule made of it.
    decisions: Vec<Decision>,
}

/// What arrived, as it arrived.
#[derive(Serialize)]
struct DeliveryOf {
    seq: u64,
    received_at: Timestamp,
    connection: String,
    #[serde(flatten)]
    received: Received,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    #[error(transparent)]
    View(#[from] FoldError),
    #[error(transparent)]
    Journal(#[from] StoredError),
}

impl Export {
    /// `None` when nobody has this id.
    ///
    /// # Errors
    /// The view or the journal cannot be read.
    pub(crate) fn of(
        store: &dyn Store,
        journal: &Journal,
        id: NodeId,
        now: Timestamp,
    ) -> Result<Option<Self>, ExportError> {
        let Some(customer) = read::customer(store, id)? else { return Ok(None) };
        let mut events = Vec::new();
        let mut arrived = BTreeSet::new();
        let mut effects = Vec::new();
        for (account, _) in read::accounts(store, id)?.unwrap_or_default() {
            for (event, row, tellings) in read::events_of(store, account)? {
                arrived.extend(tellings.into_iter().filter_map(|(_, delivery)| delivery));
                let decisions = read::decisions(store, event)?;
                for decision in &decisions {
                    effects.extend(effects_of(store, decision)?);
                }
                events.push(EventOf {
                    id: event,
                    record: row.report,
                    delivery: row.delivery,
                    event: if_readable(stored::event(journal, row.report, event))?,
                    decisions,
                });
            }
        }
        let mut deliveries = Vec::new();
        for seq in arrived {
            deliveries.extend(delivery(journal, seq)?);
        }
        Ok(Some(Self {
            format: FORMAT,
            made_at: now,
            customer,
            context: read::context(store, id, now)?,
            timeline: timeline(store, id)?,
            conversations: conversations(store, id)?,
            events,
            deliveries,
            effects,
        }))
    }
}

/// All of it, newest first; empty when nobody has this id.
///
/// # Errors
/// The view cannot be read.
pub(crate) fn timeline(store: &dyn Store, id: NodeId) -> Result<Vec<TimelineEntry>, FoldError> {
    let mut entries = Vec::new();
    let mut query = TimelineQuery { limit: PAGE, ..TimelineQuery::default() };
    while let Some(page) = read::timeline(store, id, &query)? {
        entries.extend(page.entries);
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok(entries)
}

/// Of the newest interactions; all of them stand in the timeline as well.
fn conversations(store: &dyn Store, id: NodeId) -> Result<Vec<ConversationDetails>, FoldError> {
    let query = ConversationQuery { limit: PAGE, ..ConversationQuery::default() };
    let mut all = Vec::new();
    for view in read::conversations(store, id, &query)?.unwrap_or_default() {
        let page = ConversationPage { limit: PAGE, ..ConversationPage::default() };
        all.extend(read::conversation(store, id, view.id, &page)?);
    }
    Ok(all)
}

fn effects_of(store: &dyn Store, decision: &Decision) -> Result<Vec<EffectSummary>, FoldError> {
    let Verdict::Fired { effects } = &decision.verdict else { return Ok(Vec::new()) };
    let found = effects.iter().map(|effect| read::effect(store, *effect)).collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

fn delivery(journal: &Journal, seq: u64) -> Result<Option<DeliveryOf>, StoredError> {
    let Some(stored) = if_readable(stored::record(journal, seq))? else { return Ok(None) };
    let Record::Delivery(delivery) = stored.record else { return Ok(None) };
    let connection = delivery.connection.clone();
    Ok(Some(DeliveryOf { seq, received_at: stored.at, connection, received: Received::new(delivery) }))
}
