//! What would be otherwise: the journal folded once as it is and once with something changed, both into memory, and the
//! two laid beside each other. Nothing is written.

use std::thread;

use hub_fold::read::{Difference, differences};
use hub_fold::record::{Command, Record};
use hub_fold::{Counted, Keeps};
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
    /// Other rules, from the beginning; of those counted is kept what comes of them, and of no rule why.
    Rules { rules: Vec<(String, String)>, catalogue: Catalogue, counted: Counted },
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

/// Two folds beside each other: whoever waits for both has a core for each.
///
/// # Errors
/// The other panicked.
pub(crate) fn beside<T, U: Send>(
    one: impl FnOnce() -> T,
    other: impl FnOnce() -> U + Send,
) -> anyhow::Result<(T, U)> {
    thread::scope(|scope| {
        let other = scope.spawn(other);
        let one = one();
        let other = other.join().map_err(|_| anyhow::anyhow!("the fold of the rules in force panicked"))?;
        Ok((one, other))
    })
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
            let change = Some(&mut change as &mut dyn FnMut(&mut Record));
            let otherwise = Otherwise { change, keeps: Keeps::Nothing, ..Otherwise::default() };
            fold_otherwise(journal, &other, until, otherwise, progress)?;
        }
        If::Said(command) => {
            let first = Record::Command(command.clone());
            let otherwise = Otherwise { first: Some(first), keeps: Keeps::Nothing, ..Otherwise::default() };
            fold_otherwise(journal, &other, until, otherwise, progress)?;
        }
        If::Rules { rules, catalogue, counted } => {
            let mut change = |record: &mut Record| {
                if let Record::Settings(settings) = record {
                    settings.rules.clone_from(rules);
                    settings.catalogue.clone_from(catalogue);
                }
            };
            // What the hub did not know it did not wait for: no record tells that its time had come.
            let change = Some(&mut change as &mut dyn FnMut(&mut Record));
            let keeps = Keeps::Outcomes(counted.clone());
            let otherwise = Otherwise { change, runs_free: true, keeps, ..Otherwise::default() };
            fold_otherwise(journal, &other, until, otherwise, progress)?;
        }
    }
    Ok(other)
}
