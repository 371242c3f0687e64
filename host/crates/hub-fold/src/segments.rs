//! Who is in which segment, and the events of customers who come in and go out. A customer is asked about whenever
//! something happens to them, and again when time alone may change the answer. Whoever is known when a segment is written
//! is looked at once without an event: it has not happened that they came in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hub_model::identity::Judgement;
use hub_model::{EventId, NodeId, Timestamp};
use hub_rules::Segment;
use hub_rules::caps::DERIVED_DEPTH_MAX;
use hub_store::{Order, Range, Store, Table, prefix_range};
use serde::{Deserialize, Serialize};

use crate::FoldError;
use crate::apply::About;
use crate::draft::Draft;
use crate::facts::{EventFacts, customer_of};
use crate::fold::Folding;
use crate::follow::HUB;
use crate::people::is_forgotten;
use crate::row::{CustomerRow, EventRow, decode, encode, key};
use crate::timers::Timer;
use crate::turns::retold;

/// Mark the timers of a customer who is asked about again, and of those who are looked at for the first time: no rule's
/// name begins so.
const AGAIN: &str = "%again";
const FIRST: &str = "%first";

/// What crossings because of a person's word are said to follow from.
const JUDGED: &str = "judged";

const SEGMENTS_KEY: &[u8] = b"segments";

/// Customers looked at in one record.
const LOOKED_AT_ONCE: usize = 256;

/// When rules have followed on each other as far as they may, a customer is asked about so much later: rules that push
/// somebody in and out of a segment must not keep the hub busy.
const LATER: Duration = Duration::from_secs(24 * 3_600);

/// The segments in force, and how far their customers are known.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Known {
    segments: BTreeMap<String, KnownSegment>,
    /// The customers before this one are looked at. `None` when all are.
    looked_until: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct KnownSegment {
    /// A hash of its condition.
    who: [u8; 16],
    /// Every customer was looked at since it was written.
    is_settled: bool,
}

impl Known {
    /// Whether it is known of a customer where they stood before.
    fn is_settled(&self, segment: &str, customer: NodeId) -> bool {
        let is_settled = self.segments.get(segment).is_some_and(|known| known.is_settled);
        is_settled || self.looked_until.as_ref().is_some_and(|until| customer.0.as_slice() < until.as_slice())
    }
}

/// Where a customer stands, filed under the first of their accounts.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
struct Standing {
    /// The segments they are in, and since when.
    within: BTreeMap<String, Timestamp>,
    /// When they are asked about again.
    again: Option<Timestamp>,
}

impl Folding<'_> {
    /// Takes in the segments of the settings. Customers are looked at in the records that follow, some at a time.
    pub(crate) fn keep_segments(&mut self, now: Timestamp) -> Result<(), FoldError> {
        let before = self.known_segments()?;
        let settings = self.settings.clone();
        let is_anybody_known = !self.draft.scan(Table::Customer, &[], 1)?.is_empty();
        let segments: BTreeMap<String, KnownSegment> = settings
            .rules
            .segments()
            .iter()
            .map(|segment| {
                let who = hash_of(segment);
                let same = before.segments.get(&segment.id).filter(|known| known.who == who);
                let is_settled = same.is_some_and(|known| known.is_settled) || !is_anybody_known;
                (segment.id.clone(), KnownSegment { who, is_settled })
            })
            .collect();
        if segments == before.segments {
            return Ok(());
        }
        let looked_until = is_anybody_known.then(Vec::new);
        if is_anybody_known {
            self.draft.put_raw(Table::Timer, first_look(now).key(), Vec::new());
        }
        self.write_known(&Known { segments, looked_until });
        Ok(())
    }

    /// Whether the timer was one of segments, and is seen to.
    pub(crate) fn segment_due(&mut self, seq: u64, now: Timestamp, timer: &Timer) -> Result<bool, FoldError> {
        match timer.rule.as_str() {
            AGAIN => {
                let account = NodeId(timer.event.0);
                let cause = EventId::of(HUB, AGAIN, &format!("{account}/{}", timer.due.0));
                self.ask_segments((seq, now), account, cause)?;
                Ok(true)
            }
            FIRST => self.look_at_customers(seq, now, timer).map(|()| true),
            _ => Ok(false),
        }
    }

    fn look_at_customers(&mut self, seq: u64, now: Timestamp, timer: &Timer) -> Result<(), FoldError> {
        let mut known = self.known_segments()?;
        let Some(from) = known.looked_until.clone() else { return Ok(()) };
        let rows = self.draft.scan_range(Table::Customer, Range { from, to: None }, LOOKED_AT_ONCE)?;
        for (_, row) in &rows {
            let customer: CustomerRow = decode(Table::Customer, row)?;
            if let Some(account) = customer.accounts.first() {
                let cause = EventId::of(HUB, FIRST, &format!("{account}/{seq}"));
                self.ask_segments((seq, now), *account, cause)?;
            }
        }
        match rows.last() {
            // The next key there can be.
            Some((last, _)) if rows.len() == LOOKED_AT_ONCE => {
                known.looked_until = Some([last.as_slice(), &[0]].concat());
                self.draft.put_raw(Table::Timer, timer.key(), Vec::new());
            }
            _ => {
                known.looked_until = None;
                known.segments.values_mut().for_each(|segment| segment.is_settled = true);
            }
        }
        self.write_known(&known);
        Ok(())
    }

    /// Asks where those stand whom a person said to be one, or not to be.
    pub(crate) fn ask_segments_of(
        &mut self,
        seq: u64,
        now: Timestamp,
        pairs: &[(NodeId, NodeId, Judgement)],
    ) -> Result<(), FoldError> {
        let accounts: BTreeSet<NodeId> = pairs.iter().flat_map(|(left, right, _)| [*left, *right]).collect();
        for account in accounts {
            let cause = EventId::of(HUB, JUDGED, &format!("{account}/{seq}"));
            self.ask_segments((seq, now), account, cause)?;
        }
        Ok(())
    }

    /// Asks where a customer stands now, and tells rules of what has changed.
    pub(crate) fn ask_segments(
        &mut self,
        (seq, now): (u64, Timestamp),
        account: NodeId,
        cause: EventId,
    ) -> Result<(), FoldError> {
        let known = self.known_segments()?;
        if known == Known::default() || is_forgotten(&self.draft, account)? {
            return Ok(());
        }
        let Some((customer, row)) = customer_of(&self.draft, account) else { return Ok(()) };
        let Some(first) = row.accounts.first().copied() else { return Ok(()) };
        let before = standing(&self.draft, &row)?;
        if self.derived.deep >= DERIVED_DEPTH_MAX {
            let again = before.again.unwrap_or_else(|| now.plus(LATER));
            return self.write_standing(&row, first, Standing { again: Some(again), ..before });
        }
        let settings = self.settings.clone();
        let segments = settings.rules.segments();
        let after = self.stands(now, account, segments, &before);
        let crossed = segments.iter().filter_map(|segment| {
            let id = segment.id.as_str();
            let event = match (before.within.contains_key(id), after.within.contains_key(id)) {
                (false, true) => Segment::entered(id),
                (true, false) => Segment::left(id),
                _ => return None,
            };
            known.is_settled(id, customer).then_some(event)
        });
        let crossed: Vec<String> = crossed.collect();
        self.write_standing(&row, first, after)?;
        crossed.into_iter().try_for_each(|event| self.cross((seq, now), account, event, cause))
    }

    fn stands(&self, now: Timestamp, account: NodeId, segments: &[Segment], before: &Standing) -> Standing {
        let about = About { account: Some(account), ..About::default() };
        let event = retold(&self.own_row(AGAIN, now, 0, Some(account)));
        let facts = EventFacts::new(&self.draft, HUB, HUB, &event, &about).until(now).asked_at(now);
        let within = segments.iter().filter(|segment| segment.has(&facts)).map(|segment| {
            let since = before.within.get(&segment.id).copied().unwrap_or(now);
            (segment.id.clone(), since)
        });
        let again = segments.iter().filter_map(|segment| segment.turns_at(&facts)).min();
        Standing { within: within.collect(), again: again.map(Timestamp) }
    }

    fn cross(
        &mut self,
        (seq, now): (u64, Timestamp),
        account: NodeId,
        name: String,
        cause: EventId,
    ) -> Result<(), FoldError> {
        let id = EventId::of(HUB, &name, &format!("{account}/{cause}"));
        let row = self.own_row(&name, now, seq, Some(account));
        let event = retold(&row);
        let about = About { account: Some(account), ..About::default() };
        self.happen_derived((seq, now), HUB, row, (id, event, &about))
    }

    /// Of an event that is the hub's own and follows from no report.
    fn own_row(&self, name: &str, at: Timestamp, seq: u64, account: Option<NodeId>) -> EventRow {
        EventRow {
            name: name.to_owned(),
            connection: HUB.to_owned(),
            happened_at: at,
            delivery: None,
            report: seq,
            position: 0,
            account,
            subject: None,
        }
    }

    fn known_segments(&self) -> Result<Known, FoldError> {
        let row = self.draft.get_raw(Table::Setting, SEGMENTS_KEY)?;
        Ok(row.map(|bytes| decode(Table::Setting, &bytes)).transpose()?.unwrap_or_default())
    }

    fn write_known(&mut self, known: &Known) {
        self.draft.put_raw(Table::Setting, SEGMENTS_KEY.to_vec(), encode(known));
    }

    /// Files it under the first account, whatever accounts it stood under before.
    fn write_standing(
        &mut self,
        customer: &CustomerRow,
        first: NodeId,
        after: Standing,
    ) -> Result<(), FoldError> {
        for account in &customer.accounts {
            let before = filed(&self.draft, *account)?.unwrap_or_default();
            let after = if *account == first { after.clone() } else { Standing::default() };
            if before != after {
                replace(&mut self.draft, *account, &before, &after);
            }
        }
        Ok(())
    }
}

fn first_look(due: Timestamp) -> Timer {
    Timer { due, event: EventId([0; 16]), rule: FIRST.to_owned() }
}

fn again(account: NodeId, due: Timestamp) -> Timer {
    Timer { due, event: EventId(account.0), rule: AGAIN.to_owned() }
}

fn hash_of(segment: &Segment) -> [u8; 16] {
    // A condition is plain data; it always can be written.
    key::hash(&[&serde_json::to_vec(&segment.who).unwrap_or_default()])
}

fn filed(draft: &Draft<'_>, account: NodeId) -> Result<Option<Standing>, FoldError> {
    let row = draft.get_raw(Table::Annotation, &key::standing(account))?;
    row.map(|bytes| decode(Table::Annotation, &bytes)).transpose()
}

/// Of all accounts together: those that have become one customer since stood each by itself.
fn standing(draft: &Draft<'_>, customer: &CustomerRow) -> Result<Standing, FoldError> {
    let mut joined = Standing::default();
    for account in &customer.accounts {
        let Some(standing) = filed(draft, *account)? else { continue };
        for (segment, since) in standing.within {
            let known = joined.within.entry(segment).or_insert(since);
            *known = since.min(*known);
        }
        joined.again = joined.again.into_iter().chain(standing.again).min();
    }
    Ok(joined)
}

fn replace(draft: &mut Draft<'_>, account: NodeId, before: &Standing, after: &Standing) {
    for gone in before.within.keys().filter(|segment| !after.within.contains_key(*segment)) {
        draft.delete(Table::Index, key::within(gone, account));
    }
    for new in after.within.keys().filter(|segment| !before.within.contains_key(*segment)) {
        draft.put_raw(Table::Index, key::within(new, account), Vec::new());
    }
    if before.again != after.again {
        before.again.into_iter().for_each(|due| draft.delete(Table::Timer, again(account, due).key()));
        after.again.into_iter().for_each(|due| {
            draft.put_raw(Table::Timer, again(account, due).key(), Vec::new());
        });
    }
    match *after == Standing::default() {
        true => draft.delete(Table::Annotation, key::standing(account)),
        false => draft.put_raw(Table::Annotation, key::standing(account), encode(after)),
    }
}

/// The segments a customer with these accounts is in, by name.
pub(crate) fn segments_of(
    draft: &Draft<'_>,
    accounts: impl Iterator<Item = NodeId>,
) -> Result<Vec<String>, FoldError> {
    let mut within = BTreeMap::new();
    for account in accounts {
        within.extend(filed(draft, account)?.unwrap_or_default().within);
    }
    Ok(within.into_keys().collect())
}

/// Takes whoever has an account out of all segments, without an event.
pub(crate) fn forget_segments(draft: &mut Draft<'_>, account: NodeId) -> Result<(), FoldError> {
    if let Some(standing) = filed(draft, account)? {
        replace(draft, account, &standing, &Standing::default());
    }
    Ok(())
}

/// One segment's customers, as far as they are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Members {
    /// How many there are; counted up to the limit of a count where there are more.
    pub count: usize,
    /// Not every customer known when the segment was written is looked at yet.
    pub is_settling: bool,
    /// An account of each, and since when they are in it, in no order of meaning.
    pub shown: Vec<(NodeId, Timestamp)>,
}

/// Customers counted at most: beyond this a segment is most of a shop.
pub const MEMBERS_COUNTED_MAX: usize = 100_000;

/// Who is in a segment; `None` when there is none of this name.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn members(store: &dyn Store, segment: &str, limit: usize) -> Result<Option<Members>, FoldError> {
    let row = store.get(Table::Setting, SEGMENTS_KEY)?;
    let known: Known = row.map(|bytes| decode(Table::Setting, &bytes)).transpose()?.unwrap_or_default();
    let Some(of_it) = known.segments.get(segment) else { return Ok(None) };
    let range = prefix_range(&key::within_prefix(segment));
    let rows = store.scan(Table::Index, range, Order::Ascending, MEMBERS_COUNTED_MAX)?;
    let mut shown = Vec::new();
    for (row_key, _) in rows.iter().take(limit) {
        let Some(account) = key::trailing_id(row_key).map(NodeId) else { continue };
        let Some(row) = store.get(Table::Annotation, &key::standing(account))? else { continue };
        let standing: Standing = decode(Table::Annotation, &row)?;
        shown.extend(standing.within.get(segment).map(|since| (account, *since)));
    }
    Ok(Some(Members { count: rows.len(), is_settling: !of_it.is_settled, shown }))
}
