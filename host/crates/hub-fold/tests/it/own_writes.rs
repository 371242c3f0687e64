//! What a rule has written comes back and does not make it fire again; other rules, and later events, do.

use hub_fold::read::why;
use hub_fold::record::{Attempt, Outcome, Receipt, Record};
use hub_fold::{Consequences, Verdict, effects_due};
use hub_model::event::{self, Author, Direction, Payload};
use hub_model::{EffectId, EventId};
use hub_store::{Store, Table};

use crate::support::events::{customer, event, interaction, named, order, party, ticket};
use crate::support::{Hub, told};

/// Tags a customer whenever a system says something new of them: without a guard for ever.
const TAG: &str = "rule: tag\nmode: on\non: customer.updated\nwhen: always\n\
                   then: [{id: tag, do: shop.add_customer_tag, with: {customer: '7', tag: seen}}]";
const OTHER: &str = "rule: other\nmode: on\non: customer.updated\nwhen: always\n\
                     then: [{id: ticket, do: desk.create_ticket, with: {subject: hello}}]";

fn fired(hub: &Hub, rule: &str, id: EventId) -> &'static str {
    match why(&hub.store, rule, id).unwrap().map(|decision| decision.verdict) {
        Some(Verdict::Fired { .. }) => "fired",
        Some(Verdict::OwnWrite) => "own write",
        Some(_) => "something else",
        None => "not asked",
    }
}

fn changed(hub: &mut Hub, minute: i64, id: &str) -> EventId {
    hub.happens("shop", minute, "customer.updated", Payload::Customer(customer(party(&[id]))))
}

/// Sends whatever is due.
fn send(hub: &mut Hub, minute: i64) -> EffectId {
    let (_, effect) = effects_due(&hub.store, 9).unwrap().pop().expect("an effect is due");
    hub.record(minute, Record::Attempt(Attempt { effect, number: 1 }));
    effect
}

fn confirm(hub: &mut Hub, minute: i64, effect: EffectId, reference: &str) -> Consequences {
    let outcome = Outcome::Confirmed { reference: Some(reference.into()), already_done: false };
    hub.record(minute, Record::Receipt(Receipt { effect, number: 1, outcome }))
}

#[test]
fn an_event_about_what_was_written_does_not_fire_the_rule_for_ten_minutes() {
    let mut hub = Hub::new(&[TAG]);
    let first = changed(&mut hub, 1, "customer:7");
    assert_eq!(fired(&hub, "tag", first), "fired");
    send(&mut hub, 2);
    let echo = changed(&mut hub, 3, "customer:7");
    assert_eq!(fired(&hub, "tag", echo), "own write");
    let decision = why(&hub.store, "tag", echo).unwrap().unwrap();
    assert!(decision.explain().contains("itself has just written"), "{}", decision.explain());
    assert_eq!(serde_json::to_value(&decision.verdict).unwrap(), "own_write");
    let somebody_else = changed(&mut hub, 4, "customer:8");
    assert_eq!(fired(&hub, "tag", somebody_else), "fired");
    let on_the_dot = changed(&mut hub, 12, "customer:7");
    assert_eq!(fired(&hub, "tag", on_the_dot), "own write");
    let later = changed(&mut hub, 13, "customer:7");
    assert_eq!(fired(&hub, "tag", later), "fired");
}

#[test]
fn when_it_happened_decides_and_not_when_it_was_heard_of() {
    let mut hub = Hub::new(&[TAG]);
    changed(&mut hub, 100, "customer:7");
    let effect = send(&mut hub, 101);
    hub.record(300, Record::Attempt(Attempt { effect, number: 2 }));
    let mut heard = |happened: i64, heard: i64| {
        let payload = Payload::Customer(customer(party(&["customer:7"])));
        let consequences = hub.tell(&told("shop", heard, vec![event("customer.updated", happened, payload)]));
        consequences.rules_fired
    };
    assert_eq!(heard(102, 1_000), 0, "the first write, told of hours later");
    assert_eq!(heard(301, 1_001), 0, "the second");
    assert_eq!(heard(97, 1_002), 0, "the hub's clock may have been four minutes ahead");
    assert_eq!(heard(95, 1_002), 1, "before we wrote");
    assert_eq!(heard(200, 1_003), 1, "between the two writes");
    assert_eq!(heard(999, 1_004), 1, "long after them");
}

#[test]
fn other_rules_fire_on_it() {
    let mut hub = Hub::new(&[TAG, OTHER]);
    changed(&mut hub, 1, "customer:7");
    while effects_due(&hub.store, 9).unwrap().len() > 1 {
        let effect = send(&mut hub, 2);
        confirm(&mut hub, 2, effect, "x");
    }
    let effect = send(&mut hub, 2);
    confirm(&mut hub, 2, effect, "y");
    let echo = changed(&mut hub, 3, "customer:7");
    assert_eq!((fired(&hub, "tag", echo), fired(&hub, "other", echo)), ("own write", "fired"));
}

/// Answers whatever anybody says on WhatsApp.
const ANSWER: &str = "rule: answer\nmode: on\non: message.received\nwhen: always\n\
                      then: [{id: say, do: wa.send_message, purpose: service, with: {to: '+4930901820', text: hi}}]";

#[test]
fn what_a_customer_writes_is_no_echo_and_what_we_wrote_is() {
    let mut hub = Hub::new(&[ANSWER]);
    let says = |hub: &mut Hub, minute: i64, direction: Direction| {
        let said = event::Interaction {
            direction: Some(direction),
            author: Some(Author::Customer),
            customer: Some(party(&["wa:4930901820"])),
            ..interaction(&format!("m{minute}"))
        };
        hub.happens("wa", minute, "message.received", Payload::Interaction(said))
    };
    says(&mut hub, 1, Direction::Inbound);
    send(&mut hub, 2);
    let again = says(&mut hub, 3, Direction::Inbound);
    assert_eq!(fired(&hub, "answer", again), "fired", "the customer writes twice");
    // The phone is written with a plus here and without one there.
    let ours = says(&mut hub, 4, Direction::Outbound);
    assert_eq!(fired(&hub, "answer", ours), "own write");
}

const ON_TICKET: &str = "rule: ask\nmode: on\non: ticket.updated\nwhen: always\n\
                         then: [{id: tag, do: desk.add_tags, with: {ticket: '{{ticket.id}}', tag: x}}]";
const ON_NOTE: &str = "rule: note\nmode: on\non: note.added\nwhen: always\n\
                       then: [{id: tag, do: desk.add_tags, with: {ticket: '{{interaction.ticket}}', tag: x}}]";

#[test]
fn a_ticket_and_what_is_said_on_it_are_one_object() {
    let mut hub = Hub::new(&[ON_TICKET, ON_NOTE]);
    let note = |hub: &mut Hub, minute: i64| {
        let said = event::Interaction {
            direction: Some(Direction::Internal),
            ticket: Some("35".into()),
            ..interaction(&format!("n{minute}"))
        };
        hub.happens("desk", minute, "note.added", Payload::Interaction(said))
    };
    note(&mut hub, 1);
    send(&mut hub, 2);
    let echo = note(&mut hub, 3);
    assert_eq!(fired(&hub, "note", echo), "own write");
    let updated = hub.happens("desk", 4, "ticket.updated", Payload::Ticket(ticket("35")));
    assert_eq!(fired(&hub, "ask", updated), "fired", "another rule's write");
}

const OPEN: &str = "rule: open\nmode: on\non: ticket.updated\nwhen: always\n\
                    then: [{id: ticket, do: desk.create_ticket, with: {subject: hello}}]";

#[test]
fn what_a_rule_made_is_known_by_mark_and_reference() {
    let mut hub = Hub::new(&[OPEN]);
    hub.happens("desk", 1, "ticket.updated", Payload::Ticket(ticket("1")));
    let effect = send(&mut hub, 2);
    confirm(&mut hub, 3, effect, "77");
    let by_reference = hub.happens("desk", 4, "ticket.updated", Payload::Ticket(ticket("77")));
    assert_eq!(fired(&hub, "open", by_reference), "own write");
    let later = hub.happens("desk", 40, "ticket.updated", Payload::Ticket(ticket("77")));
    assert_eq!(fired(&hub, "open", later), "fired", "somebody works on it");
    // A mark says it for ever, in the payload or as the ticket's external id.
    let marked = event::Ticket { external_id: Some(effect.to_string()), ..ticket("78") };
    let by_external_id = hub.happens("desk", 5_000, "ticket.updated", Payload::Ticket(marked));
    assert_eq!(fired(&hub, "open", by_external_id), "own write");
    let extra = vec![("effect".to_owned(), effect.to_string())];
    let marked = event::Ticket { extra, ..ticket("79") };
    let by_extra = hub.happens("desk", 5_001, "ticket.updated", Payload::Ticket(marked));
    assert_eq!(fired(&hub, "open", by_extra), "own write");
    let unmarked = hub.happens("desk", 5_002, "ticket.updated", Payload::Ticket(ticket("80")));
    assert_eq!(fired(&hub, "open", unmarked), "fired");
}

#[test]
fn old_writes_are_forgotten_and_newer_ones_of_the_same_name_are_not() {
    let mut hub = Hub::new(&[TAG]);
    changed(&mut hub, 1, "customer:7");
    send(&mut hub, 2);
    let (_, effect) = effects_due(&hub.store, 9).unwrap()[0];
    hub.record(8, Record::Attempt(Attempt { effect, number: 2 }));
    let kept = |hub: &Hub| hub.store.count(Table::OwnWrite).unwrap();
    assert_eq!(kept(&hub), 2, "one write, and when");
    let mut busy = |minute| {
        (0..40).for_each(|_| drop(hub.tell(&told("shop", minute, vec![]))));
        kept(&hub)
    };
    const WEEK: i64 = 7 * 24 * 60;
    assert_eq!(busy(WEEK + 7), 2);
    assert_eq!(busy(WEEK + 9), 0);
}

#[test]
fn an_order_of_the_person_written_to_counts_as_an_echo() {
    let rule = TAG.replace("customer.updated", "order.updated");
    let mut hub = Hub::new(&[&rule]);
    let updated = |hub: &mut Hub, minute: i64, id: &str| {
        let order = event::Order { buyer: Some(named(&["customer:7"], "Ana")), ..order(id) };
        hub.tell(&told("shop", minute, vec![event("order.updated", minute, Payload::Order(order))]))
    };
    assert_eq!(updated(&mut hub, 1, "1").rules_fired, 1);
    send(&mut hub, 2);
    assert_eq!(updated(&mut hub, 3, "1").rules_fired, 0);
    assert_eq!(updated(&mut hub, 20, "1").rules_fired, 1);
}
