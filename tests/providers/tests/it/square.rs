//! Square: stock as a ledger, points, idempotency keys, error shapes.

use http::StatusCode;
use provider_simulator::{LoyaltySeed, Seed, SimulatorOptions, StockSeed, Unknown};
use serde_json::{Value, json};

use crate::{Play, answer, good};

const CHANGES: &str = "/square/v2/inventory/changes/batch-create";
const COUNTS: &str = "/square/v2/inventory/counts/batch-retrieve";
const ADJUST: &str = "/square/v2/loyalty/accounts/acc-1/adjust";

fn moved(key: &str, from: &str, to: &str, quantity: &str, occurred_at: &str) -> Value {
    json!({ "idempotency_key": key, "changes": [{ "type": "ADJUSTMENT", "adjustment": {
        "catalog_object_id": "var-1", "location_id": "loc-1", "from_state": from, "to_state": to,
        "quantity": quantity, "occurred_at": occurred_at, "reference_id": "ref",
    } }] })
}

fn counted(key: &str, quantity: &str, occurred_at: &str) -> Value {
    json!({ "idempotency_key": key, "changes": [{ "type": "PHYSICAL_COUNT", "physical_count": {
        "catalog_object_id": "var-1", "location_id": "loc-1", "state": "IN_STOCK",
        "quantity": quantity, "occurred_at": occurred_at,
    } }] })
}

fn stock(answer: &Value, state: &str) -> Option<String> {
    let counts = answer["counts"].as_array().unwrap();
    let count = counts.iter().find(|count| count["state"] == state)?;
    Some(count["quantity"].as_str().unwrap().to_owned())
}

fn error(answer: &Value) -> (&str, &str) {
    let entry =
        |name: &str| answer.pointer(&format!("/errors/0/{name}")).and_then(Value::as_str).unwrap_or("none");
    (entry("category"), entry("code"))
}

#[tokio::test]
async fn stock_is_what_the_ledger_adds_up_to() {
    let play = Play::start().await;
    let change = async |body: Value| good(play.post(CHANGES, &body)).await;
    let received = change(moved("k1", "NONE", "IN_STOCK", "10", "2026-03-01T09:00:00Z")).await;
    assert_eq!(stock(&received, "IN_STOCK").as_deref(), Some("10"));
    assert_eq!(stock(&received, "NONE"), None);
    assert_eq!(received["changes"][0]["adjustment"]["reference_id"], "ref");
    let wasted = change(moved("k2", "IN_STOCK", "WASTE", "2.5", "2026-03-01T09:30:00.123456789Z")).await;
    assert_eq!(
        (stock(&wasted, "IN_STOCK").unwrap(), stock(&wasted, "WASTE").unwrap()),
        ("7.5".into(), "2.5".into())
    );
    // Counted before the waste, reported after it.
    let recounted = change(counted("k3", "20", "2026-03-01T09:15:00Z")).await;
    assert_eq!(stock(&recounted, "IN_STOCK").as_deref(), Some("17.5"));
    let oversold = change(moved("k4", "IN_STOCK", "SOLD", "18", "2026-03-01T10:00:00Z")).await;
    assert_eq!(stock(&oversold, "IN_STOCK").as_deref(), Some("-0.5"));

    let shown = good(play.get("/square/v2/inventory/var-1")).await;
    assert_eq!(shown["counts"].as_array().unwrap().len(), 3);
    let wanted = json!({ "states": ["SOLD", "WASTE"], "catalog_object_ids": ["var-1"], "limit": 1 });
    let first = good(play.post(COUNTS, &wanted)).await;
    let mut rest = wanted.clone();
    rest["cursor"] = first["cursor"].clone();
    let second = good(play.post(COUNTS, &rest)).await;
    let states = [&first["counts"][0]["state"], &second["counts"][0]["state"]];
    assert!(states.contains(&&json!("SOLD")) && states.contains(&&json!("WASTE")));
    assert_eq!(second.get("cursor"), None);
}

#[tokio::test]
async fn unchanged_counts_are_ignored_unless_told_otherwise() {
    let play = Play::start().await;
    let recorded =
        async |body: &Value| good(play.post(CHANGES, body)).await["changes"].as_array().unwrap().len();
    assert_eq!(recorded(&counted("k1", "5", "2026-03-01T09:00:00Z")).await, 1);
    assert_eq!(recorded(&counted("k2", "5", "2026-03-01T09:10:00Z")).await, 0);
    let mut insisted = counted("k3", "5", "2026-03-01T09:20:00Z");
    insisted["ignore_unchanged_counts"] = json!(false);
    assert_eq!(recorded(&insisted).await, 1);
    assert_eq!(recorded(&counted("k4", "6", "2026-03-01T09:30:00Z")).await, 1);
}

#[tokio::test]
async fn a_key_acts_once_and_only_for_its_body() {
    let play = Play::start().await;
    let body = json!({ "idempotency_key": "k1", "adjust_points": { "points": 10, "reason": "sorry" } });
    let first = good(play.post(ADJUST, &body)).await;
    let event = &first["event"];
    assert_eq!((&event["type"], &event["source"]), (&json!("ADJUST_POINTS"), &json!("LOYALTY_API")));
    assert_eq!(
        (&event["adjust_points"]["points"], &event["adjust_points"]["reason"]),
        (&json!(10), &json!("sorry"))
    );
    assert_eq!(good(play.post(ADJUST, &body)).await, first);
    let other = json!({ "idempotency_key": "k1", "adjust_points": { "points": 11 } });
    let (status, reused) = answer(play.post(ADJUST, &other)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(error(&reused), ("INVALID_REQUEST_ERROR", "IDEMPOTENCY_KEY_REUSED"));
    let account = good(play.get("/square/v2/loyalty/accounts/acc-1")).await;
    assert_eq!(account["loyalty_account"]["balance"], 10);
    assert_eq!(play.simulator.control().world().square.loyalty_events().len(), 1);
    let keys: Vec<_> =
        play.simulator.control().calls().into_iter().map(|call| call.idempotency_key).collect();
    assert_eq!(keys.iter().flatten().collect::<Vec<_>>(), ["k1", "k1", "k1"]);
}

#[tokio::test]
async fn points_go_below_zero_only_when_allowed() {
    let play = Play::start().await;
    let account = LoyaltySeed { id: "acc-1".into(), balance: 5 };
    play.simulator.control().seed(Seed { loyalty: vec![account], ..Seed::default() }).unwrap();
    let take = |key: &str, allow: bool| json!({ "idempotency_key": key, "adjust_points": { "points": -10 }, "allow_negative_balance": allow });
    let (status, refused) = answer(play.post(ADJUST, &take("k1", false))).await;
    assert_eq!((status, error(&refused).1), (StatusCode::BAD_REQUEST, "BAD_REQUEST"));
    good(play.post(ADJUST, &take("k2", true))).await;
    let world = play.simulator.control().world();
    assert_eq!(world.square.loyalty_account("acc-1").unwrap().balance, -5);
    let back = json!({ "idempotency_key": "k3", "adjust_points": { "points": 1 } });
    good(play.post(ADJUST, &back)).await;
}

#[tokio::test]
async fn refusals_have_squares_shape() {
    let play = Play::with(SimulatorOptions { unknown: Unknown::Refused, ..Default::default() }).await;
    let shelf = StockSeed {
        catalog_object_id: "var-1".into(),
        location_id: "loc-1".into(),
        state: "IN_STOCK".into(),
        quantity: "1".into(),
    };
    play.simulator.control().seed(Seed { inventory: vec![shelf], ..Seed::default() }).unwrap();
    let at = "2026-03-01T09:00:00Z";
    let mut keyless = moved("k", "NONE", "IN_STOCK", "1", at);
    keyless.as_object_mut().unwrap().remove("idempotency_key");
    let mut unknown_article = moved("k", "NONE", "IN_STOCK", "1", at);
    unknown_article["changes"][0]["adjustment"]["catalog_object_id"] = json!("var-2");
    for (body, code) in [
        (keyless, "MISSING_REQUIRED_PARAMETER"),
        (moved(&"k".repeat(129), "NONE", "IN_STOCK", "1", at), "VALUE_TOO_LONG"),
        (moved("k", "NONE", "IN_STOCK", "-1", at), "INVALID_VALUE"),
        (moved("k", "NONE", "SHELF", "1", at), "INVALID_ENUM_VALUE"),
        (moved("k", "WASTE", "WASTE", "1", at), "INVALID_ENUM_VALUE"),
        (moved("k", "NONE", "IN_STOCK", "1", "2026-02-28T10:00:29Z"), "INVALID_TIME"),
        (moved("k", "NONE", "IN_STOCK", "1", "2026-03-01T10:00:31Z"), "INVALID_TIME"),
        (json!({ "idempotency_key": "k", "changes": [] }), "BAD_REQUEST"),
        (unknown_article, "NOT_FOUND"),
    ] {
        let (status, refused) = answer(play.post(CHANGES, &body)).await;
        assert!(status.is_client_error());
        assert_eq!(error(&refused), ("INVALID_REQUEST_ERROR", code), "{body}");
    }
    // None of the refusals used up the key.
    good(play.post(CHANGES, &moved("k", "NONE", "IN_STOCK", "1", at))).await;
    let points = json!({ "idempotency_key": "k", "adjust_points": { "points": 1 } });
    assert_eq!(error(&answer(play.post(ADJUST, &points)).await.1).1, "NOT_FOUND");
}

#[tokio::test]
async fn token_and_version_are_checked() {
    let play = Play::start().await;
    let (status, refused) = answer(play.client.post(play.url(COUNTS)).json(&json!({}))).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(error(&refused), ("AUTHENTICATION_ERROR", "UNAUTHORIZED"));
    let spoken = play.post(COUNTS, &json!({})).header("Square-Version", "2025-10-16").send().await.unwrap();
    assert_eq!(
        (spoken.status(), &spoken.headers()["square-version"]),
        (StatusCode::OK, &"2025-10-16".parse().unwrap())
    );
    let (status, _) = answer(play.post(COUNTS, &json!({})).header("Square-Version", "latest")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}
