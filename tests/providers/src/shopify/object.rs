//! A customer or an order as the shop keeps it: in the shape of webhooks' bodies, from which both the body of a webhook
//! and the Admin API's object are made.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Kind, ShopObject};
use crate::state::whole_seconds;

/// Where the shop is: webhooks write times in its offset.
const SHOP_OFFSET: Offset = Offset::constant(-5);

/// A customer or an order, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    pub tags: BTreeSet<String>,
    pub note: Option<String>,
    pub created_at: Timestamp,
    /// Whole seconds, like Shopify's.
    pub updated_at: Timestamp,
    /// What else a webhook says of it, by the webhook's names.
    pub fields: Map<String, Value>,
}

impl Kept {
    pub(crate) fn new(seed: ShopObject, now: Timestamp) -> Self {
        let now = whole_seconds(now);
        Self { tags: seed.tags, note: seed.note, created_at: now, updated_at: now, fields: Map::new() }
    }

    /// Takes in what somebody wrote, by a webhook's names; says whether that changed anything.
    pub(crate) fn write(&mut self, fields: Map<String, Value>) -> bool {
        let before = self.clone();
        for (name, value) in fields {
            match (name.as_str(), &value) {
                ("tags", Value::String(tags)) => self.tags = tag_set(tags.split(',')),
                ("tags", Value::Array(tags)) => self.tags = tag_set(tags.iter().filter_map(Value::as_str)),
                ("note", note) => self.note = note.as_str().map(str::to_owned),
                ("created_at", at) => self.created_at = timestamp(at).unwrap_or(self.created_at),
                ("id" | "admin_graphql_api_id" | "updated_at", _) => {}
                _ => drop(self.fields.insert(name, value)),
            }
        }
        *self != before
    }

    fn field(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }

    /// The body of a webhook. `customer` is the order's, as it is now.
    pub(crate) fn webhook(&self, gid: &str, customer: Option<Value>) -> Value {
        let number = number_of(gid);
        let mut body = self.fields.clone();
        let id = number.parse::<u64>().map_or_else(|_| json!(number), |number| json!(number));
        let tags: Vec<&str> = self.tags.iter().map(String::as_str).collect();
        for (name, value) in [
            ("id", id),
            ("admin_graphql_api_id", json!(gid)),
            ("created_at", in_shop_time(self.created_at)),
            ("updated_at", in_shop_time(self.updated_at)),
            ("tags", json!(tags.join(", "))),
            ("note", json!(self.note)),
        ] {
            body.insert(name.to_owned(), value);
        }
        if Kind::of_gid(gid) == Some(Kind::Order) {
            body.entry("name").or_insert_with(|| json!(format!("#{number}")));
        }
        if let Some(customer) = customer {
            body.insert("customer".to_owned(), customer);
        }
        body.into()
    }

    /// The Admin API's object. `customer` is the order's, as it is now.
    pub(crate) fn node(&self, kind: Kind, gid: &str, customer: Option<Value>) -> Value {
        let mut node = json!({
            "__typename": kind.name(),
            "id": gid,
            "legacyResourceId": number_of(gid),
            "tags": self.tags,
            "note": self.note,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        });
        let more = match kind {
            Kind::Customer => self.customer_node(),
            Kind::Order => self.order_node(gid, customer),
        };
        if let (Some(node), Value::Object(more)) = (node.as_object_mut(), more) {
            node.extend(more);
        }
        node
    }

    fn customer_node(&self) -> Value {
        let contact = |typename: &str, name: &str, field: &str| match self.field(field).as_str() {
            Some(value) if !value.is_empty() => {
                let consent = self.field(if name == "emailAddress" {
                    "email_marketing_consent"
                } else {
                    "sms_marketing_consent"
                });
                json!({
                    "__typename": typename,
                    name: value,
                    "marketingState": upper(&consent["state"]).as_str().unwrap_or("NOT_SUBSCRIBED"),
                    "marketingOptInLevel": upper(&consent["opt_in_level"]),
                    "marketingUpdatedAt": utc(&consent["consent_updated_at"]),
                    "marketingCollectedFrom": upper(&consent["consent_collected_from"]),
                })
            }
            _ => Value::Null,
        };
        json!({
            "firstName": self.field("first_name"),
            "lastName": self.field("last_name"),
            "state": upper(self.field("state")).as_str().unwrap_or("DISABLED"),
            "locale": self.field("locale").as_str().unwrap_or("en"),
            "verifiedEmail": self.field("verified_email").as_bool().unwrap_or(true),
            "numberOfOrders": self.field("orders_count").as_u64().unwrap_or(0).to_string(),
            "amountSpent": money(self.field("total_spent"), self.field("currency")),
            "defaultEmailAddress": contact("CustomerEmailAddress", "emailAddress", "email"),
            "defaultPhoneNumber": contact("CustomerPhoneNumber", "phoneNumber", "phone"),
        })
    }

    fn order_node(&self, gid: &str, customer: Option<Value>) -> Value {
        let currency = self.field("currency");
        let name = self.field("name").as_str().map_or_else(|| format!("#{}", number_of(gid)), str::to_owned);
        let presentment = self.field("presentment_currency");
        let page = self.field("token").as_str().map(|token| {
            format!("https://example.myshopify.com/1/orders/{token}/authenticate?key={}", number_of(gid))
        });
        let sum = |name: &str| bag(self.field(name), currency);
        json!({
            "name": name,
            "email": said(self.field("email")),
            "phone": said(self.field("phone")),
            "processedAt": utc(self.field("processed_at")),
            "closedAt": utc(self.field("closed_at")),
            "cancelledAt": utc(self.field("cancelled_at")),
            "cancelReason": upper(self.field("cancel_reason")),
            "displayFinancialStatus": upper(self.field("financial_status")),
            "displayFulfillmentStatus": fulfilment_status(self.field("fulfillment_status")),
            "currencyCode": currency,
            "presentmentCurrencyCode": if presentment.is_null() { currency } else { presentment },
            "sourceName": self.field("source_name"),
            "customerLocale": self.field("customer_locale"),
            "test": self.field("test").as_bool().unwrap_or(false),
            "statusPageUrl": page,
            "totalPriceSet": sum("total_price"),
            "subtotalPriceSet": sum("subtotal_price"),
            "totalTaxSet": sum("total_tax"),
            "totalDiscountsSet": sum("total_discounts"),
            "currentTotalPriceSet": sum("current_total_price"),
            "customer": customer,
            "lineItems": connection("LineItemConnection", self.list("line_items", |line| self.line(line))),
            "fulfillments": self.list("fulfillments", fulfilment),
            "refunds": self.list("refunds", |refund| self.refund(refund)),
        })
    }

    fn list(&self, name: &str, node: impl Fn(&Value) -> Value) -> Vec<Value> {
        self.field(name).as_array().into_iter().flatten().map(node).collect()
    }

    fn line(&self, line: &Value) -> Value {
        json!({
            "__typename": "LineItem",
            "id": gid_of("LineItem", &line["id"]),
            "sku": line["sku"],
            "title": line["title"],
            "quantity": line["quantity"],
            "originalUnitPriceSet": bag(&line["price"], self.field("currency")),
        })
    }

    fn refund(&self, refund: &Value) -> Value {
        let transaction = |transaction: &Value| {
            json!({
                "__typename": "OrderTransaction",
                "kind": upper(&transaction["kind"]),
                "status": upper(&transaction["status"]),
                "amountSet": bag(&transaction["amount"], &transaction["currency"]),
            })
        };
        let transactions = refund["transactions"].as_array().into_iter().flatten().map(transaction).collect();
        json!({
            "__typename": "Refund",
            "id": gid_of("Refund", &refund["id"]),
            "createdAt": utc(&refund["created_at"]),
            "processedAt": utc(&refund["processed_at"]),
            "transactions": connection("OrderTransactionConnection", transactions),
        })
    }
}

fn fulfilment(fulfilment: &Value) -> Value {
    let numbers = fulfilment["tracking_numbers"].as_array().into_iter().flatten();
    let tracking: Vec<Value> = numbers
        .enumerate()
        .map(|(index, number)| {
            json!({
                "__typename": "FulfillmentTrackingInfo",
                "company": fulfilment["tracking_company"],
                "number": number,
                "url": fulfilment["tracking_urls"].get(index),
            })
        })
        .collect();
    let display = match (fulfilment["shipment_status"].as_str(), fulfilment["status"].as_str()) {
        (Some(shipment), _) => json!(shipment.to_ascii_uppercase()),
        (None, Some("cancelled")) => json!("CANCELED"),
        (None, Some("failure" | "error")) => json!("FAILURE"),
        (None, _) => json!("FULFILLED"),
    };
    json!({
        "__typename": "Fulfillment",
        "id": gid_of("Fulfillment", &fulfilment["id"]),
        "status": upper(&fulfilment["status"]),
        "displayStatus": display,
        "createdAt": utc(&fulfilment["created_at"]),
        "updatedAt": utc(&fulfilment["updated_at"]),
        "trackingInfo": tracking,
    })
}

/// All there is; what a query asks of it is cut out in `graphql`.
fn connection(typename: &str, nodes: Vec<Value>) -> Value {
    json!({ "__typename": typename, "nodes": nodes })
}

pub(crate) fn number_of(gid: &str) -> &str {
    gid.rsplit('/').next().unwrap_or_default()
}

fn gid_of(kind: &str, id: &Value) -> String {
    let number = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    format!("gid://shopify/{kind}/{number}")
}

fn tag_set<'a>(tags: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    tags.map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

fn said(text: &Value) -> Value {
    text.as_str().filter(|text| !text.is_empty()).into()
}

fn upper(word: &Value) -> Value {
    word.as_str().map(str::to_ascii_uppercase).into()
}

fn timestamp(text: &Value) -> Option<Timestamp> {
    text.as_str()?.parse().ok()
}

fn utc(text: &Value) -> Value {
    json!(timestamp(text))
}

fn in_shop_time(at: Timestamp) -> Value {
    json!(at.display_with_offset(SHOP_OFFSET).to_string())
}

fn fulfilment_status(status: &Value) -> Value {
    match status.as_str() {
        None => json!("UNFULFILLED"),
        Some("partial") => json!("PARTIALLY_FULFILLED"),
        Some(other) => json!(other.to_ascii_uppercase()),
    }
}

fn bag(amount: &Value, currency: &Value) -> Value {
    match money(amount, currency) {
        Value::Null => Value::Null,
        money => json!({ "__typename": "MoneyBag", "shopMoney": money }),
    }
}

/// The API writes decimals its own way: "403.00" is "403.0", and 23600 yen are "23600.0".
fn money(amount: &Value, currency: &Value) -> Value {
    let Some(amount) = amount.as_str() else { return Value::Null };
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let fraction = match fraction.trim_end_matches('0') {
        "" => "0",
        fraction => fraction,
    };
    json!({ "__typename": "MoneyV2", "amount": format!("{whole}.{fraction}"), "currencyCode": currency })
}
