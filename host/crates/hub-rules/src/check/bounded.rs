//! What a rule asks for and nobody will do: a message outside the provider's window, marketing to who has not agreed, a
//! value the operator has not listed, a connection that lacks what it needs. Said when rules are saved and not of rules
//! that were taken before, for windows, lists and connections change without them.

use std::collections::BTreeSet;

use crate::bounds::{Listed, Longer, Window};
use crate::catalogue::{ActionSpec, Catalogue};
use crate::condition::{Condition, Operator};
use crate::parse::Node;
use crate::problem::{ProblemKind, RuleProblem, Severity, Span, did_you_mean};
use crate::rule::{Action, Argument, Mode};
use crate::trigger::Trigger;
use crate::value::{Value, written_duration};

use super::finding::{action_span, item, value_of};
use super::{ReadRule, shortened};

/// The event that opens a window: a customer has written.
const MESSAGE_RECEIVED: &str = "message.received";

/// What a customer has agreed to, each as channel and purpose: `whatsapp:marketing`.
pub const CONSENTS: &str = "customer.consents";

const HOUR_NS: i64 = 3_600 * 1_000_000_000;

/// Adds what is to be said about what the actions of a rule will come to.
pub(super) fn report(read: &ReadRule, catalogue: &Catalogue, problems: &mut Vec<RuleProblem>) {
    for (index, action) in read.rule.then.iter().enumerate() {
        let Some(spec) = catalogue.actions.get(&action.action) else { continue };
        let asked = Asked { read, catalogue, action, index, spec };
        problems.extend(asked.missing());
        problems.extend(spec.bounds.window.as_ref().and_then(|window| asked.window(window)));
        problems.extend(spec.bounds.listed.as_ref().and_then(|listed| asked.unlisted(listed)));
        problems.extend(spec.channel.as_ref().and_then(|channel| asked.consent(channel)));
    }
}

/// An action of a rule.
struct Asked<'r> {
    read: &'r ReadRule,
    catalogue: &'r Catalogue,
    action: &'r Action,
    index: usize,
    spec: &'r ActionSpec,
}

/// Whether the provider's window is open when a message is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opening {
    Open,
    /// It is for those who happen to have written.
    Perhaps,
    /// The rule is asked for nobody who could have written.
    ForNobody,
    /// The message it answers is too old by then.
    Over,
}

impl Asked<'_> {
    fn missing(&self) -> Option<RuleProblem> {
        let missing = self.spec.bounds.missing.as_slice();
        let message = format!("`{}` cannot be done: its connection lacks what it needs", self.action.action);
        let help = format!("complete hub.toml: {}", missing.join("; "));
        (!missing.is_empty()).then(|| self.refused(ProblemKind::NotGranted, self.span("do"), message, help))
    }

    fn window(&self, window: &Window) -> Option<RuleProblem> {
        let (name, hours) = (&self.action.action, self.hours(window));
        let within = written_duration(i64::from(hours) * HOUR_NS);
        let rule = format!("`{name}` is delivered only within {within} of the customer's last message");
        let (why, span) = match self.opening(hours) {
            Opening::Open => return None,
            Opening::Perhaps => {
                let message = format!(
                    "{rule}, and `{}` does not mean that they have just written: where they have not, the \
                     message is parked, not sent",
                    self.read.rule.on.event()
                );
                let help = match &window.instead {
                    Some(instead) => format!("use `{instead}`, which may be sent at any time"),
                    None => format!("act on `{MESSAGE_RECEIVED}`, or use another channel"),
                };
                let kind = ProblemKind::OutsideWindow;
                let (span, source) = (self.span("do"), &self.read.source);
                return Some(RuleProblem::warning(kind, span, message, help, source));
            }
            Opening::ForNobody => {
                (format!("{} is about no customer, so nobody has written", self.occasion()), self.span("do"))
            }
            Opening::Over => {
                let waits = written_duration(self.waits());
                let place = if self.action.wait_ns.is_some() { "wait" } else { "do" };
                (format!("this one is sent {waits} after it"), self.span(place))
            }
        };
        let help = self.other_way(window, hours);
        Some(self.refused(ProblemKind::OutsideWindow, span, format!("{rule}: {why}"), help))
    }

    /// How long the window is for this action of this rule.
    fn hours(&self, window: &Window) -> u32 {
        let is_said = |param: &str| match self.action.with.get(param) {
            Some(Argument::Value(Value::Text(text))) => text.trim() == "true",
            Some(Argument::Value(Value::Boolean(said))) => *said,
            _ => false,
        };
        window.longer.as_ref().filter(|longer| is_said(&longer.param)).map_or(window.hours, |it| it.hours)
    }

    fn opening(&self, hours: u32) -> Opening {
        let on = &self.read.rule.on;
        let is_for_somebody = self.catalogue.provides(on.event(), "customer");
        if matches!(on, Trigger::Every(_)) || !is_for_somebody {
            return Opening::ForNobody;
        }
        match on.event() == MESSAGE_RECEIVED {
            false => Opening::Perhaps,
            true if self.waits() >= i64::from(hours) * HOUR_NS => Opening::Over,
            true => Opening::Open,
        }
    }

    /// What the rule is asked about, in words.
    fn occasion(&self) -> String {
        match &self.read.rule.on {
            Trigger::Every(_) => "a rule with `every`".to_owned(),
            on => format!("`{}`", on.event()),
        }
    }

    /// How long after the rule's event it is done.
    fn waits(&self) -> i64 {
        self.read.rule.on.waits_ns().saturating_add(self.action.wait_ns.unwrap_or(0))
    }

    fn other_way(&self, window: &Window, hours: u32) -> String {
        let longer = window.longer.as_ref().filter(|longer| longer.hours > hours);
        match (&window.instead, longer) {
            (Some(instead), _) => format!("use `{instead}`, which may be sent at any time"),
            (None, Some(Longer { hours, param })) => format!(
                "send it sooner; `{param}: true` gives {}, and is only for what a person writes",
                written_duration(i64::from(*hours) * HOUR_NS)
            ),
            (None, None) => format!("send it sooner after `{MESSAGE_RECEIVED}`, or use another channel"),
        }
    }

    /// The first value that no row of the list has beside the ones before it. What holds fields is only known when it is
    /// sent.
    fn unlisted(&self, listed: &Listed) -> Option<RuleProblem> {
        let mut rows: Vec<&Vec<String>> = listed.rows.iter().collect();
        let mut chosen = String::new();
        for (column, param) in listed.params.iter().enumerate() {
            let Some(Argument::Value(Value::Text(value))) = self.action.with.get(param) else { continue };
            let fits = |row: &&Vec<String>| row.get(column).is_none_or(|known| known == value);
            let (fitting, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(fits);
            if fitting.is_empty() {
                let known: BTreeSet<&str> =
                    others.iter().filter_map(|row| row.get(column)).map(String::as_str).collect();
                let message = format!("`{}` is not a listed `{param}`{chosen}", shortened(value));
                let meant = did_you_mean(value, known.iter().copied());
                let help = format!("{meant} (hub.toml lists them: {})", listed.place);
                return Some(self.refused(ProblemKind::UnknownValue, self.argument(param), message, help));
            }
            chosen = format!("{chosen} of `{}`", shortened(value));
            rows = fitting;
        }
        None
    }

    /// A message that needs a yes, in a rule that does not ask for it.
    fn consent(&self, channel: &str) -> Option<RuleProblem> {
        let purpose = self.action.purpose.as_deref().filter(|purpose| needs_consent(purpose))?;
        let consent = format!("{channel}:{purpose}");
        let rule = &self.read.rule;
        let only = rule.for_each.iter().map(|for_each| &for_each.only);
        if only.chain([&rule.when]).any(|condition| asks_for(condition, &consent)) {
            return None;
        }
        let what = &self.action.action;
        let (message, help) = if self.catalogue.provides(rule.on.event(), CONSENTS) {
            let message = format!(
                "`{what}` for {purpose} goes only to customers who agreed to {purpose} on {channel}: for everybody else \
                 the message is planned and then parked"
            );
            let help = format!(
                "add `- {{field: {CONSENTS}, contains: \"{consent}\"}}` to the conditions, so that the rule acts \
                 for those alone; what it does for everybody goes into a rule of its own"
            );
            (message, help)
        } else {
            let message = format!(
                "`{what}` for {purpose} goes only to customers who agreed to {purpose} on {channel}, and {} is about \
                 no customer: the message is always parked",
                self.occasion()
            );
            (message, "act on an event about a customer".to_owned())
        };
        let (kind, source) = (ProblemKind::NoConsentAsked, &self.read.source);
        Some(RuleProblem::warning(kind, self.span("purpose"), message, help, source))
    }

    /// A rule that is off sends nothing: what it would be refused for is said, and it is taken.
    fn refused(&self, kind: ProblemKind, span: Span, message: String, help: String) -> RuleProblem {
        let severity = if self.read.rule.mode == Mode::Off { Severity::Warning } else { Severity::Error };
        RuleProblem { severity, ..RuleProblem::error(kind, span, message, help, &self.read.source) }
    }

    /// Where the action says this, else where it says what it does.
    fn span(&self, key: &str) -> Span {
        let said = self.node().and_then(|node| value_of(node, key));
        said.map_or_else(|| action_span(self.read, self.index), |node| node.span)
    }

    fn argument(&self, param: &str) -> Span {
        let with = self.node().and_then(|node| value_of(node, "with"));
        let said = with.and_then(|with| value_of(with, param));
        said.map_or_else(|| action_span(self.read, self.index), |node| node.span)
    }

    fn node(&self) -> Option<&Node> {
        value_of(&self.read.node, "then").and_then(|then| item(then, self.index))
    }
}

/// Silence is a yes to answers and to what is about a purchase; to nothing else.
fn needs_consent(purpose: &str) -> bool {
    !matches!(purpose, "service" | "transactional")
}

/// Whether a condition asks for this consent, wherever in it.
fn asks_for(condition: &Condition, consent: &str) -> bool {
    match condition {
        Condition::Always | Condition::Count(_) => false,
        Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
            parts.iter().any(|part| asks_for(part, consent))
        }
        Condition::Field(test) => test.field == CONSENTS && names(&test.operator, consent),
    }
}

fn names(operator: &Operator, consent: &str) -> bool {
    let is_it = |text: &String| text.eq_ignore_ascii_case(consent);
    match operator {
        Operator::Contains(text) | Operator::NotContains(text) => is_it(text),
        Operator::AnyOf(texts) | Operator::AllOf(texts) => texts.iter().any(is_it),
        _ => false,
    }
}
