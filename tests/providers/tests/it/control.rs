//! The control routes.

use http::StatusCode;
use serde_json::{Value, json};

use crate::{Play, answer, good};

async fn tag_and_ticket(play: &Play) {
    let query = r#"mutation { tagsAdd(id: "gid://shopify/Customer/1", tags: ["a", "b"]) { userErrors { message } } }"#;
    let graphql = play.post("/shopify/admin/api/2026-04/graphql.json", &json!({ "query": query }));
    good(graphql.header("x-shopify-access-token", "t")).await;
    let ticket =
        json!({ "ticket": { "subject": "s", "comment": { "body": "secret words" }, "tags": ["c"] } });
    good(play.post("/zendesk/api/v2/tickets.json", &ticket).header("Idempotency-Key", "k")).await;
}

#[tokio::test]
async fn state_shows_everything_and_the_calls_without_bodies() {
    let play = Play::start().await;
    tag_and_ticket(&play).await;
    answer(play.client.get(play.url("/square/v2/loyalty/accounts/x?y=z"))).await;
    let state = good(play.get("/control/state")).await;
    assert_eq!(state["shopify"]["customers"]["gid://shopify/Customer/1"]["tags"], json!(["a", "b"]));
    assert_eq!(state["zendesk"]["tickets"]["1"]["subject"], "s");
    let calls = json!([
        { "n": 1, "at": "2026-03-01T10:00:30Z", "provider": "shopify", "method": "POST",
          "path": "/admin/api/2026-04/graphql.json", "idempotency_key": null, "status": 200, "handled": true, "fault": null },
        { "n": 2, "at": "2026-03-01T10:00:30Z", "provider": "zendesk", "method": "POST",
          "path": "/api/v2/tickets.json", "idempotency_key": "k", "status": 201, "handled": true, "fault": null },
        { "n": 3, "at": "2026-03-01T10:00:30Z", "provider": "square", "method": "GET",
          "path": "/v2/loyalty/accounts/x", "idempotency_key": null, "status": 401, "handled": true, "fault": null },
    ]);
    assert_eq!(state["calls"], calls);
    let counts = good(play.get("/control/counts")).await;
    assert_eq!(counts, json!({ "tickets": 1, "tags": 2, "messages": 0, "calls": 3 }));
}

#[tokio::test]
async fn reset_forgets_but_never_reuses_an_id() {
    let play = Play::start().await;
    tag_and_ticket(&play).await;
    let fault = json!({ "outcome": { "kind": "answer_lost" } });
    good(play.post("/control/faults", &fault)).await;
    let reset = play.post("/control/reset", &json!({})).send().await.unwrap();
    assert_eq!(reset.status(), StatusCode::NO_CONTENT);
    let counts = good(play.get("/control/counts")).await;
    assert_eq!(counts, json!({ "tickets": 0, "tags": 0, "messages": 0, "calls": 0 }));
    assert_eq!(good(play.get("/control/faults")).await, json!({ "faults": [] }));
    tag_and_ticket(&play).await;
    let world = play.simulator.control().world();
    assert_eq!(world.zendesk.tickets.keys().copied().collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_seed_is_applied_whole_or_not_at_all() {
    let play = Play::start().await;
    let mut seed = json!({
        "shopify": [{ "id": "gid://shopify/Order/9", "tags": ["gift"], "note": "wrap" }],
        "loyalty": [{ "id": "acc-1", "balance": 30 }],
        "inventory": [{ "catalog_object_id": "var-1", "location_id": "loc-1", "quantity": "12.5" }],
        "windows": [{ "account": "1060", "user": "16505551234", "last_message_at": "2026-03-01T09:00:00Z" }],
    });
    let mut bad = seed.clone();
    bad["inventory"][0]["quantity"] = json!("many");
    let (status, refused) = answer(play.post("/control/seed", &bad)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(refused["error"].as_str().unwrap().starts_with("inventory[0]"));
    assert_eq!(play.simulator.control().counts().tags, 0);

    assert_eq!(play.post("/control/seed", &seed).send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let state = good(play.get("/control/state")).await;
    let order = &state["shopify"]["orders"]["gid://shopify/Order/9"];
    assert_eq!((&order["tags"], &order["note"]), (&json!(["gift"]), &json!("wrap")));
    assert_eq!(state["square"]["loyalty"]["accounts"]["acc-1"]["balance"], 30);
    assert_eq!(state["square"]["inventory"][0]["quantity"], "12.5");
    assert_eq!(state["graph"]["windows"][0]["user"], "16505551234");

    seed["shopify"][0]["id"] = json!("Order/9");
    assert_eq!(answer(play.post("/control/seed", &seed)).await.0, StatusCode::BAD_REQUEST);
    seed["shopfy"] = Value::Null;
    assert_eq!(answer(play.post("/control/seed", &seed)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(answer(play.get("/control/nothing")).await.0, StatusCode::NOT_FOUND);
}
