//! What keeps planned effects from being sent: too many at once, a question, a wait, quiet hours, the switch. And people's
//! words on them, in whatever order they are heard.

use hub_fold::read::{self, EffectQuery, backtest, why};
use hub_fold::record::{Attempt, Chosen, Command, Outcome, Receipt, Record};
use hub_fold::row::{EffectRow, EffectState, Word};
use hub_fold::{
    Act, Sequenced, Switch, audit, effects_due, effects_held, effects_open, effects_stopped, effects_switch,
    view_digest,
};
use hub_model::event::{self, Payload};
use hub_model::{EffectId, EventId, Timestamp};
use hub_store::MemoryStore;

use crate::support::events::{at, event, order, party};
use crate::support::{Hub, Told, fold_into, journal, node, settings, told};

const ALL: usize = 1_000;

/// A rule on paid orders that opens a ticket, tags the customer, and has these lines besides.
fn rule(action: &str, limits: &str) -> String {
    format!(
        "rule: thanks\nmode: on\non: order.paid\nwhen: always\nthen:\n  \
         - {{id: ticket, do: desk.create_ticket, {action} with: {{subject: hello}}}}\n  \
         - {{id: tag, do: customer.add_tag, with: {{tag: thanked}}}}\nlimits: {{{limits}}}\n"
    )
}

/// A rule that writes to whoever paid.
fn message(action: &str, limits: &str) -> String {
    format!(
        "rule: thanks\nmode: on\non: order.paid\nwhen: always\nthen:\n  \
         - {{id: ask, do: wa.send_message, purpose: service, {action} with: {{to: \"4915\", text: hello}}}}\n\
         limits: {{{limits}}}\n"
    )
}

fn paid(number: i64) -> event::Event {
    let order =
        event::Order { buyer: Some(party(&[&format!("customer:{number}")])), ..order(&number.to_string()) };
    event("order.paid", number, Payload::Order(order))
}

/// So many people pay, all of which the hub hears at this minute.
fn storm(minute: i64, numbers: std::ops::Range<i64>) -> Told {
    told("shop", minute, numbers.map(paid).collect())
}

/// A hub with this rule, and the effect of the one order it has heard of, at minute 1.
fn one(rule: &str) -> (Hub, EffectId) {
    let mut hub = Hub::new(&[rule]);
    let planned = hub.tell(&storm(1, 1..2)).effects_planned;
    (hub, planned[0])
}

fn word(minute: i64, by: &str) -> Word {
    Word { at: at(minute), by: by.into(), reason: format!("says {by}") }
}

fn release(minute: i64, by: &str, chosen: Chosen) -> Command {
    Command::ReleaseEffects { chosen, word: word(minute, by) }
}

fn cancel(minute: i64, by: &str, chosen: Chosen) -> Command {
    Command::CancelEffects { chosen, word: word(minute, by) }
}

fn thanks() -> Chosen {
    Chosen::Rule("thanks".into())
}

fn row(hub: &Hub, id: EffectId) -> EffectRow {
    hub_fold::effect(&hub.store, id).unwrap().unwrap()
}

/// How many effects are in each of these states, and in no other.
fn check(hub: &Hub, expected: &[(&str, usize)]) {
    for state in read::EFFECT_STATES {
        let query = EffectQuery { state: Some(state.into()), rule: None, limit: ALL };
        let found = read::effects(&hub.store, &query).unwrap().len();
        let expected = expected.iter().find(|(word, _)| *word == state).map_or(0, |(_, count)| *count);
        assert_eq!(found, expected, "{state}");
    }
}

fn due(hub: &Hub) -> Vec<Timestamp> {
    effects_due(&hub.store, ALL).unwrap().into_iter().map(|(due, _)| due).collect()
}

fn is_waiting_until(hub: &Hub, id: EffectId, until: &str, why: &str) {
    let EffectState::Waiting { until: due, reason } = row(hub, id).state else {
        panic!("not waiting: {:?}", row(hub, id).state)
    };
    assert_eq!((due, row(hub, id).owed_since), (until.parse().unwrap(), until.parse().unwrap()), "{reason}");
    assert!(reason.starts_with(why), "{reason}");
}

#[test]
fn a_storm_is_stopped_by_its_limit_and_released() {
    let mut hub = Hub::new(&[&rule("", "pause_above: 50/h")]);
    let heard = hub.tell(&storm(1, 0..200));
    assert_eq!((heard.rules_fired, heard.effects_planned.len(), heard.effects_due.len()), (200, 200, 50));
    check(&hub, &[("planned", 50), ("held", 150)]);
    assert_eq!((due(&hub).len(), effects_held(&hub.store, ALL).unwrap().len()), (50, 150));
    // What the hub does itself is done.
    assert_eq!(hub.card(node("shop", "customer:199")).summary.tags, ["thanked"]);
    let event = EventId::of("shop", "order.paid", &paid(199).key);
    let decided = why(&hub.store, "thanks", event).unwrap().unwrap().explain();
    assert!(
        decided.contains("ticket waits for a person: pause_above: it acted more than 50 times in 1h"),
        "{decided}"
    );
    // It goes on half an hour later, and is still one.
    assert_eq!(hub.tell(&storm(31, 200..210)).effects_due.len(), 0);
    // An hour after its last gust it is over; what it left behind waits on.
    assert_eq!(hub.tell(&storm(92, 210..211)).effects_due.len(), 1);
    check(&hub, &[("planned", 51), ("held", 160)]);
    assert_eq!(hub.command(93, release(93, "ana", thanks())).effects_due.len(), 160);
    check(&hub, &[("planned", 211)]);
    assert_eq!((due(&hub).len(), effects_held(&hub.store, ALL).unwrap()), (211, vec![]));
}

#[test]
fn a_storm_is_cancelled_and_what_comes_later_is_not() {
    let mut hub = Hub::new(&[&rule("", "pause_above: 50/h"), &rule("", "").replace("thanks", "other")]);
    hub.tell(&storm(1, 0..200));
    // Somebody else's word of before the storm means none of it.
    hub.command(2, cancel(0, "early", thanks()));
    check(&hub, &[("planned", 250), ("held", 150)]);
    // Also what is not held, but not sent yet; another rule's stays.
    assert_eq!(hub.command(3, cancel(3, "ana", thanks())).effects_due, []);
    check(&hub, &[("planned", 200), ("cancelled", 200)]);
    assert_eq!(due(&hub).len(), 200);
    hub.tell(&storm(200, 200..201));
    check(&hub, &[("planned", 202), ("cancelled", 200)]);
}

#[test]
fn a_rule_asks_before_it_acts() {
    let (mut hub, id) = one(&rule("ask: Is it fraud?,", ""));
    check(&hub, &[("held", 1)]);
    assert_eq!(row(&hub, id).state, EffectState::Held { at: at(1), reason: "ask: Is it fraud?".into() });
    // To try again is no answer.
    assert_eq!(hub.command(2, Command::RetryEffect { effect: id }).effects_due, []);
    check(&hub, &[("held", 1)]);
    assert_eq!(hub.command(3, release(3, "ana", Chosen::Effects(vec![id]))).effects_due, [id]);
    check(&hub, &[("planned", 1)]);
    assert_eq!(row(&hub, id).owed_since, at(3));
    let acts: Vec<_> = audit(&hub.store, None, 1).unwrap();
    let said = (&acts[0].entry.act, acts[0].entry.by.as_deref(), acts[0].entry.reason.as_deref());
    let act = Act::ReleasedEffects { rule: None, effects: vec![id] };
    assert_eq!(said, (&act, Some("ana"), Some("says ana")));
}

#[test]
fn a_rule_in_shadow_mode_says_what_a_person_would_be_asked() {
    let mut hub = Hub::new(&[&rule("ask: Is it fraud?,", "").replace("mode: on", "mode: shadow")]);
    assert_eq!(hub.tell(&storm(1, 1..2)).effects_planned, []);
    let event = EventId::of("shop", "order.paid", &paid(1).key);
    let decision = why(&hub.store, "thanks", event).unwrap().unwrap();
    assert_eq!(
        decision.held.iter().map(|held| held.reason.as_str()).collect::<Vec<_>>(),
        ["ask: Is it fraud?"]
    );
    assert!(decision.explain().contains("ticket waits for a person: ask: Is it fraud?"));
}

#[test]
fn what_is_cancelled_is_neither_released_nor_retried() {
    let (mut hub, id) = one(&rule("ask: Is it fraud?,", ""));
    hub.command(2, cancel(2, "ana", Chosen::Effects(vec![id])));
    let cancelled = row(&hub, id);
    let said = EffectState::Cancelled { at: at(2), by: "ana".into(), reason: "says ana".into() };
    assert_eq!(cancelled.state, said);
    hub.command(3, release(3, "ben", Chosen::Effects(vec![id])));
    hub.command(3, release(3, "ben", thanks()));
    hub.command(4, Command::RetryEffect { effect: id });
    assert_eq!(row(&hub, id), cancelled);
    let shown = read::effect(&hub.store, id).unwrap().unwrap();
    assert_eq!(
        (shown.state, shown.by.as_deref(), shown.reason.as_deref()),
        ("cancelled", Some("ana"), Some("says ana"))
    );
}

#[test]
fn what_is_on_its_way_is_not_called_back_and_not_tried_again() {
    let retry = |uncertain| Outcome::RetryAt { at: at(9), reason: "busy".into(), uncertain };
    let done = Outcome::Confirmed { reference: None, already_done: false };
    let unknown = Outcome::Unknown { reason: "silence".into() };
    for (outcome, state) in
        [(retry(false), "cancelled"), (retry(true), "waiting"), (done, "confirmed"), (unknown, "unknown")]
    {
        // The word is heard before the try is journalled, or after.
        for is_first in [true, false] {
            let (mut hub, id) = one(&rule("", ""));
            let word = || cancel(2, "ana", thanks());
            if is_first {
                hub.command(2, word());
            }
            hub.record(2, Record::Attempt(Attempt { effect: id, number: 1 }));
            if !is_first {
                hub.command(2, word());
            }
            check(&hub, &[("claimed", 1)]);
            hub.record(3, Record::Receipt(Receipt { effect: id, number: 1, outcome: outcome.clone() }));
            check(&hub, &[(state, 1)]);
        }
    }
}

#[test]
fn nothing_is_sent_while_it_is_stopped_and_nothing_is_lost() {
    let mut hub = Hub::new(&[&rule("", "")]);
    hub.tell(&storm(1, 0..3));
    assert_eq!(effects_switch(&hub.store).unwrap(), None);
    hub.command(2, Command::StopEffects(word(2, "ana")));
    hub.tell(&storm(3, 3..5));
    assert_eq!(due(&hub), []);
    assert_eq!(effects_open(&hub.store, ALL).unwrap().len(), 5);
    check(&hub, &[("planned", 5)]);
    let stopped = effects_stopped(&hub.store).unwrap().unwrap();
    assert_eq!((stopped.at, stopped.switch, stopped.by.as_str()), (at(2), Switch::Stopped, "ana"));
    hub.command(9, Command::ResumeEffects(word(9, "ben")));
    assert_eq!(due(&hub), [at(1), at(1), at(1), at(3), at(3)]);
    assert_eq!(effects_stopped(&hub.store).unwrap(), None);
    assert_eq!(
        effects_switch(&hub.store).unwrap().map(|last| (last.by, last.at)),
        Some(("ben".into(), at(9)))
    );
    let acts: Vec<Act> = audit(&hub.store, None, 2).unwrap().into_iter().map(|one| one.entry.act).collect();
    assert_eq!(acts, [Act::ResumedEffects {}, Act::StoppedEffects {}]);
}

#[test]
fn an_action_waits_its_time() {
    let (mut hub, id) = one(&rule("wait: 2d,", ""));
    is_waiting_until(&hub, id, "2026-05-06T09:01:00Z", "wait");
    assert_eq!(due(&hub), ["2026-05-06T09:01:00Z".parse().unwrap()]);
    hub.command(5, cancel(5, "ana", thanks()));
    check(&hub, &[("cancelled", 1)]);
    assert_eq!(due(&hub), []);
}

#[test]
fn what_is_released_still_waits_its_time() {
    for (minute, is_over) in [(5, false), (3 * 24 * 60, true)] {
        let (mut hub, id) = one(&rule("wait: 2d, ask: Still wanted?,", ""));
        check(&hub, &[("held", 1)]);
        hub.command(minute, release(minute, "ana", thanks()));
        match is_over {
            true => check(&hub, &[("planned", 1)]),
            false => is_waiting_until(&hub, id, "2026-05-06T09:01:00Z", "wait"),
        }
    }
}

const NIGHT: &str = "quiet_hours: {from: \"21:00\", until: \"08:00\", tz: Europe/Berlin}";

fn minute(time: &str) -> i64 {
    let time: Timestamp = time.parse().unwrap();
    (time.0 - at(0).0) / 60_000_000_000
}

#[test]
fn nobody_is_written_to_at_night_also_when_the_clocks_change() {
    // By summer's clocks, over the night they change, and by winter's.
    for (planned, until) in [
        ("2026-10-23T20:00:00Z", "2026-10-24T06:00:00Z"),
        ("2026-10-24T20:00:00Z", "2026-10-25T07:00:00Z"),
        ("2026-10-25T21:00:00Z", "2026-10-26T07:00:00Z"),
        ("2027-03-27T21:00:00Z", "2027-03-28T06:00:00Z"),
    ] {
        let mut hub = Hub::new(&[&message("", NIGHT)]);
        let id = hub.tell(&storm(minute(planned), 1..2)).effects_planned[0];
        is_waiting_until(&hub, id, until, "quiet hours");
    }
    let mut by_day = Hub::new(&[&message("", NIGHT)]);
    by_day.tell(&storm(minute("2026-10-25T19:30:00Z"), 1..2));
    check(&by_day, &[("planned", 1)]);
}

#[test]
fn quiet_hours_are_kept_after_a_wait_and_after_a_release_and_of_messages_alone() {
    let mut hub = Hub::new(&[&message("wait: 12h,", NIGHT)]);
    let id = hub.tell(&storm(1, 1..2)).effects_planned[0];
    // 09:01 and twelve hours is 23:01 in Berlin.
    is_waiting_until(&hub, id, "2026-05-05T06:00:00Z", "quiet hours");

    let mut hub = Hub::new(&[&message("ask: Sure?,", NIGHT)]);
    let id = hub.tell(&storm(1, 1..2)).effects_planned[0];
    let night = minute("2026-05-04T22:00:00Z");
    hub.command(night, release(night, "ana", thanks()));
    is_waiting_until(&hub, id, "2026-05-05T06:00:00Z", "quiet hours");

    // Planned by day, and tried at night because the provider was busy.
    let mut hub = Hub::new(&[&message("", NIGHT)]);
    let id = hub.tell(&storm(1, 1..2)).effects_planned[0];
    check(&hub, &[("planned", 1)]);
    let until = row(&hub, id).quiet_until(at(night));
    assert_eq!(until, Some("2026-05-05T06:00:00Z".parse().unwrap()));
    assert_eq!(row(&hub, id).quiet_until(at(1)), None);

    let both = message("", NIGHT)
        .replace("limits", "  - {id: ticket, do: desk.create_ticket, with: {subject: hello}}\nlimits");
    let mut hub = Hub::new(&[&both]);
    hub.tell(&storm(minute("2026-05-04T22:00:00Z"), 1..2));
    check(&hub, &[("planned", 1), ("waiting", 1)]);
}

#[test]
fn the_same_word_twice_changes_nothing() {
    let stop = || Command::StopEffects(word(5, "ana"));
    for command in [release(3, "ana", thanks()), cancel(3, "ana", thanks()), stop()] {
        let (mut hub, id) = one(&message("wait: 1h, ask: Sure?,", NIGHT));
        hub.command(3, command.clone());
        let once = (row(&hub, id), effects_switch(&hub.store).unwrap(), due(&hub));
        hub.command(7, command);
        assert_eq!((row(&hub, id), effects_switch(&hub.store).unwrap(), due(&hub)), once);
    }
}

/// All orders of some things.
fn orders<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    let mut all = vec![vec![]];
    for thing in things {
        let with = |order: &Vec<T>, place: usize| {
            let mut order = order.clone();
            order.insert(place, thing.clone());
            order
        };
        all = all.iter().flat_map(|order| (0..=order.len()).map(move |place| with(order, place))).collect();
    }
    all
}

#[test]
fn words_give_the_same_in_whatever_order_they_are_heard() {
    let night = minute("2026-05-04T22:00:00Z");
    let releases = [
        release(20, "ana", thanks()),
        release(15, "ben", thanks()),
        release(15, "ada", thanks()),
        release(night, "cem", thanks()),
    ];
    let with_cancels: Vec<Command> = [cancel(18, "dan", thanks()), cancel(18, "eva", thanks())]
        .into_iter()
        .chain(releases.iter().take(3).cloned())
        .collect();
    for words in [&releases[..], &with_cancels[..]] {
        let mut seen: Option<EffectRow> = None;
        for order in orders(words) {
            let (mut hub, id) = one(&message("ask: Sure?,", NIGHT));
            for command in order {
                hub.command(night, command);
            }
            let row = row(&hub, id);
            assert_eq!(seen.get_or_insert_with(|| row.clone()), &row);
        }
        let held = seen.unwrap();
        match words.len() {
            4 => assert_eq!((held.state, held.owed_since), (EffectState::Planned, at(15))),
            _ => assert_eq!(held.hold.cancelled.unwrap().by, "dan"),
        }
    }
}

#[test]
fn the_last_word_on_the_switch_holds_in_whatever_order_they_are_heard() {
    let words = [
        Command::StopEffects(word(5, "ana")),
        Command::ResumeEffects(word(7, "ben")),
        Command::StopEffects(word(9, "cem")),
        // Of the same moment: to stop is the safe side.
        Command::ResumeEffects(word(9, "dan")),
    ];
    for order in orders(&words) {
        let (mut hub, _) = one(&rule("", ""));
        for command in order {
            hub.command(20, command);
        }
        let last = effects_stopped(&hub.store).unwrap().unwrap();
        assert_eq!((last.at, last.by.as_str(), due(&hub)), (at(9), "cem", vec![]));
    }
}

#[test]
fn what_is_held_for_somebody_forgotten_loses_its_content_and_stays() {
    let (mut hub, id) = one(&message("ask: Sure?,", ""));
    assert_eq!(row(&hub, id).arguments.len(), 2);
    hub.command(
        2,
        Command::Erase {
            account: node("shop", "customer:1"),
            by: "ana".into(),
            reason: "request 17".into(),
            at: at(2),
            deliveries: vec![],
            systems: vec![],
        },
    );
    check(&hub, &[("parked", 1)]);
    let erased = row(&hub, id);
    assert_eq!((erased.arguments.len(), erased.erased), (0, true));
    for command in [release(3, "ana", thanks()), cancel(4, "ana", Chosen::Effects(vec![id]))] {
        hub.command(4, command);
        assert_eq!(row(&hub, id), erased);
    }
    assert_eq!((due(&hub), effects_held(&hub.store, ALL).unwrap()), (vec![], vec![]));
}

#[test]
fn the_view_is_the_same_however_the_journal_is_cut() {
    let rules = [rule("", "pause_above: 3/h"), message("wait: 1h,", NIGHT).replace("thanks", "other")];
    let mut all = journal(&settings(&[&rules[0], &rules[1]]), [storm(1, 0..20)].iter());
    let words = [
        release(2, "ana", thanks()),
        Command::StopEffects(word(3, "ana")),
        cancel(4, "ben", Chosen::Rule("other".into())),
        cancel(4, "ben", thanks()),
        Command::ResumeEffects(word(5, "ana")),
    ];
    for command in words {
        let seq = all.len() as u64 + 1;
        all.push(Sequenced { seq, at: at(6), record: Record::Command(command) });
    }
    let digests = [&[1][..], &[2, 3], &[100]].map(|sizes| {
        let store = MemoryStore::new();
        fold_into(&store, &all, sizes);
        view_digest(&store).unwrap()
    });
    assert_eq!((&digests[0], &digests[0]), (&digests[1], &digests[2]));
}

#[test]
fn words_on_nothing_change_nothing() {
    let mut hub = Hub::new(&[&rule("", "")]);
    let nobody = EffectId([7; 16]);
    for chosen in [Chosen::Effects(vec![nobody]), Chosen::Effects(vec![]), Chosen::Rule("unknown".into())] {
        hub.command(1, release(1, "ana", chosen.clone()));
        hub.command(1, cancel(1, "ana", chosen));
    }
    check(&hub, &[]);
    // One that nobody holds needs no release.
    let id = hub.tell(&storm(1, 1..2)).effects_planned[0];
    let planned = row(&hub, id);
    hub.command(2, release(2, "ana", thanks()));
    assert_eq!(row(&hub, id), planned);
}

#[test]
fn a_back_test_counts_what_a_person_would_have_to_release() {
    let mut hub = Hub::new(&[&rule("", "pause_above: 3/h")]);
    hub.tell(&storm(1, 0..5));
    let test = backtest(&hub.store, None, "thanks", (at(0), at(10))).unwrap();
    assert_eq!((test.fired, test.held.len()), (5, 0));
    let reason = "pause_above: it acted more than 3 times in 1h".to_owned();
    assert_eq!(test.to_release.into_iter().collect::<Vec<_>>(), [(reason, 2)]);
}
