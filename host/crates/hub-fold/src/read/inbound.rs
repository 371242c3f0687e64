//! When a customer last wrote: what providers' windows for answers are counted from.

use hub_model::event::Direction;
use hub_model::model::Interaction;
use hub_model::{NodeId, Timestamp};
use hub_store::{Order, Store, Table, prefix_range};

use super::{View, Walk};
use crate::FoldError;
use crate::row::{EffectRow, EventRow, NodeRow, Subject, SubjectKind, decode, key};

/// Messages of one account looked at. Behind so many of our own, the last word of a customer is older than any
/// provider's window.
const LOOKED_AT_MAX: usize = 10_000;

/// When the customer an effect is owed to last wrote on the effect's connection, under whichever of their accounts.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn last_inbound(store: &dyn Store, effect: &EffectRow) -> Result<Option<Timestamp>, FoldError> {
    let view = View { store };
    let Some(event) = view.get::<EventRow>(&effect.cause.0)? else { return Ok(None) };
    let Some(account) = event.account else { return Ok(None) };
    let Some((_, customer)) = view.customer_of(account)? else { return Ok(None) };
    let mut newest = None;
    for account in customer.accounts {
        // An account's messages are all of its own connection.
        if is_at(view, account, &effect.connection)? {
            newest = newest.max(last_inbound_of(view, account)?);
        }
    }
    Ok(newest)
}

fn is_at(view: View<'_>, account: NodeId, connection: &str) -> Result<bool, FoldError> {
    let scope = view.get::<NodeRow>(&account.0)?.map(|row| row.key.scope);
    Ok(scope.is_some_and(|scope| scope.split('/').next() == Some(connection)))
}

fn last_inbound_of(view: View<'_>, account: NodeId) -> Result<Option<Timestamp>, FoldError> {
    let mut found = None;
    let mut looked_at = 0;
    let range = prefix_range(&key::timeline_prefix(account, SubjectKind::Interaction));
    view.walk(Table::Timeline, range, Order::Descending, |_, value| {
        looked_at += 1;
        let subject: Subject = decode(Table::Timeline, value)?;
        let said: Option<Interaction> = view.get(&key::object(&subject.connection, &[&subject.id]))?;
        found = said.filter(is_inbound).and_then(|said| said.sent_at).map(|at| at.value);
        Ok(if found.is_some() || looked_at == LOOKED_AT_MAX { Walk::Enough } else { Walk::On })
    })?;
    Ok(found)
}

/// A comment or a mention is said in public and opens no window for private messages.
fn is_inbound(said: &Interaction) -> bool {
    let is_public =
        said.kind.as_ref().is_some_and(|kind| matches!(kind.value.as_str(), "comment" | "mention"));
    let is_inbound = said.direction.as_ref().is_some_and(|direction| direction.value == Direction::Inbound);
    is_inbound && !is_public
}
