//! Stock: levels at places, items, variants running out. The `inventory` connector reads the same bodies alike.

use omnihub_plugin::exact::{self, Text};
use omnihub_plugin::lenient::said;
use omnihub_plugin::members::extras;
use omnihub_plugin::model::{InventoryItem, InventoryLevel};
use omnihub_plugin::{Failure, Payload, Remark};

use super::{Reading, object_id, time, without_id};
use crate::wire;

/// What `available` counts.
const AVAILABLE: &str = "available";

pub(super) fn level(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Level = reading.body()?;
    let mut level = place(&wire)?;
    match wire.available.as_deref().map(|raw| raw.get()) {
        // The shop does not count this item here.
        Some("null") => level.extra = extras([("tracked", Some("false".to_owned()))]),
        Some(count) => {
            match serde_json::from_str::<Text>(count).ok().and_then(|count| exact::quantity(&count.0).ok()) {
                Some(quantity) => level.quantity = Some(quantity),
                None => reading.note("/available", Remark::Malformed, "not a count"),
            }
        }
        None => {}
    }
    let time = time(&wire.updated_at).or_else(|| reading.triggered_at());
    let object = format!("{}/{}/{AVAILABLE}", level.item, level.location);
    reading.again("inventory.changed", &object, time, Payload::InventoryLevel(level));
    Ok(())
}

pub(super) fn disconnected(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Level = reading.body()?;
    let level = InventoryLevel { deleted: true, ..place(&wire)? };
    let object = format!("{}/{}/{AVAILABLE}/disconnected", level.item, level.location);
    reading.again("inventory.changed", &object, reading.triggered_at(), Payload::InventoryLevel(level));
    Ok(())
}

fn place(wire: &wire::Level) -> Result<InventoryLevel, Failure> {
    let item = item_of(wire).ok_or_else(|| without_id("the item of a level"))?;
    let location =
        wire.location_id.clone().and_then(Text::id).ok_or_else(|| without_id("the location of a level"))?;
    Ok(InventoryLevel::new(item, location, AVAILABLE))
}

/// `gid://shopify/InventoryLevel/…?inventory_item_id=<exact id>`, else the number beside it.
fn item_of(wire: &wire::Level) -> Option<String> {
    let gid = wire.admin_graphql_api_id.as_ref().map_or("", |gid| gid.0.as_str());
    let exact = gid.split_once("?inventory_item_id=").map(|(_, id)| id);
    let digits = |id: &&str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    exact.filter(digits).map(str::to_owned).or_else(|| wire.inventory_item_id.clone().and_then(Text::id))
}

pub(super) fn item(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Item = reading.body()?;
    let id = object_id(&wire.admin_graphql_api_id, &wire.id).ok_or_else(|| without_id("an item"))?;
    let time = time(&wire.updated_at).or_else(|| reading.triggered_at());
    let item = InventoryItem {
        sku: said(wire.sku),
        extra: extras([("tracked", said(wire.tracked)), ("cost", said(wire.cost))]),
        ..InventoryItem::new(id.clone())
    };
    reading.again("inventory.item_changed", &id, time, Payload::InventoryItem(item));
    Ok(())
}

pub(super) fn deleted(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Reference = reading.body()?;
    let id = object_id(&wire.admin_graphql_api_id, &wire.id).ok_or_else(|| without_id("an item"))?;
    let item = InventoryItem { deleted: true, ..InventoryItem::new(id.clone()) };
    let time = reading.triggered_at();
    reading.once(
        "inventory.item_changed",
        &format!("{id}/deleted"),
        time,
        time,
        Payload::InventoryItem(item),
    );
    Ok(())
}

/// A variant ran out, or is there again: over all places, so this is news of the item and no level.
pub(super) fn variant(reading: &mut Reading<'_>, stock: &str) -> Result<(), Failure> {
    let wire: wire::Item = reading.body()?;
    let variant = object_id(&wire.admin_graphql_api_id, &wire.id).ok_or_else(|| without_id("a variant"))?;
    let item = wire.inventory_item_id.and_then(Text::id).unwrap_or_else(|| variant.clone());
    let time = time(&wire.updated_at).or_else(|| reading.triggered_at());
    let object = format!("{variant}/{stock}");
    let item = InventoryItem {
        sku: said(wire.sku),
        title: said(wire.title),
        extra: extras([
            ("stock", Some(stock.to_owned())),
            ("variant_id", Some(variant)),
            ("product_id", said(wire.product_id)),
            ("inventory_quantity", said(wire.inventory_quantity)),
        ]),
        ..InventoryItem::new(item)
    };
    reading.again("inventory.item_changed", &object, time, Payload::InventoryItem(item));
    Ok(())
}
