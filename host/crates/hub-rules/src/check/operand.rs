//! Checks what stands behind an operator: whether it suits the field's kind, and the value itself.

use crate::caps::LIST_MAX;
use crate::catalogue::FieldKind;
use crate::condition::{Comparison, Operator};
use crate::parse::{Content, Entry, Node};
use crate::problem::{ProblemKind, Span};
use crate::value::{Value, ValueError, fold};

use super::{Checker, one_of_these, shortened};

/// Every operator a field leaf may have.
pub(super) const OPERATORS: [&str; 25] = [
    "is",
    "is_not",
    "one_of",
    "none_of",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "matches",
    "more_than",
    "at_least",
    "less_than",
    "at_most",
    "between",
    "before",
    "after",
    "older_than",
    "newer_than",
    "exists",
    "any_of",
    "all_of",
    "empty",
    "changed",
    "changed_to",
    "changed_from",
];

impl Checker<'_> {
    pub(super) fn operator(&mut self, field: &str, kind: FieldKind, entry: &Entry) -> Option<Operator> {
        let name = entry.key.as_str();
        if !suits(name, kind) {
            let fits = |operator: &&str| {
                suits(operator, kind) && (self.is_kept(field) || !operator.starts_with("changed"))
            };
            let fitting: Vec<&str> = OPERATORS.into_iter().filter(fits).collect();
            self.report(
                ProblemKind::OperatorKind,
                entry.key_span,
                format!("`{name}` does not work on `{field}`, which is {}", kind.described()),
                format!("for {} write one of: {}", kind.described(), fitting.join(", ")),
            );
            return None;
        }
        let node = &entry.value;
        match name {
            "is" => self.known_value(field, kind, node).map(Operator::Is),
            "is_not" => self.known_value(field, kind, node).map(Operator::IsNot),
            "one_of" => self.known_values(field, kind, node).map(Operator::OneOf),
            "none_of" => self.known_values(field, kind, node).map(Operator::NoneOf),
            "contains" => self.piece(field, kind, node).map(Operator::Contains),
            "not_contains" => self.piece(field, kind, node).map(Operator::NotContains),
            "starts_with" => self.piece(field, kind, node).map(Operator::StartsWith),
            "ends_with" => self.piece(field, kind, node).map(Operator::EndsWith),
            "between" => self.between(kind, node),
            "before" => self.moment(node).map(Operator::Before),
            "after" => self.moment(node).map(Operator::After),
            "exists" => self.flag(node).map(Operator::Exists),
            "empty" => self.flag(node).map(Operator::Empty),
            "matches" => self.pattern(node).map(Operator::Matches),
            "older_than" => self.age(node).map(Operator::OlderThan),
            "newer_than" => self.age(node).map(Operator::NewerThan),
            "changed" | "changed_to" | "changed_from" => self.change(field, kind, entry),
            "any_of" => self.known_texts(field, node).map(Operator::AnyOf),
            "all_of" => self.known_texts(field, node).map(Operator::AllOf),
            other => {
                let comparison = Comparison::from_name(other)?;
                Some(Operator::Compare(comparison, self.value(kind, node)?))
            }
        }
    }

    /// A value of a kind, written as that kind is written.
    pub(super) fn value(&mut self, kind: FieldKind, node: &Node) -> Option<Value> {
        if kind == FieldKind::TextList {
            return self.texts(node).map(Value::TextList);
        }
        if let (FieldKind::Money, Content::Map(_)) = (kind, &node.content) {
            return self.money(node);
        }
        let read = match (kind, &node.content) {
            (FieldKind::Text, Content::Plain(text) | Content::Quoted(text)) => Ok(Value::Text(text.clone())),
            (FieldKind::Number, Content::Plain(text)) => text.parse().map(Value::Number),
            (FieldKind::Money, Content::Plain(text) | Content::Quoted(text)) => Value::parse_money(text),
            (FieldKind::Boolean, Content::Plain(text)) if text == "true" => Ok(Value::Boolean(true)),
            (FieldKind::Boolean, Content::Plain(text)) if text == "false" => Ok(Value::Boolean(false)),
            (FieldKind::Time, Content::Plain(text) | Content::Quoted(text)) => Value::parse_time(text),
            (FieldKind::Duration, Content::Plain(text) | Content::Quoted(text)) => {
                Value::parse_duration(text)
            }
            _ => {
                self.wrong_type(node, kind, None);
                return None;
            }
        };
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong_type(node, kind, Some(error));
                None
            }
        }
    }

    pub(super) fn wrong_type(&mut self, node: &Node, kind: FieldKind, error: Option<ValueError>) {
        let unquoted =
            matches!((kind, &node.content), (FieldKind::Number | FieldKind::Boolean, Content::Quoted(_)));
        let found = match node.scalar() {
            Some(text) if unquoted => format!("the text `{}`", shortened(text)),
            Some(text) => format!("`{}`", shortened(text)),
            None => node.described().to_owned(),
        };
        let why = match error {
            Some(ValueError::MinorDigits) => ", with more digits after the point than the currency has",
            Some(ValueError::Range) => ", which is too large",
            // What it should be says it already.
            Some(ValueError::Decimal | ValueError::Money | ValueError::Time | ValueError::Duration)
            | None => "",
        };
        let message = format!("this should be {}, and it is {found}{why}", kind.described());
        let remark = if unquoted { ", without quotation marks" } else { "" };
        self.report(ProblemKind::WrongType, node.span, message, format!("write {}{remark}", kind.example()));
    }

    fn money(&mut self, node: &Node) -> Option<Value> {
        let keys = self.keys(node, "an amount of money", &["amount", "currency"])?;
        let amount = self.need(&keys, "amount", "write `amount: \"12.50\"`");
        let amount = amount.and_then(|node| self.scalar(node, "`amount`", "write `amount: \"12.50\"`"));
        let currency = self.need(&keys, "currency", "write `currency: EUR`");
        let currency = currency.and_then(|node| self.scalar(node, "`currency`", "write `currency: EUR`"));
        match Value::money(amount?, currency?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong_type(node, FieldKind::Money, Some(error));
                None
            }
        }
    }

    pub(super) fn known_value(&mut self, field: &str, kind: FieldKind, node: &Node) -> Option<Value> {
        let value = self.value(kind, node)?;
        if let Value::Text(text) = &value {
            self.known_text(field, text, node.span)?;
        }
        Some(value)
    }

    /// Whether a text is among the values the field is known to have.
    fn known_text(&mut self, field: &str, text: &str, span: Span) -> Option<()> {
        let values = self.spec(field).map(|spec| spec.values.as_slice()).unwrap_or_default();
        if values.is_empty() || values.iter().any(|value| fold(value) == fold(text)) {
            return Some(());
        }
        let message = format!("`{field}` is never `{}`", shortened(text));
        self.report(ProblemKind::UnknownValue, span, message, one_of_these(text, values));
        None
    }

    pub(super) fn known_values(&mut self, field: &str, kind: FieldKind, node: &Node) -> Option<Vec<Value>> {
        let items = self.items(node)?;
        let values: Vec<Option<Value>> =
            items.iter().map(|item| self.known_value(field, kind, item)).collect();
        values.into_iter().collect()
    }

    fn known_texts(&mut self, field: &str, node: &Node) -> Option<Vec<String>> {
        let items = self.items(node)?;
        let texts: Vec<Option<String>> =
            items.iter().map(|item| self.piece(field, FieldKind::TextList, item)).collect();
        texts.into_iter().collect()
    }

    fn texts(&mut self, node: &Node) -> Option<Vec<String>> {
        let items = self.items(node)?;
        let texts: Vec<Option<String>> = items.iter().map(|item| self.some_text(item)).collect();
        texts.into_iter().collect()
    }

    /// The items of a list that has some, but not too many.
    fn items<'n>(&mut self, node: &'n Node) -> Option<&'n [Node]> {
        let items = self.list(node, "this value", "write a list: `[one, two]`")?;
        if items.is_empty() {
            let message = "this list is empty, so there is nothing to compare with".to_owned();
            self.report(ProblemKind::EmptyValue, node.span, message, "add a value, or remove the condition");
            return None;
        }
        self.within(items, LIST_MAX, node.span, "values in a list").then_some(items)
    }

    /// A text to look for: in a list it must be one the list may have, in a text it may be any part.
    fn piece(&mut self, field: &str, kind: FieldKind, node: &Node) -> Option<String> {
        let text = self.some_text(node)?;
        if kind == FieldKind::TextList {
            self.known_text(field, &text, node.span)?;
        }
        Some(text)
    }

    pub(super) fn some_text(&mut self, node: &Node) -> Option<String> {
        let Some(text) = node.scalar() else {
            self.wrong_type(node, FieldKind::Text, None);
            return None;
        };
        if text.trim().is_empty() {
            let message = "an empty text is part of every text".to_owned();
            self.report(
                ProblemKind::EmptyValue,
                node.span,
                message,
                "write the text to look for, or use `empty: true`",
            );
            return None;
        }
        Some(text.to_owned())
    }

    fn between(&mut self, kind: FieldKind, node: &Node) -> Option<Operator> {
        let help = "write `between: [lowest, highest]`, both included";
        let [low_node, high_node] = self.list(node, "`between`", help)? else {
            self.report(ProblemKind::WrongShape, node.span, "`between` has two values".to_owned(), help);
            return None;
        };
        let low = self.value(kind, low_node);
        let high = self.value(kind, high_node);
        let (low, high) = (low?, high?);
        match out_of_order(&low, &high) {
            None => Some(Operator::Between(low, high)),
            Some(message) => {
                self.report(ProblemKind::WrongType, node.span, message.to_owned(), help);
                None
            }
        }
    }

    fn moment(&mut self, node: &Node) -> Option<i64> {
        match self.value(FieldKind::Time, node)? {
            Value::Time(time) => Some(time),
            _ => None,
        }
    }

    pub(super) fn flag(&mut self, node: &Node) -> Option<bool> {
        match self.value(FieldKind::Boolean, node)? {
            Value::Boolean(flag) => Some(flag),
            _ => None,
        }
    }
}

/// Which operators make sense on which kind.
fn suits(operator: &str, kind: FieldKind) -> bool {
    use FieldKind::{Boolean, Duration, Money, Number, Text, TextList, Time};
    match operator {
        "is" | "is_not" => kind != TextList,
        "one_of" | "none_of" => matches!(kind, Text | Number | Money | Duration),
        "contains" | "not_contains" => matches!(kind, Text | TextList),
        "starts_with" | "ends_with" | "matches" => kind == Text,
        "more_than" | "at_least" | "less_than" | "at_most" => matches!(kind, Number | Money | Duration),
        "between" => matches!(kind, Number | Money | Duration | Time),
        "before" | "after" | "older_than" | "newer_than" => kind == Time,
        "any_of" | "all_of" => kind == TextList,
        "empty" => matches!(kind, Text | TextList),
        "changed_to" | "changed_from" => matches!(kind, Text | Number | Money | Boolean),
        "exists" | "changed" => matches!(kind, Text | Number | Money | Boolean | Time | Duration | TextList),
        _ => false,
    }
}

fn out_of_order(low: &Value, high: &Value) -> Option<&'static str> {
    let reversed = match (low, high) {
        (Value::Number(low), Value::Number(high)) => low > high,
        (Value::Money { currency, .. }, Value::Money { currency: other, .. }) if currency != other => {
            return Some("the two amounts are in different currencies");
        }
        (Value::Money { minor: low, .. }, Value::Money { minor: high, .. })
        | (Value::Time(low), Value::Time(high))
        | (Value::Duration(low), Value::Duration(high)) => low > high,
        _ => false,
    };
    reversed.then_some("the first value is higher than the second, so nothing is between them")
}
