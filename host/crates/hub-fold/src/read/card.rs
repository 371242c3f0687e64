//! Everything known of one customer.

use std::collections::BTreeMap;

use hub_model::NodeId;
use hub_model::model::{LoyaltyAccount, LoyaltyEntry, Order, Profile, Ticket};
use hub_store::{Order as Ends, Store, Table, prefix_range};
use serde::Serialize;

use super::consent::{ConsentView, consents};
use super::links::{LinkedKey, links};
use super::people::{Account, CustomerSummary, Person};
use super::rulings::{AttributeView, NoteView};
use super::suggest::{Suggestion, suggested};
use super::things::{LoyaltyEntryView, LoyaltyView, OrderView, TicketView};
use super::{THINGS_MAX, View, Walk};
use crate::FoldError;
use crate::row::{Subject, SubjectKind, decode, key};

/// Notes shown on a card: a screen or two.
const NOTES_MAX: usize = 100;

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
    /// What rules say of them, by name.
    pub attributes: BTreeMap<String, AttributeView>,
    /// What rules wrote down, newest first; older ones stand in the timeline.
    pub notes: Vec<NoteView>,
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
        attributes: person.attributes()?,
        notes: person.notes(NOTES_MAX)?,
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
            let view = LoyaltyView::new(subject, account);
            let ledger = ledger(person.view, subject)?;
            let sum = ledger.iter().filter_map(|entry| entry.points).fold(0, i64::saturating_add);
            let unexplained =
                view.balance.filter(|_| !ledger.is_empty()).map(|balance| balance.saturating_sub(sum));
            let unexplained = unexplained.filter(|more| *more != 0);
            Ok(LoyaltyView { ledger: ledger.into_iter().take(THINGS_MAX).collect(), unexplained, ..view })
        })
        .collect()
}

/// All entries of a loyalty account, newest first.
pub(super) fn ledger(view: View<'_>, account: &Subject) -> Result<Vec<LoyaltyEntryView>, FoldError> {
    let mut entries = Vec::new();
    each_entry(view, account, |entry| entries.push(entry))?;
    entries.sort_by(|left, right| (right.at, &right.id).cmp(&(left.at, &left.id)));
    Ok(entries)
}

/// The entries of a loyalty account by id, however many there are.
pub(super) fn each_entry(
    view: View<'_>,
    account: &Subject,
    mut each: impl FnMut(LoyaltyEntryView),
) -> Result<(), FoldError> {
    let mut prefix = key::object(&account.connection, &[&account.id]);
    prefix.push(0);
    view.walk(Table::LoyaltyEntry, prefix_range(&prefix), Ends::Ascending, |row_key, row| {
        let entry: LoyaltyEntry = decode(Table::LoyaltyEntry, row)?;
        let id = String::from_utf8_lossy(row_key.get(prefix.len()..).unwrap_or_default()).into_owned();
        each(LoyaltyEntryView::new(&account.id, &id, &entry));
        Ok(Walk::On)
    })
}
