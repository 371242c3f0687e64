//! What Meta's webhooks say. Each is handed to the outbox, which signs and sends it; none is, when the account's
//! subscription is gone.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::people::{Comment, Inbound};
use super::{Channel, Message, put};
use crate::state::{Provider, Worlds};

/// The Instagram account behind `me`.
pub(super) const OWN_ACCOUNT: &str = "17841400000000001";
/// The business account of every phone of which nothing else is known.
const BUSINESS_ACCOUNT: &str = "300000000000001";

/// The id webhooks and conversations name an account by.
pub(super) fn shown(account: &str) -> &str {
    if account == "me" { OWN_ACCOUNT } else { account }
}

/// The name an Instagram user goes by.
pub(super) fn username(user: &str) -> String {
    format!("user.{user}")
}

pub(super) fn received(worlds: &mut Worlds, inbound: &Inbound) {
    match inbound.channel {
        Channel::Instagram => {
            let message = json!({ "mid": inbound.id, "text": inbound.text });
            messaging(worlds, &inbound.account, (&inbound.from, None), inbound.at, message);
        }
        Channel::Whatsapp => {
            let message = json!({
                "from": inbound.from, "id": inbound.id, "timestamp": inbound.at.as_second().to_string(),
                "type": "text", "text": { "body": inbound.text },
            });
            let contact = json!({ "profile": { "name": username(&inbound.from) }, "wa_id": inbound.from });
            whatsapp(worlds, &inbound.account, json!({ "contacts": [contact], "messages": [message] }));
        }
    }
}

/// Our own message comes back.
pub(super) fn echo(worlds: &mut Worlds, message: &Message) {
    let mut told = json!({ "mid": message.id, "is_echo": true, "app_id": 1_204_050_607 });
    match (&message.text, &message.media_url) {
        (Some(text), _) => put(&mut told, "text", json!(text)),
        (None, url) => {
            put(&mut told, "attachments", json!([{ "type": message.kind, "payload": { "url": url } }]))
        }
    }
    let account = shown(&message.account).to_owned();
    messaging(worlds, &message.account, (&account, Some(&message.to)), message.at, told);
}

/// From somebody, and to somebody or else to the account.
fn messaging(
    worlds: &mut Worlds,
    account: &str,
    (from, to): (&str, Option<&str>),
    at: Timestamp,
    message: Value,
) {
    let id = shown(account);
    let item = json!({
        "sender": { "id": from }, "recipient": { "id": to.unwrap_or(id) },
        "timestamp": at.as_millisecond(), "message": message,
    });
    let entry = json!({ "id": id, "time": at.as_millisecond(), "messaging": [item] });
    instagram(worlds, account, "messages", entry);
}

pub(super) fn commented(worlds: &mut Worlds, comment: &Comment) {
    let value = json!({
        "id": comment.id, "text": comment.text,
        "from": { "id": comment.from, "username": username(&comment.from) },
        "media": { "id": "18100000000000001", "media_product_type": "FEED" },
    });
    let changes = json!([{ "field": "comments", "value": value }]);
    let entry = json!({ "id": shown(&comment.account), "time": comment.at.as_second(), "changes": changes });
    instagram(worlds, &comment.account, "comments", entry);
}

fn instagram(worlds: &mut Worlds, account: &str, field: &str, entry: Value) {
    if worlds.graph.is_subscribed(account, field) {
        let body = json!({ "object": "instagram", "entry": [entry] });
        worlds.outbox.announce(Provider::Graph, "instagram", &body);
    }
}

/// What became of a message we sent.
pub(super) fn status(worlds: &mut Worlds, message: &Message, word: &str, at: Timestamp) {
    let mut told = json!({
        "id": message.id, "status": word, "timestamp": at.as_second().to_string(), "recipient_id": message.to,
    });
    if let Some(data) = &message.callback_data {
        put(&mut told, "biz_opaque_callback_data", json!(data));
    }
    if word == "failed" {
        put(&mut told, "errors", json!([{ "code": 131_026, "title": "Message undeliverable" }]));
    }
    whatsapp(worlds, &message.account, json!({ "statuses": [told] }));
}

fn whatsapp(worlds: &mut Worlds, phone: &str, mut value: Value) {
    let business = worlds.graph.business_accounts.get(phone).map_or(BUSINESS_ACCOUNT, String::as_str);
    if !worlds.graph.is_subscribed(business, "messages") {
        return;
    }
    put(&mut value, "messaging_product", json!("whatsapp"));
    put(
        &mut value,
        "metadata",
        json!({ "display_phone_number": "+1 202 555 0100", "phone_number_id": phone }),
    );
    let changes = json!([{ "field": "messages", "value": value }]);
    let entry = json!({ "id": business, "changes": changes });
    let body = json!({ "object": "whatsapp_business_account", "entry": [entry] });
    worlds.outbox.announce(Provider::Graph, "whatsapp", &body);
}
