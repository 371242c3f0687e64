//! Where a provider sends webhooks, how it signs them, and how unreliable the way there is. Set over `/control`.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::disorder::{Disorder, DisorderError};
use super::schedule;
use crate::state::Provider;

/// A slip of the keyboard must not hang a test for an hour.
const TIMEOUT_MS_MAX: u64 = 120_000;
/// Ten times the longest provider's list.
const RETRIES_MAX: usize = 120;

/// One subscription to a provider's webhooks, or several behind one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// `http://` on this machine.
    pub target: String,
    #[serde(skip_serializing)]
    pub secret: Secret,
    pub scheme: Scheme,
    /// What is subscribed to: exact, or everything that begins with what stands before a last `*`. All when absent.
    #[serde(default)]
    pub topics: Option<Vec<String>>,
    #[serde(default)]
    pub disorder: Disorder,
    /// When to try again, in seconds since the first attempt, instead of the provider's own list.
    #[serde(default)]
    pub retry_after_s: Option<Vec<u64>>,
    /// How long an answer may take, in real milliseconds, instead of the provider's own limit.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Whether the subscription ends as the provider ends one whose deliveries fail for good.
    #[serde(default)]
    pub failing: Failing,
}

/// What failing for good does to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failing {
    /// Shopify removes it, Voucherify disables it, Zendesk pauses it, the others keep it.
    #[default]
    AsProvider,
    Kept,
}

/// A signing secret; never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// How deliveries are signed and what else their headers say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scheme {
    Shopify {
        /// `example.myshopify.com`.
        shop_domain: String,
        #[serde(default = "api_version")]
        api_version: String,
        #[serde(default)]
        spelling: Spelling,
    },
    Zendesk {
        #[serde(default = "zendesk_account")]
        account_id: String,
        #[serde(default = "zendesk_webhook")]
        webhook_id: String,
        #[serde(default)]
        retry_timestamp: RetryTimestamp,
    },
    /// Instagram and WhatsApp alike.
    Meta,
    Square {
        /// As registered, character for character; the target when absent.
        #[serde(default)]
        notification_url: Option<String>,
    },
    Voucherify,
}

/// Shopify's two ways to name its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// `x-shopify-topic`.
    #[default]
    Webhooks,
    /// `shopify-topic`, of the newer subscriptions to events.
    Events,
}

/// What a retry of Zendesk's signs: not documented, so both are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryTimestamp {
    /// The time of the attempt.
    #[default]
    Fresh,
    /// The time of the first attempt.
    First,
}

fn api_version() -> String {
    "2026-04".to_owned()
}

fn zendesk_account() -> String {
    "100001".to_owned()
}

fn zendesk_webhook() -> String {
    "01SIMULATED000000000000001".to_owned()
}

impl Scheme {
    pub fn provider(&self) -> Provider {
        match self {
            Self::Shopify { .. } => Provider::Shopify,
            Self::Zendesk { .. } => Provider::Zendesk,
            Self::Meta => Provider::Graph,
            Self::Square { .. } => Provider::Square,
            Self::Voucherify => Provider::Voucherify,
        }
    }
}

/// What a subscription is up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Standing {
    Active,
    /// The provider took it away; it has to be made again.
    Removed,
    /// It is there and switched off.
    Disabled,
    /// Too many failures: nothing is sent for a while, and what happens meanwhile is lost.
    Paused {
        until: Timestamp,
    },
}

/// Why a connection was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    #[error("`target` must be an http:// address on this machine")]
    Target,
    #[error("`timeout_ms` must be 1 to {TIMEOUT_MS_MAX}")]
    Timeout,
    #[error("`retry_after_s` must rise, and have at most {RETRIES_MAX} entries")]
    Retries,
    #[error(transparent)]
    Disorder(#[from] DisorderError),
}

impl Connection {
    /// The provider's own ways, everything subscribed, nothing lost on the way.
    pub fn new(target: impl Into<String>, secret: impl Into<String>, scheme: Scheme) -> Self {
        Self {
            target: target.into(),
            secret: Secret::new(secret),
            scheme,
            topics: None,
            disorder: Disorder::default(),
            retry_after_s: None,
            timeout_ms: None,
            failing: Failing::default(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConnectionError> {
        if !self.target.parse().is_ok_and(|uri: Uri| is_local(&uri)) {
            return Err(ConnectionError::Target);
        }
        if self.timeout_ms.is_some_and(|ms| !(1..=TIMEOUT_MS_MAX).contains(&ms)) {
            return Err(ConnectionError::Timeout);
        }
        if self.retry_after_s.as_ref().is_some_and(|list| list.len() > RETRIES_MAX || !list.is_sorted()) {
            return Err(ConnectionError::Retries);
        }
        Ok(self.disorder.check()?)
    }

    pub(crate) fn wants(&self, topic: &str) -> bool {
        let covers = |pattern: &String| match pattern.strip_suffix('*') {
            Some(prefix) => topic.starts_with(prefix),
            None => pattern == topic,
        };
        self.topics.as_ref().is_none_or(|topics| topics.iter().any(covers))
    }

    pub(crate) fn timeout(&self) -> std::time::Duration {
        let own = schedule::timeout_ms(self.scheme.provider());
        std::time::Duration::from_millis(self.timeout_ms.unwrap_or(own))
    }
}

/// The simulator never leaves the machine.
fn is_local(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    uri.scheme_str() == Some("http") && loopback
}
