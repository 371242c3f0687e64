//! Follows the journal and folds what is durable into the view, on a thread of its own. The only writer of the view.
//! Tells the others what came of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hub_fold::{Consequences, Fold, FoldError, Keeps, Record, RuleAlarm, Sequenced, Side};
use hub_journal::{Journal, ReadError, Seq};
use hub_model::Timestamp;
use hub_store::{DiskStore, Store};
use tokio::sync::{mpsc, oneshot, watch};

use crate::health::Health;
use crate::inbox::Inbox;
use crate::metrics::Metrics;
use crate::view::View;

/// Records folded in one commit: large enough to share its cost, small enough that readers wait little.
const BATCH_MAX: usize = 256;
/// Bytes of records in one commit; the draft holds them a few times over.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// How often the thread looks whether it should end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long to wait before a sector is asked for again that could not be read.
const UNREADABLE_PAUSE: Duration = Duration::from_secs(5);

/// How long to wait before the view is opened again that could not be opened at once; longer each time.
const REOPEN_PAUSE: Duration = Duration::from_secs(1);
const REOPEN_PAUSE_MAX: Duration = Duration::from_secs(60);
/// Records folded again before it is looked whether the hub stops.
const REFOLD_STEP: u64 = 10_000;

/// What the fold brought about for others to act on.
#[derive(Debug)]
pub(crate) enum Due {
    /// Look at the effects that are due.
    Effects,
    /// Normalise this delivery at that time; the number counts tries.
    Delivery { seq: u64, at: Timestamp, attempt: u32 },
}

pub(crate) struct Folder {
    pub journal: Journal,
    pub store: Arc<dyn Store>,
    pub inbox: Arc<Inbox>,
    pub metrics: Arc<Metrics>,
    pub health: Arc<Health>,
    pub due: mpsc::Sender<Due>,
    pub applied: watch::Sender<u64>,
    /// Told when nobody journals any more: what is left is folded, and then it ends.
    pub stop: Arc<AtomicBool>,
    /// Told when the hub begins to stop: a view that cannot be opened holds nobody up then.
    pub stopping: watch::Receiver<bool>,
    pub view: Arc<View>,
    /// Views built anew that are to take the place of the one in use.
    pub swaps: mpsc::Receiver<Swap>,
}

/// A view built beside the one in use, which may be some records behind or ahead of it.
pub(crate) struct Swap {
    pub next: DiskStore,
    /// Told what became of it.
    pub done: oneshot::Sender<Result<(), FoldError>>,
}

/// Folds everything durable that the view does not have yet, without telling anybody.
///
/// # Errors
/// The view's; records damaged on disk are passed over and named in the log.
pub(crate) fn catch_up(
    journal: &Journal,
    store: &dyn Store,
    progress: &mut dyn FnMut(u64),
) -> Result<Fold, FoldError> {
    fold_until(journal, store, journal.durable().get(), progress)
}

/// Like [`catch_up`], up to a sequence number and no further.
///
/// # Errors
/// As [`catch_up`].
pub(crate) fn fold_until(
    journal: &Journal,
    store: &dyn Store,
    until: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<Fold, FoldError> {
    fold_otherwise(journal, store, until, Otherwise::default(), progress)
}

/// What is different in a fold that asks what would be otherwise.
#[derive(Default)]
pub(crate) struct Otherwise<'a> {
    /// Said before the first record.
    pub first: Option<Record>,
    /// Done to each record before it is folded.
    pub change: Option<&'a mut dyn FnMut(&mut Record)>,
    /// As [`Fold::running_free`].
    pub runs_free: bool,
    /// As [`Fold::keeping`].
    pub keeps: Keeps,
}

/// As [`fold_until`], with what is different.
///
/// # Errors
/// As [`fold_until`].
pub(crate) fn fold_otherwise(
    journal: &Journal,
    store: &dyn Store,
    until: u64,
    Otherwise { first, mut change, runs_free, keeps }: Otherwise<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Fold, FoldError> {
    let mut fold = Fold::open(store)?.keeping(keeps);
    if runs_free {
        fold = fold.running_free();
    }
    let mut reader = journal.reader(Seq::new(store.applied()?).next());
    let mut first = first.map(|record| Sequenced { seq: 0, at: Timestamp::EPOCH, record });
    loop {
        let mut batch = read_batch(&mut reader);
        batch.records.retain(|record| record.seq <= until);
        let Some(last) = batch.records.last().map(|record| record.seq) else { return Ok(fold) };
        if let Some(change) = &mut change {
            batch.records.iter_mut().for_each(|sequenced| change(&mut sequenced.record));
        }
        if let Some(first) = first.take() {
            batch.records.insert(0, first);
        }
        fold.apply(store, &batch.records)?;
        progress(last);
    }
}

pub(crate) struct Batch {
    pub records: Vec<Sequenced>,
    /// Names of the deliveries among them.
    pub dedupe: Vec<[u8; 16]>,
    /// The disk did not give what is there.
    unreadable: bool,
}

/// What is journalled from there on, as much as is folded in one commit.
pub(crate) fn read_batch(reader: &mut hub_journal::Reader) -> Batch {
    let mut batch = Batch { records: Vec::new(), dedupe: Vec::new(), unreadable: false };
    let mut bytes = 0;
    while batch.records.len() < BATCH_MAX && bytes < BATCH_BYTES_MAX {
        let record = match reader.next() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(error @ ReadError::Io { .. }) => {
                tracing::error!(%error, "the journal cannot be read");
                batch.unreadable = true;
                break;
            }
            Err(error) => {
                tracing::error!(%error, "a journal record is damaged and passed over");
                continue;
            }
        };
        bytes += record.payload.len();
        match Record::decode(record.kind, &record.payload) {
            Ok(decoded) => {
                if let Record::Delivery(delivery) = &decoded {
                    batch.dedupe.push(delivery.dedupe);
                }
                batch.records.push(Sequenced {
                    seq: record.seq.get(),
                    at: Timestamp(record.time_ns),
                    record: decoded,
                });
            }
            Err(error) => tracing::error!(seq = %record.seq, %error, "a journal record is passed over"),
        }
    }
    batch
}

/// Tells the inbox how many deliveries wait after a batch was folded.
pub(crate) fn settle(inbox: &Inbox, consequences: &Consequences) {
    inbox.waiting_again(consequences.redriven.len());
    inbox.settled(consequences.deliveries_processed + consequences.deliveries_parked);
}

impl Folder {
    /// Runs until told to stop and nothing durable is left to fold.
    pub(crate) fn run(mut self, mut fold: Fold) {
        let mut reader = self.reader();
        let mut swap = None;
        loop {
            swap = swap.or_else(|| self.swaps.try_recv().ok());
            if let Some(Swap { next, done }) = swap.take_if(|swap| self.has_reached(swap)) {
                // Nobody waits for the answer when the hub stops.
                drop(done.send(self.swap(next)));
            }
            let batch = read_batch(&mut reader);
            let folded = match batch.records.is_empty() {
                false => self.fold(&mut fold, &batch),
                true if self.stop.load(Ordering::SeqCst) => return,
                true => {
                    self.rest(&batch, &reader);
                    // Its engine may have failed on its own, writing what it had put off.
                    self.store.applied().map(drop).map_err(FoldError::from)
                }
            };
            if let Err(error) = folded {
                let Some(recovered) = self.recover(&error) else { return };
                fold = recovered;
                reader = self.reader();
            }
        }
    }

    /// Reads what comes after the last record that was told of.
    fn reader(&self) -> hub_journal::Reader {
        self.journal.reader(Seq::new(*self.applied.borrow()).next())
    }

    /// Waits for the next record, a while.
    fn rest(&self, batch: &Batch, reader: &hub_journal::Reader) {
        if batch.unreadable {
            std::thread::sleep(UNREADABLE_PAUSE);
        } else {
            self.journal.wait_durable_blocking(reader.position().previous(), LOOK_EVERY);
        }
    }

    /// Opens the view again after a failure, or builds it anew, and folds what it lacks of what was told of: nobody reads it
    /// before, for it would show effects as owed that are long since carried out. Tried until it works; `None` when the hub
    /// stops first, and then the next start does it.
    fn recover(&self, error: &FoldError) -> Option<Fold> {
        tracing::error!(%error, "the view failed and is opened again; deliveries are kept in the journal meanwhile");
        self.health.view_failed(&error.to_string());
        self.view.close();
        let mut damaged = error.asks_for_rebuild();
        let mut pause = REOPEN_PAUSE;
        loop {
            match self.reopen(damaged) {
                Ok(recovered) => {
                    if recovered.is_some() {
                        tracing::info!("the view is in use again");
                        self.health.view_works();
                    }
                    return recovered;
                }
                Err(error) => {
                    tracing::error!(%error, "the view cannot be opened again yet; next try in {} s", pause.as_secs());
                    self.health.view_failed(&error.to_string());
                    damaged = error.asks_for_rebuild();
                }
            }
            let until = Instant::now() + pause;
            while Instant::now() < until {
                if *self.stopping.borrow() {
                    return None;
                }
                std::thread::sleep(LOOK_EVERY);
            }
            pause = pause.saturating_mul(2).min(REOPEN_PAUSE_MAX);
        }
    }

    fn reopen(&self, damaged: bool) -> Result<Option<Fold>, FoldError> {
        let told = *self.applied.borrow();
        let store = self.view.open_closed(told, damaged)?;
        let mut until = store.applied()?;
        while until < told {
            if *self.stopping.borrow() {
                return Ok(None);
            }
            until = until.saturating_add(REFOLD_STEP).min(told);
            fold_until(&self.journal, &store, until, &mut |_| {})?;
        }
        let fold = Fold::open(&store)?;
        self.view.put_in_use(store);
        Ok(Some(fold))
    }

    fn has_reached(&self, swap: &Swap) -> bool {
        swap.next.applied().is_ok_and(|applied| applied <= *self.applied.borrow())
    }

    /// The new view is brought to where this one is; between two batches nobody else writes.
    fn swap(&self, next: DiskStore) -> Result<(), FoldError> {
        fold_until(&self.journal, &next, *self.applied.borrow(), &mut |_| {})?;
        Ok(self.view.swap(next)?)
    }

    fn fold(&mut self, fold: &mut Fold, batch: &Batch) -> Result<(), FoldError> {
        let consequences = fold.apply(&*self.store, &batch.records)?;
        self.inbox.folded(batch.dedupe.iter().copied());
        self.count(&consequences);
        consequences.alarms.iter().for_each(warn_of);
        if let Some(last) = batch.records.last() {
            self.metrics.applied.set(i64::try_from(last.seq).unwrap_or(i64::MAX));
            self.applied.send_replace(last.seq);
        }
        self.tell(&consequences, batch);
        Ok(())
    }

    fn count(&self, consequences: &Consequences) {
        settle(&self.inbox, consequences);
        self.metrics.processed.inc_by(consequences.deliveries_processed);
        self.metrics.parked.inc_by(consequences.deliveries_parked);
        self.metrics.events.inc_by(consequences.events);
        self.metrics.rules_fired.inc_by(consequences.rules_fired);
        self.metrics.backlog.set(i64::try_from(self.inbox.backlog()).unwrap_or(i64::MAX));
    }

    /// Everything told here is in the view as well, so a listener that is gone or slow loses nothing.
    fn tell(&self, consequences: &Consequences, batch: &Batch) {
        let at = batch.records.last().map_or(Timestamp::EPOCH, |record| record.at);
        let redriven = consequences.redriven.iter().map(|seq| Due::Delivery { seq: *seq, at, attempt: 1 });
        let retries = consequences.retries.iter().map(|(seq, at)| {
            let attempt = batch.records.iter().rev().find_map(|record| match &record.record {
                Record::Setback(setback) if setback.delivery == *seq => Some(setback.attempt + 1),
                _ => None,
            });
            Due::Delivery { seq: *seq, at: *at, attempt: attempt.unwrap_or(1) }
        });
        let effects = (!consequences.effects_due.is_empty()).then_some(Due::Effects);
        for due in redriven.chain(retries).chain(effects) {
            if self.due.blocking_send(due).is_err() {
                return;
            }
        }
    }
}

/// A rule that no longer acts as often as is expected of it.
fn warn_of(RuleAlarm { rule, alarm }: &RuleAlarm) {
    let (count, expected) = (alarm.count, alarm.words());
    match alarm.side {
        Side::Silent => tracing::warn!(%rule, count, %expected, "a rule acts too rarely"),
        Side::Spiking => tracing::warn!(%rule, count, %expected, "a rule acts too often"),
    }
}
