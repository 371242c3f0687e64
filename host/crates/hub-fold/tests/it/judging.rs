//! People's words on who is who: merge, un-merge, why, and suggestions to take or refuse.

pub(crate) mod any_order;

use std::collections::BTreeSet;

use hub_fold::read::{
    Because, CustomerCard, LinkWhy, Obstacle, SignKind, TimelineQuery, suggestions, suggestions_all,
    timeline, why_linked, why_pair,
};
use hub_fold::record::Command;
use hub_fold::{PlanError, plan_merge, plan_reject, plan_unmerge};
use hub_model::NodeId;
use hub_model::event::{self, Payload};
use hub_model::identity::{Judgement, Limits};

use crate::support::events::{at, customer, interaction, merge, named, order, party, ticket};
use crate::support::{Hub, node, settings};

/// Two people of two systems each: Ana of shop and desk, Ben of shop and WhatsApp, with an order, a ticket and a message.
fn ana_and_ben() -> Hub {
    let mut hub = Hub::new(&[]);
    let told: [(&'static str, &str, Payload); 7] = [
        (
            "shop",
            "customer.created",
            Payload::Customer(customer(named(&["customer:1", "ana@example.com"], "Ana Berg"))),
        ),
        (
            "desk",
            "customer.created",
            Payload::Customer(customer(named(&["user:2", "Ana@Example.com"], "Ana Berg"))),
        ),
        (
            "shop",
            "customer.created",
            Payload::Customer(customer(named(&["customer:3", "+4930901820"], "Ben Lind"))),
        ),
        ("wa", "customer.created", Payload::Customer(customer(named(&["wa-id:4", "030 901820"], "ben")))),
        (
            "shop",
            "order.created",
            Payload::Order(event::Order {
                number: Some("#1001".into()),
                buyer: Some(party(&["customer:1"])),
                placed_at: Some(at(5)),
                ..order("501")
            }),
        ),
        (
            "desk",
            "ticket.created",
            Payload::Ticket(event::Ticket {
                requester: Some(party(&["user:2"])),
                created_at: Some(at(6)),
                ..ticket("77")
            }),
        ),
        (
            "wa",
            "message.received",
            Payload::Interaction(event::Interaction {
                customer: Some(party(&["wa-id:4"])),
                text: Some("hello".into()),
                sent_at: Some(at(7)),
                ..interaction("m1")
            }),
        ),
    ];
    for (minute, (connection, name, payload)) in (1_i64..).zip(told) {
        hub.happens(connection, minute, name, payload);
    }
    hub
}

fn ana() -> NodeId {
    node("shop", "customer:1")
}

fn ben() -> NodeId {
    node("shop", "customer:3")
}

/// What is derived of a customer. Whom they are suggested to be is what people's words change.
fn derived(hub: &Hub, id: NodeId) -> String {
    let card = CustomerCard { suggestions: Vec::new(), ..hub.card(id) };
    let query = TimelineQuery { limit: 1_000, ..TimelineQuery::default() };
    let entries = timeline(&hub.store, id, &query).unwrap();
    serde_json::to_string(&(card, entries)).unwrap()
}

fn merge_people(hub: &mut Hub, minute: i64, left: NodeId, right: NodeId) {
    let plan = plan_merge(&hub.store, left, right).unwrap();
    hub.command(minute, plan.into_command("mia", "same voice", at(minute)));
}

fn split_off(hub: &mut Hub, minute: i64, customer: NodeId, accounts: &[NodeId]) {
    let plan = plan_unmerge(&hub.store, customer, accounts).unwrap();
    hub.command(minute, plan.into_command("tom", "father and son", at(minute)));
}

#[test]
fn un_merge_restores_both_customers() {
    let mut hub = ana_and_ben();
    let people = hub.people();
    let before = [derived(&hub, ana()), derived(&hub, ben())];
    merge_people(&mut hub, 20, ana(), ben());
    assert_eq!(hub.people().len(), 1);
    let one = hub.card(ben());
    assert_eq!((one.summary.orders, one.summary.open_tickets, one.summary.accounts.len()), (1, 1, 4));
    split_off(&mut hub, 21, ana(), &[ben(), node("wa", "wa-id:4")]);
    assert_eq!(hub.people(), people);
    assert_eq!([derived(&hub, ana()), derived(&hub, ben())], before);
    // Nothing keeps a person from changing their mind, as often as they like.
    merge_people(&mut hub, 22, ben(), ana());
    assert_eq!(hub.people().len(), 1);
    split_off(&mut hub, 23, ben(), &[ana(), node("desk", "user:2")]);
    assert_eq!([derived(&hub, ana()), derived(&hub, ben())], before);
}

#[test]
fn what_keys_joined_a_person_can_part() {
    let mut hub = ana_and_ben();
    split_off(&mut hub, 20, ana(), &[node("desk", "user:2")]);
    assert_eq!(
        hub.people(),
        [vec!["desk/user:2"], vec!["shop/customer:1"], vec!["shop/customer:3", "wa/wa-id:4"]]
    );
    // What the key says again, and what the provider of both might say, does not change it.
    let again = Payload::Customer(customer(party(&["user:2", "ana@example.com"])));
    hub.happens("desk", 21, "customer.updated", again);
    assert_eq!(hub.people().len(), 3);
    let joined = Payload::PersonMerge(merge("customer:1", "customer:3"));
    hub.happens("shop", 22, "person.merged", joined);
    assert_eq!(hub.people(), [vec!["desk/user:2"], vec!["shop/customer:1", "shop/customer:3", "wa/wa-id:4"]]);
    // Merged back, with what came between.
    merge_people(&mut hub, 23, ana(), node("desk", "user:2"));
    assert_eq!(hub.people().len(), 1);
}

#[test]
fn a_clock_that_went_back_does_not_undo_what_was_said_last() {
    let mut hub = ana_and_ben();
    merge_people(&mut hub, 50, ana(), ben());
    split_off(&mut hub, 20, ana(), &[ben(), node("wa", "wa-id:4")]);
    assert_eq!(hub.people().len(), 2);
    merge_people(&mut hub, 20, ana(), ben());
    assert_eq!(hub.people().len(), 1);
}

#[test]
fn what_stays_is_held_together_when_the_account_a_merge_names_goes() {
    let mut hub = ana_and_ben();
    merge_people(&mut hub, 20, ana(), ben());
    let pair = hub.card(ana()).summary.id;
    split_off(&mut hub, 21, ana(), &[pair]);
    assert_eq!(hub.people().iter().map(Vec::len).collect::<BTreeSet<_>>(), BTreeSet::from([1, 3]));
}

#[test]
fn three_made_one_lose_only_the_one_that_goes() {
    let mut hub = Hub::new(&[]);
    let ids = [("shop", "customer:1"), ("desk", "user:2"), ("wa", "wa-id:3")];
    for (minute, (connection, id)) in (1_i64..).zip(ids) {
        hub.happens(connection, minute, "customer.created", Payload::Customer(customer(party(&[id]))));
    }
    let [shop, desk, wa] = ids.map(|(connection, id)| node(connection, id));
    merge_people(&mut hub, 20, shop, desk);
    merge_people(&mut hub, 21, desk, wa);
    assert_eq!(hub.people().len(), 1);
    // Both merges were written on one account.
    let named = shop.min(desk);
    split_off(&mut hub, 22, wa, &[named]);
    assert_eq!(hub.people().iter().map(Vec::len).collect::<BTreeSet<_>>(), BTreeSet::from([1, 2]));
    assert_eq!(hub.card(wa).summary.accounts.len(), 2);
    assert_eq!(hub.card(named).summary.accounts.len(), 1);
}

/// Two customers of one shop share a household's phone, and a club's account has it too: it is nobody's.
fn household() -> Hub {
    let mut hub = Hub::new(&[]);
    for (minute, connection, id) in [(1, "shop", "customer:1"), (2, "shop", "customer:3"), (3, "club", "m:5")]
    {
        let who = party(&[id, "+4930901820"]);
        hub.happens(connection, minute, "customer.created", Payload::Customer(customer(who)));
    }
    hub
}

#[test]
fn what_came_along_with_a_merge_goes_when_it_is_taken_back() {
    let mut hub = household();
    let three = [vec!["club/m:5"], vec!["shop/customer:1"], vec!["shop/customer:3"]];
    assert_eq!(hub.people(), three);
    merge_people(&mut hub, 20, ana(), ben());
    assert_eq!(hub.people().len(), 1, "whose the phone is is settled");
    split_off(&mut hub, 21, ana(), &[ben()]);
    assert_eq!(hub.people(), three);

    // Also where they had been kept apart before, against what the shop itself says.
    let mut hub = household();
    let plan = plan_reject(&hub.store, ana(), ben()).unwrap();
    hub.command(10, plan.into_command("mia", "father and son", at(10)));
    hub.happens("shop", 11, "person.merged", Payload::PersonMerge(merge("customer:1", "customer:3")));
    assert_eq!(hub.people(), three);
    merge_people(&mut hub, 20, ana(), ben());
    assert_eq!(hub.people().len(), 1);
    split_off(&mut hub, 21, ana(), &[ben()]);
    assert_eq!(hub.people(), three);
}

#[test]
fn plans_that_make_no_sense_are_refused_in_words() {
    let mut hub = ana_and_ben();
    let refused = |error: PlanError| error.to_string();
    let nobody = NodeId([7; 16]);
    let desk = node("desk", "user:2");
    assert!(matches!(plan_merge(&hub.store, ana(), nobody), Err(PlanError::Unknown(id)) if id == nobody));
    assert!(matches!(plan_merge(&hub.store, ana(), desk), Err(PlanError::AlreadyOne(..))));
    assert!(matches!(plan_reject(&hub.store, ana(), desk), Err(PlanError::AlreadyOne(..))));
    assert!(matches!(plan_unmerge(&hub.store, ana(), &[]), Err(PlanError::NoneNamed)));
    assert!(matches!(plan_unmerge(&hub.store, ana(), &[ana(), desk]), Err(PlanError::AllNamed(_))));
    let not_theirs = plan_unmerge(&hub.store, ana(), &[ben()]).unwrap_err();
    assert_eq!(refused(not_theirs), format!("{} is no account of customer {}", ben(), ana()));
    // A guest of a hundred and fifty orders: halves would take thousands of words.
    for order_number in 0..150 {
        let guest = format!("guest-order:{order_number}");
        let token = if order_number == 0 { "~t0".to_owned() } else { format!("~t{}", order_number - 1) };
        let buyer = Some(party(&[&guest, &token, &format!("~t{order_number}")]));
        let placed = event::Order { buyer, ..order(&order_number.to_string()) };
        hub.happens("shop", 100 + order_number, "order.created", Payload::Order(placed));
    }
    let half: Vec<NodeId> = (0..75).map(|number| node("shop", &format!("guest-order:{number}"))).collect();
    assert!(matches!(
        plan_unmerge(&hub.store, half[0], &half),
        Err(PlanError::TooManyPairs { pairs: 5_625 })
    ));
    assert!(plan_unmerge(&hub.store, half[0], &half[..3]).is_ok());
}

#[test]
fn every_id_finds_its_customer_through_merge_and_un_merge() {
    let mut hub = ana_and_ben();
    let accounts = [ana(), ben(), node("desk", "user:2"), node("wa", "wa-id:4")];
    let ids: BTreeSet<NodeId> = accounts.iter().map(|account| hub.card(*account).summary.id).collect();
    assert_eq!(ids.len(), 2);
    merge_people(&mut hub, 20, ana(), ben());
    let one = hub.card(ana()).summary.id;
    for id in accounts.iter().chain(&ids) {
        assert_eq!(hub.card(*id).summary.id, one);
    }
    split_off(&mut hub, 21, one, &[ben(), node("wa", "wa-id:4")]);
    for id in &ids {
        assert_eq!(hub.card(*id).summary.id, *id, "the name it had before");
    }
    // An account's own id goes where the account goes.
    split_off(&mut hub, 22, ben(), &[node("wa", "wa-id:4")]);
    for account in accounts {
        assert!(
            hub.card(account)
                .summary
                .accounts
                .iter()
                .any(|one| node(&one.connection, &format!("{}:{}", one.object, one.id)) == account)
        );
    }
}

/// A link as "left — right", what says so, and what is in its way.
fn shown(links: &[LinkWhy]) -> Vec<String> {
    let by = |because: &Because| match because {
        Because::Key { proof, evidence } => {
            format!("{proof:?} {}", evidence.connection.as_deref().unwrap_or("?"))
        }
        Because::Provider { evidence } => {
            format!("provider {}", evidence.connection.as_deref().unwrap_or("?"))
        }
        Because::Person(word) => format!("{} ({})", word.person, word.reason),
    };
    let line = |link: &LinkWhy| {
        let obstacle = link.obstacle.as_ref().map(|obstacle| format!(" but {obstacle}")).unwrap_or_default();
        format!("{} - {} by {}{obstacle}", link.left.value, link.right.value, by(&link.because))
    };
    links.iter().map(line).collect()
}

#[test]
fn why_tells_every_link_with_its_evidence() {
    let mut hub = ana_and_ben();
    let links = why_linked(&hub.store, ana()).unwrap().unwrap();
    assert_eq!(
        shown(&links),
        ["1 - ana@example.com by Verified shop", "2 - ana@example.com by Verified desk"]
    );
    let Because::Key { evidence, .. } = &links[1].because else { panic!("a key") };
    assert_eq!(evidence.happened_at, at(2));
    assert_eq!(evidence.written.as_deref(), Some("Ana@Example.com"));
    assert_eq!(evidence.name.as_deref(), Some("customer.created"));

    merge_people(&mut hub, 20, ana(), ben());
    let links = shown(&why_linked(&hub.store, ana()).unwrap().unwrap());
    assert_eq!(links.len(), 5);
    assert!(links[0].ends_with("by mia (same voice)"), "{links:?}");

    split_off(&mut hub, 21, ana(), &[ben(), node("wa", "wa-id:4")]);
    let pair = why_pair(&hub.store, ana(), ben()).unwrap().unwrap();
    let word = pair.word.unwrap();
    assert_eq!((pair.one, word.judgement, word.person.as_str()), (false, Judgement::Apart, "tom"));
    assert_eq!(why_linked(&hub.store, NodeId([7; 16])).unwrap(), None);
    assert_eq!(why_pair(&hub.store, ana(), NodeId([7; 16])).unwrap(), None);
}

#[test]
fn the_first_evidence_stays_whatever_comes_when() {
    let mut hub = Hub::new(&[]);
    let who = || Payload::Customer(customer(party(&["customer:1", "ana@example.com"])));
    hub.happens("shop", 9, "customer.updated", who());
    let first = hub.happens("shop", 2, "customer.updated", who());
    hub.happens("shop", 5, "customer.updated", who());
    let links = why_linked(&hub.store, ana()).unwrap().unwrap();
    let Because::Key { evidence, .. } = &links[0].because else { panic!("a key") };
    assert_eq!((evidence.event, evidence.happened_at), (first, at(2)));
}

#[test]
fn why_tells_what_is_in_a_links_way() {
    let mut hub = Hub::with(hub_fold::record::Settings {
        identity: Limits { accounts_per_email_max: 2, emails_per_customer_max: 2, ..Limits::default() },
        ..settings(&[])
    });
    let years = 2 * 365 * 24 * 60;
    let told: [(&'static str, i64, &[&str]); 10] = [
        (
            "shop",
            1,
            &["customer:1", "a@x.de", "b@x.de", "c@x.de", "said@x.de?", "noreply@x.de", "Team@shop.example"],
        ),
        ("shop", 2, &["customer:2", "a@x.de"]),
        ("desk", 3, &["user:3", "many@x.de"]),
        ("ig", 4, &["igsid:4", "many@x.de"]),
        ("wa", 5, &["wa-id:5", "many@x.de"]),
        ("club", 6, &["loyalty-customer:6", "+4930901820"]),
        ("wa", years, &["wa-id:7", "+4930901820"]),
        ("desk", 8, &["user:8", "pair@x.de"]),
        ("ig", 9, &["igsid:9", "pair@x.de"]),
        ("stock", 10, &["person:10", "said@x.de"]),
    ];
    for (connection, minute, keys) in told {
        hub.happens(connection, minute, "customer.created", Payload::Customer(customer(party(keys))));
    }
    split_off(&mut hub, 20, node("desk", "user:8"), &[node("ig", "igsid:9")]);
    let obstacles = |node: NodeId| -> Vec<(String, Option<Obstacle>)> {
        let links = why_linked(&hub.store, node).unwrap().unwrap();
        links.into_iter().map(|link| (link.right.value, link.obstacle)).collect()
    };
    let told = obstacles(ana());
    let of = |key: &str| told.iter().find(|(value, _)| value == key).unwrap().1.clone();
    assert_eq!(of("said@x.de"), Some(Obstacle::Claimed));
    assert_eq!(of("noreply@x.de"), Some(Obstacle::Blocked));
    assert_eq!(of("team@shop.example"), Some(Obstacle::Blocked));
    let kept = ["a@x.de", "b@x.de", "c@x.de"].map(of);
    assert_eq!(kept.iter().filter(|kept| kept.is_none()).count(), 2);
    assert_eq!(kept.iter().flatten().collect::<Vec<_>>(), [&Obstacle::TooManyKeys]);
    assert_eq!(
        obstacles(node("desk", "user:3")),
        [("many@x.de".to_owned(), Some(Obstacle::Shared { accounts_max: 2 }))]
    );
    assert_eq!(
        obstacles(node("club", "loyalty-customer:6")),
        [("+4930901820".to_owned(), Some(Obstacle::Unused { days_max: 540 }))]
    );
    let parted = obstacles(node("ig", "igsid:9"));
    assert!(matches!(&parted[0].1, Some(Obstacle::Apart { word: Some(word) }) if word.person == "tom"));

    let pair = |left, right| {
        let pair = why_pair(&hub.store, left, right).unwrap().unwrap();
        (pair.one, pair.chain.into_iter().map(|link| link.obstacle).collect::<Vec<_>>())
    };
    let unused = Some(Obstacle::Unused { days_max: 540 });
    assert_eq!(pair(node("wa", "wa-id:7"), node("club", "loyalty-customer:6")), (false, vec![None, unused]));
    assert_eq!(pair(node("stock", "person:10"), ana()), (false, vec![None, Some(Obstacle::Claimed)]),);
    let (one, chain) = pair(ana(), node("shop", "customer:2"));
    assert!(!one);
    assert_eq!(chain.iter().flatten().count(), 1);
    assert_eq!(pair(ana(), node("desk", "user:3")), (false, vec![]));
}

#[test]
fn why_two_accounts_are_one_is_the_shortest_chain() {
    let mut hub = ana_and_ben();
    merge_people(&mut hub, 20, ana(), ben());
    // A longer way round.
    hub.happens(
        "club",
        21,
        "customer.created",
        Payload::Customer(customer(party(&["m:5", "+4930901820", "ana@example.com"]))),
    );
    let pair = why_pair(&hub.store, node("desk", "user:2"), node("club", "m:5")).unwrap().unwrap();
    assert!(pair.one);
    assert_eq!(
        shown(&pair.chain),
        ["2 - ana@example.com by Verified desk", "5 - ana@example.com by Verified club"]
    );
    let pair = why_pair(&hub.store, ana(), ana()).unwrap().unwrap();
    assert_eq!((pair.one, pair.chain.len()), (true, 0));
}

#[test]
fn suggestions_have_scores_and_signs() {
    let mut hub = Hub::new(&[]);
    let told: [(&'static str, &[&str], &str); 10] = [
        ("shop", &["customer:1", "ana.berg@example.com", "+4930901820"], "Ana Berg"),
        // Claimed, never proven.
        ("desk", &["user:2", "ana.berg@example.com?"], "A."),
        // A slip of the key, under the same name.
        ("desk", &["user:3", "ana.breg@example.com"], "Ana Berg"),
        // The same name alone is no reason, nor is a slip alone.
        ("desk", &["user:4", "other@example.org"], "Ana Berg"),
        ("desk", &["user:5", "ana.bergg@example.com"], "Paul Meyer"),
        ("desk", &["user:6", "ana.berg@example.net"], "Berg, Ana"),
        ("wa", &["wa-id:7", "+4930901821"], "Ana Berg"),
        // Addresses of machines and our own are nobody's.
        ("club", &["m:8", "noreply@example.com?", "team@shop.example?"], "Machine"),
        ("stock", &["p:10", "noreply@example.com?", "team@shop.example?"], "Clerk"),
        ("ig", &["igsid:9"], "nobody"),
    ];
    for (minute, (connection, keys, name)) in (1_i64..).zip(told) {
        let name = name.replace(',', "");
        hub.happens(connection, minute, "customer.created", Payload::Customer(customer(named(keys, &name))));
    }
    let bought =
        event::Order { number: Some("#10017".into()), buyer: Some(party(&["customer:1"])), ..order("501") };
    hub.happens("shop", 20, "order.created", Payload::Order(bought));
    let said = event::Interaction {
        customer: Some(party(&["igsid:9"])),
        text: Some("where is #10017? I ordered 3".into()),
        sent_at: Some(at(21)),
        ..interaction("m1")
    };
    hub.happens("ig", 21, "message.received", Payload::Interaction(said));

    let of = |node: NodeId| -> Vec<(NodeId, u8, Vec<SignKind>)> {
        let suggestions = suggestions(&hub.store, node).unwrap().unwrap();
        suggestions
            .into_iter()
            .map(|one| (one.customer, one.score, one.signs.iter().map(|sign| sign.kind).collect()))
            .collect()
    };
    let desk = |id: &str| node("desk", id);
    let mut expected = [
        (desk("user:3"), 65, vec![SignKind::MistypedEmail, SignKind::SameName]),
        (desk("user:2"), 60, vec![SignKind::SameEmail]),
        (node("wa", "wa-id:7"), 55, vec![SignKind::SameName, SignKind::MistypedPhone]),
        (desk("user:6"), 50, vec![SignKind::SameName, SignKind::SameMailbox]),
    ];
    expected.sort_by_key(|(customer, score, _)| (std::cmp::Reverse(*score), *customer));
    assert_eq!(of(ana()), expected);
    assert_eq!(of(node("ig", "igsid:9")), [(ana(), 50, vec![SignKind::OrderMentioned])]);
    assert_eq!(of(node("club", "m:8")), []);
    assert_eq!(suggestions(&hub.store, NodeId([7; 16])).unwrap(), None);

    // The list over everybody has each pair once, in pages as long as one likes.
    let mut pairs = BTreeSet::new();
    let mut after = None;
    loop {
        let page = suggestions_all(&hub.store, after, 1).unwrap();
        pairs.extend(
            page.pairs
                .iter()
                .map(|pair| (pair.customer.min(pair.other.customer), pair.customer.max(pair.other.customer))),
        );
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let whole = suggestions_all(&hub.store, None, 1_000).unwrap();
    assert_eq!(whole.next, None);
    assert!(whole.pairs.is_sorted_by_key(|pair| std::cmp::Reverse(pair.other.score)));
    let at_once: Vec<_> = whole
        .pairs
        .iter()
        .map(|pair| (pair.customer.min(pair.other.customer), pair.customer.max(pair.other.customer)))
        .collect();
    assert_eq!(at_once.iter().collect::<BTreeSet<_>>().len(), at_once.len());
    assert_eq!(at_once.into_iter().collect::<BTreeSet<_>>(), pairs);
    assert!(pairs.len() >= 5);
}

#[test]
fn a_suggestion_is_taken_or_gone_for_ever() {
    let mut hub = Hub::new(&[]);
    let told: [(&'static str, &[&str]); 3] = [
        ("shop", &["customer:1", "ana@example.com"]),
        ("desk", &["user:2", "ana@example.com?"]),
        ("ig", &["igsid:3", "ana@example.com?"]),
    ];
    for (minute, (connection, keys)) in (1_i64..).zip(told) {
        hub.happens(connection, minute, "customer.created", Payload::Customer(customer(party(keys))));
    }
    let suggested = |hub: &Hub, id| -> BTreeSet<NodeId> {
        suggestions(&hub.store, id).unwrap().unwrap().into_iter().map(|one| one.customer).collect()
    };
    let (desk, ig) = (node("desk", "user:2"), node("ig", "igsid:3"));
    assert_eq!(suggested(&hub, ana()), BTreeSet::from([desk, ig]));

    let plan = plan_reject(&hub.store, ana(), desk).unwrap();
    hub.command(10, plan.into_command("mia", "another Ana", at(10)));
    assert_eq!(suggested(&hub, ana()), BTreeSet::from([ig]));
    assert_eq!(suggested(&hub, desk), BTreeSet::from([ig]));

    merge_people(&mut hub, 11, ana(), ig);
    assert_eq!(hub.people().len(), 2);
    assert_eq!(suggested(&hub, ana()), BTreeSet::new());
    // Not even once the address is proven.
    hub.happens(
        "desk",
        12,
        "customer.updated",
        Payload::Customer(customer(party(&["user:2", "ana@example.com"]))),
    );
    assert_eq!(hub.people().len(), 2);
    assert_eq!((suggested(&hub, ana()), suggested(&hub, desk)), (BTreeSet::new(), BTreeSet::new()));
}

#[test]
fn a_word_waits_for_accounts_nobody_has_heard_of() {
    let mut hub = Hub::new(&[]);
    let (shop, desk, ig) = (ana(), node("desk", "user:2"), node("ig", "igsid:3"));
    let pairs = vec![(shop, desk, Judgement::Same), (ig, shop, Judgement::Apart)];
    hub.command(1, Command::Judge { pairs, by: "mia".into(), reason: String::new(), at: at(1) });
    assert_eq!(hub_fold::read::customer(&hub.store, shop).unwrap(), None);
    assert!(matches!(plan_merge(&hub.store, shop, desk), Err(PlanError::Unknown(_))));
    for (minute, connection, keys) in [
        (2, "shop", ["customer:1", "a@x.de"]),
        (3, "ig", ["igsid:3", "a@x.de"]),
        (4, "desk", ["user:2", "b@x.de"]),
    ] {
        hub.happens(connection, minute, "customer.created", Payload::Customer(customer(party(&keys))));
    }
    assert_eq!(hub.people(), [vec!["desk/user:2", "shop/customer:1"], vec!["ig/igsid:3"]]);
}
