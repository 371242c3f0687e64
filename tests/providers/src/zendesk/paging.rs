//! Cursor paging: `page[size]` up to 100, `page[after]`, and `meta.has_more` until there is no more.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::bad_request;
use crate::answer::Answer;

const SIZE_MAX: usize = 100;

/// A query's parameters; `page[size]` is one of them.
pub(super) type Parameters = BTreeMap<String, String>;

/// The page that was asked for of `rows`, which stay in their order and only grow at their end.
pub(super) fn page(parameters: &Parameters, name: &str, rows: Vec<Value>) -> Result<Value, Answer> {
    let size = match parameters.get("page[size]") {
        Some(size) => size.parse().ok().filter(|size| (1..=SIZE_MAX).contains(size)).ok_or_else(refused)?,
        None => SIZE_MAX,
    };
    let first = match parameters.get("page[after]") {
        Some(cursor) => read(cursor).ok_or_else(refused)?,
        None => 0,
    };
    let has_more = rows.len() > first.saturating_add(size);
    let shown: Vec<Value> = rows.into_iter().skip(first).take(size).collect();
    let after = (!shown.is_empty()).then(|| written(first.saturating_add(shown.len())));
    Ok(json!({ name: shown, "meta": { "has_more": has_more, "after_cursor": after, "before_cursor": null } }))
}

fn refused() -> Answer {
    bad_request("InvalidPaginationParameter", "page is invalid")
}

fn written(place: usize) -> String {
    STANDARD.encode(format!("o|{place}"))
}

fn read(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("o|")?.parse().ok()
}
