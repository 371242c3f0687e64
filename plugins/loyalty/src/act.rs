//! Changing points, and erasing people. Building requests and judging answers are plain functions; only what is passed in calls out.

mod erase;
mod square;
mod voucherify;

use omnihub_plugin::square::api::{Outside, required};
use omnihub_plugin::{Effect, Failure, Receipt};

use crate::settings::Settings;

pub(crate) const ERASE_CUSTOMER: &str = "erase_customer";
pub(crate) const ERASE_CUSTOMER_VOUCHERIFY: &str = "erase_customer_voucherify";

pub(crate) fn perform(
    effect: &Effect,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Receipt, Failure> {
    match effect.action.as_str() {
        "adjust" | "accumulate" | "create_reward" => square::perform(effect, settings, outside),
        "adjust_voucherify" => voucherify::perform(effect, settings, outside),
        ERASE_CUSTOMER => erase::at_square(effect, settings, outside),
        ERASE_CUSTOMER_VOUCHERIFY => erase::at_voucherify(effect, settings, outside),
        other => Err(Failure::Unsupported(other.to_owned())),
    }
}

/// A change of points: whole and not zero.
fn points(effect: &Effect) -> Result<i64, Failure> {
    // Both providers count in 32 bits.
    let points = required(effect, "points")?.parse::<i32>().ok().filter(|points| *points != 0);
    points.map(i64::from).ok_or_else(|| Failure::Rejected("points is no whole number other than zero".into()))
}
