//! How one operator comes out in one cell: `evaluate`'s answers, given for a cell instead of a value. A test holds the
//! two together.

use std::collections::BTreeSet;

use crate::catalogue::FieldKind;
use crate::condition::Operator;
use crate::value::{Value, fold};

use super::cell::{Cell, Piece, Points, has, numbers, pieces, values};

/// The truths a leaf may have in a cell, as a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcomes(u8);

impl Outcomes {
    const TRUE: Outcomes = Outcomes(1);
    const FALSE: Outcomes = Outcomes(2);
    const UNKNOWN: Outcomes = Outcomes(4);
    const TRUE_OR_FALSE: Outcomes = Outcomes(3);
    pub(super) const ANY: Outcomes = Outcomes(7);

    pub(super) fn of(holds: bool) -> Outcomes {
        if holds { Outcomes::TRUE } else { Outcomes::FALSE }
    }

    pub(super) fn is_certain(self) -> bool {
        self.0.count_ones() == 1
    }

    /// Everything that is not one of these.
    pub(super) fn others(self) -> Outcomes {
        Outcomes(Outcomes::ANY.0 & !self.0)
    }

    pub(super) fn meets(self, other: Outcomes) -> bool {
        self.0 & other.0 != 0
    }
}

/// An operator's values as places among the points.
#[derive(Default)]
pub(super) struct Asked {
    numbers: BTreeSet<usize>,
    amounts: BTreeSet<(String, usize)>,
    texts: BTreeSet<String>,
    /// With its place among the pieces told apart, if it has one.
    pieces: Vec<(Piece, Option<usize>)>,
}

impl Asked {
    /// `None` when a value is not among the points: then nothing can be said.
    pub(super) fn of(kind: Option<FieldKind>, operator: &Operator, points: &Points) -> Option<Asked> {
        let mut asked = Asked::default();
        for number in numbers(operator) {
            asked.numbers.insert(2 * points.numbers.binary_search(&number).ok()? + 1);
        }
        for value in values(operator) {
            match value {
                Value::Money { minor, currency } => {
                    let place = 2 * points.amounts.get(currency)?.binary_search(minor).ok()? + 1;
                    asked.amounts.insert((currency.clone(), place));
                }
                Value::Text(text) => drop(asked.texts.insert(fold(text))),
                _ => {}
            }
        }
        for piece in pieces(kind, operator) {
            let place = points.pieces.iter().position(|known| *known == piece);
            asked.pieces.push((piece, place));
        }
        Some(asked)
    }

    pub(super) fn outcomes(&self, operator: &Operator, cell: &Cell) -> Outcomes {
        let certain = |holds: Option<bool>| holds.map_or(Outcomes::ANY, Outcomes::of);
        match (operator, cell) {
            (Operator::Exists(wanted), Cell::Missing) => Outcomes::of(!wanted),
            (_, Cell::Missing) => Outcomes::UNKNOWN,
            (Operator::Exists(wanted), _) => Outcomes::of(*wanted),
            // Another value than those it may have changed to: no, whatever it was. Else it depends on what it was.
            (Operator::ChangedTo(values), cell) => match self.is_now(values, cell) {
                Some(false) => Outcomes::FALSE,
                _ => Outcomes::ANY,
            },
            (Operator::Changed(_) | Operator::ChangedFrom(_), _) => Outcomes::ANY,
            (_, Cell::Number(place)) => certain(self.number(operator, *place)),
            (_, Cell::Amount(currency, place)) => self.amount(operator, currency, *place),
            (Operator::Is(_) | Operator::OneOf(_), Cell::OtherCurrency) => Outcomes::FALSE,
            (Operator::IsNot(_) | Operator::NoneOf(_), Cell::OtherCurrency) => Outcomes::TRUE,
            (_, Cell::OtherCurrency) => Outcomes::UNKNOWN,
            (Operator::Is(Value::Boolean(wanted)), Cell::Flag(flag)) => Outcomes::of(flag == wanted),
            (Operator::IsNot(Value::Boolean(wanted)), Cell::Flag(flag)) => Outcomes::of(flag != wanted),
            (Operator::Empty(wanted), Cell::Text(text)) => Outcomes::of(text.is_empty() == *wanted),
            (Operator::Empty(wanted), Cell::OtherText(_) | Cell::Items(_)) => Outcomes::of(!wanted),
            (Operator::Empty(wanted), Cell::NoItems) => Outcomes::of(*wanted),
            (_, Cell::Text(text)) => certain(self.text(operator, text)),
            (_, Cell::OtherText(set)) => self.other_text(operator, *set),
            (_, Cell::NoItems) => self.items(operator, |_| Some(false)),
            (_, Cell::Items(set)) => self.items(operator, |place| place.map(|place| has(*set, place))),
            (_, Cell::Flag(_)) => Outcomes::ANY,
        }
    }

    /// Whether the field is one of the values in this cell, where that is certain.
    fn is_now(&self, values: &[Value], cell: &Cell) -> Option<bool> {
        match cell {
            Cell::Number(place) => Some(self.numbers.contains(place)),
            Cell::Amount(currency, place) => {
                Some(self.amounts.iter().any(|(other, at)| other == currency && at == place))
            }
            Cell::OtherCurrency | Cell::OtherText(_) => Some(false),
            Cell::Flag(flag) => Some(values.contains(&Value::Boolean(*flag))),
            Cell::Text(text) => Some(self.texts.contains(text)),
            Cell::Missing | Cell::NoItems | Cell::Items(_) => None,
        }
    }

    fn number(&self, operator: &Operator, place: usize) -> Option<bool> {
        let (first, last) = (self.numbers.first()?, self.numbers.last()?);
        match operator {
            Operator::Is(_) | Operator::OneOf(_) => Some(self.numbers.contains(&place)),
            Operator::IsNot(_) | Operator::NoneOf(_) => Some(!self.numbers.contains(&place)),
            Operator::Compare(comparison, _) => Some(comparison.holds(&place, first)),
            Operator::Between(..) => Some((*first..=*last).contains(&place)),
            Operator::Before(_) => Some(place < *first),
            Operator::After(_) => Some(place > *first),
            _ => None,
        }
    }

    /// Amounts in another currency are different, and neither more nor less.
    fn amount(&self, operator: &Operator, currency: &str, place: usize) -> Outcomes {
        let is_one = self.amounts.iter().any(|(other, at)| other == currency && *at == place);
        let (Some((first_currency, first)), Some((last_currency, last))) =
            (self.amounts.first(), self.amounts.last())
        else {
            return Outcomes::ANY;
        };
        match operator {
            Operator::Is(_) | Operator::OneOf(_) => Outcomes::of(is_one),
            Operator::IsNot(_) | Operator::NoneOf(_) => Outcomes::of(!is_one),
            _ if first_currency != last_currency => Outcomes::ANY,
            Operator::Compare(..) | Operator::Between(..) if first_currency != currency => Outcomes::UNKNOWN,
            Operator::Compare(comparison, _) => Outcomes::of(comparison.holds(&place, first)),
            Operator::Between(..) => Outcomes::of((*first..=*last).contains(&place)),
            _ => Outcomes::ANY,
        }
    }

    fn text(&self, operator: &Operator, text: &str) -> Option<bool> {
        let piece = || self.pieces.first().map(|(piece, _)| piece.is_in(text));
        match operator {
            Operator::Is(_) | Operator::OneOf(_) => Some(self.texts.contains(text)),
            Operator::IsNot(_) | Operator::NoneOf(_) => Some(!self.texts.contains(text)),
            Operator::Contains(_) | Operator::StartsWith(_) | Operator::EndsWith(_) => piece(),
            Operator::NotContains(_) => piece().map(|is_in| !is_in),
            _ => None,
        }
    }

    fn other_text(&self, operator: &Operator, set: u32) -> Outcomes {
        let place = self.pieces.first().map(|(_, place)| *place);
        let piece = |wanted: bool| match place {
            Some(Some(place)) => Outcomes::of(has(set, place) == wanted),
            Some(None) => Outcomes::TRUE_OR_FALSE,
            None => Outcomes::ANY,
        };
        match operator {
            Operator::Is(_) | Operator::OneOf(_) => Outcomes::FALSE,
            Operator::IsNot(_) | Operator::NoneOf(_) => Outcomes::TRUE,
            Operator::Contains(_) | Operator::StartsWith(_) | Operator::EndsWith(_) => piece(true),
            Operator::NotContains(_) => piece(false),
            _ => Outcomes::ANY,
        }
    }

    /// `is_there` says of a piece whether the list has it, where that is known.
    fn items(&self, operator: &Operator, is_there: impl Fn(Option<usize>) -> Option<bool>) -> Outcomes {
        let there: Vec<Option<bool>> = self.pieces.iter().map(|(_, place)| is_there(*place)).collect();
        let of = |holds: Option<bool>| holds.map_or(Outcomes::TRUE_OR_FALSE, Outcomes::of);
        match operator {
            Operator::Contains(_) | Operator::AnyOf(_) => of(any(&there)),
            Operator::NotContains(_) => of(any(&there).map(|holds| !holds)),
            Operator::AllOf(_) => of(all(&there)),
            _ => Outcomes::ANY,
        }
    }
}

fn any(parts: &[Option<bool>]) -> Option<bool> {
    match parts.contains(&Some(true)) {
        true => Some(true),
        false => (!parts.contains(&None)).then_some(false),
    }
}

fn all(parts: &[Option<bool>]) -> Option<bool> {
    match parts.contains(&Some(false)) {
        true => Some(false),
        false => (!parts.contains(&None)).then_some(true),
    }
}
