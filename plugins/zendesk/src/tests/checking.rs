//! The webhook at Zendesk: there, off, missing.

use omnihub_plugin::{Failure, Standing, Wanted};

use super::Script;
use crate::check::check;

const FIRST: &str = "GET /api/v2/webhooks?page%5Bsize%5D=100";
const OURS: &str = "https://hub.example.com/hooks/desk";

fn hook(id: &str, endpoint: &str, status: &str) -> String {
    format!(
        r#"{{"id": "{id}", "endpoint": "{endpoint}", "status": "{status}", "name": "x",
            "subscriptions": ["zen:event-type:ticket.created", "conditional_ticket_events"]}}"#
    )
}

fn page(hooks: &[String], after: Option<&str>) -> String {
    let meta = after.map_or(r#"{"has_more": false}"#.to_owned(), |after| {
        format!(r#"{{"has_more": true, "after_cursor": "{after}"}}"#)
    });
    format!(r#"{{"webhooks": [{}], "meta": {meta}}}"#, hooks.join(","))
}

/// Topic and standing of each subscription.
fn found(script: &mut Script, repair: bool) -> Result<Vec<(String, Standing)>, Failure> {
    let wanted = Wanted { callback: OURS.into(), repair };
    let found = check(&wanted, &mut |endpoint, request| script.send(endpoint, request))?;
    assert!(script.is_over());
    for subscribed in &found {
        assert_eq!(subscribed.detail.is_none(), subscribed.standing == Standing::Active);
    }
    Ok(found.into_iter().map(|it| (it.topic, it.standing)).collect())
}

fn both(standing: Standing) -> Vec<(String, Standing)> {
    vec![("ticket.created".into(), standing), ("triggers".into(), standing)]
}

#[test]
fn an_active_webhook_is_left_alone() {
    let hooks = [hook("1", "https://else.example.com/", "active"), hook("2", OURS, "active")];
    let mut script = Script::of(&[(FIRST, 200, &page(&hooks, None))]);
    assert_eq!(found(&mut script, true), Ok(both(Standing::Active)));
}

#[test]
fn the_webhook_may_be_on_a_later_page() {
    let second = format!("{FIRST}&page%5Bafter%5D=a%3D%3D");
    let mut script = Script::of(&[
        (FIRST, 200, &page(&[hook("1", "https://else.example.com/", "active")], Some("a=="))),
        (&second, 200, &page(&[hook("2", OURS, "active")], None)),
    ]);
    assert_eq!(found(&mut script, true), Ok(both(Standing::Active)));
}

#[test]
fn an_inactive_webhook_is_switched_on_if_that_is_wanted() {
    let list = page(&[hook("01H", OURS, "inactive")], None);
    let mut script = Script::of(&[(FIRST, 200, &list)]);
    assert_eq!(found(&mut script, false), Ok(both(Standing::Broken)));

    let mut script = Script::of(&[(FIRST, 200, &list), ("PATCH /api/v2/webhooks/01H", 204, "")]);
    assert_eq!(found(&mut script, true), Ok(both(Standing::Repaired)));
    assert_eq!(script.body(1), serde_json::json!({"webhook": {"status": "active"}}));

    let refused = r#"{"error": "RecordInvalid"}"#;
    let mut script = Script::of(&[(FIRST, 200, &list), ("PATCH /api/v2/webhooks/01H", 422, refused)]);
    assert_eq!(found(&mut script, true), Ok(both(Standing::Broken)));
}

#[test]
fn a_missing_webhook_is_for_a_person_to_make() {
    let hooks = [hook("1", "https://hub.example.com/hooks/desk/", "active")];
    let mut script = Script::of(&[(FIRST, 200, &page(&hooks, None))]);
    assert_eq!(found(&mut script, true), Ok(vec![("webhook".into(), Standing::Broken)]));
}

#[test]
fn without_an_answer_nothing_is_said_of_the_webhook() {
    for (status, body, failure) in [
        (403, "{}", Failure::Unauthorised("HTTP 403".into())),
        (503, "", Failure::RetryAfterMs(2_000)),
        (200, "<html>", Failure::RetryAfterMs(10_000)),
        (200, "{}", Failure::RetryAfterMs(10_000)),
    ] {
        assert_eq!(found(&mut Script::of(&[(FIRST, status, body)]), true), Err(failure));
    }
}
