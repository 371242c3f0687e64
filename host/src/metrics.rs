//! What the hub counts, in Prometheus' text format. Labels are names from the configuration, never personal data.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByConnection {
    pub connection: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByReason {
    pub reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByOutcome {
    pub connection: String,
    pub outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByRule {
    pub rule: String,
}

pub struct Metrics {
    registry: Mutex<Registry>,
    pub accepted: Family<ByConnection, Counter>,
    pub duplicates: Family<ByConnection, Counter>,
    pub refused: Family<ByReason, Counter>,
    pub admin_refused: Family<ByReason, Counter>,
    pub processed: Counter,
    pub parked: Counter,
    pub setbacks: Counter,
    pub events: Counter,
    pub rules_fired: Counter,
    pub rule_out_of_band: Family<ByRule, Gauge>,
    pub effects: Family<ByOutcome, Counter>,
    pub plugin_calls: Family<ByOutcome, Counter>,
    pub backlog: Gauge,
    pub applied: Gauge<i64>,
    pub durable: Gauge<i64>,
    pub acknowledge_seconds: Histogram,
    pub plugin_log_lines: Counter<u64, AtomicU64>,
    pub poll_runs: Family<ByOutcome, Counter>,
    pub poll_events: Family<ByConnection, Counter>,
    pub silent: Family<ByConnection, Gauge>,
    pub unauthorised: Family<ByConnection, Gauge>,
    pub subscriptions_broken: Family<ByConnection, Gauge>,
    pub subscriptions_repaired: Family<ByConnection, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("omnihub");
        let metrics = Self {
            registry: Mutex::new(Registry::default()),
            accepted: Family::default(),
            duplicates: Family::default(),
            refused: Family::default(),
            admin_refused: Family::default(),
            processed: Counter::default(),
            parked: Counter::default(),
            setbacks: Counter::default(),
            events: Counter::default(),
            rules_fired: Counter::default(),
            rule_out_of_band: Family::default(),
            effects: Family::default(),
            plugin_calls: Family::default(),
            backlog: Gauge::default(),
            applied: Gauge::default(),
            durable: Gauge::default(),
            // From a tenth of a millisecond to half a minute.
            acknowledge_seconds: Histogram::new(exponential_buckets(0.0001, 2.0, 18)),
            plugin_log_lines: Counter::default(),
            poll_runs: Family::default(),
            poll_events: Family::default(),
            silent: Family::default(),
            unauthorised: Family::default(),
            subscriptions_broken: Family::default(),
            subscriptions_repaired: Family::default(),
        };
        registry.register(
            "deliveries_accepted",
            "Deliveries journalled and acknowledged",
            metrics.accepted.clone(),
        );
        registry.register(
            "deliveries_duplicate",
            "Deliveries that had been accepted before",
            metrics.duplicates.clone(),
        );
        registry.register("deliveries_refused", "Requests not accepted, by reason", metrics.refused.clone());
        registry.register(
            "admin_refused",
            "Requests to the admin interface that were not let in, by reason",
            metrics.admin_refused.clone(),
        );
        registry.register("deliveries_processed", "Deliveries turned into events", metrics.processed.clone());
        registry.register(
            "deliveries_parked",
            "Deliveries kept for a person to look at",
            metrics.parked.clone(),
        );
        registry.register(
            "deliveries_setbacks",
            "Tries to process a delivery that failed",
            metrics.setbacks.clone(),
        );
        registry.register("events", "Events applied to the model", metrics.events.clone());
        registry.register("rules_fired", "Times a rule acted", metrics.rules_fired.clone());
        registry.register(
            "rule_out_of_band",
            "1 while a rule acts too often, -1 while it acts too rarely, 0 while it acts as expected",
            metrics.rule_out_of_band.clone(),
        );
        registry.register("effects", "Attempts at effects, by outcome", metrics.effects.clone());
        registry.register("plugin_calls", "Calls of plugins, by outcome", metrics.plugin_calls.clone());
        registry.register("backlog", "Deliveries accepted and not yet processed", metrics.backlog.clone());
        registry.register(
            "view_applied",
            "Journal sequence number the view is complete to",
            metrics.applied.clone(),
        );
        registry.register(
            "journal_durable",
            "Newest durable journal sequence number",
            metrics.durable.clone(),
        );
        registry.register_with_unit(
            "acknowledge",
            "Time from a request's headers to its acknowledgement",
            Unit::Seconds,
            metrics.acknowledge_seconds.clone(),
        );
        registry.register("plugin_log_lines", "Lines written by plugins", metrics.plugin_log_lines.clone());
        registry.register("poll_runs", "Runs of streams that ended, by outcome", metrics.poll_runs.clone());
        registry.register("poll_events", "Events read by polling", metrics.poll_events.clone());
        registry.register(
            "connection_silent",
            "1 when no delivery has come for longer than usual",
            metrics.silent.clone(),
        );
        registry.register(
            "connection_unauthorised",
            "1 while the provider does not accept our credentials",
            metrics.unauthorised.clone(),
        );
        registry.register(
            "subscriptions_broken",
            "Topics the provider does not deliver and that a person has to mend",
            metrics.subscriptions_broken.clone(),
        );
        registry.register(
            "subscriptions_repaired",
            "Topics subscribed again because the provider had dropped them",
            metrics.subscriptions_repaired.clone(),
        );
        Self { registry: Mutex::new(registry), ..metrics }
    }
}

impl Metrics {
    /// The text Prometheus scrapes.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match encode(&mut text, &registry) {
            Ok(()) => text,
            Err(_) => "# the metrics could not be written\n".to_owned(),
        }
    }
}
