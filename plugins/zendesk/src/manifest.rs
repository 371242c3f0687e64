//! What the connector asks for. Names here are what the operator sees; see the README for their meaning.

use omnihub_plugin::{
    Action, Auth, Dedupe, Encoding, Endpoint, Grade, Hmac, Manifest, Parameter, Setting, SettingKind,
    Signature, SignedPart, SignedTime, TimeFormat, Topic, Webhook,
};

/// Signed together with the body, so its value can be believed.
pub(crate) const SIGNED_AT: &str = "x-zendesk-webhook-signature-timestamp";

pub(crate) fn manifest() -> Manifest {
    let mut manifest = Manifest::new("zendesk", env!("CARGO_PKG_VERSION"), "Zendesk");
    manifest.settings = settings();
    manifest.webhook = Some(webhook());
    manifest.endpoints = vec![Endpoint {
        name: "support".into(),
        purpose: "Support API".into(),
        base_url: "https://{subdomain}.zendesk.com".into(),
        paths: vec!["/api/v2/".into()],
        auth: Auth::Basic(("api_user".into(), "api_token".into())),
    }];
    manifest.actions = vec![create_ticket()];
    manifest
}

fn settings() -> Vec<Setting> {
    let subdomain = Setting {
        key: "subdomain".into(),
        kind: SettingKind::Text,
        required: true,
        default: None,
        help: "\"acme\" of acme.zendesk.com".into(),
    };
    let text = |key: &str, default: Option<&str>, help: &str| {
        Setting::optional(key, SettingKind::Text, default, help)
    };
    vec![
        subdomain,
        Setting::secret("webhook_secret", "Signing secret of the webhook, as text"),
        Setting::optional("api_token", SettingKind::Secret, None, "API token; only actions need it"),
        text(
            "api_user",
            None,
            "E-mail of the token's owner with \"/token\" behind it: \"ana@example.com/token\"; only actions need it",
        ),
        text(
            "trigger_mapping",
            Some("{}"),
            "JSON object from our field names to keys of your trigger's body; see the README",
        ),
    ]
}

fn webhook() -> Webhook {
    /// Zendesk names no window. Ours leaves room for its retries; replays are recognised by the event's id anyway.
    const TOLERANCE_SECONDS: u32 = 300;
    let hmac = Hmac {
        headers: vec!["x-zendesk-webhook-signature".into()],
        secret: "webhook_secret".into(),
        signed: vec![SignedPart::Header(SIGNED_AT.into()), SignedPart::Body],
        prefix: String::new(),
        encoding: Encoding::Base64,
        time: Some(SignedTime {
            header: SIGNED_AT.into(),
            format: TimeFormat::Rfc3339,
            tolerance: TOLERANCE_SECONDS,
        }),
        or_minified: false,
    };
    Webhook {
        signature: Signature::Hmac(hmac),
        // Bodies of triggers have no id: there the host takes the whole body.
        dedupe: Dedupe::JsonPointer("/id".into()),
        topic: Topic::JsonPointer("/type".into()),
        handshake: None,
        headers: vec![SIGNED_AT.into()],
    }
}

fn create_ticket() -> Action {
    let parameter =
        |name: &str, required: bool, help: &str| Parameter { name: name.into(), required, help: help.into() };
    Action {
        name: "create_ticket".into(),
        grade: Grade::Keyed,
        help: "Opens a ticket".into(),
        parameters: vec![
            parameter("subject", true, "The ticket's subject"),
            parameter("body", true, "Its first comment: an internal note unless `public` is \"true\""),
            parameter("priority", false, "low, normal, high or urgent"),
            parameter("requester_email", false, "Whom the ticket is for"),
            parameter("requester_name", false, "Their name, should Zendesk not know them yet"),
            parameter("external_id", false, "Your own id for the ticket; the effect's id if left out"),
            parameter("tags", false, "Tags, separated by spaces or commas"),
            parameter(
                "public",
                false,
                "\"true\" lets the requester see the body, and Zendesk mail it to them",
            ),
        ],
        endpoint: "support".into(),
    }
}
