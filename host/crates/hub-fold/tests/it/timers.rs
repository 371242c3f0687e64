//! Rules that act when a time has passed: nothing before, nothing that has become needless, and once.

use hub_fold::read::{EffectQuery, effects, why};
use hub_fold::record::{Command, Record, Settings};
use hub_fold::{Fold, Verdict, next_timer};
use hub_model::EventId;
use hub_model::event::{Interaction, Payload};
use hub_store::MemoryStore;

use crate::support::events::{at, merge, order};
use crate::support::{Hub, fold_into, journal, message, node, settings, told};

const HOUR: i64 = 60;

fn rule(on: &str, more: &str) -> String {
    format!(
        "rule: waits\nmode: on\non: {on}\nwhen: always\nthen: [{{id: ticket, do: desk.create_ticket, with: {{subject: hello}}}}]\n{more}\n"
    )
}

const UNANSWERED: &str = "{after: 2h, since: message.received, unless: message.sent}";

/// Something said in a thread, learned of at once.
fn said(hub: &mut Hub, minute: i64, way: &str, who: &str, thread: &str) -> EventId {
    let name = if way == "in" { "message.received" } else { "message.sent" };
    let text = Interaction {
        thread: Some(thread.into()),
        ..message(&format!("m{minute}"), minute, "instagram", way, &[who], "x")
    };
    hub.happens("ig", minute, name, Payload::Interaction(text))
}

fn word(hub: &Hub, event: EventId) -> String {
    match why(&hub.store, "waits", event).unwrap().map(|decision| decision.verdict) {
        Some(Verdict::Fired { .. }) => "fired".into(),
        Some(Verdict::Waiting { .. }) => "waiting".into(),
        Some(Verdict::Held { reason }) => reason,
        other => format!("{other:?}"),
    }
}

fn owed(hub: &Hub) -> usize {
    effects(&hub.store, &EffectQuery { limit: 1_000, ..EffectQuery::default() }).unwrap().len()
}

#[test]
fn it_acts_when_the_time_has_passed_and_once() {
    let mut hub = Hub::new(&[&rule(UNANSWERED, "")]);
    assert_eq!(next_timer(&hub.store).unwrap(), None);
    let asked = said(&mut hub, 0, "in", "igsid:1", "t");
    assert_eq!(next_timer(&hub.store).unwrap(), Some(at(2 * HOUR)));
    hub.record(2 * HOUR - 1, Record::Tick);
    assert_eq!((word(&hub, asked).as_str(), owed(&hub)), ("waiting", 0));
    for minute in [2 * HOUR, 2 * HOUR, 3 * HOUR] {
        hub.record(minute, Record::Tick);
        assert_eq!((word(&hub, asked).as_str(), owed(&hub)), ("fired", 1));
    }
    assert_eq!(next_timer(&hub.store).unwrap(), None);
}

#[test]
fn what_makes_it_needless_has_to_be_about_the_same() {
    // What is said after the question: minute, way, who, thread; and what becomes of the rule.
    type Case = (&'static str, &'static [(i64, &'static str, &'static str, &'static str)], bool);
    let cases: [Case; 8] = [
        ("", &[], true),
        ("", &[(60, "out", "igsid:1", "t")], false),
        ("", &[(60, "in", "igsid:1", "t")], true),
        ("", &[(60, "out", "igsid:1", "other")], true),
        (", same: customer", &[(60, "out", "igsid:1", "other")], false),
        (", same: customer", &[(60, "out", "igsid:2", "t")], true),
        // Too late to be an answer in time.
        ("", &[(121, "out", "igsid:1", "t")], true),
        // Before it was asked.
        ("", &[(-5, "out", "igsid:1", "t")], true),
    ];
    for (same, after, acts) in cases {
        let on = UNANSWERED.replace('}', &format!("{same}}}"));
        let mut hub = Hub::new(&[&rule(&on, "")]);
        let asked = said(&mut hub, 0, "in", "igsid:1", "t");
        for (minute, way, who, thread) in after.iter().filter(|(minute, ..)| *minute < 120) {
            said(&mut hub, *minute, way, who, thread);
        }
        hub.record(2 * HOUR, Record::Tick);
        for (minute, way, who, thread) in after.iter().filter(|(minute, ..)| *minute >= 120) {
            said(&mut hub, *minute, way, who, thread);
        }
        assert_eq!(word(&hub, asked) == "fired", acts, "{same} {after:?}: {}", word(&hub, asked));
    }
}

#[test]
fn accounts_that_turn_out_to_be_one_answer_for_each_other() {
    let on = UNANSWERED.replace('}', ", same: customer}");
    let mut hub = Hub::new(&[&rule(&on, "")]);
    let asked = said(&mut hub, 0, "in", "igsid:1", "t");
    said(&mut hub, 30, "out", "igsid:2", "u");
    hub.happens("ig", 40, "person.merged", Payload::PersonMerge(merge("igsid:1", "igsid:2")));
    hub.record(2 * HOUR, Record::Tick);
    assert!(word(&hub, asked).starts_with("unless: message.sent happened for the same customer"));
}

#[test]
fn orders_wait_each_for_themselves() {
    let on = "{after: 1d, since: order.paid, unless: order.fulfilled}";
    let mut hub = Hub::new(&[&rule(on, "")]);
    let of = |id: &str| Payload::Order(hub_model::event::Order { buyer: None, ..order(id) });
    let (late, sent) =
        (hub.happens("shop", 0, "order.paid", of("1")), hub.happens("shop", 1, "order.paid", of("2")));
    hub.happens("shop", 60, "order.fulfilled", of("2"));
    hub.record(25 * HOUR, Record::Tick);
    assert_eq!(word(&hub, late), "fired");
    assert!(word(&hub, sent).contains("same order"), "{}", word(&hub, sent));
}

#[test]
fn what_is_learned_late_is_asked_at_once_unless_it_is_too_old() {
    for (limits, expected) in [
        ("", "fired"),
        ("limits: {ignore_older_than: 30m}", "the event is older than ignore_older_than allows"),
    ] {
        let mut hub = Hub::new(&[&rule(UNANSWERED, limits)]);
        let late =
            Interaction { thread: Some("t".into()), ..message("m", 0, "instagram", "in", &["igsid:1"], "x") };
        let event = crate::support::events::event("message.received", 0, Payload::Interaction(late));
        let id = EventId::of("ig", &event.name, &event.key);
        hub.tell(&told("ig", 200, vec![event]));
        hub.record(200, Record::Tick);
        assert_eq!(word(&hub, id), expected, "{limits}");
    }
}

#[test]
fn the_rule_in_force_when_the_time_has_come_decides() {
    let changed = |on: &str| Settings { ..settings(&[&rule(on, "")]) };
    let longer = "{after: 5h, since: message.received, unless: message.sent}";
    let another = "{after: 2h, since: message.sent, unless: message.received}";
    for (on, at_two, at_five) in [(longer, "waiting", "fired"), (another, "waiting", "waiting")] {
        let mut hub = Hub::new(&[&rule(UNANSWERED, "")]);
        let asked = said(&mut hub, 0, "in", "igsid:1", "t");
        hub.record(1, Record::Settings(Box::new(changed(on))));
        hub.record(2 * HOUR, Record::Tick);
        assert_eq!(word(&hub, asked), at_two, "{on}");
        hub.record(5 * HOUR, Record::Tick);
        assert_eq!(word(&hub, asked), at_five, "{on}");
    }
}

#[test]
fn nobody_acts_for_the_forgotten() {
    let mut hub = Hub::new(&[&rule(UNANSWERED, "")]);
    said(&mut hub, 0, "in", "igsid:1", "t");
    let (account, by, reason) = (node("ig", "igsid:1"), "ana".into(), "asked".into());
    hub.command(1, Command::Erase { account, by, reason, at: at(1), deliveries: vec![], systems: vec![] });
    hub.record(2 * HOUR, Record::Tick);
    assert_eq!(owed(&hub), 0);
}

#[test]
fn many_at_once_have_their_turn_one_record_after_the_other() {
    let mut hub = Hub::new(&[&rule(UNANSWERED, "")]);
    for minute in 0..300 {
        let who = format!("igsid:{minute}");
        said(&mut hub, minute, "in", &who, &who);
    }
    let now = 1_000;
    hub.record(now, Record::Tick);
    assert!(next_timer(&hub.store).unwrap().is_some_and(|due| due <= at(now)), "not all in one record");
    hub.record(now, Record::Tick);
    assert_eq!((next_timer(&hub.store).unwrap(), owed(&hub)), (None, 300));
}

/// A fold that runs free asks at the very moments a hub would have that ticked at each of them.
#[test]
fn running_free_asks_as_a_hub_would_have() {
    let on = UNANSWERED.replace('}', ", same: customer}");
    let rules = settings(&[&rule(&on, "limits: {once_per: customer, within: 4h}")]);
    let minutes = [0, 10, 100, 300, 310, 700];
    let tellings: Vec<_> = minutes
        .into_iter()
        .map(|minute| {
            let way = if minute == 310 { "out" } else { "in" };
            let name = if way == "in" { "message.received" } else { "message.sent" };
            let text = message(&format!("m{minute}"), minute, "instagram", way, &["igsid:1"], "x");
            told("ig", minute, vec![crate::support::events::event(name, minute, Payload::Interaction(text))])
        })
        .collect();
    let plain = journal(&rules, tellings.iter());
    let free = MemoryStore::new();
    Fold::open(&free).unwrap().running_free().apply(&free, &plain).unwrap();

    let ticked = MemoryStore::new();
    let mut records = plain.clone();
    for due in [120, 130, 220, 420] {
        let tick = hub_fold::Sequenced { seq: 0, at: at(due), record: Record::Tick };
        let place = records.iter().position(|record| record.at >= at(due)).unwrap_or(records.len());
        records.insert(place, tick);
    }
    (1..).zip(&mut records).for_each(|(seq, record)| record.seq = seq);
    fold_into(&ticked, &records, &[1, 3]);
    let verdicts = |store: &MemoryStore| -> Vec<String> {
        let ids = tellings.iter().map(|told| EventId::of("ig", &told.events[0].name, &told.events[0].key));
        ids.map(|id| format!("{:?}", why(store, "waits", id).unwrap().map(|it| (it.decided_at, it.verdict))))
            .collect()
    };
    assert_eq!(verdicts(&free), verdicts(&ticked));
    assert!(verdicts(&free)[0].contains("Fired"), "{:?}", verdicts(&free));
    assert!(verdicts(&free)[2].contains("once_per"), "{:?}", verdicts(&free));
    assert!(verdicts(&free)[3].contains("unless"), "{:?}", verdicts(&free));
    assert!(verdicts(&free)[5].contains("Waiting"), "{:?}", verdicts(&free));
}
