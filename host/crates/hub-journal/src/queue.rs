//! The bounded intake between callers and the writer thread, and the future a caller waits on.
//!
//! Never blocks a caller: what does not fit is refused at once, so pressure reaches the sender instead of memory.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::catalog::lock;
use crate::segment::Prepared;
use crate::{AppendError, Options, Seq};

/// Entries that get consecutive numbers and one answer.
pub(crate) struct Group {
    pub(crate) entries: Vec<Prepared>,
    pub(crate) bytes: usize,
    /// Told the sequence number of the first entry.
    pub(crate) answer: oneshot::Sender<Result<Seq, AppendError>>,
}

/// Asks for the segment to be finished, so that no more is appended to it.
pub(crate) struct Roll {
    /// Nothing is done when this is not the segment being written.
    pub(crate) first: Seq,
    /// Told the reason when it could not be.
    pub(crate) answer: oneshot::Sender<Result<(), String>>,
}

/// What the writer does next.
pub(crate) enum Work {
    Batch(Vec<Group>),
    /// All that was queued before it has been taken.
    Roll(Roll),
    /// Nothing came while patience lasted.
    Idle,
}

enum Item {
    Group(Group),
    Roll(Roll),
}

pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    limits: Limits,
}

struct Limits {
    queue_entries_max: usize,
    queue_bytes_max: usize,
    batch_entries_max: usize,
    batch_bytes_max: usize,
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    entries: usize,
    bytes: usize,
    closed: bool,
}

impl Queue {
    /// `batch_bytes_max` may be lower than the option when segments are small.
    pub(crate) fn new(options: &Options, batch_bytes_max: usize) -> Self {
        let limits = Limits {
            queue_entries_max: options.queue_entries_max,
            queue_bytes_max: options.queue_bytes_max,
            batch_entries_max: options.batch_entries_max,
            batch_bytes_max,
        };
        Self { state: Mutex::default(), filled: Condvar::new(), limits }
    }

    /// An empty queue takes any group, however large, so that no group is refused for ever.
    pub(crate) fn push(&self, group: Group) -> Result<(), AppendError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(AppendError::Closed);
        }
        let entries = state.entries.saturating_add(group.entries.len());
        let bytes = state.bytes.saturating_add(group.bytes);
        let over = entries > self.limits.queue_entries_max || bytes > self.limits.queue_bytes_max;
        if over && state.entries > 0 {
            return Err(AppendError::Busy);
        }
        state.entries = entries;
        state.bytes = bytes;
        state.items.push_back(Item::Group(group));
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Never refused for want of room: whoever asks waits for the answer, so there are few.
    pub(crate) fn roll(&self, roll: Roll) -> Result<(), AppendError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(AppendError::Closed);
        }
        state.items.push_back(Item::Roll(roll));
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Everything queued, up to one batch or the next roll; waits for the first, but not longer than the patience.
    /// `None` once closed and empty.
    pub(crate) fn take(&self, patience: Duration) -> Option<Work> {
        let mut state = lock(&self.state);
        while state.items.is_empty() {
            if state.closed {
                return None;
            }
            let waited = self.filled.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
            if waited.1.timed_out() && state.items.is_empty() && !state.closed {
                return Some(Work::Idle);
            }
        }
        let mut batch: Vec<Group> = Vec::new();
        let (mut entries, mut bytes) = (0_usize, 0_usize);
        while let Some(item) = state.items.pop_front() {
            let group = match item {
                Item::Group(group) => group,
                Item::Roll(roll) if batch.is_empty() => return Some(Work::Roll(roll)),
                roll => {
                    state.items.push_front(roll);
                    break;
                }
            };
            let entries_with = entries.saturating_add(group.entries.len());
            let bytes_with = bytes.saturating_add(group.bytes);
            let over =
                entries_with > self.limits.batch_entries_max || bytes_with > self.limits.batch_bytes_max;
            if over && !batch.is_empty() {
                state.items.push_front(Item::Group(group));
                break;
            }
            (entries, bytes) = (entries_with, bytes_with);
            batch.push(group);
        }
        state.entries = state.entries.saturating_sub(entries);
        state.bytes = state.bytes.saturating_sub(bytes);
        Some(Work::Batch(batch))
    }

    /// Refuses what comes from now on; what is queued is still written.
    pub(crate) fn close(&self) {
        lock(&self.state).closed = true;
        self.filled.notify_all();
    }

    /// Drops what nobody will write; its callers are told that the journal is closed.
    pub(crate) fn abandon(&self) {
        self.close();
        lock(&self.state).items.clear();
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    pub(crate) fn entries(&self) -> usize {
        lock(&self.state).entries
    }
}

/// Waits on this thread, with no runtime; `None` when the deadline comes first.
pub(crate) fn block_on<F: Future>(future: F, deadline: Option<Instant>) -> Option<F::Output> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            None => thread::park(),
            Some(left) if left.is_zero() => return None,
            Some(left) => thread::park_timeout(left),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
