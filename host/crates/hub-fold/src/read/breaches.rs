//! What is said and cannot be true: reported, so that somebody looks; never put right in silence.

use hub_model::model::{LoyaltyAccount, Order, OrderBreach};
use hub_store::{Order as Ends, Range, Store, Table};
use serde::Serialize;

use super::card::each_entry;
use super::{ANSWER_MAX, View, Walk};
use crate::FoldError;
use crate::row::{Subject, SubjectKind, decode};

/// A thing and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BreachView {
    pub kind: SubjectKind,
    pub connection: String,
    /// The provider's id.
    pub id: String,
    pub breach: Breach,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Breach {
    Order(OrderBreach),
    /// The provider's balance is not the sum of the entries it told us of; those from before we listened are missing.
    Balance {
        balance: i64,
        entries: i64,
    },
}

/// Orders and loyalty accounts that break a rule, at most so many. Goes through all of them: a question for a report, not
/// for a page somebody waits for.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn breaches(store: &dyn Store, limit: usize) -> Result<Vec<BreachView>, FoldError> {
    let view = View { store };
    let limit = limit.min(ANSWER_MAX);
    let mut found = Vec::new();
    view.walk(Table::Order, Range::all(), Ends::Ascending, |row_key, row| {
        let order: Order = decode(Table::Order, row)?;
        let breaches = order.breaches().into_iter().map(Breach::Order);
        found.extend(breaches.map(|breach| BreachView::new(SubjectKind::Order, row_key, breach)));
        Ok(if found.len() >= limit { Walk::Enough } else { Walk::On })
    })?;
    view.walk(Table::LoyaltyAccount, Range::all(), Ends::Ascending, |row_key, row| {
        if found.len() >= limit {
            return Ok(Walk::Enough);
        }
        let account: LoyaltyAccount = decode(Table::LoyaltyAccount, row)?;
        let Some(balance) = account.balance else { return Ok(Walk::On) };
        let (subject, mut entries, mut count) = (subject(SubjectKind::LoyaltyAccount, row_key), 0_i64, 0_u64);
        each_entry(view, &subject, |entry| {
            entries = entries.saturating_add(entry.points.unwrap_or_default());
            count += 1;
        })?;
        if count > 0 && entries != balance.value {
            let breach = Breach::Balance { balance: balance.value, entries };
            found.push(BreachView::new(SubjectKind::LoyaltyAccount, row_key, breach));
        }
        Ok(Walk::On)
    })?;
    found.truncate(limit);
    Ok(found)
}

impl BreachView {
    fn new(kind: SubjectKind, row_key: &[u8], breach: Breach) -> Self {
        let Subject { kind, connection, id } = subject(kind, row_key);
        Self { kind, connection, id, breach }
    }
}

/// The thing a row's key names.
fn subject(kind: SubjectKind, row_key: &[u8]) -> Subject {
    let mut parts =
        row_key.splitn(2, |byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned());
    Subject { kind, connection: parts.next().unwrap_or_default(), id: parts.next().unwrap_or_default() }
}
