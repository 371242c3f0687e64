//! The points conditions compare with, and the cells around them in which nothing changes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::FieldKind;
use crate::condition::Operator;
use crate::value::{Decimal, Value, fold};

/// Pieces of text told apart in one field: each doubles the cells. A rule about one field rarely has more that matter
/// to each other, and pairs of conditions are looked at by themselves.
const PIECES_MAX: usize = 6;

/// What conditions compare with, in order. A point's place among its cells is `2 * index + 1`; even places are the
/// stretches between points.
#[derive(Default)]
pub(super) struct Points {
    pub(super) numbers: Vec<Decimal>,
    pub(super) amounts: BTreeMap<String, Vec<i64>>,
    pub(super) texts: BTreeSet<String>,
    pub(super) pieces: Vec<Piece>,
}

/// What is looked for in a text or a list, folded as the evaluation folds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    pub(super) place: Place,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Anywhere,
    Start,
    End,
    Item,
}

pub(super) enum Cell {
    Missing,
    Number(usize),
    Amount(String, usize),
    OtherCurrency,
    Flag(bool),
    Text(String),
    /// A text nobody compares with, with these of the pieces in it.
    OtherText(u32),
    NoItems,
    /// A list with these of the pieces among its items, and perhaps others.
    Items(u32),
}

impl Points {
    pub(super) fn of(kind: Option<FieldKind>, operators: &[Cow<'_, Operator>]) -> Points {
        let mut points = Points::default();
        let mut uses: BTreeMap<Piece, usize> = BTreeMap::new();
        // The empty text is asked about by `empty` as well.
        points.texts.insert(String::new());
        for operator in operators {
            points.numbers.extend(numbers(operator));
            for value in values(operator) {
                match value {
                    Value::Money { minor, currency } => {
                        points.amounts.entry(currency.clone()).or_default().push(*minor);
                    }
                    Value::Text(text) => drop(points.texts.insert(fold(text))),
                    _ => {}
                }
            }
            for piece in pieces(kind, operator) {
                *uses.entry(piece).or_default() += 1;
            }
        }
        points.numbers.sort();
        points.numbers.dedup();
        for amounts in points.amounts.values_mut() {
            amounts.sort_unstable();
            amounts.dedup();
        }
        let mut pieces: Vec<(usize, Piece)> = uses.into_iter().map(|(piece, uses)| (uses, piece)).collect();
        pieces.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
        points.pieces = pieces.into_iter().take(PIECES_MAX).map(|(_, piece)| piece).collect();
        points
    }
}

/// The places around sorted points: before, at, between and after them.
pub(super) fn places<'p, T>(
    points: &'p [T],
    is_next: impl Fn(&T, &T) -> bool + 'p,
) -> impl Iterator<Item = usize> + 'p {
    let has_room = move |place: usize| {
        let (before, after) = (place.checked_sub(2).and_then(|at| points.get(at / 2)), points.get(place / 2));
        place % 2 == 1 || !before.zip(after).is_some_and(|(before, after)| is_next(before, after))
    };
    (0..=2 * points.len()).filter(move |place| has_room(*place))
}

pub(super) fn is_next(before: &Decimal, after: &Decimal) -> bool {
    after.is_next_whole_after(*before)
}

pub(super) fn sets_of(pieces: &[Piece]) -> impl Iterator<Item = u32> + use<> {
    0..1_u32 << pieces.len()
}

pub(super) fn has(set: u32, piece: usize) -> bool {
    set >> piece & 1 == 1
}

/// Whether a text can have just these pieces: one that has `later` has `late`, and none starts in two ways.
pub(super) fn can_be(set: u32, pieces: &[Piece]) -> bool {
    pieces.iter().enumerate().filter(|(index, _)| has(set, *index)).all(|(_, there)| {
        pieces.iter().enumerate().all(|(index, other)| match has(set, index) {
            true => !there.excludes(other),
            false => !there.brings(other),
        })
    })
}

impl Piece {
    fn brings(&self, other: &Piece) -> bool {
        match (self.place, other.place) {
            (Place::Item, _) | (_, Place::Item) => self == other,
            (_, Place::Anywhere) => self.text.contains(&other.text),
            (Place::Start, Place::Start) => self.text.starts_with(&other.text),
            (Place::End, Place::End) => self.text.ends_with(&other.text),
            _ => false,
        }
    }

    fn excludes(&self, other: &Piece) -> bool {
        match (self.place, other.place) {
            (Place::Start, Place::Start) | (Place::End, Place::End) => {
                !self.brings(other) && !other.brings(self)
            }
            _ => false,
        }
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        match self.place {
            Place::Anywhere => text.contains(&self.text),
            Place::Start => text.starts_with(&self.text),
            Place::End => text.ends_with(&self.text),
            Place::Item => text == self.text,
        }
    }
}

pub(super) fn values(operator: &Operator) -> Vec<&Value> {
    match operator {
        Operator::Is(value) | Operator::IsNot(value) | Operator::Compare(_, value) => vec![value],
        Operator::OneOf(values) | Operator::NoneOf(values) | Operator::ChangedTo(values) => {
            values.iter().collect()
        }
        Operator::Between(low, high) => vec![low, high],
        _ => Vec::new(),
    }
}

pub(super) fn numbers(operator: &Operator) -> Vec<Decimal> {
    match operator {
        Operator::Before(time) | Operator::After(time) => vec![Decimal::from(*time)],
        _ => values(operator).into_iter().filter_map(number).collect(),
    }
}

fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Time(nanoseconds) | Value::Duration(nanoseconds) => Some(Decimal::from(*nanoseconds)),
        _ => None,
    }
}

pub(super) fn pieces(kind: Option<FieldKind>, operator: &Operator) -> BTreeSet<Piece> {
    let anywhere = if kind == Some(FieldKind::TextList) { Place::Item } else { Place::Anywhere };
    let piece = |place, text: &str| Piece { place, text: fold(text) };
    match operator {
        Operator::Contains(text) | Operator::NotContains(text) => [piece(anywhere, text)].into(),
        Operator::StartsWith(text) => [piece(Place::Start, text)].into(),
        Operator::EndsWith(text) => [piece(Place::End, text)].into(),
        Operator::AnyOf(texts) | Operator::AllOf(texts) => {
            texts.iter().map(|text| piece(Place::Item, text)).collect()
        }
        _ => BTreeSet::new(),
    }
}
