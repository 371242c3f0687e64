//! What happened with a customer, newest first, over all their accounts.

use hub_model::event::{Author, Direction};
use hub_model::model::{Checkout, Interaction, LoyaltyAccount, Order, Survey, Ticket};
use hub_model::{NodeId, Timestamp};
use hub_store::{Order as Ends, Range, Store, Table, prefix_range};
use serde::Serialize;

use super::card::ledger;
use super::people::Person;
use super::things::{
    CheckoutView, InteractionView, LoyaltyEntryView, LoyaltyView, OrderView, SurveyView, TicketView,
};
use super::{ANSWER_MAX, View};
use crate::FoldError;
use crate::row::{Row, Subject, SubjectKind, decode, key};

/// Timeline rows read at once of one account and kind: about what one answer shows.
const PAGE: usize = 64;

/// The kinds that stand in a timeline by themselves; loyalty entries stand in their account's ledger.
const FILED: [SubjectKind; 6] = [
    SubjectKind::Order,
    SubjectKind::Checkout,
    SubjectKind::Interaction,
    SubjectKind::Ticket,
    SubjectKind::LoyaltyAccount,
    SubjectKind::Survey,
];

/// A page is made longer by so many entries rather than end between two of the same moment, which the next page would
/// leave out.
const SAME_MOMENT_MAX: usize = 200;

/// Characters of a text that fit on a line for people.
const EXCERPT_CHARS: usize = 120;

/// Which part of the timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimelineQuery {
    /// Only what happened before; the `at` of the last entry gives the next page.
    pub before: Option<Timestamp>,
    pub limit: usize,
    /// Only these kinds; all when empty.
    pub kinds: Vec<SubjectKind>,
}

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
    Checkout(CheckoutView),
    Interaction(InteractionView),
    Ticket(TicketView),
    LoyaltyAccount(LoyaltyView),
    LoyaltyEntry(LoyaltyEntryView),
    Survey(SurveyView),
}

/// The kind written as this word: "order", "interaction" …
#[must_use]
pub fn subject_kind(word: &str) -> Option<SubjectKind> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// The customer's timeline; `None` when nobody has this id.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn timeline(
    store: &dyn Store,
    id: NodeId,
    query: &TimelineQuery,
) -> Result<Option<Vec<TimelineEntry>>, FoldError> {
    let view = View { store };
    let Some(person) = Person::find(view, id)? else { return Ok(None) };
    let mut merging = Merging::new(&person, query)?;
    let limit = query.limit.min(ANSWER_MAX);
    let mut entries: Vec<TimelineEntry> = Vec::new();
    while let Some((at, source)) = merging.newest()? {
        let within_moment = entries.last().is_some_and(|last| last.at == at);
        let full = if within_moment { limit.saturating_add(SAME_MOMENT_MAX) } else { limit };
        if entries.len() >= full {
            break;
        }
        entries.extend(merging.take(source)?);
    }
    Ok(Some(entries))
}

/// The newest of several sources, one after the other.
struct Merging<'a> {
    view: View<'a>,
    sources: Vec<Rows>,
    /// Newest last.
    ledger: Vec<(Subject, LoyaltyEntryView)>,
}

#[derive(Clone, Copy)]
enum Source {
    Rows(usize),
    Ledger,
}

impl<'a> Merging<'a> {
    fn new(person: &Person<'a>, query: &TimelineQuery) -> Result<Self, FoldError> {
        let wanted = |kind| query.kinds.is_empty() || query.kinds.contains(&kind);
        let filed = FILED.into_iter().filter(|kind| wanted(*kind));
        let sources = filed
            .flat_map(|kind| person.accounts.keys().map(move |account| Rows::new(*account, kind, query)));
        let sources = sources.collect();
        let mut entries = Vec::new();
        if wanted(SubjectKind::LoyaltyEntry) {
            for (account, _) in person.things::<LoyaltyAccount>(SubjectKind::LoyaltyAccount)? {
                let old = ledger(person.view, &account)?;
                let old = old.into_iter().filter(|entry| query.before.is_none_or(|before| entry.at < before));
                entries.extend(old.map(|entry| (account.clone(), entry)));
            }
            entries.sort_by_key(|(_, entry)| entry.at);
        }
        Ok(Self { view: person.view, sources, ledger: entries })
    }

    /// When the newest entry left is, and where.
    fn newest(&mut self) -> Result<Option<(Timestamp, Source)>, FoldError> {
        let mut newest = self.ledger.last().map(|(_, entry)| (entry.at, Source::Ledger));
        for (index, rows) in self.sources.iter_mut().enumerate() {
            if let Some(at) = rows.peek(self.view)?
                && newest.is_none_or(|(known, _)| at > known)
            {
                newest = Some((at, Source::Rows(index)));
            }
        }
        Ok(newest)
    }

    /// Takes the newest entry of a source; `None` when the thing is gone.
    fn take(&mut self, source: Source) -> Result<Option<TimelineEntry>, FoldError> {
        match source {
            Source::Ledger => Ok(self.ledger.pop().map(|(account, entry)| loyalty_entry(&account, entry))),
            Source::Rows(index) => match self.sources.get_mut(index).and_then(|rows| rows.read.pop()) {
                Some((at, subject)) => entry(self.view, at, subject),
                None => Ok(None),
            },
        }
    }
}

/// The timeline rows of one account and kind, read as they are needed.
struct Rows {
    range: Range,
    /// Newest last.
    read: Vec<(Timestamp, Subject)>,
    is_read: bool,
}

impl Rows {
    fn new(account: NodeId, kind: SubjectKind, query: &TimelineQuery) -> Self {
        let prefix = key::timeline_prefix(account, kind);
        let mut range = prefix_range(&prefix);
        if let Some(before) = query.before {
            range.to = Some([prefix.as_slice(), &key::time(before)].concat());
        }
        Self { range, read: Vec::new(), is_read: false }
    }

    fn peek(&mut self, view: View<'_>) -> Result<Option<Timestamp>, FoldError> {
        if self.read.is_empty() && !self.is_read {
            self.read_page(view)?;
        }
        Ok(self.read.last().map(|(at, _)| *at))
    }

    fn read_page(&mut self, view: View<'_>) -> Result<(), FoldError> {
        let page = view.store.scan(Table::Timeline, self.range.clone(), Ends::Descending, PAGE)?;
        self.is_read = page.len() < PAGE;
        if let Some((last, _)) = page.last() {
            self.range.to = Some(last.clone());
        }
        for (row_key, row) in page.iter().rev() {
            let at = key::timeline_at(row_key).ok_or(FoldError::Row { table: Table::Timeline })?;
            self.read.push((at, decode(Table::Timeline, row)?));
        }
        Ok(())
    }
}

fn entry(view: View<'_>, at: Timestamp, subject: Subject) -> Result<Option<TimelineEntry>, FoldError> {
    Ok(match subject.kind {
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
        SubjectKind::LoyaltyEntry
        | SubjectKind::InventoryLevel
        | SubjectKind::Customer
        | SubjectKind::Consent => None,
    }
    .map(|entry| TimelineEntry { at, ..entry }))
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

fn loyalty_entry(account: &Subject, entry: LoyaltyEntryView) -> TimelineEntry {
    let reason = entry.reason.as_ref().map(|reason| format!(": {}", excerpt(reason))).unwrap_or_default();
    let summary = match entry.points {
        Some(points) => format!("{points:+} points ({}){reason}", entry.kind),
        None => format!("points: {}{reason}", entry.kind),
    };
    let subject = Subject {
        kind: SubjectKind::LoyaltyEntry,
        connection: account.connection.clone(),
        id: entry.id.clone(),
    };
    TimelineEntry { at: entry.at, ..plain(&subject, summary, Details::LoyaltyEntry(entry)) }
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
fn excerpt(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(EXCERPT_CHARS) {
        line.truncate(end);
        line.push('…');
    }
    line
}
