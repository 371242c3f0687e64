//! What a plugin may ask of the host. In pure phases (`describe`, `normalise`) only [`log`] and [`config`] answer;
//! a call to the others ends the instance with an outcome that names them.

pub use crate::bindings::describes::omnihub::host::{http, log, state};

/// The connection's settings.
pub mod config {
    /// As the manifest asks for it; secrets are not among them. Natively, what the test says: see
    /// [`testing::with_settings`](crate::testing::with_settings).
    #[must_use]
    pub fn get(key: &str) -> Option<String> {
        #[cfg(target_arch = "wasm32")]
        return crate::bindings::describes::omnihub::host::config::get(key);
        #[cfg(not(target_arch = "wasm32"))]
        crate::testing::setting(key)
    }
}

/// One line in the operator's log, which already carries plugin, version and delivery. Never personal data.
pub fn info(message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    log::write(log::Level::Info, message, &fields);
}
