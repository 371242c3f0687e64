//! What injected faults do to a caller, and whether the provider acted all the same.

use http::StatusCode;
use provider_simulator::{Disarmed, Fault, FaultError, Outcome, Provider};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::{Play, answer, good};

/// One point more on a loyalty account; each acts.
fn point(play: &Play, key: &str) -> RequestBuilder {
    let body = json!({ "idempotency_key": key, "adjust_points": { "points": 1 } });
    play.post("/square/v2/loyalty/accounts/acc-1/adjust", &body)
}

fn points(play: &Play) -> i64 {
    play.simulator.control().world().square.loyalty_account("acc-1").map_or(0, |account| account.balance)
}

fn inject(play: &Play, outcome: Outcome) {
    play.simulator.control().inject(Fault::at(Provider::Square, outcome)).unwrap();
}

/// The innermost cause of a failed call.
fn io_kind(error: &reqwest::Error) -> Option<std::io::ErrorKind> {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    let mut kind = None;
    while let Some(error) = cause {
        kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind).or(kind);
        cause = error.source();
    }
    kind
}

#[tokio::test]
async fn a_status_comes_instead_of_the_act_in_the_providers_words() {
    let play = Play::start().await;
    inject(&play, Outcome::Status { status: 429, retry_after: Some("2.0".into()) });
    let limited = point(&play, "k").send().await.unwrap();
    assert_eq!(
        (limited.status(), &limited.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"2.0".parse().unwrap())
    );
    assert_eq!(limited.json::<Value>().await.unwrap()["errors"][0]["code"], "RATE_LIMITED");
    assert_eq!(points(&play), 0);
    inject(&play, Outcome::StatusAfterActing { status: 500, retry_after: None });
    assert_eq!(answer(point(&play, "k")).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(points(&play), 1);
    good(point(&play, "k")).await;
    assert_eq!(points(&play), 1, "the key had been used");
}

#[tokio::test]
async fn a_lost_answer_acted_and_a_reset_connection_did_not() {
    let play = Play::start().await;
    inject(&play, Outcome::AnswerLost);
    let lost = point(&play, "k1").send().await.unwrap_err();
    assert!(lost.is_request() && !lost.is_timeout());
    assert_eq!(points(&play), 1);

    inject(&play, Outcome::ConnectionReset);
    let reset = point(&play, "k2").send().await.unwrap_err();
    assert_eq!(io_kind(&reset), Some(std::io::ErrorKind::ConnectionReset));
    assert_eq!(points(&play), 1);
    let calls = play.simulator.control().calls();
    let seen: Vec<_> = calls.iter().map(|call| (call.status, call.fault.as_deref())).collect();
    assert_eq!(seen, [(None, Some("answer_lost")), (None, Some("connection_reset"))]);
    good(point(&play, "k1")).await;
    assert_eq!(points(&play), 1);
}

#[tokio::test]
async fn bodies_come_broken_slowly_or_under_a_wrong_name() {
    let play = Play::start().await;
    inject(&play, Outcome::TruncatedJson);
    let broken = point(&play, "k").send().await.unwrap();
    assert_eq!(broken.status(), StatusCode::OK);
    let half = broken.text().await.unwrap();
    assert!(half.starts_with("{\"event\"") && serde_json::from_str::<Value>(&half).is_err());

    inject(&play, Outcome::CutBody);
    let cut = point(&play, "k").send().await.unwrap();
    assert_eq!(cut.status(), StatusCode::OK);
    assert!(cut.bytes().await.is_err());

    inject(&play, Outcome::WrongContentType);
    let page = point(&play, "k").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.json::<Value>().await.unwrap()["event"].is_object());

    inject(&play, Outcome::SlowBody { pause_ms: 1, pieces: 5 });
    let slow = point(&play, "k").send().await.unwrap();
    assert!(slow.json::<Value>().await.unwrap()["event"].is_object());
    assert_eq!(points(&play), 1);
}

#[tokio::test]
async fn bodies_come_empty_too_large_or_from_somebody_else() {
    let play = Play::start().await;
    inject(&play, Outcome::EmptyBody);
    let empty = point(&play, "k").send().await.unwrap();
    assert_eq!((empty.status(), empty.bytes().await.unwrap().len()), (StatusCode::OK, 0));

    inject(&play, Outcome::OversizedBody { bytes: 300_000 });
    let large = point(&play, "k").send().await.unwrap().bytes().await.unwrap();
    assert_eq!(large.len(), 300_000);
    assert!(serde_json::from_slice::<Value>(&large).unwrap()["event"].is_object());
    assert_eq!(points(&play), 1);

    inject(&play, Outcome::Page { status: 502 });
    let page = point(&play, "k2").send().await.unwrap();
    assert_eq!(
        (page.status(), &page.headers()["content-type"]),
        (StatusCode::BAD_GATEWAY, &"text/html; charset=utf-8".parse().unwrap())
    );
    assert!(page.text().await.unwrap().starts_with("<!doctype html>"));
    assert_eq!(points(&play), 1);
}

#[tokio::test]
async fn retry_after_comes_as_it_is_written() {
    let play = Play::start().await;
    for written in ["2", "2.0", "0.25", "Sun, 01 Mar 2026 10:01:00 GMT"] {
        inject(&play, Outcome::Status { status: 429, retry_after: Some(written.into()) });
        let limited = point(&play, "k").send().await.unwrap();
        assert_eq!(limited.headers()["retry-after"], written);
    }
}

#[tokio::test]
async fn a_provider_acts_although_the_caller_gave_up() {
    let play = Play::start().await;
    let late = Fault { delay_before_ms: 60, ..Fault::at(Provider::Square, Outcome::Answered) };
    play.simulator.control().inject(late).unwrap();
    let gave_up = point(&play, "k").timeout(std::time::Duration::from_millis(20)).send().await;
    assert!(gave_up.unwrap_err().is_timeout());
    until(|| points(&play) == 1).await;
    until(|| play.simulator.control().calls()[0].handled).await;
    assert_eq!(play.simulator.control().calls()[0].status, None, "nobody was told");
    // The same key again: the answer that was missed.
    good(point(&play, "k")).await;
    assert_eq!(points(&play), 1);
}

#[tokio::test]
async fn a_fault_may_wait_and_may_strike_by_chance() {
    let play = Play::start().await;
    let control = play.simulator.control();
    let status = Outcome::Status { status: 500, retry_after: None };
    let third = Fault { skip: 2, ..Fault::at(Provider::Square, status.clone()) };
    control.inject(third).unwrap();
    let statuses = async |count: usize| {
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(play.get("/square/v2/inventory/x").send().await.unwrap().status().as_u16());
        }
        statuses
    };
    assert_eq!(statuses(4).await, [200, 200, 500, 200]);

    let often =
        |seed| Fault { times: 1_000, percent: 30, seed, ..Fault::at(Provider::Square, status.clone()) };
    let mut struck = Vec::new();
    for seed in [1, 1, 2] {
        control.clear_faults();
        control.inject(often(seed)).unwrap();
        struck.push(statuses(100).await);
    }
    assert_eq!(struck[0], struck[1]);
    assert_ne!(struck[0], struck[2]);
    let failures = struck[0].iter().filter(|status| **status == 500).count();
    assert!((15..=45).contains(&failures), "{failures}");
}

#[tokio::test]
async fn customers_and_merchants_go_on_while_the_interface_is_down() {
    let play = Play::start().await;
    let control = play.simulator.control();
    for _ in 0..4 {
        control.inject(Fault::new(Outcome::ConnectionReset)).unwrap();
    }
    let bare = |path: &str, body: Value| play.client.post(play.url(path)).json(&body);
    let wrote = json!({ "account": "1060", "from": "16505551234", "text": "hello" });
    good(bare("/graph/people/whatsapp/messages", wrote)).await;
    let edited = play.client.put(play.url("/shopify/merchant/orders/9")).json(&json!({ "fields": {} }));
    good(edited).await;
    assert_eq!((control.calls().len(), control.faults().len()), (0, 4));
}

#[tokio::test]
async fn a_closed_door_refuses_and_opens_again_at_the_same_address() {
    let play = Play::start().await;
    let door = good(play.post("/control/doors", &json!({}))).await;
    let inventory = format!("{}/square/v2/inventory/x", door["base_url"].as_str().unwrap());
    let call = async || play.client.get(&inventory).bearer_auth("t").send().await;
    assert_eq!(call().await.unwrap().status(), StatusCode::OK);
    let turn =
        async |way: &str| good(play.post(&format!("/control/doors/{}/{way}", door["id"]), &json!({}))).await;
    for _ in 0..2 {
        assert_eq!(turn("close").await["open"], false);
        let refused = call().await.unwrap_err();
        assert_eq!(io_kind(&refused), Some(std::io::ErrorKind::ConnectionRefused));
        assert_eq!(good(play.get("/control/doors")).await["doors"][0]["open"], false);
        assert_eq!(turn("open").await["open"], true);
        assert_eq!(call().await.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(turn("open").await, door);
    assert_eq!(answer(play.post("/control/doors/9/close", &json!({}))).await.0, StatusCode::NOT_FOUND);
    let address = inventory.clone();
    play.simulator.stop().await;
    // Its task ends by the same signal, not necessarily first.
    let gone = async { while play.client.get(&address).send().await.is_ok() {} };
    tokio::time::timeout(std::time::Duration::from_secs(60), gone).await.unwrap();
}

#[tokio::test]
async fn a_fault_meets_only_the_calls_it_names() {
    let play = Play::start().await;
    let control = play.simulator.control();
    let fault = json!({
        "provider": "square", "method": "post", "path_prefix": "/v2/loyalty", "times": 2,
        "outcome": { "kind": "status", "status": 503 },
    });
    good(play.post("/control/faults", &fault)).await;
    good(play.get("/square/v2/inventory/x")).await;
    good(play.get("/zendesk/api/v2/tickets.json")).await;
    assert_eq!(answer(point(&play, "k")).await.0, StatusCode::SERVICE_UNAVAILABLE);
    let listed = good(play.get("/control/faults")).await;
    assert_eq!((&listed["faults"][0]["id"], &listed["faults"][0]["times_left"]), (&json!(1), &json!(1)));
    assert_eq!(answer(point(&play, "k")).await.0, StatusCode::SERVICE_UNAVAILABLE);
    good(point(&play, "k")).await;

    let id = control.inject(Fault::new(Outcome::AnswerLost)).unwrap();
    let remove = async || {
        play.client.delete(play.url(&format!("/control/faults/{id}"))).send().await.unwrap().status()
    };
    assert_eq!((remove().await, remove().await), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
    assert_eq!(control.disarm(id), Disarmed::NotArmed);
    control.inject(Fault::new(Outcome::AnswerLost)).unwrap();
    let cleared = play.client.delete(play.url("/control/faults")).send().await.unwrap();
    assert_eq!((cleared.status(), control.faults().len()), (StatusCode::NO_CONTENT, 0));
}

/// Waits until the providers' side of a call got somewhere; fails instead of hanging when it never does.
async fn until(reached: impl Fn() -> bool) {
    let waiting = async {
        while !reached() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await.unwrap();
}

#[tokio::test]
async fn delays_stand_before_and_after_the_act() {
    let play = Play::start().await;
    let control = play.simulator.control();
    // The longest delay there is: the calls below are never answered while the test runs.
    let late = Fault { delay_after_ms: 120_000, ..Fault::at(Provider::Square, Outcome::Answered) };
    control.inject(late).unwrap();
    let unanswered = tokio::spawn(point(&play, "k1").send());
    until(|| points(&play) == 1).await;
    assert!(!unanswered.is_finished());

    let early = Fault { delay_before_ms: 120_000, ..Fault::at(Provider::Square, Outcome::Answered) };
    control.inject(early).unwrap();
    let unacted = tokio::spawn(point(&play, "k2").send());
    until(|| control.calls().len() == 2).await;
    // A later call overtakes the one that still waits.
    good(point(&play, "k3")).await;
    assert_eq!(points(&play), 2);
    assert!(!unacted.is_finished());
    let answered: Vec<_> = control.calls().iter().map(|call| call.status).collect();
    assert_eq!(answered, [None, None, Some(200)]);
}

#[tokio::test]
async fn senseless_faults_are_refused() {
    let play = Play::start().await;
    let control = play.simulator.control();
    let status = |status| Outcome::Status { status, retry_after: None };
    for (fault, error) in [
        (Fault { times: 0, ..Fault::new(Outcome::AnswerLost) }, FaultError::Never),
        (Fault::new(status(200)), FaultError::Status(200)),
        (Fault { delay_before_ms: 120_001, ..Fault::new(Outcome::Answered) }, FaultError::Delay(120_001)),
        (Fault::new(Outcome::SlowBody { pause_ms: 1, pieces: 0 }), FaultError::Pieces),
        (Fault { percent: 101, ..Fault::new(Outcome::AnswerLost) }, FaultError::Percent),
        (Fault::new(Outcome::OversizedBody { bytes: 1 << 30 }), FaultError::Size),
        (Fault::new(Outcome::Page { status: 302 }), FaultError::Status(302)),
    ] {
        assert_eq!(control.inject(fault), Err(error));
    }
    let misspelt = json!({ "provider": "square", "outcome": { "kind": "answerlost" } });
    assert_eq!(answer(play.post("/control/faults", &misspelt)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(control.faults().len(), 0);
}
