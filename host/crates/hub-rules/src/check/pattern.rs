//! Checks `matches`, and the ages of `older_than` and `newer_than`.

use crate::catalogue::FieldKind;
use crate::parse::Node;
use crate::pattern::Pattern;
use crate::problem::{ProblemKind, Span};
use crate::value::Value;

use super::Checker;

impl Checker<'_> {
    pub(super) fn pattern(&mut self, node: &Node) -> Option<Pattern> {
        let text = self.some_text(node)?;
        match Pattern::parse(&text) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                let span = match error.piece {
                    Some((start, end)) => self.span_within(node, &text, start, end),
                    None => node.span,
                };
                self.report(ProblemKind::BadPattern, span, error.message, error.help);
                None
            }
        }
    }

    /// Where a stretch of a text stands in the file; the whole text when quoting has changed it.
    fn span_within(&self, node: &Node, text: &str, start: usize, end: usize) -> Span {
        let written = self.source.inner().get(node.span.offset..node.span.end()).unwrap_or_default();
        match written.find(text) {
            Some(at) => Span { offset: node.span.offset + at + start, len: end.saturating_sub(start) },
            None => node.span,
        }
    }

    /// How long ago something is.
    pub(super) fn age(&mut self, node: &Node) -> Option<i64> {
        match self.value(FieldKind::Duration, node)? {
            Value::Duration(age) if age > 0 => Some(age),
            _ => {
                let message = "nothing is compared with no time at all".to_owned();
                self.report(
                    ProblemKind::BadLimit,
                    node.span,
                    message,
                    "write how long ago: 15m, 24h, 7d or 2w",
                );
                None
            }
        }
    }
}
