//! Rules that get in each other's way. Looks at rules that act (`mode: on`), by id, so the order of files changes
//! nothing. One module for rules that set one field to different values, one for rules that set each other off without end,
//! one for those that do so in a long row.

mod conflict;
mod cycle;
mod depth;

use std::collections::BTreeSet;

use crate::catalogue::{Catalogue, Changes, Takes};
use crate::problem::{RelatedPlace, RuleProblem};
use crate::rule::{Action, Mode};
use crate::segment::Segment;

use super::ReadRule;
use super::finding::action_span;

pub(super) fn report(
    read: &[ReadRule],
    segments: &[Segment],
    catalogue: &Catalogue,
    problems: &mut Vec<RuleProblem>,
) {
    let mut acting: Vec<&ReadRule> = read.iter().filter(|read| read.rule.mode == Mode::On).collect();
    acting.sort_by(|left, right| left.rule.id.cmp(&right.rule.id));
    let set = Set { acting, segments, catalogue };
    conflict::report(&set, problems);
    cycle::report(&set, problems);
    depth::report(&set, problems);
}

struct Set<'r> {
    /// By id.
    acting: Vec<&'r ReadRule>,
    segments: &'r [Segment],
    catalogue: &'r Catalogue,
}

impl<'r> Set<'r> {
    fn changes(&self, action: &Action) -> Option<&'r Changes> {
        self.catalogue.actions.get(&action.action).map(|spec| &spec.changes)
    }

    /// The events that may follow from an action: what comes back of it, what it tells of, and that customers come into the
    /// segments or go out of those that ask for what it writes.
    fn causes(&self, action: &'r Action) -> BTreeSet<&'r str> {
        let mut causes: BTreeSet<&str> = self.told(action).into_iter().collect();
        let Some(changes) = self.changes(action) else { return causes };
        causes.extend(changes.causes.iter().map(String::as_str));
        for write in &changes.writes {
            let Some(field) = write.written(action) else { continue };
            let written = write.param.as_ref().and_then(|param| action.with.get(param)?.written_out());
            for segment in self.segments.iter().filter(|segment| segment.who.asks_for(&field, written)) {
                let crossings = [Segment::entered(&segment.id), Segment::left(&segment.id)];
                causes.extend(crossings.iter().filter_map(|event| self.event(event)));
            }
        }
        causes
    }

    /// The event of the shop's own that an action tells of.
    fn told(&self, action: &Action) -> Option<&'r str> {
        let params = &self.catalogue.actions.get(&action.action)?.params;
        params.iter().find_map(|(name, spec)| {
            let Takes::NewEvent(under) = &spec.takes else { return None };
            self.event(&format!("{under}.{}", action.with.get(name)?.written_out()?))
        })
    }

    fn event(&self, name: &str) -> Option<&'r str> {
        self.catalogue.events.get_key_value(name).map(|(name, _)| name.as_str())
    }
}

/// The event a rule follows from, at once or later.
fn trigger(read: &ReadRule) -> &str {
    read.rule.on.event()
}

/// How long after that: what one rule does at once another may mean to change later.
fn waits(read: &ReadRule) -> i64 {
    read.rule.on.waits_ns()
}

fn place(read: &ReadRule, action: usize, message: String) -> RelatedPlace {
    RelatedPlace { message, span: action_span(read, action), source: read.source.clone() }
}
