//! Square: stock as a ledger, points, idempotency keys, error shapes.

use http::StatusCode;
use provider_simulator::{
    Connection, LoyaltySeed, Scheme, Seed, SimulatorOptions, Standing, StockSeed, Unknown,
};
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

const CHANGED: &str = "/square/v2/inventory/changes/batch-retrieve";
const EVENTS: &str = "/square/v2/loyalty/events/search";
const ACCOUNTS: &str = "/square/v2/loyalty/accounts/search";

/// All pages of a list, and how many there were.
async fn pages(play: &Play, path: &str, query: &Value, name: &str) -> (Vec<Value>, usize) {
    let (mut items, mut count, mut query) = (Vec::new(), 0, query.clone());
    loop {
        let answer = good(play.post(path, &query)).await;
        items.extend(answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default());
        count += 1;
        match answer.get("cursor") {
            Some(cursor) => drop(query.as_object_mut().unwrap().insert("cursor".to_owned(), cursor.clone())),
            None => return (items, count),
        }
    }
}

#[tokio::test]
async fn the_ledger_is_listed_as_things_happened_and_filtered_by_when_it_learned() {
    let play = Play::start().await;
    for (key, at) in
        [("k1", "2026-03-01T09:30:00Z"), ("k2", "2026-03-01T09:00:00Z"), ("k3", "2026-03-01T09:45:00Z")]
    {
        good(play.post(CHANGES, &moved(key, "NONE", "IN_STOCK", "1", at))).await;
        play.hand.forward(60);
    }
    let (changes, count) = pages(&play, CHANGED, &json!({ "limit": 1 }), "changes").await;
    let at: Vec<_> =
        changes.iter().map(|change| change["adjustment"]["occurred_at"].as_str().unwrap()).collect();
    assert_eq!(
        (at.join(" "), count),
        ("2026-03-01T09:00:00Z 2026-03-01T09:30:00Z 2026-03-01T09:45:00Z".into(), 3)
    );
    let learned =
        json!({ "updated_after": "2026-03-01T10:01:00Z", "updated_before": "2026-03-01T10:02:00Z" });
    let (changes, _) = pages(&play, CHANGED, &learned, "changes").await;
    assert_eq!(
        (changes.len(), &changes[0]["adjustment"]["occurred_at"]),
        (1, &json!("2026-03-01T09:00:00Z"))
    );
    let (none, _) = pages(&play, CHANGED, &json!({ "types": ["PHYSICAL_COUNT"] }), "changes").await;
    assert!(none.is_empty());
}

#[tokio::test]
async fn a_cursor_belongs_to_its_query() {
    let play = Play::start().await;
    for key in ["k1", "k2", "k3"] {
        good(play.post(CHANGES, &moved(key, "NONE", "IN_STOCK", "1", "2026-03-01T09:00:00Z"))).await;
    }
    let first = good(play.post(CHANGED, &json!({ "limit": 1 }))).await;
    for (path, query) in [
        (CHANGED, json!({ "limit": 2, "cursor": first["cursor"] })),
        (CHANGED, json!({ "limit": 1, "cursor": "made up" })),
        (COUNTS, json!({ "limit": 2, "cursor": first["cursor"] })),
    ] {
        let (status, refused) = answer(play.post(path, &query)).await;
        assert_eq!((status, error(&refused).1), (StatusCode::BAD_REQUEST, "INVALID_CURSOR"));
    }
    for (path, limit) in [(EVENTS, 31), (ACCOUNTS, 201), (CHANGED, 1_001), (EVENTS, 0)] {
        assert_eq!(error(&answer(play.post(path, &json!({ "limit": limit }))).await.1).1, "VALUE_TOO_HIGH");
    }
}

#[tokio::test]
async fn points_are_earned_spent_and_given_back() {
    let play = Play::start().await;
    let path = |rest: &str| format!("/square/v2/loyalty/{rest}");
    let opened = json!({ "idempotency_key": "o", "loyalty_account": { "program_id": "main", "customer_id": "C1",
        "mapping": { "phone_number": "+12025550143" } } });
    let id = good(play.post(&path("accounts"), &opened)).await["loyalty_account"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let again = json!({ "idempotency_key": "p", "loyalty_account": opened["loyalty_account"] });
    assert_eq!(answer(play.post(&path("accounts"), &again)).await.0, StatusCode::BAD_REQUEST);

    let earn = |key: &str, earned: Value| json!({ "idempotency_key": key, "accumulate_points": earned, "location_id": "L" });
    let accumulate = path(&format!("accounts/{id}/accumulate"));
    let order = good(play.post(&accumulate, &earn("a", json!({ "order_id": "O1" })))).await;
    assert_eq!(order["events"][0]["accumulate_points"]["order_id"], "O1");
    play.hand.forward(2);
    good(play.post(&accumulate, &earn("b", json!({ "points": 10 })))).await;
    for earned in [json!({}), json!({ "points": -1 }), json!({ "points": 1, "order_id": "O" })] {
        assert_eq!(answer(play.post(&accumulate, &earn("c", earned))).await.0, StatusCode::BAD_REQUEST);
    }
    play.hand.forward(2);
    let wanted =
        json!({ "idempotency_key": "r", "reward": { "loyalty_account_id": id, "reward_tier_id": "T" } });
    let reward = good(play.post(&path("rewards"), &wanted)).await;
    assert_eq!(good(play.post(&path("rewards"), &wanted)).await, reward);
    let poor =
        json!({ "idempotency_key": "s", "reward": { "loyalty_account_id": id, "reward_tier_id": "T" } });
    assert_eq!(error(&answer(play.post(&path("rewards"), &poor)).await.1).1, "BAD_REQUEST");
    play.hand.forward(2);
    let reward = path(&format!("rewards/{}", reward["reward"]["id"].as_str().unwrap()));
    good(play.client.delete(play.url(&reward)).bearer_auth("t")).await;
    assert_eq!(answer(play.client.delete(play.url(&reward)).bearer_auth("t")).await.0, StatusCode::NOT_FOUND);

    let found = good(play.post(ACCOUNTS, &json!({ "query": { "customer_ids": ["C1"] } }))).await;
    let account = &found["loyalty_accounts"][0];
    assert_eq!((&account["balance"], &account["lifetime_points"]), (&json!(15), &json!(15)));
    assert_eq!(account["mapping"]["phone_number"], "+12025550143");

    let window = json!({ "query": { "filter": { "date_time_filter": { "created_at":
        { "start_at": "2026-03-01T10:00:32Z", "end_at": "2026-03-01T10:00:36Z" } } } }, "limit": 2 });
    let (events, count) = pages(&play, EVENTS, &window, "events").await;
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!((kinds.join(" "), count), ("DELETE_REWARD CREATE_REWARD ACCUMULATE_POINTS".into(), 2));
    assert_eq!(events[1]["create_reward"]["points"], -10);
}

#[tokio::test]
async fn every_change_is_announced_once_and_later_than_the_one_before() {
    let play = Play::start().await;
    let control = play.simulator.control();
    let scheme = Scheme::Square { notification_url: Some("https://hub.example.com/hooks/points".into()) };
    control.connect("points", Connection::new("http://127.0.0.1:9/hooks", "s", scheme)).unwrap();
    let body = |key: &str| json!({ "idempotency_key": key, "adjust_points": { "points": 10 } });
    for key in ["k1", "k1", "k2"] {
        good(play.post(ADJUST, &body(key))).await;
    }
    good(play.post(CHANGES, &moved("k1", "NONE", "IN_STOCK", "1", "2026-03-01T09:00:00Z"))).await;
    let topics: Vec<_> = control.deliveries().into_iter().map(|delivery| delivery.topic).collect();
    let change = ["loyalty.event.created", "loyalty.account.updated"];
    assert_eq!(topics, [&change[..], &change, &["inventory.count.updated"]].concat());
    // The hand has not moved, and still the counts can be told apart.
    good(play.post(CHANGES, &moved("k2", "NONE", "IN_STOCK", "1", "2026-03-01T09:00:00Z"))).await;
    let counts = control.world().square.counts();
    assert!(counts[0].calculated_at > play.hand.now());
}

#[tokio::test]
async fn a_subscription_that_was_switched_off_can_be_switched_on() {
    let play = Play::start().await;
    let control = play.simulator.control();
    let url = "https://hub.example.com/hooks/stock";
    let mut connection = Connection::new(
        "http://127.0.0.1:9/hooks",
        "s",
        Scheme::Square { notification_url: Some(url.into()) },
    );
    connection.topics = Some(vec!["loyalty.event.created".into()]);
    control.connect("stock", connection).unwrap();
    control.set_standing("stock", Standing::Disabled).unwrap();
    let list = "/square/v2/webhooks/subscriptions";
    assert_eq!(good(play.get(list)).await["subscriptions"], json!([]));
    let listed = good(play.get(&format!("{list}?include_disabled=true"))).await;
    let subscription = &listed["subscriptions"][0];
    assert_eq!((&subscription["enabled"], &subscription["notification_url"]), (&json!(false), &json!(url)));
    let change = json!({ "subscription": { "enabled": true,
        "event_types": ["loyalty.event.created", "inventory.count.updated"] } });
    let path = format!("{list}/{}", subscription["id"].as_str().unwrap());
    let changed = good(play.put(&path, &change)).await;
    assert_eq!(changed["subscription"]["event_types"].as_array().unwrap().len(), 2);
    assert_eq!(good(play.get(list)).await["subscriptions"][0]["enabled"], true);
    good(play.post(CHANGES, &moved("k1", "NONE", "IN_STOCK", "1", "2026-03-01T09:00:00Z"))).await;
    assert_eq!(control.deliveries().len(), 1);
    let unknown = json!({ "subscription": { "event_types": ["stock.moved"] } });
    assert_eq!(answer(play.put(&path, &unknown)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(answer(play.put(&format!("{list}/wbhk_other"), &change)).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_deleted_customer_is_gone_and_their_points_are_not() {
    let play = Play::with(SimulatorOptions { unknown: Unknown::Refused, ..Default::default() }).await;
    let control = play.simulator.control();
    let scheme = Scheme::Square { notification_url: None };
    control.connect("club", Connection::new("http://127.0.0.1:9/hooks", "s", scheme)).unwrap();
    let nameless = answer(play.post("/square/v2/customers", &json!({ "reference_id": "7" }))).await;
    assert_eq!((nameless.0, error(&nameless.1).1), (StatusCode::BAD_REQUEST, "BAD_REQUEST"));
    let ana = json!({ "given_name": "Ana", "phone_number": "+12025550143" });
    let made = good(play.post("/square/v2/customers", &ana)).await;
    let id = made["customer"]["id"].as_str().unwrap();
    let account = json!({ "idempotency_key": "k", "loyalty_account": {
        "program_id": "main", "customer_id": id, "mapping": { "phone_number": "+12025550143" },
    } });
    let account = good(play.post("/square/v2/loyalty/accounts", &account)).await["loyalty_account"].clone();

    let path = format!("/square/v2/customers/{id}");
    assert_eq!(good(play.get(&path)).await["customer"]["given_name"], "Ana");
    let delete = || play.client.delete(play.url(&path)).bearer_auth("t");
    assert_eq!(good(delete()).await, json!({}));
    for request in [delete(), play.get(&path)] {
        let (status, refused) = answer(request).await;
        assert_eq!((status, error(&refused).1), (StatusCode::NOT_FOUND, "NOT_FOUND"));
    }
    let topics: Vec<_> = control.deliveries().into_iter().map(|delivery| delivery.topic).collect();
    assert_eq!(topics, ["customer.created", "loyalty.account.created", "customer.deleted"]);
    let stays = format!("/square/v2/loyalty/accounts/{}", account["id"].as_str().unwrap());
    assert_eq!(good(play.get(&stays)).await["loyalty_account"], account);
}
