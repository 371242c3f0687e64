//! Square's envelopes: counts, and notices of everything else.

use omnihub_plugin::members::extras;
use omnihub_plugin::model::InventoryLevel;
use omnihub_plugin::square::{Envelope, time};
use omnihub_plugin::{Delivery, Event, Payload, Remark, Report, lenient};

use super::{AVAILABLE, Quantity, quantity};
use crate::wire::{Catalog, Count, Counts};

const COUNTS_PATH: &str = "/data/object/inventory_counts";

pub(super) fn report(envelope: &Envelope, delivery: &Delivery) -> Report {
    match envelope.kind() {
        "inventory.count.updated" => counts(envelope, delivery),
        "catalog.version.updated" => {
            let mut event = envelope.notice(delivery);
            let version: Option<Catalog> = envelope.object();
            let updated_at =
                version.and_then(|object| object.catalog_version).and_then(|version| version.updated_at);
            if let (Payload::Other(other), Some(updated_at)) = (&mut event.payload, updated_at) {
                other.extra.push(("updated_at".into(), updated_at.0));
            }
            Report { events: vec![event], notes: Vec::new() }
        }
        _ => Report { events: vec![envelope.notice(delivery)], notes: Vec::new() },
    }
}

fn counts(envelope: &Envelope, delivery: &Delivery) -> Report {
    let mut report = Report::new();
    let counts: Counts = envelope.object().unwrap_or_default();
    let Some(counts) = counts.inventory_counts else {
        report.note(COUNTS_PATH, Remark::Malformed, "no list of counts");
        return report;
    };
    if counts.is_empty() {
        report.note(COUNTS_PATH, Remark::Ignored, "the list of counts is empty");
    }
    for (index, count) in counts.into_iter().enumerate() {
        match count.ok_or("not an object").and_then(|count| level(count, envelope, delivery)) {
            Ok(event) => report.events.push(event),
            Err(reason) => report.note(format!("{COUNTS_PATH}/{index}"), Remark::Malformed, reason),
        }
    }
    report
}

fn level(count: Count, envelope: &Envelope, delivery: &Delivery) -> Result<Event, &'static str> {
    let item = lenient::said(count.catalog_object_id).ok_or("a count without catalog_object_id")?;
    let location = lenient::said(count.location_id).ok_or("a count without location_id")?;
    let state = lenient::said(count.state).ok_or("a count without state")?;
    let counted = match quantity(count.quantity.as_deref()) {
        Quantity::Millionths(millionths) => Some(millionths),
        Quantity::Unsaid | Quantity::Untracked => None,
        Quantity::Unreadable => return Err("a quantity that is not a decimal of up to six places"),
    };
    let mut level = InventoryLevel::new(item, location, hub_state(&state));
    level.quantity = counted;
    // Counts are of item variations; the rare other kinds say so.
    let kind = lenient::said(count.catalog_object_type).filter(|kind| kind != "ITEM_VARIATION");
    level.extra =
        extras([("catalog_object_type", kind), ("is_estimated", lenient::said(count.is_estimated))]);

    let object = format!("{}/{}/{}", level.item, level.location, level.state);
    let at = time(&count.calculated_at).or_else(|| envelope.created_at(delivery));
    let otherwise =
        envelope.event_id(&level.quantity.map_or_else(String::new, |quantity| quantity.to_string()));
    let payload = Payload::InventoryLevel(level);
    Ok(Event::dated("inventory.changed", &object, at, &otherwise, delivery.received_at, payload))
}

/// Only `IN_STOCK` can be sold. Other states keep Square's word, in lower case.
fn hub_state(state: &str) -> String {
    match state.trim() {
        "IN_STOCK" => AVAILABLE.into(),
        other => other.to_ascii_lowercase(),
    }
}
