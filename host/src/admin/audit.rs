//! What operators did, and whether its record is whole.

use hub_fold::{AuditVerdict, Chained};
use serde::{Deserialize, Serialize};

use super::asked::{Asked, limit};
use super::{Answer, Shared};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditAsked {
    /// `next` of the page before.
    before: Option<u64>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Entries {
    /// Newest first.
    entries: Vec<Chained>,
    /// `before` of the next page; absent at the end.
    next: Option<u64>,
}

pub(super) async fn list(api: Shared, Asked(asked): Asked<AuditAsked>) -> Answer<Entries> {
    api.read(move |admin| {
        let entries = hub_fold::audit(&*admin.store, asked.before, limit(asked.limit))?;
        let next = entries.last().map(|last| last.entry.number).filter(|number| *number > 1);
        Ok(Entries { entries, next })
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyAsked {
    /// A hash somebody noted: whether it is still in the chain.
    head: Option<String>,
}

pub(super) async fn verify(api: Shared, Asked(asked): Asked<VerifyAsked>) -> Answer<AuditVerdict> {
    api.read(move |admin| Ok(hub_fold::verify_audit(&*admin.store, asked.head.as_deref())?)).await
}
