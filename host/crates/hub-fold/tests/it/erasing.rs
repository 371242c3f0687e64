//! Taking the forgotten out of the journal: which events go, what is remembered in their place, and when it is done.

use hub_fold::read::deliveries_to_erase;
use hub_fold::record::{Command, Erased, Erasing, Outcome, Receipt, Record};
use hub_fold::{Verdict, is_erasure_owed, model_digest};
use hub_model::event::{self, Payload};
use hub_store::{Store, Table};

use crate::support::events::{
    at, checkout, customer, euros, event, interaction, loyalty_account, loyalty_entry, named, order, party,
    ticket,
};
use crate::support::rewriting::{folded, names_in, push, rewritten};
use crate::support::{Hub, Told, journal, message, node, settings, told};

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
    Record::Command(Command::Erase { account, by, reason, at: at(20), deliveries: vec![], systems: vec![] })
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

/// What says nothing of a person by itself, before and after what says whose it is.
#[test]
fn notes_carts_and_points_go_with_whose_they_are() {
    let said = |id: &str, who: Option<&str>, text: &str| event::Interaction {
        customer: who.map(|who| party(&[who])),
        ticket: Some("T1".into()),
        text: Some(text.into()),
        ..interaction(id)
    };
    let cart = event::Checkout { order: Some("501".into()), url: Some(SECRET.into()), ..checkout("c1") };
    let points = event::LoyaltyEntry { reason: Some(SECRET.into()), ..loyalty_entry("l1", "e1", 5) };
    let loose = [
        event("note.added", 1, Payload::Interaction(said("i1", None, SECRET))),
        event("checkout.completed", 2, Payload::Checkout(cart)),
        event("loyalty.earned", 3, Payload::LoyaltyEntry(points)),
    ];
    let opened = event::Ticket { requester: Some(party(&["customer:1"])), ..ticket("T1") };
    let relative = said("i2", Some("customer:2"), "Ben's words");
    let whose = [
        event("ticket.created", 4, Payload::Ticket(opened)),
        event("order.created", 5, bought("501", "customer:1", SECRET)),
        event(
            "loyalty.enrolled",
            6,
            Payload::LoyaltyAccount(loyalty_account("l1", party(&["customer:1"]), 5)),
        ),
        event("message.received", 7, Payload::Interaction(relative)),
    ];
    for first in [&loose[..], &whose[..]] {
        let rest = if first == loose { &whose[..] } else { &loose[..] };
        for asked in 0..=7 {
            let all: Vec<Told> =
                first.iter().chain(rest).map(|event| told("shop", 1, vec![event.clone()])).collect();
            let mut journal = journal(&settings(&[]), all.iter().take(asked));
            // So that there is somebody to ask for.
            let known = event("customer.created", 9, Payload::Customer(customer(party(&["customer:1"]))));
            let seq = journal.len() as u64 + 1;
            journal.extend(crate::support::records(&told("shop", 9, vec![known]), seq));
            push(&mut journal, 20, erase("customer:1"));
            for told in all.iter().skip(asked) {
                let seq = journal.len() as u64 + 1;
                journal.extend(crate::support::records(told, seq));
            }
            // Once more, when the records that said whose it was are gone.
            let mut journal = rewritten(journal);
            for event in &loose {
                let seq = journal.len() as u64 + 1;
                journal.extend(crate::support::records(&told("shop", 30, vec![event.clone()]), seq));
            }
            let journal = rewritten(journal);
            let left = |word: &str| {
                let holds = |bytes: &[u8]| bytes.windows(word.len()).any(|part| part == word.as_bytes());
                journal.iter().any(|record| holds(&record.record.encode()))
                    || !names_in(&folded(&journal), word).is_empty()
            };
            assert!(!left(SECRET), "{asked} {:?}", first[0].name);
            assert!(left("Ben's words"), "{asked} {:?}", first[0].name);
        }
    }
}

/// One that a connector has read without an event of the person: only a search finds that it names them.
#[test]
fn a_processed_delivery_can_be_named_as_well() {
    let mut journal = journal(&settings(&[]), [told("shop", 1, vec![])].iter());
    let Record::Delivery(delivery) = &mut journal[1].record else { panic!("a delivery") };
    delivery.body = SECRET.into();
    let Record::Command(Command::Erase { account, by, reason, at, systems, .. }) = erase("customer:1") else {
        panic!("a command");
    };
    push(
        &mut journal,
        20,
        Record::Command(Command::Erase { account, by, reason, at, deliveries: vec![2], systems }),
    );
    let journal = rewritten(journal);
    assert!(matches!(journal[1].record, Record::ErasedDelivery(_)));
    let delivery = hub_fold::read::delivery(&folded(&journal), 2).unwrap().unwrap();
    assert_eq!((delivery.state, delivery.erase, delivery.bytes), ("processed", true, SECRET.len() as u64));
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
