//! A customer in a few lines, for lists and search results.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::event::Direction;
use hub_model::identity::{IdentityKey, IdentityKind};
use hub_model::model::{Interaction, LoyaltyAccount, Profile};
use hub_model::{NodeId, Timestamp};
use hub_store::{Order as Ends, Range, Store, Table};
use serde::Serialize;

use super::{ANSWER_MAX, View, Walk};
use crate::FoldError;
use crate::facts::display_name;
use crate::row::{CustomerRow, NodeRow, Subject, SubjectKind, decode, key};

/// Keys of one account looked at: a person has a handful, an account somebody keeps renaming may have many.
const CLAIMS_MAX: usize = 200;

/// Timeline rows of one account looked at for the newest contact; orders and notes may stand before it.
const CONTACT_LOOKBACK: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CustomerSummary {
    pub id: NodeId,
    pub display_name: Option<String>,
    /// Proven ones first.
    pub emails: Vec<String>,
    /// In international form, proven ones first.
    pub phones: Vec<String>,
    pub accounts: Vec<Account>,
    /// Of all systems, and the hub's own.
    pub tags: Vec<String>,
    pub open_orders: u64,
    pub orders: u64,
    pub open_tickets: u64,
    pub loyalty_points: i64,
    /// When they last wrote or were written to.
    pub last_contact_at: Option<Timestamp>,
}

/// A person as one system knows them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Account {
    pub connection: String,
    /// The provider's kind of object: "customer", "igsid", "guest-order" …
    pub object: String,
    pub id: String,
}

impl Account {
    pub(crate) fn of(key: &IdentityKey) -> Self {
        let (connection, object) = key.scope.split_once('/').unwrap_or((&key.scope, ""));
        Self { connection: connection.to_owned(), object: object.to_owned(), id: key.value.clone() }
    }
}

/// The customer that an id stands for now. Any id ever given out finds whom its customer has become, through merges and
/// un-merges; so does the node of any account or key.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn customer_id(store: &dyn Store, id: NodeId) -> Result<Option<NodeId>, FoldError> {
    Ok(View { store }.customer_of(id)?.map(|(customer, _)| customer))
}

/// One customer in short, by their id, one they were known by, or an account of theirs.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn customer_summary(store: &dyn Store, id: NodeId) -> Result<Option<CustomerSummary>, FoldError> {
    Person::find(View { store }, id)?.map(|person| person.summary()).transpose()
}

/// Customers by id, those after `after` first.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn customers(
    store: &dyn Store,
    after: Option<NodeId>,
    limit: usize,
) -> Result<Vec<CustomerSummary>, FoldError> {
    let view = View { store };
    let mut from = Vec::new();
    if let Some(after) = after {
        from = after.0.to_vec();
        from.push(0);
    }
    let rows =
        store.scan(Table::Customer, Range { from, to: None }, Ends::Ascending, limit.min(ANSWER_MAX))?;
    rows.iter()
        .filter_map(|(id, row)| Some((NodeId(id.as_slice().try_into().ok()?), row)))
        .map(|(id, row)| Person::load(view, id, decode(Table::Customer, row)?)?.summary())
        .collect()
}

/// A customer with the rows of their accounts and of every key these claim.
pub(super) struct Person<'a> {
    pub(super) view: View<'a>,
    pub(super) id: NodeId,
    pub(super) row: CustomerRow,
    pub(super) accounts: BTreeMap<NodeId, NodeRow>,
    pub(super) claimed: BTreeMap<NodeId, NodeRow>,
}

impl<'a> Person<'a> {
    pub(super) fn load(view: View<'a>, id: NodeId, row: CustomerRow) -> Result<Self, FoldError> {
        let mut accounts = BTreeMap::new();
        let mut claimed = BTreeMap::new();
        for account in &row.accounts {
            let Some(node) = view.get::<NodeRow>(&account.0)? else { continue };
            for key in node.claims.keys().take(CLAIMS_MAX) {
                if !claimed.contains_key(key)
                    && let Some(found) = view.get::<NodeRow>(&key.0)?
                {
                    claimed.insert(*key, found);
                }
            }
            accounts.insert(*account, node);
        }
        Ok(Self { view, id, row, accounts, claimed })
    }

    pub(super) fn find(view: View<'a>, node: NodeId) -> Result<Option<Self>, FoldError> {
        view.customer_of(node)?.map(|(id, row)| Self::load(view, id, row)).transpose()
    }

    pub(super) fn summary(&self) -> Result<CustomerSummary, FoldError> {
        let (open_orders, orders) = self.count(SubjectKind::Order)?;
        let (open_tickets, _) = self.count(SubjectKind::Ticket)?;
        let loyalty = self.things::<LoyaltyAccount>(SubjectKind::LoyaltyAccount)?;
        let balances = loyalty.iter().filter_map(|(_, account)| Some(account.balance.as_ref()?.value));
        Ok(CustomerSummary {
            id: self.id,
            display_name: self.display_name()?,
            emails: self.reachable(IdentityKind::Email),
            phones: self.reachable(IdentityKind::Phone),
            accounts: self.accounts.values().map(|node| Account::of(&node.key)).collect(),
            tags: self.tags()?,
            open_orders,
            orders,
            open_tickets,
            loyalty_points: balances.fold(0, i64::saturating_add),
            last_contact_at: self.last_contact_at()?,
        })
    }

    /// How many things of one kind are open over all accounts, and how many there are.
    fn count(&self, kind: SubjectKind) -> Result<(u64, u64), FoldError> {
        let (mut open, mut all) = (0, 0);
        for account in self.accounts.keys() {
            for row in self.view.filed_rows(*account, kind)? {
                all += 1;
                open += u64::from(row.is_open);
            }
        }
        Ok((open, all))
    }

    /// Things of one kind over all accounts.
    pub(super) fn things<T: crate::row::Row>(
        &self,
        kind: SubjectKind,
    ) -> Result<Vec<(Subject, T)>, FoldError> {
        let mut things = Vec::new();
        for account in self.accounts.keys() {
            things.extend(self.view.filed(*account, kind)?);
        }
        Ok(things)
    }

    pub(super) fn profiles(&self) -> Result<Vec<(NodeId, Profile)>, FoldError> {
        let mut profiles = Vec::new();
        for account in self.accounts.keys() {
            if let Some(profile) = self.view.get(&account.0)? {
                profiles.push((*account, profile));
            }
        }
        Ok(profiles)
    }

    pub(super) fn display_name(&self) -> Result<Option<String>, FoldError> {
        Ok(display_name(self.profiles()?.into_iter().map(|(_, profile)| profile)))
    }

    /// Keys of this kind, proven ones first, then by age.
    pub(super) fn reachable(&self, kind: IdentityKind) -> Vec<String> {
        let mut found: Vec<_> = self
            .accounts
            .values()
            .flat_map(|account| &account.claims)
            .filter_map(|(node, claim)| Some((claim, self.claimed.get(node)?)))
            .filter(|(_, key)| key.key.kind == kind)
            .map(|(claim, key)| (claim.proof, claim.first.at, key.key.value.as_str()))
            .collect();
        found.sort_unstable();
        let mut seen = BTreeSet::new();
        found
            .into_iter()
            .filter(|(.., value)| seen.insert(*value))
            .map(|(.., value)| value.to_owned())
            .collect()
    }

    fn tags(&self) -> Result<Vec<String>, FoldError> {
        let mut tags: BTreeSet<String> =
            self.profiles()?.into_iter().flat_map(|(_, profile)| profile.tags.current()).collect();
        tags.extend(self.hub_tags()?);
        Ok(tags.into_iter().collect())
    }

    fn last_contact_at(&self) -> Result<Option<Timestamp>, FoldError> {
        let mut newest = None;
        for account in self.accounts.keys() {
            newest = newest.max(self.last_contact_of(*account)?);
        }
        Ok(newest)
    }

    fn last_contact_of(&self, account: NodeId) -> Result<Option<Timestamp>, FoldError> {
        let mut found = None;
        let mut looked_at = 0;
        let range = hub_store::prefix_range(&key::timeline_prefix(account, SubjectKind::Interaction));
        self.view.walk(Table::Timeline, range, Ends::Descending, |_, value| {
            looked_at += 1;
            let subject: Subject = decode(Table::Timeline, value)?;
            let said: Option<Interaction> =
                self.view.get(&key::object(&subject.connection, &[&subject.id]))?;
            found = said.and_then(contact_at);
            Ok(if found.is_some() || looked_at == CONTACT_LOOKBACK { Walk::Enough } else { Walk::On })
        })?;
        Ok(found)
    }
}

/// A note among ourselves is no contact.
fn contact_at(said: Interaction) -> Option<Timestamp> {
    let internal = said.direction.is_some_and(|direction| direction.value == Direction::Internal);
    said.sent_at.filter(|_| !internal).map(|at| at.value)
}
