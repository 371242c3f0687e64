//! The lists rules may go through, and what there is of one thing in each: named in one table, for the catalogue and for
//! the answers. A thing is told by its provider's id, so that it is the same wherever it stands.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::model::{Fulfilment, Order, OrderLine, Refund};
use hub_rules::FieldKind::{Money, Number, Text, TextList, Time};
use hub_rules::{Item, ListSpec, Value};

use super::{EventFacts, decimal, money, text};
use crate::catalogue::Field;
use crate::row::SubjectKind;

/// Name, help, what there is of one thing.
const LISTS: &[(&str, &str, &[Field])] = &[
    (
        LINES,
        "what was ordered, line by line",
        &[
            Field::by_connectors("id", Text, "1071823172", "the provider's id of the line"),
            Field::by_connectors("sku", Text, "MUG-BLUE", "its stock keeping unit"),
            Field::by_connectors("title", Text, "Blue mug", "what it is called"),
            Field::by_connectors("quantity", Number, "2", "how many were ordered").counted_in("pieces"),
            Field::by_connectors("price", Money, "12.50 EUR", "what one costs"),
        ],
    ),
    (
        PARCELS,
        "what is on its way or has arrived",
        &[
            Field::by_connectors("id", Text, "1071823172", "the provider's id of the parcel"),
            Field::by_connectors("status", Text, "in_transit", "how far it is, in the provider's words"),
            Field::by_connectors("carrier", Text, "DHL", "who brings it"),
            Field::by_connectors(
                "tracking_number",
                Text,
                "00340434161094042557",
                "its first tracking number",
            ),
            Field::by_connectors(
                "tracking_url",
                Text,
                "https://dhl.example/00340",
                "where it can be followed",
            ),
            Field::by_connectors("tracking_numbers", TextList, "[00340]", "all its tracking numbers"),
            Field::by_connectors("shipped_at", Time, "2026-05-04T09:30:00Z", "when it was first on its way"),
            Field::by_connectors("delivered_at", Time, "2026-05-06T15:00:00Z", "when it arrived"),
        ],
    ),
    (
        REFUNDS,
        "what was paid back",
        &[
            Field::by_connectors("id", Text, "1071823172", "the provider's id of the refund"),
            Field::by_connectors("amount", Money, "12.50 EUR", "how much was paid back"),
            Field::by_connectors("at", Time, "2026-05-04T09:30:00Z", "when"),
        ],
    ),
];

const LINES: &str = "order.lines";
const PARCELS: &str = "order.parcels";
const REFUNDS: &str = "order.refunds";

/// The lists as the catalogue names them.
pub(crate) fn lists() -> BTreeMap<String, ListSpec> {
    let spec = |field: &Field| (field.name.to_owned(), field.spec());
    let list = |(name, help, fields): &(&str, &str, &[Field])| {
        let spec = ListSpec { help: (*help).to_owned(), fields: fields.iter().map(spec).collect() };
        ((*name).to_owned(), spec)
    };
    LISTS.iter().map(list).collect()
}

impl EventFacts<'_> {
    /// Lines as they stand in the order, parcels and refunds by id. Of several with one id the first counts.
    pub(super) fn items_of(&self, list: &str) -> Vec<Item> {
        let Some(order) = self.thing::<Order>(SubjectKind::Order) else { return Vec::new() };
        let mut items: Vec<Item> = match list {
            LINES => order.lines.into_iter().flat_map(|lines| lines.value).map(line).collect(),
            PARCELS => order.fulfilments.into_iter().map(parcel).collect(),
            REFUNDS => order.refunds.into_iter().map(refund).collect(),
            _ => Vec::new(),
        };
        let mut seen = BTreeSet::new();
        items.retain(|item| seen.insert(item.id.clone()));
        items
    }
}

/// What is known of a thing, its id first.
fn item<const N: usize>(id: String, known: [(&str, Option<Value>); N]) -> Item {
    let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let fields = known.chain([("id".to_owned(), Value::Text(id.clone()))]).collect();
    Item { id, fields }
}

fn line(line: OrderLine) -> Item {
    item(
        line.id,
        [
            ("sku", line.sku.map(Value::Text)),
            ("title", line.title.map(Value::Text)),
            ("quantity", decimal(line.quantity, 6)),
            ("price", line.unit_price.map(money)),
        ],
    )
}

fn parcel((id, parcel): (String, Fulfilment)) -> Item {
    let numbers = parcel.tracking_numbers.map(|numbers| numbers.value);
    let urls = parcel.tracking_urls.map(|urls| urls.value);
    let first = |texts: &Option<Vec<String>>| texts.as_ref()?.first().cloned().map(Value::Text);
    item(
        id,
        [
            ("status", text(parcel.status)),
            ("carrier", text(parcel.carrier)),
            ("tracking_number", first(&numbers)),
            ("tracking_url", first(&urls)),
            ("tracking_numbers", numbers.map(Value::TextList)),
            ("shipped_at", parcel.shipped_at.map(|at| Value::Time(at.0.0))),
            ("delivered_at", parcel.delivered_at.map(|at| Value::Time(at.0.0))),
        ],
    )
}

fn refund((id, refund): (String, Refund)) -> Item {
    item(
        id,
        [
            ("amount", refund.amount.map(|amount| money(amount.value))),
            ("at", refund.at.map(|at| Value::Time(at.value.0))),
        ],
    )
}
