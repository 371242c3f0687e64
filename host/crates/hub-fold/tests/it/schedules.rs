//! Rules that are asked at times that come again.

use hub_fold::read::{EffectQuery, effects};
use hub_fold::record::Record;
use hub_fold::{Fold, next_timer};
use hub_store::MemoryStore;

use crate::support::events::at;
use crate::support::{Hub, settings};

const HOUR: i64 = 60;

fn rule(on: &str) -> String {
    format!(
        "rule: stock-take\nmode: on\non: {on}\nwhen: always\nthen: [{{id: ticket, do: desk.create_ticket, with: {{subject: \"{{{{event.happened_at}}}}\"}}}}]\n"
    )
}

const HOURLY: &str = "{every: \"0 * * * *\", tz: Europe/Berlin}";

fn acted(hub: &Hub) -> Vec<String> {
    let found = effects(&hub.store, &EffectQuery { limit: 1_000, ..EffectQuery::default() }).unwrap();
    let mut subjects: Vec<String> =
        found.iter().flat_map(|effect| effect.arguments.iter().map(|(_, value)| value.clone())).collect();
    subjects.sort();
    subjects
}

#[test]
fn it_is_asked_at_each_of_its_times_once() {
    let mut hub = Hub::new(&[&rule(HOURLY)]);
    assert_eq!(next_timer(&hub.store).unwrap(), Some(at(HOUR)), "from the settings' time on");
    hub.record(HOUR - 1, Record::Tick);
    assert_eq!(acted(&hub), [""; 0]);
    for minute in [HOUR, HOUR, HOUR + 10, 2 * HOUR] {
        hub.record(minute, Record::Tick);
    }
    assert_eq!(acted(&hub), [at(HOUR).to_string(), at(2 * HOUR).to_string()]);
    // The hub was away for a day: once is enough.
    hub.record(26 * HOUR + 5, Record::Tick);
    assert_eq!(acted(&hub).len(), 3);
    assert_eq!(next_timer(&hub.store).unwrap(), Some(at(27 * HOUR)));
}

#[test]
fn the_rules_in_force_say_when() {
    let mut hub = Hub::new(&[&rule(HOURLY)]);
    // The same times again: what was waited for is not put off.
    hub.record(HOUR + 5, Record::Settings(Box::new(settings(&[&rule(HOURLY), "rule: other\nmode: off\non: order.paid\nwhen: always\nthen: [{id: t, do: customer.add_tag, with: {tag: x}}]\n"]))));
    assert_eq!(next_timer(&hub.store).unwrap(), Some(at(HOUR)));
    let daily = rule("{every: \"0 9 * * *\", tz: UTC}");
    hub.record(HOUR + 6, Record::Settings(Box::new(settings(&[&daily]))));
    let due = next_timer(&hub.store).unwrap().unwrap();
    assert!(due > at(HOUR + 6) && due.to_string().contains("T09:00:00"), "{due}");
    hub.record(HOUR + 7, Record::Settings(Box::new(settings(&[&daily.replace("mode: on", "mode: off")]))));
    assert_eq!(next_timer(&hub.store).unwrap(), None);
    assert_eq!(acted(&hub), [""; 0]);
}

/// A fold that runs free makes up for each of the times.
#[test]
fn running_free_misses_none() {
    let store = MemoryStore::new();
    let record = |seq, minute, record| hub_fold::Sequenced { seq, at: at(minute), record };
    let journal = [
        record(1, 0, Record::Settings(Box::new(settings(&[&rule(HOURLY)])))),
        record(2, 5 * HOUR + 1, Record::Tick),
    ];
    let mut fold = Fold::open(&store).unwrap().running_free();
    fold.apply(&store, &journal).unwrap();
    let found = effects(&store, &EffectQuery { limit: 100, ..EffectQuery::default() }).unwrap();
    assert_eq!(found.len(), 5);
}
