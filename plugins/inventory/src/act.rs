//! Changing stock. Building requests and judging answers are plain functions; only what is passed in calls out.

mod shopify;
mod square;

use omnihub_plugin::square::api::Outside;
use omnihub_plugin::{Effect, Failure, Receipt};

use crate::settings::Settings;

pub(crate) fn perform(
    effect: &Effect,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Receipt, Failure> {
    match effect.action.as_str() {
        "adjust" | "count" => square::perform(effect, settings, outside),
        "adjust_shopify" => shopify::perform(effect, settings, outside),
        other => Err(Failure::Unsupported(other.to_owned())),
    }
}
