//! What the connector is and asks for. Square first, Voucherify as the alternative: each webhook is known by its
//! signature's header, and Voucherify's endpoint is left out while its host is not named.

use omnihub_plugin::{
    Action, Auth, Dedupe, Encoding, Endpoint, Grade, Hmac, Manifest, Parameter, Rate, Role, Setting,
    SettingKind, Signature, SignedPart, Stream, Topic, Webhook, square,
};

use crate::act::{ERASE_CUSTOMER, ERASE_CUSTOMER_VOUCHERIFY};
use crate::map;

/// What rules may count on from its events.
const FILLS: &[&str] = &[
    "customer.display_name",
    "customer.email",
    "customer.phone",
    "loyalty.account",
    "loyalty.balance",
    "loyalty.points",
    "loyalty.tier",
];

pub(crate) fn manifest() -> Manifest {
    let mut manifest = Manifest::new("loyalty", env!("CARGO_PKG_VERSION"), "Loyalty");
    manifest.fills(FILLS);
    manifest.settings = settings();
    manifest.webhooks = vec![square::webhook(&[]), voucherify_webhook()];
    manifest.endpoints = vec![
        square::endpoint(
            "Loyalty accounts, their points, rewards, customers to erase, the webhook subscription",
        ),
        voucherify(),
    ];
    manifest.streams = vec![
        Stream::new("accounts", "square", "20 3 * * *", "Square: accounts that changed"),
        Stream::new("events", "square", "*/15 * * * *", "Square: the ledger, and the accounts it touched"),
        Stream::new(
            "transactions",
            "voucherify",
            "5,35 * * * *",
            "Voucherify: points of the cards that changed",
        ),
    ];
    manifest.actions = vec![
        adjust(),
        accumulate(),
        create_reward(),
        adjust_voucherify(),
        erase_customer(),
        erase_customer_voucherify(),
    ];
    manifest
}

fn settings() -> Vec<Setting> {
    let optional = |key: &str, kind, help: &str| Setting::optional(key, kind, None, help);
    let mut settings = square::settings("voucherify");
    settings.extend([
        optional(
            "voucherify_host",
            SettingKind::Text,
            "Voucherify's host for the project's region, \"api.voucherify.io\" or \"us1.api.voucherify.io\"",
        ),
        optional("voucherify_app_id", SettingKind::Text, "Application ID: calls name it in X-App-Id"),
        optional("voucherify_api_token", SettingKind::Secret, "Secret key of the application (X-App-Token)"),
        optional("voucherify_webhook_secret", SettingKind::Secret, "The project's secret for webhooks"),
        optional("voucherify_campaign", SettingKind::Text, "The loyalty campaign that is polled, by id"),
    ]);
    settings
}

/// The body is signed without whitespace outside strings, and mostly sent so.
fn voucherify_webhook() -> Webhook {
    let hmac = Hmac {
        headers: vec!["x-voucherify-signature".into()],
        secret: "voucherify_webhook_secret".into(),
        signed: vec![SignedPart::Body],
        prefix: String::new(),
        encoding: Encoding::Hex,
        time: None,
        or_minified: true,
    };
    Webhook {
        signature: Signature::Hmac(hmac),
        dedupe: Dedupe::JsonPointer("/id".into()),
        topic: Topic::JsonPointer("/type".into()),
        handshake: None,
        headers: Vec::new(),
    }
}

fn voucherify() -> Endpoint {
    Endpoint {
        name: "voucherify".into(),
        purpose: "Loyalty cards, their transactions and balances, customers to erase".into(),
        base_url: "https://{voucherify_host}".into(),
        paths: vec!["/v1/loyalties/".into(), "/v1/customers/".into()],
        auth: Auth::Header(("X-App-Token".into(), "voucherify_api_token".into())),
        // The smallest plan for more than trying out; larger ones bear twenty times as much.
        rate: Some(Rate { per_minute: 100, burst: 10 }),
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
        help: "Square: gives or takes points by hand".into(),
        parameters: vec![
            parameter("account", true, "Square's id of the loyalty account"),
            parameter("points", true, "A whole number, less than zero to take away"),
            parameter("reason", false, "Why, for the seller's eyes"),
            parameter("allow_negative", false, "\"true\" lets the balance fall below zero"),
        ],
        endpoint: "square".into(),
        target: Some("account".into()),
    }
}

fn accumulate() -> Action {
    Action {
        name: "accumulate".into(),
        role: Role::Work,
        grade: Grade::Keyed,
        help:
            "Square: points for a purchase. Square reckons them from an order, or takes those that are said"
                .into(),
        parameters: vec![
            parameter("account", true, "Square's id of the loyalty account"),
            parameter("location", true, "Square's id of the location of the purchase"),
            parameter("order", false, "Square's id of the order; without it points has to be said"),
            parameter("points", false, "A whole number above zero; not together with order"),
        ],
        endpoint: "square".into(),
        target: Some("account".into()),
    }
}

fn create_reward() -> Action {
    Action {
        name: "create_reward".into(),
        role: Role::Work,
        grade: Grade::Keyed,
        help: "Square: takes the points of a reward tier and issues the reward".into(),
        parameters: vec![
            parameter("account", true, "Square's id of the loyalty account"),
            parameter("tier", true, "Square's id of the reward tier"),
            parameter("order", false, "Square's id of the order it is for"),
        ],
        endpoint: "square".into(),
        target: Some("account".into()),
    }
}

fn adjust_voucherify() -> Action {
    Action {
        name: "adjust_voucherify".into(),
        role: Role::Work,
        grade: Grade::Probed,
        help: "Voucherify: gives or takes points of a loyalty card; the balance cannot fall below zero"
            .into(),
        parameters: vec![
            parameter("member", true, "The loyalty card, by its id or code"),
            parameter("points", true, "A whole number, less than zero to take away"),
            parameter("reason", false, "Why, for the shop's eyes"),
        ],
        endpoint: "voucherify".into(),
        target: Some("member".into()),
    }
}

fn erase_customer() -> Action {
    Action {
        name: ERASE_CUSTOMER.into(),
        role: Role::erase(map::square::CUSTOMER),
        grade: Grade::Natural,
        help: "Square: deletes a customer's profile. Their loyalty account stays, with its phone number, until it is \
               deleted in Square's Dashboard"
            .into(),
        parameters: vec![parameter("customer_id", true, "Square's id of the customer, not of the loyalty account")],
        endpoint: "square".into(),
        target: Some("customer_id".into()),
    }
}

fn erase_customer_voucherify() -> Action {
    Action {
        name: ERASE_CUSTOMER_VOUCHERIFY.into(),
        role: Role::erase(map::voucherify::CUSTOMER),
        grade: Grade::Natural,
        help: "Voucherify: deletes a customer for good, with all that belongs to them".into(),
        parameters: vec![parameter("customer_id", true, "Voucherify's id of the customer")],
        endpoint: "voucherify".into(),
        target: Some("customer_id".into()),
    }
}
