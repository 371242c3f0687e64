//! Rules and evaluations in words, for people. Owns the wording only; nothing parses it back.

use std::fmt::Write as _;

use crate::condition::Condition;
use crate::evaluate::{Actual, Evaluation, Trace, TraceNode, Truth};
use crate::for_each::{ItemAsked, ItemsAsked};
use crate::rule::{Action, Argument, Mode, Rule};
use crate::template::Template;
use crate::value::{quoted, quoted_all, written_duration};

impl Rule {
    /// The rule read back as one plain sentence.
    pub fn sentence(&self) -> String {
        let mode = match self.mode {
            Mode::Off => "(off) ",
            Mode::Shadow => "(shadow: nothing is sent) ",
            Mode::On => "",
        };
        let when = match &self.when {
            Condition::Always => String::new(),
            condition => format!(", and if {}", condition.sentence()),
        };
        let each = self.for_each.as_ref().map(|each| format!(", {}", each.sentence()));
        let each = each.unwrap_or_default();
        let actions: Vec<String> = self.then.iter().map(action_words).collect();
        let limits: String = self.limits.clauses().iter().map(|clause| format!("; {clause}")).collect();
        format!("{mode}{}{when}{each}: {}{limits}.", self.on.sentence(), actions.join(", then "))
    }
}

fn action_words(action: &Action) -> String {
    let arguments: Vec<String> = action
        .with
        .iter()
        .map(|(name, argument)| match argument {
            Argument::Value(value) => format!("{name} {}", value.quoted()),
            Argument::Field { field, .. } => format!("{name} {{{{{field}}}}}"),
            Argument::Text(template) => format!("{name} {}", quoted(&template.as_written())),
            Argument::Texts(templates) => {
                let texts: Vec<String> = templates.iter().map(Template::as_written).collect();
                format!("{name} [{}]", quoted_all(&texts))
            }
        })
        .collect();
    let purpose = action.purpose.iter().map(|purpose| format!(" (purpose: {purpose})"));
    let with = (!arguments.is_empty()).then(|| format!(" with {}", arguments.join(", ")));
    let wait = action.wait_ns.map(|wait| format!(", {} later", written_duration(wait)));
    let ask = action.ask.as_ref().map(|why| format!(", once a person has agreed ({})", quoted(why)));
    std::iter::once(action.action.clone()).chain(purpose).chain(with).chain(wait).chain(ask).collect()
}

impl Evaluation {
    /// The verdict, then the whole tree, one line per part.
    pub fn explain(&self) -> String {
        let verdict = match self.truth {
            Truth::True => "fires",
            Truth::False => "does not fire",
            Truth::Unknown => "does not fire, something is not known",
        };
        let mut text = format!("{} {verdict}", self.rule);
        if let Some(decided) = &self.decided_by {
            text.push_str(": decided by ");
            text.push_str(&decided.sentence);
        }
        text.push('\n');
        explain_part(&self.trace, 1, &mut text);
        if let Some(items) = &self.items {
            explain_items(items, &mut text);
        }
        text
    }
}

fn explain_items(items: &ItemsAsked, text: &mut String) {
    // Writing to a string cannot fail.
    _ = writeln!(text, "  {}", items.sentence());
    for ItemAsked { id, truth, decided_by } in &items.shown {
        let found = decided_by.as_ref().map(|leaf| format!(": {}{}", leaf.sentence, found_words(leaf)));
        _ = writeln!(text, "    {:7} {id}{}", truth.as_str(), found.unwrap_or_default());
    }
    let more = items.there.saturating_sub(items.shown.len() as u64);
    if more > 0 {
        _ = writeln!(text, "    and {more} more");
    }
}

fn explain_part(trace: &Trace, depth: usize, text: &mut String) {
    let found = found_words(trace);
    let indent = "  ".repeat(depth);
    // Writing to a string cannot fail.
    _ = writeln!(text, "{indent}{:7} {}{found}", trace.truth.as_str(), trace.sentence);
    if let TraceNode::All(parts) | TraceNode::Any(parts) | TraceNode::None(parts) = &trace.node {
        for part in parts {
            explain_part(part, depth + 1, text);
        }
    }
}

fn found_words(trace: &Trace) -> String {
    match &trace.node {
        TraceNode::Field { actual, before: None, .. } => format!(" ({})", actual_words(actual)),
        TraceNode::Field { actual, before: Some(before), .. } => {
            format!(" ({}, and {})", actual_words(actual), before_words(before))
        }
        TraceNode::Count { actual, .. } => format!(" (it was {actual})"),
        TraceNode::Always | TraceNode::All(_) | TraceNode::Any(_) | TraceNode::None(_) => String::new(),
    }
}

fn before_words(before: &Actual) -> String {
    match before {
        Actual::Value(value) | Actual::OtherCurrency(value) => format!("it was {} before", value.quoted()),
        Actual::Missing | Actual::OtherKind(_) => "it was not known before".to_owned(),
    }
}

fn actual_words(actual: &Actual) -> String {
    match actual {
        Actual::Value(value) => format!("it is {}", value.quoted()),
        Actual::Missing => "it is not known".to_owned(),
        Actual::OtherKind(kind) => format!("it holds {}, which cannot be compared", kind.described()),
        Actual::OtherCurrency(value) => format!("it is {value}, another currency"),
    }
}
