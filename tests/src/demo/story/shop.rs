//! Shopify's bodies: orders and customers as its REST webhooks carry them, exact ids and money as text.

use serde_json::{Value, json};

use super::calendar::Moment;
use crate::support::connections::SHOPIFY;
use crate::support::delivery::Outgoing;

pub(super) struct Customer {
    pub(super) id: u64,
    pub(super) given_name: &'static str,
    pub(super) family_name: &'static str,
    pub(super) email: &'static str,
    pub(super) phone: &'static str,
    pub(super) since: Moment,
}

pub(super) struct Item {
    pub(super) variant: u64,
    pub(super) sku: &'static str,
    pub(super) title: &'static str,
    pub(super) price: &'static str,
}

pub(super) struct Order<'a> {
    pub(super) id: u64,
    pub(super) number: u32,
    pub(super) token: &'static str,
    pub(super) item: &'a Item,
    /// Without one it is a guest's.
    pub(super) customer: Option<&'a Customer>,
    pub(super) email: &'static str,
    pub(super) placed: Moment,
}

/// An order as it stands at one moment.
pub(super) struct State {
    pub(super) updated: Moment,
    pub(super) paid: &'static str,
    /// Null for nothing sent yet.
    pub(super) sent: Option<&'static str>,
    pub(super) tags: &'static str,
}

pub(super) fn delivery(id: &str, topic: &str, body: &Value) -> Outgoing {
    Outgoing::json(SHOPIFY, id, body).with_topic(topic)
}

/// Signed and addressed like any other, but nothing a connector could read.
pub(super) fn not_understood(id: &str) -> Outgoing {
    Outgoing {
        connection: SHOPIFY.into(),
        id: id.into(),
        topic: Some("orders/create".into()),
        headers: Vec::new(),
        body: b"<html><body>502 Bad Gateway</body></html>".to_vec(),
    }
}

pub(super) fn customer(of: &Customer, updated: Moment) -> Value {
    json!({
        "id": of.id,
        "admin_graphql_api_id": format!("gid://shopify/Customer/{}", of.id),
        "email": of.email,
        "phone": of.phone,
        "first_name": of.given_name,
        "last_name": of.family_name,
        "state": "enabled",
        "verified_email": true,
        "tax_exempt": false,
        "tags": "",
        "note": null,
        "currency": "EUR",
        "created_at": of.since.shop(),
        "updated_at": updated.shop(),
        "email_marketing_consent": {
            "state": "subscribed", "opt_in_level": "confirmed_opt_in", "consent_updated_at": of.since.shop(),
        },
        "sms_marketing_consent": null,
        "default_address": address(of),
    })
}

pub(super) fn order(of: &Order<'_>, state: &State) -> Value {
    let mut order = json!({
        "id": of.id,
        "admin_graphql_api_id": format!("gid://shopify/Order/{}", of.id),
        "name": format!("#{}", of.number),
        "order_number": of.number,
        "number": of.number - 1000,
        "token": of.token,
        "order_status_url": format!("https://alder-and-finch.example/orders/{}/authenticate", of.token),
        "created_at": of.placed.shop(),
        "processed_at": of.placed.shop(),
        "updated_at": state.updated.shop(),
        "closed_at": null,
        "cancelled_at": null,
        "cancel_reason": null,
        "confirmed": true,
        "test": false,
        "financial_status": state.paid,
        "fulfillment_status": state.sent,
        "tags": state.tags,
        "note": null,
        "note_attributes": [],
        "source_name": "web",
        "app_id": 580_111,
    });
    for part in [worth(of.item), bought(of, state), buyer(of)] {
        if let (Some(order), Value::Object(part)) = (order.as_object_mut(), part) {
            order.extend(part);
        }
    }
    order
}

fn worth(item: &Item) -> Value {
    json!({
        "currency": "EUR",
        "presentment_currency": "EUR",
        "total_price": item.price,
        "subtotal_price": item.price,
        "current_total_price": item.price,
        "total_tax": "0.00",
        "total_discounts": "0.00",
        "total_price_set": {"shop_money": money(item), "presentment_money": money(item)},
        "taxes_included": true,
        "payment_gateway_names": ["shopify_payments"],
    })
}

fn bought(of: &Order<'_>, state: &State) -> Value {
    let Item { variant, sku, title, price } = of.item;
    json!({
        "line_items": [{
            "id": of.id + 1,
            "variant_id": variant,
            "product_id": variant - 1,
            "sku": sku,
            "title": title,
            "name": title,
            "quantity": 1,
            "price": price,
            "price_set": {"shop_money": money(of.item), "presentment_money": money(of.item)},
            "requires_shipping": true,
            "fulfillment_status": state.sent,
        }],
        "shipping_lines": [],
        "discount_codes": [],
        "fulfillments": [],
        "refunds": [],
    })
}

fn buyer(of: &Order<'_>) -> Value {
    json!({
        "email": of.email,
        "contact_email": of.email,
        "phone": null,
        "customer_locale": "en",
        "customer": of.customer.map(|buyer| customer(buyer, of.placed)),
        "shipping_address": of.customer.map(address),
        "billing_address": of.customer.map(address),
    })
}

fn money(item: &Item) -> Value {
    json!({"amount": item.price, "currency_code": "EUR"})
}

fn address(of: &Customer) -> Value {
    json!({
        "first_name": of.given_name,
        "last_name": of.family_name,
        "address1": "Musterweg 12",
        "zip": "10115",
        "city": "Berlin",
        "country": "Germany",
        "country_code": "DE",
        "phone": of.phone,
    })
}
