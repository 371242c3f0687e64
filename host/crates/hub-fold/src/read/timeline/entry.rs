//! One line, and what is behind it, for everything that stands in a timeline.

use hub_model::event::{Author, Direction};
use hub_model::model::{
    Checkout, Consent, Fulfilment, Interaction, LoyaltyAccount, LoyaltyEntry, Order, Refund, Return, Survey,
    Ticket,
};
use hub_model::{NodeId, Timestamp};
use hub_store::Table;
use serde::Serialize;

use super::Place;
use crate::FoldError;
use crate::read::View;
use crate::read::consent::ConsentView;
use crate::read::follow_ups::{FollowUpState, FollowUpView};
use crate::read::people::{Account, Person};
use crate::read::rulings::NoteView;
use crate::read::things::{
    CheckoutView, InteractionView, LoyaltyEntryView, LoyaltyView, OrderView, ParcelView, RefundView,
    ReturnView, SurveyView, TicketView,
};
use crate::row::{PartRow, Row, Subject, SubjectKind, decode, key};

/// Characters of a text that fit on a line for people.
const EXCERPT_CHARS: usize = 120;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimelineEntry {
    /// 1970-01-01T00:00:00Z for what has not been given a time yet.
    pub at: Timestamp,
    pub kind: SubjectKind,
    pub channel: Option<String>,
    pub connection: String,
    /// The provider's id.
    pub id: String,
    /// One line for people.
    pub summary: String,
    pub direction: Option<Direction>,
    pub sentiment: Option<String>,
    pub details: Details,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Details {
    Order(OrderView),
    Fulfilment(ParcelNews),
    Refund(RefundNews),
    Return(ReturnNews),
    Checkout(CheckoutView),
    Interaction(InteractionView),
    Ticket(TicketView),
    LoyaltyAccount(LoyaltyView),
    LoyaltyEntry(LoyaltyEntryView),
    Survey(SurveyView),
    Consent(ConsentView),
    FollowUp(FollowUpNews),
    Note(NoteView),
}

/// Something to do for the customer, at one of its turns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FollowUpNews {
    pub turn: FollowUpTurn,
    /// As it is now.
    pub follow_up: FollowUpView,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowUpTurn {
    /// Somebody first wanted it.
    Wanted,
    /// It was done, or something happened that ended it.
    Ended,
}

/// A parcel at one of its turns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParcelNews {
    /// The provider's id of the order.
    pub order: String,
    pub number: Option<String>,
    pub turn: ParcelTurn,
    /// As it is now.
    pub parcel: ParcelView,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParcelTurn {
    Shipped,
    Delivered,
    /// It will not arrive, or could not be handed over.
    Failed,
}

impl ParcelTurn {
    pub(crate) const ALL: [Self; 3] = [Self::Shipped, Self::Delivered, Self::Failed];

    /// As it stands in keys.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Shipped => "1",
            Self::Delivered => "2",
            Self::Failed => "3",
        }
    }

    pub(crate) fn at(self, parcel: &Fulfilment) -> Option<Timestamp> {
        let at = match self {
            Self::Shipped => parcel.shipped_at,
            Self::Delivered => parcel.delivered_at,
            Self::Failed => parcel.failed_at,
        };
        at.map(|at| at.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefundNews {
    pub order: String,
    pub number: Option<String>,
    pub refund: RefundView,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReturnNews {
    pub order: String,
    pub number: Option<String>,
    #[serde(rename = "return")]
    pub request: ReturnView,
}

/// What stands at a place of one of the customer's accounts; `None` when it is gone.
pub(super) fn entry(
    person: &Person<'_>,
    account: NodeId,
    place: &Place,
    row: &[u8],
) -> Result<Option<TimelineEntry>, FoldError> {
    let view = person.view;
    let subject: Subject = decode(Table::Timeline, row)?;
    let entry = match subject.kind {
        SubjectKind::Order => thing(view, &subject)?.map(|order: Order| order_entry(&subject, &order)),
        SubjectKind::Checkout => {
            thing(view, &subject)?.map(|checkout: Checkout| checkout_entry(&subject, &checkout))
        }
        SubjectKind::Interaction => {
            thing(view, &subject)?.map(|said: Interaction| said_entry(&subject, &said))
        }
        SubjectKind::Ticket => thing(view, &subject)?.map(|ticket: Ticket| ticket_entry(&subject, &ticket)),
        SubjectKind::LoyaltyAccount => {
            thing(view, &subject)?.map(|account: LoyaltyAccount| loyalty_account(&subject, &account))
        }
        SubjectKind::Survey => thing(view, &subject)?.map(|survey: Survey| survey_entry(&subject, &survey)),
        SubjectKind::Fulfilment | SubjectKind::Refund | SubjectKind::Return => {
            let part: PartRow = decode(Table::Timeline, row)?;
            let subject = Subject { kind: SubjectKind::Order, ..subject };
            thing(view, &subject)?.and_then(|order: Order| part_entry(&subject, &order, &part))
        }
        SubjectKind::LoyaltyEntry => {
            let entry: Option<LoyaltyEntry> = view.get(&place.object)?;
            entry.map(|entry| loyalty_entry(&subject, ledger_id(&subject, place), &entry))
        }
        SubjectKind::Consent => {
            let statement: Option<Consent> = view.get(&place.object)?;
            let node = person.accounts.get(&account);
            statement
                .zip(node)
                .map(|(said, node)| consent_entry(ConsentView::new(Account::of(&node.key), said)))
        }
        SubjectKind::InventoryLevel
        | SubjectKind::Customer
        | SubjectKind::FollowUp
        | SubjectKind::Note
        | SubjectKind::Rule => None,
    };
    Ok(entry.map(|entry| TimelineEntry { at: place.at, ..entry }))
}

fn part_entry(subject: &Subject, order: &Order, row: &PartRow) -> Option<TimelineEntry> {
    let id = row.part.as_str();
    match row.whole.kind {
        SubjectKind::Fulfilment => {
            let turn = ParcelTurn::ALL.into_iter().find(|turn| turn.mark() == row.turn)?;
            Some(parcel_entry(subject, order, (id, order.fulfilments.get(id)?), turn))
        }
        SubjectKind::Refund => Some(refund_entry(subject, order, id, order.refunds.get(id)?)),
        SubjectKind::Return => Some(return_entry(subject, order, id, order.returns.get(id)?)),
        _ => None,
    }
}

/// What stands behind the account in the key of an entry of its ledger.
fn ledger_id(account: &Subject, place: &Place) -> String {
    let prefix = key::object(&account.connection, &[&account.id]).len().saturating_add(1);
    String::from_utf8_lossy(place.object.get(prefix..).unwrap_or_default()).into_owned()
}

fn thing<T: Row>(view: View<'_>, subject: &Subject) -> Result<Option<T>, FoldError> {
    view.get(&key::object(&subject.connection, &[&subject.id]))
}

fn plain(subject: &Subject, summary: String, details: Details) -> TimelineEntry {
    TimelineEntry {
        at: Timestamp::EPOCH,
        kind: subject.kind,
        channel: None,
        connection: subject.connection.clone(),
        id: subject.id.clone(),
        summary,
        direction: None,
        sentiment: None,
        details,
    }
}

fn order_entry(subject: &Subject, order: &Order) -> TimelineEntry {
    let view = OrderView::new(subject, order);
    let mut summary = format!("placed order {}", view.number.as_deref().unwrap_or(&view.id));
    if let Some(total) = &view.total {
        summary.push_str(&format!(", {total}"));
    }
    let states = [
        view.cancelled_at.map(|_| "cancelled"),
        view.financial_status.as_deref(),
        view.fulfilment_status.as_deref(),
    ];
    let states: Vec<&str> = states.into_iter().flatten().collect();
    if !states.is_empty() {
        summary.push_str(&format!(" ({})", states.join(", ")));
    }
    TimelineEntry { channel: view.source.clone(), ..plain(subject, summary, Details::Order(view)) }
}

/// "#1001", or the provider's id where there is no number.
fn called<'a>(subject: &'a Subject, order: &'a Order) -> &'a str {
    order.number.as_ref().map_or(&subject.id, |number| &number.value)
}

fn number(order: &Order) -> Option<String> {
    order.number.as_ref().map(|number| number.value.clone())
}

/// An entry of its own for a part of an order.
fn of_order(
    subject: &Subject,
    order: &Order,
    kind: SubjectKind,
    id: &str,
    summary: String,
    details: Details,
) -> TimelineEntry {
    let channel = order.source.as_ref().map(|source| source.value.clone());
    let part = Subject { kind, connection: subject.connection.clone(), id: id.to_owned() };
    TimelineEntry { channel, ..plain(&part, summary, details) }
}

fn parcel_entry(
    subject: &Subject,
    order: &Order,
    (id, parcel): (&str, &Fulfilment),
    turn: ParcelTurn,
) -> TimelineEntry {
    let view = ParcelView::new(id, parcel);
    let what = format!("order {}", called(subject, order));
    let by = view.carrier.as_ref().map(|carrier| format!(" by {carrier}")).unwrap_or_default();
    let summary = match turn {
        ParcelTurn::Shipped if view.tracking_numbers.is_empty() => format!("{what} is on its way{by}"),
        ParcelTurn::Shipped => format!("{what} is on its way{by}: {}", view.tracking_numbers.join(", ")),
        ParcelTurn::Delivered => format!("{what} was delivered{by}"),
        ParcelTurn::Failed => format!("{what} could not be delivered{by}"),
    };
    let news = ParcelNews { order: subject.id.clone(), number: number(order), turn, parcel: view };
    of_order(subject, order, SubjectKind::Fulfilment, id, summary, Details::Fulfilment(news))
}

fn refund_entry(subject: &Subject, order: &Order, id: &str, refund: &Refund) -> TimelineEntry {
    let view = RefundView::new(id, refund);
    let amount = view.amount.as_ref().map(|amount| format!(" {amount}")).unwrap_or_default();
    let summary = format!("refunded{amount} of order {}", called(subject, order));
    let news = RefundNews { order: subject.id.clone(), number: number(order), refund: view };
    of_order(subject, order, SubjectKind::Refund, id, summary, Details::Refund(news))
}

fn return_entry(subject: &Subject, order: &Order, id: &str, request: &Return) -> TimelineEntry {
    let view = ReturnView::new(id, request);
    let status = view.status.as_ref().map(|status| format!(" ({status})")).unwrap_or_default();
    let summary = format!("return of order {}{status}", called(subject, order));
    let news = ReturnNews { order: subject.id.clone(), number: number(order), request: view };
    of_order(subject, order, SubjectKind::Return, id, summary, Details::Return(news))
}

fn consent_entry(consent: ConsentView) -> TimelineEntry {
    let ConsentView { purpose, channel, state, .. } = &consent;
    let subject = Subject {
        kind: SubjectKind::Consent,
        connection: consent.connection.clone(),
        id: format!("{channel}/{purpose}"),
    };
    let summary = format!("consent to {purpose} by {channel}: {state}");
    let channel = Some(channel.clone());
    TimelineEntry { channel, ..plain(&subject, summary, Details::Consent(consent)) }
}

pub(super) fn follow_up_entry(follow_up: &FollowUpView, turn: FollowUpTurn) -> TimelineEntry {
    let subject = Subject {
        kind: SubjectKind::FollowUp,
        connection: follow_up.account.connection.clone(),
        id: follow_up.id.to_string(),
    };
    let what = excerpt(&follow_up.text);
    let summary = match (turn, &follow_up.state) {
        (FollowUpTurn::Wanted, _) => format!("to follow up by {}: {what}", follow_up.due),
        (FollowUpTurn::Ended, FollowUpState::Happened { name, .. }) => {
            format!("no follow-up needed after {name}: {what}")
        }
        (FollowUpTurn::Ended, _) => format!("followed up: {what}"),
    };
    let news = FollowUpNews { turn, follow_up: follow_up.clone() };
    plain(&subject, summary, Details::FollowUp(news))
}

pub(super) fn note_entry(note: NoteView) -> TimelineEntry {
    let subject = Subject {
        kind: SubjectKind::Note,
        connection: note.account.connection.clone(),
        id: format!("{}/{}/{}", note.event, note.rule, note.place),
    };
    plain(&subject, format!("rule {} noted: {}", note.rule, excerpt(&note.text)), Details::Note(note))
}

fn checkout_entry(subject: &Subject, checkout: &Checkout) -> TimelineEntry {
    let view = CheckoutView::new(subject, checkout);
    let total = view.total.as_ref().map(|total| format!(" of {total}")).unwrap_or_default();
    let end = match (&view.order, view.completed_at, view.deleted) {
        (Some(_), ..) | (_, Some(_), _) => " and bought it",
        (.., true) => ", which is gone",
        _ => "",
    };
    plain(subject, format!("filled a cart{total}{end}"), Details::Checkout(view))
}

fn said_entry(subject: &Subject, said: &Interaction) -> TimelineEntry {
    let view = InteractionView::new(subject, said);
    TimelineEntry {
        channel: view.channel.clone(),
        direction: view.direction,
        sentiment: view.sentiment.clone(),
        ..plain(subject, said_line(&view), Details::Interaction(view))
    }
}

/// "wrote on instagram: Where is my order?"
fn said_line(said: &InteractionView) -> String {
    let on = said.channel.as_ref().map(|channel| format!(" on {channel}")).unwrap_or_default();
    let what = match (said.kind.as_deref(), said.direction) {
        (_, Some(Direction::Internal)) => "note".to_owned(),
        (Some("call"), Some(Direction::Outbound)) => "was called".to_owned(),
        (Some("call"), _) => "called".to_owned(),
        (Some("comment"), Some(Direction::Inbound) | None) => format!("commented{on}"),
        (_, Some(Direction::Outbound)) => format!("{} wrote{on}", our_side(said.author)),
        _ => format!("wrote{on}"),
    };
    if said.erased {
        return format!("{what}, and took it back");
    }
    match (&said.text, said.attachments) {
        (Some(text), _) if !text.trim().is_empty() => format!("{what}: {}", excerpt(text)),
        (_, 1) => format!("{what}: an attachment"),
        (_, 2..) => format!("{what}: {} attachments", said.attachments),
        _ => what,
    }
}

fn our_side(author: Option<Author>) -> &'static str {
    match author {
        Some(Author::Bot) => "a bot",
        Some(Author::Rule) => "a rule",
        Some(Author::System) => "a system",
        _ => "we",
    }
}

fn ticket_entry(subject: &Subject, ticket: &Ticket) -> TimelineEntry {
    let view = TicketView::new(subject, ticket);
    let mut summary = format!("opened ticket {}", view.id);
    if let Some(subject) = &view.subject {
        summary.push_str(&format!(": {}", excerpt(subject)));
    }
    if let Some(status) = &view.status {
        summary.push_str(&format!(" ({status})"));
    }
    TimelineEntry { channel: view.channel.clone(), ..plain(subject, summary, Details::Ticket(view)) }
}

fn loyalty_account(subject: &Subject, account: &LoyaltyAccount) -> TimelineEntry {
    let view = LoyaltyView::new(subject, account);
    let program = view.program.as_ref().map(|program| format!(" {program}")).unwrap_or_default();
    plain(subject, format!("joined the loyalty programme{program}"), Details::LoyaltyAccount(view))
}

fn loyalty_entry(account: &Subject, id: String, entry: &LoyaltyEntry) -> TimelineEntry {
    let entry = LoyaltyEntryView::new(&account.id, &id, entry);
    let reason = entry.reason.as_ref().map(|reason| format!(": {}", excerpt(reason))).unwrap_or_default();
    let summary = match entry.points {
        Some(points) => format!("{points:+} points ({}){reason}", entry.kind),
        None => format!("points: {}{reason}", entry.kind),
    };
    let subject = Subject { kind: SubjectKind::LoyaltyEntry, connection: account.connection.clone(), id };
    plain(&subject, summary, Details::LoyaltyEntry(entry))
}

fn survey_entry(subject: &Subject, survey: &Survey) -> TimelineEntry {
    let view = SurveyView::new(subject, survey);
    let mut summary = format!("answered a {} survey", view.kind);
    if let Some(score) = &view.score {
        summary.push_str(&format!(": {score}"));
    }
    if let Some(comment) = &view.comment {
        summary.push_str(&format!(", {}", excerpt(comment)));
    }
    plain(subject, summary, Details::Survey(view))
}

/// The beginning of a text, on one line.
pub(in crate::read) fn excerpt(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(EXCERPT_CHARS) {
        line.truncate(end);
        line.push('…');
    }
    line
}
