//! What a connection brings and how its streams stand, for those who poll, watch for silence and show status.

use hub_store::{Store, Table};

use super::{ANSWER_MAX, View};
use crate::FoldError;
pub use crate::gaps::usual_gap;
use crate::row::{ConnectionRow, StreamRow, decode, key};

/// How a connection's deliveries come; `None` before the first.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn connection(store: &dyn Store, name: &str) -> Result<Option<ConnectionRow>, FoldError> {
    View { store }.get(name.as_bytes())
}

/// Where the reading of a stream stands; `None` when it was never read or asked for.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn stream(store: &dyn Store, connection: &str, stream: &str) -> Result<Option<StreamRow>, FoldError> {
    View { store }.get(&key::object(connection, &[stream]))
}

/// All streams of a connection that were ever read or asked for, by name.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn streams(store: &dyn Store, connection: &str) -> Result<Vec<(String, StreamRow)>, FoldError> {
    let prefix = key::object(connection, &[""]);
    let rows = View { store }.scan(Table::Stream, &prefix, ANSWER_MAX)?;
    rows.iter()
        .map(|(row_key, row)| {
            let name = String::from_utf8_lossy(row_key.get(prefix.len()..).unwrap_or_default());
            Ok((name.into_owned(), decode(Table::Stream, row)?))
        })
        .collect()
}
