//! Orders, tickets, messages and the rest as people see them: the values that count now, without where they came from.

use hub_model::event::{Author, DeliveryStatus, Direction};
use hub_model::join::Fact;
use hub_model::model::{
    Checkout, Fulfilment, Intent, Interaction, LoyaltyAccount, LoyaltyEntry, Order, OrderBreach, OrderLine,
    Refund, Return, Survey, Ticket,
};
use hub_model::{Money, Timestamp};
use serde::Serialize;

use crate::row::Subject;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderView {
    pub connection: String,
    pub id: String,
    pub number: Option<String>,
    pub total: Option<Money>,
    pub subtotal: Option<Money>,
    pub tax: Option<Money>,
    pub discount: Option<Money>,
    pub financial_status: Option<String>,
    pub fulfilment_status: Option<String>,
    pub is_open: bool,
    pub placed_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub tags: Vec<String>,
    pub note: Option<String>,
    pub source: Option<String>,
    pub lines: Vec<LineView>,
    pub parcels: Vec<ParcelView>,
    pub refunds: Vec<RefundView>,
    pub returns: Vec<ReturnView>,
    pub deleted: bool,
    /// What is said of the order and cannot be true.
    pub breaches: Vec<OrderBreach>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineView {
    pub sku: Option<String>,
    pub title: Option<String>,
    /// A decimal number as text: "2", "0.5".
    pub quantity: String,
    pub unit_price: Option<Money>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParcelView {
    pub id: String,
    pub status: Option<String>,
    pub carrier: Option<String>,
    pub tracking_numbers: Vec<String>,
    pub tracking_urls: Vec<String>,
    /// When it was first said to be on its way.
    pub shipped_at: Option<Timestamp>,
    /// When it was first said to have arrived.
    pub delivered_at: Option<Timestamp>,
    /// When it was first said that it will not arrive, or could not be handed over.
    pub failed_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefundView {
    pub id: String,
    pub amount: Option<Money>,
    pub at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReturnView {
    pub id: String,
    pub status: Option<String>,
    pub at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckoutView {
    pub connection: String,
    pub id: String,
    pub total: Option<Money>,
    pub url: Option<String>,
    pub lines: Vec<LineView>,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    /// The order it became.
    pub order: Option<String>,
    pub deleted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InteractionView {
    pub connection: String,
    pub id: String,
    pub channel: Option<String>,
    pub kind: Option<String>,
    pub direction: Option<Direction>,
    pub author: Option<Author>,
    pub thread: Option<String>,
    /// Gone when `erased`.
    pub text: Option<String>,
    pub attachments: u64,
    pub reply_to: Option<String>,
    pub ticket: Option<String>,
    pub order: Option<String>,
    pub sent_at: Option<Timestamp>,
    pub status: Option<DeliveryStatus>,
    pub status_detail: Option<String>,
    pub edited: bool,
    pub erased: bool,
    /// Those not taken back.
    pub reactions: Vec<String>,
    pub language: Option<String>,
    pub sentiment: Option<String>,
    /// Hundredths, -100 to 100.
    pub sentiment_score: Option<i32>,
    /// What it was told by, in the enricher's own word; "person" where somebody said so.
    pub sentiment_method: Option<String>,
    /// What the sentiment was seen by, and its weight.
    pub cues: Vec<(String, i32)>,
    /// What its writer wants; the one to act on first leads.
    pub intents: Vec<Intent>,
    pub topic: Option<String>,
    /// Which of language, sentiment, intents and topic are as a person says.
    pub corrected: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TicketView {
    pub connection: String,
    pub id: String,
    pub external_id: Option<String>,
    pub subject: Option<String>,
    pub status: Option<String>,
    pub priority: Option<String>,
    pub channel: Option<String>,
    pub assignee: Option<String>,
    pub group: Option<String>,
    pub tags: Vec<String>,
    pub created_at: Option<Timestamp>,
    pub is_open: bool,
    pub deleted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoyaltyView {
    pub connection: String,
    pub id: String,
    pub program: Option<String>,
    pub balance: Option<i64>,
    pub lifetime: Option<i64>,
    pub tier: Option<String>,
    pub enrolled_at: Option<Timestamp>,
    pub deleted: bool,
    /// Newest first. Empty where only the account itself is shown.
    pub ledger: Vec<LoyaltyEntryView>,
    /// What the provider's balance has more, or less, than the sum of all entries. Absent when they agree, when there are
    /// no entries, and where only the account itself is shown.
    pub unexplained: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoyaltyEntryView {
    pub account: String,
    pub id: String,
    pub kind: String,
    pub points: Option<i64>,
    pub reason: Option<String>,
    pub order: Option<String>,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SurveyView {
    pub connection: String,
    pub id: String,
    pub kind: String,
    pub score: Option<String>,
    pub comment: Option<String>,
    pub ticket: Option<String>,
    pub at: Timestamp,
}

fn value<T: Clone>(fact: &Option<Fact<T>>) -> Option<T> {
    fact.as_ref().map(|fact| fact.value.clone())
}

fn list<T: Clone>(fact: &Option<Fact<Vec<T>>>) -> Vec<T> {
    value(fact).unwrap_or_default()
}

impl OrderView {
    pub(super) fn new(subject: &Subject, order: &Order) -> Self {
        Self {
            connection: subject.connection.clone(),
            id: subject.id.clone(),
            number: value(&order.number),
            total: value(&order.total),
            subtotal: value(&order.subtotal),
            tax: value(&order.tax),
            discount: value(&order.discount),
            financial_status: value(&order.financial_status),
            fulfilment_status: value(&order.fulfilment_status),
            is_open: order.is_open(),
            placed_at: value(&order.placed_at),
            cancelled_at: value(&order.cancelled_at),
            closed_at: value(&order.closed_at),
            tags: order.tags.current().into_iter().collect(),
            note: value(&order.note),
            source: value(&order.source),
            lines: lines(&order.lines),
            parcels: order.fulfilments.iter().map(|(id, parcel)| ParcelView::new(id, parcel)).collect(),
            refunds: order.refunds.iter().map(|(id, refund)| RefundView::new(id, refund)).collect(),
            returns: order.returns.iter().map(|(id, request)| ReturnView::new(id, request)).collect(),
            deleted: order.deleted,
            breaches: order.breaches(),
        }
    }
}

fn lines(lines: &Option<Fact<Vec<OrderLine>>>) -> Vec<LineView> {
    lines.iter().flat_map(|lines| &lines.value).map(LineView::new).collect()
}

impl LineView {
    fn new(line: &OrderLine) -> Self {
        Self {
            sku: line.sku.clone(),
            title: line.title.clone(),
            quantity: units(line.quantity),
            unit_price: line.unit_price.clone(),
        }
    }
}

/// Millionths of a unit as a decimal number.
fn units(millionths: i64) -> String {
    const UNIT: u64 = 1_000_000;
    let sign = if millionths < 0 { "-" } else { "" };
    let (whole, rest) = (millionths.unsigned_abs() / UNIT, millionths.unsigned_abs() % UNIT);
    let text = format!("{sign}{whole}.{rest:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl ParcelView {
    pub(super) fn new(id: &str, parcel: &Fulfilment) -> Self {
        Self {
            id: id.to_owned(),
            status: value(&parcel.status),
            carrier: value(&parcel.carrier),
            tracking_numbers: list(&parcel.tracking_numbers),
            tracking_urls: list(&parcel.tracking_urls),
            shipped_at: parcel.shipped_at.map(|at| at.0),
            delivered_at: parcel.delivered_at.map(|at| at.0),
            failed_at: parcel.failed_at.map(|at| at.0),
        }
    }
}

impl RefundView {
    pub(super) fn new(id: &str, refund: &Refund) -> Self {
        Self { id: id.to_owned(), amount: value(&refund.amount), at: value(&refund.at) }
    }
}

impl ReturnView {
    pub(super) fn new(id: &str, request: &Return) -> Self {
        Self { id: id.to_owned(), status: value(&request.status), at: value(&request.at) }
    }
}

impl CheckoutView {
    pub(super) fn new(subject: &Subject, checkout: &Checkout) -> Self {
        Self {
            connection: subject.connection.clone(),
            id: subject.id.clone(),
            total: value(&checkout.total),
            url: value(&checkout.url),
            lines: lines(&checkout.lines),
            started_at: value(&checkout.started_at),
            completed_at: value(&checkout.completed_at),
            order: value(&checkout.order),
            deleted: checkout.deleted,
        }
    }
}

impl InteractionView {
    pub(super) fn new(subject: &Subject, said: &Interaction) -> Self {
        let finding = said.understood();
        let sounds = finding.as_deref().filter(|finding| finding.has_sentiment());
        Self {
            connection: subject.connection.clone(),
            id: subject.id.clone(),
            channel: value(&said.channel),
            kind: value(&said.kind),
            direction: value(&said.direction),
            author: value(&said.author),
            thread: value(&said.thread),
            text: value(&said.text),
            attachments: said.attachments.as_ref().map_or(0, |attachments| attachments.value.len() as u64),
            reply_to: value(&said.reply_to),
            ticket: value(&said.ticket),
            order: value(&said.order),
            sent_at: value(&said.sent_at),
            status: said.status.map(|status| status.0),
            status_detail: value(&said.status_detail),
            edited: said.edited,
            erased: said.erased,
            reactions: said.reactions.values().filter_map(|reaction| reaction.value.clone()).collect(),
            language: finding.as_ref().and_then(|finding| finding.language.clone()),
            sentiment: sounds.map(|finding| finding.sentiment.clone()),
            sentiment_score: sounds.map(|finding| finding.score),
            sentiment_method: sounds.and_then(|finding| finding.method.clone()),
            intents: finding.as_ref().map(|finding| finding.intents.clone()).unwrap_or_default(),
            topic: finding.as_ref().and_then(|finding| finding.topic.clone()),
            cues: finding.as_ref().map(|finding| finding.cues.clone()).unwrap_or_default(),
            corrected: said.corrected.standing(),
        }
    }
}

impl TicketView {
    pub(super) fn new(subject: &Subject, ticket: &Ticket) -> Self {
        Self {
            connection: subject.connection.clone(),
            id: subject.id.clone(),
            external_id: value(&ticket.external_id),
            subject: value(&ticket.subject),
            status: value(&ticket.status),
            priority: value(&ticket.priority),
            channel: value(&ticket.channel),
            assignee: value(&ticket.assignee),
            group: value(&ticket.group),
            tags: ticket.tags.current().into_iter().collect(),
            created_at: value(&ticket.created_at),
            is_open: ticket.is_open(),
            deleted: ticket.deleted,
        }
    }
}

impl LoyaltyView {
    pub(super) fn new(subject: &Subject, account: &LoyaltyAccount) -> Self {
        Self {
            connection: subject.connection.clone(),
            id: subject.id.clone(),
            program: value(&account.program),
            balance: value(&account.balance),
            lifetime: value(&account.lifetime),
            tier: value(&account.tier),
            enrolled_at: value(&account.enrolled_at),
            deleted: account.deleted,
            ledger: Vec::new(),
            unexplained: None,
        }
    }
}

impl LoyaltyEntryView {
    pub(super) fn new(account: &str, id: &str, entry: &LoyaltyEntry) -> Self {
        Self {
            account: account.to_owned(),
            id: id.to_owned(),
            kind: entry.kind.value.clone(),
            points: value(&entry.points),
            reason: value(&entry.reason),
            order: value(&entry.order),
            at: entry.at.value,
        }
    }
}

impl SurveyView {
    pub(super) fn new(subject: &Subject, survey: &Survey) -> Self {
        Self {
            connection: subject.connection.clone(),
            id: subject.id.clone(),
            kind: survey.kind.value.clone(),
            score: value(&survey.score),
            comment: value(&survey.comment),
            ticket: value(&survey.ticket),
            at: survey.at.value,
        }
    }
}
