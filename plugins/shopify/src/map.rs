//! Bodies to events, without side effects. Here: which topic goes to whom, and what all of them share.

mod checkout;
mod customer;
mod order;
mod privacy;
mod stock;
mod topic;

use omnihub_plugin::dated::fingerprint;
use omnihub_plugin::exact::{self, Text};
use omnihub_plugin::lenient::said;
use omnihub_plugin::members::{self, Members, extras};
use omnihub_plugin::model::{Money, Other, Proof};
use omnihub_plugin::{Delivery, Event, Failure, Payload, Remark, Report};

use crate::manifest::{TRIGGERED_AT, WEBHOOK_ID};
use crate::wire::{self, Unknown};

/// What the operator decided about this shop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How well the shop knows that a phone is its customer's.
    pub(crate) phones: Proof,
}

/// All that one delivery says.
pub(crate) fn report(delivery: &Delivery, settings: &Settings) -> Result<Report, Failure> {
    let topic = topic::of(delivery)?;
    let mut reading = Reading { delivery, settings: *settings, place: String::new(), report: Report::new() };
    read(&mut reading, &topic)?;
    Ok(reading.report)
}

/// An object as a page of the Admin API holds it, in a webhook's shape.
pub(crate) enum Polled {
    Order(Box<wire::Order>),
    Customer(Box<wire::Customer>),
}

/// All that one object of a page says: the same as a webhook about the same change of it. The caller has seen that it
/// says when it changed; `place` is where in the page it is.
pub(crate) fn polled(object: Polled, place: &str, now: i64, settings: &Settings) -> Report {
    let delivery = Delivery { topic: None, headers: Vec::new(), body: String::new(), received_at: now };
    let mut reading =
        Reading { delivery: &delivery, settings: *settings, place: place.to_owned(), report: Report::new() };
    let told = match object {
        Polled::Order(order) => order::tell(&mut reading, "order.updated", *order),
        Polled::Customer(customer) => customer::tell(&mut reading, "customer.updated", *customer),
    };
    if told.is_err() {
        reading.note("", Remark::Malformed, "an object without id");
    }
    reading.report
}

fn read(reading: &mut Reading<'_>, topic: &str) -> Result<(), Failure> {
    match topic {
        "orders/create" => order::order(reading, "order.created"),
        "orders/updated" => order::order(reading, "order.updated"),
        "orders/paid" => order::order(reading, "order.paid"),
        "orders/cancelled" => order::order(reading, "order.cancelled"),
        "orders/fulfilled" => order::order(reading, "order.fulfilled"),
        "orders/partially_fulfilled" => order::order(reading, "order.partially_fulfilled"),
        "orders/edited" => order::edited(reading),
        "orders/delete" => order::deleted(reading),
        "refunds/create" => order::refund(reading),
        "fulfillments/create" => order::fulfilment_created(reading),
        "fulfillments/update" => order::fulfilment_updated(reading),
        "returns/request" => order::returned(reading, "return.requested", "request"),
        "customers/create" => customer::customer(reading, "customer.created"),
        "customers/update" | "customers/enable" | "customers/disable" => {
            customer::customer(reading, "customer.updated")
        }
        "customers/delete" => customer::deleted(reading),
        "customers/merge" => customer::merged(reading),
        "customers_marketing_consent/update" | "customers_email_marketing_consent/update" => {
            customer::consent_updated(reading)
        }
        "customer.tags_added" | "customers/tags_added" => customer::tagged(reading, customer::Tagged::Added),
        "customer.tags_removed" | "customers/tags_removed" => {
            customer::tagged(reading, customer::Tagged::Removed)
        }
        "customers/data_request" => privacy::export(reading),
        "customers/redact" => privacy::erase_customer(reading),
        "shop/redact" => privacy::erase_shop(reading),
        "checkouts/create" => checkout::checkout(reading, "checkout.created"),
        "checkouts/update" => checkout::checkout(reading, "checkout.updated"),
        "checkouts/delete" => checkout::deleted(reading),
        "inventory_levels/update" | "inventory_levels/connect" => stock::level(reading),
        "inventory_levels/disconnect" => stock::disconnected(reading),
        "inventory_items/create" | "inventory_items/update" => stock::item(reading),
        "inventory_items/delete" => stock::deleted(reading),
        "variants/in_stock" => stock::variant(reading, "in_stock"),
        "variants/out_of_stock" => stock::variant(reading, "out_of_stock"),
        _ => match topic.split_once('/') {
            Some(("returns", action)) => order::returned(reading, "return.updated", action),
            _ => notice(reading, topic),
        },
    }
}

/// `app/uninstalled`, `shop/update` and whatever we have no model for: kept and counted, with ids and scopes only.
fn notice(reading: &mut Reading<'_>, topic: &str) -> Result<(), Failure> {
    let body: Unknown = reading.body()?;
    let mut other = Other::new(topic);
    other.extra = extras([
        ("id", object_id(&body.admin_graphql_api_id, &body.id)),
        ("scopes", body.current.map(scopes)),
    ]);
    // The delivery's own time: a shop's `updated_at` does not say when the app was removed from it.
    let time = reading.triggered_at().or(time(&body.updated_at));
    let received_at = reading.delivery.received_at;
    let event = Event::once("provider.notice", reading.copy_id(), time, received_at, Payload::Other(other));
    reading.report.events.push(event);
    Ok(())
}

/// What the app may do from now on, as `app/scopes_update` lists it.
fn scopes(list: Vec<Text>) -> String {
    list.into_iter().map(|scope| scope.0).collect::<Vec<_>>().join(",")
}

/// One delivery, or one object of a page, while it is read.
struct Reading<'a> {
    delivery: &'a Delivery,
    settings: Settings,
    /// Where in the page the object is; empty in a delivery.
    place: String,
    report: Report,
}

impl Reading<'_> {
    fn body<T: Members>(&self) -> Result<T, Failure> {
        members::read(&self.delivery.body).ok_or_else(not_an_object)
    }

    /// When Shopify made the delivery, the same on every retry. A hint, for bodies that hold no time themselves.
    fn triggered_at(&self) -> Option<i64> {
        self.delivery.header(&TRIGGERED_AT).and_then(exact::timestamp)
    }

    /// Names the delivery: the same for every copy of it.
    fn copy_id(&self) -> String {
        self.delivery.header(&WEBHOOK_ID).map_or_else(|| fingerprint(&self.delivery.body), str::to_owned)
    }

    /// Says what became of a part that gave no event.
    fn note(&mut self, path: impl AsRef<str>, remark: Remark, reason: &str) {
        let path = format!("{}{}", self.place, path.as_ref());
        self.report.note(path, remark, reason);
    }

    /// An event that can happen again to its object.
    fn again(&mut self, name: &str, object: &str, time: Option<i64>, payload: Payload) {
        let event = Event::dated(name, object, time, &self.copy_id(), self.delivery.received_at, payload);
        self.report.events.push(event);
    }

    /// An event that happens once to its object, `at` being when.
    fn once(&mut self, name: &str, object: &str, at: Option<i64>, version: Option<i64>, payload: Payload) {
        let mut event = Event::once(name, object, version, self.delivery.received_at, payload);
        event.happened_at = at.unwrap_or(event.happened_at);
        self.report.events.push(event);
    }

    /// An amount; one that is none is noted, and absent.
    fn money(&mut self, path: &str, amount: &Option<Text>, currency: &Option<Text>) -> Option<Money> {
        let (amount, currency) = (amount.as_ref()?, currency.as_ref()?);
        let money = exact::money(&amount.0, &currency.0).ok();
        if money.is_none() {
            self.note(path, Remark::Malformed, "not an amount of the order's currency");
        }
        money
    }

    /// The items of a list that could be read, with their place; the others are noted.
    fn items<T>(&mut self, path: &str, list: Option<Vec<Option<T>>>) -> Vec<(String, T)> {
        let mut items = Vec::new();
        for (index, item) in list.into_iter().flatten().enumerate() {
            let place = format!("{path}/{index}");
            match item {
                Some(item) => items.push((place, item)),
                None => self.note(place, Remark::Malformed, "not an object"),
            }
        }
        items
    }
}

fn not_an_object() -> Failure {
    Failure::Rejected("the body is not a JSON object".into())
}

fn without_id(object: &str) -> Failure {
    Failure::Rejected(format!("{object} without id"))
}

/// The object's id. The text form wins: on its way a long number may have been rounded.
fn object_id(gid: &Option<Text>, id: &Option<Text>) -> Option<String> {
    gid.as_ref().and_then(|gid| gid_id(&gid.0)).or_else(|| id.clone().and_then(Text::id))
}

/// `7` of `gid://shopify/Order/7` and `gid://shopify/Order/7?key=value`.
pub(crate) fn gid_id(gid: &str) -> Option<String> {
    let path = gid.strip_prefix("gid://shopify/")?.split('?').next()?;
    let (_, id) = path.rsplit_once('/')?;
    (!id.is_empty()).then(|| id.to_owned())
}

pub(crate) fn time(text: &Option<Text>) -> Option<i64> {
    text.as_ref().and_then(|text| exact::timestamp(&text.0))
}

fn is_true(text: &Option<Text>) -> bool {
    text.as_ref().is_some_and(|text| text.0 == "true")
}

/// Shopify's one text of all tags, "a, b"; an empty text is an empty list, no text says nothing.
fn tag_list(text: &Option<Text>) -> Option<Vec<String>> {
    let tags = |text: &Text| {
        text.0.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
    };
    text.as_ref().map(tags)
}

/// Given and family name as people write them.
fn full_name(first: &Option<Text>, last: &Option<Text>) -> Option<String> {
    let parts: Vec<String> = [first, last].into_iter().filter_map(|part| said(part.clone())).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}
