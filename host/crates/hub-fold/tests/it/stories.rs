//! The two stories the product exists for, told event by event: whoever serves the customer next sees everything before.

use hub_fold::read::{self, ContextCard, Late, Reason, TimelineQuery, Trend, may_contact};
use hub_fold::{FollowUpPlan, plan_close, plan_follow_up};
use hub_model::conversation::Topic;
use hub_model::event::{self, Fulfilment, Payload};
use hub_model::model::Finding;
use hub_model::{ConversationId, NodeId, Timestamp};

use crate::support::events::{at, consent, euros, event, line, loyalty_account, named, order, party, ticket};
use crate::support::{Hub, Told, message, node, told};

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;
/// All tests begin on a Monday.
const MONDAY: i64 = 0;
const WEDNESDAY: i64 = 2 * DAY;
const THURSDAY: i64 = 3 * DAY;

fn one(connection: &'static str, name: &str, key: &str, minute: i64, payload: Payload) -> Told {
    let event = event::Event { key: key.into(), ..event(name, minute, payload) };
    told(connection, minute, vec![event])
}

fn sounding(mut told: Told, sentiment: &str, score: i32, cue: &str) -> Told {
    let finding = Finding {
        language: Some("en".into()),
        sentiment: sentiment.into(),
        score,
        cues: vec![(cue.into(), score)],
        ..Finding::default()
    };
    told.findings.push((0, finding));
    told
}

fn on_ticket(id: &str, ticket: &str, minute: i64, channel: &str, way: &str, text: &str) -> Payload {
    let said = message(id, minute, channel, way, &["user:7"], text);
    let kind = if channel == "phone" { "call" } else { "message" };
    Payload::Interaction(event::Interaction { ticket: Some(ticket.into()), kind: Some(kind.into()), ..said })
}

fn about(id: &str, minute: i64, subject: &str, status: &str) -> Payload {
    Payload::Ticket(event::Ticket {
        subject: Some(subject.into()),
        status: Some(status.into()),
        requester: Some(named(&["user:7", "ana.berg@example.com", "+4930901042"], "Ana B.")),
        created_at: Some(at(minute)),
        ..ticket(id)
    })
}

/// Story (a): one late order, and three channels about it.
pub(crate) fn late_order() -> Vec<Told> {
    let ana = || named(&["customer:1042", "ana.berg@example.com"], "Ana Berg");
    let placed = event::Order {
        number: Some("#1042".into()),
        buyer: Some(ana()),
        total: Some(euros(12_900)),
        financial_status: Some("paid".into()),
        placed_at: Some(at(MONDAY - 9 * DAY)),
        lines: Some(vec![line("mug", 1)]),
        ..order("7001")
    };
    let parcel = Fulfilment {
        id: "p1".into(),
        status: Some("in_transit".into()),
        carrier: Some("DHL".into()),
        tracking_numbers: vec!["00340".into()],
        tracking_urls: vec!["https://track.example/00340".into()],
        updated_at: Some(at(THURSDAY + 2 * HOUR)),
    };
    let sent = event::Order { fulfilments: vec![parcel], ..order("7001") };
    let member = loyalty_account("L7", party(&["loyalty-customer:42", "ana.berg@example.com"]), 340);
    let dm = message(
        "dm1",
        THURSDAY,
        "instagram",
        "in",
        &["igsid:42", "@ana.b", "ana.berg@example.com"],
        "#1042 is STILL not here",
    );
    let dm = event::Interaction { thread: Some("page:9".into()), ..dm };
    vec![
        one("shop", "order.created", "7001", MONDAY - 9 * DAY, Payload::Order(placed)),
        one("shop", "consent.changed", "c1", MONDAY - 9 * DAY, Payload::Consent(consent(ana(), "granted"))),
        one("club", "loyalty.account_changed", "L7", MONDAY - 8 * DAY, Payload::LoyaltyAccount(member)),
        one("desk", "ticket.created", "91", MONDAY, about("91", MONDAY, "Question", "open")),
        sounding(
            one(
                "desk",
                "message.received",
                "e1",
                MONDAY,
                on_ticket("e1", "91", MONDAY, "email", "in", "Hello, where is my order #1042?"),
            ),
            "neutral",
            -10,
            "waiting",
        ),
        one("desk", "ticket.created", "92", WEDNESDAY, about("92", WEDNESDAY, "Incoming call", "open")),
        one(
            "desk",
            "message.received",
            "k1",
            WEDNESDAY,
            on_ticket(
                "k1",
                "92",
                WEDNESDAY,
                "phone",
                "in",
                "asks about order 1042, promised to look into it",
            ),
        ),
        sounding(
            one("ig", "message.received", "dm1", THURSDAY, Payload::Interaction(dm)),
            "very_negative",
            -70,
            "still not",
        ),
        one("shop", "order.shipped", "p1", THURSDAY + 2 * HOUR, Payload::Order(sent)),
    ]
}

/// Story (b): a question about setting something up that nobody answers for 36 hours, then a chat that does.
pub(crate) fn set_up() -> Vec<Told> {
    vec![
        one("desk", "ticket.created", "81", MONDAY, about("81", MONDAY, "Help", "new")),
        one(
            "desk",
            "message.received",
            "s1",
            MONDAY,
            on_ticket(
                "s1",
                "81",
                MONDAY,
                "email",
                "in",
                "How do I set up the coffee machine? The manual does not say.",
            ),
        ),
        one("desk", "ticket.created", "82", 36 * HOUR, about("82", 36 * HOUR, "Chat", "open")),
        one(
            "desk",
            "message.received",
            "w1",
            36 * HOUR,
            on_ticket("w1", "82", 36 * HOUR, "web", "in", "I wrote on Monday: setting up my machine fails"),
        ),
        one(
            "desk",
            "message.sent",
            "w2",
            36 * HOUR + 5,
            on_ticket("w2", "82", 36 * HOUR + 5, "web", "out", "Hold both buttons for five seconds."),
        ),
        one("desk", "ticket.status_changed", "81/2", 37 * HOUR, about("81", MONDAY, "Help", "solved")),
        one("desk", "ticket.status_changed", "82/2", 37 * HOUR, about("82", 36 * HOUR, "Chat", "solved")),
    ]
}

fn card(hub: &Hub, id: NodeId, minute: i64) -> ContextCard {
    read::context(&hub.store, id, at(minute)).unwrap().expect("a customer has this id")
}

fn channels(card: &ContextCard) -> Vec<&str> {
    card.last_contacts.iter().map(|contact| contact.channel.as_str()).collect()
}

fn waiting(card: &ContextCard) -> Vec<(Option<&str>, Option<Timestamp>)> {
    card.awaiting.iter().map(|talk| (talk.channel.as_deref(), talk.awaiting_since)).collect()
}

#[test]
fn a_late_order_on_three_channels_is_one_story() {
    let mut hub = Hub::new(&[]);
    let mut story = late_order().into_iter();
    let mut tell =
        |hub: &mut Hub, count: usize| story.by_ref().take(count).for_each(|told| drop(hub.tell(&told)));
    let ana = node("shop", "customer:1042");

    // Before she writes the card knows what she will write about.
    tell(&mut hub, 3);
    let early = card(&hub, ana, MONDAY - 60);
    let since = at(MONDAY - 9 * DAY);
    assert_eq!(early.orders[0].late, Some(Late::NotSent { since }));
    assert_eq!(early.concern.map(|concern| concern.topic), Some(Topic::Delivery));
    assert_eq!((early.last_contacts.len(), early.awaiting.len(), early.mood), (0, 0, None));
    assert_eq!(early.loyalty[0].balance, Some(340));

    // Monday's e-mail.
    tell(&mut hub, 2);
    let monday = card(&hub, node("desk", "user:7"), MONDAY + HOUR);
    assert_eq!(monday.display_name.as_deref(), Some("Ana B."));
    assert_eq!(monday.emails, ["ana.berg@example.com"]);
    assert_eq!(channels(&monday), ["email"]);
    assert_eq!(waiting(&monday), [(Some("email"), Some(at(MONDAY)))]);
    assert_eq!(monday.orders[0].order.number.as_deref(), Some("#1042"));
    assert_eq!(monday.awaiting[0].orders[0].number.as_deref(), Some("#1042"));

    // Wednesday's call: whoever takes it sees the e-mail, since when it waits, and the order.
    tell(&mut hub, 2);
    let wednesday = card(&hub, ana, WEDNESDAY + HOUR);
    assert_eq!(channels(&wednesday), ["phone", "email"]);
    assert_eq!(
        waiting(&wednesday),
        [(Some("email"), Some(at(MONDAY)))],
        "a call that was taken waits for nothing"
    );
    let linked: Vec<_> = wednesday.awaiting[0].linked.iter().map(|link| link.channel.as_deref()).collect();
    assert_eq!(linked, [Some("phone")]);
    assert_eq!(wednesday.tickets.len(), 2);

    // Thursday's message on Instagram: one person, three channels, one order.
    tell(&mut hub, 1);
    let thursday = card(&hub, node("ig", "igsid:42"), THURSDAY + HOUR);
    assert_eq!(thursday.customer, wednesday.customer);
    assert_eq!(channels(&thursday), ["instagram", "phone", "email"]);
    assert_eq!(
        waiting(&thursday),
        [(Some("email"), Some(at(MONDAY))), (Some("instagram"), Some(at(THURSDAY)))]
    );
    let linked: Vec<_> = thursday.awaiting[1].linked.iter().map(|link| link.channel.as_deref()).collect();
    assert_eq!(linked, [Some("phone"), Some("email")]);
    let mood = thursday.mood.unwrap();
    assert_eq!((mood.trend, mood.newer_mean, mood.older_mean), (Trend::Worsening, -70, Some(-10)));
    assert_eq!((mood.latest.as_str(), mood.evidence), ("very_negative", vec![("still not".to_owned(), -70)]));
    assert_eq!(thursday.handles, ["ana.b"]);
    let concern = thursday.concern.unwrap();
    assert_eq!(concern.topic, Topic::Delivery);
    let of = |wanted: fn(&Reason) -> bool| concern.reasons.iter().filter(|reason| wanted(reason)).count();
    assert_eq!(of(|reason| matches!(reason, Reason::LateOrder { .. })), 1);
    assert_eq!(of(|reason| matches!(reason, Reason::Negative { .. })), 1);
    let id = ConversationId::of("ig", "dm1");
    assert!(concern.reasons.contains(&Reason::Awaiting { conversation: id, since: at(THURSDAY) }));

    // The parcel leaves: its number is on the card, and in the timeline at its own time.
    tell(&mut hub, 1);
    let later = card(&hub, ana, THURSDAY + 3 * HOUR);
    assert_eq!(later.orders[0].late, None);
    assert_eq!(later.orders[0].order.parcels[0].tracking_numbers, ["00340"]);
    let much_later = card(&hub, ana, THURSDAY + 10 * DAY);
    assert_eq!(much_later.orders[0].late, Some(Late::UnderWay { since: at(THURSDAY + 2 * HOUR) }));
    let query = TimelineQuery { limit: 20, ..TimelineQuery::default() };
    let lines: Vec<_> = read::timeline(&hub.store, ana, &query).unwrap().unwrap().entries;
    let lines: Vec<_> = lines.into_iter().map(|entry| entry.summary).collect();
    assert_eq!(
        lines,
        [
            "order #1042 is on its way by DHL: 00340",
            "wrote on instagram: #1042 is STILL not here",
            "opened ticket 92: Incoming call (open)",
            "called: asks about order 1042, promised to look into it",
            "opened ticket 91: Question (open)",
            "wrote on email: Hello, where is my order #1042?",
            "consent to marketing by email: granted",
            "placed order #1042, 129.00 EUR (paid)",
            "joined the loyalty programme plus",
        ]
    );
    assert!(may_contact(&hub.store, ana, "email", &read::Purpose::Marketing).unwrap().allowed);
    assert_eq!(later.consents.len(), 1);
}

#[test]
fn a_question_nobody_answers_is_seen_by_the_chat_that_does() {
    let mut hub = Hub::new(&[]);
    let mut story = set_up().into_iter();
    let mut tell =
        |hub: &mut Hub, count: usize| story.by_ref().take(count).for_each(|told| drop(hub.tell(&told)));
    let ana = node("desk", "user:7");

    tell(&mut hub, 2);
    let unanswered = card(&hub, ana, 36 * HOUR - 1);
    assert_eq!(waiting(&unanswered), [(Some("email"), Some(at(MONDAY)))]);
    assert_eq!(unanswered.awaiting[0].resolved, Some(false));
    let concern = unanswered.concern.unwrap();
    assert_eq!((concern.topic, concern.weight), (Topic::Setup, 6));

    // The chat begins: the e-mail is there, and linked by what both are about.
    tell(&mut hub, 2);
    let chat = card(&hub, ana, 36 * HOUR + 1);
    assert_eq!(channels(&chat), ["web", "email"]);
    assert_eq!(waiting(&chat), [(Some("email"), Some(at(MONDAY))), (Some("web"), Some(at(36 * HOUR)))]);
    let linked = &chat.awaiting[1].linked[0];
    assert_eq!(
        (linked.channel.as_deref(), &linked.by),
        (Some("email"), &read::LinkedBy::Topic(Topic::Setup))
    );

    // Answered in the chat; the e-mail's ticket is still open.
    tell(&mut hub, 1);
    assert_eq!(waiting(&card(&hub, ana, 36 * HOUR + 6)), [(Some("email"), Some(at(MONDAY)))]);

    // Both solved; whoever solved them wants to know in two days whether it works, unless she says so before.
    tell(&mut hub, 2);
    let plan = FollowUpPlan {
        customer: ana,
        mark: "81".into(),
        due: at(37 * HOUR + 2 * DAY),
        text: "ask whether the machine works now".into(),
        until: Some("message.received".into()),
        by: "mia".into(),
    };
    let (id, wanted) = plan_follow_up(&hub.store, plan, at(37 * HOUR)).unwrap();
    hub.command(37 * HOUR, wanted);
    let solved = card(&hub, ana, 37 * HOUR + 1);
    assert_eq!((channels(&solved), solved.awaiting.len()), (vec!["web", "email"], 0));
    assert!(!solved.follow_ups[0].overdue);
    assert_eq!(solved.follow_ups[0].follow_up.text, "ask whether the machine works now");

    // Nothing waits, and whoever follows up two days later sees what it was about.
    let follow_up = card(&hub, ana, 37 * HOUR + 2 * DAY);
    assert_eq!((follow_up.awaiting.len(), follow_up.tickets.len()), (0, 0));
    assert_eq!(follow_up.last_contacts[0].excerpt.as_deref(), Some("Hold both buttons for five seconds."));
    assert_eq!(follow_up.concern.map(|concern| concern.topic), Some(Topic::Setup));
    let query = read::ConversationQuery { limit: 9, ..read::ConversationQuery::default() };
    let talks = read::conversations(&hub.store, ana, &query).unwrap().unwrap();
    assert!(talks.iter().all(|talk| talk.resolved == Some(true)));
    assert!(follow_up.follow_ups[0].overdue);
    let query =
        read::FollowUpQuery { due_by: Some(follow_up.now), limit: 9, ..read::FollowUpQuery::default() };
    let due: Vec<_> = read::follow_ups(&hub.store, &query).unwrap().follow_ups;
    assert_eq!(due.iter().map(|one| (one.id, one.customer)).collect::<Vec<_>>(), [(id, follow_up.customer)]);

    // Asked, and done; the whole story stands in one timeline.
    let asked_at = 37 * HOUR + 2 * DAY + 10;
    let asked = on_ticket("w3", "82", asked_at, "web", "out", "Does it work now?");
    hub.tell(&one("desk", "message.sent", "w3", asked_at, asked));
    hub.command(asked_at, plan_close(&hub.store, id, "tom", at(asked_at)).unwrap());
    let after = card(&hub, ana, asked_at + 1);
    assert_eq!((after.follow_ups.len(), after.awaiting.len()), (0, 0));
    assert_eq!(after.last_contacts[0].excerpt.as_deref(), Some("Does it work now?"));
    let query = TimelineQuery { limit: 20, ..TimelineQuery::default() };
    let lines: Vec<_> = read::timeline(&hub.store, ana, &query).unwrap().unwrap().entries;
    let lines: Vec<_> = lines.into_iter().map(|entry| entry.summary).collect();
    assert_eq!(
        lines,
        [
            "followed up: ask whether the machine works now",
            "we wrote on web: Does it work now?",
            "to follow up by 2026-05-07T22:00:00Z: ask whether the machine works now",
            "we wrote on web: Hold both buttons for five seconds.",
            "opened ticket 82: Chat (solved)",
            "wrote on web: I wrote on Monday: setting up my machine fails",
            "opened ticket 81: Help (solved)",
            "wrote on email: How do I set up the coffee machine? The manual does not say.",
        ]
    );
}

#[test]
fn a_card_prints_as_json_and_nobody_has_none() {
    let mut hub = Hub::new(&[]);
    late_order().iter().for_each(|told| drop(hub.tell(told)));
    let json = serde_json::to_value(card(&hub, node("shop", "customer:1042"), THURSDAY)).unwrap();
    assert_eq!(json["orders"][0]["order"]["parcels"][0]["carrier"], "DHL");
    assert_eq!(json["concern"]["topic"], "delivery");
    assert!(json["awaiting"][0]["id"].as_str().unwrap().starts_with("cnv_"));
    assert_eq!(json["mood"]["trend"], "worsening");
    assert_eq!(read::context(&hub.store, NodeId([0; 16]), at(0)).unwrap(), None);
}

#[test]
fn what_is_late_is_told_from_what_is_not() {
    let parcel = |status: &str, day: i64| Fulfilment {
        id: "p".into(),
        status: Some(status.into()),
        carrier: None,
        tracking_numbers: vec![],
        tracking_urls: vec![],
        updated_at: Some(at(day * DAY)),
    };
    // Days since the order was placed, its parcels, and whether it is on the card and late.
    let cases = [
        (4, vec![], Some(None)),
        (5, vec![], Some(Some("not_sent"))),
        (9, vec![parcel("in_transit", 3)], Some(None)),
        (10, vec![parcel("in_transit", 3)], Some(Some("under_way"))),
        (10, vec![parcel("in_transit", 3), parcel("delivered", 5)], None),
        (10, vec![parcel("attempted_delivery", 9)], Some(Some("not_delivered"))),
        (10, vec![parcel("in_transit", 3), parcel("failure", 4)], Some(Some("not_delivered"))),
        (10, vec![parcel("success", 3), parcel("cancelled", 4)], None),
        (70, vec![parcel("in_transit", 3)], None),
    ];
    for (days, parcels, expected) in cases {
        let mut hub = Hub::new(&[]);
        let status = if parcels.is_empty() { "unfulfilled" } else { "fulfilled" };
        for (minute, parcel) in (0..).zip(parcels.iter().cloned().map(|parcel| vec![parcel]).chain([vec![]]))
        {
            let placed = event::Order {
                buyer: Some(party(&["customer:1"])),
                placed_at: Some(at(0)),
                fulfilment_status: Some(status.into()),
                fulfilments: parcel,
                ..order("1")
            };
            hub.happens("shop", minute, "order.updated", Payload::Order(placed));
        }
        let card = card(&hub, node("shop", "customer:1"), days * DAY);
        let json = serde_json::to_value(&card.orders).unwrap();
        let found = card.orders.first().map(|order| order.late.is_some());
        assert_eq!(found, expected.map(|late| late.is_some()), "{days} days: {json}");
        if let Some(Some(late)) = expected {
            assert!(json.to_string().contains(late), "{days} days: {json}");
        }
    }
}
