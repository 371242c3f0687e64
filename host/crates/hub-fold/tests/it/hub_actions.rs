//! What rules do within the hub: tags, attributes, notes, follow-ups, queues. It follows from what happened and from
//! nothing else: neither the order of arrival nor of rule files matters, and told again it changes nothing.

use std::collections::BTreeMap;

use hub_fold::read::{
    self, AttributeView, ContextCard, ConversationQuery, CustomerCard, EffectQuery, FollowUpQuery,
    FollowUpState, Routing, TimelineQuery,
};
use hub_fold::record::{Command, Record};
use hub_fold::row::SubjectKind;
use hub_fold::{Decision, Done, Verdict, model_digest, plan_close, plan_merge, plan_postpone, plan_unmerge};
use hub_model::event::{self, Payload};
use hub_model::{EventId, FollowUpId, NodeId};
use hub_store::{MemoryStore, Store};
use proptest::prelude::*;

use super::forgetting::{forgettings, fuller_days};
use crate::support::days::days;
use crate::support::events::{at, customer, event, interaction, named, order};
use crate::support::rewriting::{folded, names_in, push, rewritten};
use crate::support::{Hub, Told, fold_into, journal, message, node, settings, told};

/// A rule on messages that contain its name, doing these.
fn rule(name: &str, actions: &[&str]) -> String {
    let actions: String = actions.iter().map(|action| format!("\n  - {action}")).collect();
    format!(
        "rule: {name}\nmode: on\non: message.received\nwhen: {{field: interaction.text, contains: {name}}}\nthen:{actions}\n"
    )
}

/// Somebody's message, which a hub hears of at another minute.
fn says(connection: &'static str, who: &str, minute: i64, heard: i64, text: &str) -> Told {
    let said = message(&format!("m{minute}"), minute, "web", "in", &[who], text);
    told(connection, heard, vec![event("message.received", minute, Payload::Interaction(said))])
}

fn id_of(told: &Told) -> EventId {
    EventId::of(told.connection, &told.events[0].name, &told.events[0].key)
}

fn ana() -> NodeId {
    node("shop", "customer:1")
}

fn anas_desk() -> NodeId {
    node("desk", "user:1")
}

/// Ana at the shop and at the desk.
fn meet_ana(hub: &mut Hub) {
    for (minute, connection, id) in [(1, "shop", "customer:1"), (2, "desk", "user:1")] {
        let who = named(&[id, "ana@example.com"], "Ana");
        hub.happens(connection, minute, "customer.created", Payload::Customer(customer(who)));
    }
}

fn decision(hub: &Hub, rule: &str, event: EventId) -> Decision {
    read::why(&hub.store, rule, event).unwrap().expect("the rule was asked")
}

/// What the only action of a rule said.
fn said(hub: &Hub, rule: &str, told: &Told) -> String {
    let decision = decision(hub, rule, id_of(told));
    let [Done { says, .. }] = decision.done.as_slice() else { panic!("{decision:?}") };
    says.clone()
}

fn held(hub: &Hub, rule: &str, event: EventId) -> String {
    let decision = decision(hub, rule, event);
    assert_eq!(decision.done, []);
    match decision.verdict {
        Verdict::Held { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn tags(hub: &Hub, id: NodeId) -> Vec<String> {
    hub.card(id).summary.tags
}

fn context(hub: &Hub, id: NodeId) -> ContextCard {
    read::context(&hub.store, id, at(500)).unwrap().unwrap()
}

fn routings(store: &dyn Store, id: NodeId) -> Vec<Routing> {
    let query = ConversationQuery { limit: 100, ..ConversationQuery::default() };
    let views = read::conversations(store, id, &query).unwrap().unwrap();
    views.into_iter().map(|view| view.routing).collect()
}

fn routing(queue: Option<&str>, skill: Option<&str>, priority: Option<&str>) -> Routing {
    let text = |text: Option<&str>| text.map(str::to_owned);
    Routing { queue: text(queue), skill: text(skill), priority: text(priority) }
}

fn follow_ups(store: &dyn Store) -> Vec<read::FollowUpView> {
    read::follow_ups(store, &FollowUpQuery { limit: 100, ..FollowUpQuery::default() }).unwrap().follow_ups
}

fn notes(card: &CustomerCard) -> Vec<&str> {
    card.notes.iter().map(|note| note.text.as_str()).collect()
}

const GIVE: &str = "{id: give, do: customer.add_tag, with: {tag: vip}}";
const TAKE: &str = "{id: take, do: customer.remove_tag, with: {tag: vip}}";

#[test]
fn every_action_is_in_the_catalogue_and_says_in_why_what_it_did() {
    let all = rule(
        "all",
        &[
            GIVE,
            "{id: take, do: customer.remove_tag, with: {tag: new}}",
            "{id: later, do: customer.follow_up, with: {text: call back, in: 2d, until: message.sent}}",
            "{id: note, do: customer.note, with: {text: \"Wrote: {{interaction.text}}\"}}",
            "{id: size, do: customer.set_attribute, with: {name: size, value: XL}}",
            "{id: queue, do: conversation.assign, with: {to: returns}}",
            "{id: skill, do: conversation.assign, with: {to: german, as: skill}}",
            "{id: high, do: conversation.set_priority, with: {priority: high}}",
            "{id: tell, do: event.tell, with: {name: all_done}}",
        ],
    );
    let mut hub = Hub::new(&[&all]);
    meet_ana(&mut hub);
    let told = says("shop", "customer:1", 10, 10, "all");
    hub.tell(&told);
    let decision = decision(&hub, "all", id_of(&told));
    assert_eq!(decision.verdict, Verdict::Fired { effects: vec![] });
    let done: Vec<&str> = decision.done.iter().map(|done| done.action.as_str()).collect();
    let catalogue = hub_fold::catalogue(std::iter::empty());
    let named: Vec<&str> = catalogue.actions.keys().map(String::as_str).collect();
    let mut did = done.clone();
    did.sort_unstable();
    did.dedup();
    assert_eq!(did, named, "every action of the hub's own is tried here");
    for (name, spec) in &catalogue.actions {
        let helps = spec.params.values().map(|param| &param.help).chain([&spec.help]);
        assert!(helps.into_iter().all(|help| !help.is_empty()), "{name}");
        assert!(name.starts_with(spec.about.as_deref().expect("it changes something")), "{name}");
    }
    let follow_up = follow_ups(&hub.store)[0].id;
    let expected = [
        "give (customer.add_tag): gave the tag \"vip\"".to_owned(),
        "take (customer.remove_tag): nothing to take: no rule has given the tag \"new\"".to_owned(),
        format!("later (customer.follow_up): asked to follow up by {}: {follow_up}", at(10 + 2 * 1_440)),
        "note (customer.note): wrote a note".to_owned(),
        "size (customer.set_attribute): set size to \"XL\"".to_owned(),
        "queue (conversation.assign): assigned the conversation to the queue \"returns\"".to_owned(),
        "skill (conversation.assign): assigned the conversation to the skill \"german\"".to_owned(),
        "high (conversation.set_priority): set the conversation's priority to high".to_owned(),
        "tell (event.tell): told of custom.all_done".to_owned(),
    ];
    let explained = decision.explain();
    for line in expected {
        assert!(explained.lines().any(|found| found.trim() == line), "{line}\n{explained}");
    }
    assert_eq!(routings(&hub.store, ana()), [routing(Some("returns"), Some("german"), Some("high"))]);
    assert_eq!(context(&hub, ana()).awaiting[0].routing, routings(&hub.store, ana())[0]);
}

#[test]
fn a_tag_is_taken_back_where_rules_gave_it_and_stays_where_a_system_did() {
    let mut hub = Hub::new(&[&rule("give", &[GIVE]), &rule("take", &[TAKE])]);
    meet_ana(&mut hub);
    let nothing = says("shop", "customer:1", 10, 10, "take");
    hub.tell(&nothing);
    assert_eq!(said(&hub, "take", &nothing), "nothing to take: no rule has given the tag \"vip\"");
    hub.tell(&says("shop", "customer:1", 20, 20, "give"));
    assert_eq!(tags(&hub, ana()), ["vip"]);
    // Given at the shop, taken back at the desk.
    let taken = says("desk", "user:1", 30, 30, "take");
    hub.tell(&taken);
    assert_eq!(said(&hub, "take", &taken), "took back the tag \"vip\"");
    assert_eq!(tags(&hub, ana()), [""; 0]);
    // What happened before counts no more, whenever it is heard of.
    hub.tell(&says("shop", "customer:1", 25, 35, "give"));
    assert_eq!(tags(&hub, ana()), [""; 0]);
    hub.tell(&says("desk", "user:1", 40, 40, "give"));
    assert_eq!(tags(&hub, ana()), ["vip"]);

    let tagged = event::Customer {
        tags: Some(vec!["vip".into()]),
        ..customer(named(&["customer:1", "ana@example.com"], "Ana"))
    };
    hub.happens("shop", 50, "customer.updated", Payload::Customer(tagged));
    let both = says("shop", "customer:1", 60, 60, "take");
    hub.tell(&both);
    assert_eq!(
        said(&hub, "take", &both),
        "took back the tag \"vip\"; a system gives it as well, and there it stays"
    );
    let systems = says("shop", "customer:1", 61, 61, "take");
    hub.tell(&systems);
    assert_eq!(
        said(&hub, "take", &systems),
        "nothing to take: the tag \"vip\" is a system's, where it stays"
    );
    assert_eq!(tags(&hub, ana()), ["vip"]);
}

#[test]
fn of_two_words_of_one_moment_the_same_counts_whichever_rule_file_comes_first() {
    let ship = |name: &str, value: &str| {
        rule(
            "x",
            &[&format!("{{id: a, do: customer.set_attribute, with: {{name: ship, value: {value}}}}}"), GIVE],
        )
        .replace("rule: x", &format!("rule: {name}"))
    };
    let (one, other) = (ship("one", "fast"), ship("other", "slow"));
    let take = rule("x", &[TAKE]).replace("rule: x", "rule: parts");
    let views = [[&one, &other, &take], [&take, &other, &one]].map(|rules| {
        let mut hub = Hub::new(&rules.map(String::as_str));
        meet_ana(&mut hub);
        hub.tell(&says("shop", "customer:1", 10, 10, "x"));
        let attributes = hub.card(ana()).attributes;
        (attributes["ship"].value.clone(), attributes["ship"].rule.clone(), tags(&hub, ana()))
    });
    assert_eq!(views[0], views[1]);
    // Within one rule the later action has the last word.
    let both = rule(
        "both",
        &[
            "{id: a, do: customer.set_attribute, with: {name: ship, value: zzz}}",
            "{id: b, do: customer.set_attribute, with: {name: ship, value: aaa}}",
            GIVE,
            TAKE,
        ],
    );
    let mut hub = Hub::new(&[&both]);
    meet_ana(&mut hub);
    hub.tell(&says("shop", "customer:1", 10, 10, "both"));
    assert_eq!((hub.card(ana()).attributes["ship"].value.as_str(), tags(&hub, ana())), ("aaa", vec![]));
}

#[test]
fn an_attribute_is_read_by_other_rules_and_the_last_by_its_time_counts() {
    let set = "{id: set, do: customer.set_attribute, with: {name: size, value: \"{{interaction.text}}\"}}";
    let reads = "rule: reads\nmode: on\non: message.received\nwhen: {field: customer.attributes.size, contains: size XL}\n\
                 then: [{id: tag, do: customer.add_tag, with: {tag: \"wears {{customer.attributes.size}}\"}}]";
    let mut hub = Hub::new(&[reads, &rule("size", &[set])]);
    meet_ana(&mut hub);
    let truth = |hub: &Hub, told: &Told| decision(hub, "reads", id_of(told)).evaluation.truth.as_str();
    let first = says("shop", "customer:1", 10, 10, "size XL");
    hub.tell(&first);
    assert_eq!(truth(&hub, &first), "unknown", "all rules of an event see the state before");
    // Heard of later, but older; and at another account.
    hub.tell(&says("desk", "user:1", 5, 11, "size S"));
    let second = says("desk", "user:1", 12, 12, "hello");
    hub.tell(&second);
    assert_eq!(truth(&hub, &second), "true");
    assert_eq!(tags(&hub, ana()), ["wears size XL"]);
    let event = id_of(&first);
    let view = AttributeView { value: "size XL".into(), at: at(10), rule: "size".into(), event };
    let expected = BTreeMap::from([("size".to_owned(), view)]);
    assert_eq!(hub.card(ana()).attributes, expected);
    assert_eq!(context(&hub, ana()).attributes, expected);

    // Each account keeps what was said at it when they turn out to be two.
    let parted = plan_unmerge(&hub.store, ana(), &[anas_desk()]).unwrap().into_command("mia", "two", at(20));
    hub.command(20, parted);
    let value = |hub: &Hub, id| hub.card(id).attributes["size"].value.clone();
    assert_eq!((value(&hub, ana()), value(&hub, anas_desk())), ("size XL".into(), "size S".into()));
    assert_eq!((tags(&hub, ana()), tags(&hub, anas_desk())), (vec![], vec!["wears size XL".to_owned()]));
    let merged = plan_merge(&hub.store, ana(), anas_desk()).unwrap().into_command("mia", "one", at(30));
    hub.command(30, merged);
    assert_eq!(hub.card(ana()).attributes, expected);

    let unwritten = settings(&[reads]);
    assert!(hub_fold::ActiveSettings::new(&unwritten).is_err(), "no rule writes what it reads");
}

#[test]
fn a_follow_up_of_a_rule_is_one_and_the_same_however_often_it_is_told() {
    let later = "{id: later, do: customer.follow_up, with: {text: \"call {{customer.display_name}}\", in: 48h, until: message.sent}}";
    let mut hub = Hub::new(&[&rule("later", &[later])]);
    meet_ana(&mut hub);
    let told = says("shop", "customer:1", 10, 100, "later");
    hub.tell(&told);
    let [one] = <[_; 1]>::try_from(follow_ups(&hub.store)).unwrap();
    assert_eq!(one.id, FollowUpId::of_rule("later", id_of(&told), "later"));
    assert_eq!((one.text.as_str(), one.by.as_str()), ("call Ana", "rule later"));
    assert_eq!((one.made_at, one.due), (at(10), at(10 + 2 * 1_440)), "by when it happened");
    hub.tell(&told);
    assert_eq!(follow_ups(&hub.store), std::slice::from_ref(&one));
    assert_eq!(context(&hub, anas_desk()).follow_ups[0].follow_up, one);

    // People change it and do it; told again it stays done.
    hub.command(110, plan_postpone(&hub.store, one.id, at(900), "mia", at(110)).unwrap());
    assert_eq!(follow_ups(&hub.store)[0].due, at(900));
    hub.command(120, plan_close(&hub.store, one.id, "mia", at(120)).unwrap());
    hub.tell(&told);
    assert_eq!(follow_ups(&hub.store), []);
    // Another is ended by what happens.
    let again = says("desk", "user:1", 130, 130, "later");
    hub.tell(&again);
    let id = follow_ups(&hub.store)[0].id;
    assert_ne!(id, one.id);
    let answer = message("a1", 140, "web", "out", &["user:1"], "done");
    hub.happens("desk", 140, "message.sent", Payload::Interaction(answer));
    let state = read::follow_up(&hub.store, id).unwrap().unwrap().state;
    assert!(matches!(state, FollowUpState::Happened { at: when, .. } if when == at(140)), "{state:?}");
}

#[test]
fn notes_stand_on_the_card_and_in_the_timeline() {
    let note = "{id: note, do: customer.note, with: {text: \"Wrote: {{interaction.text}}\"}}";
    let twice = "{id: twice, do: customer.note, with: {text: and again}}";
    let mut hub = Hub::new(&[&rule("note", &[note, twice])]);
    meet_ana(&mut hub);
    hub.tell(&says("desk", "user:1", 20, 20, "note two"));
    hub.tell(&says("shop", "customer:1", 10, 30, "note one"));
    let card = hub.card(ana());
    assert_eq!(notes(&card), ["Wrote: note two", "and again", "Wrote: note one", "and again"]);
    assert_eq!(context(&hub, ana()).notes, card.notes);
    let mut query = TimelineQuery { limit: 3, kinds: vec![SubjectKind::Note], ..TimelineQuery::default() };
    let mut lines = Vec::new();
    loop {
        let page = read::timeline(&hub.store, ana(), &query).unwrap().unwrap();
        lines.extend(page.entries.into_iter().map(|entry| (entry.at, entry.summary)));
        let Some(next) = page.next else { break };
        query.after = Some(next);
    }
    let line = |minute, text: &str| (at(minute), format!("rule note noted: {text}"));
    lines.sort();
    let expected = [(10, "Wrote: note one"), (10, "and again"), (20, "Wrote: note two"), (20, "and again")];
    assert_eq!(lines, expected.map(|(minute, text)| line(minute, text)));
}

#[test]
fn a_conversation_is_routed_by_the_last_word_on_anything_said_in_it() {
    let to =
        |name: &str| rule(name, &[&format!("{{id: to, do: conversation.assign, with: {{to: {name}}}}}")]);
    let urgent = rule("urgent", &["{id: now, do: conversation.set_priority, with: {priority: urgent}}"]);
    let mut hub = Hub::new(&[&to("returns"), &to("repairs"), &urgent]);
    meet_ana(&mut hub);
    hub.tell(&says("shop", "customer:1", 12, 12, "repairs"));
    hub.tell(&says("shop", "customer:1", 10, 13, "returns, urgent"));
    hub.tell(&says("desk", "user:1", 4_000, 4_000, "hello"));
    assert_eq!(
        routings(&hub.store, ana()),
        [Routing::default(), routing(Some("repairs"), None, Some("urgent"))]
    );
    // What was taken back says nothing any more.
    let gone = event::Interaction { erased: true, ..interaction("m12") };
    hub.happens("shop", 20, "message.deleted", Payload::Interaction(gone));
    assert_eq!(routings(&hub.store, ana())[1], routing(Some("returns"), None, Some("urgent")));
}

#[test]
fn what_was_taken_back_leaves_no_words_and_what_was_said_before_counts_again() {
    const SECRET: &str = "Secretword";
    let all = rule(
        "keep",
        &[
            "{id: a, do: customer.set_attribute, with: {name: said, value: \"{{interaction.text}}\"}}",
            "{id: b, do: customer.note, with: {text: \"{{interaction.text}}\"}}",
            "{id: c, do: customer.add_tag, with: {tag: \"{{interaction.text}}\"}}",
            "{id: d, do: customer.follow_up, with: {text: \"{{interaction.text}}\", in: 1h}}",
        ],
    );
    let mut hub = Hub::new(&[&all]);
    meet_ana(&mut hub);
    hub.tell(&says("shop", "customer:1", 10, 10, "keep this"));
    hub.tell(&says("shop", "customer:1", 11, 11, &format!("keep {SECRET}")));
    assert_eq!(tags(&hub, ana()).len(), 2);
    assert!(names_in(&hub.store, SECRET).len() >= 3, "{:?}", names_in(&hub.store, SECRET));
    let gone = event::Interaction { erased: true, ..interaction("m11") };
    hub.happens("shop", 20, "message.deleted", Payload::Interaction(gone));
    assert_eq!(names_in(&hub.store, SECRET), [""; 0]);
    let card = hub.card(ana());
    assert_eq!((card.attributes["said"].value.as_str(), notes(&card)), ("keep this", vec!["keep this"]));
    assert_eq!((card.summary.tags, follow_ups(&hub.store).len()), (vec!["keep this".to_owned()], 1));
}

#[test]
fn what_turns_out_to_be_anothers_is_said_of_the_other_whenever_that_is_heard_of() {
    let keep = rule(
        "keep",
        &[
            GIVE,
            "{id: size, do: customer.set_attribute, with: {name: size, value: M}}",
            "{id: note, do: customer.note, with: {text: x}}",
            "{id: later, do: customer.follow_up, with: {text: call, in: 1h}}",
            "{id: to, do: conversation.assign, with: {to: returns}}",
        ],
    );
    let bens = message("m10", 11, "web", "in", &["customer:2"], "keep");
    let story = [
        says("shop", "customer:1", 10, 10, "keep"),
        told("shop", 11, vec![event("message.edited", 11, Payload::Interaction(bens))]),
        says("shop", "customer:1", 20, 20, "hello"),
    ];
    let ben = node("shop", "customer:2");
    let mut seen = [[0, 1, 2], [1, 0, 2], [2, 1, 0]].map(|order| {
        let mut hub = Hub::new(&[&keep]);
        order.iter().for_each(|place| drop(hub.tell(&story[*place])));
        let card = hub.card(ben);
        assert_eq!((card.summary.tags.as_slice(), notes(&card)), (["vip".to_owned()].as_slice(), vec!["x"]));
        assert_eq!(follow_ups(&hub.store).iter().map(|one| one.customer).collect::<Vec<_>>(), [ben]);
        assert_eq!(routings(&hub.store, ben), [routing(Some("returns"), None, None)]);
        let anas = hub.card(ana());
        assert_eq!((anas.summary.tags.len(), anas.attributes.len(), anas.notes.len()), (0, 0, 0));
        answers(&hub.store)
    });
    let last = seen[2].clone();
    assert!(seen.iter_mut().all(|answers| *answers == last), "{seen:#?}");

    // Done under whosever name it was, it stays done.
    let mut hub = Hub::new(&[&keep]);
    hub.tell(&story[0]);
    hub.command(10, plan_close(&hub.store, follow_ups(&hub.store)[0].id, "mia", at(10)).unwrap());
    hub.tell(&story[1]);
    assert_eq!(follow_ups(&hub.store), []);
}

#[test]
fn what_turns_out_to_be_anothers_goes_with_either() {
    const SECRET: &str = "Secretword";
    let keep = rule(
        "keep",
        &[
            "{id: note, do: customer.note, with: {text: \"{{interaction.text}}\"}}",
            "{id: tag, do: customer.add_tag, with: {tag: \"{{interaction.text}}\"}}",
            "{id: to, do: conversation.assign, with: {to: \"{{interaction.text}}\"}}",
            "{id: later, do: customer.follow_up, with: {text: \"{{interaction.text}}\", in: 1h}}",
        ],
    );
    for forgotten in ["customer:1", "customer:2"] {
        let mut hub = Hub::new(&[&keep]);
        meet_ana(&mut hub);
        hub.tell(&says("shop", "customer:1", 10, 10, &format!("keep {SECRET}")));
        // It was Ben's all along.
        let bens = event::Interaction { text: None, ..message("m10", 11, "web", "in", &["customer:2"], "") };
        hub.happens("shop", 11, "message.edited", Payload::Interaction(bens));
        assert_eq!(names_in(&hub.store, SECRET).len(), 3, "{:?}", names_in(&hub.store, SECRET));
        let (by, reason) = ("mia".into(), "asked by letter".into());
        let account = node("shop", forgotten);
        hub.command(
            20,
            Command::Erase { account, by, reason, at: at(20), deliveries: vec![], systems: vec![] },
        );
        assert_eq!(names_in(&hub.store, SECRET), [""; 0], "{forgotten}");
    }
}

#[test]
fn a_follow_up_somebody_took_over_is_theirs() {
    let later = "{id: later, do: customer.follow_up, with: {text: call, in: 48h}}";
    let mut hub = Hub::new(&[&rule("later", &[later])]);
    meet_ana(&mut hub);
    hub.tell(&says("shop", "customer:1", 10, 10, "later"));
    let id = follow_ups(&hub.store)[0].id;
    hub.command(11, plan_postpone(&hub.store, id, at(900), "mia", at(11)).unwrap());
    let gone = event::Interaction { erased: true, ..interaction("m10") };
    hub.happens("shop", 20, "message.deleted", Payload::Interaction(gone));
    assert_eq!(follow_ups(&hub.store).len(), 1);
}

#[test]
fn a_rule_that_cannot_do_it_all_does_nothing_and_says_why() {
    let ticket = "{id: ticket, do: desk.create_ticket, with: {subject: hello}}";
    let needs_customer = |event: &str, action: &str| {
        format!(
            "rule: r\nmode: on\non: {event}\nwhen: always\nthen:\n  - {ticket}\n  - {GIVE}\n  - {action}\n"
        )
    };
    let note = "{id: note, do: customer.note, with: {text: x}}";
    let check = |rules: &str, told: Told, expected: &str| {
        let mut hub = Hub::new(&[rules]);
        meet_ana(&mut hub);
        hub.tell(&told);
        assert_eq!(held(&hub, "r", id_of(&told)), expected);
        let owed = read::effects(&hub.store, &EffectQuery { limit: 9, ..EffectQuery::default() }).unwrap();
        assert_eq!((owed, tags(&hub, ana())), (vec![], vec![]));
        assert_eq!(decision(&hub, "r", id_of(&told)).done, []);
    };
    let nobodys = told("shop", 5, vec![event("order.created", 5, Payload::Order(order("9")))]);
    check(
        &needs_customer("order.created", note),
        nobodys,
        "action give: the event names no customer the hub knows",
    );
    let long = "{id: note, do: customer.note, with: {text: \"{{interaction.text}}\"}}";
    check(
        &needs_customer("message.received", long),
        says("shop", "customer:1", 5, 5, &"ä".repeat(4_001)),
        "action note: its text has 4001 characters when filled in, at most 4000 are kept",
    );
    let blank = "{id: size, do: customer.set_attribute, with: {name: size, value: \"{{interaction.text}}\"}}";
    check(
        &needs_customer("message.received", blank),
        says("shop", "customer:1", 5, 5, " \n "),
        "action size: its value is empty when filled in",
    );
    let assign = "rule: r\nmode: on\non: message.deleted\nwhen: always\n\
                  then: [{id: to, do: conversation.assign, with: {to: returns}}]";
    let gone = event::Interaction { erased: true, ..message("m1", 5, "web", "in", &["customer:1"], "x") };
    check(
        assign,
        told("shop", 5, vec![event("message.deleted", 5, Payload::Interaction(gone))]),
        "action to: what the event told is forgotten",
    );
}

/// All actions, with nothing in them that changes later: what a rule repeats is what was known when the event came.
fn busy() -> [String; 3] {
    let actions = [
        "{id: tag, do: customer.add_tag, with: {tag: \"{{event.name}}\"}}",
        "{id: untag, do: customer.remove_tag, with: {tag: new}}",
        "{id: said, do: customer.set_attribute, with: {name: last, value: \"{{interaction.id}}\"}}",
        "{id: note, do: customer.note, with: {text: \"{{interaction.id}}\"}}",
        "{id: later, do: customer.follow_up, with: {text: \"{{interaction.id}}\", in: 48h}}",
        "{id: to, do: conversation.assign, with: {to: \"{{interaction.channel | default: \\\"any\\\"}}\"}}",
        "{id: now, do: conversation.set_priority, with: {priority: high}}",
    ];
    let on = |name: &str, event: &str, actions: &[&str]| {
        let actions: String = actions.iter().map(|action| format!("\n  - {action}")).collect();
        format!("rule: {name}\nmode: on\non: {event}\nwhen: always\nthen:{actions}\n")
    };
    [
        on("one", "message.received", &actions),
        on("two", "message.received", &["{id: new, do: customer.add_tag, with: {tag: new}}", actions[5]]),
        on(
            "three",
            "customer.created",
            &[
                "{id: new, do: customer.add_tag, with: {tag: new}}",
                "{id: last, do: customer.set_attribute, with: {name: last, value: created}}",
            ],
        ),
    ]
}

#[test]
fn in_shadow_nothing_is_done() {
    let shadow = busy().map(|rule| rule.replace("mode: on", "mode: shadow"));
    let rules: Vec<&str> = shadow.iter().map(String::as_str).collect();
    let mut hub = Hub::new(&rules);
    meet_ana(&mut hub);
    let told = says("shop", "customer:1", 10, 10, "hello");
    hub.tell(&told);
    let decision = decision(&hub, "one", id_of(&told));
    assert_eq!((decision.verdict, decision.done), (Verdict::Shadowed, vec![]));
    let card = hub.card(ana());
    assert_eq!((card.summary.tags, card.attributes, card.notes), (vec![], BTreeMap::new(), vec![]));
    assert_eq!((follow_ups(&hub.store), routings(&hub.store, ana())), (vec![], vec![Routing::default()]));
}

/// What people are told of everybody.
fn answers(store: &dyn Store) -> Vec<String> {
    let people = read::customers(store, None, 1_000).unwrap();
    let on = |id: NodeId| {
        let query = TimelineQuery { limit: 1_000, ..TimelineQuery::default() };
        let all = ConversationQuery { limit: 1_000, ..ConversationQuery::default() };
        let card = read::customer(store, id).unwrap().unwrap();
        serde_json::to_string(&(
            id,
            (card.summary.tags, card.attributes, card.notes),
            read::timeline(store, id, &query).unwrap(),
            read::conversations(store, id, &all).unwrap(),
        ))
        .unwrap()
    };
    let mut answers: Vec<String> = people.iter().map(|one| on(one.id)).collect();
    answers.extend(follow_ups(store).iter().map(|one| serde_json::to_string(one).unwrap()));
    answers
}

fn answered<'a>(rules: &[String], story: impl Iterator<Item = &'a Told>, sizes: &[usize]) -> Vec<String> {
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let store = MemoryStore::new();
    fold_into(&store, &journal(&settings(&rules), story), sizes);
    answers(&store)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_in_whatever_order_rules_have_said_the_same(
        asked in prop::sample::subsequence((0..forgettings().len()).collect::<Vec<_>>(), 0..=3),
        order in {
            let all = fuller_days().len() + 3;
            Just((0..all).chain(0..all / 3).collect::<Vec<_>>()).prop_shuffle()
        },
        rules in Just(busy().to_vec()).prop_shuffle(),
        sizes in prop::collection::vec(1_usize..9, 1..5),
    ) {
        let (days, forgettings) = (fuller_days(), forgettings());
        let story: Vec<&Told> = days.iter().chain(asked.iter().map(|one| &forgettings[*one])).collect();
        let straight = answered(&busy(), story.iter().copied(), &[1]);
        let arriving = order.iter().filter_map(|place| story.get(*place).copied());
        let mixed = answered(&rules, arriving, &sizes);
        let different = straight.iter().zip(&mixed).find(|(left, right)| left != right);
        prop_assert!(different.is_none() && straight.len() == mixed.len(), "{different:#?}");
    }
}

#[test]
fn the_story_above_has_rules_say_something() {
    let said = answered(&busy(), days().iter(), &[3]).concat();
    for part in [
        "\"queue\":\"instagram\"",
        "\"note\"",
        "\"priority\":\"high\"",
        "\"last\"",
        "fup_",
        "\"message.received\"",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
}

#[test]
fn the_models_fingerprint_is_free_of_what_rules_do() {
    let digest = |rules: &[String]| {
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        let store = MemoryStore::new();
        fold_into(&store, &journal(&settings(&rules), days().iter()), &[3]);
        model_digest(&store).unwrap()
    };
    assert_eq!(digest(&busy()), digest(&[]));
}

#[test]
fn of_whoever_is_forgotten_nothing_rules_said_is_left() {
    const SECRET: &str = "Secretword";
    let busy = busy().map(|rule| rule.replace("interaction.id", "interaction.text"));
    let rules: Vec<&str> = busy.iter().map(String::as_str).collect();
    let who = |id: &str| Payload::Customer(customer(named(&[id], "Somebody")));
    let story = [
        told("shop", 1, vec![event("customer.created", 1, who("customer:1"))]),
        told("shop", 2, vec![event("customer.created", 2, who("customer:2"))]),
        says("shop", "customer:1", 10, 10, SECRET),
        says("shop", "customer:2", 11, 11, "hello"),
    ];
    let mut journal = journal(&settings(&rules), story.iter());
    let before = folded(&journal);
    assert_eq!(follow_ups(&before).len(), 2);
    // Somebody makes the rule's words theirs.
    let id = follow_ups(&before)[0].id;
    push(&mut journal, 12, Record::Command(plan_postpone(&before, id, at(900), "mia", at(12)).unwrap()));
    let (by, reason) = ("mia".into(), "asked by letter".into());
    let erase =
        Command::Erase { account: ana(), by, reason, at: at(20), deliveries: vec![], systems: vec![] };
    push(&mut journal, 20, Record::Command(erase));
    let asked = folded(&journal);
    assert_eq!(names_in(&asked, SECRET), [""; 0]);
    let journal = rewritten(journal);
    let bytes: Vec<u8> = journal.iter().flat_map(|record| record.record.encode()).collect();
    assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    let anew = folded(&journal);
    let of_ben = |store: &MemoryStore| {
        let ben = node("shop", "customer:2").to_string();
        answers(store).into_iter().filter(|answer| answer.contains(&ben)).collect::<Vec<_>>()
    };
    assert_eq!(of_ben(&anew).len(), 2, "his card and what is to be done for him");
    assert_eq!((of_ben(&asked), of_ben(&before)), (of_ben(&anew), of_ben(&anew)));
    assert_eq!(follow_ups(&anew).len(), 1);

    // Told once more.
    let mut hub = Hub::new(&rules);
    story.iter().for_each(|told| drop(hub.tell(told)));
    hub.command(
        20,
        Command::Erase {
            account: ana(),
            by: "mia".into(),
            reason: "letter".into(),
            at: at(20),
            deliveries: vec![],
            systems: vec![],
        },
    );
    let late = says("shop", "customer:1", 30, 30, SECRET);
    hub.tell(&late);
    assert!(
        held(&hub, "one", id_of(&late)).contains("needs interaction.text"),
        "it is gone before rules see it"
    );
    assert_eq!(held(&hub, "two", id_of(&late)), "action new: the customer is forgotten");
    assert_eq!(names_in(&hub.store, SECRET), [""; 0]);
}

#[test]
fn a_deleted_profile_takes_tags_and_attributes_along_and_leaves_the_notes() {
    let keep = rule("keep", &[GIVE, "{id: size, do: customer.set_attribute, with: {name: size, value: M}}"]);
    let note = rule("note", &["{id: note, do: customer.note, with: {text: x}}"]);
    let mut hub = Hub::new(&[&keep, &note]);
    meet_ana(&mut hub);
    hub.tell(&says("shop", "customer:1", 10, 10, "keep note"));
    let gone = event::Customer { deleted: true, ..customer(named(&["customer:1"], "Ana")) };
    hub.happens("shop", 11, "customer.deleted", Payload::Customer(gone));
    let card = hub.card(ana());
    assert_eq!((card.summary.tags.len(), card.attributes.len(), notes(&card)), (0, 0, vec!["x"]));
    let late = says("shop", "customer:1", 12, 12, "keep note");
    hub.tell(&late);
    assert_eq!(held(&hub, "keep", id_of(&late)), "action give: its system has deleted the customer");
    assert_eq!(notes(&hub.card(ana())), ["x", "x"]);
}
