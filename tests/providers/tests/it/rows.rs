//! Counting and asserting what the state holds.

use http::StatusCode;
use serde_json::{Value, json};

use crate::{Play, answer, good};

async fn two_tickets(play: &Play) {
    for (external_id, tags) in [("a", json!(["x", "y"])), ("b", json!(["x"]))] {
        let ticket = json!({ "ticket": {
            "subject": "s", "comment": { "body": "words" }, "external_id": external_id, "tags": tags,
        } });
        good(play.post("/zendesk/api/v2/tickets.json", &ticket).header("Idempotency-Key", external_id)).await;
    }
}

async fn count(play: &Play, rows: Value) -> Value {
    good(play.post("/control/count", &rows)).await
}

fn found(count: usize, of: usize, duplicates: usize) -> Value {
    json!({ "count": count, "of": of, "duplicates": duplicates })
}

#[tokio::test]
async fn rows_are_counted_by_what_stands_in_them() {
    let play = Play::start().await;
    two_tickets(&play).await;
    let tickets = "/zendesk/tickets";
    assert_eq!(count(&play, json!({ "rows": tickets })).await, found(2, 2, 0));
    let with_id = json!({ "rows": tickets, "where": { "/external_id": "a", "/status": "new" } });
    assert_eq!(count(&play, with_id).await, found(1, 2, 0));
    let absent = json!({ "rows": tickets, "where": { "/nothing": null } });
    assert_eq!(count(&play, absent).await, found(2, 2, 0));
    let nested = json!({ "rows": "/zendesk/tickets/*/tags", "where": { "": "x" }, "unique": "" });
    assert_eq!(count(&play, nested).await, found(2, 3, 1));
    let calls = json!({ "rows": "/calls", "where": { "/status": 201 }, "unique": "/idempotency_key" });
    assert_eq!(count(&play, calls).await, found(2, 2, 0));
    for empty in
        ["/shopify/orders", "/deliveries", "/connections", "/zendesk/nothing/there", "/graph", "/square/x"]
    {
        let counted = count(&play, json!({ "rows": empty, "where": { "/x": 1 } })).await;
        assert_eq!(counted["count"], 0, "{empty}");
    }
    for bad in [
        json!({ "rows": "/nowhere" }),
        json!({ "rows": "calls" }),
        json!({ "rows": "/calls", "unique": "n" }),
    ] {
        assert_eq!(answer(play.post("/control/count", &bad)).await.0, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn claims_hold_or_say_what_was_found() {
    let play = Play::start().await;
    two_tickets(&play).await;
    let ticket =
        |external_id: &str| json!({ "rows": "/zendesk/tickets", "where": { "/external_id": external_id } });
    let claims = json!({ "claims": [
        { "rows": ticket("a"), "count": 1 },
        { "rows": ticket("b"), "at_least": 1, "at_most": 1 },
        { "rows": { "rows": "/zendesk/tickets", "unique": "/external_id" } },
    ] });
    assert_eq!(good(play.post("/control/assert", &claims)).await, json!({ "held": 3, "failed": [] }));

    let wrong = json!({ "claims": [
        { "rows": ticket("c"), "count": 1 },
        { "rows": ticket("a"), "count": 1 },
        { "rows": { "rows": "/zendesk/tickets", "unique": "/subject" } },
    ] });
    let (status, said) = answer(play.post("/control/assert", &wrong)).await;
    assert_eq!((status, &said["held"]), (StatusCode::CONFLICT, &json!(1)));
    let failed = said["failed"].as_array().unwrap();
    assert_eq!((&failed[0]["index"], &failed[0]["counted"]), (&json!(0), &found(0, 2, 0)));
    assert_eq!((&failed[1]["index"], &failed[1]["counted"]), (&json!(2), &found(2, 2, 1)));
}
