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

/// What the hub answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    /// Seconds to wait before sending again, where it says so.
    pub retry_after: Option<u64>,
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
        Ok(self.answer(delivery, signer).await?.status)
    }

    /// The hub's answer.
    ///
    /// # Errors
    /// As [`Self::deliver`].
    pub async fn answer(&self, delivery: &Outgoing, signer: Signer) -> anyhow::Result<Answered> {
        self.post(delivery, delivery.signed(signer, Timestamp::now())).await
    }

    /// The hub's answer to a delivery with these headers.
    ///
    /// # Errors
    /// As [`Self::deliver`].
    pub async fn post(
        &self,
        delivery: &Outgoing,
        headers: Vec<(String, String)>,
    ) -> anyhow::Result<Answered> {
        let url = format!("{}/hooks/{}", self.ingress, delivery.connection);
        let mut request = self.client.post(url).body(delivery.body.clone());
        if !headers.iter().any(|(name, _)| name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await;
        let answer =
            answer.with_context(|| format!("no answer to a delivery for {}", delivery.connection))?;
        let retry_after = answer.headers().get("retry-after");
        let retry_after = retry_after.and_then(|seconds| seconds.to_str().ok()?.parse().ok());
        Ok(Answered { status: answer.status().as_u16(), retry_after })
    }
}
