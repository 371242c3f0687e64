//! The engine all plugins share: compiler settings, the pool of instances, the clock that ends endless loops.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::cache::Cache;
use crate::guest_log::{LogSink, NoLog};
use crate::limits::{LOG_LINES_MAX, TABLE_ELEMENTS_MAX, TICK};
use crate::linker;
use crate::permits::Permits;
use crate::state::CallState;
use crate::ticker::Ticker;

/// Loads and calls plugins. Cheap to clone; everything ends when the last clone and the last plugin are gone.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) pure: Linker<CallState>,
    pub(crate) acting: Linker<CallState>,
    pub(crate) permits: Permits,
    pub(crate) cache: Option<Cache>,
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) memory_bytes_max: usize,
    pub(crate) tick: Duration,
    pub(crate) log_lines_max: u32,
    pub(crate) ticker: Ticker,
}

/// What the operator may change.
#[derive(Clone)]
pub struct RuntimeOptions {
    /// Where compiled code is kept between runs; without it every install compiles.
    pub cache_dir: Option<PathBuf>,
    /// Calls at the same time; more wait.
    pub instances_max: u32,
    /// Linear memory of one instance, all its memories together.
    pub memory_bytes_max: usize,
    /// How often a busy guest is looked at: the finest difference in what it may spend.
    pub tick: Duration,
    /// Lines of one call; the rest is counted.
    pub log_lines_max: u32,
    /// Where plugins' log lines go.
    pub log: Arc<dyn LogSink>,
}

impl Default for RuntimeOptions {
    /// Thirty-two instances keep two dozen waiting `perform`s beside the workers. 64 MiB leaves room for a guest
    /// that brings an interpreter.
    fn default() -> Self {
        Self {
            cache_dir: None,
            instances_max: 32,
            memory_bytes_max: 64 << 20,
            tick: TICK,
            log_lines_max: LOG_LINES_MAX,
            log: Arc::new(NoLog),
        }
    }
}

/// The runtime could not start.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    #[error("the WebAssembly engine refuses its settings: {0}")]
    Engine(String),
    #[error("the folder for compiled code cannot be used: {0}")]
    CacheDir(std::io::Error),
    #[error("the thread that limits CPU time cannot be started: {0}")]
    Ticker(std::io::Error),
    #[error("instances_max must be between 1 and 4096")]
    InstancesMax,
    #[error("the tick must be a millisecond or more")]
    Tick,
}

/// The address space holds that many memories with their guard pages.
const INSTANCES_MAX_MAX: u32 = 4_096;

/// Finer ticks would cost more than the guests they look at.
const TICK_MIN: Duration = Duration::from_millis(1);

/// What one component may consist of. Python's dynamic linking takes a core instance per library; memories and tables
/// are shared between them.
const CORE_INSTANCES_PER_COMPONENT: u32 = 64;
const MEMORIES_PER_COMPONENT: u32 = 2;
const TABLES_PER_COMPONENT: u32 = 4;

/// Guest stack. A JavaScript engine's parser recurses deeply; a worker thread's own stack of 2 MiB holds it.
const GUEST_STACK_BYTES: usize = 512 << 10;

/// Guest stack and what the hub's own functions need below it, for calls that may wait.
const FIBER_STACK_BYTES: usize = 1 << 20;

impl Runtime {
    /// Starts the engine and the thread that ticks it.
    ///
    /// # Errors
    /// Unusable options, or a system that gives no thread, folder or address space.
    pub fn new(options: RuntimeOptions) -> Result<Self, RuntimeError> {
        if !(1..=INSTANCES_MAX_MAX).contains(&options.instances_max) {
            return Err(RuntimeError::InstancesMax);
        }
        if options.tick < TICK_MIN {
            return Err(RuntimeError::Tick);
        }
        let refused = |error: wasmtime::Error| RuntimeError::Engine(format!("{error:#}"));
        let engine = Engine::new(&config(&options)).map_err(refused)?;
        let cache = options.cache_dir.map(Cache::open).transpose().map_err(RuntimeError::CacheDir)?;
        let shared = Shared {
            pure: linker::pure(&engine).map_err(refused)?,
            acting: linker::acting(&engine).map_err(refused)?,
            permits: Permits::new(options.instances_max),
            cache,
            log: options.log,
            memory_bytes_max: options.memory_bytes_max,
            tick: options.tick,
            log_lines_max: options.log_lines_max,
            ticker: Ticker::start(engine.clone(), options.tick)?,
            engine,
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

fn config(options: &RuntimeOptions) -> Config {
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(options)))
        .epoch_interruption(true)
        .max_wasm_stack(GUEST_STACK_BYTES)
        .async_stack_size(FIBER_STACK_BYTES)
        // Nobody reads native backtraces of guests, so their tables need not be kept in memory.
        .generate_address_map(false)
        .native_unwind_info(cfg!(windows))
        // Nor those of their own code: they would stand before what happened, in the guest's words.
        .wasm_backtrace_max_frames(None)
        // Two runs give the same bytes, whatever the processor makes of a NaN.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        // One call at a time in a store: nothing to set up for more.
        .concurrency_support(false);
    config
}

/// One slot per permit, for whatever a component may consist of, so that a permit is never refused by the pool.
///
/// Where the system tells which pages a call has written (`PAGEMAP_SCAN`, Linux 6.7), those are restored and the rest is
/// kept: the six connectors make about twice as many calls a second (`cargo xtask bench --only connectors`), because a
/// page given back costs a fault when it is next used. Elsewhere all memory is given back after every call: wiping a
/// megabyte per slot without knowing what was written made a call of the echo connector slower (median 40 µs, not 24),
/// and so did filling memory without copy-on-write (42 µs).
fn pool(options: &RuntimeOptions) -> PoolingAllocationConfig {
    let slots = options.instances_max;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(CORE_INSTANCES_PER_COMPONENT))
        .total_memories(slots.saturating_mul(MEMORIES_PER_COMPONENT))
        .total_tables(slots.saturating_mul(TABLES_PER_COMPONENT))
        .total_stacks(slots)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_tables_per_module(TABLES_PER_COMPONENT)
        .max_memories_per_module(MEMORIES_PER_COMPONENT)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_memory_size(options.memory_bytes_max);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(KEPT_MEMORY_BYTES)
            .table_keep_resident(KEPT_TABLE_BYTES);
    }
    pool
}

/// What a call of a connector writes, with room; what it writes beyond is given back. Times the slots in use this stays
/// resident.
const KEPT_MEMORY_BYTES: usize = 256 << 10;
const KEPT_TABLE_BYTES: usize = 64 << 10;
