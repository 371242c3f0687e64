//! Square's inventory: a ledger of changes per article and location. A count is what the ledger adds up to in
//! the order things happened, so changes may arrive in any order.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::SquareError;
use super::page::{Page, page};
use super::quantity::Quantity;
use crate::options::Unknown;
use crate::state::Ids;

/// Square takes no change that happened longer ago.
const OCCURRED_AGE_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Square's limit of one batch.
const CHANGES_MAX: usize = 100;
/// Square's limit of one page of counts.
const PAGE_MAX: usize = 1_000;
const STATES: [&str; 15] = [
    "CUSTOM",
    "IN_STOCK",
    "SOLD",
    "RETURNED_BY_CUSTOMER",
    "RESERVED_FOR_SALE",
    "SOLD_ONLINE",
    "ORDERED_FROM_VENDOR",
    "RECEIVED_FROM_VENDOR",
    "IN_TRANSIT_TO",
    "NONE",
    "WASTE",
    "UNLINKED_RETURN",
    "COMPOSED",
    "DECOMPOSED",
    "SUPPORTED_BY_NEWER_VERSION",
];
/// Where stock comes from and goes to; itself it is not counted.
const NOWHERE: &str = "NONE";

/// An article at a location.
type Place = (String, String);

#[derive(Debug, Clone, Default)]
pub(crate) struct Inventory {
    ledger: BTreeMap<Place, Vec<Change>>,
}

#[derive(Debug, Clone)]
struct Change {
    id: String,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    reference_id: Option<String>,
    what: What,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Counted { state: String, quantity: Quantity },
    Moved { from: String, to: String, quantity: Quantity },
}

/// Stock of an article at a location in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StockCount {
    pub catalog_object_id: String,
    pub catalog_object_type: &'static str,
    pub state: String,
    pub location_id: String,
    /// Decimal text.
    pub quantity: String,
    pub calculated_at: Timestamp,
}

/// A seeded count was not of Square's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadSeed;

#[derive(Debug, Deserialize)]
pub(crate) struct Batch {
    changes: Vec<PostedChange>,
    #[serde(default = "ignored")]
    ignore_unchanged_counts: bool,
}

fn ignored() -> bool {
    true
}

#[derive(Debug, Deserialize)]
struct PostedChange {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    adjustment: Option<PostedMove>,
    #[serde(default)]
    physical_count: Option<PostedCount>,
}

#[derive(Debug, Deserialize)]
struct PostedMove {
    catalog_object_id: String,
    location_id: String,
    from_state: String,
    to_state: String,
    quantity: String,
    occurred_at: String,
    #[serde(default)]
    reference_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PostedCount {
    catalog_object_id: String,
    location_id: String,
    state: String,
    quantity: String,
    occurred_at: String,
    #[serde(default)]
    reference_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    catalog_object_ids: Option<Vec<String>>,
    location_ids: Option<Vec<String>>,
    states: Option<Vec<String>>,
    types: Option<Vec<String>>,
    updated_after: Option<Timestamp>,
    updated_before: Option<Timestamp>,
}

/// What a posted change says, whichever of its two forms it has.
struct Said {
    place: Place,
    quantity: String,
    occurred_at: String,
    reference_id: Option<String>,
    states: States,
}

enum States {
    Counted(String),
    Moved { from: String, to: String },
}

/// A change that passed every check but is not yet recorded.
struct Checked {
    place: Place,
    occurred_at: Timestamp,
    reference_id: Option<String>,
    what: What,
}

impl Serialize for Inventory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.counts())
    }
}

impl Inventory {
    pub(crate) fn counts(&self) -> Vec<StockCount> {
        self.ledger.iter().flat_map(|(place, changes)| count(place, changes)).collect()
    }

    /// Sets a count, as if somebody had counted the shelf.
    pub(crate) fn seed(
        &mut self,
        place: Place,
        state: &str,
        quantity: &str,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<(), BadSeed> {
        let quantity = quantity.parse().map_err(|_| BadSeed)?;
        if !STATES.contains(&state) {
            return Err(BadSeed);
        }
        let what = What::Counted { state: state.to_owned(), quantity };
        self.record(Checked { place, occurred_at: now, reference_id: None, what }, ids, now);
        Ok(())
    }

    /// All changes of a batch, or none. `moment` is later than that of every change before, so that counts can be told
    /// apart by when they were calculated.
    pub(crate) fn change(
        &mut self,
        batch: Batch,
        unknown: Unknown,
        ids: &mut Ids,
        (now, moment): (Timestamp, Timestamp),
    ) -> Result<Value, SquareError> {
        if batch.changes.is_empty() || batch.changes.len() > CHANGES_MAX {
            return Err(SquareError::bad("BAD_REQUEST", "A batch has 1 to 100 changes.", "changes"));
        }
        let checked: Vec<Checked> = (batch.changes.into_iter().enumerate())
            .map(|(index, change)| self.check(change, index, unknown, now))
            .collect::<Result<_, _>>()?;
        let touched: BTreeSet<Place> = checked.iter().map(|change| change.place.clone()).collect();
        let mut changes = Vec::new();
        for change in checked {
            if !(batch.ignore_unchanged_counts && self.is_unchanged(&change)) {
                changes.push(self.record(change, ids, moment));
            }
        }
        let counts: Vec<_> = (touched.iter())
            .filter_map(|place| self.ledger.get(place).map(|changes| count(place, changes)))
            .flatten()
            .collect();
        Ok(json!({ "counts": counts, "changes": changes, "errors": [] }))
    }

    fn check(
        &self,
        change: PostedChange,
        index: usize,
        unknown: Unknown,
        now: Timestamp,
    ) -> Result<Checked, SquareError> {
        let field = |name: &str| format!("changes[{index}].{name}");
        let said = change.said().ok_or_else(|| {
            let detail = "The type must be ADJUSTMENT or PHYSICAL_COUNT and come with its object.";
            SquareError::bad("BAD_REQUEST", detail, field("type"))
        })?;
        if unknown == Unknown::Refused && !self.ledger.keys().any(|(article, _)| *article == said.place.0) {
            return Err(SquareError::not_found("Catalog object not found."));
        }
        if !said.states.are_known() {
            return Err(SquareError::bad(
                "INVALID_ENUM_VALUE",
                "Not a change between states.",
                field("state"),
            ));
        }
        let quantity = (said.quantity.parse())
            .map_err(|_| SquareError::bad("INVALID_VALUE", "Not a quantity.", field("quantity")))?;
        let what = match said.states {
            States::Counted(state) => What::Counted { state, quantity },
            States::Moved { from, to } => What::Moved { from, to, quantity },
        };
        let occurred_at = occurred(&said.occurred_at, now, field("occurred_at"))?;
        Ok(Checked { place: said.place, occurred_at, reference_id: said.reference_id, what })
    }

    /// Whether the last word about this state is the same count already.
    fn is_unchanged(&self, change: &Checked) -> bool {
        let What::Counted { state, .. } = &change.what else { return false };
        let touches = |what: &What| match what {
            What::Counted { state: other, .. } => other == state,
            What::Moved { from, to, .. } => from == state || to == state,
        };
        (self.ledger.get(&change.place).into_iter().flatten())
            .filter(|known| touches(&known.what))
            .max_by_key(|known| known.occurred_at)
            .is_some_and(|known| known.what == change.what)
    }

    fn record(&mut self, checked: Checked, ids: &mut Ids, now: Timestamp) -> Value {
        let change = Change {
            id: ids.uuid(),
            occurred_at: checked.occurred_at,
            recorded_at: now,
            reference_id: checked.reference_id,
            what: checked.what,
        };
        let answer = change.to_json(&checked.place);
        self.ledger.entry(checked.place).or_default().push(change);
        answer
    }

    pub(crate) fn show(&self, catalog_object_id: &str) -> Value {
        let counts: Vec<_> =
            self.counts().into_iter().filter(|it| it.catalog_object_id == catalog_object_id).collect();
        json!({ "counts": counts, "errors": [] })
    }

    /// Newest first, in pages.
    pub(crate) fn retrieve(&self, body: &Value) -> Result<Value, SquareError> {
        let wanted: Wanted = super::parse(body)?;
        let mut counts = self.counts();
        counts.retain(|it| {
            wanted.covers(&it.catalog_object_id, &it.location_id)
                && within(&wanted.states, &it.state)
                && wanted.is_within(it.calculated_at)
        });
        counts.sort_by_key(|it| std::cmp::Reverse(it.calculated_at));
        listed("counts", page(counts, body, PAGE_MAX)?)
    }

    /// The ledger in the order things happened, in pages. Filtered by when it was recorded.
    pub(crate) fn changes(&self, body: &Value) -> Result<Value, SquareError> {
        let wanted: Wanted = super::parse(body)?;
        let mut changes: Vec<(&Place, &Change)> = (self.ledger.iter())
            .flat_map(|(place, changes)| changes.iter().map(move |change| (place, change)))
            .filter(|(place, change)| {
                wanted.covers(&place.0, &place.1)
                    && within(&wanted.types, change.what.kind())
                    && wanted.is_within(change.recorded_at)
            })
            .collect();
        changes.sort_by_key(|(_, change)| (change.occurred_at, change.recorded_at));
        let changes: Vec<Value> = changes.into_iter().map(|(place, change)| change.to_json(place)).collect();
        listed("changes", page(changes, body, PAGE_MAX)?)
    }
}

fn within(list: &Option<Vec<String>>, value: &str) -> bool {
    list.as_ref().is_none_or(|list| list.is_empty() || list.iter().any(|it| it == value))
}

impl Wanted {
    fn covers(&self, catalog_object_id: &str, location_id: &str) -> bool {
        within(&self.catalog_object_ids, catalog_object_id) && within(&self.location_ids, location_id)
    }

    fn is_within(&self, at: Timestamp) -> bool {
        self.updated_after.is_none_or(|after| at > after)
            && self.updated_before.is_none_or(|before| at < before)
    }
}

fn listed<T: Serialize>(name: &str, page: Page<T>) -> Result<Value, SquareError> {
    let mut answer = json!({ name: page.items, "errors": [] });
    if let (Some(answer), Some(cursor)) = (answer.as_object_mut(), page.cursor) {
        answer.insert("cursor".to_owned(), json!(cursor));
    }
    Ok(answer)
}

impl What {
    fn kind(&self) -> &'static str {
        match self {
            Self::Counted { .. } => "PHYSICAL_COUNT",
            Self::Moved { .. } => "ADJUSTMENT",
        }
    }
}

impl PostedChange {
    fn said(self) -> Option<Said> {
        match (self.kind.as_str(), self.adjustment, self.physical_count) {
            ("ADJUSTMENT", Some(it), _) => Some(Said {
                place: (it.catalog_object_id, it.location_id),
                quantity: it.quantity,
                occurred_at: it.occurred_at,
                reference_id: it.reference_id,
                states: States::Moved { from: it.from_state, to: it.to_state },
            }),
            ("PHYSICAL_COUNT", _, Some(it)) => Some(Said {
                place: (it.catalog_object_id, it.location_id),
                quantity: it.quantity,
                occurred_at: it.occurred_at,
                reference_id: it.reference_id,
                states: States::Counted(it.state),
            }),
            _ => None,
        }
    }
}

impl States {
    fn are_known(&self) -> bool {
        match self {
            Self::Counted(state) => STATES.contains(&state.as_str()),
            Self::Moved { from, to } => {
                from != to && STATES.contains(&from.as_str()) && STATES.contains(&to.as_str())
            }
        }
    }
}

fn occurred(text: &str, now: Timestamp, field: String) -> Result<Timestamp, SquareError> {
    let at: Timestamp =
        text.parse().map_err(|_| SquareError::bad("INVALID_TIME", "Not an RFC 3339 time.", field.clone()))?;
    if at > now || now.duration_since(at) > OCCURRED_AGE_MAX {
        let detail = "The time must lie within the last 24 hours.";
        return Err(SquareError::bad("INVALID_TIME", detail, field));
    }
    Ok(at)
}

/// Adds up one place, in the order things happened; what happened at the same time counts as it arrived.
fn count(place: &Place, changes: &[Change]) -> Vec<StockCount> {
    let mut changes: Vec<&Change> = changes.iter().collect();
    changes.sort_by_key(|change| change.occurred_at);
    let mut totals: BTreeMap<&str, (Quantity, Timestamp)> = BTreeMap::new();
    for change in changes {
        let mut set = |state, quantity: &dyn Fn(Quantity) -> Quantity| {
            let total: &mut (Quantity, Timestamp) =
                totals.entry(state).or_insert((Quantity::default(), change.recorded_at));
            *total = (quantity(total.0), total.1.max(change.recorded_at));
        };
        match &change.what {
            What::Counted { state, quantity } => set(state.as_str(), &|_| *quantity),
            What::Moved { from, to, quantity } => {
                set(from.as_str(), &|total| total.minus(*quantity));
                set(to.as_str(), &|total| total.plus(*quantity));
            }
        }
    }
    totals.remove(NOWHERE);
    let (catalog_object_id, location_id) = place;
    let stock = |(state, (quantity, calculated_at)): (&str, (Quantity, Timestamp))| StockCount {
        catalog_object_id: catalog_object_id.clone(),
        catalog_object_type: "ITEM_VARIATION",
        state: state.to_owned(),
        location_id: location_id.clone(),
        quantity: quantity.to_string(),
        calculated_at,
    };
    totals.into_iter().map(stock).collect()
}

impl Change {
    fn to_json(&self, (catalog_object_id, location_id): &Place) -> Value {
        let (name, mut detail) = match &self.what {
            What::Counted { state, quantity } => {
                ("physical_count", json!({ "state": state, "quantity": quantity }))
            }
            What::Moved { from, to, quantity } => {
                ("adjustment", json!({ "from_state": from, "to_state": to, "quantity": quantity }))
            }
        };
        if let Some(detail) = detail.as_object_mut() {
            detail.insert("id".to_owned(), json!(self.id));
            detail.insert("catalog_object_id".to_owned(), json!(catalog_object_id));
            detail.insert("catalog_object_type".to_owned(), json!("ITEM_VARIATION"));
            detail.insert("location_id".to_owned(), json!(location_id));
            detail.insert("occurred_at".to_owned(), json!(self.occurred_at));
            detail.insert("created_at".to_owned(), json!(self.recorded_at));
            if let Some(reference_id) = &self.reference_id {
                detail.insert("reference_id".to_owned(), json!(reference_id));
            }
        }
        json!({ "type": self.what.kind(), name: detail })
    }
}
