//! Who may be written to: statements in the order they are told, and what follows from them.

use hub_fold::read::{self, ContactReason, Purpose, may_contact, may_send};
use hub_fold::{effect, effects_due};
use hub_model::NodeId;
use hub_model::event::{self, Payload};

use crate::support::events::{at, consent, event, merge, order, party};
use crate::support::{Hub, node, told};

/// One customer with an account at a shop, a help desk and WhatsApp.
const ACCOUNTS: [(&str, &[&str]); 3] = [
    ("shop", &["customer:1", "ana@example.com"]),
    ("desk", &["user:7", "ana@example.com", "+4930901820"]),
    ("wa", &["wa-id:4930901820", "+4930901820"]),
];

/// "shop 3 email marketing granted": where, when, and what was said.
fn say(hub: &mut Hub, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let (connection, ids) = *ACCOUNTS.iter().find(|(name, _)| *name == words[0]).unwrap();
    let minute = words[1].parse().unwrap();
    let stated = event::Consent {
        channel: words[2].into(),
        purpose: words[3].into(),
        at: Some(at(minute)),
        extra: vec![("collected_from".into(), "checkout".into())],
        ..consent(party(ids), words[4])
    };
    let stated =
        event::Event { key: line.into(), ..event("consent.changed", minute, Payload::Consent(stated)) };
    hub.tell(&told(connection, minute, vec![stated]));
}

fn hub(lines: &[&str]) -> Hub {
    let mut hub = Hub::new(&[]);
    for (connection, ids) in ACCOUNTS {
        let placed = event::Order { buyer: Some(party(ids)), ..order(connection) };
        hub.happens(connection, 0, "order.created", Payload::Order(placed));
    }
    lines.iter().for_each(|line| say(&mut hub, line));
    hub
}

fn ana() -> NodeId {
    node("shop", "customer:1")
}

/// What was said, and whether marketing by e-mail, marketing by WhatsApp, service by WhatsApp and transactional e-mail
/// are allowed.
const CASES: [(&[&str], [bool; 4]); 15] = [
    (&[], [false, false, true, true]),
    (&["shop 1 email marketing granted"], [true, false, true, true]),
    (&["shop 1 email marketing granted", "shop 2 email marketing denied"], [false, false, true, true]),
    (&["shop 2 email marketing denied", "shop 1 email marketing granted"], [false, false, true, true]),
    (&["shop 1 email marketing denied", "shop 2 email marketing granted"], [true, false, true, true]),
    (&["shop 1 email marketing granted", "shop 1 email marketing denied"], [false, false, true, true]),
    (&["shop 1 email marketing granted", "desk 1 email marketing denied"], [false, false, true, true]),
    (&["desk 1 email marketing denied", "shop 2 email marketing granted"], [true, false, true, true]),
    (&["shop 1 email marketing granted", "desk 2 email marketing not_subscribed"], [true, false, true, true]),
    (
        &["shop 1 email marketing granted", "shop 2 email marketing not_subscribed"],
        [false, false, true, true],
    ),
    (&["shop 1 email marketing pending"], [false, false, true, true]),
    (&["shop 1 email marketing granted", "shop 2 email marketing redacted"], [false, false, true, true]),
    (&["wa 1 whatsapp marketing denied", "shop 2 email marketing granted"], [true, false, true, true]),
    (&["wa 1 whatsapp marketing denied", "wa 2 whatsapp marketing granted"], [false, true, true, true]),
    (&["wa 1 WhatsApp service denied", "shop 1 email transactional denied"], [false, false, false, false]),
];

#[test]
fn silence_is_no_and_the_newest_word_counts() {
    for (lines, expected) in CASES {
        let hub = hub(lines);
        let may = |channel, purpose| may_contact(&hub.store, ana(), channel, &purpose).unwrap().allowed;
        let found = [
            may("email", Purpose::Marketing),
            may("whatsapp", Purpose::Marketing),
            may("whatsapp", Purpose::Service),
            may("email", Purpose::Transactional),
        ];
        assert_eq!(found, expected, "{lines:?}");
        let other = may_contact(&hub.store, ana(), "email", &Purpose::named("research")).unwrap();
        assert_eq!((other.allowed, other.because), (false, ContactReason::NeverAsked));
    }
}

#[test]
fn every_statement_is_kept_with_who_told_it() {
    let hub = hub(&[
        "shop 1 email marketing granted",
        "shop 1 email marketing denied",
        "desk 3 email marketing granted",
        "desk 3 email marketing granted",
        "shop 2 email marketing denied",
    ]);
    let card = hub.card(ana());
    let shown: Vec<_> = card
        .consents
        .iter()
        .map(|one| (one.connection.as_str(), one.at, one.state.as_str(), one.in_force))
        .collect();
    let expected = [
        ("desk", at(3), "granted", true),
        ("shop", at(2), "denied", false),
        ("shop", at(1), "denied", false),
        ("shop", at(1), "granted", false),
    ];
    assert_eq!(shown, expected);
    let first = &card.consents[0];
    assert_eq!(first.source, [("collected_from".to_owned(), "checkout".to_owned())]);
    let told = read::event(&hub.store, first.event).unwrap().unwrap();
    assert_eq!((told.name.as_str(), told.connection.as_str()), ("consent.changed", "desk"));
    let verdict = may_contact(&hub.store, ana(), "EMAIL", &Purpose::named(" Marketing")).unwrap();
    assert!(
        verdict.because.to_string().starts_with("granted at 2026-05-04T09:03:00Z through desk"),
        "{}",
        verdict.because
    );
}

#[test]
fn who_joins_brings_their_word_along() {
    let mut hub = hub(&["shop 1 email marketing granted"]);
    let stranger = event::Consent { at: Some(at(5)), ..consent(party(&["customer:2"]), "denied") };
    hub.happens("shop", 5, "consent.changed", Payload::Consent(stranger));
    let may = |hub: &Hub| may_contact(&hub.store, ana(), "email", &Purpose::Marketing).unwrap().allowed;
    assert!(may(&hub));
    hub.happens("shop", 6, "person.merged", Payload::PersonMerge(merge("customer:1", "customer:2")));
    assert!(!may(&hub));
}

#[test]
fn nobody_and_the_forgotten_are_not_written_to() {
    let mut hub = hub(&["shop 1 email marketing granted"]);
    let nobody = may_contact(&hub.store, NodeId([9; 16]), "email", &Purpose::Service).unwrap();
    assert_eq!((nobody.allowed, nobody.because), (false, ContactReason::Unknown));
    for (connection, ids) in ACCOUNTS {
        let request = event::PrivacyRequest {
            id: "1".into(),
            kind: "erase-customer".into(),
            who: Some(party(&ids[..1])),
            orders: vec![],
            extra: vec![],
        };
        hub.happens(connection, 9, "privacy.requested", Payload::PrivacyRequest(request));
    }
    for purpose in [Purpose::Marketing, Purpose::Service] {
        let gone = may_contact(&hub.store, ana(), "email", &purpose).unwrap();
        assert_eq!((gone.allowed, gone.because), (false, ContactReason::Forgotten));
    }
}

#[test]
fn an_effect_is_sent_when_whom_it_is_for_allows_it_now() {
    let rule = |purpose: &str| {
        format!(
            "rule: {purpose}\nmode: on\non: order.paid\nwhen: always\nthen: \
             [{{id: say, do: wa.send_message, purpose: {purpose}, with: {{to: '+4930901820', text: thanks}}}}]"
        )
    };
    let mut hub = Hub::new(&[&rule("marketing"), &rule("service")]);
    let buyer = party(&["customer:1", "+4930901820"]);
    let paid = event::Order { buyer: Some(buyer), ..order("1") };
    hub.happens("shop", 1, "order.paid", Payload::Order(paid));
    let may = |hub: &Hub, rule: &str| {
        let ids = effects_due(&hub.store, 9).unwrap().into_iter();
        let mut rows = ids.map(|(_, id)| effect(&hub.store, id).unwrap().unwrap());
        let row = rows.find(|row| row.rule == rule).unwrap();
        may_send(&hub.store, &row).unwrap().unwrap().allowed
    };
    assert!(may(&hub, "service"));
    assert!(!may(&hub, "marketing"), "nobody asked her");
    say(&mut hub, "wa 2 whatsapp marketing granted");
    assert!(may(&hub, "marketing"), "said to another connection, by the same phone");
    say(&mut hub, "wa 3 whatsapp marketing denied");
    assert!(!may(&hub, "marketing"), "taken back before it was sent");
}
