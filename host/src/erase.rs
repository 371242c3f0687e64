//! Takes what is to be forgotten out of the files: the journal's records are rewritten, then the view is built anew from
//! them and put in the place of the old one, whose file may still hold old bytes. What is to be forgotten the fold says.
//!
//! The order makes a crash harmless: tombstones are durable before the first record is rewritten, the mark that the view
//! has to be built anew as well, and the receipt comes last. Every step may be taken again.

pub(crate) mod parked;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hub_fold::read::{self, StoredContent};
use hub_fold::record::{Command, Erased, Erasing, Outcome, Polled, Receipt, Record};
use hub_fold::row::EffectState;
use hub_fold::{ActiveSettings, Fold, Sifted};
use hub_journal::{Change, Entry, Journal, ReadError, RewriteError, Seq};
use hub_model::{EffectId, Timestamp};
use hub_store::{DiskStore, Store};
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::config::Config;
use crate::data::{self, Files};
use crate::folder::{Swap, catch_up};
use crate::view::remove_damaged;

/// Records gone through in one pass; its receipt names them all.
const RECORDS_MAX: usize = 20_000;

/// Requests to forget mostly come several at once, and a pass over a segment does for all of them.
const GATHER: Duration = Duration::from_secs(1);

/// After a pass the hub rests so many times longer than it took: rewriting takes a twentieth of the disk at most, however
/// often a provider repeats what it tells of somebody forgotten.
const REST_TIMES: u32 = 20;

/// That the view has to be built anew from a journal that was rewritten.
const MARK: &str = "view.rebuild-after-erase";

/// Effects that are looked at for whether only the erasure made them due.
const DUE_MAX: usize = 100_000;

/// What is told of an effect that nothing but a forgotten person's absence would bring about.
const NOT_SENT: &str = "it was not owed before somebody was erased, so it is not sent";

/// The file that says that the view has to be built anew.
pub(crate) fn mark(config: &Config) -> PathBuf {
    config.data_dir.join(MARK)
}

/// Whether the view still has to be built anew after an erasure.
pub(crate) fn is_unfinished(config: &Config) -> bool {
    mark(config).exists()
}

/// Asks that the view is built anew, by a later hub if need be. Durable when it returns.
pub(crate) fn set_mark(config: &Config) -> anyhow::Result<()> {
    let path = mark(config);
    let file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    file.sync_all()?;
    sync_dir(config)
}

fn clear_mark(config: &Config) -> anyhow::Result<()> {
    std::fs::remove_file(mark(config)).context("the mark of an erasure cannot be removed")?;
    sync_dir(config)
}

fn sync_dir(config: &Config) -> anyhow::Result<()> {
    let dir = File::open(&config.data_dir).and_then(|dir| dir.sync_all());
    dir.with_context(|| format!("{} cannot be synced", config.data_dir.display()))
}

/// Whether a pass should go on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Go {
    On,
    Stop,
}

/// Rewrites the records that the view says hold what is to be forgotten. `None` when there are none, or it was stopped.
///
/// # Errors
/// The view or the journal cannot be read or written. What was rewritten is; ask again.
pub(crate) fn pass(
    config: &Config,
    journal: &Journal,
    store: &dyn Store,
    now: Timestamp,
    go: &dyn Fn() -> Go,
) -> anyhow::Result<Option<Erased>> {
    // Read first: what is marked later than this is not struck out by this pass.
    let until = store.applied()?;
    let owed = read::deliveries_to_erase(store, RECORDS_MAX)?;
    if owed.is_empty() {
        return Ok(None);
    }
    let settings = Fold::open(store)?.settings();
    let plan = Plan::make(journal, store, &settings, &owed)?;
    let remembered = hub_fold::remembered(store, &plan.sifted, now)?;
    if !remembered.is_empty() {
        append(journal, now, Record::Erasing(Erasing::Remember(remembered)))?;
    }
    set_mark(config)?;
    let Some(rewritten) = plan.carry_out(journal, go)? else { return Ok(None) };
    let done = Erased {
        until,
        records: owed.iter().map(|owed| owed.report).collect(),
        changed: rewritten.changed,
        segments: rewritten.segments,
        damaged: rewritten.damaged.iter().map(|seq| seq.get()).collect(),
    };
    append(journal, now, Record::Erasing(Erasing::Done(done.clone())))?;
    tracing::info!(
        records = done.changed,
        segments = done.segments,
        "the journal is rewritten without what is to be forgotten; the view follows"
    );
    Ok(Some(done))
}

fn append(journal: &Journal, now: Timestamp, record: Record) -> anyhow::Result<()> {
    journal.append_blocking(Entry { kind: record.kind(), time_ns: now.0, payload: record.encode() })?;
    Ok(())
}

/// What becomes of which record.
struct Plan {
    numbers: BTreeSet<Seq>,
    /// Of each report or page the positions of the events that go.
    gone: BTreeMap<Seq, BTreeSet<u32>>,
    /// What becomes of commands that name or describe somebody.
    commands: BTreeMap<Seq, Command>,
    sifted: Sifted,
}

impl Plan {
    fn make(
        journal: &Journal,
        store: &dyn Store,
        settings: &ActiveSettings,
        owed: &[StoredContent],
    ) -> anyhow::Result<Self> {
        let mut plan = Self {
            numbers: BTreeSet::new(),
            gone: BTreeMap::new(),
            commands: BTreeMap::new(),
            sifted: Sifted::default(),
        };
        for StoredContent { report, delivery } in owed {
            let seq = Seq::new(*report);
            plan.numbers.insert(seq);
            plan.numbers.extend(delivery.map(Seq::new));
            let record = match journal.read(seq) {
                Ok(record) => record,
                // Its bytes go all the same where there are any.
                Err(ReadError::Io { .. }) => anyhow::bail!("record {report} of the journal cannot be read"),
                Err(_) => continue,
            };
            let reported = match Record::decode(record.kind, &record.payload)? {
                Record::Reported(reported) | Record::Polled(Polled { reported, .. }) => reported,
                Record::Command(command) => {
                    let sifted = hub_fold::sift_command(store, *report, &command)?;
                    plan.commands.extend(sifted.map(|command| (seq, command)));
                    continue;
                }
                _ => continue,
            };
            let sifted = hub_fold::sift(store, settings, *report, Timestamp(record.time_ns), &reported)?;
            plan.sifted.accounts.extend(sifted.accounts);
            plan.sifted.things.extend(sifted.things);
            plan.gone.insert(seq, sifted.gone);
        }
        Ok(plan)
    }

    /// `None` when it was stopped.
    fn carry_out(
        &self,
        journal: &Journal,
        go: &dyn Fn() -> Go,
    ) -> anyhow::Result<Option<hub_journal::Rewritten>> {
        let replace = |seq: Seq, entry: &Entry| match go() {
            Go::On => self.changed(seq, entry),
            Go::Stop => Change::Stop,
        };
        match journal.rewrite(&self.numbers, replace, |_| {}) {
            Ok(rewritten) => {
                if !rewritten.copies_left.is_empty() {
                    let copies = rewritten.copies_left.len();
                    tracing::warn!(
                        copies,
                        "the journal's quarantine folder holds damaged bytes of other records; look whether they name anybody"
                    );
                }
                Ok(Some(rewritten))
            }
            Err(RewriteError::Stopped { .. }) if go() == Go::Stop => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn changed(&self, seq: Seq, entry: &Entry) -> Change {
        let gone = |seq| self.gone.get(&seq).filter(|gone| !gone.is_empty());
        let record = match Record::decode(entry.kind, &entry.payload) {
            Err(_) => return Change::Stop,
            Ok(Record::Delivery(delivery)) => Record::ErasedDelivery(delivery.without_content()),
            Ok(Record::Command(_)) => match self.commands.get(&seq) {
                Some(command) => Record::Command(command.clone()),
                None => return Change::Keep,
            },
            Ok(Record::Reported(reported)) => match gone(seq) {
                Some(gone) => Record::Reported(reported.without(gone)),
                None => return Change::Keep,
            },
            Ok(Record::Polled(page)) => match gone(seq) {
                Some(gone) => Record::Polled(Polled { reported: page.reported.without(gone), ..page }),
                None => return Change::Keep,
            },
            Ok(Record::Receipt(receipt)) => {
                Record::Receipt(Receipt { outcome: receipt.outcome.without_words(), ..receipt })
            }
            Ok(_) => return Change::Keep,
        };
        Change::To { kind: record.kind(), payload: record.encode() }
    }
}

/// Erases now, with no hub running: rewrites what is left to rewrite, builds the view anew and puts it in place of the old
/// one, which is deleted with every copy of it.
///
/// # Errors
/// The data is in use, cannot be read or cannot be written; the mark stays, and the next hub does it.
pub(crate) fn now(config: &Config) -> anyhow::Result<()> {
    set_mark(config)?;
    let Files { journal, view, .. } = Files::open(config)?;
    // The clock of whoever opens the data is not known here, and times in the journal must not go back.
    let now = last_time(&journal);
    while pass(config, &journal, &view, now, &|| Go::On)?.is_some() {
        catch_up(&journal, &view, &mut |_| {})?;
    }
    let next = data::rebuild_aside(config, &journal, &mut |_| {})?;
    if hold_back(&journal, now, &view, &next)? > 0 {
        catch_up(&journal, &next, &mut |_| {})?;
    }
    next.flush()?;
    drop(next);
    drop(view);
    let dir = data::view_dir(config);
    hub_store::finish_rebuild(&dir)?;
    remove_damaged(&dir)?;
    clear_mark(config)?;
    journal.close();
    Ok(())
}

fn last_time(journal: &Journal) -> Timestamp {
    journal.read(journal.durable()).map_or(Timestamp::EPOCH, |record| Timestamp(record.time_ns))
}

/// A rule may fire where an erased person's event no longer uses up its limit. That is no reason to act now.
fn hold_back(
    journal: &Journal,
    now: Timestamp,
    before: &dyn Store,
    after: &dyn Store,
) -> anyhow::Result<usize> {
    let due = |store| -> anyhow::Result<BTreeSet<EffectId>> {
        // Whether or not somebody has stopped everything meanwhile.
        Ok(hub_fold::effects_open(store, DUE_MAX)?.into_iter().map(|(_, id)| id).collect())
    };
    let was_due = due(before)?;
    let mut held = 0;
    for id in due(after)?.difference(&was_due) {
        let row = hub_fold::effect(after, *id)?;
        let Some(row) = row.filter(|row| !matches!(row.state, EffectState::Claimed { .. })) else { continue };
        let outcome = Outcome::Parked { reason: NOT_SENT.to_owned() };
        append(journal, now, Record::Receipt(Receipt { effect: *id, number: row.attempts, outcome }))?;
        held += 1;
    }
    Ok(held)
}

/// Rewrites the journal in the background while the hub runs, and then has the view swapped for one built anew from it.
pub(crate) struct Eraser {
    pub journal: Journal,
    pub store: Arc<dyn Store>,
    pub config: Arc<Config>,
    pub clock: Clock,
    pub applied: watch::Receiver<u64>,
    pub swaps: mpsc::Sender<Swap>,
}

impl Eraser {
    /// Looks whenever the view has changed, and when the view is to be built anew. What is not done when the hub stops, the
    /// next one does.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        // A mark that is left over has waited long enough.
        let mut rebuild_at = is_unfinished(&self.config).then(Instant::now);
        loop {
            let began = Instant::now();
            match self.pass(&stop).await {
                Ok(None) => {}
                Ok(Some(_)) => rebuild_at = Some(Instant::now() + self.config.erasing.view_after),
                Err(error) => tracing::error!(
                    error = format!("{error:#}"),
                    "what is to be forgotten cannot be taken out of the journal; it is tried again"
                ),
            }
            if rebuild_at.is_some_and(|at| at <= Instant::now()) && !*stop.borrow() {
                rebuild_at = None;
                if let Err(error) = self.rebuild().await {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "the view cannot be built anew after an erasure; the next start tries again"
                    );
                }
            }
            let rest = GATHER.max(began.elapsed().saturating_mul(REST_TIMES));
            let changed = async {
                tokio::time::sleep(rest).await;
                self.applied.changed().await.is_ok()
            };
            let due = async {
                match rebuild_at {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = due => {}
                goes_on = changed => if !goes_on { return },
            }
        }
    }

    /// Builds the view anew beside the one in use, and has it put in its place.
    async fn rebuild(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        let (journal, store) = (self.journal.clone(), Arc::clone(&self.store));
        let (config, now) = (Arc::clone(&self.config), self.clock.now());
        let next = tokio::task::spawn_blocking(move || -> anyhow::Result<DiskStore> {
            let next = data::rebuild_aside(&config, &journal, &mut |_| {})?;
            if hold_back(&journal, now, &*store, &next)? > 0 {
                catch_up(&journal, &next, &mut |_| {})?;
            }
            Ok(next)
        });
        let (done, swapped) = oneshot::channel();
        self.swaps.send(Swap { next: next.await??, done }).await.context("the hub stops")?;
        swapped.await.context("the hub stops")??;
        remove_damaged(&data::view_dir(&self.config))?;
        clear_mark(&self.config)?;
        tracing::info!(
            seconds = began.elapsed().as_secs(),
            "the view is built anew without what is forgotten, and in use"
        );
        Ok(())
    }

    async fn pass(&self, stop: &watch::Receiver<bool>) -> anyhow::Result<Option<Erased>> {
        let (journal, store) = (self.journal.clone(), Arc::clone(&self.store));
        let (config, now, stop) = (Arc::clone(&self.config), self.clock.now(), stop.clone());
        let pass = tokio::task::spawn_blocking(move || {
            let go = || if *stop.borrow() { Go::Stop } else { Go::On };
            pass(&config, &journal, &*store, now, &go)
        });
        pass.await?
    }
}
