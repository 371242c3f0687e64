//! Orders, and what happens to them: edits, parcels, refunds, returns. Everything is told on the order it belongs to.

use omnihub_plugin::exact::{self, Text};
use omnihub_plugin::lenient::said;
use omnihub_plugin::members::extras;
use omnihub_plugin::model::{
    Checkout, Fulfilment, Identity, Money, Order, OrderLine, Party, Proof, Refund, ReturnRequest,
};
use omnihub_plugin::{Failure, Payload, Remark};

use super::{Reading, customer, is_true, object_id, tag_list, time, without_id};
use crate::{mark, wire};

/// An order as a whole, with the customer in it and the cart it came from.
pub(super) fn order(reading: &mut Reading<'_>, name: &str) -> Result<(), Failure> {
    let wire = reading.body()?;
    tell(reading, name, wire)
}

pub(super) fn tell(reading: &mut Reading<'_>, name: &str, mut wire: wire::Order) -> Result<(), Failure> {
    let id = object_id(&wire.admin_graphql_api_id, &wire.id).ok_or_else(|| without_id("an order"))?;
    let version = time(&wire.updated_at).or_else(|| reading.triggered_at()).or(time(&wire.created_at));
    let (created, cancelled) = (time(&wire.created_at), time(&wire.cancelled_at));
    let person = wire.customer.take();
    let checkout = wire.checkout_id.clone().and_then(Text::id);

    let buyer = buyer(reading, &id, &wire, person.as_ref());
    let payload = Payload::Order(whole(reading, id.clone(), wire, buyer));
    match name {
        "order.created" => reading.once(name, &id, created, version, payload),
        "order.cancelled" => reading.once(name, &id, cancelled, version, payload),
        _ => reading.again(name, &id, version, payload),
    }
    if let Some(person) = person {
        customer::embedded(reading, person, version);
    }
    if let Some(checkout) = checkout {
        cart_became(reading, checkout, id, created);
    }
    Ok(())
}

/// An order with a customer belongs to that account; a guest's is known by what was typed in, and may be nobody's.
fn buyer(
    reading: &Reading<'_>,
    id: &str,
    wire: &wire::Order,
    person: Option<&wire::Customer>,
) -> Option<Party> {
    let known = person.and_then(|person| customer::party(reading, person));
    let mut party = match known {
        Some(party) => party,
        None => guest(id, wire)?,
    };
    party.ids.extend(said(wire.token.clone()).map(|token| Identity::token("order-status", token)));
    Some(party)
}

fn guest(id: &str, wire: &wire::Order) -> Option<Party> {
    let email = said(wire.email.clone()).or_else(|| said(wire.contact_email.clone()));
    let email = email.map(|email| Identity::email(email, Proof::Claimed));
    let phone = said(wire.phone.clone()).map(|phone| Identity::phone(phone, Proof::Claimed));
    let contacts: Vec<Identity> = email.into_iter().chain(phone).collect();
    if contacts.is_empty() {
        return None;
    }
    let ids = std::iter::once(Identity::provider("guest-order", id)).chain(contacts).collect();
    Party::of(ids, None)
}

fn whole(reading: &mut Reading<'_>, id: String, wire: wire::Order, buyer: Option<Party>) -> Order {
    let currency = &wire.currency;
    Order {
        number: said(wire.name),
        buyer,
        total: reading.money("/total_price", &wire.total_price, currency),
        subtotal: reading.money("/subtotal_price", &wire.subtotal_price, currency),
        tax: reading.money("/total_tax", &wire.total_tax, currency),
        discount: reading.money("/total_discounts", &wire.total_discounts, currency),
        financial_status: said(wire.financial_status),
        fulfilment_status: wire.fulfillment_status.as_deref().and_then(|raw| fulfilment_status(raw.get())),
        placed_at: time(&wire.processed_at).or(time(&wire.created_at)),
        cancelled_at: time(&wire.cancelled_at),
        closed_at: time(&wire.closed_at),
        tags: tag_list(&wire.tags),
        note: said(wire.note.clone()),
        source: said(wire.source_name),
        lines: wire.line_items.map(|list| lines(reading, Some(list), currency)),
        fulfilments: fulfilments(reading, wire.fulfillments),
        refunds: refunds(reading, wire.refunds, currency),
        extra: extras([
            ("cancel_reason", said(wire.cancel_reason)),
            ("current_total_price", said(wire.current_total_price)),
            ("presentment_currency", said(wire.presentment_currency)),
            ("customer_locale", said(wire.customer_locale)),
            ("effect", wire.note.as_ref().and_then(|note| mark::newest(&note.0))),
            ("test", is_true(&wire.test).then(|| "true".to_owned())),
        ]),
        ..Order::new(id)
    }
}

/// Shopify writes null for an order of which nothing was sent yet.
fn fulfilment_status(raw: &str) -> Option<String> {
    match raw {
        "null" => Some("unfulfilled".to_owned()),
        _ => serde_json::from_str::<String>(raw).ok().filter(|status| !status.is_empty()),
    }
}

/// Lines of an order or a checkout. `currency` is the order's: lines have none of their own.
pub(super) fn lines(
    reading: &mut Reading<'_>,
    list: Option<Vec<Option<wire::Line>>>,
    currency: &Option<Text>,
) -> Vec<OrderLine> {
    let mut lines = Vec::new();
    for (index, (path, line)) in reading.items("/line_items", list).into_iter().enumerate() {
        let quantity = line.quantity.as_ref().and_then(|quantity| exact::quantity(&quantity.0).ok());
        let Some(quantity) = quantity else {
            reading.note(path, Remark::Malformed, "a line without a quantity");
            continue;
        };
        let id = line.id.and_then(Text::id).or_else(|| said(line.key)).or_else(|| said(line.variant_id));
        lines.push(OrderLine {
            id: id.unwrap_or_else(|| index.to_string()),
            sku: said(line.sku),
            title: said(line.title),
            quantity,
            unit_price: reading.money(&format!("{path}/price"), &line.price, currency),
        });
    }
    lines
}

fn fulfilments(reading: &mut Reading<'_>, list: Option<Vec<Option<wire::Fulfilment>>>) -> Vec<Fulfilment> {
    let mut parcels = Vec::new();
    for (path, wire) in reading.items("/fulfillments", list) {
        match fulfilment(wire) {
            Some(parcel) => parcels.push(parcel),
            None => reading.note(path, Remark::Malformed, "a fulfilment without id"),
        }
    }
    parcels
}

/// A parcel. How it travels says more than that it was handed over, so `shipment_status` wins over `status`.
fn fulfilment(wire: wire::Fulfilment) -> Option<Fulfilment> {
    Some(Fulfilment {
        status: said(wire.shipment_status).or_else(|| said(wire.status)),
        carrier: said(wire.tracking_company),
        tracking_numbers: all_or_one(wire.tracking_numbers, wire.tracking_number),
        tracking_urls: all_or_one(wire.tracking_urls, wire.tracking_url),
        updated_at: time(&wire.updated_at).or(time(&wire.created_at)),
        ..Fulfilment::new(object_id(&wire.admin_graphql_api_id, &wire.id)?)
    })
}

fn all_or_one(all: Option<Vec<Text>>, one: Option<Text>) -> Vec<String> {
    let all: Vec<String> = all.into_iter().flatten().filter_map(|text| said(Some(text))).collect();
    if all.is_empty() { said(one).into_iter().collect() } else { all }
}

fn refunds(
    reading: &mut Reading<'_>,
    list: Option<Vec<Option<wire::Refund>>>,
    currency: &Option<Text>,
) -> Vec<Refund> {
    let mut refunds = Vec::new();
    for (path, wire) in reading.items("/refunds", list) {
        match refund_of(reading, &path, wire, currency) {
            Some(refund) => refunds.push(refund),
            None => reading.note(path, Remark::Malformed, "a refund without id"),
        }
    }
    refunds
}

fn refund_of(
    reading: &mut Reading<'_>,
    path: &str,
    wire: wire::Refund,
    currency: &Option<Text>,
) -> Option<Refund> {
    Some(Refund {
        at: time(&wire.processed_at).or(time(&wire.created_at)),
        amount: paid_back(reading, &format!("{path}/transactions"), wire.transactions, currency),
        ..Refund::new(object_id(&wire.admin_graphql_api_id, &wire.id)?)
    })
}

/// The sum of the refunding transactions that succeeded: lines say what was given back for, not that it was. Absent
/// where there are none, and where they cannot be added up.
fn paid_back(
    reading: &mut Reading<'_>,
    path: &str,
    list: Option<Vec<Option<wire::Transaction>>>,
    order_currency: &Option<Text>,
) -> Option<Money> {
    let mut sum: Option<Money> = None;
    let is =
        |text: &Option<Text>, word: &str| text.as_ref().is_some_and(|text| text.0.eq_ignore_ascii_case(word));
    for (place, transaction) in reading.items(path, list) {
        if !is(&transaction.kind, "refund") || !is(&transaction.status, "success") {
            continue;
        }
        let currency = transaction.currency.or_else(|| order_currency.clone());
        let amount = reading.money(&format!("{place}/amount"), &transaction.amount, &currency)?;
        let total = match sum {
            None => Some(amount),
            Some(sum) if sum.currency == amount.currency => {
                sum.minor.checked_add(amount.minor).map(|minor| Money { minor, ..sum })
            }
            Some(_) => None,
        };
        if total.is_none() {
            reading.note(path, Remark::Malformed, "amounts that cannot be added up");
            return None;
        }
        sum = total;
    }
    sum
}

/// The order says which cart it was: that cart is not abandoned.
fn cart_became(reading: &mut Reading<'_>, checkout: String, order: String, at: Option<i64>) {
    let key = format!("{checkout}/order");
    let cart = Checkout { order: Some(order), completed_at: at, ..Checkout::new(checkout) };
    reading.once("checkout.updated", &key, at, at, Payload::Checkout(cart));
}

/// `orders/edited` tells of the edit, not of the order it leads to: `orders/updated` follows with that.
pub(super) fn edited(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Edited = reading.body()?;
    let edit = wire.order_edit.ok_or_else(|| without_id("an order edit"))?;
    let order = edit.order_id.and_then(Text::id).ok_or_else(|| without_id("the order of an edit"))?;
    let time = time(&edit.created_at).or_else(|| reading.triggered_at());
    let lines = edit.line_items.unwrap_or_default();
    let count = |list: Option<Vec<Option<wire::Reference>>>| list.map(|list| list.len().to_string());
    let payload = Payload::Order(Order {
        extra: extras([("lines_added", count(lines.additions)), ("lines_removed", count(lines.removals))]),
        ..Order::new(order.clone())
    });
    match edit.id.and_then(Text::id) {
        Some(id) => reading.once("order.edited", &id, time, time, payload),
        None => reading.again("order.edited", &order, time, payload),
    }
    Ok(())
}

/// Only the id is left of a deleted order; when it was deleted only the delivery knows.
pub(super) fn deleted(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Reference = reading.body()?;
    let id = object_id(&wire.admin_graphql_api_id, &wire.id).ok_or_else(|| without_id("an order"))?;
    let time = reading.triggered_at();
    let order = Order { deleted: true, ..Order::new(id.clone()) };
    reading.once("order.deleted", &id, time, time, Payload::Order(order));
    Ok(())
}

pub(super) fn refund(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Refund = reading.body()?;
    let order =
        wire.order_id.clone().and_then(Text::id).ok_or_else(|| without_id("the order of a refund"))?;
    let time = time(&wire.processed_at).or(time(&wire.created_at)).or_else(|| reading.triggered_at());
    let refund = refund_of(reading, "", wire, &None).ok_or_else(|| without_id("a refund"))?;
    let id = refund.id.clone();
    let payload = Payload::Order(Order { refunds: vec![refund], ..Order::new(order) });
    reading.once("order.refunded", &id, time, time, payload);
    Ok(())
}

/// A parcel is on its way once it exists, unless it failed at once.
pub(super) fn fulfilment_created(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let told = ToldFulfilment::read(reading)?;
    let failed = matches!(told.status.as_str(), "cancelled" | "error" | "failure");
    if failed {
        told.updated(reading)
    } else {
        told.shipped(reading)
    }
    Ok(())
}

/// News of a parcel. One that was only waiting when it was created ships now; `order.shipped` has the parcel's id as
/// key, so it is the same event however often it is told.
pub(super) fn fulfilment_updated(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let told = ToldFulfilment::read(reading)?;
    told.updated(reading);
    if told.status == "success" {
        told.shipped(reading);
    }
    Ok(())
}

struct ToldFulfilment {
    order: String,
    status: String,
    time: Option<i64>,
    parcel: Fulfilment,
}

impl ToldFulfilment {
    fn read(reading: &Reading<'_>) -> Result<Self, Failure> {
        let wire: wire::Fulfilment = reading.body()?;
        let order = wire
            .order_id
            .clone()
            .and_then(Text::id)
            .ok_or_else(|| without_id("the order of a fulfilment"))?;
        let status = said(wire.status.clone()).unwrap_or_default().to_ascii_lowercase();
        let parcel = fulfilment(wire).ok_or_else(|| without_id("a fulfilment"))?;
        let time = parcel.updated_at.or_else(|| reading.triggered_at());
        Ok(Self { order, status, time, parcel })
    }

    fn payload(&self) -> Payload {
        Payload::Order(Order { fulfilments: vec![self.parcel.clone()], ..Order::new(self.order.clone()) })
    }

    fn shipped(&self, reading: &mut Reading<'_>) {
        reading.once("order.shipped", &self.parcel.id, self.time, self.time, self.payload());
    }

    fn updated(&self, reading: &mut Reading<'_>) {
        let object = format!("{}/fulfilment/{}", self.order, self.parcel.id);
        reading.again("order.updated", &object, self.time, self.payload());
    }
}

/// `returns/*`. Their bodies hold no time, and those of `update` no status: the delivery and its topic say.
pub(super) fn returned(reading: &mut Reading<'_>, name: &str, action: &str) -> Result<(), Failure> {
    let wire: wire::Return = reading.body()?;
    let id = object_id(&wire.admin_graphql_api_id, &wire.id).ok_or_else(|| without_id("a return"))?;
    let order = wire.order.and_then(|order| object_id(&order.admin_graphql_api_id, &order.id));
    let order = order.ok_or_else(|| without_id("the order of a return"))?;
    let time = time(&wire.updated_at).or_else(|| reading.triggered_at());
    let status = said(wire.status).map(|status| status.to_ascii_lowercase());
    let status = status.or_else(|| status_after(action).map(str::to_owned));
    let request = ReturnRequest { status, at: time, ..ReturnRequest::new(id.clone()) };
    let payload = Payload::Order(Order { returns: vec![request], ..Order::new(order) });
    match name {
        "return.requested" => reading.once(name, &id, time, time, payload),
        _ => reading.again(name, &format!("{id}/{action}"), time, payload),
    }
    Ok(())
}

fn status_after(action: &str) -> Option<&'static str> {
    match action {
        "request" => Some("requested"),
        "approve" | "reopen" => Some("open"),
        "decline" => Some("declined"),
        "cancel" => Some("canceled"),
        "close" => Some("closed"),
        _ => None,
    }
}
