//! Rules that ask what changed, and how long ago something is.

use hub_fold::read::why;
use hub_fold::record::{Record, Reported};
use hub_fold::{Fold, Sequenced, Verdict};
use hub_model::EventId;
use hub_model::event::{self, Event, Payload};
use hub_store::MemoryStore;

use crate::support::events::{
    at, customer, euros, event, level, loyalty_account, loyalty_entry, named, order, party, ticket,
};
use crate::support::{Hub, Told, fold_into, journal, records, settings, told};

const THEN: &str = "then: [{id: ticket, do: desk.create_ticket, with: {subject: hello}}]";

fn rule(on: &str, when: &str) -> String {
    format!("rule: it\nmode: on\non: {on}\nwhen: {when}\n{THEN}\n")
}

fn id_of(event: &Event) -> EventId {
    EventId::of("shop", &event.name, &event.key)
}

fn fired(hub: &Hub, event: EventId) -> bool {
    let decision = why(&hub.store, "it", event).unwrap().expect("the rule was asked");
    matches!(decision.verdict, Verdict::Fired { .. })
}

/// Tells each of these in a delivery of its own; whether the rule fired on each.
fn check(on: &str, when: &str, payloads: Vec<Payload>, expected: &[bool]) -> Hub {
    let mut hub = Hub::new(&[&rule(on, when)]);
    let fired: Vec<bool> = (1..)
        .zip(payloads)
        .map(|(minute, payload)| {
            let event = hub.happens("shop", minute, on, payload);
            fired(&hub, event)
        })
        .collect();
    assert_eq!(fired, expected, "{when}");
    hub
}

fn in_status(status: &str) -> Payload {
    let buyer = Some(party(&["customer:1"]));
    Payload::Order(event::Order { fulfilment_status: Some(status.into()), buyer, ..order("7") })
}

#[test]
fn an_order_changes_to_and_from_a_status_once() {
    let told = || ["partial", "partial", "fulfilled", "fulfilled", "partial"].map(in_status).into();
    let field = "field: order.fulfilment_status";
    check(
        "order.updated",
        &format!("{{{field}, changed_to: fulfilled}}"),
        told(),
        &[false, false, true, false, false],
    );
    // First heard of, it has changed; from what nobody can say.
    check("order.updated", &format!("{{{field}, changed: true}}"), told(), &[true, false, true, false, true]);
    check(
        "order.updated",
        &format!("{{{field}, changed_from: partial}}"),
        told(),
        &[false, false, true, false, false],
    );
    check(
        "order.updated",
        &format!("{{{field}, changed: false}}"),
        told(),
        &[false, true, false, true, false],
    );
}

#[test]
fn what_a_thing_says_is_held_against_the_same_thing() {
    let total = |id: &str, minor| Payload::Order(event::Order { total: Some(euros(minor)), ..order(id) });
    let orders = vec![total("1", 500), total("2", 700), total("1", 500), total("2", 600)];
    check(
        "order.updated",
        "{field: order.total, changed_from: 7.00 EUR}",
        orders,
        &[false, false, false, true],
    );

    let status = |status: &str| Payload::Ticket(event::Ticket { status: Some(status.into()), ..ticket("9") });
    let tickets = ["open", "solved", "open"].map(status).into();
    check(
        "ticket.updated",
        "{all: [{field: ticket.status, changed_from: [solved, closed]}, {field: ticket.status, changed_to: open}]}",
        tickets,
        &[false, false, true],
    );

    let stock = |location: &str, quantity| Payload::InventoryLevel(level("i1", location, quantity));
    let stocks = vec![stock("berlin", 0), stock("bonn", 4), stock("berlin", 4)];
    check("inventory.changed", "{field: inventory.quantity, changed_from: 0}", stocks, &[false, false, true]);
}

#[test]
fn a_tag_and_a_tier_change_for_the_customer_the_event_is_about() {
    let tagged = |id: &str, tags: &[&str]| {
        let tags = Some(tags.iter().map(|tag| (*tag).to_owned()).collect());
        Payload::Customer(event::Customer { tags, ..customer(named(&[id], "Ana")) })
    };
    let told = vec![
        tagged("customer:1", &["a"]),
        tagged("customer:2", &["b"]),
        tagged("customer:1", &["a"]),
        tagged("customer:1", &["a", "vip"]),
    ];
    check("customer.updated", "{field: customer.tags, changed: true}", told, &[true, true, false, true]);

    let tier = |tier: &str| {
        let account = loyalty_account("club/L1", party(&["customer:1"]), 120);
        Payload::LoyaltyAccount(event::LoyaltyAccount { tier: Some(tier.into()), ..account })
    };
    let tiers = ["silver", "silver", "gold"].map(tier).into();
    check(
        "loyalty.account_changed",
        "{field: loyalty.tier, changed_from: silver}",
        tiers,
        &[false, false, true],
    );
    // An entry tells of points, and nothing of the tier.
    let mut hub = Hub::new(&[&rule("loyalty.points_changed", "{field: loyalty.tier, changed: false}")]);
    hub.happens("shop", 1, "loyalty.account_changed", tier("gold"));
    let entry = Payload::LoyaltyEntry(loyalty_entry("club/L1", "e1", 20));
    let entry = hub.happens("shop", 2, "loyalty.points_changed", entry);
    assert!(fired(&hub, entry));
}

#[test]
fn all_events_of_one_delivery_see_what_was_before_it() {
    let mut hub =
        Hub::new(&[&rule("order.updated", "{field: order.fulfilment_status, changed_from: unfulfilled}")]);
    hub.happens("shop", 1, "order.created", in_status("unfulfilled"));
    let events = vec![
        event("order.updated", 2, in_status("partial")),
        event("order.updated", 3, in_status("fulfilled")),
    ];
    let ids: Vec<EventId> = events.iter().map(id_of).collect();
    hub.tell(&told("shop", 3, events));
    assert_eq!(ids.iter().map(|id| fired(&hub, *id)).collect::<Vec<_>>(), [true, true]);
    let explained = why(&hub.store, "it", ids[0]).unwrap().unwrap().explain();
    assert!(explained.contains("(it is \"fulfilled\", and it was \"unfulfilled\" before)"), "{explained}");
    // The next delivery starts from there, told as a page too.
    let again = event("order.updated", 4, in_status("fulfilled"));
    let id = id_of(&again);
    hub.tell_page(&told("shop", 4, vec![again]));
    assert!(!fired(&hub, id));
}

#[test]
fn old_news_changes_nothing() {
    let mut hub = Hub::new(&[&rule("order.updated", "{field: order.fulfilment_status, changed: true}")]);
    hub.happens("shop", 5, "order.updated", in_status("fulfilled"));
    let late = event("order.updated", 2, in_status("partial"));
    let id = id_of(&late);
    hub.tell(&told("shop", 9, vec![late]));
    assert!(!fired(&hub, id));
}

#[test]
fn batches_change_nothing_of_what_was_before() {
    let rules = settings(&[&rule(
        "order.updated",
        "{field: order.fulfilment_status, changed_to: [partial, fulfilled]}",
    )]);
    let statuses = ["unfulfilled", "partial", "partial", "fulfilled", "unfulfilled", "fulfilled"];
    let tellings: Vec<_> = (1..)
        .zip(statuses)
        .map(|(minute, status)| told("shop", minute, vec![event("order.updated", minute, in_status(status))]))
        .collect();
    let journal = journal(&rules, tellings.iter());
    let digest = |sizes: &[usize]| {
        let store = MemoryStore::new();
        fold_into(&store, &journal, sizes);
        let fired = tellings.iter().map(|told| {
            let decision = why(&store, "it", id_of(&told.events[0])).unwrap().unwrap();
            matches!(decision.verdict, Verdict::Fired { .. })
        });
        (fired.collect::<Vec<_>>(), hub_fold::view_digest(&store).unwrap())
    };
    let one_by_one = digest(&[1]);
    assert_eq!(one_by_one.0, [false, true, false, true, false, true]);
    for sizes in [&[100][..], &[3, 2], &[5, 1]] {
        assert_eq!(digest(sizes), one_by_one, "{sizes:?}");
    }
}

#[test]
fn ages_are_counted_up_to_when_the_hub_learned_of_it() {
    let placed = |minute: i64| {
        let placed_at = Some(at(minute));
        Payload::Order(event::Order { placed_at, ..order(&format!("o{minute}")) })
    };
    let when = "{all: [{field: order.placed_at, older_than: 1h}, {field: order.placed_at, newer_than: 1d}]}";
    let mut hub = Hub::new(&[&rule("order.updated", when)]);
    for (placed_at, learned, expected) in
        [(0, 59, false), (1, 62, true), (2, 1_441, true), (3, 1_443, false), (9, 4, false)]
    {
        let event = event("order.updated", 100 + placed_at, placed(placed_at));
        let id = id_of(&event);
        hub.tell(&told("shop", learned, vec![event]));
        assert_eq!(fired(&hub, id), expected, "placed at {placed_at}, learned of at {learned}");
    }
}

#[test]
fn what_was_before_is_known_to_a_rule_from_its_first_event_on() {
    let report = |told: &Told| {
        let [_, reported] = records(told, 1);
        let Record::Reported(reported) = reported.record else { panic!("the second record is the report") };
        Record::Reported(Reported { delivery: None, ..reported })
    };
    let tell = |minute, status| told("shop", minute, vec![event("order.updated", minute, in_status(status))]);
    let (unasked, asked) = (tell(1, "partial"), tell(2, "fulfilled"));
    let rules =
        settings(&[&rule("order.updated", "{field: order.fulfilment_status, changed_from: partial}")]);
    let records = [
        Record::Settings(Box::new(settings(&[]))),
        report(&unasked),
        Record::Settings(Box::new(rules)),
        report(&asked),
    ];
    // In one batch, so that the rows before are in no store yet.
    let batch: Vec<Sequenced> =
        (1..).zip(records).map(|(seq, record)| Sequenced { seq, at: at(10), record }).collect();
    let store = MemoryStore::new();
    Fold::open(&store).unwrap().apply(&store, &batch).unwrap();
    assert!(why(&store, "it", id_of(&unasked.events[0])).unwrap().is_none());
    let decision = why(&store, "it", id_of(&asked.events[0])).unwrap().unwrap();
    assert!(matches!(decision.verdict, Verdict::Fired { .. }), "{}", decision.explain());
}
