use proptest::prelude::*;

use super::{
    Claim, Claims, Evidence, Hindrance, IdentityKey, IdentityKind, Judged, Judgement, KeyContext, Limits,
    Proof, normalise, partition, weigh, written,
};
use crate::event::Identity;
use crate::ids::{EventId, Salt};
use crate::time::Timestamp;

/// Reads "shop:7 ~ email:a@b.c" (proven) or "shop:7 ? email:a@b.c" (claimed) or "shop:7 = shop:8" (provider merge), or a
/// person's word "shop:7 same desk:8", "… apart …" or "… open …", in the order of time, and prints each customer's keys.
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

fn claim(proof: Proof, at: i64) -> Claim {
    Claim::new(proof, Evidence { at: Timestamp(at), event: EventId([0; 16]), written: None })
}

fn claims(lines: &[&str]) -> Claims {
    let mut all = Claims::default();
    for (at, line) in lines.iter().enumerate() {
        let mut words = line.split(' ');
        let (left, how, right) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        for text in [left, right] {
            all.nodes.insert(key(text).node(Salt::default()), key(text));
        }
        let judgement = match how {
            "same" => Some(Judgement::Same),
            "apart" => Some(Judgement::Apart),
            "open" => Some(Judgement::Open),
            _ => None,
        };
        if let Some(judgement) = judgement {
            let at = Timestamp(i64::try_from(at).unwrap());
            all.judge(
                key(left).node(Salt::default()),
                key(right).node(Salt::default()),
                Judged { at, judgement, case: [0; 16] },
            );
            continue;
        }
        let proof = if how == "?" { Proof::Claimed } else { Proof::Verified };
        let claim = claim(proof, i64::try_from(at).unwrap());
        all.claims.insert((key(left).node(Salt::default()), key(right).node(Salt::default())), claim);
    }
    all
}

fn customers(lines: &[&str]) -> Vec<String> {
    shown(&claims(lines), Limits::default())
}

fn shown(all: &Claims, limits: Limits) -> Vec<String> {
    let mut shown: Vec<String> = partition(all, limits)
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
fn a_persons_word_joins_whole_customers_and_keeps_them_apart() {
    // No key is needed, two accounts of one system do not matter, and each brings its own.
    let two = ["shop:1 ~ email:a", "desk:1 ~ email:a", "shop:2 ~ email:b", "desk:2 ~ email:b"];
    let with = |lines: &[&str]| customers(&[&two, lines].concat());
    assert_eq!(with(&[]), ["a desk1 shop1", "b desk2 shop2"]);
    assert_eq!(with(&["shop:1 same desk:2"]), ["a b desk1 desk2 shop1 shop2"]);
    assert_eq!(with(&["shop:1 same desk:2", "desk:2 open shop:1"]), ["a desk1 shop1", "b desk2 shop2"]);
    // Both words hold, and the key between desk:2 and shop:2 gives way.
    assert_eq!(with(&["shop:1 same desk:2", "desk:1 apart shop:2"]), ["a desk1 desk2 shop1", "b shop2"]);
    assert_eq!(with(&["desk:1 apart shop:1"]), ["a shop1", "b desk2 shop2", "desk1"]);
    // Neither a key nor a provider joins what a person keeps apart.
    check(&["shop:1 ~ email:a", "desk:1 ~ email:a", "shop:1 apart desk:1"], &["a shop1", "desk1"]);
    check(&["shop:1 = shop:2", "shop:1 apart shop:2"], &["shop1", "shop2"]);
    // Not through a third account either, and a person's word goes before any key.
    check(&["a:1 ~ email:k", "c:3 ~ email:k", "a:1 same b:2", "b:2 apart c:3"], &["c3", "k a1 b2"]);
    // A key of too many accounts still does not stop a person.
    let lines: Vec<String> = (0..6).map(|n| format!("k{n}:1 ~ email:info")).collect();
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.push("k0:1 same k1:1");
    assert_eq!(customers(&lines).len(), 5);
}

#[test]
fn words_given_at_one_moment_settle_for_apart() {
    let at = |judgement, case| Judged { at: Timestamp(1), judgement, case: [case; 16] };
    let mut all = claims(&["shop:1 ~ email:a", "desk:1 ~ phone:p"]);
    let (shop, desk) = (key("shop:1").node(Salt::default()), key("desk:1").node(Salt::default()));
    for (first, second) in [(Judgement::Same, Judgement::Apart), (Judgement::Apart, Judgement::Same)] {
        all.judged.clear();
        all.judge(shop, desk, at(first, 2));
        all.judge(desk, shop, at(second, 1));
        assert_eq!(partition(&all, Limits::default()).len(), 2);
    }
    all.judge(shop, desk, Judged { at: Timestamp(2), judgement: Judgement::Same, case: [0; 16] });
    assert_eq!(partition(&all, Limits::default()).len(), 1);
}

#[test]
fn the_weakest_key_gives_way_and_the_rest_go_on() {
    let limits = Limits { emails_per_customer_max: 2, ..Limits::default() };
    // A phone would bring together four addresses; it came first, and still the addresses stay with their accounts.
    let lines = [
        "shop:1 ~ phone:p",
        "desk:2 ~ phone:p",
        "shop:1 ~ email:a",
        "desk:2 ~ email:c",
        "shop:1 ~ email:b",
        "desk:2 ~ email:d",
        "ig:3 ~ email:d",
    ];
    assert_eq!(shown(&claims(&lines), limits), ["a b p shop1", "c d desk2 ig3"]);
    // The third address of one account joins nobody to it.
    let lines =
        ["shop:1 ~ email:a", "shop:1 ~ email:b", "shop:1 ~ email:c", "desk:2 ~ email:c", "desk:2 ~ phone:p"];
    assert_eq!(shown(&claims(&lines), limits), ["a b shop1", "c p desk2"]);
    // A token goes before an address, and both before a phone, however long it was known.
    check(
        &["wa:9 ~ phone:p", "shop:1 ~ phone:p", "shop:2 ~ email:a", "wa:9 ~ email:a"],
        &["a shop2 wa9", "shop1"],
    );
    check(
        &["ig:9 ~ email:a", "shop:1 ~ email:a", "shop:2 ~ token:t", "ig:9 ~ token:t"],
        &["a t ig9 shop2", "shop1"],
    );
}

#[test]
fn a_households_phone_joins_nobody_to_either() {
    let home = ["shop:1 ~ phone:p", "shop:2 ~ phone:p", "wa:3 ~ phone:p"];
    check(&home, &["shop1", "shop2", "wa3"]);
    // The two are told apart by what their other accounts are, too.
    check(
        &["desk:1 ~ email:a", "shop:1 ~ email:a", "shop:2 ~ phone:p", "desk:1 ~ phone:p", "wa:3 ~ phone:p"],
        &["a desk1 shop1", "shop2", "wa3"],
    );
    // One person after all, as their provider or somebody else says.
    check(&[&home[..], &["shop:1 = shop:2"]].concat(), &["p shop1 shop2 wa3"]);
    check(&[&home[..], &["shop:1 same shop:2"]].concat(), &["p shop1 shop2 wa3"]);
}

#[test]
fn limits_are_per_kind_of_key() {
    let lines = ["shop:1 ~ phone:p", "desk:2 ~ phone:p", "wa:3 ~ phone:p"];
    let limits = Limits { accounts_per_phone_max: 2, accounts_per_email_max: 9, ..Limits::default() };
    assert_eq!(shown(&claims(&lines), limits), ["desk2", "shop1", "wa3"]);
    let lines = lines.map(|line| line.replace("phone", "email"));
    assert_eq!(shown(&claims(&lines.each_ref().map(String::as_str)), limits), ["p desk2 shop1 wa3"]);
}

/// When a key was shown by each account, in days; which accounts are one customer.
fn check_days(kind: &str, uses: &[(&str, &[i64])], expected: &[&str]) {
    const DAY: i64 = 24 * 3_600 * 1_000_000_000;
    let mut all = Claims::default();
    let number = key(&format!("{kind}:p"));
    all.nodes.insert(number.node(Salt::default()), number.clone());
    for (account, days) in uses {
        let account = key(account);
        for day in *days {
            let claim = claim(Proof::Channel, day * DAY);
            let pair = (account.node(Salt::default()), number.node(Salt::default()));
            all.claims
                .entry(pair)
                .and_modify(|known| crate::join::Join::join(known, claim.clone()))
                .or_insert(claim);
        }
        all.nodes.insert(account.node(Salt::default()), account);
    }
    assert_eq!(shown(&all, Limits::default()), expected, "{uses:?}");
}

#[test]
fn a_phone_that_went_unused_for_long_is_somebody_elses() {
    check_days("phone", &[("shop:1", &[0]), ("wa:2", &[300])], &["p shop1 wa2"]);
    check_days("phone", &[("shop:1", &[0]), ("wa:2", &[800])], &["p wa2", "shop1"]);
    check_days("phone", &[("wa:2", &[800]), ("shop:1", &[0, 400])], &["p shop1 wa2"]);
    check_days("phone", &[("shop:1", &[0]), ("desk:3", &[10]), ("wa:2", &[800])], &["desk3 shop1", "p wa2"]);
    check_days("email", &[("shop:1", &[0]), ("wa:2", &[8_000])], &["p shop1 wa2"]);
}

#[test]
fn every_link_says_what_it_does() {
    let all = claims(&[
        "shop:1 ~ email:a",
        "shop:2 ~ email:a",
        "desk:3 ? email:a",
        "desk:3 same shop:1",
        "ig:4 same desk:3",
        "ig:4 apart shop:1",
        "shop:1 = shop:5",
    ]);
    let told: Vec<_> = weigh(&all, Limits::default())
        .links
        .iter()
        .map(|link| {
            let name =
                |node| format!("{}{}", all.nodes[&node].scope.replace("c/", ""), all.nodes[&node].value);
            let mut ends = [name(link.ends.0), name(link.ends.1)];
            ends.sort();
            (ends.join(" "), link.hindrance)
        })
        .collect();
    let told: Vec<_> = told.iter().map(|(ends, hindrance)| (ends.as_str(), *hindrance)).collect();
    assert_eq!(
        told,
        [
            // The newest word first: then the one before would join what is kept apart.
            ("desk3 ig4", None),
            ("desk3 shop1", Some(Hindrance::Apart)),
            ("shop1 shop5", None),
            ("a shop1", None),
            ("a shop2", Some(Hindrance::OnePerSystem)),
            ("a desk3", Some(Hindrance::Claimed)),
        ]
    );
}

#[test]
fn a_proven_claim_counts_from_when_it_was_proven() {
    let mut claimed = claim(Proof::Claimed, 1);
    let proven = claim(Proof::Verified, 9);
    let mut turned = proven.clone();
    crate::join::Join::join(&mut claimed, proven);
    crate::join::Join::join(&mut turned, claim(Proof::Claimed, 1));
    assert_eq!((claimed.first.at, claimed.proof), (Timestamp(9), Proof::Verified));
    assert_eq!(claimed, turned);
}

/// The key a value becomes, for a connection in this country.
fn check_form(kind: IdentityKind, country: Option<&str>, cases: &[(&str, Option<&str>)]) {
    for (value, expected) in cases {
        let identity =
            Identity { kind, scope: "customer".into(), value: (*value).into(), proof: Proof::Verified };
        let context = KeyContext { connection: "shop", default_country: country, phones: None };
        assert_eq!(normalise(&identity, context).map(|key| key.value).as_deref(), *expected, "{value}");
    }
}

#[test]
fn addresses_have_one_form() {
    check_form(
        IdentityKind::Email,
        None,
        &[
            (" Ana.Lopez+x@Example.COM ", Some("ana.lopez+x@example.com")),
            // Dots and tags tell mailboxes apart.
            ("analopez@example.com", Some("analopez@example.com")),
            ("jörg@müller.example", Some("jörg@xn--mller-kva.example")),
            ("JÖRG@MÜLLER.example", Some("jörg@xn--mller-kva.example")),
            ("jörg@XN--MLLER-KVA.example", Some("jörg@xn--mller-kva.example")),
            ("a@例え。テスト", Some("a@xn--r8jz45g.xn--zckzah")),
            ("a@faß.example", Some("a@xn--fa-hia.example")),
            ("nobody", None),
            ("@example.com", None),
            ("a@localhost", None),
            ("a b@example.com", None),
            ("a@b..\u{fffd}", None),
            ("", None),
        ],
    );
}

#[test]
fn phones_have_one_form() {
    check_form(
        IdentityKind::Phone,
        Some("DE"),
        &[
            ("030 901820", Some("+4930901820")),
            ("+49 (30) 901820", Some("+4930901820")),
            ("0049 30 901820", Some("+4930901820")),
            ("+16505551234", Some("+16505551234")),
            // As WhatsApp writes old numbers of Brazil; landlines never had the 9, and no number gets a second one.
            ("+551187654321", Some("+5511987654321")),
            ("+5511987654321", Some("+5511987654321")),
            ("+551132654321", Some("+551132654321")),
            ("+556181234567", Some("+5561981234567")),
            // And of Mexico.
            ("+5215512345678", Some("+525512345678")),
            ("+525512345678", Some("+525512345678")),
            ("+52 1 55 1234 5678", Some("+525512345678")),
            ("+39 06 698 1234", Some("+39066981234")),
            // Whoever sits behind an extension is not who answers the phone.
            ("+49 30 901820 ext. 12", Some("+4930901820;ext=12")),
            ("110", None),
            ("call me", None),
            ("", None),
        ],
    );
    check_form(IdentityKind::Phone, Some("BR"), &[("(11) 8765-4321", Some("+5511987654321"))]);
    check_form(IdentityKind::Phone, Some("MX"), &[("55 1234 5678", Some("+525512345678"))]);
    check_form(IdentityKind::Phone, None, &[("030 901820", None), ("+4930901820", Some("+4930901820"))]);
}

#[test]
fn ids_are_kept_as_they_are() {
    check_form(
        IdentityKind::ProviderId,
        None,
        &[("820982911946154508", Some("820982911946154508")), ("AbC", Some("AbC")), (" ", None)],
    );
    check_form(IdentityKind::Handle, None, &[("Ana.B", Some("ana.b"))]);
    check_form(IdentityKind::Token, None, &[("aBc", Some("aBc"))]);
}

#[test]
fn what_was_written_is_kept_where_it_reads_otherwise() {
    let kept = |kind, value: &str| {
        let identity = Identity { kind, scope: String::new(), value: value.into(), proof: Proof::Verified };
        let context = KeyContext { connection: "shop", default_country: Some("DE"), phones: None };
        written(&identity, &normalise(&identity, context).unwrap())
    };
    assert_eq!(kept(IdentityKind::Phone, "030 901820").as_deref(), Some("030 901820"));
    assert_eq!(kept(IdentityKind::Phone, "+4930901820"), None);
    assert_eq!(kept(IdentityKind::Email, "a@müller.example").as_deref(), Some("a@müller.example"));
    assert_eq!(kept(IdentityKind::Email, "a@example.com"), None);
    assert_eq!(kept(IdentityKind::ProviderId, " 7 "), None);
    assert_eq!(kept(IdentityKind::Email, &format!("{}@Example.com", "a".repeat(200))), None);
}

#[test]
fn machines_have_mailboxes_and_people_do_too() {
    let is_machines = |mail: &str| {
        IdentityKey { kind: IdentityKind::Email, scope: String::new(), value: mail.into() }.is_machines()
    };
    for mail in
        ["noreply@x.de", "no-reply@x.de", "do_not.reply@x.de", "no-reply+17@x.de", "mailer-daemon@x.de"]
    {
        assert!(is_machines(mail), "{mail}");
    }
    for mail in ["ana@x.de", "noreplyana@x.de", "info@x.de", "a@noreply.de"] {
        assert!(!is_machines(mail), "{mail}");
    }
}

#[test]
fn customer_ids_read_back() {
    let node = key("shop:1").node(Salt::default());
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
                let claim = claim(proof, *at);
                let place = all.claims.entry((account.node(Salt::default()), mail.node(Salt::default()))).or_insert(claim.clone());
                crate::join::Join::join(place, claim);
                all.nodes.insert(account.node(Salt::default()), account);
                all.nodes.insert(mail.node(Salt::default()), mail);
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
