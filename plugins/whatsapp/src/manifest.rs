//! What the connector is and asks for.

use omnihub_plugin::{Action, Grade, Manifest, Parameter, Setting, SettingKind, meta};

pub(crate) fn manifest() -> Manifest {
    let mut manifest = Manifest::new("whatsapp", env!("CARGO_PKG_VERSION"), "WhatsApp");
    manifest.settings = meta::settings();
    manifest.settings.push(Setting::optional(
        "phone_number_id",
        SettingKind::Text,
        None,
        "The id (not the number) of the business phone to send from; only sending needs it",
    ));
    manifest.webhook = Some(meta::webhook());
    manifest.endpoints = vec![meta::endpoint("https://graph.facebook.com", "Sends messages")];
    manifest.actions = vec![Action {
        name: "send_message".into(),
        // Meta takes no idempotency key; statuses echo the effect's id, but only later.
        grade: Grade::Unsafe,
        help: "Sends a text within 24 hours of the customer's last message".into(),
        parameters: vec![
            Parameter {
                name: "to".into(),
                required: true,
                help: "The customer's phone number with country code, or their WhatsApp user id".into(),
            },
            Parameter { name: "text".into(), required: true, help: "What to say".into() },
        ],
        endpoint: "graph".into(),
    }];
    manifest
}
