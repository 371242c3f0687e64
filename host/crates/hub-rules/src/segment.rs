//! A segment: the customers of whom a condition is true, under a name of the shop's own. Who comes in and who goes out are
//! events that rules act on.

use serde::Serialize;

use crate::condition::{Condition, Operator};
use crate::evaluate::{Facts, Truth, trace};
use crate::value::Value;

/// A checked segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    pub id: String,
    /// The author's own sentence; empty when the file has none.
    pub says: String,
    pub who: Condition,
}

/// How soon a customer is asked about again whose events were counted: a count falls with time, and when exactly is not
/// worth a look at each event.
const COUNTED_AGAIN_NS: i64 = 24 * 3_600 * 1_000_000_000;

impl Segment {
    /// The event that tells of a customer who comes in.
    #[must_use]
    pub fn entered(id: &str) -> String {
        format!("segment.{id}.entered")
    }

    /// The event that tells of a customer who goes out.
    #[must_use]
    pub fn left(id: &str) -> String {
        format!("segment.{id}.left")
    }

    /// Whether the customer of these facts is in it: only those are of whom it is true.
    #[must_use]
    pub fn has(&self, facts: &dyn Facts) -> bool {
        trace(&self.who, facts).truth == Truth::True
    }

    /// When time alone may change that, in nanoseconds since 1970; `None` where only something that happens can.
    #[must_use]
    pub fn turns_at(&self, facts: &dyn Facts) -> Option<i64> {
        let now = facts.now()?;
        turns_at(&self.who, facts, now)
    }

    /// The segment read back as one plain sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("Customers of whom is true: {}.", self.who.sentence())
    }
}

fn turns_at(condition: &Condition, facts: &dyn Facts, now: i64) -> Option<i64> {
    match condition {
        Condition::Always => None,
        Condition::All(parts) | Condition::Any(parts) | Condition::None(parts) => {
            parts.iter().filter_map(|part| turns_at(part, facts, now)).min()
        }
        Condition::Field(test) => {
            let (Operator::OlderThan(age) | Operator::NewerThan(age)) = &test.operator else { return None };
            let Value::Time(time) = facts.field(&test.field)? else { return None };
            // Just after, for at that age it is neither older nor newer.
            Some(time.saturating_add(*age).saturating_add(1)).filter(|turns_at| *turns_at > now)
        }
        Condition::Count(test) => {
            let is_counted = facts.count(&test.event, test.within_ns) > 0;
            is_counted.then(|| now.saturating_add(test.within_ns.min(COUNTED_AGAIN_NS)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::FieldKind;
    use crate::condition::{Comparison, CountTest, FieldTest};

    /// One customer, who ordered last at this time and wrote so often.
    struct Known {
        ordered_at: Option<i64>,
        wrote: u64,
    }

    const NOW: i64 = 1_000_000;

    impl Facts for Known {
        fn field(&self, path: &str) -> Option<Value> {
            (path == "customer.ordered_at").then_some(Value::Time(self.ordered_at?))
        }
        fn count(&self, _event: &str, _within_ns: i64) -> u64 {
            self.wrote
        }
        fn now(&self) -> Option<i64> {
            Some(NOW)
        }
    }

    fn segment(parts: Vec<Condition>) -> Segment {
        Segment { id: "some".to_owned(), says: String::new(), who: Condition::Any(parts) }
    }

    fn ordered(operator: Operator) -> Condition {
        let field = "customer.ordered_at".to_owned();
        Condition::Field(FieldTest { field, kind: FieldKind::Time, operator })
    }

    fn wrote(within_ns: i64) -> Condition {
        let (event, comparison) = ("message.received".to_owned(), Comparison::AtLeast);
        Condition::Count(CountTest { event, within_ns, comparison, number: 2 })
    }

    #[test]
    fn it_turns_when_the_first_age_is_reached_or_a_count_may_have_fallen() {
        let both = segment(vec![ordered(Operator::OlderThan(500)), wrote(300)]);
        let (quiet, busy) = (0, 3);
        for (ordered_at, wrote, expected) in [
            (Some(NOW - 100), quiet, Some(NOW + 401)),
            (Some(NOW - 100), busy, Some(NOW + 300)),
            (Some(NOW - 500), quiet, Some(NOW + 1)),
            (Some(NOW - 501), quiet, None),
            (None, quiet, None),
            (Some(i64::MAX), quiet, Some(i64::MAX)),
        ] {
            let known = Known { ordered_at, wrote };
            assert_eq!(both.turns_at(&known), expected, "{ordered_at:?} {wrote}");
        }
    }

    #[test]
    fn another_answer_is_given_once_it_has_turned() {
        for operator in [Operator::OlderThan(500), Operator::NewerThan(500)] {
            let segment = segment(vec![ordered(operator)]);
            let aged = |age| Known { ordered_at: Some(NOW - age), wrote: 0 };
            assert_eq!(segment.turns_at(&aged(499)), Some(NOW + 2));
            assert_ne!(segment.has(&aged(499)), segment.has(&aged(501)));
        }
    }

    #[test]
    fn long_counts_are_asked_about_daily() {
        let year = wrote(365 * COUNTED_AGAIN_NS);
        let known = Known { ordered_at: None, wrote: 1 };
        assert_eq!(segment(vec![year]).turns_at(&known), Some(NOW + COUNTED_AGAIN_NS));
    }
}
