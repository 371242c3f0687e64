//! Two fingerprints of a view. The model's leaves out everything that depends on the order of arrival, so two hubs that
//! got the same deliveries in any order agree. The whole view's compares a view with a second fold of the same journal.

use hub_model::join::Join;
use hub_model::model::{
    Checkout, Consent, Conversation, FollowUp, Interaction, InventoryItem, InventoryLevel, LoyaltyAccount,
    LoyaltyEntry, Order, Profile, Survey, Ticket,
};
use hub_store::{Order as Direction, Range, Store, Table};

use crate::FoldError;
use crate::people::is_shared;
use crate::row::{NodeRow, Row, decode, encode};

/// Rows read at once.
const PAGE: usize = 1_000;

/// The fingerprint of what is known of customers, orders, messages, tickets, stock and loyalty, as hexadecimal text.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn model_digest(store: &dyn Store) -> Result<String, FoldError> {
    let mut hasher = blake3::Hasher::new();
    things::<Profile>(store, &mut hasher)?;
    things::<Order>(store, &mut hasher)?;
    things::<Checkout>(store, &mut hasher)?;
    things::<Interaction>(store, &mut hasher)?;
    things::<Conversation>(store, &mut hasher)?;
    things::<Ticket>(store, &mut hasher)?;
    things::<LoyaltyAccount>(store, &mut hasher)?;
    things::<LoyaltyEntry>(store, &mut hasher)?;
    things::<Survey>(store, &mut hasher)?;
    things::<Consent>(store, &mut hasher)?;
    follow_ups(store, &mut hasher)?;
    inventory(store, &mut hasher)?;
    nodes(store, &mut hasher)?;
    for table in [Table::Customer, Table::Timeline] {
        raw(store, table, &mut hasher)?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// The fingerprint of every row of every table.
///
/// # Errors
/// The store's.
pub fn view_digest(store: &dyn Store) -> Result<String, FoldError> {
    let mut hasher = blake3::Hasher::new();
    // What the store keeps for itself says nothing of the journal.
    for table in Table::ALL.iter().filter(|table| **table != Table::Meta) {
        raw(store, *table, &mut hasher)?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn each(
    store: &dyn Store,
    table: Table,
    mut row: impl FnMut(&[u8], &[u8]) -> Result<(), FoldError>,
) -> Result<(), FoldError> {
    let mut from = Vec::new();
    loop {
        let rows = store.scan(table, Range { from, to: None }, Direction::Ascending, PAGE)?;
        for (key, value) in &rows {
            row(key, value)?;
        }
        match rows.last() {
            Some((last, _)) if rows.len() == PAGE => {
                from = last.clone();
                from.push(0);
            }
            _ => return Ok(()),
        }
    }
}

fn feed(hasher: &mut blake3::Hasher, table: Table, key: &[u8], value: &[u8]) {
    for part in [table.name().as_bytes(), key, value] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
}

fn raw(store: &dyn Store, table: Table, hasher: &mut blake3::Hasher) -> Result<(), FoldError> {
    each(store, table, |key, value| {
        feed(hasher, table, key, value);
        Ok(())
    })
}

fn timeless<T: Row + Join>(value: &[u8]) -> Result<Vec<u8>, FoldError> {
    let mut thing: T = decode(T::TABLE, value)?;
    thing.forget_learned();
    Ok(encode(&thing))
}

fn things<T: Row + Join>(store: &dyn Store, hasher: &mut blake3::Hasher) -> Result<(), FoldError> {
    each(store, T::TABLE, |key, value| {
        feed(hasher, T::TABLE, key, &timeless::<T>(value)?);
        Ok(())
    })
}

/// What rules do may depend on the order of arrival: they see what is known when an event comes.
fn follow_ups(store: &dyn Store, hasher: &mut blake3::Hasher) -> Result<(), FoldError> {
    each(store, Table::FollowUp, |key, value| {
        if !decode::<FollowUp>(Table::FollowUp, value)?.ruled {
            feed(hasher, Table::FollowUp, key, &timeless::<FollowUp>(value)?);
        }
        Ok(())
    })
}

/// Levels have three parts in their key after the connection, items one.
fn inventory(store: &dyn Store, hasher: &mut blake3::Hasher) -> Result<(), FoldError> {
    each(store, Table::Inventory, |key, value| {
        let is_item = key.iter().filter(|byte| **byte == 0).count() == 1;
        let value =
            if is_item { timeless::<InventoryItem>(value)? } else { timeless::<InventoryLevel>(value)? };
        feed(hasher, Table::Inventory, key, &value);
        Ok(())
    })
}

/// Of a key that many accounts share only the first few that claimed it are noted, in the order of arrival.
fn nodes(store: &dyn Store, hasher: &mut blake3::Hasher) -> Result<(), FoldError> {
    let limits = crate::fold::key_rules(store)?.limits;
    each(store, Table::Node, |key, value| {
        let mut node: NodeRow = decode(Table::Node, value)?;
        if is_shared(&node, limits) {
            node.proven_by.clear();
        }
        feed(hasher, Table::Node, key, &encode(&node));
        Ok(())
    })
}
