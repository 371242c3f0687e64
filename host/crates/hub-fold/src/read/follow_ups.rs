//! What is to be done for customers later: of one customer, and of all, the first due first. An event that ends one is
//! looked for among those of all accounts the customer has now.

use std::fmt;
use std::str::FromStr;

use hub_model::model::FollowUp;
use hub_model::{EventId, FollowUpId, NodeId, Timestamp};
use hub_store::{Order as Ends, Range, Store, Table, prefix_range};
use serde::Serialize;

use super::people::{Account, Person};
use super::{ANSWER_MAX, THINGS_MAX, View, Walk};
use crate::FoldError;
use crate::row::{Forgotten, decode, key};

/// Rows one answer looks at. Those that an event ended stay in the list of what is due, because an un-merge may open them
/// again: a page may end early, and the next goes on.
const LOOKED_AT_MAX: usize = 2_000;

/// Something to do for a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FollowUpView {
    pub id: FollowUpId,
    pub customer: NodeId,
    /// The account it was asked for.
    pub account: Account,
    pub text: String,
    pub due: Timestamp,
    /// The name of an event that ends it.
    pub until: Option<String>,
    /// Who wanted it last.
    pub by: String,
    /// When it was first wanted.
    pub made_at: Timestamp,
    pub state: FollowUpState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowUpState {
    Open,
    /// Somebody said so.
    Done {
        by: String,
        at: Timestamp,
    },
    /// What it was to last until happened.
    Happened {
        event: EventId,
        name: String,
        at: Timestamp,
    },
}

impl FollowUpView {
    /// When it was done, or ended.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        match &self.state {
            FollowUpState::Open => None,
            FollowUpState::Done { at, .. } | FollowUpState::Happened { at, .. } => Some(*at),
        }
    }
}

/// Everything that is or was to be done for a customer, the first due first.
pub(super) fn follow_ups_of(person: &Person<'_>) -> Result<Vec<FollowUpView>, FoldError> {
    let mut found = Vec::new();
    for account in person.accounts.keys() {
        for (row_key, row) in person.view.scan(Table::FollowUp, &account.0, THINGS_MAX)? {
            let Some(id) = key::trailing_id(&row_key).map(FollowUpId) else { continue };
            let known: FollowUp = decode(Table::FollowUp, &row)?;
            found.extend(shown(person, *account, id, known)?);
        }
    }
    found.sort_by_key(|follow_up| (follow_up.due, follow_up.id));
    Ok(found)
}

/// `None` for one of which nobody has said what is to be done.
fn shown(
    person: &Person<'_>,
    account: NodeId,
    id: FollowUpId,
    known: FollowUp,
) -> Result<Option<FollowUpView>, FoldError> {
    let node = person.accounts.get(&account).filter(|node| node.forgotten != Forgotten::Person);
    let (Some(node), Some(wanted)) = (node, &known.wanted) else { return Ok(None) };
    let said_at = Timestamp(wanted.version);
    let done = known.closed.as_ref().filter(|closed| closed.version >= wanted.version);
    let done =
        done.map(|closed| FollowUpState::Done { by: closed.value.clone(), at: Timestamp(closed.version) });
    let happened = match &wanted.value.until {
        Some(name) => first_event(person, name, said_at)?,
        None => None,
    };
    let happened = happened.map(|(at, event)| FollowUpState::Happened {
        event,
        name: wanted.value.until.clone().unwrap_or_default(),
        at,
    });
    let ends = [done, happened].into_iter().flatten();
    let moment = |state: &FollowUpState| match state {
        FollowUpState::Open => Timestamp(i64::MAX),
        FollowUpState::Done { at, .. } | FollowUpState::Happened { at, .. } => *at,
    };
    let state = ends.min_by_key(moment).unwrap_or(FollowUpState::Open);
    Ok(Some(FollowUpView {
        id,
        customer: person.id,
        account: Account::of(&node.key),
        text: wanted.value.text.clone(),
        due: wanted.value.due,
        until: wanted.value.until.clone(),
        by: wanted.value.by.clone(),
        made_at: known.made_at.map_or(said_at, |made_at| made_at.0),
        state,
    }))
}

/// The first event of this name that happened with a customer after a moment.
fn first_event(
    person: &Person<'_>,
    name: &str,
    after: Timestamp,
) -> Result<Option<(Timestamp, EventId)>, FoldError> {
    let mut first = None;
    let of_somebody = person.accounts.iter().filter(|(_, node)| node.forgotten != Forgotten::Person);
    for (account, _) in of_somebody {
        let next = Timestamp(after.0.saturating_add(1));
        let range = Range {
            from: key::events(*account, name, next, EventId([0; 16])),
            to: prefix_range(&key::events_prefix(*account, name)).to,
        };
        let rows = person.view.store.scan(Table::Index, range, Ends::Ascending, 1)?;
        let event = rows.first().and_then(|(row, _)| {
            let (at, id) =
                row.split_last_chunk::<16>().and_then(|(row, id)| Some((row.last_chunk::<8>()?, id)))?;
            Some((key::read_time(at)?, EventId(*id)))
        });
        first = [first, event].into_iter().flatten().min();
    }
    Ok(first)
}

/// One follow-up, open or not; `None` when nobody has this id, or whom it is for is forgotten.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn follow_up(store: &dyn Store, id: FollowUpId) -> Result<Option<FollowUpView>, FoldError> {
    let view = View { store };
    match view.indexed(&key::wanted_for_prefix(id), 1)?.first() {
        Some(account) => one(view, *account, id),
        None => Ok(None),
    }
}

fn one(view: View<'_>, account: NodeId, id: FollowUpId) -> Result<Option<FollowUpView>, FoldError> {
    let Some(person) = Person::find(view, account)? else { return Ok(None) };
    let Some(known) = view.get(&key::follow_up(account, id))? else { return Ok(None) };
    shown(&person, account, id, known)
}

/// Which of the open ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FollowUpQuery {
    /// Only those due at this moment or before.
    pub due_by: Option<Timestamp>,
    /// Goes on where a page ended: its `next`.
    pub after: Option<FollowUpPlace>,
    pub limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FollowUpPage {
    /// The first due first.
    pub follow_ups: Vec<FollowUpView>,
    /// Where to go on; absent at the end.
    pub next: Option<FollowUpPlace>,
}

/// Where a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FollowUpPlace {
    due: Timestamp,
    id: FollowUpId,
}

/// The text is no place in the list of what is due.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not a place in the list of follow-ups; take `next` of the page before as it is")]
pub struct PlaceError;

impl fmt::Display for FollowUpPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.due, self.id)
    }
}

impl FromStr for FollowUpPlace {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (due, id) = text.split_once('_').ok_or(PlaceError)?;
        Ok(Self { due: due.parse().map_err(|_| PlaceError)?, id: id.parse().map_err(|_| PlaceError)? })
    }
}

impl Serialize for FollowUpPlace {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What is to be done for anybody, the first due first.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn follow_ups(store: &dyn Store, query: &FollowUpQuery) -> Result<FollowUpPage, FoldError> {
    let view = View { store };
    let limit = query.limit.min(ANSWER_MAX);
    let mut page = FollowUpPage { follow_ups: Vec::new(), next: query.after };
    if limit == 0 {
        return Ok(page);
    }
    let mut range = prefix_range(&key::all_follow_ups_due());
    if let Some(FollowUpPlace { due, id }) = query.after {
        range.from = prefix_range(&key::follow_up_due_prefix(due, id)).to.unwrap_or(range.from);
    }
    if let Some(due_by) = query.due_by {
        range.to = Some(key::follow_ups_due(Timestamp(due_by.0.saturating_add(1))));
    }
    let mut looked_at = 0;
    let mut is_over = true;
    view.walk(Table::Index, range, Ends::Ascending, |row_key, _| {
        let Some((due, id, account)) = key::read_follow_up_due(row_key) else { return Ok(Walk::On) };
        if page.follow_ups.len() == limit || looked_at == LOOKED_AT_MAX {
            is_over = false;
            return Ok(Walk::Enough);
        }
        looked_at += 1;
        page.follow_ups.extend(one(view, account, id)?.filter(|one| one.state == FollowUpState::Open));
        page.next = Some(FollowUpPlace { due, id });
        Ok(Walk::On)
    })?;
    if is_over {
        page.next = None;
    }
    Ok(page)
}
