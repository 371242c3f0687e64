//! What the journal has to remember of the forgotten before its records lose them: hashes, so that they are known again
//! when they are told of again.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::{NodeId, Timestamp};
use hub_store::{Order, Range, Store, Table, prefix_range};

use super::{AT_CONNECTION, CONTACT, Gone, OF_SUBJECT, PAGE, REMEMBERED, Sifted};
use crate::FoldError;
use crate::fold::key_rules;
use crate::record::{Remembered, RememberedAt, Tombstone};
use crate::row::{Erasure, Forgotten, NodeRow, decode, key};

/// Everything forgotten that the journal does not remember yet, with what was sifted out of its records now.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn remembered(store: &dyn Store, sifted: &Sifted, now: Timestamp) -> Result<Remembered, FoldError> {
    let mut subjects: BTreeMap<[u8; 16], Timestamp> = BTreeMap::new();
    each(store, OF_SUBJECT, |_, row| {
        let Erasure { at, subject } = decode(Table::Erasure, row)?;
        if !is_remembered(store, &subject)? {
            subjects.insert(subject, at);
        }
        Ok(())
    })?;
    let mut connections: BTreeMap<String, RememberedAt> = BTreeMap::new();
    each(store, AT_CONNECTION, |row_key, row| {
        let gone: Gone = decode(Table::Erasure, row)?;
        let there = at(&mut connections, &name(row_key));
        there.everybody |= gone.everybody == Forgotten::Person;
        there.contacts |= gone.contacts;
        Ok(())
    })?;
    let salt = key_rules(store)?.salt;
    for thing in &sifted.things {
        let hash = key::tombstone(salt, thing);
        at(&mut connections, &thing.connection).things = true;
        if !is_remembered(store, &hash)? {
            subjects.entry(hash).or_insert(now);
        }
    }
    let mut contacts = Vec::new();
    each(store, CONTACT, |row_key, _| {
        contacts.extend(row_key.last_chunk::<16>().copied());
        Ok(())
    })?;
    let nodes: BTreeSet<NodeId> =
        sifted.accounts.iter().copied().chain(subjects.keys().copied().map(NodeId)).collect();
    let mut accounts = Vec::new();
    for account in nodes {
        accounts.extend(tombstone(store, account)?);
    }
    Ok(Remembered {
        accounts,
        subjects: subjects.into_iter().collect(),
        contacts,
        connections: connections.into_values().collect(),
    })
}

impl Remembered {
    /// Whether it says nothing that has to be kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.subjects.is_empty()
    }
}

/// `None` for what is no account, or is remembered.
fn tombstone(store: &dyn Store, account: NodeId) -> Result<Option<Tombstone>, FoldError> {
    let Some(row) = store.get(Table::Node, &account.0)? else { return Ok(None) };
    let row: NodeRow = decode(Table::Node, &row)?;
    let forgotten = row.forgotten;
    let known = [account.0.as_slice(), &[forgotten as u8]].concat();
    if forgotten == Forgotten::Nothing || !row.is_heard_of() || is_remembered(store, &known)? {
        return Ok(None);
    }
    Ok(Some(Tombstone { account, scope: row.key.scope, forgotten }))
}

fn is_remembered(store: &dyn Store, what: &[u8]) -> Result<bool, FoldError> {
    Ok(store.get(Table::Erasure, &[&[REMEMBERED], what].concat())?.is_some())
}

fn name(row_key: &[u8]) -> String {
    String::from_utf8_lossy(row_key.get(1..).unwrap_or_default()).into_owned()
}

fn at<'a>(connections: &'a mut BTreeMap<String, RememberedAt>, name: &str) -> &'a mut RememberedAt {
    connections.entry(name.to_owned()).or_insert_with(|| RememberedAt {
        connection: name.to_owned(),
        everybody: false,
        contacts: false,
        things: false,
    })
}

/// The rows of one sort, page by page.
fn each(
    store: &dyn Store,
    sort: u8,
    mut row: impl FnMut(&[u8], &[u8]) -> Result<(), FoldError>,
) -> Result<(), FoldError> {
    let Range { mut from, to } = prefix_range(&[sort]);
    loop {
        let rows = store.scan(
            Table::Erasure,
            Range { from: from.clone(), to: to.clone() },
            Order::Ascending,
            PAGE,
        )?;
        rows.iter().try_for_each(|(row_key, value)| row(row_key, value))?;
        match rows.last() {
            Some((last, _)) if rows.len() == PAGE => {
                from.clone_from(last);
                from.push(0);
            }
            _ => return Ok(()),
        }
    }
}
