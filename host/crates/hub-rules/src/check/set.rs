//! Rules that get in each other's way. Looks at rules that act (`mode: on`), by id, so the order of files changes
//! nothing. One module for rules that set one field to different values, one for rules that set each other off.

mod conflict;
mod cycle;

use crate::catalogue::{Catalogue, Changes};
use crate::problem::{RelatedPlace, RuleProblem};
use crate::rule::{Action, Mode, Trigger};

use super::ReadRule;
use super::finding::action_span;

pub(super) fn report(read: &[ReadRule], catalogue: &Catalogue, problems: &mut Vec<RuleProblem>) {
    let mut acting: Vec<&ReadRule> = read.iter().filter(|read| read.rule.mode == Mode::On).collect();
    acting.sort_by(|left, right| left.rule.id.cmp(&right.rule.id));
    let set = Set { acting, catalogue };
    conflict::report(&set, problems);
    cycle::report(&set, problems);
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

fn trigger(read: &ReadRule) -> &str {
    let Trigger::Event(event) = &read.rule.on;
    event
}

fn place(read: &ReadRule, action: usize, message: String) -> RelatedPlace {
    RelatedPlace { message, span: action_span(read, action), source: read.source.clone() }
}
