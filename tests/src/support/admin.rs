//! The admin listener's answers, as far as the demo and the tests read them, and waiting until nothing is left to do.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Asks one hub.
#[derive(Clone, Debug)]
pub struct Admin {
    client: reqwest::Client,
    base: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Status {
    pub problems: Vec<String>,
    pub connections: Vec<ConnectionStatus>,
    /// Deliveries accepted and not yet processed.
    pub backlog: u64,
    pub journal: JournalStatus,
    pub view: ViewStatus,
    pub counts: Counts,
    pub merges: u64,
}

/// What `/readyz` says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Readiness {
    /// The answer's status, which is all a load balancer reads.
    #[serde(skip)]
    pub status: u16,
    pub ready: bool,
    pub problems: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ConnectionStatus {
    pub name: String,
    pub plugin: Option<PluginStatus>,
    pub problems: Vec<ConnectionProblem>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct PluginStatus {
    pub id: String,
    pub version: String,
    /// Of the component in force.
    pub digest: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ConnectionProblem {
    pub key: String,
    pub message: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct JournalStatus {
    pub last: u64,
    pub queued: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ViewStatus {
    pub applied: u64,
    pub behind: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Counts {
    pub customers: u64,
    pub interactions: u64,
    pub inventory: u64,
    pub deliveries: u64,
    pub events: u64,
    pub effects: u64,
    /// Planned, under way or waiting.
    pub effects_open: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct DeliverySummary {
    pub seq: u64,
    pub connection: String,
    pub topic: Option<String>,
    pub state: String,
    pub events: u32,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct EffectSummary {
    pub id: String,
    pub rule: String,
    /// The event that caused it.
    pub cause: String,
    pub connection: String,
    pub action: String,
    pub arguments: Vec<(String, String)>,
    pub state: String,
    pub reason: Option<String>,
    pub reference: Option<String>,
    pub attempts: u32,
}

#[derive(Clone, Debug, Deserialize)]
pub struct CustomerSummary {
    pub id: String,
    pub display_name: Option<String>,
    pub emails: Vec<String>,
    pub phones: Vec<String>,
    pub accounts: Vec<Account>,
    pub open_orders: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Account {
    pub connection: String,
    pub object: String,
    pub id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct TimelineEntry {
    pub at: Timestamp,
    pub kind: String,
    pub channel: Option<String>,
    pub connection: String,
    pub id: String,
    pub summary: String,
    pub sentiment: Option<String>,
    /// What the entry is about, under the name of its kind.
    pub details: serde_json::Value,
}

#[derive(Deserialize)]
struct Deliveries {
    deliveries: Vec<DeliverySummary>,
    next: Option<u64>,
}

#[derive(Deserialize)]
struct DeliveryDetails {
    received: Option<Received>,
}

#[derive(Deserialize)]
struct Received {
    headers: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Effects {
    effects: Vec<EffectSummary>,
}

#[derive(Deserialize)]
struct Customers {
    customers: Vec<CustomerSummary>,
}

#[derive(Deserialize)]
struct Timeline {
    entries: Vec<TimelineEntry>,
}

#[derive(Deserialize)]
struct Explained {
    explanation: String,
}

/// The most the hub puts into one answer.
pub const PAGE_MAX: usize = 1_000;

const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Longer than the longest pause between two tries in the configuration, so that a hub which waits is not taken for one
/// that hangs.
const STILL_MAX: Duration = Duration::from_secs(30);

/// How long an answer says to wait, where it is that too much was asked.
fn retry_after(answer: &reqwest::Response) -> Option<Duration> {
    let says = answer.headers().get(reqwest::header::RETRY_AFTER);
    let seconds = says.filter(|_| answer.status() == reqwest::StatusCode::TOO_MANY_REQUESTS)?;
    Some(Duration::from_secs(seconds.to_str().ok()?.parse().ok()?))
}

impl Admin {
    #[must_use]
    pub fn new(client: reqwest::Client, base: &str) -> Self {
        Self { client, base: base.to_owned() }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<T> {
        let mut url = reqwest::Url::parse(&format!("{}{path}", self.base)).context("not an address")?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let answer = loop {
            let answer = self
                .client
                .get(url.clone())
                .send()
                .await
                .with_context(|| format!("no answer to GET {path}"))?;
            // Whoever asks much and fast waits as they are told.
            match retry_after(&answer) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => break answer,
            }
        };
        let status = answer.status();
        let text = answer.text().await.with_context(|| format!("half an answer to GET {path}"))?;
        if !status.is_success() {
            bail!("GET {path} was answered {status}: {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("the answer to GET {path} is not understood"))
    }

    /// # Errors
    /// The hub does not answer; so it is with all of these.
    pub async fn status(&self) -> anyhow::Result<Status> {
        self.get("/v1/status", &[]).await
    }

    /// Whether the hub says it can do its work.
    ///
    /// # Errors
    /// The hub does not answer.
    pub async fn readiness(&self) -> anyhow::Result<Readiness> {
        let answer = self.client.get(format!("{}/readyz", self.base)).send().await;
        let answer = answer.context("no answer to GET /readyz")?;
        let status = answer.status().as_u16();
        let text = answer.text().await.context("half an answer to GET /readyz")?;
        let said: Readiness =
            serde_json::from_str(&text).context("the answer to GET /readyz is not understood")?;
        Ok(Readiness { status, ..said })
    }

    /// Has a delivery given to its connector again.
    ///
    /// # Errors
    /// The hub does not answer, or knows no such delivery.
    pub async fn redrive(&self, seq: u64) -> anyhow::Result<()> {
        let url = format!("{}/v1/deliveries/{seq}/redrive", self.base);
        let answer = self.client.post(url).send().await.context("no answer to a redrive")?;
        if !answer.status().is_success() {
            bail!("a redrive was answered {}", answer.status());
        }
        Ok(())
    }

    /// Every delivery in one of the states, or in all; newest first, over all pages.
    ///
    /// # Errors
    /// The hub does not answer.
    pub async fn deliveries(&self, state: Option<&str>) -> anyhow::Result<Vec<DeliverySummary>> {
        let limit = PAGE_MAX.to_string();
        let mut all = Vec::new();
        let mut before: Option<u64> = None;
        loop {
            let from = before.map(|before| before.to_string());
            let mut query = vec![("limit", limit.as_str())];
            query.extend(state.map(|state| ("state", state)));
            query.extend(from.as_deref().map(|before| ("before", before)));
            let page: Deliveries = self.get("/v1/deliveries", &query).await?;
            all.extend(page.deliveries);
            match page.next {
                Some(next) => before = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// A header of a delivery as it was received and kept.
    ///
    /// # Errors
    /// The hub does not answer, or knows no such delivery.
    pub async fn delivery_header(&self, seq: u64, name: &str) -> anyhow::Result<Option<String>> {
        let details: DeliveryDetails = self.get(&format!("/v1/deliveries/{seq}"), &[]).await?;
        let headers = details.received.map(|received| received.headers).unwrap_or_default();
        Ok(headers.into_iter().find(|(known, _)| known == name).map(|(_, value)| value))
    }

    /// The newest effects in one of the states, at most [`PAGE_MAX`].
    ///
    /// # Errors
    /// The hub does not answer.
    pub async fn effects(&self, state: &str) -> anyhow::Result<Vec<EffectSummary>> {
        let query = [("state", state), ("limit", &PAGE_MAX.to_string())];
        let answer: Effects = self.get("/v1/effects", &query).await?;
        Ok(answer.effects)
    }

    /// # Errors
    /// The hub does not answer.
    pub async fn find_customers(&self, text: &str) -> anyhow::Result<Vec<CustomerSummary>> {
        let answer: Customers = self.get("/v1/customers", &[("query", text)]).await?;
        Ok(answer.customers)
    }

    /// What happened with a customer, newest first.
    ///
    /// # Errors
    /// The hub does not answer, or knows no such customer.
    pub async fn timeline(&self, customer: &str) -> anyhow::Result<Vec<TimelineEntry>> {
        let answer: Timeline = self.get(&format!("/v1/customers/{customer}/timeline"), &[]).await?;
        Ok(answer.entries)
    }

    /// Why a rule acted on an event, or did not, in words.
    ///
    /// # Errors
    /// The hub does not answer, or the rule was not asked.
    pub async fn why(&self, rule: &str, event: &str) -> anyhow::Result<String> {
        let answer: Explained = self.get(&format!("/v1/rules/{rule}/why/{event}"), &[]).await?;
        Ok(answer.explanation)
    }

    /// The sum of a counter over all its labels, since the hub started.
    ///
    /// # Errors
    /// The hub does not answer.
    pub async fn counter(&self, name: &str) -> anyhow::Result<u64> {
        let answer = self.client.get(format!("{}/metrics", self.base)).send().await.context("no metrics")?;
        Ok(sum_of(&answer.text().await.context("half the metrics")?, name))
    }

    /// Waits until every accepted delivery is processed or parked, the view holds the whole journal and no effect is
    /// open. `look` sees every state on the way.
    ///
    /// # Errors
    /// The hub does not answer, says it is not well, or nothing moves any more.
    pub async fn quiet(&self, mut look: impl FnMut(&Status)) -> anyhow::Result<Status> {
        let mut quiet_at = None;
        let mut moved = (Instant::now(), (0, 0, 0));
        loop {
            let status = self.status().await?;
            look(&status);
            if !status.problems.is_empty() {
                bail!("the hub is not well: {}", status.problems.join(", "));
            }
            // An answer is put together from several reads, so it takes two that are quiet at one place in the journal.
            match (status.is_quiet(), quiet_at) {
                (true, Some(last)) if last == status.journal.last => return Ok(status),
                (true, _) => quiet_at = Some(status.journal.last),
                (false, _) => quiet_at = None,
            }
            let now = (status.journal.last, status.view.applied, status.backlog);
            if now != moved.1 {
                moved = (Instant::now(), now);
            } else if moved.0.elapsed() > STILL_MAX {
                let Status { backlog, view, counts, .. } = status;
                bail!(
                    "nothing moves: {backlog} deliveries wait, the view is {} records behind, {} effects are open",
                    view.behind,
                    counts.effects_open
                );
            }
            if quiet_at.is_none() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

impl Status {
    fn is_quiet(&self) -> bool {
        self.backlog == 0
            && self.view.behind == 0
            && self.journal.queued == 0
            && self.counts.effects_open == 0
    }
}

/// `name{labels} 3` and `name 3`.
fn sum_of(metrics: &str, name: &str) -> u64 {
    let values = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let value = match rest.strip_prefix('{') {
            Some(labels) => labels.rsplit_once("} ")?.1,
            None => rest.strip_prefix(' ')?,
        };
        value.trim().parse::<u64>().ok()
    });
    values.sum()
}

#[cfg(test)]
mod tests {
    use super::sum_of;

    #[test]
    fn counters_are_summed_over_their_labels() {
        let metrics = "# TYPE omnihub_a counter\nomnihub_a_total{connection=\"x\"} 2\nomnihub_a_total{connection=\"y\"} 3\n\
                       omnihub_a_total_b 9\nomnihub_b_total 4\n# EOF\n";
        assert_eq!(sum_of(metrics, "omnihub_a_total"), 5);
        assert_eq!(sum_of(metrics, "omnihub_b_total"), 4);
        assert_eq!(sum_of(metrics, "omnihub_c_total"), 0);
    }
}
