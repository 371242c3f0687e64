//! What actions send, and what answers mean for them.

use omnihub_plugin::host::http::{HttpError, Request, Response};
use omnihub_plugin::{Connector, Effect, Failure, Receipt, Role};
use serde_json::{Value, json};

use super::poll::{response, settings};
use super::{Loyalty, MADE};
use crate::act::perform;

const ID: &str = "eff_0123456789abcdef0123456789abcdef";

fn effect(action: &str, arguments: &[(&str, &str)]) -> Effect {
    let arguments = arguments.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Effect {
        id: ID.into(),
        action: action.into(),
        arguments,
        attempt: 1,
        uncertain: false,
        planned_at: MADE,
        now: MADE,
        last_inbound_at: None,
    }
}

/// Performs with a provider that answers so, and says what it was asked.
fn done(
    effect: &Effect,
    answers: &[Result<Response, HttpError>],
) -> (Result<Receipt, Failure>, Vec<(String, Value)>) {
    let mut asked = Vec::new();
    let mut outside = |_: &str, request: &Request| -> Result<Response, HttpError> {
        let body = serde_json::from_str(request.body.as_deref().unwrap_or("null")).unwrap();
        asked.push((request.path.clone(), body));
        answers[asked.len() - 1].clone()
    };
    let receipt = perform(effect, &settings("square"), &mut outside);
    (receipt, asked)
}

fn check_asked(action: &str, arguments: &[(&str, &str)], path: &str, body: Value) {
    let effect = effect(action, arguments);
    let (_, first) = done(&effect, &[Ok(response(200, "{}"))]);
    assert_eq!(first, [(path.to_owned(), body)]);
    if effect.action != "adjust_voucherify" {
        let later = Effect { attempt: 4, uncertain: true, now: MADE + 86_400_000_000_000, ..effect };
        assert_eq!(done(&later, &[Ok(response(200, "{}"))]).1, first);
    }
}

#[test]
fn squares_requests_say_the_same_at_every_attempt() {
    check_asked(
        "adjust",
        &[("account", "A1"), ("points", "-10"), ("reason", "Goodwill"), ("allow_negative", "true")],
        "/v2/loyalty/accounts/A1/adjust",
        json!({"idempotency_key": ID, "adjust_points": {"points": -10, "reason": "Goodwill"},
            "allow_negative_balance": true}),
    );
    check_asked(
        "accumulate",
        &[("account", "A1"), ("location", "BERLIN"), ("order", "O1")],
        "/v2/loyalty/accounts/A1/accumulate",
        json!({"idempotency_key": ID, "accumulate_points": {"order_id": "O1"}, "location_id": "BERLIN"}),
    );
    check_asked(
        "accumulate",
        &[("account", "A1"), ("location", "BERLIN"), ("points", "7")],
        "/v2/loyalty/accounts/A1/accumulate",
        json!({"idempotency_key": ID, "accumulate_points": {"points": 7}, "location_id": "BERLIN"}),
    );
    check_asked(
        "create_reward",
        &[("account", "A1"), ("tier", "T1")],
        "/v2/loyalty/rewards",
        json!({"idempotency_key": ID, "reward": {"loyalty_account_id": "A1", "reward_tier_id": "T1"}}),
    );
    check_asked(
        "adjust_voucherify",
        &[("member", "L-CARD 7"), ("points", "100"), ("reason", "Sorry")],
        "/v1/loyalties/members/L-CARD%207/balance",
        json!({"points": 100, "source_id": ID, "reason": "Sorry"}),
    );
}

#[test]
fn what_can_never_work_is_refused_before_any_request() {
    for (action, arguments) in [
        ("adjust", &[("points", "1")][..]),
        ("adjust", &[("account", "A/1"), ("points", "1")]),
        ("adjust", &[("account", "A1"), ("points", "0")]),
        ("adjust", &[("account", "A1"), ("points", "1.5")]),
        ("adjust", &[("account", "A1"), ("points", "1"), ("allow_negative", "maybe")]),
        ("accumulate", &[("account", "A1"), ("location", "B")]),
        ("accumulate", &[("account", "A1"), ("location", "B"), ("points", "-1")]),
        ("accumulate", &[("account", "A1"), ("location", "B"), ("points", "1"), ("order", "O")]),
        ("accumulate", &[("account", "A1"), ("points", "1")]),
        ("create_reward", &[("account", "A1")]),
        ("adjust_voucherify", &[("member", "../x"), ("points", "1")]),
        ("adjust_voucherify", &[("member", "C1"), ("points", "9999999999")]),
    ] {
        let (receipt, asked) = done(&effect(action, arguments), &[]);
        assert!(matches!(receipt, Err(Failure::Rejected(_))), "{action} {arguments:?}");
        assert!(asked.is_empty());
    }
    assert!(matches!(done(&effect("burn", &[]), &[]).0, Err(Failure::Unsupported(_))));
}

#[test]
fn receipts_name_the_entry_or_the_reward() {
    let adjust = effect("adjust", &[("account", "A1"), ("points", "1")]);
    let reference = |body: &str| done(&adjust, &[Ok(response(200, body))]).0.unwrap().reference;
    assert_eq!(reference(r#"{"event": {"id": "L1"}}"#).as_deref(), Some("L1"));
    assert_eq!(reference(r#"{"events": [{"id": "L2"}]}"#).as_deref(), Some("L2"));
    assert_eq!(reference(r#"{"reward": {"id": "R1", "status": "ISSUED"}}"#).as_deref(), Some("R1"));
    assert_eq!(reference("[]"), None);
}

#[test]
fn squares_refusals_have_their_code() {
    let adjust = effect("adjust", &[("account", "A1"), ("points", "-1")]);
    let negative =
        r#"{"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "BAD_REQUEST", "detail": "words"}]}"#;
    assert_eq!(
        done(&adjust, &[Ok(response(400, negative))]).0,
        Err(Failure::Rejected("HTTP 400 BAD_REQUEST".into()))
    );
    let lost = Err(HttpError::Interrupted("cut".into()));
    assert_eq!(done(&adjust, &[lost]).0, Err(Failure::OutcomeUnknown("cut".into())));
}

fn listed(source: &str, at: &str, more: bool) -> Result<Response, HttpError> {
    let data = json!([{"id": "vtx_9", "source_id": source, "created_at": at}]);
    Ok(response(200, &json!({"data": data, "has_more": more}).to_string()))
}

#[test]
fn voucherify_is_asked_before_anything_is_sent_again() {
    let first = effect("adjust_voucherify", &[("member", "C1"), ("points", "5")]);
    let again = Effect { attempt: 2, uncertain: true, ..first.clone() };
    let sent = || Ok(response(200, r#"{"points": 5, "balance": 5}"#));

    let (receipt, asked) = done(&first, &[sent()]);
    assert_eq!((receipt.unwrap().already_done, asked.len()), (false, 1));

    let (receipt, asked) = done(
        &again,
        &[listed("other", "2026-03-01T10:30:00Z", true), listed(ID, "2026-03-01T10:00:01Z", false)],
    );
    let receipt = receipt.unwrap();
    assert_eq!((receipt.reference.as_deref(), receipt.already_done, asked.len()), (Some("vtx_9"), true, 2));
    assert!(asked[1].0.ends_with("&order=-id&starting_after_id=vtx_9"));

    // Not there: sent. What is older than the plan ends the search.
    let (receipt, asked) = done(&again, &[listed("other", "2026-03-01T08:00:00Z", true), sent()]);
    assert_eq!((receipt.unwrap().already_done, asked.len()), (false, 2));

    // A look that fails must not end in sending.
    let broken = Ok(response(200, r#"{"data": "none"}"#));
    let (receipt, asked) = done(&again, &[broken]);
    assert!(matches!(receipt, Err(Failure::RetryAfterMs(_))) && asked.len() == 1);
    let (receipt, asked) = done(&again, &[Ok(response(502, ""))]);
    assert!(matches!(receipt, Err(Failure::RetryAfterMs(_))) && asked.len() == 1);
}

#[test]
fn a_lost_answer_of_voucherify_is_in_doubt_and_a_refusal_is_not() {
    let adjust = effect("adjust_voucherify", &[("member", "C1"), ("points", "-5")]);
    let lost = Err(HttpError::Interrupted("cut".into()));
    assert_eq!(done(&adjust, &[lost]).0, Err(Failure::OutcomeUnknown("cut".into())));
    let refused =
        Ok(response(400, r#"{"code": 400, "key": "invalid_loyalty_card_balance", "message": "words"}"#));
    let reason = "HTTP 400 invalid_loyalty_card_balance";
    assert_eq!(done(&adjust, &[refused]).0, Err(Failure::Rejected(reason.into())));
    assert_eq!(done(&adjust, &[Ok(response(429, ""))]).0, Err(Failure::RetryAfterMs(60_000)));
}

fn erased(action: &str, answer: Result<Response, HttpError>) -> Result<(Option<String>, String), Failure> {
    let (receipt, asked) = done(&effect(action, &[("customer_id", " cust 1")]), &[answer]);
    let path = match action {
        "erase_customer" => "/v2/customers/cust%201",
        _ => "/v1/customers/cust%201/permanent-deletion",
    };
    assert_eq!(asked, [(path.to_owned(), Value::Null)]);
    let receipt = receipt?;
    let extra =
        |name: &str| receipt.extra.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    assert_eq!(extra("remains").is_some(), action == "erase_customer");
    let standing = extra("erasure").unwrap();
    assert_eq!(receipt.already_done, standing == "gone");
    Ok((receipt.reference, standing))
}

#[test]
fn a_profile_at_square_is_deleted_or_was() {
    let erased = |status: u16, body: &str| erased("erase_customer", Ok(response(status, body)));
    assert_eq!(erased(200, "{}"), Ok((None, "done".into())));
    let nobody =
        r#"{"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "NOT_FOUND", "detail": "Ana"}]}"#;
    assert_eq!(erased(404, nobody), Ok((None, "gone".into())));
    // A wrong address knows nobody either.
    assert_eq!(erased(404, "<html>"), Err(Failure::Rejected("HTTP 404".into())));
    assert_eq!(erased(409, nobody), Err(Failure::Rejected("HTTP 409 NOT_FOUND".into())));
    assert_eq!(erased(503, ""), Err(Failure::RetryAfterMs(2_000)));
}

#[test]
fn voucherify_says_whether_it_is_done_yet() {
    let erased = |status: u16, body: &str| erased("erase_customer_voucherify", Ok(response(status, body)));
    let told =
        |status: &str| format!(r#"{{"id": "del_1", "status": "{status}", "related_object": "customer"}}"#);
    assert_eq!(erased(200, &told("DONE")), Ok((Some("del_1".into()), "done".into())));
    assert_eq!(erased(200, &told("IN_PROGRESS")), Ok((Some("del_1".into()), "accepted".into())));
    assert_eq!(erased(202, "{}"), Ok((None, "accepted".into())));
    for key in ["not_found", "resource_not_found"] {
        assert_eq!(erased(404, &format!(r#"{{"key": "{key}"}}"#)), Ok((None, "gone".into())));
    }
    assert_eq!(erased(404, "{}"), Err(Failure::Rejected("HTTP 404".into())));
    assert!(matches!(erased(200, "<html>"), Err(Failure::OutcomeUnknown(_))));
    assert_eq!(erased(401, "{}"), Err(Failure::Unauthorised("HTTP 401".into())));
}

#[test]
fn an_erasure_in_doubt_is_one() {
    for action in ["erase_customer", "erase_customer_voucherify"] {
        let lost = Err(HttpError::Interrupted("cut".into()));
        assert_eq!(erased(action, lost), Err(Failure::OutcomeUnknown("cut".into())));
        let (refused, asked) = done(&effect(action, &[("customer_id", "../loyalties/x")]), &[]);
        assert!(matches!(refused, Err(Failure::Rejected(_))) && asked.is_empty());
    }
}

#[test]
fn who_erases_says_whom_by_which_id() {
    let manifest = Loyalty::describe();
    for action in &manifest.actions {
        let role = match action.name.as_str() {
            "erase_customer" => Role::erase("square-customer"),
            "erase_customer_voucherify" => Role::erase("voucherify-customer"),
            _ => Role::Work,
        };
        assert_eq!(action.role, role, "{}", action.name);
    }
    let voucherify = &manifest.endpoints[1];
    assert!(voucherify.paths.iter().any(|path| "/v1/customers/x/permanent-deletion".starts_with(path)));
}

#[test]
fn every_action_of_the_manifest_names_its_target() {
    for action in Loyalty::describe().actions {
        assert!(action.parameters.iter().any(|parameter| Some(&parameter.name) == action.target.as_ref()));
        let (receipt, _) = done(&effect(&action.name, &[]), &[]);
        assert!(matches!(receipt, Err(Failure::Rejected(_))), "{}", action.name);
    }
}
