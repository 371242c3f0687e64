//! Every number that bounds a plugin, and the count of what an instance has taken. Pool sizes are in `engine`.

use std::time::Duration;

use wasmtime::{Error, ResourceLimiter};

use crate::outcome::{CallErrorKind, Phase};

/// The epoch's tick: the finest CPU budget we can tell apart, at a hundred wake-ups a second.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// A component as a file; Python ones with their interpreter are about 18 MB.
pub(crate) const COMPONENT_BYTES_MAX: usize = 64 << 20;

/// What one call may hand over at once: a page of the largest provider with room to spare, and less than the 4 MiB the
/// view takes in a row, so that no single event is too large to keep. It also bounds what the host allocates for the guest
/// in each call of an import.
pub(crate) const OUTPUT_BYTES_MAX: usize = 3 << 20;

/// Events of one call. The largest bulk webhooks and pages carry some hundreds.
pub(crate) const EVENTS_MAX: usize = 2_000;

/// Calls of imports. Each takes microseconds, so that this stays within the CPU budget.
pub(crate) const HOST_CALLS_MAX: u32 = 10_000;

/// Requests of one acting call; past it `http.send` answers `exhausted`.
pub(crate) const REQUESTS_MAX: u32 = 20;

/// Lines of one call; the rest is counted.
pub(crate) const LOG_LINES_MAX: u32 = 64;

/// The longest a plugin may ask that a provider be left alone: `wit/host` says so.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(3_600);

/// Bytes of a poll's cursor, as `wit/connector/poll` says.
pub(crate) const CURSOR_BYTES_MAX: usize = 16 << 10;

/// Bytes of one line, its fields included.
pub(crate) const LOG_LINE_BYTES_MAX: usize = 1 << 10;

/// As `wit/host` says of `state.set`.
pub(crate) const STATE_KEYS_MAX: usize = 64;
pub(crate) const STATE_KEY_BYTES_MAX: usize = 256;
pub(crate) const STATE_VALUE_BYTES_MAX: usize = 16 << 10;

/// A guest's words in a failure or note, for people.
pub(crate) const REASON_BYTES_MAX: usize = 1 << 10;

/// The engine's words in an error.
pub(crate) const MESSAGE_BYTES_MAX: usize = 400;

/// Handles a guest may hold at once, and with them what WASI keeps for it.
pub(crate) const HANDLES_MAX: usize = 1_000;

/// Bytes one question for randomness may ask for.
pub(crate) const RANDOM_BYTES_MAX: u64 = 64 << 10;

/// Table elements over a whole instance, 400 kB: more functions than a whole interpreter calls indirectly.
pub(crate) const TABLE_ELEMENTS_MAX: usize = 50_000;

/// CPU and waiting a phase may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
}

/// Budgets by phase. A pure phase never waits, so its wall clock only ends what the CPU clock cannot see: a machine
/// that gives the thread no time.
pub(crate) const fn budget(phase: Phase) -> Budget {
    let (cpu_ms, wall_ms) = match phase {
        Phase::Describe => (1_000, 30_000),
        Phase::Normalise | Phase::Enrich => (200, 10_000),
        // Both may wait for their turn at the provider, and a page may be several requests.
        Phase::Poll | Phase::Check => (1_000, 120_000),
        Phase::Perform => (1_000, 60_000),
    };
    Budget { cpu: Duration::from_millis(cpu_ms), wall: Duration::from_millis(wall_ms) }
}

/// How many whole ticks a budget is, never none.
pub(crate) fn ticks(budget: Duration, tick: Duration) -> u64 {
    u64::try_from(budget.as_nanos() / tick.as_nanos().max(1)).unwrap_or(u64::MAX).max(1)
}

/// What an instance has taken, over all its memories and tables.
pub(crate) struct Taken {
    memory_bytes: usize,
    memory_bytes_max: usize,
    table_elements: usize,
}

impl Taken {
    pub(crate) fn new(memory_bytes_max: usize) -> Self {
        Self { memory_bytes: 0, memory_bytes_max, table_elements: 0 }
    }
}

/// Growing past a limit ends the call: a guest that is told "no" mostly dies of `unreachable`, and nobody learns why.
impl ResourceLimiter for Taken {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if total > self.memory_bytes_max {
            return Err(Error::new(CallErrorKind::Memory { limit: self.memory_bytes_max }));
        }
        self.memory_bytes = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        if total > TABLE_ELEMENTS_MAX {
            return Err(Error::new(CallErrorKind::Table { limit: TABLE_ELEMENTS_MAX }));
        }
        self.table_elements = total;
        Ok(true)
    }
}
