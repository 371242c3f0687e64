//! What becomes of what we sent. Statuses arrive in any order; the hub ranks them, so each is told as it is.

use omnihub_plugin::members::{self, extras};
use omnihub_plugin::meta;
use omnihub_plugin::model::{DeliveryStatus, Direction, Interaction};
use omnihub_plugin::{Event, Payload};

use super::people::Person;
use super::{Map, Place, text, thread};
use crate::wire::{Problem, Status};

impl Map<'_> {
    pub(super) fn status(&mut self, place: &Place<'_>) {
        let Some(status) = members::read::<Status>(place.raw) else {
            return self.malformed(&place.path, "the status is not an object");
        };
        let (Some(id), Some(word)) = (text(&status.id), text(&status.status)) else {
            return self.malformed(&place.path, "the status has no id or says nothing");
        };
        let time = meta::time(status.timestamp.as_ref()).or(place.time);
        let Some(rank) = rank(&word) else {
            let topic = format!("status.{word}");
            let event = meta::notice(&topic, place.raw, time, self.received_at, &[]);
            return self.gather.add(&place.path, event);
        };
        let group = status.recipient_type.as_ref().filter(|kind| kind.0 == "group");
        let (person, group) = match group {
            Some(_) => (Person::of(&status.recipient_participant_id, &None), text(&status.recipient_id)),
            None => (place.people.find(&status.recipient_id, &status.recipient_user_id), None),
        };
        // In a group everybody reads for themselves.
        let key = match (&group, &person) {
            (Some(_), Some(person)) => format!("{id}@{word}@{}", person.id()),
            _ => format!("{id}@{word}"),
        };
        let told = Interaction {
            channel: Some("whatsapp".into()),
            direction: Some(Direction::Outbound),
            thread: thread(place, group, person.as_ref()),
            customer: person.as_ref().map(Person::party),
            status: Some(rank),
            status_detail: status.errors.iter().flatten().flatten().find_map(detail),
            extra: extra(&status),
            ..Interaction::new(id)
        };
        let event = Event::once("message.status", key, time, self.received_at, Payload::Interaction(told));
        self.gather.add(&place.path, event);
    }
}

fn rank(word: &str) -> Option<DeliveryStatus> {
    Some(match word {
        "accepted" => DeliveryStatus::Accepted,
        "sent" => DeliveryStatus::Sent,
        "delivered" => DeliveryStatus::Delivered,
        "read" => DeliveryStatus::Read,
        "played" => DeliveryStatus::Played,
        "failed" => DeliveryStatus::Failed,
        "deleted" => DeliveryStatus::Deleted,
        _ => return None,
    })
}

fn detail(problem: &Problem) -> Option<String> {
    let code = text(&problem.code)?;
    Some(match text(&problem.title).or_else(|| text(&problem.message)) {
        Some(title) => format!("{code}: {title}"),
        None => code,
    })
}

fn extra(status: &Status) -> Vec<(String, String)> {
    let conversation = status.conversation.as_ref();
    let origin = conversation.and_then(|conversation| conversation.origin.as_ref());
    let pricing = status.pricing.as_ref();
    extras([
        ("conversation_id", conversation.and_then(|conversation| text(&conversation.id))),
        (
            "conversation_expires",
            conversation.and_then(|conversation| text(&conversation.expiration_timestamp)),
        ),
        ("conversation_origin", origin.and_then(|origin| text(&origin.kind))),
        ("billable", pricing.and_then(|pricing| text(&pricing.billable))),
        ("pricing_category", pricing.and_then(|pricing| text(&pricing.category))),
        // What a send carried along. By this the hub knows the effect it came of.
        ("effect", text(&status.biz_opaque_callback_data)),
    ])
}
