//! Webhooks and pages tell of the same things: the same events where both can, and in whatever order they come, the same
//! state in the end. How the hub joins is repeated here in a few lines: newest version, then greatest value.

use std::collections::BTreeMap;

use omnihub_plugin::model::{Customer, Interaction, SurveyResponse, Ticket};
use omnihub_plugin::{Delivery, Event, Payload, Position};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{RECEIVED_AT, answer};
use crate::map::{self, Settings};
use crate::poll::{self, Reading};

const NOW: i64 = 1_900_000_000 * SECOND;
const SECOND: i64 = 1_000_000_000;
const NANOS: u32 = 1_000_000_000;
/// 2026-03-02T10:00:00Z.
const BEGAN: i64 = 1_772_445_600;

/// Of the first day, so that hours and minutes are easily written.
fn written(second: i64, digits: &str) -> String {
    let of_day = second - (BEGAN - 36_000);
    format!("2026-03-02T{:02}:{:02}:{:02}{digits}Z", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

fn delivered(kind: &str, second: i64, digits: &str, detail: &Value, event: &Value) -> Vec<Event> {
    let body = json!({
        "type": format!("zen:event-type:{kind}"), "id": format!("{kind}{second}{digits}"), "time": written(second, digits),
        "subject": "zen:x:7", "detail": detail, "event": event,
    });
    let delivery =
        Delivery { topic: None, headers: Vec::new(), body: body.to_string(), received_at: RECEIVED_AT };
    map::report(&delivery, &acme()).unwrap().events
}

fn acme() -> Settings {
    Settings { subdomain: Some("acme".into()), ..Settings::default() }
}

/// The events of one page, every request answered by `answers` by the part of the path it is found in.
fn polled(stream: &str, answers: &[(&str, Value)]) -> Vec<Event> {
    let position = Position { stream: stream.into(), cursor: None, since: None, now: NOW };
    let page =
        poll::poll(&position, &Reading { meaning: acme(), ..Reading::default() }, &mut |_, request| {
            let found = answers.iter().find(|(part, _)| request.path.contains(part));
            Ok(answer(200, &found.unwrap_or_else(|| panic!("{}", request.path)).1.to_string()))
        });
    page.unwrap().report.events
}

/// All of an event but when it was learned.
fn essence(event: &Event) -> (String, String, i64, i64, Payload) {
    (event.name.clone(), event.key.clone(), event.happened_at, event.version, event.payload.clone())
}

/// What the hub would hold of each field.
#[derive(Debug, Default, PartialEq)]
struct Joined(BTreeMap<String, (i64, String)>);

impl Joined {
    fn of(events: &[Event]) -> Self {
        let mut joined = Self::default();
        for event in events {
            match &event.payload {
                Payload::Ticket(it) => joined.ticket(event, it),
                Payload::Interaction(it) => joined.interaction(event, it),
                Payload::Customer(it) => joined.customer(event, it),
                Payload::SurveyResponse(it) => joined.survey(event, it),
                other => panic!("{other:?}"),
            }
        }
        joined
    }

    fn tell<T: std::fmt::Debug>(&mut self, event: &Event, field: String, value: Option<T>) {
        let Some(value) = value else { return };
        let told = (event.version, format!("{value:?}"));
        let slot = self.0.entry(field).or_insert_with(|| told.clone());
        *slot = slot.clone().max(told);
    }

    fn ticket(&mut self, event: &Event, it: &Ticket) {
        let mut tell =
            |field: &str, value: Option<String>| self.tell(event, format!("ticket {} {field}", it.id), value);
        tell("status", it.status.clone());
        tell("priority", it.priority.clone());
        tell("subject", it.subject.clone());
        tell("channel", it.channel.clone());
        tell("group", it.group.clone());
        tell("requester", it.requester.as_ref().map(|party| format!("{party:?}")));
        tell("created", it.created_at.map(|at| at.to_string()));
    }

    fn interaction(&mut self, event: &Event, it: &Interaction) {
        let mut tell =
            |field: &str, value: Option<String>| self.tell(event, format!("said {} {field}", it.id), value);
        // In the hub's order of directions.
        tell("direction", it.direction.map(|direction| format!("{}", direction as u8)));
        tell("kind", it.kind.clone());
        tell("text", it.text.clone());
        tell("sent", it.sent_at.map(|at| at.to_string()));
        tell("attachments", (!it.attachments.is_empty()).then(|| format!("{:?}", it.attachments)));
        tell("customer", it.customer.as_ref().map(|party| format!("{:?}", party.ids)));
        tell("erased", it.erased.then(|| "true".to_owned()));
    }

    fn customer(&mut self, event: &Event, it: &Customer) {
        let who = it.who.ids[0].value.clone();
        self.tell(event, format!("user {who} name"), it.who.name.clone());
        self.tell(event, format!("user {who} state"), it.state.clone());
    }

    fn survey(&mut self, event: &Event, it: &SurveyResponse) {
        self.tell(event, format!("survey {} score", it.id), it.score.clone());
    }

    fn value(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(|(_, value)| value.trim_matches('"'))
    }
}

/// Events of webhooks say ids as text, words in upper case and no tags as null; the API says numbers and lower case.
fn detail(ticket: &Value) -> Value {
    let mut detail = ticket.clone();
    for (name, value) in detail.as_object_mut().unwrap() {
        if matches!(name.as_str(), "status" | "priority" | "type") {
            *value = value.as_str().map_or(Value::Null, |word| word.to_uppercase().into());
        } else if *value == json!([]) {
            *value = Value::Null;
        } else if value.is_number() {
            *value = value.to_string().into();
        }
    }
    detail
}

fn export_of(ticket: &Value) -> Value {
    json!({"tickets": [ticket], "users": [], "after_cursor": "a", "end_of_stream": true})
}

fn some_ticket() -> impl Strategy<Value = Value> {
    let word = |words: &'static [&'static str]| prop::option::of(prop::sample::select(words));
    let person = || prop::option::of(1_u64..u64::MAX);
    let external_id = prop::option::of("[0-9a-f]{32}|o-[0-9]{1,4}");
    (
        (1_u64..u64::MAX, word(&["low", "urgent"]), word(&["problem", "question"]), person(), person(), person()),
        (external_id, "[ -~äß✓]{0,20}", prop::option::of(prop::collection::vec("[a-z]{1,6}", 0..3)), 0_i64..3_600),
        prop::sample::select(&["email", "web", "native_messaging", "api"][..]),
    )
        .prop_map(|((id, priority, kind, requester, assignee, group), (external_id, subject, tags, after), via)| {
            json!({
                "id": id, "status": "new", "priority": priority, "type": kind, "requester_id": requester, "assignee_id": assignee,
                "group_id": group, "external_id": external_id, "subject": subject, "tags": tags, "via": {"channel": via},
                "created_at": written(BEGAN + after, ""), "updated_at": written(BEGAN + after, ""),
                "generated_timestamp": BEGAN + after,
            })
        })
}

proptest! {
    #[test]
    fn a_new_ticket_is_one_event_however_it_is_heard_of(ticket in some_ticket(), nanos in 0..NANOS) {
        let second = ticket["generated_timestamp"].as_i64().unwrap();
        let heard = delivered("ticket.created", second, &format!(".{nanos:09}"), &detail(&ticket), &json!({}));
        let read = polled("tickets", &[("tickets", export_of(&ticket))]);
        prop_assert_eq!(heard.iter().map(essence).collect::<Vec<_>>(), read.iter().map(essence).collect::<Vec<_>>());
    }

    #[test]
    fn a_comment_is_one_event_however_it_is_heard_of(
        ticket in some_ticket(),
        id in 1_u64..u64::MAX,
        author in 1_u64..u64::MAX,
        (staff, public) in any::<(bool, bool)>(),
        text in "[ -~äß✓▇]{0,40}",
        nanos in 0..NANOS,
    ) {
        let event = json!({"comment": {
            "id": id.to_string(), "body": text, "is_public": public,
            "author": {"id": author.to_string(), "is_staff": staff, "name": "Ana Sample"},
        }});
        let heard = delivered("ticket.comment_added", BEGAN, &format!(".{nanos:09}"), &detail(&ticket), &event);
        let listed = json!({
            "comments": [{
                "id": id, "type": "Comment", "body": text, "public": public, "author_id": author,
                "created_at": written(BEGAN, ""), "attachments": [], "metadata": {"system": {}, "custom": {}},
            }],
            "users": [{"id": author, "role": if staff { "agent" } else { "end-user" }, "name": "Ana Sample"}],
        });
        let read = polled("comments", &[("comments", listed), ("incremental", export_of(&ticket))]);
        prop_assert_eq!(heard.iter().map(essence).collect::<Vec<_>>(), read.iter().map(essence).collect::<Vec<_>>());
    }

    #[test]
    fn a_ticket_ends_as_it_is_whatever_is_lost_and_in_whatever_order(
        changes in prop::collection::vec((0_i64..4, 0..NANOS, 0_usize..2, 0_usize..4), 1..8),
        lost in any::<u8>(),
        order in prop::collection::vec(any::<u16>(), 24),
    ) {
        let words = [["open", "pending", "hold", "solved"], ["low", "normal", "high", "urgent"]];
        let mut changes = changes;
        changes.sort();
        // Of two changes of one moment nobody could say which came first.
        changes.dedup_by_key(|(second, nanos, _, _)| (*second, *nanos));
        let mut ticket = json!({"id": 7, "requester_id": 5, "status": "new", "priority": "low", "created_at": written(BEGAN - 9, "")});
        let mut events = Vec::new();
        for (index, (second, nanos, field, word)) in changes.iter().enumerate() {
            let name = ["status", "priority"][*field];
            let word = words[*field][*word];
            ticket[name] = word.into();
            ticket["updated_at"] = written(BEGAN + second, "").into();
            ticket["generated_timestamp"] = (BEGAN + second).into();
            if lost & (1 << index) == 0 {
                let event = json!({"current": word.to_uppercase()});
                let kind = format!("ticket.{name}_changed");
                events.extend(delivered(&kind, BEGAN + second, &format!(".{nanos:09}"), &detail(&ticket), &event));
            }
        }
        events.extend(polled("tickets", &[("tickets", export_of(&ticket))]));
        let straight = Joined::of(&events);
        prop_assert_eq!(straight.value("ticket 7 status"), ticket["status"].as_str());
        prop_assert_eq!(straight.value("ticket 7 priority"), ticket["priority"].as_str());
        let mut shuffled: Vec<_> = events.iter().cloned().zip(&order).collect();
        shuffled.sort_by_key(|(_, place)| **place);
        let shuffled: Vec<Event> = shuffled.into_iter().map(|(event, _)| event).collect();
        prop_assert_eq!(Joined::of(&shuffled), straight);
    }
}

#[test]
fn a_new_user_and_a_rating_are_one_event_however_they_are_heard_of() {
    let detail = json!({"id": "5", "email": "ana@example.com", "role": "end-user", "created_at": written(BEGAN, ""), "updated_at": written(BEGAN, "")});
    let heard = delivered("user.created", BEGAN + 1, ".5", &detail, &json!({}));
    let user = json!({"id": 5, "email": "ana@example.com", "role": "end-user", "name": "Ana", "created_at": written(BEGAN, ""), "updated_at": written(BEGAN, "")});
    let read = polled("users", &[("users", json!({"users": [user], "end_of_stream": true}))]);
    assert_eq!(essence(&heard[0]), essence(&read[0]));

    let event = json!({"csat": {"id": "3", "score": "GOOD", "comment": "thanks", "reason": "quick"}});
    let heard =
        delivered("ticket.csat_received", BEGAN, ".25", &json!({"id": "7", "requester_id": "5"}), &event);
    let rating = json!({
        "id": 3, "ticket_id": 7, "requester_id": 5, "score": "good", "comment": "thanks", "reason": "quick",
        "created_at": written(BEGAN - 99, ""), "updated_at": written(BEGAN, ""),
    });
    let read = polled("ratings", &[("ratings", json!({"satisfaction_ratings": [rating]}))]);
    assert_eq!(essence(&heard[0]), essence(&read[0]));
}

/// Public comment 11 of customer 5, as it is listed after something was done to it.
fn listed_comment(more: &Value) -> Vec<Event> {
    let mut comment = json!({
        "id": 11, "body": "my card is 4111", "public": true, "author_id": 5, "created_at": written(BEGAN, ""), "attachments": [],
    });
    comment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let listed = json!({"comments": [comment], "users": [{"id": 5, "role": "end-user"}]});
    polled(
        "comments",
        &[("comments", listed), ("incremental", export_of(&json!({"id": 7, "requester_id": 5})))],
    )
}

fn heard_comment() -> Vec<Event> {
    let event = json!({"comment": {"id": "11", "body": "my card is 4111", "is_public": true, "author": {"id": "5", "is_staff": false}}});
    delivered("ticket.comment_added", BEGAN, ".1", &json!({"id": "7", "requester_id": "5"}), &event)
}

/// Joined in both orders, which must not matter.
fn joined(one: Vec<Event>, other: Vec<Event>) -> Joined {
    let straight = Joined::of(&[one.clone(), other.clone()].concat());
    assert_eq!(Joined::of(&[other, one].concat()), straight);
    straight
}

#[test]
fn what_was_blotted_out_or_hidden_is_learned_from_a_page() {
    let blotted = joined(heard_comment(), listed_comment(&json!({"body": "my card is ▇▇▇▇"})));
    assert_eq!(blotted.value("said 11 text"), Some("my card is ▇▇▇▇"));
    let hidden = joined(heard_comment(), listed_comment(&json!({"public": false})));
    assert_eq!((hidden.value("said 11 direction"), hidden.value("said 11 kind")), (Some("2"), Some("note")));
}

#[test]
fn the_whole_list_of_files_counts_more_than_one_of_them_until_one_is_blotted_out() {
    let file = |id: u32, name: &str| json!({"id": id, "file_name": name, "content_type": "image/png", "content_url": "https://x.example.com/"});
    let attached = |id: u32| {
        let event = json!({"comment": {"id": "11", "attachment": {"id": id.to_string(), "filename": "z.png", "content_type": "image/png"}}});
        delivered("ticket.attachment_linked_to_comment", BEGAN + 1, ".9", &json!({"id": "7"}), &event)
    };
    let both = listed_comment(&json!({"attachments": [file(1, "a.png"), file(2, "b.png")]}));
    let whole = joined([attached(1), attached(2)].concat(), both.clone());
    assert!(
        whole
            .value("said 11 attachments")
            .is_some_and(|files| files.contains("a.png") && files.contains("b.png"))
    );

    let event = json!({"comment": {"id": "11", "attachment": {"id": "1"}}});
    let redacted =
        delivered("ticket.attachment_redacted_from_comment", BEGAN + 60, ".9", &json!({"id": "7"}), &event);
    let gone = joined([attached(1), redacted].concat(), both.clone());
    assert!(gone.value("said 11 attachments").is_some_and(|files| !files.contains("png")));
    let after = listed_comment(&json!({"attachments": [file(1, "redacted.txt"), file(2, "b.png")]}));
    assert!(joined(both, after).value("said 11 attachments").is_some_and(|files| !files.contains("a.png")));
}

#[test]
fn deletion_is_one_event_however_it_is_heard_of() {
    let heard =
        delivered("ticket.soft_deleted", BEGAN, ".7", &json!({"id": "7", "requester_id": "5"}), &json!({}));
    let deleted = json!({"id": 7, "requester_id": 5, "status": "deleted", "updated_at": written(BEGAN, "")});
    let read = polled("tickets", &[("tickets", export_of(&deleted))]);
    assert_eq!(heard.iter().map(essence).collect::<Vec<_>>(), read.iter().map(essence).collect::<Vec<_>>());

    let heard = delivered("ticket.permanently_deleted", BEGAN, ".7", &json!({"id": "7"}), &json!({}));
    let scrubbed =
        json!({"id": 7, "status": "deleted", "subject": "SCRUBBED", "updated_at": written(BEGAN, "")});
    let read = polled("tickets", &[("tickets", export_of(&scrubbed))]);
    assert_eq!(heard.iter().map(essence).collect::<Vec<_>>(), read.iter().map(essence).collect::<Vec<_>>());
}

#[test]
fn our_own_writes_are_known_again() {
    let id = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
    let effect = |event: &Event| match &event.payload {
        Payload::Ticket(ticket) => ticket.extra.iter().find(|(name, _)| name == "effect").cloned(),
        Payload::Interaction(said) => said.extra.iter().find(|(name, _)| name == "effect").cloned(),
        other => panic!("{other:?}"),
    };
    let ours = Some(("effect".to_owned(), id.to_owned()));
    let changed = json!({"id": 7, "external_id": id, "created_at": written(BEGAN, ""), "updated_at": written(BEGAN + 9, "")});
    let read = polled("tickets", &[("tickets", export_of(&changed))]);
    // The ticket is ours; what was changed later may be anybody's.
    assert_eq!((effect(&read[0]), effect(&read[1])), (ours.clone(), None));
    let by_us = json!({"author_id": 9, "metadata": {"custom": {"omnihub_effect": id}}});
    let comment = listed_comment(&by_us);
    assert_eq!((comment[0].name.as_str(), effect(&comment[0])), ("message.sent", ours.clone()));
    // What we open a ticket with is not what the customer said, whom Zendesk takes for its author.
    let detail =
        json!({"id": "7", "external_id": id, "requester_id": "5", "description": "She wrote twice."});
    let written = |body: &str| {
        let author = json!({"id": "5", "is_staff": false});
        let event = json!({"comment": {"id": "1", "body": body, "is_public": true, "author": author}});
        delivered("ticket.comment_added", BEGAN, "", &detail, &event).remove(0)
    };
    let opening = written("She wrote twice.");
    assert_eq!((opening.name.as_str(), effect(&opening)), ("message.sent", ours));
    assert_eq!(written("Did I?").name, "message.received");
    assert_eq!(effect(&heard_comment()[0]), None);
}
