//! Checks a segment's file: its name, and the condition that tells who is in it. A customer is in it or not whatever
//! happens, so it may ask for nothing but the customer.

use crate::parse::{Content, Node};
use crate::problem::{ProblemKind, Span};
use crate::segment::Segment;

use super::Checker;

/// What stands first in a segment's file, where a rule's has `rule`.
pub(super) const SEGMENT: &str = "segment";

/// The field that tells in which segments a customer is.
pub(super) const SEGMENTS: &str = "customer.segments";

const SEGMENT_KEYS: [&str; 3] = [SEGMENT, "says", "who"];
const WHO_HELP: &str = "write a condition, such as `who: {field: customer.orders, at_least: 3}`";

pub(super) fn is_segment(node: &Node) -> bool {
    matches!(&node.content, Content::Map(entries) if entries.iter().any(|entry| entry.key == SEGMENT))
}

impl Checker<'_> {
    pub(super) fn segment(&mut self, node: &Node) -> Option<Segment> {
        self.of_segment = true;
        let keys = self.keys(node, "a segment", &SEGMENT_KEYS)?;
        let id = self.need(&keys, SEGMENT, "start with `segment: a-short-name`");
        let id = id.and_then(|node| self.name(node, "a segment's name"));
        self.id = id.clone().zip(keys.get(SEGMENT).map(|node| node.span));
        let says = self.says(&keys);
        let who = self.need(&keys, "who", WHO_HELP).and_then(|node| self.condition(node, 1));
        Some(Segment { id: id?, says: says?, who: who? })
    }

    /// Whether a segment may ask for a field.
    pub(super) fn is_of_customer(&mut self, field: &str, span: Span) -> bool {
        let (message, help) = match field {
            SEGMENTS => (
                "a segment cannot ask who is in a segment".to_owned(),
                "write the other segment's condition here as well",
            ),
            _ if field.starts_with("customer.") => return true,
            _ => (
                format!("a segment asks for customers alone, and `{field}` belongs to an event"),
                "ask for a field that begins with `customer.`, or count events: \
                 `{count: order.paid, within: 90d, at_least: 3}`",
            ),
        };
        self.report(ProblemKind::FieldNotProvided, span, message, help);
        false
    }
}
