//! Customers: found, listed, one with everything known, and what happened with them.

use hub_fold::read::{
    self, BreachView, ContactVerdict, ContextCard, ConversationDetails, ConversationPage, ConversationQuery,
    ConversationView, CustomerCard, CustomerSummary, Purpose, TimelineCursor, TimelinePage, TimelineQuery,
};
use hub_fold::row::SubjectKind;
use hub_model::event::Direction;
use hub_model::{ConversationId, NodeId, Timestamp};
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

pub(super) const UNKNOWN: AdminError = AdminError::NotFound {
    what: "customer",
    help: "`omnihub customer find` searches names, e-mails, phones and orders",
};

pub(super) async fn one(api: Shared, Named(id): Named<NodeId>) -> Answer<CustomerCard> {
    api.read(move |admin| read::customer(&*admin.store, id)?.ok_or(UNKNOWN)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimelineAsked {
    from: Option<Timestamp>,
    before: Option<Timestamp>,
    /// `next` of the page before.
    after: Option<TimelineCursor>,
    limit: Option<usize>,
    /// Kinds with commas between them, as with those below.
    kind: Option<String>,
    channel: Option<String>,
    connection: Option<String>,
    direction: Option<String>,
}

pub(super) async fn timeline(
    api: Shared,
    Named(id): Named<NodeId>,
    Asked(asked): Asked<TimelineAsked>,
) -> Answer<TimelinePage> {
    let limit = limit(asked.limit);
    let query = TimelineQuery {
        from: asked.from,
        before: asked.before,
        after: asked.after,
        limit,
        kinds: kinds(asked.kind.as_deref())?,
        channels: words(asked.channel.as_deref()).map(str::to_owned).collect(),
        connections: words(asked.connection.as_deref()).map(str::to_owned).collect(),
        directions: directions(asked.direction.as_deref())?,
    };
    api.read(move |admin| read::timeline(&*admin.store, id, &query)?.ok_or(UNKNOWN)).await
}

fn kinds(asked: Option<&str>) -> Result<Vec<SubjectKind>, AdminError> {
    let unknown = || {
        let known = read::TIMELINE_KINDS.map(SubjectKind::word).join(", ");
        AdminError::Question(format!("kind is one of {known}"))
    };
    words(asked).map(|word| read::subject_kind(word).ok_or_else(unknown)).collect()
}

fn words(asked: Option<&str>) -> impl Iterator<Item = &str> {
    asked.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn directions(asked: Option<&str>) -> Result<Vec<Direction>, AdminError> {
    let direction = |word: &str| match word {
        "inbound" => Ok(Direction::Inbound),
        "outbound" => Ok(Direction::Outbound),
        "internal" => Ok(Direction::Internal),
        _ => Err(AdminError::Question("direction is one of inbound, outbound, internal".to_owned())),
    };
    words(asked).map(direction).collect()
}

/// All that whoever serves the customer now should know.
pub(super) async fn context(api: Shared, Named(id): Named<NodeId>) -> Answer<ContextCard> {
    api.read(move |admin| read::context(&*admin.store, id, admin.now())?.ok_or(UNKNOWN)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConversationsAsked {
    until: Option<Timestamp>,
    channel: Option<String>,
    /// Only those that wait for an answer.
    awaiting: Option<bool>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Conversations {
    /// The last to move first.
    conversations: Vec<ConversationView>,
}

pub(super) async fn conversations(
    api: Shared,
    Named(id): Named<NodeId>,
    Asked(asked): Asked<ConversationsAsked>,
) -> Answer<Conversations> {
    let query = ConversationQuery {
        until: asked.until,
        channel: asked.channel,
        awaiting: asked.awaiting.unwrap_or_default(),
        limit: limit(asked.limit),
    };
    api.read(move |admin| {
        let conversations = read::conversations(&*admin.store, id, &query)?.ok_or(UNKNOWN)?;
        Ok(Conversations { conversations })
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConversationAsked {
    until: Option<Timestamp>,
    after: Option<TimelineCursor>,
    limit: Option<usize>,
}

pub(super) async fn conversation(
    api: Shared,
    Named((id, conversation)): Named<(NodeId, ConversationId)>,
    Asked(asked): Asked<ConversationAsked>,
) -> Answer<ConversationDetails> {
    let page = ConversationPage { until: asked.until, after: asked.after, limit: limit(asked.limit) };
    let unknown = AdminError::NotFound {
        what: "conversation of this customer",
        help: "`omnihub customer conversations` lists the newest; --until reaches older ones",
    };
    api.read(move |admin| read::conversation(&*admin.store, id, conversation, &page)?.ok_or(unknown)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactAsked {
    channel: String,
    purpose: String,
}

pub(super) async fn may_contact(
    api: Shared,
    Named(id): Named<NodeId>,
    Asked(asked): Asked<ContactAsked>,
) -> Answer<ContactVerdict> {
    let purpose = Purpose::named(&asked.purpose);
    api.read(move |admin| Ok(read::may_contact(&*admin.store, id, &asked.channel, &purpose)?)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BreachesAsked {
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Breaches {
    breaches: Vec<BreachView>,
}

pub(super) async fn breaches(api: Shared, Asked(asked): Asked<BreachesAsked>) -> Answer<Breaches> {
    let limit = limit(asked.limit);
    api.read(move |admin| Ok(Breaches { breaches: read::breaches(&*admin.store, limit)? })).await
}
