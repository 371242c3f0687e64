//! Starts and stops a hub: opens journal and view, loads plugins and rules, sets the stages to work in the order a
//! delivery passes them, and ends them in the same order so that nothing in hand is lost.

pub mod lone;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use anyhow::Context as _;
use hub_fold::record::{Record, Settings};
use hub_journal::{Entry, Journal};
use hub_model::Salt;
use hub_runtime::{LogLevel, LogSink, PluginName, Runtime, RuntimeOptions};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};

use crate::acting::Outside;
use crate::admin::{self, Admin, Keyring};
use crate::clock::Clock;
use crate::config::Config;
use crate::data::Data;
use crate::dispatcher::Dispatcher;
use crate::egress::{Egress, EgressOptions};
use crate::erase::Eraser;
use crate::folder::{Due, Folder};
use crate::health::Health;
use crate::inbox::Inbox;
use crate::ingress::{self, Ingress, ServeLimits};
use crate::lanes::Lanes;
use crate::metrics::Metrics;
use crate::normaliser::Normaliser;
use crate::pipeline::Work;
use crate::plugins::{PluginProblem, Plugins, components, watch};
use crate::poller::Poller;
use crate::record::{Folder as RecordFolder, Recorder};
use crate::retries::Retries;
use crate::scheduler::Scheduler;
use crate::timekeeper::Timekeeper;
use crate::watchdog::Watchdog;

/// Consequences told and not yet taken: the listener only sorts them into its own list.
const DUE_MAX: usize = 4_096;

/// A hub at work.
pub struct Hub {
    pub data: Data,
    pub plugins: Arc<Plugins>,
    pub inbox: Arc<Inbox>,
    pub metrics: Arc<Metrics>,
    pub health: Arc<Health>,
    pub clock: Clock,
    pub applied: watch::Receiver<u64>,
    pub(crate) poller: Arc<Poller>,
    watchdog: Arc<Watchdog>,
    recorder: Option<Arc<Recorder>>,
    keyring: Arc<Keyring>,
    pub plugin_problems: Vec<PluginProblem>,
    config: Arc<Config>,
    stages: Stages,
}

/// What has to be ended, in this order.
struct Stages {
    stop: watch::Sender<bool>,
    /// Those that call providers: none when the hub acts on nothing.
    acting: Vec<tokio::task::JoinHandle<()>>,
    scheduler: tokio::task::JoinHandle<()>,
    watcher: tokio::task::JoinHandle<()>,
    normalisers: Vec<JoinHandle<()>>,
    /// For waking the normalisers when they are to stop.
    work: mpsc::Sender<Work>,
    normalisers_stop: Arc<AtomicBool>,
    folder: JoinHandle<()>,
    folder_stop: Arc<AtomicBool>,
}

/// Whether effects are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acting {
    Yes,
    /// Streams are read and effects stay planned.
    Reading,
    /// No provider is called: a replay acts on nothing.
    No,
}

impl Hub {
    /// Starts everything but the listeners.
    ///
    /// # Errors
    /// Whatever keeps it from starting, with what to do.
    pub async fn start(config: Arc<Config>, clock: Clock, acting: Acting) -> anyhow::Result<Self> {
        Self::start_recorded(config, clock, acting, None).await
    }

    /// Starts everything but the listeners, and records what the hub hears into a folder.
    ///
    /// # Errors
    /// Whatever keeps it from starting, with what to do.
    pub(crate) async fn start_recorded(
        config: Arc<Config>,
        clock: Clock,
        acting: Acting,
        record: Option<RecordFolder>,
    ) -> anyhow::Result<Self> {
        let metrics = Arc::new(Metrics::default());
        let (plugins, plugin_problems) = load_plugins(&config, &metrics).await?;
        let (data, fold) = {
            let config = Arc::clone(&config);
            tokio::task::spawn_blocking(move || Data::open(&config)).await??
        };
        bring_settings_up_to_date(&config, &plugins, &data, &clock).await?;
        let recorder = record
            .map(|folder| Recorder::start(folder, &config, Arc::clone(&plugins), clock.now()))
            .transpose()?;
        let keyring = Arc::new(Keyring::open(&config, &*data.store)?);
        let health = Arc::new(Health::default());
        let (work, work_taken) = mpsc::channel(config.ingress.backlog_max);
        let inbox = Arc::new(Inbox::new(
            data.journal.clone(),
            Arc::clone(&data.store),
            config.ingress.backlog_max,
            work.clone(),
        ));
        inbox.waiting_again(
            usize::try_from(data.store.count(hub_store::Table::Pending)?).unwrap_or(usize::MAX),
        );
        let reading = Arc::clone(&inbox);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = reading.load_known() {
                tracing::error!(%error, "known deliveries cannot be listed; the view is asked about each");
            }
        });
        let (applied_now, applied) = watch::channel(data.store.applied()?);
        let (due, due_taken) = mpsc::channel(DUE_MAX);
        let due_again = due.clone();
        let (swaps, swaps_taken) = mpsc::channel(1);
        let effects = Arc::new(Notify::new());
        let (stop, stopped) = watch::channel(false);
        let folder_stop = Arc::new(AtomicBool::new(false));

        let folder = Folder {
            journal: data.journal.clone(),
            store: Arc::clone(&data.store),
            inbox: Arc::clone(&inbox),
            metrics: Arc::clone(&metrics),
            health: Arc::clone(&health),
            due,
            applied: applied_now,
            stop: Arc::clone(&folder_stop),
            stopping: stopped.clone(),
            view: Arc::clone(&data.view),
            swaps: swaps_taken,
        };
        let folder = std::thread::Builder::new().name("fold".into()).spawn(move || folder.run(fold))?;
        let scheduler = Scheduler {
            store: Arc::clone(&data.store),
            clock: clock.clone(),
            work: work.clone(),
            due: due_taken,
            effects: Arc::clone(&effects),
        };
        let scheduler = tokio::spawn(scheduler.run(stopped.clone()));
        let normalisers_stop = Arc::new(AtomicBool::new(false));
        let normalisers = start_normalisers(
            &config,
            &data,
            &plugins,
            &metrics,
            &clock,
            Queues { work: work_taken, due: due_again },
            Arc::clone(&normalisers_stop),
        )?;
        let outside = Outside {
            egress: Egress::new(EgressOptions::default())?,
            throttles: Arc::default(),
            store: Arc::clone(&data.store),
            clock: clock.clone(),
            standings: Arc::default(),
            metrics: Arc::clone(&metrics),
            recorder: recorder.clone(),
        };
        let dispatcher =
            dispatcher(&config, &data, Arc::clone(&plugins), outside.clone(), effects, applied.clone());
        let poller = Arc::new(Poller {
            journal: data.journal.clone(),
            plugins: Arc::clone(&plugins),
            outside: outside.clone(),
            metrics: Arc::clone(&metrics),
            config: config.polling.clone(),
            applied: applied.clone(),
            wake: Notify::new(),
            runs: Mutex::default(),
        });
        let watchdog = Arc::new(Watchdog {
            plugins: Arc::clone(&plugins),
            outside,
            metrics: Arc::clone(&metrics),
            poller: Arc::clone(&poller),
            watched: Mutex::default(),
        });
        let eraser = Eraser {
            journal: data.journal.clone(),
            store: Arc::clone(&data.store),
            config: Arc::clone(&config),
            clock: clock.clone(),
            applied: applied.clone(),
            swaps,
        };
        let timekeeper = Timekeeper {
            journal: data.journal.clone(),
            store: Arc::clone(&data.store),
            clock: clock.clone(),
            applied: applied.clone(),
        };
        let acting = match acting {
            Acting::No => Vec::new(),
            Acting::Reading => vec![tokio::spawn(Arc::clone(&poller).run(stopped))],
            Acting::Yes => vec![
                tokio::spawn(dispatcher.run(stopped.clone())),
                tokio::spawn(eraser.run(stopped.clone())),
                tokio::spawn(timekeeper.run(stopped.clone())),
                tokio::spawn(Arc::clone(&poller).run(stopped.clone())),
                tokio::spawn(Arc::clone(&watchdog).run(stopped)),
            ],
        };
        let watcher = tokio::spawn(watch(Arc::clone(&plugins), config.plugins_dir.clone()));
        let stages = Stages {
            stop,
            acting,
            scheduler,
            watcher,
            normalisers,
            work,
            normalisers_stop,
            folder,
            folder_stop,
        };
        Ok(Self {
            data,
            plugins,
            inbox,
            metrics,
            health,
            clock,
            applied,
            poller,
            watchdog,
            recorder,
            keyring,
            plugin_problems,
            config,
            stages,
        })
    }

    /// The router providers deliver to.
    pub fn ingress(&self) -> axum::Router {
        ingress::router(Arc::new(Ingress {
            plugins: Arc::clone(&self.plugins),
            inbox: Arc::clone(&self.inbox),
            metrics: Arc::clone(&self.metrics),
            recorder: self.recorder.clone(),
            clock: self.clock.clone(),
            body_bytes_max: self.config.ingress.body_bytes_max,
            body_timeout: self.config.ingress.body_timeout,
        }))
    }

    /// The router for people and tools.
    pub fn admin(&self) -> axum::Router {
        admin::router(self.asked())
    }

    /// The same for this process, which is asked for no token.
    pub(crate) fn admin_here(&self) -> axum::Router {
        admin::router_here(self.asked())
    }

    fn asked(&self) -> Arc<Admin> {
        Arc::new(Admin {
            config: Arc::clone(&self.config),
            journal: self.data.journal.clone(),
            store: Arc::clone(&self.data.store),
            plugins: Some(Arc::clone(&self.plugins)),
            metrics: Arc::clone(&self.metrics),
            health: Arc::clone(&self.health),
            inbox: Some(Arc::clone(&self.inbox)),
            poller: Some(Arc::clone(&self.poller)),
            watchdog: Some(Arc::clone(&self.watchdog)),
            clock: self.clock.clone(),
            keyring: Arc::clone(&self.keyring),
            as_of: None,
        })
    }

    /// Serves both listeners until `stop`; returns when requests under way are answered.
    ///
    /// # Errors
    /// An address is in use.
    pub async fn serve(
        &self,
        stop: watch::Receiver<bool>,
        ready: impl FnOnce(&Addresses),
    ) -> anyhow::Result<()> {
        let bind = async |name: &str, address: std::net::SocketAddr| {
            TcpListener::bind(address).await.with_context(|| {
                format!("{name}.listen = \"{address}\" cannot be used; is another hub running, or choose another port")
            })
        };
        let ingress = bind("ingress", self.config.ingress.listen).await?;
        let admin = bind("admin", self.config.admin.listen).await?;
        ready(&Addresses { ingress: ingress.local_addr()?, admin: admin.local_addr()? });
        let limits = ServeLimits {
            connections_max: self.config.ingress.connections_max,
            header_timeout: self.config.ingress.header_timeout,
        };
        tokio::join!(
            ingress::serve(ingress, self.ingress(), limits, stop.clone()),
            ingress::serve(
                admin,
                self.admin(),
                ServeLimits { connections_max: ADMIN_CONNECTIONS_MAX, ..limits },
                stop
            ),
        );
        Ok(())
    }

    /// Waits until everything accepted so far is processed and folded. For replays and tests.
    pub async fn settle(&self) {
        loop {
            if self.inbox.backlog() == 0 && *self.applied.borrow() >= self.data.journal.durable().get() {
                return;
            }
            tokio::time::sleep(SETTLE_LOOK).await;
        }
    }

    /// Ends the stages in the order deliveries pass them, then closes the journal.
    ///
    /// # Errors
    /// A stage panicked, or the journal could not be closed.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.health.drain();
        let Stages {
            stop,
            acting,
            scheduler,
            watcher,
            normalisers,
            work,
            normalisers_stop,
            folder,
            folder_stop,
        } = self.stages;
        watcher.abort();
        stop.send_replace(true);
        for task in acting {
            task.await?;
        }
        scheduler.await?;
        if let Some(recorder) = &self.recorder {
            recorder.finish().await;
        }
        normalisers_stop.store(true, Ordering::SeqCst);
        for _ in &normalisers {
            // A full queue wakes them as well.
            drop(work.try_send(Work::default()));
        }
        let ended = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
            for thread in normalisers {
                thread.join().map_err(|_| anyhow::anyhow!("a normaliser thread panicked"))?;
            }
            folder_stop.store(true, Ordering::SeqCst);
            folder.join().map_err(|_| anyhow::anyhow!("the fold thread panicked"))
        });
        ended.await??;
        // Where the disk is full, say. Nothing is lost: what the view lacks is in the journal.
        if let Err(error) = self.data.store.flush() {
            tracing::warn!(%error, "the view could not be written to its file; the next start folds again what it lacks");
        }
        self.data.journal.close();
        Ok(())
    }
}

fn dispatcher(
    config: &Config,
    data: &Data,
    plugins: Arc<Plugins>,
    outside: Outside,
    wake: Arc<Notify>,
    applied: watch::Receiver<u64>,
) -> Arc<Dispatcher> {
    Arc::new(Dispatcher {
        journal: data.journal.clone(),
        store: Arc::clone(&data.store),
        plugins,
        metrics: Arc::clone(&outside.metrics),
        clock: outside.clock.clone(),
        outside,
        limits: config.effects.clone(),
        wake,
        applied,
        in_hand: Mutex::default(),
        connections: Lanes::new(config.effects.per_connection_max),
        targets: Lanes::new(1),
    })
}

/// Where the listeners are: ports may have been chosen by the system.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    pub ingress: std::net::SocketAddr,
    pub admin: std::net::SocketAddr,
}

/// People and scrapers, not providers.
const ADMIN_CONNECTIONS_MAX: usize = 64;
const SETTLE_LOOK: std::time::Duration = std::time::Duration::from_millis(5);

async fn load_plugins(
    config: &Arc<Config>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<(Arc<Plugins>, Vec<PluginProblem>)> {
    let log: Arc<dyn LogSink> = Arc::new(PluginLog(Arc::clone(metrics)));
    let config = Arc::clone(config);
    let loaded = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
        let plugins = Plugins::new(runtime(&config, log)?, Arc::clone(&config));
        let paths = components(&config.plugins_dir)
            .with_context(|| format!("plugins_dir {} cannot be read", config.plugins_dir.display()))?;
        let problems = plugins.load(&paths);
        Ok((Arc::new(plugins), problems))
    });
    let (plugins, problems) = loaded.await??;
    for problem in &problems {
        tracing::error!(file = %problem.file.display(), problem = %problem.message, "plugin refused");
    }
    Ok((plugins, problems))
}

/// The plugin runtime with its cache in the data directory.
///
/// # Errors
/// The machine gives no memory or folder.
pub fn runtime(config: &Config, log: Arc<dyn LogSink>) -> anyhow::Result<Runtime> {
    let cache_dir = Some(config.data_dir.join("compiled"));
    Ok(Runtime::new(RuntimeOptions { cache_dir, log, ..RuntimeOptions::default() })?)
}

/// Journals the settings if they differ from those in force. Rules that do not check stop the start: a hub that runs
/// with half its rules surprises its owner.
async fn bring_settings_up_to_date(
    config: &Config,
    plugins: &Plugins,
    data: &Data,
    clock: &Clock,
) -> anyhow::Result<()> {
    let rules = crate::settings::rule_files(&config.rules_dir)
        .with_context(|| format!("rules_dir {} cannot be read", config.rules_dir.display()))?;
    let before = hub_fold::settings(&*data.store)?;
    let salt = match (&before, clock) {
        (Some(before), _) => before.salt,
        (None, Clock::System) => crate::settings::salt()?,
        // On a clock of its caller's it repeats something, and has to come out the same every time.
        (None, _) => Salt::default(),
    };
    let wanted = crate::settings::gather(config, &plugins.now(), rules, salt).map_err(|problems| {
        let shown: Vec<String> =
            problems.iter().map(|problem| format!("{}: {problem}", problem.file_name())).collect();
        anyhow::anyhow!("the rules have problems; `omnihub check` shows them in place\n{}", shown.join("\n"))
    })?;
    if !before.is_some_and(|before| before.decide_as(&wanted)) {
        journal_settings(&data.journal, wanted, clock).await?;
    }
    Ok(())
}

async fn journal_settings(journal: &Journal, settings: Settings, clock: &Clock) -> anyhow::Result<()> {
    let record = Record::Settings(Box::new(settings));
    journal.append(Entry { kind: record.kind(), time_ns: clock.now().0, payload: record.encode() }).await?;
    Ok(())
}

/// Where a normaliser takes deliveries from, and where it puts those that have to wait.
struct Queues {
    work: mpsc::Receiver<Work>,
    due: mpsc::Sender<Due>,
}

fn start_normalisers(
    config: &Config,
    data: &Data,
    plugins: &Arc<Plugins>,
    metrics: &Arc<Metrics>,
    clock: &Clock,
    queues: Queues,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let normaliser = Arc::new(Normaliser {
        journal: data.journal.clone(),
        plugins: Arc::clone(plugins),
        metrics: Arc::clone(metrics),
        clock: clock.clone(),
        retry_delays: config.processing.retry_delays.clone(),
        retries: Retries::new(config.processing.retry_share),
        due: queues.due,
        runtime: tokio::runtime::Handle::current(),
        stop,
        work: Mutex::new(queues.work),
    });
    (0..config.processing.normalise_threads)
        .map(|number| {
            let normaliser = Arc::clone(&normaliser);
            Ok(std::thread::Builder::new()
                .name(format!("normalise-{number}"))
                .spawn(move || normaliser.run())?)
        })
        .collect()
}

/// Plugins' lines among the hub's own, marked as theirs.
struct PluginLog(Arc<Metrics>);

impl LogSink for PluginLog {
    fn line(&self, plugin: &PluginName, level: LogLevel, message: &str, fields: &[(String, String)]) {
        self.0.plugin_log_lines.inc();
        let fields =
            fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
        match level {
            LogLevel::Debug => tracing::debug!(target: "plugin", %plugin, message, fields),
            LogLevel::Info => tracing::info!(target: "plugin", %plugin, message, fields),
            LogLevel::Warn => tracing::warn!(target: "plugin", %plugin, message, fields),
            LogLevel::Error => tracing::error!(target: "plugin", %plugin, message, fields),
        }
    }
}
