//! Sending: windows before any request, and no second attempt after a doubt.

use omnihub_plugin::host::http::HttpError;
use omnihub_plugin::meta::effect::DAY;
use omnihub_plugin::meta::scripted::{Scripted, answer};
use omnihub_plugin::{Effect, Failure};
use serde_json::{Value, json};

use crate::act::perform;
use crate::api::Api;

fn api() -> Api {
    Api {
        version: "v25.0".into(),
        phone_number_id: Some("106540000000000".into()),
        business_account_id: None,
    }
}

fn effect(action: &str, arguments: &[(&str, &str)]) -> Effect {
    Effect {
        id: "effect-1".into(),
        action: action.into(),
        arguments: arguments.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        attempt: 1,
        uncertain: false,
        planned_at: 10 * DAY,
        now: 10 * DAY,
        last_inbound_at: Some(10 * DAY - DAY / 2),
    }
}

fn send(arguments: &[(&str, &str)]) -> Effect {
    effect("send_message", arguments)
}

/// The body of the only request the effect makes.
fn posted(effect: &Effect) -> Value {
    let mut graph = Scripted::new([answer(200, r#"{"messages": [{"id": "wamid.A1"}]}"#)]);
    perform(effect, &api(), &mut graph).unwrap();
    assert_eq!(graph.asked.len(), 1);
    assert_eq!(graph.asked[0].path, "/v25.0/106540000000000/messages");
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
fn a_phone_goes_to_to_and_a_user_id_to_recipient() {
    let phone = posted(&send(&[("to", "+1 (202) 555-0143"), ("text", "On its way")]));
    assert_eq!(
        phone,
        json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "12025550143",
            "type": "text", "text": {"preview_url": false, "body": "On its way"},
            "biz_opaque_callback_data": "effect-1",
        })
    );
    let user = posted(&send(&[("to", "US.13491208655302741918"), ("text", "Hi"), ("reply_to", "wamid.B")]));
    assert_eq!((&user["recipient"], user.get("to")), (&json!("US.13491208655302741918"), None));
    assert_eq!(user["context"], json!({"message_id": "wamid.B"}));
}

#[test]
fn media_take_the_text_as_caption() {
    let medium = |more: &[(&str, &str)]| {
        let link = [("to", "12025550143"), ("media_url", "https://example.com/a")];
        send(&[&link[..], more].concat())
    };
    let image = posted(&medium(&[("text", "Your mug")]));
    assert_eq!(image["type"], "image");
    assert_eq!(image["image"], json!({"link": "https://example.com/a", "caption": "Your mug"}));
    let audio = posted(&medium(&[("media_type", "audio")]));
    assert_eq!(audio["audio"], json!({"link": "https://example.com/a"}));
    assert!(matches!(refused(&medium(&[("media_type", "audio"), ("text", "a")])), Failure::Rejected(_)));
    assert!(matches!(refused(&medium(&[("media_type", "hologram")])), Failure::Rejected(_)));
}

#[test]
fn what_cannot_be_sent_is_refused() {
    for arguments in [&[("to", "ada"), ("text", "a")][..], &[("text", "a")], &[("to", "12025550143")]] {
        assert!(matches!(refused(&send(arguments)), Failure::Rejected(_)), "{arguments:?}");
    }
    assert!(matches!(refused(&effect("dance", &[])), Failure::Unsupported(_)));
    let mut graph = Scripted::default();
    let nowhere = Api { phone_number_id: None, ..api() };
    let effect = send(&[("to", "12025550143"), ("text", "a")]);
    let missing = perform(&effect, &nowhere, &mut graph);
    assert_eq!(missing, Err(Failure::Misconfigured("phone_number_id".into())));
}

#[test]
fn a_day_after_the_customer_wrote_only_templates_are_sent() {
    let after = |last_inbound_at| Effect { last_inbound_at, ..send(&[("to", "12025550143"), ("text", "a")]) };
    posted(&after(Some(9 * DAY + 1)));
    for closed in [Some(9 * DAY), None] {
        let Failure::Rejected(why) = refused(&after(closed)) else { panic!("{closed:?}") };
        assert!(why.ends_with("send a template"), "{why}");
    }
    let template = Effect {
        last_inbound_at: None,
        ..effect(
            "send_template",
            &[
                ("to", "12025550143"),
                ("name", "cart_reminder"),
                ("language", "en_US"),
                ("parameters", "Ada\n\n1001\n"),
            ],
        )
    };
    let body = posted(&template);
    assert_eq!((&body["type"], &body["biz_opaque_callback_data"]), (&json!("template"), &json!("effect-1")));
    let texts = [
        json!({"type": "text", "text": "Ada"}),
        json!({"type": "text", "text": ""}),
        json!({"type": "text", "text": "1001"}),
    ];
    assert_eq!(
        body["template"],
        json!({
            "name": "cart_reminder", "language": {"code": "en_US"},
            "components": [{"type": "body", "parameters": texts}],
        })
    );
    let bare =
        posted(&effect("send_template", &[("to", "12025550143"), ("name", "hello"), ("language", "de")]));
    assert_eq!(bare["template"], json!({"name": "hello", "language": {"code": "de"}}));
    assert!(matches!(
        refused(&effect("send_template", &[("to", "12025550143"), ("name", "x")])),
        Failure::Rejected(_)
    ));
}

#[test]
fn what_may_have_been_sent_is_not_sent_again() {
    for (action, arguments) in [
        ("send_message", vec![("to", "12025550143"), ("text", "a")]),
        ("send_template", vec![("to", "12025550143"), ("name", "x"), ("language", "de")]),
    ] {
        let doubtful = Effect { uncertain: true, last_inbound_at: None, ..effect(action, &arguments) };
        assert!(matches!(refused(&doubtful), Failure::OutcomeUnknown(_)), "{action}");
        let outcome = |script| perform(&effect(action, &arguments), &api(), &mut Scripted::new([script]));
        assert!(matches!(outcome(answer(500, "")), Err(Failure::OutcomeUnknown(_))));
        assert!(matches!(outcome(Err(HttpError::Interrupted("x".into()))), Err(Failure::OutcomeUnknown(_))));
        assert_eq!(outcome(Err(HttpError::Unreachable("x".into()))), Err(Failure::RetryAfterMs(1_000)));
    }
}

#[test]
fn final_codes_are_final_and_busy_ones_are_waited_out() {
    let outcome = |code: u32| {
        let body = format!(r#"{{"error": {{"code": {code}}}}}"#);
        let effect = send(&[("to", "12025550143"), ("text", "a")]);
        perform(&effect, &api(), &mut Scripted::new([answer(400, body)])).unwrap_err()
    };
    for code in [131_026, 131_047, 131_050, 131_051, 132_000, 132_001] {
        assert!(matches!(outcome(code), Failure::Rejected(why) if why.contains(&code.to_string())));
    }
    for code in [4, 80_007, 130_429, 131_056] {
        assert_eq!(outcome(code), Failure::RetryAfterMs(6_000), "{code}");
    }
}

#[test]
fn the_receipt_names_the_message() {
    let receipt = |body: &str| {
        let effect = send(&[("to", "12025550143"), ("text", "a")]);
        perform(&effect, &api(), &mut Scripted::new([answer(200, body)])).unwrap()
    };
    let answered = receipt(
        r#"{"contacts": [{"input": "12025550143", "user_id": "US.1"}],
            "messages": [{"id": "wamid.A1", "message_status": "accepted"}]}"#,
    );
    assert_eq!(answered.reference.as_deref(), Some("wamid.A1"));
    assert_eq!(answered.extra, [("message_status".to_owned(), "accepted".to_owned())]);
    assert_eq!(receipt("{}").reference, None);
}

#[test]
fn a_read_receipt_may_be_given_twice() {
    let read = effect("mark_read", &[("message", "wamid.A1")]);
    let body = posted(&Effect { uncertain: true, last_inbound_at: None, ..read.clone() });
    let expected = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A1"});
    assert_eq!(body, expected);
    let lost = perform(&read, &api(), &mut Scripted::new([Err(HttpError::Interrupted("x".into()))]));
    assert_eq!(lost, Err(Failure::RetryAfterMs(2_000)));
}
