//! What the connector is and asks for.

use omnihub_plugin::{Action, Grade, Manifest, Parameter, Rate, Role, Setting, SettingKind, Stream, meta};

use crate::poll;

/// A shop's order page links to `https://ig.me/m/<shop>?ref=order_<token>`.
pub(crate) const REFERRAL_PREFIX: &str = "order_";

/// Conversations may be read twice a second. Messages could be sent faster, but both share the connection's calls.
const RATE: Rate = Rate { per_minute: 120, burst: 5 };

pub(crate) fn manifest() -> Manifest {
    let mut manifest = Manifest::new("instagram", env!("CARGO_PKG_VERSION"), "Instagram");
    manifest.fills(meta::FILLS);
    manifest.settings = meta::settings();
    manifest.settings.extend(settings());
    manifest.webhooks = vec![meta::webhook()];
    let purpose = "Sends messages, reads conversations, looks at the webhook subscription";
    manifest.endpoints = vec![meta::endpoint("https://graph.instagram.com", purpose, RATE)];
    manifest.actions = vec![send_message(), private_reply()];
    // A private reply has a week too, counted from the comment it answers and not from a message.
    manifest.bound("send_message", "window", "24h");
    manifest.bound("send_message", "window.human_agent", "7d");
    manifest.streams = vec![Stream::new(
        poll::STREAM,
        "graph",
        "*/15 * * * *",
        "Conversations with messages since the last run; of each the last 20 messages, which is all Instagram shows",
    )];
    manifest
}

fn settings() -> [Setting; 4] {
    let text = |key: &str, default: Option<&str>, help: &str| {
        Setting::optional(key, SettingKind::Text, default, help)
    };
    [
        text(
            "account_id",
            None,
            "Instagram professional account to read and send from; the token's own account when absent",
        ),
        text("page_id", None, "With a Page token: the Page the account belongs to"),
        Setting::optional(
            "page_size",
            SettingKind::Number,
            Some("10"),
            "Conversations read at once, up to 25",
        ),
        text(
            "referral_prefix",
            Some(REFERRAL_PREFIX),
            "What follows this in a link's ref is an order's status-page token",
        ),
    ]
}

fn send_message() -> Action {
    Action {
        name: "send_message".into(),
        role: Role::message("instagram"),
        // Meta takes no idempotency key; the conversation shows whether an attempt came through.
        grade: Grade::Probed,
        help: "Sends a text or a medium within 24 hours of the customer's last message".into(),
        parameters: vec![
            parameter("to", true, "The customer's Instagram-scoped id"),
            parameter("text", false, "What to say; this or media_url"),
            parameter("media_url", false, "Public address of an image, video, audio or file"),
            parameter("media_type", false, "image (when absent), video, audio or file"),
            parameter(
                "human_agent",
                false,
                "true when a person wrote this: allows 7 days, never for automatic messages",
            ),
        ],
        endpoint: "graph".into(),
        target: Some("to".into()),
    }
}

fn private_reply() -> Action {
    Action {
        name: "private_reply".into(),
        role: Role::message("instagram"),
        grade: Grade::Probed,
        help: "Answers a comment with a message, once and within 7 days".into(),
        parameters: vec![
            parameter("comment", true, "The comment's id"),
            parameter("text", true, "What to say"),
            parameter("to", false, "The Instagram-scoped id of who commented; saves a look when in doubt"),
            parameter("commented_at", false, "When it was written, to refuse in time what comes too late"),
        ],
        endpoint: "graph".into(),
        target: Some("comment".into()),
    }
}

fn parameter(name: &str, required: bool, help: &str) -> Parameter {
    Parameter { name: name.into(), required, help: help.into() }
}
