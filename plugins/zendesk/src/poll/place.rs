//! Where a stream stands: our own small text, written here and read leniently.

use omnihub_plugin::lenient::said;
use omnihub_plugin::members;
use omnihub_plugin::{Failure, Position};
use serde_json::json;

use super::SECOND;

/// An export leaves out the newest minute, and starting in it is an error; a little more, for clocks that differ.
pub(super) const SETTLED_AFTER: i64 = 65;

members! {
    Written {
        text: after, start, reached, began, ticket, comments_after;
        texts: done;
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The provider's cursor. Without one, `start` counts.
    pub(super) after: Option<String>,
    /// Unix time in seconds.
    pub(super) start: i64,
    /// The changes up to here are read, in Unix seconds: this never goes back.
    pub(super) reached: Option<i64>,
    /// When this run began, in Unix seconds.
    pub(super) began: Option<i64>,
    /// Tickets of the page whose comments are read.
    pub(super) done: Vec<String>,
    /// The ticket whose comments are half read, and where to go on.
    pub(super) ticket: Option<String>,
    pub(super) comments_after: Option<String>,
}

impl Place {
    /// Where the position says, or the stream's beginning.
    pub(super) fn of(position: &Position) -> Result<Self, Failure> {
        let now = position.now.div_euclid(SECOND);
        match &position.cursor {
            Some(cursor) => Self::read(cursor, now),
            None => Ok(Self {
                start: position.since.map_or(0, |since| settled(since.div_euclid(SECOND), now)),
                ..Self::default()
            }),
        }
    }

    fn read(cursor: &str, now: i64) -> Result<Self, Failure> {
        let unreadable = || Failure::Rejected("the cursor cannot be read".into());
        let written: Written = members::read(cursor).ok_or_else(unreadable)?;
        let seconds = |text: &Option<omnihub_plugin::exact::Text>| text.as_ref()?.0.parse::<i64>().ok();
        let after = said(written.after);
        let start = seconds(&written.start);
        if after.is_none() && start.is_none() {
            return Err(unreadable());
        }
        Ok(Self {
            after,
            start: settled(start.unwrap_or_default(), now),
            reached: seconds(&written.reached),
            began: seconds(&written.began),
            done: written.done.unwrap_or_default().into_iter().map(|id| id.0).collect(),
            ticket: said(written.ticket),
            comments_after: said(written.comments_after),
        })
    }

    pub(super) fn text(&self) -> String {
        json!({
            "after": self.after,
            "start": self.start,
            "reached": self.reached,
            "began": self.began,
            "done": self.done,
            "ticket": self.ticket,
            "comments_after": self.comments_after,
        })
        .to_string()
    }

    /// Whether comments were read since.
    pub(super) fn is_beyond(&self, before: &Self) -> bool {
        self.done.len() > before.done.len() || self.comments_after != before.comments_after
    }

    /// Moves `reached` on, never back and never beyond now; gives it as a time.
    pub(super) fn reach(&mut self, second: Option<i64>, now: i64) -> Option<i64> {
        self.reached = self.reached.max(second.map(|second| second.min(now.div_euclid(SECOND))));
        self.reached.map(|second| second.saturating_mul(SECOND))
    }
}

fn settled(second: i64, now: i64) -> i64 {
    second.min(now.saturating_sub(SETTLED_AFTER)).max(0)
}
