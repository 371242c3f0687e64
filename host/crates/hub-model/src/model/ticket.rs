//! Support tickets.

use serde::{Deserialize, Serialize};

use crate::event;
use crate::identity::NodeId;
use crate::join::{Fact, Tags, Told, erase_by_flag, join_fields};
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
    /// The provider deleted it: what it was about is gone and stays gone.
    pub deleted: bool,
    /// Its requester is to be forgotten, which says no less.
    pub erased: bool,
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
    erased,
} then forget_erased);

erase_by_flag! { Ticket, or deleted; }

impl Ticket {
    #[must_use]
    pub fn told(ticket: &event::Ticket, requester: Option<NodeId>, told: Told) -> Self {
        let mut account = Self {
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
            erased: false,
        };
        account.forget_erased();
        account
    }

    /// Status, times and tags stay for the desk's own numbers.
    fn forget_erased(&mut self) {
        if self.deleted || self.erased {
            self.subject = None;
        }
    }

    /// Somebody still owes an answer.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let over = |status: &Fact<String>| matches!(status.value.as_str(), "solved" | "closed" | "deleted");
        !self.deleted && !self.status.as_ref().is_some_and(over)
    }
}
