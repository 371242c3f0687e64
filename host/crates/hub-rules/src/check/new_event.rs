//! Events that rules and segments bring into being: what an action tells under a name of the shop's own, and customers who
//! come into a segment or go out of it. Found before anything is checked, whatever file stands first.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::{Catalogue, EventSpec, Takes};
use crate::parse::{Content, Node};
use crate::segment::Segment;
use crate::trigger::SCHEDULE_DUE;

use super::new_field::{is_field_name, taken_names, value_at};
use super::segment::{SEGMENT, SEGMENTS};
use super::{Parsed, is_name, shortened};

/// What an event of a segment brings.
const OF_SEGMENT: [&str; 2] = ["event", "customer"];

/// The catalogue with every event these files bring into being. Names that are no good are left out: where they are
/// written they are reported.
pub(super) fn with_events_of<'c>(files: &[Parsed], mut catalogue: Cow<'c, Catalogue>) -> Cow<'c, Catalogue> {
    let nodes = || files.iter().filter_map(|file| file.node.as_ref());
    let ids: BTreeSet<&str> =
        nodes().filter_map(|node| value_at(node, SEGMENT)?.scalar()).filter(|id| is_name(id)).collect();
    if !ids.is_empty() {
        add_segments(&ids, catalogue.to_mut());
    }
    let mut told: BTreeMap<String, Told<'_>> = BTreeMap::new();
    for rule in nodes() {
        for name in told_by(rule, &catalogue) {
            let told = told.entry(name).or_default();
            told.rules.extend(value_at(rule, "rule").and_then(Node::scalar));
            told.triggers.extend(trigger_of(rule));
        }
    }
    if !told.is_empty() {
        let brought = brought(&told, &catalogue);
        let events = &mut catalogue.to_mut().events;
        for (name, told) in told {
            let rule = told.rules.first().copied().unwrap_or_default();
            let help = format!("told by rules, such as {}", shortened(rule));
            let provides = brought.get(&name).into_iter().flatten().cloned().collect();
            events.entry(name).or_insert(EventSpec { help, provides });
        }
    }
    catalogue
}

fn add_segments(ids: &BTreeSet<&str>, catalogue: &mut Catalogue) {
    if let Some(field) = catalogue.fields.get_mut(SEGMENTS) {
        field.values = ids.iter().map(|id| (*id).to_owned()).collect();
    }
    let provides: Vec<String> = OF_SEGMENT.map(str::to_owned).into();
    for id in ids {
        for (name, what) in [(Segment::entered(id), "came into"), (Segment::left(id), "went out of")] {
            let help = format!("a customer {what} the segment {id}");
            catalogue.events.insert(name, EventSpec { help, provides: provides.clone() });
        }
    }
}

/// Who tells of an event, and because of what.
#[derive(Default)]
struct Told<'n> {
    rules: Vec<&'n str>,
    triggers: BTreeSet<&'n str>,
}

fn told_by(rule: &Node, catalogue: &Catalogue) -> Vec<String> {
    let under = |takes: &Takes| match takes {
        Takes::NewEvent(under) => Some(under.clone()),
        _ => None,
    };
    let names = taken_names(rule, catalogue, &under).into_iter();
    names.filter(|(_, name)| is_field_name(name)).map(|(under, name)| format!("{under}.{name}")).collect()
}

fn trigger_of(rule: &Node) -> Option<&str> {
    let on = value_at(rule, "on")?;
    match &on.content {
        Content::Map(entries) if entries.iter().any(|entry| entry.key == "every") => Some(SCHEDULE_DUE),
        Content::Map(_) => value_at(on, "since")?.scalar(),
        _ => on.scalar(),
    }
}

/// What rules know when they are told of an event: what every rule that tells of it knows. Such events may follow on each
/// other, so it is gone through until nothing changes; each turn settles one event more at least.
fn brought(told: &BTreeMap<String, Told<'_>>, catalogue: &Catalogue) -> BTreeMap<String, BTreeSet<String>> {
    let mut brought: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for _ in 0..=told.len() {
        let brings = |event: &str| -> Option<BTreeSet<String>> {
            let known = catalogue.events.get(event).map(|spec| spec.provides.iter().cloned().collect());
            known.or_else(|| brought.get(event).cloned())
        };
        let next: BTreeMap<String, BTreeSet<String>> = told
            .iter()
            .filter_map(|(name, told)| {
                let known = told.triggers.iter().filter_map(|trigger| brings(trigger));
                let common = known.reduce(|left, right| left.intersection(&right).cloned().collect());
                Some((name.clone(), common?))
            })
            .collect();
        if next == brought {
            break;
        }
        brought = next;
    }
    brought
}
