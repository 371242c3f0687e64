//! What the connector asks for. Names here are what the operator sees; see the README for their meaning.

use omnihub_plugin::{
    Action, Auth, Dedupe, Encoding, Endpoint, Grade, Hmac, Manifest, Parameter, Setting, SettingKind,
    Signature, SignedPart, Topic, Webhook,
};

/// The Admin API's version that calls name unless the operator says otherwise.
pub(crate) const API_VERSION: &str = "2026-04";

/// Both spellings of Shopify's headers, the newer first: the order in which Shopify's own libraries look.
pub(crate) const WEBHOOK_ID: [&str; 2] = ["shopify-webhook-id", "x-shopify-webhook-id"];
pub(crate) const TRIGGERED_AT: [&str; 2] = ["shopify-triggered-at", "x-shopify-triggered-at"];
pub(crate) const TOPIC: [&str; 2] = ["shopify-topic", "x-shopify-topic"];
const SIGNATURE: [&str; 2] = ["shopify-hmac-sha256", "x-shopify-hmac-sha256"];

pub(crate) fn manifest() -> Manifest {
    let mut manifest = Manifest::new("shopify", env!("CARGO_PKG_VERSION"), "Shopify");
    manifest.settings = settings();
    manifest.webhook = Some(webhook());
    manifest.endpoints = vec![Endpoint {
        name: "admin".into(),
        purpose: "Admin GraphQL API".into(),
        base_url: "https://{shop}".into(),
        paths: vec!["/admin/api/".into()],
        auth: Auth::Header(("X-Shopify-Access-Token".into(), "api_token".into())),
    }];
    manifest.actions = vec![add_customer_tag()];
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
            "Admin API access token; only actions need it",
        ),
        Setting::optional(
            "api_version",
            SettingKind::Text,
            Some(API_VERSION),
            "Admin API version that calls name",
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

fn add_customer_tag() -> Action {
    let parameter =
        |name: &str, help: &str| Parameter { name: name.into(), required: true, help: help.into() };
    Action {
        name: "add_customer_tag".into(),
        grade: Grade::Natural,
        help: "Adds a tag to a customer and keeps the tags there are".into(),
        parameters: vec![
            parameter("customer_id", "Shopify's id of the customer, as number or gid"),
            parameter("tag", "The tag"),
        ],
        endpoint: "admin".into(),
    }
}
