//! What the other side does: customers who write and comment, phones that report, and Meta losing patience. Asked for
//! below `/people`, which is no path of Meta's; everything it causes is what the provider would do then.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::accounts::Throttle;
use super::{Channel, fresh_id, webhooks};
use crate::answer::{Answer, Answered};
use crate::state::Shared;

/// A message of a customer's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inbound {
    pub id: String,
    pub at: Timestamp,
    pub channel: Channel,
    /// As the calls of the hub name it: `me` is an account of its own here.
    pub account: String,
    pub from: String,
    pub text: String,
}

/// Under a post of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comment {
    pub id: String,
    pub at: Timestamp,
    pub account: String,
    pub from: String,
    /// None of a comment that came into being by being answered.
    pub text: Option<String>,
    /// Whether its one private reply is used up.
    pub replied: bool,
}

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/people/{channel}/messages", post(write))
        .route("/people/instagram/comments", post(comment))
        .route("/people/whatsapp/statuses", post(report))
        .route("/people/throttle", post(throttle))
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Answer> {
    let refused = |error: serde_json::Error| {
        Answer::new(StatusCode::BAD_REQUEST, json!({ "error": { "message": error.to_string() } }))
    };
    serde_json::from_slice(body).map_err(refused)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Writes {
    account: String,
    from: String,
    text: String,
    /// WhatsApp: the account the phone belongs to.
    business_account: Option<String>,
}

async fn write(State(shared): State<Shared>, Path(channel): Path<String>, body: Bytes) -> Answered {
    let Writes { account, from, text, business_account } = read(&body)?;
    let (channel, prefix) = match channel.as_str() {
        "instagram" => (Channel::Instagram, "aWdfZAG1faXRlbToxOk"),
        "whatsapp" => (Channel::Whatsapp, "wamid."),
        _ => return Err(super::not_found()),
    };
    let at = shared.now();
    let mut worlds = shared.lock();
    if let Some(business) = business_account {
        worlds.graph.business_accounts.insert(account.clone(), business);
    }
    let inbound = Inbound { id: fresh_id(&mut worlds, prefix), at, channel, account, from, text };
    worlds.graph.wrote(&inbound.account, &inbound.from, at);
    webhooks::received(&mut worlds, &inbound);
    let answer = json!({ "id": inbound.id });
    worlds.graph.inbound.push(inbound);
    Ok(Answer::ok(answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Comments {
    account: String,
    from: String,
    text: String,
}

async fn comment(State(shared): State<Shared>, body: Bytes) -> Answered {
    let Comments { account, from, text } = read(&body)?;
    let at = shared.now();
    let mut worlds = shared.lock();
    // Seventeen digits, as Instagram's.
    let id = format!("179{:014}", worlds.graph.comments.len());
    let comment = Comment { id, at, account, from, text: Some(text), replied: false };
    webhooks::commented(&mut worlds, &comment);
    let answer = json!({ "id": comment.id });
    worlds.graph.comments.push(comment);
    Ok(Answer::ok(answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    id: String,
    /// `sent`, `delivered`, `read`, `failed`.
    status: String,
}

async fn report(State(shared): State<Shared>, body: Bytes) -> Answered {
    let Report { id, status } = read(&body)?;
    let at = shared.now();
    let mut worlds = shared.lock();
    let Some(message) = worlds.graph.messages.iter().find(|message| message.id == id).cloned() else {
        return Err(super::not_found());
    };
    webhooks::status(&mut worlds, &message, &status, at);
    Ok(Answer::ok(json!({ "success": true })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Throttling {
    account: String,
    /// 4, 613, 80007, 130429, 131056 ...
    code: u32,
    times: u32,
}

async fn throttle(State(shared): State<Shared>, body: Bytes) -> Answered {
    let Throttling { account, code, times } = read(&body)?;
    shared.lock().graph.throttles.insert(account, Throttle { code, times });
    Ok(Answer::ok(json!({ "success": true })))
}
