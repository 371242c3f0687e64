//! Instagram's JSON as the API tells it: conversations with their messages. The members differ from those of webhooks.

use omnihub_plugin::lenient::said;

use super::Person;

/// What is asked of a message. Reactions are left out: the API gives them no time.
pub(crate) const MESSAGE_FIELDS: &str =
    "id,created_time,from,to,message,attachments,shares,story,is_unsupported";

omnihub_plugin::members! {
    /// Conversations, those with the newest messages first.
    Conversations {
        object: paging: Paging;
        list: data: Conversation;
    }
    /// `updated_time` is when the last message was sent.
    Conversation {
        text: id, updated_time;
        object: participants: People, messages: Messages;
    }
    /// Newest first. Of older ones than the last 20 the API gives ids at most.
    Messages {
        object: paging: Paging;
        list: data: Message;
    }
    Message {
        text: id, created_time, message, is_unsupported;
        object:
            from: Person,
            to: People,
            attachments: Attachments,
            shares: Shares,
            story: Story;
    }
    People { list: data: Person; }
    Attachments { list: data: Attachment; }
    Attachment {
        text: name, mime_type, file_url;
        object: image_data: MediaData, video_data: MediaData;
    }
    MediaData { text: url; }
    Shares { list: data: Share; }
    Share { text: link, name; }
    Story { object: mention: StoryLink, reply_to: StoryLink; }
    StoryLink { text: id, link; }
    Paging {
        text: next;
        object: cursors: Cursors;
    }
    Cursors { text: after; }
    /// Who the token belongs to, in either of two forms.
    Me {
        text: user_id;
        list: data: MeAgain;
    }
    MeAgain { text: user_id; }
    /// A comment, as far as it is looked up.
    Comment { object: from: Person; }
}

impl Paging {
    /// Where the next page begins. Meta leaves `next` away on the last page and cursors only sometimes; a page that is
    /// full counts as not the last.
    pub(crate) fn after(&self, is_full: bool) -> Option<String> {
        let after = said(self.cursors.as_ref()?.after.clone())?;
        (is_full || self.next.is_some()).then_some(after)
    }
}
