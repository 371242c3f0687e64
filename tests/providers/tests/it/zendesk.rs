//! Zendesk: creating once, changing, tags, finding, limits.

use std::time::Duration;

use http::StatusCode;
use provider_simulator::{Credentials, SimulatorOptions};
use serde_json::{Value, json};

use crate::{Play, answer, good};

const TICKETS: &str = "/zendesk/api/v2/tickets.json";

fn new_ticket(external_id: &str) -> Value {
    json!({ "ticket": {
        "subject": "Where is it?",
        "comment": { "body": "Order late", "public": false },
        "requester": { "name": "Ana", "email": "Ana@example.com" },
        "priority": "high",
        "tags": ["late", "hub"],
        "external_id": external_id,
    } })
}

#[tokio::test]
async fn a_ticket_is_created_and_read() {
    let play = Play::start().await;
    let response = play.post(TICKETS, &new_ticket("e-1")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["location"], play.url("/zendesk/api/v2/tickets/1.json"));
    let created: Value = response.json().await.unwrap();
    let ticket = &created["ticket"];
    assert_eq!(ticket["id"], 1);
    assert_eq!(ticket["status"], "new");
    assert_eq!(ticket["created_at"], "2026-03-01T10:00:30Z");
    assert_eq!(ticket["tags"], json!(["hub", "late"]));
    assert_eq!(ticket["description"], "Order late");
    assert_eq!(ticket["is_public"], false);
    assert_eq!(created["audit"]["ticket_id"], 1);
    assert_eq!(created["audit"]["events"][0]["type"], "Comment");
    let read = good(play.get("/zendesk/api/v2/tickets/1.json")).await;
    assert_eq!(read["ticket"], *ticket);
    let second = good(play.post(TICKETS, &new_ticket("e-2"))).await;
    assert_eq!(second["ticket"]["requester_id"], ticket["requester_id"], "one requester per e-mail");
}

#[tokio::test]
async fn an_idempotency_key_creates_once() {
    let play = Play::start().await;
    let send = |body: Value| play.post(TICKETS, &body).header("Idempotency-Key", "k-1").send();
    let lookup = |response: &reqwest::Response| response.headers()["x-idempotency-lookup"].clone();

    let first = send(new_ticket("e-1")).await.unwrap();
    assert_eq!(lookup(&first), "miss");
    let first: Value = first.json().await.unwrap();
    let second = send(new_ticket("e-1")).await.unwrap();
    assert_eq!((second.status(), lookup(&second)), (StatusCode::CREATED, "hit".parse().unwrap()));
    assert_eq!(second.json::<Value>().await.unwrap(), first);

    let other = send(new_ticket("e-2")).await.unwrap();
    assert_eq!(other.status(), StatusCode::BAD_REQUEST);
    assert_eq!(other.json::<Value>().await.unwrap()["error"], "IdempotentRequestError");
    assert_eq!(play.simulator.control().counts().tickets, 1);

    play.hand.forward(2 * 60 * 60);
    let expired = send(new_ticket("e-1")).await.unwrap();
    assert_eq!(lookup(&expired), "miss");
    assert_eq!(play.simulator.control().counts().tickets, 2);
    let keys: Vec<_> =
        play.simulator.control().calls().into_iter().map(|call| call.idempotency_key).collect();
    assert_eq!(keys, vec![Some("k-1".to_owned()); 4]);
}

#[tokio::test]
async fn a_refused_ticket_leaves_its_key_free() {
    let play = Play::start().await;
    let bad = json!({ "ticket": { "subject": "nothing said" } });
    let send = |body: &Value| play.post(TICKETS, body).header("Idempotency-Key", "k-1");
    let (status, refused) = answer(send(&bad)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused["error"], "RecordInvalid");
    assert_eq!(answer(send(&new_ticket("e-1"))).await.0, StatusCode::CREATED);
    let mut bad_priority = new_ticket("e-2");
    bad_priority["ticket"]["priority"] = json!("HIGH");
    assert_eq!(answer(play.post(TICKETS, &bad_priority)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer(play.post(TICKETS, &json!([]))).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_closed_ticket_does_not_change() {
    let play = Play::start().await;
    good(play.post(TICKETS, &new_ticket("e-1"))).await;
    let path = "/zendesk/api/v2/tickets/1.json";
    play.hand.forward(5);
    let comment =
        json!({ "ticket": { "comment": { "body": "any news?", "public": true }, "status": "solved" } });
    let updated = good(play.put(path, &comment)).await;
    assert_eq!(updated["ticket"]["status"], "solved");
    assert_eq!(updated["ticket"]["updated_at"], "2026-03-01T10:00:35Z");
    assert_eq!(updated["audit"]["events"][1]["previous_value"], "new");
    assert_eq!(good(play.get("/zendesk/api/v2/tickets/1/comments.json")).await["count"], 2);

    good(play.put(path, &json!({ "ticket": { "status": "closed" } }))).await;
    let closed = json!({
        "error": "RecordInvalid",
        "description": "Record validation errors",
        "details": { "status": [{ "description": "Status: closed prevents ticket update" }] },
    });
    let (status, refused) = answer(play.put(path, &comment)).await;
    assert_eq!((status, refused), (StatusCode::UNPROCESSABLE_ENTITY, closed));
    let tags = play.put("/zendesk/api/v2/tickets/1/tags.json", &json!({ "tags": ["x"] }));
    assert_eq!(answer(tags).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(play.simulator.control().world().zendesk.tickets[&1].comments.len(), 2);

    let mut follow_up = new_ticket("e-2");
    follow_up["ticket"]["via_followup_source_id"] = json!(1);
    let followed = good(play.post(TICKETS, &follow_up)).await;
    assert_eq!(followed["ticket"]["via"]["source"]["from"]["ticket_id"], 1);
    let (status, missing) = answer(play.put("/zendesk/api/v2/tickets/99.json", &comment)).await;
    assert_eq!((status, &missing["error"]), (StatusCode::NOT_FOUND, &json!("RecordNotFound")));
}

#[tokio::test]
async fn tags_add_replace_and_remove() {
    let play = Play::start().await;
    good(play.post(TICKETS, &new_ticket("e-1"))).await;
    let path = "/zendesk/api/v2/tickets/1/tags.json";
    let added = good(play.put(path, &json!({ "tags": ["vip"] }))).await;
    assert_eq!(added, json!({ "tags": ["hub", "late", "vip"] }));
    let removal = play.client.delete(play.url(path)).bearer_auth("t").json(&json!({ "tags": ["late"] }));
    assert_eq!(good(removal).await, json!({ "tags": ["hub", "vip"] }));
    let (status, set) = answer(play.post(path, &json!({ "tags": ["only"] }))).await;
    assert_eq!((status, set), (StatusCode::CREATED, json!({ "tags": ["only"] })));

    play.hand.forward(5);
    let stale = json!({ "tags": ["x"], "updated_stamp": "2026-03-01T10:00:00Z", "safe_update": "true" });
    assert_eq!(answer(play.put(path, &stale)).await.0, StatusCode::CONFLICT);
    let fresh = json!({ "tags": ["x"], "updated_stamp": "2026-03-01T10:00:30Z", "safe_update": "true" });
    assert_eq!(good(play.put(path, &fresh)).await, json!({ "tags": ["only", "x"] }));
}

#[tokio::test]
async fn tickets_are_found_by_external_id_and_search_indexes_late() {
    let options = SimulatorOptions { zendesk_search_lag: Duration::from_secs(60), ..Default::default() };
    let play = Play::with(options).await;
    for external_id in ["e-1", "e-2", "e-3"] {
        good(play.post(TICKETS, &new_ticket(external_id))).await;
    }
    let listed = good(play.get("/zendesk/api/v2/tickets.json?external_id=e-2")).await;
    assert_eq!((&listed["count"], &listed["tickets"][0]["id"]), (&json!(1), &json!(2)));

    let search = "/zendesk/api/v2/search.json?query=type:ticket%20external_id:%22e-2%22";
    assert_eq!(good(play.get(search)).await["count"], 0);
    play.hand.forward(60);
    let found = good(play.get(search)).await;
    assert_eq!((&found["count"], &found["results"][0]["id"]), (&json!(1), &json!(2)));
    assert_eq!(found["results"][0]["result_type"], "ticket");
    let (status, _) = answer(play.get("/zendesk/api/v2/search.json?query=assignee:me")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);

    let first = good(play.get("/zendesk/api/v2/search.json?query=tags:late&per_page=2")).await;
    assert_eq!(first["results"].as_array().unwrap().len(), 2);
    let next = first["next_page"].as_str().unwrap().to_owned();
    let second = good(play.client.get(next).bearer_auth("t")).await;
    assert_eq!((&second["results"][0]["id"], &second["next_page"]), (&json!(3), &Value::Null));
}

#[tokio::test]
async fn calls_are_limited_by_the_minute() {
    let play = Play::with(SimulatorOptions { zendesk_requests_per_minute: 2, ..Default::default() }).await;
    let list = async || play.get(TICKETS).send().await.unwrap();
    let first = list().await;
    assert_eq!(
        (&first.headers()["x-rate-limit"], &first.headers()["x-rate-limit-remaining"]),
        (&2.into(), &1.into())
    );
    assert_eq!(list().await.headers()["ratelimit-remaining"], "0");
    let limited = list().await;
    assert_eq!(limited.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        (&limited.headers()["retry-after"], &limited.headers()["ratelimit-reset"]),
        (&30.into(), &30.into())
    );
    assert_eq!(limited.json::<Value>().await.unwrap()["error"], "APIRateLimitExceeded");
    play.hand.forward(30);
    assert_eq!(list().await.status(), StatusCode::OK);
}

#[tokio::test]
async fn both_kinds_of_credentials_are_known() {
    let options = SimulatorOptions { credentials: Credentials::only("right"), ..Default::default() };
    let play = Play::with(options).await;
    let get = || play.client.get(play.url(TICKETS));
    for (request, status) in [
        (get(), StatusCode::UNAUTHORIZED),
        (get().bearer_auth("right"), StatusCode::OK),
        (get().bearer_auth("wrong"), StatusCode::UNAUTHORIZED),
        (get().basic_auth("a@example.com/token", Some("right")), StatusCode::OK),
        (get().basic_auth("a@example.com/token", Some("wrong")), StatusCode::UNAUTHORIZED),
        (get().basic_auth("a@example.com", Some("right")), StatusCode::UNAUTHORIZED),
    ] {
        let (given, body) = answer(request).await;
        assert_eq!(given, status);
        assert_eq!(body.get("error").is_some(), status == StatusCode::UNAUTHORIZED);
    }
}
