//! Checks `limits`: durations, rates, and a scope the trigger's event can name.

use crate::catalogue::FieldKind;
use crate::limits::{Limits, OncePer, Rate, Scope};
use crate::parse::Node;
use crate::problem::ProblemKind;
use crate::value::parse_duration;

use super::{Checker, shortened};

const LIMIT_KEYS: [&str; 8] = [
    "once_per",
    "within",
    "max",
    "ignore_older_than",
    "pause_above",
    "quiet_hours",
    "alarm_below",
    "alarm_above",
];

impl Checker<'_> {
    pub(super) fn limits(&mut self, node: &Node) -> Option<Limits> {
        let keys = self.keys(node, "limits", &LIMIT_KEYS)?;
        let once_node = keys.get("once_per");
        let once_per = optional(once_node, |node| self.scope(node));
        let within_node = keys.get("within");
        let within_ns = optional(within_node, |node| self.duration(node));
        let max = optional(keys.get("max"), |node| self.rate(node, "max"));
        let ignore_older_than_ns = optional(keys.get("ignore_older_than"), |node| self.duration(node));
        let pause_above = optional(keys.get("pause_above"), |node| self.pause(node));
        let quiet_hours = optional(keys.get("quiet_hours"), |node| self.quiet_hours(node));
        let alarm = self.alarm(&keys);
        if let (Some(within), None) = (within_node, once_node) {
            let message = "`within` limits `once_per`, and there is none".to_owned();
            let help = "add `once_per: conversation`, or write a rate: `max: 200/h`";
            self.report(ProblemKind::BadLimit, within.span, message, help);
            return None;
        }
        Some(Limits {
            once_per: once_per?.map(|scope| OncePer { scope }),
            within_ns: within_ns?,
            max: max?,
            ignore_older_than_ns: ignore_older_than_ns?,
            pause_above: pause_above?,
            quiet_hours: quiet_hours?,
            alarm: alarm?,
        })
    }

    fn scope(&mut self, node: &Node) -> Option<Scope> {
        let names = Scope::ALL.map(Scope::as_str);
        let name =
            self.scalar(node, "`once_per`", "write what the rule acts on once, such as `conversation`")?;
        let Some(scope) = Scope::ALL.into_iter().find(|scope| scope.as_str() == name) else {
            let message = format!("a rule cannot act once per `{}`", shortened(name));
            self.unknown(ProblemKind::BadLimit, node.span, message, name, names.into_iter());
            return None;
        };
        let event = self.event.clone();
        match event {
            Some(event) if scope != Scope::Event && !self.catalogue.provides(&event, name) => {
                let provided = self.catalogue.events.get(&event).map(|spec| spec.provides.join(", "));
                let message = format!("`{event}` does not say which {name} it belongs to");
                let help = format!("that event knows about: {}", provided.unwrap_or_default());
                self.report(ProblemKind::FieldNotProvided, node.span, message, help);
                None
            }
            _ => Some(scope),
        }
    }

    pub(super) fn duration(&mut self, node: &Node) -> Option<i64> {
        let text = self.scalar(node, "a duration", "write 15m, 24h, 7d or 2w")?;
        match parse_duration(text) {
            Ok(0) => {
                let message = "a limit of no time limits nothing".to_owned();
                self.report(
                    ProblemKind::BadLimit,
                    node.span,
                    message,
                    "write 15m, 24h, 7d or 2w, or remove it",
                );
                None
            }
            Ok(duration) => Some(duration),
            Err(error) => {
                self.wrong_type(node, FieldKind::Duration, Some(error));
                None
            }
        }
    }

    pub(super) fn rate(&mut self, node: &Node, key: &str) -> Option<Rate> {
        let help = "write a number and a time, such as `200/h` or `10/15m`; use `mode: off` to stop a rule";
        let text = self.scalar(node, &format!("`{key}`"), help)?;
        let rate = parse_rate(text);
        if rate.is_none() {
            let message = format!("`{}` is not a rate", shortened(text));
            self.report(ProblemKind::BadLimit, node.span, message, help);
        }
        rate
    }
}

/// Absent is fine; present and wrong is not.
pub(super) fn optional<T>(node: Option<&Node>, read: impl FnOnce(&Node) -> Option<T>) -> Option<Option<T>> {
    node.map_or(Some(None), |node| read(node).map(Some))
}

/// `200/h` or `200/15m`; nothing per no time is not a rate.
fn parse_rate(text: &str) -> Option<Rate> {
    let (count, per) = text.split_once('/')?;
    let (count, per) = (count.trim(), per.trim());
    let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    let count: u64 = if is_number { count.parse().ok()? } else { return None };
    let per_ns = parse_duration(per).or_else(|_| parse_duration(&format!("1{per}"))).ok()?;
    (count > 0 && per_ns > 0).then_some(Rate { count, per_ns })
}
