//! Pages of streams, and how busy connections are.

use std::time::Duration;

use hub_fold::read::{connection, event as event_row, stream, streams, usual_gap};
use hub_fold::record::{Command, Polled, Record, Reported};
use hub_fold::row::StreamRow;
use hub_model::EventId;
use hub_model::event::{Note, Payload, Remark};

use crate::support::events::{at, event, order};
use crate::support::{Hub, told};

fn polled(cursor: Option<&str>, more: bool, minute: i64) -> Record {
    Record::Polled(Polled {
        stream: "orders".into(),
        cursor: cursor.map(str::to_owned),
        more,
        reached: Some(at(minute)),
        reported: Reported {
            delivery: None,
            connection: "shop".into(),
            connector: "shop".into(),
            version: "1".into(),
            events: vec![event("order.updated", minute, Payload::Order(order(&minute.to_string())))],
            notes: vec![Note { path: "/0".into(), remark: Remark::Malformed, reason: "no id".into() }],
            findings: vec![],
        },
        beginning: None,
    })
}

/// A page that was asked for in this beginning of the stream.
fn polled_in(beginning: u32, cursor: &str, minute: i64) -> Record {
    let Record::Polled(page) = polled(Some(cursor), false, minute) else { unreachable!() };
    Record::Polled(Polled { beginning: Some(beginning), ..page })
}

fn row(hub: &Hub) -> StreamRow {
    stream(&hub.store, "shop", "orders").unwrap().expect("the stream has a row")
}

#[test]
fn a_page_brings_events_and_the_place_where_the_next_begins() {
    let mut hub = Hub::new(&[]);
    assert_eq!(stream(&hub.store, "shop", "orders").unwrap(), None);
    let done = hub.record(10, polled(Some("a"), true, 3));
    assert_eq!((done.pages, done.events_new, done.deliveries_processed), (1, 1, 0));
    let first = StreamRow {
        cursor: Some("a".into()),
        reached: Some(at(3)),
        more: true,
        run_started_at: Some(at(10)),
        last_page_at: Some(at(10)),
        pages: 1,
        events: 1,
        malformed: 1,
        ..StreamRow::default()
    };
    assert_eq!(row(&hub), first);
    let id = EventId::of("shop", "order.updated", "order.updated@3");
    assert_eq!(event_row(&hub.store, id).unwrap().unwrap().delivery, None);

    hub.record(11, polled(Some("b"), false, 4));
    let ended = row(&hub);
    assert_eq!((ended.run_started_at, ended.last_page_at, ended.more), (Some(at(10)), Some(at(11)), false));
    // The next run starts where this one ended.
    hub.record(30, polled(Some("c"), false, 5));
    assert_eq!((row(&hub).run_started_at, row(&hub).pages, row(&hub).events), (Some(at(30)), 3, 3));
    let names: Vec<String> = streams(&hub.store, "shop").unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["orders"]);
    assert_eq!(streams(&hub.store, "sho").unwrap(), []);
}

#[test]
fn a_stream_begun_anew_owes_a_run_and_keeps_its_counts() {
    let mut hub = Hub::new(&[]);
    hub.record(10, polled(Some("a"), false, 3));
    let from =
        Command::PollFrom { connection: "shop".into(), stream: "orders".into(), since: Some(at(-900)) };
    hub.command(20, from);
    let anew = row(&hub);
    assert_eq!((anew.cursor.as_deref(), anew.since, anew.reached), (None, Some(at(-900)), None));
    assert_eq!((anew.more, anew.run_started_at, anew.pages), (true, None, 1));
    hub.record(21, polled(Some("b"), true, 4));
    assert_eq!(
        (row(&hub).run_started_at, row(&hub).since, row(&hub).pages),
        (Some(at(21)), Some(at(-900)), 2)
    );
    // A stream that was never read can be asked for too.
    let never = Command::PollFrom { connection: "desk".into(), stream: "tickets".into(), since: None };
    hub.command(22, never);
    assert!(stream(&hub.store, "desk", "tickets").unwrap().unwrap().more);
}

#[test]
fn a_page_under_way_while_a_stream_is_begun_anew_does_not_say_where_to_go_on() {
    let mut hub = Hub::new(&[]);
    hub.record(10, polled_in(0, "a", 3));
    hub.command(20, Command::PollFrom { connection: "shop".into(), stream: "orders".into(), since: None });
    let owed = row(&hub);
    let late = hub.record(21, polled_in(0, "b", 4));
    assert_eq!(late.events_new, 1, "what it tells is taken");
    assert_eq!((row(&hub).cursor, row(&hub).more, row(&hub).reached), (None, true, None));
    hub.record(22, polled_in(owed.beginnings, "c", 5));
    assert_eq!((row(&hub).cursor.as_deref(), row(&hub).more), (Some("c"), false));
}

const DAY: i64 = 24 * 60;

/// A hub to which a connection delivers at these minutes.
fn delivering(minutes: impl Iterator<Item = i64>) -> Hub {
    let mut hub = Hub::new(&[]);
    minutes.for_each(|minute| drop(hub.tell(&told("shop", minute, vec![]))));
    hub
}

fn usual(hub: &Hub, now: i64) -> Option<u64> {
    let row = connection(&hub.store, "shop").unwrap().expect("the connection has a row");
    usual_gap(&row, at(now)).map(|gap: Duration| gap.as_secs() / 60)
}

#[test]
fn what_is_usual_needs_some_deliveries_and_is_never_too_short() {
    assert_eq!(connection(&Hub::new(&[]).store, "shop").unwrap(), None);
    assert_eq!(usual(&delivering(0..19), 19), None);
    let hub = delivering(0..20);
    assert_eq!(usual(&hub, 20), Some(15));
    let row = connection(&hub.store, "shop").unwrap().unwrap();
    assert_eq!((row.deliveries, row.last_delivery_at), (20, at(19)));
    assert_eq!(usual(&delivering((0..20).map(|number| number * 40)), 20 * 40), Some(40));
}

#[test]
fn a_gap_is_remembered_for_eight_days() {
    // A night of ten hours that ends on the second day, then a delivery every hour for so many days.
    let until = |days: i64| {
        let hourly = (0..days * 24).map(|hour| DAY + hour * 60);
        delivering((0..20).map(|number| number * 42).chain(hourly))
    };
    let night = Some(DAY.unsigned_abs() - 19 * 42);
    let week = until(7);
    assert_eq!(usual(&week, DAY * 8), night);
    // On the ninth day it is forgotten, whether its place was taken or not.
    assert_eq!(usual(&week, DAY * 9), Some(60));
    assert_eq!(usual(&until(12), DAY * 13), Some(60));
    assert_eq!(usual(&week, DAY * 40), Some(15));
}

#[test]
fn late_clocks_make_no_gap() {
    let hub = delivering((0..30).map(|number| 600 - number * 20));
    assert_eq!(usual(&hub, 600), Some(15));
    assert_eq!(connection(&hub.store, "shop").unwrap().unwrap().last_delivery_at, at(600));
}
