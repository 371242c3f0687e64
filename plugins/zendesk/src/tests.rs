//! What every golden body says, and that no body whatever does harm; the rest by topic in the files beside.

mod acting;
mod checking;
mod converging;
mod events;
mod polling;
mod triggers;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::LazyLock;

use omnihub_plugin::host::http::{HttpError, Method, Request, Response};
use omnihub_plugin::model::{Interaction, Ticket};
use omnihub_plugin::testing::{delivery, mutated};
use omnihub_plugin::{Delivery, Event, Failure, Header, Payload, Report};
use proptest::prelude::*;

use crate::manifest;
use crate::map::{self, Settings};

const RECEIVED_AT: i64 = 1_800_000_000_000_000_000;
const SIGNED: i64 = 1_772_446_531_000_000_000;

fn told_with(body: &str, mapping: Option<&str>) -> Result<Report, Failure> {
    let signed = Header { name: manifest::SIGNED_AT.into(), value: "2026-03-02T10:15:31Z".into() };
    let delivery =
        Delivery { topic: None, headers: vec![signed], body: body.into(), received_at: RECEIVED_AT };
    let settings = Settings { trigger_mapping: mapping.map(str::to_owned), ..Settings::default() };
    map::report(&delivery, &settings)
}

fn told(body: &str) -> Result<Report, Failure> {
    told_with(body, None)
}

/// An event of a subscription, one second after 1970 began, about ticket or user 7.
fn event(kind: &str, detail: &str, event: &str) -> String {
    format!(
        r#"{{"type": "zen:event-type:{kind}", "id": "e1", "time": "1970-01-01T00:00:01Z", "subject": "zen:x:7",
            "detail": {detail}, "event": {event}}}"#
    )
}

/// Name and key of every event.
fn check_events(body: &str, expected: &[(&str, &str)]) -> Report {
    let report = told(body).unwrap();
    let events: Vec<_> =
        report.events.iter().map(|event| (event.name.as_str(), event.key.as_str())).collect();
    assert_eq!(events, expected, "{body}");
    report
}

fn ticket(event: &Event) -> &Ticket {
    let Payload::Ticket(ticket) = &event.payload else { panic!("{event:?}") };
    ticket
}

fn interaction(event: &Event) -> &Interaction {
    let Payload::Interaction(interaction) = &event.payload else { panic!("{event:?}") };
    interaction
}

/// What Zendesk answers to which requests, in order; anything else is a mistake of the connector's.
struct Script {
    expected: VecDeque<(String, Result<Response, HttpError>)>,
    /// Endpoint, bodies, headers of what was asked.
    asked: Vec<(String, Request)>,
}

impl Script {
    /// Lines such as "GET /api/v2/webhooks" with status and body.
    fn of(steps: &[(&str, u16, &str)]) -> Self {
        let step = |(line, status, body): &(&str, u16, &str)| ((*line).to_owned(), Ok(answer(*status, body)));
        Self { expected: steps.iter().map(step).collect(), asked: Vec::new() }
    }

    fn then(mut self, line: &str, answer: Result<Response, HttpError>) -> Self {
        self.expected.push_back((line.to_owned(), answer));
        self
    }

    fn send(&mut self, endpoint: &str, request: &Request) -> Result<Response, HttpError> {
        let line = line(request);
        let (expected, answer) = self.expected.pop_front().unwrap_or_else(|| panic!("not expected: {line}"));
        assert_eq!(line, expected);
        self.asked.push((endpoint.to_owned(), request.clone()));
        answer
    }

    /// All that was expected was asked.
    fn is_over(&self) -> bool {
        self.expected.is_empty()
    }

    fn body(&self, index: usize) -> serde_json::Value {
        serde_json::from_str(self.asked[index].1.body.as_deref().unwrap()).unwrap()
    }
}

fn line(request: &Request) -> String {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    };
    format!("{method} {}", request.path)
}

fn answer(status: u16, body: &str) -> Response {
    Response { status, headers: Vec::new(), body: body.into() }
}

/// Every golden body with the name of its folder.
fn golden() -> Vec<(String, Delivery)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/plugins/zendesk");
    let webhook = manifest::manifest().webhooks.remove(0);
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|case| {
            let case = case.unwrap();
            let http = std::fs::read_to_string(case.path().join("delivery.http")).unwrap();
            (case.file_name().into_string().unwrap(), delivery(&http, &webhook, RECEIVED_AT).unwrap())
        })
        .collect();
    cases.sort_by(|left, right| left.0.cmp(&right.0));
    cases
}

#[test]
fn every_golden_body_says_something_or_is_refused() {
    for (case, delivery) in golden() {
        let refused =
            matches!(case.as_str(), "body-empty" | "trigger-broken-by-a-quote" | "trigger-without-ticket-id");
        match map::report(&delivery, &Settings::default()) {
            Ok(report) => {
                assert!(!refused, "{case}");
                assert!(!(report.events.is_empty() && report.notes.is_empty()), "{case}");
            }
            Err(failure) => assert!(refused && matches!(failure, Failure::Rejected(_)), "{case} {failure:?}"),
        }
    }
}

#[test]
fn copies_of_a_delivery_agree_whenever_they_arrive() {
    for (case, delivery) in golden() {
        let later = Delivery { received_at: RECEIVED_AT + 1, ..delivery.clone() };
        let identity = |delivery: &Delivery| {
            let events =
                map::report(delivery, &Settings::default()).map(|report| report.events).unwrap_or_default();
            events
                .into_iter()
                .map(|event| (event.name, event.key, event.version, event.payload))
                .collect::<Vec<_>>()
        };
        assert_eq!(identity(&delivery), identity(&later), "{case}");
    }
}

#[test]
fn nonsense_is_refused() {
    for body in ["", "no json", "[]", "7", "null", r#"{"a": 1}"#, r#"{"ticket_id": "7""#] {
        assert!(matches!(told(body), Err(Failure::Rejected(_))), "{body}");
    }
    let nameless = r#"{"type": "zen:event-type:ticket.created", "detail": {}}"#;
    assert!(matches!(told(nameless), Err(Failure::Rejected(_))));
}

proptest! {
    #[test]
    fn no_accident_does_harm(case in 0_usize..1_000, choices in prop::collection::vec(any::<(u16, u8)>(), 0..6)) {
        static GOLDEN: LazyLock<Vec<(String, Delivery)>> = LazyLock::new(golden);
        let (_, delivery) = &GOLDEN[case % GOLDEN.len()];
        let damaged = Delivery { body: mutated(&delivery.body, &choices), ..delivery.clone() };
        let report = map::report(&damaged, &Settings::default());
        let says_something = report.map_or(true, |report| !(report.events.is_empty() && report.notes.is_empty()));
        prop_assert!(says_something);
    }
}
