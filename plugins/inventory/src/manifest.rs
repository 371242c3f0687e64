//! What the connector is and asks for. Square first, Shopify as the alternative: each webhook is known by its signature's
//! header, and Shopify's endpoint is left out while no shop is named.

use omnihub_plugin::{
    Action, Auth, Dedupe, Encoding, Endpoint, Grade, Hmac, Manifest, Parameter, Role, Setting, SettingKind,
    Signature, SignedPart, Stream, Topic, Webhook, square,
};

use crate::settings::SHOPIFY_VERSION;

/// Both spellings of Shopify's headers, the newer first. Only the signature is signed; the others are hints.
pub(crate) const TOPIC: [&str; 2] = ["shopify-topic", "x-shopify-topic"];
pub(crate) const TRIGGERED_AT: [&str; 2] = ["shopify-triggered-at", "x-shopify-triggered-at"];
pub(crate) const WEBHOOK_ID: [&str; 2] = ["shopify-webhook-id", "x-shopify-webhook-id"];
const SIGNATURE: [&str; 2] = ["shopify-hmac-sha256", "x-shopify-hmac-sha256"];

/// What rules may count on from its events.
const FILLS: &[&str] =
    &["inventory.item", "inventory.location", "inventory.quantity", "inventory.sku", "inventory.state"];

pub(crate) fn manifest() -> Manifest {
    let mut manifest = Manifest::new("inventory", env!("CARGO_PKG_VERSION"), "Inventory");
    manifest.fills(FILLS);
    manifest.settings = settings();
    manifest.webhooks = vec![square::webhook(&shopify_headers()), shopify_webhook()];
    manifest.endpoints =
        vec![square::endpoint("Counts and changes of stock, and the webhook subscription"), admin()];
    manifest.streams = vec![
        Stream::new("counts", "square", "*/15 * * * *", "Square: counts that changed"),
        Stream::new("changes", "square", "7-59/15 * * * *", "Square: the ledger of counts and movements"),
        Stream::new("levels", "admin", "*/15 * * * *", "Shopify: levels that changed, location by location"),
        Stream::new("items", "admin", "11 * * * *", "Shopify: items that changed"),
    ];
    manifest.actions = vec![adjust(), count(), adjust_shopify()];
    manifest
}

fn settings() -> Vec<Setting> {
    let optional = |key: &str, kind, default, help: &str| Setting::optional(key, kind, default, help);
    let mut settings = square::settings("shopify");
    settings.extend([
        optional(
            "states",
            SettingKind::Text,
            None,
            "Square's states to poll, \"IN_STOCK,WASTE\"; all if left out",
        ),
        optional(
            "shop",
            SettingKind::Text,
            None,
            "The shop's own domain, \"example.myshopify.com\", for Shopify's stock",
        ),
        optional(
            "shopify_webhook_secret",
            SettingKind::Secret,
            None,
            "Client secret of the Shopify app that owns the webhooks",
        ),
        optional("shopify_api_token", SettingKind::Secret, None, "Shopify's Admin API access token"),
        optional(
            "shopify_api_version",
            SettingKind::Text,
            Some(SHOPIFY_VERSION),
            "Admin API version that calls to Shopify name",
        ),
    ]);
    settings
}

fn shopify_headers() -> Vec<&'static str> {
    [TOPIC, TRIGGERED_AT, WEBHOOK_ID].concat()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn shopify_webhook() -> Webhook {
    let hmac = Hmac {
        headers: owned(&SIGNATURE),
        secret: "shopify_webhook_secret".into(),
        signed: vec![SignedPart::Body],
        prefix: String::new(),
        encoding: Encoding::Base64,
        time: None,
        or_minified: false,
    };
    Webhook {
        signature: Signature::Hmac(hmac),
        dedupe: Dedupe::Header(owned(&WEBHOOK_ID)),
        topic: Topic::Header(owned(&TOPIC)),
        handshake: None,
        headers: owned(&shopify_headers()),
    }
}

/// No rate: Shopify counts what queries cost and says in each answer what is left.
fn admin() -> Endpoint {
    Endpoint {
        name: "admin".into(),
        purpose: "Shopify's stock and the subscriptions to its webhooks".into(),
        base_url: "https://{shop}".into(),
        paths: vec!["/admin/api/".into()],
        auth: Auth::Header(("X-Shopify-Access-Token".into(), "shopify_api_token".into())),
        rate: None,
    }
}

fn parameter(name: &str, required: bool, help: &str) -> Parameter {
    Parameter { name: name.into(), required, help: help.into() }
}

fn adjust() -> Action {
    Action {
        name: "adjust".into(),
        role: Role::Work,
        grade: Grade::Keyed,
        help: "Square: moves stock. Relative, so sales meanwhile are kept".into(),
        parameters: vec![
            parameter("item", true, "Square's id of the item variation (catalog_object_id)"),
            parameter("location", true, "Square's id of the location"),
            parameter(
                "quantity",
                true,
                "How much, up to five decimals. Without states more than zero is received (NONE to IN_STOCK) and less \
                 is written off (IN_STOCK to WASTE)",
            ),
            parameter(
                "from_state",
                false,
                "Where it leaves, such as IN_STOCK; then quantity is more than zero",
            ),
            parameter("to_state", false, "Where it arrives, such as SOLD"),
        ],
        endpoint: "square".into(),
        target: Some("item".into()),
    }
}

fn count() -> Action {
    Action {
        name: "count".into(),
        role: Role::Work,
        grade: Grade::Keyed,
        help: "Square: says what was counted. Absolute: sales since the rule fired are not taken off again"
            .into(),
        parameters: vec![
            parameter("item", true, "Square's id of the item variation (catalog_object_id)"),
            parameter("location", true, "Square's id of the location"),
            parameter("quantity", true, "How much there is, zero or more, up to five decimals"),
            parameter("state", false, "Of what: IN_STOCK unless said otherwise"),
        ],
        endpoint: "square".into(),
        target: Some("item".into()),
    }
}

fn adjust_shopify() -> Action {
    Action {
        name: "adjust_shopify".into(),
        role: Role::Work,
        grade: Grade::Keyed,
        help: "Shopify: changes what is available at a location by so much".into(),
        parameters: vec![
            parameter("item", true, "Shopify's id of the inventory item, as number or gid"),
            parameter("location", true, "Shopify's id of the location, as number or gid"),
            parameter("quantity", true, "A whole number, less than zero to take away"),
            parameter("expected", false, "What must be available before; else nothing changes"),
            parameter("reason", false, "Shopify's word for why: correction unless said otherwise"),
        ],
        endpoint: "admin".into(),
        target: Some("item".into()),
    }
}
