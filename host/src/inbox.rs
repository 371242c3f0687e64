//! Owns what has arrived: decides whether a delivery is new, makes it durable, hands it on. Never reads a payload beyond
//! its dedupe key; never acknowledges what is not on disk; never drops what it acknowledged.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hub_fold::record::Record;
use hub_journal::{AppendError, Entry, Journal, Seq};
use hub_model::Timestamp;
use hub_store::Store;
use tokio::sync::{Notify, mpsc};

use crate::known::Known;
use crate::pipeline::{Verified, Work};

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    New(Seq),
    /// It had been accepted before and is durable.
    Duplicate,
}

#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// Too much is waiting: try again in a few seconds.
    #[error("the backlog is full")]
    Full,
    #[error(transparent)]
    Journal(#[from] AppendError),
    #[error(transparent)]
    View(#[from] hub_fold::FoldError),
}

pub struct Inbox {
    journal: Journal,
    store: Arc<dyn Store>,
    /// Keys accepted and not yet in the view, with their sequence number once it is durable.
    in_flight: Mutex<HashMap<[u8; 16], Option<Seq>>>,
    known: Known,
    claims_changed: Notify,
    backlog: AtomicUsize,
    backlog_max: usize,
    work: mpsc::Sender<Work>,
}

impl Inbox {
    #[must_use]
    pub fn new(
        journal: Journal,
        store: Arc<dyn Store>,
        backlog_max: usize,
        work: mpsc::Sender<Work>,
    ) -> Self {
        let (in_flight, known) = (Mutex::default(), Known::new());
        Self {
            journal,
            store,
            in_flight,
            known,
            claims_changed: Notify::new(),
            backlog: AtomicUsize::new(0),
            backlog_max,
            work,
        }
    }

    /// Makes a delivery durable, once.
    ///
    /// # Errors
    /// Nothing was acknowledged: the provider should send again.
    pub async fn accept(&self, verified: Verified, now: Timestamp) -> Result<Accepted, InboxError> {
        let delivery = verified.into_delivery();
        let dedupe = delivery.dedupe;
        if self.is_full() {
            return Err(InboxError::Full);
        }
        match self.claim(dedupe)? {
            Claim::Ours => {}
            Claim::Known => return Ok(Accepted::Duplicate),
            Claim::Racing => return self.wait_for_other(dedupe).await,
        }
        let guard = ClaimGuard { inbox: self, dedupe, kept: false };
        let record = Record::Delivery(delivery);
        let entry = Entry { kind: record.kind(), time_ns: now.0, payload: record.encode() };
        let seq = self.journal.append(entry).await?;
        guard.keep(seq);
        self.backlog.fetch_add(1, Ordering::Relaxed);
        let queued = self.work.max_capacity().saturating_sub(self.work.capacity());
        let delivery = match record {
            Record::Delivery(delivery) if queued < BODIES_MAX => Some(delivery),
            _ => None,
        };
        // A full or closed queue is no loss: the view lists what is pending.
        if let Err(error) =
            self.work.try_send(Work { seq: seq.get(), received_at: now, attempt: 1, delivery })
        {
            tracing::debug!(%seq, %error, "left to the list of pending deliveries");
        }
        Ok(Accepted::New(seq))
    }

    fn claim(&self, dedupe: [u8; 16]) -> Result<Claim, InboxError> {
        {
            let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
            match in_flight.get(&dedupe) {
                Some(Some(_)) => return Ok(Claim::Known),
                Some(None) => return Ok(Claim::Racing),
                None => in_flight.insert(dedupe, None),
            };
        }
        if !self.known.may_contain(&dedupe) {
            return Ok(Claim::Ours);
        }
        // Claimed first, looked up second: whoever leaves `in_flight` is in the view by then. The view may be committing:
        // others on this thread go on elsewhere meanwhile.
        match tokio::task::block_in_place(|| hub_fold::seen(&*self.store, &dedupe)) {
            Ok(None) => Ok(Claim::Ours),
            Ok(Some(_)) => {
                self.release(dedupe);
                Ok(Claim::Known)
            }
            Err(error) => {
                self.release(dedupe);
                Err(error.into())
            }
        }
    }

    /// The same delivery is being written right now: answer when it is durable, or fail as it fails.
    async fn wait_for_other(&self, dedupe: [u8; 16]) -> Result<Accepted, InboxError> {
        let settled = async {
            loop {
                // Registered before looking, so that a change in between wakes us.
                let changed = self.claims_changed.notified();
                let state =
                    self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).get(&dedupe).copied();
                match state {
                    Some(Some(_)) => return Ok(Accepted::Duplicate),
                    Some(None) => changed.await,
                    None => {
                        let folded = tokio::task::block_in_place(|| hub_fold::seen(&*self.store, &dedupe))?;
                        // Not there: the first one failed, and so does its copy.
                        return folded.map(|_| Accepted::Duplicate).ok_or(InboxError::Full);
                    }
                }
            }
        };
        tokio::time::timeout(RACE_WAIT_MAX, settled).await.unwrap_or(Err(InboxError::Full))
    }

    fn release(&self, dedupe: [u8; 16]) {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&dedupe);
        self.claims_changed.notify_waiters();
    }

    /// The view holds these deliveries' keys now.
    pub fn folded(&self, keys: impl Iterator<Item = [u8; 16]>) {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            // The fold may be faster than the task that accepted it: no copy may come in between unknown.
            self.known.insert(&key);
            in_flight.remove(&key);
        }
        drop(in_flight);
        self.claims_changed.notify_waiters();
    }

    /// Reads which keys the view knows; until then it is asked about each. Blocks.
    ///
    /// # Errors
    /// The store's.
    pub fn load_known(&self) -> Result<(), hub_store::StoreError> {
        self.known.load(&*self.store)
    }

    /// So many deliveries are settled.
    pub fn settled(&self, count: u64) {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let mut backlog = self.backlog.load(Ordering::Relaxed);
        while let Err(now) = self.backlog.compare_exchange_weak(
            backlog,
            backlog.saturating_sub(count),
            Ordering::Relaxed,
            Ordering::Relaxed,
        ) {
            backlog = now;
        }
    }

    /// So many deliveries wait that were not accepted just now: found at start, or redriven.
    pub fn waiting_again(&self, count: usize) {
        self.backlog.fetch_add(count, Ordering::Relaxed);
    }

    #[must_use]
    pub fn is_full(&self) -> bool {
        self.backlog() >= self.backlog_max
    }

    pub fn backlog(&self) -> usize {
        self.backlog.load(Ordering::Relaxed)
    }
}

/// Deliveries that keep their body in the queue: some 16 MB at most shops' sizes. Those behind are read from the journal,
/// where the kernel still has them in memory.
const BODIES_MAX: usize = 2_048;

/// How long a copy waits for the first one's sync; longer, and the provider had better send it again.
const RACE_WAIT_MAX: std::time::Duration = std::time::Duration::from_secs(5);

enum Claim {
    Ours,
    Known,
    Racing,
}

/// Gives a claim back unless it was kept: also when the request is dropped half-way. Then the entry may still be
/// written; a copy that comes later is folded twice, which changes nothing.
struct ClaimGuard<'a> {
    inbox: &'a Inbox,
    dedupe: [u8; 16],
    kept: bool,
}

impl ClaimGuard<'_> {
    fn keep(mut self, seq: Seq) {
        self.kept = true;
        // Gone already if the fold was faster than this task: then the view knows it.
        if let Some(claim) =
            self.inbox.in_flight.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&self.dedupe)
        {
            *claim = Some(seq);
        }
        self.inbox.claims_changed.notify_waiters();
    }
}

impl Drop for ClaimGuard<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.inbox.release(self.dedupe);
        }
    }
}
