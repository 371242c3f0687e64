//! What stands behind a figure: its cases, newest first, a page at a time. A page is found by the same walk as the figure,
//! and only its own cases are kept meanwhile.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use hub_model::{ConversationId, NodeId, Timestamp};
use hub_store::Store;
use serde::{Serialize, Serializer};

use super::figure::{Better, Figure, KpiUnit};
use super::tally::{Measured, Tally};
use super::window::KpiWindow;
use crate::FoldError;
use crate::read::{ANSWER_MAX, View};
use crate::row::{Subject, SubjectKind};

/// One thing a figure may count.
pub(super) struct Case {
    pub(super) figure: Figure,
    pub(super) at: Timestamp,
    /// What it counts, or why it does not.
    pub(super) outcome: Result<i64, &'static str>,
    pub(super) behind: Behind,
    pub(super) customer: Option<NodeId>,
    pub(super) conversation: Option<ConversationId>,
    pub(super) channel: Option<String>,
    pub(super) queue: Option<String>,
}

/// The thing itself: of a contact the message or call it began with.
pub(super) struct Behind {
    kind: SubjectKind,
    connection: String,
    id: String,
}

impl Behind {
    pub(super) fn new(kind: SubjectKind, subject: &Subject) -> Self {
        Self { kind, connection: subject.connection.clone(), id: subject.id.clone() }
    }
}

/// Which of a figure's cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KpiCasesQuery {
    pub channel: Option<String>,
    pub queue: Option<String>,
    /// Goes on where a page ended: its `next`.
    pub after: Option<KpiCursor>,
    pub limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KpiCases {
    pub figure: Figure,
    pub title: &'static str,
    pub definition: &'static str,
    pub unit: KpiUnit,
    pub better: Better,
    /// Of all the cases asked for, on whatever page.
    pub measured: Measured,
    /// Newest first.
    pub cases: Vec<KpiCase>,
    /// Where to go on; absent at the end.
    pub next: Option<KpiCursor>,
}

/// One case of a figure's sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KpiCase {
    /// The moment that puts it in its day.
    pub at: Timestamp,
    /// Seconds; 1 for yes and 0 for no; a score; or 1, 0 and -1 for promoters, passives and detractors.
    pub counts: i64,
    pub kind: SubjectKind,
    pub connection: String,
    pub id: String,
    pub customer: Option<NodeId>,
    pub conversation: Option<ConversationId>,
    pub channel: Option<String>,
    pub queue: Option<String>,
}

impl KpiCase {
    fn place(&self) -> KpiCursor {
        KpiCursor { at: self.at, connection: self.connection.clone(), id: self.id.clone() }
    }
}

/// The cases of one figure's sample within a window, as they stand at `now`.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn kpi_cases(
    store: &dyn Store,
    figure: Figure,
    window: &KpiWindow,
    query: &KpiCasesQuery,
    now: Timestamp,
) -> Result<KpiCases, FoldError> {
    let limit = query.limit.clamp(1, ANSWER_MAX);
    let fits = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
    let mut tally = Tally::default();
    let mut page: BTreeMap<KpiCursor, KpiCase> = BTreeMap::new();
    let mut has_more = false;
    super::cases(View { store }, &[figure], window, now, &mut |case| {
        let Case { at, outcome, behind, customer, conversation, channel, queue, .. } = case;
        let Ok(counts) = outcome else { return };
        if !fits(&query.channel, &channel) || !fits(&query.queue, &queue) {
            return;
        }
        tally.count(figure.unit(), counts);
        let Behind { kind, connection, id } = behind;
        let case = KpiCase { at, counts, kind, connection, id, customer, conversation, channel, queue };
        let place = case.place();
        if query.after.as_ref().is_some_and(|after| place >= *after) {
            return;
        }
        page.insert(place, case);
        if page.len() > limit {
            has_more = true;
            page.pop_first();
        }
    })?;
    let next = page.first_key_value().map(|(place, _)| place.clone()).filter(|_| has_more);
    Ok(KpiCases {
        figure,
        title: figure.title(),
        definition: figure.definition(),
        unit: figure.unit(),
        better: figure.better(),
        measured: tally.measured(figure),
        cases: page.into_values().rev().collect(),
        next,
    })
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KpiCursor {
    at: Timestamp,
    connection: String,
    id: String,
}

/// The text is no cursor of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a place among cases; take `next` of the page before as it is")]
pub struct KpiCursorError;

impl fmt::Display for KpiCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.at.0, self.connection, self.id)
    }
}

impl FromStr for KpiCursor {
    type Err = KpiCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (at, rest) = text.split_once(':').ok_or(KpiCursorError)?;
        let (connection, id) = rest.split_once(':').ok_or(KpiCursorError)?;
        let at = Timestamp(at.parse().map_err(|_| KpiCursorError)?);
        Ok(Self { at, connection: connection.to_owned(), id: id.to_owned() })
    }
}

impl Serialize for KpiCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
