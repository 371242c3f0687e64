//! Who is who, through the fold: what joins people, what keeps them apart, and that every id ever given out resolves.

use std::collections::BTreeSet;

use hub_fold::read::LinkState;
use hub_fold::record::{Command, Settings};
use hub_model::event::{self, Event, Payload, Proof};
use hub_model::identity::{Claim, Claims, Judged, Judgement, KeyContext, Limits, normalise, partition};
use hub_model::join::Join;
use hub_model::{EventId, NodeId, Salt};
use proptest::prelude::*;

use crate::support::events::{at, customer, event, identity, merge, order, party};
use crate::support::{CONNECTIONS, Hub, SALT, node, settings, told};

/// Tells of accounts, one after the other: connection and keys.
fn hub_of(accounts: &[(&'static str, &[&str])]) -> Hub {
    let mut hub = Hub::new(&[]);
    for (minute, (connection, keys)) in (1_i64..).zip(accounts) {
        hub.happens(connection, minute, "customer.created", Payload::Customer(customer(party(keys))));
    }
    hub
}

fn check(accounts: &[(&'static str, &[&str])], expected: &[&[&str]]) -> Hub {
    let hub = hub_of(accounts);
    assert_eq!(hub.people(), expected, "{accounts:?}");
    hub
}

#[test]
fn proven_keys_join_accounts_and_claimed_ones_do_not() {
    check(
        &[("shop", &["customer:1", "a@example.com"]), ("desk", &["user:2", "A@Example.com"])],
        &[&["desk/user:2", "shop/customer:1"]],
    );
    check(
        &[("shop", &["customer:1", "a@example.com?"]), ("desk", &["user:2", "a@example.com"])],
        &[&["desk/user:2"], &["shop/customer:1"]],
    );
    // Through a third account: neither of the outer ones knows the other's key.
    check(
        &[
            ("shop", &["customer:1", "a@example.com"]),
            ("wa", &["wa-id:3", "+4930901820"]),
            ("desk", &["user:2", "a@example.com", "030 901820"]),
        ],
        &[&["desk/user:2", "shop/customer:1", "wa/wa-id:3"]],
    );
}

#[test]
fn two_accounts_of_one_system_stay_apart_until_the_system_joins_them() {
    let mut hub = check(
        &[("shop", &["customer:1", "a@example.com"]), ("shop", &["customer:2", "a@example.com"])],
        &[&["shop/customer:1"], &["shop/customer:2"]],
    );
    let links = |hub: &Hub, id: &str| -> Vec<LinkState> {
        hub.card(node("shop", id)).links.iter().map(|link| link.state).collect()
    };
    assert_eq!(links(&hub, "customer:1"), [LinkState::Links]);
    assert_eq!(links(&hub, "customer:2"), [LinkState::KeptApart]);
    let suggested: Vec<_> = hub.card(node("shop", "customer:2")).suggestions;
    assert_eq!(suggested.len(), 1);
    assert_eq!(suggested[0].customer, hub.card(node("shop", "customer:1")).summary.id);

    hub.happens("shop", 9, "person.merged", Payload::PersonMerge(merge("customer:1", "customer:2")));
    assert_eq!(hub.people(), [["shop/customer:1", "shop/customer:2"]]);
    assert_eq!(hub.card(node("shop", "customer:2")).suggestions, []);
}

#[test]
fn the_sixth_account_on_a_key_sets_the_other_five_free() {
    let six: [(&'static str, &[&str]); 6] = [
        ("shop", &["customer:1", "info@example.com"]),
        ("desk", &["user:2", "info@example.com"]),
        ("ig", &["igsid:3", "info@example.com"]),
        ("wa", &["wa-id:4", "info@example.com"]),
        ("club", &["loyalty-customer:5", "info@example.com"]),
        ("stock", &["contact-person:6", "info@example.com"]),
    ];
    let hub = hub_of(&six[..5]);
    assert_eq!(hub.people().len(), 1);
    assert_eq!(hub_fold::read::merges(&hub.store).unwrap(), 4);
    let hub = hub_of(&six);
    assert_eq!(hub.people().len(), 6);
    assert_eq!(hub_fold::read::merges(&hub.store).unwrap(), 0);
    assert_eq!(hub.card(node("shop", "customer:1")).links[0].state, LinkState::Shared);
    // A seventh changes nothing for anybody, and is still its own customer.
    let seven: Vec<_> =
        six.into_iter().chain([("desk", ["user:7", "info@example.com"].as_slice())]).collect();
    assert_eq!(hub_of(&seven).people().len(), 7);
}

#[test]
fn keys_of_machines_and_blocked_keys_join_nobody() {
    for mail in ["noreply@example.com", "team@shop.example"] {
        let accounts: [(&'static str, &[&str]); 2] =
            [("shop", &["customer:1", mail]), ("desk", &["user:2", mail])];
        assert_eq!(hub_of(&accounts).people().len(), 2, "{mail}");
    }
}

#[test]
fn a_person_has_many_guest_orders_and_no_account() {
    let mut hub = Hub::new(&[]);
    for (minute, id) in [(1, "11"), (2, "12")] {
        let guest = format!("guest-order:{id}");
        let buyer = Some(party(&[&guest, "g@example.com"]));
        let placed = event::Order { buyer, ..order(id) };
        hub.happens("shop", minute, "order.created", Payload::Order(placed));
    }
    // Only an address: filed under the address itself.
    let buyer = Some(party(&["g@example.com"]));
    hub.happens("desk", 3, "order.created", Payload::Order(event::Order { buyer, ..order("13") }));
    let people = [["desk/contact:g@example.com", "shop/guest-order:11", "shop/guest-order:12"]];
    assert_eq!(hub.people(), people);
    assert_eq!(hub.card(node("shop", "guest-order:12")).summary.orders, 3);
}

#[test]
fn every_id_ever_given_out_finds_the_customer_it_became() {
    let accounts: [(&'static str, &[&str]); 4] = [
        ("shop", &["customer:1"]),
        ("desk", &["user:2", "a@example.com"]),
        ("wa", &["wa-id:3", "+4930901820"]),
        ("club", &["loyalty-customer:4", "+4930901820"]),
    ];
    let mut hub = Hub::new(&[]);
    let mut given_out = Vec::new();
    let joining: (&'static str, &[&str]) = ("shop", &["customer:1", "a@example.com", "+4930901820"]);
    for (minute, (connection, keys)) in (1_i64..).zip(accounts.into_iter().chain([joining])) {
        hub.happens(connection, minute, "customer.updated", Payload::Customer(customer(party(keys))));
        given_out
            .extend(hub_fold::read::customers(&hub.store, None, 100).unwrap().into_iter().map(|one| one.id));
    }
    assert_eq!(hub.people().len(), 1);
    given_out.sort_unstable();
    given_out.dedup();
    assert!(given_out.len() > 1, "ids were absorbed on the way");
    let now = hub.card(node("shop", "customer:1")).summary.id;
    for id in given_out {
        assert_eq!(hub.card(id).summary.id, now);
        let found = hub_fold::read::find_customers(&hub.store, &id.to_string(), 10).unwrap();
        assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [now]);
    }
}

#[test]
fn links_say_which_key_ties_which_accounts_and_how_it_was_proven() {
    let hub = hub_of(&[
        ("shop", &["customer:1", "a@example.com", "old@example.com?"]),
        ("desk", &["user:2", "a@example.com"]),
    ]);
    let links = hub.card(node("desk", "user:2")).links;
    let shown: Vec<_> = links
        .iter()
        .map(|link| {
            let by: Vec<_> = link.claims.iter().map(|claim| claim.account.connection.as_str()).collect();
            (link.value.as_str(), link.state, by)
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("a@example.com", LinkState::Links, vec!["shop", "desk"]),
            ("old@example.com", LinkState::Claimed, vec!["shop"]),
        ]
    );
}

/// An account of a connection claims an address, a connection joins two of its accounts, or a person gives their word.
#[derive(Clone, Debug)]
enum Evidence {
    /// Minutes before or after its place in the list: words are told late and early.
    Judges {
        one: (usize, u8),
        other: (usize, u8),
        judgement: Judgement,
        at: i64,
    },
    Claims {
        connection: usize,
        account: u8,
        key: u8,
        proven: bool,
    },
    Joins {
        connection: usize,
        kept: u8,
        absorbed: u8,
    },
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let claims = (0..CONNECTIONS.len(), 0_u8..4, 0_u8..8, prop::bool::weighted(0.8))
        .prop_map(|(connection, account, key, proven)| Evidence::Claims { connection, account, key, proven });
    let joins = (0..CONNECTIONS.len(), 0_u8..4, 0_u8..4)
        .prop_map(|(connection, kept, absorbed)| Evidence::Joins { connection, kept, absorbed });
    let account = || (0..CONNECTIONS.len(), 0_u8..4);
    let judgement = prop_oneof![Just(Judgement::Open), Just(Judgement::Same), Just(Judgement::Apart)];
    let judges = (account(), account(), judgement, 0_i64..6)
        .prop_map(|(one, other, judgement, at)| Evidence::Judges { one, other, judgement, at });
    prop_oneof![9 => claims, 1 => joins, 3 => judges]
}

fn account((connection, account): (usize, u8)) -> NodeId {
    node(CONNECTIONS[connection], &format!("customer:{account}"))
}

impl Evidence {
    fn connection(&self) -> &'static str {
        match self {
            Self::Claims { connection, .. } | Self::Joins { connection, .. } => CONNECTIONS[*connection],
            Self::Judges { .. } => panic!("a person is no connection"),
        }
    }

    fn tell(&self, hub: &mut Hub, minute: i64) {
        match self {
            Self::Judges { one, other, judgement, at: when } => {
                let pairs = vec![(account(*one), account(*other), *judgement)];
                let (by, reason) = ("mia".to_owned(), "said so".to_owned());
                hub.command(minute, Command::Judge { pairs, by, reason, at: at(*when) });
            }
            _ => {
                hub.tell(&told(self.connection(), minute, vec![self.event(minute)]));
            }
        }
    }

    /// The two ids it ties, the account first.
    fn ids(&self) -> (String, String) {
        match self {
            Self::Judges { .. } => panic!("a person names nodes"),
            Self::Claims { account, key, proven, .. } => {
                // Addresses and phones.
                let key = if *key < 4 { format!("m{key}@example.com") } else { format!("+493090182{key}") };
                (format!("customer:{account}"), format!("{key}{}", if *proven { "" } else { "?" }))
            }
            Self::Joins { kept, absorbed, .. } => {
                (format!("customer:{kept}"), format!("customer:{absorbed}"))
            }
        }
    }

    fn event(&self, minute: i64) -> Event {
        let (account, other) = self.ids();
        match self {
            Self::Judges { .. } => panic!("a person's word is no event"),
            Self::Claims { .. } => {
                let who = party(&[&account, &other]);
                event("customer.updated", minute, Payload::Customer(customer(who)))
            }
            Self::Joins { .. } => {
                event("person.merged", minute, Payload::PersonMerge(merge(&account, &other)))
            }
        }
    }
}

fn evidence_at(minute: i64) -> hub_model::identity::Evidence {
    hub_model::identity::Evidence { at: at(minute), event: EventId([0; 16]), written: None }
}

/// Minutes from one piece of evidence to the next: in forty of them phones go unused for long.
const STEP: usize = 45 * 24 * 60;

/// Limits that a handful of accounts meet.
const TIGHT: Limits = Limits {
    accounts_per_email_max: 3,
    accounts_per_phone_max: 4,
    accounts_per_token_max: 5,
    accounts_per_handle_max: 5,
    emails_per_customer_max: 2,
    phones_per_customer_max: 1,
    phone_unused_days_max: 200,
};

/// The customers there should be, from everything at once.
fn expected(evidence: &[Evidence], limits: Limits) -> (Claims, BTreeSet<BTreeSet<NodeId>>) {
    let mut all = Claims::default();
    for (minute, one) in (0..).step_by(STEP).zip(evidence) {
        if let Evidence::Judges { one, other, judgement, at: when } = one {
            if one != other {
                let judged = Judged { at: at(*when), judgement: *judgement, case: [0; 16] };
                all.judge(account(*one), account(*other), judged);
            }
            continue;
        }
        let (account, other) = one.ids();
        let context = KeyContext { connection: one.connection(), default_country: None, phones: None };
        let [account, key] =
            [identity(&account), identity(&other)].map(|id| normalise(&id, context).unwrap());
        let is_join = matches!(one, Evidence::Joins { .. });
        if is_join && account == key {
            continue;
        }
        let proof = if is_join { Proof::Provider } else { identity(&other).proof };
        let claim = Claim::new(proof, evidence_at(minute));
        all.claims
            .entry((account.node(SALT), key.node(SALT)))
            .and_modify(|known| known.join(claim.clone()))
            .or_insert(claim);
        all.nodes.extend([account, key].map(|key| (key.node(SALT), key)));
    }
    let accounts =
        |group: BTreeSet<NodeId>| group.into_iter().filter(|node| all.nodes[node].is_account()).collect();
    let people = partition(&all, limits).into_iter().map(accounts).collect();
    (all, people)
}

proptest! {
    /// The fold looks at a neighbourhood at a time; it must come to what one look at everything comes to.
    #[test]
    fn step_by_step_comes_to_the_same_people_as_all_at_once(
        evidence in prop::collection::vec(evidence(), 1..40),
        order in any::<prop::sample::Index>(),
        is_tight in any::<bool>(),
    ) {
        let limits = if is_tight { TIGHT } else { Limits::default() };
        let mut arriving: Vec<_> = (0_i64..).step_by(STEP).zip(&evidence).collect();
        arriving.rotate_left(order.index(evidence.len()));
        let mut hub = Hub::with(Settings { identity: limits, ..settings(&[]) });
        for (minute, one) in arriving {
            one.tell(&mut hub, minute);
        }
        let customers = hub_fold::read::customers(&hub.store, None, 1_000).unwrap();
        let people: BTreeSet<BTreeSet<NodeId>> = customers
            .into_iter()
            .map(|one| {
                let id = |account: hub_fold::read::Account| {
                    node(&account.connection, &format!("{}:{}", account.object, account.id))
                };
                one.accounts.into_iter().map(id).collect()
            })
            .collect();
        let (all, expected) = expected(&evidence, limits);
        for ((left, right), judged) in &all.judged {
            let together = people.iter().any(|one| one.contains(left) && one.contains(right));
            prop_assert!(judged.judgement != Judgement::Apart || !together, "{left} and {right} are kept apart");
        }
        prop_assert_eq!(people, expected);
    }
}

/// Who has the address, in a hub with this salt.
fn found_with(salt: Salt) -> (Hub, NodeId) {
    let mut hub = Hub::with(Settings { salt, ..settings(&[]) });
    let who = party(&["customer:1", "ana@example.com", "+4930901899"]);
    hub.happens("shop", 1, "customer.created", Payload::Customer(customer(who)));
    let [by_mail, by_phone] = ["ana@example.com", "030 901899"]
        .map(|query| hub_fold::read::find_customers(&hub.store, query, 10).unwrap().remove(0).id);
    assert_eq!(by_mail, by_phone);
    (hub, by_mail)
}

#[test]
fn ids_can_be_made_by_their_own_hub_alone() {
    let ids = [Salt::default(), SALT, Salt::new([8; 32])].map(|salt| found_with(salt).1);
    assert_eq!(BTreeSet::from(ids).len(), 3);
}

#[test]
fn the_first_salt_holds_for_good() {
    let (mut hub, id) = found_with(SALT);
    let others = Settings { salt: Salt::new([8; 32]), ..settings(&[]) };
    hub.record(2, hub_fold::Record::Settings(Box::new(others)));
    let who = party(&["customer:1", "ana@example.com"]);
    hub.happens("shop", 3, "customer.updated", Payload::Customer(customer(who)));
    assert_eq!(hub.people().len(), 1);
    assert_eq!(hub_fold::settings(&hub.store).unwrap().unwrap().salt, SALT);
    assert_eq!(hub.card(id).summary.id, id);
}
