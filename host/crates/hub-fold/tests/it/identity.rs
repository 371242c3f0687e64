//! Who is who, through the fold: what joins people, what keeps them apart, and that every id ever given out resolves.

use std::collections::BTreeSet;

use hub_fold::read::LinkState;
use hub_model::NodeId;
use hub_model::event::{self, Event, Payload, Proof};
use hub_model::identity::{Claim, Claims, KeyContext, Limits, normalise, partition};
use hub_model::join::Join;
use proptest::prelude::*;

use crate::support::events::{at, customer, event, identity, merge, order, party};
use crate::support::{CONNECTIONS, Hub, node, told};

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

/// An account of a connection claims an address, or a connection joins two of its accounts.
#[derive(Clone, Debug)]
enum Evidence {
    Claims { connection: usize, account: u8, mail: u8, proven: bool },
    Joins { connection: usize, kept: u8, absorbed: u8 },
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let claims = (0..CONNECTIONS.len(), 0_u8..4, 0_u8..5, prop::bool::weighted(0.8)).prop_map(
        |(connection, account, mail, proven)| Evidence::Claims { connection, account, mail, proven },
    );
    let joins = (0..CONNECTIONS.len(), 0_u8..4, 0_u8..4)
        .prop_map(|(connection, kept, absorbed)| Evidence::Joins { connection, kept, absorbed });
    prop_oneof![9 => claims, 1 => joins]
}

impl Evidence {
    fn connection(&self) -> &'static str {
        let (Self::Claims { connection, .. } | Self::Joins { connection, .. }) = self;
        CONNECTIONS[*connection]
    }

    /// The two ids it ties, the account first.
    fn ids(&self) -> (String, String) {
        match self {
            Self::Claims { account, mail, proven, .. } => (
                format!("customer:{account}"),
                format!("m{mail}@example.com{}", if *proven { "" } else { "?" }),
            ),
            Self::Joins { kept, absorbed, .. } => {
                (format!("customer:{kept}"), format!("customer:{absorbed}"))
            }
        }
    }

    fn event(&self, minute: i64) -> Event {
        let (account, other) = self.ids();
        match self {
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

/// The customers there should be, from everything at once.
fn expected(evidence: &[Evidence]) -> BTreeSet<BTreeSet<NodeId>> {
    let mut all = Claims::default();
    for (minute, one) in (0..).zip(evidence) {
        let (account, other) = one.ids();
        let context = KeyContext { connection: one.connection(), default_country: None };
        let [account, key] =
            [identity(&account), identity(&other)].map(|id| normalise(&id, context).unwrap());
        let is_join = matches!(one, Evidence::Joins { .. });
        if is_join && account == key {
            continue;
        }
        let proof = if is_join { Proof::Provider } else { identity(&other).proof };
        let claim = Claim { proof, first_at: at(minute) };
        all.claims.entry((account.node(), key.node())).or_insert(claim).join(claim);
        all.nodes.extend([account, key].map(|key| (key.node(), key)));
    }
    let accounts =
        |group: BTreeSet<NodeId>| group.into_iter().filter(|node| all.nodes[node].is_account()).collect();
    partition(&all, Limits::default()).into_iter().map(accounts).collect()
}

proptest! {
    /// The fold looks at a neighbourhood at a time; it must come to what one look at everything comes to.
    #[test]
    fn step_by_step_comes_to_the_same_people_as_all_at_once(
        evidence in prop::collection::vec(evidence(), 1..40),
        order in any::<prop::sample::Index>(),
    ) {
        let mut arriving: Vec<_> = (0_i64..).zip(&evidence).collect();
        arriving.rotate_left(order.index(evidence.len()));
        let mut hub = Hub::new(&[]);
        for (minute, one) in arriving {
            hub.tell(&told(one.connection(), minute, vec![one.event(minute)]));
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
        prop_assert_eq!(people, expected(&evidence));
    }
}
