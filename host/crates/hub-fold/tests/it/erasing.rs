//! Taking the forgotten out of the journal: which events go, what is remembered in their place, and when it is done.

use std::collections::BTreeSet;

use hub_fold::read::deliveries_to_erase;
use hub_fold::record::{Command, Erased, ErasedDelivery, Erasing, Outcome, Receipt, Record};
use hub_fold::{Fold, Sequenced, Sifted, Verdict, is_erasure_owed, model_digest, remembered, sift};
use hub_model::event::{self, Payload};
use hub_store::{MemoryStore, Order, Range, Store, Table};

use crate::support::events::{
    at, customer, euros, event, loyalty_account, loyalty_entry, named, order, party,
};
use crate::support::{Hub, Told, fold_into, journal, message, node, settings, told};

const SECRET: &str = "Secretname";

fn bought(id: &str, who: &str, name: &str) -> Payload {
    let buyer = Some(named(&[who], name));
    Payload::Order(event::Order { buyer, total: Some(euros(900)), note: Some(name.into()), ..order(id) })
}

/// Ana, who wants to be forgotten, and Ben in one delivery; then each alone.
fn days() -> Vec<Told> {
    let ana = || Payload::Customer(customer(named(&["customer:1", "ana@example.com"], SECRET)));
    let ben = || Payload::Customer(customer(named(&["customer:2", "ben@example.com"], "Ben")));
    let parcel = Payload::Order(event::Order { note: Some(SECRET.into()), ..order("501") });
    let club = Payload::LoyaltyAccount(loyalty_account("l1", party(&["customer:1"]), 5));
    vec![
        told("shop", 1, vec![event("customer.created", 1, ana()), event("customer.created", 2, ben())]),
        told("shop", 3, vec![event("order.created", 3, bought("501", "customer:1", SECRET))]),
        told("shop", 4, vec![event("order.created", 4, bought("502", "customer:2", "Ben"))]),
        told("shop", 5, vec![event("order.updated", 5, parcel)]),
        told("shop", 6, vec![event("loyalty.enrolled", 6, club)]),
        told(
            "shop",
            7,
            vec![event("loyalty.earned", 7, Payload::LoyaltyEntry(loyalty_entry("l1", "e1", 5)))],
        ),
    ]
}

fn erase(account: &str) -> Record {
    let (by, reason) = ("operator".into(), "asked by letter".into());
    let account = node("shop", account);
    Record::Command(Command::Erase { account, by, reason, at: at(20), deliveries: vec![] })
}

fn push(journal: &mut Vec<Sequenced>, minute: i64, record: Record) {
    let seq = journal.len() as u64 + 1;
    journal.push(Sequenced { seq, at: at(minute), record });
}

/// What the host does: remember, rewrite, write the receipt.
fn rewritten(mut journal: Vec<Sequenced>) -> Vec<Sequenced> {
    let store = MemoryStore::new();
    fold_into(&store, &journal, &[3]);
    let until = store.applied().unwrap();
    let settings = Fold::open(&store).unwrap().settings();
    let owed = deliveries_to_erase(&store, 100).unwrap();
    let mut all = Sifted::default();
    for one in &owed {
        let record = journal.iter_mut().find(|record| record.seq == one.report).unwrap();
        if let Record::Reported(reported) = &mut record.record {
            let sifted = sift(&store, &settings, record.seq, record.at, reported).unwrap();
            *reported = reported.clone().without(&sifted.gone);
            all.accounts.extend(sifted.accounts);
            all.things.extend(sifted.things);
        }
    }
    let bodies: BTreeSet<u64> = owed.iter().filter_map(|one| one.delivery).collect();
    for record in journal.iter_mut().filter(|record| bodies.contains(&record.seq)) {
        if let Record::Delivery(delivery) = &record.record {
            record.record = Record::ErasedDelivery(ErasedDelivery {
                connection: delivery.connection.clone(),
                connector: delivery.connector.clone(),
                topic: delivery.topic.clone(),
                dedupe: delivery.dedupe,
                bytes: delivery.body.len() as u64,
            });
        }
    }
    let stays = remembered(&store, &all, at(21)).unwrap();
    push(&mut journal, 21, Record::Erasing(Erasing::Remember(stays)));
    let records = owed.iter().map(|one| one.report).collect();
    push(&mut journal, 21, Record::Erasing(Erasing::Done(Erased { until, records, ..Erased::default() })));
    journal
}

fn folded(journal: &[Sequenced]) -> MemoryStore {
    let store = MemoryStore::new();
    fold_into(&store, journal, &[4]);
    store
}

fn names_in(store: &MemoryStore, word: &str) -> Vec<&'static str> {
    let holds = |table: &&Table| {
        let rows = store.scan(**table, Range::all(), Order::Ascending, usize::MAX).unwrap();
        rows.iter().any(|(key, row)| {
            [key, row].iter().any(|bytes| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
        })
    };
    Table::ALL.iter().filter(holds).map(|table| table.name()).collect()
}

#[test]
fn nothing_of_the_forgotten_is_left_and_all_of_the_others() {
    let mut all = journal(&settings(&[]), days().iter());
    push(&mut all, 20, erase("customer:1"));
    let journal = rewritten(all);
    for record in journal.iter().skip(1) {
        let text = format!("{:?}", record.record);
        let found = [SECRET, "ana@example.com", "\"501\""].map(|word| text.contains(word));
        assert_eq!(found, [false; 3], "{text}");
    }
    let store = folded(&journal);
    assert!(!is_erasure_owed(&store).unwrap(), "the receipt says it is done");
    assert!(names_in(&store, "ana@example.com").is_empty());
    assert_eq!(names_in(&store, "501"), Vec::<&str>::new());
    let ben = hub_fold::read::customer(&store, node("shop", "customer:2")).unwrap().unwrap();
    assert_eq!((ben.summary.display_name.as_deref(), ben.summary.orders), (Some("Ben"), 1));
}

#[test]
fn tombstones_stand_for_the_events_that_are_gone() {
    let mut all = journal(&settings(&[]), days().iter());
    push(&mut all, 20, erase("customer:1"));
    let mut journal = rewritten(all);
    // Everything once more, whoever it is of, and news of the order that name nobody.
    for again in days() {
        let seq = journal.len() as u64 + 1;
        journal.extend(crate::support::records(&again, seq));
    }
    let parcel = Payload::Order(event::Order { note: Some(SECRET.into()), ..order("501") });
    let news = told("shop", 30, vec![event("order.updated", 30, parcel)]);
    let seq = journal.len() as u64 + 1;
    journal.extend(crate::support::records(&news, seq));
    let store = folded(&journal);
    assert!(names_in(&store, "ana@example.com").is_empty(), "{:?}", names_in(&store, "ana@example.com"));
    let order = store.get(Table::Order, b"shop\x00501").unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&order).contains(SECRET));
    assert!(is_erasure_owed(&store).unwrap(), "what came again is to be removed again");
    let journal = rewritten(journal);
    let store = folded(&journal);
    assert!(!is_erasure_owed(&store).unwrap());
    assert!(names_in(&store, "501").is_empty(), "{:?}", names_in(&store, "501"));
}

#[test]
fn rewriting_twice_is_rewriting_once() {
    let mut all = journal(&settings(&[]), days().iter());
    push(&mut all, 20, erase("customer:1"));
    let once = rewritten(all);
    let twice = rewritten(once.clone());
    assert_eq!(model_digest(&folded(&once)).unwrap(), model_digest(&folded(&twice)).unwrap());
}

#[test]
fn what_is_asked_for_later_is_not_struck_out() {
    let mut journal = journal(&settings(&[]), days().iter());
    push(&mut journal, 20, erase("customer:1"));
    let until = journal.len() as u64;
    push(&mut journal, 21, erase("customer:2"));
    // The receipt of a pass that began before Ben asked; both stand in the first report.
    let done = Erased { until, records: vec![3], ..Erased::default() };
    push(&mut journal, 22, Record::Erasing(Erasing::Done(done)));
    let owed = deliveries_to_erase(&folded(&journal), 100).unwrap();
    assert!(owed.iter().any(|one| one.report == 3), "{owed:?}");
}

#[test]
fn what_a_provider_said_of_an_effect_goes_too() {
    let mut hub = Hub::new(&[super::privacy::RULE]);
    let said = event::Interaction {
        text: Some("secret words".into()),
        ..message("m1", 1, "chat", "in", &["customer:1"], "")
    };
    let happened = hub.happens("shop", 1, "message.received", Payload::Interaction(said));
    let decisions = hub_fold::read::decisions(&hub.store, happened).unwrap();
    let effects = decisions.iter().filter_map(|decision| match &decision.verdict {
        Verdict::Fired { effects } => Some(effects.clone()),
        _ => None,
    });
    let effect = effects.flatten().next().unwrap();
    let refused = |outcome| Record::Receipt(Receipt { effect, number: 1, outcome });
    hub.record(2, refused(Outcome::Parked { reason: format!("{SECRET} is blocked") }));
    let receipt = hub.seq;
    hub.record(3, erase("customer:1"));
    let is_owed = |hub: &Hub, seq: u64| {
        deliveries_to_erase(&hub.store, 100).unwrap().iter().any(|owed| owed.report == seq)
    };
    assert!(is_owed(&hub, receipt));
    hub.record(4, refused(Outcome::Unknown { reason: SECRET.into() }));
    assert!(is_owed(&hub, hub.seq), "what is said afterwards as well");
}
