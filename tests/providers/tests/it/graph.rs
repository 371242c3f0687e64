//! WhatsApp and Instagram: shapes, windows, limits.

use http::StatusCode;
use provider_simulator::{Channel, Connection, Scheme, Seed, WindowSeed};
use serde_json::{Value, json};

use crate::receiver::Receiver;
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

const PEOPLE: &str = "/graph/people";

async fn writes(play: &Play, channel: &str, account: &str, from: &str, text: &str) -> String {
    let body = json!({ "account": account, "from": from, "text": text });
    let written = good(play.post(&format!("{PEOPLE}/{channel}/messages"), &body)).await;
    written.pointer("/id").and_then(Value::as_str).unwrap().to_owned()
}

#[tokio::test]
async fn who_writes_opens_the_window_and_is_listed() {
    let play = Play::start().await;
    last_wrote(&play, "178414", "88", Some(25));
    assert_eq!(answer(play.post(INSTAGRAM, &instagram_text("88", "hi"))).await.0, StatusCode::BAD_REQUEST);
    let asked = writes(&play, "instagram", "178414", "88", "Where is it?").await;
    play.hand.forward(1);
    let sent = good(play.post(INSTAGRAM, &instagram_text("88", "On its way"))).await;
    play.hand.forward(1);
    writes(&play, "instagram", "178414", "99", "Hello").await;

    let fields = "id,updated_time,participants,messages.limit(20){id,from}";
    let path = format!("/graph/v25.0/178414/conversations?platform=instagram&fields={fields}&limit=1");
    let first = good(play.get(&path)).await;
    let after = first["paging"]["cursors"]["after"].as_str().unwrap();
    assert!(first["data"][0]["id"].as_str().unwrap().ends_with("_99") && first["paging"]["next"].is_string());
    let second = good(play.get(&format!("{path}&after={after}"))).await;
    assert_eq!(second["paging"].get("next"), None);
    let conversation = &second["data"][0];
    assert_eq!(conversation["updated_time"], "2026-03-01T10:00:31+0000");
    let messages = conversation["messages"]["data"].as_array().unwrap();
    let told: Vec<(&Value, &Value, &Value)> =
        messages.iter().map(|it| (&it["id"], &it["from"]["id"], &it["message"])).collect();
    assert_eq!(
        told,
        [
            (&sent["message_id"], &json!("178414"), &json!("On its way")),
            (&json!(asked), &json!("88"), &json!("Where is it?")),
        ]
    );
    let of_88 = good(play.get(&format!("{path}&user_id=88"))).await;
    assert_eq!(of_88["data"].as_array().unwrap().len(), 1);
    let nobody = good(play.get(&format!("{path}&user_id=7"))).await;
    assert_eq!(nobody, json!({ "data": [] }));
}

#[tokio::test]
async fn only_the_last_twenty_messages_are_shown() {
    let play = Play::start().await;
    let mut ids = Vec::new();
    for number in 0..25 {
        ids.push(writes(&play, "instagram", "178414", "88", &format!("message {number}")).await);
        play.hand.forward(1);
    }
    let all = good(play.get("/graph/v25.0/t_178414_88/messages?limit=100&fields=id,from")).await;
    let shown: Vec<bool> =
        all["data"].as_array().unwrap().iter().map(|message| message["from"].is_object()).collect();
    assert_eq!(shown, [[true; 20].as_slice(), &[false; 5]].concat());
    assert_eq!(all["data"][0]["message"], "message 24");
    let newest = good(play.get(&format!("/graph/v25.0/{}?fields=message", ids[24]))).await;
    assert_eq!(newest["message"], "message 24");
    let (status, oldest) = answer(play.get(&format!("/graph/v25.0/{}", ids[0]))).await;
    assert_eq!((status, &oldest["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(100)));
    assert_eq!(answer(play.get("/graph/v25.0/t_178414_7/messages")).await.1["error"]["error_subcode"], 33);
}

#[tokio::test]
async fn a_comment_allows_one_private_reply_within_a_week() {
    let play = Play::start().await;
    let comment = async || {
        let body = json!({ "account": "178414", "from": "88", "text": "Price?" });
        let comment = good(play.post(&format!("{PEOPLE}/instagram/comments"), &body)).await;
        comment["id"].as_str().unwrap().to_owned()
    };
    let reply =
        |comment: &str| json!({ "recipient": { "comment_id": comment }, "message": { "text": "19.90" } });
    // Comments open no window for messages.
    last_wrote(&play, "178414", "88", None);
    let first = comment().await;
    let found = good(play.get(&format!("/graph/v25.0/{first}?fields=from"))).await;
    assert_eq!(found["from"]["id"], "88");
    let sent = good(play.post(INSTAGRAM, &reply(&first))).await;
    assert_eq!(sent["recipient_id"], "88");
    assert_eq!(answer(play.post(INSTAGRAM, &reply(&first))).await.1["error"]["code"], 10_900);
    let second = comment().await;
    play.hand.forward(7 * 24 * 3_600 + 1);
    assert_eq!(answer(play.post(INSTAGRAM, &reply(&second))).await.1["error"]["error_subcode"], 2_534_022);
    let messages = play.simulator.control().world().graph.messages;
    assert_eq!((messages.len(), messages[0].comment.as_deref()), (1, Some(first.as_str())));
}

#[tokio::test]
async fn templates_are_known_by_name_language_and_places_once_there_is_a_catalogue() {
    let play = Play::start().await;
    let template = |name: &str, texts: &[&str]| {
        let parameters: Vec<Value> =
            texts.iter().map(|text| json!({ "type": "text", "text": text })).collect();
        json!({
            "messaging_product": "whatsapp", "to": "16505551234", "type": "template",
            "template": {
                "name": name, "language": { "code": "en_US" },
                "components": [{ "type": "body", "parameters": parameters }],
            },
        })
    };
    good(play.post(WHATSAPP, &template("anything", &[]))).await;
    let approved = json!({
        "name": "cart_reminder", "language": "en_US", "category": "UTILITY",
        "components": [{ "type": "BODY", "text": "Hi {{1}}, your {{2}} waits" }],
    });
    good(play.post("/graph/v25.0/300000000000001/message_templates", &approved)).await;
    let code = async |body: Value| answer(play.post(WHATSAPP, &body)).await.1["error"]["code"].clone();
    assert_eq!(code(template("anything", &[])).await, 132_001);
    assert_eq!(code(template("cart_reminder", &["Ana"])).await, 132_000);
    assert_eq!(code(template("cart_reminder", &["Ana", "mug"])).await, Value::Null);
}

#[tokio::test]
async fn a_busy_account_is_refused_for_as_long_as_asked() {
    let play = Play::start().await;
    let throttle = json!({ "account": "1060", "code": 130_429, "times": 2 });
    good(play.post(&format!("{PEOPLE}/throttle"), &throttle)).await;
    for expected in [json!(130_429), json!(130_429), Value::Null] {
        let (_, body) = answer(play.post(WHATSAPP, &whatsapp_text("16505551234", "hi"))).await;
        assert_eq!(body["error"]["code"], expected);
    }
    assert_eq!(play.simulator.control().counts().messages, 1);
}

#[tokio::test]
async fn media_and_read_receipts_are_remembered() {
    let play = Play::start().await;
    let image = json!({
        "messaging_product": "whatsapp", "to": "16505551234", "type": "image",
        "image": { "link": "https://example.com/a.png", "caption": "Your mug" },
    });
    good(play.post(WHATSAPP, &image)).await;
    let asked = writes(&play, "whatsapp", "1060", "16505551234", "Hello").await;
    let read = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": asked });
    for _ in 0..2 {
        good(play.post(WHATSAPP, &read)).await;
    }
    let graph = play.simulator.control().world().graph;
    assert_eq!(graph.messages[0].media_url.as_deref(), Some("https://example.com/a.png"));
    assert_eq!(graph.messages[0].text.as_deref(), Some("Your mug"));
    assert_eq!(graph.read.into_iter().collect::<Vec<_>>(), [asked]);
}

/// Everything the connection was sent, in the order it was.
async fn received(play: &Play, receiver: &Receiver) -> Vec<Value> {
    play.simulator.control().flush(1).await;
    receiver.bodies().iter().map(|body| serde_json::from_str(body).unwrap()).collect()
}

#[tokio::test]
async fn what_happens_is_told_by_webhooks_until_the_subscription_goes() {
    let (play, receiver) = (Play::start().await, Receiver::start().await);
    let meta = Connection::new(receiver.url(), "secret", Scheme::Meta);
    play.simulator.control().connect("meta", meta).unwrap();
    writes(&play, "instagram", "178414", "88", "Where is it?").await;
    let echo = good(play.post(INSTAGRAM, &instagram_text("88", "On its way"))).await;
    let sent = good(play.post(WHATSAPP, &whatsapp_text("16505551234", "hi"))).await;
    let report = json!({ "id": sent["messages"][0]["id"], "status": "read" });
    good(play.post(&format!("{PEOPLE}/whatsapp/statuses"), &report)).await;

    let told = received(&play, &receiver).await;
    assert_eq!(told.len(), 5);
    let item = |index: usize| &told[index]["entry"][0]["messaging"][0];
    assert_eq!(
        (&item(0)["sender"]["id"], &item(0)["message"]["text"]),
        (&json!("88"), &json!("Where is it?"))
    );
    assert_eq!(item(1)["message"]["mid"], echo["message_id"]);
    assert_eq!((&item(1)["message"]["is_echo"], &item(1)["recipient"]["id"]), (&json!(true), &json!("88")));
    let statuses: Vec<&Value> =
        told[2..].iter().map(|it| &it["entry"][0]["changes"][0]["value"]["statuses"][0]).collect();
    let words: Vec<&Value> = statuses.iter().map(|status| &status["status"]).collect();
    assert_eq!(words, ["sent", "delivered", "read"]);
    assert!(statuses.iter().all(|status| status["biz_opaque_callback_data"] == "effect-1"));

    for account in ["178414", "300000000000001"] {
        let path = format!("/graph/v25.0/{account}/subscribed_apps");
        assert_eq!(good(play.get(&path)).await["data"].as_array().unwrap().len(), 1);
        good(play.client.delete(play.url(&path)).bearer_auth("t")).await;
        assert_eq!(good(play.get(&path)).await, json!({ "data": [] }));
    }
    writes(&play, "instagram", "178414", "88", "Hello?").await;
    good(play.post(WHATSAPP, &whatsapp_text("16505551234", "hi"))).await;
    assert_eq!(received(&play, &receiver).await.len(), 5, "nobody is told");

    let path = "/graph/v25.0/178414/subscribed_apps";
    let nonsense = play.post(&format!("{path}?subscribed_fields=messages,nonsense"), &json!({}));
    assert_eq!(answer(nonsense).await.0, StatusCode::BAD_REQUEST);
    good(play.post(&format!("{path}?subscribed_fields=messages"), &json!({}))).await;
    assert_eq!(good(play.get(path)).await["data"][0]["subscribed_fields"], json!(["messages"]));
    writes(&play, "instagram", "178414", "88", "Anybody?").await;
    assert_eq!(received(&play, &receiver).await.len(), 6);
}
