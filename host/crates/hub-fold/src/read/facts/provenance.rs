//! Where a fact comes from, as the record that taught it says: each event of the record is told anew, and the one that
//! tells this field, with this value and version, is it.

use hub_model::event::{Event, Party, Payload};
use hub_model::join::Told;
use hub_model::model::{
    Checkout, Finding, Interaction, InventoryLevel, LoyaltyAccount, Order, Profile, Survey, Ticket,
};
use hub_model::{EventId, NodeId, Timestamp};
use serde::Serialize;

use super::{FactView, FactsOf, gathered};
use crate::Sequenced;
use crate::active::ActiveSettings;
use crate::people::account_named;
use crate::record::{Command, Polled, Record, Reported};
use crate::row::{Subject, SubjectKind};

/// Who told a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provenance {
    pub connection: String,
    pub connector: String,
    /// The connector's version.
    pub connector_version: String,
    pub object: SourceObject,
    pub event: EventId,
    /// The event's name.
    pub name: String,
    pub version: i64,
    pub happened_at: Timestamp,
    pub learned_at: Timestamp,
    /// Sequence number of the delivery it came in; a page came in none.
    pub delivery: Option<u64>,
}

/// The provider's object that an event told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceObject {
    /// "order", "ticket" …; of a person the provider's own word, "customer", "user".
    pub kind: String,
    pub id: String,
}

/// A person's word that is a fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SaidBy {
    pub by: String,
    pub at: Timestamp,
    pub learned_at: Timestamp,
}

/// Who told a fact of a thing. `record` is the one that its `learned` names, as the journal has it; `None` when it does not
/// tell the fact (any more: events of the forgotten are taken out of the journal).
#[must_use]
pub fn provenance(
    settings: &ActiveSettings,
    what: &FactsOf,
    fact: &FactView,
    record: &Sequenced,
) -> Option<Provenance> {
    let (Record::Reported(report) | Record::Polled(Polled { reported: report, .. })) = &record.record else {
        return None;
    };
    if fact.learned != Some(record.seq) {
        return None;
    }
    let mut telling = (0_u32..).zip(&report.events).filter(|(position, event)| {
        let told = Told { version: event.version, learned: record.seq };
        let fields = told_of(settings, report, what, *position, event, told);
        fields.iter().any(|field| field == fact)
    });
    let (_, event) = telling.next()?;
    Some(Provenance {
        connection: report.connection.clone(),
        connector: report.connector.clone(),
        connector_version: report.version.clone(),
        object: object(&event.payload)?,
        event: EventId::of(&report.connection, &event.name, &event.key),
        name: event.name.clone(),
        version: event.version,
        happened_at: event.happened_at,
        learned_at: record.at,
        delivery: report.delivery,
    })
}

/// Who said a fact, where it is a person's word. `record` as for [`provenance`].
#[must_use]
pub fn said_by(what: &FactsOf, fact: &FactView, record: &Sequenced) -> Option<SaidBy> {
    let (FactsOf::Thing(subject), Record::Command(Command::Correct(corrected))) = (what, &record.record)
    else {
        return None;
    };
    let (connection, id) = corrected.place.as_ref()?;
    let is_meant = subject.kind == SubjectKind::Interaction
        && (connection, id) == (&subject.connection, &subject.id)
        && fact.learned == Some(record.seq)
        && fact.version == Some(corrected.at.0);
    is_meant.then(|| SaidBy { by: corrected.by.clone(), at: corrected.at, learned_at: record.at })
}

/// What an event of a report tells of a thing.
fn told_of(
    settings: &ActiveSettings,
    report: &Reported,
    what: &FactsOf,
    position: u32,
    event: &Event,
    told: Told,
) -> Vec<FactView> {
    let account = |party: Option<&Party>| account_named(party?, settings.people(&report.connection));
    let payload = &event.payload;
    match what {
        FactsOf::Thing(subject) if is_about(subject, report, payload) => {
            let who = account(party(payload));
            let finding = report.findings.iter().find(|(index, _)| *index == position);
            thing(event, who, finding.map(|(_, finding)| finding), told)
        }
        FactsOf::Stock { connection, item, location, state } => match payload {
            Payload::InventoryLevel(level)
                if *connection == report.connection
                    && (item, location, state) == (&level.item, &level.location, &level.state) =>
            {
                gathered(&InventoryLevel::told(level, told))
            }
            _ => Vec::new(),
        },
        FactsOf::Profile(who) if account(party(payload)) == Some(*who) => match payload {
            Payload::Customer(customer) => gathered(&Profile::told(customer, told)),
            _ => named(payload, told),
        },
        _ => Vec::new(),
    }
}

/// All that a thing says of whose it is: a name.
fn named(payload: &Payload, told: Told) -> Vec<FactView> {
    let name = party(payload).and_then(|party| party.name.as_ref());
    name.map(|name| gathered(&Profile::named(name, told))).unwrap_or_default()
}

fn thing(event: &Event, who: Option<NodeId>, finding: Option<&Finding>, told: Told) -> Vec<FactView> {
    match &event.payload {
        Payload::Order(order) => gathered(&Order::told(order, who, told)),
        Payload::Checkout(checkout) => gathered(&Checkout::told(checkout, who, told)),
        Payload::Interaction(said) => gathered(&Interaction::told(said, who, finding, told)),
        Payload::Ticket(ticket) => gathered(&Ticket::told(ticket, who, told)),
        Payload::LoyaltyAccount(account) => gathered(&LoyaltyAccount::told(account, who, told)),
        Payload::SurveyResponse(survey) => gathered(&Survey::told(survey, who, event.happened_at, told)),
        _ => Vec::new(),
    }
}

fn is_about(subject: &Subject, report: &Reported, payload: &Payload) -> bool {
    subject.connection == report.connection
        && thing_of(payload).is_some_and(|(kind, id)| kind == subject.kind && id == subject.id)
}

fn thing_of(payload: &Payload) -> Option<(SubjectKind, &str)> {
    Some(match payload {
        Payload::Order(order) => (SubjectKind::Order, &order.id),
        Payload::Checkout(checkout) => (SubjectKind::Checkout, &checkout.id),
        Payload::Interaction(said) => (SubjectKind::Interaction, &said.id),
        Payload::Ticket(ticket) => (SubjectKind::Ticket, &ticket.id),
        Payload::LoyaltyAccount(account) => (SubjectKind::LoyaltyAccount, &account.id),
        Payload::SurveyResponse(survey) => (SubjectKind::Survey, &survey.id),
        _ => return None,
    })
}

fn party(payload: &Payload) -> Option<&Party> {
    match payload {
        Payload::Customer(customer) => Some(&customer.who),
        Payload::Consent(consent) => Some(&consent.who),
        Payload::Order(order) => order.buyer.as_ref(),
        Payload::Checkout(checkout) => checkout.buyer.as_ref(),
        Payload::Interaction(said) => said.customer.as_ref(),
        Payload::Ticket(ticket) => ticket.requester.as_ref(),
        Payload::LoyaltyAccount(account) => account.member.as_ref(),
        Payload::SurveyResponse(survey) => survey.who.as_ref(),
        Payload::PrivacyRequest(request) => request.who.as_ref(),
        Payload::InventoryLevel(_)
        | Payload::InventoryItem(_)
        | Payload::LoyaltyEntry(_)
        | Payload::PersonMerge(_)
        | Payload::Other(_) => None,
    }
}

fn object(payload: &Payload) -> Option<SourceObject> {
    if let Some((kind, id)) = thing_of(payload) {
        return Some(SourceObject { kind: kind.word(), id: id.to_owned() });
    }
    match payload {
        Payload::InventoryLevel(level) => Some(SourceObject {
            kind: SubjectKind::InventoryLevel.word(),
            id: format!("{}/{}/{}", level.item, level.location, level.state),
        }),
        payload => {
            let id = party(payload)?.ids.first()?;
            let kind = if id.scope.is_empty() { "contact" } else { &id.scope };
            Some(SourceObject { kind: kind.to_owned(), id: id.value.clone() })
        }
    }
}
