//! The play in numbers: what was sent, what the hub made of it, and what really happened at the providers.

use serde::Serialize;

use super::play::Sent;
use crate::support::admin::{DeliverySummary, EffectSummary, Status};
use crate::support::stage::Stage;

/// What `--summary json` prints, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Everything sent over HTTP.
    pub deliveries: u64,
    pub duplicates: u64,
    pub refused: u64,
    pub parked: u64,
    pub events: u64,
    pub customers: u64,
    pub merges: u64,
    pub rules_fired: u64,
    pub effects_confirmed: u64,
    pub tickets_at_provider: u64,
    pub tags_at_provider: u64,
}

/// The figures, and what they were read from.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub figures: Figures,
    pub sent: Sent,
    pub status: Status,
    pub processed: u64,
    pub parked: Vec<DeliverySummary>,
    pub confirmed: Vec<EffectSummary>,
    /// Effects that wait for a person: parked ones, and those nobody knows the outcome of.
    pub stuck: Vec<EffectSummary>,
}

impl Outcome {
    /// Of a hub that has come to rest.
    ///
    /// # Errors
    /// The hub does not answer.
    pub async fn gather(stage: &Stage, sent: Sent) -> anyhow::Result<Self> {
        let admin = stage.admin()?;
        let status = admin.status().await?;
        let parked = admin.deliveries(Some("parked")).await?;
        let processed = admin.deliveries(Some("processed")).await?.len() as u64;
        let confirmed = admin.effects("confirmed").await?;
        let mut stuck = admin.effects("parked").await?;
        stuck.extend(admin.effects("unknown").await?);
        let providers = stage.providers().counts();
        let figures = Figures {
            deliveries: sent.deliveries,
            duplicates: admin.counter("omnihub_deliveries_duplicate_total").await?,
            refused: admin.counter("omnihub_deliveries_refused_total").await?,
            parked: parked.len() as u64,
            events: status.counts.events,
            customers: status.counts.customers,
            merges: status.merges,
            rules_fired: admin.counter("omnihub_rules_fired_total").await?,
            effects_confirmed: confirmed.len() as u64,
            tickets_at_provider: providers.tickets as u64,
            tags_at_provider: providers.tags as u64,
        };
        Ok(Self { figures, sent, status, processed, parked, confirmed, stuck })
    }
}
