//! The connection's settings as far as calls need them, read once and checked.

use omnihub_plugin::Failure;

/// Whom the hub reads and whose subscription it looks after. Both may send webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Square,
    Voucherify,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) source: Source,
    pub(crate) square_version: Option<String>,
    app_id: Option<String>,
    campaign: Option<String>,
}

impl Settings {
    /// `get` finds a setting by its key.
    pub(crate) fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let said =
            |key: &str| get(key).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let source = match said("source").as_deref() {
            None | Some("square") => Source::Square,
            Some("voucherify") => Source::Voucherify,
            Some(_) => return Err(Failure::Misconfigured("source is square or voucherify".into())),
        };
        Ok(Self {
            source,
            square_version: said("square_version"),
            app_id: said("voucherify_app_id"),
            campaign: said("voucherify_campaign"),
        })
    }

    /// The half of Voucherify's credentials that is no secret: it names the application.
    pub(crate) fn app_id(&self) -> Result<&str, Failure> {
        self.app_id.as_deref().ok_or_else(|| Failure::Misconfigured("voucherify_app_id is not set".into()))
    }

    pub(crate) fn campaign(&self) -> Result<&str, Failure> {
        self.campaign
            .as_deref()
            .ok_or_else(|| Failure::Misconfigured("voucherify_campaign is not set".into()))
    }
}
