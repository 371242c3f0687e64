//! Forgetting, for good: a person, an order, everybody of a connection, a deleted profile or ticket. Content leaves every
//! row and index at once, flags that stay keep older statements from putting it back, and what is stored elsewhere is
//! marked: the deliveries and pages it came in. Amounts, counts and times stay, so that sums hold.
//!
//! Nothing here depends on when the request came: a thing is forgotten if it was ever said to be a forgotten person's.

mod asked;
mod remember;
mod sift;
mod stored;
mod systems;

use std::time::Duration;

use hub_model::event::PrivacyRequest;
use hub_model::join::Erase;
use hub_model::model::{Checkout, Interaction, LoyaltyAccount, Order, Profile, Survey, Ticket};
use hub_model::{EventId, NodeId, Salt, Timestamp};
use hub_store::{Range, Table, prefix_range};
use serde::{Deserialize, Serialize};

pub(crate) use asked::AskedRow;
pub use asked::{AskedErasure, ErasureReceipt, asked_erasures, erasure_receipts, is_erasure_owed};
pub use remember::remembered;
pub use sift::{Sifted, sift};
pub(crate) use stored::{mark_stored, stored};
pub(crate) use systems::{Closed, ERASURE};
pub use systems::{ErasureState, SystemErasure, sift_command, systems_of};

use crate::FoldError;
use crate::apply::{About, Applying, Filed};
use crate::draft::Draft;
use crate::follow_up::forget_follow_ups;
use crate::people::{Identified, claimants, forget_keys, learn_name, same_person};
use crate::row::{
    Erasure, EventRow, Forgotten, NodeRow, PrivacyRequestRow, Row, RulingKind, Subject, SubjectKind, decode,
    encode, key,
};
use crate::segments::forget_segments;

/// How long there is to answer somebody who asks for their data: the GDPR's one month, at its shortest but for February.
const ANSWER_WITHIN: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Rows read at once while walking a table.
const PAGE: usize = 1_000;

/// The sorts of rows in the table of erasures.
const AT_CONNECTION: u8 = b'c';
const CONTACT: u8 = b'k';
const OF_SUBJECT: u8 = b's';
/// That things are forgotten at a connection; what they were stands among the subjects.
const THINGS_AT: u8 = b't';
/// A subject the journal remembers for itself.
const REMEMBERED: u8 = b'h';

/// What is forgotten at a connection, told in one row so that nobody pays for looking where nothing is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Gone {
    /// [`Forgotten::Person`] once everybody is.
    pub(crate) everybody: Forgotten,
    /// Somebody named by an address or a phone alone is.
    contacts: bool,
    /// Things are, of which no event is left that says whose they were. In a row of its own.
    #[serde(skip)]
    things: bool,
}

impl Gone {
    pub(crate) fn at(draft: &Draft<'_>, connection: &str) -> Result<Self, FoldError> {
        let row = draft.get_raw(Table::Erasure, &gone_key(connection))?;
        let gone: Self = row.map(|row| decode(Table::Erasure, &row)).transpose()?.unwrap_or_default();
        let things = draft.get_raw(Table::Erasure, &things_key(connection))?.is_some();
        Ok(Self { things, ..gone })
    }

    fn has_thing(self, draft: &Draft<'_>, subject: &Subject, salt: Salt) -> Result<bool, FoldError> {
        let hash = || subject_key(key::tombstone(salt, subject));
        Ok(self.things && draft.has(Table::Erasure, &hash())?)
    }

    /// Whether a thing is forgotten, of which no event says whose it is.
    pub(crate) fn takes(self, draft: &Draft<'_>, subject: &Subject, salt: Salt) -> Result<bool, FoldError> {
        Ok(self.everybody == Forgotten::Person || self.has_thing(draft, subject, salt)?)
    }
}

fn things_key(connection: &str) -> Vec<u8> {
    [&[THINGS_AT], connection.as_bytes()].concat()
}

fn subject_key(subject: [u8; 16]) -> Vec<u8> {
    [&[OF_SUBJECT], subject.as_slice()].concat()
}

fn gone_key(connection: &str) -> Vec<u8> {
    [&[AT_CONNECTION], connection.as_bytes()].concat()
}

fn contact_key(connection: &str, contact: NodeId) -> Vec<u8> {
    [&[CONTACT], key::hash(&[connection.as_bytes(), &contact.0]).as_slice()].concat()
}

impl Applying<'_, '_, '_> {
    pub(crate) fn privacy_request(&mut self, request: &PrivacyRequest) -> Result<About, FoldError> {
        let account = match request.kind.as_str() {
            "erase-customer" => self.forget_customer(request)?,
            "erase-account" => {
                self.forget_everybody()?;
                None
            }
            _ => {
                let account = self.party(request.who.as_ref())?;
                self.open_request(request, account)?;
                account
            }
        };
        Ok(About { account, ..About::default() })
    }

    fn open_request(&mut self, request: &PrivacyRequest, account: Option<NodeId>) -> Result<(), FoldError> {
        let row_key = key::object(self.connection, &[&request.id]);
        if self.draft.get_raw(Table::PrivacyRequest, &row_key)?.is_none() {
            let row = PrivacyRequestRow {
                kind: request.kind.clone(),
                event: self.id,
                account,
                orders: request.orders.clone(),
                requested_at: self.at,
                due_at: self.at.plus(ANSWER_WITHIN),
                closed_at: None,
            };
            self.draft.put(row_key, &row);
        }
        Ok(())
    }

    /// The person named and the orders named. Whoever is named by an address or a phone alone is every account of the
    /// connection that has it; beside an id these only help people to find the person.
    fn forget_customer(&mut self, request: &PrivacyRequest) -> Result<Option<NodeId>, FoldError> {
        self.forgotten = Forgotten::Person;
        for order in &request.orders {
            let subject = self.subject(SubjectKind::Order, order);
            self.note_erasure(key::tombstone(self.people.salt, &subject));
            let mut told = Order::default();
            told.erase();
            self.file_order(order, told)?;
        }
        let Some(who) = &request.who else { return Ok(None) };
        let known = crate::people::identify(self.draft, who, self.people, self.evidence(), self.told)?;
        let Some(known) = known else { return Ok(None) };
        if !known.has_account() {
            self.forget_contacts(&known)?;
        }
        self.forget_person(known.account)?;
        let others: Vec<NodeId> = known.other_accounts().collect();
        others.into_iter().try_for_each(|other| self.forget_person(other))?;
        Ok(Some(known.account))
    }

    fn forget_contacts(&mut self, known: &Identified) -> Result<(), FoldError> {
        self.gone.contacts = true;
        self.draft.put_raw(Table::Erasure, gone_key(self.connection), encode(&self.gone));
        let contacts: Vec<NodeId> = known.contacts(self.people).collect();
        for contact in contacts {
            let row_key = contact_key(self.connection, contact);
            self.draft.put_raw(Table::Erasure, row_key, Vec::new());
            let Some(row) = self.draft.get::<NodeRow>(&contact.0)? else { continue };
            for account in claimants(self.draft, contact, &row, usize::MAX)? {
                let claimant: Option<NodeRow> = self.draft.get(&account.0)?;
                if claimant.is_some_and(|row| self.is_here(&row)) {
                    self.forget_person(account)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a party has an address or phone by which somebody is forgotten.
    pub(crate) fn names_forgotten_contact(&self, known: &Identified) -> Result<bool, FoldError> {
        if !self.gone.contacts {
            return Ok(false);
        }
        for contact in known.contacts(self.people) {
            if self.draft.has(Table::Erasure, &contact_key(self.connection, contact))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_here(&self, row: &NodeRow) -> bool {
        row.key.is_account()
            && row.key.scope.strip_prefix(self.connection).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Everything of an account but its place: who it was, what was said and written. The provider's other ids of the
    /// same person go with it.
    pub(crate) fn forget_person(&mut self, account: NodeId) -> Result<(), FoldError> {
        let mut open = vec![account];
        while let Some(account) = open.pop() {
            let Some(mut row) = self.draft.get::<NodeRow>(&account.0)? else { continue };
            if row.forgotten == Forgotten::Person {
                continue;
            }
            open.extend(same_person(self.draft, &row)?);
            row.forgotten = Forgotten::Person;
            // The id may be an address or a phone itself. The row's key is its hash.
            row.key.value.clear();
            self.draft.put(account.0.to_vec(), &row);
            let mut profile = Profile::default();
            profile.erase();
            self.forget_of_account(account, profile)?;
            self.delete_all(Table::Annotation, &key::rulings_on(account.0))?;
            forget_segments(self.draft, account)?;
            self.forget_things_of(account)?;
            forget_follow_ups(self.draft, account, self.told.learned)?;
            self.note_erasure(account.0);
        }
        Ok(())
    }

    /// What a provider's deletion of an account takes: its profile, and the keys beside its own id.
    pub(crate) fn forget_profile(&mut self, account: NodeId) -> Result<(), FoldError> {
        self.forgotten = self.forgotten.max(Forgotten::Profile);
        let Some(mut row) = self.draft.get::<NodeRow>(&account.0)? else { return Ok(()) };
        if row.forgotten == Forgotten::Nothing {
            row.forgotten = Forgotten::Profile;
            self.draft.put(account.0.to_vec(), &row);
            self.forget_of_account(account, Profile { deleted: true, ..Profile::default() })?;
            for event in self.events_of(account)? {
                self.forget_event(event, |row| row.subject.as_ref().is_some_and(is_profile))?;
            }
        }
        Ok(())
    }

    fn forget_of_account(&mut self, account: NodeId, profile: Profile) -> Result<(), FoldError> {
        forget_keys(self.draft, account, self.people.limits)?;
        learn_name(self.draft, account, profile)?;
        self.delete_all(Table::Consent, &account.0)?;
        self.delete_all(Table::Timeline, &key::timeline_prefix(account, SubjectKind::Consent))?;
        for kind in [RulingKind::Tag, RulingKind::Attribute] {
            self.delete_all(Table::Annotation, &key::rulings_prefix(account.0, kind))?;
        }
        Ok(())
    }

    fn delete_all(&mut self, table: Table, prefix: &[u8]) -> Result<(), FoldError> {
        for (row, _) in self.draft.scan(table, prefix, usize::MAX)? {
            self.draft.delete(table, row);
        }
        Ok(())
    }

    /// Whatever is or was filed under an account, and every event about it.
    fn forget_things_of(&mut self, account: NodeId) -> Result<(), FoldError> {
        let outer = self.forgetting.replace(account);
        let filed = (Table::Timeline, account.0.to_vec());
        for (table, prefix) in [filed, (Table::Index, key::formerly_prefix(account))] {
            for (_, subject) in self.draft.scan(table, &prefix, usize::MAX)? {
                self.forget_thing(&decode(table, &subject)?)?;
            }
        }
        for event in self.events_of(account)? {
            self.forget_event(event, |_| true)?;
        }
        self.forgetting = outer;
        Ok(())
    }

    fn forget_thing(&mut self, subject: &Subject) -> Result<(), FoldError> {
        match subject.kind {
            SubjectKind::Order => {
                let mut told = Order::default();
                told.erase();
                self.file_order(&subject.id, told).map(drop)
            }
            SubjectKind::Checkout => self.refile::<Checkout>(&subject.id),
            SubjectKind::Interaction => self.refile::<Interaction>(&subject.id),
            SubjectKind::Ticket => {
                self.refile::<Ticket>(&subject.id)?;
                self.forget_said_on(&key::noted_on_prefix(subject))
            }
            SubjectKind::Survey => self.refile::<Survey>(&subject.id),
            SubjectKind::LoyaltyAccount => {
                self.refile::<LoyaltyAccount>(&subject.id)?;
                self.forget_events_about(subject, None)
            }
            SubjectKind::LoyaltyEntry
            | SubjectKind::InventoryLevel
            | SubjectKind::Customer
            | SubjectKind::Consent
            | SubjectKind::Fulfilment
            | SubjectKind::Refund
            | SubjectKind::Return
            | SubjectKind::FollowUp
            | SubjectKind::Note
            | SubjectKind::Rule => Ok(()),
        }
    }

    /// Files a thing anew without its content.
    fn refile<T: Filed>(&mut self, id: &str) -> Result<(), FoldError> {
        if let Some(mut thing) = self.draft.get::<T>(&key::object(self.connection, &[id]))? {
            thing.erase();
            self.file(id, thing)?;
        }
        Ok(())
    }

    /// What was said on a ticket goes with it.
    pub(crate) fn forget_said_on(&mut self, prefix: &[u8]) -> Result<(), FoldError> {
        for (_, interaction) in self.draft.scan(Table::Index, prefix, usize::MAX)? {
            let id: String = decode(Table::Index, &interaction)?;
            self.refile::<Interaction>(&id)?;
        }
        Ok(())
    }

    /// And with an order the carts it came from.
    pub(crate) fn forget_carts_of(&mut self, order: &Subject) -> Result<(), FoldError> {
        for (_, checkout) in self.draft.scan(Table::Index, &key::said_on_prefix(order), usize::MAX)? {
            let id: String = decode(Table::Index, &checkout)?;
            self.refile::<Checkout>(&id)?;
        }
        Ok(())
    }

    fn note_erasure(&mut self, subject: [u8; 16]) {
        let row = encode(&Erasure { at: self.at, subject });
        self.draft.put_raw(Table::Erasure, subject_key(subject), row);
    }

    /// Whether a thing was a forgotten person's, of which the journal holds no event any more.
    pub(crate) fn is_thing_forgotten(&self, subject: &Subject) -> Result<bool, FoldError> {
        self.gone.has_thing(self.draft, subject, self.people.salt)
    }

    /// All accounts of the connection, and whatever was told without one.
    fn forget_everybody(&mut self) -> Result<(), FoldError> {
        self.forgotten = Forgotten::Person;
        if self.gone.everybody == Forgotten::Person {
            return Ok(());
        }
        self.gone.everybody = Forgotten::Person;
        self.draft.put_raw(Table::Erasure, gone_key(self.connection), encode(&self.gone));
        self.note_erasure(key::hash(&[self.connection.as_bytes()]));
        for account in self.accounts_here()? {
            self.forget_person(account)?;
        }
        self.forget_all::<Order>()?;
        self.forget_all::<Checkout>()?;
        self.forget_all::<Interaction>()?;
        self.forget_all::<Ticket>()?;
        self.forget_all::<Survey>()?;
        self.forget_all_events()
    }

    fn accounts_here(&self) -> Result<Vec<NodeId>, FoldError> {
        let mut accounts = Vec::new();
        walk(self.draft, Table::Node, Range::all(), |node, row| {
            let row: NodeRow = decode(Table::Node, row)?;
            if let (true, Ok(node)) = (self.is_here(&row), node.try_into()) {
                accounts.push(NodeId(node));
            }
            Ok(())
        })?;
        Ok(accounts)
    }

    /// Things of nobody's: those of an account are forgotten with it.
    fn forget_all<T: Row + Erase + PartialEq>(&mut self) -> Result<(), FoldError> {
        let mut erased = Vec::new();
        let range = prefix_range(&key::object(self.connection, &[""]));
        walk(self.draft, T::TABLE, range, |row_key, row| {
            let mut thing: T = decode(T::TABLE, row)?;
            thing.erase();
            let row = encode(&thing);
            erased.push((row_key.to_vec(), row));
            Ok(())
        })?;
        for (row_key, row) in erased {
            self.draft.put_raw(T::TABLE, row_key, row);
        }
        Ok(())
    }

    fn forget_all_events(&mut self) -> Result<(), FoldError> {
        let mut events = Vec::new();
        walk(self.draft, Table::Event, Range::all(), |id, row| {
            let row: EventRow = decode(Table::Event, row)?;
            if let (true, Ok(id)) = (row.connection == self.connection, id.try_into()) {
                events.push(EventId(id));
            }
            Ok(())
        })?;
        events.into_iter().try_for_each(|event| self.forget_event(event, |_| true))
    }
}

fn is_profile(subject: &Subject) -> bool {
    matches!(subject.kind, SubjectKind::Customer | SubjectKind::Consent)
}

/// Rows of a draft from one end to the other, page by page.
fn walk(
    draft: &Draft<'_>,
    table: Table,
    range: Range,
    mut each: impl FnMut(&[u8], &[u8]) -> Result<(), FoldError>,
) -> Result<(), FoldError> {
    let Range { mut from, to } = range;
    loop {
        let rows = draft.scan_range(table, Range { from: from.clone(), to: to.clone() }, PAGE)?;
        rows.iter().try_for_each(|(key, row)| each(key, row))?;
        match rows.last() {
            Some((last, _)) if rows.len() == PAGE => {
                from.clone_from(last);
                from.push(0);
            }
            _ => return Ok(()),
        }
    }
}

pub(crate) fn close_request(
    draft: &mut Draft<'_>,
    connection: &str,
    id: &str,
    at: Timestamp,
) -> Result<(), FoldError> {
    let row_key = key::object(connection, &[id]);
    if let Some(mut row) = draft.get::<PrivacyRequestRow>(&row_key)? {
        row.closed_at = row.closed_at.or(Some(at));
        draft.put(row_key, &row);
    }
    Ok(())
}
