//! Many cases on all cores, and work that may not take for ever.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Does so many cases and answers what came of each, in their order.
pub fn each<T: Send>(cases: u64, case: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(0);
    let done = Mutex::new(Vec::new());
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let work = || loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= cases {
            return;
        }
        let outcome = case(number);
        done.lock().unwrap_or_else(PoisonError::into_inner).push((number, outcome));
    };
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The thread goes on for as long as the process does.
    Late,
    Panicked,
}

/// What the work answers, if it does so in time.
pub fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoAnswer> {
    let (answer, answered) = mpsc::sync_channel(1);
    // Nobody listens any more when it comes too late.
    thread::spawn(move || drop(answer.send(work())));
    answered.recv_timeout(limit).map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => NoAnswer::Late,
        mpsc::RecvTimeoutError::Disconnected => NoAnswer::Panicked,
    })
}
