//! What the connector is and asks for.

use omnihub_plugin::{Action, Grade, Manifest, Parameter, Setting, SettingKind, meta};

/// A shop's order page links to `https://ig.me/m/<shop>?ref=order_<token>`.
pub(crate) const REFERRAL_PREFIX: &str = "order_";

pub(crate) fn manifest() -> Manifest {
    let mut manifest = Manifest::new("instagram", env!("CARGO_PKG_VERSION"), "Instagram");
    manifest.settings = meta::settings();
    manifest.settings.extend([
        Setting::optional(
            "account_id",
            SettingKind::Text,
            None,
            "Instagram professional account to send from; the token's own account when absent",
        ),
        Setting::optional(
            "referral_prefix",
            SettingKind::Text,
            Some(REFERRAL_PREFIX),
            "What follows this in a link's ref is an order's status-page token",
        ),
    ]);
    manifest.webhook = Some(meta::webhook());
    manifest.endpoints = vec![meta::endpoint("https://graph.instagram.com", "Sends messages")];
    manifest.actions = vec![Action {
        name: "send_message".into(),
        // Meta takes no idempotency key, and no list of sent messages is at hand to look into.
        grade: Grade::Unsafe,
        help: "Sends a text within 24 hours of the customer's last message".into(),
        parameters: vec![
            Parameter {
                name: "to".into(),
                required: true,
                help: "The customer's Instagram-scoped id".into(),
            },
            Parameter { name: "text".into(), required: true, help: "What to say".into() },
        ],
        endpoint: "graph".into(),
    }];
    manifest
}
