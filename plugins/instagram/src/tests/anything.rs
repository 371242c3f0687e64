//! Anything at all: what went wrong on its way is told, noted or refused, and never costs the rest.

use omnihub_plugin::meta::scripted::{Scripted, answer};
use omnihub_plugin::{Failure, testing};
use proptest::prelude::*;

use super::fake::{Fake, Said, at, page_of, position};
use super::{ACCOUNT, RECEIVED, api, goldens, read, settings};
use crate::api::Api;
use crate::poll;

fn mutated() -> impl Strategy<Value = String> {
    let bodies: Vec<String> = goldens().into_iter().map(|(_, delivery)| delivery.body).collect();
    let choices = prop::collection::vec(any::<(u16, u8)>(), 1..6);
    (prop::sample::select(bodies), choices).prop_map(|(body, choices)| testing::mutated(&body, &choices))
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

    #[test]
    fn every_page_is_told_noted_or_asked_for_again(choices in prop::collection::vec(any::<(u16, u8)>(), 1..6)) {
        let said = (0..7).map(|number| Said::new(number, &format!("700{}", number % 3), number % 2 == 0, at(number as i64)));
        let page = Fake::of(said.collect()).answer_to("/v25.0/me/conversations").to_string();
        let damaged = testing::mutated(&page, &choices);
        let api = Api { account_id: Some(ACCOUNT.into()), ..api() };
        let mut graph = Scripted::new([answer(200, damaged.clone())]);
        match poll::poll(&position(None, None), &settings(), &api, &mut graph) {
            Ok(page) => {
                let is_silent = page.report.events.is_empty() && page.report.notes.is_empty();
                prop_assert!(!is_silent || is_empty(&damaged), "{}", damaged);
                prop_assert!(page.cursor.is_some_and(|cursor| cursor.len() <= 16 * 1024));
            }
            Err(failure) => prop_assert!(matches!(failure, Failure::RetryAfterMs(_))),
        }
    }

    #[test]
    fn a_damaged_cursor_is_refused_or_read(choices in prop::collection::vec(any::<(u16, u8)>(), 1..4)) {
        let said = (0..25).map(|number| Said::new(number, "7000", false, at(number as i64)));
        let api = Api { account_id: Some(ACCOUNT.into()), page_size: 1, ..api() };
        let mut fake = Fake::of(said.collect());
        let cursor = page_of(&mut fake, &api, &position(None, None)).cursor.unwrap();
        let position = position(Some(testing::mutated(&cursor, &choices)), None);
        let mut graph = Scripted::new([answer(200, r#"{"data": []}"#)]);
        match poll::poll(&position, &settings(), &api, &mut graph) {
            Ok(page) => prop_assert!(page.cursor.is_some()),
            Err(failure) => prop_assert!(matches!(failure, Failure::Rejected(_))),
        }
    }
}

/// Whether a page lists no messages, of any conversation.
fn is_empty(page: &str) -> bool {
    // A number that nothing else reads is none either.
    let Ok(page) = serde_json::from_str::<serde_json::Value>(page) else { return true };
    let list = |value: &serde_json::Value| value.as_array().cloned();
    let conversations = list(&page["data"]).unwrap_or_default();
    conversations.iter().all(|one| list(&one["messages"]["data"]).is_some_and(|all| all.is_empty()))
}
