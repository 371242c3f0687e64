//! Rules that act too rarely or too often: what is noticed, when, and what other rules make of it.

use hub_fold::read::{self, EffectQuery, backtest, effects, watches, why};
use hub_fold::record::Record;
use hub_fold::{Fold, RuleAlarm, Sequenced, Side, Verdict, next_timer, view_digest};
use hub_model::EventId;
use hub_model::event::{self, Payload};
use hub_store::MemoryStore;

use crate::support::events::{at, event, order, party};
use crate::support::{Hub, Told, fold_into, journal, settings, told};

const DAY: i64 = 24 * 60;

/// A rule on paid orders with these limits.
fn rule(limits: &str) -> String {
    format!(
        "rule: thanks\nmode: on\non: order.paid\nwhen: always\nthen: [{{id: tag, do: customer.add_tag, with: {{tag: thanked}}}}]\nlimits: {{{limits}}}\n"
    )
}

/// Opens a ticket about every alarm.
fn guard(name: &str, on: &str) -> String {
    format!(
        "rule: {name}\nmode: on\non: {on}\nwhen: always\nthen: [{{id: ticket, do: desk.create_ticket, with: {{subject: \"{{{{alarm.rule}}}}: {{{{alarm.count}}}}, expected {{{{alarm.expected}}}}\"}}}}]\n"
    )
}

fn paid(number: i64, minute: i64) -> Told {
    let order =
        event::Order { buyer: Some(party(&[&format!("customer:{number}")])), ..order(&number.to_string()) };
    told("shop", minute, vec![event("order.paid", minute, Payload::Order(order))])
}

fn subjects(hub: &Hub) -> Vec<String> {
    let found = effects(&hub.store, &EffectQuery { limit: 1_000, ..EffectQuery::default() }).unwrap();
    let mut subjects: Vec<String> =
        found.iter().flat_map(|effect| effect.arguments.iter().map(|(_, value)| value.clone())).collect();
    subjects.sort();
    subjects
}

/// What is raised for `thanks`, as the view has it.
fn raised(hub: &Hub, minute: i64) -> Vec<(Side, i64, u64)> {
    let views = watches(&hub.store, at(minute)).unwrap();
    let alarms = views.iter().filter(|view| view.rule == "thanks").flat_map(|view| &view.alarms);
    alarms.map(|alarm| (alarm.side, (alarm.since.0 - at(0).0) / 60_000_000_000, alarm.count)).collect()
}

/// The moment the timer that is due next shows, in minutes.
fn due(hub: &Hub) -> Option<i64> {
    next_timer(&hub.store).unwrap().map(|due| (due.0 - at(0).0) / 60_000_000_000)
}

#[test]
fn silence_is_noticed_when_its_time_has_come_and_ends_when_the_rule_acts() {
    let mut hub = Hub::new(&[&rule("alarm_below: 1/d"), &guard("guard", "rule.silent")]);
    // Settings came on the hour: the first whole window ends a day later.
    assert_eq!(due(&hub), Some(DAY));
    hub.tell(&paid(1, 100));
    hub.record(DAY, Record::Tick);
    assert_eq!(raised(&hub, DAY), []);
    let next = due(&hub).unwrap();
    assert_eq!(next, DAY + 120, "the hour of the order has passed out of the window");
    let told = hub.record(next + 7, Record::Tick);
    assert_eq!(raised(&hub, next + 7), [(Side::Silent, next + 7, 0)]);
    let alarms: Vec<(&str, Side)> =
        told.alarms.iter().map(|RuleAlarm { rule, alarm }| (rule.as_str(), alarm.side)).collect();
    assert_eq!(alarms, [("thanks", Side::Silent)]);
    assert_eq!(subjects(&hub), ["thanks: 0, expected at least 1 time in 24h"]);
    // Told of once, while it lasts.
    assert_eq!(due(&hub), None);
    hub.record(9 * DAY, Record::Tick);
    assert_eq!(subjects(&hub).len(), 1);
    hub.tell(&paid(2, 9 * DAY + 5));
    assert_eq!((raised(&hub, 9 * DAY + 5), due(&hub)), (vec![], Some(10 * DAY + 60)));
    hub.record(10 * DAY + 60, Record::Tick);
    assert_eq!(subjects(&hub).len(), 2);
}

#[test]
fn a_spike_is_noticed_at_once_and_has_its_end() {
    let mut hub = Hub::new(&[&rule("alarm_above: 3/d"), &guard("guard", "rule.spiking")]);
    for number in 0..3 {
        hub.tell(&paid(number, 10 + number));
    }
    assert_eq!((raised(&hub, 12), due(&hub)), (vec![], None));
    let told = hub.tell(&paid(3, 13));
    assert_eq!(told.alarms.len(), 1);
    hub.tell(&paid(4, 14));
    assert_eq!(raised(&hub, 14), [(Side::Spiking, 13, 4)]);
    assert_eq!(subjects(&hub), ["thanks: 4, expected at most 3 times in 24h"]);
    let calm = due(&hub).unwrap();
    assert_eq!(calm, DAY);
    hub.record(calm, Record::Tick);
    assert_eq!((raised(&hub, calm), due(&hub)), (vec![], None));
}

#[test]
fn a_rule_does_not_act_on_its_own_alarm_and_rules_on_each_others_come_to_rest() {
    let limits = "alarm_above: 1/d";
    let watched = |name: &str| format!("{}limits: {{{limits}}}\n", guard(name, "rule.spiking"));
    let more = rule(limits).replace("rule: thanks", "rule: more");
    let mut hub = Hub::new(&[&rule(limits), &more, &watched("first"), &watched("second")]);
    assert_eq!(hub.tell(&paid(1, 1)).alarms, []);
    let told = hub.tell(&paid(2, 2));
    // Two rules spike, so each of the two that act on alarms acts twice, which raises one about it. On that the other acts
    // once more, and that is all.
    let about: Vec<&str> = told.alarms.iter().map(|raised| raised.rule.as_str()).collect();
    assert_eq!(about, ["more", "thanks", "first", "second"]);
    assert_eq!(subjects(&hub).len(), 6);
    for (rule, other) in [("first", "second"), ("second", "first")] {
        let alarm = EventId::of("@hub", "rule.spiking", &format!("{rule}/{}", at(2).0));
        let verdict = |rule: &str| why(&hub.store, rule, alarm).unwrap().unwrap().verdict;
        assert_eq!(verdict(rule), Verdict::OwnWrite);
        assert!(matches!(verdict(other), Verdict::Fired { .. }));
    }
    assert_eq!(hub.tell(&paid(3, 3)).alarms, []);
    assert_eq!(subjects(&hub).len(), 6);
}

#[test]
fn the_settings_in_force_say_what_is_watched() {
    let mut hub = Hub::new(&[&rule("alarm_below: 1/d")]);
    let set = |hub: &mut Hub, minute, rules: &[&str]| {
        hub.record(minute, Record::Settings(Box::new(settings(rules))));
    };
    // Another limit beside the same band: it is watched on.
    set(&mut hub, 300, &[&rule("max: 5/h, alarm_below: 1/d")]);
    assert_eq!(due(&hub), Some(DAY));
    // Another band: anew.
    set(&mut hub, 300, &[&rule("alarm_below: 2/d")]);
    assert_eq!(due(&hub), Some(DAY + 300));
    hub.record(DAY, Record::Tick);
    assert_eq!(raised(&hub, DAY), []);
    // In shadow mode what it would have done counts.
    set(&mut hub, DAY + 10, &[&rule("alarm_below: 2/d").replace("mode: on", "mode: shadow")]);
    hub.tell(&paid(1, DAY + 20));
    hub.tell(&paid(2, DAY + 30));
    hub.record(DAY + 300, Record::Tick);
    assert_eq!(raised(&hub, DAY + 300), []);
    assert_eq!(watches(&hub.store, at(DAY + 300)).unwrap()[0].lately_below, Some(2));
    for off in [rule("alarm_below: 2/d").replace("mode: on", "mode: off"), rule("max: 5/h")] {
        set(&mut hub, DAY + 310, &[&rule("alarm_below: 2/d")]);
        set(&mut hub, DAY + 311, &[&off]);
        assert_eq!((due(&hub), watches(&hub.store, at(DAY + 311)).unwrap()), (None, vec![]));
    }
}

/// Orders at odd times, with a pause and a storm.
fn tellings() -> Vec<Told> {
    let minutes = (0..200_i64).map(|n| match n {
        0..60 => n * 400 + n * n % 37,
        60..80 => 40_000 + n,
        _ => 44_000 + (n - 80) * 390,
    });
    (0..).zip(minutes).map(|(number, minute)| paid(number, minute)).collect()
}

const BAND: &str = "alarm_below: 2/d, alarm_above: 9/d";

#[test]
fn batches_change_nothing() {
    let rules = [rule(BAND), guard("guard", "rule.silent"), guard("other", "rule.spiking")];
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let mut records = journal(&settings(&rules), tellings().iter());
    // The hub looks at the clock now and then.
    let ticks: Vec<Sequenced> =
        (0..400).map(|n| Sequenced { seq: 0, at: at(n * 240), record: Record::Tick }).collect();
    records.extend(ticks);
    records.sort_by_key(|record| record.at);
    for (seq, record) in (1..).zip(&mut records) {
        record.seq = seq;
    }
    let digests: Vec<String> = [vec![1], vec![3, 1, 7], vec![1_000]]
        .into_iter()
        .map(|sizes| {
            let store = MemoryStore::new();
            fold_into(&store, &renumbered(&records), &sizes);
            view_digest(&store).unwrap()
        })
        .collect();
    assert_eq!((&digests[1], &digests[2]), (&digests[0], &digests[0]));
}

/// Reports name the deliveries before them by their place.
fn renumbered(records: &[Sequenced]) -> Vec<Sequenced> {
    let mut records = records.to_vec();
    let mut delivery = 0;
    for record in &mut records {
        match &mut record.record {
            Record::Delivery(_) => delivery = record.seq,
            Record::Reported(reported) => reported.delivery = Some(delivery),
            _ => {}
        }
    }
    records
}

/// A back-test lists the alarms that a fold with the rule in force raises, at their very moments.
#[test]
fn a_back_test_tells_of_the_alarms_there_would_have_been() {
    let store = MemoryStore::new();
    let records: Vec<Sequenced> = journal(&settings(&[&rule(BAND)]), tellings().iter())
        .into_iter()
        .map(|record| Sequenced { at: record.at.max(at(0)), ..record })
        .collect();
    let mut fold = Fold::open(&store).unwrap().running_free();
    let folded = fold.apply(&store, &records).unwrap();
    let until = records.last().unwrap().at;
    let test = backtest(&store, None, "thanks", (at(0), until)).unwrap();
    let tried = test.band.expected.unwrap();
    let expected: Vec<_> = folded.alarms.iter().rev().map(|raised| raised.alarm).collect();
    assert!(expected.iter().any(|alarm| alarm.side == Side::Silent), "{expected:?}");
    assert!(expected.iter().any(|alarm| alarm.side == Side::Spiking), "{expected:?}");
    assert_eq!(tried.alarms.first, expected);
    assert_eq!(tried.written, BAND);
    // Two months of some four orders a day, with a storm: it is not taken for what is usual.
    let proposed = test.band.proposed.unwrap();
    assert!(proposed.alarms.first.iter().any(|alarm| alarm.side == Side::Spiking), "{proposed:?}");
    assert!(test.band.learned.days >= 55, "{:?}", test.band.learned);
    assert!(!read::LEARNED_FROM.is_empty());
}
