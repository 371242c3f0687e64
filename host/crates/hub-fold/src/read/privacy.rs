//! What is owed to people who want their data, or want it forgotten.

use hub_model::{NodeId, Timestamp};
use hub_store::{Order, Range, Store, Table};
use serde::Serialize;

use super::{ANSWER_MAX, View, Walk};
use crate::FoldError;
use crate::erase::stored;
use crate::row::{PrivacyRequestRow, decode};

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

/// Requests for data: open ones first, and of these what is due first.
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
        (left.closed_at, left.due_at, &left.id).cmp(&(right.closed_at, right.due_at, &right.id))
    });
    requests.truncate(ANSWER_MAX);
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
