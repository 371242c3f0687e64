//! Checks `changed`, `changed_to` and `changed_from`: asked of fields of which is kept what they were before.

use crate::catalogue::FieldKind;
use crate::condition::Operator;
use crate::parse::{Content, Entry, Node};
use crate::problem::ProblemKind;
use crate::value::Value;

use super::Checker;

/// Fields named as examples.
const FIELDS_SHOWN_MAX: usize = 8;

impl Checker<'_> {
    /// Whether it is kept what a field was before.
    pub(super) fn is_kept(&self, field: &str) -> bool {
        self.catalogue.changing.contains(field)
    }

    pub(super) fn change(&mut self, field: &str, kind: FieldKind, entry: &Entry) -> Option<Operator> {
        if !self.is_kept(field) {
            let message = format!(
                "whether `{field}` changed is not known: the hub does not keep what it was before an event"
            );
            let help = self.kept_fields(field);
            self.report(ProblemKind::NotSupported, entry.key_span, message, help);
            return None;
        }
        if self.of_segment {
            let message = format!(
                "whether `{field}` changed is known when it happens, and a segment holds at any time"
            );
            let help = "ask what the field is, and let a rule act when a customer comes in or goes out";
            self.report(ProblemKind::NotSupported, entry.key_span, message, help);
            return None;
        }
        if self.waits {
            let message =
                format!("whether `{field}` changed is known when it happens, and this rule is asked later");
            let help = "act on the event itself, or ask what the field is by then";
            self.report(ProblemKind::NotSupported, entry.key_span, message, help);
            return None;
        }
        match entry.key.as_str() {
            "changed" => self.flag(&entry.value).map(Operator::Changed),
            "changed_to" => self.one_or_more(field, kind, &entry.value).map(Operator::ChangedTo),
            _ => self.one_or_more(field, kind, &entry.value).map(Operator::ChangedFrom),
        }
    }

    /// One value, or a list of which any is meant.
    fn one_or_more(&mut self, field: &str, kind: FieldKind, node: &Node) -> Option<Vec<Value>> {
        match &node.content {
            Content::List(_) => self.known_values(field, kind, node),
            _ => self.known_value(field, kind, node).map(|value| vec![value]),
        }
    }

    /// What can be asked instead: of the same thing, where there is something.
    fn kept_fields(&self, instead_of: &str) -> String {
        let catalogue = self.catalogue;
        let is_brought =
            |field: &&String| self.event.as_deref().is_none_or(|event| catalogue.provides(event, field));
        let root = |field: &str| field.split('.').next().unwrap_or_default().to_owned();
        let mut kept: Vec<&str> = catalogue.changing.iter().filter(is_brought).map(String::as_str).collect();
        if kept.iter().any(|field| root(field) == root(instead_of)) {
            kept.retain(|field| root(field) == root(instead_of));
        }
        let shown = kept.get(..FIELDS_SHOWN_MAX).unwrap_or(&kept).join(", ");
        let more = if kept.len() > FIELDS_SHOWN_MAX { ", …" } else { "" };
        match kept.is_empty() {
            true => "this event brings no field that can be asked so; ask what the field is now".to_owned(),
            false => format!("it can be asked of: {shown}{more}"),
        }
    }
}
