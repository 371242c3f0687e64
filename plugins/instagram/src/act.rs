//! Sending messages. An attempt whose outcome is not known is looked for in the conversation before another is made.

mod echo;
mod private_reply;
mod send;

use omnihub_plugin::meta::graph::Graph;
use omnihub_plugin::{Effect, Failure, Receipt, lenient, members};

use crate::api::Api;
use crate::map::interaction_id;

pub(crate) fn perform(effect: &Effect, api: &Api, graph: &mut dyn Graph) -> Result<Receipt, Failure> {
    match effect.action.as_str() {
        "send_message" => send::perform(effect, api, graph),
        "private_reply" => private_reply::perform(effect, api, graph),
        other => Err(Failure::Unsupported(format!("action {other}"))),
    }
}

omnihub_plugin::members! {
    /// The answer to a send.
    Sent { text: recipient_id, message_id; }
}

/// The reference is the id the message's echo will have.
fn receipt(to: Option<&str>, body: &str) -> Receipt {
    let sent: Sent = members::read(body).unwrap_or_default();
    let to = to.map(str::to_owned).or_else(|| lenient::said(sent.recipient_id));
    let reference = to.zip(lenient::said(sent.message_id)).map(|(to, mid)| interaction_id(&to, &mid));
    Receipt { reference, already_done: false, extra: Vec::new() }
}

/// Another attempt had come through.
fn already_done(to: &str, mid: &str) -> Receipt {
    Receipt { reference: Some(interaction_id(to, mid)), already_done: true, extra: Vec::new() }
}
