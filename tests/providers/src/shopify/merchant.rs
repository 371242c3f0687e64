//! Not Shopify's: what merchants and buyers do in the shop, so that a test can let them. An object is written by the
//! names of webhooks' bodies, changes at the moment it is written, and everybody who subscribed is told.

use axum::extract::{Path, State};
use axum::routing::put;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::object::Kept;
use super::{Kind, ShopObject, failure_body};
use crate::answer::{Answer, Answered};
use crate::state::{Provider, Shared};

pub(crate) fn router(shared: &Shared) -> Router {
    Router::new().route("/merchant/{kind}/{number}", put(write).delete(remove)).with_state(shared.clone())
}

/// What changes, and of which topics webhooks are due.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(default)]
    topics: Vec<String>,
}

fn object(kind: &str, number: &str) -> Result<(Kind, String), Answer> {
    let kind = match kind {
        "customers" => Some(Kind::Customer),
        "orders" => Some(Kind::Order),
        _ => None,
    };
    let found = kind.map(|kind| (kind, format!("gid://shopify/{}/{number}", kind.name())));
    found.filter(|(_, gid)| Kind::of_gid(gid).is_some()).ok_or_else(not_found)
}

fn not_found() -> Answer {
    Answer::new(StatusCode::NOT_FOUND, failure_body(StatusCode::NOT_FOUND))
}

/// Answers with the object as a webhook tells it.
async fn write(
    State(shared): State<Shared>,
    Path((kind, number)): Path<(String, String)>,
    Json(written): Json<Written>,
) -> Answered {
    let (kind, gid) = object(&kind, &number)?;
    let now = shared.now();
    let mut worlds = shared.lock();
    let worlds = &mut *worlds;
    let shop = &mut worlds.shopify;
    shop.redact_due(now);
    if shop.erasures.done.contains(&gid) {
        return Err(not_found());
    }
    let mut kept = shop.get(kind, &gid).cloned().unwrap_or_else(|| Kept::new(ShopObject::default(), now));
    kept.write(written.fields);
    shop.put(kind, &gid, kept);
    shop.touch(kind, &gid, now);
    let body = shop.webhook(kind, &gid);
    for topic in &written.topics {
        worlds.outbox.announce(Provider::Shopify, topic, &body);
    }
    Ok(Answer::ok(body))
}

/// Only the id is left in the webhook.
async fn remove(State(shared): State<Shared>, Path((kind, number)): Path<(String, String)>) -> Answered {
    let (kind, gid) = object(&kind, &number)?;
    let mut worlds = shared.lock();
    worlds.shopify.remove(kind, &gid).ok_or_else(not_found)?;
    let topic = match kind {
        Kind::Customer => "customers/delete",
        Kind::Order => "orders/delete",
    };
    let body = json!({ "id": number.parse::<u64>().ok(), "admin_graphql_api_id": gid });
    worlds.outbox.announce(Provider::Shopify, topic, &body);
    Ok(Answer::ok(body))
}
