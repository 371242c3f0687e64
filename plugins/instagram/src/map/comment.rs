//! Comments under the account's posts. Their thread is the comment at its beginning, not the customer's messages.

use omnihub_plugin::members::{self, extras};
use omnihub_plugin::meta;
use omnihub_plugin::model::{Author, Direction, Interaction};

use super::{Frame, Map, Said, sides, text};
use crate::map::Owner;
use crate::wire;

impl Map<'_> {
    pub(super) fn comment(&mut self, path: &str, raw: &str, frame: &Frame) {
        let Some(comment) = members::read::<wire::Comment>(raw) else {
            return self.malformed(path, "the comment is not an object");
        };
        let Some(id) = text(&comment.id) else { return self.malformed(path, "the comment has no id") };
        let time = meta::time(comment.timestamp.as_ref()).or(frame.time);
        let from = comment.from.as_ref();
        let author = from.and_then(|from| text(&from.id));
        let accounts = [frame.account.as_deref(), self.settings.account_id.as_deref()];
        // Meta adds the second id to comments of the account itself.
        let is_self = from.is_some_and(|from| text(&from.self_ig_scoped_id).is_some());
        let is_ours = is_self || (author.is_some() && accounts.contains(&author.as_deref()));
        let parent = text(&comment.parent_id);
        let told = Interaction {
            channel: Some("instagram".into()),
            kind: Some("comment".into()),
            direction: Some(if is_ours { Direction::Outbound } else { Direction::Inbound }),
            author: Some(if is_ours { Author::Human } else { Author::Customer }),
            customer: author
                .filter(|_| !is_ours)
                .map(|author| sides::person(&author, from.and_then(|from| text(&from.username)))),
            thread: Some(format!("comment:{}", parent.as_deref().unwrap_or(&id))),
            text: text(&comment.text),
            reply_to: parent,
            sent_at: time,
            extra: media_extra(comment.media.as_ref()),
            ..Interaction::new(id)
        };
        let said = Said { path, raw, sides: None, time, owner: Owner::Us };
        self.once(&said, if is_ours { "message.sent" } else { "comment.received" }, told);
    }

    /// Somebody named the account under a post that is not its own. Meta says where, not who or what.
    pub(super) fn mention(&mut self, path: &str, raw: &str, frame: &Frame) {
        let Some(mention) = members::read::<wire::Mention>(raw) else {
            return self.malformed(path, "the mention is not an object");
        };
        let (comment, media) = (text(&mention.comment_id), text(&mention.media_id));
        let Some(id) = comment.or_else(|| media.as_ref().map(|media| format!("mention:{media}"))) else {
            return self.malformed(path, "the mention names neither comment nor media");
        };
        let told = Interaction {
            channel: Some("instagram".into()),
            kind: Some("mention".into()),
            direction: Some(Direction::Inbound),
            author: Some(Author::Customer),
            thread: Some(format!("comment:{id}")),
            sent_at: frame.time,
            extra: extras([("media_id", media)]),
            ..Interaction::new(id)
        };
        let said = Said { path, raw, sides: None, time: frame.time, owner: Owner::Us };
        self.once(&said, "comment.received", told);
    }
}

fn media_extra(media: Option<&wire::Media>) -> Vec<(String, String)> {
    let Some(media) = media else { return Vec::new() };
    extras([
        ("media_id", text(&media.id)),
        ("media_product_type", text(&media.media_product_type)),
        ("ad_id", text(&media.ad_id)),
    ])
}
