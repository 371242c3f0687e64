//! Shopify's levels and items that changed since the last run. Levels can be filtered by time only within a location,
//! so a run walks the locations one by one.

use omnihub_plugin::exact::Text;
use omnihub_plugin::square::api::Outside;
use omnihub_plugin::square::window::{OVERLAP_NS, rfc3339};
use omnihub_plugin::{Failure, Page, Position, Remark, Report, members};
use serde_json::{Value, json};

use crate::graphql::{Purpose, send};
use crate::map::shopify::{polled_item, polled_level};
use crate::settings::Settings;
use crate::wire::graphql::PageInfo;

const LEVELS: &str = "query Levels($location: String, $after: String, $filter: String) { \
    locations(first: 1, after: $location, includeInactive: true) { nodes { id \
    inventoryLevels(first: 100, after: $after, query: $filter) { nodes { id updatedAt \
    item { legacyResourceId tracked } quantities(names: [\"available\"]) { name quantity } } \
    pageInfo { hasNextPage endCursor } } } pageInfo { hasNextPage endCursor } } }";

const ITEMS: &str = "query Items($after: String, $filter: String) { \
    inventoryItems(first: 100, after: $after, query: $filter) { \
    nodes { id legacyResourceId sku tracked requiresShipping countryCodeOfOrigin updatedAt } \
    pageInfo { hasNextPage endCursor } } }";

/// An answer without the lists that were asked for.
const BROKEN_ANSWER_MS: u64 = 2_000;

/// Where a run stands: what changed from `from` is told, and the next run goes on from where this one began.
#[derive(Default)]
struct Walk {
    from: Option<i64>,
    until: i64,
    /// The cursor before the location that is being read.
    location: Option<String>,
    after: Option<String>,
}

omnihub_plugin::members! {
    Cursor {
        text: from, until, location, after;
    }
}

impl Walk {
    fn at(position: &Position) -> Result<Self, Failure> {
        let Some(cursor) = &position.cursor else {
            return Ok(Self { from: position.since, until: position.now, ..Self::default() });
        };
        let unreadable = || Failure::Rejected("a cursor that is none of this stream's".into());
        let cursor: Cursor = members::read(cursor).ok_or_else(unreadable)?;
        let number = |text: &Option<Text>| text.as_ref().and_then(|text| text.0.parse::<i64>().ok());
        let (from, until) = (number(&cursor.from), number(&cursor.until));
        if from.is_none() && until.is_none() {
            return Err(unreadable());
        }
        let text = |text: Option<Text>| text.map(|text| text.0);
        let until = until.unwrap_or(position.now);
        Ok(Self { from, until, location: text(cursor.location), after: text(cursor.after) })
    }

    /// In whole seconds, as Shopify's search reads them.
    fn filter(&self) -> Value {
        const SECOND_NS: i64 = 1_000_000_000;
        let from = self.from.map(|from| rfc3339(from - from.rem_euclid(SECOND_NS)));
        from.map_or(Value::Null, |from| format!("updated_at:>='{from}'").into())
    }

    fn goes_on(&self, report: Report) -> Page {
        let mut cursor = json!({"until": self.until.to_string()});
        let members = [
            ("from", self.from.map(|from| from.to_string())),
            ("location", self.location.clone()),
            ("after", self.after.clone()),
        ];
        for (name, value) in members {
            if let (Some(cursor), Some(value)) = (cursor.as_object_mut(), value) {
                cursor.insert(name.to_owned(), value.into());
            }
        }
        Page { report, cursor: Some(cursor.to_string()), more: true, reached: self.from }
    }

    fn ends(&self, report: Report) -> Page {
        let next = json!({"from": self.until.saturating_sub(OVERLAP_NS).to_string()});
        Page { report, cursor: Some(next.to_string()), more: false, reached: Some(self.until) }
    }
}

pub(super) fn levels(
    position: &Position,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Page, Failure> {
    let mut walk = Walk::at(position)?;
    let variables = json!({"location": walk.location, "after": walk.after, "filter": walk.filter()});
    let data = send(outside, &settings.shopify_version, LEVELS, variables, Purpose::Look)?;
    let locations = data.locations.ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))?;
    let mut report = Report::new();
    let location = locations.nodes.ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))?.into_iter().next();
    let mut next_level = None;
    match location {
        Some(Some(location)) => {
            let id = location.id.map_or_else(String::new, |id| id.0);
            let levels = location.levels.ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))?;
            let nodes = levels.nodes.ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))?;
            for (index, level) in nodes.into_iter().enumerate() {
                let path = format!("/data/locations/nodes/0/inventoryLevels/nodes/{index}");
                add(&mut report, &path, level.map(|level| polled_level(level, &id, position.now)));
            }
            next_level = next(levels.page);
        }
        Some(None) => add(&mut report, "/data/locations/nodes/0", None),
        None => {}
    }
    if next_level.is_some() {
        walk.after = next_level;
        return Ok(walk.goes_on(report));
    }
    match next(locations.page) {
        Some(location) => {
            (walk.location, walk.after) = (Some(location), None);
            Ok(walk.goes_on(report))
        }
        None => Ok(walk.ends(report)),
    }
}

pub(super) fn items(
    position: &Position,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Page, Failure> {
    let mut walk = Walk::at(position)?;
    let variables = json!({"after": walk.after, "filter": walk.filter()});
    let data = send(outside, &settings.shopify_version, ITEMS, variables, Purpose::Look)?;
    let items = data.items.ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))?;
    let mut report = Report::new();
    let nodes = items.nodes.ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))?;
    for (index, item) in nodes.into_iter().enumerate() {
        let path = format!("/data/inventoryItems/nodes/{index}");
        add(&mut report, &path, item.map(|item| polled_item(item, position.now)));
    }
    walk.after = next(items.page);
    Ok(if walk.after.is_some() { walk.goes_on(report) } else { walk.ends(report) })
}

/// Takes up what an item of a list gave; its notes say where in the page it stood.
fn add(report: &mut Report, path: &str, told: Option<Report>) {
    let Some(told) = told else {
        report.note(path, Remark::Malformed, "not an object");
        return;
    };
    report.events.extend(told.events);
    for note in told.notes {
        report.note(path, note.remark, note.reason);
    }
}

fn next(page: Option<PageInfo>) -> Option<String> {
    let page = page?;
    let goes_on = page.has_next.is_some_and(|has_next| has_next.0 == "true");
    page.end.map(|end| end.0).filter(|end| goes_on && !end.is_empty())
}
