//! What a delivery is about: as the host or a header says, else by the shape of its body.

use omnihub_plugin::members::{self, Object};
use omnihub_plugin::{Delivery, Failure};

use super::not_an_object;
use crate::manifest::TOPIC;

/// The topic in lower case: `orders/create`, `customer.tags_added`.
pub(super) fn of(delivery: &Delivery) -> Result<String, Failure> {
    let named = delivery.topic.as_deref().map(str::trim).filter(|topic| !topic.is_empty());
    if let Some(topic) = named.or_else(|| delivery.header(&TOPIC)) {
        return Ok(topic.to_ascii_lowercase());
    }
    let members = members::parse(&delivery.body).ok_or_else(not_an_object)?;
    let shape = by_mark(&members).or_else(|| by_gid(&members)).or_else(|| by_members(&members));
    shape.map(str::to_owned).ok_or_else(|| Failure::Rejected("no topic, and a body of no known shape".into()))
}

/// Members that only one topic's bodies have.
fn by_mark(members: &Object<'_>) -> Option<&'static str> {
    const MARKS: [(&str, &str); 6] = [
        ("order_edit", "orders/edited"),
        ("admin_graphql_api_customer_kept_id", "customers/merge"),
        ("data_request", "customers/data_request"),
        ("orders_to_redact", "customers/redact"),
        ("email_address", "customers_email_marketing_consent/update"),
        ("abandoned_checkout_url", "checkouts/update"),
    ];
    MARKS.iter().find(|(member, _)| members.contains_key(*member)).map(|(_, topic)| *topic)
}

/// Bodies that name their own type. An update, because nothing tells what else it might have been.
fn by_gid(members: &Object<'_>) -> Option<&'static str> {
    let gid: String = serde_json::from_str(members.get("admin_graphql_api_id")?.get()).ok()?;
    let kind = gid.strip_prefix("gid://shopify/")?.split('/').next()?;
    match kind {
        "Order" => Some("orders/updated"),
        "Customer" => Some("customers/update"),
        "Refund" => Some("refunds/create"),
        "Return" => Some("returns/update"),
        "Fulfillment" => Some("fulfillments/update"),
        "InventoryLevel" => Some("inventory_levels/update"),
        "InventoryItem" => Some("inventory_items/update"),
        _ => None,
    }
}

/// What is left, from its combination of members.
fn by_members(members: &Object<'_>) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().all(|name| members.contains_key(*name));
    let shapes: [(&[&str], &str); 6] = [
        (&["shop_id", "shop_domain"], "shop/redact"),
        (&["id", "sms_marketing_consent"], "customers_marketing_consent/update"),
        (&["inventory_item_id", "location_id"], "inventory_levels/update"),
        (&["order_id", "transactions"], "refunds/create"),
        (&["order_id", "tracking_numbers"], "fulfillments/update"),
        (&["line_items", "financial_status"], "orders/updated"),
    ];
    shapes.iter().find(|(names, _)| has(names)).map(|(_, topic)| *topic)
}
