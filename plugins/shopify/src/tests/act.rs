//! What goes out, and what the answers mean.

use omnihub_plugin::host::http::{HttpError, Response};
use omnihub_plugin::{Effect, Failure, Receipt, Role};
use serde_json::{Value, json};

use super::script::{Script, answer};
use crate::admin::Admin;
use crate::{act, manifest, mark};

const EFFECT: &str = "0123456789abcdef0123456789abcdef";
const CUSTOMER: &str = "gid://shopify/Customer/5";
const ORDER: &str = "gid://shopify/Order/7";

fn effect(action: &str, arguments: &[(&str, &str)]) -> Effect {
    Effect {
        id: EFFECT.into(),
        action: action.into(),
        arguments: arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        attempt: 1,
        uncertain: false,
        planned_at: 0,
        now: 0,
        last_inbound_at: None,
    }
}

fn perform(effect: &Effect, script: &mut Script) -> Result<Receipt, Failure> {
    act::perform(effect, &mut script.admin())
}

fn changed(gid: &str) -> Value {
    json!({"data": {"changed": {"object": {"id": gid}, "userErrors": []}}})
}

#[test]
fn tags_are_added_and_taken_one_by_one() {
    let rows = [
        ("add_customer_tag", "customer_id", CUSTOMER, "tagsAdd"),
        ("remove_customer_tag", "customer_id", CUSTOMER, "tagsRemove"),
        ("add_order_tag", "order_id", ORDER, "tagsAdd"),
        ("remove_order_tag", "order_id", ORDER, "tagsRemove"),
    ];
    for (action, target, gid, mutation) in rows {
        for id in [gid, gid.rsplit('/').next().unwrap()] {
            let mut script = Script::of([changed(gid)]);
            let receipt =
                perform(&effect(action, &[(target, id), ("tag", " unhappy \"wool\"")]), &mut script);
            assert_eq!(receipt.unwrap().reference.as_deref(), Some(gid));
            assert!(script.asked[0].0.contains(mutation), "{action}");
            assert_eq!(script.variables(0), &json!({"id": gid, "tags": ["unhappy \"wool\""]}));
        }
    }
}

#[test]
fn what_makes_no_sense_is_not_sent() {
    for (id, tag) in [("", "a"), ("5", " "), (ORDER, "a"), ("5/../6", "a")] {
        let mut script = Script::default();
        let refused = perform(&effect("add_customer_tag", &[("customer_id", id), ("tag", tag)]), &mut script);
        assert!(matches!(refused, Err(Failure::Rejected(_))), "{id} {tag}");
        assert!(script.asked.is_empty());
    }
    let sing = perform(&effect("sing", &[]), &mut Script::default());
    assert_eq!(sing, Err(Failure::Unsupported("sing".into())));
    let elsewhere = Admin::new(&mut Script::default(), "../x").err();
    assert_eq!(elsewhere, Some(Failure::Misconfigured("api_version".into())));
}

fn note(script: &mut Script) -> Result<Receipt, Failure> {
    perform(&effect("append_order_note", &[("order_id", "7"), ("note", "Called back")]), script)
}

fn noted(note: Value) -> Value {
    json!({"data": {"order": {"id": ORDER, "note": note}}})
}

#[test]
fn a_line_joins_the_note_there_is() {
    let line = format!("Called back [omnihub {EFFECT}]");
    for (before, after) in [
        (json!(null), line.clone()),
        (json!(" "), line.clone()),
        (json!("Ring twice\n"), format!("Ring twice\n{line}")),
    ] {
        let mut script = Script::of([noted(before), changed(ORDER)]);
        assert!(!note(&mut script).unwrap().already_done);
        assert_eq!(script.variables(1), &json!({"input": {"id": ORDER, "note": after}}));
        assert_eq!(mark::newest(&after).as_deref(), Some(EFFECT));
    }
}

#[test]
fn a_line_that_is_there_is_not_written_again() {
    let mut script = Script::of([noted(json!(format!("Called back [omnihub {EFFECT}]\nand so on")))]);
    assert!(note(&mut script).unwrap().already_done);
    assert_eq!(script.asked.len(), 1);
    let mut gone = Script::of([json!({"data": {"order": null}})]);
    assert_eq!(note(&mut gone), Err(Failure::Rejected("no such order".into())));
}

#[test]
fn a_doubt_while_looking_is_none_about_the_outcome() {
    let interrupted = || Err(HttpError::Interrupted("x".into()));
    assert_eq!(note(&mut Script::answering([interrupted()])), Err(Failure::RetryAfterMs(2_000)));
    let read = Ok(answer(200, &noted(json!(null)).to_string()));
    let written = note(&mut Script::answering([read, interrupted()]));
    assert_eq!(written, Err(Failure::OutcomeUnknown("x".into())));
}

fn erase(answer: Result<Response, HttpError>) -> Result<(Option<String>, String), Failure> {
    let mut script = Script::answering([answer]);
    let receipt = perform(&effect("erase_customer", &[("customer_id", "5")]), &mut script)?;
    assert!(script.asked[0].0.contains("customerRequestDataErasure(customerId: $id)"));
    assert_eq!(script.variables(0), &json!({"id": CUSTOMER}));
    let (name, standing) = receipt.extra.into_iter().next().unwrap();
    assert_eq!((name.as_str(), receipt.already_done), ("erasure", standing == "gone"));
    Ok((receipt.reference, standing))
}

fn erased(customer: Value, errors: Value) -> Result<Response, HttpError> {
    let body = json!({"data": {"erased": {"customerId": customer, "userErrors": errors}}});
    Ok(answer(200, &body.to_string()))
}

#[test]
fn a_request_to_erase_is_accepted_and_no_more() {
    let accepted = Ok((Some(CUSTOMER.to_owned()), "accepted".to_owned()));
    assert_eq!(erase(erased(json!(CUSTOMER), json!([]))), accepted);
}

#[test]
fn who_is_not_there_is_erased() {
    let nobody =
        json!([{"code": "DOES_NOT_EXIST", "field": ["customerId"], "message": "Customer does not exist"}]);
    assert_eq!(erase(erased(json!(null), nobody)), Ok((None, "gone".to_owned())));
}

#[test]
fn an_erasure_that_was_not_taken_is_not_told_as_one() {
    let failed = json!([{"code": "FAILED_TO_REQUEST", "field": null, "message": "Ana cannot be erased"}]);
    assert_eq!(
        erase(erased(json!(null), failed)),
        Err(Failure::Rejected("userErrors FAILED_TO_REQUEST".into()))
    );
    assert_eq!(
        erase(erased(json!(null), json!([{"message": "x"}]))),
        Err(Failure::Rejected("userErrors refused".into()))
    );
    let unclear = || Err(Failure::OutcomeUnknown("an answer without a result".into()));
    assert_eq!(erase(erased(json!(null), json!([]))), unclear());
    assert_eq!(erase(Ok(answer(200, r#"{"data": {"erased": null}}"#))), unclear());
    let denied = r#"{"errors": [{"extensions": {"code": "ACCESS_DENIED"}}], "data": {"erased": null}}"#;
    assert_eq!(erase(Ok(answer(200, denied))), Err(Failure::Unauthorised("ACCESS_DENIED".into())));
    // A wrong address knows nobody either.
    assert_eq!(erase(Ok(answer(404, ""))), Err(Failure::Rejected("HTTP 404".into())));
    assert_eq!(erase(Err(HttpError::Interrupted("x".into()))), Err(Failure::OutcomeUnknown("x".into())));
}

#[test]
fn every_action_of_the_manifest_exists_and_says_what_it_is_for() {
    let manifest = manifest::manifest();
    for action in &manifest.actions {
        let outcome = perform(&effect(&action.name, &[]), &mut Script::default());
        assert!(matches!(outcome, Err(Failure::Rejected(_))), "{}", action.name);
        let target = action.target.as_ref().unwrap();
        assert!(action.parameters.iter().any(|parameter| parameter.name == *target && parameter.required));
        let role = if action.name == "erase_customer" { Role::erase("customer") } else { Role::Work };
        assert_eq!(action.role, role, "{}", action.name);
    }
}

#[test]
fn only_our_own_mark_is_read_as_one() {
    let newest = |note: &str| mark::newest(note);
    assert_eq!(
        newest(&format!("a [omnihub {}]\nb [omnihub {EFFECT}] c", "f".repeat(32))).as_deref(),
        Some(EFFECT)
    );
    for note in ["", "[omnihub ]", "[omnihub 12]", "[omnihub 0123456789abcdef0123456789abcde]", "[omnihub "] {
        assert_eq!(newest(note), None, "{note}");
    }
}

fn check_answer(status: u16, body: &str, expected: Result<&str, Failure>) -> Vec<u64> {
    let mut script = Script::answering([Ok(answer(status, body))]);
    let receipt = perform(&effect("add_customer_tag", &[("customer_id", "5"), ("tag", "a")]), &mut script);
    let reference = receipt.map(|receipt| receipt.reference.unwrap_or_default());
    assert_eq!(reference, expected.map(str::to_owned), "{status} {body}");
    script.pauses
}

#[test]
fn answers_are_judged_by_what_they_say_and_not_by_their_status() {
    check_answer(200, &changed(CUSTOMER).to_string(), Ok(CUSTOMER));
    let refused = r#"{"data": {"changed": {"object": null, "userErrors": [{"field": ["id"], "message": "Ana is gone"}]}}}"#;
    check_answer(200, refused, Err(Failure::Rejected("userErrors id".into())));
    let denied = r#"{"errors": [{"extensions": {"code": "ACCESS_DENIED"}}], "data": {"changed": null}}"#;
    check_answer(200, denied, Err(Failure::Unauthorised("ACCESS_DENIED".into())));
    let old = r#"{"errors": [{"message": "x", "extensions": {"code": "undefinedField"}}]}"#;
    check_answer(200, old, Err(Failure::Misconfigured("api_version".into())));
    check_answer(200, r#"{"errors": [{"message": "x"}]}"#, Err(Failure::Rejected("GraphQL error".into())));
    let unclear = || Err(Failure::OutcomeUnknown("an answer without a result".into()));
    check_answer(200, "<html>", unclear());
    check_answer(200, r#"{"data": null}"#, unclear());
    check_answer(401, "{}", Err(Failure::Unauthorised("HTTP 401".into())));
    check_answer(404, "", Err(Failure::Rejected("HTTP 404".into())));
    check_answer(502, "", Err(Failure::RetryAfterMs(2_000)));
}

#[test]
fn a_busy_shop_is_left_alone_as_long_as_it_says() {
    let busy = |requested: &str, available: &str, rest: &str| {
        format!(
            r#"{{{rest} "extensions": {{"cost": {{"requestedQueryCost": {requested}, "throttleStatus":
                {{"maximumAvailable": 1000.0, "currentlyAvailable": {available}, "restoreRate": 50.0}}}}}}}}"#
        )
    };
    let throttled = r#""errors": [{"extensions": {"code": "THROTTLED"}}],"#;
    let wait = |ms| Err(Failure::RetryAfterMs(ms));
    assert_eq!(check_answer(200, &busy("110", "10.0", throttled), wait(2_000)), [2_000]);
    assert_eq!(check_answer(200, &busy("900000", "10", throttled), wait(19_800)), [19_800]);
    let unsaid = r#"{"errors": [{"extensions": {"code": "THROTTLED"}}]}"#;
    assert_eq!(check_answer(200, unsaid, wait(1_000)), [1_000]);

    let done = format!(r#""data": {},"#, changed(CUSTOMER)["data"]);
    assert!(check_answer(200, &busy("10", "60", &done), Ok(CUSTOMER)).is_empty());
    assert_eq!(check_answer(200, &busy("10", "35", &done), Ok(CUSTOMER)), [500]);
    assert!(check_answer(200, &busy("\"x\"", "35", &done), Ok(CUSTOMER)).is_empty());
}
