//! Erasing a customer's data: taken at once, carried out after a wait, and told to every app then. What was bought stays.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::call::Stage;
use super::object::{Kept, number_of};
use super::{Kind, Shop};
use crate::clock::later;
use crate::outbox::Parcel;
use crate::state::Provider;

/// Time to take it back.
const WAIT: SignedDuration = SignedDuration::from_hours(10 * 24);
/// And for card holders to dispute their last payment.
const WAIT_AFTER_ORDER: SignedDuration = SignedDuration::from_hours(180 * 24);
const SHOP_ID: u64 = 548_380_009;
const SHOP_DOMAIN: &str = "simulated.myshopify.com";
/// What an order says of a person.
const PERSONAL: [&str; 10] = [
    "billing_address",
    "browser_ip",
    "client_details",
    "contact_email",
    "customer",
    "email",
    "note_attributes",
    "phone",
    "shipping_address",
    "token",
];

/// Who is to be erased, and who was.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Erasures {
    /// By gid: when it is carried out.
    pub pending: BTreeMap<String, Timestamp>,
    /// Gids, which never come back.
    pub done: BTreeSet<String>,
}

/// Asked twice it is asked once.
pub(super) fn request(stage: &mut Stage<'_>, id: &str) -> Value {
    let payload = "CustomerRequestDataErasurePayload";
    let is_known = Kind::of_gid(id) == Some(Kind::Customer) && stage.find(id).is_ok();
    if !is_known {
        let error = json!({
            "__typename": "CustomerRequestDataErasureUserError",
            "code": "DOES_NOT_EXIST", "field": ["customerId"], "message": "Customer does not exist",
        });
        return json!({ "__typename": payload, "customerId": null, "userErrors": [error] });
    }
    if !stage.shop.erasures.pending.contains_key(id) {
        let due = stage.shop.due(id, stage.now);
        let parcel = Parcel {
            topic: "customers/redact".to_owned(),
            body: stage.shop.redaction(id).to_string().into(),
            after_ms: u64::try_from(due.duration_since(stage.now).as_millis()).unwrap_or(0),
            ..Parcel::default()
        };
        stage.outbox.announce_parcel(Provider::Shopify, &parcel);
        stage.shop.erasures.pending.insert(id.to_owned(), due);
    }
    json!({ "__typename": payload, "customerId": id, "userErrors": [] })
}

impl Shop {
    /// Carries out what is due. There is no clock here that rings: whoever looks at the shop calls this first.
    pub(crate) fn redact_due(&mut self, now: Timestamp) {
        let due = self.erasures.pending.iter().filter(|(_, at)| **at <= now);
        let due: Vec<String> = due.map(|(gid, _)| gid.clone()).collect();
        for gid in due {
            for order in self.orders.values_mut().filter(|order| is_of(order, &gid)) {
                order.fields.retain(|name, _| !PERSONAL.contains(&name.as_str()));
            }
            self.remove(Kind::Customer, &gid);
            self.erasures.pending.remove(&gid);
            self.erasures.done.insert(gid);
        }
    }

    fn due(&self, customer: &str, now: Timestamp) -> Timestamp {
        let orders = self.orders.values().filter(|order| is_of(order, customer));
        let last = orders.map(|order| later(order.created_at, WAIT_AFTER_ORDER)).max();
        later(now, WAIT).max(last.unwrap_or(now))
    }

    /// The body of `customers/redact`.
    fn redaction(&self, customer: &str) -> Value {
        let number = |gid: &str| number_of(gid).parse::<u64>().ok();
        let field = |name: &str| self.customers.get(customer).and_then(|kept| kept.fields.get(name));
        let orders = self.orders.iter().filter(|(_, order)| is_of(order, customer));
        json!({
            "shop_id": SHOP_ID,
            "shop_domain": SHOP_DOMAIN,
            "customer": { "id": number(customer), "email": field("email"), "phone": field("phone") },
            "orders_to_redact": orders.filter_map(|(gid, _)| number(gid)).collect::<Vec<_>>(),
        })
    }
}

/// An order names its customer by `{"customer": {"id": 1}}`.
fn is_of(order: &Kept, customer: &str) -> bool {
    let id = order.fields.get("customer").and_then(|customer| customer.get("id"));
    id.is_some_and(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned) == number_of(customer))
}
