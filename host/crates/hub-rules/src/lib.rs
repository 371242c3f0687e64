//! The rule language: read a file, check it against the catalogue, evaluate it, say why.
//!
//! Pure: no I/O, no clock, no floats. What is known at the moment of an event comes in through
//! [`Facts`]; what fields, events and actions exist comes in as a [`Catalogue`]. Doing what a
//! rule plans, and holding it to its [`Limits`], belongs to the fold and the host.
//!
//! A file goes `parse` (YAML to a tree with spans) → `check` (a typed [`Rule`], or every problem
//! at once) → `evaluate` and `plan`. Before rules are saved, [`review`] says as well what can be
//! taken and is probably not meant.

mod asking;
mod bounds;
pub mod caps;
mod catalogue;
mod change;
mod check;
mod condition;
mod evaluate;
mod explain;
mod fixture;
mod for_each;
mod limits;
mod parse;
mod pattern;
mod problem;
mod quiet;
mod rule;
mod rule_test;
mod segment;
mod switch;
mod template;
mod timetable;
mod trigger;
mod value;

#[cfg(test)]
mod tests;

pub use asking::{Answers, EventRules, Moment, Questions};
pub use bounds::{Bounds, Declared, Listed, Longer, Window};
pub use catalogue::{
    ActionSpec, Below, Catalogue, Changes, EventSpec, FieldKind, FieldSpec, Grade, Holds, ListSpec,
    ParamSpec, Takes, Write,
};
pub use change::Earlier;
pub use check::{CONSENTS, Review, check, check_all, review, with_new_names};
pub use condition::{Comparison, Condition, CountTest, FieldTest, Operator};
pub use evaluate::{Actual, DecidedBy, Evaluation, Facts, Trace, TraceNode, Truth};
pub use fixture::Fixture;
pub use for_each::{ForEach, Item, ItemAsked, ItemsAsked};
pub use limits::{Band, Limits, OncePer, Rate, Scope};
pub use pattern::Pattern;
pub use problem::{ProblemKind, RelatedPlace, RuleProblem, Severity, Span};
pub use quiet::{QuietHours, TimeOfDay};
pub use rule::{Action, Argument, Mode, Rule, RuleFile, RuleSet};
pub use rule_test::{Expectation, RuleTest, TestOutcome, run_tests};
pub use segment::Segment;
pub use switch::switched_on;
pub use template::{PlanProblem, PlannedAction, Template};
pub use timetable::{Timetable, TimetableError, Week};
pub use trigger::{Elapsed, SCHEDULE_DUE, Trigger};
pub use value::{Decimal, Value, ValueError};
