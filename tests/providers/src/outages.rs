//! Outages by the simulated clock: from one moment to another a provider answers nothing of use, and its webhooks wait
//! or are lost. Faults are for calls; this is for hours.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::faults::{Fault, Outcome};
use crate::state::Provider;

/// When a provider is down, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// All of them when absent.
    #[serde(default)]
    pub provider: Option<Provider>,
    pub from: Timestamp,
    /// The first moment it works again.
    pub until: Timestamp,
    #[serde(default)]
    pub calls: DownCalls,
    #[serde(default)]
    pub webhooks: DownWebhooks,
}

/// What callers meet. The provider never acts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DownCalls {
    /// 503 in the provider's shape.
    #[default]
    Unavailable,
    Status {
        status: u16,
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// A web page of whatever stands before the provider.
    Page {
        status: u16,
    },
    ConnectionReset,
    /// Calls work: only webhooks are affected.
    Answered,
}

/// What becomes of webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownWebhooks {
    /// They leave when the outage is over.
    #[default]
    Held,
    /// What happens meanwhile is never sent; what was due waits.
    Lost,
    /// They leave as ever.
    Sent,
}

/// Why an outage was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutageError {
    #[error("`until` must be after `from`")]
    Empty,
    #[error("status {0} is not an HTTP failure")]
    Status(u16),
}

/// An outage with the id that takes it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedOutage {
    pub id: u64,
    pub outage: Outage,
}

#[derive(Debug, Default)]
pub(crate) struct Outages {
    planned: Vec<PlannedOutage>,
    given: u64,
}

impl Outages {
    pub(crate) fn plan(&mut self, outage: Outage) -> Result<u64, OutageError> {
        if outage.until <= outage.from {
            return Err(OutageError::Empty);
        }
        if let DownCalls::Status { status, .. } | DownCalls::Page { status } = outage.calls
            && !(400..=599).contains(&status)
        {
            return Err(OutageError::Status(status));
        }
        self.given += 1;
        self.planned.push(PlannedOutage { id: self.given, outage });
        Ok(self.given)
    }

    pub(crate) fn list(&self) -> &[PlannedOutage] {
        &self.planned
    }

    /// Says whether there was such an outage.
    pub(crate) fn cancel(&mut self, id: u64) -> bool {
        let before = self.planned.len();
        self.planned.retain(|planned| planned.id != id);
        self.planned.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.planned.clear();
    }

    fn at(&self, provider: Provider, at: Timestamp) -> impl Iterator<Item = &Outage> {
        self.planned.iter().map(|planned| &planned.outage).filter(move |outage| {
            outage.provider.is_none_or(|down| down == provider) && outage.from <= at && at < outage.until
        })
    }

    /// What a call made now meets, if anything.
    pub(crate) fn fault(&self, provider: Provider, now: Timestamp) -> Option<Fault> {
        let outcome = self.at(provider, now).find_map(|outage| match &outage.calls {
            DownCalls::Unavailable => Some(Outcome::Status { status: 503, retry_after: None }),
            DownCalls::Status { status, retry_after } => {
                Some(Outcome::Status { status: *status, retry_after: retry_after.clone() })
            }
            DownCalls::Page { status } => Some(Outcome::Page { status: *status }),
            DownCalls::ConnectionReset => Some(Outcome::ConnectionReset),
            DownCalls::Answered => None,
        });
        outcome.map(|outcome| Fault::at(provider, outcome))
    }

    /// Until when nothing leaves the provider, as far as is known at this moment.
    pub(crate) fn holds(&self, provider: Provider, at: Timestamp) -> Option<Timestamp> {
        let held = |outage: &&Outage| outage.webhooks != DownWebhooks::Sent;
        self.at(provider, at).filter(held).map(|outage| outage.until).max()
    }

    /// Whether what happens now is never sent.
    pub(crate) fn lose(&self, provider: Provider, now: Timestamp) -> bool {
        self.at(provider, now).any(|outage| outage.webhooks == DownWebhooks::Lost)
    }
}
