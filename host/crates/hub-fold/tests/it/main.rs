//! The fold from outside: records in, view out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers fail the test")]

#[path = "../support/mod.rs"]
mod support;

mod alarms;
mod audit;
mod breaches;
mod catalogue;
mod changes;
mod consent;
mod convergence;
mod conversations;
mod corrections;
mod effects;
mod erased_people;
mod erasing;
mod facts;
mod fixture;
mod follow_ups;
mod for_each;
mod forgetting;
mod held;
mod hub_actions;
mod identity;
mod inbound;
mod intake;
mod judging;
mod kpi;
mod ledger;
mod origins;
mod own_writes;
mod polling;
mod population;
mod privacy;
mod reads;
mod records;
mod rules;
mod schedules;
mod search;
mod segments;
mod stories;
mod systems;
mod timeline;
mod timers;
mod tokens;
mod turns;
mod weekly;
mod whole;
mod why;
