//! Rules that can set each other off without end: what one does causes the event the next one acts on, and so round.
//!
//! What follows from an action is what the catalogue says it causes, and what is told or found out because of it. What
//! comes back
//! of a connector's action is an event as any other, except that the hub keeps a rule from acting on what that rule has
//! written itself; so a rule alone is never a ring, nor is one whose event is about what it writes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::check::ReadRule;
use crate::check::finding::action_span;
use crate::limits::Scope;
use crate::problem::{ProblemKind, RuleProblem};

use super::{Set, place, trigger};

pub(super) fn report(set: &Set<'_>, problems: &mut Vec<RuleProblem>) {
    problems.extend(Links::of(set).rings().iter().filter_map(|ring| cycle(ring)));
}

/// Whether a rule cannot be set off without end: it acts once for somebody, or its event is about what it writes
/// itself. The hub takes changes of that for its own for a while, so such a rule does not answer an answer.
fn is_held_back(set: &Set<'_>, read: &ReadRule) -> bool {
    let scope = read.rule.limits.once_per.map(|once| once.scope);
    if matches!(scope, Some(Scope::Customer | Scope::Conversation | Scope::Order)) {
        return true;
    }
    let about = root(trigger(read));
    let changes = read.rule.then.iter().filter_map(|action| set.changes(action));
    changes.flat_map(|changes| &changes.writes).any(|write| root(&write.field) == about)
}

/// What a field or an event is about.
fn root(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// A rule, the action by which it goes on, and the event that follows.
#[derive(Clone, Copy)]
struct Step<'r> {
    read: &'r ReadRule,
    action: usize,
    event: &'r str,
    /// The action tells of it itself, so that the hub does not take it for an echo.
    is_told: bool,
    /// Rules that would do as well, in its place.
    more: usize,
}

fn cycle(ring: &[Step<'_>]) -> Option<RuleProblem> {
    let first = ring.first()?;
    let told: Vec<String> = ring.iter().filter_map(Step::told).collect();
    let message = format!("rules can set each other off without end: {}", told.join("; "));
    let help = "if no condition ends it, write `limits: {once_per: customer}` in one of them, or make one rule of them";
    let span = action_span(first.read, first.action);
    let mut problem = RuleProblem::warning(ProblemKind::RuleCycle, span, message, help, &first.read.source);
    let others = ring.iter().skip(1);
    let places = others.map(|step| place(step.read, step.action, format!("`{}` acts", step.read.rule.id)));
    problem.related.extend(places);
    Some(problem)
}

impl Step<'_> {
    fn told(&self) -> Option<String> {
        let does = &self.read.rule.then.get(self.action)?.action;
        let others = match self.more {
            0 => String::new(),
            1 => " (and one rule like it)".to_owned(),
            more => format!(" (and {more} rules like it)"),
        };
        let (id, event) = (&self.read.rule.id, self.event);
        Some(format!("`{id}`{others} does `{does}`, and `{event}` follows"))
    }
}

/// Which event follows from which, and by which rules. There are few events however many rules there are.
struct Links<'r> {
    by: BTreeMap<&'r str, BTreeMap<&'r str, Vec<Step<'r>>>>,
}

impl<'r> Links<'r> {
    fn of(set: &Set<'r>) -> Links<'r> {
        let mut links = Links { by: BTreeMap::new() };
        for read in set.acting.iter().copied().filter(|read| !is_held_back(set, read)) {
            let mut caused = BTreeSet::new();
            for (action, done) in read.rule.then.iter().enumerate() {
                let told = set.told(done);
                for event in set.causes(done) {
                    if caused.insert(event) {
                        let step = Step { read, action, event, is_told: told == Some(event), more: 0 };
                        links.by.entry(trigger(read)).or_default().entry(event).or_default().push(step);
                    }
                }
            }
        }
        links
    }

    /// A ring for each knot of events: from its first event the shortest way round, by the first rule for each step. A
    /// rule by itself is one only where it tells of its own event: the hub does not let it act on what it has written.
    fn rings(&self) -> Vec<Vec<Step<'r>>> {
        let mut rings = Vec::new();
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for (event, following) in &self.by {
            match following.get(event).map(Vec::as_slice) {
                Some([first, second, more @ ..]) => {
                    rings.push(vec![*first, Step { more: more.len(), ..*second }]);
                }
                Some([alone]) if alone.is_told => rings.push(vec![*alone]),
                _ => {}
            }
            if told.contains(event) {
                continue;
            }
            if let Some(ring) = self.ring(event) {
                told.extend(ring.iter().map(|step| step.event));
                rings.push(ring);
            }
        }
        rings
    }

    /// The shortest way from an event over others back to it.
    fn ring(&self, start: &str) -> Option<Vec<Step<'r>>> {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut waiting: VecDeque<(&str, Vec<Step<'r>>)> = VecDeque::from([(start, Vec::new())]);
        while let Some((event, way)) = waiting.pop_front() {
            for (next, steps) in self.by.get(event).into_iter().flatten() {
                let Some(first) = steps.first() else { continue };
                let mut longer = way.clone();
                longer.push(Step { more: steps.len() - 1, ..*first });
                if *next == start && !way.is_empty() {
                    return Some(longer);
                }
                if *next != start && *next != event && seen.insert(next) {
                    waiting.push_back((next, longer));
                }
            }
        }
        None
    }
}
