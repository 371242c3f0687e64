//! A ticket: what a caller may say about it, how it changes, and how Zendesk writes it. No HTTP, no clock.

use std::collections::BTreeSet;

use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::API_USER_ID;
use crate::answer::Answer;

const STATUSES: [&str; 6] = ["new", "open", "pending", "hold", "solved", "closed"];
const PRIORITIES: [&str; 4] = ["urgent", "high", "normal", "low"];
/// Zendesk refuses the next one.
const COMMENTS_MAX: usize = 5_000;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ticket {
    pub id: u64,
    pub external_id: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Moves also when Zendesk itself changes something, which `updated_at` does not.
    pub generated_at: Timestamp,
    pub kind: Option<String>,
    pub subject: Option<String>,
    pub description: String,
    pub priority: Option<String>,
    pub status: String,
    pub requester_id: u64,
    pub assignee_id: Option<u64>,
    pub group_id: Option<u64>,
    pub tags: BTreeSet<String>,
    pub custom_fields: Vec<Value>,
    /// The closed ticket this one follows up.
    pub followup_of: Option<u64>,
    pub comments: Vec<Comment>,
    /// One for each change.
    pub audits: Vec<Audit>,
    /// What the status was before it was deleted.
    pub deleted_from: Option<String>,
    /// How it came in.
    pub channel: String,
}

/// One change of a ticket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    pub id: u64,
    pub author_id: u64,
    pub created_at: Timestamp,
    /// What the caller put beside the change.
    pub metadata: Value,
    pub events: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comment {
    pub id: u64,
    pub author_id: u64,
    pub body: String,
    pub public: bool,
    pub created_at: Timestamp,
    /// What the caller put beside it.
    pub metadata: Value,
}

/// What a request may say about a ticket. Unknown attributes are ignored, as Zendesk does.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    subject: Option<String>,
    comment: Option<CommentFields>,
    description: Option<String>,
    requester: Option<Requester>,
    requester_id: Option<u64>,
    assignee_id: Option<u64>,
    group_id: Option<u64>,
    priority: Option<String>,
    status: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    tags: Option<Vec<String>>,
    external_id: Option<String>,
    custom_fields: Option<Vec<Value>>,
    via_followup_source_id: Option<u64>,
    /// Beside the change in its audit.
    metadata: Option<Value>,
    /// Not Zendesk's: lets a play begin with a ticket that came in by mail, say.
    via: Option<Via>,
    safe_update: Option<Value>,
    updated_stamp: Option<String>,
}

#[derive(Debug, Deserialize)]
struct CommentFields {
    body: String,
    #[serde(default = "is_public")]
    public: bool,
    #[serde(default)]
    author_id: Option<u64>,
}

fn is_public() -> bool {
    true
}

#[derive(Debug, Deserialize)]
struct Via {
    channel: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Requester {
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

/// Why a request about a ticket is refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    Invalid { attribute: &'static str, words: &'static str },
    Closed,
    Outdated,
}

impl Refusal {
    pub(crate) fn answer(self) -> Answer {
        let (attribute, words) = match self {
            Self::Invalid { attribute, words } => (attribute, words),
            Self::Closed => ("status", "Status: closed prevents ticket update"),
            Self::Outdated => return outdated(),
        };
        let body = json!({
            "error": "RecordInvalid",
            "description": "Record validation errors",
            "details": { attribute: [{ "description": words }] },
        });
        Answer::new(StatusCode::UNPROCESSABLE_ENTITY, body)
    }
}

fn outdated() -> Answer {
    let words = "Safe Update prevented the update due to outdated ticket data. \
                 Please fetch the latest ticket data and try again.";
    Answer::new(StatusCode::CONFLICT, json!({ "error": "UpdateConflict", "description": words }))
}

/// A new ticket that only lacks its ids and its time.
pub(crate) struct NewTicket {
    fields: Fields,
    first_comment: CommentFields,
    pub(crate) requester: Option<Requester>,
}

impl Fields {
    pub(crate) fn check_new<'a>(
        mut self,
        ticket: impl FnOnce(u64) -> Option<&'a Ticket>,
    ) -> Result<NewTicket, Refusal> {
        self.check_choices()?;
        let description = self.description.take();
        let first_comment = (self.comment.take())
            .or_else(|| description.map(|body| CommentFields { body, public: true, author_id: None }))
            .filter(|comment| !comment.body.trim().is_empty())
            .ok_or(Refusal::Invalid { attribute: "base", words: "Description: cannot be blank" })?;
        let requester = self.requester.take();
        if requester.as_ref().is_some_and(|requester| !requester.email.contains('@')) {
            return Err(Refusal::Invalid { attribute: "requester", words: "Requester: Email is not valid" });
        }
        if let Some(source) = self.via_followup_source_id
            && ticket(source).is_none_or(|source| source.status != "closed")
        {
            let words = "Via followup source: must be a closed ticket";
            return Err(Refusal::Invalid { attribute: "via_followup_source_id", words });
        }
        Ok(NewTicket { fields: self, first_comment, requester })
    }

    fn check_choices(&self) -> Result<(), Refusal> {
        let known = |choices: &[&str], given: &Option<String>| {
            given.as_deref().is_none_or(|given| choices.contains(&given))
        };
        if !known(&STATUSES, &self.status) {
            return Err(Refusal::Invalid { attribute: "status", words: "Status: is not valid" });
        }
        if !known(&PRIORITIES, &self.priority) {
            return Err(Refusal::Invalid { attribute: "priority", words: "Priority: is not valid" });
        }
        Ok(())
    }
}

impl NewTicket {
    pub(crate) fn into_ticket(
        self,
        id: u64,
        requester: Option<u64>,
        comment_id: u64,
        now: Timestamp,
    ) -> Ticket {
        let Self { fields, first_comment, .. } = self;
        let requester_id = requester.or(fields.requester_id).unwrap_or(API_USER_ID);
        let comment = Comment {
            id: comment_id,
            author_id: first_comment.author_id.unwrap_or(requester_id),
            body: first_comment.body,
            public: first_comment.public,
            created_at: now,
            metadata: fields.metadata.unwrap_or_else(|| json!({})),
        };
        let first_status = if fields.assignee_id.is_some() { "open" } else { "new" };
        Ticket {
            id,
            external_id: fields.external_id,
            created_at: now,
            updated_at: now,
            generated_at: now,
            kind: fields.kind,
            subject: fields.subject,
            description: comment.body.clone(),
            priority: fields.priority,
            status: fields.status.unwrap_or_else(|| first_status.to_owned()),
            requester_id,
            assignee_id: fields.assignee_id,
            group_id: fields.group_id,
            tags: fields.tags.unwrap_or_default().into_iter().collect(),
            custom_fields: fields.custom_fields.unwrap_or_default(),
            followup_of: fields.via_followup_source_id,
            comments: vec![comment],
            audits: Vec::new(),
            deleted_from: None,
            channel: fields.via.map_or_else(|| "api".to_owned(), |via| via.channel),
        }
    }
}

impl Ticket {
    pub(crate) fn url(&self, base_url: &str) -> String {
        format!("{base_url}/zendesk/api/v2/tickets/{}.json", self.id)
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted_from.is_some()
    }

    /// A change that counts as one.
    pub(crate) fn touch(&mut self, now: Timestamp) {
        self.updated_at = now;
        self.generated_at = self.generated_at.max(now);
    }

    /// Keeps what a change did.
    pub(crate) fn note(&mut self, id: u64, author_id: u64, metadata: Value, events: Vec<Value>) {
        self.audits.push(Audit { id, author_id, created_at: self.updated_at, metadata, events });
    }

    pub(crate) fn may_change(&self) -> Result<(), Refusal> {
        if self.status == "closed" { Err(Refusal::Closed) } else { Ok(()) }
    }

    /// Holds only when the caller asked for a safe update: its stamp must be of the ticket as it is.
    pub(crate) fn is_current(&self, safe: Option<&Value>, stamp: Option<&str>) -> Result<(), Refusal> {
        if !matches!(safe, Some(Value::Bool(true))) && safe.and_then(Value::as_str) != Some("true") {
            return Ok(());
        }
        match stamp.and_then(|stamp| stamp.parse::<Timestamp>().ok()) {
            Some(stamp) if stamp == self.updated_at => Ok(()),
            _ => Err(Refusal::Outdated),
        }
    }

    /// Applies an update and returns the audit events of what changed. A customer's answer opens the ticket again.
    pub(crate) fn update(
        &mut self,
        mut fields: Fields,
        next_id: &mut dyn FnMut() -> u64,
        now: Timestamp,
        is_staff: impl Fn(u64) -> bool,
    ) -> Result<Vec<Value>, Refusal> {
        self.may_change()?;
        self.is_current(fields.safe_update.as_ref(), fields.updated_stamp.as_deref())?;
        fields.check_choices()?;
        let mut events = Vec::new();
        if let Some(comment) = fields.comment.take() {
            let author = comment.author_id.unwrap_or(API_USER_ID);
            if !is_staff(author) && matches!(self.status.as_str(), "pending" | "hold" | "solved") {
                fields.status.get_or_insert_with(|| "open".to_owned());
            }
            let metadata = fields.metadata.clone().unwrap_or_else(|| json!({}));
            events.push(self.add_comment(comment, next_id(), now, metadata)?);
        }
        let mut note = |field: &str, before: Value, after: Value| {
            if before != after {
                let id = next_id();
                events.push(json!({
                    "id": id, "type": "Change", "field_name": field, "previous_value": before, "value": after,
                }));
            }
        };
        set(&mut self.subject, fields.subject, |before, after| note("subject", before, after));
        set(&mut self.priority, fields.priority, |before, after| note("priority", before, after));
        set(&mut self.kind, fields.kind, |before, after| note("type", before, after));
        set(&mut self.external_id, fields.external_id, |before, after| note("external_id", before, after));
        set(&mut self.assignee_id, fields.assignee_id, |before, after| note("assignee_id", before, after));
        set(&mut self.group_id, fields.group_id, |before, after| note("group_id", before, after));
        if let Some(status) = fields.status {
            note("status", json!(self.status), json!(status));
            self.status = status;
        }
        if let Some(tags) = fields.tags {
            let tags = tags.into_iter().collect();
            note("tags", json!(self.tags), json!(tags));
            self.tags = tags;
        }
        if let Some(custom_fields) = fields.custom_fields {
            note("custom_fields", json!(self.custom_fields), json!(custom_fields));
            self.custom_fields = custom_fields;
        }
        self.touch(now);
        Ok(events)
    }

    fn add_comment(
        &mut self,
        fields: CommentFields,
        id: u64,
        now: Timestamp,
        metadata: Value,
    ) -> Result<Value, Refusal> {
        if self.comments.len() >= COMMENTS_MAX {
            let words = "Comments: a ticket cannot have more than 5000";
            return Err(Refusal::Invalid { attribute: "comments", words });
        }
        let author_id = fields.author_id.unwrap_or(API_USER_ID);
        let comment =
            Comment { id, author_id, body: fields.body, public: fields.public, created_at: now, metadata };
        let event = comment.to_json();
        self.comments.push(comment);
        Ok(event)
    }

    /// As the REST API writes it.
    pub(crate) fn to_json(&self, base_url: &str) -> Value {
        json!({
            "url": self.url(base_url),
            "id": self.id,
            "external_id": self.external_id,
            "via": via(&self.channel, self.followup_of),
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "generated_timestamp": self.generated_at.as_second(),
            "type": self.kind,
            "subject": self.subject,
            "raw_subject": self.subject,
            "description": self.description,
            "priority": self.priority,
            "status": self.status,
            "recipient": null,
            "requester_id": self.requester_id,
            "submitter_id": API_USER_ID,
            "assignee_id": self.assignee_id,
            "organization_id": null,
            "group_id": self.group_id,
            "collaborator_ids": [],
            "follower_ids": [],
            "email_cc_ids": [],
            "problem_id": null,
            "has_incidents": false,
            "is_public": self.comments.iter().any(|comment| comment.public),
            "due_at": null,
            "tags": self.tags,
            "custom_fields": self.custom_fields,
            "satisfaction_rating": null,
            "followup_ids": [],
            "allow_channelback": false,
            "allow_attachments": true,
        })
    }
}

fn set<T: Serialize>(slot: &mut Option<T>, given: Option<T>, note: impl FnOnce(Value, Value)) {
    if given.is_some() {
        note(json!(slot), json!(given));
        *slot = given;
    }
}

impl Comment {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "type": "Comment",
            "author_id": self.author_id,
            "body": self.body,
            "plain_body": self.body,
            "public": self.public,
            "attachments": [],
            "metadata": { "system": {}, "custom": self.metadata },
            "created_at": self.created_at,
        })
    }
}

/// What the first audit of a ticket says.
pub(crate) fn creation_events(ticket: &Ticket, mut next_id: impl FnMut() -> u64) -> Vec<Value> {
    let mut events: Vec<_> = ticket.comments.iter().map(Comment::to_json).collect();
    for (field, value) in [
        ("subject", json!(ticket.subject)),
        ("requester_id", json!(ticket.requester_id.to_string())),
        ("priority", json!(ticket.priority)),
        ("type", json!(ticket.kind)),
        ("status", json!(ticket.status)),
        ("tags", json!(ticket.tags)),
    ] {
        events.push(json!({ "id": next_id(), "type": "Create", "field_name": field, "value": value }));
    }
    events
}

impl Fields {
    /// What is to be kept beside the change.
    pub(crate) fn metadata(&self) -> Value {
        self.metadata.clone().unwrap_or_else(|| json!({}))
    }

    /// Who writes, if there is a comment, else our API user.
    pub(crate) fn author(&self) -> u64 {
        self.comment.as_ref().and_then(|comment| comment.author_id).unwrap_or(API_USER_ID)
    }
}

impl Audit {
    pub(crate) fn to_json(&self, ticket_id: u64) -> Value {
        json!({
            "id": self.id,
            "ticket_id": ticket_id,
            "created_at": self.created_at,
            "author_id": self.author_id,
            "metadata": { "system": {}, "custom": self.metadata },
            "events": self.events,
            "via": via("api", None),
        })
    }
}

fn via(channel: &str, followup_of: Option<u64>) -> Value {
    match followup_of {
        None => json!({ "channel": channel, "source": { "from": {}, "to": {}, "rel": null } }),
        Some(source) => json!({
            "channel": channel,
            "source": { "from": { "ticket_id": source }, "to": {}, "rel": "follow_up" },
        }),
    }
}
