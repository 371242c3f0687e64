//! Journals that time has passed when rules wait for it: the fold itself reads no clock.

use std::sync::Arc;
use std::time::Duration;

use hub_fold::{Record, next_timer};
use hub_journal::{Entry, Journal};
use hub_store::Store;
use tokio::sync::watch;

use crate::clock::Clock;

/// How late a rule may be asked. What begins to wait meanwhile is due later than this, or is late already.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Timekeeper {
    pub journal: Journal,
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    pub applied: watch::Receiver<u64>,
}

impl Timekeeper {
    /// Runs until `stop`. What is due then is asked when the next hub starts.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(error) = self.tick().await {
                tracing::error!(%error, "rules that wait for a time cannot be asked; it is tried again");
            }
            tokio::select! {
                () = self.clock.sleep(LOOK_EVERY) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Lets every rule be asked whose time has come.
    async fn tick(&mut self) -> anyhow::Result<()> {
        let now = self.clock.now();
        while tokio::task::block_in_place(|| next_timer(&*self.store))?.is_some_and(|due| due <= now) {
            let entry = Entry { kind: Record::Tick.kind(), time_ns: now.0, payload: Record::Tick.encode() };
            let seq = self.journal.append(entry).await?;
            // The sender is only gone when the hub stops.
            if self.applied.wait_for(|applied| *applied >= seq.get()).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}
