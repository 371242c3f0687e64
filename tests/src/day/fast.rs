//! Hub and simulated providers in this process, started at one moment on one fast clock, and connected both ways: the
//! hub calls the providers, and their webhooks go through the [`Gate`] to the hub's listener.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use hub_model::Timestamp;
use hub_runtime::{Runtime, RuntimeOptions};
use jiff::SignedDuration;
use omnihub::app::{Acting, Addresses, Hub};
use omnihub::clock::Clock;
use omnihub::config::Config;
use provider_simulator::{
    Connection, Control, Disorder, Failing, Scheme, Sending, Simulator, SimulatorOptions,
};
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::gate::Gate;
use crate::support::connections::{self, Change, Listen, SHOP_DOMAIN};
use crate::support::stage::RuleFile;
use crate::support::{binaries, http_client};

/// How to start.
pub struct FastOptions {
    /// When it is by the fast clock.
    pub from: jiff::Timestamp,
    /// How many times faster than the machine's it runs.
    pub times: u32,
    pub rules: Vec<RuleFile>,
    /// Keys of hub.toml that are to be otherwise.
    pub changes: Vec<Change>,
    /// What goes wrong on the way of a connection's webhooks.
    pub disorder: fn(&str) -> Disorder,
    pub acting: Acting,
}

/// A hub and its providers.
pub struct Fast {
    hub: Arc<Hub>,
    config: Arc<Config>,
    clock: Clock,
    simulator: Simulator,
    gate: Gate,
    stop: watch::Sender<bool>,
    serving: JoinHandle<anyhow::Result<()>>,
    // Dropped last: the others write there.
    scratch: TempDir,
}

/// Every stream that matters is read within a quarter of an hour; a connector's own schedule may be a day.
const SCHEDULES: [(&str, &str, &str); 11] = [
    ("shopify", "orders", "*/5 * * * *"),
    ("shopify", "customers", "2-59/5 * * * *"),
    ("zendesk", "tickets", "*/5 * * * *"),
    ("zendesk", "comments", "1-59/5 * * * *"),
    ("zendesk", "users", "*/10 * * * *"),
    ("zendesk", "ratings", "7 * * * *"),
    ("instagram", "conversations", "*/10 * * * *"),
    ("inventory", "counts", "*/10 * * * *"),
    ("inventory", "changes", "5-59/10 * * * *"),
    ("loyalty", "events", "*/10 * * * *"),
    ("loyalty", "accounts", "3-59/15 * * * *"),
];

/// The account behind WhatsApp's phone, as the simulator has it.
const BUSINESS_ACCOUNT: &str = "300000000000001";
/// The user the simulator's API token belongs to.
const API_USER: &str = "1000";

impl Fast {
    /// Starts everything; the clock runs from the moment the hub begins to start.
    ///
    /// # Errors
    /// The components are not built, or the hub does not start.
    pub async fn start(options: FastOptions) -> anyhow::Result<Self> {
        let FastOptions { from, times, rules, changes, disorder, acting } = options;
        // Tells this process which TLS provider there is.
        http_client()?;
        let scratch = tempfile::Builder::new().prefix("omnihub-day-").tempdir()?;
        compile_into(&scratch.path().join("data/compiled")).await?;
        let gate = Gate::open().await?;
        let began = Instant::now();
        let simulator = Simulator::start(SimulatorOptions {
            clock: provider_simulator::Clock::from_fn(move || moment(from, began, times)),
            sending: Sending::ByItself,
            ..SimulatorOptions::default()
        })
        .await?;
        let config =
            Arc::new(configuration(scratch.path(), simulator.base_url(), gate.url(), &rules, &changes)?);
        let from_ns = i64::try_from(from.as_nanosecond()).context("the day lies too far away")?;
        let clock = Clock::Fast { from: Timestamp(from_ns), began, times };
        let hub = Arc::new(Hub::start(Arc::clone(&config), clock.clone(), acting).await?);
        if let Some(problem) = hub.plugin_problems.first() {
            bail!("{}: {}", problem.file.display(), problem.message);
        }
        let (stop, stopped) = watch::channel(false);
        let (ready, addresses) = oneshot::channel::<Addresses>();
        let serving = tokio::spawn({
            let hub = Arc::clone(&hub);
            let told =
                |addresses: &Addresses| ready.send(*addresses).expect("whoever starts a hub waits for it");
            async move { hub.serve(stopped, told).await }
        });
        let addresses = addresses.await.context("the hub does not listen")?;
        gate.lead_to(addresses.ingress);
        for connection in connections::all() {
            let name = connection.name;
            let target = format!("{}/hooks/{name}", gate.url());
            let sent = Connection {
                topics: topics(name),
                disorder: disorder(name),
                failing: Failing::AsProvider,
                ..Connection::new(target, connection.webhook_secret(), scheme(connection.scheme))
            };
            simulator.control().connect(name, sent)?;
        }
        Ok(Self { hub, config, clock, simulator, gate, stop, serving, scratch })
    }

    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    #[must_use]
    pub fn control(&self) -> Control {
        self.simulator.control()
    }

    #[must_use]
    pub fn simulator_url(&self) -> &str {
        self.simulator.base_url()
    }

    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Waits until it is this time by the fast clock; at once when it is later already.
    pub async fn until(&self, at: jiff::Timestamp) {
        let left = at.duration_since(self.control().now());
        self.clock.sleep(Duration::try_from(left).unwrap_or_default()).await;
    }

    /// Ends the hub in order; its data stays as long as what is given back.
    ///
    /// # Errors
    /// A stage did not end as it should.
    pub async fn stop(self) -> anyhow::Result<Stopped> {
        let Self { hub, config, simulator, gate, stop, serving, scratch, .. } = self;
        gate.set(false);
        stop.send_replace(true);
        serving.await??;
        let hub = Arc::into_inner(hub).context("somebody still holds the hub")?;
        hub.stop().await?;
        Ok(Stopped { config, simulator, _scratch: scratch })
    }
}

/// A day that is over.
pub struct Stopped {
    pub config: Arc<Config>,
    pub simulator: Simulator,
    _scratch: TempDir,
}

fn moment(from: jiff::Timestamp, began: Instant, times: u32) -> jiff::Timestamp {
    let elapsed = SignedDuration::try_from(began.elapsed().saturating_mul(times));
    from.checked_add(elapsed.unwrap_or(SignedDuration::MAX)).unwrap_or(jiff::Timestamp::MAX)
}

/// Where compiled components are kept for all tests and all runs: beside what cargo built.
///
/// # Errors
/// The folder cannot be made.
pub fn compiled() -> anyhow::Result<PathBuf> {
    let kept = binaries::components()?.with_file_name("tmp").join("compiled");
    std::fs::create_dir_all(&kept).context("no folder for compiled components")?;
    Ok(kept.canonicalize()?)
}

/// Compiling takes longer than an hour of the fast clock: it is done before that runs.
///
/// # Errors
/// The components are not built, or one of them is none.
pub async fn compile_into(cache: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(cache.parent().context("a cache lies somewhere")?)?;
    std::os::unix::fs::symlink(compiled()?, cache)?;
    let cache_dir = Some(cache.to_owned());
    let components = binaries::components()?;
    let compiled = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
        let runtime = Runtime::new(RuntimeOptions { cache_dir, ..RuntimeOptions::default() })?;
        for entry in std::fs::read_dir(components)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "wasm") {
                runtime.install(&std::fs::read(path)?)?;
            }
        }
        Ok(())
    });
    compiled.await?
}

/// hub.toml and rules for a hub whose providers are simulated there and deliver to this address.
///
/// # Errors
/// As [`load_written`].
pub fn configuration(
    dir: &Path,
    simulator_url: &str,
    gate_url: &str,
    rules: &[RuleFile],
    changes: &[Change],
) -> anyhow::Result<Config> {
    let text = connections::configuration(simulator_url, &binaries::components()?, Listen::default());
    let mut all: Vec<Change> = vec![
        ("polling.on".to_owned(), true.into()),
        ("ingress.public_url".to_owned(), gate_url.into()),
        ("connections.whatsapp.settings.business_account_id".to_owned(), BUSINESS_ACCOUNT.into()),
        ("connections.zendesk.settings.api_user_id".to_owned(), API_USER.into()),
        // Links who orders with who writes on WhatsApp.
        ("connections.shopify.settings.phones_verified".to_owned(), "true".into()),
    ];
    let schedule = |(connection, stream, cron): (&str, &str, &str)| {
        (format!("connections.{connection}.schedules.{stream}"), cron.into())
    };
    all.extend(SCHEDULES.map(schedule));
    all.extend_from_slice(changes);
    load_written(dir, &connections::changed(&text, &all)?, rules)
}

/// Writes a configuration and its rules into a folder, and loads it. In a process of many tests the environment is
/// everybody's: secrets lie in files.
///
/// # Errors
/// A file cannot be written, or the configuration has problems.
pub fn load_written(dir: &Path, configuration: &str, rules: &[(&str, &str)]) -> anyhow::Result<Config> {
    let text = configuration.replace("env:", "file:");
    for (name, secret) in connections::environment() {
        std::fs::write(dir.join(name), secret)?;
    }
    std::fs::create_dir(dir.join("rules"))?;
    for (name, rule) in rules {
        std::fs::write(dir.join("rules").join(name), rule)?;
    }
    std::fs::write(dir.join("hub.toml"), text)?;
    Config::load(&dir.join("hub.toml")).map_err(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!(told.join("\n"))
    })
}

/// Two connections of Meta's and two of Square's share a provider: each gets its own.
#[must_use]
pub fn topics(name: &str) -> Option<Vec<String>> {
    let topics: &[&str] = match name {
        connections::INSTAGRAM => &["instagram"],
        connections::WHATSAPP => &["whatsapp"],
        connections::INVENTORY => &["inventory.count.updated"],
        connections::LOYALTY => &[
            "loyalty.account.created",
            "loyalty.account.updated",
            "loyalty.account.deleted",
            "loyalty.event.created",
        ],
        _ => return None,
    };
    Some(topics.iter().map(|topic| (*topic).to_owned()).collect())
}

/// How a connection's webhooks are signed.
#[must_use]
pub fn scheme(scheme: connections::Scheme) -> Scheme {
    match scheme {
        connections::Scheme::Shopify => Scheme::Shopify {
            shop_domain: SHOP_DOMAIN.to_owned(),
            api_version: "2026-04".to_owned(),
            spelling: provider_simulator::Spelling::Webhooks,
        },
        connections::Scheme::Zendesk => Scheme::Zendesk {
            account_id: "100001".to_owned(),
            webhook_id: "01SIMULATED000000000000001".to_owned(),
            retry_timestamp: provider_simulator::RetryTimestamp::Fresh,
        },
        connections::Scheme::Meta => Scheme::Meta,
        connections::Scheme::Square => Scheme::Square { notification_url: None },
    }
}
