//! What people ask the view.

use hub_fold::read::{self, DeliveryQuery, EffectQuery, TimelineQuery, find_customers, timeline};
use hub_fold::record::{PluginState, Record};
use hub_fold::row::SubjectKind;
use hub_model::event::{self, Author, Direction, Fulfilment, Payload, Refund};
use hub_model::model::Finding;
use hub_model::{EventId, NodeId};

use crate::support::events::{
    at, consent, customer, euros, event, interaction, line, loyalty_account, loyalty_entry, named, order,
    party, survey, ticket,
};
use crate::support::{Hub, node, told};

const RULE: &str = "rule: thanks\nmode: on\non: order.created\nwhen: {field: order.total, more_than: 1.00 EUR}\n\
                    then: [{id: ticket, do: desk.create_ticket, with: {subject: hello}}]";

/// Ana, known to a shop, a help desk, Instagram and a loyalty programme; and Ben, who shares nothing proven with her.
fn hub() -> Hub {
    let mut hub = Hub::new(&[RULE]);
    let ana = named(&["customer:1", "ana@example.com"], "Ana Berg");
    let bought = event::Order {
        number: Some("#1001".into()),
        buyer: Some(ana.clone()),
        total: Some(euros(12_900)),
        financial_status: Some("paid".into()),
        placed_at: Some(at(10)),
        lines: Some(vec![line("mug", 2)]),
        fulfilments: vec![Fulfilment {
            id: "p1".into(),
            status: Some("in_transit".into()),
            carrier: Some("DHL".into()),
            tracking_numbers: vec!["00340".into()],
            tracking_urls: vec![],
            updated_at: None,
        }],
        refunds: vec![Refund { id: "r1".into(), amount: Some(euros(1_000)), at: Some(at(12)) }],
        ..order("501")
    };
    hub.happens("shop", 10, "order.created", Payload::Order(bought));
    hub.happens("shop", 11, "consent.changed", Payload::Consent(consent(ana.clone(), "granted")));
    hub.happens("shop", 12, "consent.changed", Payload::Consent(consent(ana, "denied")));
    let desk = party(&["user:77", "ana@example.com", "+4930901820", "shared@example.com?"]);
    let asked = event::Ticket {
        subject: Some("Broken mug".into()),
        status: Some("open".into()),
        requester: Some(desk),
        created_at: Some(at(20)),
        ..ticket("35436")
    };
    hub.happens("desk", 20, "ticket.created", Payload::Ticket(asked));
    let wrote = event::Interaction {
        channel: Some("instagram".into()),
        kind: Some("message".into()),
        direction: Some(Direction::Inbound),
        author: Some(Author::Customer),
        customer: Some(party(&["igsid:9", "@ana.b", "ana@example.com"])),
        text: Some("where\nis my order?".into()),
        sent_at: Some(at(30)),
        ..interaction("m1")
    };
    let mut said = told("ig", 31, vec![event("message.received", 30, Payload::Interaction(wrote))]);
    let finding = Finding {
        language: Some("en".into()),
        sentiment: "negative".into(),
        score: -40,
        ..Finding::default()
    };
    said.findings.push((0, finding));
    hub.tell(&said);
    let note = event::Interaction {
        direction: Some(Direction::Internal),
        customer: Some(party(&["user:77"])),
        text: Some("call back".into()),
        sent_at: Some(at(40)),
        ..interaction("n1")
    };
    hub.happens("desk", 40, "note.added", Payload::Interaction(note));
    let member = loyalty_account("L1", party(&["loyalty-customer:5", "+4930901820"]), 120);
    hub.happens("club", 5, "loyalty.account_changed", Payload::LoyaltyAccount(member));
    hub.happens("club", 15, "loyalty.points_changed", Payload::LoyaltyEntry(loyalty_entry("L1", "e/1", 20)));
    hub.happens("club", 25, "loyalty.points_changed", Payload::LoyaltyEntry(loyalty_entry("L1", "e2", -5)));
    hub.happens(
        "desk",
        50,
        "survey.answered",
        Payload::SurveyResponse(survey("s1", party(&["user:77"]), "bad")),
    );
    let ben = event::Customer {
        given_name: Some("Ben".into()),
        family_name: Some("Berg".into()),
        tags: Some(vec!["new".into()]),
        ..customer(party(&["customer:2", "ben@example.com", "shared@example.com"]))
    };
    hub.happens("shop", 60, "customer.created", Payload::Customer(ben));
    hub
}

fn names(hub: &Hub, query: &str) -> Vec<String> {
    let found = find_customers(&hub.store, query, 10).unwrap();
    found.into_iter().map(|one| one.display_name.unwrap_or_default()).collect()
}

#[test]
fn people_are_found_by_whatever_is_at_hand() {
    let hub = hub();
    let ana = ["Ana Berg"];
    let id = node("desk", "user:77").to_string();
    for query in [
        id.as_str(),
        "ana@example.com",
        " ANA@example.com ",
        "+49 30 901820",
        "004930901820",
        "4930901820",
        "030 901820",
        "#1001",
        "1001",
        "35436",
        "@ana.b",
        "ana.b",
        "ana",
        "berg ana",
    ] {
        assert_eq!(names(&hub, query), ana, "{query:?}");
    }
    let mut bergs = names(&hub, "Berg");
    bergs.sort();
    assert_eq!(bergs, ["Ana Berg", "Ben Berg"]);
    // Claimed by one, proven by the other: the one it belongs to stands first.
    assert_eq!(names(&hub, "shared@example.com"), ["Ben Berg", "Ana Berg"]);
    for query in
        ["", "  ", "cus_", "ana ben", "nobody@example.com", "#", "1", "cus_00000000000000000000000000000000"]
    {
        assert_eq!(names(&hub, query), [""; 0], "{query:?}");
    }
    assert_eq!(find_customers(&hub.store, "berg", 1).unwrap().len(), 1);
    assert_eq!(find_customers(&hub.store, "berg", 0).unwrap(), []);
}

#[test]
fn the_list_of_customers_goes_on_where_it_stopped() {
    let hub = hub();
    let all = read::customers(&hub.store, None, 10).unwrap();
    assert_eq!(all.len(), 2);
    let first = read::customers(&hub.store, None, 1).unwrap();
    let second = read::customers(&hub.store, Some(first[0].id), 1).unwrap();
    assert_eq!([first, second].concat(), all);
    assert_eq!(read::customers(&hub.store, Some(all[1].id), 10).unwrap(), []);
}

#[test]
fn a_card_holds_everything_known_of_a_customer() {
    let hub = hub();
    let card = hub.card(node("ig", "igsid:9"));
    let summary = &card.summary;
    assert_eq!(summary.display_name.as_deref(), Some("Ana Berg"));
    assert_eq!(summary.emails, ["ana@example.com", "shared@example.com"]);
    assert_eq!(summary.phones, ["+4930901820"]);
    assert_eq!((summary.orders, summary.open_orders, summary.open_tickets), (1, 1, 1));
    assert_eq!(summary.loyalty_points, 120);
    assert_eq!(summary.last_contact_at, Some(at(30)), "a note among ourselves is no contact");
    assert_eq!(summary.accounts.len(), 4);

    let states: Vec<_> = card.consents.iter().map(|one| (one.state.as_str(), one.in_force)).collect();
    assert_eq!(states, [("denied", true), ("granted", false)]);
    assert_eq!(card.orders[0].parcels[0].tracking_numbers, ["00340"]);
    assert_eq!(card.orders[0].refunds[0].amount, Some(euros(1_000)));
    assert_eq!(card.orders[0].lines[0].quantity, "2");
    assert_eq!(card.tickets[0].subject.as_deref(), Some("Broken mug"));
    let ledger: Vec<_> =
        card.loyalty[0].ledger.iter().map(|entry| (entry.id.as_str(), entry.points)).collect();
    assert_eq!(ledger, [("e2", Some(-5)), ("e/1", Some(20))]);
    let suggested: Vec<_> = card
        .suggestions
        .iter()
        .map(|one| (one.display_name.as_deref(), one.signs[0].ours.as_str()))
        .collect();
    assert_eq!(suggested, [(Some("Ben Berg"), "shared@example.com")]);
    assert_eq!(read::customer(&hub.store, NodeId([0; 16])).unwrap(), None);
}

#[test]
fn a_card_prints_as_json_for_people() {
    let json = serde_json::to_value(hub().card(node("shop", "customer:1"))).unwrap();
    assert!(json["summary"]["id"].as_str().unwrap().starts_with("cus_"));
    assert_eq!(json["orders"][0]["placed_at"], "2026-05-04T09:10:00Z");
    assert_eq!(json["orders"][0]["total"], serde_json::json!({"minor": 12_900, "currency": "EUR"}));
    assert_eq!(json["links"][0]["state"], "links");
}

fn lines(hub: &Hub, query: &TimelineQuery) -> Vec<String> {
    let page = timeline(&hub.store, node("shop", "customer:1"), query).unwrap().unwrap();
    page.entries.into_iter().map(|entry| entry.summary).collect()
}

const LINES: [&str; 12] = [
    "answered a csat survey: bad",
    "note: call back",
    "wrote on instagram: where is my order?",
    "-5 points (accumulate)",
    "opened ticket 35436: Broken mug (open)",
    "+20 points (accumulate)",
    "refunded 10.00 EUR of order #1001",
    "consent to marketing by email: denied",
    "consent to marketing by email: granted",
    "order #1001 is on its way by DHL: 00340",
    "placed order #1001, 129.00 EUR (paid)",
    "joined the loyalty programme plus",
];

#[test]
fn one_timeline_over_all_accounts_newest_first() {
    let hub = hub();
    let all = TimelineQuery { limit: 100, ..TimelineQuery::default() };
    // What has no time yet stands at the beginning of time.
    assert_eq!(lines(&hub, &all), LINES);
    assert_eq!(timeline(&hub.store, NodeId([0; 16]), &all).unwrap(), None);

    let page = timeline(&hub.store, node("shop", "customer:1"), &all).unwrap().unwrap();
    let wrote = &page.entries[2];
    assert_eq!((wrote.at, wrote.kind, wrote.connection.as_str()), (at(30), SubjectKind::Interaction, "ig"));
    assert_eq!((wrote.channel.as_deref(), wrote.sentiment.as_deref()), (Some("instagram"), Some("negative")));
    assert_eq!(wrote.direction, Some(Direction::Inbound));
    assert_eq!(page.next, None);
    let json = serde_json::to_value(&page.entries[9]).unwrap();
    assert_eq!((&json["kind"], &json["id"]), (&"fulfilment".into(), &"p1".into()));
    assert_eq!(json["details"]["fulfilment"]["number"], "#1001");
    assert_eq!(json["details"]["fulfilment"]["turn"], "shipped");
}

#[test]
fn deliveries_are_listed_newest_first_and_filtered() {
    let hub = hub();
    let seqs = |query: DeliveryQuery| -> Vec<u64> {
        read::deliveries(&hub.store, &query).unwrap().iter().map(|one| one.seq).collect()
    };
    let all = seqs(DeliveryQuery { limit: 100, ..DeliveryQuery::default() });
    assert_eq!(all.len(), 11);
    assert!(all.is_sorted_by(|left, right| left > right));
    let after_first = DeliveryQuery { before: Some(all[0]), limit: 2, ..DeliveryQuery::default() };
    assert_eq!(seqs(after_first), all[1..3]);
    let desk = DeliveryQuery { connection: Some("desk".into()), limit: 100, ..DeliveryQuery::default() };
    assert_eq!(seqs(desk).len(), 3);
    let parked = DeliveryQuery { state: Some("parked".into()), limit: 100, ..DeliveryQuery::default() };
    assert_eq!(seqs(parked), [0; 0]);
    let one = read::delivery(&hub.store, all[0]).unwrap().unwrap();
    assert_eq!((one.state, one.events, one.bytes, one.report), ("processed", 1, 2, Some(all[0] + 1)));
}

#[test]
fn events_effects_and_decisions_lead_to_each_other() {
    let hub = hub();
    let owed = read::effects(&hub.store, &EffectQuery { limit: 10, ..EffectQuery::default() }).unwrap();
    assert_eq!(owed.len(), 1);
    assert_eq!((owed[0].state, owed[0].grade), ("planned", hub_rules::Grade::Keyed));
    let other_rule = EffectQuery { rule: Some("other".into()), limit: 10, state: None };
    assert_eq!(read::effects(&hub.store, &other_rule).unwrap(), []);

    let cause = read::event(&hub.store, owed[0].cause).unwrap().unwrap();
    assert_eq!((cause.name.as_str(), cause.account), ("order.created", Some(node("shop", "customer:1"))));
    let explained = read::why(&hub.store, "thanks", owed[0].cause).unwrap().unwrap().explain();
    assert!(explained.contains("order.total") && explained.contains(&owed[0].id.to_string()), "{explained}");
    assert_eq!(read::decisions(&hub.store, owed[0].cause).unwrap().len(), 1);
    assert_eq!(read::why(&hub.store, "thank", owed[0].cause).unwrap(), None);
    assert_eq!(read::event(&hub.store, EventId([0; 16])).unwrap(), None);
}

#[test]
fn counts_and_plugin_state() {
    let mut hub = hub();
    let counts = read::counts(&hub.store).unwrap();
    assert_eq!((counts.customers, counts.orders, counts.interactions, counts.tickets), (2, 1, 2, 1));
    assert_eq!((counts.deliveries, counts.deliveries_pending, counts.events), (11, 0, 11));
    assert_eq!((counts.effects, counts.effects_open), (1, 1));
    assert_eq!(read::merges(&hub.store).unwrap(), 3);

    let values = vec![("cursor".to_owned(), "9".to_owned())];
    hub.record(70, Record::PluginState(PluginState { connection: "club".into(), values }));
    assert_eq!(read::plugin_state(&hub.store, "club", "cursor").unwrap().as_deref(), Some("9"));
    assert_eq!(read::plugin_state(&hub.store, "shop", "cursor").unwrap(), None);
}

#[test]
fn what_was_taken_back_is_gone_from_the_timeline() {
    let mut hub = hub();
    let erased = event::Interaction { erased: true, ..interaction("m1") };
    hub.happens("ig", 80, "message.deleted", Payload::Interaction(erased));
    let card = serde_json::to_string(&hub.card(node("ig", "igsid:9"))).unwrap();
    let all = TimelineQuery { limit: 100, ..TimelineQuery::default() };
    let shown = lines(&hub, &all);
    assert_eq!(shown[2], "wrote on instagram, and took it back");
    assert!(!card.contains("where"), "{card}");
}

#[test]
fn ids_with_odd_characters_stay_apart() {
    let mut hub = Hub::new(&[]);
    let long = "x".repeat(2_000);
    for id in ["a\0b", "a", &long, &format!("{long}y")] {
        let placed = event::Order { buyer: Some(party(&["customer:1"])), ..order(id) };
        hub.happens("shop", 1, "order.created", Payload::Order(placed));
    }
    let mut ids: Vec<_> =
        hub.card(node("shop", "customer:1")).orders.into_iter().map(|order| order.id.len()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 3, 2_000, 2_001]);
    hub_fold::model_digest(&hub.store).unwrap();
}
