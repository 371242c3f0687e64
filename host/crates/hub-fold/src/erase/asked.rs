//! Forgetting that is no event's: an operator's command, and the steps of taking the forgotten out of the journal.

use std::cmp::Reverse;
use std::sync::Arc;

use hub_model::event::{Event, Payload, PrivacyRequest};
use hub_model::join::{Erase, Told};
use hub_model::model::Profile;
use hub_model::{EventId, NodeId, Timestamp};
use hub_store::{Order, Store, Table, prefix_range};
use serde::{Deserialize, Serialize};

use super::stored::strike_stored;
use super::systems::{SystemErasure, asked_of, is_any_open};
use super::{CONTACT, Gone, REMEMBERED, gone_key, mark_stored, stored, subject_key, things_key};
use crate::FoldError;
use crate::apply::Applying;
use crate::fold::Folding;
use crate::follow_up::forget_follow_ups;
use crate::people::learn_name;
use crate::record::{Erased, Erasing, Remembered, Tombstone};
use crate::row::{Erasure, Forgotten, NodeRow, decode, encode, key};

/// The sorts of rows of the table of erasures that are this file's.
const ASKED: u8 = b'a';
const RECEIPT: u8 = b'r';

/// An operator's word that somebody is to be forgotten. Kept: it names nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskedRow {
    pub(crate) by: String,
    pub(crate) reason: String,
    pub(crate) at: Timestamp,
}

/// The same, with the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AskedErasure {
    pub account: NodeId,
    /// Empty when the journal knows no more of the account than this.
    pub connection: String,
    pub by: String,
    pub reason: String,
    pub at: Timestamp,
    /// The systems that know the account, what is due first in front.
    pub systems: Vec<SystemErasure>,
}

/// That records of the journal were rewritten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureReceipt {
    pub at: Timestamp,
    /// What was asked for by this record is done.
    pub until: u64,
    /// Records written anew, and the segments they are in.
    pub changed: u64,
    pub segments: u64,
    /// Records that were damaged; their bytes are gone.
    pub damaged: u64,
}

impl Folding<'_> {
    pub(crate) fn erase_account(
        &mut self,
        seq: u64,
        account: NodeId,
        asked: &AskedRow,
        deliveries: &[u64],
    ) -> Result<(), FoldError> {
        let row_key = [&[ASKED], account.0.as_slice()].concat();
        if self.draft.get_raw(Table::Erasure, &row_key)?.is_none() {
            self.draft.put_raw(Table::Erasure, row_key, encode(asked));
        }
        for delivery in deliveries {
            // It is in no report: its own record is the one to rewrite.
            mark_stored(&mut self.draft, Some(*delivery), *delivery, seq)?;
        }
        match self.heard_of(account)? {
            Some(row) => self.forget(seq, asked.at, account, &row, Forgotten::Person),
            // The journal remembers it where its records lost it.
            None => forget_follow_ups(&mut self.draft, account, seq),
        }
    }

    fn heard_of(&self, account: NodeId) -> Result<Option<NodeRow>, FoldError> {
        let row: Option<NodeRow> = self.draft.get(&account.0)?;
        Ok(row.filter(|row| row.is_heard_of() && row.key.is_account()))
    }

    fn forget(
        &mut self,
        seq: u64,
        at: Timestamp,
        account: NodeId,
        row: &NodeRow,
        forgotten: Forgotten,
    ) -> Result<(), FoldError> {
        let connection = row.key.scope.split_once('/').map_or(row.key.scope.as_str(), |(name, _)| name);
        let settings = Arc::clone(&self.settings);
        // Stands where the provider's request would.
        let event = Event {
            name: String::new(),
            key: String::new(),
            happened_at: at,
            version: at.0,
            payload: Payload::PrivacyRequest(PrivacyRequest {
                id: String::new(),
                kind: String::new(),
                who: None,
                orders: Vec::new(),
                extra: Vec::new(),
            }),
        };
        let gone = Gone::at(&self.draft, connection)?;
        let mut applying = Applying {
            draft: &mut self.draft,
            connection,
            people: settings.people(connection),
            event: &event,
            id: EventId::of(connection, "", ""),
            at,
            finding: None,
            told: Told { version: at.0, learned: seq },
            gone,
            forgotten,
            forgetting: None,
        };
        match forgotten {
            Forgotten::Nothing => Ok(()),
            Forgotten::Profile => applying.forget_profile(account),
            Forgotten::Person => applying.forget_person(account),
        }
    }

    pub(crate) fn erasing(&mut self, seq: u64, at: Timestamp, step: &Erasing) -> Result<(), FoldError> {
        match step {
            Erasing::Remember(remembered) => self.remember(seq, at, remembered),
            Erasing::Done(done) => self.erased(seq, at, done),
        }
    }

    fn remember(&mut self, seq: u64, at: Timestamp, remembered: &Remembered) -> Result<(), FoldError> {
        for there in &remembered.connections {
            let mut gone = Gone::at(&self.draft, &there.connection)?;
            let everybody = if there.everybody { Forgotten::Person } else { Forgotten::Nothing };
            gone.everybody = gone.everybody.max(everybody);
            gone.contacts |= there.contacts;
            if there.everybody || there.contacts {
                self.draft.put_raw(Table::Erasure, gone_key(&there.connection), encode(&gone));
            }
            if there.things {
                self.draft.put_raw(Table::Erasure, things_key(&there.connection), Vec::new());
            }
        }
        for contact in &remembered.contacts {
            self.draft.put_raw(Table::Erasure, [&[CONTACT], contact.as_slice()].concat(), Vec::new());
        }
        for (subject, at) in &remembered.subjects {
            let row = encode(&Erasure { at: *at, subject: *subject });
            self.draft.put_raw(Table::Erasure, subject_key(*subject), row);
            let row_key = [&[REMEMBERED], subject.as_slice()].concat();
            self.draft.put_raw(Table::Erasure, row_key, Vec::new());
        }
        remembered.accounts.iter().try_for_each(|stone| self.set(seq, at, stone))
    }

    fn set(&mut self, seq: u64, at: Timestamp, stone: &Tombstone) -> Result<(), FoldError> {
        let row_key = [&[REMEMBERED], stone.account.0.as_slice(), &[stone.forgotten as u8]].concat();
        self.draft.put_raw(Table::Erasure, row_key, Vec::new());
        if let Some(row) = self.heard_of(stone.account)? {
            // Told of again since; or nothing was rewritten yet.
            return match row.forgotten < stone.forgotten {
                true => self.forget(seq, at, stone.account, &row, stone.forgotten),
                false => Ok(()),
            };
        }
        let known: Option<NodeRow> = self.draft.get(&stone.account.0)?;
        let mut row = known.unwrap_or_else(NodeRow::unheard_of);
        row.key.scope.clone_from(&stone.scope);
        row.forgotten = stone.forgotten;
        self.draft.put(stone.account.0.to_vec(), &row);
        let mut profile = Profile { deleted: stone.forgotten == Forgotten::Profile, ..Profile::default() };
        if stone.forgotten == Forgotten::Person {
            profile.erase();
            forget_follow_ups(&mut self.draft, stone.account, seq)?;
        }
        learn_name(&mut self.draft, stone.account, profile)
    }

    fn erased(&mut self, seq: u64, at: Timestamp, done: &Erased) -> Result<(), FoldError> {
        for report in &done.records {
            strike_stored(&mut self.draft, *report, done.until)?;
        }
        let receipt = ErasureReceipt {
            at,
            until: done.until,
            changed: done.changed,
            segments: done.segments,
            damaged: done.damaged.len() as u64,
        };
        let row_key = [&[RECEIPT], key::sequence(seq).as_slice()].concat();
        self.draft.put_raw(Table::Erasure, row_key, encode(&receipt));
        Ok(())
    }
}

/// Everybody whom operators wanted forgotten, by account, the last first.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn asked_erasures(store: &dyn Store) -> Result<Vec<AskedErasure>, FoldError> {
    let rows = store.scan(Table::Erasure, prefix_range(&[ASKED]), Order::Ascending, usize::MAX)?;
    let mut asked = Vec::with_capacity(rows.len());
    for (row_key, row) in rows {
        let Some(account) = key::trailing_id(&row_key).map(NodeId) else { continue };
        let AskedRow { by, reason, at } = decode(Table::Erasure, &row)?;
        let node = store.get(Table::Node, &account.0)?;
        let node: Option<NodeRow> = node.map(|row| decode(Table::Node, &row)).transpose()?;
        let scope = node.map(|node| node.key.scope).unwrap_or_default();
        let connection = scope.split_once('/').map(|(name, _)| name.to_owned()).unwrap_or_default();
        asked.push(AskedErasure { account, connection, by, reason, at, systems: asked_of(store, account)? });
    }
    asked.sort_by_key(|one| Reverse((one.at, one.account)));
    Ok(asked)
}

/// When records of the journal were rewritten, the last first.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn erasure_receipts(store: &dyn Store, limit: usize) -> Result<Vec<ErasureReceipt>, FoldError> {
    let rows = store.scan(Table::Erasure, prefix_range(&[RECEIPT]), Order::Descending, limit)?;
    rows.iter().map(|(_, row)| decode(Table::Erasure, row)).collect()
}

/// Whether anything stored is still to be removed, or a system has still to forget somebody.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn is_erasure_owed(store: &dyn Store) -> Result<bool, FoldError> {
    Ok(!stored(store, 1)?.is_empty() || is_any_open(store)?)
}
