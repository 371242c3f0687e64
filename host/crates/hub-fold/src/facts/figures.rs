//! How service went in the week before, for rules on schedules: the figures of `omnihub kpi`, worked out when the first
//! rule asks for one. Names, kinds and definitions of the fields.

use std::collections::BTreeSet;

use hub_model::Timestamp;
use hub_model::event::{Extra, Payload};
use hub_rules::{FieldKind, FieldSpec, Timetable, Value, Week};

use super::{EventFacts, decimal};
use crate::catalogue::{Field, HUB};
use crate::read::{Figure, KpiReport, KpiUnit, KpiWindow, Measured, kpis};

/// What stands before the names of these fields.
pub(crate) const ROOT: &str = "kpi";

const WEEK: &str = "week";
const WEEK_FROM: &str = "week_from";
const WEEK_UNTIL: &str = "week_until";

/// What there is of each figure, by what stands behind its name.
#[derive(Clone, Copy)]
enum Part {
    Value,
    Text,
    Sample,
    Before,
    BeforeText,
}

impl Part {
    const ALL: [(Part, &'static str); 5] = [
        (Part::Value, ""),
        (Part::Text, ".text"),
        (Part::Sample, ".sample"),
        (Part::Before, ".before"),
        (Part::BeforeText, ".before_text"),
    ];

    fn kind(self, figure: Figure) -> FieldKind {
        match self {
            Part::Text | Part::BeforeText => FieldKind::Text,
            Part::Sample => FieldKind::Number,
            Part::Value | Part::Before if figure.unit() == KpiUnit::Seconds => FieldKind::Duration,
            Part::Value | Part::Before => FieldKind::Number,
        }
    }

    fn spec(self, figure: Figure) -> FieldSpec {
        FieldSpec {
            unit: self.unit(figure).to_owned(),
            filled_by: BTreeSet::from([HUB.to_owned()]),
            ..FieldSpec::new(self.kind(figure), self.example(figure), self.help(figure))
        }
    }

    /// The text says its unit itself, and a duration is written with it.
    fn unit(self, figure: Figure) -> &'static str {
        match (self, figure.unit()) {
            (Part::Sample, _) => "cases",
            (Part::Text | Part::BeforeText, _) | (_, KpiUnit::Seconds) => "",
            (_, KpiUnit::PerMille) => "%",
            (_, KpiUnit::NpsTenths) => "points from -100 to 100",
            (_, KpiUnit::Hundredths) => "points from 1 to 7",
        }
    }

    fn example(self, figure: Figure) -> &'static str {
        match (self, figure.unit()) {
            (Part::Sample, _) => "40",
            (Part::Text | Part::BeforeText, KpiUnit::Seconds) => "2h 05m",
            (Part::Text | Part::BeforeText, KpiUnit::PerMille) => "87.5 %",
            (Part::Text | Part::BeforeText, _) => "5.4",
            (_, KpiUnit::Seconds) => "2h",
            (_, KpiUnit::PerMille) => "87.5",
            (_, _) => "5.4",
        }
    }

    fn help(self, figure: Figure) -> String {
        let title = figure.title();
        match self {
            Part::Value => format!("{title} in the last seven whole days. {}", figure.definition()),
            Part::Text => format!("{title} with its unit, or why there is no value"),
            Part::Sample => format!("of how many cases {title} is"),
            Part::Before => format!("{title} in the seven days before those"),
            Part::BeforeText => format!("the same for {title}, with its unit, or why there is no value"),
        }
    }
}

/// The fields by name.
pub(crate) fn fields() -> impl Iterator<Item = (String, FieldSpec)> {
    let week = WEEK_FIELDS.iter().map(|field| (format!("{ROOT}.{}", field.name), field.spec()));
    let figures = Figure::ALL.into_iter().flat_map(|figure| {
        Part::ALL.map(|(part, behind)| (format!("{ROOT}.{}{behind}", figure.name()), part.spec(figure)))
    });
    week.chain(figures)
}

const WEEK_FIELDS: [Field; 3] = [
    Field::by_hub(
        WEEK,
        FieldKind::Text,
        "2026-05-04 to 2026-05-10",
        "the last seven whole days by the clock of the rule's zone",
    ),
    Field::by_hub(WEEK_FROM, FieldKind::Time, "2026-05-03T22:00:00Z", "when the first of them began"),
    Field::by_hub(WEEK_UNTIL, FieldKind::Time, "2026-05-10T22:00:00Z", "when the last of them had ended"),
];

/// What the event of a schedule says of the week before it.
pub(crate) fn week(timetable: &Timetable, due: Timestamp) -> Extra {
    let Some(Week { from_ns, until_ns, dates }) = timetable.week_before(due.0) else { return Extra::new() };
    let said = [(WEEK, dates), (WEEK_FROM, from_ns.to_string()), (WEEK_UNTIL, until_ns.to_string())];
    said.map(|(name, value)| (name.to_owned(), value)).into()
}

impl EventFacts<'_> {
    pub(super) fn kpi_field(&self, field: &str) -> Option<Value> {
        match field {
            WEEK => return self.said(WEEK).map(|dates| Value::Text(dates.to_owned())),
            WEEK_FROM | WEEK_UNTIL => return self.week_end(field).map(|at| Value::Time(at.0)),
            _ => {}
        }
        let (name, behind) = field.split_at(field.find('.').unwrap_or(field.len()));
        let figure = Figure::named(name)?;
        let (part, _) = Part::ALL.into_iter().find(|(_, known)| *known == behind)?;
        let report = self.report()?;
        let known = report.figures.iter().find(|known| known.figure == figure)?;
        match part {
            Part::Value => value(figure, &known.all),
            Part::Text => Some(Value::Text(text(figure, &known.all))),
            Part::Sample => decimal(i64::try_from(known.all.sample).ok()?, 0),
            Part::Before => value(figure, &known.before),
            Part::BeforeText => Some(Value::Text(text(figure, &known.before))),
        }
    }

    fn said(&self, name: &str) -> Option<&str> {
        let Payload::Other(other) = &self.event.payload else { return None };
        other.extra.iter().find(|(known, _)| known == name).map(|(_, said)| said.as_str())
    }

    fn week_end(&self, name: &str) -> Option<Timestamp> {
        self.said(name)?.parse().ok().map(Timestamp)
    }

    /// A walk over all customers: made once for the rules of an event, and only when one asks.
    fn report(&self) -> Option<&KpiReport> {
        let work_out = || {
            let window = KpiWindow::new(self.week_end(WEEK_FROM)?, self.week_end(WEEK_UNTIL)?, 0).ok()?;
            kpis(&self.draft.seen(), &window, None, self.asked_at.unwrap_or(self.event.happened_at)).ok()
        };
        self.kpis.get_or_init(work_out).as_ref()
    }
}

fn value(figure: Figure, measured: &Measured) -> Option<Value> {
    let value = measured.value?;
    match figure.unit() {
        KpiUnit::PerMille | KpiUnit::NpsTenths => decimal(value, 1),
        KpiUnit::Hundredths => decimal(value, 2),
        KpiUnit::Seconds => Some(Value::Duration(value.saturating_mul(1_000_000_000))),
    }
}

/// For people: always something.
fn text(figure: Figure, measured: &Measured) -> String {
    let Some(value) = measured.value else {
        return format!("none: {}", measured.nothing.unwrap_or("nothing was measured"));
    };
    let (sign, size) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    match figure.unit() {
        KpiUnit::PerMille => format!("{sign}{}.{} %", size / 10, size % 10),
        KpiUnit::NpsTenths => format!("{sign}{}.{}", size / 10, size % 10),
        KpiUnit::Hundredths => format!("{sign}{}.{:02}", size / 100, size % 100),
        KpiUnit::Seconds => format!("{sign}{}", duration(size)),
    }
}

/// In its two greatest units.
fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h {:02}m", minutes % 60),
        _ => format!("{days}d {:02}h", hours % 24),
    }
}
