//! Movements and counts at Square. The effect's id is the idempotency key, so the same request may go out again and
//! acts once; for that it must be the same to the letter, hence it happened when it was planned, not when it is sent.
//! The id is the change's reference too: by that it is found in the ledger.

use omnihub_plugin::exact::quantity;
use omnihub_plugin::host::http::Method;
use omnihub_plugin::lenient::said;
use omnihub_plugin::square::api::{Outside, act, given, look, request, required};
use omnihub_plugin::square::window::{items, rfc3339};
use omnihub_plugin::{Effect, Failure, Receipt, members};
use serde_json::{Value, json};

use crate::settings::Settings;
use crate::wire::{Change, ChangesPage};

/// Square takes no change that happened more than 24 hours ago; a call takes its time too.
const AGE_MAX_NS: i64 = (24 * 3_600 - 300) * 1_000_000_000;

/// A clock of ours that is ahead is behind again soon.
const AHEAD_MS: u64 = 30_000;
const AHEAD_NS_MAX: i64 = 3_600 * 1_000_000_000;

/// Changes of one item since the effect was planned, in pages of a thousand: more is no shop's.
const PAGES_MAX: usize = 10;

pub(super) fn perform(
    effect: &Effect,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Receipt, Failure> {
    let body = body(effect)?;
    let version = settings.square_version.as_deref();
    if effect.now.saturating_sub(effect.planned_at) > AGE_MAX_NS {
        return too_old(effect, version, outside);
    }
    let request = request(version, Method::Post, "/v2/inventory/changes/batch-create", Some(&body))?;
    match act(outside, &request) {
        Ok(response) => Ok(receipt(&response.body)),
        Err(Failure::Rejected(reason)) if reason.ends_with("INVALID_TIME") && is_young(effect) => {
            Err(Failure::RetryAfterMs(AHEAD_MS))
        }
        Err(failure) => Err(failure),
    }
}

fn is_young(effect: &Effect) -> bool {
    effect.now.saturating_sub(effect.planned_at) < AHEAD_NS_MAX
}

/// The same at every attempt: nothing in it depends on now.
pub(crate) fn body(effect: &Effect) -> Result<Value, Failure> {
    let mut change = json!({
        "catalog_object_id": required(effect, "item")?,
        "location_id": required(effect, "location")?,
        "occurred_at": rfc3339(effect.planned_at),
        "reference_id": effect.id,
    });
    let written = required(effect, "quantity")?;
    // Millionths, of which Square knows every tenth.
    let millionths = quantity(written).ok().filter(|millionths| millionths % 10 == 0);
    let millionths =
        millionths.ok_or_else(|| Failure::Rejected("quantity is no number of up to five decimals".into()))?;
    let mut set = |name: &str, value: Value| {
        if let Some(change) = change.as_object_mut() {
            change.insert(name.to_owned(), value);
        }
    };
    let change = if effect.action == "count" {
        if millionths < 0 {
            return Err(Failure::Rejected("nobody counts less than nothing".into()));
        }
        set("state", state(given(effect, "state").unwrap_or("IN_STOCK"))?.into());
        set("quantity", decimal(millionths).into());
        json!({"type": "PHYSICAL_COUNT", "physical_count": change})
    } else {
        let (from, to) = states(effect, millionths)?;
        set("from_state", from.into());
        set("to_state", to.into());
        set("quantity", decimal(millionths).into());
        json!({"type": "ADJUSTMENT", "adjustment": change})
    };
    Ok(json!({"idempotency_key": effect.id, "changes": [change], "ignore_unchanged_counts": true}))
}

/// Where it goes from and to: as said, else received or written off.
fn states(effect: &Effect, millionths: i64) -> Result<(String, String), Failure> {
    match (given(effect, "from_state"), given(effect, "to_state")) {
        _ if millionths == 0 => Err(Failure::Rejected("quantity is zero: there is nothing to move".into())),
        (Some(_), Some(_)) if millionths < 0 => {
            Err(Failure::Rejected("between two states quantity has to be more than zero".into()))
        }
        (Some(from), Some(to)) => Ok((state(from)?, state(to)?)),
        (None, None) if millionths > 0 => Ok(("NONE".into(), "IN_STOCK".into())),
        (None, None) => Ok(("IN_STOCK".into(), "WASTE".into())),
        _ => Err(Failure::Rejected("from_state and to_state go together".into())),
    }
}

fn state(word: &str) -> Result<String, Failure> {
    let word = word.to_ascii_uppercase();
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    if word.bytes().all(fits) {
        Ok(word)
    } else {
        Err(Failure::Rejected("a state is a word such as IN_STOCK".into()))
    }
}

/// How much, without sign and without zeros behind the point.
fn decimal(millionths: i64) -> String {
    const ONE: u64 = 1_000_000;
    let (whole, rest) = (millionths.unsigned_abs() / ONE, millionths.unsigned_abs() % ONE);
    let decimal = format!("{whole}.{rest:06}");
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn receipt(body: &str) -> Receipt {
    let answer: ChangesPage = members::read(body).unwrap_or_default();
    let change = answer.changes.into_iter().flatten().flatten().next();
    Receipt { reference: change.and_then(id), already_done: false, extra: Vec::new() }
}

fn id(change: Change) -> Option<String> {
    said(change.adjustment.or(change.physical_count)?.id)
}

/// The key is of no use any more: Square would refuse the time. What may have been done before is in the ledger.
fn too_old(effect: &Effect, version: Option<&str>, outside: &mut dyn Outside) -> Result<Receipt, Failure> {
    const REFUSED: &str = "planned more than 24 hours ago: Square takes no change that old";
    if !effect.uncertain {
        return Err(Failure::Rejected(REFUSED.into()));
    }
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let body = json!({
            "catalog_object_ids": [required(effect, "item")?],
            "location_ids": [required(effect, "location")?],
            "updated_after": rfc3339(effect.planned_at.saturating_sub(AHEAD_NS_MAX)),
            "limit": 1_000,
            "cursor": cursor,
        });
        let request = request(version, Method::Post, "/v2/inventory/changes/batch-retrieve", Some(&body))?;
        let response = look(outside, &request)?;
        // A list that cannot be read says nothing, least of all that ours is not on it.
        let changes: Vec<Option<Change>> = items(&response.body, "changes")?;
        let ours = |change: &Change| {
            let detail = change.adjustment.as_ref().or(change.physical_count.as_ref());
            let reference = detail.and_then(|detail| detail.reference_id.as_ref());
            reference.is_some_and(|reference| reference.0 == effect.id)
        };
        if let Some(change) = changes.into_iter().flatten().find(ours) {
            return Ok(Receipt { reference: id(change), already_done: true, extra: Vec::new() });
        }
        let page: ChangesPage = members::read(&response.body).unwrap_or_default();
        cursor = said(page.cursor);
        if cursor.is_none() {
            return Err(Failure::Rejected(REFUSED.into()));
        }
    }
    Err(Failure::OutcomeUnknown("too many changes of this item to look through".into()))
}
