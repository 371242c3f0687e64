//! Where the values come from that a rule is told: the facts, events and words behind a field of its language, as they are
//! in the view. Who taught a fact the journal says, see [`super::provenance`].

use std::collections::BTreeSet;

use hub_model::identity::IdentityKind;
use hub_model::model::{LoyaltyAccount, Order, Ticket};
use hub_model::{EventId, NodeId, Timestamp};
use hub_store::{Order as Direction, Range, Store, Table};
use serde::Serialize;

use super::facts::{FactView, Facts, FactsOf, facts};
use super::{View, event};
use crate::FoldError;
use crate::catalogue::ATTRIBUTES;
use crate::row::{CustomerRow, EventRow, NodeRow, Ruling, RulingKind, SubjectKind};
use crate::rulings::{last_word, last_words};

/// Things named behind a number; the others are counted.
const NAMED_MAX: usize = 10;

/// What a value, or a part of it, comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// An event says it: the one the rule was asked about, or the first that told of an address or phone.
    Event(EventOrigin),
    /// A field of a thing, or of what one system says of the customer.
    Fact { of: FactsOf, id: String, fact: FactView },
    /// A rule said so.
    Rule(RuleOrigin),
    /// Things of the customer that were counted or added up.
    Things(ThingsOrigin),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventOrigin {
    pub event: EventId,
    pub name: String,
    pub connection: String,
    pub happened_at: Timestamp,
    /// Sequence number of the record that brought it.
    pub learned: u64,
    /// What it says, where the value is made of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleOrigin {
    pub rule: String,
    /// Because of which event, and when that happened.
    pub event: EventId,
    pub at: Timestamp,
    /// The tag it gave, or what it set the attribute to.
    pub says: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ThingsOrigin {
    pub kind: SubjectKind,
    pub count: u64,
    /// The first of them, by connection and id.
    pub first: Vec<String>,
}

/// What a field of an event's rules comes from, in the order of the model; nothing for what the hub reckons itself, like
/// segments, and for what is not known. Everything said is as the view has it: ask one folded to the moment of a decision
/// for what was behind it then.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn origins(store: &dyn Store, id: EventId, field: &str) -> Result<Vec<Origin>, FoldError> {
    let Some(row) = event(store, id)? else { return Ok(Vec::new()) };
    let asked = Asking { view: View { store }, id, row };
    if let Some(name) = field.strip_prefix(ATTRIBUTES).and_then(|rest| rest.strip_prefix('.')) {
        return asked.attribute(name);
    }
    match field.split_once('.') {
        Some(("customer", field)) => asked.of_customer(field),
        Some(("event" | "delivery", _)) => Ok(vec![asked.event_itself()]),
        Some((root, field)) => asked.of_subject(root, field),
        None => Ok(Vec::new()),
    }
}

/// Parts of the model that a field of the language is made of; a part that ends in a dot stands for all below it.
fn parts_of(root: &str, field: &str) -> Vec<String> {
    let parts: &[&str] = match (root, field) {
        ("order", "is_open") => {
            &["fulfilment_status", "financial_status", "cancelled_at", "closed_at", "deleted"]
        }
        (_, "tags") => &["tags."],
        ("interaction", "sender") => &["customer"],
        ("interaction", "language" | "intents" | "topic") => &["finding", "corrected."],
        ("interaction", field) if field.starts_with("sentiment.") => &["finding", "corrected."],
        ("customer", "display_name") => &["name", "given_name", "family_name"],
        (_, field) => return vec![field.to_owned()],
    };
    parts.iter().map(|part| (*part).to_owned()).collect()
}

fn is_part(fact: &FactView, parts: &[String]) -> bool {
    parts
        .iter()
        .any(|part| fact.field == *part || (part.ends_with('.') && fact.field.starts_with(part.as_str())))
}

struct Asking<'a> {
    view: View<'a>,
    id: EventId,
    row: EventRow,
}

impl Asking<'_> {
    fn event_itself(&self) -> Origin {
        Origin::Event(event_origin(self.id, self.row.clone(), None))
    }

    /// Of what the event is about, else what it says itself.
    fn of_subject(&self, root: &str, field: &str) -> Result<Vec<Origin>, FoldError> {
        let subject = self.row.subject.clone().filter(|subject| kinds_of(root).contains(&subject.kind));
        let of = subject.map(FactsOf::Thing);
        let known = of.as_ref().map(|of| facts(self.view.store, of)).transpose()?.flatten();
        let found = of.zip(known).map(|(of, known)| of_facts(&of, known, root, field)).unwrap_or_default();
        Ok(if found.is_empty() { vec![self.event_itself()] } else { found })
    }

    fn customer(&self) -> Result<Option<CustomerRow>, FoldError> {
        let Some(account) = self.row.account else { return Ok(None) };
        Ok(self.view.customer_of(account)?.map(|(_, customer)| customer))
    }

    fn accounts(&self) -> Result<BTreeSet<NodeId>, FoldError> {
        Ok(self.customer()?.map(|customer| customer.accounts).unwrap_or_default())
    }

    fn of_customer(&self, field: &str) -> Result<Vec<Origin>, FoldError> {
        match field {
            "display_name" | "locale" => self.profiles(field),
            "tags" => Ok([self.profiles(field)?, self.tags()?].concat()),
            "email" => self.addresses(IdentityKind::Email),
            "phone" => self.addresses(IdentityKind::Phone),
            "orders" => self.things::<Order>(SubjectKind::Order, |_| true),
            "open_orders" => self.things(SubjectKind::Order, Order::is_open),
            "open_tickets" => self.things(SubjectKind::Ticket, Ticket::is_open),
            "loyalty_points" => self.things::<LoyaltyAccount>(SubjectKind::LoyaltyAccount, |_| true),
            _ => Ok(Vec::new()),
        }
    }

    /// What each system says of the customer.
    fn profiles(&self, field: &str) -> Result<Vec<Origin>, FoldError> {
        let mut origins = Vec::new();
        for account in self.accounts()? {
            let of = FactsOf::Profile(account);
            let known = facts(self.view.store, &of)?;
            origins.extend(known.into_iter().flat_map(|known| of_facts(&of, known, "customer", field)));
        }
        Ok(origins)
    }

    fn tags(&self) -> Result<Vec<Origin>, FoldError> {
        let store = self.view.store;
        let scan = |range: Range, limit: usize| {
            Ok(store.scan(Table::Annotation, range, Direction::Ascending, limit)?)
        };
        let owners = self.accounts()?.into_iter().map(|account| account.0);
        let said = last_words(&scan, owners, RulingKind::Tag)?;
        let given = said.into_values().filter(|ruling| ruling.value.is_some());
        Ok(given.map(|ruling| rule_origin(ruling.name.clone(), ruling)).collect())
    }

    fn attribute(&self, name: &str) -> Result<Vec<Origin>, FoldError> {
        let store = self.view.store;
        let scan = |range: Range, limit: usize| {
            Ok(store.scan(Table::Annotation, range, Direction::Ascending, limit)?)
        };
        let owners = self.accounts()?.into_iter().map(|account| account.0);
        let said = last_word(&scan, owners, RulingKind::Attribute, name)?;
        Ok(said
            .map(|ruling| rule_origin(ruling.value.clone().unwrap_or_default(), ruling))
            .into_iter()
            .collect())
    }

    /// The first event that told of each address or number.
    fn addresses(&self, kind: IdentityKind) -> Result<Vec<Origin>, FoldError> {
        let mut origins = Vec::new();
        let mut seen = BTreeSet::new();
        for account in self.accounts()? {
            let claims = self.view.get::<NodeRow>(&account.0)?.map(|node| node.claims).unwrap_or_default();
            for (node, claim) in claims {
                let key = self.view.get::<NodeRow>(&node.0)?.map(|node| node.key);
                let Some(key) = key.filter(|key| key.kind == kind && seen.insert(node)) else { continue };
                let first = claim.first.event;
                let told = event(self.view.store, first)?;
                origins.extend(told.map(|row| Origin::Event(event_origin(first, row, Some(key.value)))));
            }
        }
        Ok(origins)
    }

    fn things<T: crate::row::Row>(
        &self,
        kind: SubjectKind,
        counts: impl Fn(&T) -> bool,
    ) -> Result<Vec<Origin>, FoldError> {
        let (mut count, mut first) = (0, Vec::new());
        for account in self.accounts()? {
            for (subject, thing) in self.view.filed::<T>(account, kind)? {
                if !counts(&thing) {
                    continue;
                }
                count += 1;
                if first.len() < NAMED_MAX {
                    first.push(format!("{}/{}", subject.connection, subject.id));
                }
            }
        }
        let things = (count > 0).then_some(Origin::Things(ThingsOrigin { kind, count, first }));
        Ok(things.into_iter().collect())
    }
}

/// The things whose fields stand under a root of the language.
fn kinds_of(root: &str) -> &'static [SubjectKind] {
    match root {
        "order" => &[SubjectKind::Order],
        "checkout" => &[SubjectKind::Checkout],
        "interaction" | "conversation" => &[SubjectKind::Interaction],
        "ticket" => &[SubjectKind::Ticket],
        "loyalty" => &[SubjectKind::LoyaltyAccount],
        "survey" => &[SubjectKind::Survey],
        _ => &[],
    }
}

fn of_facts(of: &FactsOf, known: Facts, root: &str, field: &str) -> Vec<Origin> {
    let parts = parts_of(root, field);
    let id = format!("{}/{}", known.connection, known.id);
    let facts = known.facts.into_iter().filter(|fact| is_part(fact, &parts));
    facts.map(|fact| Origin::Fact { of: of.clone(), id: id.clone(), fact }).collect()
}

fn event_origin(event: EventId, row: EventRow, says: Option<String>) -> EventOrigin {
    let EventRow { name, connection, happened_at, report: learned, .. } = row;
    EventOrigin { event, name, connection, happened_at, learned, says }
}

fn rule_origin(says: String, Ruling { by, .. }: Ruling) -> Origin {
    Origin::Rule(RuleOrigin { rule: by.rule, event: by.event, at: by.at, says })
}
