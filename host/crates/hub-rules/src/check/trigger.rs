//! Checks `on`: an event, a time that has passed since one, or times that come again.

use crate::limits::Scope;
use crate::parse::{Content, Node};
use crate::problem::ProblemKind;
use crate::timetable::Timetable;
use crate::trigger::{Elapsed, SCHEDULE_DUE, Trigger};

use super::reading::Keys;
use super::{Checker, shortened};

const ELAPSED_KEYS: [&str; 4] = ["after", "since", "unless", "same"];

/// As far back as the journal keeps segments by default.
const AFTER_MAX_NS: i64 = 400 * 24 * 3_600 * 1_000_000_000;

/// Each is looked for when the time has passed.
const UNLESS_MAX: usize = 10;

/// What an answer and what it answers can both be about, the closest first.
const SAME: [Scope; 4] = [Scope::Conversation, Scope::Ticket, Scope::Order, Scope::Customer];

const EVERY_KEYS: [&str; 2] = ["every", "tz"];

const EVERY_HELP: &str =
    "write minute, hour, day, month and weekday: `on: {every: \"0 9 * * 1-5\", tz: Europe/Berlin}`";
const EVENT_HELP: &str = "write an event, such as `on: message.received`";
const ELAPSED_HELP: &str = "write `on: {after: 2h, since: message.received, unless: message.sent}`";

impl Checker<'_> {
    pub(super) fn trigger(&mut self, node: &Node) -> Option<Trigger> {
        let Content::Map(entries) = &node.content else {
            let event = self.scalar(node, "`on`", EVENT_HELP)?;
            let event = self.event(event, node.span)?;
            self.event = Some(event.clone());
            if event == SCHEDULE_DUE {
                let message = format!("`{event}` happens to a rule at its own times");
                self.report(ProblemKind::WrongShape, node.span, message, EVERY_HELP);
                return None;
            }
            return Some(Trigger::Event(event));
        };
        if entries.iter().any(|entry| entry.key == "every") {
            let keys = self.keys(node, "`on`", &EVERY_KEYS)?;
            self.event = Some(SCHEDULE_DUE.to_owned());
            return self.timetable(&keys).map(Trigger::Every);
        }
        let keys = self.keys(node, "`on`", &ELAPSED_KEYS)?;
        self.elapsed(&keys).map(Trigger::Elapsed)
    }

    fn timetable(&mut self, keys: &Keys<'_>) -> Option<Timetable> {
        let every = self.need(keys, "every", EVERY_HELP);
        let every = every.and_then(|node| Some((node.span, self.scalar(node, "`every`", EVERY_HELP)?)));
        let tz = self.need(keys, "tz", EVERY_HELP).and_then(|node| self.zone(node));
        let (span, every) = every?;
        // Without a zone the times can still be read.
        match Timetable::new(every, tz.as_deref().unwrap_or("UTC")) {
            Ok(timetable) => tz.map(|_| timetable),
            Err(error) => {
                let message = format!("`{}` {error}", shortened(every));
                self.report(ProblemKind::WrongType, span, message, EVERY_HELP);
                None
            }
        }
    }

    fn elapsed(&mut self, keys: &Keys<'_>) -> Option<Elapsed> {
        self.waits = true;
        let since = self.need(keys, "since", ELAPSED_HELP);
        let since = since.and_then(|node| {
            let event = self.scalar(node, "`since`", ELAPSED_HELP)?;
            self.event(event, node.span)
        });
        self.event.clone_from(&since);
        let after = self.need(keys, "after", ELAPSED_HELP);
        let after_ns = after.and_then(|node| self.after(node));
        let unless = keys.get("unless").map_or(Some(Vec::new()), |node| self.unless(node));
        let (since, unless) = (since?, unless?);
        let same = self.same(keys, &since, &unless)?;
        Some(Elapsed { after_ns: after_ns?, since, unless, same })
    }

    fn after(&mut self, node: &Node) -> Option<i64> {
        let after_ns = self.duration(node)?;
        if after_ns > AFTER_MAX_NS {
            let message = "a rule cannot wait longer than 400d".to_owned();
            self.report(ProblemKind::BadLimit, node.span, message, "what happened is kept for so long");
            return None;
        }
        Some(after_ns)
    }

    /// One event, or a list of them.
    fn unless(&mut self, node: &Node) -> Option<Vec<String>> {
        let nodes = match &node.content {
            Content::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        if !self.within(nodes, UNLESS_MAX, node.span, "events in `unless`") {
            return None;
        }
        let named: Vec<Option<String>> = nodes
            .iter()
            .map(|node| {
                let help = "write the event that makes the rule needless, such as `unless: message.sent`";
                let event = self.scalar(node, "`unless`", help)?;
                self.event(event, node.span)
            })
            .collect();
        named.into_iter().collect()
    }

    fn same(&mut self, keys: &Keys<'_>, since: &str, unless: &[String]) -> Option<Scope> {
        let catalogue = self.catalogue;
        let is_shared = |scope: Scope| {
            let brings = |event: &str| catalogue.provides(event, scope.as_str());
            brings(since) && unless.iter().all(|event| brings(event))
        };
        let Some(node) = keys.get("same") else {
            if let Some(scope) = SAME.into_iter().find(|scope| is_shared(*scope)) {
                return Some(scope);
            }
            // Alone it waits for nothing that would have to be about the same.
            if unless.is_empty() {
                return Some(Scope::Event);
            }
            let message = format!("`{since}` and `{}` have nothing in common", unless.join("`, `"));
            let help = "let `unless` name events about the same customer, order, ticket or conversation";
            self.report(ProblemKind::FieldNotProvided, keys.span, message, help);
            return None;
        };
        let names = SAME.map(Scope::as_str);
        let help = "write `same: customer`, or leave it out";
        let name = self.scalar(node, "`same`", help)?;
        let Some(scope) = SAME.into_iter().find(|scope| scope.as_str() == name) else {
            let message = format!("two events cannot be about the same `{}`", shortened(name));
            self.unknown(ProblemKind::UnknownValue, node.span, message, name, names.into_iter());
            return None;
        };
        if !is_shared(scope) {
            let message = format!("not all of these events say which {name} they are about");
            let shared = SAME.into_iter().filter(|scope| is_shared(*scope)).map(Scope::as_str);
            let shared: Vec<&str> = shared.collect();
            let help = match shared.as_slice() {
                [] => "they have nothing in common".to_owned(),
                shared => format!("they have in common: {}", shared.join(", ")),
            };
            self.report(ProblemKind::FieldNotProvided, node.span, message, help);
            return None;
        }
        Some(scope)
    }
}
