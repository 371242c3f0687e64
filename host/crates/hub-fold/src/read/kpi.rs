//! How service goes: ten figures over a window of time, each with its definition, its sample, and the conversations,
//! tickets and answers behind it. Nothing is counted while folding: a figure is worked out from the view when asked for,
//! so that joining two customers, or a ticket told of late, corrects it.
//!
//! Cost: one look at every customer's accounts (a range read each), the conversations of those with a message in the
//! window, and one pass over tickets and over answers to surveys. Memory: one number per case in the window and figure,
//! besides one customer's conversations at a time. A hub with very many customers who rarely write would gain from an
//! index of interactions by time; the fold keeps none for this alone.

mod behind;
mod contact;
mod contacts;
mod figure;
mod scores;
mod surveys;
mod tally;
mod tickets;
mod window;

use std::collections::{BTreeMap, BTreeSet};

use hub_model::Timestamp;
use hub_store::Store;
use serde::Serialize;

pub use behind::{KpiCase, KpiCases, KpiCasesQuery, KpiCursor, KpiCursorError, kpi_cases};
pub use figure::{Better, Figure, KpiUnit};
pub use tally::Measured;
pub use window::{KPI_DAYS_MAX, KpiWindow, KpiWindowError};

use super::View;
use crate::FoldError;
use behind::Case;
use figure::Source;
use tally::Tally;

/// Channels or queues of one report: past it somebody makes up names, and the rest share the last place.
const GROUPS_MAX: usize = 1_000;

/// What a figure is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KpiBy {
    Channel,
    Queue,
    Day,
}

impl KpiBy {
    pub const NAMES: [&'static str; 3] = ["channel", "queue", "day"];

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Channel, Self::Queue, Self::Day]
            .into_iter()
            .zip(Self::NAMES)
            .find(|(_, known)| *known == name)
            .map(|(by, _)| by)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KpiReport {
    pub since: Timestamp,
    pub until: Timestamp,
    /// Where the window before began; it is as long, and ends where this one begins.
    pub before_since: Timestamp,
    /// Days begin at midnight so many minutes east of UTC.
    pub utc_offset_minutes: i32,
    pub by: Option<KpiBy>,
    /// What definitions mean by a contact.
    pub contact: &'static str,
    pub figures: Vec<KpiFigure>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KpiFigure {
    pub figure: Figure,
    pub title: &'static str,
    pub definition: &'static str,
    pub unit: KpiUnit,
    pub better: Better,
    pub all: Measured,
    /// Of the window before.
    pub before: Measured,
    /// Weeks back from the end, the first one first; what is left of the window before them is in none.
    pub weeks: Vec<KpiSpan>,
    /// Every day of the window has its place.
    pub days: Vec<KpiSpan>,
    /// By what was asked for, the unnamed one last; samples add up to that of all.
    pub groups: Vec<KpiGroup>,
    /// Cases of the window that are not in the sample, by why.
    pub left_out: BTreeMap<&'static str, u64>,
}

/// A day or a week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KpiSpan {
    pub from: Timestamp,
    /// Of a day: its date where the window's days are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    #[serde(flatten)]
    pub measured: Measured,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KpiGroup {
    /// A channel, a queue or a date; absent where the case has none.
    pub name: Option<String>,
    #[serde(flatten)]
    pub measured: Measured,
}

/// All figures of a window, as they stand at `now`: what is said to happen later is not looked at.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn kpis(
    store: &dyn Store,
    window: &KpiWindow,
    by: Option<KpiBy>,
    now: Timestamp,
) -> Result<KpiReport, FoldError> {
    let sheet = |figure| (figure, Sheet::default());
    let mut sheets: BTreeMap<Figure, Sheet> = Figure::ALL.into_iter().map(sheet).collect();
    let wide = window.with_before();
    cases(View { store }, &Figure::ALL, &wide, now, &mut |case| {
        if let Some(sheet) = sheets.get_mut(&case.figure) {
            sheet.take(case, window, by);
        }
    })?;
    Ok(KpiReport {
        since: window.since(),
        until: window.until(),
        before_since: wide.since(),
        utc_offset_minutes: window.offset_minutes(),
        by,
        contact: Figure::CONTACT,
        figures: sheets.into_iter().map(|(figure, sheet)| sheet.drawn(figure, window)).collect(),
    })
}

/// Shows `each` every case of these figures within a window, each once, in no order that means anything.
fn cases(
    view: View<'_>,
    figures: &[Figure],
    window: &KpiWindow,
    now: Timestamp,
    each: &mut dyn FnMut(Case),
) -> Result<(), FoldError> {
    let sources: BTreeSet<Source> = figures.iter().map(|figure| figure.source()).collect();
    let mut wanted = |case: Case| {
        if figures.contains(&case.figure) && window.holds(case.at) && case.at <= now {
            each(case);
        }
    };
    for source in sources {
        match source {
            Source::Contacts => contacts::walk(view, window, now, &mut wanted)?,
            Source::Tickets => tickets::walk(view, window, &mut wanted)?,
            Source::Surveys => surveys::walk(view, window, &mut wanted)?,
        }
    }
    Ok(())
}

/// One figure on its way.
#[derive(Default)]
struct Sheet {
    all: Tally,
    before: Tally,
    days: BTreeMap<i64, Tally>,
    weeks: BTreeMap<usize, Tally>,
    groups: BTreeMap<(bool, Option<String>), Tally>,
    left_out: BTreeMap<&'static str, u64>,
}

impl Sheet {
    fn take(&mut self, case: Case, window: &KpiWindow, by: Option<KpiBy>) {
        let Case { figure, at, outcome, channel, queue, .. } = case;
        let is_within = window.holds(at);
        let counted = match outcome {
            Ok(counted) => counted,
            Err(reason) if is_within => return *self.left_out.entry(reason).or_default() += 1,
            Err(_) => return,
        };
        let unit = figure.unit();
        if !is_within {
            return self.before.count(unit, counted);
        }
        self.all.count(unit, counted);
        self.days.entry(window.day(at)).or_default().count(unit, counted);
        if let Some(week) = window.week(at) {
            self.weeks.entry(week).or_default().count(unit, counted);
        }
        let name = match by {
            None => return,
            Some(KpiBy::Channel) => channel,
            Some(KpiBy::Queue) => queue,
            Some(KpiBy::Day) => Some(window.date(window.day(at))),
        };
        let mut place = (name.is_none(), name);
        if self.groups.len() >= GROUPS_MAX && !self.groups.contains_key(&place) {
            place = (true, None);
        }
        self.groups.entry(place).or_default().count(unit, counted);
    }

    fn drawn(self, figure: Figure, window: &KpiWindow) -> KpiFigure {
        let Self { all, before, mut days, mut weeks, groups, left_out } = self;
        let measured = |tally: Option<Tally>| tally.unwrap_or_default().measured(figure);
        let days = window.days().map(|day| KpiSpan {
            from: window.day_begins(day),
            date: Some(window.date(day)),
            measured: measured(days.remove(&day)),
        });
        let days = days.collect();
        let weeks = window.weeks().map(|(week, from)| KpiSpan {
            from,
            date: None,
            measured: measured(weeks.remove(&week)),
        });
        let weeks = weeks.collect();
        let groups = groups
            .into_iter()
            .map(|((_, name), tally)| KpiGroup { name, measured: tally.measured(figure) })
            .collect();
        KpiFigure {
            figure,
            title: figure.title(),
            definition: figure.definition(),
            unit: figure.unit(),
            better: figure.better(),
            all: all.measured(figure),
            before: before.measured(figure),
            weeks,
            days,
            groups,
            left_out,
        }
    }
}
