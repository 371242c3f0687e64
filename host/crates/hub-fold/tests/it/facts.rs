//! What is known, field by field, and who told it.

use hub_fold::read::{FactView, Facts, FactsOf, Provenance, facts, profile_facts, provenance};
use hub_fold::record::{Command, Record};
use hub_fold::row::{Subject, SubjectKind};
use hub_fold::{Fold, Sequenced};
use hub_model::event::{self, Fulfilment, Payload, Refund};
use hub_model::{EventId, NodeId};
use hub_store::{MemoryStore, Order, Range, Store, Table};
use serde_json::json;

use crate::support::days::days;
use crate::support::events::{
    at, customer, euros, event, interaction, level, loyalty_account, named, order, ticket,
};
use crate::support::{Hub, fold_into, journal, message, node, page, records, settings, told};

fn thing(kind: SubjectKind, connection: &str, id: &str) -> FactsOf {
    FactsOf::Thing(Subject { kind, connection: connection.into(), id: id.into() })
}

fn field<'a>(facts: &'a Facts, field: &str) -> &'a FactView {
    let found = facts.facts.iter().find(|fact| fact.field == field);
    found.unwrap_or_else(|| panic!("{field} is not among {:?}", facts.facts))
}

/// Who told a field of a thing, out of the journal.
fn who_told(
    store: &MemoryStore,
    journal: &[Sequenced],
    what: &FactsOf,
    fact: &FactView,
) -> Option<Provenance> {
    let settings = Fold::open(store).unwrap().settings();
    let record = journal.iter().find(|record| Some(record.seq) == fact.learned)?;
    provenance(&settings, what, fact, record)
}

#[test]
fn every_field_says_what_it_is_by_whom_and_when() {
    let placed = event::Order {
        number: Some("#1001".into()),
        buyer: Some(named(&["customer:1"], "Ana Berg")),
        total: Some(euros(900)),
        placed_at: Some(at(1)),
        ..order("501")
    };
    let parcel = |status: &str, minute| Fulfilment {
        id: "77".into(),
        status: Some(status.into()),
        carrier: None,
        tracking_numbers: vec!["00340".into()],
        tracking_urls: vec![],
        updated_at: Some(at(minute)),
    };
    let sent = event::Order { fulfilments: vec![parcel("in_transit", 5)], ..order("501") };
    let arrived = event::Order {
        fulfilments: vec![parcel("delivered", 8)],
        refunds: vec![Refund { id: "r1".into(), amount: Some(euros(100)), at: None }],
        tags_added: vec!["vip".into()],
        ..order("501")
    };
    let tellings = [
        told("shop", 2, vec![event("order.created", 1, Payload::Order(placed))]),
        // One record tells of two orders, and of one of them twice.
        told(
            "shop",
            10,
            vec![
                event("order.created", 7, Payload::Order(order("502"))),
                event("order.shipped", 5, Payload::Order(sent)),
                event("order.delivered", 8, Payload::Order(arrived)),
            ],
        ),
    ];
    let mut journal = journal(&settings(&[]), tellings[..1].iter());
    journal.push(page(&tellings[1], 4));
    let store = MemoryStore::new();
    fold_into(&store, &journal, &[2]);

    let what = thing(SubjectKind::Order, "shop", "501");
    let known = facts(&store, &what).unwrap().unwrap();
    assert_eq!(
        (known.kind, known.connection.as_str(), known.id.as_str()),
        (SubjectKind::Order, "shop", "501")
    );
    let names: Vec<&str> = known.facts.iter().map(|fact| fact.field.as_str()).collect();
    assert_eq!(
        names,
        [
            "number",
            "buyer",
            "total",
            "placed_at",
            "tags.changes.vip",
            "fulfilments.77.status",
            "fulfilments.77.tracking_numbers",
            "fulfilments.77.shipped_at",
            "fulfilments.77.delivered_at",
            "refunds.r1.amount",
        ]
    );
    let number = field(&known, "number");
    assert_eq!((&number.value, number.version, number.learned), (&json!("#1001"), Some(at(1).0), Some(3)));
    assert_eq!(field(&known, "total").value, json!({"minor": 900, "currency": "EUR"}));
    assert_eq!(field(&known, "buyer").value, json!(node("shop", "customer:1")));
    assert_eq!(field(&known, "placed_at").value, json!("2026-05-04T09:01:00Z"));
    let shipped = field(&known, "fulfilments.77.shipped_at");
    assert_eq!((shipped.version, shipped.learned), (None, Some(4)));

    let told_by = |name: &str| who_told(&store, &journal, &what, field(&known, name)).unwrap();
    assert_eq!(
        told_by("number"),
        Provenance {
            connection: "shop".into(),
            connector: "shop".into(),
            connector_version: "1.0.0".into(),
            object: hub_fold::read::SourceObject { kind: "order".into(), id: "501".into() },
            event: EventId::of("shop", "order.created", "order.created@1"),
            name: "order.created".into(),
            version: at(1).0,
            happened_at: at(1),
            learned_at: at(2),
            delivery: Some(2),
        }
    );
    let names = ["buyer", "fulfilments.77.shipped_at", "fulfilments.77.status", "refunds.r1.amount"];
    let names = names.map(|name| told_by(name).name);
    assert_eq!(names, ["order.created", "order.shipped", "order.delivered", "order.delivered"]);
    let status = told_by("fulfilments.77.status");
    assert_eq!((status.happened_at, status.learned_at, status.delivery), (at(8), at(10), None));

    // The profile is told by the order alone.
    let profiles = profile_facts(&store, node("shop", "customer:1")).unwrap().unwrap();
    let (account, profile) = &profiles[0];
    assert_eq!((profile.id.as_str(), &field(profile, "name").value), ("1", &json!("Ana Berg")));
    let named_by = who_told(&store, &journal, &FactsOf::Profile(*account), field(profile, "name")).unwrap();
    assert_eq!((named_by.object.kind.as_str(), named_by.object.id.as_str()), ("order", "501"));
}

/// Everything there is a question about in a view.
fn everything(store: &MemoryStore) -> Vec<FactsOf> {
    let mut all = vec![FactsOf::Stock {
        connection: "stock".into(),
        item: "i1".into(),
        location: "berlin".into(),
        state: "available".into(),
    }];
    for (_, row) in store.scan(Table::Timeline, Range::all(), Order::Ascending, usize::MAX).unwrap() {
        let subject: Subject = postcard::from_bytes(&row[1..]).unwrap();
        // Of these nothing is asked but of the thing they are part of.
        let parts = [
            SubjectKind::Fulfilment,
            SubjectKind::Refund,
            SubjectKind::Return,
            SubjectKind::LoyaltyEntry,
            SubjectKind::Consent,
        ];
        if !parts.contains(&subject.kind) {
            all.push(FactsOf::Thing(subject));
        }
    }
    for (id, _) in store.scan(Table::Profile, Range::all(), Order::Ascending, usize::MAX).unwrap() {
        all.push(FactsOf::Profile(NodeId(id.try_into().unwrap())));
    }
    all
}

#[test]
fn every_fact_of_a_small_shop_is_found_in_the_record_that_taught_it() {
    let mut days = days();
    days.reverse();
    let mut journal = journal(&settings(&[]), std::iter::empty());
    for (number, told) in days.iter().chain(&days).enumerate() {
        let seq = journal.len() as u64 + 1;
        match number % 3 {
            0 => journal.push(page(told, seq)),
            _ => journal.extend(records(told, seq)),
        }
    }
    let store = MemoryStore::new();
    fold_into(&store, &journal, &[4]);
    let (mut resolved, mut erased) = (0, 0);
    let mut kinds = std::collections::BTreeSet::new();
    for what in everything(&store) {
        let Some(known) = facts(&store, &what).unwrap() else {
            erased += 1;
            continue;
        };
        kinds.insert(known.kind);
        for fact in &known.facts {
            if fact.learned.is_none() {
                assert_eq!(fact.value, json!(true), "{fact:?}");
                continue;
            }
            let told_by = who_told(&store, &journal, &what, fact);
            assert!(told_by.is_some(), "{what:?} {fact:?}");
            resolved += 1;
        }
    }
    assert!(resolved > 60, "{resolved}");
    assert_eq!(erased, 1, "a message was taken back");
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}

#[test]
fn a_record_that_did_not_teach_a_fact_says_so() {
    let mut hub = Hub::new(&[]);
    let noted = |note: &str| Payload::Order(event::Order { note: Some(note.into()), ..order("1") });
    hub.happens("shop", 1, "order.updated", noted("ring"));
    let what = thing(SubjectKind::Order, "shop", "1");
    let known = facts(&hub.store, &what).unwrap().unwrap();
    let note = field(&known, "note");
    let settings = Fold::open(&hub.store).unwrap().settings();
    let record = |seq: u64, payload| {
        let told = told("shop", 1, vec![event("order.updated", 1, payload)]);
        let [_, report] = records(&told, seq - 1);
        report
    };
    let by = |record: &Sequenced| provenance(&settings, &what, note, record);
    assert!(by(&record(3, noted("ring"))).is_some());
    assert!(by(&record(5, noted("ring"))).is_none(), "another record");
    assert!(by(&record(3, noted("knock"))).is_none(), "another value");
    assert!(by(&record(3, Payload::Order(order("1")))).is_none(), "the field is not in it");
    let elsewhere = event::Order { note: Some("ring".into()), ..order("2") };
    assert!(by(&record(3, Payload::Order(elsewhere))).is_none(), "another thing");
    let command = Record::Command(Command::Redrive { delivery: 1 });
    assert!(by(&Sequenced { seq: 3, at: at(1), record: command }).is_none());
}

#[test]
fn what_is_forgotten_or_unheard_of_has_no_facts() {
    let mut hub = Hub::new(&[]);
    let who = || named(&["customer:1", "ana@example.com"], "Ana");
    let things = [
        Payload::Customer(customer(who())),
        Payload::Order(event::Order { buyer: Some(who()), note: Some("ring".into()), ..order("1") }),
        Payload::Checkout(event::Checkout { buyer: Some(who()), ..crate::support::events::checkout("2") }),
        Payload::Interaction(message("3", 1, "web", "in", &["customer:1"], "hello")),
        Payload::Ticket(event::Ticket {
            requester: Some(who()),
            subject: Some("help".into()),
            ..ticket("4")
        }),
        Payload::LoyaltyAccount(loyalty_account("5", who(), 7)),
        Payload::SurveyResponse(crate::support::events::survey("6", who(), "bad")),
    ];
    for (minute, payload) in (1_i64..).zip(things) {
        hub.happens("shop", minute, "any.name", payload);
    }
    hub.happens("shop", 9, "inventory.changed", Payload::InventoryLevel(level("a/b", "c", 3)));
    hub.happens(
        "shop",
        10,
        "message.deleted",
        Payload::Interaction(event::Interaction { erased: true, ..interaction("7") }),
    );
    let all = [
        (SubjectKind::Order, "1"),
        (SubjectKind::Checkout, "2"),
        (SubjectKind::Interaction, "3"),
        (SubjectKind::Ticket, "4"),
        (SubjectKind::LoyaltyAccount, "5"),
        (SubjectKind::Survey, "6"),
    ];
    let ana = node("shop", "customer:1");
    let of = |hub: &Hub, what: &FactsOf| facts(&hub.store, what).unwrap();
    for (kind, id) in all {
        assert!(of(&hub, &thing(kind, "shop", id)).is_some_and(|known| !known.facts.is_empty()), "{kind:?}");
    }
    assert!(of(&hub, &FactsOf::Profile(ana)).is_some());
    let stock = FactsOf::Stock {
        connection: "shop".into(),
        item: "a/b".into(),
        location: "c".into(),
        state: "available".into(),
    };
    assert_eq!(field(&of(&hub, &stock).unwrap(), "quantity").value, json!(3_000_000));
    assert_eq!(of(&hub, &thing(SubjectKind::Interaction, "shop", "7")), None, "taken back");
    assert_eq!(of(&hub, &thing(SubjectKind::Order, "shop", "9")), None);
    assert_eq!(of(&hub, &thing(SubjectKind::Refund, "shop", "1")), None);
    assert_eq!(of(&hub, &FactsOf::Profile(NodeId([7; 16]))), None);
    assert_eq!(profile_facts(&hub.store, NodeId([7; 16])).unwrap(), None);

    let (by, reason) = ("operator".into(), "asked by letter".into());
    hub.command(
        20,
        Command::Erase { account: ana, by, reason, at: at(20), deliveries: vec![], systems: vec![] },
    );
    for (kind, id) in all {
        assert_eq!(of(&hub, &thing(kind, "shop", id)), None, "{kind:?}");
    }
    assert_eq!(of(&hub, &FactsOf::Profile(ana)), None);
    assert!(of(&hub, &stock).is_some());
}
