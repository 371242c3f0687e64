//! Sending messages and read receipts. Meta takes no idempotency key and shows no sent messages: an attempt whose
//! outcome is not known is never repeated. Its statuses carry the effect's id, and by those it is known later.

mod message;
mod template;

use omnihub_plugin::meta::effect::{argument, first_time};
use omnihub_plugin::meta::graph::{self, Graph, Repeat};
use omnihub_plugin::{Effect, Failure, Receipt, lenient, members};
use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::map::Address;

pub(crate) fn perform(effect: &Effect, api: &Api, graph: &mut dyn Graph) -> Result<Receipt, Failure> {
    match effect.action.as_str() {
        "send_message" => send(effect, message::content(effect)?, api, graph),
        "send_template" => send(effect, template::content(effect)?, api, graph),
        "mark_read" => mark_read(effect, api, graph),
        other => Err(Failure::Unsupported(format!("action {other}"))),
    }
}

/// Sends a content (`type`, the object named by it, what it answers) to the effect's customer.
fn send(
    effect: &Effect,
    content: Map<String, Value>,
    api: &Api,
    graph: &mut dyn Graph,
) -> Result<Receipt, Failure> {
    first_time(effect)?;
    let mut body = content;
    let (member, address) = recipient(argument(effect, "to")?)?;
    body.insert(member.into(), address.into());
    body.insert("messaging_product".into(), "whatsapp".into());
    body.insert("recipient_type".into(), "individual".into());
    // Statuses repeat it, so that a send of unknown outcome can be recognised.
    body.insert("biz_opaque_callback_data".into(), effect.id.as_str().into());
    let request = graph::post(api.messages()?, Value::Object(body).to_string());
    let answer = graph::call(graph, &request, effect.attempt, Repeat::Never)?;
    Ok(receipt(&answer))
}

/// `to` takes a phone number, `recipient` a business-scoped user id.
fn recipient(to: &str) -> Result<(&'static str, String), Failure> {
    let dialled: String = to.chars().filter(|sign| !matches!(sign, '+' | ' ' | '-' | '(' | ')')).collect();
    match Address::of(&dialled) {
        Some(Address::Phone(digits)) => Ok(("to", digits)),
        Some(Address::User(id)) if id.contains('.') => Ok(("recipient", id)),
        _ => Err(Failure::Rejected("to is neither a phone number nor a user id".into())),
    }
}

fn mark_read(effect: &Effect, api: &Api, graph: &mut dyn Graph) -> Result<Receipt, Failure> {
    let message = argument(effect, "message")?;
    let body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": message});
    let request = graph::post(api.messages()?, body.to_string());
    graph::call(graph, &request, effect.attempt, Repeat::Harmless)?;
    Ok(Receipt { reference: Some(message.to_owned()), already_done: false, extra: Vec::new() })
}

omnihub_plugin::members! {
    /// The answer to a send.
    Sent { list: messages: SentMessage; }
    SentMessage { text: id, message_status; }
}

/// The reference is the id the message's statuses will have. Accepted is not delivered: that comes as a status.
fn receipt(body: &str) -> Receipt {
    let sent: Sent = members::read(body).unwrap_or_default();
    let message = sent.messages.into_iter().flatten().flatten().next().unwrap_or_default();
    let status = lenient::said(message.message_status).map(|status| ("message_status".to_owned(), status));
    Receipt { reference: lenient::said(message.id), already_done: false, extra: status.into_iter().collect() }
}
