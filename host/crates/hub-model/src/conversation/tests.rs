//! Messages as short lines: what belongs together is read off by eye.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{JoinedBy, OrderName, OrderNames, Said, Topic, thread, topic};
use crate::time::Timestamp;

const HOUR: i64 = 3_600_000_000_000;

/// "m2 30h email re=m1 order=1042": name, hours since the beginning, channel, and what it says of its place.
fn said(line: &str) -> Said<String> {
    let mut words = line.split(' ');
    let id = words.next().unwrap().to_owned();
    let hours: i64 = words.next().unwrap().trim_end_matches('h').parse().unwrap();
    let channel = words.next().filter(|channel| *channel != "-").map(str::to_owned);
    let rest: Vec<&str> = words.collect();
    let value = |name: &str| {
        let found = rest.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        found.map(str::to_owned)
    };
    Said {
        connection: value("at").unwrap_or_else(|| "c".into()),
        id,
        at: Timestamp(hours * HOUR),
        channel,
        thread: value("thread"),
        ticket: value("ticket"),
        reply_to: value("re"),
        orders: value("order").into_iter().collect(),
    }
}

/// Each conversation as its members; a letter says how each got in.
fn shown(said: &[Said<String>]) -> Vec<String> {
    let letter = |by| match by {
        JoinedBy::Opening => "",
        JoinedBy::Thread => "(t)",
        JoinedBy::Reply => "(r)",
        JoinedBy::SameOrder => "(o)",
        JoinedBy::NearInTime => "(n)",
    };
    let member = |(index, by): &(usize, JoinedBy)| format!("{}{}", said[*index].id, letter(*by));
    thread(said)
        .iter()
        .map(|thread| thread.members.iter().map(member).collect::<Vec<_>>().join(" "))
        .collect()
}

const CASES: [(&str, &[&str], &[&str]); 15] = [
    ("nothing", &[], &[]),
    ("a thread, however long it rests", &["a 0h ig thread=t", "b 900h ig thread=t"], &["a b(t)"]),
    ("threads of two connections", &["a 0h ig thread=t", "b 1h ig thread=t at=d"], &["a", "b"]),
    ("a ticket over two channels", &["a 0h email ticket=7", "b 1h web ticket=7"], &["a b(t)"]),
    (
        "a thread and a ticket are not one for their name",
        &["a 0h x thread=7", "b 1h x ticket=7"],
        &["a", "b"],
    ),
    ("an answer", &["a 0h email", "b 90h email re=a"], &["a b(r)"]),
    (
        "an answer to what nobody knows",
        &["a 0h email", "b 90h email re=z", "c 200h email re=c"],
        &["a", "b", "c"],
    ),
    ("within a day", &["a 0h sms", "b 24h sms", "c 49h sms"], &["a b(n)", "c"]),
    ("from one to the next", &["a 0h sms", "b 20h sms", "c 40h sms"], &["a b(n) c(n)"]),
    ("another channel", &["a 0h sms", "b 1h email", "c 2h -", "d 3h -"], &["a", "b", "c", "d"]),
    (
        "one order within three days",
        &["a 0h email order=1", "b 72h email order=1", "c 145h email order=1"],
        &["a b(o)", "c"],
    ),
    (
        "an order before a nearer message",
        &["a 0h email order=1", "b 50h email", "c 60h email order=1"],
        &["a c(o)", "b"],
    ),
    (
        "a message between two threads joins the one before",
        &["a 0h email ticket=1", "b 1h email", "c 2h email ticket=2"],
        &["a b(n)", "c"],
    ),
    ("a message shortly before a thread", &["a 0h email", "b 1h email ticket=2"], &["a b(t)"]),
    (
        "a thread and an answer into it",
        &["a 0h ig thread=t", "b 90h x re=a", "c 91h ig thread=t"],
        &["a b(r) c(t)"],
    ),
];

#[test]
fn what_belongs_together_is_together() {
    for (what, lines, expected) in CASES {
        let said: Vec<_> = lines.iter().map(|line| said(line)).collect();
        assert_eq!(shown(&said), expected, "{what}");
    }
}

prop_compose! {
    fn any_said()(id in 0_u8..40, hours in 0_i64..200, channel in 0_usize..3, thread in 0_u8..6, reply in 0_u8..80, order in 0_u8..6) -> String {
        let channel = ["email", "sms", "-"][channel];
        let mut line = format!("m{id} {hours}h {channel}");
        if thread < 2 { line += &format!(" thread=t{thread}"); }
        if reply < 40 { line += &format!(" re=m{reply}"); }
        if order < 2 { line += &format!(" order={order}"); }
        line
    }
}

proptest! {
    #[test]
    fn order_of_arrival_does_not_matter(
        (lines, mixed) in prop::collection::vec(any_said(), 0..25).prop_flat_map(|lines| {
            let mut seen = BTreeSet::new();
            let once: Vec<String> = lines.into_iter().filter(|line| {
                seen.insert(line.split(' ').next().map(str::to_owned))
            }).collect();
            (Just(once.clone()), Just(once).prop_shuffle())
        }),
    ) {
        let read = |lines: &[String]| lines.iter().map(|line| said(line)).collect::<Vec<_>>();
        let threads = shown(&read(&lines));
        prop_assert_eq!(&threads, &shown(&read(&mixed)));
        let members = threads.iter().flat_map(|thread| thread.split(' ')).count();
        prop_assert_eq!(members, lines.len(), "each once");
    }
}

#[test]
fn orders_are_found_where_they_are_named() {
    let mut names = OrderNames::default();
    for (number, id) in
        [("#1042", "1"), ("#1043", "2"), ("EU-77", "3"), ("5099", "4"), ("#2024", "5"), ("", "6"), ("#", "7")]
    {
        names.add(number, OrderName { connection: "shop".into(), id: id.into() });
    }
    for (text, expected) in [
        ("where is #1042?", "1"),
        ("where is # 1042", "1"),
        ("where is order 1042, please", "1"),
        ("Bestellung Nr. 1042 und #1043!", "1 2"),
        ("ma commande n° 1043", "2"),
        ("my order number is 1042", "1"),
        ("mi pedido número 1042", "1"),
        ("1042", "1"),
        (" 1042. ", "1"),
        ("I live in 1042 Vienna", ""),
        ("it cost 1042 euros", ""),
        ("in order to reach 1042 people", ""),
        ("#10421 and #104", ""),
        ("order 1,042 of them", ""),
        ("call +49 30 1042", ""),
        ("order at 10:42 or 1042.50", ""),
        ("#1042-a", ""),
        ("(order:1042)", "1"),
        ("your eu-77 came", "3"),
        ("about 5099", "4"),
        ("since 2024", ""),
        ("order\n2024", "5"),
        ("#1042-", "1"),
        ("ＯＲＤＥＲ １０４２", "1"),
        ("", ""),
    ] {
        let found: Vec<&str> = names.mentioned(text).into_iter().map(|order| order.id.as_str()).collect();
        assert_eq!(found.join(" "), expected, "{text:?}");
    }
}

#[test]
fn a_text_of_any_length_and_letters_is_read() {
    let mut names = OrderNames::default();
    names.add("#1", OrderName { connection: "shop".into(), id: "1".into() });
    let long = format!("{}#1", "ä".repeat(10_000));
    assert!(names.mentioned(&long).is_empty(), "beyond what is read");
    assert_eq!(topic(&long), None);
}

#[test]
fn topics_are_seen_in_many_languages() {
    for (text, expected) in [
        ("Where is my order? It was shipped a week ago", Some(Topic::Delivery)),
        ("Wo bleibt mein Paket?", Some(Topic::Delivery)),
        ("¿Dónde está mi pedido?", Some(Topic::Delivery)),
        ("Je veux être remboursé", Some(Topic::Refund)),
        ("The mug arrived broken", Some(Topic::Damage)),
        (
            "How do I set up the coffee machine? The manual is missing a page, setting up fails",
            Some(Topic::Setup),
        ),
        ("Ich möchte die Bestellung stornieren", Some(Topic::Cancellation)),
        ("hello", None),
        ("", None),
    ] {
        assert_eq!(topic(text), expected, "{text:?}");
    }
}

#[test]
fn a_topic_is_found_by_the_name_it_is_told_with() {
    for (topic, name) in Topic::ALL.into_iter().zip(Topic::NAMES) {
        assert_eq!(serde_json::to_value(topic).unwrap(), name);
        assert_eq!(Topic::named(name), Some(topic));
    }
    assert_eq!(Topic::named("Delivery"), None);
}
