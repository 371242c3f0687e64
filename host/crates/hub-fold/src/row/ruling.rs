//! What a rule says within the hub: of a customer, filed under the account its event is about, or of a conversation,
//! filed under the interaction. Every word is kept and none is overwritten, so that taking one back for good leaves those
//! before it.

use std::cmp::Reverse;

use hub_model::{EventId, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// What it is about: the tag, the attribute's name. Of a note nothing.
    pub name: String,
    /// `None`: no longer.
    pub value: Option<String>,
    pub by: By,
}

/// The numbers are written in keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RulingKind {
    Tag = b't',
    Attribute = b'a',
    Note = b'n',
    /// Where a conversation belongs and how much it matters.
    Conversation = b'c',
}

/// Which rule says it, and because of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    pub rule: String,
    pub event: EventId,
    /// When the event happened: of several words under one name the last counts, whenever they were heard of.
    pub at: Timestamp,
    /// The action's place in the rule. What is said last there counts.
    pub place: u8,
}

impl By {
    /// Greater for the word that counts. Of one moment the least event and rule do, as in keys.
    pub(crate) fn rank(&self) -> impl Ord + use<'_> {
        (self.at, Reverse(self.event), Reverse(self.rule.as_str()), self.place)
    }
}
