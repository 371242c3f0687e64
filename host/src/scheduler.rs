//! Deliveries to try again when their time comes. The view's list of pending ones is the truth; this holds what of it is
//! near, and reads on when it has nothing left.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use hub_model::Timestamp;
use hub_store::Store;
use tokio::sync::{mpsc, watch};

use crate::clock::Clock;
use crate::folder::Due;
use crate::pipeline::Work;

/// How often the view's list is read for what nobody told us of: after a restart, or when the queue was full.
const SWEEP_EVERY: Duration = Duration::from_secs(2);
/// Deliveries taken from the list at once.
const SWEEP_MAX: usize = 2_000;
/// A delivery this long in a normaliser's queue is not offered again: it is on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(60);

pub(crate) struct Scheduler {
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    pub work: mpsc::Sender<Work>,
    pub due: mpsc::Receiver<Due>,
    pub effects: Arc<tokio::sync::Notify>,
}

impl Scheduler {
    /// Runs until `stop`; what waits then is found again in the view's list.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut waiting: BTreeMap<(Timestamp, u64), u32> = BTreeMap::new();
        let mut offered: BTreeMap<u64, Timestamp> = BTreeMap::new();
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            let now = self.clock.now();
            let next = waiting.keys().next().map_or(SWEEP_EVERY, |(at, _)| at.since(now).min(SWEEP_EVERY));
            tokio::select! {
                due = self.due.recv() => match due {
                    None => return,
                    Some(Due::Effects) => self.effects.notify_one(),
                    Some(Due::Delivery { seq, at, attempt }) => {
                        offered.remove(&seq);
                        // Redriven before its time: the old time is off.
                        waiting.retain(|(_, known), _| *known != seq);
                        waiting.insert((at, seq), attempt);
                    }
                },
                _ = stop.wait_for(|stop| *stop) => return,
                _ = sweep.tick() => tokio::task::block_in_place(|| self.sweep(&mut waiting, &mut offered)),
                () = tokio::time::sleep(next) => {}
            }
            if !tokio::task::block_in_place(|| self.hand_over(&mut waiting, &mut offered)) {
                return;
            }
        }
    }

    /// Finds what is pending and was not told: at start, and what did not fit the queue.
    fn sweep(&self, waiting: &mut BTreeMap<(Timestamp, u64), u32>, offered: &mut BTreeMap<u64, Timestamp>) {
        // While anything is queued, the list also holds what is in the queue.
        if self.work.capacity() < self.work.max_capacity() {
            return;
        }
        let now = self.clock.now();
        offered.retain(|_, at| now.since(*at) < ON_ITS_WAY);
        let known: HashSet<u64> = waiting.keys().map(|(_, seq)| *seq).collect();
        let pending = hub_fold::deliveries_pending(&*self.store, SWEEP_MAX).unwrap_or_default();
        // What arrived just now is in a normaliser's queue already.
        let settled = now.minus(SWEEP_EVERY);
        for (due, seq) in pending {
            if due <= settled && !known.contains(&seq) && !offered.contains_key(&seq) {
                let setbacks = self.tries(seq).map_or(0, |(setbacks, _)| setbacks);
                waiting.insert((due, seq), setbacks.saturating_add(1));
            }
        }
    }

    fn tries(&self, seq: u64) -> Option<(u32, Timestamp)> {
        hub_fold::delivery_tries(&*self.store, seq).ok().flatten()
    }

    fn hand_over(
        &self,
        waiting: &mut BTreeMap<(Timestamp, u64), u32>,
        offered: &mut BTreeMap<u64, Timestamp>,
    ) -> bool {
        let now = self.clock.now();
        while let Some((&(at, seq), &attempt)) = waiting.first_key_value() {
            if at > now {
                break;
            }
            let Ok(place) = self.work.try_reserve() else { return !self.work.is_closed() };
            let received_at = self.tries(seq).map_or(at, |(_, received_at)| received_at);
            place.send(Work { seq, received_at, attempt, delivery: None });
            waiting.remove(&(at, seq));
            offered.insert(seq, now);
        }
        true
    }
}
