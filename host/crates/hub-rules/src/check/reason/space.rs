//! What a field or a count can be, cut into cells in which every condition about it comes out the same way. Where the
//! cells would be too many, a condition may come out more than one way in a cell; that is known, and never guessed. Takes
//! the catalogue at its word that a field which is known is of its kind.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::catalogue::FieldKind;
use crate::condition::{Comparison, Condition, Operator};
use crate::value::{Decimal, Value};

use super::cell::{Cell, Points, can_be, is_next, places, sets_of};
use super::outcome::{Asked, Outcomes};
use super::region::{Cells, Region};

/// All that the conditions at hand ask about.
pub(super) struct Space<'c> {
    variables: BTreeMap<Question<'c>, usize>,
    domains: Vec<Domain>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Question<'c> {
    Field(&'c str),
    /// How long ago the time in a field is. It moves on by itself, so nothing ties it to the time.
    Age(&'c str),
    Count(&'c str, i64),
}

/// How a leaf comes out in each cell of its variable.
pub(super) struct Table {
    variable: usize,
    outcomes: Vec<Outcomes>,
}

impl Table {
    pub(super) fn is_exact(&self) -> bool {
        self.outcomes.iter().all(|outcomes| outcomes.is_certain())
    }

    /// Where the leaf may be what is wanted, and where it may be anything else.
    pub(super) fn regions(&self, wanted: bool) -> (Region, Region) {
        let wanted = Outcomes::of(wanted);
        (self.where_any(wanted), self.where_any(wanted.others()))
    }

    fn where_any(&self, truths: Outcomes) -> Region {
        let mut cells = Cells::none(self.outcomes.len());
        let mut is_everywhere = true;
        for (cell, outcomes) in self.outcomes.iter().enumerate() {
            if !outcomes.meets(truths) {
                is_everywhere = false;
            } else {
                cells.insert(cell);
            }
        }
        if is_everywhere { Region::everything() } else { Region::of(self.variable, cells) }
    }
}

impl<'c> Space<'c> {
    pub(super) fn of(conditions: &[&'c Condition]) -> Space<'c> {
        let mut asked: BTreeMap<Question<'c>, (Option<FieldKind>, Vec<Cow<'c, Operator>>)> = BTreeMap::new();
        for condition in conditions {
            each_leaf(condition, &mut |leaf| {
                if let Some((question, kind, operator)) = question(leaf) {
                    asked.entry(question).or_insert((kind, Vec::new())).1.push(operator);
                }
            });
        }
        let mut space = Space { variables: BTreeMap::new(), domains: Vec::new() };
        for (question, (kind, operators)) in asked {
            space.variables.insert(question, space.domains.len());
            space.domains.push(Domain::of(kind, &operators));
        }
        space
    }

    /// `None` for what is not a leaf.
    pub(super) fn table(&self, leaf: &'c Condition) -> Option<Table> {
        let (question, _, operator) = question(leaf)?;
        let variable = *self.variables.get(&question)?;
        Some(Table { variable, outcomes: self.domains.get(variable)?.outcomes(&operator) })
    }

    /// The cells of a field in which nothing is known of it.
    pub(super) fn not_known(&self, field: &str) -> Option<(usize, Cells)> {
        let variable = *self.variables.get(&Question::Field(field))?;
        let domain = self.domains.get(variable)?;
        let mut cells = Cells::none(domain.cells.len());
        for (index, cell) in domain.cells.iter().enumerate() {
            if matches!(cell, Cell::Missing) {
                cells.insert(index);
            }
        }
        Some((variable, cells))
    }
}

pub(super) fn each_leaf<'c>(condition: &'c Condition, act: &mut impl FnMut(&'c Condition)) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
            parts.iter().for_each(|part| each_leaf(part, act));
        }
        Condition::Always | Condition::Field(_) | Condition::Count(_) => act(condition),
    }
}

/// A count is a number that is always known.
fn question(leaf: &Condition) -> Option<(Question<'_>, Option<FieldKind>, Cow<'_, Operator>)> {
    match leaf {
        Condition::Field(test) if test.operator.asks_now() => {
            let operator = match test.operator {
                Operator::OlderThan(age) => Operator::Compare(Comparison::MoreThan, Value::Duration(age)),
                Operator::NewerThan(age) => Operator::Compare(Comparison::LessThan, Value::Duration(age)),
                _ => return None,
            };
            Some((Question::Age(&test.field), Some(FieldKind::Duration), Cow::Owned(operator)))
        }
        Condition::Field(test) => {
            Some((Question::Field(&test.field), Some(test.kind), Cow::Borrowed(&test.operator)))
        }
        Condition::Count(test) => {
            let number = Decimal::new(i128::from(test.number), 0).ok()?;
            let operator = Operator::Compare(test.comparison, Value::Number(number));
            Some((Question::Count(&test.event, test.within_ns), None, Cow::Owned(operator)))
        }
        Condition::Always | Condition::All(_) | Condition::Any(_) | Condition::None(_) => None,
    }
}

/// One variable: what conditions compare it with, and the cells that follow from it.
struct Domain {
    /// `None` for a count.
    kind: Option<FieldKind>,
    points: Points,
    cells: Vec<Cell>,
}

impl Domain {
    fn of(kind: Option<FieldKind>, operators: &[Cow<'_, Operator>]) -> Domain {
        let points = Points::of(kind, operators);
        let cells = match kind {
            Some(kind) => cells_of_field(kind, &points),
            None => cells_of_count(&points),
        };
        Domain { kind, points, cells }
    }

    fn outcomes(&self, operator: &Operator) -> Vec<Outcomes> {
        match Asked::of(self.kind, operator, &self.points) {
            Some(asked) => self.cells.iter().map(|cell| asked.outcomes(operator, cell)).collect(),
            None => vec![Outcomes::ANY; self.cells.len()],
        }
    }
}

/// A count is always known, and never below nothing.
fn cells_of_count(points: &Points) -> Vec<Cell> {
    let has_below = points.numbers.first().is_none_or(|lowest| *lowest > Decimal::from(0));
    let first = usize::from(!has_below);
    places(&points.numbers, is_next).filter(|place| *place >= first).map(Cell::Number).collect()
}

fn cells_of_field(kind: FieldKind, points: &Points) -> Vec<Cell> {
    let mut cells = vec![Cell::Missing];
    match kind {
        FieldKind::Number => cells.extend(places(&points.numbers, |_, _| false).map(Cell::Number)),
        FieldKind::Time | FieldKind::Duration => {
            cells.extend(places(&points.numbers, is_next).map(Cell::Number));
        }
        FieldKind::Money => {
            for (currency, amounts) in &points.amounts {
                let places = places(amounts, |before, after| before.checked_add(1) == Some(*after));
                cells.extend(places.map(|place| Cell::Amount(currency.clone(), place)));
            }
            cells.push(Cell::OtherCurrency);
        }
        FieldKind::Boolean => cells.extend([Cell::Flag(false), Cell::Flag(true)]),
        FieldKind::Text => {
            cells.extend(points.texts.iter().cloned().map(Cell::Text));
            let sets = sets_of(&points.pieces).filter(|set| can_be(*set, &points.pieces));
            cells.extend(sets.map(Cell::OtherText));
        }
        FieldKind::TextList => {
            cells.push(Cell::NoItems);
            cells.extend(sets_of(&points.pieces).map(Cell::Items));
        }
    }
    cells
}
