//! What is known of a thing or of a person's profile, field by field, each with the record that taught it. What that
//! record says of where it comes from is [`provenance`]'s.

mod provenance;

use hub_model::NodeId;
use hub_model::join::{Erase, Known, Source, Witness};
use hub_model::model::{
    Checkout, Interaction, InventoryLevel, LoyaltyAccount, Order, Profile, Survey, Ticket,
};
use hub_store::Store;
use serde::Serialize;
use serde_json::Value;

pub use provenance::{Provenance, SaidBy, SourceObject, provenance, said_by};

use super::View;
use super::people::{Account, Person};
use crate::FoldError;
use crate::apply::Filed;
use crate::row::{Forgotten, NodeRow, Subject, SubjectKind, key};

/// What to tell the facts of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactsOf {
    /// An order, checkout, interaction, ticket, survey or loyalty account.
    Thing(Subject),
    /// How much of an item is in a state at a place.
    Stock { connection: String, item: String, location: String, state: String },
    /// What one system says of a person, by their account there.
    Profile(NodeId),
}

/// Everything known of one thing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    pub kind: SubjectKind,
    pub connection: String,
    /// The provider's id.
    pub id: String,
    /// In the order of the fields.
    pub facts: Vec<FactView>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FactView {
    /// By its path: "note", "fulfilments.77.status".
    pub field: String,
    pub value: Value,
    /// The source's version of it, usually its `updated_at` in nanoseconds. Absent where the greatest or least of all that
    /// was told counts, whoever told it last.
    pub version: Option<i64>,
    /// Sequence number of the record that taught it. Absent of a flag that stays, like "deleted".
    pub learned: Option<u64>,
}

/// Gathers fields.
#[derive(Default)]
struct Gathered(Vec<FactView>);

impl Witness for Gathered {
    fn see<T: Serialize>(&mut self, path: &str, value: &T, source: Source) {
        // Values of the model are plain data with text for keys: they always have a form in JSON.
        let value = serde_json::to_value(value).unwrap_or_default();
        let Source { version, learned } = source;
        self.0.push(FactView { field: path.to_owned(), value, version, learned });
    }
}

fn gathered(known: &impl Known) -> Vec<FactView> {
    let mut fields = Gathered::default();
    known.show("", &mut fields);
    fields.0
}

/// The facts of a thing or a profile; `None` of what nobody has heard of, and of what is forgotten.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn facts(store: &dyn Store, what: &FactsOf) -> Result<Option<Facts>, FoldError> {
    let view = View { store };
    match what {
        FactsOf::Thing(subject) => {
            let facts = match subject.kind {
                SubjectKind::Order => thing::<Order>(view, subject),
                SubjectKind::Checkout => thing::<Checkout>(view, subject),
                SubjectKind::Interaction => thing::<Interaction>(view, subject),
                SubjectKind::Ticket => thing::<Ticket>(view, subject),
                SubjectKind::Survey => thing::<Survey>(view, subject),
                SubjectKind::LoyaltyAccount => thing::<LoyaltyAccount>(view, subject),
                _ => Ok(None),
            }?;
            let Subject { kind, connection, id } = subject.clone();
            Ok(facts.map(|facts| Facts { kind, connection, id, facts }))
        }
        FactsOf::Stock { connection, item, location, state } => {
            let level: Option<InventoryLevel> =
                view.get(&key::object(connection, &[item, location, state]))?;
            Ok(level.map(|level| Facts {
                kind: SubjectKind::InventoryLevel,
                connection: connection.clone(),
                id: format!("{item}/{location}/{state}"),
                facts: gathered(&level),
            }))
        }
        FactsOf::Profile(account) => match view.get::<NodeRow>(&account.0)? {
            Some(node) => profile(view, *account, &node),
            None => Ok(None),
        },
    }
}

fn thing<T: Filed + Known>(view: View<'_>, subject: &Subject) -> Result<Option<Vec<FactView>>, FoldError> {
    let Some(thing) = view.get::<T>(&key::object(&subject.connection, &[&subject.id]))? else {
        return Ok(None);
    };
    let owner = match thing.account() {
        Some(account) => view.get::<NodeRow>(&account.0)?,
        None => None,
    };
    let is_gone = thing.is_erased() || owner.is_some_and(|owner| owner.forgotten == Forgotten::Person);
    Ok((!is_gone).then(|| gathered(&thing)))
}

fn profile(view: View<'_>, account: NodeId, node: &NodeRow) -> Result<Option<Facts>, FoldError> {
    let profile: Option<Profile> = view.get(&account.0)?;
    let profile = profile.filter(|profile| node.forgotten == Forgotten::Nothing && !profile.is_erased());
    let Account { connection, id, .. } = Account::of(&node.key);
    Ok(profile.map(|profile| Facts {
        kind: SubjectKind::Customer,
        connection,
        id,
        facts: gathered(&profile),
    }))
}

/// What each system says of a customer, by account; `None` when nobody has this id.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn profile_facts(store: &dyn Store, customer: NodeId) -> Result<Option<Vec<(NodeId, Facts)>>, FoldError> {
    let view = View { store };
    let Some(person) = Person::find(view, customer)? else { return Ok(None) };
    let mut all = Vec::new();
    for (account, node) in &person.accounts {
        all.extend(profile(view, *account, node)?.map(|facts| (*account, facts)));
    }
    Ok(Some(all))
}
