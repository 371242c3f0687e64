//! One call: permit, fresh store, budgets, instance, answer, and a word for whatever went wrong. The store is dropped
//! at the end, trap or not: nothing of one customer's delivery is there for the next.

use std::sync::Arc;
use std::time::Duration;

use hub_model::event::Report;
use rustix::time::{ClockId, clock_gettime};
use wasmtime::component::{Instance, ResourceTableError};
use wasmtime::{Error, Store, Trap, UpdateDeadline};
use wasmtime_wasi::I32Exit;

use crate::acting::{Acting, ActingHost};
use crate::bindings::describes::exports::omnihub::connector::describe::Manifest as DescribedManifest;
use crate::bindings::describes::{Describes, DescribesPre};
use crate::bindings::enriches::EnricherPre;
use crate::bindings::enriches::exports::omnihub::enricher::enrich::About;
use crate::convert;
use crate::engine::Runtime;
use crate::exchange::{
    Delivery, Effect, Finding, Page, Position, Receipt, Settings, Subscribed, Text, Wanted,
};
use crate::guest_log::CallLog;
use crate::install::{Plugin, PluginName};
use crate::limits::{
    Budget, CURSOR_BYTES_MAX, EVENTS_MAX, HANDLES_MAX, MESSAGE_BYTES_MAX, OUTPUT_BYTES_MAX, Taken, budget,
    ticks,
};
use crate::outcome::{CallError, CallErrorKind, Failure, Output, Phase};
use crate::patience::{Patience, Usual};
use crate::plain_text::plain;
use crate::state::{CallState, GuestClock};

impl Plugin {
    /// Makes events of a delivery. Blocks for the guest's CPU time and, when the pool is full, until a slot is free:
    /// for worker threads with at least 1 MiB of stack. What ends for want of CPU time with [`Patience::Short`] may succeed
    /// with [`Patience::Whole`].
    ///
    /// # Errors
    /// Outer: the plugin broke its contract or a limit. Inner: its own answer.
    pub fn normalise(
        &self,
        delivery: Delivery,
        settings: &Settings,
        patience: Patience,
    ) -> Result<Result<Report, Failure>, CallError> {
        let Some(webhook) = &self.inner.exports.webhook else {
            return Ok(Err(unsupported(Phase::Normalise)));
        };
        let Caller { usual, .. } = &self.inner.caller;
        let limits = usual.limit(budget(Phase::Normalise), patience, delivery.body.len());
        let received_at_ns = delivery.received_at_ns;
        let delivery = convert::call::delivery(delivery);
        let began = thread_time();
        let answer = self.inner.caller.pure(Phase::Normalise, limits, received_at_ns, settings, |store| {
            let connector = webhook.instantiate(&mut *store).map_err(Broken::Instantiate)?;
            connector.omnihub_connector_webhook().call_normalise(store, &delivery).map_err(Broken::Call)
        })?;
        usual.learn(thread_time().saturating_sub(began));
        self.inner.caller.answer(Phase::Normalise, answer, convert::event::report, |report| report)
    }

    /// Says what texts mean, one finding per text. Blocks like [`Plugin::normalise`].
    ///
    /// # Errors
    /// The enricher broke its contract or a limit, or is no enricher.
    pub fn enrich(&self, texts: Vec<Text>) -> Result<Vec<Finding>, CallError> {
        let caller = &self.inner.caller;
        let bad =
            |message: &str| caller.error(Phase::Enrich, CallErrorKind::BadResult { message: message.into() });
        let Some(enricher) = &self.inner.exports.enrich else {
            return Err(bad("a connector does not enrich"));
        };
        let asked = texts.len();
        let texts: Vec<_> = texts.into_iter().map(convert::call::text).collect();
        let found = caller.pure(Phase::Enrich, budget(Phase::Enrich), 0, &Settings::default(), |store| {
            let enricher = enricher.instantiate(&mut *store).map_err(Broken::Instantiate)?;
            enricher.omnihub_enricher_enrich().call_enrich(store, &texts).map_err(Broken::Call)
        })?;
        if found.len() != asked {
            return Err(bad("not one finding per text"));
        }
        Ok(found.into_iter().map(convert::call::finding).collect())
    }

    /// Reads one page of a stream. Needs a tokio runtime with its clock on.
    ///
    /// # Errors
    /// Outer: the plugin broke its contract or a limit. Inner: its own answer.
    pub async fn poll(
        &self,
        position: Position,
        host: Arc<dyn ActingHost>,
        settings: &Settings,
    ) -> Result<Result<Page, Failure>, CallError> {
        let Some(poll) = &self.inner.exports.poll else { return Ok(Err(unsupported(Phase::Poll))) };
        let position = convert::call::position(position);
        let answer = self
            .inner
            .caller
            .acting(Phase::Poll, host, settings, async |store| {
                let connector = poll.instantiate_async(&mut *store).await.map_err(Broken::Instantiate)?;
                connector.omnihub_connector_poll().call_poll(store, &position).await.map_err(Broken::Call)
            })
            .await?;
        let page = self.inner.caller.answer(Phase::Poll, answer, convert::call::page, |page| &page.report)?;
        if let Ok(Page { cursor: Some(cursor), .. }) = &page
            && cursor.len() > CURSOR_BYTES_MAX
        {
            let kind = CallErrorKind::OutputTooLarge { what: Output::CursorBytes, limit: CURSOR_BYTES_MAX };
            return Err(self.inner.caller.error(Phase::Poll, kind));
        }
        Ok(page)
    }

    /// Performs one effect. Needs a tokio runtime with its clock on.
    ///
    /// # Errors
    /// Outer: the plugin broke its contract or a limit; a request may have left. Inner: its own answer.
    pub async fn perform(
        &self,
        effect: Effect,
        host: Arc<dyn ActingHost>,
        settings: &Settings,
    ) -> Result<Result<Receipt, Failure>, CallError> {
        let Some(action) = &self.inner.exports.action else { return Ok(Err(unsupported(Phase::Perform))) };
        let effect = convert::call::effect(effect);
        let answer = self
            .inner
            .caller
            .acting(Phase::Perform, host, settings, async |store| {
                let connector = action.instantiate_async(&mut *store).await.map_err(Broken::Instantiate)?;
                connector.omnihub_connector_action().call_perform(store, &effect).await.map_err(Broken::Call)
            })
            .await?;
        Ok(answer.map(convert::call::receipt).map_err(convert::call::failure))
    }
}

impl Plugin {
    /// Looks whether the provider still delivers. Needs a tokio runtime with its clock on.
    ///
    /// # Errors
    /// Outer: the plugin broke its contract or a limit. Inner: its own answer.
    pub async fn check(
        &self,
        wanted: Wanted,
        host: Arc<dyn ActingHost>,
        settings: &Settings,
    ) -> Result<Result<Vec<Subscribed>, Failure>, CallError> {
        let Some(subscription) = &self.inner.exports.subscription else {
            return Ok(Err(unsupported(Phase::Check)));
        };
        let wanted = convert::call::wanted(wanted);
        let answer = self
            .inner
            .caller
            .acting(Phase::Check, host, settings, async |store| {
                let connector =
                    subscription.instantiate_async(&mut *store).await.map_err(Broken::Instantiate)?;
                connector
                    .omnihub_connector_subscription()
                    .call_check(store, &wanted)
                    .await
                    .map_err(Broken::Call)
            })
            .await?;
        Ok(answer.map(convert::call::subscribed).map_err(convert::call::failure))
    }
}

fn unsupported(phase: Phase) -> Failure {
    Failure::Unsupported(phase.to_string())
}

/// Where a call broke; what broke it is found in the error.
enum Broken {
    Instantiate(Error),
    Call(Error),
}

/// What every call of one component needs.
pub(crate) struct Caller {
    runtime: Runtime,
    pub(crate) name: PluginName,
    pub(crate) digest: blake3::Hash,
    /// Of `normalise`.
    usual: Usual,
}

impl Caller {
    /// Until it has described itself a component is known by its digest.
    pub(crate) fn new(runtime: Runtime, digest: blake3::Hash) -> Self {
        let hex = digest.to_hex();
        let id = format!("component-{}", hex.get(..12).unwrap_or(&hex));
        Self {
            runtime,
            name: PluginName { id: id.into(), version: "0.0.0".into() },
            digest,
            usual: Usual::default(),
        }
    }

    pub(crate) fn rename(&mut self, id: &str, version: &str) {
        self.name = PluginName { id: id.into(), version: version.into() };
    }

    /// Calls `describe`, and shows the instance to `probe` while it is there.
    pub(crate) fn describe<R>(
        &self,
        describes: &DescribesPre<CallState>,
        probe: impl FnOnce(&mut Store<CallState>, &Instance) -> R,
    ) -> Result<(DescribedManifest, R), CallError> {
        self.pure(Phase::Describe, budget(Phase::Describe), 0, &Settings::default(), |store| {
            let pre = describes.instance_pre();
            let instance = pre.instantiate(&mut *store).map_err(Broken::Instantiate)?;
            let connector = Describes::new(&mut *store, &instance).map_err(Broken::Instantiate)?;
            let probed = probe(store, &instance);
            let manifest =
                connector.omnihub_connector_describe().call_describe(store).map_err(Broken::Call)?;
            Ok((manifest, probed))
        })
    }

    pub(crate) fn introduce(&self, enriches: &EnricherPre<CallState>) -> Result<About, CallError> {
        self.pure(Phase::Describe, budget(Phase::Describe), 0, &Settings::default(), |store| {
            let enricher = enriches.instantiate(&mut *store).map_err(Broken::Instantiate)?;
            enricher.omnihub_enricher_enrich().call_describe(store).map_err(Broken::Call)
        })
    }

    /// A call that cannot wait, on this thread.
    fn pure<R>(
        &self,
        phase: Phase,
        limits: Budget,
        now_ns: i64,
        settings: &Settings,
        call: impl FnOnce(&mut Store<CallState>) -> Result<R, Broken>,
    ) -> Result<R, CallError> {
        let _slot = self.runtime.shared.permits.take_blocking();
        let _ticking = self.runtime.shared.ticker.run();
        let clock = GuestClock::Fixed { now_ns, seed: *self.digest.as_bytes() };
        let mut store = self.store(settings.clone(), clock, None);
        limit_thread_time(&mut store, limits, self.runtime.shared.tick);
        let result = call(&mut store);
        store.data().log.close(&self.name);
        result.map_err(|broken| self.broken(phase, broken))
    }

    /// A call that may wait for the network, on a stack of its own.
    async fn acting<R>(
        &self,
        phase: Phase,
        host: Arc<dyn ActingHost>,
        settings: &Settings,
        call: impl AsyncFnOnce(&mut Store<CallState>) -> Result<Result<R, convert::call::WitFailure>, Broken>,
    ) -> Result<Result<R, convert::call::WitFailure>, CallError> {
        let _slot = self.runtime.shared.permits.take().await;
        let _ticking = self.runtime.shared.ticker.run();
        let mut store = self.store(settings.clone(), GuestClock::Real, Some(Acting::new(host)));
        limit_ticks(&mut store, phase, self.runtime.shared.tick);
        let wall = budget(phase).wall;
        let result = tokio::time::timeout(wall, call(&mut store)).await;
        store.data().log.close(&self.name);
        let answer = match result {
            Ok(result) => result.map_err(|broken| self.broken(phase, broken))?,
            Err(_elapsed) => return Err(self.error(phase, CallErrorKind::WallTimeout { limit: wall })),
        };
        if answer.is_ok()
            && let Some(acting) = &store.data().acting
        {
            acting.keep_state();
        }
        Ok(answer)
    }

    fn store(&self, settings: Settings, clock: GuestClock, acting: Option<Acting>) -> Store<CallState> {
        let shared = &self.runtime.shared;
        let log = CallLog::new(Arc::clone(&shared.log), shared.log_lines_max);
        let taken = Taken::new(shared.memory_bytes_max);
        let state = CallState::new(self.name.clone(), taken, log, settings, clock, acting);
        let mut store = Store::new(&shared.engine, state);
        store.limiter(|state| &mut state.taken);
        store.set_hostcall_fuel(OUTPUT_BYTES_MAX);
        store.set_max_component_handles(HANDLES_MAX);
        store
    }

    /// The connector's answer in our types, if it does not report more than it may.
    fn answer<W, R>(
        &self,
        phase: Phase,
        answer: Result<W, convert::call::WitFailure>,
        convert: impl FnOnce(W) -> R,
        report: impl FnOnce(&R) -> &Report,
    ) -> Result<Result<R, Failure>, CallError> {
        match answer {
            Err(failure) => Ok(Err(convert::call::failure(failure))),
            Ok(answer) => {
                let answer = convert(answer);
                let report = report(&answer);
                if report.events.len().max(report.notes.len()) > EVENTS_MAX {
                    let kind = CallErrorKind::OutputTooLarge { what: Output::Events, limit: EVENTS_MAX };
                    return Err(self.error(phase, kind));
                }
                Ok(Ok(answer))
            }
        }
    }

    fn error(&self, phase: Phase, kind: CallErrorKind) -> CallError {
        CallError { plugin: self.name.clone(), phase, kind }
    }

    fn broken(&self, phase: Phase, broken: Broken) -> CallError {
        let (error, is_call) = match broken {
            Broken::Instantiate(error) => (error, false),
            Broken::Call(error) => (error, true),
        };
        let message = || plain(&format!("{error:#}"), MESSAGE_BYTES_MAX);
        let kind = match known(&error) {
            Some(kind) => kind,
            None if is_call => CallErrorKind::BadResult { message: message() },
            None => CallErrorKind::Instantiate { message: message() },
        };
        self.error(phase, kind)
    }
}

/// What the engine puts it as when a guest hands over more than `set_hostcall_fuel` allows; the type is private. A
/// hostile guest in `tests/guests` notices when the words change.
const FUEL_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";

/// Our own reasons to end a call, and the traps of the machine; `None` for words of the engine about bad data.
fn known(error: &Error) -> Option<CallErrorKind> {
    if let Some(kind) = error.downcast_ref::<CallErrorKind>() {
        return Some(kind.clone());
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => return Some(CallErrorKind::StackOverflow),
        // Traps of the code between host and guest that checks what is handed over.
        Some(
            Trap::StringOutOfBounds | Trap::ListOutOfBounds | Trap::InvalidDiscriminant | Trap::InvalidChar,
        )
        | Some(Trap::UnalignedPointer) => return None,
        Some(trap) => return Some(CallErrorKind::Trap { message: trap.to_string() }),
        None => {}
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        return Some(CallErrorKind::Handles { limit: HANDLES_MAX });
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Some(CallErrorKind::Trap { message: exit.to_string() });
    }
    if error.chain().any(|cause| cause.to_string().contains(FUEL_EXHAUSTED)) {
        return Some(CallErrorKind::OutputTooLarge { what: Output::Bytes, limit: OUTPUT_BYTES_MAX });
    }
    None
}

/// Ends the call when its thread has spent its CPU time. Asked at every tick, so a machine that gives the
/// thread no time does not end it early; the wall clock, counted in ticks, is the backstop.
fn limit_thread_time(store: &mut Store<CallState>, limits: Budget, tick: Duration) {
    let started = thread_time();
    let mut ticks_left = ticks(limits.wall, tick);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        if thread_time().saturating_sub(started) >= limits.cpu {
            return Err(Error::new(CallErrorKind::CpuBudget { limit: limits.cpu }));
        }
        ticks_left = ticks_left.saturating_sub(1);
        if ticks_left == 0 {
            return Err(Error::new(CallErrorKind::WallTimeout { limit: limits.wall }));
        }
        Ok(UpdateDeadline::Continue(1))
    });
}

/// Ends the call when it has been running at as many ticks as its CPU time has, and gives the thread to other tasks
/// at each. A tick that passed while the guest waited for the network is not its own. Only that wait is free: what
/// the hub computes for the guest is on the guest's bill, or a loop of cheap calls with large arguments would be free.
fn limit_ticks(store: &mut Store<CallState>, phase: Phase, tick: Duration) {
    let limit = budget(phase).cpu;
    let mut ticks_left = ticks(limit, tick);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |mut store| {
        let waited =
            store.data_mut().acting.as_mut().is_some_and(|acting| std::mem::take(&mut acting.waited));
        if !waited {
            ticks_left = ticks_left.saturating_sub(1);
        }
        if ticks_left == 0 {
            return Err(Error::new(CallErrorKind::CpuBudget { limit }));
        }
        Ok(UpdateDeadline::Yield(1))
    });
}

/// CPU time this thread has used.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}
