//! Sending: windows before any request, and a look before a second attempt.

use omnihub_plugin::host::http::HttpError;
use omnihub_plugin::meta::effect::DAY;
use omnihub_plugin::meta::scripted::{Scripted, answer};
use omnihub_plugin::{Effect, Failure, Receipt};
use serde_json::{Value, json};

use super::fake::{Fake, Said, at};
use super::{ADA, api};
use crate::act::perform;
use crate::api::Api;

/// When the effects here are planned; the hour of the fake's messages.
const PLANNED: i64 = super::THEN + 600_000_000_000;

fn effect(action: &str, arguments: &[(&str, &str)]) -> Effect {
    Effect {
        id: "effect-1".into(),
        action: action.into(),
        arguments: arguments.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        attempt: 1,
        uncertain: false,
        planned_at: PLANNED,
        now: PLANNED,
        last_inbound_at: Some(PLANNED - DAY / 2),
    }
}

fn send(arguments: &[(&str, &str)]) -> Effect {
    effect("send_message", arguments)
}

/// The body of the only request the effect makes.
fn posted(effect: &Effect) -> Value {
    let mut graph = Scripted::new([answer(200, r#"{"recipient_id": "70", "message_id": "mid.1"}"#)]);
    perform(effect, &api(), &mut graph).unwrap();
    assert_eq!(graph.asked.len(), 1);
    assert_eq!(graph.asked[0].path, "/v25.0/me/messages");
    serde_json::from_str(graph.asked[0].body.as_ref().unwrap()).unwrap()
}

/// Why an effect is refused without a request.
fn refused(effect: &Effect) -> Failure {
    let mut graph = Scripted::default();
    let failure = perform(effect, &api(), &mut graph).unwrap_err();
    assert!(graph.asked.is_empty(), "{failure:?}");
    failure
}

#[test]
fn a_text_a_medium_or_neither_both() {
    let text = posted(&send(&[("to", "70"), ("text", "Grüß \"Gott\" 👋")]));
    assert_eq!(text, json!({"recipient": {"id": "70"}, "message": {"text": "Grüß \"Gott\" 👋"}}));
    let medium =
        posted(&send(&[("to", "70"), ("media_url", "https://example.com/a.mp4"), ("media_type", "video")]));
    let payload = json!({"type": "video", "payload": {"url": "https://example.com/a.mp4"}});
    assert_eq!(medium["message"], json!({"attachment": payload}));
    let image = posted(&send(&[("to", "70"), ("media_url", "https://example.com/a")]));
    assert_eq!(image["message"]["attachment"]["type"], "image");
    for arguments in [
        &[("to", "70")][..],
        &[("text", "a")],
        &[("to", "70"), ("text", "a"), ("media_url", "https://example.com/a")],
        &[("to", "70"), ("media_url", "https://example.com/a"), ("media_type", "hologram")],
        &[("to", "70"), ("text", "a"), ("human_agent", "maybe")],
    ] {
        assert!(matches!(refused(&send(arguments)), Failure::Rejected(_)), "{arguments:?}");
    }
    assert!(matches!(refused(&effect("dance", &[])), Failure::Unsupported(_)));
}

#[test]
fn windows_are_judged_before_any_request() {
    let after = |silence: i64, human_agent: &str| Effect {
        last_inbound_at: Some(PLANNED - silence),
        ..send(&[("to", "70"), ("text", "a"), ("human_agent", human_agent)])
    };
    assert_eq!(posted(&after(DAY - 1, "false")).get("tag"), None);
    let by_person = posted(&after(7 * DAY - 1, "true"));
    assert_eq!(
        (&by_person["messaging_type"], &by_person["tag"]),
        (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT"))
    );
    let why = |effect: &Effect| match refused(effect) {
        Failure::Rejected(why) => why,
        other => panic!("{other:?}"),
    };
    assert!(why(&after(DAY, "false")).starts_with("outside the 24-hour window"));
    assert!(why(&after(7 * DAY, "true")).starts_with("outside the 7-day window"));
    let never = Effect { last_inbound_at: None, ..after(0, "true") };
    assert!(why(&never).starts_with("the customer has never written"));
}

#[test]
fn the_receipt_names_the_echo() {
    let receipt_of = |body: &str| {
        let mut graph = Scripted::new([answer(200, body)]);
        perform(&send(&[("to", "70"), ("text", "a")]), &api(), &mut graph).unwrap().reference
    };
    assert_eq!(receipt_of(r#"{"recipient_id": "70", "message_id": "mid.1"}"#), Some("70:mid.1".into()));
    assert_eq!(receipt_of("accepted"), None);
}

#[test]
fn a_doubt_about_a_send_is_not_a_retry() {
    let outcome = |script| {
        let mut graph = Scripted::new([script]);
        perform(&send(&[("to", "70"), ("text", "a")]), &api(), &mut graph).unwrap_err()
    };
    assert!(matches!(outcome(answer(500, "")), Failure::OutcomeUnknown(_)));
    assert!(matches!(outcome(Err(HttpError::Interrupted("x".into()))), Failure::OutcomeUnknown(_)));
    assert_eq!(outcome(Err(HttpError::Unreachable("x".into()))), Failure::RetryAfterMs(1_000));
    let window = r#"{"error": {"code": 10, "error_subcode": 2534022}}"#;
    assert_eq!(outcome(answer(403, window)), Failure::Rejected("the provider answers with code 10".into()));
}

/// What a second attempt makes of a conversation, and how many requests it took.
fn again(effect: &Effect, said: Vec<Said>) -> (Result<Receipt, Failure>, usize) {
    struct AndSend(Fake);
    impl omnihub_plugin::meta::graph::Graph for AndSend {
        fn send(
            &mut self,
            request: &omnihub_plugin::host::http::Request,
        ) -> Result<omnihub_plugin::host::http::Response, HttpError> {
            if request.body.is_some() {
                self.0.asked.push(request.path.clone());
                return answer(200, json!({"recipient_id": ADA, "message_id": "mid.new"}).to_string());
            }
            self.0.send(request)
        }

        fn pause(&mut self, _milliseconds: u64) {}
    }
    let mut graph = AndSend(Fake::of(said));
    let effect = Effect { uncertain: true, attempt: 2, ..effect.clone() };
    let outcome = perform(&effect, &api(), &mut graph);
    (outcome, graph.0.asked.len())
}

fn ours(number: usize, second: i64, text: &str) -> Said {
    Said { text: text.into(), ..Said::new(number, ADA, true, at(second)) }
}

#[test]
fn an_echo_since_it_was_planned_is_the_attempt() {
    let effect = send(&[("to", ADA), ("text", "On its way")]);
    let asked = Said::new(0, ADA, false, at(500));
    let (found, requests) = again(&effect, vec![asked.clone(), ours(1, 601, "On its way ")]);
    let found = found.unwrap();
    assert_eq!((found.reference.as_deref(), found.already_done), (Some("7000000000000001:mid.1"), true));
    assert_eq!(requests, 1);

    for other in [
        ours(1, 290, "On its way"),
        ours(1, 601, "Something else"),
        Said { text: "On its way".into(), ..Said::new(1, ADA, false, at(601)) },
    ] {
        let (sent, requests) = again(&effect, vec![asked.clone(), other.clone()]);
        let sent = sent.unwrap();
        assert_eq!(
            (sent.reference.as_deref(), sent.already_done),
            (Some("7000000000000001:mid.new"), false),
            "{other:?}"
        );
        assert_eq!(requests, 2);
    }
}

#[test]
fn what_the_conversation_does_not_tell_stays_unknown() {
    let effect = send(&[("to", ADA), ("text", "On its way")]);
    let unknown = |said| matches!(again(&effect, said), (Err(Failure::OutcomeUnknown(_)), 1));
    assert!(unknown(Vec::new()), "there is a conversation with whom we may write to");
    assert!(unknown(vec![ours(1, 480, "On its way")]), "the hub's clock may have been two minutes ahead");
    let many = (0..25).map(|number| Said::new(number, ADA, false, at(601 + number as i64))).collect();
    assert!(unknown(many), "it may be among those not shown");
    let enough = (0..19).map(|number| Said::new(number, ADA, false, at(601 + number as i64))).collect();
    assert!(!unknown(enough));

    let medium = send(&[("to", ADA), ("media_url", "https://example.com/a")]);
    let list = |attachments: Value| {
        json!({"data": [{"id": "t", "messages": {"data": [
            {"id": "m", "created_time": "2026-01-01T10:10:01+0000", "from": {"id": "1"}, "attachments": attachments}
        ]}}]})
    };
    let mut graph = Scripted::new([answer(200, list(json!({"data": []})).to_string())]);
    let uncertain = Effect { uncertain: true, ..medium };
    assert!(matches!(perform(&uncertain, &api(), &mut graph), Err(Failure::OutcomeUnknown(_))));
    let mut graph = Scripted::new([answer(200, "{}")]);
    assert!(matches!(perform(&uncertain, &api(), &mut graph), Err(Failure::OutcomeUnknown(_))));
    let mut graph = Scripted::new([answer(500, "")]);
    assert!(matches!(perform(&uncertain, &api(), &mut graph), Err(Failure::RetryAfterMs(_))));
}

#[test]
fn an_attempt_that_came_through_is_found_after_the_window_closed() {
    let late = Effect { now: PLANNED + 2 * DAY, ..send(&[("to", ADA), ("text", "On its way")]) };
    assert!(again(&late, vec![ours(1, 601, "On its way")]).0.unwrap().already_done);
    assert!(matches!(again(&late, vec![ours(1, 601, "Else")]).0, Err(Failure::Rejected(_))));
}

#[test]
fn a_comment_is_answered_once_and_within_a_week() {
    let reply = |more: &[(&str, &str)]| {
        effect("private_reply", &[&[("comment", "c1"), ("text", "Hi")], more].concat())
    };
    let body = posted(&reply(&[]));
    assert_eq!(body, json!({"recipient": {"comment_id": "c1"}, "message": {"text": "Hi"}}));
    let late = refused(&reply(&[("commented_at", "2025-12-25T10:00:00+0000")]));
    assert!(matches!(late, Failure::Rejected(why) if why.contains("7-day window")));
    assert!(matches!(refused(&reply(&[("commented_at", "yesterday")])), Failure::Rejected(_)));
    let planned_long_ago = Effect { now: PLANNED + 7 * DAY, ..reply(&[]) };
    assert!(matches!(refused(&planned_long_ago), Failure::Rejected(_)));

    let replied_to =
        || answer(400, r#"{"error": {"code": 10900, "message": "Activity already replied to"}}"#);
    let mut graph = Scripted::new([replied_to()]);
    let before = perform(&reply(&[]), &api(), &mut graph);
    assert_eq!(before, Err(Failure::Rejected("the comment has been replied to before".into())));
    let uncertain = Effect { uncertain: true, ..reply(&[("to", ADA)]) };
    let none = || answer(200, r#"{"data": []}"#);
    let mut graph = Scripted::new([none(), replied_to()]);
    // By the first attempt or by somebody else.
    assert!(matches!(perform(&uncertain, &api(), &mut graph), Err(Failure::OutcomeUnknown(_))));
}

#[test]
fn who_commented_is_looked_up_when_in_doubt() {
    let reply = effect("private_reply", &[("comment", "c1"), ("text", "Hi")]);
    let reply = Effect { uncertain: true, ..reply };
    let conversation = Fake::of(vec![ours(1, 601, "Hi")]).answer_to("/v25.0/me/conversations");
    let from = json!({"id": "c1", "from": {"id": ADA}});
    let mut graph = Scripted::new([answer(200, from.to_string()), answer(200, conversation.to_string())]);
    let found = perform(&reply, &api(), &mut graph).unwrap();
    assert_eq!(found.reference.as_deref(), Some("7000000000000001:mid.1"));
    assert_eq!(graph.asked[0].path, "/v25.0/c1?fields=from");
    assert!(graph.asked[1].path.contains("user_id=7000000000000001"));
    for nobody in [answer(200, "{}"), answer(400, r#"{"error": {"code": 100}}"#)] {
        let mut graph = Scripted::new([nobody]);
        assert!(matches!(perform(&reply, &api(), &mut graph), Err(Failure::OutcomeUnknown(_))));
    }
}

#[test]
fn a_page_sends_for_its_account() {
    let through = |api: Api| {
        let mut graph = Scripted::new([answer(200, "{}")]);
        perform(&send(&[("to", "70"), ("text", "a")]), &api, &mut graph).map(|_| graph.asked[0].path.clone())
    };
    let account = || Some("17840000000000001".to_owned());
    assert_eq!(through(Api { account_id: account(), ..api() }).unwrap(), "/v25.0/17840000000000001/messages");
    let page = Api { account_id: account(), page_id: Some("1060".into()), ..api() };
    assert_eq!(through(page).unwrap(), "/v25.0/1060/messages");
    let elsewhere = Api { account_id: Some("../oauth".into()), ..api() };
    assert_eq!(through(elsewhere), Err(Failure::Misconfigured("account_id".into())));
}
