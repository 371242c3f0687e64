//! Whether the hub can do its work, for `/readyz` and for whoever asks why not.

use std::sync::{Mutex, PoisonError};

use hub_journal::Journal;

#[derive(Default)]
pub struct Health {
    view: Mutex<Option<String>>,
    draining: std::sync::atomic::AtomicBool,
}

impl Health {
    pub fn view_failed(&self, reason: &str) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
    }

    pub fn view_works(&self) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub fn drain(&self) {
        self.draining.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    /// Everything that keeps the hub from accepting and processing; empty when it is ready.
    #[must_use]
    pub fn problems(&self, journal: &Journal) -> Vec<String> {
        let mut problems = Vec::new();
        if self.draining.load(std::sync::atomic::Ordering::SeqCst) {
            problems.push("stopping".to_owned());
        }
        if let hub_journal::Health::Failed { reason } = journal.health() {
            problems.push(format!("journal: {reason}"));
        }
        if let Some(reason) = self.view.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            problems.push(format!("view: {reason}"));
        }
        problems
    }
}
