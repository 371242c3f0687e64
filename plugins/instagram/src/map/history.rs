//! Messages as the API tells them: brought into the shape of a webhook's item, so that one mapping serves both and a
//! message read later is the message that was received.

use omnihub_plugin::exact::Text;
use omnihub_plugin::{Remark, Report};

use super::{Frame, Map, Owner, text};
use crate::wire::{self, Person, history};

impl Map<'_> {
    /// A message of one conversation. `others` are its participants, for messages that do not say to whom they went.
    pub(crate) fn told(
        &mut self,
        path: &str,
        account: &str,
        others: Option<&history::People>,
        message: &history::Message,
    ) {
        let Some(from) = message.from.as_ref().and_then(|from| text(&from.id)) else {
            let reason = "the provider tells no more of this message than its id";
            return self.gather.note(path, Remark::Unknown, reason);
        };
        let is_ours = from == account;
        let to = person(message.to.as_ref(), None).or_else(|| person(others, Some(&from)));
        let is_theirs = to.as_ref().and_then(|to| text(&to.id)).is_some_and(|to| to == account);
        match (is_ours, is_theirs) {
            (true, true) => {
                return self.gather.note(path, Remark::Ignored, "the account wrote to itself to test");
            }
            (false, false) if to.is_some() => {
                return self.malformed(path, "neither sender nor recipient is the account");
            }
            _ => {}
        }
        let item = wire::Item {
            sender: message.from.as_ref().map(copy),
            recipient: to,
            timestamp: message.created_time.clone(),
            message: Some(to_message(message, is_ours)),
            ..wire::Item::default()
        };
        let frame = Frame { account: Some(account.to_owned()), time: None };
        self.happened(path, "", &item, &frame, Owner::Us);
    }

    /// What became of a part of a page that gave no event.
    pub(crate) fn note(&mut self, path: &str, remark: Remark, reason: &str) {
        self.gather.note(path, remark, reason);
    }

    /// Like `finish`, but a page may well have nothing in it.
    pub(crate) fn finish_page(self) -> Report {
        self.gather.finish_page()
    }
}

/// The first of these people who is not this one.
fn person(people: Option<&history::People>, except: Option<&str>) -> Option<Person> {
    let mut people = people?.data.iter().flatten().flatten();
    people.find(|person| text(&person.id).is_some_and(|id| Some(id.as_str()) != except)).map(copy)
}

fn copy(person: &Person) -> Person {
    Person { id: person.id.clone(), username: person.username.clone(), self_ig_scoped_id: None }
}

fn to_message(message: &history::Message, is_ours: bool) -> wire::Message {
    let mut attachments: Vec<Option<wire::Attachment>> = Vec::new();
    for attachment in message.attachments.iter().flat_map(|all| &all.data).flatten() {
        attachments.push(attachment.as_ref().map(to_attachment));
    }
    for share in message.shares.iter().flat_map(|all| &all.data).flatten() {
        let said = |share: &history::Share| attached("share", &share.link, &share.name);
        attachments.push(share.as_ref().map(said));
    }
    let story = message.story.as_ref();
    if let Some(mention) = story.and_then(|story| story.mention.as_ref()) {
        attachments.push(Some(attached("story_mention", &mention.link, &None)));
    }
    let reply_to = story.and_then(|story| story.reply_to.as_ref()).map(|story| wire::ReplyTo {
        mid: None,
        story: Some(wire::Story { id: story.id.clone(), url: story.link.clone() }),
    });
    wire::Message {
        mid: message.id.clone(),
        text: message.message.clone(),
        is_unsupported: message.is_unsupported.clone(),
        is_echo: is_ours.then(|| Text("true".into())),
        attachments: (!attachments.is_empty()).then_some(attachments),
        reply_to,
        ..wire::Message::default()
    }
}

fn to_attachment(attachment: &history::Attachment) -> wire::Attachment {
    let is_audio = text(&attachment.mime_type).is_some_and(|mime| mime.starts_with("audio/"));
    match (&attachment.image_data, &attachment.video_data) {
        (Some(image), _) => attached("image", &image.url, &None),
        (_, Some(video)) => attached("video", &video.url, &None),
        _ if is_audio => attached("audio", &attachment.file_url, &None),
        _ => attached("file", &attachment.file_url, &attachment.name),
    }
}

fn attached(kind: &str, url: &Option<Text>, title: &Option<Text>) -> wire::Attachment {
    wire::Attachment {
        kind: Some(Text(kind.into())),
        payload: Some(wire::AttachmentPayload {
            url: url.clone(),
            title: title.clone(),
            reel_video_id: None,
        }),
    }
}
