//! A hub whose stages take a step when they are told, one after the other. The stages are the hub's own; what is missing are
//! their threads and loops, so that a simulation decides what happens next, and the same again from the same seed. Dropped,
//! it leaves what a crash leaves.

use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use hub_fold::record::Record;
use hub_fold::{Fold, next_timer};
use hub_journal::{Entry, Reader, Seq};
use hub_model::EffectId;

use tokio::sync::{Notify, mpsc, watch};

use super::{Connectors, dispatcher};
use crate::clock::Clock;
use crate::data::Data;
use crate::dispatcher::Dispatcher;
use crate::folder::{Due, read_batch, settle};
use crate::inbox::Inbox;
use crate::ingress::{self, Ingress};
use crate::metrics::Metrics;
use crate::normaliser::Normaliser;
use crate::pipeline::Work;
use crate::poller::Poller;
use crate::retries::Retries;

/// How often the fold looks while a stream is read.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Deliveries and effects looked at for one that is due.
const LOOKED_AT: usize = 1_000;

/// Such a hub.
pub struct Stepped {
    data: Data,
    fold: Fold,
    reader: Reader,
    inbox: Arc<Inbox>,
    ingress: Router,
    normaliser: Normaliser,
    dispatcher: Arc<Dispatcher>,
    poller: Arc<Poller>,
    clock: Clock,
    applied: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    /// What the stages would be told by each other; here they look.
    _untold: (mpsc::Receiver<Work>, mpsc::Receiver<Due>),
}

impl Stepped {
    /// Opens journal and view, and folds what the view lacks, as a start does. No request takes longer than
    /// `request_time_max`. Needs a multi-threaded runtime.
    ///
    /// # Errors
    /// The data cannot be read or written.
    pub async fn open(
        connectors: &Connectors,
        clock: Clock,
        request_time_max: Duration,
    ) -> anyhow::Result<Self> {
        let Connectors { config, plugins } = connectors;
        let (data, fold) = Data::open(config)?;
        connectors.bring_settings_up_to_date(&data, &clock).await?;
        let metrics = Arc::new(Metrics::default());
        let (work, work_untold) = mpsc::channel(1);
        let (due, due_untold) = mpsc::channel(1);
        let inbox = Arc::new(Inbox::new(
            data.journal.clone(),
            Arc::clone(&data.store),
            config.ingress.backlog_max,
            work,
        ));
        inbox.load_known()?;
        let ingress = ingress::router(Arc::new(Ingress {
            plugins: Arc::clone(plugins),
            inbox: Arc::clone(&inbox),
            metrics: Arc::clone(&metrics),
            recorder: None,
            clock: clock.clone(),
            body_bytes_max: config.ingress.body_bytes_max,
            body_timeout: config.ingress.body_timeout,
        }));
        let normaliser = Normaliser {
            journal: data.journal.clone(),
            plugins: Arc::clone(plugins),
            metrics,
            clock: clock.clone(),
            retry_delays: config.processing.retry_delays.clone(),
            retries: Retries::new(config.processing.retry_share),
            due,
            runtime: tokio::runtime::Handle::current(),
            stop: Arc::new(AtomicBool::new(false)),
            work: Mutex::new(mpsc::channel(1).1),
        };
        let (applied, told) = watch::channel(data.store.applied()?);
        let outside = connectors.outside(&data, clock.clone(), request_time_max)?;
        let poller = Arc::new(Poller {
            journal: data.journal.clone(),
            plugins: Arc::clone(plugins),
            outside: outside.clone(),
            metrics: Arc::default(),
            config: config.polling.clone(),
            applied: told.clone(),
            wake: Notify::new(),
            runs: Mutex::default(),
        });
        let dispatcher = dispatcher(config, &data, Arc::clone(plugins), outside, Arc::default(), told);
        let reader = data.journal.reader(Seq::new(data.store.applied()?).next());
        Ok(Self {
            data,
            fold,
            reader,
            inbox,
            ingress,
            normaliser,
            dispatcher,
            poller,
            clock,
            applied,
            stop: watch::Sender::new(false),
            _untold: (work_untold, due_untold),
        })
    }

    /// Where providers deliver; a delivery is durable when it is answered.
    pub fn ingress(&self) -> Router {
        self.ingress.clone()
    }

    /// Journal and view, to be looked at.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Folds what is journalled; whether there was anything.
    ///
    /// # Errors
    /// The view's.
    pub fn fold(&mut self) -> anyhow::Result<bool> {
        let batch = read_batch(&mut self.reader);
        let Some(last) = batch.records.last().map(|record| record.seq) else { return Ok(false) };
        let consequences = self.fold.apply(&*self.data.store, &batch.records)?;
        self.inbox.folded(batch.dedupe.iter().copied());
        settle(&self.inbox, &consequences);
        self.applied.send_replace(last);
        Ok(true)
    }

    /// The deliveries whose time has come, as the view lists them.
    ///
    /// # Errors
    /// The view's.
    pub fn deliveries_due(&self) -> anyhow::Result<Vec<u64>> {
        let now = self.clock.now();
        let pending = hub_fold::deliveries_pending(&*self.data.store, LOOKED_AT)?;
        Ok(pending.into_iter().filter(|(due, _)| *due <= now).map(|(_, seq)| seq).collect())
    }

    /// Has a connector make events of a delivery, and journals what it says.
    ///
    /// # Errors
    /// The view's.
    pub fn normalise(&self, seq: u64) -> anyhow::Result<()> {
        let Some((setbacks, received_at)) = hub_fold::delivery_tries(&*self.data.store, seq)? else {
            return Ok(());
        };
        let work = Work { seq, received_at, attempt: setbacks.saturating_add(1), delivery: None };
        let record = self.normaliser.normalise(work);
        self.normaliser.journal(record.as_slice());
        Ok(())
    }

    /// The effects whose time has come.
    #[must_use]
    pub fn effects_due(&self) -> Vec<EffectId> {
        self.dispatcher.due().into_iter().map(|(id, _)| self.dispatcher.let_go(id)).collect()
    }

    /// Tries an effect once, as far as it gets.
    ///
    /// # Errors
    /// The view's.
    pub async fn carry_out(&mut self, id: EffectId) -> anyhow::Result<()> {
        let Some(row) = hub_fold::effect(&*self.data.store, id)? else { return Ok(()) };
        let (dispatcher, stop) = (Arc::clone(&self.dispatcher), self.stop.subscribe());
        self.beside_the_fold(dispatcher.carry_out(id, row, &stop)).await
    }

    /// Whether no delivery and no effect waits for anything but a person.
    ///
    /// # Errors
    /// The view's.
    pub fn is_idle(&self) -> anyhow::Result<bool> {
        let store = &*self.data.store;
        Ok(hub_fold::deliveries_pending(store, 1)?.is_empty() && hub_fold::effects_due(store, 1)?.is_empty())
    }

    /// Reads every stream of every connection to its end, and folds what they say.
    ///
    /// # Errors
    /// The view's, or a stream that could not be read.
    pub async fn poll_everything(&mut self) -> anyhow::Result<()> {
        for (connection, stream) in self.poller.everything() {
            let (poller, stop) = (Arc::clone(&self.poller), self.stop.subscribe());
            self.beside_the_fold(poller.run_stream(connection, stream, &stop)).await?;
        }
        Ok(())
    }

    /// Stages wait until the view has what they journalled.
    async fn beside_the_fold<T>(&mut self, stage: impl Future<Output = T>) -> anyhow::Result<T> {
        let mut stage = pin!(stage);
        loop {
            tokio::select! {
                biased;
                done = &mut stage => return Ok(done),
                () = tokio::time::sleep(LOOK_EVERY) => self.fold().map(drop)?,
            }
        }
    }

    /// Journals that time has passed if a rule waits for it; whether one did.
    ///
    /// # Errors
    /// The view's, or the journal's.
    pub async fn tick(&self) -> anyhow::Result<bool> {
        let now = self.clock.now();
        let is_due = next_timer(&*self.data.store)?.is_some_and(|due| due <= now);
        if is_due {
            let entry = Entry { kind: Record::Tick.kind(), time_ns: now.0, payload: Record::Tick.encode() };
            self.data.journal.append(entry).await?;
        }
        Ok(is_due)
    }
}
