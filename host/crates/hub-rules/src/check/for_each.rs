//! Checks `for_each`: a list the event brings, which of its things are meant, and how many at most. Owns where the fields
//! of one thing may be named as well.

use crate::caps::{ITEMS_MAX, PLANNED_MAX};
use crate::catalogue::{FieldSpec, ListSpec};
use crate::condition::Condition;
use crate::for_each::{ForEach, ITEM};
use crate::parse::{Content, Node};
use crate::problem::{ProblemKind, Span};

use super::{Checker, shortened};

const FOR_EACH_HELP: &str = "write `for_each: order.lines`, or `for_each: {list: order.lines, where: {field: item.sku, \
                             starts_with: GIFT}, at_most: 5}`";

const NO_LIST_HELP: &str = "act on an event that brings a list, such as one about an order";

/// Where in the rule the checker is, as far as one thing of a list goes.
#[derive(Clone, Copy, Default)]
pub(super) enum Items<'c> {
    /// The rule has no `for_each`.
    #[default]
    Nowhere,
    /// It has one, and here is asked about the whole event.
    Elsewhere,
    Here(&'c ListSpec),
    /// It has one that could not be read: of its things' fields nothing can be said.
    Unreadable,
}

impl<'c> Checker<'c> {
    /// `None` inside where the rule acts once. The fields of the list's things may be named from here on.
    pub(super) fn for_each(&mut self, node: Option<&Node>) -> Option<Option<ForEach>> {
        let Some(node) = node else { return Some(None) };
        self.items = Items::Unreadable;
        let (list_node, keys) = match &node.content {
            Content::Map(_) => {
                let keys = self.keys(node, "`for_each`", &["list", "where", "at_most"])?;
                (self.need(&keys, "list", "name a list, such as `list: order.lines`")?, Some(keys))
            }
            _ => (node, None),
        };
        let Some(list) = list_node.scalar() else {
            let message = "`for_each` names one list to go through".to_owned();
            self.report(ProblemKind::WrongShape, list_node.span, message, FOR_EACH_HELP);
            return None;
        };
        let spec = self.list_named(list, list_node.span)?;
        self.items = Items::Here(spec);
        let only = keys.as_ref().and_then(|keys| keys.get("where"));
        let only = only.map_or(Some(Condition::Always), |node| self.when(node));
        let at_most = keys.as_ref().and_then(|keys| keys.get("at_most"));
        let at_most = at_most.map_or(Some(ITEMS_MAX), |node| self.at_most(node));
        Some(Some(ForEach { list: list.to_owned(), only: only?, at_most: at_most? }))
    }

    /// Leaves the things of a list behind, or goes back to them.
    pub(super) fn set_items(&mut self, items: Items<'c>) -> Items<'c> {
        std::mem::replace(&mut self.items, items)
    }

    fn list_named(&mut self, list: &str, span: Span) -> Option<&'c ListSpec> {
        let catalogue = self.catalogue;
        let known = self.brought_lists();
        match catalogue.lists.get(list) {
            Some(spec) if known.contains(&list) => Some(spec),
            Some(_) => {
                let event = self.event.as_deref().unwrap_or_default();
                let message = format!("`{event}` brings no `{list}`");
                let help = match known.is_empty() {
                    true => NO_LIST_HELP.to_owned(),
                    false => format!("the lists it brings are: {}", known.join(", ")),
                };
                self.report(ProblemKind::FieldNotProvided, span, message, help);
                None
            }
            None => {
                let message = format!("there is no list `{}`", shortened(list));
                self.unknown(ProblemKind::UnknownField, span, message, list, known.iter().copied());
                None
            }
        }
    }

    /// The lists the event brings.
    fn brought_lists(&self) -> Vec<&'c str> {
        let catalogue = self.catalogue;
        let event = self.event.as_deref();
        let is_brought = |name: &&str| event.is_none_or(|event| catalogue.provides(event, name));
        catalogue.lists.keys().map(String::as_str).filter(is_brought).collect()
    }

    fn at_most(&mut self, node: &Node) -> Option<usize> {
        let number = match &node.content {
            Content::Plain(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| (1..=ITEMS_MAX).contains(number));
        if number.is_none() {
            let message = format!("`at_most` is a whole number from 1 to {ITEMS_MAX}");
            let help = "write how many things the rule may act on because of one event; more hold it back";
            self.report(ProblemKind::BadLimit, node.span, message, help);
        }
        number
    }

    /// Whether a rule does not do too much because of one event.
    pub(super) fn planned_allowed(&mut self, for_each: Option<&ForEach>, actions: usize, node: &Node) {
        let Some(for_each) = for_each else { return };
        let planned = for_each.at_most.saturating_mul(actions);
        if planned > PLANNED_MAX {
            let message = format!(
                "{actions} actions for each of up to {} things are {planned}, and {PLANNED_MAX} are allowed",
                for_each.at_most
            );
            let help = format!("write `at_most: {}` in `for_each`, or fewer actions", PLANNED_MAX / actions);
            self.report(ProblemKind::TooMany, node.span, message, help);
        }
    }

    /// What the catalogue says of a field, be it one of the event or of one thing of the list.
    pub(super) fn spec(&self, field: &str) -> Option<&'c FieldSpec> {
        match (item_field(field), self.items) {
            (Some(name), Items::Here(list)) => list.fields.get(name),
            _ => self.catalogue.fields.get(field),
        }
    }

    /// A field of one thing: known where a list is gone through.
    pub(super) fn item_known(&mut self, field: &str, span: Span) -> bool {
        let Some(name) = item_field(field) else { return true };
        match self.items {
            Items::Here(list) if list.fields.contains_key(name) => true,
            Items::Here(list) => {
                let names: Vec<String> = list.fields.keys().map(|name| format!("{ITEM}.{name}")).collect();
                let message = format!("there is no field `{}`", shortened(field));
                let known = names.iter().map(String::as_str);
                self.unknown(ProblemKind::UnknownField, span, message, field, known);
                false
            }
            Items::Unreadable => false,
            Items::Elsewhere => {
                let message = format!(
                    "`{field}` is about one thing of the list, and `when` asks about the whole event"
                );
                let help = "ask it under `where:` in `for_each`";
                self.report(ProblemKind::FieldNotProvided, span, message, help);
                false
            }
            Items::Nowhere => {
                let message =
                    format!("`{field}` is about one thing of a list, and the rule goes through none");
                let help = match self.brought_lists().first() {
                    Some(list) => format!("add a list to go through, such as `for_each: {list}`"),
                    None => NO_LIST_HELP.to_owned(),
                };
                self.report(ProblemKind::FieldNotProvided, span, message, help);
                false
            }
        }
    }
}

/// Whether a field is one of a thing in a list.
pub(super) fn is_of_item(field: &str) -> bool {
    item_field(field).is_some()
}

fn item_field(field: &str) -> Option<&str> {
    field.split_once('.').filter(|(root, _)| *root == ITEM).map(|(_, name)| name)
}
