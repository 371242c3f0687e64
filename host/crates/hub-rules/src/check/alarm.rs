//! Checks `alarm_below` and `alarm_above`: how often a rule is expected to act, and whether its other limits leave room for
//! that.

use crate::limits::{Band, Rate};
use crate::parse::Node;
use crate::problem::{ProblemKind, RuleProblem, Severity};

use super::finding::value_of;
use super::limits::optional;
use super::reading::Keys;
use super::{Checker, ReadRule};

const HOUR_NS: i64 = 3_600 * 1_000_000_000;

/// Shops are quiet for an hour and nothing is wrong; what is too much in less than one is `pause_above`'s to stop.
const PER_MIN_NS: i64 = HOUR_NS;

/// Whoever has to wait longer than two months for an alarm has looked before.
const PER_MAX_NS: i64 = 60 * 24 * HOUR_NS;

impl Checker<'_> {
    pub(super) fn alarm(&mut self, keys: &Keys<'_>) -> Option<Band> {
        let below = optional(keys.get("alarm_below"), |node| self.expected(node, "alarm_below"));
        let above_node = keys.get("alarm_above");
        let above = optional(above_node, |node| self.expected(node, "alarm_above"));
        let band = Band { below: below?, above: above? };
        if let (Some(below), Some(above), Some(node)) = (band.below, band.above, above_node)
            && leaves_nothing(below, above)
        {
            let message = format!(
                "an alarm would always be raised: nothing is at least {} and at most {}",
                below.words(),
                above.words()
            );
            let help = "let `alarm_above` be more than `alarm_below`";
            self.report(ProblemKind::BadLimit, node.span, message, help);
            return None;
        }
        Some(band)
    }

    fn expected(&mut self, node: &Node, key: &str) -> Option<Rate> {
        let rate = self.rate(node, key)?;
        if !(PER_MIN_NS..=PER_MAX_NS).contains(&rate.per_ns) {
            let message = format!("`{key}` looks at an hour at least and at 60 days at most");
            let help = "write how often the rule acts in a day or a week, such as `2/d` or `5/7d`";
            self.report(ProblemKind::BadLimit, node.span, message, help);
            return None;
        }
        Some(rate)
    }
}

fn leaves_nothing(below: Rate, above: Rate) -> bool {
    below.least_within(above.per_ns) > above.count || above.most_within(below.per_ns) < below.count
}

/// Adds what is to be said of a band that `max` never lets the rule leave, or reach.
pub(super) fn report(read: &ReadRule, problems: &mut Vec<RuleProblem>) {
    let limits = &read.rule.limits;
    let (Some(max), Some(node)) = (limits.max, value_of(&read.node, "limits")) else { return };
    let mut warn = |key: &str, message: String, help: &str| {
        let span = value_of(node, key).map_or(node.span, |node| node.span);
        let mut problem = RuleProblem::error(ProblemKind::BadLimit, span, message, help, &read.source);
        problem.severity = Severity::Warning;
        problems.push(problem);
    };
    if limits.alarm.above.is_some_and(|above| max.most_within(above.per_ns) <= above.count) {
        let message = format!("there is never an alarm: `max` lets the rule act {} at most", max.words());
        warn("alarm_above", message, "write an `alarm_above` below `max`, or take one of the two away");
    }
    if limits.alarm.below.is_some_and(|below| max.most_within(below.per_ns) < below.count) {
        let message = format!("there is always an alarm: `max` lets the rule act {} at most", max.words());
        warn("alarm_below", message, "write a smaller `alarm_below`, or a greater `max`");
    }
}
