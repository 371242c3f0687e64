//! What belongs together, as the view tells it: the same whatever came first, and right again when customers join.

use hub_fold::read::{
    self, ConversationDetails, ConversationPage, ConversationQuery, ConversationView, LinkedBy,
    TimelineCursor, conversations,
};
use hub_model::conversation::{JoinedBy, Topic};
use hub_model::event::{self, DeliveryStatus, Payload};
use hub_model::{ConversationId, NodeId};
use hub_store::MemoryStore;
use proptest::prelude::*;

use crate::stories::{late_order, set_up};
use crate::support::days::days;
use crate::support::events::{at, event, merge, order, party, ticket};
use crate::support::{Hub, Told, fold_into, journal, message, node, settings, told};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

fn all(hub: &Hub, customer: NodeId) -> Vec<ConversationView> {
    let query = ConversationQuery { limit: 100, ..ConversationQuery::default() };
    conversations(&hub.store, customer, &query).unwrap().unwrap()
}

fn one(hub: &Hub, customer: NodeId, id: ConversationId, page: ConversationPage) -> ConversationDetails {
    read::conversation(&hub.store, customer, id, &page).unwrap().unwrap()
}

fn said(hub: &mut Hub, connection: &'static str, message: event::Interaction) {
    let minute = (message.sent_at.unwrap().0 - at(0).0) / 60_000_000_000;
    let event = event::Event {
        key: message.id.clone(),
        ..event("message.received", minute, Payload::Interaction(message))
    };
    hub.tell(&told(connection, minute, vec![event]));
}

const ME: [&str; 1] = ["user:7"];

fn me() -> NodeId {
    node("desk", "user:7")
}

/// Each message's number and how it got in, a conversation a line, the last to move first.
fn shape(hub: &Hub, customer: NodeId) -> Vec<String> {
    let letter = |by| match by {
        JoinedBy::Opening => "",
        JoinedBy::Thread => "(t)",
        JoinedBy::Reply => "(r)",
        JoinedBy::SameOrder => "(o)",
        JoinedBy::NearInTime => "(n)",
    };
    all(hub, customer)
        .iter()
        .map(|view| {
            let page = ConversationPage { limit: 100, ..ConversationPage::default() };
            let details = one(hub, customer, view.id, page);
            let members = details.interactions.iter().rev();
            members
                .map(|member| format!("{}{}", member.interaction.id, letter(member.by)))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

#[test]
fn messages_are_threaded_by_what_ties_them_best() {
    let mut hub = Hub::new(&[]);
    for (number, day) in [("#1042", 0), ("#1043", 1)] {
        let placed = event::Order {
            number: Some(number.into()),
            buyer: Some(party(&ME)),
            placed_at: Some(at(-day)),
            ..order(number)
        };
        hub.happens("desk", -day, "order.created", Payload::Order(placed));
    }
    let mail =
        |id: &str, hours: i64, way: &str, text: &str| message(id, hours * HOUR, "email", way, &ME, text);
    // On a ticket, however long it takes.
    said(
        &mut hub,
        "desk",
        event::Interaction { ticket: Some("1".into()), ..mail("a", 0, "in", "My mug is broken") },
    );
    said(
        &mut hub,
        "desk",
        event::Interaction { ticket: Some("1".into()), ..mail("b", 300, "out", "A new one is on its way") },
    );
    // An answer by its reference, on another channel.
    let reply = event::Interaction {
        reply_to: Some("a".into()),
        channel: Some("web".into()),
        ..mail("c", 310, "in", "thanks")
    };
    said(&mut hub, "desk", reply);
    // One order within three days; another message lies nearer.
    said(&mut hub, "desk", mail("d", 1_000, "in", "where is order 1042"));
    said(&mut hub, "desk", mail("e", 1_050, "in", "I moved house"));
    said(&mut hub, "desk", mail("f", 1_060, "in", "#1042 is still not here"));
    // Near in time, and no more.
    said(&mut hub, "desk", mail("g", 1_070, "out", "Sorry for the wait"));
    said(&mut hub, "desk", mail("h", 1_100, "in", "#1043?"));
    assert_eq!(shape(&hub, me()), ["h", "d f(o) g(n)", "e", "a b(t) c(r)"]);

    let views = all(&hub, me());
    let orders = |view: &ConversationView| -> Vec<Option<String>> {
        view.orders.iter().map(|order| order.number.clone()).collect()
    };
    assert_eq!(orders(&views[0]), [Some("#1043".to_owned())]);
    assert_eq!(orders(&views[1]), [Some("#1042".to_owned())]);
    assert_eq!(views[3].topic, Some(Topic::Damage));
    assert_eq!(
        views[3].joined_by.iter().copied().collect::<Vec<_>>(),
        [JoinedBy::Opening, JoinedBy::Thread, JoinedBy::Reply]
    );
    let waiting: Vec<_> = views.iter().map(|view| view.awaiting_since).collect();
    assert_eq!(waiting, [Some(at(1_100 * HOUR)), None, Some(at(1_050 * HOUR)), Some(at(310 * HOUR))]);
}

#[test]
fn conversations_on_one_matter_are_linked_and_stay_apart() {
    let mut hub = Hub::new(&[]);
    let placed = event::Order {
        number: Some("#1042".into()),
        buyer: Some(party(&ME)),
        placed_at: Some(at(0)),
        ..order("1")
    };
    hub.happens("desk", 0, "order.created", Payload::Order(placed));
    said(&mut hub, "desk", message("a", DAY, "email", "in", &ME, "#1042 please"));
    said(&mut hub, "desk", message("b", 20 * DAY, "sms", "in", &ME, "order 1042!"));
    said(&mut hub, "desk", message("c", 21 * DAY, "web", "in", &ME, "I want my money back"));
    said(&mut hub, "desk", message("d", 27 * DAY, "email", "in", &ME, "please refund me"));
    said(&mut hub, "desk", message("e", 40 * DAY, "email", "in", &ME, "a refund, please"));
    let views = all(&hub, me());
    let links = |view: &ConversationView| -> Vec<(ConversationId, bool)> {
        view.linked.iter().map(|link| (link.conversation, matches!(link.by, LinkedBy::Order(_)))).collect()
    };
    let id = |id: &str| ConversationId::of("desk", id);
    let shown: Vec<_> = views.iter().map(|view| (view.id, links(view))).collect();
    let expected = [
        (id("e"), vec![]),
        (id("d"), vec![(id("c"), false)]),
        (id("c"), vec![(id("d"), false)]),
        (id("b"), vec![(id("a"), true)]),
        (id("a"), vec![(id("b"), true)]),
    ];
    assert_eq!(shown, expected);
}

/// What was said minute by minute, and since when the customer waits.
const ANSWERS: [(&str, Option<i64>); 8] = [
    ("in", Some(1)),
    ("in in", Some(1)),
    ("in out", None),
    ("in note", Some(1)),
    ("in failed", Some(1)),
    ("in receipt", Some(1)),
    ("in out in", Some(3)),
    ("call", None),
];

#[test]
fn what_answers_is_a_word_of_ours_that_arrived() {
    for (ways, expected) in ANSWERS {
        let mut hub = Hub::new(&[]);
        for (minute, way) in (1..).zip(ways.split(' ')) {
            let say = |way| message(&minute.to_string(), minute, "email", way, &ME, "hello");
            let told = match way {
                "failed" => event::Interaction { status: Some(DeliveryStatus::Failed), ..say("out") },
                "receipt" => event::Interaction { author: Some(event::Author::System), ..say("out") },
                "call" => event::Interaction { kind: Some("call".into()), ..say("in") },
                way => say(way),
            };
            said(&mut hub, "desk", told);
        }
        assert_eq!(all(&hub, me())[0].awaiting_since, expected.map(at), "{ways}");
        let query = ConversationQuery { awaiting: true, limit: 9, ..ConversationQuery::default() };
        let awaiting = conversations(&hub.store, me(), &query).unwrap().unwrap();
        assert_eq!(awaiting.len(), usize::from(expected.is_some()), "{ways}");
    }
}

#[test]
fn a_ticket_says_whether_it_is_resolved() {
    let mut hub = Hub::new(&[]);
    let about = |status: &str| {
        let ticket =
            event::Ticket { requester: Some(party(&ME)), status: Some(status.into()), ..ticket("1") };
        Payload::Ticket(ticket)
    };
    said(
        &mut hub,
        "desk",
        event::Interaction { ticket: Some("1".into()), ..message("a", 1, "email", "in", &ME, "hi") },
    );
    let state = |hub: &Hub| {
        let view = all(hub, me()).remove(0);
        (view.resolved, view.awaiting_since.is_some())
    };
    assert_eq!(state(&hub), (Some(false), true), "the ticket itself is not known");
    hub.happens("desk", 2, "ticket.created", about("open"));
    assert_eq!(state(&hub), (Some(false), true));
    hub.happens("desk", 3, "ticket.status_changed", about("solved"));
    assert_eq!(state(&hub), (Some(true), false));
    said(
        &mut hub,
        "desk",
        event::Interaction { ticket: Some("1".into()), ..message("b", 4, "email", "in", &ME, "no") },
    );
    assert_eq!(state(&hub), (Some(true), true), "they write again");
}

#[test]
fn pages_of_a_conversation_hold_everything_once() {
    let mut hub = Hub::new(&[]);
    for number in 0..23 {
        let id = format!("m{number:02}");
        said(
            &mut hub,
            "desk",
            event::Interaction {
                thread: Some("t".into()),
                ..message(&id, number / 3, "web", "in", &ME, "hi")
            },
        );
    }
    // Any interaction finds the conversation.
    let id = ConversationId::of("desk", "m11");
    let (mut after, mut shown): (Option<TimelineCursor>, Vec<String>) = (None, Vec::new());
    loop {
        let details = one(&hub, me(), id, ConversationPage { after, limit: 4, until: None });
        assert_eq!(details.conversation.id, ConversationId::of("desk", "m00"));
        assert_eq!(details.conversation.interactions, 23);
        shown.extend(details.interactions.into_iter().map(|member| member.interaction.id));
        after = details.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..23).rev().map(|number| format!("m{number:02}")).collect();
    assert_eq!(shown, expected);
    let nothing =
        read::conversation(&hub.store, me(), ConversationId::of("desk", "x"), &ConversationPage::default());
    assert_eq!(nothing.unwrap(), None);
}

#[test]
fn a_long_history_is_read_window_by_window() {
    let mut hub = Hub::new(&[]);
    for number in 0..700 {
        said(&mut hub, "desk", message(&format!("m{number}"), number * 3 * DAY, "email", "in", &ME, "hi"));
    }
    assert_eq!(all(&hub, me()).len(), 100);
    let query = ConversationQuery { limit: 1_000, ..ConversationQuery::default() };
    let newest = conversations(&hub.store, me(), &query).unwrap().unwrap();
    assert_eq!(newest.len(), 500);
    let until = newest.last().map(|view| view.first_at);
    let older = conversations(&hub.store, me(), &ConversationQuery { until, ..query }).unwrap().unwrap();
    assert_eq!(older.len(), 200);
    assert_eq!(older[0].id, ConversationId::of("desk", "m199"));
}

#[test]
fn customers_who_join_have_one_set_of_conversations() {
    let mut hub = Hub::new(&[]);
    said(&mut hub, "desk", message("a", 0, "email", "in", &["user:7"], "hi"));
    said(&mut hub, "desk", message("b", 60, "email", "in", &["user:8"], "hi again"));
    assert_eq!(shape(&hub, node("desk", "user:7")), ["a"]);
    assert_eq!(shape(&hub, node("desk", "user:8")), ["b"]);
    hub.happens("desk", 61, "person.merged", Payload::PersonMerge(merge("user:7", "user:8")));
    assert_eq!(shape(&hub, node("desk", "user:7")), ["a b(n)"]);
}

/// Everything people are told of everybody these tellings are about.
fn told_of_all<'a>(tellings: impl Iterator<Item = &'a Told>, sizes: &[usize]) -> String {
    let store = MemoryStore::new();
    fold_into(&store, &journal(&settings(&[]), tellings), sizes);
    let query = ConversationQuery { limit: 1_000, ..ConversationQuery::default() };
    let timeline = read::TimelineQuery { limit: 1_000, ..read::TimelineQuery::default() };
    let mut told = String::new();
    for customer in read::customers(&store, None, 1_000).unwrap() {
        let conversations = conversations(&store, customer.id, &query).unwrap();
        let card = read::context(&store, customer.id, at(20 * DAY)).unwrap();
        let timeline = read::timeline(&store, customer.id, &timeline).unwrap();
        told += &serde_json::to_string_pretty(&(conversations, card, timeline)).unwrap();
    }
    told
}

/// The stories, some days of a small shop, and messages with nothing but their time and an order to tie them.
fn every_day() -> Vec<Told> {
    let loose = [(120, "hello"), (125, "about order 1042"), (180, "#1042")].map(|(hours, text)| {
        let said = message(&format!("n{hours}"), hours * HOUR, "sms", "in", &["user:7"], text);
        told("desk", hours * HOUR, vec![event("message.received", hours * HOUR, Payload::Interaction(said))])
    });
    [days(), late_order(), set_up(), loose.to_vec()].concat()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_people_are_told_does_not_depend_on_what_came_first(
        arrivals in {
            let all = every_day().len();
            prop::collection::vec(0..all, 0..12)
                .prop_flat_map(move |again| Just((0..all).chain(again).collect::<Vec<_>>()).prop_shuffle())
        },
        sizes in prop::collection::vec(1_usize..9, 1..5),
    ) {
        let days = every_day();
        let expected = told_of_all(days.iter(), &[1]);
        prop_assert!(["late_order", "near_in_time", "same_order", "setup"].iter().all(|word| expected.contains(word)));
        prop_assert_eq!(told_of_all(arrivals.iter().map(|arrival| &days[*arrival]), &sizes), expected);
    }
}
