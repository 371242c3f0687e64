//! What belongs to an account rather than to a conversation: who gets its webhooks, its templates, and whether it is
//! asking too much at the moment.

use axum::extract::{Path, Query, State};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Graph, MetaError, object_at, text_at, versioned};
use crate::answer::{Answer, Answered};
use crate::options::Unknown;
use crate::state::Shared;

/// What an Instagram account that nobody touched is subscribed to.
const FIELDS: [&str; 8] = [
    "messages",
    "messaging_postbacks",
    "messaging_seen",
    "message_reactions",
    "message_edit",
    "messaging_referral",
    "comments",
    "live_comments",
];

/// Whether the app gets an account's webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscription {
    pub subscribed: bool,
    /// Instagram's fields; WhatsApp has none here.
    pub fields: Vec<String>,
}

/// A message text Meta has approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Template {
    pub name: String,
    pub language: String,
    /// How many places its body has.
    pub parameters: usize,
}

/// The next calls of an account are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Throttle {
    pub code: u32,
    pub times: u32,
}

/// A template as a message names it.
pub(super) struct Used {
    pub(super) name: String,
    language: String,
    parameters: usize,
}

impl Used {
    pub(super) fn read(template: &Map<String, Value>) -> Option<Self> {
        let language = object_at(template, "language").and_then(|language| text_at(language, "code"))?;
        let components = template.get("components").and_then(Value::as_array);
        let body = components.into_iter().flatten().find(|component| component["type"] == "body");
        let parameters = body.and_then(|body| body["parameters"].as_array()).map_or(0, Vec::len);
        Some(Self { name: text_at(template, "name")?.to_owned(), language: language.to_owned(), parameters })
    }
}

impl Graph {
    /// Takes a refusal that was asked for.
    pub(super) fn admit(&mut self, account: &str) -> Result<(), MetaError> {
        let Some(throttle) = self.throttles.get_mut(account).filter(|throttle| throttle.times > 0) else {
            return Ok(());
        };
        throttle.times -= 1;
        Err(MetaError { transient: true, ..MetaError::permanent(throttle.code, "Too many calls") })
    }

    pub(super) fn check_template(&self, used: &Used, unknown: Unknown) -> Result<(), MetaError> {
        if self.templates.is_empty() && unknown == Unknown::Created {
            return Ok(());
        }
        let known = self.templates.iter().find(|it| it.name == used.name && it.language == used.language);
        match known {
            None => Err(MetaError::permanent(
                132_001,
                "(#132001) Template name does not exist in the translation",
            )),
            Some(known) if known.parameters != used.parameters => Err(MetaError::permanent(
                132_000,
                "(#132000) Number of parameters does not match the expected number of params",
            )),
            Some(_) => Ok(()),
        }
    }

    /// Whether the app is told of this field of the account; WhatsApp's numbers have only one.
    pub(super) fn is_subscribed(&self, account: &str, field: &str) -> bool {
        self.subscriptions.get(account).is_none_or(|subscription| {
            let all = subscription.fields.is_empty();
            subscription.subscribed && (all || subscription.fields.iter().any(|it| it == field))
        })
    }
}

pub(super) async fn subscribed(
    State(shared): State<Shared>,
    Path((version, account)): Path<(String, String)>,
) -> Answered {
    versioned(&version)?;
    let mut worlds = shared.lock();
    worlds.graph.admit(&account)?;
    let app = |fields: Value| {
        json!({
            "id": "1204050607", "name": "hub", "subscribed_fields": fields,
            "whatsapp_business_api_data": { "id": "1204050607", "name": "hub", "link": "https://hub.example.com" },
        })
    };
    let data = match worlds.graph.subscriptions.get(&account) {
        None => vec![app(json!(FIELDS))],
        Some(subscription) if subscription.subscribed => vec![app(json!(subscription.fields))],
        Some(_) => Vec::new(),
    };
    Ok(Answer::ok(json!({ "data": data })))
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Fields {
    subscribed_fields: Option<String>,
}

pub(super) async fn subscribe(
    State(shared): State<Shared>,
    Path((version, account)): Path<(String, String)>,
    Query(asked): Query<Fields>,
) -> Answered {
    versioned(&version)?;
    let fields: Vec<String> =
        asked.subscribed_fields.iter().flat_map(|fields| fields.split(',')).map(str::to_owned).collect();
    if fields.iter().any(|field| !FIELDS.contains(&field.as_str())) {
        return Err(
            MetaError::permanent(100, "(#100) Param subscribed_fields must be one of the fields").into()
        );
    }
    let mut worlds = shared.lock();
    worlds.graph.admit(&account)?;
    worlds.graph.subscriptions.insert(account, Subscription { subscribed: true, fields });
    Ok(Answer::ok(json!({ "success": true })))
}

pub(super) async fn unsubscribe(
    State(shared): State<Shared>,
    Path((version, account)): Path<(String, String)>,
) -> Answered {
    versioned(&version)?;
    let subscription = Subscription { subscribed: false, fields: Vec::new() };
    shared.lock().graph.subscriptions.insert(account, subscription);
    Ok(Answer::ok(json!({ "success": true })))
}

/// Approved at once; Meta takes minutes to days.
pub(super) async fn add_template(
    State(shared): State<Shared>,
    Path((version, _)): Path<(String, String)>,
    body: Bytes,
) -> Answered {
    versioned(&version)?;
    let posted: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
    let wanted = text_at(&posted, "name").zip(text_at(&posted, "language"));
    let Some((name, language)) = wanted else {
        return Err(MetaError::permanent(100, "(#100) name and language are required").into());
    };
    let components = posted.get("components").and_then(Value::as_array);
    let body = components.into_iter().flatten().find(|component| component["type"] == "BODY");
    let parameters = body.and_then(|body| body["text"].as_str()).map_or(0, |text| text.matches("{{").count());
    let template = Template { name: name.to_owned(), language: language.to_owned(), parameters };
    let mut worlds = shared.lock();
    let id = u32::try_from(worlds.graph.templates.len()).unwrap_or(u32::MAX);
    worlds.graph.templates.push(template);
    Ok(Answer::ok(json!({ "id": id.to_string(), "status": "APPROVED" })))
}
