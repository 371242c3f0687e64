//! Hours in which a provider is down, by the simulated clock, which is turned here over control.

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use provider_simulator::{
    Clock, Connection, DownCalls, DownWebhooks, Ending, Outage, OutageError, Provider, Reply, Scheme,
    Sending, Simulator, SimulatorOptions,
};
use serde_json::{Value, json};

use crate::{Play, answer, client, good};

const START: &str = "2026-03-01T10:00:30Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn outage(from: &str, until: &str) -> Outage {
    Outage {
        provider: Some(Provider::Square),
        from: time(from),
        until: time(until),
        calls: DownCalls::default(),
        webhooks: DownWebhooks::default(),
    }
}

async fn advance(play: &Play, how: Value) -> Value {
    let advanced = good(play.post("/control/clock/advance", &how)).await;
    advanced.get("now").unwrap().clone()
}

#[tokio::test]
async fn all_providers_read_the_clock_that_control_turns() {
    let options = SimulatorOptions { clock: Clock::stopped_at(time(START)), ..SimulatorOptions::default() };
    let simulator = Simulator::start(options).await.unwrap();
    let control = simulator.control();
    control.advance(Duration::from_secs(3_600), 1).await;
    assert_eq!(control.now(), time("2026-03-01T11:00:30Z"));
    let body = json!({ "idempotency_key": "k", "adjust_points": { "points": 1 } });
    let url = format!("{}/square/v2/loyalty/accounts/a/adjust", simulator.base_url());
    good(client().post(url).bearer_auth("t").json(&body)).await;
    assert_eq!(control.calls()[0].at, control.now());
    let event = serde_json::to_value(control.world().square).unwrap();
    assert!(event.to_string().contains("2026-03-01T11:00:30"), "{event}");
    control.advance_to(time(START), 1).await;
    assert_eq!(control.now(), time("2026-03-01T11:00:30Z"), "never back");
    control.reset();
    assert_eq!(control.now(), time("2026-03-01T11:00:30Z"));
}

#[tokio::test]
async fn a_compressed_clock_runs_ahead_of_the_machines() {
    let start = time(START);
    let clock = Clock::compressed(start, 1_000_000);
    assert!(clock.now() >= start);
    let a_day = jiff::SignedDuration::from_hours(24);
    while clock.now().duration_since(start) < a_day {
        tokio::task::yield_now().await;
    }
    clock.forward_to(start + a_day * 1_000);
    assert!(clock.now() >= start + a_day * 1_000);
}

#[tokio::test]
async fn a_provider_is_down_from_one_moment_to_another() {
    let play = Play::start().await;
    let planned =
        json!({ "provider": "square", "from": "2026-03-01T12:00:00Z", "until": "2026-03-01T13:00:00Z" });
    assert_eq!(good(play.post("/control/outages", &planned)).await["id"], 1);
    let status = async || play.get("/square/v2/inventory/x").send().await.unwrap().status().as_u16();
    assert_eq!(status().await, 200);
    assert_eq!(advance(&play, json!({ "to": "2026-03-01T12:00:00Z" })).await, "2026-03-01T12:00:00Z");
    assert_eq!(status().await, 503);
    assert_eq!(play.get("/zendesk/api/v2/tickets").send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(advance(&play, json!({ "ms": 3_599_999 })).await, "2026-03-01T12:59:59.999Z");
    assert_eq!(status().await, 503);
    advance(&play, json!({ "ms": 1 })).await;
    assert_eq!(status().await, 200);
    let calls = play.simulator.control().calls();
    let met: Vec<_> = calls.iter().map(|call| (call.fault.as_deref(), call.handled)).collect();
    let (well, down) = ((None, true), (Some("outage"), false));
    assert_eq!(met, [well, down, well, down, well]);
    assert_eq!(answer(play.post("/control/clock/advance", &json!({}))).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn callers_meet_what_was_planned() {
    let play = Play::start().await;
    let control = play.simulator.control();
    let call = async || play.get("/square/v2/inventory/x").send().await;
    let meets = async |calls: DownCalls| {
        control.clear_outages();
        let outage = Outage { calls, ..outage(START, "2026-03-02T00:00:00Z") };
        control.plan_outage(outage).unwrap();
        call().await
    };
    assert_eq!(meets(DownCalls::Page { status: 502 }).await.unwrap().status(), StatusCode::BAD_GATEWAY);
    let slow = DownCalls::Status { status: 429, retry_after: Some("1.5".into()) };
    assert_eq!(meets(slow).await.unwrap().headers()["retry-after"], "1.5");
    assert!(meets(DownCalls::ConnectionReset).await.is_err());
    assert_eq!(meets(DownCalls::Answered).await.unwrap().status(), StatusCode::OK);

    let senseless = outage("2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z");
    assert_eq!(control.plan_outage(senseless), Err(OutageError::Empty));
    let page = Outage { calls: DownCalls::Page { status: 200 }, ..outage(START, "2026-03-02T00:00:00Z") };
    assert_eq!(control.plan_outage(page), Err(OutageError::Status(200)));
    let id = control.outages()[0].id;
    assert!(control.cancel_outage(id) && !control.cancel_outage(id));
}

#[tokio::test]
async fn webhooks_wait_for_the_end_of_an_outage_or_are_lost() {
    let play = Play::start().await;
    let control = play.simulator.control();
    // Nobody listens there; what counts is when it was tried.
    let scheme = Scheme::Square { notification_url: None };
    let connection =
        Connection { retry_after_s: Some(vec![]), ..Connection::new("http://127.0.0.1:1/", "s", scheme) };
    control.connect("it", connection).unwrap();
    control.plan_outage(outage(START, "2026-03-01T11:00:00Z")).unwrap();
    let lost =
        Outage { webhooks: DownWebhooks::Lost, ..outage("2026-03-01T11:30:00Z", "2026-03-01T12:00:00Z") };
    control.plan_outage(lost).unwrap();
    let announce = || control.announce(Provider::Square, "t", &json!({}));
    announce();
    control.send_due(1).await;
    assert_eq!(control.deliveries()[0].attempts.len(), 0);
    control.advance_to(time("2026-03-01T11:45:00Z"), 1).await;
    announce();
    control.advance_to(time("2026-03-01T12:00:00Z"), 1).await;
    announce();
    control.flush(1).await;
    let deliveries = control.deliveries();
    let endings: Vec<_> = deliveries.iter().map(|delivery| delivery.ending).collect();
    assert_eq!(endings, [Ending::GaveUp, Ending::Lost, Ending::GaveUp]);
    let first = deliveries[0].attempts[0];
    assert_eq!((first.at, first.reply), (time("2026-03-01T11:00:00Z"), Reply::Refused));
}

#[tokio::test]
async fn a_simulator_may_send_by_itself() {
    let options = SimulatorOptions { sending: Sending::ByItself, ..SimulatorOptions::default() };
    let simulator = Simulator::start(options).await.unwrap();
    let control = simulator.control();
    let connection = Connection::new("http://127.0.0.1:1/", "s", Scheme::Meta);
    control.connect("it", Connection { retry_after_s: Some(vec![]), ..connection }).unwrap();
    control.announce(Provider::Graph, "instagram", &json!({}));
    let sent = async {
        while control.deliveries()[0].ending == Ending::Waiting {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(60), sent).await.unwrap();
}
