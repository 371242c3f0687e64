//! A few days of a small shop, for whoever wants a bit of everything.

use hub_model::event::{
    self, Author, DeliveryStatus, Direction, Fulfilment, Payload, Reaction, Refund, ReturnRequest,
};
use hub_model::model::Finding;

use super::events::{
    at, checkout, consent, customer, euros, event, interaction, item, level, line, loyalty_account,
    loyalty_entry, merge, named, order, party, survey, ticket,
};
use super::{Told, told};

/// A few days of a small shop: a registered buyer, a guest, a person on three channels, a family's mailbox. Every
/// delivery teaches something no other does.
pub(crate) fn days() -> Vec<Told> {
    let ana = ["customer:1", "ana@example.com", "+4930901820"];
    let message = |id: &str, text: &str| event::Interaction {
        channel: Some("instagram".into()),
        kind: Some("message".into()),
        direction: Some(Direction::Inbound),
        author: Some(Author::Customer),
        customer: Some(named(&["igsid:9", "@ana.b", "~abc"], "ana b")),
        thread: Some("t-1".into()),
        text: Some(text.into()),
        sent_at: Some(at(20)),
        ..interaction(id)
    };
    let unhappy = Finding {
        language: Some("en".into()),
        sentiment: "negative".into(),
        score: -60,
        cues: vec![("late".into(), -30)],
        ..Finding::default()
    };
    let mut days = vec![
        told(
            "shop",
            1,
            vec![event(
                "customer.created",
                1,
                Payload::Customer(event::Customer {
                    given_name: Some("Ana".into()),
                    family_name: Some("Berg".into()),
                    tags: Some(vec!["vip".into(), "old".into()]),
                    locale: Some("de".into()),
                    ..customer(party(&ana))
                }),
            )],
        ),
        told(
            "shop",
            2,
            vec![event(
                "order.created",
                2,
                Payload::Order(event::Order {
                    number: Some("#1001".into()),
                    buyer: Some(named(&ana, "Ana Berg")),
                    total: Some(euros(12_900)),
                    financial_status: Some("pending".into()),
                    placed_at: Some(at(2)),
                    lines: Some(vec![line("mug", 2), line("pot", 1)]),
                    ..order("501")
                }),
            )],
        ),
        told(
            "shop",
            3,
            vec![event(
                "order.paid",
                3,
                Payload::Order(event::Order {
                    financial_status: Some("paid".into()),
                    note: Some("leave at the door".into()),
                    ..order("501")
                }),
            )],
        ),
        told(
            "shop",
            4,
            vec![event(
                "order.updated",
                4,
                Payload::Order(event::Order {
                    fulfilment_status: Some("partial".into()),
                    fulfilments: vec![Fulfilment {
                        id: "p1".into(),
                        status: Some("in_transit".into()),
                        carrier: Some("DHL".into()),
                        tracking_numbers: vec!["00340".into()],
                        tracking_urls: vec![],
                        updated_at: Some(at(4)),
                    }],
                    tags_added: vec!["rush".into()],
                    ..order("501")
                }),
            )],
        ),
        told(
            "shop",
            5,
            vec![event(
                "order.refunded",
                5,
                Payload::Order(event::Order {
                    refunds: vec![Refund { id: "r1".into(), amount: Some(euros(3_000)), at: Some(at(5)) }],
                    returns: vec![ReturnRequest {
                        id: "b1".into(),
                        status: Some("open".into()),
                        at: Some(at(5)),
                    }],
                    ..order("501")
                }),
            )],
        ),
        // A guest, known by a verified address and the token of the order's page.
        told(
            "shop",
            6,
            vec![event(
                "order.created",
                6,
                Payload::Order(event::Order {
                    number: Some("#1002".into()),
                    buyer: Some(party(&["guest-order:502", "~abc"])),
                    placed_at: Some(at(6)),
                    ..order("502")
                }),
            )],
        ),
        told(
            "shop",
            7,
            vec![event(
                "customer.updated",
                7,
                Payload::Customer(event::Customer {
                    family_name: Some("Berg-Lind".into()),
                    tags_removed: vec!["old".into()],
                    ..customer(party(&ana))
                }),
            )],
        ),
        told(
            "desk",
            8,
            vec![event(
                "customer.created",
                8,
                Payload::Customer(event::Customer {
                    tags_added: vec!["desk-tag".into()],
                    ..customer(named(&["user:77", "ana@example.com", "+49 30 901820"], "A. Berg"))
                }),
            )],
        ),
        told(
            "desk",
            9,
            vec![event(
                "ticket.created",
                9,
                Payload::Ticket(event::Ticket {
                    subject: Some("Broken mug".into()),
                    status: Some("open".into()),
                    requester: Some(party(&["user:77"])),
                    created_at: Some(at(9)),
                    ..ticket("35436")
                }),
            )],
        ),
        told(
            "desk",
            10,
            vec![event(
                "ticket.status_changed",
                10,
                Payload::Ticket(event::Ticket {
                    status: Some("solved".into()),
                    tags_added: vec!["damage".into()],
                    ..ticket("35436")
                }),
            )],
        ),
        told(
            "ig",
            21,
            vec![event("message.received", 20, Payload::Interaction(message("m1", "where is it?")))],
        ),
        told(
            "ig",
            22,
            vec![event(
                "message.edited",
                22,
                Payload::Interaction(event::Interaction {
                    text: Some("where is my order?".into()),
                    edited: true,
                    reaction: Some(Reaction { by: "page".into(), emoji: Some("❤".into()) }),
                    ..interaction("m1")
                }),
            )],
        ),
        // Told and taken back.
        told("ig", 23, vec![event("message.received", 21, Payload::Interaction(message("m2", "a secret")))]),
        told(
            "ig",
            24,
            vec![event(
                "message.deleted",
                24,
                Payload::Interaction(event::Interaction { erased: true, ..interaction("m2") }),
            )],
        ),
        told(
            "wa",
            30,
            vec![event(
                "message.sent",
                30,
                Payload::Interaction(event::Interaction {
                    channel: Some("whatsapp".into()),
                    direction: Some(Direction::Outbound),
                    customer: Some(party(&["wa-id:4930901820", "+4930901820"])),
                    text: Some("on its way".into()),
                    sent_at: Some(at(30)),
                    status: Some(DeliveryStatus::Sent),
                    thread: Some("w-1".into()),
                    ..interaction("w1")
                }),
            )],
        ),
        told(
            "wa",
            31,
            vec![
                event(
                    "message.status",
                    31,
                    Payload::Interaction(event::Interaction {
                        status: Some(DeliveryStatus::Read),
                        ..interaction("w1")
                    }),
                ),
                event(
                    "message.status",
                    32,
                    Payload::Interaction(event::Interaction {
                        status: Some(DeliveryStatus::Delivered),
                        status_detail: Some("free".into()),
                        ..interaction("w1")
                    }),
                ),
            ],
        ),
        told(
            "club",
            40,
            vec![event(
                "loyalty.account_changed",
                40,
                Payload::LoyaltyAccount(event::LoyaltyAccount {
                    tier: Some("gold".into()),
                    enrolled_at: Some(at(-600)),
                    ..loyalty_account("L1", party(&["loyalty-customer:5", "+4930901820"]), 120)
                }),
            )],
        ),
        told(
            "club",
            41,
            vec![event("loyalty.points_changed", 41, Payload::LoyaltyEntry(loyalty_entry("L1", "e1", 20)))],
        ),
        told(
            "stock",
            42,
            vec![
                event("inventory.changed", 42, Payload::InventoryLevel(level("i1", "berlin", 7))),
                event("inventory.item_changed", 42, Payload::InventoryItem(item("i1", "mug"))),
            ],
        ),
        told(
            "stock",
            43,
            vec![event("inventory.changed", 43, Payload::InventoryLevel(level("i1", "berlin", -1)))],
        ),
        told(
            "shop",
            44,
            vec![event("consent.changed", 44, Payload::Consent(consent(party(&ana), "granted")))],
        ),
        told(
            "shop",
            45,
            vec![event("consent.changed", 45, Payload::Consent(consent(party(&ana), "denied")))],
        ),
        told(
            "shop",
            46,
            vec![event(
                "checkout.created",
                46,
                Payload::Checkout(event::Checkout {
                    buyer: Some(party(&["customer:1"])),
                    total: Some(euros(5_900)),
                    started_at: Some(at(46)),
                    ..checkout("c1")
                }),
            )],
        ),
        told(
            "desk",
            47,
            vec![event(
                "survey.answered",
                47,
                Payload::SurveyResponse(survey("s1", party(&["user:77"]), "bad")),
            )],
        ),
        // A second account in the same shop with the same address stays apart until the shop itself joins it.
        told(
            "shop",
            50,
            vec![event(
                "customer.created",
                50,
                Payload::Customer(customer(party(&["customer:2", "ana@example.com"]))),
            )],
        ),
        told(
            "shop",
            51,
            vec![event(
                "customer.created",
                51,
                Payload::Customer(customer(party(&["customer:3", "+4930901820"]))),
            )],
        ),
        told(
            "shop",
            52,
            vec![event("person.merged", 52, Payload::PersonMerge(merge("customer:1", "customer:3")))],
        ),
    ];
    days[10].findings.push((0, unhappy));
    // Things that move to another place in the timeline, or to another person's.
    let moved = event::Order { placed_at: Some(at(1)), ..order("501") };
    days.push(told("shop", 53, vec![event("order.updated", 53, Payload::Order(moved))]));
    let given_on = event::Ticket { requester: Some(party(&["user:78"])), ..ticket("35436") };
    days.push(told("desk", 54, vec![event("ticket.updated", 54, Payload::Ticket(given_on))]));
    // Two accounts of one version: neither is newer, and still one note stands.
    for (name, note) in [("order.edited", "ring twice"), ("order.updated", "do not ring")] {
        let noted = event::Order { note: Some(note.into()), tags_added: vec![name.into()], ..order("501") };
        days.push(told("shop", 55, vec![event(name, 55, Payload::Order(noted))]));
    }
    // A mailbox six accounts prove to be theirs.
    days.extend((0..6).map(|number| {
        let account =
            ["customer:61", "user:62", "igsid:63", "wa-id:64", "loyalty-customer:65", "contact:66"][number];
        let connection = ["shop", "desk", "ig", "wa", "club", "stock"][number];
        let minute = 60 + i64::try_from(number).unwrap();
        let who = party(&[account, "family@example.com"]);
        told(connection, minute, vec![event("customer.created", minute, Payload::Customer(customer(who)))])
    }));
    days
}
