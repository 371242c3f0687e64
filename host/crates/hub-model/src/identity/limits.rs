//! When a key stops linking by itself. A person's word and a provider's own merges have no limits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::IdentityKind;

/// A day.
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The limits in force. What is left out has its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A key that more accounts than this prove to be theirs is a shop's or a family's, not a person's. 5 by default: as
    /// many systems as know one customer in a large shop.
    pub accounts_per_email_max: usize,
    pub accounts_per_phone_max: usize,
    pub accounts_per_token_max: usize,
    pub accounts_per_handle_max: usize,
    /// How many keys of a kind one customer may gather before no weaker key joins more to it. 10 by default, more than
    /// anybody was seen to use; a customer with more is a key that ties strangers together.
    pub emails_per_customer_max: usize,
    pub phones_per_customer_max: usize,
    /// After so many days in which nobody showed a phone to be theirs, the next who does is somebody else: numbers are
    /// given to new people. 540 by default, a year and a half; 0 for never.
    pub phone_unused_days_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            accounts_per_email_max: 5,
            accounts_per_phone_max: 5,
            accounts_per_token_max: 5,
            accounts_per_handle_max: 5,
            emails_per_customer_max: 10,
            phones_per_customer_max: 10,
            phone_unused_days_max: 540,
        }
    }
}

impl Limits {
    /// The most accounts that may prove a key of this kind.
    #[must_use]
    pub fn accounts_max(&self, kind: IdentityKind) -> usize {
        match kind {
            IdentityKind::ProviderId => usize::MAX,
            IdentityKind::Email => self.accounts_per_email_max,
            IdentityKind::Phone => self.accounts_per_phone_max,
            IdentityKind::Handle => self.accounts_per_handle_max,
            IdentityKind::Token => self.accounts_per_token_max,
        }
    }

    /// The most keys of this kind one customer may gather.
    #[must_use]
    pub fn keys_max(&self, kind: IdentityKind) -> usize {
        match kind {
            IdentityKind::Email => self.emails_per_customer_max,
            IdentityKind::Phone => self.phones_per_customer_max,
            IdentityKind::ProviderId | IdentityKind::Handle | IdentityKind::Token => usize::MAX,
        }
    }

    /// How long a key of this kind may go unused and still be the same person's.
    #[must_use]
    pub fn unused_max(&self, kind: IdentityKind) -> Option<Duration> {
        let limited = kind == IdentityKind::Phone && self.phone_unused_days_max > 0;
        limited.then(|| DAY.saturating_mul(self.phone_unused_days_max))
    }
}
