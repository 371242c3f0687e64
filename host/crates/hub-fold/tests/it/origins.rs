//! Where the values come from that a rule was told: field by field, whatever stands behind it.

use hub_fold::read::{EventOrigin, Origin, RuleOrigin, ThingsOrigin, origins};
use hub_model::EventId;
use hub_model::event::{self, Payload};

use crate::support::events::{at, customer, euros, event, named, order};
use crate::support::{Hub, Told, message, told};

const TAGS: &str = "rule: tags\nmode: on\non: message.received\nwhen: always\n\
                    then:\n  - {id: tag, do: customer.add_tag, with: {tag: unhappy}}\n  \
                    - {id: skill, do: customer.set_attribute, with: {name: skill, value: returns}}";

fn id_of(told: &Told) -> EventId {
    EventId::of(told.connection, &told.events[0].name, &told.events[0].key)
}

/// An order with a customer, then what they write.
fn story() -> (Hub, Told, Told) {
    let mut hub = Hub::new(&[TAGS]);
    let placed = event::Order {
        buyer: Some(named(&["customer:1", "ana@example.com", "+4915112345678"], "Ana Berg")),
        total: Some(euros(900)),
        financial_status: Some("paid".into()),
        placed_at: Some(at(1)),
        ..order("501")
    };
    let ordered = told(
        "shop",
        2,
        vec![
            event("order.paid", 1, Payload::Order(placed)),
            event(
                "customer.updated",
                1,
                Payload::Customer(event::Customer {
                    tags: Some(vec!["vip".into()]),
                    ..customer(named(&["customer:1"], "Ana Berg"))
                }),
            ),
        ],
    );
    let said = message("m1", 5, "whatsapp", "in", &["wa-id:4915112345678", "+4915112345678"], "Hello?");
    let wrote = told("wa", 6, vec![event("message.received", 5, Payload::Interaction(said))]);
    hub.tell(&ordered);
    hub.tell(&wrote);
    (hub, ordered, wrote)
}

/// An origin in a line.
fn line(origin: &Origin) -> String {
    match origin {
        Origin::Event(EventOrigin { name, connection, says, .. }) => {
            format!(
                "{name} of {connection}{}",
                says.as_ref().map(|says| format!(": {says}")).unwrap_or_default()
            )
        }
        Origin::Fact { id, fact, .. } => format!("{id} {} = {}", fact.field, fact.value),
        Origin::Rule(RuleOrigin { rule, says, .. }) => format!("rule {rule}: {says}"),
        Origin::Things(ThingsOrigin { count, first, .. }) => format!("{count}: {}", first.join(" ")),
    }
}

#[test]
fn every_field_leads_to_who_said_it() {
    let (hub, ordered, wrote) = story();
    let behind = |event: EventId, field: &str| -> Vec<String> {
        origins(&hub.store, event, field).unwrap().iter().map(line).collect()
    };
    let of_order = [
        ("order.total", vec!["shop/501 total = {\"currency\":\"EUR\",\"minor\":900}"]),
        ("order.is_open", vec!["shop/501 financial_status = \"paid\""]),
        ("order.source", vec!["order.paid of shop"]),
        ("event.name", vec!["order.paid of shop"]),
        ("customer.email", vec!["order.paid of shop: ana@example.com"]),
    ];
    for (field, expected) in of_order {
        assert_eq!(behind(id_of(&ordered), field), expected, "{field}");
    }
    let of_message = [
        ("interaction.text", vec!["wa/m1 text = \"Hello?\""]),
        ("interaction.channel", vec!["wa/m1 channel = \"whatsapp\""]),
        ("delivery.connection", vec!["message.received of wa"]),
        // All systems together: the message and the order are one customer's.
        ("customer.open_orders", vec!["1: shop/501"]),
        ("customer.open_tickets", vec![]),
        ("customer.tags", vec!["shop/1 tags.whole = [\"vip\"]", "rule tags: unhappy"]),
        ("customer.attributes.skill", vec!["rule tags: returns"]),
        ("customer.attributes.other", vec![]),
        ("customer.segments", vec![]),
    ];
    for (field, expected) in of_message {
        assert_eq!(behind(id_of(&wrote), field), expected, "{field}");
    }
    assert_eq!(behind(EventId([9; 16]), "order.total"), Vec::<String>::new());
}
