use std::time::Duration;

use hub_fold::record::Outcome;
use hub_model::Timestamp;
use hub_rules::Grade;
use hub_runtime::{Failure, Receipt};

use super::{Ended, Tried, judge};
use crate::config::Effects;

const LIMITS: Effects = Effects {
    per_connection_max: 1,
    attempts_max: 3,
    retry_delay: Duration::from_secs(2),
    retry_delay_max: Duration::from_secs(5),
    give_up_after: Duration::from_secs(7_200),
};

fn tried(grade: Grade, failures: u32) -> Tried<'static> {
    Tried {
        grade,
        failures,
        owed_since: Timestamp(0),
        now: Timestamp(0),
        down_until: None,
        limits: &LIMITS,
        jitter: 0,
    }
}

fn done() -> Ended {
    Ok(Ok(Receipt { reference: None, already_done: false, extra: Vec::new() }))
}

fn failure(failure: Failure) -> Ended {
    Ok(Err(failure))
}

fn lost() -> Ended {
    failure(Failure::OutcomeUnknown("no answer".into()))
}

/// One word per outcome, with when it is tried again.
fn word(outcome: &Outcome) -> String {
    let later = |at: &Timestamp, uncertain: &bool| {
        format!(" {}ms{}", at.0 / 1_000_000, if *uncertain { " uncertain" } else { "" })
    };
    match outcome {
        Outcome::Confirmed { .. } => "confirmed".to_owned(),
        Outcome::RetryAt { at, uncertain, .. } => format!("retry{}", later(at, uncertain)),
        Outcome::Postponed { until, uncertain, .. } => format!("postponed{}", later(until, uncertain)),
        Outcome::Parked { .. } => "parked".to_owned(),
        Outcome::Unknown { .. } => "unknown".to_owned(),
    }
}

fn check(ended: Ended, tried: Tried<'_>, expected: &str) {
    assert_eq!(word(&judge(ended, tried)), expected, "{tried:?}");
}

#[test]
fn outcomes_by_grade() {
    let unauthorised = || failure(Failure::Unauthorised("401".into()));
    check(done(), tried(Grade::Unsafe, 0), "confirmed");
    check(failure(Failure::Rejected("422".into())), tried(Grade::Keyed, 0), "parked");
    check(unauthorised(), tried(Grade::Keyed, 0), "postponed 100ms");
    check(unauthorised(), tried(Grade::Keyed, 98), "postponed 100ms");
    check(lost(), tried(Grade::Keyed, 0), "retry 100ms uncertain");
    check(lost(), tried(Grade::Keyed, 1), "retry 100ms uncertain");
    check(lost(), tried(Grade::Probed, 2), "parked");
    check(lost(), tried(Grade::Natural, 0), "retry 100ms uncertain");
    check(lost(), tried(Grade::Unsafe, 0), "unknown");
}

#[test]
fn what_a_provider_asks_for_or_an_outage_costs_no_failure() {
    let busy = || failure(Failure::RetryAfterMs(700));
    check(busy(), tried(Grade::Unsafe, 0), "postponed 700ms");
    check(busy(), tried(Grade::Unsafe, 99), "postponed 700ms");
    let down = |grade| Tried { down_until: Some(Timestamp(60_000_000_000)), ..tried(grade, 99) };
    check(lost(), down(Grade::Keyed), "postponed 60100ms uncertain");
    check(lost(), down(Grade::Unsafe), "unknown");
}

#[test]
fn what_is_owed_for_too_long_is_given_up() {
    let old = |tried: Tried<'static>| Tried { now: Timestamp(7_200_000_000_000), ..tried };
    check(failure(Failure::RetryAfterMs(700)), old(tried(Grade::Keyed, 0)), "parked");
    check(lost(), old(tried(Grade::Keyed, 0)), "parked");
    check(lost(), old(Tried { down_until: Some(Timestamp(i64::MAX)), ..tried(Grade::Keyed, 0) }), "parked");
    check(done(), old(tried(Grade::Keyed, 0)), "confirmed");
    let unauthorised = failure(Failure::Unauthorised("401".into()));
    check(unauthorised, old(tried(Grade::Keyed, 0)), "postponed 7200100ms");
}

#[test]
fn pauses_stay_within_their_longest() {
    for jitter in [0, 1, 999, u64::MAX] {
        let outcome = judge(lost(), Tried { jitter, ..tried(Grade::Keyed, 1) });
        let Outcome::RetryAt { at, .. } = outcome else { panic!("not retried") };
        assert!((100..=4_000).contains(&(at.0 / 1_000_000)), "{at:?}");
    }
}
