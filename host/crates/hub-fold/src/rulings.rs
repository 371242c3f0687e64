//! What rules write within the hub: kept, found again over all accounts of a customer, moved and forgotten with the event
//! it was written because of. Under one name the last word counts, of all accounts together: a tag given at one account
//! is taken back at another.

use std::collections::BTreeMap;

use hub_model::join::Told;
use hub_model::model::Wanted;
use hub_model::{EventId, FollowUpId, NodeId};
use hub_store::{Range, Row as StoredRow, Table, prefix_range};
use serde::{Deserialize, Serialize};

use crate::FoldError;
use crate::draft::Draft;
use crate::follow::Emission;
use crate::follow_up::{forget_ruled, move_follow_up, want_by_rule};
use crate::row::{By, Ruling, RulingKind, decode, encode, key};

/// Tags or attributes looked at of one account. A rule that makes up a new one for every event is mistaken.
const NAMES_MAX: usize = 500;

/// Something a rule writes.
pub(crate) enum Writing {
    Ruling {
        owner: [u8; 16],
        kind: RulingKind,
        ruling: Ruling,
    },
    FollowUp {
        account: NodeId,
        id: FollowUpId,
        wanted: Wanted,
        by: By,
    },
    /// Nothing stands of it: the event it tells of is noted as others are.
    Event(Emission),
}

/// Where it stands, noted at the event it was written because of.
#[derive(Serialize, Deserialize)]
enum Place {
    Ruling(Vec<u8>),
    FollowUp { account: NodeId, id: FollowUpId },
}

impl Writing {
    /// Record `seq` taught it. The event is new, and so are the rows. Returns what is to be told of.
    pub(crate) fn write(self, draft: &mut Draft<'_>, seq: u64) -> Result<Option<Emission>, FoldError> {
        match self {
            Self::Ruling { owner, kind, ruling } => {
                let row = key::ruling(owner, kind, &ruling.name, &ruling.by);
                let place = encode(&Place::Ruling(row.clone()));
                draft.put_new(Table::Index, key::ruled(&ruling.by), place);
                draft.put_new(Table::Annotation, row, encode(&ruling));
                Ok(None)
            }
            Self::FollowUp { account, id, wanted, by } => {
                draft.put_new(Table::Index, key::ruled(&by), encode(&Place::FollowUp { account, id }));
                want_by_rule(draft, (account, id), wanted, Told { version: by.at.0, learned: seq })?;
                Ok(None)
            }
            Self::Event(emission) => Ok(Some(emission)),
        }
    }
}

/// Forgets what rules wrote because of an event: it may repeat what the event told.
pub(crate) fn forget_rulings(draft: &mut Draft<'_>, event: EventId) -> Result<(), FoldError> {
    for (row_key, place) in draft.scan(Table::Index, &key::ruled_prefix(event), usize::MAX)? {
        match decode(Table::Index, &place)? {
            Place::Ruling(row) => draft.delete(Table::Annotation, row),
            Place::FollowUp { account, id } => forget_ruled(draft, account, id)?,
        }
        draft.delete(Table::Index, row_key);
    }
    Ok(())
}

/// Takes along what rules wrote because of an event when it turns out whose the event is. What nobody's is stays.
pub(crate) fn rulings_follow(
    draft: &mut Draft<'_>,
    event: EventId,
    owner: Option<NodeId>,
) -> Result<(), FoldError> {
    let Some(owner) = owner else { return Ok(()) };
    for (row_key, place) in draft.scan(Table::Index, &key::ruled_prefix(event), usize::MAX)? {
        let place = match decode(Table::Index, &place)? {
            Place::Ruling(row) => Place::Ruling(move_ruling(draft, row, owner)?),
            Place::FollowUp { account, id } => {
                move_follow_up(draft, (account, id), owner)?;
                Place::FollowUp { account: owner, id }
            }
        };
        draft.put_raw(Table::Index, row_key, encode(&place));
    }
    Ok(())
}

fn move_ruling(draft: &mut Draft<'_>, row: Vec<u8>, owner: NodeId) -> Result<Vec<u8>, FoldError> {
    let moved = key::ruling_of(&row, owner.0);
    // What is said of a conversation stays with what was said in it.
    let Some(moved) = moved.filter(|moved| *moved != row) else { return Ok(row) };
    let Some(ruling) = draft.get_raw(Table::Annotation, &row)? else { return Ok(row) };
    draft.delete(Table::Annotation, row);
    draft.put_raw(Table::Annotation, moved.clone(), ruling);
    Ok(moved)
}

/// Reads so many rows of the table of annotations: of a store, or of a draft over it.
pub(crate) type Scan<'a> = &'a dyn Fn(Range, usize) -> Result<Vec<StoredRow>, FoldError>;

/// The last word under every name, of all these owners together.
pub(crate) fn last_words(
    scan: Scan<'_>,
    owners: impl Iterator<Item = [u8; 16]>,
    kind: RulingKind,
) -> Result<BTreeMap<String, Ruling>, FoldError> {
    let mut last: BTreeMap<String, Ruling> = BTreeMap::new();
    for owner in owners {
        let mut range = prefix_range(&key::rulings_prefix(owner, kind));
        for _ in 0..NAMES_MAX {
            let rows = scan(range.clone(), 1)?;
            let Some((_, row)) = rows.first() else { break };
            let ruling: Ruling = decode(Table::Annotation, row)?;
            // The others under its name are older.
            range.from = prefix_range(&key::rulings_named(owner, kind, &ruling.name)).to.unwrap_or_default();
            let known = last.get(&ruling.name);
            if known.is_none_or(|known| known.by.rank() < ruling.by.rank()) {
                last.insert(ruling.name.clone(), ruling);
            }
        }
    }
    Ok(last)
}

/// The last word under one name, of all these owners together.
pub(crate) fn last_word(
    scan: Scan<'_>,
    owners: impl Iterator<Item = [u8; 16]>,
    kind: RulingKind,
    name: &str,
) -> Result<Option<Ruling>, FoldError> {
    let mut last: Option<Ruling> = None;
    for owner in owners {
        for (_, row) in scan(prefix_range(&key::rulings_named(owner, kind, name)), 1)? {
            let ruling: Ruling = decode(Table::Annotation, &row)?;
            if last.as_ref().is_none_or(|last| last.by.rank() < ruling.by.rank()) {
                last = Some(ruling);
            }
        }
    }
    Ok(last)
}

/// The tags that rules gave and did not take back.
pub(crate) fn tags(
    scan: Scan<'_>,
    accounts: impl Iterator<Item = NodeId>,
) -> Result<impl Iterator<Item = String>, FoldError> {
    let last = last_words(scan, accounts.map(|account| account.0), RulingKind::Tag)?;
    Ok(last.into_values().filter(|ruling| ruling.value.is_some()).map(|ruling| ruling.name))
}

/// What was said under one name or none of one owner, newest first.
pub(crate) fn newest(
    scan: Scan<'_>,
    owner: [u8; 16],
    kind: RulingKind,
    limit: usize,
) -> Result<Vec<Ruling>, FoldError> {
    let rows = scan(prefix_range(&key::rulings_prefix(owner, kind)), limit)?;
    rows.iter().map(|(_, row)| decode(Table::Annotation, row)).collect()
}
