//! What rules wrote down of a customer and of conversations, as people see it.

use std::collections::BTreeMap;

use hub_model::{EventId, Timestamp};
use hub_store::{Order as Ends, Range, Row as StoredRow, Table};
use serde::Serialize;

use super::View;
use super::people::{Account, Person};
use crate::FoldError;
use crate::actions::{PRIORITY, QUEUE, SKILL};
use crate::row::{By, Ruling, RulingKind, Subject, key};
use crate::rulings;

/// What a rule wrote down for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoteView {
    pub text: String,
    /// When what it was written because of happened.
    pub at: Timestamp,
    pub rule: String,
    pub event: EventId,
    /// The account the event was about.
    pub account: Account,
    /// The action's place in the rule: one rule may write several.
    pub place: u8,
}

/// What rules say of a customer under one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributeView {
    pub value: String,
    /// Since when: when what it was said because of happened.
    pub at: Timestamp,
    pub rule: String,
    pub event: EventId,
}

/// Where rules say a conversation belongs, and how much it matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Routing {
    pub queue: Option<String>,
    pub skill: Option<String>,
    /// low, normal, high or urgent.
    pub priority: Option<String>,
}

impl View<'_> {
    fn annotations(self, range: Range, limit: usize) -> Result<Vec<StoredRow>, FoldError> {
        Ok(self.store.scan(Table::Annotation, range, Ends::Ascending, limit)?)
    }

    /// The last words on a conversation of all that was said in it.
    pub(super) fn routing<'s>(self, said: impl Iterator<Item = &'s Subject>) -> Result<Routing, FoldError> {
        let scan = |range: Range, limit: usize| self.annotations(range, limit);
        let mut last = rulings::last_words(&scan, said.map(key::subject_hash), RulingKind::Conversation)?;
        let mut value = |name: &str| last.remove(name).and_then(|ruling| ruling.value);
        Ok(Routing { queue: value(QUEUE), skill: value(SKILL), priority: value(PRIORITY) })
    }
}

impl Person<'_> {
    pub(super) fn hub_tags(&self) -> Result<Vec<String>, FoldError> {
        let scan = |range: Range, limit: usize| self.view.annotations(range, limit);
        Ok(rulings::tags(&scan, self.accounts.keys().copied())?.collect())
    }

    pub(super) fn attributes(&self) -> Result<BTreeMap<String, AttributeView>, FoldError> {
        let scan = |range: Range, limit: usize| self.view.annotations(range, limit);
        let owners = self.accounts.keys().map(|account| account.0);
        let last = rulings::last_words(&scan, owners, RulingKind::Attribute)?;
        let views = last.into_values().filter_map(|Ruling { name, value, by }| {
            Some((name, AttributeView { value: value?, at: by.at, rule: by.rule, event: by.event }))
        });
        Ok(views.collect())
    }

    /// The newest notes, newest first.
    pub(super) fn notes(&self, limit: usize) -> Result<Vec<NoteView>, FoldError> {
        let scan = |range: Range, limit: usize| self.view.annotations(range, limit);
        let mut notes = Vec::new();
        for (account, node) in &self.accounts {
            for Ruling { value, by, .. } in rulings::newest(&scan, account.0, RulingKind::Note, limit)? {
                let By { rule, event, at, place } = by;
                let account = Account::of(&node.key);
                notes.extend(value.map(|text| NoteView { text, at, rule, event, account, place }));
            }
        }
        notes.sort_by(|left, right| {
            let order = |note: &NoteView| (std::cmp::Reverse(note.at), note.event, note.place);
            (order(left), &left.rule).cmp(&(order(right), &right.rule))
        });
        notes.truncate(limit);
        Ok(notes)
    }
}
