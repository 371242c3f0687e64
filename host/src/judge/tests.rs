use std::time::Duration;

use hub_fold::record::Outcome;
use hub_model::Timestamp;
use hub_rules::Grade;
use hub_runtime::{Failure, Receipt};

use super::{Ended, judge};
use crate::config::Effects;

fn limits() -> Effects {
    Effects {
        per_connection_max: 1,
        attempts_max: 3,
        retry_delay: Duration::from_secs(2),
        retry_delay_max: Duration::from_secs(5),
    }
}

/// One word per outcome, with the shortest and longest pause a retry can have.
fn check(ended: Ended, grade: Grade, attempt: u32, expected: &str) {
    let word = |jitter| match judge(ended.clone(), grade, attempt, Timestamp(0), &limits(), jitter) {
        Outcome::Confirmed { .. } => "confirmed".to_owned(),
        Outcome::RetryAt { at, uncertain, .. } => {
            format!("retry {}ms{}", at.0 / 1_000_000, if uncertain { " uncertain" } else { "" })
        }
        Outcome::Parked { .. } => "parked".to_owned(),
        Outcome::Unknown { .. } => "unknown".to_owned(),
    };
    assert_eq!(word(0), expected, "{grade:?} attempt {attempt}");
}

#[test]
fn outcomes_by_grade() {
    let done = || Ok(Ok(Receipt { reference: None, already_done: false, extra: Vec::new() }));
    let failure = |failure: Failure| Ok(Err(failure));
    let lost = || failure(Failure::OutcomeUnknown("no answer".into()));
    check(done(), Grade::Unsafe, 1, "confirmed");
    check(failure(Failure::RetryAfterMs(700)), Grade::Unsafe, 1, "retry 700ms");
    check(failure(Failure::RetryAfterMs(700)), Grade::Unsafe, 3, "parked");
    check(failure(Failure::Rejected("422".into())), Grade::Keyed, 1, "parked");
    check(failure(Failure::Unauthorised("401".into())), Grade::Keyed, 1, "retry 100ms");
    check(failure(Failure::Unauthorised("401".into())), Grade::Keyed, 99, "retry 100ms");
    check(lost(), Grade::Keyed, 1, "retry 100ms uncertain");
    check(lost(), Grade::Keyed, 2, "retry 100ms uncertain");
    check(lost(), Grade::Probed, 3, "parked");
    check(lost(), Grade::Natural, 1, "retry 100ms uncertain");
    check(lost(), Grade::Unsafe, 1, "unknown");
}

#[test]
fn pauses_stay_within_their_longest() {
    let lost = || Ok(Err(Failure::OutcomeUnknown(String::new())));
    for jitter in [0, 1, 999, u64::MAX] {
        let Outcome::RetryAt { at, .. } = judge(lost(), Grade::Keyed, 2, Timestamp(0), &limits(), jitter)
        else {
            panic!("not retried")
        };
        assert!((100..=4_000).contains(&(at.0 / 1_000_000)), "{at:?}");
    }
}
