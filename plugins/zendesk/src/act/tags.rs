//! Adding and taking away tags. Zendesk has calls that change only the tags named, so doing it twice is doing it once,
//! and nobody's own tags are lost.

use omnihub_plugin::host::http::{Method, Request};
use omnihub_plugin::{Effect, Failure, Receipt, answer};
use serde_json::json;

use super::{REMOVE_TAGS, id_number, needed, tag_list};
use crate::api::{self, Send};

pub(super) fn perform(effect: &Effect, send: Send<'_>) -> Result<Receipt, Failure> {
    let response = send(api::SUPPORT, &request(effect)?).map_err(answer::unanswered)?;
    api::judged(&response)?;
    let reference = Some(id_number(effect, "ticket_id")?.to_string());
    Ok(Receipt { reference, already_done: false, extra: Vec::new() })
}

/// PUT adds and DELETE takes away; POST would replace them all.
fn request(effect: &Effect) -> Result<Request, Failure> {
    let path = format!("/api/v2/tickets/{}/tags.json", id_number(effect, "ticket_id")?);
    let tags = tag_list(&needed(effect, "tags")?);
    let method = if effect.action == REMOVE_TAGS { Method::Delete } else { Method::Put };
    match tags.is_empty() {
        true => Err(Failure::Rejected("tags is missing".into())),
        false => Ok(api::with_body(method, path, &json!({"tags": tags}))),
    }
}
