//! What the connector asks for. Names here are what the operator sees; see the README for their meaning.

use omnihub_plugin::{
    Action, Auth, Dedupe, Encoding, Endpoint, Grade, Hmac, Manifest, Parameter, Role, Setting, SettingKind,
    Signature, SignedPart, Stream, Topic, Webhook,
};

use crate::act::ERASE_CUSTOMER;
use crate::admin::ENDPOINT;
use crate::poll::{CUSTOMERS, ORDERS, PAGE_SIZE};

/// The Admin API's version that calls name unless the operator says otherwise.
pub(crate) const API_VERSION: &str = "2026-04";

/// Both spellings of Shopify's headers, the newer first: the order in which Shopify's own libraries look.
pub(crate) const WEBHOOK_ID: [&str; 2] = ["shopify-webhook-id", "x-shopify-webhook-id"];
pub(crate) const TRIGGERED_AT: [&str; 2] = ["shopify-triggered-at", "x-shopify-triggered-at"];
pub(crate) const TOPIC: [&str; 2] = ["shopify-topic", "x-shopify-topic"];
const SIGNATURE: [&str; 2] = ["shopify-hmac-sha256", "x-shopify-hmac-sha256"];

/// What rules may count on from its events. The customer's locale is told by the Admin API alone.
const FILLS: &[&str] = &[
    "checkout.id",
    "checkout.total",
    "checkout.url",
    "customer.consents",
    "customer.display_name",
    "customer.email",
    "customer.locale",
    "customer.phone",
    "customer.tags",
    "inventory.item",
    "inventory.location",
    "inventory.quantity",
    "inventory.sku",
    "inventory.state",
    "order.financial_status",
    "order.fulfilment_status",
    "order.id",
    "order.lines.id",
    "order.lines.price",
    "order.lines.quantity",
    "order.lines.sku",
    "order.lines.title",
    "order.number",
    "order.parcels.carrier",
    "order.parcels.delivered_at",
    "order.parcels.id",
    "order.parcels.shipped_at",
    "order.parcels.status",
    "order.parcels.tracking_number",
    "order.parcels.tracking_numbers",
    "order.parcels.tracking_url",
    "order.placed_at",
    "order.refunds.amount",
    "order.refunds.at",
    "order.refunds.id",
    "order.source",
    "order.tags",
    "order.total",
];

pub(crate) fn manifest() -> Manifest {
    let mut manifest = Manifest::new("shopify", env!("CARGO_PKG_VERSION"), "Shopify");
    manifest.fills(FILLS);
    manifest.settings = settings();
    manifest.webhooks = vec![webhook()];
    manifest.endpoints = vec![Endpoint {
        name: ENDPOINT.into(),
        purpose: "Admin GraphQL API".into(),
        base_url: "https://{shop}".into(),
        paths: vec!["/admin/api/".into()],
        auth: Auth::Header(("X-Shopify-Access-Token".into(), "api_token".into())),
        // Shopify counts the cost of queries, not their number: its answers set the pace.
        rate: None,
    }];
    manifest.actions = actions();
    manifest.streams = streams();
    manifest
}

fn settings() -> Vec<Setting> {
    let shop = Setting {
        key: "shop".into(),
        kind: SettingKind::Text,
        required: true,
        default: None,
        help: "The shop's own domain, \"example.myshopify.com\"".into(),
    };
    let phones = "\"true\" if the shop's customers prove their phone (sign-in by text message): then equal phones link people";
    vec![
        shop,
        Setting::secret("webhook_secret", "Client secret of the app that owns the webhooks"),
        Setting::optional(
            "api_token",
            SettingKind::Secret,
            None,
            "Admin API access token; actions, polling and the check of subscriptions need it",
        ),
        Setting::optional(
            "api_version",
            SettingKind::Text,
            Some(API_VERSION),
            "Admin API version that calls name",
        ),
        Setting::optional(
            "page_size",
            SettingKind::Number,
            Some(&PAGE_SIZE.to_string()),
            "Orders or customers a page asks for, 250 at most; fewer if that costs more than Shopify allows",
        ),
        Setting::optional(
            "topics",
            SettingKind::Text,
            None,
            "Topics to be subscribed to, separated by commas, if not all; \"none\" if the app's own file subscribes",
        ),
        Setting::optional("phones_verified", SettingKind::Boolean, Some("false"), phones),
    ]
}

fn webhook() -> Webhook {
    let hmac = Hmac {
        headers: owned(SIGNATURE),
        secret: "webhook_secret".into(),
        signed: vec![SignedPart::Body],
        prefix: String::new(),
        encoding: Encoding::Base64,
        time: None,
        or_minified: false,
    };
    Webhook {
        signature: Signature::Hmac(hmac),
        dedupe: Dedupe::Header(owned(WEBHOOK_ID)),
        topic: Topic::Header(owned(TOPIC)),
        handshake: None,
        headers: [WEBHOOK_ID, TRIGGERED_AT, TOPIC].into_iter().flat_map(owned).collect(),
    }
}

fn owned(names: [&str; 2]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

/// A parameter's name and what it means.
type Named = (&'static str, &'static str);

const CUSTOMER: Named = ("customer_id", "Shopify's id of the customer, as number or gid");

/// Name, grade, what it does, the parameter that names its object, and the other one.
type Row = (&'static str, Grade, &'static str, Named, Named);

fn actions() -> Vec<Action> {
    const ORDER: Named = ("order_id", "Shopify's id of the order, as number or gid");
    const TAG: Named = ("tag", "The tag");
    const NOTE: Named = ("note", "The line to add");
    let rows: [Row; 5] = [
        ("add_customer_tag", Grade::Natural, "Adds a tag to a customer and keeps the others", CUSTOMER, TAG),
        ("remove_customer_tag", Grade::Natural, "Takes a tag from a customer", CUSTOMER, TAG),
        ("add_order_tag", Grade::Natural, "Adds a tag to an order and keeps the others", ORDER, TAG),
        ("remove_order_tag", Grade::Natural, "Takes a tag from an order", ORDER, TAG),
        ("append_order_note", Grade::Probed, "Adds a line to an order's note", ORDER, NOTE),
    ];
    rows.into_iter().map(action).chain([erase_customer()]).collect()
}

fn erase_customer() -> Action {
    Action {
        name: ERASE_CUSTOMER.into(),
        role: Role::erase("customer"),
        // A request that is made already is one.
        grade: Grade::Natural,
        help: "Requests the erasure of a customer's data, which Shopify carries out 10 days later, or 180 days after \
               their last order"
            .into(),
        parameters: vec![parameter(CUSTOMER)],
        endpoint: ENDPOINT.into(),
        target: Some(CUSTOMER.0.into()),
    }
}

fn parameter((name, help): Named) -> Parameter {
    Parameter { name: name.into(), required: true, help: help.into() }
}

fn action((name, grade, help, target, other): Row) -> Action {
    Action {
        name: name.into(),
        role: Role::Work,
        grade,
        help: help.into(),
        parameters: vec![parameter(target), parameter(other)],
        endpoint: ENDPOINT.into(),
        target: Some(target.0.into()),
    }
}

/// Every ten minutes, one between the other.
fn streams() -> Vec<Stream> {
    vec![
        Stream::new(ORDERS, ENDPOINT, "*/10 * * * *", "Orders that changed, oldest change first"),
        Stream::new(CUSTOMERS, ENDPOINT, "5-55/10 * * * *", "Customers that changed, oldest change first"),
    ]
}
