//! Reading conversations: what is new, all of it that is shown, and nothing that contradicts a webhook.

use omnihub_plugin::meta::scripted::{Scripted, answer};
use omnihub_plugin::model::{Author, Direction, Payload};
use omnihub_plugin::{Event, Failure, Remark};
use proptest::prelude::*;
use serde_json::json;

use super::fake::{Fake, Run, Said, at, drain, page_of, position};
use super::{ACCOUNT, ADA, BEN, RECEIVED, THEN, api, extra, interaction, read, settings};
use crate::api::Api;
use crate::poll::{self, poll};

const SECOND: i64 = 1_000_000_000;

fn keys(run: &Run) -> Vec<&str> {
    run.events.iter().map(|event| event.key.as_str()).collect()
}

/// Five customers with one message each, the first of them the oldest.
fn five() -> Fake {
    let said = (0..5).map(|number| Said::new(number, &format!("700{number}"), false, at(10 * number as i64)));
    Fake::of(said.collect())
}

#[test]
fn all_pages_are_read_and_each_again_is_the_same() {
    let mut fake = five();
    let run = drain(&mut fake, 2, None, None);
    assert_eq!(keys(&run), ["7004:mid.4", "7003:mid.3", "7002:mid.2", "7001:mid.1", "7000:mid.0"]);
    assert_eq!(run.reached, [None, None, Some(RECEIVED)]);
    assert!(run.notes.is_empty());
    assert!(fake.asked[0].starts_with("/v25.0/me?fields=user_id"));
    let lists =
        fake.asked.iter().filter(|path| path.contains("/me/conversations?platform=instagram")).count();
    assert_eq!(lists, 6, "three pages, each twice: {:?}", fake.asked);
}

#[test]
fn the_next_run_reads_what_is_new_and_a_little_more() {
    let mut fake = five();
    let first = drain(&mut fake, 2, None, None);
    fake.said.push(Said::new(9, "7000", true, at(200)));
    fake.asked.clear();
    let second = drain(&mut fake, 2, first.cursor, None);
    assert_eq!(
        keys(&second),
        ["7000:mid.9", "7000:mid.0", "7004:mid.4", "7003:mid.3", "7002:mid.2", "7001:mid.1"]
    );
    assert!(!fake.asked.iter().any(|path| path.contains("user_id")), "the account is known by now");
    let third = drain(&mut fake, 2, second.cursor, None);
    assert_eq!(keys(&third), ["7000:mid.9", "7000:mid.0"], "the others are older than the overlap");
    let fourth = drain(&mut fake, 2, third.cursor, None);
    assert_eq!(keys(&fourth), ["7000:mid.9"], "the run before read one page, so nothing had moved");
}

#[test]
fn a_conversation_that_moves_while_pages_are_read_is_not_lost() {
    let mut fake = five();
    fake.said.push(Said::new(5, "7000", false, at(400)));
    fake.said.push(Said::new(6, "7001", false, at(500)));
    let run = drain(&mut fake, 10, None, Some(THEN + 100 * SECOND));
    assert_eq!(keys(&run), ["7001:mid.6", "7000:mid.5"]);
    // Two have news; the second of them moves to the front before its page is read.
    fake.said.push(Said::new(7, "7002", false, at(900)));
    fake.said.push(Said::new(8, "7003", false, at(1_000)));
    let api = Api { page_size: 1, ..api() };
    let first = page_of(&mut fake, &api, &position(run.cursor, None));
    assert_eq!(first.report.events.len(), 1);
    fake.said.push(Said::new(9, "7002", false, at(1_100)));
    let rest = drain(&mut fake, 1, first.cursor, None);
    assert!(!keys(&rest).contains(&"7002:mid.7"), "its page has been passed");
    let next = drain(&mut fake, 1, rest.cursor, None);
    assert!(keys(&next).contains(&"7002:mid.9") && keys(&next).contains(&"7002:mid.7"), "{:?}", keys(&next));
}

#[test]
fn since_counts_only_at_the_beginning() {
    let since = Some(THEN + 20 * SECOND);
    let run = drain(&mut five(), 2, None, since);
    assert_eq!(keys(&run), ["7004:mid.4", "7003:mid.3", "7002:mid.2"]);
    let later = drain(&mut five(), 2, run.cursor, Some(0));
    assert_eq!(keys(&later), ["7004:mid.4", "7003:mid.3", "7002:mid.2"], "the run before goes before it");
}

#[test]
fn beyond_twenty_messages_nothing_is_taken_for_deleted() {
    let said = (0..25).map(|number| Said::new(number, ADA, false, at(number as i64))).collect();
    let mut fake = Fake::of(said);
    let run = drain(&mut fake, 10, None, None);
    assert_eq!(run.events.len(), 20);
    assert!(run.events.iter().all(|event| event.name == "message.received"));
    assert_eq!(run.notes.len(), 5, "{:?}", run.notes);
    assert!(run.notes.iter().all(|note| note.remark == Remark::Unknown));
    assert!(fake.asked.iter().any(|path| path.contains("/t_7000000000000001/messages?")));
}

#[test]
fn a_refusal_to_show_older_messages_costs_only_those() {
    let said = (0..25).map(|number| Said::new(number, ADA, false, at(number as i64))).collect();
    let list = Fake::of(said).answer_to("/v25.0/me/conversations?limit=10");
    let gone = r#"{"error": {"code": 100, "message": "The message has been deleted"}}"#;
    let mut graph = Scripted::new([answer(200, list.to_string()), answer(400, gone)]);
    let api = Api { account_id: Some(ACCOUNT.into()), ..api() };
    let first = page_of(&mut graph, &api, &position(None, None));
    assert!(first.more);
    let second = page_of(&mut graph, &api, &position(first.cursor, None));
    assert!(!second.more && second.report.events.is_empty());
    assert_eq!(second.report.notes[0].remark, Remark::Unknown);
    assert!(graph.asked[0].path.starts_with("/v25.0/17840000000000001/conversations?"));
}

#[test]
fn what_the_provider_finds_too_much_is_asked_for_one_by_one() {
    let one = Fake::of(vec![Said::new(1, ADA, false, at(0))]).answer_to("/v25.0/me/conversations");
    let too_much = r#"{"error": {"code": 1, "message": "Please reduce the amount of data"}}"#;
    let mut graph = Scripted::new([answer(500, too_much), answer(200, one.to_string())]);
    let api = Api { account_id: Some(ACCOUNT.into()), ..api() };
    assert_eq!(page_of(&mut graph, &api, &position(None, None)).report.events.len(), 1);
    assert!(graph.asked[1].path.contains("&limit=1"));
}

#[test]
fn media_shares_and_stories_are_read_like_those_of_webhooks() {
    let message = |more: serde_json::Value| {
        let mut message = json!({
            "id": "m1", "created_time": "2026-01-01T10:00:00+0000", "message": "",
            "from": {"id": ADA, "username": "ada.example"}, "to": {"data": [{"id": ACCOUNT}]},
        });
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        message
    };
    let media = message(json!({
        "attachments": {"data": [
            {"id": "1", "image_data": {"url": "https://cdn.example.com/1"}},
            {"id": "2", "video_data": {"url": "https://cdn.example.com/2"}},
            {"id": "3", "mime_type": "audio/mp4", "file_url": "https://cdn.example.com/3"},
            {"id": "4", "mime_type": "application/pdf", "file_url": "https://cdn.example.com/4", "name": "a.pdf"},
        ]},
        "shares": {"data": [{"link": "https://www.example.com/p/1"}]},
        "story": {"mention": {"id": "s1", "link": "https://cdn.example.com/s1"}},
    }));
    let reply = message(
        json!({"id": "m2", "message": "Nice", "story": {"reply_to": {"id": "s2", "link": "https://cdn.example.com/s2"}}}),
    );
    let list =
        json!({"data": [{"id": "t_1", "updated_time": 1_767_261_600, "messages": {"data": [media, reply]}}]});
    let mut graph = Scripted::new([answer(200, list.to_string())]);
    let api = Api { account_id: Some(ACCOUNT.into()), ..api() };
    let report = page_of(&mut graph, &api, &position(None, None)).report;
    let it = interaction(&report.events[0]);
    let kinds: Vec<&str> = it.attachments.iter().map(|attachment| attachment.kind.as_str()).collect();
    assert_eq!(kinds, ["image", "video", "audio", "file", "share", "story_mention"]);
    assert_eq!(it.attachments[3].title.as_deref(), Some("a.pdf"));
    assert_eq!((&it.text, it.author), (&None, Some(Author::Customer)));
    let reply = interaction(&report.events[1]);
    assert_eq!(extra(&reply.extra, "story_id"), Some("s2"));
}

#[test]
fn sides_follow_from_the_account_and_a_stranger_to_it_is_nobody() {
    let told = |from: &str, to: Option<&str>| {
        let to = to.map(|id| json!({"data": [{"id": id}]}));
        let list = json!({"data": [{
            "id": "t_1", "updated_time": "1767261600", "participants": {"data": [{"id": ACCOUNT}, {"id": ADA}]},
            "messages": {"data": [{"id": "m1", "created_time": "1767261600", "from": {"id": from}, "to": to, "message": "a"}]},
        }]});
        let mut graph = Scripted::new([answer(200, list.to_string())]);
        let api = Api { account_id: Some(ACCOUNT.into()), ..api() };
        page_of(&mut graph, &api, &position(None, None)).report
    };
    let sides = |from, to| {
        let report = told(from, to);
        let it = interaction(&report.events[0]).clone();
        (report.events[0].name.clone(), it.direction, it.customer.map(|party| party.ids[0].value.clone()))
    };
    let ours = ("message.sent".to_owned(), Some(Direction::Outbound), Some(ADA.to_owned()));
    assert_eq!(sides(ACCOUNT, Some(ADA)), ours);
    assert_eq!(sides(ACCOUNT, None), ours);
    let theirs = ("message.received".to_owned(), Some(Direction::Inbound), Some(ADA.to_owned()));
    assert_eq!(sides(ADA, Some(ACCOUNT)), theirs);
    assert_eq!(sides(ADA, None), theirs);
    assert_eq!(told(BEN, Some(ADA)).notes[0].remark, Remark::Malformed);
    assert_eq!(told(ACCOUNT, Some(ACCOUNT)).notes[0].remark, Remark::Ignored);
}

fn failure(position: &omnihub_plugin::Position, script: Vec<(u16, &str)>) -> Failure {
    let mut graph = Scripted::new(script.into_iter().map(|(status, body)| answer(status, body)));
    poll(position, &settings(), &api(), &mut graph).unwrap_err()
}

#[test]
fn every_way_to_fail_has_its_consequence() {
    let start = || position(None, None);
    let me = (200, r#"{"user_id": "17840000000000001"}"#);
    let page_token = (400, r#"{"error": {"code": 100, "message": "no field user_id"}}"#);
    assert_eq!(failure(&start(), vec![page_token]), Failure::Misconfigured("account_id".into()));
    assert_eq!(failure(&start(), vec![(200, "{}")]), Failure::Misconfigured("account_id".into()));
    assert_eq!(failure(&start(), vec![me, (200, "<html>")]), Failure::RetryAfterMs(30_000));
    assert_eq!(failure(&start(), vec![me, (200, "{\"data\": 7}")]), Failure::RetryAfterMs(30_000));
    assert_eq!(failure(&start(), vec![me, (502, "")]), Failure::RetryAfterMs(2_000));
    let throttled = r#"{"error": {"code": 613}}"#;
    assert_eq!(failure(&start(), vec![me, (400, throttled)]), Failure::RetryAfterMs(6_000));
    let token = r#"{"error": {"code": 190}}"#;
    assert_eq!(failure(&start(), vec![(400, token)]), Failure::Unauthorised("code 190".into()));
    for cursor in ["", "7", "[]", "{\"floor\": \"soon\"}", "{\"began\": \"1\", \"behind\": [7]}"] {
        let broken = failure(&position(Some(cursor.into()), None), Vec::new());
        assert_eq!(broken, Failure::Rejected("the cursor cannot be read".into()), "{cursor}");
    }
    let other = omnihub_plugin::Position { stream: "comments".into(), ..start() };
    assert_eq!(failure(&other, Vec::new()), Failure::Unsupported("stream comments".into()));
    assert_eq!(poll::STREAM, crate::manifest::manifest().streams[0].name);
}

/// A story of messages at different seconds.
fn story() -> impl Strategy<Value = Vec<Said>> {
    let one = (0..4_usize, any::<bool>(), "[a-zé👋 ]{0,12}");
    prop::collection::vec(one, 1..60).prop_map(|said| {
        let one = |(number, (customer, is_ours, text)): (usize, (usize, bool, String))| Said {
            text,
            ..Said::new(number, &format!("700{customer}"), is_ours, at(number as i64 * 7))
        };
        said.into_iter().enumerate().map(one).collect()
    })
}

fn webhook(said: &Said, milliseconds: i64) -> Event {
    let body = json!({"object": "instagram", "entry": [
        {"id": ACCOUNT, "time": 1_767_265_199_000_i64, "messaging": [said.item(milliseconds)]}
    ]});
    read(&body.to_string(), RECEIVED).unwrap().events.remove(0)
}

proptest! {
    #[test]
    fn a_message_read_is_the_message_received(story in story(), size in 1_u32..5, milliseconds in 0_i64..1_000) {
        let read = drain(&mut Fake::of(story.clone()), size, None, None);
        for event in &read.events {
            let said = story.iter().find(|said| event.key == format!("{}:{}", said.customer, said.mid)).unwrap();
            prop_assert_eq!(event, &webhook(said, 0));
            // The API cuts off what is less than a second, so what a webhook said wins.
            let exact = webhook(said, milliseconds);
            prop_assert_eq!((&event.name, &event.key), (&exact.name, &exact.key));
            prop_assert_eq!(event.version, exact.version - exact.version % SECOND);
            prop_assert!(matches!(exact.payload, Payload::Interaction(_)));
        }
    }

    #[test]
    fn runs_of_any_page_size_leave_out_nothing_that_is_shown(story in story(), size in 1_u32..5, cut in 0_usize..60) {
        let (before, after) = story.split_at(cut.min(story.len()));
        let mut fake = Fake::of(before.to_vec());
        let first = drain(&mut fake, size, None, None);
        fake.said.extend(after.iter().cloned());
        let second = drain(&mut fake, size, first.cursor.clone(), None);
        for said in after {
            let key = format!("{}:{}", said.customer, said.mid);
            let newer = after.iter().filter(|it| it.customer == said.customer && it.at > said.at).count();
            let told = keys(&second).contains(&key.as_str());
            prop_assert_eq!(told, newer < 20, "{} with {} newer", key, newer);
        }
    }
}
