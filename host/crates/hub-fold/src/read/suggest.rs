//! Who else a customer may be: signs that are too weak to join people by themselves, weighed for a person to decide.
//! Nothing is kept for it; it is looked up by the keys and names the index has anyway. Customers that a person keeps
//! apart are never suggested again.
//!
//! A score is the sum of the strongest sign of each sort, 100 at most. A name alone is no reason, a claimed address is.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::NodeId;
use hub_model::identity::{Claim, IdentityKind, Judgement};
use hub_model::model::Interaction;
use hub_store::{Order as Ends, Range, Store, Table, prefix_range};
use serde::Serialize;

use super::people::Person;
use super::{View, Walk};
use crate::FoldError;
use crate::fold::KeyRules;
use crate::people::is_shared;
use crate::row::{CustomerRow, NodeRow, Subject, SubjectKind, decode, key};

/// Signs that come to less are not shown.
pub const SUGGESTED_FROM: u8 = 40;

/// A key that more accounts than this claim says nothing of who is who.
const CLAIMANTS_MAX: usize = 20;

/// Suggestions one customer has: more than these nobody looks through.
const SUGGESTIONS_MAX: usize = 20;

/// Customers compared with one: those with the same keys come first.
const CANDIDATES_MAX: usize = 60;

/// Accounts looked at that have one word of a name; a word that more have is too common to tell people apart.
const WORD_HITS_MAX: usize = 400;

/// So few have a word of the name that each is looked at, whatever else they are called.
const RARE_WORD_HITS: usize = 12;

/// Words of one customer's names looked at.
const WORDS_MAX: usize = 12;

/// Messages of one account read for order numbers.
const MESSAGES_READ: usize = 10;

/// Order numbers looked up for one customer.
const NUMBERS_MAX: usize = 10;

/// Customers one page of suggestions looks at.
const SCANNED_MAX: usize = 500;

/// Another customer who may be the same person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    pub customer: NodeId,
    pub display_name: Option<String>,
    /// 0 to 100.
    pub score: u8,
    /// The weightiest first.
    pub signs: Vec<Sign>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sign {
    pub kind: SignKind,
    pub weight: u8,
    pub ours: String,
    pub theirs: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignKind {
    /// Both have it, and one has proven it.
    SameEmail,
    SamePhone,
    SameHandle,
    SameToken,
    /// Both have it, and nobody has proven it.
    ClaimedEmail,
    ClaimedPhone,
    /// Both have proven it, and still it does not join them: two accounts of one system, too many keys, a long break.
    ContestedEmail,
    ContestedPhone,
    /// A slip of a key away from each other, or the same mailbox name elsewhere.
    MistypedEmail,
    SameMailbox,
    MistypedPhone,
    SameName,
    /// The family name and the first letter of the given name.
    SimilarName,
    /// One wrote of the other's order.
    OrderMentioned,
}

impl SignKind {
    /// What the sign adds to a score.
    #[must_use]
    pub fn weight(self) -> u8 {
        match self {
            Self::SameEmail | Self::SameToken => 60,
            Self::SamePhone | Self::OrderMentioned => 50,
            Self::ClaimedEmail | Self::SameHandle => 45,
            Self::ClaimedPhone | Self::ContestedEmail | Self::ContestedPhone => 40,
            Self::MistypedEmail => 35,
            Self::SameName => 30,
            Self::MistypedPhone => 25,
            Self::SameMailbox => 20,
            Self::SimilarName => 15,
        }
    }

    /// Signs of one sort tell the same thing twice: only the strongest counts.
    fn sort(self) -> u8 {
        match self {
            Self::SameEmail
            | Self::ClaimedEmail
            | Self::ContestedEmail
            | Self::MistypedEmail
            | Self::SameMailbox => 0,
            Self::SamePhone | Self::ClaimedPhone | Self::ContestedPhone | Self::MistypedPhone => 1,
            Self::SameName | Self::SimilarName => 2,
            Self::SameHandle => 3,
            Self::SameToken => 4,
            Self::OrderMentioned => 5,
        }
    }

    fn of_shared_key(kind: IdentityKind, proven: usize) -> Option<Self> {
        Some(match (kind, proven) {
            (IdentityKind::Email, 0) => Self::ClaimedEmail,
            (IdentityKind::Email, 1) => Self::SameEmail,
            (IdentityKind::Email, _) => Self::ContestedEmail,
            (IdentityKind::Phone, 0) => Self::ClaimedPhone,
            (IdentityKind::Phone, 1) => Self::SamePhone,
            (IdentityKind::Phone, _) => Self::ContestedPhone,
            (IdentityKind::Handle, _) => Self::SameHandle,
            (IdentityKind::Token, _) => Self::SameToken,
            (IdentityKind::ProviderId, _) => return None,
        })
    }
}

/// Who else a customer may be, the likeliest first. `None` when nobody has the id.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn suggestions(store: &dyn Store, customer: NodeId) -> Result<Option<Vec<Suggestion>>, FoldError> {
    Person::find(View { store }, customer)?.map(|person| suggested(&person)).transpose()
}

/// Two customers who may be one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuggestionPair {
    pub customer: NodeId,
    pub display_name: Option<String>,
    pub other: Suggestion,
}

/// Suggestions of some hundred customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuggestionPage {
    /// The likeliest first.
    pub pairs: Vec<SuggestionPair>,
    /// Go on after this customer; nothing at the end.
    pub next: Option<NodeId>,
}

/// Suggestions over all customers by id, page by page: those of the customers after `after`, each pair once a page.
/// A page ends when it has `limit` pairs or has looked at some hundred customers, so it may be short or empty and
/// still have a next one.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn suggestions_all(
    store: &dyn Store,
    after: Option<NodeId>,
    limit: usize,
) -> Result<SuggestionPage, FoldError> {
    let view = View { store };
    let mut from = after.map(|after| after.0.to_vec()).unwrap_or_default();
    from.extend(after.map(|_| 0));
    let rows = store.scan(Table::Customer, Range { from, to: None }, Ends::Ascending, SCANNED_MAX)?;
    let mut page = SuggestionPage { pairs: Vec::new(), next: None };
    let mut seen = BTreeSet::new();
    for (id, row) in &rows {
        let Ok(id) = id.as_slice().try_into().map(NodeId) else { continue };
        let person = Person::load(view, id, decode(Table::Customer, row)?)?;
        for other in suggested(&person)? {
            if seen.insert((id.min(other.customer), id.max(other.customer))) {
                let display_name = person.display_name()?;
                page.pairs.push(SuggestionPair { customer: id, display_name, other });
            }
        }
        page.next = Some(id);
        if page.pairs.len() >= limit {
            break;
        }
    }
    let is_last = rows.len() < SCANNED_MAX
        && rows.last().is_none_or(|(last, _)| page.next.is_none_or(|next| next.0.as_slice() == last));
    if is_last {
        page.next = None;
    }
    page.pairs.sort_by_key(|pair| std::cmp::Reverse(pair.other.score));
    Ok(page)
}

/// Who else this customer may be.
pub(super) fn suggested(person: &Person<'_>) -> Result<Vec<Suggestion>, FoldError> {
    let rules = crate::fold::key_rules(person.view.store)?;
    let us = Known::of(person, &rules)?;
    let mut suggestions = Vec::new();
    for (candidate, mentioned) in candidates(person, &us)? {
        let Some(row) = person.view.get::<CustomerRow>(&candidate.0)? else { continue };
        let other = Person::load(person.view, candidate, row)?;
        if is_kept_apart(person, &other) {
            continue;
        }
        let mut signs = us.signs(&Known::of(&other, &rules)?);
        signs.extend(mentioned.map(|number| Sign::new(SignKind::OrderMentioned, &number, &number)));
        let suggestion = Suggestion::of(&other, signs)?;
        suggestions.extend(Some(suggestion).filter(|suggestion| suggestion.score >= SUGGESTED_FROM));
    }
    suggestions.sort_by_key(|suggestion| (std::cmp::Reverse(suggestion.score), suggestion.customer));
    suggestions.truncate(SUGGESTIONS_MAX);
    Ok(suggestions)
}

impl Suggestion {
    fn of(other: &Person<'_>, mut signs: Vec<Sign>) -> Result<Self, FoldError> {
        signs.sort_by_key(|sign| (std::cmp::Reverse(sign.weight), sign.kind));
        let mut sorts = BTreeSet::new();
        signs.retain(|sign| sorts.insert(sign.kind.sort()));
        let score = signs.iter().fold(0_u8, |score, sign| score.saturating_add(sign.weight)).min(100);
        Ok(Self { customer: other.id, display_name: other.display_name()?, score, signs })
    }
}

impl Sign {
    fn new(kind: SignKind, ours: &str, theirs: &str) -> Self {
        Self { kind, weight: kind.weight(), ours: ours.to_owned(), theirs: theirs.to_owned() }
    }
}

/// Whether a person keeps any two of their accounts apart.
fn is_kept_apart(left: &Person<'_>, right: &Person<'_>) -> bool {
    let judged = left.accounts.values().flat_map(|account| &account.judged);
    let mut apart = judged.filter(|(_, judged)| judged.judgement == Judgement::Apart);
    apart.any(|(other, _)| right.row.accounts.contains(other))
}

/// What a customer is known by.
struct Known {
    /// Keys by node: kind, value, and whether somebody proves them. Those of machines and many people are left out.
    keys: BTreeMap<NodeId, (IdentityKind, String, bool)>,
    names: BTreeSet<String>,
}

impl Known {
    fn of(person: &Person<'_>, rules: &KeyRules) -> Result<Self, FoldError> {
        let mut keys: BTreeMap<NodeId, (IdentityKind, String, bool)> = BTreeMap::new();
        for (node, claim) in person.accounts.values().flat_map(|account| &account.claims) {
            let Some(row) = person.claimed.get(node).filter(|row| tells_people_apart(row, rules)) else {
                continue;
            };
            let known = keys.entry(*node).or_insert_with(|| (row.key.kind, row.key.value.clone(), false));
            known.2 |= Claim::links(claim);
        }
        let profiles = person.profiles()?;
        let names = profiles.iter().filter_map(|(_, profile)| profile.display_name());
        Ok(Self { keys, names: names.map(|name| folded(&name.value)).collect() })
    }

    fn signs(&self, other: &Self) -> Vec<Sign> {
        let mut signs = Vec::new();
        for (node, (kind, value, proven)) in &self.keys {
            if let Some((.., theirs)) = other.keys.get(node) {
                let sign = SignKind::of_shared_key(*kind, usize::from(*proven) + usize::from(*theirs));
                signs.extend(sign.map(|sign| Sign::new(sign, value, value)));
                continue;
            }
            for (their_kind, theirs, _) in other.keys.values().filter(|(their_kind, ..)| their_kind == kind) {
                let sign = match their_kind {
                    IdentityKind::Email => similar_email(value, theirs),
                    IdentityKind::Phone => is_slip(value, theirs).then_some(SignKind::MistypedPhone),
                    _ => None,
                };
                signs.extend(sign.map(|sign| Sign::new(sign, value, theirs)));
            }
        }
        for name in &self.names {
            for theirs in &other.names {
                signs.extend(similar_name(name, theirs).map(|sign| Sign::new(sign, name, theirs)));
            }
        }
        signs
    }
}

fn tells_people_apart(row: &NodeRow, rules: &KeyRules) -> bool {
    !row.key.is_account() && !rules.blocks(&row.key) && !is_shared(row, rules.limits)
}

fn folded(name: &str) -> String {
    let words = name.split_whitespace().map(|word| word.trim_matches(',').to_lowercase());
    words.collect::<Vec<_>>().join(" ")
}

fn similar_name(ours: &str, theirs: &str) -> Option<SignKind> {
    let mut words = (ours.split(' ').collect::<Vec<_>>(), theirs.split(' ').collect::<Vec<_>>());
    if words.0.len() < 2 || words.1.len() < 2 {
        return None;
    }
    let letters = |words: &[&str]| {
        (words.first().and_then(|word| word.chars().next()), words.last().map(|word| word.to_string()))
    };
    let similar = letters(&words.0) == letters(&words.1);
    // "Berg Ana" is the same name as "Ana Berg".
    words.0.sort_unstable();
    words.1.sort_unstable();
    if words.0 == words.1 {
        return Some(SignKind::SameName);
    }
    similar.then_some(SignKind::SimilarName)
}

fn similar_email(ours: &str, theirs: &str) -> Option<SignKind> {
    /// Shorter mailbox names are too common to tell people apart.
    const MAILBOX_CHARS_MIN: usize = 6;
    if is_slip(ours, theirs) {
        return Some(SignKind::MistypedEmail);
    }
    let (mailbox, _) = ours.rsplit_once('@')?;
    let same = theirs.rsplit_once('@').is_some_and(|(theirs, _)| theirs == mailbox);
    (same && mailbox.chars().count() >= MAILBOX_CHARS_MIN).then_some(SignKind::SameMailbox)
}

/// Whether two texts are one slip of the keys apart: a sign too many, one wrong, or two neighbours swapped.
fn is_slip(ours: &str, theirs: &str) -> bool {
    let (ours, theirs): (Vec<char>, Vec<char>) = (ours.chars().collect(), theirs.chars().collect());
    let begin = ours.iter().zip(&theirs).take_while(|(ours, theirs)| ours == theirs).count();
    let (Some(ours), Some(theirs)) = (ours.get(begin..), theirs.get(begin..)) else { return false };
    let (after_ours, after_theirs) = (ours.split_first(), theirs.split_first());
    let (after_ours, after_theirs) = (after_ours.map(|(_, rest)| rest), after_theirs.map(|(_, rest)| rest));
    let swapped = match (ours, theirs) {
        ([a, b, rest @ ..], [c, d, others @ ..]) => a == d && b == c && rest == others,
        _ => false,
    };
    let one_wrong = after_ours.is_some() && after_ours == after_theirs;
    swapped || one_wrong || after_ours == Some(theirs) || after_theirs == Some(ours)
}

/// Customers to compare with, and the order of theirs that was written of.
fn candidates(person: &Person<'_>, us: &Known) -> Result<BTreeMap<NodeId, Option<String>>, FoldError> {
    let mut found = Candidates { person, customers: BTreeMap::new() };
    for node in us.keys.keys() {
        let claimants = person.view.claimants(*node, CLAIMANTS_MAX + 1)?;
        if claimants.len() <= CLAIMANTS_MAX {
            claimants.into_iter().try_for_each(|account| found.add(account, None))?;
        }
    }
    found.by_order_numbers()?;
    found.by_names(&us.names)?;
    Ok(found.customers)
}

struct Candidates<'p, 'a> {
    person: &'p Person<'a>,
    customers: BTreeMap<NodeId, Option<String>>,
}

impl Candidates<'_, '_> {
    fn add(&mut self, account: NodeId, mentioned: Option<&str>) -> Result<(), FoldError> {
        if self.customers.len() >= CANDIDATES_MAX || self.person.row.accounts.contains(&account) {
            return Ok(());
        }
        let customer = self.person.view.get::<NodeRow>(&account.0)?.and_then(|row| row.customer);
        if let Some(customer) = customer.filter(|customer| *customer != self.person.id) {
            let known = self.customers.entry(customer).or_default();
            if known.is_none() {
                *known = mentioned.map(str::to_owned);
            }
        }
        Ok(())
    }

    /// Accounts with two words of a name, or with a word hardly anybody has.
    fn by_names(&mut self, names: &BTreeSet<String>) -> Result<(), FoldError> {
        let words: BTreeSet<&str> = names.iter().flat_map(|name| name.split(' ')).take(WORDS_MAX).collect();
        let mut hits: BTreeMap<NodeId, usize> = BTreeMap::new();
        for word in words.into_iter().filter(|word| !word.is_empty()) {
            let accounts = self.person.view.indexed(&key::word_prefix(word), WORD_HITS_MAX + 1)?;
            if accounts.len() > WORD_HITS_MAX {
                continue;
            }
            let weight = if accounts.len() <= RARE_WORD_HITS { 2 } else { 1 };
            for account in accounts {
                *hits.entry(account).or_default() += weight;
            }
        }
        let mut likely: Vec<_> = hits.into_iter().filter(|(_, words)| *words > 1).collect();
        likely.sort_by_key(|(account, words)| (std::cmp::Reverse(*words), *account));
        likely.into_iter().try_for_each(|(account, _)| self.add(account, None))
    }

    /// Whose orders the newest messages name.
    fn by_order_numbers(&mut self) -> Result<(), FoldError> {
        for number in self.numbers()? {
            let accounts = self.person.view.indexed(&key::word_prefix(&number), CLAIMANTS_MAX + 1)?;
            if accounts.len() <= CLAIMANTS_MAX {
                accounts.into_iter().try_for_each(|account| self.add(account, Some(&number)))?;
            }
        }
        Ok(())
    }

    fn numbers(&self) -> Result<BTreeSet<String>, FoldError> {
        let view = self.person.view;
        let mut numbers = BTreeSet::new();
        for account in self.person.accounts.keys() {
            let mut read = 0;
            let range = prefix_range(&key::timeline_prefix(*account, SubjectKind::Interaction));
            view.walk(Table::Timeline, range, Ends::Descending, |_, value| {
                read += 1;
                let subject: Subject = decode(Table::Timeline, value)?;
                let said: Option<Interaction> =
                    view.get(&key::object(&subject.connection, &[&subject.id]))?;
                if let Some(text) = said.and_then(|said| said.text) {
                    numbers.extend(order_numbers(&text.value));
                }
                Ok(if read == MESSAGES_READ { Walk::Enough } else { Walk::On })
            })?;
        }
        Ok(numbers.into_iter().take(NUMBERS_MAX).collect())
    }
}

/// What a text calls by the sign that people put before order numbers.
fn order_numbers(text: &str) -> impl Iterator<Item = String> {
    /// Shorter numbers count things.
    const DIGITS_MIN: usize = 4;
    text.split('#').skip(1).filter_map(|after| {
        let number: String =
            after.chars().take_while(|sign| sign.is_ascii_alphanumeric() || *sign == '-').collect();
        let digits = number.chars().filter(char::is_ascii_digit).count();
        (digits >= DIGITS_MIN).then_some(number)
    })
}
