//! Reading a set of keys: unknown and repeated ones are reported here, once for every place.

use crate::parse::{Content, Node};
use crate::problem::{ProblemKind, Span};

use super::{Checker, shortened};

/// The known keys of one mapping, each at most once.
pub(super) struct Keys<'n> {
    pub(super) span: Span,
    entries: Vec<(&'n str, &'n Node)>,
}

impl<'n> Keys<'n> {
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(key, _)| *key == name).map(|(_, node)| *node)
    }
}

impl Checker<'_> {
    pub(super) fn keys<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Keys<'n>> {
        let Content::Map(entries) = &node.content else {
            self.shape(
                node,
                &format!("{what} is written as lines of `name: value`"),
                &format!("the names are: {}", known.join(", ")),
            );
            return None;
        };
        self.repeated(node);
        let mut keys = Keys { span: node.span, entries: Vec::new() };
        for entry in entries {
            if !known.contains(&entry.key.as_str()) {
                let message = format!("`{}` does not belong in {what}", shortened(&entry.key));
                let known = known.iter().copied();
                self.unknown(ProblemKind::UnknownKey, entry.key_span, message, &entry.key, known);
            } else if keys.get(&entry.key).is_none() {
                keys.entries.push((&entry.key, &entry.value));
            }
        }
        Some(keys)
    }

    /// Reports keys that occur twice in a mapping.
    pub(super) fn repeated(&mut self, node: &Node) {
        let Content::Map(entries) = &node.content else { return };
        let mut first_uses = std::collections::BTreeMap::new();
        for entry in entries {
            match first_uses.get(entry.key.as_str()) {
                None => {
                    first_uses.insert(entry.key.as_str(), entry.key_span);
                }
                Some(first) => {
                    let message = format!("`{}` is written twice", shortened(&entry.key));
                    self.report(
                        ProblemKind::DuplicateKey,
                        entry.key_span,
                        message,
                        "keep one of the two, only one would count",
                    );
                    self.relate("it is first written", *first);
                }
            }
        }
    }

    /// A key that must be there; an empty value counts as not there.
    pub(super) fn need<'n>(&mut self, keys: &Keys<'n>, name: &str, help: &str) -> Option<&'n Node> {
        let node = keys.get(name);
        let message = match node.map(|node| &node.content) {
            Some(Content::Empty) => format!("`{name}` has no value"),
            Some(_) => return node,
            None => format!("`{name}` is missing"),
        };
        self.report(ProblemKind::MissingKey, node.map_or(keys.span, |node| node.span), message, help);
        None
    }
}
