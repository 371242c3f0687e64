//! Between the generated types of `wit/` and ours. Only moves: no decision, no loss. A type that both sides must
//! spell the same field by field does not compile when one of them changes.

pub(crate) mod call;
pub(crate) mod event;
pub(crate) mod http;
pub(crate) mod manifest;

/// Header lists, both ways.
fn headers(headers: Vec<crate::bindings::types::Header>) -> Vec<(String, String)> {
    headers.into_iter().map(|header| (header.name, header.value)).collect()
}

fn wit_headers(headers: Vec<(String, String)>) -> Vec<crate::bindings::types::Header> {
    headers.into_iter().map(|(name, value)| crate::bindings::types::Header { name, value }).collect()
}
