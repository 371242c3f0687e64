use std::time::Duration;

use hub_model::Timestamp;
use hub_runtime::manifest::Rate;

use super::{
    Answered, FAILURES_MAX, OPEN_FIRST, OPEN_LONGEST, PROBE_MAX, Purpose, Throttle, Throttles, Turn,
};

const START: Timestamp = Timestamp(1_000_000_000_000);

fn at(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

fn throttle(per_minute: u32, burst: u32) -> std::sync::Arc<Throttle> {
    Throttles::default().of("shop", "admin", Some(Rate { per_minute, burst }))
}

/// How many requests leave at once.
fn burst(throttle: &Throttle, purpose: Purpose, now: Timestamp) -> u32 {
    (0..1_000).take_while(|_| throttle.turn(purpose, now) == Turn::Now).count().try_into().unwrap()
}

#[test]
fn a_burst_leaves_and_then_an_even_pace() {
    let throttle = throttle(60, 8);
    assert_eq!(burst(&throttle, Purpose::Act, START), 8);
    assert_eq!(throttle.turn(Purpose::Act, START), Turn::At(at(1)));
    assert_eq!(throttle.turn(Purpose::Act, at(1)), Turn::Now);
    assert_eq!(throttle.turn(Purpose::Act, at(1)), Turn::At(at(2)));
    assert_eq!(burst(&throttle, Purpose::Act, at(600)), 8, "a rest fills the burst and no more");
}

#[test]
fn polling_leaves_a_quarter_to_actions() {
    let throttle = throttle(60, 8);
    assert_eq!(burst(&throttle, Purpose::Look, START), 6);
    assert_eq!(burst(&throttle, Purpose::Act, START), 2);
}

#[test]
fn polling_waits_while_an_action_waits() {
    let throttle = throttle(60, 8);
    let waiting = throttle.wait(Purpose::Act);
    assert!(matches!(throttle.turn(Purpose::Look, START), Turn::At(_)));
    assert_eq!(throttle.turn(Purpose::Act, START), Turn::Now);
    drop(waiting);
    assert_eq!(throttle.turn(Purpose::Look, START), Turn::Now);
    assert!(throttle.wait(Purpose::Look).is_none());
}

#[test]
fn a_pause_holds_everybody_and_is_never_cut_short() {
    let throttle = Throttle::default();
    throttle.pause(at(30));
    throttle.pause(at(10));
    assert_eq!(throttle.turn(Purpose::Act, at(29)), Turn::Closed(at(30)));
    assert_eq!(throttle.closed(at(29)), Some(at(30)));
    assert_eq!(throttle.turn(Purpose::Act, at(30)), Turn::Now);
}

#[test]
fn a_failing_provider_is_left_alone_and_probed_by_one() {
    let throttle = Throttle::default();
    for _ in 0..FAILURES_MAX {
        assert_eq!(throttle.turn(Purpose::Act, START), Turn::Now);
        throttle.answered(Answered::Badly, START);
    }
    let open = START.plus(OPEN_FIRST);
    assert_eq!(throttle.turn(Purpose::Act, START), Turn::Closed(open));
    assert_eq!(throttle.turn(Purpose::Act, open), Turn::Now, "the probe");
    assert_eq!(throttle.turn(Purpose::Act, open), Turn::Closed(open.plus(PROBE_MAX)), "and no other");
    throttle.answered(Answered::Badly, open);
    assert_eq!(throttle.closed(open), Some(open.plus(OPEN_FIRST * 2)), "twice as long");
    let again = open.plus(OPEN_FIRST * 2);
    assert_eq!(throttle.turn(Purpose::Look, again), Turn::Now);
    throttle.answered(Answered::Soundly, again);
    assert_eq!(throttle.closed(again), None);
    throttle.answered(Answered::Badly, again);
    assert_eq!(throttle.closed(again), None, "one failure is none");
}

#[test]
fn a_probe_that_never_ends_is_given_up() {
    let throttle = Throttle::default();
    (0..FAILURES_MAX).for_each(|_| throttle.answered(Answered::Badly, START));
    let open = START.plus(OPEN_FIRST);
    assert_eq!(throttle.turn(Purpose::Act, open), Turn::Now);
    assert_eq!(throttle.turn(Purpose::Act, open.plus(PROBE_MAX)), Turn::Now);
}

#[test]
fn an_outage_of_hours_is_asked_after_every_few_minutes() {
    let throttle = Throttle::default();
    (0..FAILURES_MAX).for_each(|_| throttle.answered(Answered::Badly, START));
    let mut now = START;
    for _ in 0..20 {
        now = throttle.closed(now).unwrap();
        assert_eq!(throttle.turn(Purpose::Act, now), Turn::Now);
        throttle.answered(Answered::Badly, now);
    }
    assert_eq!(throttle.closed(now), Some(now.plus(OPEN_LONGEST)));
}
