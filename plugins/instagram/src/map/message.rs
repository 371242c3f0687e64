//! What a customer or the shop says: messages, and the buttons customers press.

use omnihub_plugin::dated::fingerprint;
use omnihub_plugin::members::extras;
use omnihub_plugin::meta::flag;
use omnihub_plugin::model::{Attachment, Interaction};

use super::{Map, Said, interaction_id, standby, text};
use crate::wire;

impl Map<'_> {
    pub(super) fn message(&mut self, said: &Said<'_>, message: &wire::Message) {
        let Some((sides, mid)) = self.named(said, &message.mid) else { return };
        let mut told = Interaction {
            direction: Some(sides.direction()),
            author: Some(sides.author()),
            ..self.news(sides, &mid)
        };
        if flag(message.is_deleted.as_ref()) {
            told.erased = true;
            return self.once(said, "message.deleted", told);
        }
        told.kind = Some("message".into());
        told.sent_at = said.time;
        told.text = text(&message.text);
        told.attachments = self.attachments(said, message);
        told.extra = message_extra(message);
        if let Some(reply_to) = &message.reply_to {
            told.reply_to = text(&reply_to.mid).map(|mid| interaction_id(&sides.customer, &mid));
        }
        if let Some(referral) = &message.referral {
            self.refer(&mut told.customer, &mut told.extra, referral);
        }
        told.extra.extend(standby(said.owner));
        self.once(said, if sides.outbound { "message.sent" } else { "message.received" }, told);
    }

    fn attachments(&mut self, said: &Said<'_>, message: &wire::Message) -> Vec<Attachment> {
        let mut attachments = Vec::new();
        for (index, attachment) in message.attachments.iter().flatten().enumerate() {
            match attachment {
                Some(wire) => attachments.push(to_attachment(wire)),
                None => {
                    let path = format!("{}/message/attachments/{index}", said.path);
                    self.malformed(&path, "the attachment is not an object");
                }
            }
        }
        attachments
    }

    pub(super) fn postback(&mut self, said: &Said<'_>, postback: &wire::Postback) {
        let Some(sides) = self.customer(said) else { return };
        let title = text(&postback.title);
        let payload = text(&postback.payload);
        let mid = text(&postback.mid).unwrap_or_else(|| {
            // Icebreakers have no mid: who, when and what stand for it.
            let moment = said.time.unwrap_or_default();
            format!("postback-{}", fingerprint(&format!("{moment} {title:?} {payload:?}")))
        });
        let mut told = Interaction {
            kind: Some("postback".into()),
            direction: Some(sides.direction()),
            author: Some(sides.author()),
            text: title,
            sent_at: said.time,
            extra: extras([("payload", payload)]),
            ..self.news(sides, &mid)
        };
        if let Some(referral) = &postback.referral {
            self.refer(&mut told.customer, &mut told.extra, referral);
        }
        told.extra.extend(standby(said.owner));
        self.once(said, if sides.outbound { "message.sent" } else { "message.received" }, told);
    }
}

fn to_attachment(wire: &wire::Attachment) -> Attachment {
    // A like_heart has no payload.
    let payload = wire.payload.as_ref();
    Attachment {
        kind: text(&wire.kind).unwrap_or_else(|| "unknown".into()),
        url: payload.and_then(|payload| text(&payload.url)),
        title: payload.and_then(|payload| text(&payload.title)),
        mime: None,
        id: payload.and_then(|payload| text(&payload.reel_video_id)),
    }
}

fn message_extra(message: &wire::Message) -> Vec<(String, String)> {
    let payload = message.quick_reply.as_ref().and_then(|reply| text(&reply.payload));
    let story = message.reply_to.as_ref().and_then(|reply| reply.story.as_ref());
    let unsupported = flag(message.is_unsupported.as_ref()).then(|| "true".to_owned());
    extras([
        ("payload", payload),
        ("story_id", story.and_then(|story| text(&story.id))),
        ("story_url", story.and_then(|story| text(&story.url))),
        ("unsupported", unsupported),
        ("app_id", text(&message.app_id)),
    ])
}
