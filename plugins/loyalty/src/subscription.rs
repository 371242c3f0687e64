//! Whether the source still sends here. Voucherify shows its webhooks in the dashboard, and to management keys that
//! reach into every project; an application's keys cannot see them, so nothing is claimed about them.

use omnihub_plugin::square::api::Outside;
use omnihub_plugin::{Failure, Subscribed, Wanted, square};

use crate::settings::{Settings, Source};

/// What the loyalty API tells, and the customers behind the accounts.
const TOPICS: [&str; 7] = [
    "loyalty.account.created",
    "loyalty.account.updated",
    "loyalty.account.deleted",
    "loyalty.event.created",
    "customer.created",
    "customer.updated",
    "customer.deleted",
];

pub(crate) fn check(
    wanted: &Wanted,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Vec<Subscribed>, Failure> {
    match settings.source {
        Source::Square => {
            square::subscription::check(wanted, &TOPICS, settings.square_version.as_deref(), outside)
        }
        Source::Voucherify => {
            let why = "Voucherify shows webhooks in its dashboard only; one that failed for a day is switched off there";
            Err(Failure::Unsupported(why.into()))
        }
    }
}
