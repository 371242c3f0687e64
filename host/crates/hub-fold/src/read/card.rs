//! Everything known of one customer.

use std::collections::BTreeSet;

use hub_model::model::{Consent, LoyaltyAccount, LoyaltyEntry, Order, Profile, Ticket};
use hub_model::{NodeId, Timestamp};
use hub_store::{Store, Table};
use serde::Serialize;

use super::links::{LinkedKey, links};
use super::people::{Account, CustomerSummary, Person};
use super::suggest::{Suggestion, suggested};
use super::things::{LoyaltyEntryView, LoyaltyView, OrderView, TicketView};
use super::{THINGS_MAX, View};
use crate::FoldError;
use crate::row::{Subject, SubjectKind, decode, key};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CustomerCard {
    pub summary: CustomerSummary,
    pub profiles: Vec<ProfileView>,
    /// Newest statement first.
    pub consents: Vec<ConsentView>,
    /// Newest first.
    pub orders: Vec<OrderView>,
    /// Newest first.
    pub tickets: Vec<TicketView>,
    pub loyalty: Vec<LoyaltyView>,
    /// Why the accounts are one person: every key they claim, those that link first.
    pub links: Vec<LinkedKey>,
    /// Other customers who may be the same person, the likeliest first.
    pub suggestions: Vec<Suggestion>,
}

/// What one system says of the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProfileView {
    pub account: Account,
    pub name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub locale: Option<String>,
    pub tags: Vec<String>,
    pub state: Option<String>,
    pub deleted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConsentView {
    pub account: Account,
    pub channel: String,
    pub purpose: String,
    pub state: String,
    pub at: Timestamp,
    /// No newer statement on this channel and purpose, whichever system it was made to.
    pub in_force: bool,
}

/// The customer an id stands for: any id ever given out finds the customer it has become.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn customer(store: &dyn Store, id: NodeId) -> Result<Option<CustomerCard>, FoldError> {
    let Some(person) = Person::find(View { store }, id)? else { return Ok(None) };
    Ok(Some(CustomerCard {
        summary: person.summary()?,
        profiles: profiles(&person)?,
        consents: consents(&person)?,
        orders: orders(&person)?,
        tickets: tickets(&person)?,
        loyalty: loyalty(&person)?,
        links: links(&person, crate::fold::key_rules(store)?.limits),
        suggestions: suggested(&person)?,
    }))
}

fn profiles(person: &Person<'_>) -> Result<Vec<ProfileView>, FoldError> {
    let profiles = person.profiles()?;
    let seen = profiles.iter().filter_map(|(node, profile)| Some((person.accounts.get(node)?, profile)));
    Ok(seen.map(|(node, profile)| ProfileView::new(Account::of(&node.key), profile)).collect())
}

impl ProfileView {
    fn new(account: Account, profile: &Profile) -> Self {
        let text =
            |fact: &Option<hub_model::join::Fact<String>>| fact.as_ref().map(|fact| fact.value.clone());
        Self {
            account,
            name: text(&profile.name),
            given_name: text(&profile.given_name),
            family_name: text(&profile.family_name),
            locale: text(&profile.locale),
            tags: profile.tags.current().into_iter().collect(),
            state: text(&profile.state),
            deleted: profile.deleted,
        }
    }
}

fn consents(person: &Person<'_>) -> Result<Vec<ConsentView>, FoldError> {
    let mut consents = Vec::new();
    for (account, node) in &person.accounts {
        for (_, row) in person.view.scan(Table::Consent, &account.0, THINGS_MAX)? {
            let consent: Consent = decode(Table::Consent, &row)?;
            consents.push(ConsentView {
                account: Account::of(&node.key),
                channel: consent.channel,
                purpose: consent.purpose,
                at: consent.at.map_or(Timestamp(consent.state.version), |at| at.value),
                state: consent.state.value,
                in_force: false,
            });
        }
    }
    consents.sort_by(|left, right| (right.at, &right.state).cmp(&(left.at, &left.state)));
    let mut stated = BTreeSet::new();
    for consent in &mut consents {
        consent.in_force = stated.insert((consent.channel.clone(), consent.purpose.clone()));
    }
    Ok(consents)
}

fn orders(person: &Person<'_>) -> Result<Vec<OrderView>, FoldError> {
    let orders = person.things::<Order>(SubjectKind::Order)?;
    let mut orders: Vec<_> = orders.iter().map(|(subject, order)| OrderView::new(subject, order)).collect();
    orders.sort_by_key(|order| std::cmp::Reverse(order.placed_at));
    Ok(orders)
}

fn tickets(person: &Person<'_>) -> Result<Vec<TicketView>, FoldError> {
    let tickets = person.things::<Ticket>(SubjectKind::Ticket)?;
    let mut tickets: Vec<_> =
        tickets.iter().map(|(subject, ticket)| TicketView::new(subject, ticket)).collect();
    tickets.sort_by_key(|ticket| std::cmp::Reverse(ticket.created_at));
    Ok(tickets)
}

fn loyalty(person: &Person<'_>) -> Result<Vec<LoyaltyView>, FoldError> {
    let accounts = person.things::<LoyaltyAccount>(SubjectKind::LoyaltyAccount)?;
    accounts
        .iter()
        .map(|(subject, account)| {
            Ok(LoyaltyView { ledger: ledger(person.view, subject)?, ..LoyaltyView::new(subject, account) })
        })
        .collect()
}

/// The entries of a loyalty account, newest first.
pub(super) fn ledger(view: View<'_>, account: &Subject) -> Result<Vec<LoyaltyEntryView>, FoldError> {
    let mut prefix = key::object(&account.connection, &[&account.id]);
    prefix.push(0);
    let mut entries = Vec::new();
    for (row_key, row) in view.scan(Table::LoyaltyEntry, &prefix, THINGS_MAX)? {
        let entry: LoyaltyEntry = decode(Table::LoyaltyEntry, &row)?;
        let id = String::from_utf8_lossy(row_key.get(prefix.len()..).unwrap_or_default()).into_owned();
        entries.push(LoyaltyEntryView::new(&account.id, &id, &entry));
    }
    entries.sort_by(|left, right| (right.at, &right.id).cmp(&(left.at, &left.id)));
    Ok(entries)
}
