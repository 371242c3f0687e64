//! Shopify's inventory bodies: levels, items, variants running out, and notices of everything else.

use omnihub_plugin::dated::fingerprint;
use omnihub_plugin::exact::{Text, timestamp};
use omnihub_plugin::members::extras;
use omnihub_plugin::model::{InventoryItem, InventoryLevel, Other};
use omnihub_plugin::square::time;
use omnihub_plugin::{Delivery, Event, Payload, Remark, Report, lenient};
use serde_json::value::RawValue;

use super::{AVAILABLE, Quantity, quantity};
use crate::manifest::{TOPIC, TRIGGERED_AT, WEBHOOK_ID};
use crate::wire::{Shopify, graphql};

/// The body's topic: as a header or the host names it (`inventory_levels/update`), else by its shape.
pub(super) fn topic(delivery: &Delivery, body: &Shopify) -> Option<String> {
    let from_header = delivery.header(&TOPIC).filter(|topic| topic.bytes().all(is_topic_byte));
    // What the host passes may be a `type` inside somebody else's body: only `resource/action` is Shopify's.
    let from_host = || delivery.topic.as_deref().filter(|topic| is_resource_and_action(topic));
    from_header.or_else(from_host).map(str::to_owned).or_else(|| shape(body).map(str::to_owned))
}

fn is_topic_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.' | b'/')
}

fn is_resource_and_action(topic: &str) -> bool {
    topic.bytes().all(is_topic_byte)
        && topic.split_once('/').is_some_and(|(resource, action)| !resource.is_empty() && !action.is_empty())
}

fn shape(body: &Shopify) -> Option<&'static str> {
    let gid = gid(body);
    let is = |kind: &str| gid.starts_with("gid://shopify/") && gid.contains(kind);
    // A variant holds `inventory_item_id` too, so it is asked for before levels.
    if is("/ProductVariant/") || (body.product_id.is_some() && body.inventory_quantity.is_some()) {
        return match quantity_text(body).as_deref() {
            Some(count) if count.starts_with('-') || count == "0" => Some("variants/out_of_stock"),
            Some(_) => Some("variants/in_stock"),
            None => Some("variants/update"),
        };
    }
    if body.inventory_item_id.is_some() {
        // A body of the two ids and nothing else is what `disconnect` sends, and nothing else does.
        let bare =
            gid.is_empty() && body.available.is_none() && body.updated_at.is_none() && body.id.is_none();
        return Some(if bare { "inventory_levels/disconnect" } else { "inventory_levels/update" });
    }
    if is("/InventoryItem/") || (body.id.is_some() && body.tracked.is_some()) {
        // Deletions name the item and no time; every other item body has one unless the shop trims it away.
        let bare = body.updated_at.is_none() && body.sku.is_none() && body.tracked.is_none();
        return Some(if bare { "inventory_items/delete" } else { "inventory_items/update" });
    }
    None
}

pub(super) fn report(topic: &str, body: &Shopify, delivery: &Delivery) -> Report {
    let event = match topic {
        "inventory_levels/update" | "inventory_levels/connect" => level(body, delivery),
        "inventory_levels/disconnect" => disconnected(body, delivery),
        "inventory_items/create" | "inventory_items/update" => item(body, delivery),
        "inventory_items/delete" => deleted(body, delivery),
        "variants/in_stock" => variant(body, delivery, "in_stock"),
        "variants/out_of_stock" => variant(body, delivery, "out_of_stock"),
        _ => Ok(notice(topic, body, delivery)),
    };
    let mut report = Report::new();
    match event {
        Ok(event) => report.events.push(event),
        Err(reason) => report.note("", Remark::Malformed, reason),
    }
    report
}

fn level(body: &Shopify, delivery: &Delivery) -> Result<Event, &'static str> {
    let mut level = place(body)?;
    match quantity(body.available.as_deref()) {
        Quantity::Millionths(millionths) => level.quantity = Some(millionths),
        Quantity::Untracked => level.extra.push(("tracked".into(), "false".into())),
        Quantity::Unsaid => {}
        Quantity::Unreadable => return Err("available is not a number"),
    }
    let at = time(&body.updated_at).or_else(|| triggered_at(delivery));
    Ok(level_event(level, at, delivery))
}

fn disconnected(body: &Shopify, delivery: &Delivery) -> Result<Event, &'static str> {
    let mut level = place(body)?;
    level.deleted = true;
    Ok(level_event(level, triggered_at(delivery), delivery))
}

fn place(body: &Shopify) -> Result<InventoryLevel, &'static str> {
    let item = level_item(body).ok_or("a level without inventory_item_id")?;
    let location = lenient::said(body.location_id.clone()).ok_or("a level without location_id")?;
    Ok(InventoryLevel::new(item, location, AVAILABLE))
}

fn level_event(level: InventoryLevel, at: Option<i64>, delivery: &Delivery) -> Event {
    let suffix = if level.deleted { "/disconnected" } else { "" };
    let object = format!("{}/{}/{}{suffix}", level.item, level.location, level.state);
    let otherwise = level.quantity.map_or_else(String::new, |quantity| quantity.to_string());
    let payload = Payload::InventoryLevel(level);
    Event::dated("inventory.changed", &object, at, &otherwise, delivery.received_at, payload)
}

fn item(body: &Shopify, delivery: &Delivery) -> Result<Event, &'static str> {
    let mut item = InventoryItem::new(own_id(body).ok_or("an item without id")?);
    item.sku = lenient::said(body.sku.clone());
    item.extra = extras([
        ("tracked", lenient::said(body.tracked.clone())),
        ("requires_shipping", lenient::said(body.requires_shipping.clone())),
        ("cost", lenient::said(body.cost.clone())),
        ("country_code_of_origin", lenient::said(body.country_code_of_origin.clone())),
    ]);
    let at = time(&body.updated_at).or_else(|| triggered_at(delivery));
    let object = item.item.clone();
    Ok(item_event(item, &object, at, delivery))
}

fn deleted(body: &Shopify, delivery: &Delivery) -> Result<Event, &'static str> {
    let mut item = InventoryItem::new(own_id(body).ok_or("an item without id")?);
    item.deleted = true;
    let key = format!("{}/deleted", item.item);
    let payload = Payload::InventoryItem(item);
    Ok(Event::once("inventory.item_changed", key, triggered_at(delivery), delivery.received_at, payload))
}

/// The shop ran out of a variant or has it again. Filed under the variant's inventory item where the body names it.
fn variant(body: &Shopify, delivery: &Delivery, stock: &str) -> Result<Event, &'static str> {
    let variant = own_id(body).ok_or("a variant without id")?;
    let inventory_item = lenient::said(body.inventory_item_id.clone());
    let mut item = InventoryItem::new(inventory_item.unwrap_or_else(|| variant.clone()));
    item.sku = lenient::said(body.sku.clone());
    item.title = lenient::said(body.title.clone());
    item.extra = extras([
        ("stock", Some(stock.to_owned())),
        ("variant_id", Some(variant.clone())),
        ("product_id", lenient::said(body.product_id.clone())),
        ("inventory_quantity", quantity_text(body)),
    ]);
    let at = time(&body.updated_at).or_else(|| triggered_at(delivery));
    Ok(item_event(item, &format!("{variant}/{stock}"), at, delivery))
}

fn item_event(item: InventoryItem, object: &str, at: Option<i64>, delivery: &Delivery) -> Event {
    let otherwise = fingerprint(&delivery.body);
    let payload = Payload::InventoryItem(item);
    Event::dated("inventory.item_changed", object, at, &otherwise, delivery.received_at, payload)
}

fn notice(topic: &str, body: &Shopify, delivery: &Delivery) -> Event {
    let mut other = Other::new(topic);
    other.extra = extras([("id", own_id(body))]);
    // The delivery's own id comes first: the same object may be told of twice at one time.
    let id = delivery.header(&WEBHOOK_ID).map_or_else(|| fingerprint(&delivery.body), str::to_owned);
    let at = time(&body.updated_at).or_else(|| triggered_at(delivery));
    Event::once("provider.notice", id, at, delivery.received_at, Payload::Other(other))
}

/// The object's own id; the text form wins over a number that may have been rounded.
fn own_id(body: &Shopify) -> Option<String> {
    let gid = gid(body).rsplit('/').next().and_then(digits);
    gid.or_else(|| body.id.clone().and_then(Text::id))
}

/// The item of a level: `gid://shopify/InventoryLevel/…?inventory_item_id=<exact id>`, else the number beside it.
fn level_item(body: &Shopify) -> Option<String> {
    let gid = gid(body);
    let exact = gid.split_once("?inventory_item_id=").and_then(|(_, id)| digits(id));
    exact.or_else(|| body.inventory_item_id.clone().and_then(Text::id))
}

fn gid(body: &Shopify) -> &str {
    body.admin_graphql_api_id.as_ref().map_or("", |gid| gid.0.as_str())
}

/// A polled level in the words of `inventory_levels/update`.
pub(crate) fn polled_level(level: graphql::Level, location: &str, now: i64) -> Report {
    let item = level.item.unwrap_or_default();
    let untracked = item.tracked.is_some_and(|tracked| tracked.0 == "false");
    let available = || {
        let quantities = level.quantities.into_iter().flatten().flatten();
        let mut named = quantities.filter(|it| it.name.as_ref().is_some_and(|name| name.0 == AVAILABLE));
        named.next()?.quantity
    };
    let body = Shopify {
        admin_graphql_api_id: level.id,
        inventory_item_id: item.id,
        location_id: location.rsplit('/').next().and_then(digits).map(Text),
        updated_at: level.updated_at,
        available: if untracked { RawValue::from_string("null".into()).ok() } else { available() },
        ..Shopify::default()
    };
    polled("inventory_levels/update", &body, now)
}

/// A polled item in the words of `inventory_items/update`, without the cost: that takes a permission of its own, and
/// is written differently here and there.
pub(crate) fn polled_item(item: graphql::Item, now: i64) -> Report {
    let body = Shopify {
        id: item.id,
        admin_graphql_api_id: item.gid,
        sku: item.sku,
        tracked: item.tracked,
        requires_shipping: item.requires_shipping,
        country_code_of_origin: item.country,
        updated_at: item.updated_at,
        ..Shopify::default()
    };
    polled("inventory_items/update", &body, now)
}

fn polled(topic: &str, body: &Shopify, now: i64) -> Report {
    let delivery = Delivery {
        topic: Some(topic.to_owned()),
        headers: Vec::new(),
        body: String::new(),
        received_at: now,
    };
    report(topic, body, &delivery)
}

fn digits(id: &str) -> Option<String> {
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())).then(|| id.to_owned())
}

fn quantity_text(body: &Shopify) -> Option<String> {
    lenient::said(body.inventory_quantity.clone())
}

fn triggered_at(delivery: &Delivery) -> Option<i64> {
    delivery.header(&TRIGGERED_AT).and_then(timestamp)
}
