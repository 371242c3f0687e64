//! Finding customers by whatever somebody has at hand: an id, an address, a number, part of a name.

use std::collections::BTreeSet;

use hub_model::NodeId;
use hub_model::event::{Identity, IdentityKind, Proof};
use hub_model::identity::{KeyContext, normalise};
use hub_store::{Store, Table};
use serde::Deserialize;

use super::people::{CustomerSummary, Person};
use super::{ANSWER_MAX, View};
use crate::FoldError;
use crate::fold::SETTINGS_KEY;
use crate::row::{decode, key};

/// Words of a query that are looked at; nobody has longer names.
const WORDS_MAX: usize = 8;

/// Accounts looked at for the rarest word of a query.
const WORD_HITS_MAX: usize = 2_000;

/// Accounts looked at that claim a key without being its customer.
const CLAIMANTS_MAX: usize = 200;

/// Customers by any id of theirs, e-mail address, phone, order number, ticket, handle or words of the name. A phone may
/// lack its country if a connection's default country makes it whole. Who matches better stands first.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn find_customers(
    store: &dyn Store,
    query: &str,
    limit: usize,
) -> Result<Vec<CustomerSummary>, FoldError> {
    let view = View { store };
    let limit = limit.min(ANSWER_MAX);
    let mut found = Found { view, limit, customers: Vec::new() };
    found.by_id(query)?;
    found.by_key(query)?;
    found.by_words(query)?;
    found.customers.into_iter().map(|person| person.summary()).collect()
}

struct Found<'a> {
    view: View<'a>,
    limit: usize,
    customers: Vec<Person<'a>>,
}

impl Found<'_> {
    /// Adds the customer a node belongs to, once.
    fn add(&mut self, node: NodeId) -> Result<(), FoldError> {
        if self.customers.len() < self.limit
            && let Some((id, row)) = self.view.customer_of(node)?
            && !self.customers.iter().any(|known| known.id == id)
        {
            self.customers.push(Person::load(self.view, id, row)?);
        }
        Ok(())
    }

    fn by_id(&mut self, query: &str) -> Result<(), FoldError> {
        match query.trim().to_lowercase().parse() {
            Ok(node) => self.add_holders(node),
            Err(_) => Ok(()),
        }
    }

    fn by_key(&mut self, query: &str) -> Result<(), FoldError> {
        let mut nodes = Vec::from_iter(node(IdentityKind::Email, query, None));
        if query.chars().any(|character| character.is_ascii_digit()) {
            nodes.extend(phones(self.view, query)?);
        }
        nodes.into_iter().try_for_each(|node| self.add_holders(node))
    }

    /// Whose node it is, then who claims it.
    fn add_holders(&mut self, node: NodeId) -> Result<(), FoldError> {
        self.add(node)?;
        let claimants = self.view.indexed(&key::claimed_by_prefix(node), CLAIMANTS_MAX)?;
        claimants.into_iter().try_for_each(|account| self.add(account))
    }

    /// Customers who have every word, on whichever of their accounts.
    fn by_words(&mut self, query: &str) -> Result<(), FoldError> {
        let mut words = Vec::new();
        for word in query.split_whitespace().take(WORDS_MAX) {
            words.push(Word { forms: forms(word), hits: hits(self.view, word)? });
        }
        words.sort_by_key(|word| word.hits.len());
        let Some((rarest, others)) = words.split_first() else { return Ok(()) };
        let mut asked = BTreeSet::new();
        for account in &rarest.hits {
            let Some((id, row)) = self.view.customer_of(*account)? else { continue };
            if self.customers.len() < self.limit
                && asked.insert(id)
                && has_all(self.view, &row.accounts, others)?
            {
                self.add(*account)?;
            }
        }
        Ok(())
    }
}

struct Word {
    forms: Vec<String>,
    hits: Vec<NodeId>,
}

/// As it was typed, and without the mark people write before order numbers and handles.
fn forms(word: &str) -> Vec<String> {
    let bare = word.trim_start_matches(['#', '@']);
    let mut forms = vec![word.to_owned()];
    if bare != word && !bare.is_empty() {
        forms.push(bare.to_owned());
    }
    forms
}

fn hits(view: View<'_>, word: &str) -> Result<Vec<NodeId>, FoldError> {
    let mut hits = Vec::new();
    for form in forms(word) {
        hits.extend(view.indexed(&key::word_prefix(&form), WORD_HITS_MAX)?);
    }
    Ok(hits)
}

fn has_all(view: View<'_>, accounts: &BTreeSet<NodeId>, words: &[Word]) -> Result<bool, FoldError> {
    for word in words {
        let mut has = false;
        for (account, form) in
            accounts.iter().flat_map(|account| word.forms.iter().map(move |form| (account, form)))
        {
            has = has || view.store.get(Table::Index, &key::word(form, *account))?.is_some();
        }
        if !has {
            return Ok(false);
        }
    }
    Ok(true)
}

fn node(kind: IdentityKind, value: &str, default_country: Option<&str>) -> Option<NodeId> {
    let identity = Identity { kind, scope: String::new(), value: value.to_owned(), proof: Proof::Claimed };
    normalise(&identity, KeyContext { connection: "", default_country }).map(|key| key.node())
}

/// The phones a text may mean: as it stands, with the plus people leave out, and within each connection's country.
fn phones(view: View<'_>, text: &str) -> Result<Vec<NodeId>, FoldError> {
    /// Whatever else is written in a phone number; a query with other characters is none.
    const PUNCTUATION: [char; 8] = ['+', ' ', '-', '(', ')', '.', '/', '\u{a0}'];
    let text = text.trim();
    if !text.chars().all(|character| character.is_ascii_digit() || PUNCTUATION.contains(&character)) {
        return Ok(Vec::new());
    }
    let international = format!("+{}", text.strip_prefix("00").unwrap_or(text));
    let mut nodes =
        vec![node(IdentityKind::Phone, text, None), node(IdentityKind::Phone, &international, None)];
    for country in default_countries(view)? {
        nodes.push(node(IdentityKind::Phone, text, Some(&country)));
    }
    Ok(nodes.into_iter().flatten().collect())
}

/// The part of the settings that says where phones without a country are.
#[derive(Deserialize)]
struct Countries {
    connections: Vec<crate::record::ConnectionSettings>,
}

fn default_countries(view: View<'_>) -> Result<BTreeSet<String>, FoldError> {
    let Some(bytes) = view.store.get(Table::Setting, SETTINGS_KEY)? else { return Ok(BTreeSet::new()) };
    let json: String = decode(Table::Setting, &bytes)?;
    let settings: Countries =
        serde_json::from_str(&json).map_err(|_| FoldError::Row { table: Table::Setting })?;
    Ok(settings.connections.into_iter().filter_map(|connection| connection.default_country).collect())
}
