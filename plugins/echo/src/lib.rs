//! The smallest useful connector: every signed JSON body `{"id": …, "text": …}` becomes one received message.
//! Start your own from here; `plugin-sdk/README.md` is the tour.

use omnihub_plugin::model::{Author, Direction, Identity, Interaction, Party};
use omnihub_plugin::{
    Connector, Dedupe, Delivery, Event, Failure, Manifest, Payload, Report, Setting, Signature, Topic,
    Webhook, connector, exact,
};
use serde::Deserialize;

/// See the README of the SDK.
pub struct Echo;

#[derive(Deserialize)]
struct Body {
    id: exact::Text,
    from: String,
    text: String,
}

impl Connector for Echo {
    fn describe() -> Manifest {
        let mut manifest = Manifest::new("echo", env!("CARGO_PKG_VERSION"), "Echo");
        manifest.settings = vec![Setting::secret("signing_secret", "Standard Webhooks secret, whsec_…")];
        manifest.webhooks = vec![Webhook {
            signature: Signature::StandardWebhooks("signing_secret".into()),
            dedupe: Dedupe::Header(vec!["webhook-id".into()]),
            topic: Topic::None,
            handshake: None,
            headers: Vec::new(),
        }];
        manifest
    }

    fn normalise(delivery: Delivery) -> Result<Report, Failure> {
        let body: Body =
            serde_json::from_str(&delivery.body).map_err(|error| Failure::Rejected(error.to_string()))?;
        let message = Interaction {
            channel: Some("web".into()),
            direction: Some(Direction::Inbound),
            author: Some(Author::Customer),
            customer: Party::of(vec![Identity::provider("sender", body.from)], None),
            text: Some(body.text),
            sent_at: Some(delivery.received_at),
            ..Interaction::new(body.id.0.clone())
        };
        let event =
            Event::new("message.received", body.id.0, delivery.received_at, Payload::Interaction(message));
        Ok(Report { events: vec![event], notes: Vec::new() })
    }
}

connector!(Echo: webhook);
