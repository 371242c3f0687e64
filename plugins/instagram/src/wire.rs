//! Instagram's JSON inside an entry, every member optional: test tools, API generations and containers differ.
//! What the API answers to reads is in `history`.

pub(crate) mod history;

omnihub_plugin::members! {
    /// One item of `messaging` or `standby`. It has no type: the member that is there says what happened.
    Item {
        text: timestamp, is_self;
        object:
            sender: Person,
            recipient: Person,
            message: Message,
            postback: Postback,
            reaction: Reaction,
            read: Read,
            referral: Referral,
            message_edit: Edit;
    }
    Person { text: id, username, self_ig_scoped_id; }
    Message {
        text: mid, text, is_deleted, is_unsupported, is_echo, is_self, app_id;
        object: quick_reply: QuickReply, reply_to: ReplyTo, referral: Referral;
        list: attachments: Attachment;
    }
    /// A like_heart has no payload.
    Attachment {
        text: kind = "type";
        object: payload: AttachmentPayload;
    }
    AttachmentPayload { text: url, title, reel_video_id; }
    QuickReply { text: payload; }
    ReplyTo {
        text: mid;
        object: story: Story;
    }
    Story { text: id, url; }
    Referral { text: reference = "ref", source, kind = "type", ad_id; }
    Postback {
        text: mid, title, payload, is_self;
        object: referral: Referral;
    }
    /// `reaction` is a name such as "love"; it and the emoji are absent when the reaction was taken back.
    Reaction { text: mid, action, reaction, emoji; }
    Read { text: mid; }
    /// `num_edit` is text in the documentation, a number in deliveries.
    Edit { text: mid, text, num_edit; }
    /// The value of a change of field `comments` or `live_comments`.
    Comment {
        text: id, text, parent_id, timestamp;
        object: from: Person, media: Media;
    }
    Media { text: id, media_product_type, ad_id; }
    /// The value of a change of field `mentions`; a mention in a caption has no comment.
    Mention { text: media_id, comment_id; }
}

/// The members of [`Item`] around what happened.
pub(crate) const FRAME: [&str; 4] = ["sender", "recipient", "timestamp", "is_self"];
/// The members of [`Item`] that say what happened.
pub(crate) const HAPPENINGS: [&str; 6] =
    ["message", "postback", "reaction", "read", "referral", "message_edit"];
