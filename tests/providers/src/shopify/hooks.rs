//! The shop's webhook subscriptions, and what it tells those who subscribed. Sending is the outbox's; a subscription to
//! an address the outbox does not know is kept and listed, and nothing goes there.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::outbox::{Outbox, Standing};
use crate::state::Provider;

/// Topics an app can subscribe to over the API, of those that are about what is simulated or what the hub listens to.
const TOPICS: [&str; 41] = [
    "app/scopes_update",
    "app/uninstalled",
    "checkouts/create",
    "checkouts/delete",
    "checkouts/update",
    "customer.tags_added",
    "customer.tags_removed",
    "customers/create",
    "customers/delete",
    "customers/disable",
    "customers/enable",
    "customers/merge",
    "customers/purchasing_summary",
    "customers/update",
    "customers_email_marketing_consent/update",
    "customers_marketing_consent/update",
    "fulfillments/create",
    "fulfillments/update",
    "inventory_items/create",
    "inventory_items/delete",
    "inventory_items/update",
    "inventory_levels/connect",
    "inventory_levels/disconnect",
    "inventory_levels/update",
    "orders/cancelled",
    "orders/create",
    "orders/delete",
    "orders/edited",
    "orders/fulfilled",
    "orders/paid",
    "orders/partially_fulfilled",
    "orders/updated",
    "refunds/create",
    "returns/approve",
    "returns/cancel",
    "returns/close",
    "returns/decline",
    "returns/request",
    "returns/update",
    "shop/update",
    "variants/out_of_stock",
];

/// A subscription made over the API to an address that is no connection of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Subscription {
    pub topic: String,
    pub uri: String,
}

impl Subscription {
    fn gid(&self) -> String {
        // FNV-1a: the same subscription has the same id in every run.
        let hash = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        let number = self.topic.bytes().chain(self.uri.bytes()).fold(0x811c_9dc5, hash);
        format!("gid://shopify/WebhookSubscription/{number}")
    }

    fn node(&self) -> Value {
        json!({
            "__typename": "WebhookSubscription",
            "id": self.gid(),
            "topic": in_api(&self.topic),
            "uri": self.uri,
            "format": "JSON",
            "filter": null,
            "includeFields": [],
        })
    }
}

fn in_api(topic: &str) -> String {
    topic.replace(['/', '.'], "_").to_ascii_uppercase()
}

/// The topic behind a name like `ORDERS_CREATE`.
pub(crate) fn topic_named(name: &str) -> Option<&'static str> {
    TOPICS.into_iter().find(|topic| in_api(topic) == name)
}

/// Made over the API, by gid; those of the outbox's connections are not here.
pub(crate) type Unserved = BTreeMap<String, Subscription>;

fn all(unserved: &Unserved, outbox: &Outbox) -> Vec<Subscription> {
    let served = outbox.subscriptions(Provider::Shopify).flat_map(|(_, connection, standing)| {
        let works = matches!(standing, Standing::Active | Standing::Paused { .. });
        let wanted = move |topic: &&str| works && connection.wants(topic);
        let uri = connection.target.clone();
        let subscription = move |topic: &str| Subscription { topic: topic.to_owned(), uri: uri.clone() };
        TOPICS.into_iter().filter(wanted).map(subscription)
    });
    served.chain(unserved.values().cloned()).collect()
}

/// What `webhookSubscriptions` lists.
pub(crate) fn nodes(unserved: &Unserved, outbox: &Outbox) -> Vec<Value> {
    all(unserved, outbox).iter().map(Subscription::node).collect()
}

pub(crate) fn create(unserved: &mut Unserved, outbox: &mut Outbox, topic: &str, uri: &str) -> Value {
    let wanted = Subscription { topic: topic.to_owned(), uri: uri.to_owned() };
    let refusal = if !is_address(uri) {
        Some("Address is not a supported address")
    } else if all(unserved, outbox).contains(&wanted) {
        Some("Address for this topic has already been taken")
    } else {
        None
    };
    if let Some(message) = refusal {
        return payload("WebhookSubscriptionCreatePayload", Value::Null, "callbackUrl", Some(message));
    }
    let node = wanted.node();
    if outbox.subscribe(Provider::Shopify, uri, topic).is_err() {
        unserved.insert(wanted.gid(), wanted);
    }
    payload("WebhookSubscriptionCreatePayload", node, "", None)
}

pub(crate) fn delete(unserved: &mut Unserved, outbox: &mut Outbox, gid: &str) -> Value {
    let found = all(unserved, outbox).into_iter().find(|subscription| subscription.gid() == gid);
    let gone = found.is_some_and(|found| {
        unserved.remove(gid).is_some()
            || outbox.unsubscribe(Provider::Shopify, &found.uri, &found.topic).is_ok()
    });
    let message = (!gone).then_some("Webhook subscription does not exist");
    let mut answer = payload("WebhookSubscriptionDeletePayload", Value::Null, "id", message);
    if let (true, Some(answer)) = (gone, answer.as_object_mut()) {
        answer.insert("deletedWebhookSubscriptionId".to_owned(), json!(gid));
    }
    answer
}

fn payload(typename: &str, node: Value, field: &str, refusal: Option<&str>) -> Value {
    let error = |message| {
        let path = if field == "id" { vec!["id"] } else { vec!["webhookSubscription", field] };
        json!({ "__typename": "UserError", "field": path, "message": message })
    };
    let errors: Vec<Value> = refusal.map(error).into_iter().collect();
    json!({ "__typename": typename, "webhookSubscription": node, "userErrors": errors })
}

/// Shopify takes https only; here also what cannot leave the machine.
fn is_address(uri: &str) -> bool {
    uri.starts_with("https://")
        || uri.starts_with("http://127.0.0.1")
        || uri.starts_with("http://[::1]")
        || uri.starts_with("http://localhost")
}
