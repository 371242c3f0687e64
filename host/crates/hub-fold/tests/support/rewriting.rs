//! What the host does with a journal that holds what is to be forgotten, and how to look for what is left.

use std::collections::BTreeSet;

use hub_fold::read::deliveries_to_erase;
use hub_fold::record::{Erased, Erasing, Polled, Receipt, Record};
use hub_fold::{Fold, Sequenced, Sifted, remembered, sift, sift_command};
use hub_store::{MemoryStore, Order, Range, Store, Table};

use super::events::at;
use super::fold_into;

/// Rows of one pass. More than any test has.
const OWED_MAX: usize = 100_000;

pub(crate) fn push(journal: &mut Vec<Sequenced>, minute: i64, record: Record) {
    let seq = journal.len() as u64 + 1;
    journal.push(Sequenced { seq, at: at(minute), record });
}

pub(crate) fn folded(journal: &[Sequenced]) -> MemoryStore {
    let store = MemoryStore::new();
    fold_into(&store, journal, &[4]);
    store
}

/// One pass: what has to be remembered, the records written anew, and the receipt.
pub(crate) fn rewritten(mut journal: Vec<Sequenced>) -> Vec<Sequenced> {
    let store = MemoryStore::new();
    fold_into(&store, &journal, &[3]);
    let until = store.applied().unwrap();
    let settings = Fold::open(&store).unwrap().settings();
    let owed = deliveries_to_erase(&store, OWED_MAX).unwrap();
    let mut all = Sifted::default();
    let numbers: BTreeSet<u64> =
        owed.iter().flat_map(|one| [Some(one.report), one.delivery]).flatten().collect();
    for number in numbers {
        let Sequenced { seq, at, record } = &mut journal[usize::try_from(number).unwrap() - 1];
        assert_eq!(*seq, number);
        *record = match record.clone() {
            Record::Delivery(delivery) => Record::ErasedDelivery(delivery.without_content()),
            Record::Reported(reported) => {
                let sifted = sift(&store, &settings, number, *at, &reported).unwrap();
                let reported = reported.without(&sifted.gone);
                all.accounts.extend(sifted.accounts);
                all.things.extend(sifted.things);
                Record::Reported(reported)
            }
            Record::Polled(page) => {
                let sifted = sift(&store, &settings, number, *at, &page.reported).unwrap();
                let reported = page.reported.without(&sifted.gone);
                all.accounts.extend(sifted.accounts);
                all.things.extend(sifted.things);
                Record::Polled(Polled { reported, ..page })
            }
            Record::Receipt(receipt) => {
                Record::Receipt(Receipt { outcome: receipt.outcome.without_words(), ..receipt })
            }
            Record::Command(command) => {
                Record::Command(sift_command(&store, number, &command).unwrap().unwrap_or(command))
            }
            other => other,
        };
    }
    let stays = remembered(&store, &all, at(21)).unwrap();
    push(&mut journal, 21, Record::Erasing(Erasing::Remember(stays)));
    let records = owed.iter().map(|one| one.report).collect();
    push(&mut journal, 21, Record::Erasing(Erasing::Done(Erased { until, records, ..Erased::default() })));
    journal
}

/// The tables in which a word stands.
pub(crate) fn names_in(store: &MemoryStore, word: &str) -> Vec<&'static str> {
    let holds = |table: &&Table| {
        let rows = store.scan(**table, Range::all(), Order::Ascending, usize::MAX).unwrap();
        rows.iter().any(|(key, row)| {
            [key, row].iter().any(|bytes| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
        })
    };
    Table::ALL.iter().filter(holds).map(|table| table.name()).collect()
}
