//! The ledger of effects: each breach, planted by hand, is found by its effect and its records; a history in which
//! everything was done as it should be has none, whatever came of the tries and whoever was forgotten meanwhile.

use hub_fold::ledger::{Breach, Ledger, LedgerReport, Wrong};
use hub_fold::record::{
    AskErasure, Attempt, Chosen, Command, Erased, Erasing, ErasureAt, Outcome, Receipt, Record, Settings,
};
use hub_fold::row::{EffectRow, EffectState, Word, key};
use hub_fold::{Sequenced, effects_due, effects_held};
use hub_model::event::{self, DeliveryStatus, Payload};
use hub_model::{EffectId, NodeId, Timestamp};
use hub_rules::Grade;
use hub_store::{Batch, Change, MemoryStore, Store, Table};

use crate::support::chance::Chance;
use crate::support::events::{at, event, interaction, order, party};
use crate::support::{Hub, Told, node, records, settings, told};

const RULE: &str = "rule: thanks\nmode: on\non: order.paid\nwhen: always\n\
                    then: [{id: ticket, do: desk.create_ticket, with: {subject: hello}}]";

/// A hub, and the ledger of what it is told.
struct Watched {
    hub: Hub,
    ledger: Ledger,
}

impl Watched {
    fn new(settings: Settings) -> Self {
        let mut ledger = Ledger::default();
        ledger.record(&Sequenced { seq: 1, at: at(0), record: Record::Settings(Box::new(settings.clone())) });
        Self { hub: Hub::with(settings), ledger }
    }

    fn record(&mut self, minute: i64, record: Record) {
        self.ledger.record(&Sequenced { seq: self.hub.seq + 1, at: at(minute), record: record.clone() });
        self.hub.record(minute, record);
    }

    fn tell(&mut self, told: &Told) -> Vec<EffectId> {
        records(told, self.hub.seq + 1).iter().for_each(|record| self.ledger.record(record));
        self.hub.tell(told).effects_planned
    }

    fn attempt(&mut self, effect: EffectId, number: u32) -> u64 {
        self.record(2, Record::Attempt(Attempt { effect, number }));
        self.hub.seq
    }

    fn receipt(&mut self, effect: EffectId, number: u32, outcome: Outcome) -> u64 {
        self.record(2, Record::Receipt(Receipt { effect, number, outcome }));
        self.hub.seq
    }

    fn command(&mut self, minute: i64, command: Command) {
        self.record(minute, Record::Command(command));
    }

    fn report(&self) -> LedgerReport {
        self.ledger.report(&self.hub.store, &self.hub.store).unwrap()
    }

    fn row(&self, id: EffectId) -> EffectRow {
        hub_fold::effect(&self.hub.store, id).unwrap().unwrap()
    }
}

fn graded(grade: Grade) -> Settings {
    let mut settings = settings(&[RULE]);
    settings.catalogue.actions.values_mut().for_each(|action| action.grade = grade);
    // The hub's own actions keep theirs.
    let own = hub_fold::catalogue(std::iter::empty());
    settings.catalogue.actions.extend(own.actions);
    settings
}

fn paid(number: i64) -> Told {
    let order =
        event::Order { buyer: Some(party(&[&format!("customer:{number}")])), ..order(&number.to_string()) };
    told("shop", number, vec![event("order.paid", number, Payload::Order(order))])
}

/// A hub that owes one effect of this grade.
fn owing(grade: Grade) -> (Watched, EffectId) {
    let mut watched = Watched::new(graded(grade));
    let planned = watched.tell(&paid(1));
    assert_eq!(watched.row(planned[0]).grade, grade);
    (watched, planned[0])
}

fn confirmed(already_done: bool) -> Outcome {
    Outcome::Confirmed { reference: None, already_done }
}

fn again(uncertain: bool) -> Outcome {
    Outcome::RetryAt { at: at(3), reason: "busy".into(), uncertain }
}

fn unknown() -> Outcome {
    Outcome::Unknown { reason: "no answer".into() }
}

fn check(report: &LedgerReport, expected: &[(EffectId, Wrong, &[u64])]) {
    let found: Vec<(EffectId, Wrong, &[u64])> =
        report.breaches.iter().map(|one| (one.effect, one.wrong.clone(), one.records.as_slice())).collect();
    assert_eq!(found, expected);
    assert_eq!(report.proven, expected.is_empty());
    let says = |breach: &Breach| breach.says == breach.wrong.to_string() && !breach.says.is_empty();
    assert!(report.breaches.iter().all(says));
}

#[test]
fn done_once_is_proven() {
    for grade in [Grade::Keyed, Grade::Probed, Grade::Natural, Grade::Unsafe] {
        let (mut watched, id) = owing(grade);
        check(&watched.report(), &[]);
        watched.attempt(id, 1);
        check(&watched.report(), &[]);
        watched.receipt(id, 1, confirmed(false));
        let report = watched.report();
        check(&report, &[]);
        assert_eq!((report.effects, report.attempts, report.receipts, report.missing), (1, 1, 1, 0));
        let counted: Vec<_> = report.counts.iter().map(|one| (one.grade, one.state, one.effects)).collect();
        assert_eq!(counted, [(grade, "confirmed", 1)]);
    }
}

#[test]
fn confirmed_twice() {
    let (mut watched, id) = owing(Grade::Keyed);
    watched.attempt(id, 1);
    let first = watched.receipt(id, 1, confirmed(false));
    watched.attempt(id, 2);
    let second = watched.receipt(id, 2, confirmed(false));
    check(&watched.report(), &[(id, Wrong::ConfirmedTwice, &[first, second])]);

    let (mut watched, id) = owing(Grade::Keyed);
    watched.attempt(id, 1);
    watched.receipt(id, 1, confirmed(false));
    watched.attempt(id, 2);
    watched.receipt(id, 2, confirmed(true));
    check(&watched.report(), &[]);
}

#[test]
fn a_receipt_without_its_attempt() {
    for outcome in [confirmed(false), again(false), unknown()] {
        let (mut watched, id) = owing(Grade::Keyed);
        let seq = watched.receipt(id, 1, outcome);
        check(&watched.report(), &[(id, Wrong::ReceiptWithoutAttempt { number: 1 }, &[seq])]);
    }
    // What was kept from being sent needs none.
    let wait = Outcome::Postponed { until: at(3), reason: "closed".into(), uncertain: false };
    for outcome in [wait, Outcome::Parked { reason: "no consent".into() }] {
        let (mut watched, id) = owing(Grade::Keyed);
        watched.receipt(id, 1, outcome);
        check(&watched.report(), &[]);
    }
}

#[test]
fn a_number_out_of_step() {
    for number in [0, 1, 3] {
        let (mut watched, id) = owing(Grade::Keyed);
        let first = watched.attempt(id, 1);
        watched.receipt(id, 1, again(false));
        let second = watched.attempt(id, number);
        check(&watched.report(), &[(id, Wrong::NumberOutOfStep { expected: 2, number }, &[first, second])]);
    }
}

#[test]
fn an_unsafe_effect_sent_again() {
    for (grade, is_breach) in
        [(Grade::Unsafe, true), (Grade::Keyed, false), (Grade::Probed, false), (Grade::Natural, false)]
    {
        for outcome in [Some(unknown()), Some(again(true)), Some(confirmed(false)), None] {
            let (mut watched, id) = owing(grade);
            let mut since = watched.attempt(id, 1);
            if let Some(outcome) = outcome {
                since = watched.receipt(id, 1, outcome);
            }
            let second = watched.attempt(id, 2);
            let records = [since, second];
            let expected: &[(EffectId, Wrong, &[u64])] = &[(id, Wrong::SentAgain, &records)];
            check(&watched.report(), if is_breach { expected } else { &[] });
        }
    }
    // It failed for certain, or a person has said so.
    let (mut watched, id) = owing(Grade::Unsafe);
    watched.attempt(id, 1);
    watched.receipt(id, 1, again(false));
    watched.attempt(id, 2);
    watched.receipt(id, 2, unknown());
    watched.command(3, Command::RetryEffect { effect: id });
    watched.attempt(id, 3);
    check(&watched.report(), &[]);
    // Once.
    let since = watched.receipt(id, 3, unknown());
    let last = watched.attempt(id, 4);
    check(&watched.report(), &[(id, Wrong::SentAgain, &[since, last])]);
}

/// Takes a row out of the view behind the fold's back.
fn lose(store: &MemoryStore, table: Table, row: Vec<u8>) {
    assert!(store.get(table, &row).unwrap().is_some(), "it is there to be lost");
    let changes = vec![Change::Delete { table, key: row }];
    store.commit(Batch { applied: store.applied().unwrap(), changes }).unwrap();
}

#[test]
fn what_is_planned_and_forgotten() {
    let (mut watched, id) = owing(Grade::Keyed);
    lose(&watched.hub.store, Table::EffectDue, key::effect_due(at(1), id));
    check(&watched.report(), &[(id, Wrong::Forgotten, &[])]);

    let (first, second) = (watched.attempt(id, 1), watched.receipt(id, 1, again(false)));
    check(&watched.report(), &[]);
    lose(&watched.hub.store, Table::EffectDue, key::effect_due(at(3), id));
    check(&watched.report(), &[(id, Wrong::Forgotten, &[first, second])]);

    let held = RULE.replace("with:", "ask: Sure?, with:");
    let mut watched = Watched::new(settings(&[&held]));
    let id = watched.tell(&paid(1))[0];
    check(&watched.report(), &[]);
    lose(&watched.hub.store, Table::Index, key::held(at(1), id));
    check(&watched.report(), &[(id, Wrong::Forgotten, &[])]);

    // The view has lost it with all it said, and a fold of the same records has not.
    let (watched, id) = owing(Grade::Keyed);
    let (other, _) = owing(Grade::Keyed);
    lose(&watched.hub.store, Table::Effect, id.0.to_vec());
    let report = watched.ledger.report(&watched.hub.store, &other.hub.store).unwrap();
    check(&report, &[(id, Wrong::Forgotten, &[])]);
    // Neither of them plans it, and it is listed.
    check(&watched.report(), &[(id, Wrong::NoRow, &[])]);
}

#[test]
fn records_of_what_nothing_planned_and_rows_without_records() {
    let mut watched = Watched::new(graded(Grade::Keyed));
    let nobody = EffectId([7; 16]);
    let (attempt, receipt) = (watched.attempt(nobody, 1), watched.receipt(nobody, 1, confirmed(false)));
    check(&watched.report(), &[(nobody, Wrong::NoRow, &[attempt, receipt])]);

    let (watched, id) = owing(Grade::Keyed);
    let empty = Hub::with(graded(Grade::Keyed));
    let report = watched.ledger.report(&watched.hub.store, &empty.store).unwrap();
    check(&report, &[(id, Wrong::NoRecord, &[])]);
}

#[test]
fn a_view_that_says_otherwise() {
    // It was tried, and no record says so.
    let (mut watched, id) = owing(Grade::Keyed);
    watched.hub.record(2, Record::Attempt(Attempt { effect: id, number: 1 }));
    watched.ledger.passed(watched.hub.seq);
    check(&watched.report(), &[(id, Wrong::RowDiffers, &[])]);

    // It happened, and the view does not say so.
    let (mut watched, id) = owing(Grade::Keyed);
    let attempt = watched.attempt(id, 1);
    let receipt = Record::Receipt(Receipt { effect: id, number: 1, outcome: confirmed(false) });
    watched.ledger.record(&Sequenced { seq: watched.hub.seq + 1, at: at(2), record: receipt });
    check(&watched.report(), &[(id, Wrong::RowDiffers, &[attempt, watched.hub.seq + 1])]);
}

#[test]
fn a_record_that_cannot_be_read_leaves_it_unproven() {
    let (mut watched, _) = owing(Grade::Keyed);
    watched.ledger.passed(watched.hub.seq + 3);
    watched.ledger.reached(watched.hub.seq + 3);
    let report = watched.report();
    assert_eq!((report.proven, report.missing, report.breaches), (false, 2, vec![]));
    watched.ledger.reached(watched.hub.seq + 4);
    let report = watched.report();
    assert_eq!((report.records, report.missing), (watched.hub.seq + 4, 3));
}

#[test]
fn what_the_provider_has_shown_is_no_contradiction() {
    let (mut watched, id) = owing(Grade::Unsafe);
    watched.attempt(id, 1);
    watched.receipt(id, 1, unknown());
    let said = event::Interaction {
        status: Some(DeliveryStatus::Sent),
        extra: vec![("effect".into(), id.to_string())],
        ..interaction("m9")
    };
    watched.tell(&told("desk", 6, vec![event("message.status", 6, Payload::Interaction(said))]));
    assert!(matches!(watched.row(id).state, EffectState::Confirmed { .. }));
    check(&watched.report(), &[]);
}

fn erase(number: i64, systems: Vec<ErasureAt>) -> Command {
    let (by, reason) = ("ana".into(), "request 17".into());
    Command::Erase { account: customer(number), by, reason, at: at(9), deliveries: vec![], systems }
}

fn customer(number: i64) -> NodeId {
    node("shop", &format!("customer:{number}"))
}

fn asked(number: i64) -> ErasureAt {
    let id = Some(number.to_string());
    let ask = Some(AskErasure { action: "erase-person".into(), parameter: "customer_id".into(), id });
    ErasureAt { connection: "shop".into(), object: "customer".into(), account: customer(number), ask }
}

#[test]
fn the_forgotten_and_their_erasures_are_no_breach() {
    let (mut watched, id) = owing(Grade::Keyed);
    watched.attempt(id, 1);
    watched.receipt(id, 1, again(false));
    watched.command(9, erase(1, vec![asked(1)]));
    let (_, erasure) = effects_due(&watched.hub.store, 9).unwrap()[0];
    let report = watched.report();
    check(&report, &[]);
    assert_eq!((report.effects, report.erasures, report.erased), (2, 1, 1));
    watched.attempt(erasure, 1);
    watched.receipt(erasure, 1, confirmed(false));
    let report = watched.report();
    check(&report, &[]);
    assert_eq!((report.effects, report.erasures, report.erased), (2, 1, 2));

    // With the person goes the event from the journal, and a view folded from the rest plans nothing.
    let mut rest = Watched::new(graded(Grade::Keyed));
    let (attempt, receipt) = (rest.attempt(id, 1), rest.receipt(id, 1, again(false)));
    check(&rest.report(), &[(id, Wrong::NoRow, &[attempt, receipt])]);
    rest.record(9, Record::Erasing(Erasing::Done(Erased::default())));
    let report = rest.report();
    check(&report, &[]);
    assert_eq!((report.effects, report.without_event), (0, 1));
    // Its records are held to the same.
    rest.attempt(id, 2);
    rest.receipt(id, 2, confirmed(false));
    let third = rest.receipt(id, 2, confirmed(false));
    check(&rest.report(), &[(id, Wrong::ConfirmedTwice, &[third - 1, third])]);
    // What is heard of only afterwards was nobody's.
    let nobody = EffectId([7; 16]);
    let attempt = rest.attempt(nobody, 1);
    assert!(rest.report().breaches.contains(&Breach {
        effect: nobody,
        says: Wrong::NoRow.to_string(),
        wrong: Wrong::NoRow,
        records: vec![attempt],
    }));
}

/// Carries out an effect as the hub does, with whatever comes of it; sometimes the hub stops before it knows.
fn carry_out(watched: &mut Watched, chance: &mut Chance, id: EffectId) {
    let row = watched.row(id);
    let under_way = matches!(row.state, EffectState::Claimed { .. });
    if under_way && row.grade == Grade::Unsafe {
        watched.receipt(id, row.attempts, unknown());
        return;
    }
    let number = row.attempts + 1;
    if chance.per_mille(150) {
        let reason = "left alone".to_owned();
        watched.receipt(id, number, Outcome::Postponed { until: at(3), reason, uncertain: under_way });
        return;
    }
    watched.attempt(id, number);
    let outcome = match chance.below(8) {
        0 => return,
        1 => again(false),
        2 => Outcome::Postponed { until: at(4), reason: "busy".into(), uncertain: false },
        3 => Outcome::Parked { reason: "refused".into() },
        4 if row.grade == Grade::Unsafe => unknown(),
        4 => again(true),
        5 => confirmed(row.uncertain || under_way),
        _ => confirmed(false),
    };
    watched.receipt(id, number, outcome);
}

fn step(watched: &mut Watched, chance: &mut Chance, step: i64) {
    let word = || Word { at: at(step), by: "ana".into(), reason: "looked".into() };
    match chance.below(12) {
        0..=2 => drop(watched.tell(&paid(step))),
        3 => {
            let all: Vec<EffectId> =
                effects_held(&watched.hub.store, 9).unwrap().into_iter().map(|(_, id)| id).collect();
            let chosen = Chosen::Effects(all);
            let command = match chance.below(3) {
                0 => Command::CancelEffects { chosen, word: word() },
                _ => Command::ReleaseEffects { chosen, word: word() },
            };
            watched.command(step, command);
        }
        4 => {
            let number = i64::try_from(chance.below(usize::try_from(step).unwrap())).unwrap();
            let systems = if chance.per_mille(500) { vec![asked(number)] } else { vec![] };
            watched.command(step, erase(number, systems));
        }
        5 => {
            let parked = hub_fold::read::EffectQuery {
                state: Some(["parked", "unknown"][chance.below(2)].into()),
                rule: None,
                limit: 1,
            };
            for effect in hub_fold::read::effects(&watched.hub.store, &parked).unwrap() {
                watched.command(step, Command::RetryEffect { effect: effect.id });
            }
        }
        _ => {
            let due = effects_due(&watched.hub.store, 50).unwrap();
            if !due.is_empty() {
                let (_, id) = due[chance.below(due.len())];
                carry_out(watched, chance, id);
            }
        }
    }
}

#[test]
fn a_history_in_which_everything_was_done_as_it_should_be_has_no_breach() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..24_u64 {
        let mut chance = Chance(seed);
        let grades = [Grade::Keyed, Grade::Probed, Grade::Natural, Grade::Unsafe];
        let mut settings = graded(grades[chance.below(4)]);
        if chance.per_mille(500) {
            settings.rules[0].1.push_str("\nlimits: {pause_above: 3/h}");
        }
        let mut watched = Watched::new(settings);
        for minute in 1..120 {
            step(&mut watched, &mut chance, minute);
        }
        let report = watched.report();
        assert_eq!((report.breaches.as_slice(), report.proven), (&[][..], true), "seed {seed}");
        seen.extend(report.counts.iter().map(|one| one.state));
        // And one planted at the end is found.
        let query = hub_fold::read::EffectQuery { state: Some("confirmed".into()), rule: None, limit: 1 };
        for effect in hub_fold::read::effects(&watched.hub.store, &query).unwrap() {
            watched.receipt(effect.id, effect.attempts, confirmed(false));
            assert!(!watched.report().proven, "seed {seed}");
        }
    }
    let states = hub_fold::read::EFFECT_STATES;
    assert!(states.iter().all(|state| seen.contains(state)), "every state was met: {seen:?}");
}

/// Records read without the others, as the hub does to save time, say the same.
#[test]
fn records_that_tell_nothing_may_be_passed_over() {
    let (mut watched, id) = owing(Grade::Keyed);
    watched.attempt(id, 1);
    let mut brief = Ledger::default();
    (1..watched.hub.seq).for_each(|seq| brief.passed(seq));
    let attempt = Record::Attempt(Attempt { effect: id, number: 1 });
    brief.record(&Sequenced { seq: watched.hub.seq, at: Timestamp::EPOCH, record: attempt });
    let store = &watched.hub.store;
    assert_eq!(brief.report(store, store).unwrap(), watched.report());
}
