//! A ticket: what a caller may say about it, how it changes, and how Zendesk writes it. No HTTP, no clock.

use std::collections::BTreeSet;

use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Answer;

/// The user our API token belongs to.
const API_USER_ID: u64 = 1_000;
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
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comment {
    pub id: u64,
    pub author_id: u64,
    pub body: String,
    pub public: bool,
    pub created_at: Timestamp,
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
struct Requester {
    email: String,
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
    pub(crate) requester_email: Option<String>,
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
        let requester_email = self.requester.take().map(|requester| requester.email);
        if requester_email.as_ref().is_some_and(|email| !email.contains('@')) {
            return Err(Refusal::Invalid { attribute: "requester", words: "Requester: Email is not valid" });
        }
        if let Some(source) = self.via_followup_source_id
            && ticket(source).is_none_or(|source| source.status != "closed")
        {
            let words = "Via followup source: must be a closed ticket";
            return Err(Refusal::Invalid { attribute: "via_followup_source_id", words });
        }
        Ok(NewTicket { fields: self, first_comment, requester_email })
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
        };
        let first_status = if fields.assignee_id.is_some() { "open" } else { "new" };
        Ticket {
            id,
            external_id: fields.external_id,
            created_at: now,
            updated_at: now,
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
        }
    }
}

impl Ticket {
    pub(crate) fn url(&self, base_url: &str) -> String {
        format!("{base_url}/zendesk/api/v2/tickets/{}.json", self.id)
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

    /// Applies an update and returns the audit events of what changed.
    pub(crate) fn update(
        &mut self,
        fields: Fields,
        next_id: &mut dyn FnMut() -> u64,
        now: Timestamp,
    ) -> Result<Vec<Value>, Refusal> {
        self.may_change()?;
        self.is_current(fields.safe_update.as_ref(), fields.updated_stamp.as_deref())?;
        fields.check_choices()?;
        let mut events = Vec::new();
        if let Some(comment) = fields.comment {
            events.push(self.add_comment(comment, next_id(), now)?);
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
        self.updated_at = now;
        Ok(events)
    }

    fn add_comment(&mut self, fields: CommentFields, id: u64, now: Timestamp) -> Result<Value, Refusal> {
        if self.comments.len() >= COMMENTS_MAX {
            let words = "Comments: a ticket cannot have more than 5000";
            return Err(Refusal::Invalid { attribute: "comments", words });
        }
        let author_id = fields.author_id.unwrap_or(API_USER_ID);
        let comment = Comment { id, author_id, body: fields.body, public: fields.public, created_at: now };
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
            "via": via(self.followup_of),
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "generated_timestamp": self.updated_at.as_second(),
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
            "created_at": self.created_at,
        })
    }
}

/// The audit of a ticket just made.
pub(crate) fn creation_audit(ticket: &Ticket, mut next_id: impl FnMut() -> u64) -> Value {
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
    audit(ticket, events, &mut next_id)
}

pub(crate) fn audit(ticket: &Ticket, events: Vec<Value>, next_id: &mut dyn FnMut() -> u64) -> Value {
    json!({
        "id": next_id(),
        "ticket_id": ticket.id,
        "created_at": ticket.updated_at,
        "author_id": API_USER_ID,
        "metadata": { "system": {}, "custom": {} },
        "events": events,
        "via": via(None),
    })
}

fn via(followup_of: Option<u64>) -> Value {
    match followup_of {
        None => json!({ "channel": "api", "source": { "from": {}, "to": {}, "rel": null } }),
        Some(source) => json!({
            "channel": "api",
            "source": { "from": { "ticket_id": source }, "to": {}, "rel": "follow_up" },
        }),
    }
}
