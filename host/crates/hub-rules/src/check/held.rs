//! Checks what keeps a planned effect from being sent at once: `wait` and `ask` of an action, `pause_above` and
//! `quiet_hours` of a rule.

use crate::catalogue::ActionSpec;
use crate::limits::{Limits, Rate};
use crate::parse::Node;
use crate::problem::{ProblemKind, did_you_mean};
use crate::quiet::{QuietHours, TimeOfDay, zone_name, zone_names};
use crate::rule::Action;

use super::reading::Keys;
use super::{Checker, shortened};

/// What was true a quarter of a year ago is no reason to act.
const WAIT_DAYS_MAX: i64 = 90;
const DAY_NS: i64 = 24 * 3_600 * 1_000_000_000;

/// One line before the eyes of whoever decides.
const ASK_CHARS_MAX: usize = 200;

/// So many firings are remembered to tell whether there are more; past it nothing brakes.
const PAUSE_COUNT_MAX: u64 = 10_000;

const ASK_HELP: &str = "write what the person is to decide, such as `ask: Does this order look like fraud?`";
const QUIET_HELP: &str = "write `quiet_hours: {from: \"21:00\", until: \"08:00\", tz: Europe/Berlin}`";

impl Checker<'_> {
    pub(super) fn wait(
        &mut self,
        action: &str,
        spec: &ActionSpec,
        node: Option<&Node>,
    ) -> Option<Option<i64>> {
        let Some(node) = node else { return Some(None) };
        if is_hubs(spec) {
            let message = format!("`{action}` is done within the hub, at once, and cannot wait");
            let help = "take `wait` away; `customer.follow_up` is for what people are to do later";
            self.report(ProblemKind::NotSupported, node.span, message, help);
            return None;
        }
        let wait = self.duration(node)?;
        if wait > WAIT_DAYS_MAX * DAY_NS {
            let message = format!("an action can wait for {WAIT_DAYS_MAX} days at most");
            self.report(ProblemKind::BadLimit, node.span, message, "write a shorter time, such as 2d or 4w");
            return None;
        }
        Some(Some(wait))
    }

    pub(super) fn ask(
        &mut self,
        action: &str,
        spec: &ActionSpec,
        node: Option<&Node>,
    ) -> Option<Option<String>> {
        let Some(node) = node else { return Some(None) };
        if is_hubs(spec) {
            let message = format!("`{action}` is done within the hub, at once: nobody is asked before");
            let help = "take `ask` away; what the hub writes down can be changed by anybody later";
            self.report(ProblemKind::NotSupported, node.span, message, help);
            return None;
        }
        let text = self.scalar(node, "`ask`", ASK_HELP)?.trim();
        let (kind, message) = match text {
            "" => (ProblemKind::EmptyValue, "`ask` has no question in it".to_owned()),
            "true" | "false" | "yes" | "no" | "on" | "off" => (
                ProblemKind::WrongType,
                format!("`ask` is what a person is asked, and `{text}` is no question"),
            ),
            _ if text.chars().count() > ASK_CHARS_MAX => {
                (ProblemKind::TooLarge, format!("`ask` is longer than {ASK_CHARS_MAX} letters"))
            }
            _ => return Some(Some(text.to_owned())),
        };
        self.report(kind, node.span, message, ASK_HELP);
        None
    }

    pub(super) fn pause(&mut self, node: &Node) -> Option<Rate> {
        let rate = self.rate(node, "pause_above")?;
        if rate.count > PAUSE_COUNT_MAX {
            let message = format!("`pause_above` counts to {PAUSE_COUNT_MAX} at most");
            let help = "write a smaller number in a shorter time, such as `500/h`";
            self.report(ProblemKind::BadLimit, node.span, message, help);
            return None;
        }
        Some(rate)
    }

    pub(super) fn quiet_hours(&mut self, node: &Node) -> Option<QuietHours> {
        let keys = self.keys(node, "quiet_hours", &["from", "until", "tz"])?;
        let from = self.need(&keys, "from", QUIET_HELP).and_then(|node| self.time_of_day(node));
        let until = self.need(&keys, "until", QUIET_HELP).and_then(|node| self.time_of_day(node));
        let tz = self.need(&keys, "tz", QUIET_HELP).and_then(|node| self.zone(node));
        let hours = QuietHours { from: from?, until: until?, tz: tz? };
        if hours.from == hours.until {
            let message =
                format!("quiet hours from {} until {} are none, or all day", hours.from, hours.until);
            let help = "write when they end; use `mode: off` to stop a rule";
            self.report(ProblemKind::BadLimit, node.span, message, help);
            return None;
        }
        Some(hours)
    }

    fn time_of_day(&mut self, node: &Node) -> Option<TimeOfDay> {
        let help = "write hours and minutes from 00:00 to 23:59, such as \"21:00\"";
        let text = self.scalar(node, "a time of the day", help)?;
        let time = TimeOfDay::parse(text);
        if time.is_none() {
            let message = format!("`{}` is not a time of the day", shortened(text));
            self.report(ProblemKind::BadLimit, node.span, message, help);
        }
        time
    }

    pub(super) fn zone(&mut self, node: &Node) -> Option<String> {
        let help = "write a zone's name, such as Europe/Berlin";
        let written = self.scalar(node, "`tz`", help)?;
        let name = zone_name(written);
        if name.is_none() {
            let names = zone_names();
            // There are some six hundred: to list them helps nobody.
            let meant = did_you_mean(written, names.iter().map(String::as_str));
            let help = if meant.starts_with("did") { meant } else { help.to_owned() };
            let message = format!("there is no time zone `{}`", shortened(written));
            self.report(ProblemKind::UnknownValue, node.span, message, help);
        }
        name
    }

    /// Limits on what is sent, in a rule that sends nothing.
    pub(super) fn held_back(&mut self, keys: &Keys<'_>, then: Option<&[Action]>, limits: Option<&Limits>) {
        let (Some(then), Some(limits), Some(node)) = (then, limits, keys.get("limits")) else { return };
        let catalogue = self.catalogue;
        let specs = || then.iter().filter_map(|action| catalogue.actions.get(&action.action));
        if limits.pause_above.is_some() && specs().all(is_hubs) {
            let message = "`pause_above` holds back what is sent, and this rule sends nothing".to_owned();
            let help = "take it away; `max` limits how often a rule acts within the hub";
            self.report(ProblemKind::BadLimit, node.span, message, help);
        }
        if let (Some(pause), Some(max)) = (limits.pause_above, limits.max)
            && pause.per_ns <= max.per_ns
            && pause.count >= max.count
        {
            let message =
                format!("`pause_above` is never reached: `max` lets the rule act {} at most", max.words());
            let help = "write a `pause_above` below `max`, or take one of the two away";
            self.report(ProblemKind::BadLimit, node.span, message, help);
        }
        if limits.quiet_hours.is_some() && specs().all(|spec| spec.channel.is_none()) {
            let message = "`quiet_hours` hold back what is written to people, and this rule writes to nobody";
            let help = "take them away, or add an action that writes to a person";
            self.report(ProblemKind::BadLimit, node.span, message.to_owned(), help);
        }
    }
}

/// What the hub does itself says what it is about; a connection's action does not.
fn is_hubs(spec: &ActionSpec) -> bool {
    spec.about.is_some()
}
