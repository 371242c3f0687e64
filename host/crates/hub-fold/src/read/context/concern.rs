//! What a customer most probably wants now. Plain counting of what is at hand, each count with its reason, so that an
//! agent sees why and may think otherwise. It opens a talk and decides nothing.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use hub_model::conversation::{Topic, topic};
use hub_model::event::Direction;
use hub_model::{ConversationId, Timestamp};
use serde::Serialize;

use super::{Late, OrderUnderWay};
use crate::read::conversations::{ConversationView, OrderRef, Talks};
use crate::read::things::TicketView;

/// What was said longer ago is no present concern.
const PRESENT_FOR: Duration = Duration::from_secs(14 * 24 * 3_600);

/// What each piece of evidence counts. A late order alone is a better guess than an old chat; a customer who waits is
/// heard before both.
const LATE_ORDER: u32 = 3;
const AWAITING: u32 = 4;
const TALKED: u32 = 2;
const NEGATIVE: u32 = 2;
const TICKET: u32 = 1;
const OPEN_RETURN: u32 = 2;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Concern {
    pub topic: Topic,
    /// What speaks for it; compare with other cards, it is no probability.
    pub weight: u32,
    /// The weightiest first.
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    LateOrder {
        order: OrderRef,
        late: Late,
    },
    /// A conversation about it waits for an answer.
    Awaiting {
        conversation: ConversationId,
        since: Timestamp,
    },
    /// A conversation was about it of late.
    Talked {
        conversation: ConversationId,
        at: Timestamp,
    },
    /// The last thing they said about it was unhappy.
    Negative {
        conversation: ConversationId,
        sentiment: String,
    },
    Ticket {
        connection: String,
        id: String,
    },
    OpenReturn {
        order: OrderRef,
        status: Option<String>,
    },
}

#[derive(Default)]
struct Counting {
    reasons: BTreeMap<Topic, Vec<(u32, Reason)>>,
}

impl Counting {
    fn add(&mut self, topic: Topic, weight: u32, reason: Reason) {
        self.reasons.entry(topic).or_default().push((weight, reason));
    }
}

/// The topic with the most behind it; of equals the first of [`Topic`].
pub(super) fn concern(
    orders: &[OrderUnderWay],
    talks: &Talks,
    tickets: &[TicketView],
    now: Timestamp,
) -> Option<Concern> {
    let mut counting = Counting::default();
    of_orders(&mut counting, orders);
    // Whoever says only that they are unhappy, and waits for a late order, is unhappy about that.
    let unnamed = orders.iter().any(|order| order.late.is_some()).then_some(Topic::Delivery);
    for conversation in &talks.conversations {
        if now.since(conversation.last_at) <= PRESENT_FOR {
            of_conversation(&mut counting, conversation, talks, unnamed);
        }
    }
    for ticket in tickets {
        if let Some(topic) = ticket.subject.as_deref().and_then(topic) {
            let reason = Reason::Ticket { connection: ticket.connection.clone(), id: ticket.id.clone() };
            counting.add(topic, TICKET, reason);
        }
    }
    let weighed = counting.reasons.into_iter().map(|(topic, reasons)| {
        let weight = reasons.iter().map(|(weight, _)| weight).sum::<u32>();
        (weight, topic, reasons)
    });
    let (weight, topic, mut reasons) = weighed.max_by_key(|(weight, topic, _)| (*weight, Reverse(*topic)))?;
    reasons.sort_by_key(|(weight, _)| Reverse(*weight));
    Some(Concern { topic, weight, reasons: reasons.into_iter().map(|(_, reason)| reason).collect() })
}

fn of_orders(counting: &mut Counting, orders: &[OrderUnderWay]) {
    for OrderUnderWay { order, late } in orders {
        let name = || OrderRef {
            connection: order.connection.clone(),
            id: order.id.clone(),
            number: order.number.clone(),
        };
        if let Some(late) = late {
            counting.add(Topic::Delivery, LATE_ORDER, Reason::LateOrder { order: name(), late: *late });
        }
        let is_open = |status: Option<&str>| matches!(status, None | Some("requested" | "open"));
        for request in order.returns.iter().filter(|request| is_open(request.status.as_deref())) {
            let reason = Reason::OpenReturn { order: name(), status: request.status.clone() };
            counting.add(Topic::Return, OPEN_RETURN, reason);
        }
    }
}

fn of_conversation(counting: &mut Counting, talk: &ConversationView, talks: &Talks, unnamed: Option<Topic>) {
    let Some(topic) = talk.topic.or(unnamed) else { return };
    let (conversation, at) = (talk.id, talk.last_at);
    counting.add(topic, TALKED, Reason::Talked { conversation, at });
    if let Some(since) = talk.awaiting_since {
        counting.add(topic, AWAITING, Reason::Awaiting { conversation, since });
    }
    let inbound = talks.said_in(talk).filter(|heard| heard.direction() == Some(Direction::Inbound));
    let findings = inbound.filter_map(|heard| heard.said.understood());
    let last = findings.filter(|finding| finding.has_sentiment()).last();
    let last = last.map(|finding| finding.sentiment.clone());
    if let Some(sentiment) = last.filter(|sentiment| sentiment.ends_with("negative")) {
        counting.add(topic, NEGATIVE, Reason::Negative { conversation, sentiment });
    }
}
