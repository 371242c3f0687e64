//! Who comes into a segment and who goes out: by what happens, by time alone, by a person's word, and not because a segment
//! was written. And events of the shop's own, which rules tell of.

use hub_fold::read::{EffectQuery, effects};
use hub_fold::record::{Command, Record};
use hub_fold::{Fold, members, next_timer, plan_merge, plan_unmerge, view_digest};
use hub_model::event::{self, Payload};
use hub_store::MemoryStore;

use crate::support::events::{at, customer, named, order};
use crate::support::{Hub, settings};

const DAY: i64 = 24 * 60;

const LOYAL: &str = "segment: loyal\nwho: {field: customer.orders, at_least: 2}\n";
const BUSY: &str = "segment: busy\nwho: {count: order.created, within: 7d, at_least: 2}\n";

/// A ticket whenever this happens, with what is asked of the customer in its subject.
fn rule_on(event: &str) -> String {
    let name = event.replace('.', "-");
    format!(
        "rule: {name}\nmode: on\non: {event}\nwhen: {{field: customer.is_known, is: true}}\n\
         then: [{{id: ticket, do: desk.create_ticket, with: {{subject: \"{name}\"}}}}]\n"
    )
}

fn hub_with(segment: &str, id: &str) -> Hub {
    let (entered, left) = (rule_on(&format!("segment.{id}.entered")), rule_on(&format!("segment.{id}.left")));
    Hub::new(&[segment, &entered, &left])
}

fn buys(hub: &mut Hub, who: &str, number: &str, minute: i64) {
    let order = event::Order {
        buyer: Some(named(&[who], "Ana")),
        placed_at: Some(at(minute)),
        ..order(&format!("{who}-{number}"))
    };
    hub.happens("shop", minute, "order.created", Payload::Order(order));
}

/// The subjects of the tickets asked for, in the order of their planning.
fn asked(hub: &Hub) -> Vec<String> {
    let mut found = effects(&hub.store, &EffectQuery { limit: 1_000, ..EffectQuery::default() }).unwrap();
    found.sort_by_key(|effect| effect.planned_at);
    found.iter().map(|effect| effect.arguments[0].1.clone()).collect()
}

fn planned(hub: &Hub) -> usize {
    effects(&hub.store, &EffectQuery { limit: 1_000, ..EffectQuery::default() }).unwrap().len()
}

fn count(hub: &Hub, segment: &str) -> usize {
    members(&hub.store, segment, 10).unwrap().unwrap().count
}

#[test]
fn a_customer_comes_in_once() {
    let mut hub = hub_with(LOYAL, "loyal");
    buys(&mut hub, "customer:1", "a", 1);
    assert_eq!((asked(&hub), count(&hub, "loyal")), (vec![], 0));
    for (number, minute) in [("b", 2), ("c", 3)] {
        buys(&mut hub, "customer:1", number, minute);
        assert_eq!(asked(&hub), ["segment-loyal-entered"]);
        assert_eq!(count(&hub, "loyal"), 1);
    }
    buys(&mut hub, "customer:2", "a", 4);
    let shown = members(&hub.store, "loyal", 10).unwrap().unwrap();
    assert_eq!(shown.shown.iter().map(|(_, since)| *since).collect::<Vec<_>>(), [at(2)]);
    assert_eq!(members(&hub.store, "unheard-of", 10).unwrap(), None);
}

#[test]
fn time_alone_takes_somebody_out() {
    let mut hub = hub_with(BUSY, "busy");
    buys(&mut hub, "customer:1", "a", 0);
    buys(&mut hub, "customer:1", "b", DAY);
    assert_eq!(asked(&hub), ["segment-busy-entered"]);
    let mut days = 0;
    while let Some(due) = next_timer(&hub.store).unwrap() {
        days += 1;
        assert!(days < 30, "it is asked for ever");
        let minute = (due.0 - at(0).0) / 60_000_000_000 + 1;
        hub.record(minute, Record::Tick);
        let is_in = minute <= 7 * DAY;
        assert_eq!(count(&hub, "busy"), usize::from(is_in), "{minute}");
    }
    assert_eq!(asked(&hub), ["segment-busy-entered", "segment-busy-left"]);
}

#[test]
fn whoever_was_known_before_the_segment_did_not_come_in() {
    let mut hub = Hub::new(&[]);
    for person in 0..600 {
        buys(&mut hub, &format!("customer:{person}"), "a", person);
        buys(&mut hub, &format!("customer:{person}"), "b", person);
    }
    let rules = [LOYAL, &rule_on("segment.loyal.entered"), &rule_on("segment.loyal.left")];
    hub.record(1_000, Record::Settings(Box::new(settings(&rules))));
    assert!(members(&hub.store, "loyal", 0).unwrap().unwrap().is_settling);
    // Who orders before they were looked at did not come in either.
    buys(&mut hub, "customer:7", "c", 1_001);
    for tick in 0..3 {
        hub.record(1_002 + tick, Record::Tick);
    }
    assert_eq!((count(&hub, "loyal"), asked(&hub)), (600, vec![]));
    assert!(!members(&hub.store, "loyal", 0).unwrap().unwrap().is_settling);
    assert_eq!(next_timer(&hub.store).unwrap(), None);
    buys(&mut hub, "customer:new", "a", 2_000);
    buys(&mut hub, "customer:new", "b", 2_001);
    assert_eq!(asked(&hub), ["segment-loyal-entered"]);

    // Another condition under the same name: again nobody came or went.
    let stricter = LOYAL.replace('2', "3");
    let rules = [stricter.as_str(), &rule_on("segment.loyal.entered"), &rule_on("segment.loyal.left")];
    hub.record(3_000, Record::Settings(Box::new(settings(&rules))));
    for tick in 0..3 {
        hub.record(3_001 + tick, Record::Tick);
    }
    assert_eq!((count(&hub, "loyal"), asked(&hub).len()), (1, 1));
}

#[test]
fn two_who_are_one_are_in_once_and_stand_for_themselves_when_parted() {
    let mut hub = hub_with(LOYAL, "loyal");
    buys(&mut hub, "customer:1", "a", 1);
    buys(&mut hub, "customer:2", "a", 2);
    let ids: Vec<_> = hub_fold::read::customers(&hub.store, None, 10)
        .unwrap()
        .into_iter()
        .map(|customer| customer.id)
        .collect();
    let says = |pairs, minute| Command::Judge {
        pairs,
        by: "mia".into(),
        reason: "same voice".into(),
        at: at(minute),
    };
    let merge = plan_merge(&hub.store, ids[0], ids[1]).unwrap();
    hub.command(3, says(merge.pairs, 3));
    assert_eq!((asked(&hub), count(&hub, "loyal")), (vec!["segment-loyal-entered".to_owned()], 1));
    let unmerge = plan_unmerge(&hub.store, ids[0], &[ids[1]]).unwrap();
    hub.command(4, says(unmerge.pairs, 4));
    assert_eq!(asked(&hub), ["segment-loyal-entered", "segment-loyal-left"]);
    assert_eq!(count(&hub, "loyal"), 0);
}

#[test]
fn the_forgotten_are_in_no_segment() {
    let mut hub = hub_with(LOYAL, "loyal");
    buys(&mut hub, "customer:1", "a", 1);
    buys(&mut hub, "customer:1", "b", 2);
    let account = members(&hub.store, "loyal", 1).unwrap().unwrap().shown[0].0;
    let (by, reason, systems) = ("ana".to_owned(), "asked".to_owned(), vec![]);
    hub.command(3, Command::Erase { account, by, reason, at: at(3), deliveries: vec![], systems });
    assert_eq!(count(&hub, "loyal"), 0);
    buys(&mut hub, "customer:1", "c", 4);
    assert_eq!((count(&hub, "loyal"), planned(&hub)), (0, 1));
}

#[test]
fn rules_ask_who_is_in_a_segment() {
    let asks = "rule: asks\nmode: on\non: order.created\nwhen: {field: customer.segments, contains: loyal}\n\
                then: [{id: ticket, do: desk.create_ticket, with: {subject: \"{{customer.segments}}\"}}]\n";
    let mut hub = Hub::new(&[LOYAL, asks]);
    for (minute, (number, expected)) in (1..).zip([("a", 0), ("b", 0), ("c", 1)]) {
        buys(&mut hub, "customer:1", number, minute);
        assert_eq!(asked(&hub).len(), expected, "{number}");
    }
}

/// Rules that push a customer in and out stop each time, and go on a day later.
#[test]
fn rules_that_go_round_are_stopped() {
    let segment = "segment: tagged\nwho: {field: customer.tags, contains: t}\n";
    let gives = "rule: gives\nmode: on\non: segment.tagged.left\nwhen: always\nthen: [{id: give, do: customer.add_tag, with: {tag: t}}]\n";
    let takes = "rule: takes\nmode: on\non: segment.tagged.entered\nwhen: always\nthen: [{id: take, do: customer.remove_tag, with: {tag: t}}]\n";
    let begins = gives.replace("segment.tagged.left", "customer.created").replace("gives", "begins");
    let mut hub = Hub::new(&[segment, gives, takes, &begins]);
    let ana = Payload::Customer(customer(named(&["customer:1"], "Ana")));
    let event = crate::support::events::event("customer.created", 1, ana);
    let led_to = hub.tell(&crate::support::told("shop", 1, vec![event]));
    assert_eq!(led_to.rules_fired, 4, "the first, and three that follow on each other");
    let again = next_timer(&hub.store).unwrap().unwrap();
    assert_eq!(again, at(1 + DAY));
    assert!(hub.record(1 + DAY, Record::Tick).rules_fired <= 3);
}

#[test]
fn an_event_of_the_shops_own_is_told_and_stops_where_it_goes_round() {
    let tells = |name: &str, on: &str, event: &str| {
        format!(
            "rule: {name}\nmode: on\non: {on}\nwhen: always\nthen: [{{id: tell, do: event.tell, with: {{name: {event}}}}}]\n"
        )
    };
    let follows = "rule: follows\nmode: on\non: custom.news\nwhen: {field: order.id, exists: true}\n\
                   then: [{id: ticket, do: desk.create_ticket, with: {subject: \"{{event.name}} {{order.id}}\"}}]\n";
    let (first, round) = (tells("first", "order.created", "news"), tells("round", "custom.news", "news"));
    let mut hub = Hub::new(&[&first, follows]);
    buys(&mut hub, "customer:1", "a", 1);
    assert_eq!(asked(&hub), ["custom.news customer:1-a"]);

    let mut hub = Hub::new(&[&first, &round]);
    let order = event::Order { buyer: Some(named(&["customer:1"], "Ana")), ..order("1") };
    let event = crate::support::events::event("order.created", 1, Payload::Order(order));
    let led_to = hub.tell(&crate::support::told("shop", 1, vec![event]));
    assert_eq!(led_to.rules_fired, 3, "told three deep; the fourth is held back");
}

/// Two folds of one journal agree, in whatever batches.
#[test]
fn what_follows_is_a_function_of_the_journal() {
    let rules = [LOYAL, BUSY, &rule_on("segment.loyal.entered"), &rule_on("segment.busy.left")];
    let told = |number: i64| {
        let order = event::Order {
            buyer: Some(named(&[&format!("customer:{}", number % 7)], "Ana")),
            placed_at: Some(at(number * 300)),
            ..order(&number.to_string())
        };
        let event = crate::support::events::event("order.created", number * 300, Payload::Order(order));
        crate::support::told("shop", number * 300, vec![event])
    };
    let told: Vec<_> = (1..60).map(told).collect();
    let mut journal = crate::support::journal(&settings(&rules), told.iter());
    for day in 10..40 {
        let seq = journal.len() as u64 + 1;
        journal.push(hub_fold::Sequenced { seq, at: at(18_000 + day * DAY), record: Record::Tick });
    }
    let digests: Vec<String> = [1, 7, 1_000]
        .into_iter()
        .map(|batch| {
            let store = MemoryStore::new();
            let mut fold = Fold::open(&store).unwrap();
            journal.chunks(batch).for_each(|records| drop(fold.apply(&store, records).unwrap()));
            assert_eq!(members(&store, "busy", 0).unwrap().unwrap().count, 0, "the last order is long ago");
            assert_eq!(members(&store, "loyal", 0).unwrap().unwrap().count, 7);
            view_digest(&store).unwrap()
        })
        .collect();
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "{digests:?}");
}
