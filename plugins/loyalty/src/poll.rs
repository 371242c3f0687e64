//! Which stream is read from whom. A stream of the provider that is not the source has nothing to tell: it says so
//! at once, so that one manifest serves both.

mod square;
mod voucherify;

use omnihub_plugin::square::api::Outside;
use omnihub_plugin::{Failure, Page, Position, Report};

use crate::settings::{Settings, Source};

pub(crate) fn poll(
    position: &Position,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Page, Failure> {
    match (position.stream.as_str(), settings.source) {
        ("accounts", Source::Square) => square::accounts(position, settings, outside),
        ("events", Source::Square) => square::events(position, settings, outside),
        ("transactions", Source::Voucherify) => voucherify::transactions(position, settings, outside),
        ("accounts" | "events" | "transactions", _) => Ok(nothing(position)),
        (other, _) => Err(Failure::Unsupported(other.to_owned())),
    }
}

fn nothing(position: &Position) -> Page {
    let cursor = position.cursor.clone();
    Page { report: Report::new(), cursor, more: false, reached: Some(position.now) }
}
