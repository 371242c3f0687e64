//! Rules that follow on each other further than anybody foresees: what one does causes the event the next one acts on, and
//! so on. What follows from an action is what the catalogue says it causes. Whether all their conditions hold at once
//! nobody can say beforehand, so this is a warning.

use std::collections::{BTreeMap, BTreeSet};

use crate::caps::DERIVED_DEPTH_MAX;
use crate::check::ReadRule;
use crate::check::finding::action_span;
use crate::problem::{ProblemKind, RuleProblem};

use super::{Set, place, trigger};

pub(super) fn report(set: &Set<'_>, problems: &mut Vec<RuleProblem>) {
    let links = Links::of(set);
    let firsts = set.acting.iter().filter(|read| links.after.contains_key(trigger(read)));
    let chain = firsts.map(|read| trigger(read)).collect::<BTreeSet<_>>().into_iter().find_map(|event| {
        let mut chain = Vec::new();
        links.follow(event, &mut vec![event], &mut chain).then_some(chain)
    });
    problems.extend(chain.and_then(|chain| too_deep(&chain)));
}

/// A rule, and the action by which the next one is set off; the last sets off none that is told of.
#[derive(Clone, Copy)]
struct Step<'r> {
    read: &'r ReadRule,
    action: usize,
}

/// By event, what follows from it, and by which rule; and the first rule that acts on it at all.
struct Links<'r> {
    after: BTreeMap<&'r str, BTreeMap<&'r str, Step<'r>>>,
    acting: BTreeMap<&'r str, &'r ReadRule>,
}

impl<'r> Links<'r> {
    fn of(set: &Set<'r>) -> Links<'r> {
        let mut links = Links { after: BTreeMap::new(), acting: BTreeMap::new() };
        for read in set.acting.iter().copied() {
            links.acting.entry(trigger(read)).or_insert(read);
            for (action, done) in read.rule.then.iter().enumerate() {
                for event in set.causes(done) {
                    let step = Step { read, action };
                    links.after.entry(trigger(read)).or_default().entry(event).or_insert(step);
                }
            }
        }
        links
    }

    /// Whether more rules follow on an event than may, no event twice; then `chain` has them.
    fn follow(&self, event: &'r str, met: &mut Vec<&'r str>, chain: &mut Vec<Step<'r>>) -> bool {
        if chain.len() == DERIVED_DEPTH_MAX {
            let last = self.acting.get(event).map(|read| Step { read, action: 0 });
            chain.extend(last);
            return last.is_some();
        }
        for (next, step) in self.after.get(event).into_iter().flatten() {
            if met.contains(next) {
                continue;
            }
            met.push(next);
            chain.push(*step);
            if self.follow(next, met, chain) {
                return true;
            }
            chain.pop();
            met.pop();
        }
        false
    }
}

fn too_deep(chain: &[Step<'_>]) -> Option<RuleProblem> {
    let (first, others) = chain.split_first()?;
    let ids: Vec<String> = chain.iter().map(|step| format!("`{}`", step.read.rule.id)).collect();
    let message = format!(
        "{} rules can set each other off in a row, and {DERIVED_DEPTH_MAX} are as many as people foresee: {}",
        chain.len(),
        ids.join(", then ")
    );
    let help = "let one rule do what several do now, or act on the first event itself";
    let span = action_span(first.read, first.action);
    let mut problem = RuleProblem::warning(ProblemKind::TooDeep, span, message, help, &first.read.source);
    let places =
        others.iter().map(|step| place(step.read, step.action, format!("`{}` acts", step.read.rule.id)));
    problem.related.extend(places);
    Some(problem)
}
