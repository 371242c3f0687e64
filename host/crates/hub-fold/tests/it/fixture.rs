//! Fixtures cut from history: what a rule was told of an event, as its tests read it; masked, it fires just so.

use hub_fold::record::Record;
use hub_fold::{Fold, Sequenced, Witnessed};
use hub_model::EventId;
use hub_model::event::{self, Payload};
use hub_rules::{Expectation, Rule, RuleTest, Truth, check, run_tests};
use hub_store::{MemoryStore, Store};

use crate::support::events::{at, euros, event, named, order};
use crate::support::{Told, journal, message, page, records, settings, told};

const ANA: &[&str] = &["customer:1", "ana@example.com", "+4915112345678"];
const PERSONAL: [&str; 6] = ["Ana", "Berg", "ana@", "4915112345678", "doorbell", "S-1001"];

fn history() -> Vec<Told> {
    let placed = |status: &str| event::Order {
        number: Some("S-1001".into()),
        buyer: Some(named(ANA, "Ana Berg")),
        total: Some(euros(9_900)),
        placed_at: Some(at(1)),
        financial_status: Some(status.into()),
        tags_added: vec!["gift".into(), "for Ana".into()],
        ..order("501")
    };
    let said = |id: &str, minute| {
        let said = message(id, minute, "whatsapp", "in", &["wa-id:4915112345678"], "The doorbell is Berg");
        told("wa", minute, vec![event("message.received", minute, Payload::Interaction(said))])
    };
    let order = |name: &str, minute, status: &str| {
        told("shop", minute, vec![event(name, minute, Payload::Order(placed(status)))])
    };
    vec![order("order.created", 1, "pending"), said("m1", 3), said("m2", 5), order("order.paid", 8, "paid")]
}

/// Cuts the event of this name out of the history, for a rule or for none.
fn cut(name: &str, rule: Option<&Rule>, as_page: bool) -> Witnessed {
    let mut journal = journal(&settings(&[]), history().iter());
    if as_page {
        let last = history().pop().unwrap();
        journal.truncate(journal.len() - 2);
        journal.push(page(&last, journal.len() as u64 + 1));
    }
    let (told, id) = history()
        .iter()
        .flat_map(|told| told.events.iter().map(|event| (told.connection, event.clone())))
        .find(|(_, event)| event.name == name)
        .map(|(connection, event)| (event.clone(), EventId::of(connection, &event.name, &event.key)))
        .unwrap();
    let has_it = |record: &&Sequenced| match &record.record {
        Record::Reported(report) => report.events.contains(&told),
        Record::Polled(page) => page.reported.events.contains(&told),
        _ => false,
    };
    let record = journal.iter().find(has_it).unwrap();
    let store = MemoryStore::new();
    let before: Vec<Sequenced> = journal.iter().filter(|one| one.seq < record.seq).cloned().collect();
    let mut fold = Fold::open(&store).unwrap();
    fold.apply(&store, &before).unwrap();
    let found = fold.witness(&store, record, id, rule).unwrap();
    assert_eq!(store.applied().unwrap(), record.seq - 1, "asking changes nothing");
    assert_eq!(fold.witness(&store, record, EventId([9; 16]), rule).unwrap(), None);
    found.unwrap()
}

fn rule(on: &str, when: &str) -> Rule {
    let text = format!(
        "rule: tried\nmode: on\non: {on}\nwhen: {when}\nthen: [{{id: tag, do: customer.add_tag, with: {{tag: x}}}}]"
    );
    check("rule.yaml", &text, &settings(&[]).catalogue).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Other letters and digits in the same places.
fn stand_in(_: &str, text: &str) -> String {
    let other = |sign: char| match sign {
        'a'..='z' => 'x',
        'A'..='Z' => 'X',
        '0'..='9' => '7',
        other => other,
    };
    text.chars().map(other).collect()
}

fn fires(rule: &Rule, text: &str) -> bool {
    let expect = Expectation { fires: true, actions: None };
    let rule = Rule { tests: vec![RuleTest { given: "cut.json".into(), expect }], ..rule.clone() };
    let outcome = run_tests(&rule, &|_| Ok(text.to_owned())).remove(0);
    let evaluation = outcome.evaluation.unwrap_or_else(|| panic!("{:?}", outcome.failures));
    evaluation.truth == Truth::True
}

/// The masked fixture of this event makes the rule fire, or not, just as the event did.
fn check_cut(on: &str, when: &str, expected: bool) {
    let rule = rule(on, when);
    let Witnessed { mut fixture, truth } = cut(on, Some(&rule), false);
    assert_eq!(truth == Some(Truth::True), expected, "{when}");
    assert_eq!(fires(&rule, &serde_json::to_string(&fixture).unwrap()), expected, "{when}");
    fixture.mask(&settings(&[]).catalogue, Some(&rule), &mut stand_in);
    let text = serde_json::to_string(&fixture).unwrap();
    assert_eq!(fires(&rule, &text), expected, "{when}: {text}");
    let told = PERSONAL.iter().find(|word| text.contains(**word));
    assert_eq!(told, None, "{text}");
}

#[test]
fn a_masked_fixture_fires_as_the_event_did() {
    check_cut("order.paid", "{field: order.total, more_than: \"50 EUR\"}", true);
    check_cut("order.paid", "{field: order.total, more_than: \"500 EUR\"}", false);
    check_cut("order.paid", "{field: order.financial_status, changed_to: paid}", true);
    check_cut("order.created", "{field: order.financial_status, changed_to: paid}", false);
    check_cut("order.paid", "{field: order.placed_at, newer_than: 1h}", true);
    check_cut("order.paid", "{field: order.placed_at, older_than: 1h}", false);
    check_cut("order.paid", "{field: customer.orders, at_least: 1}", true);
    check_cut("order.paid", "{field: order.tags, any_of: [gift]}", true);
    check_cut("order.paid", "{field: customer.email, exists: true}", true);
    check_cut("message.received", "{count: message.received, within: 7d, at_least: 1}", true);
    check_cut("message.received", "{count: message.received, within: 7d, at_least: 2}", false);
    check_cut(
        "message.received",
        "{all: [{field: interaction.channel, is: whatsapp}, {field: interaction.text, exists: true}]}",
        true,
    );
}

#[test]
fn a_fixture_for_a_rule_holds_what_it_asks_for() {
    let rule = rule(
        "order.paid",
        "{all: [{field: order.financial_status, changed_to: paid}, {field: order.placed_at, newer_than: 1h}, \
         {count: message.received, within: 7d, at_least: 0}]}",
    );
    let expected = serde_json::json!({
        "event": "order.paid",
        "fields": {"order.financial_status": "paid", "order.placed_at": at(1).to_string()},
        "counts": {"message.received": {"7d": 0}},
        "before": {"order.financial_status": "pending"},
        "now": at(8).to_string(),
    });
    for as_page in [false, true] {
        let cut = cut("order.paid", Some(&rule), as_page);
        assert_eq!(serde_json::to_value(&cut.fixture).unwrap(), expected);
    }
}

#[test]
fn a_fixture_for_no_rule_holds_all_that_is_known() {
    let Witnessed { mut fixture, truth } = cut("order.paid", None, false);
    assert_eq!(truth, None);
    let known = ["order.number", "customer.display_name", "customer.email", "event.name", "order.is_open"];
    assert!(known.iter().all(|field| fixture.fields.contains_key(*field)), "{fixture:?}");
    assert!(!fixture.fields.contains_key("interaction.text"), "it brings none: {fixture:?}");
    fixture.mask(&settings(&[]).catalogue, None, &mut stand_in);
    let text = serde_json::to_string(&fixture).unwrap();
    assert_eq!(PERSONAL.iter().find(|word| text.contains(**word)), None, "{text}");
    let kept = ["\"event.name\":\"order.paid\"", "\"delivery.connection\":\"shop\"", "99.00 EUR"];
    assert!(kept.iter().all(|word| text.contains(word)), "{text}");
    // It is read by the tests of any rule on the event.
    assert!(fires(&rule("order.paid", "{field: order.total, more_than: \"50 EUR\"}"), &text));
}

#[test]
fn asking_as_often_as_one_likes_tells_the_same() {
    let records = records(&history()[0], 1);
    let store = MemoryStore::new();
    let fold = Fold::open(&store).unwrap();
    let event = &history()[0].events[0];
    let id = EventId::of("shop", &event.name, &event.key);
    let ask = || fold.witness(&store, &records[1], id, None).unwrap();
    assert_eq!(ask(), ask());
    // The delivery alone brings no event.
    assert_eq!(fold.witness(&store, &records[0], id, None).unwrap(), None);
}
