//! Anything at all: what went wrong on its way is told, noted or refused, and never costs the rest.

use omnihub_plugin::{Failure, testing};
use proptest::prelude::*;

use super::{RECEIVED, goldens, names, read};

fn mutated() -> impl Strategy<Value = String> {
    let bodies: Vec<String> = goldens().into_iter().map(|(_, delivery)| delivery.body).collect();
    let choices = prop::collection::vec(any::<(u16, u8)>(), 1..6);
    (prop::sample::select(bodies), choices).prop_map(|(body, choices)| testing::mutated(&body, &choices))
}

#[test]
fn a_message_nested_in_itself_is_read_once() {
    const DEPTH: usize = 20_000;
    let edit = r#"{"type": "edit", "edit": {"original_message_id": "a", "message": "#;
    let inner = format!("{}{{}}{}", edit.repeat(DEPTH), "}}".repeat(DEPTH));
    let body = format!(
        r#"{{"entry": [{{"changes": [{{"field": "messages", "value": {{"messages": [{inner}]}}}}]}}]}}"#
    );
    assert_eq!(names(&read(&body, 1).unwrap()), ["message.edited"]);
}

#[test]
fn what_is_no_envelope_is_rejected() {
    for body in ["", "hello", "[]", "{}", "{\"messages\": []}", "null"] {
        assert!(matches!(read(body, 1), Err(Failure::Rejected(_))), "{body}");
    }
}

#[test]
fn every_golden_says_something() {
    for (case, delivery) in goldens() {
        let report = read(&delivery.body, RECEIVED).unwrap();
        assert!(!report.events.is_empty() || !report.notes.is_empty(), "{case}");
    }
}

proptest! {
    #[test]
    fn every_body_is_told_noted_or_rejected(body in prop_oneof![9 => mutated(), 1 => ".{0,60}"]) {
        match read(&body, RECEIVED) {
            Ok(report) => prop_assert!(!report.events.is_empty() || !report.notes.is_empty()),
            Err(failure) => prop_assert!(matches!(failure, Failure::Rejected(_))),
        }
    }

    #[test]
    fn when_it_arrived_changes_neither_key_nor_version(body in mutated()) {
        let at = |received_at| {
            let report = read(&body, received_at).unwrap_or_default();
            report.events.into_iter().map(|event| (event.name, event.key, event.version)).collect::<Vec<_>>()
        };
        prop_assert_eq!(at(1), at(i64::MAX));
    }
}
