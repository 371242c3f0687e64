//! Bodies of triggers. The administrator writes them, so their keys are looked up through names that people use and the
//! setting `trigger_mapping`. Everything arrives as text, and what has no value as "", "-" or the placeholder itself.

use std::collections::BTreeMap;

use omnihub_plugin::dated::fingerprint;
use omnihub_plugin::exact::{self, Text};
use omnihub_plugin::members::{self, extras};
use omnihub_plugin::model::{Author, Direction, Identity, Interaction, Party, Proof, SurveyResponse, Ticket};
use omnihub_plugin::{Delivery, Event, Failure, Payload, Report};
use serde_json::value::RawValue;

use super::{channel, effect, flag, status, tag_words, word};
use crate::manifest::SIGNED_AT;

/// Our fields, and the keys they are looked up under when the setting says nothing. Case, "_", "-" and "." do not
/// matter, and what is inside `"ticket": {…}` counts as if it were outside: `ticketID` is `ticket_id` is `ticket.id`.
const FIELDS: [(&str, &[&str]); 22] = [
    ("ticket_id", &["ticket_id", "id"]),
    ("external_id", &["external_id"]),
    ("subject", &["title", "subject"]),
    ("comment", &["latest_comment", "comment", "latest_public_comment", "comment_body", "message"]),
    ("description", &["description"]),
    ("comment_id", &["comment_id", "latest_comment_id"]),
    ("is_public", &["is_public", "comment_is_public", "latest_comment_is_public"]),
    ("author_role", &["author_role", "latest_comment_author_role"]),
    ("requester_id", &["requester_id"]),
    ("requester_email", &["requester_email"]),
    ("requester_name", &["requester_name"]),
    ("requester_phone", &["requester_phone", "phone"]),
    ("requester", &["requester"]),
    ("status", &["status"]),
    ("priority", &["priority"]),
    ("kind", &["ticket_type"]),
    ("tags", &["tags"]),
    ("via", &["via", "channel"]),
    ("assignee", &["assignee_id"]),
    ("group", &["group_id"]),
    ("created_at", &["created_at", "created_at_with_timestamp"]),
    ("updated_at", &["updated_at", "updated_at_with_timestamp"]),
];
/// Fields of a rating; looked up like the others.
const RATING_FIELDS: [(&str, &[&str]); 2] = [
    ("rating", &["satisfaction_current_rating", "satisfaction_rating", "satisfaction_score", "csat"]),
    ("rating_comment", &["satisfaction_current_comment", "satisfaction_comment", "csat_comment"]),
];
/// Deeper than any template nests.
const DEPTH_MAX: usize = 3;

pub(super) fn report(delivery: &Delivery, mapping: Option<&str>) -> Result<Report, Failure> {
    let mapping = read_mapping(mapping)?;
    let body = Body::read(&delivery.body, mapping);
    let unknown = "neither an event of Zendesk's nor a trigger's body with a ticket id; see the setting trigger_mapping";
    let ticket_id = body.get("ticket_id").ok_or_else(|| Failure::Rejected(unknown.into()))?;
    let signed_at = delivery.header(&[SIGNED_AT]).and_then(exact::timestamp);
    let updated_at = body.time("updated_at");
    let trigger = Trigger {
        ticket_id,
        created_at: body.time("created_at"),
        time: updated_at.or(signed_at),
        mark: fingerprint(&delivery.body),
        key_time: updated_at,
        received_at: delivery.received_at,
        channel: body.get("via").map(|via| channel(&via)),
        body,
    };
    Ok(trigger.report())
}

/// The setting: a JSON object from our field names to keys of the body.
fn read_mapping(mapping: Option<&str>) -> Result<BTreeMap<String, String>, Failure> {
    let text = mapping.map(str::trim).filter(|text| !text.is_empty()).unwrap_or("{}");
    let wrong = || Failure::Misconfigured("trigger_mapping".into());
    let members = members::parse(text).ok_or_else(wrong)?;
    let key = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).map_err(|_| wrong());
    let mapping: BTreeMap<String, String> =
        members.into_iter().map(|(field, raw)| Ok((field, key(raw)?))).collect::<Result<_, Failure>>()?;
    let known = |field: &String| FIELDS.iter().chain(&RATING_FIELDS).any(|(name, _)| name == field);
    if mapping.keys().all(known) { Ok(mapping) } else { Err(wrong()) }
}

/// A trigger's body, flat: folded keys to texts.
struct Body {
    values: BTreeMap<String, String>,
    mapping: BTreeMap<String, String>,
}

impl Body {
    fn read(json: &str, mapping: BTreeMap<String, String>) -> Self {
        let mut values = BTreeMap::new();
        flatten(json, "", DEPTH_MAX, &mut values);
        Self { values, mapping }
    }

    /// What the body says of one of our fields.
    fn get(&self, field: &str) -> Option<String> {
        if let Some(key) = self.mapping.get(field) {
            return self.values.get(&folded(key)).cloned();
        }
        let (_, keys) = FIELDS.iter().chain(&RATING_FIELDS).find(|(name, _)| *name == field)?;
        keys.iter().find_map(|key| self.values.get(&folded(key))).cloned()
    }

    fn text(&self, field: &str) -> Option<Text> {
        self.get(field).map(Text)
    }

    /// Only placeholders "…_with_timestamp" render a time; "January 8" is none.
    fn time(&self, field: &str) -> Option<i64> {
        self.get(field).and_then(|text| exact::timestamp(&text))
    }
}

fn flatten(json: &str, prefix: &str, depth: usize, values: &mut BTreeMap<String, String>) {
    let Some(members) = members::parse(json) else { return };
    let mut nested = Vec::new();
    for (key, raw) in members {
        let name = format!("{prefix}{}", folded(&key));
        if raw.get().starts_with('{') {
            nested.push((name, raw));
        } else if let Some(text) = scalar(raw) {
            // In an object "ticket" the plain name counts too; what stands outside comes first.
            if let Some(plain) =
                name.strip_prefix("ticket").filter(|plain| !plain.is_empty() && prefix.starts_with("ticket"))
            {
                values.entry(plain.to_owned()).or_insert_with(|| text.clone());
            }
            values.entry(name).or_insert(text);
        }
    }
    if depth > 0 {
        nested.iter().for_each(|(name, raw)| flatten(raw.get(), name, depth - 1, values));
    }
}

/// A scalar, or a list of scalars with spaces between them; `None` where it says nothing.
fn scalar(raw: &RawValue) -> Option<String> {
    let text = match serde_json::from_str::<Text>(raw.get()) {
        Ok(text) => text.0,
        Err(_) => {
            let list: Vec<Text> = serde_json::from_str(raw.get()).ok()?;
            list.into_iter().map(|text| text.0).collect::<Vec<_>>().join(" ")
        }
    };
    let text = text.trim();
    let says_nothing = text.is_empty() || text == "-" || (text.starts_with("{{") && text.ends_with("}}"));
    (!says_nothing).then(|| text.to_owned())
}

fn folded(key: &str) -> String {
    key.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

struct Trigger {
    ticket_id: String,
    created_at: Option<i64>,
    /// When the ticket last changed; without it, when Zendesk signed the delivery.
    time: Option<i64>,
    /// When the ticket last changed, if the body says so: a retry may be signed anew, so only this goes into keys.
    key_time: Option<i64>,
    mark: String,
    received_at: i64,
    channel: Option<String>,
    body: Body,
}

impl Trigger {
    fn report(&self) -> Report {
        let mut report = Report::new();
        report.events.push(self.ticket());
        report.events.extend(self.interaction());
        report.events.extend(self.rating());
        report
    }

    /// An event whose key the body alone decides. Several triggers may fire on one change of a ticket.
    fn again(&self, name: &str, payload: Payload) -> Event {
        let time = self.key_time.map_or_else(String::new, |time| time.to_string());
        let key = format!("{}@{time}/{}", self.ticket_id, self.mark);
        Event::once(name, key, self.time, self.received_at, payload)
    }

    fn ticket(&self) -> Event {
        let body = &self.body;
        let ticket = Ticket {
            external_id: body.get("external_id"),
            subject: body.get("subject"),
            status: status(&body.text("status")),
            priority: word(&body.text("priority")),
            kind: word(&body.text("kind")),
            channel: self.channel.clone(),
            requester: self.requester(),
            assignee: body.get("assignee"),
            group: body.get("group"),
            tags: body.get("tags").map(|tags| tag_words(&tags)),
            created_at: self.created_at,
            ..Ticket::new(self.ticket_id.clone())
        };
        if self.created_at.is_some() && self.created_at == self.key_time {
            let extra = extras([("effect", effect(&self.body.text("external_id")))]);
            let payload = Payload::Ticket(Ticket { extra, ..ticket });
            return Event::once(
                "ticket.created",
                self.ticket_id.clone(),
                self.time,
                self.received_at,
                payload,
            );
        }
        self.again("ticket.updated", Payload::Ticket(ticket))
    }

    /// Who asked for the ticket. Without Zendesk's id of them they are filed under the ticket.
    fn requester(&self) -> Option<Party> {
        let (named, address) =
            self.body.get("requester").map(|text| name_and_address(&text)).unwrap_or_default();
        let email = self.body.get("requester_email").filter(|email| email.contains('@')).or(address);
        let by_phone = self.channel.as_deref() == Some("phone");
        let phone_proof = if by_phone { Proof::Channel } else { Proof::Claimed };
        let contacts = email
            .map(|email| Identity::email(email, Proof::Channel))
            .into_iter()
            .chain(self.body.get("requester_phone").map(|phone| Identity::phone(phone, phone_proof)));
        let contacts: Vec<Identity> = contacts.collect();
        let own = match self.body.text("requester_id").and_then(Text::id) {
            Some(user) => Identity::provider("user", user),
            None if contacts.is_empty() => return None,
            None => Identity::provider("ticket-requester", self.ticket_id.clone()),
        };
        let name = self.body.get("requester_name").or(named);
        Party::of(std::iter::once(own).chain(contacts).collect(), name)
    }

    /// A call or an e-mail the ticket came with. Other tickets' texts may be anybody's, so they stay in the delivery.
    fn interaction(&self) -> Option<Event> {
        match self.channel.as_deref()? {
            "phone" => Some(self.call()),
            "email" => self.mail(),
            _ => None,
        }
    }

    /// One call per ticket: further changes of the ticket tell of the same call.
    fn call(&self) -> Event {
        let via = self.body.get("via").unwrap_or_default().to_lowercase();
        let outgoing = via.contains("outgoing") || via.contains("outbound");
        let (name, direction, author) = match outgoing {
            true => ("message.sent", Direction::Outbound, Author::Human),
            false => ("call.received", Direction::Inbound, Author::Customer),
        };
        let at = self.created_at.or(self.time);
        let key = format!("{}/call", self.ticket_id);
        let call = Interaction {
            kind: Some("call".to_owned()),
            direction: Some(direction),
            author: Some(author),
            text: self.body.get("description").or_else(|| self.body.get("comment")),
            ..self.said(&key, at)
        };
        Event::once(name, key, at, self.received_at, Payload::Interaction(call))
    }

    /// The newest comment, else the first. A trigger that fires again repeats it, so without an id of its own the text
    /// is what names it.
    fn mail(&self) -> Option<Event> {
        let (text, at) = match self.body.get("comment") {
            Some(comment) => (comment, self.time),
            None => (self.body.get("description")?, self.created_at.or(self.time)),
        };
        let key = self.body.get("comment_id");
        let key = key.unwrap_or_else(|| format!("{}/{}", self.ticket_id, fingerprint(&text)));
        let staff =
            matches!(word(&self.body.text("author_role")).as_deref(), Some("agent" | "admin" | "staff"));
        let author = if staff { Author::Human } else { Author::Customer };
        let (name, kind, direction) = match (flag(&self.body.text("is_public")), staff) {
            (Some(false), _) => ("note.added", "note", Direction::Internal),
            (_, true) => ("message.sent", "message", Direction::Outbound),
            (_, false) => ("message.received", "message", Direction::Inbound),
        };
        let message = Interaction {
            kind: Some(kind.to_owned()),
            direction: Some(direction),
            author: Some(author),
            text: Some(text),
            ..self.said(&key, at)
        };
        Some(Event::once(name, key, at, self.received_at, Payload::Interaction(message)))
    }

    fn said(&self, id: &str, at: Option<i64>) -> Interaction {
        Interaction {
            channel: self.channel.clone(),
            customer: self.requester(),
            thread: Some(self.ticket_id.clone()),
            ticket: Some(self.ticket_id.clone()),
            sent_at: at,
            ..Interaction::new(id)
        }
    }

    /// "Offered" is no answer.
    fn rating(&self) -> Option<Event> {
        let score = word(&self.body.text("rating"))
            .filter(|score| !matches!(score.as_str(), "offered" | "unoffered"))?;
        let answer = SurveyResponse {
            ticket: Some(self.ticket_id.clone()),
            who: self.requester(),
            score: Some(score),
            comment: self.body.get("rating_comment"),
            extra: extras([]),
            ..SurveyResponse::new(self.ticket_id.clone(), "csat")
        };
        Some(self.again("survey.answered", Payload::SurveyResponse(answer)))
    }
}

/// "Ana Sample <ana@example.com>", or a name, or an address.
fn name_and_address(text: &str) -> (Option<String>, Option<String>) {
    let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    match text.split_once('<') {
        Some((name, rest)) => {
            (said(name), rest.split('>').next().and_then(said).filter(|email| email.contains('@')))
        }
        None if text.contains('@') => (None, said(text)),
        None => (said(text), None),
    }
}
