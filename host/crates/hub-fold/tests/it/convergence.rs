//! The model is a function of what was told, not of the order it was told in; the view is a function of the journal, not
//! of how it was cut into batches or of the engine below.

use hub_fold::{model_digest, view_digest};
use hub_model::event::Payload;
use hub_store::{DiskStore, MemoryStore, SledOptions};
use proptest::prelude::*;

use crate::support::days::days;
use crate::support::events::{at, euros};
use crate::support::{Told, fold_into, journal, page, records, settings};

/// The same as pages of a stream where `is_page` says so.
fn digest_of_mixed<'a>(tellings: impl Iterator<Item = (&'a Told, bool)>, sizes: &[usize]) -> String {
    let store = MemoryStore::new();
    let mut journal = journal(&settings(&[RULE]), std::iter::empty());
    for (told, is_page) in tellings {
        let seq = journal.len() as u64 + 1;
        match is_page {
            true => journal.push(page(told, seq)),
            false => journal.extend(records(told, seq)),
        }
    }
    fold_into(&store, &journal, sizes);
    model_digest(&store).unwrap()
}

fn digest_of<'a>(tellings: impl Iterator<Item = &'a Told>, sizes: &[usize]) -> String {
    let store = MemoryStore::new();
    fold_into(&store, &journal(&settings(&[RULE]), tellings), sizes);
    model_digest(&store).unwrap()
}

/// Something for the rules to do meanwhile, which the model must not notice.
const RULE: &str = r#"
rule: greet
mode: on
on: order.created
when: always
then:
  - {id: tag, do: customer.add_tag, with: {tag: buyer}}
  - {id: ticket, do: desk.create_ticket, with: {subject: "{{order.number}}"}}
limits: {once_per: customer}
"#;

/// Every delivery at least once, some again, in any order.
fn arrivals() -> impl Strategy<Value = Vec<usize>> {
    let all = days().len();
    prop::collection::vec(0..all, 0..12)
        .prop_flat_map(move |again| Just((0..all).chain(again).collect::<Vec<_>>()).prop_shuffle())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_order_with_repeats_and_any_batching_gives_one_model(
        arrivals in arrivals(),
        sizes in prop::collection::vec(1_usize..9, 1..5),
    ) {
        let days = days();
        let expected = digest_of(days.iter(), &[1]);
        prop_assert_eq!(digest_of(arrivals.iter().map(|arrival| &days[*arrival]), &sizes), expected);
    }

    #[test]
    fn deliveries_and_pages_mixed_give_one_model(
        arrivals in arrivals(),
        pages in prop::collection::vec(any::<bool>(), 1..9),
        sizes in prop::collection::vec(1_usize..9, 1..5),
    ) {
        let days = days();
        let expected = digest_of(days.iter(), &[1]);
        let mixed = arrivals.iter().map(|arrival| &days[*arrival]).zip(pages.iter().copied().cycle());
        prop_assert_eq!(digest_of_mixed(mixed, &sizes), expected);
    }
}

#[test]
fn the_model_digest_misses_no_delivery() {
    let days = days();
    let whole = digest_of(days.iter(), &[8]);
    for left_out in 0..days.len() {
        let rest = days.iter().enumerate().filter(|(index, _)| *index != left_out).map(|(_, told)| told);
        assert_ne!(digest_of(rest, &[8]), whole, "{:?}", days[left_out]);
    }
}

#[test]
fn the_model_digest_sees_a_changed_field() {
    let whole = digest_of(days().iter(), &[8]);
    let check = |index: usize, change: &dyn Fn(&mut Payload)| {
        let mut changed = days();
        change(&mut changed[index].events[0].payload);
        assert_ne!(changed[index].events, days()[index].events, "the case changes something");
        assert_ne!(digest_of(changed.iter(), &[8]), whole, "{:?}", changed[index].events);
    };
    check(1, &|payload| match payload {
        Payload::Order(order) => order.total = Some(euros(12_901)),
        other => panic!("{other:?}"),
    });
    check(4, &|payload| match payload {
        Payload::Order(order) => order.refunds[0].amount = Some(euros(3_001)),
        other => panic!("{other:?}"),
    });
    check(19, &|payload| match payload {
        Payload::InventoryLevel(level) => level.quantity = Some(0),
        other => panic!("{other:?}"),
    });
    check(10, &|payload| match payload {
        Payload::Interaction(said) => said.sent_at = Some(at(19)),
        other => panic!("{other:?}"),
    });
    check(7, &|payload| match payload {
        Payload::Customer(customer) => customer.who.ids[1].proof = hub_model::event::Proof::Claimed,
        other => panic!("{other:?}"),
    });
}

#[test]
fn batches_and_engine_do_not_matter_to_the_whole_view() {
    let days = days();
    // Long enough for old keys to be forgotten on the way.
    let journal = journal(&settings(&[RULE]), days.iter().cycle().take(days.len() * 3));
    let digest = |sizes: &[usize]| {
        let store = MemoryStore::new();
        fold_into(&store, &journal, sizes);
        view_digest(&store).unwrap()
    };
    let one_by_one = digest(&[1]);
    assert_eq!(digest(&[7]), one_by_one);
    assert_eq!(digest(&[journal.len()]), one_by_one);

    let dir = tempfile::tempdir().unwrap();
    let sled = DiskStore::open(&dir.path().join("view"), &SledOptions::default()).unwrap();
    fold_into(&sled, &journal, &[16]);
    assert_eq!(view_digest(&sled).unwrap(), one_by_one);
    assert_ne!(digest(&[7]), {
        let store = MemoryStore::new();
        fold_into(&store, &journal[..journal.len() - 1], &[7]);
        view_digest(&store).unwrap()
    });
}
