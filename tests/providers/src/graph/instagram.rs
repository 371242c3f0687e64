//! Sending on Instagram: text, media, sender actions; a day's window, a week for human agents.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::people::Comment;
use super::{Channel, Message, MetaError, Sending, WINDOW, object_at, text_at, webhooks};
use crate::options::Unknown;

/// Meta's limit for a text, in bytes of UTF-8.
const TEXT_BYTES_MAX: usize = 1_000;
/// A human agent may answer this long after the customer wrote.
const HUMAN_AGENT_WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(super) fn send(mut sending: Sending<'_>, posted: &Map<String, Value>) -> Result<Value, MetaError> {
    let recipient = object_at(posted, "recipient").ok_or_else(|| invalid("(#100) recipient is required"))?;
    let comment = text_at(recipient, "comment_id");
    let to = match (text_at(recipient, "id"), comment) {
        (Some(id), _) => id.to_owned(),
        (None, Some(comment)) => author(&mut sending, comment)?,
        (None, None) => return Err(invalid("(#100) recipient needs an id or a comment_id")),
    };
    if text_at(posted, "sender_action").is_some() {
        return Ok(json!({ "recipient_id": to }));
    }
    let content = Content::read(posted)?;
    let tag = text_at(posted, "tag");
    let allowed = if tag == Some("HUMAN_AGENT") { HUMAN_AGENT_WINDOW } else { WINDOW };
    // A comment opens its own window, for one message.
    if comment.is_none() && !sending.is_open(&to, allowed) {
        return Err(outside_window());
    }
    if let Some(comment) = comment {
        reply(&mut sending, comment)?;
    }
    let id = sending.fresh_id("aWdfZAG1faXRlbToxOk");
    let answer = json!({ "recipient_id": &to, "message_id": &id });
    let message = Message {
        id,
        at: sending.now,
        channel: Channel::Instagram,
        account: sending.account,
        to,
        kind: content.kind,
        text: content.text,
        template: None,
        reply_to: None,
        callback_data: None,
        media_url: content.media_url,
        comment: comment.map(str::to_owned),
        tag: tag.map(str::to_owned),
    };
    webhooks::echo(sending.worlds, &message);
    sending.worlds.graph.messages.push(message);
    Ok(answer)
}

/// Who wrote the comment. One nobody knows of comes into being, unless the simulator is to be strict about those.
fn author(sending: &mut Sending<'_>, comment: &str) -> Result<String, MetaError> {
    let known = sending.worlds.graph.comments.iter().find(|known| known.id == comment);
    if let Some(known) = known {
        return Ok(known.from.clone());
    }
    if sending.unknown == Unknown::Refused {
        return Err(invalid("(#100) The comment does not exist"));
    }
    sending.worlds.graph.comments.push(Comment {
        id: comment.to_owned(),
        at: sending.now,
        account: sending.account.clone(),
        from: comment.to_owned(),
        text: None,
        replied: false,
    });
    Ok(comment.to_owned())
}

/// Takes the one private reply a comment allows.
fn reply(sending: &mut Sending<'_>, comment: &str) -> Result<(), MetaError> {
    let now = sending.now;
    let Some(known) = sending.worlds.graph.comments.iter_mut().find(|known| known.id == comment) else {
        return Ok(());
    };
    if known.replied {
        return Err(MetaError::permanent(10_900, "(#10900) Activity already replied to"));
    }
    if now.duration_since(known.at) > HUMAN_AGENT_WINDOW {
        return Err(outside_window());
    }
    known.replied = true;
    Ok(())
}

fn outside_window() -> MetaError {
    MetaError {
        subcode: Some(2_534_022),
        ..MetaError::permanent(10, "(#10) This message is sent outside of allowed window.")
    }
}

struct Content {
    kind: String,
    text: Option<String>,
    media_url: Option<String>,
}

impl Content {
    fn read(posted: &Map<String, Value>) -> Result<Self, MetaError> {
        let message = object_at(posted, "message").ok_or_else(|| invalid("(#100) message is required"))?;
        if let Some(text) = text_at(message, "text") {
            if text.len() > TEXT_BYTES_MAX {
                return Err(invalid("(#100) The text is longer than 1000 bytes"));
            }
            return Ok(Self { kind: "text".to_owned(), text: Some(text.to_owned()), media_url: None });
        }
        let attachment = object_at(message, "attachment");
        let kind = attachment
            .and_then(|attachment| text_at(attachment, "type"))
            .ok_or_else(|| invalid("(#100) message needs a text or an attachment"))?;
        let payload = attachment.and_then(|attachment| object_at(attachment, "payload"));
        let media_url = payload.and_then(|payload| text_at(payload, "url")).map(str::to_owned);
        Ok(Self { kind: kind.to_owned(), text: None, media_url })
    }
}

fn invalid(message: &'static str) -> MetaError {
    MetaError::permanent(100, message)
}
