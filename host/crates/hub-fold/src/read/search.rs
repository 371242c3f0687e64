//! Finding customers by whatever somebody has at hand: an id, an address, a number, part of a name.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use hub_model::NodeId;
use hub_model::event::{Identity, IdentityKind, Proof};
use hub_model::identity::{KeyContext, normalise};
use hub_model::model::Profile;
use hub_model::words::{folded, plain, umlauts_respelt, words};
use hub_store::{Store, Table};

use super::people::{CustomerSummary, Person};
use super::{ANSWER_MAX, View};
use crate::FoldError;
use crate::fold::{KeyRules, key_rules};
use crate::row::key;

/// Words of a query that are looked at; nobody has longer names.
const WORDS_MAX: usize = 8;

/// Accounts listed for one word: some milliseconds of a view on disk. Of a word that more people have, whoever has the
/// query's other words is found by these.
const WORD_HITS_MAX: usize = 2_000;

/// Accounts of the rarest word whose customers are looked up.
const CANDIDATES_MAX: usize = 1_000;

/// Accounts looked at that claim a key without being its customer.
const CLAIMANTS_MAX: usize = 200;

/// Customers by any id of theirs, e-mail address, phone, order number, ticket, loyalty number, handle or words of the name
/// or their beginnings, in any order, without regard to case and accents. A phone may lack its country if a connection's
/// default country makes it whole. Who matches better stands first: an exact key, then whole words, then beginnings.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn find_customers(
    store: &dyn Store,
    query: &str,
    limit: usize,
) -> Result<Vec<CustomerSummary>, FoldError> {
    let view = View { store };
    let (query, limit) = (&plain(query), limit.min(ANSWER_MAX));
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
        let rules = key_rules(self.view.store)?;
        let mut nodes = Vec::from_iter(node(&rules, IdentityKind::Email, query, None));
        if query.chars().any(|character| character.is_ascii_digit()) {
            nodes.extend(phones(&rules, query));
        }
        nodes.into_iter().try_for_each(|node| self.add_holders(node))
    }

    /// Whose node it is, then who claims it.
    fn add_holders(&mut self, node: NodeId) -> Result<(), FoldError> {
        self.add(node)?;
        let claimants = self.view.claimants(node, CLAIMANTS_MAX)?;
        claimants.into_iter().try_for_each(|account| self.add(account))
    }

    /// Customers who have every word, on whichever of their accounts; those who have it whole before those whose words
    /// only begin so.
    fn by_words(&mut self, query: &str) -> Result<(), FoldError> {
        let mut words = Vec::new();
        for word in query.split_whitespace().filter(|word| is_word(word)).take(WORDS_MAX) {
            words.push(Hits::of(self.view, word)?);
        }
        words.sort_by_key(|word| word.accounts.len());
        let Some((rarest, others)) = words.split_first() else { return Ok(()) };
        let mut asked = BTreeSet::new();
        for account in ranked(rarest, others).into_iter().take(CANDIDATES_MAX) {
            if self.customers.len() >= self.limit {
                break;
            }
            let Some((id, row)) = self.view.customer_of(account)? else { continue };
            if asked.insert(id) && has_all(self.view, &row.accounts, others)? {
                self.add(account)?;
            }
        }
        Ok(())
    }
}

/// Punctuation between words is none.
fn is_word(word: &str) -> bool {
    word.chars().any(char::is_alphanumeric)
}

/// The accounts that have a word.
struct Hits {
    word: String,
    /// In the order found, whole words first.
    accounts: Vec<NodeId>,
    /// Whether the word is theirs as it was typed, or only the beginning of theirs.
    whole: HashMap<NodeId, bool>,
    /// There are more than were looked at.
    is_cut: bool,
}

impl Hits {
    fn none(word: &str) -> Self {
        Self { word: word.to_owned(), accounts: Vec::new(), whole: HashMap::new(), is_cut: false }
    }

    /// As it was typed, without the marks people write around it, with its umlauts the other way, and in its parts:
    /// "berg-lind" is found by both.
    fn of(view: View<'_>, word: &str) -> Result<Self, FoldError> {
        let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        let mut hits = Self::none(bare);
        let forms = [Some(word.to_owned()), Some(bare.to_owned()), umlauts_respelt(bare)];
        let forms: BTreeSet<String> = forms.into_iter().flatten().map(|form| folded(&form)).collect();
        for form in &forms {
            hits.add_all(view, form)?;
        }
        let parts: Vec<String> = words(bare).filter(|part| !forms.contains(part)).collect();
        // A mark says what it is, and part of an address is nobody's name.
        if !word.starts_with(['#', '@']) && !bare.contains('@') {
            hits.add_who_has_all(view, &parts)?;
        }
        Ok(hits)
    }

    fn add_who_has_all(&mut self, view: View<'_>, parts: &[String]) -> Result<(), FoldError> {
        let mut all = Vec::new();
        for part in parts {
            let mut hits = Self::none(part);
            hits.add_all(view, part)?;
            all.push(hits);
        }
        let Some(first) = all.first() else { return Ok(()) };
        self.is_cut |= all.iter().any(|part| part.is_cut);
        for account in first.accounts.iter().filter(|account| all.iter().all(|part| part.has(**account))) {
            let is_whole = all.iter().all(|part| part.whole.get(account) == Some(&true));
            self.add(*account, is_whole);
        }
        Ok(())
    }

    /// A number is meant as a whole: who types 104 does not look for order 1042.
    fn add_all(&mut self, view: View<'_>, form: &str) -> Result<(), FoldError> {
        let is_number = !form.chars().any(char::is_alphabetic);
        let prefix = if is_number { key::word_prefix(form) } else { key::words_beginning(form) };
        let rows = view.scan(Table::Index, &prefix, WORD_HITS_MAX)?;
        self.is_cut |= rows.len() == WORD_HITS_MAX;
        let whole = key::word_prefix(form);
        for (row, _) in rows {
            if let Some(account) = key::trailing_id(&row) {
                let is_whole =
                    row.starts_with(&whole) && row.len() == whole.len().saturating_add(account.len());
                self.add(NodeId(account), is_whole);
            }
        }
        Ok(())
    }

    fn add(&mut self, account: NodeId, is_whole: bool) {
        match self.whole.entry(account) {
            Entry::Occupied(mut known) => *known.get_mut() |= is_whole,
            Entry::Vacant(place) => {
                place.insert(is_whole);
                self.accounts.push(account);
            }
        }
    }

    fn has(&self, account: NodeId) -> bool {
        self.whole.contains_key(&account)
    }
}

/// The accounts of the rarest word: first those that have every word, by how many of them whole, then the rest, whose
/// customer may have the other words on another account.
fn ranked(rarest: &Hits, others: &[Hits]) -> Vec<NodeId> {
    let mut ranked: Vec<(usize, NodeId)> = rarest
        .accounts
        .iter()
        .map(|account| {
            let words = || std::iter::once(rarest).chain(others);
            let has_all = others.iter().all(|word| word.has(*account));
            let whole = words().filter(|word| word.whole.get(account) == Some(&true)).count();
            (if has_all { whole.saturating_add(1) } else { 0 }, *account)
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    ranked.into_iter().map(|(_, account)| account).collect()
}

fn has_all(view: View<'_>, accounts: &BTreeSet<NodeId>, words: &[Hits]) -> Result<bool, FoldError> {
    for word in words {
        let is_listed = accounts.iter().any(|account| word.has(*account));
        let has_word = is_listed || (word.is_cut && is_named(view, accounts, word)?);
        if !has_word {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Of a word too common to list, whether it begins a word of the name.
fn is_named(view: View<'_>, accounts: &BTreeSet<NodeId>, word: &Hits) -> Result<bool, FoldError> {
    let wanted = folded(&word.word);
    for account in accounts {
        let name = view.get::<Profile>(&account.0)?.and_then(|profile| profile.display_name());
        if name.is_some_and(|name| words(&name.value).any(|part| part.starts_with(&wanted))) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn node(rules: &KeyRules, kind: IdentityKind, value: &str, default_country: Option<&str>) -> Option<NodeId> {
    let identity = Identity { kind, scope: String::new(), value: value.to_owned(), proof: Proof::Claimed };
    normalise(&identity, KeyContext { connection: "", default_country, phones: None })
        .map(|key| key.node(rules.salt))
}

/// The phones a text may mean: as it stands, with the plus people leave out, and within each connection's country.
fn phones(rules: &KeyRules, text: &str) -> Vec<NodeId> {
    /// Whatever else is written in a phone number; a query with other characters is none.
    const PUNCTUATION: [char; 9] = ['+', ' ', '-', '(', ')', '.', '/', '\u{a0}', '\u{2010}'];
    let text = text.trim();
    let text = text.strip_prefix("tel:").unwrap_or(text);
    if !text.chars().all(|character| character.is_ascii_digit() || PUNCTUATION.contains(&character)) {
        return Vec::new();
    }
    let international = format!("+{}", text.strip_prefix("00").unwrap_or(text));
    let phone = |text: &str, country: Option<&str>| node(rules, IdentityKind::Phone, text, country);
    let anywhere = [phone(text, None), phone(&international, None)].into_iter();
    anywhere.chain(rules.countries.iter().map(|country| phone(text, Some(country)))).flatten().collect()
}
