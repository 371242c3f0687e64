//! When a rule is called silent or spiking.

use super::*;

const HOUR: i64 = 3_600_000_000_000;

fn at(hours: i64) -> Timestamp {
    Timestamp(hours * HOUR)
}

fn per_day(count: u64) -> Option<Rate> {
    Some(Rate { count, per_ns: 24 * HOUR })
}

/// What a rule in force for ten days raises that acts at these hours: "since hour N: M times".
fn check(below: Option<Rate>, above: Option<Rate>, acted: &[i64], expected: &[(i64, Side, u64)]) {
    let raised = alarms(acted.iter().copied().map(at), (at(0), at(240)), Band { below, above });
    let raised: Vec<_> = raised.iter().map(|alarm| (alarm.since.0 / HOUR, alarm.side, alarm.count)).collect();
    assert_eq!(raised, expected, "acted at {acted:?}");
}

#[test]
fn a_rule_that_does_nothing_is_silent_once_after_its_first_window() {
    check(per_day(1), None, &[], &[(24, Side::Silent, 0)]);
    check(None, per_day(1), &[], &[]);
}

#[test]
fn silence_is_noticed_once_the_last_time_is_a_window_ago_and_ends_with_the_next() {
    let daily: Vec<i64> = (0..240).step_by(20).collect();
    check(per_day(1), None, &daily, &[]);
    let broken: Vec<i64> = daily.iter().copied().filter(|hour| !(60..140).contains(hour)).collect();
    check(per_day(1), None, &broken, &[(65, Side::Silent, 0)]);
    // It ends when the rule has acted as often again as is expected.
    check(per_day(2), None, &[0, 1, 60], &[(25, Side::Silent, 1)]);
    check(per_day(2), None, &[0, 1, 60, 61], &[(25, Side::Silent, 1), (85, Side::Silent, 1)]);
}

#[test]
fn a_spike_is_noticed_at_once_and_again_after_it_has_passed() {
    check(None, per_day(3), &[5, 5, 6, 7, 8, 100, 100, 100], &[(7, Side::Spiking, 4)]);
    let twice = [5, 5, 5, 5, 100, 100, 100, 100];
    check(None, per_day(3), &twice, &[(5, Side::Spiking, 4), (100, Side::Spiking, 4)]);
    // Spread over more than a window it is none.
    check(None, per_day(3), &[0, 8, 16, 24, 32, 40, 48], &[]);
}

#[test]
fn both_may_be_raised_at_once() {
    let hourly = Some(Rate { count: 2, per_ns: HOUR });
    let all_at_once = [30, 30, 30];
    let expected = [(24, Side::Silent, 0), (30, Side::Spiking, 3)];
    check(per_day(5), hourly, &all_at_once, &expected);
}

/// What is told of time passing changes nothing: looked at more often, it is the same.
#[test]
fn looking_more_often_tells_nothing_else() {
    let band = Band { below: per_day(2), above: per_day(6) };
    for seed in 0..200_i64 {
        let times: Vec<i64> = (0..40).map(|n| (n * n * (seed + 3) + n * 7 * seed) % 240).collect();
        let mut times: Vec<Timestamp> = times.into_iter().map(at).collect();
        times.sort();
        let told = alarms(times.iter().copied(), (at(0), at(240)), band);
        let mut watch = Watch::new(band, at(0));
        let mut looked = Vec::new();
        for hour in 0..=240 {
            looked.extend(watch.look(at(hour)));
            for _ in times.iter().filter(|time| **time == at(hour)) {
                watch.acted(at(hour));
                looked.extend(watch.look(at(hour)));
            }
        }
        assert_eq!(told, looked, "seed {seed}");
    }
}

#[test]
fn a_clock_that_was_set_back_does_no_harm() {
    let mut watch = Watch::new(Band { below: per_day(1), above: per_day(2) }, at(100));
    for hour in [200, 10, 200, 199, 201] {
        watch.acted(at(hour));
        watch.look(at(hour));
    }
    assert_eq!(watch.alarms().count(), 1);
    assert_eq!(watch.alarm(Side::Spiking).map(|alarm| alarm.since), Some(at(201)));
    assert!(watch.next(at(201)).is_some());
}
