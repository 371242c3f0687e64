//! Square's lists of counts and of changes. Both filter by when something was recorded; counts come newest first and
//! changes in the order things happened, so the time of the last item on a page says nothing about what is still to
//! come: a run reads its window to the end.

use omnihub_plugin::host::http::Method;
use omnihub_plugin::square::api::{Outside, request};
use omnihub_plugin::square::window::{self, Window, rfc3339};
use omnihub_plugin::{Failure, Page, Position};
use serde_json::{Value, json};

use crate::map;
use crate::settings::Settings;

/// The most that Square gives of either.
const LIMIT: u32 = 1_000;

/// Counts have no upper end: what was counted again meanwhile is in a later place, never in two.
const COUNTS_SPAN_NS: i64 = i64::MAX;

/// A month of a busy shop's ledger is some ten thousand lines.
const CHANGES_SPAN_NS: i64 = 30 * 24 * 3_600 * 1_000_000_000;

pub(super) fn counts(
    position: &Position,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Page, Failure> {
    let ask = |window: &Window| {
        let mut body = wanted(window);
        if !settings.states.is_empty() {
            set(&mut body, "states", json!(settings.states));
        }
        let path = "/v2/inventory/counts/batch-retrieve";
        request(settings.square_version.as_deref(), Method::Post, path, Some(&body))
    };
    window::page(position, COUNTS_SPAN_NS, outside, ask, |body, _, _| {
        Ok(map::square::counts_page(window::items(body, "counts")?, position.now))
    })
}

pub(super) fn changes(
    position: &Position,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Page, Failure> {
    let ask = |window: &Window| {
        let mut body = wanted(window);
        set(&mut body, "updated_before", rfc3339(window.to).into());
        let path = "/v2/inventory/changes/batch-retrieve";
        request(settings.square_version.as_deref(), Method::Post, path, Some(&body))
    };
    window::page(position, CHANGES_SPAN_NS, outside, ask, |body, _, _| {
        Ok(map::square::changes_page(window::items(body, "changes")?, position.now))
    })
}

/// The same on every page of a window, as Square demands.
fn wanted(window: &Window) -> Value {
    let mut body = json!({"limit": LIMIT});
    if let Some(from) = window.from {
        set(&mut body, "updated_after", rfc3339(from).into());
    }
    if let Some(page) = &window.page {
        set(&mut body, "cursor", page.clone().into());
    }
    body
}

fn set(body: &mut Value, name: &str, value: Value) {
    if let Some(body) = body.as_object_mut() {
        body.insert(name.to_owned(), value);
    }
}
