//! How the connection reaches the Graph API: one business phone, and the account it belongs to.

use omnihub_plugin::Failure;
use omnihub_plugin::host::config;
use omnihub_plugin::meta::{self, graph};

pub(crate) struct Api {
    pub(crate) version: String,
    pub(crate) phone_number_id: Option<String>,
    pub(crate) business_account_id: Option<String>,
}

impl Api {
    pub(crate) fn of_connection() -> Self {
        Self {
            version: config::get("api_version").unwrap_or_else(|| meta::VERSION.into()),
            phone_number_id: config::get("phone_number_id"),
            business_account_id: config::get("business_account_id"),
        }
    }

    /// Where the business phone's messages go.
    pub(crate) fn messages(&self) -> Result<String, Failure> {
        let phone = graph::node("phone_number_id", self.phone_number_id.as_deref().unwrap_or_default())?;
        graph::path(&self.version, phone, "messages", &[])
    }

    /// Who gets the account's webhooks; nothing where the account is not told.
    pub(crate) fn subscribed_apps(&self) -> Option<Result<String, Failure>> {
        let account = self.business_account_id.as_deref()?;
        let path = |account| graph::path(&self.version, account, "subscribed_apps", &[]);
        Some(graph::node("business_account_id", account).and_then(path))
    }
}
