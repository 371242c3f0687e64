//! Bodies to events, without side effects. Decides whose body it is, then hands it to `square` or `voucherify`. What was
//! polled goes the same ways, so that a webhook and a page about one object say the same.

pub(crate) mod square;
pub(crate) mod voucherify;

use omnihub_plugin::square::Envelope;
use omnihub_plugin::{Delivery, Failure, Report};

pub(crate) fn report(delivery: &Delivery) -> Result<Report, Failure> {
    // Voucherify's envelope has a `project_id`, Square's never; the reverse holds for merchant and event ids.
    if let Some(event) = voucherify::enveloped(&delivery.body) {
        return Ok(voucherify::report(&event, delivery));
    }
    if let Some(envelope) = Envelope::read(&delivery.body) {
        return Ok(square::report(&envelope, delivery));
    }
    match voucherify::bare(delivery) {
        Some(event) => Ok(voucherify::report(&event, delivery)),
        None => Err(Failure::Rejected("neither an envelope of Square's nor an event of Voucherify's".into())),
    }
}
