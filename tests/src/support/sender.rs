//! Delivers over HTTP, as a provider's servers do: a signed POST, and the answer's status.

use anyhow::Context as _;
use jiff::Timestamp;

use super::delivery::{Outgoing, Signer};

/// Sends to one hub.
#[derive(Clone, Debug)]
pub struct Sender {
    client: reqwest::Client,
    ingress: String,
}

impl Sender {
    #[must_use]
    pub fn new(client: reqwest::Client, ingress: &str) -> Self {
        Self { client, ingress: ingress.to_owned() }
    }

    /// The status the hub answers; an error is no answer at all.
    ///
    /// # Errors
    /// The hub did not answer: whether it has the delivery is not known, and it has to be sent again.
    pub async fn deliver(&self, delivery: &Outgoing, signer: Signer) -> anyhow::Result<u16> {
        let url = format!("{}/hooks/{}", self.ingress, delivery.connection);
        let mut request = self.client.post(url).body(delivery.body.clone());
        let headers = delivery.signed(signer, Timestamp::now());
        if !headers.iter().any(|(name, _)| name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await;
        let answer =
            answer.with_context(|| format!("no answer to a delivery for {}", delivery.connection))?;
        Ok(answer.status().as_u16())
    }
}
