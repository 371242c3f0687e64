//! How often rules act beside what is expected of them: what is watched, and what is to be expected as history has it.

mod learned;

use hub_model::Timestamp;
use hub_rules::Band;
use hub_store::{Order, Range, Store, Table};
use serde::Serialize;

pub use learned::{LEARNED_FROM, Learned};

use super::compare::Listed;
use crate::FoldError;
use crate::alarms::{WATCHES_KEY, stored_watch, watched_rules};
use crate::audit::entry_at;
use crate::band::{Alarm, Watch, alarms};

/// A rule of which something is expected, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WatchView {
    pub rule: String,
    /// What is expected, in words.
    pub expected: String,
    /// "as expected", "silent", "spiking", or both of these.
    pub state: String,
    /// From when on it is watched.
    pub since: Timestamp,
    /// How often it has acted in the time that is looked at for too little, and for too much.
    pub lately_below: Option<u64>,
    pub lately_above: Option<u64>,
    /// What is raised at present; nothing while it acts as expected.
    pub alarms: Vec<Alarm>,
}

impl WatchView {
    fn new(rule: String, watch: &Watch, now: Timestamp) -> Self {
        let alarms: Vec<Alarm> = watch.alarms().copied().collect();
        let state: Vec<&str> = alarms.iter().map(|alarm| alarm.side.word()).collect();
        let (lately_below, lately_above) = watch.counts(now);
        Self {
            rule,
            expected: watch.band.words(),
            state: if state.is_empty() { "as expected".to_owned() } else { state.join(", ") },
            since: watch.since,
            lately_below,
            lately_above,
            alarms,
        }
    }
}

/// The rules in force of which something is expected, by id.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn watches(store: &dyn Store, now: Timestamp) -> Result<Vec<WatchView>, FoldError> {
    let watched = watched_rules(store.get(Table::Setting, WATCHES_KEY)?)?.into_iter();
    let view = |rule: String| {
        let watch = stored_watch(store, &rule)?;
        Ok(watch.map(|watch| WatchView::new(rule, &watch, now)))
    };
    watched.filter_map(|rule| view(rule).transpose()).collect()
}

/// How often a rule would have acted, beside what is expected of it and what is to be expected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BandTest {
    /// What the rule says is expected, and the alarms this would have raised.
    pub expected: Option<Tried>,
    /// What history says.
    pub learned: Learned,
    pub proposed: Option<Tried>,
}

/// What is expected, and the alarms it would have raised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tried {
    pub band: Band,
    /// As a rule file has it.
    pub written: String,
    /// The newest first.
    pub alarms: Listed<Alarm>,
}

/// Lays the times at which a rule would have acted, earliest first, beside what is expected.
pub(super) fn tried(
    store: &dyn Store,
    rule: &str,
    acted: &[Timestamp],
    (since, until): (Timestamp, Timestamp),
) -> Result<BandTest, FoldError> {
    // What nobody had heard of yet nobody could act on: those days are no quiet ones.
    let since = first_heard(store)?.map_or(since, |first| first.max(since));
    let try_out = |band: Band| {
        let mut tried = Tried { band, written: band.written(), alarms: Listed::default() };
        let raised = alarms(acted.iter().copied(), (since, until), band);
        raised.into_iter().rev().for_each(|one| tried.alarms.add(one));
        tried
    };
    let learned = Learned::of(acted, (since, until));
    let expected = stored_watch(store, rule)?.map(|watch| try_out(watch.band));
    let proposed = learned.band.map(try_out);
    Ok(BandTest { expected, learned, proposed })
}

/// When the hub began: its first settings.
fn first_heard(store: &dyn Store) -> Result<Option<Timestamp>, FoldError> {
    let first = store.scan(Table::Audit, Range::all(), Order::Ascending, 1)?;
    first.first().map(|(_, row)| entry_at(row)).transpose()
}
