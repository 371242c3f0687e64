//! Looking at the subscription, and repairing it.

use omnihub_plugin::meta::scripted::{Scripted, answer};
use omnihub_plugin::{Failure, Standing, Wanted};

use super::api;
use crate::api::Api;
use crate::check::check;

const ALL: &str = r#"{"data": [{"id": "1", "subscribed_fields": ["messages", "messaging_postbacks", "messaging_seen",
    "message_reactions", "message_edit", "messaging_referral", "comments", "story_insights"]}]}"#;
const SOME: &str = r#"{"data": [{"id": "1", "subscribed_fields": ["messages"]}]}"#;

fn wanted(repair: bool) -> Wanted {
    Wanted { callback: "https://hub.example.com/hooks/instagram".into(), repair }
}

/// How the fields stand, and how many requests it took to know.
fn standings(repair: bool, script: Vec<(u16, &str)>) -> (Vec<Standing>, usize) {
    let mut graph = Scripted::new(script.into_iter().map(|(status, body)| answer(status, body)));
    let all = check(&wanted(repair), &api(), &mut graph).unwrap();
    for one in &all {
        assert_eq!(one.detail.is_some(), one.standing == Standing::Broken);
    }
    (all.into_iter().map(|one| one.standing).collect(), graph.asked.len())
}

#[test]
fn what_is_there_is_left_alone() {
    assert_eq!(standings(true, vec![(200, ALL)]), (vec![Standing::Active; 7], 1));
}

#[test]
fn what_is_missing_is_subscribed_when_that_is_wanted() {
    let one_active = |rest: Standing| [vec![Standing::Active], vec![rest; 6]].concat();
    let success = (200, r#"{"success": true}"#);
    assert_eq!(standings(true, vec![(200, SOME), success]), (one_active(Standing::Repaired), 2));
    assert_eq!(standings(false, vec![(200, SOME)]), (one_active(Standing::Broken), 1));
    let refused = (400, r#"{"error": {"code": 100}}"#);
    assert_eq!(standings(true, vec![(200, SOME), refused]), (one_active(Standing::Broken), 2));
    assert_eq!(standings(true, vec![(200, r#"{"data": []}"#), success]).0, vec![Standing::Repaired; 7]);
}

#[test]
fn fields_are_asked_for_together_and_a_page_knows_its_own() {
    let mut graph = Scripted::new([answer(200, SOME), answer(200, "{}")]);
    check(&wanted(true), &api(), &mut graph).unwrap();
    let path = &graph.asked[1].path;
    assert!(
        path.starts_with("/v25.0/me/subscribed_apps?subscribed_fields=messages%2Cmessaging_postbacks%2C")
    );

    let mut graph = Scripted::new([answer(200, SOME)]);
    let page = Api { page_id: Some("1060".into()), ..api() };
    let all = check(&wanted(true), &page, &mut graph).unwrap();
    assert_eq!((all.len(), all[0].standing), (1, Standing::Active));
    assert_eq!(graph.asked[0].path, "/v25.0/1060/subscribed_apps");
}

#[test]
fn what_cannot_be_seen_is_looked_at_again() {
    let failure = |status, body: &str| {
        check(&wanted(true), &api(), &mut Scripted::new([answer(status, body)])).unwrap_err()
    };
    assert!(matches!(failure(200, "<html>"), Failure::RetryAfterMs(_)));
    assert!(matches!(failure(500, ""), Failure::RetryAfterMs(_)));
    assert!(matches!(failure(400, r#"{"error": {"code": 190}}"#), Failure::Unauthorised(_)));
}
