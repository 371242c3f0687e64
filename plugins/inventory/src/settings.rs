//! The connection's settings as far as calls need them, read once and checked.

use omnihub_plugin::Failure;

/// The Admin API's version that calls to Shopify name unless the operator says otherwise.
pub(crate) const SHOPIFY_VERSION: &str = "2026-04";

/// Whom the hub reads and whose subscription it looks after. Both may send webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Square,
    Shopify,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) source: Source,
    pub(crate) square_version: Option<String>,
    pub(crate) shopify_version: String,
    /// Square counts other states too, most of them of no use to a shop: empty reads all.
    pub(crate) states: Vec<String>,
}

impl Settings {
    /// `get` finds a setting by its key.
    pub(crate) fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let said =
            |key: &str| get(key).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let source = match said("source").as_deref() {
            None | Some("square") => Source::Square,
            Some("shopify") => Source::Shopify,
            Some(_) => return Err(Failure::Misconfigured("source is square or shopify".into())),
        };
        let shopify_version = said("shopify_api_version").unwrap_or_else(|| SHOPIFY_VERSION.to_owned());
        if !shopify_version.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(Failure::Misconfigured("shopify_api_version is no version such as 2026-04".into()));
        }
        let states = said("states").unwrap_or_default();
        let states = states.split(',').map(|state| state.trim().to_ascii_uppercase());
        Ok(Self {
            source,
            square_version: said("square_version"),
            shopify_version,
            states: states.filter(|state| !state.is_empty()).collect(),
        })
    }
}
