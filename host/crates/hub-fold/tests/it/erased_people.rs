//! Two hundred people of a made-up town are forgotten: no record and no row has anything of theirs left, in whatever form
//! it was written, and of everybody else all is as it was. Whatever a person says or is called has their own word in it,
//! which nobody else's data has.

mod life;
mod scan;
mod town;

use std::collections::{BTreeMap, BTreeSet};

use hub_fold::read::{self, CustomerCard, TimelineQuery, deliveries_to_erase, delivery};
use hub_fold::record::{Attempt, Command, Outcome, Receipt, Record};
use hub_fold::{
    ActiveSettings, ErasureState, Sequenced, asked_erasures, effects_due, is_erasure_owed, systems_of,
};
use hub_model::NodeId;
use hub_store::{MemoryStore, Order, Range, Store, Table};

use crate::support::events::at;
use crate::support::fold_into;
use crate::support::rewriting::{push, rewritten};
use crate::systems::erasing_settings;
use life::Person;
use scan::Scan;
use town::Town;

const PEOPLE: usize = 240;
const ERASED: usize = 200;
/// So many of them are forgotten because their providers ask for it, the others because an operator does.
const ASKED_BY_PROVIDERS: usize = 20;

/// A rule that sees what is said and puts it into what it sends.
const RULE: &str = "rule: see\nmode: on\non: message.received\n\
                    when: {any: [{field: interaction.text, contains: word}, {field: customer.is_known, is: true}]}\n\
                    then:\n  - {id: ticket, do: desk.create_ticket, with: {subject: \"{{interaction.text}}\"}}\n  \
                    - {id: tag, do: customer.add_tag, with: {tag: wrote}}\n  \
                    - {id: quote, do: customer.add_tag, with: {tag: \"{{interaction.text}}\"}}\n  \
                    - {id: untag, do: customer.remove_tag, with: {tag: \"{{interaction.text}}!\"}}\n  \
                    - {id: note, do: customer.note, with: {text: \"Said: {{interaction.text}}\"}}\n  \
                    - {id: said, do: customer.set_attribute, with: {name: said, value: \"{{interaction.text}}\"}}\n  \
                    - {id: later, do: customer.follow_up, with: {text: \"{{interaction.text}}\", in: 48h}}\n  \
                    - {id: queue, do: conversation.assign, with: {to: \"{{interaction.text}}\"}}";

fn view(journal: &[Sequenced]) -> MemoryStore {
    let store = MemoryStore::new();
    fold_into(&store, journal, &[16]);
    store
}

/// The rows of everybody in `people`: those in which a word of theirs stands. Where an event stands in its record is left
/// out: others' may have stood before it.
fn rows_of(store: &MemoryStore, scan: &Scan) -> BTreeMap<(&'static str, Vec<u8>), Vec<u8>> {
    let mut rows = BTreeMap::new();
    for table in Table::ALL.iter().filter(|table| **table != Table::Event) {
        for (key, row) in store.scan(*table, Range::all(), Order::Ascending, usize::MAX).unwrap() {
            if scan.finds(&key) || scan.finds(&row) {
                rows.insert((table.name(), key), row);
            }
        }
    }
    rows
}

/// A person as people see them, but for what is said of the phones they share.
fn seen(store: &MemoryStore, person: &Person) -> (CustomerCard, String) {
    let mut card = read::customer(store, person.account()).unwrap().expect("a customer");
    card.links.retain(|link| !person.shares(&link.value));
    card.suggestions.clear();
    let query = TimelineQuery { limit: 500, ..TimelineQuery::default() };
    let timeline = read::timeline(store, person.account(), &query).unwrap().expect("a customer");
    (card, serde_json::to_string(&timeline).unwrap())
}

/// Where something of these people is found.
fn left(journal: &[Sequenced], store: &MemoryStore, scan: &Scan) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for record in journal {
        if scan.finds(&record.record.encode()) {
            found.insert(format!("record of kind {}", record.record.kind()));
        }
    }
    found.extend(rows_of(store, scan).into_keys().map(|(table, _)| format!("table {table}")));
    let events = store.scan(Table::Event, Range::all(), Order::Ascending, usize::MAX).unwrap();
    if events.iter().any(|(key, row)| scan.finds(key) || scan.finds(row)) {
        found.insert("table event".to_owned());
    }
    found
}

/// Operators' commands for whoever no provider asks for.
fn ask(journal: &mut Vec<Sequenced>, store: &MemoryStore, person: &Person, mut parked: Vec<u64>) {
    let settings = ActiveSettings::new(&hub_fold::settings(store).unwrap().unwrap()).unwrap();
    let systems = systems_of(store, &settings, person.account()).unwrap().expect("a customer");
    for account in systems.iter().map(|one| one.account).collect::<BTreeSet<NodeId>>() {
        let command = Command::Erase {
            account,
            by: "mia".into(),
            reason: "asked by letter".into(),
            at: at(90_000),
            // The first takes them with it.
            deliveries: std::mem::take(&mut parked),
            systems: systems.iter().filter(|one| one.account == account).cloned().collect(),
        };
        push(journal, 90_000, Record::Command(command));
    }
}

/// Every system answers, each in its way; those that will not are closed by hand.
fn answer(journal: &mut Vec<Sequenced>, store: &MemoryStore) {
    let due = effects_due(store, 10_000).unwrap().into_iter().map(|(_, effect)| effect);
    let rows = due.map(|effect| (effect, hub_fold::effect(store, effect).unwrap().unwrap()));
    for (number, (effect, row)) in rows.filter(|(_, row)| row.action == "erase-person").enumerate() {
        let id = &row.arguments[0].1;
        push(journal, 90_010, Record::Attempt(Attempt { effect, number: 1 }));
        let reference = |text: String| Outcome::Confirmed { reference: Some(text), already_done: false };
        let outcome = match number % 4 {
            0 => reference(format!("erasure-{number}")),
            1 => reference(format!("https://desk.example/users/{id}")),
            2 => Outcome::Parked { reason: format!("{id} has an open order") },
            _ => Outcome::RetryAt { at: at(90_020), reason: format!("{id} is locked"), uncertain: true },
        };
        push(journal, 90_010, Record::Receipt(Receipt { effect, number: 1, outcome }));
        if number % 4 == 3 {
            push(journal, 90_020, Record::Attempt(Attempt { effect, number: 2 }));
            let outcome = Outcome::Confirmed { reference: None, already_done: true };
            push(journal, 90_020, Record::Receipt(Receipt { effect, number: 2, outcome }));
        }
    }
    let answered = view(journal);
    let asked = asked_erasures(&answered).unwrap();
    for one in asked.iter().flat_map(|asked| &asked.systems).filter(|one| one.is_open()) {
        assert!(matches!(one.state, ErasureState::Parked { .. } | ErasureState::ByHand), "{one:?}");
        let (by, reason) = ("tom".into(), "done by hand".into());
        let close = Command::CloseErasure { effect: one.effect, by, reason, at: at(90_030) };
        push(journal, 90_030, Record::Command(close));
    }
}

#[test]
fn nothing_of_the_forgotten_is_left_and_everybody_else_is_as_they_were() {
    let town = Town::new(2_026, PEOPLE);
    let (gone, stay) = town.people.split_at(ERASED);
    let (of_gone, of_stay) = (Scan::of(gone), Scan::of(stay));
    let mut journal = town.journal(&erasing_settings(&[RULE]));
    let before = view(&journal);
    let known: Vec<_> = stay.iter().map(|person| seen(&before, person)).collect();
    let rows = rows_of(&before, &of_stay);
    for table in [
        "profile",
        "order",
        "checkout",
        "interaction",
        "conversation",
        "ticket",
        "survey",
        "annotation",
        "follow_up",
    ] {
        assert!(rows.keys().any(|(name, _)| *name == table), "{table}");
    }
    for person in town.people.iter().step_by(PEOPLE / 5) {
        let scan = Scan::of(std::slice::from_ref(person));
        assert!(left(&journal, &before, &scan).len() > 10, "{person:?} is everywhere");
    }

    // Asked for.
    for person in gone.iter().take(ASKED_BY_PROVIDERS) {
        town.provider_asks(&mut journal, person);
    }
    for person in gone.iter().skip(ASKED_BY_PROVIDERS) {
        let parked = town.parked(&journal, person);
        ask(&mut journal, &before, person, parked);
    }
    let mut journal = rewritten(journal);
    let asked = view(&journal);
    assert_eq!(deliveries_to_erase(&asked, 9).unwrap(), []);
    assert!(!left(&journal, &asked, &of_gone).is_empty(), "systems are still to be asked with their ids");

    // Systems answer, and meanwhile providers repeat themselves.
    answer(&mut journal, &asked);
    town.tell_again(&mut journal);
    let effects = rows_of(&view(&journal), &of_gone).into_keys().filter(|(table, _)| *table == "effect");
    assert_eq!(effects.count(), 0, "no rule sends what it finds in a repetition");
    let journal = rewritten(journal);
    let after = view(&journal);
    assert_eq!(left(&journal, &after, &of_gone), BTreeSet::new());
    assert!(!is_erasure_owed(&after).unwrap());

    // Everybody else.
    let rows_after = rows_of(&after, &of_stay);
    assert_eq!(rows_after.len(), rows.len());
    for ((table, key), row) in &rows {
        assert_eq!(
            rows_after.get(&(table, key.clone())),
            Some(row),
            "a row of {table} that is nobody's else"
        );
    }
    for (person, known) in stay.iter().zip(known) {
        assert_eq!(seen(&after, person), known);
    }
    for seq in 1..=before.applied().unwrap() {
        let now = delivery(&after, seq).unwrap();
        if now.as_ref().is_some_and(|delivery| !delivery.erase) {
            assert_eq!(now, delivery(&before, seq).unwrap());
        }
    }
}
