//! Sending on WhatsApp: text, templates, media by their own object, and read receipts.

use serde_json::{Map, Value, json};

use super::accounts::Used;
use super::{Channel, Message, MetaError, Sending, WINDOW, object_at, text_at, webhooks};

/// Meta's limit for a text body, in characters.
const TEXT_CHARS_MAX: usize = 4_096;
/// Meta's limit for the sender's own id, in characters.
const CALLBACK_CHARS_MAX: usize = 512;
/// Kinds whose content is an object named like them.
const OTHER_KINDS: [&str; 9] =
    ["image", "audio", "video", "document", "sticker", "location", "contacts", "interactive", "reaction"];

pub(super) fn send(mut sending: Sending<'_>, posted: &Map<String, Value>) -> Result<Value, MetaError> {
    if text_at(posted, "messaging_product") != Some("whatsapp") {
        return Err(invalid("messaging_product must be whatsapp"));
    }
    if text_at(posted, "status") == Some("read") {
        let id = text_at(posted, "message_id").ok_or_else(|| invalid("message_id is required"))?;
        sending.worlds.graph.read.insert(id.to_owned());
        return Ok(json!({ "success": true }));
    }
    let to = Recipient::read(posted)?;
    let content = Content::read(posted)?;
    let callback_data = text_at(posted, "biz_opaque_callback_data").map(str::to_owned);
    if callback_data.as_ref().is_some_and(|data| data.chars().count() > CALLBACK_CHARS_MAX) {
        return Err(invalid("biz_opaque_callback_data is longer than 512 characters"));
    }
    if let Some(template) = &content.template {
        sending.worlds.graph.check_template(template, sending.unknown)?;
    } else if !sending.is_open(&to.user, WINDOW) {
        return Err(MetaError {
            details: Some(
                "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
            ),
            ..MetaError::permanent(131_047, "(#131047) Re-engagement message")
        });
    }
    let id = sending.fresh_id("wamid.");
    let answer = to.answer(&id, content.template.is_some());
    let message = Message {
        id,
        at: sending.now,
        channel: Channel::Whatsapp,
        account: sending.account,
        to: to.user,
        kind: content.kind,
        text: content.text,
        template: content.template.map(|template| template.name),
        reply_to: object_at(posted, "context").and_then(|it| text_at(it, "message_id")).map(str::to_owned),
        callback_data,
        media_url: content.media_url,
        comment: None,
        tag: None,
    };
    webhooks::status(sending.worlds, &message, "sent", sending.now);
    webhooks::status(sending.worlds, &message, "delivered", sending.now);
    sending.worlds.graph.messages.push(message);
    Ok(answer)
}

fn invalid(details: &'static str) -> MetaError {
    MetaError { details: Some(details), ..MetaError::permanent(100, "(#100) Invalid parameter") }
}

/// Whom a message is for: a phone in `to`, or a business-scoped user id in `recipient`. The phone wins.
struct Recipient {
    input: String,
    user: String,
    addressed_by: Address,
}

enum Address {
    Phone,
    BusinessScopedId,
}

impl Recipient {
    fn read(posted: &Map<String, Value>) -> Result<Self, MetaError> {
        if let Some(input) = text_at(posted, "to") {
            let user: String = input.chars().filter(char::is_ascii_digit).collect();
            let phone = |letter: char| letter.is_ascii_digit() || "+ -()".contains(letter);
            if user.is_empty() || !input.chars().all(phone) {
                return Err(invalid("to is not a phone number"));
            }
            return Ok(Self { input: input.to_owned(), user, addressed_by: Address::Phone });
        }
        let input = text_at(posted, "recipient").ok_or_else(|| invalid("to or recipient is required"))?;
        Ok(Self { input: input.to_owned(), user: input.to_owned(), addressed_by: Address::BusinessScopedId })
    }

    fn answer(&self, id: &str, is_template: bool) -> Value {
        let contact = match self.addressed_by {
            Address::Phone => json!({ "input": self.input, "wa_id": self.user }),
            Address::BusinessScopedId => json!({ "input": self.input, "user_id": self.user }),
        };
        let message =
            if is_template { json!({ "id": id, "message_status": "accepted" }) } else { json!({ "id": id }) };
        json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [message] })
    }
}

struct Content {
    kind: String,
    text: Option<String>,
    template: Option<Used>,
    media_url: Option<String>,
}

impl Content {
    fn read(posted: &Map<String, Value>) -> Result<Self, MetaError> {
        let kind = text_at(posted, "type").unwrap_or("text");
        let mut content = Self { kind: kind.to_owned(), text: None, template: None, media_url: None };
        match kind {
            "text" => {
                let body = object_at(posted, "text").and_then(|text| text_at(text, "body"));
                let body = body.ok_or_else(|| invalid("text.body is required"))?;
                if body.chars().count() > TEXT_CHARS_MAX {
                    return Err(invalid("text.body is longer than 4096 characters"));
                }
                content.text = Some(body.to_owned());
            }
            "template" => {
                let template =
                    object_at(posted, "template").ok_or_else(|| invalid("template is required"))?;
                let used = Used::read(template);
                content.template =
                    Some(used.ok_or_else(|| invalid("template needs a name and a language code"))?);
            }
            other if OTHER_KINDS.contains(&other) => {
                if !posted.get(other).is_some_and(|it| it.is_object() || it.is_array()) {
                    return Err(invalid("the object named by type is missing"));
                }
                let medium = object_at(posted, other);
                content.media_url = medium.and_then(|it| text_at(it, "link")).map(str::to_owned);
                content.text = medium.and_then(|it| text_at(it, "caption")).map(str::to_owned);
            }
            _ => return Err(MetaError::permanent(131_051, "(#131051) Unsupported message type")),
        }
        Ok(content)
    }
}
