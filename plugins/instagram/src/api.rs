//! How the connection reaches the Graph API: as an Instagram account, or through the Page it belongs to.

use omnihub_plugin::Failure;
use omnihub_plugin::host::config;
use omnihub_plugin::meta::{self, graph};

pub(crate) struct Api {
    pub(crate) version: String,
    /// The Instagram professional account; the token's own when absent.
    pub(crate) account_id: Option<String>,
    /// With a Page token messages are the Page's, whatever account they are of.
    pub(crate) page_id: Option<String>,
    /// Conversations read at once.
    pub(crate) page_size: u32,
}

/// Twenty messages each make two hundred events and stay below a second of work.
pub(crate) const PAGE_SIZE: u32 = 10;

impl Api {
    pub(crate) fn of_connection() -> Self {
        let page_size = config::get("page_size").and_then(|size| size.trim().parse().ok());
        Self {
            version: config::get("api_version").unwrap_or_else(|| meta::VERSION.into()),
            account_id: config::get("account_id"),
            page_id: config::get("page_id"),
            page_size: page_size.filter(|size| (1..=PAGE_SIZE_MAX).contains(size)).unwrap_or(PAGE_SIZE),
        }
    }

    /// An edge of the node that has the messages.
    pub(crate) fn edge(&self, edge: &str, query: &[(&str, &str)]) -> Result<String, Failure> {
        let node = match (&self.page_id, &self.account_id) {
            (Some(page), _) => graph::node("page_id", page)?,
            (None, Some(account)) => graph::node("account_id", account)?,
            (None, None) => "me",
        };
        graph::path(&self.version, node, edge, query)
    }

    /// A thing the provider named, or an edge of it.
    pub(crate) fn of(&self, id: &str, edge: &str, query: &[(&str, &str)]) -> Result<String, Failure> {
        graph::path(&self.version, id, edge, query)
    }
}

/// More makes Meta complain of the amount of data, and the places to go on at would no longer fit into a cursor.
const PAGE_SIZE_MAX: u32 = 25;
