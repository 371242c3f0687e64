//! A text or a medium to somebody who wrote within the last day. Later only templates are allowed.

use omnihub_plugin::meta::effect::{DAY, optional, wrote_within};
use omnihub_plugin::{Effect, Failure};
use serde_json::{Map, Value, json};

pub(super) fn content(effect: &Effect) -> Result<Map<String, Value>, Failure> {
    let mut content = match (optional(effect, "media_url"), optional(effect, "text")) {
        (Some(url), caption) => medium(effect, url, caption)?,
        (None, Some(text)) => named("text", json!({"preview_url": false, "body": text})),
        (None, None) => return Err(Failure::Rejected("text or media_url is missing".into())),
    };
    if let Some(message) = optional(effect, "reply_to") {
        content.insert("context".into(), json!({"message_id": message}));
    }
    // An attempt that may have been made is refused for that first: nobody may take this one for never sent.
    if effect.uncertain || wrote_within(effect, DAY) {
        return Ok(content);
    }
    Err(Failure::Rejected(match effect.last_inbound_at {
        Some(_) => "outside the 24-hour window: send a template".into(),
        None => "the customer has not written, so no 24-hour window is open: send a template".into(),
    }))
}

fn medium(effect: &Effect, url: &str, caption: Option<&str>) -> Result<Map<String, Value>, Failure> {
    let kind = optional(effect, "media_type").unwrap_or("image");
    let mut medium = Map::from_iter([("link".to_owned(), Value::from(url))]);
    match (kind, caption) {
        ("image" | "video" | "document", Some(caption)) => {
            medium.insert("caption".into(), caption.into());
        }
        ("image" | "video" | "document" | "audio", None) => {}
        ("audio", Some(_)) => return Err(Failure::Rejected("audio has no text beside it".into())),
        _ => return Err(Failure::Rejected("media_type is none of image, video, document, audio".into())),
    }
    Ok(named(kind, Value::Object(medium)))
}

/// `{"type": "text", "text": …}`.
pub(super) fn named(kind: &str, content: Value) -> Map<String, Value> {
    Map::from_iter([("type".to_owned(), Value::from(kind)), (kind.to_owned(), content)])
}
