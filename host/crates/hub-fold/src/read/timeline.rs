//! What happened with a customer, newest first, over all their accounts. A page costs what stands on it, however long the
//! history: parcels, refunds, entries of ledgers and consents have places of their own in it, beside the rows of their
//! order, account or statement. Follow-ups alone are gathered: what ended one is found out when it is asked for.

mod derived;
mod entry;
mod place;

use hub_model::event::Direction;
use hub_model::{NodeId, Timestamp};
use hub_store::{Order as Ends, Range, Store, Table, prefix_range};
use serde::Serialize;

pub use entry::{
    Details, FollowUpNews, FollowUpTurn, ParcelNews, ParcelTurn, RefundNews, ReturnNews, TimelineEntry,
};
pub use place::{CursorError, TimelineCursor};

pub(super) use entry::excerpt;
pub(super) use place::Place;

use super::people::Person;
use super::{ANSWER_MAX, View};
use crate::FoldError;
use crate::row::{Subject, SubjectKind, decode, key};
use derived::Derived;

/// Timeline rows read at once of one account and kind: about what one answer shows.
const PAGE: usize = 64;

/// Rows one answer looks at: a filter that few things pass ends a page early, and the next goes on.
const LOOKED_AT_MAX: usize = 2_000;

/// The kinds with rows of their own in a timeline.
const FILED: [SubjectKind; 11] = [
    SubjectKind::Order,
    SubjectKind::Checkout,
    SubjectKind::Interaction,
    SubjectKind::Ticket,
    SubjectKind::LoyaltyAccount,
    SubjectKind::LoyaltyEntry,
    SubjectKind::Survey,
    SubjectKind::Consent,
    SubjectKind::Fulfilment,
    SubjectKind::Refund,
    SubjectKind::Return,
];

/// Which part of the timeline. Of each list any will do; an empty one asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimelineQuery {
    /// Only what happened at this moment or later.
    pub from: Option<Timestamp>,
    /// Only what happened before.
    pub before: Option<Timestamp>,
    /// Goes on where a page ended: its `next`.
    pub after: Option<TimelineCursor>,
    pub limit: usize,
    pub kinds: Vec<SubjectKind>,
    pub channels: Vec<String>,
    pub connections: Vec<String>,
    pub directions: Vec<Direction>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimelinePage {
    /// Newest first. With filters there may be fewer than asked for before the end.
    pub entries: Vec<TimelineEntry>,
    /// Where to go on; absent at the end.
    pub next: Option<TimelineCursor>,
}

/// The kinds of entries a timeline has.
pub const TIMELINE_KINDS: [SubjectKind; 13] = [
    SubjectKind::Order,
    SubjectKind::Fulfilment,
    SubjectKind::Refund,
    SubjectKind::Return,
    SubjectKind::Checkout,
    SubjectKind::Interaction,
    SubjectKind::Ticket,
    SubjectKind::LoyaltyAccount,
    SubjectKind::LoyaltyEntry,
    SubjectKind::Survey,
    SubjectKind::Consent,
    SubjectKind::FollowUp,
    SubjectKind::Note,
];

/// The kind written as this word: "order", "interaction" …
#[must_use]
pub fn subject_kind(word: &str) -> Option<SubjectKind> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// A page of the customer's timeline; `None` when nobody has this id.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn timeline(
    store: &dyn Store,
    id: NodeId,
    query: &TimelineQuery,
) -> Result<Option<TimelinePage>, FoldError> {
    let view = View { store };
    let Some(person) = Person::find(view, id)? else { return Ok(None) };
    let limit = query.limit.min(ANSWER_MAX);
    if limit == 0 {
        return Ok(Some(TimelinePage { entries: Vec::new(), next: query.after.clone() }));
    }
    let mut merging = Merging::new(&person, query, limit)?;
    let mut entries = Vec::new();
    let mut reached = None;
    let mut looked_at = 0;
    while let Some((place, source)) = merging.newest()? {
        if entries.len() == limit || looked_at == LOOKED_AT_MAX {
            return Ok(Some(TimelinePage { entries, next: reached.map(TimelineCursor) }));
        }
        looked_at += 1;
        entries.extend(merging.take(source, &place)?.filter(|entry| query.wants(entry)));
        reached = Some(place);
    }
    Ok(Some(TimelinePage { entries, next: None }))
}

impl TimelineQuery {
    fn wants_kind(&self, kind: SubjectKind) -> bool {
        // Only interactions have a direction.
        let may_have_direction = self.directions.is_empty() || kind == SubjectKind::Interaction;
        may_have_direction && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }

    fn wants_connection(&self, connection: &str) -> bool {
        self.connections.is_empty() || self.connections.iter().any(|wanted| wanted == connection)
    }

    fn wants(&self, entry: &TimelineEntry) -> bool {
        let channel = |channel: &String| self.channels.contains(channel);
        self.wants_connection(&entry.connection)
            && (self.channels.is_empty() || entry.channel.as_ref().is_some_and(channel))
            && (self.directions.is_empty()
                || entry.direction.is_some_and(|direction| self.directions.contains(&direction)))
    }

    /// Whether a place lies in the time asked for and after where the page before ended.
    fn reaches(&self, place: &Place) -> bool {
        self.from.is_none_or(|from| place.at >= from)
            && self.before.is_none_or(|before| place.at < before)
            && self.after.as_ref().is_none_or(|after| *place < after.0)
    }
}

/// The newest of several sources, one after the other.
struct Merging<'a> {
    person: &'a Person<'a>,
    query: &'a TimelineQuery,
    sources: Vec<Rows>,
    derived: Derived,
}

#[derive(Clone, Copy)]
enum Source {
    Rows(usize),
    Derived,
}

impl<'a> Merging<'a> {
    fn new(person: &'a Person<'a>, query: &'a TimelineQuery, limit: usize) -> Result<Self, FoldError> {
        let filed = FILED.into_iter().filter(|kind| query.wants_kind(*kind));
        let sources = filed.flat_map(|kind| {
            person.accounts.keys().map(move |account| Rows::new(*account, kind, query, limit))
        });
        let sources = sources.collect();
        Ok(Self { person, query, sources, derived: Derived::gather(person, query, limit)? })
    }

    /// Where the newest entry left is, and in which source.
    fn newest(&mut self) -> Result<Option<(Place, Source)>, FoldError> {
        let mut newest = self.derived.peek().map(|place| (place, Source::Derived));
        for (index, rows) in self.sources.iter_mut().enumerate() {
            if let Some(place) = rows.peek(self.person.view)?
                && newest.is_none_or(|(known, _)| place > known)
            {
                newest = Some((place, Source::Rows(index)));
            }
        }
        Ok(newest.map(|(place, source)| (place.clone(), source)))
    }

    /// Takes the newest entry of a source; `None` when the thing is gone or of another connection.
    fn take(&mut self, source: Source, place: &Place) -> Result<Option<TimelineEntry>, FoldError> {
        let Source::Rows(index) = source else { return Ok(self.derived.take()) };
        let Some(rows) = self.sources.get_mut(index) else { return Ok(None) };
        let Some((_, row)) = rows.read.pop() else { return Ok(None) };
        let subject: Subject = decode(Table::Timeline, &row)?;
        // Who told of a consent stands in the statement alone.
        if subject.kind != SubjectKind::Consent && !self.query.wants_connection(&subject.connection) {
            return Ok(None);
        }
        entry::entry(self.person, rows.account, place, &row)
    }
}

/// The timeline rows of one account and kind, read as they are needed.
struct Rows {
    account: NodeId,
    range: Range,
    /// Newest last.
    read: Vec<(Place, Vec<u8>)>,
    is_read: bool,
    page: usize,
}

impl Rows {
    fn new(account: NodeId, kind: SubjectKind, query: &TimelineQuery, limit: usize) -> Self {
        let prefix = key::timeline_prefix(account, kind);
        let at = |moment: Timestamp| [prefix.as_slice(), &key::time(moment)].concat();
        let mut range = prefix_range(&prefix);
        range.from = query.from.map_or(range.from, at);
        let before = query.before.map(at);
        let after =
            query.after.as_ref().and_then(|TimelineCursor(place)| match place.kind.cmp(&(kind as u8)) {
                // At the same moment greater kinds came first: all of this one are still to come, or none.
                std::cmp::Ordering::Greater => prefix_range(&at(place.at)).to,
                std::cmp::Ordering::Equal => Some([at(place.at).as_slice(), &place.object].concat()),
                std::cmp::Ordering::Less => Some(at(place.at)),
            });
        range.to = [range.to, before, after].into_iter().flatten().min();
        Self { account, range, read: Vec::new(), is_read: false, page: limit.saturating_add(1).min(PAGE) }
    }

    fn peek(&mut self, view: View<'_>) -> Result<Option<&Place>, FoldError> {
        if self.read.is_empty() && !self.is_read {
            self.read_page(view)?;
        }
        Ok(self.read.last().map(|(place, _)| place))
    }

    fn read_page(&mut self, view: View<'_>) -> Result<(), FoldError> {
        let page = view.store.scan(Table::Timeline, self.range.clone(), Ends::Descending, self.page)?;
        self.is_read = page.len() < self.page;
        if let Some((last, _)) = page.last() {
            self.range.to = Some(last.clone());
        }
        for (row_key, row) in page.into_iter().rev() {
            self.read.push((place(&row_key)?, row));
        }
        Ok(())
    }
}

fn place(row_key: &[u8]) -> Result<Place, FoldError> {
    Place::of(row_key).ok_or(FoldError::Row { table: Table::Timeline })
}

/// The newest rows of one kind over all accounts of a customer, newest first.
pub(super) fn newest(
    person: &Person<'_>,
    kind: SubjectKind,
    before: Option<Timestamp>,
    limit: usize,
) -> Result<Vec<(Place, Subject)>, FoldError> {
    let query = TimelineQuery { before, ..TimelineQuery::default() };
    let mut rows = Vec::new();
    for account in person.accounts.keys() {
        let Rows { range, .. } = Rows::new(*account, kind, &query, limit);
        for (row_key, row) in person.view.store.scan(Table::Timeline, range, Ends::Descending, limit)? {
            rows.push((place(&row_key)?, decode(Table::Timeline, &row)?));
        }
    }
    rows.sort_unstable_by(|left, right| right.0.cmp(&left.0));
    rows.truncate(limit);
    Ok(rows)
}
