//! What is in a message, by its type.

use omnihub_plugin::exact::Text;
use omnihub_plugin::members::{self, extras};
use omnihub_plugin::meta::flag;
use omnihub_plugin::model::{Attachment, Interaction};

use super::text;
use crate::wire::{Form, Interactive, Media, Message};

/// A form has at most some dozens of fields; more than this is not read into the message's extra.
const FORM_FIELDS_MAX: usize = 64;

/// The type, or what follows from the content when it is absent; empty when nothing says it.
pub(super) fn kind(message: &Message) -> &str {
    if let Some(kind) = message.kind.as_ref().filter(|kind| !kind.0.is_empty()) {
        return &kind.0;
    }
    [
        ("text", message.text.is_some()),
        ("image", message.image.is_some()),
        ("video", message.video.is_some()),
        ("audio", message.audio.is_some()),
        ("document", message.document.is_some()),
        ("sticker", message.sticker.is_some()),
        ("location", message.location.is_some()),
        ("contacts", message.contacts.is_some()),
        ("button", message.button.is_some()),
        ("interactive", message.interactive.is_some()),
        ("reaction", message.reaction.is_some()),
        ("order", message.order.is_some()),
        ("system", message.system.is_some()),
        ("edit", message.edit.is_some()),
        ("revoke", message.revoke.is_some()),
        ("unsupported", message.unsupported.is_some() || message.errors.is_some()),
    ]
    .into_iter()
    .find_map(|(kind, is_present)| is_present.then_some(kind))
    .unwrap_or_default()
}

/// Whether `fill` knows the type: something a person said, as opposed to something that happened.
pub(super) fn is_known(kind: &str) -> bool {
    matches!(
        kind,
        "text"
            | "image"
            | "video"
            | "audio"
            | "document"
            | "sticker"
            | "location"
            | "contacts"
            | "button"
            | "interactive"
            | "order"
            | "unsupported"
            | "unknown"
    )
}

pub(super) fn fill(told: &mut Interaction, message: &Message, kind: &str) {
    told.kind = Some(interaction_kind(message, kind).into());
    say(told, message, kind);
    surroundings(told, message);
}

/// What an edit says is new: a text or caption, and media only when it names them, since an edited caption comes alone.
pub(super) fn amend(told: &mut Interaction, message: &Message) {
    say(told, message, kind(message));
    told.attachments.retain(|attachment| attachment.id.is_some() || attachment.url.is_some());
}

fn interaction_kind(message: &Message, kind: &str) -> &'static str {
    let is_form = message.interactive.as_ref().is_some_and(|it| it.nfm_reply.is_some());
    match kind {
        "interactive" if is_form => "form",
        "button" | "interactive" => "postback",
        "order" => "order",
        "unsupported" | "unknown" => "unsupported",
        _ => "message",
    }
}

fn say(told: &mut Interaction, message: &Message, kind: &str) {
    match kind {
        "image" => media(told, kind, message.image.as_ref()),
        "video" => media(told, kind, message.video.as_ref()),
        "audio" => media(told, kind, message.audio.as_ref()),
        "document" => media(told, "file", message.document.as_ref()),
        "sticker" => media(told, kind, message.sticker.as_ref()),
        "location" => location(told, message),
        "contacts" => contacts(told, message),
        "button" => {
            let button = message.button.as_ref();
            told.text = button.and_then(|button| text(&button.text));
            told.extra.extend(extras([("payload", button.and_then(|button| text(&button.payload)))]));
        }
        "interactive" => interactive(told, message.interactive.as_ref()),
        "order" => {
            let cart = message.order.as_ref();
            told.text = cart.and_then(|cart| text(&cart.text));
            told.extra.extend(extras([("catalog_id", cart.and_then(|cart| text(&cart.catalog_id)))]));
        }
        "unsupported" | "unknown" => {
            // Some carry a text all the same.
            told.text = message.text.as_ref().and_then(|it| text(&it.body));
            let kind = message.unsupported.as_ref().and_then(|it| text(&it.kind));
            told.extra.extend(extras([("unsupported_type", kind)]));
        }
        _ => told.text = message.text.as_ref().and_then(|it| text(&it.body)),
    }
}

fn media(told: &mut Interaction, kind: &str, media: Option<&Media>) {
    let Some(media) = media else { return };
    told.text = text(&media.caption);
    told.attachments.push(Attachment {
        kind: kind.into(),
        url: text(&media.url),
        title: text(&media.filename),
        mime: text(&media.mime_type),
        id: text(&media.id),
    });
    if flag(media.voice.as_ref()) {
        told.extra.push(("voice".into(), "true".into()));
    }
}

fn location(told: &mut Interaction, message: &Message) {
    let Some(location) = &message.location else { return };
    let title =
        [&location.name, &location.address].into_iter().filter_map(text).collect::<Vec<_>>().join(", ");
    told.attachments.push(Attachment {
        kind: "location".into(),
        url: text(&location.url),
        title: (!title.is_empty()).then_some(title),
        mime: None,
        id: None,
    });
    told.extra
        .extend(extras([("latitude", text(&location.latitude)), ("longitude", text(&location.longitude))]));
}

/// Names only: the numbers are of people who have not written to us.
fn contacts(told: &mut Interaction, message: &Message) {
    for contact in message.contacts.iter().flatten().flatten() {
        let title = contact.name.as_ref().and_then(|name| text(&name.formatted_name));
        told.attachments.push(Attachment { kind: "contact".into(), url: None, title, mime: None, id: None });
    }
}

fn interactive(told: &mut Interaction, interactive: Option<&Interactive>) {
    let Some(interactive) = interactive else { return };
    if let Some(form) = &interactive.nfm_reply {
        return fill_form(told, form);
    }
    if let Some(choice) = interactive.button_reply.as_ref().or(interactive.list_reply.as_ref()) {
        told.text = text(&choice.title);
        told.extra.extend(extras([("payload", text(&choice.id))]));
    }
}

/// A form's answers, each as the customer gave it; what is not JSON is kept as it is.
fn fill_form(told: &mut Interaction, form: &Form) {
    told.text = text(&form.body);
    told.extra.extend(extras([("form", text(&form.name))]));
    let Some(json) = text(&form.response_json) else { return };
    let fields = members::parse(&json).unwrap_or_default();
    if fields.is_empty() {
        told.extra.push(("response_json".into(), json));
        return;
    }
    for (name, value) in fields.iter().take(FORM_FIELDS_MAX) {
        let value = serde_json::from_str::<Text>(value.get()).map_or(value.get().to_owned(), |text| text.0);
        told.extra.push((format!("form.{name}"), value));
    }
}

/// What every type may carry: what it answers, where it was forwarded or written from, what went wrong.
fn surroundings(told: &mut Interaction, message: &Message) {
    if let Some(context) = &message.context {
        told.reply_to = text(&context.id).filter(|id| *id != told.id);
        let set = |flagged: &Option<Text>| flag(flagged.as_ref()).then(|| "true".to_owned());
        told.extra.extend(extras([
            ("forwarded", set(&context.forwarded)),
            ("frequently_forwarded", set(&context.frequently_forwarded)),
        ]));
        if let Some(product) = &context.referred_product {
            told.extra.extend(extras([
                ("product_retailer_id", text(&product.product_retailer_id)),
                ("catalog_id", text(&product.catalog_id)),
            ]));
        }
    }
    if let Some(referral) = &message.referral {
        told.extra.extend(extras([
            ("referral_source", text(&referral.source_type)),
            ("ad_id", text(&referral.source_id)),
            ("referral_url", text(&referral.source_url)),
            ("ctwa_clid", text(&referral.ctwa_clid)),
        ]));
    }
    if let Some(problem) = message.errors.iter().flatten().flatten().next() {
        told.extra
            .extend(extras([("error_code", text(&problem.code)), ("error_title", text(&problem.title))]));
    }
}
