//! Customers: found, listed, one with everything known, and what happened with them.

use hub_fold::read::{self, CustomerCard, CustomerSummary, TimelineCursor, TimelinePage, TimelineQuery};
use hub_fold::row::SubjectKind;
use hub_model::{NodeId, Timestamp};
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Named, limit};
use super::error::AdminError;
use super::{Answer, Shared};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    query: Option<String>,
    after: Option<NodeId>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Customers {
    customers: Vec<CustomerSummary>,
    /// `after` of the next page; absent at the end, and for a search, whose best answers are all here.
    next: Option<NodeId>,
}

pub(super) async fn list(api: Shared, Asked(asked): Asked<ListQuery>) -> Answer<Customers> {
    let limit = limit(asked.limit);
    api.read(move |admin| match (asked.query, asked.after) {
        (Some(_), Some(_)) => Err(AdminError::Question("query and after do not go together".to_owned())),
        (Some(query), None) => {
            Ok(Customers { customers: read::find_customers(&*admin.store, &query, limit)?, next: None })
        }
        (None, after) => {
            let customers = read::customers(&*admin.store, after, limit)?;
            // A page may be shorter than asked for, so only an empty one is surely the last.
            Ok(Customers { next: customers.last().map(|customer| customer.id), customers })
        }
    })
    .await
}

const UNKNOWN: AdminError = AdminError::NotFound {
    what: "customer",
    help: "`omnihub customer find` searches names, e-mails, phones and orders",
};

pub(super) async fn one(api: Shared, Named(id): Named<NodeId>) -> Answer<CustomerCard> {
    api.read(move |admin| read::customer(&*admin.store, id)?.ok_or(UNKNOWN)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimelineAsked {
    before: Option<Timestamp>,
    /// `next` of the page before.
    after: Option<TimelineCursor>,
    limit: Option<usize>,
    /// Kinds with commas between them.
    kind: Option<String>,
}

pub(super) async fn timeline(
    api: Shared,
    Named(id): Named<NodeId>,
    Asked(asked): Asked<TimelineAsked>,
) -> Answer<TimelinePage> {
    let limit = limit(asked.limit);
    let query = TimelineQuery {
        before: asked.before,
        after: asked.after,
        limit,
        kinds: kinds(asked.kind.as_deref())?,
        ..TimelineQuery::default()
    };
    api.read(move |admin| read::timeline(&*admin.store, id, &query)?.ok_or(UNKNOWN)).await
}

fn kinds(asked: Option<&str>) -> Result<Vec<SubjectKind>, AdminError> {
    let words = asked.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    let unknown = || {
        let known = "order, fulfilment, refund, return, checkout, interaction, ticket, loyalty_account, \
                     loyalty_entry, survey, consent";
        AdminError::Question(format!("kind is one of {known}"))
    };
    words.map(|word| read::subject_kind(word).ok_or_else(unknown)).collect()
}
