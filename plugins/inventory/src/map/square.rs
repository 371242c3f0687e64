//! Square's envelopes: counts, and notices of everything else. Pages of counts and of the ledger.

use omnihub_plugin::members::extras;
use omnihub_plugin::model::{InventoryLevel, Other};
use omnihub_plugin::square::api::effect_id;
use omnihub_plugin::square::{Envelope, time};
use omnihub_plugin::{Delivery, Event, Payload, Remark, Report, lenient};

use super::{AVAILABLE, Quantity, quantity};
use crate::wire::{Catalog, Change, Count, Counts, Detail};

const COUNTS_PATH: &str = "/data/object/inventory_counts";

/// What is known of a count beside itself, where it says no time.
struct Told {
    at: Option<i64>,
    id: Option<String>,
    received_at: i64,
}

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
    let id = Some(envelope.event_id("")).filter(|id| !id.is_empty());
    let told = Told { at: envelope.created_at(delivery), id, received_at: delivery.received_at };
    levels(&mut report, COUNTS_PATH, counts, &told);
    report
}

/// A page of counts as polled at `now`.
pub(crate) fn counts_page(counts: Vec<Option<Count>>, now: i64) -> Report {
    let mut report = Report::new();
    levels(&mut report, "/counts", counts, &Told { at: None, id: None, received_at: now });
    report
}

fn levels(report: &mut Report, path: &str, counts: Vec<Option<Count>>, told: &Told) {
    for (index, count) in counts.into_iter().enumerate() {
        match count.ok_or("not an object").and_then(|count| level(count, told)) {
            Ok(event) => report.events.push(event),
            Err(reason) => report.note(format!("{path}/{index}"), Remark::Malformed, reason),
        }
    }
}

fn level(count: Count, told: &Told) -> Result<Event, &'static str> {
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
    let at = time(&count.calculated_at).or(told.at);
    let value = || level.quantity.map_or_else(String::new, |quantity| quantity.to_string());
    let otherwise = told.id.clone().unwrap_or_else(value);
    let payload = Payload::InventoryLevel(level);
    Ok(Event::dated("inventory.changed", &object, at, &otherwise, told.received_at, payload))
}

/// Only `IN_STOCK` can be sold. Other states keep Square's word, in lower case.
fn hub_state(state: &str) -> String {
    match state.trim() {
        "IN_STOCK" => AVAILABLE.into(),
        other => other.to_ascii_lowercase(),
    }
}

/// A page of the ledger as polled at `now`. Levels come from counts, which are absolute and told in their own stream; a
/// line of the ledger says why one changed and, by its reference, whether it was us.
pub(crate) fn changes_page(changes: Vec<Option<Change>>, now: i64) -> Report {
    let mut report = Report::new();
    for (index, change) in changes.into_iter().enumerate() {
        match change.ok_or("not an object").and_then(|change| ledger(change, now)) {
            Ok(event) => report.events.push(event),
            Err(reason) => report.note(format!("/changes/{index}"), Remark::Malformed, reason),
        }
    }
    report
}

fn ledger(change: Change, now: i64) -> Result<Event, &'static str> {
    let kind = lenient::said(change.kind).ok_or("a change without type")?.to_ascii_lowercase();
    let detail = change.physical_count.or(change.adjustment).or(change.transfer).unwrap_or_default();
    let id = lenient::said(detail.id.clone()).ok_or("a change without id")?;
    let at = time(&detail.occurred_at).or_else(|| time(&detail.created_at));
    let mut other = Other::new(format!("inventory.{kind}"));
    let effect = detail.reference_id.as_ref().and_then(|reference| effect_id(&reference.0));
    let Detail {
        catalog_object_id, location_id, from_location_id, to_location_id, state, from_state, ..
    } = detail;
    other.extra = extras([
        ("id", Some(id.clone())),
        ("item", lenient::said(catalog_object_id)),
        ("location", lenient::said(location_id)),
        ("from_location", lenient::said(from_location_id)),
        ("to_location", lenient::said(to_location_id)),
        ("state", lenient::said(state).as_deref().map(hub_state)),
        ("from_state", lenient::said(from_state).as_deref().map(hub_state)),
        ("to_state", lenient::said(detail.to_state).as_deref().map(hub_state)),
        ("quantity", lenient::said(detail.quantity)),
        ("effect", effect),
    ]);
    Ok(Event::once("provider.notice", format!("{kind}/{id}"), at, now, Payload::Other(other)))
}
