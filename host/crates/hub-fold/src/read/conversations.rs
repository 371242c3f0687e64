//! What was said on one matter, put together while reading: from the customer's newest interactions and nothing else, so
//! that joining two customers, or taking them apart, does the same to their conversations.

mod talks;

use std::collections::BTreeSet;

use hub_model::conversation::{JoinedBy, Topic};
use hub_model::event::Direction;
use hub_model::{ConversationId, NodeId, Timestamp};
use hub_store::Store;
use serde::Serialize;

pub(super) use talks::{Heard, Talks, recent};

use super::people::Person;
use super::rulings::Routing;
use super::things::InteractionView;
use super::timeline::TimelineCursor;
use super::{ANSWER_MAX, View};
use crate::FoldError;

/// Which conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationQuery {
    /// Only what was said before: the way to what is older than the newest five hundred interactions.
    pub until: Option<Timestamp>,
    pub channel: Option<String>,
    /// Only those whose customer waits for an answer.
    pub awaiting: bool,
    pub limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConversationView {
    /// Of the first interaction; every other one's finds it too.
    pub id: ConversationId,
    /// Where it began.
    pub channel: Option<String>,
    pub connection: String,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// Notes among ourselves included.
    pub interactions: u64,
    /// All the ways interactions got in.
    pub joined_by: BTreeSet<JoinedBy>,
    /// The orders it names.
    pub orders: Vec<OrderRef>,
    /// What most of the customer's words are about.
    pub topic: Option<Topic>,
    pub tickets: Vec<TicketRef>,
    /// What rules said of it.
    pub routing: Routing,
    /// Other conversations on the same matter, newest first.
    pub linked: Vec<Linked>,
    /// The customer had the last word, and this is when they began to wait.
    pub awaiting_since: Option<Timestamp>,
    /// Whether all its tickets are solved; absent without a ticket.
    pub resolved: Option<bool>,
    pub last_direction: Option<Direction>,
    /// The beginning of what was said last.
    pub last_excerpt: Option<String>,
}

/// An order a conversation is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OrderRef {
    pub connection: String,
    pub id: String,
    /// What people call it; absent for an order that is not the customer's.
    pub number: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TicketRef {
    pub connection: String,
    pub id: String,
    /// Absent when the ticket itself is not known.
    pub is_open: Option<bool>,
}

/// Another conversation on the same matter: linked, never made one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Linked {
    pub conversation: ConversationId,
    pub channel: Option<String>,
    pub last_at: Timestamp,
    pub by: LinkedBy,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkedBy {
    Order(OrderRef),
    Topic(Topic),
}

/// Which part of one conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationPage {
    /// As in [`ConversationQuery`].
    pub until: Option<Timestamp>,
    /// Goes on where a page ended: its `next`.
    pub after: Option<TimelineCursor>,
    pub limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConversationDetails {
    pub conversation: ConversationView,
    /// Newest first.
    pub interactions: Vec<Member>,
    pub next: Option<TimelineCursor>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    pub at: Timestamp,
    pub by: JoinedBy,
    pub interaction: InteractionView,
}

/// The customer's conversations, the last to move first; `None` when nobody has this id.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn conversations(
    store: &dyn Store,
    customer: NodeId,
    query: &ConversationQuery,
) -> Result<Option<Vec<ConversationView>>, FoldError> {
    let Some(person) = Person::find(View { store }, customer)? else { return Ok(None) };
    let talks = Talks::read(&person, query.until)?;
    let on_channel = |view: &ConversationView| query.channel.is_none() || view.channel == query.channel;
    let awaits = |view: &ConversationView| !query.awaiting || view.awaiting_since.is_some();
    let wanted = talks.conversations.into_iter().filter(|view| on_channel(view) && awaits(view));
    Ok(Some(wanted.take(query.limit.min(ANSWER_MAX)).collect()))
}

/// One conversation with what was said in it, found by any of its interactions; `None` when the customer has none such
/// among the interactions looked at.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn conversation(
    store: &dyn Store,
    customer: NodeId,
    id: ConversationId,
    page: &ConversationPage,
) -> Result<Option<ConversationDetails>, FoldError> {
    let Some(person) = Person::find(View { store }, customer)? else { return Ok(None) };
    let mut talks = Talks::read(&person, page.until)?;
    let is_it = |member: &(usize, JoinedBy)| talks.heard.get(member.0).is_some_and(|heard| heard.id() == id);
    let Some(index) = talks.members.iter().position(|members| members.iter().any(is_it)) else {
        return Ok(None);
    };
    let members = talks.members.get(index).into_iter().flatten();
    let mut heard: Vec<(&Heard, JoinedBy)> =
        members.filter_map(|(at, by)| Some((talks.heard.get(*at)?, *by))).collect();
    heard.sort_by(|(left, _), (right, _)| right.place.cmp(&left.place));
    let is_older = |(heard, _): &(&Heard, _)| page.after.as_ref().is_none_or(|after| heard.place < after.0);
    let mut older = heard.into_iter().filter(is_older);
    let mut interactions = Vec::new();
    let mut reached = page.after.clone();
    for (heard, by) in older.by_ref().take(page.limit.min(ANSWER_MAX)) {
        reached = Some(TimelineCursor(heard.place.clone()));
        let interaction = InteractionView::new(&heard.subject, &heard.said);
        interactions.push(Member { at: heard.place.at, by, interaction });
    }
    let next = older.next().is_some().then_some(reached).flatten();
    let conversation = talks.conversations.swap_remove(index);
    Ok(Some(ConversationDetails { conversation, interactions, next }))
}
