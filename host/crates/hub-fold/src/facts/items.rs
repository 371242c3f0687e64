//! The lists rules may go through, and what there is of one thing in each: named in one table, for the catalogue and for
//! the answers. A thing is told by its provider's id, so that it is the same wherever it stands.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::model::{Fulfilment, Order, OrderLine, Refund};
use hub_rules::FieldKind::{self, Money, Number, Text, TextList, Time};
use hub_rules::{FieldSpec, Item, ListSpec, Value};

use super::{EventFacts, decimal, money, text};
use crate::row::SubjectKind;

/// Name, kind, help.
type Field = (&'static str, FieldKind, &'static str);

/// Name, help, what there is of one thing.
const LISTS: &[(&str, &str, &[Field])] = &[
    (
        LINES,
        "what was ordered, line by line",
        &[
            ("id", Text, "the provider's id of the line"),
            ("sku", Text, "its stock keeping unit"),
            ("title", Text, "what it is called"),
            ("quantity", Number, "how many were ordered"),
            ("price", Money, "what one costs"),
        ],
    ),
    (
        PARCELS,
        "what is on its way or has arrived",
        &[
            ("id", Text, "the provider's id of the parcel"),
            ("status", Text, "how far it is, in the provider's words"),
            ("carrier", Text, "who brings it"),
            ("tracking_number", Text, "its first tracking number"),
            ("tracking_url", Text, "where it can be followed"),
            ("tracking_numbers", TextList, "all its tracking numbers"),
            ("shipped_at", Time, "when it was first on its way"),
            ("delivered_at", Time, "when it arrived"),
        ],
    ),
    (
        REFUNDS,
        "what was paid back",
        &[
            ("id", Text, "the provider's id of the refund"),
            ("amount", Money, "how much was paid back"),
            ("at", Time, "when"),
        ],
    ),
];

const LINES: &str = "order.lines";
const PARCELS: &str = "order.parcels";
const REFUNDS: &str = "order.refunds";

/// The lists as the catalogue names them.
pub(crate) fn lists() -> BTreeMap<String, ListSpec> {
    let spec = |(name, kind, help): &Field| {
        let spec = FieldSpec { kind: *kind, values: Vec::new(), help: (*help).to_owned() };
        ((*name).to_owned(), spec)
    };
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
