//! The harness: where the binaries are, a configuration for six connections, the hub as a child process, deliveries
//! signed as the providers sign them, and the questions its admin listener answers.

pub mod admin;
pub mod binaries;
pub mod connections;
pub mod delivery;
pub mod hub;
pub mod sender;
pub mod stage;
pub mod wire;

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Context as _;

/// Longer than any answer of a hub that lives; a dead one is noticed by its process.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Longer than anything a hub that works takes, on a machine busy with other tests.
const COMES_TRUE_WITHIN: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What an environment variable says how much of a test to do, if it says a number.
#[must_use]
pub fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Waits until something has come true.
///
/// # Panics
/// It does not.
pub async fn until(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let looked = async {
        while !is_true().await {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let came_true = tokio::time::timeout(COMES_TRUE_WITHIN, looked).await;
    assert!(came_true.is_ok(), "waited for {COMES_TRUE_WITHIN:?} in vain: {what}");
}

/// A client for loopback: no proxy, and told which TLS provider there is, because it asks even for plain HTTP.
///
/// # Errors
/// The client cannot be built.
pub fn http_client() -> anyhow::Result<reqwest::Client> {
    static TLS: OnceLock<()> = OnceLock::new();
    TLS.get_or_init(|| {
        // Somebody else in this process may have installed one: any will do.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    let client = reqwest::Client::builder().no_proxy().timeout(ANSWER_WITHIN).build();
    client.context("the HTTP client could not be built")
}
