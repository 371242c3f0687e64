//! The card for whoever serves a customer now: who they are, what is under way, what was said where, what they may wait
//! for. One read of bounded work: the newest rows of each kind, however long the history is. It holds keys and words of a
//! person in full, because it is for the person who answers them; it is never logged.

mod concern;
mod mood;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hub_model::event::{Direction, IdentityKind};
use hub_model::model::{Fulfilment, LoyaltyAccount, Order, Ticket};
use hub_model::{ConversationId, NodeId, Timestamp};
use hub_store::Store;
use serde::Serialize;

pub use concern::{Concern, Reason};
pub use mood::{Mood, Trend};

use super::View;
use super::consent::{ConsentView, consents};
use super::conversations::{ConversationView, Talks, recent};
use super::follow_ups::{FollowUpState, FollowUpView, follow_ups_of};
use super::people::{Account, Person};
use super::rulings::{AttributeView, NoteView};
use super::things::{LoyaltyView, OrderView, TicketView};
use crate::FoldError;
use crate::row::{Subject, SubjectKind};

/// The newest of each kind looked at. An order or ticket older than so many others is asked for by name.
const ORDERS_MAX: usize = 25;
const INTERACTIONS_MAX: usize = 100;
const TICKETS_MAX: usize = 25;
const LOYALTY_MAX: usize = 10;
const NOTES_MAX: usize = 10;

/// An order of which nothing was sent for so long is late: most shops promise two to four days.
const UNSENT_MAX: Duration = Duration::from_secs(5 * 24 * 3_600);

/// A parcel on its way for so long is late.
const UNDER_WAY_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Many carriers never say that a parcel arrived: after so long nobody waits for it any more.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60 * 24 * 3_600);

/// Everything an agent wants to see first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContextCard {
    pub customer: NodeId,
    /// As of when the card is.
    pub now: Timestamp,
    pub display_name: Option<String>,
    /// Proven ones first.
    pub emails: Vec<String>,
    /// In international form, proven ones first.
    pub phones: Vec<String>,
    /// Public names at providers.
    pub handles: Vec<String>,
    pub accounts: Vec<Account>,
    /// As profiles say.
    pub locales: BTreeSet<String>,
    /// Orders that are not wholly in the customer's hands, newest first.
    pub orders: Vec<OrderUnderWay>,
    /// The last contact on every channel of the newest hundred interactions, newest first.
    pub last_contacts: Vec<LastContact>,
    /// Open ones, newest first.
    pub tickets: Vec<TicketView>,
    /// Conversations among these interactions whose customer waits for an answer, the longest waiting first.
    pub awaiting: Vec<ConversationView>,
    /// What is to be done for them, the first due first.
    pub follow_ups: Vec<OwedFollowUp>,
    /// Absent when nothing of what they wrote was scored.
    pub mood: Option<Mood>,
    pub loyalty: Vec<LoyaltyView>,
    /// What rules say of them, by name.
    pub attributes: BTreeMap<String, AttributeView>,
    /// What rules wrote down last, newest first.
    pub notes: Vec<NoteView>,
    /// The statement in force on every channel for every purpose; one that is not here was never made, which is no
    /// consent.
    pub consents: Vec<ConsentView>,
    /// What they most probably write about now, and why we think so.
    pub concern: Option<Concern>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderUnderWay {
    pub order: OrderView,
    /// Absent when it is in time, as far as we can tell.
    pub late: Option<Late>,
}

/// Something that is to be done for the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwedFollowUp {
    pub follow_up: FollowUpView,
    /// It should have been done by now.
    pub overdue: bool,
}

/// Why an order is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// A carrier could not hand a parcel over, or will not.
    NotDelivered,
    /// Nothing was sent since.
    NotSent { since: Timestamp },
    /// A parcel is on its way since.
    UnderWay { since: Timestamp },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastContact {
    pub channel: String,
    pub at: Timestamp,
    pub direction: Option<Direction>,
    /// The beginning of what was said.
    pub excerpt: Option<String>,
    pub conversation: ConversationId,
}

/// The card of a customer at a moment; `None` when nobody has this id.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn context(store: &dyn Store, id: NodeId, now: Timestamp) -> Result<Option<ContextCard>, FoldError> {
    let Some(person) = Person::find(View { store }, id)? else { return Ok(None) };
    let orders: Vec<(Subject, Order)> = recent(&person, SubjectKind::Order, None, ORDERS_MAX)?
        .into_iter()
        .map(|(_, subject, order)| (subject, order))
        .collect();
    let talks = Talks::among(&person, &orders, None, INTERACTIONS_MAX)?;
    let under_way: Vec<OrderUnderWay> =
        orders.iter().filter_map(|(subject, order)| OrderUnderWay::new(subject, order, now)).collect();
    let tickets = open_tickets(&person)?;
    let mood = mood::mood(&talks.heard);
    let concern = concern::concern(&under_way, &talks, &tickets, now);
    let profiles = person.profiles()?.into_iter().filter_map(|(_, profile)| profile.locale);
    Ok(Some(ContextCard {
        customer: person.id,
        now,
        display_name: person.display_name()?,
        emails: person.reachable(IdentityKind::Email),
        phones: person.reachable(IdentityKind::Phone),
        handles: person.reachable(IdentityKind::Handle),
        accounts: person.accounts.values().map(|node| Account::of(&node.key)).collect(),
        locales: profiles.map(|locale| locale.value).collect(),
        orders: under_way,
        last_contacts: last_contacts(&talks),
        tickets,
        awaiting: awaiting(talks.conversations),
        follow_ups: owed(follow_ups_of(&person)?, now),
        mood,
        loyalty: loyalty(&person)?,
        attributes: person.attributes()?,
        notes: person.notes(NOTES_MAX)?,
        consents: consents(&person)?.into_iter().filter(|consent| consent.in_force).collect(),
        concern,
    }))
}

impl OrderUnderWay {
    fn new(subject: &Subject, order: &Order, now: Timestamp) -> Option<Self> {
        let sent_at = sent_at(order).filter(|at| now.since(*at) < FORGOTTEN_AFTER);
        let is_called_off = order.deleted || order.cancelled_at.is_some();
        if is_called_off || (!order.is_open() && sent_at.is_none()) {
            return None;
        }
        let nothing_sent = || placed_and_unsent(order).filter(|since| now.since(*since) >= UNSENT_MAX);
        let late = match sent_at {
            _ if Late::has_failed(order) => Some(Late::NotDelivered),
            Some(since) if now.since(since) >= UNDER_WAY_MAX => Some(Late::UnderWay { since }),
            Some(_) => None,
            None => nothing_sent().map(|since| Late::NotSent { since }),
        };
        Some(Self { order: OrderView::new(subject, order), late })
    }
}

impl Late {
    /// When an order becomes late if nothing is told of it any more; `None` when it never does, or is already because a
    /// parcel could not be handed over.
    pub(crate) fn expected(order: &Order) -> Option<Timestamp> {
        let is_called_off = order.deleted || order.cancelled_at.is_some() || Self::has_failed(order);
        let under_way = sent_at(order).map(|since| since.plus(UNDER_WAY_MAX));
        let unsent =
            || placed_and_unsent(order).filter(|_| order.is_open()).map(|since| since.plus(UNSENT_MAX));
        under_way.or_else(unsent).filter(|_| !is_called_off)
    }

    /// A carrier could not hand a parcel over, or will not.
    pub(crate) fn has_failed(order: &Order) -> bool {
        let has_failed =
            |parcel: &Fulfilment| parcel.failed_at.is_some() && parcel.under_way_since().is_some();
        order.fulfilments.values().any(has_failed)
    }
}

/// When the first parcel left that is still on its way.
fn sent_at(order: &Order) -> Option<Timestamp> {
    order.fulfilments.values().filter_map(Fulfilment::under_way_since).min()
}

/// When an order was placed of which nothing was ever sent.
fn placed_and_unsent(order: &Order) -> Option<Timestamp> {
    let is_unsent = |parcel: &Fulfilment| parcel.shipped_at.is_none() && parcel.delivered_at.is_none();
    let placed_at = order.placed_at.as_ref().map(|at| at.value);
    placed_at.filter(|_| order.fulfilments.values().all(is_unsent))
}

fn open_tickets(person: &Person<'_>) -> Result<Vec<TicketView>, FoldError> {
    let tickets = recent::<Ticket>(person, SubjectKind::Ticket, None, TICKETS_MAX)?;
    let open = tickets.iter().filter(|(.., ticket)| ticket.is_open());
    Ok(open.map(|(_, subject, ticket)| TicketView::new(subject, ticket)).collect())
}

fn loyalty(person: &Person<'_>) -> Result<Vec<LoyaltyView>, FoldError> {
    let accounts = recent::<LoyaltyAccount>(person, SubjectKind::LoyaltyAccount, None, LOYALTY_MAX)?;
    let accounts = accounts.iter().filter(|(.., account)| !account.deleted);
    Ok(accounts.map(|(_, subject, account)| LoyaltyView::new(subject, account)).collect())
}

/// A note among ourselves is no contact.
fn last_contacts(talks: &Talks) -> Vec<LastContact> {
    let mut seen = BTreeSet::new();
    let contacts = talks.heard.iter().filter(|heard| heard.direction() != Some(Direction::Internal));
    contacts
        .filter_map(|heard| Some((heard.channel()?, heard)))
        .filter(|(channel, _)| seen.insert(channel.clone()))
        .map(|(channel, heard)| LastContact {
            channel,
            at: heard.place.at,
            direction: heard.direction(),
            excerpt: heard.excerpt(),
            conversation: heard.id(),
        })
        .collect()
}

fn owed(follow_ups: Vec<FollowUpView>, now: Timestamp) -> Vec<OwedFollowUp> {
    let open = follow_ups.into_iter().filter(|follow_up| follow_up.state == FollowUpState::Open);
    open.map(|follow_up| OwedFollowUp { overdue: follow_up.due <= now, follow_up }).collect()
}

fn awaiting(conversations: Vec<ConversationView>) -> Vec<ConversationView> {
    let mut awaiting: Vec<_> =
        conversations.into_iter().filter(|conversation| conversation.awaiting_since.is_some()).collect();
    awaiting.sort_by_key(|conversation| (conversation.awaiting_since, conversation.id));
    awaiting
}
