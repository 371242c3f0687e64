//! Entries made out of other rows: parcels, refunds and returns out of orders, the ledger, statements of consent. All of
//! a customer's are looked at and the newest that fit on the page are kept.

use std::collections::BTreeMap;

use hub_model::Timestamp;
use hub_model::model::{LoyaltyAccount, Order};
use hub_store::{Order as Ends, Table, prefix_range};

use super::entry::{
    FollowUpTurn, ParcelTurn, TimelineEntry, consent_entry, follow_up_entry, loyalty_entry, parcel_entry,
    refund_entry, return_entry,
};
use super::{Place, TimelineQuery};
use crate::FoldError;
use crate::read::Walk;
use crate::read::card::each_entry;
use crate::read::consent::each_statement;
use crate::read::follow_ups::follow_ups_of;
use crate::read::people::Person;
use crate::row::{Subject, SubjectKind, decode, key};

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
        let parts = [SubjectKind::Fulfilment, SubjectKind::Refund, SubjectKind::Return];
        if parts.into_iter().any(|kind| query.wants_kind(kind)) {
            derived.orders(person, query)?;
        }
        if query.wants_kind(SubjectKind::LoyaltyEntry) {
            derived.ledgers(person, query)?;
        }
        if query.wants_kind(SubjectKind::Consent) {
            derived.consents(person, query)?;
        }
        if query.wants_kind(SubjectKind::FollowUp) {
            derived.follow_ups(person, query)?;
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

    fn orders(&mut self, person: &Person<'_>, query: &TimelineQuery) -> Result<(), FoldError> {
        for account in person.accounts.keys() {
            let range = prefix_range(&key::timeline_prefix(*account, SubjectKind::Order));
            person.view.walk(Table::Timeline, range, Ends::Descending, |_, row| {
                let subject: Subject = decode(Table::Timeline, row)?;
                if query.wants_connection(&subject.connection)
                    && let Some(order) =
                        person.view.get::<Order>(&key::object(&subject.connection, &[&subject.id]))?
                {
                    self.parts(query, &subject, &order);
                }
                Ok(Walk::On)
            })?;
        }
        Ok(())
    }

    fn parts(&mut self, query: &TimelineQuery, subject: &Subject, order: &Order) {
        let place = |at: Timestamp, kind, id: &str, turn: &str| {
            Place::new(at, kind, key::object(&subject.connection, &[&subject.id, id, turn]))
        };
        if query.wants_kind(SubjectKind::Fulfilment) {
            for (id, parcel) in &order.fulfilments {
                let turns = [
                    (ParcelTurn::Shipped, "1", parcel.shipped_at),
                    (ParcelTurn::Delivered, "2", parcel.delivered_at),
                    (ParcelTurn::Failed, "3", parcel.failed_at),
                ];
                for (turn, mark, at) in turns {
                    let Some(at) = at else { continue };
                    let place = place(at.0, SubjectKind::Fulfilment, id, mark);
                    self.offer(query, place, || parcel_entry(subject, order, (id, parcel), turn));
                }
            }
        }
        if query.wants_kind(SubjectKind::Refund) {
            for (id, refund) in &order.refunds {
                let told = refund.amount.as_ref().map(|amount| Timestamp(amount.version));
                let at = refund.at.as_ref().map(|at| at.value).or(told).unwrap_or(Timestamp::EPOCH);
                let place = place(at, SubjectKind::Refund, id, "");
                self.offer(query, place, || refund_entry(subject, order, id, refund));
            }
        }
        if query.wants_kind(SubjectKind::Return) {
            for (id, request) in &order.returns {
                let told = request.status.as_ref().map(|status| Timestamp(status.version));
                let at = request.at.as_ref().map(|at| at.value).or(told).unwrap_or(Timestamp::EPOCH);
                let place = place(at, SubjectKind::Return, id, "");
                self.offer(query, place, || return_entry(subject, order, id, request));
            }
        }
    }

    fn ledgers(&mut self, person: &Person<'_>, query: &TimelineQuery) -> Result<(), FoldError> {
        for (account, _) in person.things::<LoyaltyAccount>(SubjectKind::LoyaltyAccount)? {
            each_entry(person.view, &account, |entry| {
                let object = key::object(&account.connection, &[&account.id, &entry.id]);
                let place = Place::new(entry.at, SubjectKind::LoyaltyEntry, object);
                self.offer(query, place, || loyalty_entry(&account, entry));
            })?;
        }
        Ok(())
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

    fn consents(&mut self, person: &Person<'_>, query: &TimelineQuery) -> Result<(), FoldError> {
        each_statement(person, |row_key, statement| {
            let place = Place::new(statement.at, SubjectKind::Consent, row_key.to_vec());
            self.offer(query, place, || consent_entry(statement));
        })
    }
}
