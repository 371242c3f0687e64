//! Square's webhooks: what it says when something happened, and the subscriptions as its API shows them. Where they
//! are sent to and how is the outbox's.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::SquareError;
use super::page::page;
use crate::outbox::{Connection, Outbox, Scheme, Standing};
use crate::state::{Ids, Provider};

/// The seller everything is about.
const MERCHANT_ID: &str = "SIMULATEDSELLER";
const ID_PREFIX: &str = "wbhk_";
const LIMIT_MAX: usize = 100;
/// What a connection that subscribed to everything has subscribed to.
const EVENT_TYPES: [&str; 12] = [
    "catalog.version.updated",
    "customer.created",
    "customer.deleted",
    "customer.updated",
    "inventory.count.updated",
    "loyalty.account.created",
    "loyalty.account.deleted",
    "loyalty.account.updated",
    "loyalty.event.created",
    "loyalty.program.updated",
    "loyalty.promotion.created",
    "loyalty.promotion.updated",
];

/// Tells everybody who subscribed.
pub(crate) fn announce(
    outbox: &mut Outbox,
    ids: &mut Ids,
    at: Timestamp,
    kind: &str,
    (name, object): (&str, Value),
) {
    let body = json!({
        "merchant_id": MERCHANT_ID,
        "type": kind,
        "event_id": ids.uuid(),
        "created_at": at,
        "data": { "type": name, "id": ids.uuid(), "object": { name: object } },
    });
    outbox.announce(Provider::Square, kind, &body);
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WantedSubscriptions {
    include_disabled: Option<bool>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// Those that are off only when asked for, as at Square.
pub(crate) fn list(outbox: &Outbox, wanted: &WantedSubscriptions) -> Result<Value, SquareError> {
    let all = outbox.subscriptions(Provider::Square).filter(|(_, _, standing)| {
        *standing != Standing::Removed && (is_on(*standing) || wanted.include_disabled == Some(true))
    });
    let all: Vec<Value> = all.map(|(name, connection, standing)| shown(name, connection, standing)).collect();
    let query = json!({
        "include_disabled": wanted.include_disabled, "cursor": wanted.cursor, "limit": wanted.limit,
    });
    let page = page(all, &query, LIMIT_MAX)?;
    let mut answer = json!({ "subscriptions": page.items });
    if let (Some(answer), Some(cursor)) = (answer.as_object_mut(), page.cursor) {
        answer.insert("cursor".to_owned(), cursor.into());
    }
    Ok(answer)
}

#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    subscription: Change,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    enabled: Option<bool>,
    event_types: Option<Vec<String>>,
}

/// Switches on or off, and replaces the list of event types.
pub(crate) fn update(outbox: &mut Outbox, id: &str, update: Update) -> Result<Value, SquareError> {
    let not_found = || SquareError::not_found("Webhook subscription not found.");
    let name = id.strip_prefix(ID_PREFIX).ok_or_else(not_found)?;
    let Change { enabled, event_types } = update.subscription;
    let (mut connection, standing) = (outbox.subscriptions(Provider::Square))
        .find(|(known, _, standing)| *known == name && *standing != Standing::Removed)
        .map(|(_, connection, standing)| (connection.clone(), standing))
        .ok_or_else(not_found)?;
    if let Some(event_types) = event_types {
        if event_types.iter().any(|kind| !EVENT_TYPES.contains(&kind.as_str())) {
            return Err(SquareError::bad("INVALID_VALUE", "Not an event type.", "event_types"));
        }
        connection.topics = Some(event_types);
    }
    let standing = match enabled {
        Some(true) => Standing::Active,
        Some(false) => Standing::Disabled,
        None => standing,
    };
    let answer = json!({ "subscription": shown(name, &connection, standing) });
    outbox.connect(name, connection).map_err(|_| not_found())?;
    outbox.set_standing(name, standing).map_err(|_| not_found())?;
    Ok(answer)
}

fn is_on(standing: Standing) -> bool {
    matches!(standing, Standing::Active | Standing::Paused { .. })
}

fn shown(name: &str, connection: &Connection, standing: Standing) -> Value {
    let url = match &connection.scheme {
        Scheme::Square { notification_url: Some(url) } => url,
        _ => &connection.target,
    };
    let wanted = EVENT_TYPES.iter().filter(|kind| connection.wants(kind)).collect::<Vec<_>>();
    json!({
        "id": format!("{ID_PREFIX}{name}"),
        "name": name,
        "enabled": is_on(standing),
        "event_types": wanted,
        "notification_url": url,
        "api_version": super::VERSION_DEFAULT,
    })
}
