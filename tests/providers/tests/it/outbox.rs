//! Webhooks on their way out: signed, tried again, lost and repeated on purpose, and every one accounted for.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use provider_simulator::{
    AttemptKind, Connection, Control, Disorder, DisorderError, Ending, Parcel, Provider, Reply, Scheme,
    Standing,
};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::receiver::{Receiver, VERIFY_TOKEN};
use crate::{Play, answer, good};

fn shopify() -> Scheme {
    Scheme::Shopify {
        shop_domain: "example.myshopify.com".to_owned(),
        api_version: "2026-04".to_owned(),
        spelling: Default::default(),
    }
}

fn square() -> Scheme {
    Scheme::Square { notification_url: Some("https://hub.example.com/hooks/square".to_owned()) }
}

/// A play with one connection to a receiver.
async fn connected(scheme: Scheme) -> (Play, Receiver) {
    let (play, receiver) = (Play::start().await, Receiver::start().await);
    play.simulator.control().connect("it", Connection::new(receiver.url(), "secret", scheme)).unwrap();
    (play, receiver)
}

fn parcel(topic: &str, body: &'static str) -> Parcel {
    Parcel { topic: topic.to_owned(), body: body.into(), ..Parcel::default() }
}

fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3_600)
}

fn endings(control: &Control) -> Vec<Ending> {
    control.deliveries().iter().map(|delivery| delivery.ending).collect()
}

/// Seconds since the start of the play at which attempts of the first delivery were made.
fn attempted_at(control: &Control, start: Timestamp) -> Vec<i64> {
    let deliveries = control.deliveries();
    let attempts = deliveries.first().unwrap().attempts.iter();
    attempts.map(|attempt| attempt.at.duration_since(start).as_secs()).collect()
}

#[tokio::test]
async fn a_connection_over_control_receives_what_is_announced_and_signed() {
    let (play, receiver) = (Play::start().await, Receiver::start().await);
    let connection = json!({
        "target": receiver.url(), "secret": "shop secret", "topics": ["orders/*"],
        "scheme": { "kind": "shopify", "shop_domain": "example.myshopify.com" },
    });
    let put = play.put("/control/connections/shop", &connection).send().await.unwrap();
    assert_eq!(put.status(), StatusCode::NO_CONTENT);
    let announce = async |topic: &str| {
        let body = json!({ "provider": "shopify", "topic": topic, "body": { "id": 1 } });
        good(play.post("/control/announcements", &body)).await["deliveries"].clone()
    };
    assert_eq!(announce("orders/create").await, 1);
    assert_eq!(announce("customers/create").await, 0);
    // By name, exactly these bytes, whatever is subscribed; and a number no integer holds.
    let raw = r#"{"connection":"shop","topic":"x","event_id":"e-1","headers":{"X-Own":"1"},"body":{"n": 12345678901234567890123456}}"#;
    let posted = play.client.post(play.url("/control/deliveries")).body(raw);
    good(posted).await;

    let sent = good(play.post("/control/outbox/send", &json!({}))).await;
    let now = "2026-03-01T10:00:30Z";
    assert_eq!(sent, json!({ "attempts": 2, "taken": 2, "now": now, "waiting": 0, "next_due": null }));
    assert_eq!(receiver.bodies(), [r#"{"id":1}"#, r#"{"n": 12345678901234567890123456}"#]);
    // openssl dgst -sha256 -hmac "shop secret" -binary | base64
    assert_eq!(receiver.header(0, "x-shopify-hmac-sha256"), SHOPIFY_MAC);
    for (name, value) in [
        ("x-shopify-topic", "orders/create"),
        ("x-shopify-shop-domain", "example.myshopify.com"),
        ("x-shopify-api-version", "2026-04"),
        ("x-shopify-triggered-at", now),
        ("content-type", "application/json"),
        ("user-agent", "Shopify-Captain-Hook"),
    ] {
        assert_eq!(receiver.header(0, name), value, "{name}");
    }
    assert_eq!(receiver.header(0, "x-shopify-event-id"), receiver.header(0, "x-shopify-webhook-id"));
    assert_eq!(
        (receiver.header(1, "x-own"), receiver.header(1, "x-shopify-event-id")),
        ("1".into(), "e-1".into())
    );

    let listed = good(play.get("/control/deliveries?topic=orders/create&ending=delivered")).await;
    let delivery = &listed["deliveries"][0];
    assert_eq!(delivery["id"], json!(receiver.header(0, "x-shopify-webhook-id")));
    let attempt = json!([{ "at": now, "kind": "first", "reply": { "kind": "status", "status": 200, "retry_after_s": null } }]);
    assert_eq!((&delivery["attempts"], listed["deliveries"].as_array().unwrap().len()), (&attempt, 1));
    let outbox = good(play.get("/control/outbox")).await;
    assert_eq!(outbox["unclaimed"], 1);
    assert_eq!(outbox["connections"]["shop"]["tally"]["delivered"], 2);
    assert!(!outbox.to_string().contains("shop secret"));
}

const SHOPIFY_MAC: &str = "94+3rHh1+7iaaE/hOq6P7kTHc0flyfxGBuTm4WBsXUk=";

#[tokio::test]
async fn retries_carry_the_original_payload_at_the_providers_times() {
    let (play, receiver) = connected(square()).await;
    let control = play.simulator.control();
    let start = play.hand.now();
    // The second of these is for what happens in between.
    receiver.answer(&[(500, None), (200, None), (500, None), (500, None)]);
    control.announce(Provider::Square, "x", &json!({ "version": 1 }));
    // What changes afterwards is another delivery.
    control.advance(Duration::from_secs(30), 1).await;
    control.announce(Provider::Square, "x", &json!({ "version": 2 }));
    control.flush(1).await;
    assert_eq!(attempted_at(&control, start), [0, 60, 180, 420]);
    let of_first = |(_, body): &(HeaderMap, Bytes)| body.as_ref() == br#"{"version":1}"#;
    let arrived: Vec<_> =
        receiver.arrived().into_iter().filter(of_first).map(|(headers, _)| headers).collect();
    assert_eq!(arrived.len(), 4);
    for name in ["x-square-hmacsha256-signature", "square-initial-delivery-timestamp"] {
        assert!(arrived.iter().all(|headers| headers[name] == arrived[0][name]), "{name}");
    }
    let retry = |index: usize| {
        ["square-retry-number", "square-retry-reason"].map(|name| arrived[index].get(name).cloned())
    };
    assert_eq!(retry(0), [None, None]);
    assert_eq!(retry(3), [Some("3".parse().unwrap()), Some("http_error".parse().unwrap())]);
    assert_eq!(endings(&control), [Ending::Delivered, Ending::Delivered]);
}

#[tokio::test]
async fn shopify_gives_up_after_eight_retries_in_four_hours_and_takes_the_subscription_away() {
    let (play, receiver) = connected(shopify()).await;
    let control = play.simulator.control();
    let start = play.hand.now();
    receiver.fail(9);
    control.announce(Provider::Shopify, "orders/create", &json!({}));
    control.advance(hours(4) - Duration::from_secs(1), 1).await;
    assert_eq!(endings(&control), [Ending::Waiting]);
    let pumped = control.advance(Duration::from_secs(1), 1).await;
    assert_eq!((pumped.attempts, pumped.taken), (1, 0));
    assert_eq!(attempted_at(&control, start).last(), Some(&(4 * 3_600)));
    assert_eq!(endings(&control), [Ending::GaveUp]);
    let ids: BTreeSet<_> = (0..9).map(|index| receiver.header(index, "x-shopify-webhook-id")).collect();
    assert_eq!(ids.len(), 1, "the same delivery every time");

    control.announce(Provider::Shopify, "orders/create", &json!({}));
    assert_eq!(endings(&control), [Ending::GaveUp, Ending::Unsubscribed]);
    let account = control.outbox().connections["it"].clone();
    assert_eq!((account.standing, account.tally.unsubscribed), (Standing::Removed, 1));
    let active = play.put("/control/connections/it/standing", &json!({ "kind": "active" }));
    assert_eq!(active.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    control.announce(Provider::Shopify, "orders/create", &json!({}));
    control.flush(1).await;
    assert_eq!(endings(&control)[2], Ending::Delivered);
}

#[tokio::test]
async fn zendesk_tries_again_when_asked_to_and_pauses_a_failing_webhook() {
    let scheme: Scheme = serde_json::from_value(json!({ "kind": "zendesk" })).unwrap();
    let (play, receiver) = connected(scheme).await;
    let control = play.simulator.control();
    let start = play.hand.now();
    receiver.answer(&[(503, Some("7")), (409, None)]);
    control.announce(Provider::Zendesk, "t", &json!({}));
    control.flush(1).await;
    assert_eq!(attempted_at(&control, start), [0, 7, 17]);
    let signed_at = [0, 1, 2].map(|index| receiver.header(index, "x-zendesk-webhook-signature-timestamp"));
    assert_eq!(signed_at, ["2026-03-01T10:00:30Z", "2026-03-01T10:00:37Z", "2026-03-01T10:00:47Z"]);

    receiver.fail(20);
    for _ in 0..20 {
        control.announce(Provider::Zendesk, "t", &json!({}));
    }
    control.send_due(1).await;
    let tally = control.outbox().connections["it"].tally;
    assert!(tally.gave_up >= 7 && tally.gave_up < 20, "the webhook is left alone: {tally:?}");
    let Standing::Paused { .. } = control.outbox().connections["it"].standing else { panic!("not paused") };
    control.announce(Provider::Zendesk, "t", &json!({}));
    assert_eq!(endings(&control).last(), Some(&Ending::Lost));
    receiver.answer(&[]);
    control.flush(1).await;
    control.announce(Provider::Zendesk, "t", &json!({}));
    control.flush(1).await;
    assert_eq!(endings(&control).last(), Some(&Ending::Delivered));
}

#[tokio::test]
async fn meta_and_voucherify_sign_the_bytes_they_send() {
    let (play, receiver) = connected(Scheme::Meta).await;
    let control = play.simulator.control();
    let voucherify = Connection::new(receiver.url(), "secret", Scheme::Voucherify);
    control.connect("loyalty", voucherify).unwrap();
    control.announce(Provider::Graph, "instagram", &json!({ "text": "ä/😀" }));
    control.deliver("loyalty", parcel("", r#"{"id":"1"}"#)).unwrap();
    control.flush(1).await;
    assert_eq!(receiver.bodies(), [r#"{"text":"\u00e4\/\ud83d\ude00"}"#, r#"{"id":"1"}"#]);
    assert_eq!(
        receiver.header(0, "x-hub-signature-256"),
        "sha256=39826c8e5a8399746e8e5d93c3b09fb551509e41449f315083f709a4f9cc46e9"
    );
    assert_eq!(
        receiver.header(1, "x-voucherify-signature"),
        "6146142a2ce0159e84c0767881e4ec80bc397da62526e7d19f70795eb79460c0"
    );
}

#[tokio::test]
async fn meta_asks_before_it_subscribes() {
    let (play, _receiver) = connected(Scheme::Meta).await;
    let shake = async |token: &str| {
        let body = json!({ "verify_token": token });
        let shaken = good(play.post("/control/connections/it/handshake", &body)).await;
        (shaken["accepted"].clone(), shaken["reply"]["status"].clone())
    };
    assert_eq!(shake(VERIFY_TOKEN).await, (json!(true), json!(200)));
    assert_eq!(shake("another").await, (json!(false), json!(403)));
    assert!(play.simulator.control().handshake("nobody", VERIFY_TOKEN).await.is_err());
}

#[tokio::test]
async fn timeouts_and_refused_connections_are_told_apart() {
    let play = Play::start().await;
    let control = play.simulator.control();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for (name, listener) in [("silent", &silent), ("closed", &closed)] {
        let target = format!("http://{}", listener.local_addr().unwrap());
        let connection = Connection { timeout_ms: Some(30), ..Connection::new(target, "s", shopify()) };
        control.connect(name, connection).unwrap();
    }
    drop(closed);
    control.announce(Provider::Shopify, "t", &json!({}));
    control.send_due(1).await;
    let replies: Vec<_> = control
        .deliveries()
        .into_iter()
        .map(|delivery| (delivery.connection, delivery.attempts[0].reply))
        .collect();
    assert_eq!(replies, [("closed".to_owned(), Reply::Refused), ("silent".to_owned(), Reply::TimedOut)]);
    drop(silent);
}

/// A day on a way that loses, repeats, delays and reorders; what arrived, and the account of it.
async fn a_bad_day(seed: u64) -> (Vec<String>, Value) {
    let (play, receiver) = (Play::start().await, Receiver::start().await);
    let control = play.simulator.control();
    let disorder = Disorder {
        seed,
        drop_percent: 5,
        duplicate_percent: 5,
        delay_percent: 10,
        reorder_percent: 20,
        unheard_percent: 5,
        ..Disorder::default()
    };
    let connection = Connection { disorder, ..Connection::new(receiver.url(), "secret", square()) };
    control.connect("it", connection).unwrap();
    for number in 0..300 {
        control.announce(Provider::Square, "t", &json!({ "number": number }));
        control.advance(Duration::from_millis(500), 1).await;
    }
    control.flush(1).await;
    let account = serde_json::to_value(control.deliveries()).unwrap();
    (receiver.bodies(), account)
}

#[tokio::test]
async fn one_seed_tells_one_story() {
    let (arrived, account) = a_bad_day(7).await;
    assert_eq!((&arrived, &account), (&a_bad_day(7).await.0, &a_bad_day(7).await.1));
    assert_ne!(arrived, a_bad_day(8).await.0);

    let deliveries = account.as_array().unwrap();
    let ended = |ending: &str| deliveries.iter().filter(|delivery| delivery["ending"] == ending).count();
    let dropped = ended("dropped");
    assert_eq!(ended("delivered") + dropped, 300, "every one has come to its end");
    assert!((5..=30).contains(&dropped), "{dropped}");
    let late = deliveries.iter().filter(|delivery| delivery["late_ms"] != 0).count();
    assert!((60..=120).contains(&late), "{late}");
    let attempts = |kind: &str| {
        let of = |delivery: &Value| {
            let attempts = delivery["attempts"].as_array().unwrap();
            attempts.iter().filter(|attempt| attempt["kind"] == kind).count()
        };
        deliveries.iter().map(of).sum::<usize>()
    };
    assert_eq!(attempts("first"), 300 - dropped);
    assert!((5..=30).contains(&attempts("duplicate")) && (5..=30).contains(&attempts("retry")));
    assert_eq!(arrived.len(), attempts("first") + attempts("duplicate") + attempts("retry"));
    assert_eq!(arrived.iter().collect::<BTreeSet<_>>().len(), 300 - dropped);
    assert!(!arrived.is_sorted_by_key(|body| body.len()), "overtaken");
}

#[tokio::test]
async fn a_copy_is_the_same_delivery_and_its_answer_decides_nothing() {
    let (play, receiver) = (Play::start().await, Receiver::start().await);
    let control = play.simulator.control();
    let disorder = Disorder { duplicate_percent: 100, duplicate_ms: [10, 10], ..Disorder::default() };
    let connection = Connection { disorder, ..Connection::new(receiver.url(), "secret", shopify()) };
    control.connect("it", connection).unwrap();
    receiver.answer(&[(200, None), (500, None)]);
    control.announce(Provider::Shopify, "t", &json!({ "a": 1 }));
    control.flush(1).await;
    let delivery = control.deliveries().remove(0);
    let kinds: Vec<_> = delivery.attempts.iter().map(|attempt| attempt.kind).collect();
    assert_eq!(kinds, [AttemptKind::First, AttemptKind::Duplicate]);
    assert_eq!(delivery.ending, Ending::Delivered);
    assert_eq!(receiver.header(0, "x-shopify-webhook-id"), receiver.header(1, "x-shopify-webhook-id"));
    assert_eq!(receiver.bodies(), [r#"{"a":1}"#; 2]);
}

#[tokio::test]
async fn subscriptions_come_and_go_by_topic() {
    let (play, receiver) = (Play::start().await, Receiver::start().await);
    let control = play.simulator.control();
    let connection =
        Connection { topics: Some(vec![]), ..Connection::new(receiver.url(), "secret", shopify()) };
    control.connect("it", connection).unwrap();
    let announce = || control.announce(Provider::Shopify, "orders/create", &json!({}));
    assert_eq!(announce(), 0);
    control.set_standing("it", Standing::Disabled).unwrap();
    control.subscribe(Provider::Shopify, receiver.url(), "orders/create").unwrap();
    assert_eq!(announce(), 1);
    assert_eq!(endings(&control), [Ending::Waiting], "subscribing sets it working again");
    control.unsubscribe(Provider::Shopify, receiver.url(), "orders/create").unwrap();
    assert_eq!((announce(), control.outbox().unclaimed), (0, 2));
    assert!(control.subscribe(Provider::Square, receiver.url(), "x").is_err(), "another provider's");
    control.disconnect("it").unwrap();
    control.flush(1).await;
    assert_eq!((endings(&control), receiver.arrived().len()), (vec![Ending::Unsubscribed], 0));
}

#[tokio::test]
async fn several_at_once_all_arrive() {
    let (play, receiver) = connected(shopify()).await;
    let control = play.simulator.control();
    for number in 0..200 {
        control.announce(Provider::Shopify, "t", &json!({ "number": number }));
    }
    let sent = good(play.post("/control/outbox/flush", &json!({ "at_once": 32 }))).await;
    assert_eq!((&sent["attempts"], &sent["taken"]), (&json!(200), &json!(200)));
    assert_eq!(receiver.bodies().into_iter().collect::<BTreeSet<_>>().len(), 200);
}

#[tokio::test]
async fn senseless_connections_and_deliveries_are_refused() {
    let play = Play::start().await;
    let control = play.simulator.control();
    let refused = |connection: Connection| control.connect("it", connection).unwrap_err().to_string();
    for target in ["http://example.com/", "https://127.0.0.1/", "127.0.0.1", ""] {
        assert!(refused(Connection::new(target, "s", Scheme::Meta)).contains("target"), "{target}");
    }
    let local = || Connection::new("http://[::1]:9/", "s", Scheme::Meta);
    let percent = Disorder { drop_percent: 101, ..Disorder::default() };
    let error = refused(Connection { disorder: percent, ..local() });
    assert_eq!(error, DisorderError::Percent("drop").to_string());
    let spread = Disorder { delay_ms: [2, 1], ..Disorder::default() };
    assert!(refused(Connection { disorder: spread, ..local() }).contains("delay_ms"));
    assert!(refused(Connection { retry_after_s: Some(vec![2, 1]), ..local() }).contains("retry_after_s"));
    assert!(refused(Connection { timeout_ms: Some(0), ..local() }).contains("timeout_ms"));

    let nobody = json!({ "connection": "it", "body": {} });
    assert_eq!(answer(play.post("/control/deliveries", &nobody)).await.0, StatusCode::NOT_FOUND);
    control.connect("it", local()).unwrap();
    for body in [json!({ "connection": "it" }), json!({ "connection": "it", "body": 1, "body_text": "" })] {
        assert_eq!(answer(play.post("/control/deliveries", &body)).await.0, StatusCode::BAD_REQUEST);
    }
    let pace = json!({ "at_once": 65 });
    assert_eq!(answer(play.post("/control/outbox/flush", &pace)).await.0, StatusCode::BAD_REQUEST);
    let gone = async || {
        let url = play.url("/control/connections/it");
        Client::delete(&play.client, url).send().await.unwrap().status()
    };
    assert_eq!((gone().await, gone().await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
}
