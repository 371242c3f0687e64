//! Rules that get in each other's way. Looks at rules that act (`mode: on`), by id, so the order of files changes
//! nothing. One module for rules that set one field to different values, one for rules that set each other off without end,
//! one for those that do so in a long row.

mod conflict;
mod cycle;
mod depth;

use crate::catalogue::{Catalogue, Changes};
use crate::problem::{RelatedPlace, RuleProblem};
use crate::rule::{Action, Mode};

use super::ReadRule;
use super::finding::action_span;

pub(super) fn report(read: &[ReadRule], catalogue: &Catalogue, problems: &mut Vec<RuleProblem>) {
    let mut acting: Vec<&ReadRule> = read.iter().filter(|read| read.rule.mode == Mode::On).collect();
    acting.sort_by(|left, right| left.rule.id.cmp(&right.rule.id));
    let set = Set { acting, catalogue };
    conflict::report(&set, problems);
    cycle::report(&set, problems);
    depth::report(&set, problems);
}

struct Set<'r> {
    /// By id.
    acting: Vec<&'r ReadRule>,
    catalogue: &'r Catalogue,
}

impl<'r> Set<'r> {
    fn changes(&self, action: &Action) -> Option<&'r Changes> {
        self.catalogue.actions.get(&action.action).map(|spec| &spec.changes)
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
