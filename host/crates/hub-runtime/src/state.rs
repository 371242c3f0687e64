//! What one call has in its store: counters, the imports' implementations, and an inert WASI for guests that expect
//! one. Dropped with the instance.

use std::time::Duration;

use wasmtime::Error;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::acting::Acting;
use crate::bindings::host::{config, http, log, state};
use crate::convert;
use crate::exchange::Settings;
use crate::guest_log::{CallLog, LogLevel};
use crate::install::PluginName;
use crate::limits::{
    HANDLES_MAX, HOST_CALLS_MAX, PAUSE_MAX, RANDOM_BYTES_MAX, REQUESTS_MAX, STATE_KEY_BYTES_MAX,
    STATE_KEYS_MAX, STATE_VALUE_BYTES_MAX, Taken,
};
use crate::outcome::{CallErrorKind, StateCap};

pub(crate) struct CallState {
    pub(crate) plugin: PluginName,
    pub(crate) taken: Taken,
    pub(crate) log: CallLog,
    pub(crate) settings: Settings,
    host_calls: u32,
    /// Absent in pure phases, whose linker never gets as far as asking.
    pub(crate) acting: Option<Acting>,
    clock: GuestClock,
    /// Most guests never ask for it.
    wasi: Option<Box<Wasi>>,
}

/// What the clocks and the randomness of WASI show.
#[derive(Clone, Copy, Debug)]
pub(crate) enum GuestClock {
    /// Pure phases: time stands still at this moment, randomness follows from it and from the component.
    Fixed { now_ns: i64, seed: [u8; 32] },
    /// Acting phases.
    Real,
}

struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
}

impl CallState {
    pub(crate) fn new(
        plugin: PluginName,
        taken: Taken,
        log: CallLog,
        settings: Settings,
        clock: GuestClock,
        acting: Option<Acting>,
    ) -> Self {
        Self { plugin, taken, log, settings, host_calls: 0, acting, clock, wasi: None }
    }

    fn count_host_call(&mut self) -> wasmtime::Result<()> {
        self.host_calls += 1;
        if self.host_calls > HOST_CALLS_MAX {
            return Err(Error::new(CallErrorKind::HostCalls { limit: HOST_CALLS_MAX }));
        }
        Ok(())
    }

    fn acting(&mut self, import: &str) -> wasmtime::Result<&mut Acting> {
        self.count_host_call()?;
        self.acting.as_mut().ok_or_else(|| forbidden(import))
    }
}

/// The end of a call that used an import its phase does not have.
pub(crate) fn forbidden(import: &str) -> Error {
    Error::new(CallErrorKind::ForbiddenImport { name: import.to_owned() })
}

impl log::Host for CallState {
    fn write(
        &mut self,
        level: log::Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.count_host_call()?;
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        self.log.write(&self.plugin, level, &message, &fields);
        Ok(())
    }
}

impl config::Host for CallState {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.count_host_call()?;
        Ok(self.settings.get(&key).map(str::to_owned))
    }
}

impl state::Host for CallState {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        let acting = self.acting("omnihub:host/state.get")?;
        if let Some(kept) = acting.kept.get(&key) {
            return Ok(Some(kept.clone()));
        }
        acting.host.state_get(&key).map_err(|reason| Error::new(CallErrorKind::StateUnread { reason }))
    }

    fn set(&mut self, key: String, value: String) -> wasmtime::Result<()> {
        let kept = &mut self.acting("omnihub:host/state.set")?.kept;
        let over = |what, limit| Err(Error::new(CallErrorKind::State { what, limit }));
        if key.len() > STATE_KEY_BYTES_MAX {
            return over(StateCap::KeyBytes, STATE_KEY_BYTES_MAX);
        }
        if value.len() > STATE_VALUE_BYTES_MAX {
            return over(StateCap::ValueBytes, STATE_VALUE_BYTES_MAX);
        }
        if kept.len() >= STATE_KEYS_MAX && !kept.contains_key(&key) {
            return over(StateCap::Keys, STATE_KEYS_MAX);
        }
        kept.insert(key, value);
        Ok(())
    }
}

impl http::Host for CallState {
    async fn send(
        &mut self,
        endpoint: String,
        request: http::Request,
    ) -> wasmtime::Result<Result<http::Response, http::HttpError>> {
        let acting = self.acting("omnihub:host/http.send")?;
        if acting.requests >= REQUESTS_MAX {
            return Ok(Err(http::HttpError::Exhausted));
        }
        acting.requests += 1;
        let answer = acting.host.http(&endpoint, convert::http::request(request)).await;
        acting.waited = true;
        Ok(convert::http::answer(answer))
    }

    fn pause(&mut self, endpoint: String, milliseconds: u64) -> wasmtime::Result<()> {
        let pause = Duration::from_millis(milliseconds).min(PAUSE_MAX);
        self.acting("omnihub:host/http.pause")?.host.pause(&endpoint, pause);
        Ok(())
    }
}

/// WASI with nothing in it: no files, no sockets, no environment, no arguments, no output anybody reads.
impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let clock = self.clock;
        let wasi = self.wasi.get_or_insert_with(|| Box::new(Wasi::inert(clock)));
        WasiCtxView { ctx: &mut wasi.context, table: &mut wasi.table }
    }
}

impl Wasi {
    fn inert(clock: GuestClock) -> Self {
        let mut builder = WasiCtxBuilder::new();
        builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        builder.max_random_size(RANDOM_BYTES_MAX);
        if let GuestClock::Fixed { now_ns, seed } = clock {
            let stopped = Stopped(u64::try_from(now_ns).unwrap_or(0));
            builder.wall_clock(stopped).monotonic_clock(stopped);
            builder.secure_random(randomness(b"secure", &seed));
            builder.insecure_random(randomness(b"insecure", &seed));
            let (half, _) = seed.split_at(16);
            builder.insecure_random_seed(half.try_into().map_or(0, u128::from_le_bytes));
        }
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES_MAX);
        Self { context: builder.build(), table }
    }
}

/// Bytes that look random and follow from the seed alone. They repeat after 4 KiB: enough for hash maps and ids,
/// and nothing in a pure phase has a use for secrets.
fn randomness(purpose: &[u8], seed: &[u8; 32]) -> Deterministic {
    let mut bytes = vec![0; 4 << 10];
    blake3::Hasher::new_keyed(seed).update(purpose).finalize_xof().fill(&mut bytes);
    Deterministic::new(bytes)
}

#[derive(Clone, Copy)]
struct Stopped(u64);

impl HostWallClock for Stopped {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

impl HostMonotonicClock for Stopped {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        self.0
    }
}
