//! Every field of a thing or a person with where it came from: connector, object, event, version, when it happened and
//! when the hub learned of it.

use std::collections::HashMap;

use hub_fold::read::{self, FactView, Facts, FactsOf, Provenance, SaidBy};
use hub_fold::row::{Subject, SubjectKind};
use hub_fold::{ActiveSettings, Fold, Sequenced};
use hub_model::{NodeId, Timestamp};
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
pub(super) struct Sources<'a> {
    admin: &'a Admin,
    settings: std::sync::Arc<ActiveSettings>,
    records: HashMap<u64, Option<Sequenced>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(admin: &'a Admin) -> Result<Self, AdminError> {
        let settings = Fold::open(&*admin.store)?.settings();
        Ok(Self { admin, settings, records: HashMap::new() })
    }

    fn sourced(&mut self, what: &FactsOf, facts: Facts) -> Result<Sourced, AdminError> {
        let Facts { kind, connection, id, facts } = facts;
        let mut sourced = Vec::with_capacity(facts.len());
        for fact in facts {
            let (source, said) = self.told(what, &fact)?;
            sourced.push(SourcedFact { fact, source, said });
        }
        Ok(Sourced { kind, connection, id, facts: sourced })
    }

    /// The event that told a fact, or the person whose word it is.
    pub(super) fn told(
        &mut self,
        what: &FactsOf,
        fact: &FactView,
    ) -> Result<(Option<Provenance>, Option<SaidBy>), AdminError> {
        let settings = std::sync::Arc::clone(&self.settings);
        let Some(seq) = fact.learned else { return Ok((None, None)) };
        let Some(record) = self.record(seq)? else { return Ok((None, None)) };
        Ok(match read::said_by(what, fact, record) {
            Some(said) => (None, Some(said)),
            None => (read::provenance(&settings, what, fact, record), None),
        })
    }

    /// When a record was journalled; `None` when the journal no longer holds it.
    pub(super) fn learned_at(&mut self, seq: u64) -> Result<Option<Timestamp>, AdminError> {
        Ok(self.record(seq)?.map(|record| record.at))
    }

    /// The connector of a connection.
    pub(super) fn connector(&self, connection: &str) -> Option<String> {
        let mut known = self.settings.connections();
        known.find(|known| known.name == connection).map(|known| known.connector.clone())
    }

    fn record(&mut self, seq: u64) -> Result<Option<&Sequenced>, AdminError> {
        if !self.records.contains_key(&seq) {
            let stored = stored::if_readable(stored::record(&self.admin.journal, seq))?;
            self.records.insert(seq, stored);
        }
        Ok(self.records.get(&seq).and_then(Option::as_ref))
    }
}
