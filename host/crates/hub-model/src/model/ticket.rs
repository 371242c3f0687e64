//! Support tickets.

use serde::{Deserialize, Serialize};

use crate::event;
use crate::identity::NodeId;
use crate::join::{Fact, Tags, Told, join_fields};
use crate::time::Timestamp;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub external_id: Option<Fact<String>>,
    pub subject: Option<Fact<String>>,
    /// Lower case; words we do not know are kept.
    pub status: Option<Fact<String>>,
    pub priority: Option<Fact<String>>,
    pub kind: Option<Fact<String>>,
    pub channel: Option<Fact<String>>,
    pub requester: Option<Fact<NodeId>>,
    pub assignee: Option<Fact<String>>,
    pub group: Option<Fact<String>>,
    pub tags: Tags,
    pub created_at: Option<Fact<Timestamp>>,
    pub deleted: bool,
}

join_fields!(Ticket {
    external_id,
    subject,
    status,
    priority,
    kind,
    channel,
    requester,
    assignee,
    group,
    tags,
    created_at,
    deleted,
});

impl Ticket {
    #[must_use]
    pub fn told(ticket: &event::Ticket, requester: Option<NodeId>, told: Told) -> Self {
        Self {
            external_id: told.maybe(&ticket.external_id),
            subject: told.maybe(&ticket.subject),
            status: told.maybe(&ticket.status),
            priority: told.maybe(&ticket.priority),
            kind: told.maybe(&ticket.kind),
            channel: told.maybe(&ticket.channel),
            requester: told.maybe(&requester),
            assignee: told.maybe(&ticket.assignee),
            group: told.maybe(&ticket.group),
            tags: Tags::told(told, ticket.tags.as_ref(), &ticket.tags_added, &ticket.tags_removed),
            created_at: told.maybe(&ticket.created_at),
            deleted: ticket.deleted,
        }
    }

    /// Somebody still owes an answer.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let over = |status: &Fact<String>| matches!(status.value.as_str(), "solved" | "closed" | "deleted");
        !self.deleted && !self.status.as_ref().is_some_and(over)
    }
}
