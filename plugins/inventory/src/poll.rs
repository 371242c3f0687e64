//! Which stream is read from whom. A stream of the provider that is not the source has nothing to tell: it says so
//! at once, so that one manifest serves both.

mod shopify;
mod square;

use omnihub_plugin::square::api::Outside;
use omnihub_plugin::{Failure, Page, Position, Report};

use crate::settings::{Settings, Source};

pub(crate) fn poll(
    position: &Position,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Page, Failure> {
    match (position.stream.as_str(), settings.source) {
        ("counts", Source::Square) => square::counts(position, settings, outside),
        ("changes", Source::Square) => square::changes(position, settings, outside),
        ("levels", Source::Shopify) => shopify::levels(position, settings, outside),
        ("items", Source::Shopify) => shopify::items(position, settings, outside),
        ("counts" | "changes" | "levels" | "items", _) => Ok(nothing(position)),
        (other, _) => Err(Failure::Unsupported(other.to_owned())),
    }
}

fn nothing(position: &Position) -> Page {
    let cursor = position.cursor.clone();
    Page { report: Report::new(), cursor, more: false, reached: Some(position.now) }
}
