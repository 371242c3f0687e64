//! The catalogue and its answers held together: every field rules may name is answered by some event that brings it.

#[path = "../../tests/support/events.rs"]
mod events;

use std::collections::{BTreeMap, BTreeSet};

use hub_model::event::{self, Author, Direction, Event, Payload};
use hub_model::identity::{KeyContext, Limits};
use hub_model::join::Told;
use hub_model::model::{Finding, Intent};
use hub_model::{EventId, Salt, Timestamp};
use hub_rules::{Band, Facts, FieldKind, Rate, Value};
use hub_store::MemoryStore;

use self::events::{
    at, checkout, consent, customer, euros, event, interaction, item, level, line, loyalty_account,
    loyalty_entry, merge, named, order, party, survey, ticket,
};
use super::EventFacts;
use crate::alarms::{self, RULE_SPIKING};
use crate::apply::{About, Applying};
use crate::band::Watch;
use crate::catalogue;
use crate::draft::Draft;
use crate::erase::Gone;
use crate::people::PeopleContext;
use crate::row::Forgotten;

fn parcel((id, status): (&str, &str)) -> event::Fulfilment {
    event::Fulfilment {
        id: id.into(),
        status: Some(status.into()),
        carrier: Some("DHL".into()),
        tracking_numbers: vec!["00340".into()],
        tracking_urls: vec!["https://dhl.example/00340".into()],
        updated_at: Some(at(4)),
    }
}

/// One event of each sort, each saying all it can, about one customer.
fn told() -> Vec<Event> {
    let who = || named(&["customer:1", "ana@example.com", "+4930901820"], "Ana Berg");
    let payloads = [
        (
            "customer.updated",
            Payload::Customer(event::Customer {
                locale: Some("de".into()),
                tags: Some(vec!["vip".into()]),
                ..customer(who())
            }),
        ),
        ("consent.changed", Payload::Consent(consent(party(&["customer:1"]), "granted"))),
        ("person.merged", Payload::PersonMerge(merge("customer:1", "customer:2"))),
        (
            "order.created",
            Payload::Order(event::Order {
                number: Some("#1001".into()),
                buyer: Some(who()),
                total: Some(euros(12_900)),
                financial_status: Some("paid".into()),
                fulfilment_status: Some("partial".into()),
                placed_at: Some(at(3)),
                tags: Some(vec!["rush".into()]),
                source: Some("web".into()),
                lines: Some(vec![event::OrderLine {
                    unit_price: Some(euros(950)),
                    title: Some("A mug".into()),
                    ..line("mug", 1)
                }]),
                fulfilments: [("f1", "in_transit"), ("f2", "delivered")].map(parcel).into(),
                refunds: vec![event::Refund { id: "r1".into(), amount: Some(euros(500)), at: Some(at(4)) }],
                ..order("501")
            }),
        ),
        (
            "checkout.created",
            Payload::Checkout(event::Checkout {
                buyer: Some(who()),
                total: Some(euros(900)),
                url: Some("https://shop.example/c1".into()),
                ..checkout("c1")
            }),
        ),
        (
            "message.received",
            Payload::Interaction(event::Interaction {
                channel: Some("instagram".into()),
                kind: Some("message".into()),
                direction: Some(Direction::Inbound),
                author: Some(Author::Customer),
                customer: Some(party(&["igsid:9", "@ana.b", "~abc", "ana@example.com"])),
                thread: Some("t1".into()),
                text: Some("hello".into()),
                ticket: Some("35436".into()),
                sent_at: Some(at(5)),
                ..interaction("m1")
            }),
        ),
        (
            "ticket.created",
            Payload::Ticket(event::Ticket {
                subject: Some("Broken mug".into()),
                status: Some("open".into()),
                priority: Some("high".into()),
                channel: Some("email".into()),
                requester: Some(who()),
                tags: Some(vec!["damage".into()]),
                ..ticket("35436")
            }),
        ),
        ("inventory.item_changed", Payload::InventoryItem(item("i1", "mug"))),
        (
            "inventory.changed",
            Payload::InventoryLevel(event::InventoryLevel {
                sku: Some("mug".into()),
                ..level("i1", "berlin", 7)
            }),
        ),
        (
            "loyalty.account_changed",
            Payload::LoyaltyAccount(event::LoyaltyAccount {
                tier: Some("gold".into()),
                ..loyalty_account("club/L1", who(), 120)
            }),
        ),
        ("loyalty.points_changed", Payload::LoyaltyEntry(loyalty_entry("club/L1", "e1", 20))),
        ("survey.answered", Payload::SurveyResponse(survey("s1", who(), "bad"))),
        (RULE_SPIKING, other(Vec::new())),
    ];
    (1_i64..).zip(payloads).map(|(minute, (name, payload))| event(name, minute, payload)).collect()
}

fn other(extra: event::Extra) -> Payload {
    Payload::Other(event::Other { topic: "hub".into(), extra })
}

/// A rule that has just acted too often.
fn spiking(draft: &mut Draft<'_>, at: Timestamp) -> About {
    let above = Some(Rate { count: 1, per_ns: 24 * 3_600 * 1_000_000_000 });
    let mut watch = Watch::new(Band { below: None, above }, at);
    (0..2).for_each(|_| watch.acted(at));
    assert_eq!(watch.look(at).len(), 1);
    alarms::keep_watch(draft, "thanks", watch);
    alarms::about("thanks")
}

/// What the catalogue's fields answer for each of these events, in this order.
fn answers(told: &[Event]) -> Vec<(&Event, BTreeMap<String, Value>)> {
    let fields = catalogue(["shop"].into_iter()).fields;
    let answer = |facts: &EventFacts<'_>| {
        fields.keys().filter_map(|field| facts.field(field).map(|value| (field.clone(), value))).collect()
    };
    told.iter().zip(asked(told, answer)).collect()
}

/// What comes of asking after each of these events, in this order.
fn asked<T>(told: &[Event], ask: impl Fn(&EventFacts<'_>) -> T) -> Vec<T> {
    let store = MemoryStore::new();
    let mut draft = Draft::new(&store);
    let finding = Finding {
        language: Some("en".into()),
        sentiment: "negative".into(),
        score: -60,
        intents: vec![Intent { name: "complaint".into(), confidence: 90, evidence: Vec::new() }],
        topic: Some("delivery".into()),
        confidence: Some(90),
        ..Finding::default()
    };
    let blocked = BTreeSet::new();
    let keys = KeyContext { connection: "shop", default_country: None, phones: None };
    let people = PeopleContext { keys, blocked: &blocked, limits: Limits::default(), salt: Salt::default() };
    told.iter()
        .map(|event| {
            let finding = Some(&finding).filter(|_| matches!(event.payload, Payload::Interaction(_)));
            let told = Told { version: event.version, learned: 1 };
            let mut applying = Applying {
                draft: &mut draft,
                connection: "shop",
                people,
                event,
                id: EventId([0; 16]),
                at: at(60),
                finding,
                told,
                gone: Gone::default(),
                forgotten: Forgotten::Nothing,
                forgetting: None,
            };
            let mut about = applying.apply().unwrap();
            if event.name == RULE_SPIKING {
                about = spiking(&mut draft, event.happened_at);
            }
            let facts = EventFacts::new(&draft, "shop", "shopify", event, &about);
            ask(&facts)
        })
        .collect()
}

#[test]
fn every_field_of_the_catalogue_is_answered() {
    let told = told();
    let answered: BTreeSet<String> =
        answers(&told).into_iter().flat_map(|(_, answers)| answers.into_keys()).collect();
    let named = catalogue(["shop"].into_iter()).fields.into_keys();
    // Those are of many contacts in a week: `tests/it/weekly.rs` has them.
    let named: BTreeSet<String> = named.filter(|field| !field.starts_with("kpi.")).collect();
    assert_eq!(answered, named);
}

#[test]
fn every_event_answers_something_of_all_it_brings() {
    let catalogue = catalogue(["shop"].into_iter());
    for (event, answers) in answers(&told()) {
        let spec = catalogue.events.get(&event.name).expect("the catalogue names the event");
        for root in &spec.provides {
            let is_answered = answers.keys().any(|field| field.split('.').next() == Some(root));
            assert!(is_answered, "{} says nothing of {root}", event.name);
        }
    }
}

#[test]
fn answers_have_the_kind_and_the_values_the_catalogue_promises() {
    let catalogue = catalogue(["shop"].into_iter());
    for (event, answers) in answers(&told()) {
        for (field, value) in answers {
            let spec = catalogue.fields.get(&field).unwrap();
            assert_eq!(value.kind(), spec.kind, "{field} of {}", event.name);
            if let (Value::Text(text), false) = (&value, spec.values.is_empty()) {
                assert!(spec.values.contains(text), "{field} of {}: {text}", event.name);
            }
            if let (Value::TextList(texts), false) = (&value, spec.values.is_empty()) {
                assert!(texts.iter().all(|text| spec.values.contains(text)), "{field}: {texts:?}");
            }
        }
    }
}

#[test]
fn every_field_of_every_list_is_answered_in_its_kind() {
    for (list, spec) in catalogue(["shop"].into_iter()).lists {
        let items = asked(&told(), |facts| facts.items(&list)).concat();
        let values = items.iter().flat_map(|item| &item.fields);
        let answered: BTreeMap<&String, FieldKind> =
            values.map(|(name, value)| (name, value.kind())).collect();
        let named: BTreeMap<&String, FieldKind> =
            spec.fields.iter().map(|(name, spec)| (name, spec.kind)).collect();
        assert_eq!(answered, named, "{list}");
    }
}

#[test]
fn what_was_before_is_kept_of_fields_there_are() {
    let catalogue = catalogue(["shop"].into_iter());
    for field in &catalogue.changing {
        assert!(catalogue.fields.contains_key(field), "{field}");
    }
}

#[test]
fn nothing_is_answered_that_the_catalogue_does_not_name() {
    let store = MemoryStore::new();
    let draft = Draft::new(&store);
    let event = &told()[3];
    let about = crate::apply::About::default();
    let facts = EventFacts::new(&draft, "shop", "shopify", event, &about);
    for field in
        ["", "order", "order.", "order.nothing", "nothing.id", "customer.id_at.", "customer.id_at.other"]
    {
        assert_eq!(facts.field(field), None, "{field:?}");
    }
    assert_eq!(facts.field("customer.is_known"), Some(Value::Boolean(false)));
    assert_eq!(facts.count("order.created", i64::MAX), 0);
}

#[test]
fn of_consents_those_in_force_are_named() {
    let said = |(minute, state)| {
        event("consent.changed", minute, Payload::Consent(consent(party(&["customer:1"]), state)))
    };
    let told = [(1, "granted"), (3, "withdrawn"), (2, "granted"), (4, "granted")].map(said);
    let marketing = Some(Value::TextList(vec!["email:marketing".to_owned()]));
    let nothing = Some(Value::TextList(Vec::new()));
    let expected = [marketing.clone(), nothing.clone(), nothing, marketing];
    assert_eq!(asked(&told, |facts| facts.field("customer.consents")), expected);
}
