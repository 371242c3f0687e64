//! Whatever is to be forgotten, in whatever order it is asked for and told: one model.

use hub_fold::model_digest;
use hub_model::event::{self, Payload};
use hub_store::MemoryStore;
use proptest::prelude::*;

use super::privacy::{RULE, asks, request};
use crate::support::days::days;
use crate::support::events::{
    at, checkout, customer, event, interaction, merge, named, party, survey, ticket,
};
use crate::support::{Told, fold_into, journal, page, records, settings, told};

/// Things to forget in the days of the small shop, of every sort.
pub(crate) fn forgettings() -> Vec<Told> {
    let deleted = |who: &[&str]| Payload::Customer(event::Customer { deleted: true, ..customer(party(who)) });
    let gone = event::Ticket { deleted: true, ..ticket("35436") };
    vec![
        asks("shop", 70, request("erase-customer", &["customer:1", "ana@example.com?"], &["502"])),
        asks("shop", 71, request("erase-customer", &["customer:3"], &[])),
        asks("desk", 72, request("erase-customer", &["ana@example.com?"], &[])),
        asks("desk", 73, request("erase-customer", &["user:78"], &[])),
        asks("ig", 74, request("erase-account", &[], &[])),
        asks("wa", 75, request("erase-customer", &["+4930901820?"], &[])),
        asks("shop", 76, request("erase-customer", &["customer:61"], &[])),
        told("shop", 77, vec![event("customer.deleted", 77, deleted(&["customer:1"]))]),
        told("desk", 78, vec![event("customer.deleted", 78, deleted(&["user:62"]))]),
        told("desk", 79, vec![event("ticket.deleted", 79, Payload::Ticket(gone))]),
        asks("shop", 80, request("erase-account", &[], &[])),
    ]
}

/// The days, with what only forgetting cares for: comments on tickets, and accounts one party names together.
pub(crate) fn fuller_days() -> Vec<Told> {
    let mut days = days();
    let comment = event::Interaction {
        customer: Some(party(&["user:77"])),
        ticket: Some("35436".into()),
        text: Some("it is broken".into()),
        sent_at: Some(at(12)),
        ..interaction("c1")
    };
    days.push(told("desk", 12, vec![event("note.added", 12, Payload::Interaction(comment))]));
    // Among agents, who do not say whose ticket it is; and a relative who was copied in.
    for (id, minute, who) in [("c2", 13, None), ("c3", 14, Some(party(&["user:80"])))] {
        let said = event::Interaction {
            customer: who,
            ticket: Some("35436".into()),
            text: Some("a cup of theirs".into()),
            sent_at: Some(at(minute)),
            ..interaction(id)
        };
        days.push(told("desk", minute, vec![event("note.added", minute, Payload::Interaction(said))]));
    }
    let cart = event::Checkout {
        order: Some("502".into()),
        url: Some("https://shop.example/cart".into()),
        ..checkout("c9")
    };
    days.push(told("shop", 15, vec![event("checkout.completed", 15, Payload::Checkout(cart))]));
    let both = customer(named(&["customer:2", "loyal:8", "two@example.com"], "Two Names"));
    days.push(told("shop", 13, vec![event("customer.updated", 13, Payload::Customer(both))]));
    let joined = merge("loyal:8", "loyal:9");
    days.push(told("shop", 14, vec![event("person.merged", 14, Payload::PersonMerge(joined))]));
    let answered = event::SurveyResponse {
        comment: Some("never again".into()),
        ..survey("s2", party(&["loyal:9"]), "1")
    };
    days.push(told("shop", 15, vec![event("survey.answered", 15, Payload::SurveyResponse(answered))]));
    days
}

fn digest(tellings: &[&Told], pages: &[bool], sizes: &[usize]) -> String {
    let store = MemoryStore::new();
    let mut journal = journal(&settings(&[RULE]), std::iter::empty());
    for (told, is_page) in tellings.iter().zip(pages.iter().cycle()) {
        let seq = journal.len() as u64 + 1;
        match is_page {
            true => journal.push(page(told, seq)),
            false => journal.extend(records(told, seq)),
        }
    }
    fold_into(&store, &journal, sizes);
    model_digest(&store).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn when_it_is_asked_for_does_not_matter(
        asked in prop::sample::subsequence((0..forgettings().len()).collect::<Vec<_>>(), 1..=4),
        (order, pages) in {
            let all = fuller_days().len() + 4;
            let order = Just((0..all).chain(0..all / 3).collect::<Vec<_>>()).prop_shuffle();
            (order, prop::collection::vec(any::<bool>(), 1..9))
        },
        sizes in prop::collection::vec(1_usize..9, 1..5),
    ) {
        let (days, forgettings) = (fuller_days(), forgettings());
        let story: Vec<&Told> = days.iter().chain(asked.iter().map(|one| &forgettings[*one])).collect();
        let expected = digest(&story, &[false], &[1]);
        let arrived: Vec<&Told> = order.iter().filter_map(|place| story.get(*place).copied()).collect();
        prop_assert_eq!(digest(&arrived, &pages, &sizes), expected);
    }
}
