//! Zendesk: creating once, changing, tags, finding, limits; lists to read; webhooks of what happens.

use std::time::Duration;

use http::StatusCode;
use provider_simulator::{Connection, Credentials, Scheme, SimulatorOptions, Standing};
use serde_json::{Value, json};

use crate::receiver::Receiver;
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

const EXPORT: &str = "/zendesk/api/v2/incremental/tickets/cursor.json";

fn ids(rows: &Value) -> Vec<u64> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

async fn delete(play: &Play, path: &str) -> StatusCode {
    play.client.delete(play.url(path)).bearer_auth("t").send().await.unwrap().status()
}

#[tokio::test]
async fn an_export_goes_from_cursor_to_cursor_and_leaves_out_the_newest_minute() {
    let play = Play::start().await;
    for external_id in ["e-1", "e-2", "e-3"] {
        good(play.post(TICKETS, &new_ticket(external_id))).await;
        play.hand.forward(10);
    }
    let start = crate::START_SECOND;
    let export = async |query: &str| good(play.get(&format!("{EXPORT}?{query}"))).await;
    // Half a minute after the first: nothing is settled, and a time so young is refused.
    let (status, refused) = answer(play.get(&format!("{EXPORT}?start_time={start}"))).await;
    assert_eq!((status, &refused["error"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("StartTimeTooRecent")));
    let early = export(&format!("start_time={}", start - 60)).await;
    assert_eq!(
        (&early["tickets"], &early["end_of_stream"], &early["after_cursor"]),
        (&json!([]), &json!(true), &Value::Null)
    );

    play.hand.forward(40);
    let first = export(&format!("start_time={start}&per_page=1&include=users")).await;
    assert_eq!((ids(&first["tickets"]), &first["end_of_stream"]), (vec![1], &json!(false)));
    assert_eq!(first["users"][1]["email"], "ana@example.com");
    assert_eq!(first["tickets"][0]["generated_timestamp"], start);
    let cursor = first["after_cursor"].as_str().unwrap().to_owned();
    let second = export(&format!("cursor={cursor}&per_page=1")).await;
    // The third is younger than a minute.
    assert_eq!((ids(&second["tickets"]), &second["end_of_stream"]), (vec![2], &json!(true)));

    play.hand.forward(600);
    good(play.put("/zendesk/api/v2/tickets/1.json", &json!({ "ticket": { "priority": "low" } }))).await;
    play.hand.forward(60);
    let cursor = second["after_cursor"].as_str().unwrap();
    let rest = export(&format!("cursor={cursor}")).await;
    assert_eq!((ids(&rest["tickets"]), &rest["end_of_stream"]), (vec![3, 1], &json!(true)));
    let empty = export(&format!("cursor={}", rest["after_cursor"].as_str().unwrap())).await;
    assert_eq!((&empty["tickets"], &empty["after_cursor"]), (&json!([]), &rest["after_cursor"]));
    assert_eq!(answer(play.get(&format!("{EXPORT}?cursor=nonsense"))).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn exports_have_a_limit_of_their_own() {
    let play = Play::with(SimulatorOptions { zendesk_requests_per_minute: 200, ..Default::default() }).await;
    let path = format!("{EXPORT}?start_time=0");
    for _ in 0..10 {
        good(play.get(&path)).await;
    }
    let limited = play.get(&path).send().await.unwrap();
    assert_eq!(
        (limited.status(), &limited.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &30.into())
    );
    good(play.get(TICKETS)).await;
    play.hand.forward(30);
    good(play.get(&path)).await;
}

#[tokio::test]
async fn a_customers_answer_opens_the_ticket_and_comments_come_by_page() {
    let play = Play::start().await;
    let made = good(play.post(TICKETS, &new_ticket("e-1"))).await;
    let requester = &made["ticket"]["requester_id"];
    let path = "/zendesk/api/v2/tickets/1.json";
    let mark = json!({ "omnihub_effect": "0f1e" });
    let reply = json!({ "ticket": {
        "comment": { "body": "Try again", "public": true }, "status": "solved", "metadata": mark,
    } });
    let replied = good(play.put(path, &reply)).await;
    assert_eq!(replied["audit"]["metadata"]["custom"], mark);
    let answered = json!({ "ticket": { "comment": { "body": "No use", "author_id": requester } } });
    let answered = good(play.put(path, &answered)).await;
    assert_eq!(answered["ticket"]["status"], "open");

    let page = |after: &str| {
        format!("/zendesk/api/v2/tickets/1/comments.json?include=users&page%5Bsize%5D=2{after}")
    };
    let first = good(play.get(&page(""))).await;
    assert_eq!((first["comments"].as_array().unwrap().len(), &first["meta"]["has_more"]), (2, &json!(true)));
    assert_eq!(first["comments"][1]["metadata"]["custom"], mark);
    assert_eq!(first["users"][0], json!({ "id": 1000, "name": "API user", "role": "admin", "active": true }));
    let after = first["meta"]["after_cursor"].as_str().unwrap();
    let second = good(play.get(&page(&format!("&page%5Bafter%5D={after}")))).await;
    assert_eq!(
        (&second["comments"][0]["body"], &second["meta"]["has_more"]),
        (&json!("No use"), &json!(false))
    );
    let audits = good(play.get("/zendesk/api/v2/tickets/1/audits.json?page%5Bsize%5D=100")).await;
    let marked: Vec<_> =
        audits["audits"].as_array().unwrap().iter().map(|audit| &audit["metadata"]["custom"]).collect();
    assert_eq!(marked, [&json!({}), &mark, &json!({})]);
    // The same, counted from outside: the reply was made once.
    let rows =
        json!({ "rows": "/zendesk/tickets/*/comments", "where": { "/metadata/omnihub_effect": "0f1e" } });
    assert_eq!(good(play.post("/control/count", &rows)).await["count"], 1);
}

#[tokio::test]
async fn comments_are_hidden_and_blotted_out() {
    let play = Play::start().await;
    let made = good(play.post(TICKETS, &new_ticket("e-1"))).await;
    let comment = made["audit"]["events"][0]["id"].as_u64().unwrap();
    let path = |act: &str| format!("/zendesk/api/v2/tickets/1/comments/{comment}/{act}.json");
    let redacted = good(play.put(&path("redact"), &json!({ "text": "Order" }))).await;
    assert_eq!(redacted["comment"]["body"], "▇▇▇▇▇ late");
    assert_eq!(
        answer(play.put(&path("redact"), &json!({ "text": "Order" }))).await.0,
        StatusCode::BAD_REQUEST
    );
    let hidden = play.put(&path("make_private"), &json!({})).send().await.unwrap().status();
    assert_eq!(hidden, StatusCode::NO_CONTENT);
    let ticket = &play.simulator.control().world().zendesk.tickets[&1];
    assert_eq!((ticket.description.as_str(), ticket.comments[0].public), ("▇▇▇▇▇ late", false));
    let audits = good(play.get("/zendesk/api/v2/tickets/1/audits.json")).await;
    assert!(!audits.to_string().contains("Order late"), "{audits}");
}

#[tokio::test]
async fn deleted_tickets_are_gone_but_for_the_export() {
    let play = Play::start().await;
    good(play.post(TICKETS, &new_ticket("e-1"))).await;
    let (path, restore) =
        ("/zendesk/api/v2/tickets/1.json", "/zendesk/api/v2/deleted_tickets/1/restore.json");
    assert_eq!(delete(&play, path).await, StatusCode::NO_CONTENT);
    assert_eq!(answer(play.get(path)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(good(play.get(TICKETS)).await["count"], 0);
    good(play.put(restore, &json!({}))).await;
    assert_eq!(good(play.get(path)).await["ticket"]["status"], "new");

    assert_eq!(delete(&play, path).await, StatusCode::NO_CONTENT);
    assert_eq!(delete(&play, "/zendesk/api/v2/deleted_tickets/1.json").await, StatusCode::OK);
    assert_eq!(answer(play.put(restore, &json!({}))).await.0, StatusCode::NOT_FOUND);
    play.hand.forward(60);
    let export = good(play.get(&format!("{EXPORT}?start_time=0"))).await;
    let left = &export["tickets"][0];
    assert_eq!((&left["status"], &left["subject"]), (&json!("deleted"), &json!("SCRUBBED")));
}

#[tokio::test]
async fn users_are_made_changed_and_deleted() {
    let play = Play::start().await;
    let users = "/zendesk/api/v2/users.json";
    let ana = json!({ "user": { "name": "Ana", "email": "Ana@example.com", "tags": ["vip"] } });
    let (status, made) = answer(play.post(users, &ana)).await;
    assert_eq!((status, &made["user"]["role"]), (StatusCode::CREATED, &json!("end-user")));
    assert_eq!(answer(play.post(users, &ana)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let id = made["user"]["id"].as_u64().unwrap();
    let path = format!("/zendesk/api/v2/users/{id}.json");
    play.hand.forward(5);
    let phone = json!({ "user": { "phone": "+12025550143" } });
    assert_eq!(good(play.put(&path, &phone)).await["user"]["updated_at"], "2026-03-01T10:00:35Z");
    let found = good(play.get("/zendesk/api/v2/users/search.json?query=email:ana@example.com")).await;
    assert_eq!(found["users"][0]["phone"], "+12025550143");
    good(play.post(TICKETS, &new_ticket("e-1"))).await;
    assert_eq!(play.simulator.control().world().zendesk.users.len(), 1, "the ticket is hers");

    assert_eq!(delete(&play, &path).await, StatusCode::UNPROCESSABLE_ENTITY, "somebody owes her an answer");
    close(&play).await;
    assert_eq!(delete(&play, &path).await, StatusCode::OK);
    assert_eq!(delete(&play, &path).await, StatusCode::NOT_FOUND);
    play.hand.forward(60);
    let export = good(play.get("/zendesk/api/v2/incremental/users/cursor.json?start_time=0")).await;
    assert_eq!((ids(&export["users"]), &export["users"][0]["active"]), (vec![id], &json!(false)));
}

async fn close(play: &Play) {
    good(play.put("/zendesk/api/v2/tickets/1.json", &json!({ "ticket": { "status": "closed" } }))).await;
}

#[tokio::test]
async fn who_is_deleted_for_good_is_nowhere() {
    let play = Play::start().await;
    let made = good(play.post(TICKETS, &new_ticket("e-1"))).await;
    let id = made["ticket"]["requester_id"].as_u64().unwrap();
    let user = format!("/zendesk/api/v2/users/{id}.json");
    let deleted = format!("/zendesk/api/v2/deleted_users/{id}.json");
    let status = async |path: &str| answer(play.get(path)).await.0;

    assert_eq!(delete(&play, &deleted).await, StatusCode::NOT_FOUND, "not before they are deleted");
    assert_eq!(status(&deleted).await, StatusCode::NOT_FOUND);
    close(&play).await;
    assert_eq!(delete(&play, &user).await, StatusCode::OK);
    assert_eq!(good(play.get(&deleted)).await["deleted_user"]["name"], "Ana");
    assert_eq!(good(play.get(&user)).await["user"]["active"], false);
    assert_eq!(delete(&play, &deleted).await, StatusCode::OK);

    for path in [&user, &deleted] {
        assert_eq!(status(path).await, StatusCode::NOT_FOUND);
    }
    assert_eq!(delete(&play, &deleted).await, StatusCode::NOT_FOUND);
    let listed = good(play.get("/zendesk/api/v2/deleted_users")).await;
    let left = &listed["deleted_users"][0];
    assert_eq!((&left["name"], &left["email"]), (&json!("Permanently Deleted User"), &json!(null)));
    play.hand.forward(60);
    for path in ["users/cursor.json?start_time=0", "tickets/cursor.json?start_time=0&include=users"] {
        let export = good(play.get(&format!("/zendesk/api/v2/incremental/{path}"))).await;
        assert!(export["users"].as_array().unwrap().iter().all(|user| user["id"] != id), "{path}");
    }
    let world = serde_json::to_string(&play.simulator.control().world()).unwrap();
    assert!(!world.contains("ana@example.com") && !world.contains("Ana"));
    // What was written stays, and who writes again is somebody else.
    assert_eq!(good(play.get("/zendesk/api/v2/tickets/1.json")).await["ticket"]["requester_id"], id);
    let again = good(play.post(TICKETS, &new_ticket("e-2"))).await;
    assert_ne!(again["ticket"]["requester_id"], id);
}

#[tokio::test]
async fn solved_tickets_are_rated() {
    let play = Play::start().await;
    good(play.post(TICKETS, &new_ticket("e-1"))).await;
    let rate = |score: &str| {
        let rating = json!({ "satisfaction_rating": { "score": score, "comment": "thanks" } });
        play.post("/zendesk/api/v2/tickets/1/satisfaction_rating.json", &rating)
    };
    assert_eq!(answer(rate("good")).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    good(play.put("/zendesk/api/v2/tickets/1.json", &json!({ "ticket": { "status": "solved" } }))).await;
    let offered = good(rate("offered")).await;
    play.hand.forward(3_600);
    let rated = good(rate("good")).await;
    assert_eq!(rated["satisfaction_rating"]["id"], offered["satisfaction_rating"]["id"]);
    assert_eq!(answer(rate("fine")).await.0, StatusCode::BAD_REQUEST);
    let list = |start: i64| {
        format!("/zendesk/api/v2/satisfaction_ratings.json?start_time={start}&page%5Bsize%5D=100")
    };
    let listed = good(play.get(&list(crate::START_SECOND))).await;
    let rating = &listed["satisfaction_ratings"][0];
    assert_eq!((&rating["score"], &rating["updated_at"]), (&json!("good"), &json!("2026-03-01T11:00:30Z")));
    assert_eq!(listed["meta"]["has_more"], false);
    // The rating is a change of Zendesk's own: the ticket is exported again, with its own time as it was.
    play.hand.forward(60);
    let export = good(play.get(&format!("{EXPORT}?start_time={}", crate::START_SECOND + 3_600))).await;
    assert_eq!(export["tickets"][0]["updated_at"], "2026-03-01T10:00:30Z");
    let later = good(play.get(&list(crate::START_SECOND + 1))).await;
    assert_eq!(later["satisfaction_ratings"], json!([]), "listed by when it was asked for");
}

fn scheme() -> Scheme {
    serde_json::from_value(json!({ "kind": "zendesk", "webhook_id": "01H" })).unwrap()
}

#[tokio::test]
async fn webhooks_hear_of_everything_that_happens() {
    let (play, receiver) = (Play::start().await, Receiver::start().await);
    play.simulator.control().connect("desk", Connection::new(receiver.url(), "secret", scheme())).unwrap();
    let made = good(play.post(TICKETS, &new_ticket("e-1"))).await;
    let requester = made["ticket"]["requester_id"].as_u64().unwrap();
    let update = json!({ "ticket": {
        "status": "open", "assignee_id": 7, "tags": ["hub", "vip"], "comment": { "body": "Hello", "author_id": requester },
    } });
    good(play.put("/zendesk/api/v2/tickets/1.json", &update)).await;
    good(play.put("/zendesk/api/v2/tickets/1/tags.json", &json!({ "tags": ["vip"] }))).await;
    close(&play).await;
    delete(&play, &format!("/zendesk/api/v2/users/{requester}.json")).await;
    good(play.post("/control/outbox/flush", &json!({}))).await;

    let bodies: Vec<Value> =
        receiver.bodies().iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    let kinds: Vec<_> = bodies
        .iter()
        .map(|body| body["type"].as_str().unwrap().trim_start_matches("zen:event-type:"))
        .collect();
    let expected = [
        "user.created",
        "ticket.created",
        "ticket.comment_added",
        "ticket.comment_added",
        "ticket.agent_assignment_changed",
        "ticket.status_changed",
        "ticket.tags_changed",
        "ticket.status_changed",
        "user.active_changed",
        "user.deleted",
    ];
    assert_eq!(kinds, expected, "a tag that is there already changes nothing");
    let (created, written) = (&bodies[1], &bodies[3]);
    assert_eq!((&created["detail"]["id"], &created["detail"]["priority"]), (&json!("1"), &json!("HIGH")));
    assert_eq!(created["subject"], "zen:ticket:1");
    let author = json!({ "id": requester.to_string(), "is_staff": false, "name": "Ana" });
    assert_eq!(
        (&written["event"]["comment"]["author"], &written["event"]["comment"]["body"]),
        (&author, &json!("Hello"))
    );
    assert_eq!(bodies[5]["event"], json!({ "current": "OPEN", "previous": "NEW" }));
    assert_eq!(bodies[6]["event"], json!({ "tags_added": ["vip"], "tags_removed": ["late"] }));
    assert!(receiver.header(0, "x-zendesk-webhook-signature").len() > 40);
}

#[tokio::test]
async fn webhooks_are_seen_and_switched_on_and_off() {
    let (play, receiver) = (Play::start().await, Receiver::start().await);
    let control = play.simulator.control();
    let hooks = "/zendesk/api/v2/webhooks?page%5Bsize%5D=100";
    assert_eq!(good(play.get(hooks)).await["webhooks"], json!([]));
    control.connect("desk", Connection::new(receiver.url(), "secret", scheme())).unwrap();
    control.set_standing("desk", Standing::Disabled).unwrap();
    let expected = json!([{
        "id": "01H", "name": "desk", "endpoint": receiver.url(), "status": "inactive", "subscriptions": ["zen:event-type:*"],
        "http_method": "POST", "request_format": "json",
    }]);
    assert_eq!(good(play.get(hooks)).await["webhooks"], expected);
    let patch = async |id: &str, webhook: Value| {
        let url = play.url(&format!("/zendesk/api/v2/webhooks/{id}"));
        let request = play.client.patch(url).bearer_auth("t").json(&json!({ "webhook": webhook }));
        request.send().await.unwrap().status()
    };
    assert_eq!(patch("01H", json!({ "status": "active" })).await, StatusCode::NO_CONTENT);
    assert_eq!(good(play.get("/zendesk/api/v2/webhooks/01H")).await["webhook"]["status"], "active");
    assert_eq!(patch("01H", json!({ "endpoint": "http://127.0.0.1/" })).await, StatusCode::BAD_REQUEST);
    assert_eq!(patch("02H", json!({ "status": "active" })).await, StatusCode::NOT_FOUND);
}
