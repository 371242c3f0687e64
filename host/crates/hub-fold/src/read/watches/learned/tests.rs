//! What is learned from histories of which it is known what is usual.

use super::*;

const HOUR_NS: i64 = DAY_NS / 24;

/// So many days, a Monday first, with a number of actions that begin at eight in the morning, ten minutes apart.
fn history(days: i64, each: impl Fn(i64) -> i64) -> (Vec<Timestamp>, (Timestamp, Timestamp)) {
    let monday = 4 * DAY_NS;
    let actions = |day: i64| {
        (0..each(day)).map(move |n| Timestamp(monday + day * DAY_NS + 8 * HOUR_NS + n * HOUR_NS / 6))
    };
    ((0..days).flat_map(actions).collect(), (Timestamp(monday), Timestamp(monday + days * DAY_NS)))
}

fn check(days: i64, each: impl Fn(i64) -> i64, expected: &str) {
    let (acted, window) = history(days, each);
    let learned = Learned::of(&acted, window);
    let written = learned.band.map(|band| band.written()).unwrap_or_default();
    assert_eq!((written.as_str(), learned.days), (expected, days), "{:?}", learned.nothing);
}

#[test]
fn a_steady_rule_is_expected_within_four_spreads() {
    // The root of 25 is 5: from 3 squared to 7 squared.
    check(90, |_| 25, "alarm_below: 9/d, alarm_above: 49/d");
    check(90, |day| 25 + day % 3 - 1, "alarm_below: 9/d, alarm_above: 49/d");
}

#[test]
fn what_is_uneven_by_itself_is_given_more_room() {
    let high = |each: fn(i64) -> i64| {
        let (acted, window) = history(90, each);
        Learned::of(&acted, window).band.and_then(|band| band.above).map(|rate| rate.count)
    };
    assert_eq!(high(|_| 25), Some(49));
    assert!(high(|day| 5 + day * 17 % 41) > Some(60));
}

#[test]
fn one_storm_and_one_breakdown_are_not_what_is_usual() {
    check(
        90,
        |day| match day {
            50 => 90,
            70 => 0,
            _ => 25,
        },
        "alarm_below: 9/d, alarm_above: 49/d",
    );
}

#[test]
fn sundays_are_measured_by_sundays() {
    // Nothing on Sundays: a day says nothing, two do.
    check(90, |day| if day % 7 == 6 { 0 } else { 25 }, "alarm_below: 9/2d, alarm_above: 49/d");
    // Open on Mondays alone: a week.
    check(90, |day| if day % 7 == 0 { 36 } else { 0 }, "alarm_below: 16/7d, alarm_above: 64/d");
}

#[test]
fn a_rare_rule_is_given_time() {
    check(90, |_| 1, "alarm_below: 3/2w, alarm_above: 9/d");
    check(200, |day| i64::from(day % 30 == 0), "alarm_above: 4/d");
    let (acted, window) = history(200, |day| i64::from(day % 30 == 0));
    assert_eq!(Learned::of(&acted, window).nothing, Some(TOO_RARE));
}

#[test]
fn too_little_history_is_none() {
    for days in [0, 1, 14, 27] {
        check(days, |_| 25, "");
    }
    assert_eq!(Learned::of(&[], (Timestamp(DAY_NS), Timestamp::EPOCH)).nothing, Some(TOO_SHORT));
}

#[test]
fn medians() {
    assert_eq!([vec![], vec![3], vec![1, 2], vec![9, 1, 5], vec![1, 1, 3, 9]].map(median), [0, 3, 1, 5, 2]);
}
