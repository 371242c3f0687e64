//! Orders with their payments, parcels, refunds and returns; and carts that may become orders.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event;
use crate::identity::NodeId;
use crate::join::{Fact, Least, Tags, Told, erase_by_flag, join_fields};
use crate::money::Money;
use crate::time::Timestamp;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub number: Option<Fact<String>>,
    /// The account the order is filed under.
    pub buyer: Option<Fact<NodeId>>,
    pub total: Option<Fact<Money>>,
    pub subtotal: Option<Fact<Money>>,
    pub tax: Option<Fact<Money>>,
    pub discount: Option<Fact<Money>>,
    pub financial_status: Option<Fact<String>>,
    pub fulfilment_status: Option<Fact<String>>,
    pub placed_at: Option<Fact<Timestamp>>,
    pub cancelled_at: Option<Fact<Timestamp>>,
    pub closed_at: Option<Fact<Timestamp>>,
    pub tags: Tags,
    pub note: Option<Fact<String>>,
    pub source: Option<Fact<String>>,
    pub lines: Option<Fact<Vec<OrderLine>>>,
    pub fulfilments: BTreeMap<String, Fulfilment>,
    pub refunds: BTreeMap<String, Refund>,
    pub returns: BTreeMap<String, Return>,
    pub deleted: bool,
    /// Whose it was is to be forgotten: amounts, counts and times stay, so that sums hold.
    pub erased: bool,
}

join_fields!(Order {
    number,
    buyer,
    total,
    subtotal,
    tax,
    discount,
    financial_status,
    fulfilment_status,
    placed_at,
    cancelled_at,
    closed_at,
    tags,
    note,
    source,
    lines,
    fulfilments,
    refunds,
    returns,
    deleted,
    erased,
} then forget_erased);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderLine {
    pub id: String,
    pub sku: Option<String>,
    pub title: Option<String>,
    /// Millionths of one unit.
    pub quantity: i64,
    pub unit_price: Option<Money>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fulfilment {
    pub status: Option<Fact<String>>,
    pub carrier: Option<Fact<String>>,
    pub tracking_numbers: Option<Fact<Vec<String>>>,
    pub tracking_urls: Option<Fact<Vec<String>>>,
    /// When it was first said to be on its way.
    pub shipped_at: Option<Least<Timestamp>>,
    /// When it was first said to have arrived.
    pub delivered_at: Option<Least<Timestamp>>,
    /// When it was first said that it could not be handed over, or will not arrive.
    pub failed_at: Option<Least<Timestamp>>,
}

join_fields!(Fulfilment {
    status,
    carrier,
    tracking_numbers,
    tracking_urls,
    shipped_at,
    delivered_at,
    failed_at,
});

/// How far a parcel is, in providers' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Known, and still with us.
    Preparing,
    /// It will never leave.
    CalledOff,
    Shipped,
    Delivered,
    /// It left, and could not be handed over or will not arrive.
    Failed,
}

impl Stage {
    /// A parcel that exists has been handed over unless its status says otherwise.
    fn of(status: Option<&str>) -> Self {
        match status.unwrap_or_default() {
            "pending" | "open" | "scheduled" | "on_hold" | "label_printed" | "label_purchased"
            | "confirmed" => Self::Preparing,
            "cancelled" | "canceled" | "error" => Self::CalledOff,
            "delivered" | "picked_up" => Self::Delivered,
            "failure" | "attempted_delivery" | "not_delivered" => Self::Failed,
            _ => Self::Shipped,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub amount: Option<Fact<Money>>,
    pub at: Option<Fact<Timestamp>>,
}

join_fields!(Refund { amount, at });

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    pub status: Option<Fact<String>>,
    pub at: Option<Fact<Timestamp>>,
}

join_fields!(Return { status, at });

impl Order {
    #[must_use]
    pub fn told(order: &event::Order, buyer: Option<NodeId>, told: Told) -> Self {
        Self {
            number: told.maybe(&order.number),
            buyer: told.maybe(&buyer),
            total: told.maybe(&order.total),
            subtotal: told.maybe(&order.subtotal),
            tax: told.maybe(&order.tax),
            discount: told.maybe(&order.discount),
            financial_status: told.maybe(&order.financial_status),
            fulfilment_status: told.maybe(&order.fulfilment_status),
            placed_at: told.maybe(&order.placed_at),
            cancelled_at: told.maybe(&order.cancelled_at),
            closed_at: told.maybe(&order.closed_at),
            tags: Tags::told(told, order.tags.as_ref(), &order.tags_added, &order.tags_removed),
            note: told.maybe(&order.note),
            source: told.maybe(&order.source),
            lines: order.lines.as_ref().map(|lines| told.fact(lines.iter().map(OrderLine::told).collect())),
            fulfilments: by_id(&order.fulfilments, |parcel| (&parcel.id, Fulfilment::told(parcel, told))),
            refunds: by_id(&order.refunds, |refund| {
                (&refund.id, Refund { amount: told.maybe(&refund.amount), at: told.maybe(&refund.at) })
            }),
            returns: by_id(&order.returns, |request| {
                (&request.id, Return { status: told.maybe(&request.status), at: told.maybe(&request.at) })
            }),
            deleted: order.deleted,
            erased: false,
        }
    }

    /// A parcel's tracking page shows where it went, and tags are free text, so both go with note and buyer.
    fn forget_erased(&mut self) {
        if self.erased {
            self.buyer = None;
            self.note = None;
            self.tags = Tags::default();
            for parcel in self.fulfilments.values_mut() {
                parcel.tracking_numbers = None;
                parcel.tracking_urls = None;
            }
        }
    }

    /// Placed, not cancelled, and not wholly delivered into the customer's hands: what "where is my order" is about.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let fulfilled = self.fulfilment_status.as_ref().is_some_and(|status| status.value == "fulfilled");
        let refunded = self.financial_status.as_ref().is_some_and(|status| is_over(&status.value));
        !self.deleted && self.cancelled_at.is_none() && self.closed_at.is_none() && !fulfilled && !refunded
    }
}

fn is_over(financial_status: &str) -> bool {
    matches!(financial_status, "refunded" | "voided")
}

fn by_id<'a, T, U>(items: &'a [T], told: impl Fn(&'a T) -> (&'a String, U)) -> BTreeMap<String, U> {
    items.iter().map(told).map(|(id, item)| (id.clone(), item)).collect()
}

impl OrderLine {
    fn told(line: &event::OrderLine) -> Self {
        Self {
            id: line.id.clone(),
            sku: line.sku.clone(),
            title: line.title.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price.clone(),
        }
    }
}

impl Fulfilment {
    fn told(parcel: &event::Fulfilment, told: Told) -> Self {
        // A parcel is updated on its own: its time, where there is one, orders what is said of it.
        let told = Told { version: parcel.updated_at.map_or(told.version, |at| at.0), ..told };
        let stage = Stage::of(parcel.status.as_deref());
        let first = |wanted: Stage| (stage == wanted).then(|| told.least(Timestamp(told.version)));
        let some = |list: &Vec<String>| (!list.is_empty()).then(|| told.fact(list.clone()));
        Self {
            status: told.maybe(&parcel.status),
            carrier: told.maybe(&parcel.carrier),
            tracking_numbers: some(&parcel.tracking_numbers),
            tracking_urls: some(&parcel.tracking_urls),
            shipped_at: first(Stage::Shipped),
            delivered_at: first(Stage::Delivered),
            failed_at: first(Stage::Failed),
        }
    }

    /// When it left, if it did and has neither arrived nor been called off since.
    #[must_use]
    pub fn under_way_since(&self) -> Option<Timestamp> {
        let status = self.status.as_ref().map(|status| status.value.as_str());
        let is_over = self.delivered_at.is_some() || Stage::of(status) == Stage::CalledOff;
        let left_at = self.shipped_at.or(self.failed_at).filter(|_| !is_over);
        left_at.map(|at| at.0)
    }
}

/// A cart that may be abandoned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    pub buyer: Option<Fact<NodeId>>,
    pub total: Option<Fact<Money>>,
    pub url: Option<Fact<String>>,
    pub lines: Option<Fact<Vec<OrderLine>>>,
    pub started_at: Option<Fact<Timestamp>>,
    pub completed_at: Option<Fact<Timestamp>>,
    pub order: Option<Fact<String>>,
    pub deleted: bool,
    /// Whose it was is to be forgotten.
    pub erased: bool,
}

join_fields!(Checkout {
    buyer, total, url, lines, started_at, completed_at, order, deleted, erased,
} then forget_erased);

erase_by_flag! { Order; Checkout; }

impl Checkout {
    #[must_use]
    pub fn told(checkout: &event::Checkout, buyer: Option<NodeId>, told: Told) -> Self {
        Self {
            buyer: told.maybe(&buyer),
            total: told.maybe(&checkout.total),
            url: told.maybe(&checkout.url),
            lines: checkout
                .lines
                .as_ref()
                .map(|lines| told.fact(lines.iter().map(OrderLine::told).collect())),
            started_at: told.maybe(&checkout.started_at),
            completed_at: told.maybe(&checkout.completed_at),
            order: told.maybe(&checkout.order),
            deleted: checkout.deleted,
            erased: false,
        }
    }

    /// The address leads into the cart without asking who comes.
    fn forget_erased(&mut self) {
        if self.erased {
            self.buyer = None;
            self.url = None;
        }
    }
}
