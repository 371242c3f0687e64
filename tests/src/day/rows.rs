//! The hub's tables as they are: a version byte, then the row. Reads only.

use anyhow::{Context as _, bail};
use hub_fold::row::Row;
use hub_store::{Order, Range, Store, Table};
use serde::de::DeserializeOwned;

/// Rows read at once.
const PAGE: usize = 1_000;

/// Every key and value of a table.
///
/// # Errors
/// The store's.
pub fn raw(store: &dyn Store, table: Table) -> anyhow::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut all: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    loop {
        let from = all.last().map(|(last, _)| [last.as_slice(), &[0]].concat()).unwrap_or_default();
        let page = store.scan(table, Range { from, to: None }, Order::Ascending, PAGE)?;
        let is_last = page.len() < PAGE;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// Every row of a table, by key.
///
/// # Errors
/// The store's, or a row of another shape.
pub fn all<T: Row>(store: &dyn Store) -> anyhow::Result<Vec<(Vec<u8>, T)>> {
    let rows = raw(store, T::TABLE)?.into_iter();
    rows.map(|(key, value)| Ok((key, read(T::TABLE, &value)?))).collect()
}

fn read<T: DeserializeOwned>(table: Table, value: &[u8]) -> anyhow::Result<T> {
    let Some((_, row)) = value.split_first() else { bail!("an empty row in {}", table.name()) };
    postcard::from_bytes(row).with_context(|| format!("a row of {} has another shape", table.name()))
}

/// A provider's object's key: the connection, then the object's own parts.
#[must_use]
pub fn parts(key: &[u8]) -> Vec<String> {
    key.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}
