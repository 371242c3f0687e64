//! What operators did, in a chain that nobody changes unseen.

use hub_fold::record::{Command, Record, Settings};
use hub_fold::{Act, Fold, Sequenced, audit, verify_audit};
use hub_model::{NodeId, Timestamp};
use hub_store::{Batch, Before, Change, MemoryStore, Store, Table};

use crate::support::settings;

fn folded(records: Vec<Record>) -> MemoryStore {
    let store = MemoryStore::new();
    let mut fold = Fold::open(&store).unwrap();
    let records: Vec<Sequenced> = (1..)
        .zip(records)
        .map(|(seq, record)| Sequenced { seq, at: Timestamp(seq.cast_signed() * 10), record })
        .collect();
    fold.apply(&store, &records).unwrap();
    store
}

fn acts(store: &dyn Store) -> Vec<Act> {
    audit(store, None, 100).unwrap().into_iter().rev().map(|chained| chained.entry.act).collect()
}

fn some_acts() -> Vec<Record> {
    let erase = Command::Erase {
        account: NodeId([1; 16]),
        by: "ana".into(),
        reason: "request 17".into(),
        at: Timestamp(5),
        deliveries: vec![],
        systems: vec![],
    };
    vec![
        Record::Command(Command::Redrive { delivery: 9 }),
        Record::Command(erase),
        Record::Command(Command::Export { customer: NodeId([2; 16]), by: "ana".into() }),
    ]
}

fn overwritten(number: u64, with: u64) -> MemoryStore {
    let store = folded(some_acts());
    let row = store.get(Table::Audit, &with.to_be_bytes()).unwrap().unwrap();
    let change = Change::Put {
        table: Table::Audit,
        key: number.to_be_bytes().to_vec(),
        value: row,
        before: Before::Unknown,
    };
    store.commit(Batch { applied: 99, changes: vec![change] }).unwrap();
    store
}

#[test]
fn every_act_is_there_with_who_and_why() {
    let store = folded(some_acts());
    let entries = audit(&store, None, 100).unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|one| (one.entry.number, one.entry.record, one.entry.by.as_deref(), one.entry.reason.as_deref()))
        .collect();
    assert_eq!(
        told,
        [(3, 3, Some("ana"), None), (2, 2, Some("ana"), Some("request 17")), (1, 1, None, None)]
    );
    assert_eq!(audit(&store, Some(2), 100).unwrap(), entries[2..]);
}

#[test]
fn what_new_settings_change_is_told_one_by_one() {
    let rule = |name: &str, subject: &str| {
        format!(
            "rule: {name}\nmode: on\non: message.received\nwhen: always\nthen: [{{id: t, do: desk.create_ticket, with: {{subject: {subject}}}}}]\n"
        )
    };
    let mut before = settings(&[&rule("one", "hello"), &rule("two", "hello")]);
    before.connections.truncate(2);
    let mut now = before.clone();
    now.connections.remove(0);
    now.connections[0].reaches = vec!["support https://acme.example".into()];
    now.blocked_keys.push("nobody@shop.example".into());
    now.rules[0].1 = rule("one", "goodbye");
    now.rules.pop();
    let first = acts(&folded(vec![Record::Settings(Box::new(before.clone()))]));
    let all = acts(&folded(vec![
        Record::Settings(Box::new(before.clone())),
        Record::Settings(Box::new(now.clone())),
    ]));
    let Some(
        [
            granted,
            Act::Revoked { connection },
            Act::ChangedRule { file, before: Some(was), now: is },
            removed,
            limits,
        ],
    ) = all.get(first.len()..)
    else {
        panic!("{all:#?}")
    };
    let connection_now = &now.connections[0];
    let expected = Act::Granted {
        connection: connection_now.name.clone(),
        connector: connection_now.connector.clone(),
        reaches: connection_now.reaches.clone(),
    };
    assert_eq!((granted, connection, file), (&expected, &before.connections[0].name, &now.rules[0].0));
    assert_ne!(was, is);
    assert!(matches!(removed, Act::RemovedRule { file, .. } if *file == before.rules[1].0), "{removed:?}");
    assert_eq!(*limits, Act::ChangedIdentity { blocked_keys: 2 });
    assert_eq!(first.len(), 2 + 2 + 1, "two connections, two rules, the block list: {first:#?}");
}

#[test]
fn the_same_settings_again_are_no_act() {
    let same = || Record::Settings(Box::<Settings>::new(settings(&[])));
    let once = acts(&folded(vec![same()]));
    assert_eq!(acts(&folded(vec![same(), same()])), once);
}

#[test]
fn a_chain_that_was_not_touched_holds_and_knows_its_hashes() {
    let store = folded(some_acts());
    let verdict = verify_audit(&store, None).unwrap();
    assert_eq!((verdict.entries, verdict.broken_at), (3, None));
    let noted = &audit(&store, None, 100).unwrap()[1].hash;
    assert_eq!(verify_audit(&store, Some(noted)).unwrap().found, Some(2));
    assert_eq!(verify_audit(&store, Some("00")).unwrap().found, None);
}

#[test]
fn an_entry_put_in_or_taken_out_breaks_the_chain() {
    assert_eq!(verify_audit(&overwritten(2, 1), None).unwrap().broken_at, Some(2));
    assert_eq!(verify_audit(&overwritten(3, 2), None).unwrap().broken_at, Some(3));
    let store = folded(some_acts());
    let last = Change::Delete { table: Table::Audit, key: 3_u64.to_be_bytes().to_vec() };
    store.commit(Batch { applied: 99, changes: vec![last] }).unwrap();
    assert_eq!(verify_audit(&store, None).unwrap().broken_at, Some(3), "the last one is missed too");
}

#[test]
fn another_act_in_its_place_changes_every_hash_after_it() {
    let mut others = some_acts();
    others[0] = Record::Command(Command::Redrive { delivery: 8 });
    let heads = [some_acts(), others].map(|acts| verify_audit(&folded(acts), None).unwrap().head);
    assert_ne!(heads[0], heads[1]);
}
