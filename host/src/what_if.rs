//! What would be otherwise: the journal folded once as it is and once with something changed, both into memory, and the
//! two laid beside each other. Nothing is written.

use hub_fold::read::{Difference, differences};
use hub_fold::record::{Command, Record};
use hub_journal::Journal;
use hub_model::identity::Limits;
use hub_rules::Catalogue;
use hub_store::{MemoryStore, Store};

use crate::folder::{Otherwise, fold_otherwise};

/// What is changed.
pub(crate) enum If {
    /// Other limits and another block list, from the beginning.
    Identity { limits: Limits, blocked_keys: Vec<String> },
    /// A person's words, as if they had been given before everything else.
    Said(Command),
    /// Other rules, from the beginning.
    Rules { rules: Vec<(String, String)>, catalogue: Catalogue },
}

/// The difference that the change makes to a view.
///
/// # Errors
/// The journal or the view cannot be read.
pub(crate) fn against(
    store: &dyn Store,
    journal: &Journal,
    change: &If,
    progress: &mut dyn FnMut(u64),
) -> anyhow::Result<Difference> {
    let other = folded(journal, store.applied()?, change, progress)?;
    Ok(differences(store, &other)?)
}

/// The journal up to a record, folded with the change.
///
/// # Errors
/// The journal cannot be read.
pub(crate) fn folded(
    journal: &Journal,
    until: u64,
    change: &If,
    progress: &mut dyn FnMut(u64),
) -> anyhow::Result<MemoryStore> {
    let other = MemoryStore::new();
    match change {
        If::Identity { limits, blocked_keys } => {
            let mut change = |record: &mut Record| {
                if let Record::Settings(settings) = record {
                    settings.identity = *limits;
                    settings.blocked_keys.clone_from(blocked_keys);
                }
            };
            let otherwise = Otherwise { change: Some(&mut change), ..Otherwise::default() };
            fold_otherwise(journal, &other, until, otherwise, progress)?;
        }
        If::Said(command) => {
            let first = Record::Command(command.clone());
            let otherwise = Otherwise { first: Some(first), ..Otherwise::default() };
            fold_otherwise(journal, &other, until, otherwise, progress)?;
        }
        If::Rules { rules, catalogue } => {
            let mut change = |record: &mut Record| {
                if let Record::Settings(settings) = record {
                    settings.rules.clone_from(rules);
                    settings.catalogue.clone_from(catalogue);
                }
            };
            // What the hub did not know it did not wait for: no record tells that its time had come.
            let otherwise = Otherwise { change: Some(&mut change), runs_free: true, ..Otherwise::default() };
            fold_otherwise(journal, &other, until, otherwise, progress)?;
        }
    }
    Ok(other)
}
