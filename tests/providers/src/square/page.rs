//! Square's pages: a cursor is opaque and belongs to the query it came with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::SquareError;

/// A part of a list, and the cursor of what follows.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) cursor: Option<String>,
}

/// The page of `all` that the query in `body` asks for.
pub(crate) fn page<T>(all: Vec<T>, body: &Value, limit_max: usize) -> Result<Page<T>, SquareError> {
    let limit = limit(body, limit_max)?;
    let query = query(body);
    let shown = match body.get("cursor").and_then(Value::as_str) {
        None | Some("") => 0,
        Some(cursor) => {
            let detail = "Not a cursor of this query.";
            shown(cursor, &query).ok_or_else(|| SquareError::bad("INVALID_CURSOR", detail, "cursor"))?
        }
    };
    let left = all.len().saturating_sub(shown);
    let items = all.into_iter().skip(shown).take(limit).collect();
    let cursor = (left > limit).then(|| URL_SAFE_NO_PAD.encode(format!("{query}:{}", shown + limit)));
    Ok(Page { items, cursor })
}

fn limit(body: &Value, limit_max: usize) -> Result<usize, SquareError> {
    let limit = match body.get("limit") {
        None | Some(Value::Null) => return Ok(limit_max),
        Some(limit) => limit.as_u64().and_then(|limit| usize::try_from(limit).ok()),
    };
    let within = limit.filter(|limit| (1..=limit_max).contains(limit));
    within.ok_or_else(|| SquareError::bad("VALUE_TOO_HIGH", "The limit is out of range.", "limit"))
}

/// What was asked for, without the place in it.
fn query(body: &Value) -> String {
    let mut asked = body.clone();
    if let Some(asked) = asked.as_object_mut() {
        asked.remove("cursor");
    }
    let hash = Sha256::digest(asked.to_string());
    hex::encode(hash).chars().take(16).collect()
}

fn shown(cursor: &str, query: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix(query)?.strip_prefix(':')?.parse().ok()
}
