//! What is to be done for customers later, kept by account so that it follows them through merge and un-merge. Whether an
//! event ended it is found out when it is asked for: the event may be of an account that becomes the customer's, or
//! ceases to be.

use hub_model::join::{Fact, Told};
use hub_model::model::{FollowUp, Wanted};
use hub_model::{FollowUpId, NodeId, Timestamp};
use hub_store::{Store, Table};

use crate::FoldError;
use crate::draft::{Draft, Joined};
use crate::erase::mark_stored;
use crate::facts::customer_of;
use crate::people::is_forgotten;
use crate::record::{AskedFollowUp, Command};
use crate::row::key;

/// The longest text: a few sentences to whoever does it. With its row it stays far below what a store takes.
pub const TEXT_CHARS_MAX: usize = 1_000;

/// Takes in a word on what is to be done. Of somebody forgotten nothing is kept, and the record is to lose its text.
pub(crate) fn want_follow_up(
    draft: &mut Draft<'_>,
    seq: u64,
    asked: &AskedFollowUp,
) -> Result<(), FoldError> {
    let AskedFollowUp { account, id, due, text, until, by, at } = asked.clone();
    if text.is_empty() {
        return Ok(());
    }
    if is_forgotten(draft, account)? {
        return mark_stored(draft, None, seq, seq);
    }
    draft.put_raw(Table::Index, key::asked_in(account, seq), Vec::new());
    let told = Told { version: at.0, learned: seq };
    file(draft, (account, id), FollowUp::wanted(Wanted { due, until, by, text }, told))
}

/// Files under another account what a rule wants done, with all that was said of it.
pub(crate) fn move_follow_up(
    draft: &mut Draft<'_>,
    (account, id): (NodeId, FollowUpId),
    to: NodeId,
) -> Result<(), FoldError> {
    let Some(known) = draft.get::<FollowUp>(&key::follow_up(account, id))?.filter(|_| account != to) else {
        return Ok(());
    };
    forget(draft, account, id)?;
    file(draft, (to, id), known)
}

/// Takes in a word that it is done.
pub(crate) fn close_follow_up(
    draft: &mut Draft<'_>,
    seq: u64,
    (account, id): (NodeId, FollowUpId),
    by: &str,
    at: Timestamp,
) -> Result<(), FoldError> {
    if is_forgotten(draft, account)? {
        return Ok(());
    }
    let told = Told { version: at.0, learned: seq };
    file(draft, (account, id), FollowUp::closed(by.to_owned(), told))
}

/// Takes in a rule's word on what is to be done, which no record says: it follows from the event.
pub(crate) fn want_by_rule(
    draft: &mut Draft<'_>,
    place: (NodeId, FollowUpId),
    wanted: Wanted,
    told: Told,
) -> Result<(), FoldError> {
    file(draft, place, FollowUp::ruled(wanted, told))
}

/// Who a rule's follow-up is by.
pub(crate) fn by_rule(rule: &str) -> String {
    format!("rule {rule}")
}

fn file(draft: &mut Draft<'_>, (account, id): (NodeId, FollowUpId), told: FollowUp) -> Result<(), FoldError> {
    let Joined { before, after } = draft.join(&key::follow_up(account, id), told)?;
    if before.is_none() {
        draft.put_raw(Table::Index, key::wanted_for(id, account), Vec::new());
    }
    let due = |known: &FollowUp| Some(key::follow_up_due(known.open()?.value.due, id, account));
    let (was, is) = (before.as_ref().and_then(due), due(&after));
    if was != is {
        was.into_iter().for_each(|row| draft.delete(Table::Index, row));
        is.into_iter().for_each(|row| draft.put_raw(Table::Index, row, Vec::new()));
    }
    Ok(())
}

/// Forgets what was to be done for an account, and marks the records that say it; record `by` wants it so.
pub(crate) fn forget_follow_ups(draft: &mut Draft<'_>, account: NodeId, by: u64) -> Result<(), FoldError> {
    for (row_key, _) in draft.scan(Table::Index, &key::asked_in_prefix(account), usize::MAX)? {
        if let Some(seq) = row_key.last_chunk::<8>() {
            mark_stored(draft, None, u64::from_be_bytes(*seq), by)?;
        }
        draft.delete(Table::Index, row_key);
    }
    for (row_key, _) in draft.scan(Table::FollowUp, &account.0, usize::MAX)? {
        if let Some(id) = key::trailing_id(&row_key).map(FollowUpId) {
            forget(draft, account, id)?;
        }
    }
    Ok(())
}

/// Forgets what a rule wants done, unless somebody has made it their own word since.
pub(crate) fn forget_ruled(draft: &mut Draft<'_>, account: NodeId, id: FollowUpId) -> Result<(), FoldError> {
    let known: Option<FollowUp> = draft.get(&key::follow_up(account, id))?;
    let wanted = known.as_ref().and_then(|known| known.wanted.as_ref());
    // What a rule says it says once, when it makes it.
    let is_rules = |wanted: &Fact<Wanted>| {
        let made_at = known.as_ref().and_then(|known| known.made_at);
        made_at.is_some_and(|made_at| made_at.0.0 == wanted.version)
    };
    if wanted.is_some_and(is_rules) { forget(draft, account, id) } else { Ok(()) }
}

fn forget(draft: &mut Draft<'_>, account: NodeId, id: FollowUpId) -> Result<(), FoldError> {
    let row_key = key::follow_up(account, id);
    let known: Option<FollowUp> = draft.get(&row_key)?;
    draft.delete(Table::Index, key::wanted_for(id, account));
    if let Some(open) = known.as_ref().and_then(FollowUp::open) {
        draft.delete(Table::Index, key::follow_up_due(open.value.due, id, account));
    }
    draft.delete(Table::FollowUp, row_key);
    Ok(())
}

/// What somebody wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUpPlan {
    /// The customer, by any id of theirs.
    pub customer: NodeId,
    /// Makes it one of a kind among all that `by` wants for this customer; the same again changes what was wanted.
    pub mark: String,
    pub due: Timestamp,
    pub text: String,
    /// The name of an event that ends it.
    pub until: Option<String>,
    pub by: String,
}

/// Why there is nothing to journal, in words for who asked.
#[derive(Debug, thiserror::Error)]
pub enum FollowUpError {
    #[error("no customer has the id {0}")]
    UnknownCustomer(NodeId),
    #[error("the customer is forgotten")]
    Forgotten,
    #[error("no follow-up has the id {0}")]
    Unknown(FollowUpId),
    #[error("the follow-up says nothing of what is to be done")]
    Empty,
    #[error("what is to be done takes {chars} characters, and at most {TEXT_CHARS_MAX} are kept")]
    TooLong { chars: usize },
    #[error(transparent)]
    Fold(#[from] FoldError),
}

/// The command that says what is wanted, and the id it goes by. What is new is filed under the first account of the
/// customer.
///
/// # Errors
/// See [`FollowUpError`].
pub fn plan_follow_up(
    store: &dyn Store,
    plan: FollowUpPlan,
    now: Timestamp,
) -> Result<(FollowUpId, Command), FollowUpError> {
    let draft = Draft::new(store);
    let FollowUpPlan { customer, mark, due, text, until, by } = plan;
    let text = checked(&text)?;
    let (account, id) = place(&draft, customer, &by, &mark)?;
    let at = after_the_last_word(&draft, account, id, now)?;
    let until = until.filter(|name| !name.trim().is_empty());
    Ok((id, Command::FollowUp(AskedFollowUp { account, id, due, text, until, by, at })))
}

fn checked(text: &str) -> Result<String, FollowUpError> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(FollowUpError::Empty),
        chars if chars > TEXT_CHARS_MAX => Err(FollowUpError::TooLong { chars }),
        _ => Ok(text.to_owned()),
    }
}

/// Where it stands already, under whatever account, or where it is to stand.
fn place(
    draft: &Draft<'_>,
    customer: NodeId,
    by: &str,
    mark: &str,
) -> Result<(NodeId, FollowUpId), FollowUpError> {
    let (_, row) = customer_of(draft, customer).ok_or(FollowUpError::UnknownCustomer(customer))?;
    let mut new = None;
    for account in row.accounts {
        let id = FollowUpId::of(account, by, mark);
        if draft.get::<FollowUp>(&key::follow_up(account, id))?.is_some() {
            return Ok((account, id));
        }
        if new.is_none() && !is_forgotten(draft, account)? {
            new = Some((account, id));
        }
    }
    new.ok_or(FollowUpError::Forgotten)
}

/// The command that gives it another moment, done or not.
///
/// # Errors
/// See [`FollowUpError`].
pub fn plan_postpone(
    store: &dyn Store,
    id: FollowUpId,
    due: Timestamp,
    by: &str,
    now: Timestamp,
) -> Result<Command, FollowUpError> {
    let draft = Draft::new(store);
    let account = account_of(&draft, id)?;
    let known: Option<FollowUp> = draft.get(&key::follow_up(account, id))?;
    let wanted = known.and_then(|known| known.wanted).ok_or(FollowUpError::Unknown(id))?;
    let Wanted { until, text, .. } = wanted.value;
    let at = after_the_last_word(&draft, account, id, now)?;
    Ok(Command::FollowUp(AskedFollowUp { account, id, due, text, until, by: by.to_owned(), at }))
}

fn account_of(draft: &Draft<'_>, id: FollowUpId) -> Result<NodeId, FollowUpError> {
    let rows = draft.scan(Table::Index, &key::wanted_for_prefix(id), 1)?;
    let account = rows.first().and_then(|(row, _)| key::trailing_id(row)).map(NodeId);
    account.ok_or(FollowUpError::Unknown(id))
}

/// The command that says that it is done.
///
/// # Errors
/// See [`FollowUpError`].
pub fn plan_close(
    store: &dyn Store,
    id: FollowUpId,
    by: &str,
    now: Timestamp,
) -> Result<Command, FollowUpError> {
    let draft = Draft::new(store);
    let account = account_of(&draft, id)?;
    let at = after_the_last_word(&draft, account, id, now)?;
    Ok(Command::CloseFollowUp { account, id, by: by.to_owned(), at })
}

/// Now, or just after the last word where a clock went back.
fn after_the_last_word(
    draft: &Draft<'_>,
    account: NodeId,
    id: FollowUpId,
    now: Timestamp,
) -> Result<Timestamp, FoldError> {
    let known: Option<FollowUp> = draft.get(&key::follow_up(account, id))?;
    let last = known.and_then(|known| known.last_word_at());
    Ok(last.map_or(now, |last| now.max(Timestamp(last.0.saturating_add(1)))))
}
