//! What a rule would have done: its decisions in a view that was folded with it in force, counted, and laid beside those
//! of the version that is in force.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::{EventId, NodeId, Timestamp};
use hub_store::{Order, Range, Store, Table, prefix_range};
use serde::Serialize;

use super::compare::Listed;
use super::watches::{BandTest, tried};
use super::{View, Walk};
use crate::FoldError;
use crate::decide::Verdict;
use crate::row::{EventRow, key};
use crate::sitting::{Outcome, Sitting, asked_in_vain};

/// Customers named because the rule would have acted for them most often.
const MOST_MAX: usize = 10;

const DAY_NS: i64 = 24 * 3_600 * 1_000_000_000;

/// What a rule made of everything since a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BackTest {
    pub rule: String,
    pub since: Timestamp,
    pub until: Timestamp,
    /// Events it was asked about.
    pub asked: u64,
    pub fired: u64,
    /// How often it fired and a person would have had to release something, by why.
    pub to_release: BTreeMap<String, u64>,
    /// Things it acted on where it fired, of a rule with `for_each`.
    pub items: u64,
    /// Events whose conditions held, by what held the rule back.
    pub held: BTreeMap<String, u64>,
    /// Events whose time has not come by the end.
    pub waiting: u64,
    /// Days of UTC from the first to the last, with how often it fired; every day has its place.
    pub days: Vec<Day>,
    /// Customers it fired for, and those it fired for most often.
    pub customers: u64,
    pub most: Vec<ForCustomer>,
    /// The newest of what it fired for.
    pub firings: Listed<Firing>,
    /// Beside the version in force. `None` where there is none.
    pub change: Option<Change>,
    /// Beside what is expected of it.
    pub band: BandTest,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// Its first moment.
    pub day: Timestamp,
    pub fired: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForCustomer {
    pub customer: NodeId,
    pub fired: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Firing {
    pub at: Timestamp,
    pub event: EventId,
    pub name: String,
    pub customer: Option<NodeId>,
}

/// Events that only one of two versions fires for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    pub more: Listed<Firing>,
    pub fewer: Listed<Firing>,
}

/// Counts the decisions of a rule from `since` on, by when the hub learned of the events, in a view folded with it;
/// `live` is one folded with the version in force. A view that does not keep everything keeps what was decided from
/// `since` on. Walks all decisions.
///
/// # Errors
/// A store's, or a row that cannot be read.
pub fn backtest(
    store: &dyn Store,
    live: Option<&dyn Store>,
    rule: &str,
    (since, until): (Timestamp, Timestamp),
) -> Result<BackTest, FoldError> {
    let mut test = BackTest { rule: rule.to_owned(), since, until, ..BackTest::default() };
    test.asked = asked_in_vain(store, rule)?;
    let mut fired: BTreeSet<Firing> = BTreeSet::new();
    each(store, rule, since, |outcome, firing| {
        test.asked += 1;
        let Some(outcome) = outcome else { return Ok(()) };
        let items = outcome.items()?.map_or(0, |items| items.fit);
        let reasons: BTreeSet<&str> = outcome.held.iter().map(|held| held.reason.as_str()).collect();
        for reason in reasons {
            *test.to_release.entry(reason.to_owned()).or_default() += 1;
        }
        match outcome.verdict {
            Verdict::Fired { .. } | Verdict::Shadowed => {
                test.items += items;
                fired.insert(firing);
            }
            Verdict::Held { reason } => *test.held.entry(limit_of(&reason).to_owned()).or_default() += 1,
            Verdict::OwnWrite => *test.held.entry(OWN_WRITE.to_owned()).or_default() += 1,
            Verdict::Waiting { .. } => test.waiting += 1,
            Verdict::DidNotFire => {}
        }
        Ok(())
    })?;
    test.fired = fired.len() as u64;
    test.days = days(&fired, since, until);
    let mut customers: BTreeMap<NodeId, u64> = BTreeMap::new();
    fired.iter().filter_map(|firing| firing.customer).for_each(|id| *customers.entry(id).or_default() += 1);
    test.customers = customers.len() as u64;
    test.most = most(customers);
    if let Some(live) = live {
        let mut before: BTreeSet<Firing> = BTreeSet::new();
        each(live, rule, since, |outcome, firing| {
            let verdict = outcome.map(|outcome| outcome.verdict);
            if matches!(verdict, Some(Verdict::Fired { .. } | Verdict::Shadowed)) {
                before.insert(firing);
            }
            Ok(())
        })?;
        test.change = Some(Change { more: only(&fired, &before), fewer: only(&before, &fired) });
    }
    let times: Vec<Timestamp> = fired.iter().map(|firing| firing.at).collect();
    test.band = tried(store, rule, &times, (since, until))?;
    fired.into_iter().rev().for_each(|firing| test.firings.add(firing));
    Ok(test)
}

const OWN_WRITE: &str = "the event shows what this rule itself had just written";

/// What held a rule back, without when it had acted before.
fn limit_of(reason: &str) -> &str {
    reason.split_once(", and it acted at").map_or(reason, |(limit, _)| limit)
}

/// What came of a rule each time it was asked; `None` where its conditions were not true.
fn each(
    store: &dyn Store,
    rule: &str,
    since: Timestamp,
    mut decided: impl FnMut(Option<Outcome>, Firing) -> Result<(), FoldError>,
) -> Result<(), FoldError> {
    let view = View { store };
    let scan =
        |range: Range, limit: usize| Ok(store.scan(Table::Annotation, range, Order::Ascending, limit)?);
    view.walk(Table::Annotation, prefix_range(key::SITTINGS), Order::Ascending, |_, row| {
        let mut sitting = Sitting::read(row)?;
        if sitting.at < since || sitting.asked_of(&scan, rule)?.is_none() {
            return Ok(Walk::On);
        }
        let place = sitting.outcomes.iter().position(|outcome| outcome.rule == rule);
        let outcome = place.map(|place| sitting.outcomes.swap_remove(place));
        let waits =
            outcome.as_ref().is_some_and(|outcome| matches!(outcome.verdict, Verdict::Waiting { .. }));
        // What came of it when its time had come has a row of its own.
        if waits && store.get(Table::Annotation, &key::sitting(sitting.event, Some(rule)))?.is_some() {
            return Ok(Walk::On);
        }
        let event: Option<EventRow> = view.get(&sitting.event.0)?;
        let customer = match event.as_ref().and_then(|event| event.account) {
            Some(account) => view.customer_of(account)?.map(|(customer, _)| customer),
            None => None,
        };
        let firing = Firing { at: sitting.at, event: sitting.event, name: sitting.name, customer };
        decided(outcome, firing)?;
        Ok(Walk::On)
    })
}

/// Those of the one, newest first, that are not of the other.
fn only(one: &BTreeSet<Firing>, other: &BTreeSet<Firing>) -> Listed<Firing> {
    let mut only = Listed::default();
    one.iter().rev().filter(|firing| !other.contains(firing)).for_each(|firing| only.add(firing.clone()));
    only
}

fn days(fired: &BTreeSet<Firing>, since: Timestamp, until: Timestamp) -> Vec<Day> {
    let day_of = |at: Timestamp| at.0.div_euclid(DAY_NS);
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    fired.iter().for_each(|firing| *counts.entry(day_of(firing.at)).or_default() += 1);
    (day_of(since)..=day_of(until))
        .map(|day| Day {
            day: Timestamp(day.saturating_mul(DAY_NS)),
            fired: counts.get(&day).copied().unwrap_or_default(),
        })
        .collect()
}

fn most(customers: BTreeMap<NodeId, u64>) -> Vec<ForCustomer> {
    let mut most: Vec<ForCustomer> =
        customers.into_iter().map(|(customer, fired)| ForCustomer { customer, fired }).collect();
    most.sort_by_key(|one| (std::cmp::Reverse(one.fired), one.customer));
    most.truncate(MOST_MAX);
    most
}
