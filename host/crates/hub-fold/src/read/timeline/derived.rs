//! Entries without a place of their own: follow-ups and rules' notes. Whether an event ended one, and so when it ended, depends on the
//! accounts the customer has now. All of a customer's are looked at and the newest that fit on the page are kept.

use std::collections::BTreeMap;

use super::entry::{FollowUpTurn, TimelineEntry, follow_up_entry, note_entry};
use super::{Place, TimelineQuery};
use crate::FoldError;
use crate::read::follow_ups::follow_ups_of;
use crate::read::people::Person;
use crate::row::{SubjectKind, key};

/// The newest entries a page has room for, and one more, which says that there is more.
pub(super) struct Derived {
    kept: BTreeMap<Place, TimelineEntry>,
    room: usize,
}

impl Derived {
    pub(super) fn gather(
        person: &Person<'_>,
        query: &TimelineQuery,
        limit: usize,
    ) -> Result<Self, FoldError> {
        let mut derived = Self { kept: BTreeMap::new(), room: limit.saturating_add(1) };
        if query.wants_kind(SubjectKind::FollowUp) {
            derived.follow_ups(person, query)?;
        }
        if query.wants_kind(SubjectKind::Note) {
            derived.notes(person, query)?;
        }
        Ok(derived)
    }

    pub(super) fn peek(&self) -> Option<&Place> {
        self.kept.last_key_value().map(|(place, _)| place)
    }

    pub(super) fn take(&mut self) -> Option<TimelineEntry> {
        self.kept.pop_last().map(|(_, entry)| entry)
    }

    /// Keeps an entry if it is asked for and among the newest so far.
    fn offer(&mut self, query: &TimelineQuery, place: Place, entry: impl FnOnce() -> TimelineEntry) {
        let is_full = self.kept.len() == self.room;
        let is_older = self.kept.first_key_value().is_some_and(|(oldest, _)| place < *oldest);
        if (is_full && is_older) || !query.reaches(&place) {
            return;
        }
        let entry = TimelineEntry { at: place.at, ..entry() };
        if query.wants(&entry) {
            self.kept.insert(place, entry);
            if self.kept.len() > self.room {
                self.kept.pop_first();
            }
        }
    }

    fn follow_ups(&mut self, person: &Person<'_>, query: &TimelineQuery) -> Result<(), FoldError> {
        for follow_up in follow_ups_of(person)? {
            let turns = [
                (FollowUpTurn::Wanted, "1", Some(follow_up.made_at)),
                (FollowUpTurn::Ended, "2", follow_up.ended_at()),
            ];
            for (turn, mark, at) in turns {
                let Some(at) = at else { continue };
                let object = key::object(&follow_up.account.connection, &[&follow_up.id.to_string(), mark]);
                let place = Place::new(at, SubjectKind::FollowUp, object);
                self.offer(query, place, || follow_up_entry(&follow_up, turn));
            }
        }
        Ok(())
    }

    fn notes(&mut self, person: &Person<'_>, query: &TimelineQuery) -> Result<(), FoldError> {
        for note in person.notes(usize::MAX)? {
            let parts = [note.event.to_string(), note.rule.clone(), note.place.to_string()];
            let object = key::object(&note.account.connection, &parts.each_ref().map(String::as_str));
            self.offer(query, Place::new(note.at, SubjectKind::Note, object), || note_entry(note));
        }
        Ok(())
    }
}
