//! What `reason` found out about a condition, put into words and into its place in the file.

use crate::condition::Condition;
use crate::parse::{Content, Entry, Node};
use crate::problem::{ProblemKind, RelatedPlace, RuleProblem, Severity, Span};

use super::ReadRule;
use super::reason::{Finding, Weight, What, findings};

/// Adds what is to be said about the conditions of a rule.
pub(super) fn report(read: &ReadRule, problems: &mut Vec<RuleProblem>) {
    if let Some(when) = value_of(&read.node, "when") {
        report_on(read, (&read.rule.when, when), ALL_EVENTS, problems);
    }
    let only = value_of(&read.node, "for_each").and_then(|for_each| value_of(for_each, "where"));
    if let (Some(for_each), Some(only)) = (&read.rule.for_each, only) {
        report_on(read, (&for_each.only, only), ALL_ITEMS, problems);
    }
}

/// What a condition that always holds comes to, and what to write instead.
type Whole = (&'static str, &'static str);

const ALL_EVENTS: Whole =
    ("so the rule acts on every event", "write `when: always` if that is meant, or correct the condition");
const ALL_ITEMS: Whole = (
    "so the rule acts for every thing in the list",
    "remove `where` if that is meant, or correct the condition",
);

fn report_on(
    read: &ReadRule,
    (condition, when): (&Condition, &Node),
    whole: Whole,
    problems: &mut Vec<RuleProblem>,
) {
    for finding in findings(condition) {
        let said = Said::of(condition, &finding, whole);
        let place = |at: &[usize]| node_at(when, at).map_or(when.span, |node| node.span);
        let mut problem =
            RuleProblem::error(said.kind, place(&finding.at), said.message, said.help, &read.source);
        problem.severity = said.severity;
        problem.related.extend(finding.because.iter().map(|because| RelatedPlace {
            message: "the other condition is".to_owned(),
            span: place(because),
            source: read.source.clone(),
        }));
        problems.push(problem);
    }
}

struct Said {
    kind: ProblemKind,
    severity: Severity,
    message: String,
    help: &'static str,
}

impl Said {
    fn of(when: &Condition, finding: &Finding, (so, instead): Whole) -> Said {
        let this = words(when, &finding.at);
        let other = finding.because.as_deref().map(|because| words(when, because));
        let other = other.as_deref();
        match finding.what {
            What::Never(weight) => {
                let is_group = is_group(part_at(when, &finding.at).0);
                Said::never(&this, other, weight, is_apart(finding), is_group)
            }
            What::NoneEver => Said {
                kind: ProblemKind::NeverHolds,
                severity: Severity::Error,
                message: "none of these conditions can ever hold, so the rule would never act".to_owned(),
                help: "correct or remove the conditions in this group",
            },
            What::Always if finding.at.is_empty() => {
                Said::warning(ProblemKind::AlwaysHolds, format!("{this} always holds, {so}"), instead)
            }
            What::Always => Said::warning(
                ProblemKind::AlwaysHolds,
                format!("{this} always holds, so asking it changes nothing"),
                "remove it, or correct it",
            ),
            What::AlwaysWhenKnown => Said::warning(
                ProblemKind::AlwaysHolds,
                format!("{this} holds for every value there can be"),
                "write the field with `exists: true` if any value will do, or correct the conditions",
            ),
            What::Implied => Said::adds_nothing(format!(
                "{this} adds nothing: it holds whenever {} does",
                other.unwrap_or("the rest")
            )),
            What::Covered => Said::adds_nothing(format!(
                "{this} adds nothing: whenever it holds, {} does too",
                other.unwrap_or("the rest")
            )),
            What::Repeated => {
                Said::adds_nothing(format!("{this} says the same as {}", other.unwrap_or("the rest")))
            }
        }
    }

    fn never(this: &str, other: Option<&str>, weight: Weight, is_apart: bool, is_group: bool) -> Said {
        let (so, severity) = match weight {
            Weight::Rule => (", so the rule would never act", Severity::Error),
            Weight::Alternative => (", so it makes no difference here", Severity::Warning),
        };
        let message = match other {
            Some(other) => format!("{this} can never hold together with {other}{so}"),
            None if is_group => format!("these conditions can never all hold together{so}"),
            None => format!("{this} can never hold{so}"),
        };
        let help = match (other, is_apart) {
            (Some(_), false) => "correct one of the two; if one of them is enough, write both under `any:`",
            (Some(_), true) => "correct one of the two, or remove this one",
            (None, _) if is_group => "correct one of them, or remove one",
            (None, _) => "correct it, or remove it",
        };
        Said { kind: ProblemKind::NeverHolds, severity, message, help }
    }

    fn adds_nothing(message: String) -> Said {
        Said::warning(ProblemKind::AddsNothing, message, "remove it, or correct one of the two")
    }

    fn warning(kind: ProblemKind, message: String, help: &'static str) -> Said {
        Said { kind, severity: Severity::Warning, message, help }
    }
}

/// Whether the two conditions of a finding stand in different groups.
fn is_apart(finding: &Finding) -> bool {
    let group = |at: &[usize]| at.split_last().map(|(_, group)| group.to_vec());
    finding.because.as_deref().is_some_and(|because| group(because) != group(&finding.at))
}

/// A part in words, as it is wanted: below a `none` it is wanted not to hold.
fn words(when: &Condition, at: &[usize]) -> String {
    let (part, is_wanted) = part_at(when, at);
    let sentence = quoted_in_ticks(&part.sentence());
    if is_wanted { sentence } else { format!("excluding {sentence}") }
}

/// A part, and whether it is wanted to hold.
fn part_at<'c>(when: &'c Condition, at: &[usize]) -> (&'c Condition, bool) {
    let (mut part, mut is_wanted) = (when, true);
    for index in at {
        let (Condition::All(parts) | Condition::Any(parts) | Condition::None(parts)) = part else { break };
        is_wanted ^= matches!(part, Condition::None(_));
        part = parts.get(*index).unwrap_or(part);
    }
    (part, is_wanted)
}

fn is_group(condition: &Condition) -> bool {
    matches!(condition, Condition::All(_) | Condition::Any(_) | Condition::None(_))
}

/// Long enough for two fields and what they are compared with.
const WORDS_CHARS_MAX: usize = 160;

fn quoted_in_ticks(sentence: &str) -> String {
    match sentence.char_indices().nth(WORDS_CHARS_MAX) {
        Some((end, _)) => format!("`{}…`", sentence.get(..end).unwrap_or_default()),
        None => format!("`{sentence}`"),
    }
}

pub(super) fn value_of<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    entry(node, |entry| entry.key == key).map(|entry| &entry.value)
}

fn entry(node: &Node, wanted: impl Fn(&Entry) -> bool) -> Option<&Entry> {
    match &node.content {
        Content::Map(entries) => entries.iter().find(|entry| wanted(entry)),
        _ => None,
    }
}

/// Follows a condition's path through the file: a group is a set of one key with a list.
fn node_at<'n>(when: &'n Node, at: &[usize]) -> Option<&'n Node> {
    let Some((first, rest)) = at.split_first() else { return Some(when) };
    let group = entry(when, |_| true)?;
    item(&group.value, *first).and_then(|part| node_at(part, rest))
}

pub(super) fn item(node: &Node, index: usize) -> Option<&Node> {
    match &node.content {
        Content::List(items) => items.get(index),
        _ => None,
    }
}

/// Where an action of a rule says what it does.
pub(super) fn action_span(read: &ReadRule, action: usize) -> Span {
    let action = value_of(&read.node, "then").and_then(|then| item(then, action));
    action.and_then(|action| value_of(action, "do")).or(action).unwrap_or(&read.node).span
}
