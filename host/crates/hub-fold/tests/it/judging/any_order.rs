//! People's words in any order, and any two customers merged and parted.

use std::collections::BTreeSet;

use hub_fold::record::{Command, Record};
use hub_fold::{Sequenced, model_digest};
use hub_model::NodeId;
use hub_model::event::Payload;
use hub_model::identity::Judgement;
use hub_store::MemoryStore;
use proptest::prelude::*;

use super::{derived, merge_people, split_off};
use crate::support::days::days;
use crate::support::events::{at, customer, party};
use crate::support::{Hub, Told, fold_into, journal, node, records, settings};

/// What happens to a hub: deliveries and people's words.
#[derive(Clone, Debug)]
enum Step {
    Tell(Told),
    Judge(Command),
}

/// What people say of the customers of a small shop, some of it twice and against each other.
pub(crate) fn words() -> Vec<Command> {
    let (one, two, three) =
        (node("shop", "customer:1"), node("shop", "customer:2"), node("shop", "customer:3"));
    let (desk, ig, wa) = (node("desk", "user:77"), node("ig", "igsid:9"), node("wa", "wa-id:4930901820"));
    let guest = node("shop", "guest-order:502");
    type Pair = (NodeId, NodeId, Judgement);
    let words: [(i64, &str, &[Pair]); 8] = [
        (1, "mia", &[(one, two, Judgement::Same), (desk, wa, Judgement::Apart)]),
        (2, "tom", &[(two, one, Judgement::Apart), (two, desk, Judgement::Apart)]),
        (3, "mia", &[(desk, wa, Judgement::Open)]),
        (4, "tom", &[(ig, one, Judgement::Same)]),
        (4, "mia", &[(one, ig, Judgement::Same), (guest, ig, Judgement::Apart)]),
        (5, "tom", &[(guest, one, Judgement::Same), (ig, guest, Judgement::Same)]),
        (6, "mia", &[(three, one, Judgement::Apart), (three, wa, Judgement::Apart)]),
        (7, "tom", &[(NodeId([7; 16]), one, Judgement::Same), (NodeId([7; 16]), two, Judgement::Same)]),
    ];
    let words = words.into_iter().map(|(when, by, pairs)| Command::Judge {
        pairs: pairs.to_vec(),
        by: by.into(),
        reason: "r".into(),
        at: at(when),
    });
    words.collect()
}

fn steps() -> Vec<Step> {
    days().into_iter().map(Step::Tell).chain(words().into_iter().map(Step::Judge)).collect()
}

fn digest_of<'a>(steps: impl Iterator<Item = &'a Step>, sizes: &[usize]) -> String {
    let store = MemoryStore::new();
    let mut journal = journal(&settings(&[]), std::iter::empty());
    for step in steps {
        let seq = journal.len() as u64 + 1;
        match step {
            Step::Tell(told) => journal.extend(records(told, seq)),
            Step::Judge(command) => {
                journal.push(Sequenced { seq, at: at(0), record: Record::Command(command.clone()) });
            }
        }
    }
    fold_into(&store, &journal, sizes);
    model_digest(&store).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn reports_and_peoples_words_in_any_order_come_to_one_model(
        arrivals in {
            let all = steps().len();
            prop::collection::vec(0..all, 0..12)
                .prop_flat_map(move |again| Just((0..all).chain(again).collect::<Vec<_>>()).prop_shuffle())
        },
        sizes in prop::collection::vec(1_usize..9, 1..5),
    ) {
        let steps = steps();
        let expected = digest_of(steps.iter(), &[1]);
        prop_assert_eq!(digest_of(arrivals.iter().map(|arrival| &steps[*arrival]), &sizes), expected);
    }

    /// Any two of a few dozen customers, merged and parted again: both are as they were, and so is everybody else.
    #[test]
    fn un_merge_restores_whomever_it_was(
        accounts in prop::collection::vec((0_usize..4, 0_u8..4, 0_u8..6), 2..16),
        pick in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let mut hub = Hub::new(&[]);
        for (minute, (connection, account, mail)) in (1_i64..).zip(&accounts) {
            let keys = [format!("customer:{account}"), format!("m{mail}@example.com")];
            let who = party(&[&keys[0], &keys[1]]);
            hub.happens(["shop", "desk", "wa", "club"][*connection], minute, "customer.updated", Payload::Customer(customer(who)));
        }
        let people = hub_fold::read::customers(&hub.store, None, 1_000).unwrap();
        let left = pick.0.get(&people).id;
        let others: Vec<NodeId> = people.iter().map(|one| one.id).filter(|id| *id != left).collect();
        if others.is_empty() {
            return Ok(());
        }
        let right = *pick.1.get(&others);
        let before: Vec<String> = people.iter().map(|one| derived(&hub, one.id)).collect();
        let accounts_of = |hub: &Hub, id| -> Vec<NodeId> {
            let accounts = hub.card(id).summary.accounts.into_iter();
            accounts.map(|one| node(&one.connection, &format!("{}:{}", one.object, one.id))).collect()
        };
        let rights = accounts_of(&hub, right);
        let lefts = accounts_of(&hub, left);
        merge_people(&mut hub, 100, left, right);
        let merged: BTreeSet<NodeId> = accounts_of(&hub, left).into_iter().collect();
        prop_assert_eq!(&merged, &lefts.iter().chain(&rights).copied().collect::<BTreeSet<_>>());
        split_off(&mut hub, 101, left, &rights);
        let after: Vec<String> = people.iter().map(|one| derived(&hub, one.id)).collect();
        prop_assert_eq!(after, before);
    }
}
