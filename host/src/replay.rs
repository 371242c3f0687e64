//! Feeds recorded deliveries through a whole hub in a scratch data directory and says what became of each. Nothing is
//! sent: effects stay planned. Signatures are not checked, because a recording rarely keeps what was signed.

mod recording;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Context as _, bail};
use futures_util::future::join_all;
use hub_model::Timestamp;
use hub_store::Table;
use serde::Serialize;

use crate::app::{Acting, Hub};
use crate::clock::Clock;
use crate::config::Config;
use crate::inbox::Accepted;
use crate::pipeline::Verified;
use crate::record::{About, AboutConnection};
pub use recording::Recording;

/// What to replay and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// A folder of recordings, one folder a connection.
    pub deliveries: PathBuf,
    /// Connections, rules and plugins as configured; without it each folder is a connection of the connector of its name.
    pub config: Option<PathBuf>,
    pub plugins: Option<PathBuf>,
    pub rules: Option<PathBuf>,
    /// Deliver in an order drawn from this seed.
    pub shuffle: Option<u64>,
    /// Deliver so many of a hundred twice.
    pub duplicate_percent: u8,
    /// End with the model's digest.
    pub digest: bool,
    pub json: bool,
}

/// What became of one recording.
#[derive(Debug, Serialize)]
struct Fate {
    file: String,
    connection: String,
    topic: Option<String>,
    outcome: &'static str,
    events: u32,
    ignored: u32,
    unknown: u32,
    malformed: u32,
    reason: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct Totals {
    delivered: usize,
    duplicates: usize,
    processed: usize,
    parked: usize,
    refused: usize,
    skipped: usize,
    events: u64,
    customers: u64,
    merges: u64,
    rules_fired: u64,
    effects_planned: u64,
}

#[derive(Debug, Serialize)]
struct Outcome {
    deliveries: Vec<Fate>,
    totals: Totals,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

/// All deliveries arrive at this moment, so that a body without any time gives the same facts in every replay.
const MOMENT: Timestamp = Timestamp(1_767_225_600_000_000_000);

/// Deliveries offered together: they share the journal's syncs.
const TOGETHER: usize = 128;

/// Runs the replay and prints its outcome; `print` takes whole lines of standard output.
///
/// # Errors
/// The folder, the configuration or the plugins cannot be used.
pub async fn run(options: Options, print: &mut dyn FnMut(&str)) -> anyhow::Result<ExitCode> {
    let recordings = recording::read_all(&options.deliveries)?;
    if recordings.is_empty() {
        bail!(
            "{} holds no recordings: files in a folder named by connection are expected",
            options.deliveries.display()
        );
    }
    let scratch = tempfile::tempdir().context("no scratch directory could be made")?;
    let config = Arc::new(configuration(&options, &recordings, scratch.path())?);
    let moment = Arc::new(AtomicI64::new(MOMENT.0));
    let hub = Hub::start(config, Clock::Manual(Arc::clone(&moment)), Acting::No).await?;
    let outcome = play(&hub, &options, recordings, &moment).await;
    hub.stop().await?;
    let outcome = outcome?;
    show(&outcome, &options, print)?;
    let lost = outcome.deliveries.iter().any(|fate| fate.outcome == "pending");
    Ok(if lost { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn configuration(options: &Options, recordings: &[Recording], scratch: &Path) -> anyhow::Result<Config> {
    let problems = |problems: Vec<crate::config::Problem>| {
        anyhow::anyhow!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    };
    let mut config = match &options.config {
        Some(path) => Config::load(path).map_err(problems)?,
        None => {
            let mut names: Vec<&str> =
                recordings.iter().map(|recording| recording.connection.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            let about = About::of(&options.deliveries)?.unwrap_or_default();
            let text = connections(&names, &about);
            let mut config = Config::parse("replay", &text, scratch).map_err(problems)?;
            config.plugins_dir = default_plugins()?;
            config
        }
    };
    config.data_dir = scratch.join("data");
    if let Some(plugins) = &options.plugins {
        config.plugins_dir.clone_from(plugins);
    }
    if let Some(rules) = &options.rules {
        config.rules_dir.clone_from(rules);
    }
    // The clock stands still: what fails is parked at once instead of being tried again later.
    config.processing.retry_delays = Vec::new();
    config.ingress.backlog_max = recordings.len().saturating_mul(2).max(config.ingress.backlog_max);
    Ok(config)
}

/// Each folder a connection: as it was when it was recorded, else of the connector of its name.
fn connections(names: &[&str], about: &About) -> String {
    let connection = |name: &&str| {
        let recorded = about.connections.get(*name).cloned();
        let AboutConnection { connector, default_country, settings } = recorded.unwrap_or_else(|| {
            AboutConnection { connector: (*name).to_owned(), ..AboutConnection::default() }
        });
        let settings = settings.into_iter().map(|(key, value)| (key, toml::Value::String(value)));
        let mut table = toml::Table::new();
        table.insert("connector".into(), connector.into());
        table.extend(default_country.map(|country| ("default_country".to_owned(), country.into())));
        table.insert("settings".into(), toml::Value::Table(settings.collect()));
        ((*name).to_owned(), toml::Value::Table(table))
    };
    let connections: toml::Table = names.iter().map(connection).collect();
    toml::Table::from_iter([("connections".to_owned(), toml::Value::Table(connections))]).to_string()
}

/// Where components lie in a checkout and beside an installed binary.
fn default_plugins() -> anyhow::Result<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.to_path_buf()));
    let mut places = vec![PathBuf::from("target/components"), PathBuf::from("plugins")];
    for dir in beside.iter() {
        places.push(dir.join("plugins"));
        places.push(dir.join("../components"));
    }
    let has_components = |dir: &PathBuf| crate::plugins::components(dir).is_ok_and(|found| !found.is_empty());
    places.into_iter().find(has_components).context(
        "no plugins found in ./target/components or ./plugins; name their folder with --plugins, \
         or build them with `cargo xtask build`",
    )
}

async fn play(
    hub: &Hub,
    options: &Options,
    recordings: Vec<Recording>,
    moment: &AtomicI64,
) -> anyhow::Result<Outcome> {
    let (wanted, skipped): (Vec<_>, Vec<_>) =
        recordings.into_iter().partition(|recording| recording.is_delivery);
    let order = order(wanted.len(), options);
    let mut accepted: BTreeMap<usize, Result<u64, String>> = BTreeMap::new();
    let mut totals = Totals { delivered: order.len(), skipped: skipped.len(), ..Totals::default() };
    for together in order.chunks(TOGETHER) {
        let offers =
            together.iter().filter_map(|index| wanted.get(*index).map(|recording| (*index, recording)));
        let answers =
            join_all(offers.map(|(index, recording)| async move { (index, accept(hub, recording).await) }));
        for (index, answer) in answers.await {
            match answer {
                Ok(Accepted::New(seq)) => {
                    accepted.insert(index, Ok(seq.get()));
                }
                Ok(Accepted::Duplicate) => totals.duplicates += 1,
                Err(reason) => {
                    accepted.insert(index, Err(reason));
                }
            }
        }
    }
    settle(hub, moment).await?;
    let store = &*hub.data.store;
    let mut deliveries = Vec::new();
    for (index, recording) in wanted.iter().enumerate() {
        let fate = match accepted.get(&index) {
            Some(Ok(seq)) => {
                let summary = hub_fold::read::delivery(store, *seq)?;
                fate_of(recording, summary)
            }
            Some(Err(reason)) => Fate { reason: Some(reason.clone()), ..fate(recording, "refused") },
            None => {
                Fate { reason: Some("same delivery as another file".into()), ..fate(recording, "duplicate") }
            }
        };
        match fate.outcome {
            "processed" => totals.processed += 1,
            "parked" => totals.parked += 1,
            "refused" => totals.refused += 1,
            _ => {}
        }
        totals.events += u64::from(fate.events);
        deliveries.push(fate);
    }
    deliveries.extend(skipped.iter().map(|recording| {
        let kind = recording.kind.as_deref().unwrap_or("not a delivery");
        Fate { reason: Some(format!("recorded as {kind}")), ..fate(recording, "skipped") }
    }));
    totals.customers = store.count(Table::Customer)?;
    totals.merges = hub_fold::read::merges(store)?;
    totals.rules_fired = hub.metrics.rules_fired.get();
    totals.effects_planned = store.count(Table::Effect)?;
    let digest = options.digest.then(|| hub_fold::model_digest(store)).transpose()?;
    Ok(Outcome { deliveries, totals, digest })
}

async fn accept(hub: &Hub, recording: &Recording) -> Result<Accepted, String> {
    let connection = hub
        .plugins
        .connection(&recording.connection)
        .ok_or_else(|| format!("no connection {} with an installed connector", recording.connection))?;
    let body = recording.body.clone();
    let verified = Verified::trusted(&connection, &recording.headers, recording.topic.clone(), body)
        .ok_or_else(|| format!("{} receives no deliveries", connection.connector.plugin.id()))?;
    hub.inbox.accept(verified, hub.clock.now()).await.map_err(|error| error.to_string())
}

/// Waits until all is processed. When only deliveries are left that wait for a later time, that time comes.
async fn settle(hub: &Hub, moment: &AtomicI64) -> anyhow::Result<()> {
    /// How long nothing may move before the clock is turned.
    const STILL: std::time::Duration = std::time::Duration::from_secs(3);
    /// A plugin that stays suspended is given up after this many turns; its deliveries are shown as pending.
    const TURNS_MAX: u32 = 20;
    for _ in 0..TURNS_MAX {
        let mut last = hub.inbox.backlog();
        loop {
            match tokio::time::timeout(STILL, hub.settle()).await {
                Ok(()) => return Ok(()),
                Err(_) if hub.inbox.backlog() < last => last = hub.inbox.backlog(),
                Err(_) => break,
            }
        }
        let next = hub_fold::deliveries_pending(&*hub.data.store, usize::MAX)?
            .into_iter()
            .map(|(due, _)| due.0)
            .max();
        moment.fetch_max(next.unwrap_or(MOMENT.0), Ordering::SeqCst);
    }
    Ok(())
}

/// Indexes in the order of delivery: as recorded, or drawn from the seed; some of them twice.
fn order(count: usize, options: &Options) -> Vec<usize> {
    let seed = options.shuffle.unwrap_or(0);
    let draw = |index: usize, copy: u8| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes()).update(&(index as u64).to_le_bytes()).update(&[copy]);
        hasher.finalize().as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    };
    let twice = (0..count).filter(|index| draw(*index, 2) % 100 < u64::from(options.duplicate_percent));
    let mut order: Vec<(usize, u8)> =
        (0..count).map(|index| (index, 0)).chain(twice.map(|index| (index, 1))).collect();
    if options.shuffle.is_some() {
        order.sort_by_key(|(index, copy)| draw(*index, *copy));
    }
    order.into_iter().map(|(index, _)| index).collect()
}

fn fate(recording: &Recording, outcome: &'static str) -> Fate {
    Fate {
        file: recording.file.clone(),
        connection: recording.connection.clone(),
        topic: recording.topic.clone(),
        outcome,
        events: 0,
        ignored: 0,
        unknown: 0,
        malformed: 0,
        reason: None,
    }
}

fn fate_of(recording: &Recording, summary: Option<hub_fold::read::DeliverySummary>) -> Fate {
    let Some(summary) = summary else { return fate(recording, "pending") };
    Fate {
        topic: summary.topic.or_else(|| recording.topic.clone()),
        events: summary.events,
        ignored: summary.ignored,
        unknown: summary.unknown,
        malformed: summary.malformed,
        reason: summary.reason,
        ..fate(recording, summary.state)
    }
}

fn show(outcome: &Outcome, options: &Options, print: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    if options.json {
        print(&serde_json::to_string(outcome)?);
        return Ok(());
    }
    let width = outcome.deliveries.iter().map(|fate| fate.file.len()).max().unwrap_or(0);
    for fate in &outcome.deliveries {
        let notes = [("ignored", fate.ignored), ("unknown", fate.unknown), ("malformed", fate.malformed)];
        let notes =
            notes.iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!(", {count} {word}"));
        let detail = match fate.outcome {
            "processed" => format!("{} events{}", fate.events, notes.collect::<String>()),
            _ => fate.reason.clone().unwrap_or_default(),
        };
        print(&format!("{:width$}  {:9}  {detail}", fate.file, fate.outcome));
    }
    let Totals {
        delivered,
        duplicates,
        processed,
        parked,
        refused,
        skipped,
        events,
        customers,
        merges,
        rules_fired,
        effects_planned,
    } = &outcome.totals;
    print(&format!(
        "{delivered} delivered, {duplicates} duplicates, {processed} processed, {parked} parked, {refused} refused, {skipped} skipped"
    ));
    print(&format!(
        "{events} events, {customers} customers, {merges} merges, {rules_fired} rules fired, {effects_planned} effects planned (none sent)"
    ));
    if let Some(digest) = &outcome.digest {
        print(digest);
    }
    Ok(())
}
