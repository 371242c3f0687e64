//! The thread that moves the epoch on while guests run, so that their time is looked at. It sleeps when none has run for a
//! while: an idle hub wakes nobody up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::Engine;

use crate::engine::RuntimeError;

/// Ticks without a guest before the thread sleeps: calls that come now and then need not wake it.
const IDLE_TICKS_MAX: u32 = 100;

pub(crate) struct Ticker {
    guests: Arc<Guests>,
    thread: Thread,
}

#[derive(Default)]
struct Guests {
    running: AtomicU32,
    ended: AtomicBool,
}

/// As long as it is held the epoch moves on.
pub(crate) struct Ticking<'a>(&'a Guests);

impl Ticker {
    /// A thread of its own: a guest that never returns may hold every other one.
    pub(crate) fn start(engine: Engine, every: Duration) -> Result<Self, RuntimeError> {
        let guests = Arc::new(Guests::default());
        let watched = Arc::clone(&guests);
        let thread = thread::Builder::new()
            .name("plugin-clock".to_owned())
            .spawn(move || watched.tick(every, || engine.increment_epoch()))
            .map_err(RuntimeError::Ticker)?;
        Ok(Self { guests, thread: thread.thread().clone() })
    }

    /// Called before a guest's first instruction.
    pub(crate) fn run(&self) -> Ticking<'_> {
        if self.guests.running.fetch_add(1, Ordering::SeqCst) == 0 {
            // Without effect on a thread that is awake, but that it looks once more before it sleeps.
            self.thread.unpark();
        }
        Ticking(&self.guests)
    }
}

impl Guests {
    fn tick(&self, every: Duration, mut move_on: impl FnMut()) {
        let mut idle_ticks = 0;
        while !self.ended.load(Ordering::SeqCst) {
            match self.running.load(Ordering::SeqCst) {
                0 if idle_ticks == IDLE_TICKS_MAX => {
                    thread::park();
                    idle_ticks = 0;
                }
                0 => idle_ticks += 1,
                _ => idle_ticks = 0,
            }
            thread::sleep(every);
            move_on();
        }
    }
}

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.guests.ended.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::time::Instant;

    use super::*;

    const TICK: Duration = Duration::from_millis(1);
    /// Of a machine that does other things.
    const LONG: Duration = Duration::from_secs(20);

    struct Counted {
        ticker: Ticker,
        ticks: Arc<AtomicU64>,
    }

    fn counted() -> Counted {
        let (guests, ticks) = (Arc::new(Guests::default()), Arc::new(AtomicU64::new(0)));
        let (watched, counting) = (Arc::clone(&guests), Arc::clone(&ticks));
        let thread = thread::spawn(move || {
            watched.tick(TICK, || {
                counting.fetch_add(1, Ordering::SeqCst);
            });
        });
        Counted { ticker: Ticker { guests, thread: thread.thread().clone() }, ticks }
    }

    impl Counted {
        fn ticks(&self) -> u64 {
            self.ticks.load(Ordering::SeqCst)
        }

        /// Whether it ticks so often within a long time.
        fn ticks_again(&self, times: u64) -> bool {
            let (began, before) = (Instant::now(), self.ticks());
            while self.ticks() < before + times && began.elapsed() < LONG {
                thread::sleep(TICK);
            }
            self.ticks() >= before + times
        }

        fn falls_asleep(&self) -> bool {
            let began = Instant::now();
            while began.elapsed() < LONG {
                let before = self.ticks();
                thread::sleep(TICK * 200);
                if self.ticks() == before {
                    return true;
                }
            }
            false
        }
    }

    #[test]
    fn it_sleeps_while_no_guest_runs_and_is_awake_while_one_does() {
        let counted = counted();
        assert!(counted.falls_asleep());
        for _ in 0..3 {
            let first = counted.ticker.run();
            let second = counted.ticker.run();
            drop(first);
            // Longer than it would stay awake for nothing.
            assert!(counted.ticks_again(u64::from(IDLE_TICKS_MAX) * 3));
            drop(second);
            assert!(counted.falls_asleep());
        }
    }

    #[test]
    fn its_thread_ends_with_it() {
        let Counted { ticker, ticks } = counted();
        let guests = Arc::downgrade(&ticker.guests);
        drop(ticker);
        let began = Instant::now();
        while guests.strong_count() > 0 && began.elapsed() < LONG {
            thread::sleep(TICK);
        }
        assert_eq!(guests.strong_count(), 0, "the thread still holds it after {ticks:?} ticks");
    }
}
