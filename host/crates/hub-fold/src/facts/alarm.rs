//! What an alarm about a rule says.

use hub_rules::Value;

use super::{EventFacts, decimal};
use crate::alarms::watch;
use crate::band::Side;
use crate::row::SubjectKind;

impl EventFacts<'_> {
    /// The rule that the event is an alarm about.
    pub(crate) fn rule(&self) -> Option<&str> {
        self.about_kind(SubjectKind::Rule).map(|subject| subject.id.as_str())
    }

    /// How often it acted is known while the alarm lasts.
    pub(super) fn alarm_field(&self, field: &str) -> Option<Value> {
        let rule = self.rule()?;
        if field == "rule" {
            return Some(Value::Text(rule.to_owned()));
        }
        let side = Side::of_event(&self.event.name)?;
        let watch = watch(self.draft, rule).ok()??.watch;
        let alarm = watch.alarm(side)?;
        match field {
            "count" => decimal(i64::try_from(alarm.count).ok()?, 0),
            "expected" => Some(Value::Text(alarm.words())),
            _ => None,
        }
    }
}
