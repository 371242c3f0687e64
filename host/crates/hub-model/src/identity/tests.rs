use proptest::prelude::*;

use super::{Claim, Claims, IdentityKey, IdentityKind, KeyContext, Limits, Proof, normalise, partition};
use crate::event::Identity;
use crate::time::Timestamp;

/// Reads "shop:7 ~ email:a@b.c" (proven) or "shop:7 ? email:a@b.c" (claimed) or "shop:7 = shop:8" (provider merge),
/// in the order of time, and prints each customer's keys.
fn check(lines: &[&str], expected: &[&str]) {
    assert_eq!(customers(lines), expected, "{lines:?}");
}

fn key(text: &str) -> IdentityKey {
    let (scope, value) = text.split_once(':').unwrap();
    let kind = match scope {
        "email" => IdentityKind::Email,
        "phone" => IdentityKind::Phone,
        "token" => IdentityKind::Token,
        _ => IdentityKind::ProviderId,
    };
    let scope = if kind == IdentityKind::ProviderId { format!("c/{scope}") } else { String::new() };
    IdentityKey { kind, scope, value: value.into() }
}

fn claims(lines: &[&str]) -> Claims {
    let mut all = Claims::default();
    for (at, line) in lines.iter().enumerate() {
        let mut words = line.split(' ');
        let (left, how, right) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let proof = if how == "?" { Proof::Claimed } else { Proof::Verified };
        for text in [left, right] {
            all.nodes.insert(key(text).node(), key(text));
        }
        let claim = Claim { proof, first_at: Timestamp(i64::try_from(at).unwrap()) };
        all.claims.insert((key(left).node(), key(right).node()), claim);
    }
    all
}

fn customers(lines: &[&str]) -> Vec<String> {
    let all = claims(lines);
    let mut shown: Vec<String> = partition(&all, Limits::default())
        .iter()
        .map(|group| {
            let mut keys: Vec<_> = group
                .iter()
                .map(|node| &all.nodes[node])
                .map(|key| (key.scope.clone(), key.value.clone()))
                .collect();
            keys.sort();
            keys.into_iter()
                .map(|(scope, value)| format!("{}{value}", scope.replace("c/", "")))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    shown.sort();
    shown
}

#[test]
fn proven_keys_link_and_claimed_ones_do_not() {
    check(&["shop:1 ~ email:a", "desk:2 ~ email:a"], &["a desk2 shop1"]);
    check(&["shop:1 ? email:a", "desk:2 ~ email:a"], &["a desk2", "shop1"]);
    check(
        &["desk:2 ~ email:a", "desk:2 ~ phone:p", "wa:3 ~ phone:p", "shop:1 ~ email:a"],
        &["a p desk2 shop1 wa3"],
    );
}

#[test]
fn two_accounts_of_one_kind_stay_apart_unless_their_provider_joins_them() {
    check(&["shop:1 ~ email:a", "shop:2 ~ email:a"], &["a shop1", "shop2"]);
    check(&["shop:1 ~ email:a", "shop:2 ~ email:a", "shop:1 = shop:2"], &["a shop1 shop2"]);
    check(
        &["guest-order:1 ~ token:t", "ig:5 ~ token:t", "ig:5 ~ token:u", "guest-order:2 ~ token:u"],
        &["t u guest-order1 guest-order2 ig5"],
    );
}

#[test]
fn a_key_of_many_accounts_links_nobody() {
    let lines: Vec<String> = (0..6).map(|n| format!("k{n}:1 ~ email:info")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(customers(&lines).len(), 6);
    assert_eq!(customers(&lines[..5]).len(), 1);
}

#[test]
fn keys_have_one_form() {
    let check = |kind, value: &str, expected: Option<&str>| {
        let identity =
            Identity { kind, scope: "customer".into(), value: value.into(), proof: Proof::Verified };
        let context = KeyContext { connection: "shop", default_country: Some("DE") };
        assert_eq!(normalise(&identity, context).map(|key| key.value).as_deref(), expected, "{value}");
    };
    check(IdentityKind::Email, " Ana.Lopez+x@Example.COM ", Some("ana.lopez+x@example.com"));
    check(IdentityKind::Email, "nobody", None);
    check(IdentityKind::Email, "", None);
    check(IdentityKind::Phone, "030 901820", Some("+4930901820"));
    check(IdentityKind::Phone, "+49 (30) 901820", Some("+4930901820"));
    check(IdentityKind::Phone, "+16505551234", Some("+16505551234"));
    check(IdentityKind::Phone, "call me", None);
    check(IdentityKind::ProviderId, "820982911946154508", Some("820982911946154508"));
    check(IdentityKind::ProviderId, " ", None);
}

#[test]
fn customer_ids_read_back() {
    let node = key("shop:1").node();
    assert_eq!(node.to_string().parse::<super::NodeId>().unwrap(), node);
    assert!("cus_+1".parse::<super::NodeId>().is_err());
}

proptest! {
    #[test]
    fn the_order_of_discovery_does_not_matter(
        pairs in prop::collection::vec((0_u8..4, 0_u8..3, 0_u8..5, 0_i64..4, any::<bool>()), 1..14),
        turn in 0_usize..14,
    ) {
        let build = |pairs: &[(u8, u8, u8, i64, bool)]| {
            let mut all = Claims::default();
            for (provider, account, mail, at, proven) in pairs {
                let account = key(&format!("k{provider}:{account}"));
                let mail = key(&format!("email:{mail}"));
                let proof = if *proven { Proof::Verified } else { Proof::Claimed };
                let claim = Claim { proof, first_at: Timestamp(*at) };
                let place = all.claims.entry((account.node(), mail.node())).or_insert(claim);
                crate::join::Join::join(place, claim);
                all.nodes.insert(account.node(), account);
                all.nodes.insert(mail.node(), mail);
            }
            let mut groups = partition(&all, Limits::default());
            groups.sort();
            groups
        };
        let mut turned = pairs.clone();
        turned.rotate_left(turn % pairs.len());
        turned.extend(pairs.iter().take(3).copied());
        prop_assert_eq!(build(&pairs), build(&turned));
    }
}
