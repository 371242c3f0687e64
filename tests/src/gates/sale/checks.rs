//! What must hold once a sale is over, whatever happened to the hub meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::webhook_id;
use crate::support::admin::Admin;
use crate::support::connections::SHOPIFY;
use crate::support::stage::Stage;

/// Reads under way at once while everything is looked through.
const READS: usize = 16;

/// Every order was acknowledged, so every order's webhook is there, and settled; and every complaint is in the model.
pub(super) async fn deliveries(admin: &Admin, people: u64, complaints: u64) -> anyhow::Result<Vec<String>> {
    let mut failures = Vec::new();
    for state in ["pending", "parked"] {
        if let Some(first) = admin.deliveries(Some(state)).await?.first() {
            failures.push(format!("a delivery is {state}: {first:?}"));
        }
    }
    let processed = admin.deliveries(Some("processed")).await?;
    let orders = processed.iter().filter(|delivery| delivery.connection == SHOPIFY);
    let found: BTreeSet<Option<String>> = futures_util::stream::iter(orders)
        .map(|delivery| admin.delivery_header(delivery.seq, "x-shopify-webhook-id"))
        .buffer_unordered(READS)
        .try_collect()
        .await?;
    let missing: Vec<String> =
        (0..people).map(webhook_id).filter(|id| !found.contains(&Some(id.clone()))).collect();
    if !missing.is_empty() {
        failures.push(format!("{} acknowledged and lost, such as {:?}", missing.len(), missing.first()));
    }
    let counts = admin.status().await?.counts;
    if counts.interactions != complaints {
        failures.push(format!("{} complaints of {complaints} are in the model", counts.interactions));
    }
    if counts.customers != people {
        failures
            .push(format!("each order and its complaint are one person's: {} of {people}", counts.customers));
    }
    Ok(failures)
}

/// One ticket for each complaint, whatever the hub remembered of the call; and no tag that no effect asked for.
pub(super) async fn effects(stage: &Stage, admin: &Admin, complaints: u64) -> anyhow::Result<Vec<String>> {
    let mut failures = Vec::new();
    for state in ["parked", "unknown"] {
        if let Some(first) = admin.effects(state).await?.first() {
            failures.push(format!("an effect is {state}: {first:?}"));
        }
    }
    let confirmed = admin.effects("confirmed").await?;
    let planned = admin.status().await?.counts.effects;
    let tags = stage.providers().counts().tags as u64;
    let world = stage.providers().world();
    let mut tickets: BTreeMap<Option<&str>, u64> = BTreeMap::new();
    for ticket in world.zendesk.tickets.values() {
        *tickets.entry(ticket.external_id.as_deref()).or_default() += 1;
    }
    failures.extend(
        tickets
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|(id, count)| format!("{id:?} was opened {count} times")),
    );
    if tickets.len() as u64 != complaints {
        failures.push(format!("{} tickets for {complaints} conversations", tickets.len()));
    }
    if tickets.len() as u64 + tags != planned {
        failures.push(format!("{} tickets and {tags} tags for {planned} effects", tickets.len()));
    }
    // The newest thousand of them; the sums above are of all.
    let not_there = confirmed
        .iter()
        .filter(|effect| effect.connection != SHOPIFY && !tickets.contains_key(&Some(effect.id.as_str())));
    failures.extend(not_there.map(|effect| format!("confirmed, and not there: {}", effect.id)));
    Ok(failures)
}
