//! What actions send, and what answers mean for them.

use omnihub_plugin::host::http::{HttpError, Request, Response};
use omnihub_plugin::{Connector, Effect, Failure, Grade, Receipt};
use serde_json::{Value, json};

use super::Inventory;
use super::poll::settings;
use crate::act::perform;

/// 2026-03-01T12:00:00Z.
const PLANNED: i64 = 1_772_366_400_000_000_000;
const HOUR_NS: i64 = 3_600_000_000_000;

fn effect(action: &str, arguments: &[(&str, &str)]) -> Effect {
    let arguments = arguments.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Effect {
        id: "eff_0123456789abcdef0123456789abcdef".into(),
        action: action.into(),
        arguments,
        attempt: 1,
        uncertain: false,
        planned_at: PLANNED,
        now: PLANNED + 5_000_000_000,
        last_inbound_at: None,
    }
}

fn response(status: u16, body: &str) -> Response {
    Response { status, headers: Vec::new(), body: body.into() }
}

/// Performs with a provider that answers so, and says what it was asked.
fn done(effect: &Effect, answers: &[Response]) -> (Result<Receipt, Failure>, Vec<(String, Value)>) {
    let mut asked = Vec::new();
    let mut outside = |_: &str, request: &Request| -> Result<Response, HttpError> {
        let body = serde_json::from_str(request.body.as_deref().unwrap_or("null")).unwrap();
        asked.push((request.path.clone(), body));
        Ok(answers[asked.len() - 1].clone())
    };
    let receipt = perform(effect, &settings("square"), &mut outside);
    (receipt, asked)
}

fn asked(effect: &Effect) -> Value {
    done(effect, &[response(200, "{}")]).1.remove(0).1
}

fn refused(effect: &Effect) -> String {
    let (receipt, asked) = done(effect, &[]);
    assert!(asked.is_empty());
    let Err(Failure::Rejected(reason)) = receipt else { panic!("{receipt:?}") };
    reason
}

const SHELF: [(&str, &str); 2] = [("item", "MUG"), ("location", "BERLIN")];

fn moved(quantity: &str, more: &[(&str, &str)]) -> Effect {
    effect("adjust", &[&SHELF, more, &[("quantity", quantity)]].concat())
}

#[test]
fn a_movement_says_the_same_at_every_attempt() {
    let first = asked(&moved("2.50", &[]));
    let expected = json!({
        "idempotency_key": "eff_0123456789abcdef0123456789abcdef",
        "ignore_unchanged_counts": true,
        "changes": [{"type": "ADJUSTMENT", "adjustment": {
            "catalog_object_id": "MUG", "location_id": "BERLIN", "occurred_at": "2026-03-01T12:00:00Z",
            "reference_id": "eff_0123456789abcdef0123456789abcdef",
            "from_state": "NONE", "to_state": "IN_STOCK", "quantity": "2.5"}}]});
    assert_eq!(first, expected);
    let later = Effect { attempt: 3, uncertain: true, now: PLANNED + 20 * HOUR_NS, ..moved("2.50", &[]) };
    assert_eq!(asked(&later), first);
}

#[test]
fn the_sign_or_two_states_say_where_stock_goes() {
    let states = |effect: &Effect| {
        let asked = asked(effect);
        let text = |name: &str| asked["changes"][0]["adjustment"][name].as_str().unwrap().to_owned();
        (text("from_state"), text("to_state"), text("quantity"))
    };
    let told = |from: &str, to: &str, quantity: &str| (from.to_owned(), to.to_owned(), quantity.to_owned());
    assert_eq!(states(&moved("-3", &[])), told("IN_STOCK", "WASTE", "3"));
    let sold = [("from_state", "in_stock"), ("to_state", "SOLD")];
    assert_eq!(states(&moved("0.00001", &sold)), told("IN_STOCK", "SOLD", "0.00001"));
    for (quantity, more) in [
        ("0", &[][..]),
        ("many", &[]),
        ("1.000001", &[]),
        ("-1", &sold),
        ("1", &sold[..1]),
        ("1", &[("from_state", "IN STOCK"), ("to_state", "SOLD")]),
    ] {
        refused(&moved(quantity, more));
    }
    assert_eq!(refused(&effect("adjust", &[("quantity", "1")])), "item is missing");
}

#[test]
fn a_count_is_absolute() {
    let counted = |quantity: &str| effect("count", &[&SHELF[..], &[("quantity", quantity)]].concat());
    let change = &asked(&counted("12"))["changes"][0];
    assert_eq!(
        (&change["type"], &change["physical_count"]["quantity"]),
        (&json!("PHYSICAL_COUNT"), &json!("12"))
    );
    assert_eq!(change["physical_count"]["state"], "IN_STOCK");
    assert_eq!(asked(&counted("0"))["changes"][0]["physical_count"]["quantity"], "0");
    refused(&counted("-1"));
}

#[test]
fn the_receipt_names_the_change_where_square_does() {
    let answer = r#"{"changes": [{"type": "ADJUSTMENT", "adjustment": {"id": "CHANGE7"}}], "counts": []}"#;
    let receipt = done(&moved("1", &[]), &[response(200, answer)]).0.unwrap();
    assert_eq!((receipt.reference.as_deref(), receipt.already_done), (Some("CHANGE7"), false));
    // Square took it: what it says besides is of no matter.
    assert_eq!(done(&moved("1", &[]), &[response(200, "<html>")]).0.unwrap().reference, None);
}

fn error(code: &str) -> Response {
    response(400, &json!({"errors": [{"category": "INVALID_REQUEST_ERROR", "code": code}]}).to_string())
}

#[test]
fn refusals_are_permanent_except_for_a_clock_that_is_ahead() {
    let rejected = done(&moved("1", &[]), &[error("NOT_FOUND")]).0;
    assert_eq!(rejected, Err(Failure::Rejected("HTTP 400 NOT_FOUND".into())));
    assert!(matches!(done(&moved("1", &[]), &[error("INVALID_TIME")]).0, Err(Failure::RetryAfterMs(_))));
    let later = Effect { now: PLANNED + 2 * HOUR_NS, ..moved("1", &[]) };
    assert!(matches!(done(&later, &[error("INVALID_TIME")]).0, Err(Failure::Rejected(_))));
    assert_eq!(done(&moved("1", &[]), &[response(429, "")]).0, Err(Failure::RetryAfterMs(60_000)));
    assert!(matches!(done(&moved("1", &[]), &[response(401, "")]).0, Err(Failure::Unauthorised(_))));
}

#[test]
fn a_day_later_the_ledger_is_asked_instead_of_the_key() {
    let old = Effect { now: PLANNED + 24 * HOUR_NS, ..moved("1", &[]) };
    assert!(refused(&old).contains("24 hours"));

    let uncertain = Effect { uncertain: true, ..old };
    let ours = r#"{"changes": [{"type": "ADJUSTMENT", "adjustment": {"id": "C9",
        "reference_id": "eff_0123456789abcdef0123456789abcdef"}}]}"#;
    let pages = [response(200, r#"{"changes": [], "cursor": "p2"}"#), response(200, ours)];
    let (receipt, asked) = done(&uncertain, &pages);
    let receipt = receipt.unwrap();
    assert_eq!((receipt.reference.as_deref(), receipt.already_done), (Some("C9"), true));
    assert_eq!(asked[0].0, "/v2/inventory/changes/batch-retrieve");
    assert_eq!(
        (&asked[1].1["cursor"], &asked[1].1["updated_after"]),
        (&json!("p2"), &json!("2026-03-01T11:00:00Z"))
    );

    assert!(matches!(done(&uncertain, &[response(200, "{}")]).0, Err(Failure::Rejected(_))));
    let broken = response(200, r#"{"changes": 7}"#);
    assert!(matches!(done(&uncertain, &[broken]).0, Err(Failure::RetryAfterMs(_))));
}

#[test]
fn shopifys_change_carries_its_key_and_what_was_there_before() {
    let arguments =
        [("item", "731904418265530179"), ("location", "gid://shopify/Location/7"), ("quantity", "-4")];
    let adjust = effect("adjust_shopify", &arguments);
    let made = r#"{"data": {"inventoryAdjustQuantities": {"inventoryAdjustmentGroup": {"id": "gid://shopify/G/1"},
        "userErrors": []}}}"#;
    let (receipt, asked) = done(&adjust, &[response(200, made)]);
    assert_eq!(receipt.unwrap().reference.as_deref(), Some("gid://shopify/G/1"));
    let (path, body) = &asked[0];
    assert_eq!(path, "/admin/api/2026-04/graphql.json");
    assert!(body["query"].as_str().unwrap().contains("@idempotent(key: $key)"));
    assert_eq!(body["variables"]["key"], adjust.id);
    let change = &body["variables"]["input"]["changes"][0];
    let expected = json!({"delta": -4, "inventoryItemId": "gid://shopify/InventoryItem/731904418265530179",
        "locationId": "gid://shopify/Location/7", "changeFromQuantity": null});
    assert_eq!(change, &expected);

    for (name, value) in
        [("quantity", "0"), ("quantity", "1.5"), ("item", "mug"), ("reason", "a sentence of it")]
    {
        let mut bad = adjust.clone();
        bad.arguments.retain(|(key, _)| key != name);
        bad.arguments.push((name.into(), value.into()));
        refused(&bad);
    }
}

#[test]
fn shopifys_refusals_come_with_status_200() {
    let arguments = [("item", "1"), ("location", "7"), ("quantity", "4"), ("expected", "3")];
    let adjust = effect("adjust_shopify", &arguments);
    let refusal = |code: &str| {
        let errors =
            json!([{"code": code, "field": ["input", "changes", "0", "delta"], "message": "Ana's words"}]);
        let answer = json!({"data": {"inventoryAdjustQuantities": {"inventoryAdjustmentGroup": null, "userErrors": errors}}});
        done(&adjust, &[response(200, &answer.to_string())]).0.unwrap_err()
    };
    let stale = Failure::Rejected("inventoryAdjustQuantities: CHANGE_FROM_QUANTITY_STALE".into());
    assert_eq!(refusal("CHANGE_FROM_QUANTITY_STALE"), stale);
    assert_eq!(
        refusal("a sentence"),
        Failure::Rejected("inventoryAdjustQuantities: input.changes.0.delta".into())
    );
    assert!(matches!(refusal("IDEMPOTENCY_CONCURRENT_REQUEST"), Failure::RetryAfterMs(_)));
    let cut = done(&adjust, &[response(200, "{\"data\"")]).0;
    assert!(matches!(cut, Err(Failure::OutcomeUnknown(_))));
}

#[test]
fn every_action_of_the_manifest_is_there_and_no_other() {
    for action in Inventory::describe().actions {
        assert_eq!(action.grade, Grade::Keyed);
        let required: Vec<_> =
            action.parameters.iter().filter(|it| it.required).map(|it| (it.name.as_str(), "1")).collect();
        let (receipt, asked) = done(&effect(&action.name, &required), &[response(500, "")]);
        assert!(matches!(receipt, Err(Failure::RetryAfterMs(_))), "{}", action.name);
        assert_eq!(asked.len(), 1);
        assert!(action.parameters.iter().any(|parameter| Some(&parameter.name) == action.target.as_ref()));
    }
    assert!(matches!(done(&effect("sell", &[]), &[]).0, Err(Failure::Unsupported(_))));
}
