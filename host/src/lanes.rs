//! So many at a time by key: calls to one connection, writes to one object. Whoever comes next waits in line.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lanes of one width. One that nobody is in or waits for is forgotten.
#[derive(Debug)]
pub(crate) struct Lanes<K: Eq + Hash> {
    width: usize,
    open: Mutex<HashMap<K, Arc<Semaphore>>>,
}

/// A place in a lane, given back when dropped.
#[derive(Debug)]
pub(crate) struct InLane<'a, K: Eq + Hash> {
    lanes: &'a Lanes<K>,
    key: K,
    /// Absent if the lane was closed, which nobody does.
    permit: Option<OwnedSemaphorePermit>,
}

impl<K: Eq + Hash + Clone> Lanes<K> {
    pub(crate) fn new(width: usize) -> Self {
        Self { width, open: Mutex::default() }
    }

    /// Waits until there is room.
    pub(crate) async fn enter(&self, key: K) -> InLane<'_, K> {
        let lane = {
            let mut lanes = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(lanes.entry(key.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.width))))
        };
        // Made before waiting: whoever gives up waiting leaves the lane as well.
        let mut place = InLane { lanes: self, key, permit: None };
        place.permit = lane.acquire_owned().await.ok();
        place
    }
}

impl<K: Eq + Hash> Drop for InLane<'_, K> {
    fn drop(&mut self) {
        let mut lanes = self.lanes.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.permit = None;
        // New holders come by the map alone, which is locked.
        if lanes.get(&self.key).is_some_and(|lane| Arc::strong_count(lane) == 1) {
            lanes.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn one_lane_is_in_line_and_others_are_not() {
        let lanes = Lanes::new(1);
        let first = lanes.enter("order 1").await;
        let mut second = Box::pin(lanes.enter("order 1"));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(lanes.enter("order 2").now_or_never().is_some());
        drop(first);
        assert!(second.await.permit.is_some());
    }

    #[tokio::test]
    async fn nothing_is_kept_of_lanes_nobody_uses() {
        let lanes = Lanes::new(2);
        let (first, second) = (lanes.enter(1).await, lanes.enter(1).await);
        {
            let mut third = Box::pin(lanes.enter(1));
            assert!(third.as_mut().now_or_never().is_none());
        }
        drop(first);
        assert_eq!(lanes.open.lock().unwrap().len(), 1);
        drop(second);
        assert!(lanes.open.lock().unwrap().is_empty());
    }
}
