//! One event into the model: find its people, join what it tells, keep the indexes right.

use std::collections::BTreeMap;

use hub_model::event::{self, Event, Payload};
use hub_model::identity::Evidence;
use hub_model::join::{Erase, Join, Told};
use hub_model::model::{
    Birthday, Checkout, Consent, ConsentEvidence, Conversation, Finding, Interaction, InventoryItem,
    InventoryLevel, LoyaltyAccount, LoyaltyEntry, Order, Profile, Survey, Ticket,
};
use hub_model::{EventId, NodeId, Timestamp};
use hub_store::Table;

use crate::FoldError;
use crate::correct::forget_corrections;
use crate::draft::{Draft, Joined};
use crate::erase::Gone;
use crate::people::{PeopleContext, identify, is_forgotten, learn_name, merge_accounts};
use crate::read::ParcelTurn;
use crate::row::{EventRow, Forgotten, PartRow, Row, Subject, SubjectKind, ThingRow, decode, encode, key};
use crate::rulings::rulings_follow;
use crate::turns::{self, Turn};

/// What an event turned out to be about.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) account: Option<NodeId>,
    pub(crate) subject: Option<Subject>,
    /// What it tells is to be forgotten, and so is whatever it came in.
    pub(crate) erased: bool,
    /// What follows from it.
    pub(crate) turn: Turn,
}

impl About {
    /// Whether it may have to be found again when somebody is to be forgotten.
    pub(crate) fn is_of_people(&self) -> bool {
        let is_nobodys = |kind| matches!(kind, SubjectKind::InventoryLevel | SubjectKind::Rule);
        self.account.is_some() || self.subject.as_ref().is_some_and(|subject| !is_nobodys(subject.kind))
    }
}

/// A thing that stands in a customer's timeline.
pub(crate) trait Filed: Row + Join + Erase + Clone + PartialEq {
    const KIND: SubjectKind;

    fn account(&self) -> Option<NodeId>;

    /// When it happened; what has no time yet stands at the beginning.
    fn at(&self) -> Option<Timestamp>;

    /// Whether somebody still has something to do about it.
    fn is_open(&self) -> bool {
        false
    }

    fn place(&self) -> Option<(NodeId, Timestamp)> {
        self.account().map(|account| (account, self.at().unwrap_or(Timestamp::EPOCH)))
    }

    /// Whether parts of it stand in the timeline themselves.
    fn has_parts(&self) -> bool {
        false
    }

    /// These parts, and when they happened.
    fn parts(&self, _subject: &Subject) -> Vec<(Timestamp, PartRow)> {
        Vec::new()
    }
}

macro_rules! filed {
    ($($thing:ty: $kind:ident, $account:ident, $at:ident;)+) => {
        $(impl Filed for $thing {
            const KIND: SubjectKind = SubjectKind::$kind;
            fn account(&self) -> Option<NodeId> {
                self.$account.as_ref().map(|account| account.value)
            }
            fn at(&self) -> Option<Timestamp> {
                self.$at.as_ref().map(|at| at.value)
            }
        })+
    };
}

filed! {
    Checkout: Checkout, buyer, started_at;
    Interaction: Interaction, customer, sent_at;
    LoyaltyAccount: LoyaltyAccount, member, enrolled_at;
}

impl Filed for Ticket {
    const KIND: SubjectKind = SubjectKind::Ticket;
    fn account(&self) -> Option<NodeId> {
        self.requester.as_ref().map(|requester| requester.value)
    }
    fn at(&self) -> Option<Timestamp> {
        self.created_at.as_ref().map(|at| at.value)
    }
    fn is_open(&self) -> bool {
        self.is_open()
    }
}

impl Filed for Order {
    const KIND: SubjectKind = SubjectKind::Order;
    fn account(&self) -> Option<NodeId> {
        self.buyer.as_ref().map(|buyer| buyer.value)
    }
    fn at(&self) -> Option<Timestamp> {
        self.placed_at.as_ref().map(|at| at.value)
    }
    fn is_open(&self) -> bool {
        self.is_open()
    }
    fn has_parts(&self) -> bool {
        !(self.fulfilments.is_empty() && self.refunds.is_empty() && self.returns.is_empty())
    }
    fn parts(&self, subject: &Subject) -> Vec<(Timestamp, PartRow)> {
        let part = |kind, id: &str, turn: &str| PartRow {
            whole: Subject { kind, ..subject.clone() },
            part: id.to_owned(),
            turn: turn.to_owned(),
        };
        let parcels = self.fulfilments.iter().flat_map(|(id, parcel)| {
            let turns = ParcelTurn::ALL.into_iter().filter_map(|turn| Some((turn.at(parcel)?, turn)));
            turns.map(move |(at, turn)| (at, part(SubjectKind::Fulfilment, id, turn.mark())))
        });
        let refunds = self.refunds.iter().map(|(id, refund)| {
            let told = refund.amount.as_ref().map(|amount| Timestamp(amount.version));
            let at = refund.at.as_ref().map(|at| at.value).or(told).unwrap_or(Timestamp::EPOCH);
            (at, part(SubjectKind::Refund, id, ""))
        });
        let returns = self.returns.iter().map(|(id, request)| {
            let told = request.status.as_ref().map(|status| Timestamp(status.version));
            let at = request.at.as_ref().map(|at| at.value).or(told).unwrap_or(Timestamp::EPOCH);
            (at, part(SubjectKind::Return, id, ""))
        });
        parcels.chain(refunds).chain(returns).collect()
    }
}

impl Filed for Survey {
    const KIND: SubjectKind = SubjectKind::Survey;
    fn account(&self) -> Option<NodeId> {
        self.who.as_ref().map(|who| who.value)
    }
    fn at(&self) -> Option<Timestamp> {
        Some(self.at.value)
    }
}

/// One event on its way into the model.
pub(crate) struct Applying<'d, 's, 'a> {
    pub(crate) draft: &'d mut Draft<'s>,
    pub(crate) connection: &'a str,
    pub(crate) people: PeopleContext<'a>,
    pub(crate) event: &'a Event,
    pub(crate) id: EventId,
    /// When the hub learned of it.
    pub(crate) at: Timestamp,
    pub(crate) finding: Option<&'a Finding>,
    pub(crate) told: Told,
    pub(crate) gone: Gone,
    /// How much is to be forgotten of whom the event is about.
    pub(crate) forgotten: Forgotten,
    /// The account whose things are being forgotten one by one.
    pub(crate) forgetting: Option<NodeId>,
}

impl Applying<'_, '_, '_> {
    pub(crate) fn apply(&mut self) -> Result<About, FoldError> {
        let mut about = self.tell()?;
        about.erased |= self.forgotten == Forgotten::Person;
        Ok(about)
    }

    fn tell(&mut self) -> Result<About, FoldError> {
        match &self.event.payload {
            Payload::Customer(customer) => self.customer(customer),
            Payload::Consent(consent) => self.consent(consent),
            Payload::Order(order) => self.order(order),
            Payload::Checkout(checkout) => self.checkout(checkout),
            Payload::Interaction(interaction) => self.interaction(interaction),
            Payload::Ticket(ticket) => self.ticket(ticket),
            Payload::InventoryLevel(level) => self.inventory_level(level),
            Payload::InventoryItem(item) => self.inventory_item(item),
            Payload::LoyaltyAccount(account) => self.loyalty_account(account),
            Payload::LoyaltyEntry(entry) => self.loyalty_entry(entry),
            Payload::SurveyResponse(survey) => self.survey(survey),
            Payload::PersonMerge(merge) => self.person_merge(merge),
            Payload::PrivacyRequest(request) => self.privacy_request(request),
            Payload::Other(_) => Ok(About::default()),
        }
    }

    /// The account of a party. Whoever is to be forgotten is so from here on, under whatever account.
    pub(crate) fn party(&mut self, party: Option<&event::Party>) -> Result<Option<NodeId>, FoldError> {
        let Some(party) = party else { return Ok(None) };
        let Some(known) = identify(self.draft, party, self.people, self.evidence(), self.told)? else {
            return Ok(None);
        };
        self.forgotten = self.forgotten.max(known.forgotten);
        let others: Vec<NodeId> = known.other_accounts().collect();
        if self.forgotten < Forgotten::Person
            && (self.names_forgotten_contact(&known)? || self.is_any_forgotten(&others)?)
        {
            self.forgotten = Forgotten::Person;
        }
        if self.forgotten == Forgotten::Person {
            self.forget_person(known.account)?;
            others.into_iter().try_for_each(|other| self.forget_person(other))?;
        }
        Ok(Some(known.account))
    }

    /// This event, as a reason why people are one.
    pub(crate) fn evidence(&self) -> Evidence {
        Evidence { at: self.event.happened_at, event: self.id, written: None }
    }

    fn is_any_forgotten(&self, accounts: &[NodeId]) -> Result<bool, FoldError> {
        for account in accounts {
            if is_forgotten(self.draft, *account)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn customer(&mut self, customer: &event::Customer) -> Result<About, FoldError> {
        let Some(account) = self.party(Some(&customer.who))? else { return Ok(About::default()) };
        let before = self.birthday_of(account)?;
        learn_name(self.draft, account, Profile::told(customer, self.told))?;
        if customer.deleted {
            self.forget_profile(account)?;
        }
        let turn = turns::of_birthday(before, self.birthday_of(account)?, self.event.happened_at);
        Ok(About { turn, ..self.about_profile(account, SubjectKind::Customer, &account.to_string()) })
    }

    fn birthday_of(&self, account: NodeId) -> Result<Option<Birthday>, FoldError> {
        Ok(self.draft.get::<Profile>(&account.0)?.and_then(|profile| profile.birthday()))
    }

    fn consent(&mut self, consent: &event::Consent) -> Result<About, FoldError> {
        let Some(account) = self.party(Some(&consent.who))? else { return Ok(About::default()) };
        if self.forgotten == Forgotten::Nothing {
            let version = Timestamp(self.told.version);
            let row_key = key::consent(account, &consent.channel, &consent.purpose, version, &consent.state);
            let evidence = ConsentEvidence {
                happened_at: self.event.happened_at,
                connection: self.connection.to_owned(),
                event: self.id,
                source: Vec::new(),
            };
            let joined = self.draft.join(&row_key, Consent::told(consent, evidence, self.told))?;
            self.file_consent(account, &row_key, joined);
        }
        let id = format!("{}/{}", consent.channel, consent.purpose);
        Ok(self.about_profile(account, SubjectKind::Consent, &id))
    }

    fn file_consent(&mut self, account: NodeId, row_key: &[u8], joined: Joined<Consent>) {
        let place = |consent: &Consent| {
            key::timeline_object(account, SubjectKind::Consent, consent.stated_at(), row_key)
        };
        // Who reported it first may change, and stands in the statement.
        let row = Subject { kind: SubjectKind::Consent, connection: String::new(), id: String::new() };
        let place = |consent: &Consent| (place(consent), encode(&row));
        self.move_places(joined.before.iter().map(place).collect(), BTreeMap::from([place(&joined.after)]));
    }

    /// Takes away the rows of the timeline that are no more, and puts those that were not yet or said something else.
    fn move_places(&mut self, was: BTreeMap<Vec<u8>, Vec<u8>>, is: BTreeMap<Vec<u8>, Vec<u8>>) {
        for gone in was.keys().filter(|place| !is.contains_key(*place)) {
            self.draft.delete(Table::Timeline, gone.clone());
        }
        for (place, row) in is {
            match was.get(&place) {
                None => self.draft.put_new(Table::Timeline, place, row),
                Some(old) if *old != row => self.draft.put_raw(Table::Timeline, place, row),
                Some(_) => {}
            }
        }
    }

    /// What goes with the profile of an account.
    fn about_profile(&self, account: NodeId, kind: SubjectKind, id: &str) -> About {
        let erased = self.forgotten >= Forgotten::Profile;
        About { account: Some(account), subject: Some(self.subject(kind, id)), erased, ..About::default() }
    }

    fn order(&mut self, order: &event::Order) -> Result<About, FoldError> {
        let buyer = self.party(order.buyer.as_ref())?;
        self.file_order(&order.id, Order::told(order, buyer, self.told))
    }

    /// Files an order, and makes its buyer findable by its number.
    pub(crate) fn file_order(&mut self, id: &str, told: Order) -> Result<About, FoldError> {
        let filed = self.file(id, told)?;
        // Search leaves the sign away as well.
        let word = |order: &Order| {
            let number = order.number.as_ref()?.value.trim_start_matches('#').to_owned();
            Some(key::word(&number, order.account()?))
        };
        let (was, is) = (filed.before.as_ref().and_then(word), word(&filed.after));
        self.replace_word(was, is);
        if filed.is_erased_now() {
            self.forget_carts_of(&filed.subject)?;
        }
        let turn = turns::of_order(filed.before.as_ref(), &filed.after);
        Ok(About { turn, ..filed.about() })
    }

    fn replace_word(&mut self, was: Option<Vec<u8>>, is: Option<Vec<u8>>) {
        if was != is {
            was.into_iter().for_each(|word| self.draft.delete(Table::Index, word));
            is.into_iter().for_each(|word| self.draft.put_raw(Table::Index, word, Vec::new()));
        }
    }

    fn checkout(&mut self, checkout: &event::Checkout) -> Result<About, FoldError> {
        let buyer = self.party(checkout.buyer.as_ref())?;
        let mut told = Checkout::told(checkout, buyer, self.told);
        if let Some(order) = &checkout.order
            && self.became(order, &checkout.id)?
        {
            told.erase();
        }
        let filed = self.file(&checkout.id, told)?;
        let turn = turns::of_checkout(&filed.after, self.event.happened_at);
        Ok(About { turn, ..filed.about() })
    }

    /// Notes the order that a cart became, which may be all that says whose it was; whether that order's content is gone.
    fn became(&mut self, order: &str, checkout: &str) -> Result<bool, FoldError> {
        let subject = self.subject(SubjectKind::Order, order);
        self.note(key::said_on(&subject, checkout), checkout)?;
        let order: Option<Order> = self.draft.get(&key::object(self.connection, &[order]))?;
        Ok(order.is_some_and(|order| order.is_erased()) || self.is_thing_forgotten(&subject)?)
    }

    /// Notes an id under a key of the index, once: the same is told again and again.
    fn note(&mut self, row: Vec<u8>, id: &str) -> Result<(), FoldError> {
        if !self.draft.has(Table::Index, &row)? {
            self.draft.put_raw(Table::Index, row, encode(&id));
        }
        Ok(())
    }

    fn interaction(&mut self, interaction: &event::Interaction) -> Result<About, FoldError> {
        let customer = self.party(interaction.customer.as_ref())?;
        let mut told = Interaction::told(interaction, customer, self.finding, self.told);
        if let Some(ticket) = &interaction.ticket
            && self.said_on(ticket, &interaction.id, customer)?
        {
            told.erase();
        }
        let filed = self.file(&interaction.id, told)?;
        if let Some(thread) = &interaction.thread {
            let key = key::object(self.connection, &[thread]);
            self.draft.join(&key, Conversation::told(interaction, customer, self.told))?;
        }
        Ok(filed.about())
    }

    /// Notes what is said on a ticket; whether it goes with that ticket's content. Whoever deletes a ticket means all of
    /// it; with the person it was about goes what agents noted, and not what somebody else wrote.
    fn said_on(
        &mut self,
        ticket: &str,
        interaction: &str,
        customer: Option<NodeId>,
    ) -> Result<bool, FoldError> {
        let subject = self.subject(SubjectKind::Ticket, ticket);
        let mut rows = vec![key::said_on(&subject, interaction)];
        rows.extend(customer.is_none().then(|| key::noted_on(&subject, interaction)));
        rows.into_iter().try_for_each(|row| self.note(row, interaction))?;
        let ticket: Option<Ticket> = self.draft.get(&key::object(self.connection, &[ticket]))?;
        let is_erased = |ticket: &Ticket| ticket.deleted || (ticket.erased && customer.is_none());
        Ok(ticket.is_some_and(|ticket| is_erased(&ticket))
            || (customer.is_none() && self.is_thing_forgotten(&subject)?))
    }

    fn ticket(&mut self, ticket: &event::Ticket) -> Result<About, FoldError> {
        let requester = self.party(ticket.requester.as_ref())?;
        let filed = self.file(&ticket.id, Ticket::told(ticket, requester, self.told))?;
        let word = |now: &Ticket| Some(key::word(&ticket.id, now.account()?));
        let (was, is) = (filed.before.as_ref().and_then(word), word(&filed.after));
        self.replace_word(was, is);
        if filed.after.deleted && !filed.before.as_ref().is_some_and(|before| before.deleted) {
            self.forget_said_on(&key::said_on_prefix(&filed.subject))?;
        } else if filed.is_erased_now() {
            self.forget_said_on(&key::noted_on_prefix(&filed.subject))?;
        }
        let turn = turns::of_ticket(filed.before.as_ref(), &filed.after);
        Ok(About { turn, ..filed.about() })
    }

    fn inventory_level(&mut self, level: &event::InventoryLevel) -> Result<About, FoldError> {
        let key = key::object(self.connection, &[&level.item, &level.location, &level.state]);
        let Joined { before, after } = self.draft.join(&key, InventoryLevel::told(level, self.told))?;
        let turn = turns::of_level(before.as_ref(), &after, &level.state);
        let id = format!("{}/{}/{}", level.item, level.location, level.state);
        Ok(About { turn, ..self.about(None, SubjectKind::InventoryLevel, &id) })
    }

    fn inventory_item(&mut self, item: &event::InventoryItem) -> Result<About, FoldError> {
        let key = key::object(self.connection, &[&item.item]);
        self.draft.join(&key, InventoryItem::told(item, self.told))?;
        Ok(About::default())
    }

    fn loyalty_account(&mut self, account: &event::LoyaltyAccount) -> Result<About, FoldError> {
        let member = self.party(account.member.as_ref())?;
        let filed = self.file(&account.id, LoyaltyAccount::told(account, member, self.told))?;
        let word = |now: &LoyaltyAccount| Some(key::word(&account.id, now.account()?));
        let (was, is) = (filed.before.as_ref().and_then(word), word(&filed.after));
        self.replace_word(was, is);
        let was = filed.before.as_ref().and_then(LoyaltyAccount::account);
        if was != filed.after.account() {
            self.entries_follow(&account.id, was, filed.after.account())?;
        }
        if self.forgotten == Forgotten::Person {
            // Entries told before it.
            self.forget_events_about(&filed.subject, None)?;
        }
        Ok(filed.about())
    }

    /// Entries are whoever's their account is, in the timeline as well, and may have come before it.
    fn entries_follow(
        &mut self,
        id: &str,
        was: Option<NodeId>,
        owner: Option<NodeId>,
    ) -> Result<(), FoldError> {
        let mut prefix = key::object(self.connection, &[id]);
        prefix.push(0);
        let row = encode(&self.subject(SubjectKind::LoyaltyEntry, id));
        for (row_key, entry) in self.draft.scan(Table::LoyaltyEntry, &prefix, usize::MAX)? {
            let known: LoyaltyEntry = decode(Table::LoyaltyEntry, &entry)?;
            let place = |member: NodeId| (ledger_place(member, &row_key, &known), row.clone());
            self.move_places(was.map(place).into_iter().collect(), owner.map(place).into_iter().collect());
            let entry = String::from_utf8_lossy(row_key.get(prefix.len()..).unwrap_or_default()).into_owned();
            let subject = self.subject(SubjectKind::LoyaltyEntry, &format!("{id}/{entry}"));
            self.events_follow(&subject, was, owner)?;
        }
        Ok(())
    }

    fn loyalty_entry(&mut self, entry: &event::LoyaltyEntry) -> Result<About, FoldError> {
        let row_key = key::object(self.connection, &[&entry.account, &entry.id]);
        let told = LoyaltyEntry::told(entry, self.event.happened_at, self.told);
        let Joined { before, after } = self.draft.join(&row_key, told)?;
        let account: Option<LoyaltyAccount> =
            self.draft.get(&key::object(self.connection, &[&entry.account]))?;
        let member = account.and_then(|account| account.account());
        let of = self.subject(SubjectKind::LoyaltyAccount, &entry.account);
        if self.is_any_forgotten(member.as_slice())? || self.is_thing_forgotten(&of)? {
            self.forgotten = Forgotten::Person;
        }
        if member.is_none() {
            // Nobody's yet: it is found under the account when that is somebody's.
            self.draft.put_raw(Table::Index, key::about(&of, self.id), Vec::new());
        }
        if let Some(member) = member {
            let row = encode(&self.subject(SubjectKind::LoyaltyEntry, &entry.account));
            let place = |entry: &LoyaltyEntry| (ledger_place(member, &row_key, entry), row.clone());
            self.move_places(before.iter().map(place).collect(), BTreeMap::from([place(&after)]));
        }
        Ok(self.about(member, SubjectKind::LoyaltyEntry, &format!("{}/{}", entry.account, entry.id)))
    }

    fn survey(&mut self, survey: &event::SurveyResponse) -> Result<About, FoldError> {
        let who = self.party(survey.who.as_ref())?;
        let told = Survey::told(survey, who, self.event.happened_at, self.told);
        Ok(self.file(&survey.id, told)?.about())
    }

    fn person_merge(&mut self, merge: &event::PersonMerge) -> Result<About, FoldError> {
        let evidence = self.evidence();
        let Some((kept, absorbed)) =
            merge_accounts(self.draft, &merge.kept, &merge.absorbed, self.people, evidence)?
        else {
            return Ok(About::default());
        };
        if self.forgotten == Forgotten::Person || self.is_any_forgotten(&[kept, absorbed])? {
            self.forgotten = Forgotten::Person;
            self.forget_person(kept)?;
            self.forget_person(absorbed)?;
        }
        Ok(About { account: Some(kept), ..About::default() })
    }

    fn about(&self, account: Option<NodeId>, kind: SubjectKind, id: &str) -> About {
        About { account, subject: Some(self.subject(kind, id)), ..About::default() }
    }

    pub(crate) fn subject(&self, kind: SubjectKind, id: &str) -> Subject {
        Subject { kind, connection: self.connection.to_owned(), id: id.to_owned() }
    }

    /// Joins a thing and moves its timeline entry to where it now belongs. A thing that was ever said to be somebody's who
    /// is forgotten is forgotten too, so that the order in which things are told does not matter.
    pub(crate) fn file<T: Filed>(&mut self, id: &str, mut told: T) -> Result<File<T>, FoldError> {
        let subject = self.subject(T::KIND, id);
        if self.forgotten == Forgotten::Person || self.is_thing_forgotten(&subject)? {
            told.erase();
        }
        let told_of = told.account();
        let Joined { before, after } = self.draft.join(&key::object(self.connection, &[id]), told)?;
        let standing = |thing: &T| Some((thing.place()?, thing.is_open()));
        let (was, is) = (before.as_ref().and_then(standing), standing(&after));
        if was != is {
            let row = |((account, at), is_open)| {
                let row = ThingRow { thing: subject.clone(), is_open };
                (key::timeline(account, at, &subject), encode(&row))
            };
            self.move_places(was.map(row).into_iter().collect(), is.map(row).into_iter().collect());
        }
        let owner = after.account();
        let before_of = before.as_ref().and_then(T::account);
        if after.has_parts() || before.as_ref().is_some_and(T::has_parts) {
            let places = |thing: &T| parts_in_timeline(thing, &subject);
            self.move_places(before.as_ref().map(places).unwrap_or_default(), places(&after));
        }
        for other in [told_of, before_of].into_iter().flatten().filter(|other| Some(*other) != owner) {
            self.draft.put_raw(Table::Index, key::formerly(other, &subject), encode(&subject));
            self.draft.put_raw(Table::Index, key::moved_from(&subject, other), Vec::new());
        }
        if before.is_some() && before_of != owner {
            self.events_follow(&subject, before_of, owner)?;
        }
        if after.is_erased() && before.as_ref().is_some_and(|before| !before.is_erased()) {
            self.forget_events_about(&subject, before_of)?;
            forget_corrections(self.draft, &subject, self.told.learned)?;
        }
        Ok(File { subject, before, after })
    }

    /// Notes the events about a thing under whose it is now, whether they came before anything said so or after.
    fn events_follow(
        &mut self,
        subject: &Subject,
        was: Option<NodeId>,
        owner: Option<NodeId>,
    ) -> Result<(), FoldError> {
        if was.is_some() && was == self.forgetting {
            // They are gone through once, not once for each thing.
            return Ok(());
        }
        let known = was.map_or_else(|| key::about_prefix(subject), key::all_events_prefix);
        for (row_key, _) in self.draft.scan(Table::Index, &known, usize::MAX)? {
            let Some(id) = key::trailing_id(&row_key).map(EventId) else { continue };
            let row: Option<EventRow> = self.draft.get(&id.0)?;
            let Some(row) = row.filter(|row| row.subject.as_ref() == Some(subject)) else { continue };
            self.draft.delete(Table::Index, row_key);
            let row_key = match owner {
                Some(owner) => key::events(owner, &row.name, row.happened_at, id),
                None => key::about(subject, id),
            };
            self.draft.put_raw(Table::Index, row_key, Vec::new());
            self.draft.put(id.0.to_vec(), &EventRow { account: owner, ..row });
            rulings_follow(self.draft, id, owner)?;
        }
        Ok(())
    }
}

/// The rows of a thing's parts in the timeline of whose it is.
fn parts_in_timeline<T: Filed>(thing: &T, subject: &Subject) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let Some(account) = thing.account() else { return BTreeMap::new() };
    let place = |(at, part): (Timestamp, PartRow)| {
        let object = key::object(&part.whole.connection, &[&part.whole.id, &part.part, &part.turn]);
        (key::timeline_object(account, part.whole.kind, at, &object), encode(&part))
    };
    thing.parts(subject).into_iter().map(place).collect()
}

fn ledger_place(member: NodeId, row_key: &[u8], entry: &LoyaltyEntry) -> Vec<u8> {
    key::timeline_object(member, SubjectKind::LoyaltyEntry, entry.at.value, row_key)
}

/// A thing as it was and is, and what it is called.
pub(crate) struct File<T> {
    pub(crate) subject: Subject,
    pub(crate) before: Option<T>,
    pub(crate) after: T,
}

impl<T: Filed> File<T> {
    /// Whether its content has just gone.
    fn is_erased_now(&self) -> bool {
        self.after.is_erased() && !self.before.as_ref().is_some_and(T::is_erased)
    }

    fn about(self) -> About {
        About {
            account: self.after.account(),
            erased: self.after.is_erased(),
            subject: Some(self.subject),
            turn: Turn::default(),
        }
    }
}
