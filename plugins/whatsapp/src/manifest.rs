//! What the connector is and asks for.

use omnihub_plugin::{Action, Grade, Manifest, Parameter, Rate, Role, Setting, SettingKind, meta};

/// A number that is also in the WhatsApp Business app may do twenty a second, in and out; others four times that.
const RATE: Rate = Rate { per_minute: 1_200, burst: 20 };

/// What rules may count on from its events, besides what every message fills.
const FILLS: &[&str] = &[
    "customer.consents",
    "customer.display_name",
    "customer.phone",
    "order.id",
    "order.lines.id",
    "order.lines.price",
    "order.lines.quantity",
    "order.lines.sku",
    "order.placed_at",
    "order.source",
    "order.total",
];

pub(crate) fn manifest() -> Manifest {
    let mut manifest = Manifest::new("whatsapp", env!("CARGO_PKG_VERSION"), "WhatsApp");
    manifest.fills(meta::FILLS);
    manifest.fills(FILLS);
    manifest.settings = meta::settings();
    manifest.settings.extend([
        Setting::optional(
            "phone_number_id",
            SettingKind::Text,
            None,
            "The id (not the number) of the business phone to send from; only sending needs it",
        ),
        Setting::optional(
            "business_account_id",
            SettingKind::Text,
            None,
            "The WhatsApp Business Account; only looking at the webhook subscription needs it",
        ),
        Setting::optional(
            "templates",
            SettingKind::Text,
            None,
            "The approved templates as name:language, with commas between: order_late:de, order_late:en_US. Rules that \
             name another are refused; with none listed, none are",
        ),
    ]);
    manifest.webhooks = vec![meta::webhook()];
    let purpose = "Sends messages and read receipts, looks at the webhook subscription";
    manifest.endpoints = vec![meta::endpoint("https://graph.facebook.com", purpose, RATE)];
    manifest.actions = vec![send_message(), send_template(), mark_read()];
    manifest.bound("send_message", "window", "24h");
    manifest.bound("send_message", "instead", "send_template");
    manifest.bound("send_template", "listed", "templates name:language");
    for action in ["send_message", "send_template", "mark_read"] {
        manifest.bound(action, "needs", "phone_number_id");
    }
    manifest
}

const TO: &str = "The customer's phone number with country code, or their WhatsApp user id";

fn send_message() -> Action {
    Action {
        name: "send_message".into(),
        role: Role::message("whatsapp"),
        // Meta takes no idempotency key; statuses echo the effect's id, but only later.
        grade: Grade::Unsafe,
        help: "Sends a text or a medium within 24 hours of the customer's last message".into(),
        parameters: vec![
            parameter("to", true, TO),
            parameter("text", false, "What to say; beside a medium its caption"),
            parameter("media_url", false, "Public address of an image, video, document or audio"),
            parameter("media_type", false, "image (when absent), video, document or audio"),
            parameter("reply_to", false, "The id of the message this answers"),
        ],
        endpoint: "graph".into(),
        target: Some("to".into()),
    }
}

fn send_template() -> Action {
    Action {
        name: "send_template".into(),
        role: Role::message("whatsapp"),
        grade: Grade::Unsafe,
        help: "Sends an approved template, at any time".into(),
        parameters: vec![
            parameter("to", true, TO),
            parameter("name", true, "The template's name"),
            parameter("language", true, "The template's language: en_US"),
            parameter("parameters", false, "Values for the places in its body, one a line"),
        ],
        endpoint: "graph".into(),
        target: Some("to".into()),
    }
}

fn mark_read() -> Action {
    Action {
        name: "mark_read".into(),
        // Two blue ticks say nothing.
        role: Role::Work,
        grade: Grade::Natural,
        help: "Shows the customer that a message has been read".into(),
        parameters: vec![parameter("message", true, "The message's id")],
        endpoint: "graph".into(),
        target: Some("message".into()),
    }
}

fn parameter(name: &str, required: bool, help: &str) -> Parameter {
    Parameter { name: name.into(), required, help: help.into() }
}
