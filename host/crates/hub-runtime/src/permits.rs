//! One permit per pool slot, taken before a component is instantiated: a full pool makes callers wait instead of
//! failing them. Worker threads and async tasks queue in the same line.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) struct Permits(Arc<Semaphore>);

/// The right to one instance; given back when dropped.
pub(crate) struct Slot {
    _permit: OwnedSemaphorePermit,
}

impl Permits {
    pub(crate) fn new(slots: u32) -> Self {
        // A semaphore counts in usize, which has at least 32 bits wherever wasmtime compiles to machine code.
        Self(Arc::new(Semaphore::new(usize::try_from(slots).unwrap_or(usize::MAX))))
    }

    pub(crate) async fn take(&self) -> Slot {
        let permit = Arc::clone(&self.0).acquire_owned().await;
        Slot { _permit: permit.expect("the semaphore is never closed") }
    }

    /// Waits with the thread. For worker threads, never for a thread that drives async tasks.
    pub(crate) fn take_blocking(&self) -> Slot {
        match Arc::clone(&self.0).try_acquire_owned() {
            Ok(permit) => Slot { _permit: permit },
            Err(_full) => block_on(self.take()),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Parks this thread until the future is ready. Enough for a semaphore, which needs no runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Permits;

    #[test]
    fn a_full_pool_makes_callers_wait_for_each_other() {
        let permits = Arc::new(Permits::new(2));
        let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let workers: Vec<_> = (0..8)
            .map(|_| {
                let (permits, inside, most) = (Arc::clone(&permits), Arc::clone(&inside), Arc::clone(&most));
                std::thread::spawn(move || {
                    for _ in 0..50 {
                        let _slot = permits.take_blocking();
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("no worker panics");
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
        assert_eq!(permits.0.available_permits(), 2);
    }
}
