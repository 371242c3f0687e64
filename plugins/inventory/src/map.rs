//! Bodies to events, without side effects. Decides whose body it is, then hands it to `square` or `shopify`. Pages that
//! were polled go the same ways, so that a webhook and a page about one object say the same.

pub(crate) mod shopify;
pub(crate) mod square;

use omnihub_plugin::square::Envelope;
use omnihub_plugin::{Delivery, Failure, Report, exact, members};
use serde_json::value::RawValue;

use crate::wire::Shopify;

/// What can be sold, in the hub's word.
const AVAILABLE: &str = "available";

pub(crate) fn report(delivery: &Delivery) -> Result<Report, Failure> {
    if let Some(envelope) = Envelope::read(&delivery.body) {
        return Ok(square::report(&envelope, delivery));
    }
    let Some(body) = members::read::<Shopify>(&delivery.body) else {
        return Err(Failure::Rejected("the body is not a JSON object".into()));
    };
    match shopify::topic(delivery, &body) {
        Some(topic) => Ok(shopify::report(&topic, &body, delivery)),
        None => Err(Failure::Rejected(
            "neither an envelope of Square's nor an inventory object of Shopify's".into(),
        )),
    }
}

/// A count as it stands in the body.
enum Quantity {
    /// Absent: not said.
    Unsaid,
    /// Null: not tracked.
    Untracked,
    Millionths(i64),
    Unreadable,
}

fn quantity(raw: Option<&RawValue>) -> Quantity {
    let Some(raw) = raw else { return Quantity::Unsaid };
    if raw.get() == "null" {
        return Quantity::Untracked;
    }
    let text: Option<exact::Text> = serde_json::from_str(raw.get()).ok();
    match text.map(|text| exact::quantity(&text.0)) {
        Some(Ok(millionths)) => Quantity::Millionths(millionths),
        _ => Quantity::Unreadable,
    }
}
