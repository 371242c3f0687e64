mod access;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use hub_fold::Record;
use hub_fold::record::{Command, Delivery, Reported};
use hub_journal::{Entry, Journal, Options};
use hub_model::Timestamp;
use hub_model::event::{self, Event, Identity, IdentityKind, Party, Payload, Proof};
use hub_model::model::Finding;
use hub_store::{MemoryStore, Store};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{Admin, Keyring, router, router_here};
use crate::clock::Clock;
use crate::config::Config;
use crate::folder::catch_up;

/// A journal with one delivery, its view, and the routes over both.
struct Fixture {
    // Holds the journal's folder.
    _dir: tempfile::TempDir,
    journal: Journal,
    router: Router,
    /// What the router is made of, with its view and its clock.
    admin: Arc<Admin>,
    clock: Arc<AtomicI64>,
}

fn deliver(journal: &Journal, name: u8, time_ns: i64) {
    let delivery = Record::Delivery(Delivery {
        connection: "shop".into(),
        connector: "echo".into(),
        topic: Some("greeting".into()),
        headers: vec![("x-topic".into(), "greeting".into())],
        dedupe: [name; 16],
        body: vec![0xff, 0x00],
    });
    let entry = Entry { kind: delivery.kind(), time_ns, payload: delivery.encode() };
    journal.append_blocking(entry).unwrap();
}

/// What the delivery said: a customer with an account.
fn report(journal: &Journal, time_ns: i64) {
    let account = Identity {
        kind: IdentityKind::ProviderId,
        scope: "customer".into(),
        value: "7".into(),
        proof: Proof::Provider,
    };
    let customer = event::Customer {
        who: Party { ids: vec![account], name: Some("Ana".into()) },
        given_name: None,
        family_name: None,
        locale: None,
        tags: None,
        tags_added: Vec::new(),
        tags_removed: Vec::new(),
        state: None,
        deleted: false,
        extra: Vec::new(),
    };
    let event = Event {
        name: "customer.updated".into(),
        key: "7".into(),
        happened_at: Timestamp(1),
        version: 1,
        payload: Payload::Customer(customer),
    };
    let reported = Record::Reported(Reported {
        delivery: Some(1),
        connection: "shop".into(),
        connector: "echo".into(),
        version: "1.0.0".into(),
        events: vec![event],
        notes: Vec::new(),
        findings: Vec::new(),
    });
    let entry = Entry { kind: reported.kind(), time_ns, payload: reported.encode() };
    journal.append_blocking(entry).unwrap();
}

/// What another said: a message, and what an enricher made of it.
fn report_message(journal: &Journal, time_ns: i64) {
    let said = event::Interaction {
        id: "m1".into(),
        channel: Some("web".into()),
        kind: None,
        direction: None,
        author: None,
        customer: None,
        thread: None,
        text: Some("oh great, broken again".into()),
        attachments: Vec::new(),
        reply_to: None,
        ticket: None,
        order: None,
        sent_at: None,
        status: None,
        status_detail: None,
        edited: false,
        reaction: None,
        erased: false,
        extra: Vec::new(),
    };
    let event = Event {
        name: "message.received".into(),
        key: "m1".into(),
        happened_at: Timestamp(1),
        version: 1,
        payload: Payload::Interaction(said),
    };
    let found = Finding { sentiment: "positive".into(), score: 40, ..Finding::default() };
    let reported = Record::Reported(Reported {
        delivery: Some(1),
        connection: "shop".into(),
        connector: "echo".into(),
        version: "1.0.0".into(),
        events: vec![event],
        notes: Vec::new(),
        findings: vec![(0, found)],
    });
    let entry = Entry { kind: reported.kind(), time_ns, payload: reported.encode() };
    journal.append_blocking(entry).unwrap();
}

fn fixture(config: &str) -> Fixture {
    fixture_with(config, |_| {})
}

/// The same with more in journal and view.
fn fixture_with(config: &str, more: impl FnOnce(&Journal)) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(dir.path(), Options::default()).unwrap();
    deliver(&journal, 7, 1);
    more(&journal);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    catch_up(&journal, &*store, &mut |_| {}).unwrap();
    let config = Arc::new(Config::parse("hub.toml", config, Path::new(".")).unwrap());
    let clock = Arc::new(AtomicI64::new(5));
    let admin = Arc::new(Admin {
        keyring: Arc::new(Keyring::open(&config, &*store).unwrap()),
        config,
        journal: journal.clone(),
        store,
        plugins: None,
        metrics: Arc::default(),
        health: Arc::default(),
        inbox: None,
        poller: None,
        watchdog: None,
        clock: Clock::Manual(Arc::clone(&clock)),
        as_of: None,
    });
    Fixture { _dir: dir, journal, router: router(Arc::clone(&admin)), admin, clock }
}

impl Fixture {
    async fn ask(&self, method: Method, uri: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.headers().get("cache-control").unwrap(), "no-store", "{uri}");
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn get(&self, uri: &str) -> (StatusCode, Value) {
        let (status, body) = self.ask(Method::GET, uri, &[("host", "127.0.0.1:8081")]).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    async fn post(&self, uri: &str) -> (StatusCode, Value) {
        let (status, body) = self.ask(Method::POST, uri, &[("host", "127.0.0.1:8081")]).await;
        (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }
}

#[tokio::test]
async fn a_delivery_is_listed_and_shown_with_its_body() {
    let hub = fixture("");
    let (status, list) = hub.get("/v1/deliveries?state=pending&connection=shop").await;
    assert_eq!((status, &list["deliveries"][0]["seq"]), (StatusCode::OK, &Value::from(1)));
    let (status, shown) = hub.get("/v1/deliveries/1").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(shown["received"]["body"]["base64"], "/wA=");
    assert_eq!(shown["received"]["headers"][0][1], "greeting");
    assert_eq!(shown["report"], Value::Null);
}

#[tokio::test]
async fn a_redrive_is_journalled_as_a_command() {
    let hub = fixture("");
    let (status, answer) = hub.post("/v1/deliveries/1/redrive").await;
    assert_eq!((status, &answer["running"]), (StatusCode::ACCEPTED, &Value::Bool(false)));
    let record = hub.journal.read(hub_journal::Seq::new(answer["command"].as_u64().unwrap())).unwrap();
    assert_eq!(record.time_ns, 5);
    let record = Record::decode(record.kind, &record.payload).unwrap();
    assert_eq!(record, Record::Command(Command::Redrive { delivery: 1 }));
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_and_journals_nothing() {
    let hub = fixture("");
    let customer = format!("/v1/customers/cus_{}", "0".repeat(32));
    let event = format!("evt_{}", "0".repeat(32));
    for uri in [
        "/v1/nothing",
        "/v1/deliveries/2",
        &customer,
        &format!("{customer}/timeline"),
        &format!("/v1/events/{event}"),
        &format!("/v1/events/{event}/decisions"),
        &format!("/v1/rules/any/why/{event}"),
        &format!("/v1/effects/eff_{}", "0".repeat(32)),
        "/v1/kpi/mood",
        "/v1/segments/unheard-of/customers",
    ] {
        let (status, answer) = hub.get(uri).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{uri}");
        assert!(answer["error"]["message"].is_string() && answer["error"]["help"].is_string(), "{uri}");
    }
    let (status, _) = hub.post("/v1/deliveries/2/redrive").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let effect = format!("eff_{}", "0".repeat(32));
    for uri in [
        format!("/v1/effects/{effect}/retry"),
        format!("/v1/effects/release?reason=looked&effects={effect}"),
        format!("/v1/effects/cancel?reason=looked&effects={effect}"),
        "/v1/effects/release?reason=looked&rule=nobody".to_owned(),
        "/v1/effects/cancel?reason=looked&rule=nobody".to_owned(),
    ] {
        assert_eq!(hub.post(&uri).await.0, StatusCode::NOT_FOUND, "{uri}");
    }
    assert_eq!(hub.journal.durable().get(), 1);
}

#[tokio::test]
async fn a_mistyped_question_is_answered_with_what_is_wrong() {
    let hub = fixture("");
    for uri in [
        "/v1/deliveries?stat=parked",
        "/v1/deliveries?state=lost",
        "/v1/deliveries/first",
        "/v1/deliveries?limit=-1",
        "/v1/customers/ana",
        "/v1/customers?after=x",
        "/v1/effects?state=sent",
        "/v1/kpi?by=month",
        "/v1/kpi?seconds=0",
        "/v1/kpi?utc_offset_minutes=9999",
        "/v1/kpi/csat?after=x",
        &format!("/v1/customers/cus_{}/timeline?kind=letters", "0".repeat(32)),
    ] {
        let (status, answer) = hub.get(uri).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{uri}");
        assert!(answer["error"]["message"].is_string(), "{uri}");
    }
}

#[tokio::test]
async fn a_read_as_of_a_moment_knows_nothing_later() {
    let hub = fixture("");
    let deliveries = async |as_of: &str| hub.get(&format!("/v1/deliveries?limit=9&as_of={as_of}")).await;
    let count = |answer: &Value| answer["deliveries"].as_array().map(Vec::len);
    let (status, first) = deliveries("1970-01-01T00:00:00.000000003Z").await;
    assert_eq!((status, count(&first)), (StatusCode::OK, Some(1)), "{first}");
    deliver(&hub.journal, 8, 4);
    let (_, again) = deliveries("1970-01-01T00:00:00.000000003Z").await;
    assert_eq!(again, first, "what came later changes nothing");
    let (_, later) = deliveries("1970-01-01T00:00:00.000000004%2B00:00").await;
    assert_eq!(count(&later), Some(2));
    let (_, before) = deliveries("1969-12-31T23:59:59Z").await;
    assert_eq!(count(&before), Some(0));
    for wrong in ["yesterday", "1970-01-01T00:00:01Z", ""] {
        assert_eq!(deliveries(wrong).await.0, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn a_card_as_of_a_moment_is_judged_at_that_moment() {
    let hub = fixture("");
    report(&hub.journal, 2);
    for at in ["1970-01-01T00:00:00.000000003Z", "1970-01-01T00:00:00.000000004Z"] {
        let (_, found) = hub.get(&format!("/v1/customers?as_of={at}")).await;
        let id = found["customers"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}"));
        let (status, card) = hub.get(&format!("/v1/customers/{id}/context?as_of={at}")).await;
        assert_eq!((status, &card["now"]), (StatusCode::OK, &Value::from(at)), "{card}");
    }
}

#[tokio::test]
async fn what_operators_did_is_in_the_audit() {
    let hub = fixture("");
    report(&hub.journal, 2);
    hub.post("/v1/deliveries/1/redrive").await;
    let now = "as_of=1970-01-01T00:00:00.000000005Z";
    let (_, found) = hub.get(&format!("/v1/customers?{now}")).await;
    let id = found["customers"][0]["id"].as_str().unwrap_or_else(|| panic!("{found}"));
    let before = "1970-01-01T00:00:00.000000003Z";
    let (status, export) = hub.get(&format!("/v1/customers/{id}/export?by=ana&as_of={before}")).await;
    assert_eq!((status, &export["made_at"]), (StatusCode::OK, &Value::from(before)), "{export}");
    let (_, audit) = hub.get(&format!("/v1/audit?{now}")).await;
    let entry = &audit["entries"][0];
    assert_eq!(
        (&entry["act"]["exported"]["customer"], &entry["by"]),
        (&Value::from(id), &Value::from("ana"))
    );
    assert_eq!(entry["at"], Timestamp(5).to_string(), "done now, whatever moment was asked for");
    assert_eq!(audit["entries"][1]["act"]["redrove"]["delivery"], 1);
    let (_, verdict) = hub.get(&format!("/v1/audit/verify?{now}")).await;
    assert_eq!((&verdict["entries"], &verdict["broken_at"]), (&Value::from(2), &Value::Null));
    assert_eq!(verdict["head"], entry["hash"]);
}

#[tokio::test]
async fn everything_that_is_sent_is_stopped_and_resumed_with_a_reason() {
    let hub = fixture("");
    for word in ["stop?by=ana", "resume?by=ana", "stop?reason=%20", "release?rule=x", "cancel?reason=none"] {
        let (status, answer) = hub.post(&format!("/v1/effects/{word}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{word}: {answer}");
    }
    assert_eq!(hub.journal.durable().get(), 1);
    for word in ["stop", "resume"] {
        let (status, _) = hub.post(&format!("/v1/effects/{word}?by=ana&reason=prices")).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{word}");
    }
    let (_, audit) = hub.get("/v1/audit?as_of=1970-01-01T00:00:00.000000005Z").await;
    let (resumed, stopped) = (&audit["entries"][0], &audit["entries"][1]);
    assert!(resumed["act"]["resumed_effects"].is_object() && stopped["act"]["stopped_effects"].is_object());
    assert_eq!((&stopped["by"], &stopped["reason"]), (&Value::from("ana"), &Value::from("prices")));
}

#[tokio::test]
async fn reads_are_get_and_changes_are_post() {
    let hub = fixture("");
    assert_eq!(hub.post("/v1/status").await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(hub.get("/v1/deliveries/1/redrive").await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_view_is_verified_against_the_journal() {
    let hub = fixture("");
    let (status, answer) = hub.post("/v1/journal/verify").await;
    assert_eq!((status, &answer["agrees"]), (StatusCode::OK, &Value::Bool(true)), "{answer}");
    assert_eq!(answer["view"], answer["journal"]);
}

#[tokio::test]
async fn effects_are_proven_from_the_journal() {
    let hub = fixture("");
    let (status, answer) = hub.post("/v1/effects/verify").await;
    assert_eq!((status, &answer["proven"]), (StatusCode::OK, &Value::Bool(true)), "{answer}");
    assert_eq!((&answer["missing"], &answer["breaches"]), (&Value::from(0), &serde_json::json!([])));
}

#[tokio::test]
async fn status_says_that_no_hub_runs_and_what_waits() {
    let hub = fixture("[connections.shop]\nconnector = \"echo\"");
    let (status, answer) = hub.get("/v1/status").await;
    assert_eq!((status, &answer["running"]), (StatusCode::OK, &Value::Bool(false)));
    assert_eq!(answer["backlog"], 1);
    assert_eq!(answer["connections"][0]["connector"], "echo");
    assert_eq!(answer["at"], Timestamp(5).to_string());
    let (status, metrics) = hub.ask(Method::GET, "/metrics", &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(metrics.contains("omnihub_journal_durable 1"), "{metrics}");
}

#[tokio::test]
async fn only_who_shows_the_token_is_answered() {
    // A file holds the token, because tests may not set environment variables.
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    std::fs::write(&token, "sesame\n").unwrap();
    let hub = fixture(&format!("[admin]\ntoken = \"file:{}\"", token.display()));
    let status = async |headers: &[(&str, &str)], uri: &str| hub.ask(Method::GET, uri, headers).await.0;
    assert_eq!(status(&[], "/v1/status").await, StatusCode::UNAUTHORIZED);
    for wrong in ["Bearer sesam", "Bearer sesame2", "Basic sesame", "sesame", "Bearer "] {
        assert_eq!(
            status(&[("authorization", wrong)], "/v1/status").await,
            StatusCode::UNAUTHORIZED,
            "{wrong}"
        );
    }
    assert_eq!(status(&[("authorization", "Bearer sesame")], "/v1/status").await, StatusCode::OK);
    assert_eq!(status(&[("authorization", "bearer sesame")], "/metrics").await, StatusCode::OK);
    assert_eq!(status(&[], "/metrics").await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&[], "/v1/nothing").await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&[], "/healthz").await, StatusCode::OK);
}

#[tokio::test]
async fn a_page_that_lets_its_name_point_here_is_not_answered() {
    let hub = fixture("");
    for (host, expected) in [
        ("localhost:8081", StatusCode::OK),
        ("127.0.0.1", StatusCode::OK),
        ("[::1]:8081", StatusCode::OK),
        ("rebound.example:8081", StatusCode::MISDIRECTED_REQUEST),
        ("127.0.0.1.rebound.example", StatusCode::MISDIRECTED_REQUEST),
        ("", StatusCode::MISDIRECTED_REQUEST),
    ] {
        assert_eq!(hub.ask(Method::GET, "/v1/journal/stats", &[("host", host)]).await.0, expected, "{host}");
    }
}

#[tokio::test]
async fn a_page_cannot_post_blindly() {
    let hub = fixture("");
    let host = ("host", "127.0.0.1:8081");
    let uri = "/v1/deliveries/1/redrive";
    for marked in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        assert_eq!(hub.ask(Method::POST, uri, &[host, marked]).await.0, StatusCode::FORBIDDEN, "{marked:?}");
    }
    assert_eq!(hub.journal.durable().get(), 1);
    let own = ("origin", "http://127.0.0.1:8081");
    assert_eq!(hub.ask(Method::POST, uri, &[host, own]).await.0, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_person_corrects_a_message_and_is_named_where_it_shows() {
    let hub = fixture_with("", |journal| report_message(journal, 2));
    let path = "/v1/interactions/shop/m1/corrections";
    let (status, answer) =
        hub.post(&format!("{path}?sentiment=negative&intents=complaint,return&topic=&by=mia")).await;
    assert_eq!((status, &answer["running"]), (StatusCode::ACCEPTED, &Value::Bool(false)), "{answer}");
    let now = "as_of=1970-01-01T00:00:00.000000005Z";
    let (status, listed) = hub.get(&format!("/v1/corrections?{now}")).await;
    assert_eq!(
        (status, &listed["corrections"][0]["text"]),
        (StatusCode::OK, &"oh great, broken again".into())
    );
    let correction = &listed["corrections"][0];
    assert_eq!(correction["found"]["sentiment"], "positive");
    assert_eq!(correction["said"]["sentiment"]["value"], "negative");
    assert_eq!(correction["said"]["intents"]["value"], serde_json::json!(["complaint", "return"]));
    assert_eq!(
        (&correction["said"]["topic"]["value"], &correction["said"]["language"]),
        (&"".into(), &Value::Null)
    );
    let (_, facts) = hub.get(&format!("/v1/facts/interaction/shop/m1?{now}")).await;
    let facts = facts["facts"].as_array().unwrap_or_else(|| panic!("{facts}"));
    let of = |field: &str| facts.iter().find(|fact| fact["field"] == field).unwrap();
    assert_eq!(of("corrected.sentiment")["said"]["by"], "mia");
    assert_eq!(
        (&of("finding")["source"]["connector"], &of("finding")["said"]),
        (&"echo".into(), &Value::Null)
    );
    let (_, audit) = hub.get(&format!("/v1/audit?{now}")).await;
    let act = &audit["entries"][0]["act"]["corrected"];
    assert_eq!(act["fields"], serde_json::json!(["sentiment", "intents", "topic"]), "{audit}");
    assert!(!act.to_string().contains("m1"), "the provider's id may be a phone: {act}");
}

#[tokio::test]
async fn a_correction_that_says_nothing_or_nonsense_is_answered_with_why() {
    let hub = fixture_with("", |journal| report_message(journal, 2));
    let path = "/v1/interactions/shop/m1/corrections";
    for asked in [
        "",
        "?sentiment=sad",
        "?intents=retrun",
        "?topic=weather",
        "?language=german%20please",
        "?mood=sad",
        "?take_back=mood",
        "?sentiment=negative&take_back=sentiment",
        "?take_back=topic,topic",
    ] {
        let (status, answer) = hub.post(&format!("{path}{asked}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{asked}");
        assert!(answer["error"]["message"].is_string() && answer["error"]["help"].is_string(), "{asked}");
    }
    let (status, _) = hub.post("/v1/interactions/shop/m2/corrections?sentiment=negative").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(hub.journal.durable().get(), 2, "nothing is journalled");
}
