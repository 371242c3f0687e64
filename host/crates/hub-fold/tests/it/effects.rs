//! The life of an effect and of a delivery: every step of it comes from the journal.

use hub_fold::read::{self, DeliveryQuery, EffectQuery};
use hub_fold::record::{AfterSetback, Attempt, Command, Outcome, Receipt, Record, Setback};
use hub_fold::{Consequences, deliveries_pending, effects_due};
use hub_model::event::{self, DeliveryStatus, Payload};
use hub_model::{EffectId, Timestamp};

use crate::support::events::{at, event, interaction, order, party, ticket};
use crate::support::{Hub, Told, records, told};

const RULE: &str = "rule: thanks\nmode: on\non: order.paid\nwhen: always\n\
                    then: [{id: ticket, do: desk.create_ticket, with: {subject: hello}}]";

/// A hub that owes one effect since minute 1.
fn owing() -> (Hub, EffectId) {
    let mut hub = Hub::new(&[RULE]);
    let paid = event::Order { buyer: Some(party(&["customer:1"])), ..order("1") };
    hub.happens("shop", 1, "order.paid", Payload::Order(paid));
    let (due, id) = effects_due(&hub.store, 10).unwrap()[0];
    assert_eq!(due, at(1));
    (hub, id)
}

fn attempt(hub: &mut Hub, minute: i64, effect: EffectId, number: u32) -> Consequences {
    hub.record(minute, Record::Attempt(Attempt { effect, number }))
}

fn receipt(hub: &mut Hub, minute: i64, effect: EffectId, number: u32, outcome: Outcome) -> Consequences {
    hub.record(minute, Record::Receipt(Receipt { effect, number, outcome }))
}

fn check(hub: &Hub, id: EffectId, state: &str, due: &[Timestamp]) {
    assert_eq!(read::effect(&hub.store, id).unwrap().unwrap().state, state);
    let open: Vec<Timestamp> = effects_due(&hub.store, 10).unwrap().into_iter().map(|(due, _)| due).collect();
    assert_eq!(open, due, "{state}");
    let listed =
        read::effects(&hub.store, &EffectQuery { state: Some(state.into()), rule: None, limit: 9 }).unwrap();
    assert_eq!(listed.iter().map(|effect| effect.id).collect::<Vec<_>>(), [id]);
    let others = read::EFFECT_STATES.iter().filter(|word| **word != state);
    for other in others {
        let query = EffectQuery { state: Some((*other).into()), rule: None, limit: 9 };
        assert_eq!(read::effects(&hub.store, &query).unwrap(), [], "{other}");
    }
}

#[test]
fn planned_claimed_waiting_confirmed() {
    let (mut hub, id) = owing();
    check(&hub, id, "planned", &[at(1)]);
    assert_eq!(attempt(&mut hub, 2, id, 1).effects_due, []);
    check(&hub, id, "claimed", &[at(2)]);
    let again = Outcome::RetryAt { at: at(9), reason: "busy".into(), uncertain: true };
    assert_eq!(receipt(&mut hub, 3, id, 1, again).effects_due, [id]);
    check(&hub, id, "waiting", &[at(9)]);
    attempt(&mut hub, 9, id, 2);
    check(&hub, id, "claimed", &[at(9)]);
    let done = Outcome::Confirmed { reference: Some("T-1".into()), already_done: true };
    assert_eq!(receipt(&mut hub, 10, id, 2, done).effects_due, []);
    check(&hub, id, "confirmed", &[]);
    let effect = read::effect(&hub.store, id).unwrap().unwrap();
    assert_eq!((effect.reference.as_deref(), effect.already_done, effect.attempts), (Some("T-1"), true, 2));
    assert!(effect.uncertain, "the first try may have been carried out");
    assert_eq!(
        (effect.rule.as_str(), effect.connection.as_str(), effect.action.as_str()),
        ("thanks", "desk", "create-ticket")
    );
}

#[test]
fn parked_and_unknown_wait_for_an_operator() {
    let parked = Outcome::Parked { reason: "no such field".into() };
    let unknown = Outcome::Unknown { reason: "no answer".into() };
    for (outcome, state) in [(parked, "parked"), (unknown, "unknown")] {
        let (mut hub, id) = owing();
        attempt(&mut hub, 2, id, 1);
        receipt(&mut hub, 3, id, 1, outcome);
        check(&hub, id, state, &[]);
        assert_eq!(hub.command(20, Command::RetryEffect { effect: id }).effects_due, [id]);
        check(&hub, id, "waiting", &[at(20)]);
    }
}

/// A message that carries the mark of an effect.
fn marked(connection: &'static str, minute: i64, mark: String, status: DeliveryStatus) -> Told {
    let said = event::Interaction {
        status: Some(status),
        extra: vec![("effect".into(), mark)],
        ..interaction("m9")
    };
    told(connection, minute, vec![event("message.status", minute, Payload::Interaction(said))])
}

#[test]
fn what_the_provider_shows_has_happened() {
    let unknown = Outcome::Unknown { reason: "no answer".into() };
    let parked = Outcome::Parked { reason: "asked too often".into() };
    let waiting = |uncertain| Outcome::RetryAt { at: at(50), reason: "busy".into(), uncertain };
    let cases: [(&str, &[Outcome], bool); 6] = [
        ("unknown", std::slice::from_ref(&unknown), true),
        ("claimed", &[], true),
        ("waiting", &[waiting(true)], true),
        ("waiting", &[waiting(false)], false),
        ("parked", &[unknown.clone(), parked.clone()], true),
        ("parked", &[parked], false),
    ];
    for (state, outcomes, is_confirmed) in cases {
        let (mut hub, id) = owing();
        attempt(&mut hub, 2, id, 1);
        for outcome in outcomes {
            receipt(&mut hub, 3, id, 1, outcome.clone());
        }
        assert_eq!(read::effect(&hub.store, id).unwrap().unwrap().state, state);
        // A refusal and another connection's word prove nothing.
        let failed = hub.tell(&marked("desk", 4, id.to_string(), DeliveryStatus::Failed));
        let elsewhere = hub.tell(&marked("ig", 5, id.to_string(), DeliveryStatus::Sent));
        assert_eq!((failed.effects_seen, elsewhere.effects_seen), (0, 0), "{state}");
        let seen = hub.tell(&marked("desk", 6, id.to_string(), DeliveryStatus::Sent)).effects_seen;
        assert_eq!(seen, u64::from(is_confirmed), "{state} {outcomes:?}");
        let effect = read::effect(&hub.store, id).unwrap().unwrap();
        let expected = if is_confirmed { ("confirmed", true, Some("m9")) } else { (state, false, None) };
        assert_eq!((effect.state, effect.already_done, effect.reference.as_deref()), expected);
    }
}

#[test]
fn a_ticket_shows_its_effect_by_its_external_id_and_stays_confirmed() {
    let (mut hub, id) = owing();
    attempt(&mut hub, 2, id, 1);
    let digits = id.to_string().trim_start_matches("eff_").to_owned();
    let made = event::Ticket { external_id: Some(digits), ..ticket("T-7") };
    let seen = hub.tell(&told("desk", 3, vec![event("ticket.created", 3, Payload::Ticket(made))]));
    assert_eq!(seen.effects_seen, 1);
    check(&hub, id, "confirmed", &[]);
    // The request itself got no answer, and a second try had been journalled meanwhile.
    receipt(&mut hub, 4, id, 1, Outcome::RetryAt { at: at(9), reason: "busy".into(), uncertain: true });
    attempt(&mut hub, 5, id, 2);
    receipt(&mut hub, 6, id, 2, Outcome::Unknown { reason: "silence".into() });
    check(&hub, id, "confirmed", &[]);
    let effect = read::effect(&hub.store, id).unwrap().unwrap();
    assert_eq!((effect.reference.as_deref(), effect.attempts), (Some("T-7"), 2));
}

#[test]
fn an_operator_cannot_send_again_what_is_done_or_under_way() {
    let (mut hub, id) = owing();
    attempt(&mut hub, 2, id, 1);
    assert_eq!(hub.command(3, Command::RetryEffect { effect: id }).effects_due, []);
    check(&hub, id, "claimed", &[at(2)]);
    receipt(&mut hub, 4, id, 1, Outcome::Confirmed { reference: None, already_done: false });
    assert_eq!(hub.command(5, Command::RetryEffect { effect: id }).effects_due, []);
    check(&hub, id, "confirmed", &[]);
}

#[test]
fn records_of_unknown_things_change_nothing() {
    let mut hub = Hub::new(&[]);
    let nobody = EffectId([7; 16]);
    attempt(&mut hub, 1, nobody, 1);
    receipt(&mut hub, 1, nobody, 1, Outcome::Unknown { reason: "x".into() });
    hub.command(1, Command::RetryEffect { effect: nobody });
    hub.command(1, Command::Redrive { delivery: 99 });
    hub.record(
        1,
        Record::Setback(Setback { delivery: 99, attempt: 1, reason: "x".into(), next: AfterSetback::Park }),
    );
    assert_eq!(read::effect(&hub.store, nobody).unwrap(), None);
    assert_eq!(read::delivery(&hub.store, 99).unwrap(), None);
    assert_eq!(effects_due(&hub.store, 9).unwrap(), []);
    assert_eq!(deliveries_pending(&hub.store, 9).unwrap(), []);
}

#[test]
fn a_delivery_is_tried_again_parked_redriven_and_processed() {
    let mut hub = Hub::new(&[]);
    let told = told("shop", 1, vec![]);
    let [arrived, processed] = records(&told, hub.seq + 1);
    let seq = arrived.seq;
    hub.record(1, arrived.record);
    let check = |hub: &Hub, state: &str, pending: &[(Timestamp, u64)]| {
        assert_eq!(deliveries_pending(&hub.store, 9).unwrap(), pending);
        for word in read::DELIVERY_STATES {
            let query = DeliveryQuery { state: Some(word.into()), limit: 9, ..DeliveryQuery::default() };
            let found = read::deliveries(&hub.store, &query).unwrap();
            assert_eq!(found.len(), usize::from(word == state), "{word}");
        }
    };
    check(&hub, "pending", &[(at(1), seq)]);
    let setback = |attempt, next| Setback { delivery: seq, attempt, reason: "trap".into(), next };
    let retry = hub.record(2, Record::Setback(setback(1, AfterSetback::RetryAt(at(5)))));
    assert_eq!(retry.retries, [(seq, at(5))]);
    check(&hub, "pending", &[(at(5), seq)]);
    let parked = hub.record(5, Record::Setback(setback(2, AfterSetback::Park)));
    assert_eq!(parked.deliveries_parked, 1);
    check(&hub, "parked", &[]);
    let shown = read::delivery(&hub.store, seq).unwrap().unwrap();
    assert_eq!((shown.setbacks, shown.reason.as_deref()), (2, Some("trap")));
    assert_eq!(hub.command(9, Command::Redrive { delivery: seq }).redriven, [seq]);
    check(&hub, "pending", &[(at(9), seq)]);
    assert_eq!(hub.record(10, processed.record).deliveries_processed, 1);
    check(&hub, "processed", &[]);
    // A processed one can be redriven too.
    hub.command(11, Command::Redrive { delivery: seq });
    check(&hub, "pending", &[(at(11), seq)]);
}
