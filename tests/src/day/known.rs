//! All that two models must agree on, row by row, in words a person can compare; a digest only says that they differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use hub_fold::row::{CustomerRow, NodeRow, Row};
use hub_model::join::Join;
use hub_model::model::{
    Checkout, Conversation, Interaction, LoyaltyAccount, LoyaltyEntry, Order, Profile, Survey, Ticket,
};
use hub_store::{Store, Table};

use super::rows;

/// Each row by table and key.
///
/// # Errors
/// The store's.
pub fn all(store: &dyn Store) -> anyhow::Result<BTreeMap<String, String>> {
    let mut known = BTreeMap::new();
    things::<Profile>(store, &mut known)?;
    things::<Order>(store, &mut known)?;
    things::<Checkout>(store, &mut known)?;
    things::<Interaction>(store, &mut known)?;
    things::<Conversation>(store, &mut known)?;
    things::<Ticket>(store, &mut known)?;
    things::<LoyaltyAccount>(store, &mut known)?;
    things::<LoyaltyEntry>(store, &mut known)?;
    things::<Survey>(store, &mut known)?;
    plain::<NodeRow>(store, &mut known)?;
    plain::<CustomerRow>(store, &mut known)?;
    for (key, _) in rows::raw(store, Table::Timeline)? {
        known.insert(place(Table::Timeline, &key), "there".to_owned());
    }
    Ok(known)
}

fn place(table: Table, key: &[u8]) -> String {
    format!("{} {}", table.name(), key.escape_ascii())
}

/// When a thing was learned depends on the order; what it is does not.
fn things<T: Row + Join + Debug>(
    store: &dyn Store,
    known: &mut BTreeMap<String, String>,
) -> anyhow::Result<()> {
    for (key, mut row) in rows::all::<T>(store)? {
        row.forget_learned();
        known.insert(place(T::TABLE, &key), format!("{row:?}"));
    }
    Ok(())
}

fn plain<T: Row + Debug>(store: &dyn Store, known: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    for (key, row) in rows::all::<T>(store)? {
        known.insert(place(T::TABLE, &key), format!("{row:?}"));
    }
    Ok(())
}

/// One entry for each row that is not the same.
#[must_use]
pub fn differences(left: &BTreeMap<String, String>, right: &BTreeMap<String, String>) -> Vec<String> {
    let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let differing = keys.into_iter().filter(|key| left.get(*key) != right.get(*key));
    let row =
        |rows: &BTreeMap<String, String>, key: &String| rows.get(key).map_or("-".to_owned(), Clone::clone);
    differing
        .map(|key| format!("{key}\n  one:     {}\n  another: {}", row(left, key), row(right, key)))
        .collect()
}
