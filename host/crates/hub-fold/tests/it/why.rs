//! Why and why not, told from what is kept of a moment and of the rules as they were then.

use std::collections::BTreeSet;

use hub_fold::read::{backtest, decisions, why};
use hub_fold::record::{Command, Record};
use hub_fold::{Counted, Fold, Keeps, Verdict};
use hub_model::EventId;
use hub_rules::Truth;
use hub_store::MemoryStore;

use crate::support::events::at;
use crate::support::{Hub, Told, journal, message, node, settings, told};

const THEN: &str = "then: [{id: tag, do: customer.add_tag, with: {tag: t}}]";

fn rule(id: &str, when: &str) -> String {
    format!("rule: {id}\nmode: on\non: message.received\nwhen: {when}\n{THEN}")
}

/// Only a connection that there is not tells it apart.
fn ruled_out(id: &str) -> String {
    rule(
        id,
        "{all: [{field: interaction.text, contains: parcel}, {field: delivery.connection, is: nowhere}, \
         {count: message.received, within: 7d, at_least: 1}]}",
    )
}

fn said(minute: i64, text: &str) -> Told {
    let said = message(&format!("m{minute}"), minute, "whatsapp", "in", &["wa-id:1"], text);
    let event = crate::support::events::event(
        "message.received",
        minute,
        hub_model::event::Payload::Interaction(said),
    );
    told("wa", minute, vec![event])
}

fn id_of(told: &Told) -> EventId {
    EventId::of(told.connection, &told.events[0].name, &told.events[0].key)
}

fn explained(hub: &Hub, rule: &str, event: EventId) -> String {
    why(&hub.store, rule, event).unwrap().unwrap().explain()
}

#[test]
fn a_rule_never_looked_at_tells_every_leaf() {
    let mut hub = Hub::new(&[&ruled_out("elsewhere"), &rule("always", "always")]);
    let first = said(1, "Where is my parcel?");
    hub.tell(&first);
    let text = explained(&hub, "elsewhere", id_of(&first));
    let expected = "elsewhere does not fire: decided by delivery.connection is \"nowhere\"\n  \
                    false   all of\n    \
                    true    interaction.text contains \"parcel\" (it is \"Where is my parcel?\")\n    \
                    false   delivery.connection is \"nowhere\" (it is \"wa\")\n    \
                    true    message.received happened at least 1 time within 7d (it was 1)\n\
                    did not act at ";
    assert!(text.starts_with(expected), "{text}");
    let all = decisions(&hub.store, id_of(&first)).unwrap();
    let verdicts: Vec<_> = all.iter().map(|one| (one.rule.as_str(), one.evaluation.truth)).collect();
    assert_eq!(verdicts, [("always", Truth::True), ("elsewhere", Truth::False)]);
    assert_eq!(why(&hub.store, "another", id_of(&first)).unwrap(), None);
}

#[test]
fn what_a_rule_was_is_told_after_it_has_changed() {
    let mut hub = Hub::new(&[&ruled_out("it"), &rule("gone", "always")]);
    let first = said(1, "x");
    hub.tell(&first);
    let before = decisions(&hub.store, id_of(&first)).unwrap();
    hub.record(2, Record::Settings(Box::new(settings(&[&rule("it", "always")]))));
    let second = said(3, "y");
    hub.tell(&second);
    assert_eq!(decisions(&hub.store, id_of(&first)).unwrap(), before);
    let now = decisions(&hub.store, id_of(&second)).unwrap();
    assert_eq!(now.iter().map(|one| one.rule.as_str()).collect::<Vec<_>>(), ["it"]);
    assert!(matches!(now[0].verdict, Verdict::Fired { .. }));
    hub.record(4, Record::Settings(Box::new(settings(&[]))));
    assert_eq!(decisions(&hub.store, id_of(&second)).unwrap(), now);
}

#[test]
fn of_somebody_forgotten_the_answers_stay_and_the_values_go() {
    let mut hub = Hub::new(&[
        &ruled_out("elsewhere"),
        &rule(
            "parcels",
            "{any: [{field: interaction.text, contains: parcel}, {field: customer.email, exists: true}]}",
        ),
        &rule("short", "{none: [{field: interaction.text, matches: 'parcel.+'}]}"),
    ]);
    let first = said(1, "Where is my parcel?");
    hub.tell(&first);
    let before = decisions(&hub.store, id_of(&first)).unwrap();
    hub.command(
        2,
        Command::Erase {
            account: node("wa", "wa-id:1"),
            by: "op".into(),
            reason: "asked".into(),
            at: at(2),
            deliveries: vec![],
            systems: vec![],
        },
    );
    let after = decisions(&hub.store, id_of(&first)).unwrap();
    let answers = |all: &[hub_fold::Decision]| {
        let told = |one: &hub_fold::Decision| {
            let mut leaves = Vec::new();
            one.evaluation.trace.leaves(&mut leaves);
            (one.rule.clone(), one.evaluation.truth, one.evaluation.decided_by.clone(), leaves)
        };
        all.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(answers(&after), answers(&before));
    assert_eq!(before.len(), 3);
    for one in &after {
        assert_eq!(why(&hub.store, &one.rule, id_of(&first)).unwrap().as_ref(), Some(one));
        let text = one.explain();
        assert!(text.contains("(forgotten)") && !text.contains("Where is"), "{text}");
    }
}

#[test]
fn a_hundred_leaves_over_a_letter_are_told() {
    let leaves: Vec<String> =
        (0..99).map(|number| format!("{{field: interaction.text, not_contains: word{number}}}")).collect();
    let when = format!("{{all: [{}, {{field: interaction.text, contains: the end}}]}}", leaves.join(", "));
    let mut hub = Hub::new(&[&rule("long", &when)]);
    let letter = said(1, &format!("{} the end", "x ".repeat(30_000)));
    hub.tell(&letter);
    let decision = why(&hub.store, "long", id_of(&letter)).unwrap().unwrap();
    // The last words count, though they are not shown.
    assert_eq!(decision.evaluation.truth, Truth::True);
    assert!(!decision.explain().contains("the end\")"));
}

#[test]
fn a_view_that_keeps_outcomes_alone_counts_as_one_that_keeps_all() {
    let rules = [ruled_out("elsewhere"), rule("parcels", "{field: interaction.text, contains: parcel}")];
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let story: Vec<Told> =
        (1..9).map(|minute| said(minute, if minute % 3 == 0 { "thanks" } else { "a parcel" })).collect();
    let journal = journal(&settings(&rules), story.iter());
    let folded = |keeps: Keeps| {
        let store = MemoryStore::new();
        Fold::open(&store).unwrap().keeping(keeps).apply(&store, &journal).unwrap();
        store
    };
    for rule in ["elsewhere", "parcels"] {
        let all = folded(Keeps::All);
        for (since, asked, fired) in [(0, 8, 6), (4, 5, 4)] {
            let rules = BTreeSet::from([rule.to_owned()]);
            let counted = folded(Keeps::Outcomes(Counted { rules, since: at(since) }));
            let test = |store: &MemoryStore| backtest(store, None, rule, (at(since), at(10))).unwrap();
            assert_eq!(test(&counted), test(&all));
            let fired = if rule == "parcels" { fired } else { 0 };
            assert_eq!((test(&all).asked, test(&all).fired), (asked, fired), "since {since}");
        }
    }
    let nothing = folded(Keeps::Nothing);
    assert_eq!(decisions(&nothing, id_of(&story[0])).unwrap(), []);
}
