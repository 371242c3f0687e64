//! From events to decisions: conditions, limits, and that nothing is done twice.

use hub_fold::read::{customer, decisions, effects, why};
use hub_fold::record::Record;
use hub_fold::{Consequences, Verdict, read::EffectQuery};
use hub_model::EventId;
use hub_model::event::{self, Author, Direction, Payload};
use hub_model::model::Finding;

use crate::support::events::{event, interaction, order, party};
use crate::support::{Hub, Told, node, settings, told};

const TICKET: &str = "then: [{id: ticket, do: desk.create_ticket, with: {subject: hello}}]";

/// A rule on incoming messages, with what a test is about.
fn rule(lines: &str) -> String {
    format!("rule: answer\non: message.received\n{lines}\n{TICKET}\n")
}

/// A message learned of at a minute, which happened then too.
fn message(minute: i64, sender: &str, thread: &str, text: &str) -> Told {
    let said = event::Interaction {
        channel: Some("instagram".into()),
        kind: Some("message".into()),
        direction: Some(Direction::Inbound),
        author: Some(Author::Customer),
        customer: Some(party(&[sender])),
        thread: Some(thread.into()),
        text: Some(text.into()),
        sent_at: Some(crate::support::events::at(minute)),
        ..interaction(&format!("m{minute}"))
    };
    told("ig", minute, vec![event("message.received", minute, Payload::Interaction(said))])
}

fn id_of(told: &Told) -> EventId {
    EventId::of(told.connection, &told.events[0].name, &told.events[0].key)
}

/// Tells these to a hub with this rule; for each, what the rule made of it in a word.
fn check(rule_lines: &str, messages: &[Told], expected: &[&str]) -> Hub {
    let mut hub = Hub::new(&[&rule(rule_lines)]);
    let words: Vec<&str> = messages
        .iter()
        .map(|message| {
            hub.tell(message);
            word(&hub, message)
        })
        .collect();
    assert_eq!(words, expected, "{rule_lines}");
    hub
}

fn word(hub: &Hub, message: &Told) -> &'static str {
    match why(&hub.store, "answer", id_of(message)).unwrap().map(|decision| decision.verdict) {
        Some(Verdict::Fired { .. }) => "fired",
        Some(Verdict::Shadowed) => "shadowed",
        Some(Verdict::DidNotFire) => "did not fire",
        Some(Verdict::Waiting { .. }) => "waiting",
        Some(Verdict::Held { .. }) => "held",
        Some(Verdict::OwnWrite) => "own write",
        None => "not asked",
    }
}

fn owed(hub: &Hub) -> usize {
    effects(&hub.store, &EffectQuery { limit: 100, ..EffectQuery::default() }).unwrap().len()
}

#[test]
fn once_per_conversation_and_customer() {
    let said = [
        message(1, "igsid:1", "t1", "a"),
        message(2, "igsid:1", "t1", "b"),
        message(3, "igsid:1", "t2", "c"),
        message(4, "igsid:2", "t3", "d"),
        message(200, "igsid:1", "t1", "e"),
    ];
    let on = "mode: on\nwhen: always\n";
    check(
        &format!("{on}limits: {{once_per: conversation, within: 1h}}"),
        &said,
        &["fired", "held", "fired", "fired", "fired"],
    );
    check(
        &format!("{on}limits: {{once_per: conversation}}"),
        &said,
        &["fired", "held", "fired", "fired", "held"],
    );
    check(&format!("{on}limits: {{once_per: customer}}"), &said, &["fired", "held", "held", "fired", "held"]);
}

#[test]
fn once_per_customer_follows_the_customer_over_a_merge_of_names() {
    // Both accounts are one customer before either writes.
    let mut hub = Hub::new(&[&rule("mode: on\nwhen: always\nlimits: {once_per: customer}")]);
    let joined = Payload::PersonMerge(crate::support::events::merge("igsid:1", "igsid:2"));
    hub.happens("ig", 0, "person.merged", joined);
    for (minute, sender, fired) in [(1, "igsid:1", 1), (2, "igsid:2", 0)] {
        assert_eq!(hub.tell(&message(minute, sender, "t", "x")).rules_fired, fired, "{sender}");
    }
}

#[test]
fn a_rate_holds_for_all_customers_together_and_lets_go() {
    let said: Vec<_> =
        [1, 2, 3, 70].map(|minute| message(minute, &format!("igsid:{minute}"), "t", "x")).into();
    check("mode: on\nwhen: always\nlimits: {max: 2/h}", &said, &["fired", "fired", "held", "fired"]);
}

#[test]
fn old_news_is_ignored() {
    let mut late = message(5, "igsid:1", "t", "x");
    late.minute = 21;
    let on_time = message(21, "igsid:1", "t", "y");
    let limits = "mode: on\nwhen: always\nlimits: {ignore_older_than: 15m}";
    check(limits, &[late, on_time], &["held", "fired"]);
}

#[test]
fn a_shadow_rule_decides_and_owes_nothing() {
    let hub = check("mode: shadow\nwhen: always", &[message(1, "igsid:1", "t", "x")], &["shadowed"]);
    assert_eq!(owed(&hub), 0);
    let hub = check("mode: on\nwhen: always", &[message(1, "igsid:1", "t", "x")], &["fired"]);
    assert_eq!(owed(&hub), 1);
    check("mode: off\nwhen: always", &[message(1, "igsid:1", "t", "x")], &["not asked"]);
}

#[test]
fn what_is_not_known_does_not_fire_and_a_missing_value_holds() {
    let said = [message(1, "igsid:1", "t", "x")];
    let hub = check(
        "mode: on\nwhen: {field: interaction.sentiment.label, is_not: positive}",
        &said,
        &["did not fire"],
    );
    let explained = why(&hub.store, "answer", id_of(&said[0])).unwrap().unwrap().explain();
    assert!(explained.contains("it is not known"), "{explained}");

    let needs_mail = "rule: answer\nmode: on\non: message.received\nwhen: always\n\
                      then: [{id: ticket, do: desk.create_ticket, with: {subject: \"{{customer.email}}\"}}]";
    let mut hub = Hub::new(&[needs_mail]);
    hub.tell(&said[0]);
    assert_eq!((word(&hub, &said[0]), owed(&hub)), ("held", 0));
    let explained = why(&hub.store, "answer", id_of(&said[0])).unwrap().unwrap().explain();
    assert!(explained.contains("held back: ") && explained.contains("customer.email"), "{explained}");
}

#[test]
fn an_edited_rule_and_a_second_delivery_do_not_act_again() {
    let first = message(1, "igsid:1", "t", "x");
    let mut hub = check("mode: on\nwhen: always", std::slice::from_ref(&first), &["fired"]);
    let again = |hub: &mut Hub| -> Consequences { hub.tell(&first) };
    let silent = again(&mut hub);
    assert_eq!((silent.events, silent.events_new, silent.rules_fired), (1, 0, 0));

    let edited = rule("mode: on\nwhen: {field: interaction.text, is: x}").replace("hello", "bye");
    hub.record(2, Record::Settings(Box::new(settings(&[&edited]))));
    assert_eq!(again(&mut hub).effects_planned, []);
    assert_eq!(owed(&hub), 1);
    // And a new event does, with the new words.
    assert_eq!(hub.tell(&message(3, "igsid:1", "t", "x")).effects_planned.len(), 1);
    let all = effects(&hub.store, &EffectQuery { limit: 9, ..EffectQuery::default() }).unwrap();
    let subjects: Vec<_> = all.iter().map(|effect| effect.arguments[0].1.as_str()).collect();
    assert_eq!(subjects, ["bye", "hello"]);
}

#[test]
fn rules_that_do_not_check_leave_the_old_ones_in_force() {
    let mut hub = Hub::new(&[&rule("mode: on\nwhen: always")]);
    let broken = hub.record(1, Record::Settings(Box::new(settings(&["rule: answer\non: nothing.known\n"]))));
    assert!(!broken.settings_changed);
    assert_eq!(hub.tell(&message(2, "igsid:1", "t", "x")).rules_fired, 1);
}

#[test]
fn a_hub_tag_is_seen_by_people_and_by_the_next_rule() {
    let tag = "rule: tag\nmode: on\non: message.received\nwhen: {field: interaction.sentiment.label, is: negative}\n\
               then: [{id: tag, do: customer.add_tag, with: {tag: unhappy}}]";
    let next = "rule: answer\nmode: on\non: message.received\n\
                when: {field: customer.tags, contains: unhappy}\n"
        .to_owned()
        + TICKET;
    let mut hub = Hub::new(&[tag, &next]);
    let mut first = message(1, "igsid:1", "t", "late!");
    let finding = Finding { language: None, sentiment: "negative".into(), score: -50, ..Finding::default() };
    first.findings.push((0, finding));
    hub.tell(&first);
    // Both rules saw the state before the tag.
    assert_eq!(word(&hub, &first), "did not fire");
    assert_eq!(decisions(&hub.store, id_of(&first)).unwrap().len(), 2);
    let card = customer(&hub.store, node("ig", "igsid:1")).unwrap().unwrap();
    assert_eq!(card.summary.tags, ["unhappy"]);
    let second = message(2, "igsid:1", "t", "hello?");
    hub.tell(&second);
    assert_eq!(word(&hub, &second), "fired");
}

#[test]
fn a_tag_as_long_as_a_letter_is_held_and_the_fold_goes_on() {
    let tag = "rule: answer\nmode: on\non: message.received\nwhen: {field: interaction.text, contains: a}\n\
               then: [{id: tag, do: customer.add_tag, with: {tag: \"{{interaction.text}}\"}}]";
    let mut hub = Hub::new(&[tag]);
    let letter = message(1, "igsid:1", "t", &"a".repeat(60_000));
    hub.tell(&letter);
    assert_eq!(word(&hub, &letter), "held");
    let explained = why(&hub.store, "answer", id_of(&letter)).unwrap().unwrap().explain();
    assert!(explained.len() < 10_000, "a decision keeps the beginning of a long text only");
}

#[test]
fn counts_reach_back_as_far_as_they_say() {
    let counted = "mode: on\nwhen: {count: message.received, within: 1h, at_least: 2}";
    let said = [
        message(1, "igsid:1", "t", "a"),
        message(2, "igsid:2", "t", "b"),
        message(100, "igsid:1", "t", "c"),
        message(130, "igsid:1", "t", "d"),
    ];
    check(counted, &said, &["did not fire", "did not fire", "did not fire", "fired"]);
}

#[test]
fn an_action_without_a_connection_is_held() {
    let mut unrouted = settings(&[&rule("mode: on\nwhen: always")]);
    unrouted.actions.clear();
    let mut hub = Hub::with(unrouted);
    let said = message(1, "igsid:1", "t", "x");
    hub.tell(&said);
    assert_eq!((word(&hub, &said), owed(&hub)), ("held", 0));
}

#[test]
fn a_rule_on_orders_sees_the_order_as_it_is_now() {
    let on_paid = "rule: thanks\nmode: on\non: order.paid\nwhen: {field: order.total, more_than: 50.00 EUR}\n\
                   then: [{id: ticket, do: desk.create_ticket, with: {subject: \"{{order.number}}\"}}]";
    let mut hub = Hub::new(&[on_paid]);
    let created = event::Order {
        number: Some("#7".into()),
        total: Some(crate::support::events::euros(5_001)),
        buyer: Some(party(&["customer:1"])),
        ..order("7")
    };
    hub.happens("shop", 1, "order.created", Payload::Order(created));
    // The payment's own report knows neither number nor total.
    hub.happens("shop", 2, "order.paid", Payload::Order(order("7")));
    let owed = effects(&hub.store, &EffectQuery { limit: 9, ..EffectQuery::default() }).unwrap();
    assert_eq!(owed.len(), 1);
    assert_eq!(owed[0].arguments, [("subject".to_owned(), "#7".to_owned())]);
}
