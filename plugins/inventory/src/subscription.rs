//! Whether the source still sends here. Square's part is shared with its other connector; Shopify removes a
//! subscription after eight failures in a row, and lets us make it again without any new secret.

use omnihub_plugin::square::api::Outside;
use omnihub_plugin::{Failure, Standing, Subscribed, Wanted, answer, square};
use serde_json::json;

use crate::graphql::{Purpose, send};
use crate::settings::{Settings, Source};
use crate::wire::graphql::Created;

const SQUARE: [&str; 1] = ["inventory.count.updated"];

/// As webhooks name the topic, and as the Admin API does.
const SHOPIFY: [(&str, &str); 8] = [
    ("inventory_levels/update", "INVENTORY_LEVELS_UPDATE"),
    ("inventory_levels/connect", "INVENTORY_LEVELS_CONNECT"),
    ("inventory_levels/disconnect", "INVENTORY_LEVELS_DISCONNECT"),
    ("inventory_items/create", "INVENTORY_ITEMS_CREATE"),
    ("inventory_items/update", "INVENTORY_ITEMS_UPDATE"),
    ("inventory_items/delete", "INVENTORY_ITEMS_DELETE"),
    ("variants/in_stock", "VARIANTS_IN_STOCK"),
    ("variants/out_of_stock", "VARIANTS_OUT_OF_STOCK"),
];

const LIST: &str = "query Subscriptions($after: String) { webhookSubscriptions(first: 100, after: $after) { \
    nodes { topic uri } pageInfo { hasNextPage endCursor } } }";

const CREATE: &str = "mutation Subscribe($topic: WebhookSubscriptionTopic!, $uri: String!) { \
    webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri, format: JSON}) { \
    webhookSubscription { id } userErrors { field message } } }";

/// An app has a few dozen.
const PAGES_MAX: usize = 5;

pub(crate) fn check(
    wanted: &Wanted,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Vec<Subscribed>, Failure> {
    match settings.source {
        Source::Square => {
            square::subscription::check(wanted, &SQUARE, settings.square_version.as_deref(), outside)
        }
        Source::Shopify => shopify(wanted, settings, outside),
    }
}

fn shopify(
    wanted: &Wanted,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Vec<Subscribed>, Failure> {
    let here = subscribed(wanted, settings, outside)?;
    let mut told = Vec::new();
    for (topic, name) in SHOPIFY {
        let (standing, detail) = if here.iter().any(|subscribed| subscribed == name) {
            (Standing::Active, None)
        } else if wanted.repair {
            subscribe(name, wanted, settings, outside)?
        } else {
            (Standing::Broken, Some("no subscription of this topic sends to this address".to_owned()))
        };
        told.push(Subscribed { topic: topic.to_owned(), standing, detail });
    }
    Ok(told)
}

/// The topics that are sent to our address.
fn subscribed(
    wanted: &Wanted,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Vec<String>, Failure> {
    let mut topics = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let variables = json!({"after": after});
        let data = send(outside, &settings.shopify_version, LIST, variables, Purpose::Look)?;
        let list = data.subscriptions.unwrap_or_default();
        let here = list.nodes.into_iter().flatten().flatten();
        let here = here.filter(|it| it.uri.as_ref().is_some_and(|uri| uri.0 == wanted.callback));
        topics.extend(here.filter_map(|it| it.topic).map(|topic| topic.0));
        let page = list.page.unwrap_or_default();
        after = page.end.map(|end| end.0);
        if after.is_none() || page.has_next.is_none_or(|has_next| has_next.0 != "true") {
            break;
        }
    }
    Ok(topics)
}

fn subscribe(
    name: &str,
    wanted: &Wanted,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<(Standing, Option<String>), Failure> {
    let variables = json!({"topic": name, "uri": wanted.callback});
    // Looking again is cheap and shows whether it was done, so nothing stays in doubt.
    let data = send(outside, &settings.shopify_version, CREATE, variables, Purpose::Look)?;
    let Created { subscription, errors } = data.subscribed.unwrap_or_default();
    if subscription.is_some_and(|made| made.id.is_some()) {
        return Ok((Standing::Repaired, None));
    }
    let field = errors.into_iter().flatten().flatten().find_map(|error| error.field).unwrap_or_default();
    let field = field.last().and_then(|part| answer::word(&part.0)).unwrap_or_else(|| "topic".into());
    Ok((
        Standing::Broken,
        Some(format!("Shopify refused to subscribe ({field}): the app may lack the topic's scope")),
    ))
}
