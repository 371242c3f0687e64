//! WhatsApp and Instagram: shapes, windows, limits.

use http::StatusCode;
use provider_simulator::{Channel, Seed, WindowSeed};
use serde_json::{Value, json};

use crate::{Play, answer, good};

const WHATSAPP: &str = "/graph/v25.0/1060/messages";
const INSTAGRAM: &str = "/graph/v25.0/178414/messages";

fn whatsapp_text(to: &str, text: &str) -> Value {
    json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "text",
        "text": { "preview_url": false, "body": text },
        "context": { "message_id": "wamid.earlier" },
        "biz_opaque_callback_data": "effect-1",
    })
}

fn instagram_text(to: &str, text: &str) -> Value {
    json!({ "recipient": { "id": to }, "message": { "text": text } })
}

fn last_wrote(play: &Play, account: &str, user: &str, hours_ago: Option<i64>) {
    let last_message_at = hours_ago.map(|hours| play.hand.now() - jiff::SignedDuration::from_hours(hours));
    let window = WindowSeed { account: account.into(), user: user.into(), last_message_at };
    play.simulator.control().seed(Seed { windows: vec![window], ..Seed::default() }).unwrap();
}

#[tokio::test]
async fn whatsapp_accepts_a_text_and_keeps_the_callback_data() {
    let play = Play::start().await;
    let sent = good(play.post(WHATSAPP, &whatsapp_text("+1 650 555-1234", "hello"))).await;
    assert_eq!(sent["messaging_product"], "whatsapp");
    assert_eq!(sent["contacts"], json!([{ "input": "+1 650 555-1234", "wa_id": "16505551234" }]));
    let id = sent["messages"][0]["id"].as_str().unwrap();
    assert!(id.starts_with("wamid."));
    let again = good(play.post(WHATSAPP, &whatsapp_text("16505551234", "hello"))).await;
    assert_ne!(again["messages"][0]["id"], *id, "there is no idempotency: twice is two messages");

    let messages = play.simulator.control().world().graph.messages;
    assert_eq!(messages.len(), 2);
    let kept = &messages[0];
    assert_eq!((kept.id.as_str(), kept.channel, kept.account.as_str()), (id, Channel::Whatsapp, "1060"));
    assert_eq!((kept.to.as_str(), kept.text.as_deref()), ("16505551234", Some("hello")));
    assert_eq!(kept.callback_data.as_deref(), Some("effect-1"));
    assert_eq!(kept.reply_to.as_deref(), Some("wamid.earlier"));

    let mut to_name = whatsapp_text("", "hi");
    to_name["recipient"] = json!("US.134912");
    let sent = good(play.post(WHATSAPP, &to_name)).await;
    assert_eq!(sent["contacts"], json!([{ "input": "US.134912", "user_id": "US.134912" }]));
    let read = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x" });
    assert_eq!(good(play.post(WHATSAPP, &read)).await, json!({ "success": true }));
    assert_eq!(play.simulator.control().counts().messages, 3);
}

#[tokio::test]
async fn whatsapp_takes_only_templates_after_a_day() {
    let play = Play::start().await;
    let template = json!({
        "messaging_product": "whatsapp", "to": "16505551234", "type": "template",
        "template": { "name": "cart_reminder", "language": { "code": "en_US" } },
    });
    for (hours_ago, code) in [(Some(24), None), (Some(25), Some(131_047)), (None, Some(131_047))] {
        last_wrote(&play, "1060", "16505551234", hours_ago);
        let (status, body) = answer(play.post(WHATSAPP, &whatsapp_text("16505551234", "hi"))).await;
        assert_eq!(status == StatusCode::OK, code.is_none(), "{hours_ago:?}");
        assert_eq!(body["error"]["code"].as_i64(), code, "{hours_ago:?}");
    }
    let sent = good(play.post(WHATSAPP, &template)).await;
    assert_eq!(sent["messages"][0]["message_status"], "accepted");
    let elsewhere = play.post("/graph/v25.0/2070/messages", &whatsapp_text("16505551234", "hi"));
    assert_eq!(answer(elsewhere).await.0, StatusCode::OK, "a window belongs to one number");
}

#[tokio::test]
async fn whatsapp_refuses_what_it_cannot_send() {
    let play = Play::start().await;
    let change = |name: &str, value: Value| {
        let mut body = whatsapp_text("16505551234", "hi");
        body[name] = value;
        body
    };
    for (body, code) in [
        (whatsapp_text("16505551234", &"ä".repeat(4_097)), 100),
        (whatsapp_text("ana", "hi"), 100),
        (change("type", json!("telegram")), 131_051),
        (change("type", json!("image")), 100),
        (change("type", json!("template")), 100),
        (change("messaging_product", json!("sms")), 100),
        (change("biz_opaque_callback_data", json!("x".repeat(513))), 100),
        (json!([]), 100),
    ] {
        let (status, answer) = answer(play.post(WHATSAPP, &body)).await;
        assert_eq!(
            (status, answer["error"]["code"].as_i64()),
            (StatusCode::BAD_REQUEST, Some(code)),
            "{body}"
        );
        assert!(answer["error"]["fbtrace_id"].is_string());
    }
    good(play.post(WHATSAPP, &whatsapp_text("16505551234", &"ä".repeat(4_096)))).await;
    assert_eq!(play.simulator.control().counts().messages, 1);
}

#[tokio::test]
async fn instagram_answers_within_a_day_or_a_week_for_people() {
    let play = Play::start().await;
    let sent = good(play.post(INSTAGRAM, &instagram_text("88", "hello"))).await;
    assert_eq!(sent["recipient_id"], "88");
    assert!(sent["message_id"].is_string());
    let me = good(play.post("/graph/v25.0/me/messages", &instagram_text("88", "hello"))).await;
    assert_ne!(me["message_id"], sent["message_id"]);

    last_wrote(&play, "178414", "88", Some(25));
    let (status, refused) = answer(play.post(INSTAGRAM, &instagram_text("88", "hi"))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        (&refused["error"]["code"], &refused["error"]["error_subcode"]),
        (&json!(10), &json!(2_534_022))
    );
    let mut by_person = instagram_text("88", "hi");
    by_person["messaging_type"] = json!("MESSAGE_TAG");
    by_person["tag"] = json!("HUMAN_AGENT");
    good(play.post(INSTAGRAM, &by_person)).await;
    last_wrote(&play, "178414", "88", Some(7 * 24 + 1));
    assert_eq!(answer(play.post(INSTAGRAM, &by_person)).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn instagram_counts_text_in_bytes() {
    let play = Play::start().await;
    good(play.post(INSTAGRAM, &instagram_text("88", &"ä".repeat(500)))).await;
    for body in [
        instagram_text("88", &"ä".repeat(501)),
        instagram_text("88", ""),
        json!({ "message": { "text": "to nobody" } }),
        json!({ "recipient": { "id": "88" } }),
    ] {
        let (status, refused) = answer(play.post(INSTAGRAM, &body)).await;
        assert_eq!((status, &refused["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(100)));
    }
    let picture = json!({ "recipient": { "id": "88" }, "message": { "attachment": { "type": "image", "payload": {} } } });
    good(play.post(INSTAGRAM, &picture)).await;
    assert_eq!(play.simulator.control().world().graph.messages[1].kind, "image");
}

#[tokio::test]
async fn meta_wants_a_token_and_a_version() {
    let play = Play::start().await;
    let bare = play.client.post(play.url(WHATSAPP)).json(&whatsapp_text("1650", "hi"));
    let (status, refused) = answer(bare).await;
    assert_eq!((status, &refused["error"]["code"]), (StatusCode::UNAUTHORIZED, &json!(190)));
    let unversioned = play.post("/graph/latest/1060/messages", &whatsapp_text("1650", "hi"));
    assert_eq!(answer(unversioned).await.0, StatusCode::NOT_FOUND);
}
