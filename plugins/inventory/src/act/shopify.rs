//! Changes of what is available at Shopify. The effect's id is the key of `@idempotent`, which makes the same mutation
//! act once however often it is sent.

use omnihub_plugin::square::api::{Outside, given, required};
use omnihub_plugin::{Effect, Failure, Receipt, answer};
use serde_json::{Value, json};

use crate::graphql::{Purpose, send};
use crate::settings::Settings;
use crate::wire::graphql::{Data, UserError};

const ADJUST: &str = "mutation Adjust($input: InventoryAdjustQuantitiesInput!, $key: String!) { \
    inventoryAdjustQuantities(input: $input) @idempotent(key: $key) { \
    inventoryAdjustmentGroup { id } userErrors { field message code } } }";

/// The same mutation is still under way, from an attempt of ours that we lost sight of.
const CONCURRENT: &str = "IDEMPOTENCY_CONCURRENT_REQUEST";
const CONCURRENT_MS: u64 = 2_000;

pub(super) fn perform(
    effect: &Effect,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Receipt, Failure> {
    let variables = variables(effect)?;
    receipt(send(outside, &settings.shopify_version, ADJUST, variables, Purpose::Act)?)
}

pub(crate) fn variables(effect: &Effect) -> Result<Value, Failure> {
    let number = |name: &str, text: &str| {
        text.parse::<i32>()
            .map_err(|_| Failure::Rejected(format!("{name} is no whole number that Shopify takes")))
    };
    let delta = number("quantity", required(effect, "quantity")?)?;
    if delta == 0 {
        return Err(Failure::Rejected("quantity is zero: there is nothing to change".into()));
    }
    let expected = given(effect, "expected").map(|text| number("expected", text)).transpose()?;
    let reason = given(effect, "reason").unwrap_or("correction");
    if answer::word(reason).is_none() {
        return Err(Failure::Rejected("reason is a word such as correction".into()));
    }
    let change = json!({
        "delta": delta,
        "inventoryItemId": gid("InventoryItem", "item", effect)?,
        "locationId": gid("Location", "location", effect)?,
        // Has to be said from 2026-04 on; null is "whatever it was".
        "changeFromQuantity": expected,
    });
    let input = json!({
        "reason": reason,
        "name": "available",
        "referenceDocumentUri": format!("omnihub://effects/{}", effect.id),
        "changes": [change],
    });
    Ok(json!({"input": input, "key": effect.id}))
}

/// Shopify's id, written as a number or already as a gid.
fn gid(kind: &str, name: &str, effect: &Effect) -> Result<String, Failure> {
    let id = required(effect, name)?;
    let prefix = format!("gid://shopify/{kind}/");
    let number = id.strip_prefix(&prefix).unwrap_or(id);
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(format!("{prefix}{number}"))
    } else {
        Err(Failure::Rejected(format!("{name} is no id of Shopify's")))
    }
}

fn receipt(data: Data) -> Result<Receipt, Failure> {
    let unreadable = || Failure::OutcomeUnknown("an answer without a result".into());
    let adjusted = data.adjusted.ok_or_else(unreadable)?;
    let errors: Vec<UserError> = adjusted.errors.into_iter().flatten().flatten().collect();
    if let Some(error) = errors.into_iter().next() {
        let code = error.code.map_or_else(String::new, |code| code.0);
        if code == CONCURRENT {
            return Err(Failure::RetryAfterMs(CONCURRENT_MS));
        }
        let field =
            error.field.unwrap_or_default().iter().map(|part| part.0.as_str()).collect::<Vec<_>>().join(".");
        let word = answer::word(&code).or_else(|| answer::word(&field)).unwrap_or_else(|| "refused".into());
        return Err(Failure::Rejected(format!("inventoryAdjustQuantities: {word}")));
    }
    let reference = adjusted.group.and_then(|group| group.id).map(|id| id.0).ok_or_else(unreadable)?;
    Ok(Receipt { reference: Some(reference), already_done: false, extra: Vec::new() })
}
