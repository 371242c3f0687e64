//! Events that no provider tells of: what a thing's change makes of it, and what did not happen to it in time.

use hub_fold::next_timer;
use hub_fold::read::{EffectQuery, effects};
use hub_fold::record::Record;
use hub_model::event::{self, Payload};

use crate::support::events::{at, checkout, customer, level, named, order, ticket};
use crate::support::{Hub, settings};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

fn rule_for(event: &str) -> String {
    format!(
        "rule: follows\nmode: on\non: {event}\nwhen: always\nthen: [{{id: ticket, do: desk.create_ticket, with: {{subject: hello}}}}]\n"
    )
}

fn hub_for(event: &str) -> Hub {
    Hub::new(&[&rule_for(event)])
}

fn acted(hub: &Hub) -> usize {
    effects(&hub.store, &EffectQuery { limit: 1_000, ..EffectQuery::default() }).unwrap().len()
}

#[test]
fn a_ticket_is_opened_again() {
    let mut hub = hub_for("ticket.reopened");
    let states =
        [("new", 0), ("solved", 0), ("open", 1), ("pending", 1), ("closed", 1), ("open", 2), ("open", 2)];
    for (minute, (status, expected)) in (0..).zip(states) {
        let ticket = event::Ticket { status: Some(status.into()), ..ticket("7") };
        hub.happens("desk", minute, "ticket.updated", Payload::Ticket(ticket));
        assert_eq!(acted(&hub), expected, "{minute}: {status}");
    }
}

#[test]
fn stock_is_back_where_there_was_none() {
    let mut hub = hub_for("inventory.back_in_stock");
    for (minute, (quantity, expected)) in (0..).zip([(3, 0), (0, 0), (-1, 0), (5, 1), (9, 1), (0, 1), (1, 2)])
    {
        let level = level("mug", "berlin", quantity);
        hub.happens("stock", minute, "inventory.changed", Payload::InventoryLevel(level));
        assert_eq!(acted(&hub), expected, "{minute}: {quantity}");
    }
}

/// A parcel that has left.
fn parcel(minute: i64) -> event::Fulfilment {
    event::Fulfilment {
        id: "p".into(),
        status: Some("in_transit".into()),
        carrier: None,
        tracking_numbers: vec![],
        tracking_urls: vec![],
        updated_at: Some(at(minute)),
    }
}

fn placed(parcels: Vec<event::Fulfilment>) -> Payload {
    Payload::Order(event::Order {
        buyer: Some(named(&["customer:1"], "Ana")),
        placed_at: Some(at(0)),
        fulfilments: parcels,
        ..order("1")
    })
}

#[test]
fn an_order_is_late_when_nothing_is_sent_or_nothing_arrives() {
    let mut hub = hub_for("order.delayed");
    hub.happens("shop", 0, "order.created", placed(vec![]));
    assert_eq!(next_timer(&hub.store).unwrap(), Some(at(5 * DAY)));
    hub.record(5 * DAY - 1, Record::Tick);
    assert_eq!(acted(&hub), 0);
    hub.record(5 * DAY, Record::Tick);
    assert_eq!(acted(&hub), 1, "nothing was sent");
    hub.happens("shop", 6 * DAY, "order.shipped", placed(vec![parcel(6 * DAY)]));
    hub.record(12 * DAY, Record::Tick);
    assert_eq!(acted(&hub), 1);
    hub.record(13 * DAY, Record::Tick);
    assert_eq!(acted(&hub), 2, "it is under way for too long");
}

#[test]
fn what_was_sent_or_called_off_in_time_is_not_late() {
    for (name, now) in [
        ("order.shipped", placed(vec![parcel(2 * DAY)])),
        ("order.cancelled", Payload::Order(event::Order { cancelled_at: Some(at(DAY)), ..order("1") })),
    ] {
        let mut hub = hub_for("order.delayed");
        hub.happens("shop", 0, "order.created", placed(vec![]));
        hub.happens("shop", 2 * DAY, name, now);
        hub.record(5 * DAY, Record::Tick);
        assert_eq!(acted(&hub), 0, "{name}");
    }
}

#[test]
fn a_cart_is_abandoned_when_nobody_touches_it() {
    let cart = |completed: Option<i64>| {
        Payload::Checkout(event::Checkout { completed_at: completed.map(at), ..checkout("c") })
    };
    let mut hub = hub_for("checkout.abandoned");
    hub.happens("shop", 0, "checkout.created", cart(None));
    hub.happens("shop", 30, "checkout.updated", cart(None));
    hub.record(HOUR, Record::Tick);
    assert_eq!(acted(&hub), 0, "it was touched since");
    hub.record(HOUR + 30, Record::Tick);
    assert_eq!(acted(&hub), 1);
    let mut hub = hub_for("checkout.abandoned");
    hub.happens("shop", 0, "checkout.created", cart(None));
    hub.happens("shop", 40, "checkout.updated", cart(Some(40)));
    hub.record(2 * HOUR, Record::Tick);
    assert_eq!(acted(&hub), 0, "it became an order");
}

/// Nobody asks for them: nothing is waited for.
#[test]
fn without_a_rule_nothing_is_expected() {
    let mut hub = hub_for("order.paid");
    hub.happens("shop", 0, "order.created", placed(vec![]));
    assert_eq!(next_timer(&hub.store).unwrap(), None);
}

const YEAR: i64 = 365 * DAY;

fn born(day: &str) -> Payload {
    Payload::Customer(event::Customer {
        extra: vec![("birthday".into(), day.into())],
        ..customer(named(&["customer:1"], "Ana"))
    })
}

/// The story's time begins on the fourth of May at nine.
#[test]
fn a_birthday_comes_every_year_until_it_is_told_otherwise() {
    let noon = 3 * HOUR;
    // Nobody asks yet: a rule that is written later hears of it all the same.
    let mut hub = Hub::new(&[]);
    hub.happens("till", 0, "customer.updated", born("05-06"));
    hub.happens("till", 1, "customer.updated", born("05-06"));
    assert_eq!(next_timer(&hub.store).unwrap(), Some(at(2 * DAY + noon)));
    let rules = settings(&[&rule_for("customer.birthday")]);
    hub.record(2, Record::Settings(Box::new(rules)));
    hub.record(2 * DAY + noon, Record::Tick);
    assert_eq!(acted(&hub), 1);
    assert_eq!(next_timer(&hub.store).unwrap(), Some(at(YEAR + 2 * DAY + noon)));
    // The hub was off for two days: nobody is congratulated late, and the next time is waited for.
    hub.record(YEAR + 4 * DAY + noon, Record::Tick);
    assert_eq!(acted(&hub), 1);
    hub.happens("till", YEAR + 5 * DAY, "customer.updated", born("05-10"));
    hub.record(YEAR + 6 * DAY + noon, Record::Tick);
    assert_eq!(acted(&hub), 2, "on the day it is now");
    hub.record(2 * YEAR + 3 * DAY, Record::Tick);
    assert_eq!(acted(&hub), 2, "and not on the other any more");
}
