//! Quiet hours, moment by moment.

use super::{QuietHours, TimeOfDay, zone_name, zone_names};

/// Checks when the quiet hours end at each moment; `-` where it is in none.
fn check(from: &str, until: &str, tz: &str, moments: &[(&str, &str)]) {
    let time = |text| TimeOfDay::parse(text).unwrap();
    let hours = QuietHours { from: time(from), until: time(until), tz: tz.to_owned() };
    for (now, expected) in moments {
        let now_ns: jiff::Timestamp = now.parse().unwrap();
        let end = hours.end(i64::try_from(now_ns.as_nanosecond()).unwrap());
        let end = end.map(|end| jiff::Timestamp::from_nanosecond(i128::from(end)).unwrap().to_string());
        assert_eq!(end.as_deref().unwrap_or("-"), *expected, "{from} to {until} in {tz} at {now}");
    }
}

#[test]
fn a_night_ends_the_next_morning() {
    let berlin = [
        ("2026-01-10T19:59:59Z", "-"),
        ("2026-01-10T20:00:00Z", "2026-01-11T07:00:00Z"),
        ("2026-01-10T23:30:00Z", "2026-01-11T07:00:00Z"),
        ("2026-01-11T06:59:59Z", "2026-01-11T07:00:00Z"),
        ("2026-01-11T07:00:00Z", "-"),
        ("2026-07-10T19:00:00Z", "2026-07-11T06:00:00Z"),
    ];
    check("21:00", "08:00", "Europe/Berlin", &berlin);
    check(
        "12:30",
        "14:00",
        "Asia/Kolkata",
        &[
            ("2026-01-10T06:59:00Z", "-"),
            ("2026-01-10T07:00:00Z", "2026-01-10T08:30:00Z"),
            ("2026-01-10T08:30:00Z", "-"),
        ],
    );
}

#[test]
fn a_night_in_which_the_clocks_change() {
    // Forward on 29 March 2026 at 01:00 UTC, back on 25 October 2026 at 01:00 UTC.
    check(
        "21:00",
        "08:00",
        "Europe/Berlin",
        &[("2026-03-28T22:00:00Z", "2026-03-29T06:00:00Z"), ("2026-10-24T22:00:00Z", "2026-10-25T07:00:00Z")],
    );
}

#[test]
fn an_end_the_clocks_skip_or_show_twice() {
    check(
        "21:00",
        "02:30",
        "Europe/Berlin",
        &[
            ("2026-03-28T22:00:00Z", "2026-03-29T01:30:00Z"),
            // Shown first at 00:30 UTC; a quarter of an hour before it is shown again it is still quiet until then.
            ("2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z"),
            ("2026-10-25T00:45:00Z", "-"),
            ("2026-10-25T01:15:00Z", "2026-10-25T01:30:00Z"),
        ],
    );
}

#[test]
fn times_as_people_write_them() {
    let written = |text| TimeOfDay::parse(text).map(|time| time.to_string());
    assert_eq!(written("21:00").as_deref(), Some("21:00"));
    assert_eq!(written("8:05").as_deref(), Some("08:05"));
    for text in ["24:00", "21", "21:5", "9pm", "21:60", "-1:00", "21:00:00", ":30", "", "１:00"] {
        assert_eq!(written(text), None, "{text}");
    }
}

#[test]
fn zones_come_with_the_program() {
    assert_eq!(zone_name("europe/berlin").as_deref(), Some("Europe/Berlin"));
    assert_eq!(zone_name("Mars/Olympus"), None);
    assert!(zone_names().len() > 400);
}
