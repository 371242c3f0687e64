//! Every field of a thing or a person with where it came from: connector, object, event, version, when it happened and
//! when the hub learned of it.

use std::collections::HashMap;

use hub_fold::read::{self, FactView, Facts, FactsOf, Provenance, SaidBy};
use hub_fold::row::{Subject, SubjectKind};
use hub_fold::{ActiveSettings, Fold, Sequenced};
use hub_model::NodeId;
use serde::Serialize;

use super::asked::Named;
use super::customers::UNKNOWN;
use super::error::AdminError;
use super::{Admin, Answer, Shared};
use crate::stored;

const UNKNOWN_THING: AdminError = AdminError::NotFound {
    what: "thing",
    help: "`omnihub customer timeline` shows kinds, connections and ids",
};

/// One thing's, or what one system says of a person.
#[derive(Serialize)]
pub(super) struct Sourced {
    kind: SubjectKind,
    connection: String,
    /// The provider's id.
    id: String,
    facts: Vec<SourcedFact>,
}

#[derive(Serialize)]
struct SourcedFact {
    #[serde(flatten)]
    fact: FactView,
    /// Absent when the journal no longer holds the record, or of a flag that stays.
    source: Option<Provenance>,
    /// Whose word it is, where a person corrected an interaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<SaidBy>,
}

#[derive(Serialize)]
pub(super) struct Profiles {
    /// What each system says.
    profiles: Vec<Sourced>,
}

pub(super) async fn of_customer(api: Shared, Named(id): Named<NodeId>) -> Answer<Profiles> {
    api.read(move |admin| {
        let mut sources = Sources::new(admin)?;
        let profiles = read::profile_facts(&*admin.store, id)?.ok_or(UNKNOWN)?.into_iter();
        let sourced = profiles.map(|(account, facts)| sources.sourced(&FactsOf::Profile(account), facts));
        Ok(Profiles { profiles: sourced.collect::<Result<_, _>>()? })
    })
    .await
}

pub(super) async fn of_thing(
    api: Shared,
    Named((kind, connection, id)): Named<(String, String, String)>,
) -> Answer<Sourced> {
    let kind = read::subject_kind(&kind)
        .ok_or_else(|| AdminError::Question(format!("there is no kind of thing {kind:?}")))?;
    api.read(move |admin| {
        let what = named(kind, connection, id);
        let facts = read::facts(&*admin.store, &what)?.ok_or(UNKNOWN_THING)?;
        Sources::new(admin)?.sourced(&what, facts)
    })
    .await
}

/// An amount in stock is named by its item, place and state, as a fact's source names it.
fn named(kind: SubjectKind, connection: String, id: String) -> FactsOf {
    let mut parts = id.rsplitn(3, '/').map(str::to_owned);
    match (kind, parts.next(), parts.next(), parts.next()) {
        (SubjectKind::InventoryLevel, Some(state), Some(location), Some(item)) => {
            FactsOf::Stock { connection, item, location, state }
        }
        _ => FactsOf::Thing(Subject { kind, connection, id }),
    }
}

/// Looks records up once each.
struct Sources<'a> {
    admin: &'a Admin,
    settings: std::sync::Arc<ActiveSettings>,
    records: HashMap<u64, Option<Sequenced>>,
}

impl<'a> Sources<'a> {
    fn new(admin: &'a Admin) -> Result<Self, AdminError> {
        let settings = Fold::open(&*admin.store)?.settings();
        Ok(Self { admin, settings, records: HashMap::new() })
    }

    fn sourced(&mut self, what: &FactsOf, facts: Facts) -> Result<Sourced, AdminError> {
        let Facts { kind, connection, id, facts } = facts;
        let settings = std::sync::Arc::clone(&self.settings);
        let mut sourced = Vec::with_capacity(facts.len());
        for fact in facts {
            let record = match fact.learned {
                Some(seq) => self.record(seq)?,
                None => None,
            };
            let said = record.and_then(|record| read::said_by(what, &fact, record));
            let record = record.filter(|_| said.is_none());
            let source = record.and_then(|record| read::provenance(&settings, what, &fact, record));
            sourced.push(SourcedFact { fact, source, said });
        }
        Ok(Sourced { kind, connection, id, facts: sourced })
    }

    fn record(&mut self, seq: u64) -> Result<Option<&Sequenced>, AdminError> {
        if !self.records.contains_key(&seq) {
            let stored = stored::if_readable(stored::record(&self.admin.journal, seq))?;
            self.records.insert(seq, stored);
        }
        Ok(self.records.get(&seq).and_then(Option::as_ref))
    }
}
