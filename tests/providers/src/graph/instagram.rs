//! Sending on Instagram: text, media, sender actions; a day's window, a week for human agents.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::{Channel, Message, MetaError, Sending, WINDOW, object_at, text_at};

/// Meta's limit for a text, in bytes of UTF-8.
const TEXT_BYTES_MAX: usize = 1_000;
/// A human agent may answer this long after the customer wrote.
const HUMAN_AGENT_WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(super) fn send(mut sending: Sending<'_>, posted: &Map<String, Value>) -> Result<Value, MetaError> {
    let recipient = object_at(posted, "recipient").ok_or_else(|| invalid("(#100) recipient is required"))?;
    let to = text_at(recipient, "id")
        .or_else(|| text_at(recipient, "comment_id"))
        .ok_or_else(|| invalid("(#100) recipient needs an id or a comment_id"))?;
    if text_at(posted, "sender_action").is_some() {
        return Ok(json!({ "recipient_id": to }));
    }
    let (kind, text) = content(posted)?;
    let allowed = if text_at(posted, "tag") == Some("HUMAN_AGENT") { HUMAN_AGENT_WINDOW } else { WINDOW };
    if sending.silence(to).is_some_and(|silence| silence > allowed) {
        return Err(MetaError {
            subcode: Some(2_534_022),
            ..MetaError::permanent(10, "(#10) This message is sent outside of allowed window.")
        });
    }
    let id = sending.fresh_id("aWdfZAG1faXRlbToxOk");
    let answer = json!({ "recipient_id": to, "message_id": id });
    sending.graph.messages.push(Message {
        id,
        at: sending.now,
        channel: Channel::Instagram,
        account: sending.account,
        to: to.to_owned(),
        kind,
        text,
        template: None,
        reply_to: None,
        callback_data: None,
    });
    Ok(answer)
}

fn content(posted: &Map<String, Value>) -> Result<(String, Option<String>), MetaError> {
    let message = object_at(posted, "message").ok_or_else(|| invalid("(#100) message is required"))?;
    if let Some(text) = text_at(message, "text") {
        if text.len() > TEXT_BYTES_MAX {
            return Err(invalid("(#100) The text is longer than 1000 bytes"));
        }
        return Ok(("text".to_owned(), Some(text.to_owned())));
    }
    object_at(message, "attachment")
        .and_then(|attachment| text_at(attachment, "type"))
        .map(|kind| (kind.to_owned(), None))
        .ok_or_else(|| invalid("(#100) message needs a text or an attachment"))
}

fn invalid(message: &'static str) -> MetaError {
    MetaError::permanent(100, message)
}
