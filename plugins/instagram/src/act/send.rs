//! Sending a text or a medium to somebody who has written: within a day, or within a week where a person answers.

use omnihub_plugin::meta::effect::{DAY, argument, flag, optional, wrote_within};
use omnihub_plugin::meta::graph::{self, Graph, Repeat};
use omnihub_plugin::{Effect, Failure, Receipt};
use serde_json::{Value, json};

use super::echo::{self, Echo};
use super::{already_done, receipt};
use crate::api::Api;

/// How long a person may answer. Meta wants the tag on nothing automatic.
const HUMAN_AGENT_DAYS: i64 = 7;

pub(super) enum Content<'a> {
    Text(&'a str),
    Medium { kind: &'a str, url: &'a str },
}

impl<'a> Content<'a> {
    /// Instagram has no captions: a text beside a medium would be a second message.
    fn of(effect: &'a Effect) -> Result<Self, Failure> {
        match (optional(effect, "text"), optional(effect, "media_url")) {
            (Some(text), None) => Ok(Self::Text(text)),
            (None, Some(url)) => {
                let kind = optional(effect, "media_type").unwrap_or("image");
                match kind {
                    "image" | "video" | "audio" | "file" => Ok(Self::Medium { kind, url }),
                    _ => Err(Failure::Rejected("media_type is none of image, video, audio, file".into())),
                }
            }
            (None, None) => Err(Failure::Rejected("text or media_url is missing".into())),
            (Some(_), Some(_)) => Err(Failure::Rejected("give text or media_url, not both".into())),
        }
    }

    fn message(&self) -> Value {
        match self {
            Self::Text(text) => json!({"text": text}),
            Self::Medium { kind, url } => json!({"attachment": {"type": kind, "payload": {"url": url}}}),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Speaker {
    Automatic,
    Person,
}

pub(super) fn perform(effect: &Effect, api: &Api, graph: &mut dyn Graph) -> Result<Receipt, Failure> {
    let to = argument(effect, "to")?;
    let content = Content::of(effect)?;
    let speaker = if flag(effect, "human_agent")? { Speaker::Person } else { Speaker::Automatic };
    if effect.uncertain {
        match echo::look(effect, to, &content, api, graph)? {
            Echo::Found(mid) => return Ok(already_done(to, &mid)),
            Echo::Absent => {}
            // Whom we may write to has a conversation with us.
            Echo::NoConversation | Echo::Undecided => {
                let why = "an earlier attempt may have been sent, and the conversation does not tell";
                return Err(Failure::OutcomeUnknown(why.into()));
            }
        }
    }
    judge_window(effect, speaker)?;
    let path = api.edge("messages", &[])?;
    let request = graph::post(path, body(to, &content, speaker).to_string());
    let answer = graph::call(graph, &request, effect.attempt, Repeat::Never)?;
    Ok(receipt(Some(to), &answer))
}

fn judge_window(effect: &Effect, speaker: Speaker) -> Result<(), Failure> {
    let refused = |why: &str| Err(Failure::Rejected(why.into()));
    match speaker {
        _ if wrote_within(effect, DAY) => Ok(()),
        _ if effect.last_inbound_at.is_none() => {
            refused("the customer has never written: only they can begin a conversation on Instagram")
        }
        Speaker::Automatic => refused(
            "outside the 24-hour window: only a person may answer now, within 7 days and with human_agent",
        ),
        Speaker::Person if wrote_within(effect, HUMAN_AGENT_DAYS * DAY) => Ok(()),
        Speaker::Person => refused("outside the 7-day window of human agents"),
    }
}

fn body(to: &str, content: &Content<'_>, speaker: Speaker) -> Value {
    let mut body = json!({"recipient": {"id": to}, "message": content.message()});
    if let (Speaker::Person, Value::Object(members)) = (speaker, &mut body) {
        members.insert("messaging_type".into(), "MESSAGE_TAG".into());
        members.insert("tag".into(), "HUMAN_AGENT".into());
    }
    body
}
