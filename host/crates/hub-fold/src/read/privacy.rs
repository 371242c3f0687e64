//! What is owed to people who want their data, or want it forgotten.

use std::cmp::Reverse;

use hub_model::{EventId, NodeId, Timestamp};
use hub_store::{Order, Range, Store, Table};
use serde::Serialize;

use super::people::Account;
use super::{ANSWER_MAX, View, Walk};
use crate::FoldError;
use crate::erase::stored;
use crate::row::{EventRow, NodeRow, PrivacyRequestRow, decode, key};

/// Somebody asked for what is stored of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PrivacyRequestView {
    pub connection: String,
    /// The provider's id of the request.
    pub id: String,
    pub kind: String,
    /// Any id of the customer's; absent when the request names nobody known.
    pub customer: Option<NodeId>,
    pub orders: Vec<String>,
    pub requested_at: Timestamp,
    pub due_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

/// Requests for data: all that are open, what is due first, and then the closed ones, the last first, up to a thousand in all.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn privacy_requests(store: &dyn Store) -> Result<Vec<PrivacyRequestView>, FoldError> {
    let mut requests = Vec::new();
    View { store }.walk(Table::PrivacyRequest, Range::all(), Order::Ascending, |row_key, row| {
        let row: PrivacyRequestRow = decode(Table::PrivacyRequest, row)?;
        let mut parts = row_key.splitn(2, |byte| *byte == 0);
        let mut part = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        requests.push(PrivacyRequestView {
            connection: part(),
            id: part(),
            kind: row.kind,
            customer: row.account,
            orders: row.orders,
            requested_at: row.requested_at,
            due_at: row.due_at,
            closed_at: row.closed_at,
        });
        Ok(Walk::On)
    })?;
    requests.sort_by(|left, right| {
        let order = |request: &PrivacyRequestView| {
            (request.closed_at.is_some(), Reverse(request.closed_at), request.due_at)
        };
        order(left).cmp(&order(right)).then_with(|| left.id.cmp(&right.id))
    });
    let open = requests.partition_point(|request| request.closed_at.is_none());
    requests.truncate(open.max(ANSWER_MAX));
    Ok(requests)
}

/// Where the journal holds content that is to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct StoredContent {
    /// Sequence number of the record with the events.
    pub report: u64,
    /// Sequence number of the delivery they came in; a page is its own report.
    pub delivery: Option<u64>,
}

/// The deliveries, reports and pages whose content is to be removed, oldest first.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn deliveries_to_erase(store: &dyn Store, limit: usize) -> Result<Vec<StoredContent>, FoldError> {
    let stored = stored(store, limit)?;
    Ok(stored.into_iter().map(|(report, delivery)| StoredContent { report, delivery }).collect())
}

/// A customer's accounts, with the ids they have in the hub.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn accounts(store: &dyn Store, customer: NodeId) -> Result<Option<Vec<(NodeId, Account)>>, FoldError> {
    let view = View { store };
    let Some((_, row)) = view.customer_of(customer)? else { return Ok(None) };
    let mut accounts = Vec::with_capacity(row.accounts.len());
    for node in row.accounts {
        if let Some(row) = view.get::<NodeRow>(&node.0)? {
            accounts.push((node, Account::of(&row.key)));
        }
    }
    Ok(Some(accounts))
}

/// Every event about an account, and each further record that tells it: (report, delivery).
pub type TellingsOf = (EventId, EventRow, Vec<(u64, Option<u64>)>);

/// All events about an account, oldest first, with every record that tells them.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn events_of(store: &dyn Store, account: NodeId) -> Result<Vec<TellingsOf>, FoldError> {
    let view = View { store };
    let mut events = Vec::new();
    for (row_key, _) in view.scan(Table::Index, &key::all_events_prefix(account), usize::MAX)? {
        let Some(id) = key::trailing_id(&row_key).map(EventId) else { continue };
        let Some(row) = view.get::<EventRow>(&id.0)? else { continue };
        let mut tellings = vec![(row.report, row.delivery)];
        for (again, delivery) in view.scan(Table::Index, &key::told_again_prefix(id), usize::MAX)? {
            if let Some(report) = again.last_chunk::<8>() {
                tellings.push((u64::from_be_bytes(*report), decode(Table::Index, &delivery)?));
            }
        }
        events.push((id, row, tellings));
    }
    events.sort_by_key(|(id, row, _)| (row.happened_at, *id));
    Ok(events)
}
