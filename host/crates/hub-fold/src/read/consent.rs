//! What a customer allowed and refused: every statement ever made, which of them counts now, and the one question
//! everything that sends has to ask. Silence is no for marketing.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;

use hub_model::model::Consent;
use hub_model::{EventId, NodeId, Timestamp};
use hub_store::{Order as Ends, Store, Table, prefix_range};
use serde::Serialize;

use super::people::{Account, Person};
use super::{View, Walk};
use crate::FoldError;
use crate::row::{EffectRow, EventRow, Forgotten, Message, decode};

/// One statement, who made it and where it was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConsentView {
    pub account: Account,
    pub channel: String,
    pub purpose: String,
    pub state: String,
    /// When it was stated, as far as anybody says.
    pub at: Timestamp,
    /// No newer statement on this channel and purpose, whichever system it was made to.
    pub in_force: bool,
    /// Who reported it first.
    pub connection: String,
    /// The report.
    pub event: EventId,
    pub happened_at: Timestamp,
    /// How the provider came by it, in its own words.
    pub source: Vec<(String, String)>,
}

/// All statements of a customer, newest first, with those in force marked.
pub(super) fn consents(person: &Person<'_>) -> Result<Vec<ConsentView>, FoldError> {
    let mut consents = Vec::new();
    each_statement(person, |statement| consents.push(statement))?;
    Ok(weighed(consents))
}

/// The statements newest first, with those in force marked.
fn weighed(mut consents: Vec<ConsentView>) -> Vec<ConsentView> {
    // Of one moment what withdraws stands before what grants: in doubt nobody is written to.
    let rank = |one: &ConsentView| (one.at, !is_granted(&one.state), one.event);
    consents.sort_by_key(|one| Reverse(rank(one)));
    mark_in_force(&mut consents);
    consents
}

/// What these statements of one customer allow, each as channel and purpose, `whatsapp:marketing`: what [`may_contact`]
/// takes for a yes, and nothing else.
pub(crate) fn granted(statements: Vec<ConsentView>) -> Vec<String> {
    let in_force = weighed(statements).into_iter().filter(|one| one.in_force && is_granted(&one.state));
    let named = in_force.map(|one| format!("{}:{}", one.channel, one.purpose).to_lowercase());
    named.collect::<BTreeSet<String>>().into_iter().collect()
}

/// Each account's newest statement speaks for it, and the newest decision among these for the customer. An account that
/// was never asked, or has yet to confirm, takes nothing back that another one granted.
fn mark_in_force(newest_first: &mut [ConsentView]) {
    let mut spoken = BTreeSet::new();
    let mut decided: Vec<(String, String, usize)> = Vec::new();
    for (index, one) in newest_first.iter().enumerate() {
        let (channel, purpose) = (one.channel.to_lowercase(), one.purpose.to_lowercase());
        if !spoken.insert((channel.clone(), purpose.clone(), one.account.clone())) {
            continue;
        }
        let known = decided.iter_mut().find(|(on, of, _)| *on == channel && *of == purpose);
        match known {
            None => decided.push((channel, purpose, index)),
            Some((.., at)) => {
                let is_open = newest_first.get(*at).is_some_and(|standing| is_undecided(&standing.state));
                if is_open && !is_undecided(&one.state) {
                    *at = index;
                }
            }
        }
    }
    for (.., index) in decided {
        if let Some(one) = newest_first.get_mut(index) {
            one.in_force = true;
        }
    }
}

fn is_granted(state: &str) -> bool {
    state.eq_ignore_ascii_case("granted")
}

/// Nobody was asked, or the answer has not been confirmed.
fn is_undecided(state: &str) -> bool {
    ["not_subscribed", "pending"].iter().any(|open| state.eq_ignore_ascii_case(open))
}

/// Every statement of a customer's accounts.
fn each_statement(person: &Person<'_>, mut each: impl FnMut(ConsentView)) -> Result<(), FoldError> {
    for (account, node) in &person.accounts {
        person.view.walk(Table::Consent, prefix_range(&account.0), Ends::Ascending, |_, row| {
            let consent: Consent = decode(Table::Consent, row)?;
            each(ConsentView::new(Account::of(&node.key), consent));
            Ok(Walk::On)
        })?;
    }
    Ok(())
}

impl ConsentView {
    pub(crate) fn new(account: Account, consent: Consent) -> Self {
        let at = consent.stated_at();
        let evidence = consent.evidence.0;
        Self {
            account,
            channel: consent.channel,
            purpose: consent.purpose,
            state: consent.state.value,
            at,
            in_force: false,
            connection: evidence.connection,
            event: evidence.event,
            happened_at: evidence.happened_at,
            source: evidence.source,
        }
    }
}

/// What a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Wants them to buy: only with a consent.
    Marketing,
    /// About something they bought, booked or asked for: unless they refused just that.
    Transactional,
    /// Answers them: unless they refused just that.
    Service,
    /// A purpose of the retailer's own, in its own words: only with a consent.
    Other(String),
}

impl Purpose {
    /// The purpose as rules and providers write it.
    #[must_use]
    pub fn named(word: &str) -> Self {
        match word.trim().to_lowercase().as_str() {
            "marketing" => Self::Marketing,
            "transactional" => Self::Transactional,
            "service" => Self::Service,
            other => Self::Other(other.to_owned()),
        }
    }

    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Marketing => "marketing",
            Self::Transactional => "transactional",
            Self::Service => "service",
            Self::Other(word) => word,
        }
    }

    fn needs_consent(&self) -> bool {
        matches!(self, Self::Marketing | Self::Other(_))
    }
}

/// Whether a customer may be written to, and what says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactVerdict {
    pub allowed: bool,
    pub because: ContactReason,
}

impl ContactVerdict {
    fn of(because: ContactReason) -> Self {
        let allowed = matches!(because, ContactReason::Granted(_) | ContactReason::NotNeeded);
        Self { allowed, because }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactReason {
    /// They said yes.
    Granted(ConsentView),
    /// They said no, took a yes back, or said what is no yes.
    NotGranted(ConsentView),
    /// They never said anything, and the purpose needs a yes.
    NeverAsked,
    /// The purpose needs no consent, and they refused nothing.
    NotNeeded,
    /// They are to be forgotten.
    Forgotten,
    /// Nobody is known under this id.
    Unknown,
}

impl fmt::Display for ContactReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted(one) => write!(f, "granted at {} through {}", one.at, one.connection),
            Self::NotGranted(one) => {
                write!(
                    f,
                    "the statement in force is {:?}, made at {} through {}",
                    one.state, one.at, one.connection
                )
            }
            Self::NeverAsked => f.write_str("nothing was ever said, which is no consent"),
            Self::NotNeeded => f.write_str("no consent is needed, and none was refused"),
            Self::Forgotten => f.write_str("the customer is to be forgotten"),
            Self::Unknown => f.write_str("nobody is known under this id"),
        }
    }
}

/// Whether a customer may be written to on a channel for a purpose.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn may_contact(
    store: &dyn Store,
    customer: NodeId,
    channel: &str,
    purpose: &Purpose,
) -> Result<ContactVerdict, FoldError> {
    let because = match Person::find(View { store }, customer)? {
        None => ContactReason::Unknown,
        Some(person) if person.accounts.values().all(|node| node.forgotten == Forgotten::Person) => {
            ContactReason::Forgotten
        }
        Some(person) => said(consents(&person)?, channel, purpose),
    };
    Ok(ContactVerdict::of(because))
}

/// Whether an effect may write to whom it is for; `None` of one that writes to nobody. What a nameless event asks for is
/// answered: nobody could have refused it.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn may_send(store: &dyn Store, effect: &EffectRow) -> Result<Option<ContactVerdict>, FoldError> {
    let Some(Message { channel, purpose }) = &effect.message else { return Ok(None) };
    let purpose = Purpose::named(purpose);
    let event: Option<EventRow> = View { store }.get(&effect.cause.0)?;
    match event.and_then(|event| event.account) {
        Some(account) => may_contact(store, account, channel, &purpose).map(Some),
        None => Ok(Some(ContactVerdict::of(said(Vec::new(), channel, &purpose)))),
    }
}

fn said(consents: Vec<ConsentView>, channel: &str, purpose: &Purpose) -> ContactReason {
    let is_meant = |one: &ConsentView| {
        one.in_force
            && one.channel.eq_ignore_ascii_case(channel)
            && one.purpose.eq_ignore_ascii_case(purpose.word())
    };
    match (consents.into_iter().find(is_meant), purpose.needs_consent()) {
        (Some(one), _) if is_granted(&one.state) => ContactReason::Granted(one),
        // Never having been asked refuses nothing.
        (Some(one), false) if is_undecided(&one.state) => ContactReason::NotNeeded,
        (Some(one), _) => ContactReason::NotGranted(one),
        (None, true) => ContactReason::NeverAsked,
        (None, false) => ContactReason::NotNeeded,
    }
}
