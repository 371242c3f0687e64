//! One life of the hub: journal and view are opened as a start does it, the test folds, and a crash drops all of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hub_fold::ledger::LedgerReport;
use hub_fold::record::Record;
use hub_fold::row::{EffectRow, EffectState};
use hub_fold::{Fold, Sequenced, effect, effects_held, effects_open};
use hub_journal::{Entry, Reader, Seq};
use hub_model::{EffectId, Timestamp};
use omnihub::app::lone::LoneDispatcher;
use omnihub::clock::Clock;
use omnihub::data::{self, Data};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::plan::Step;
use super::run::Theatre;
use super::wire::{Place, Stop};

/// Longer than anything takes that still moves, on a machine busy with other tests.
const GOES_ON_WITHIN: Duration = Duration::from_secs(60);
/// Whoever waits for the clock and says so nowhere has nothing else to wait for after so long.
const STILL_MAX: Duration = Duration::from_millis(250);
/// A few looks of the dispatcher at what is due.
const RESTS_FOR: Duration = Duration::from_millis(40);
const TURNED_BY: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// For calls under way, which end at their next wait.
const DROPPED_WITHIN: Duration = Duration::from_secs(20);
const ALL: usize = 10;

/// How far a life got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// To the step it was to end at.
    There,
    /// To where nothing more happens by itself.
    Settled,
}

pub(crate) struct Life<'a> {
    theatre: &'a Theatre,
    data: Data,
    fold: Fold,
    reader: Reader,
    lone: LoneDispatcher,
    working: Option<JoinHandle<()>>,
    runtime: Runtime,
}

impl<'a> Life<'a> {
    pub(crate) fn begin(theatre: &'a Theatre, patience: Duration) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (data, fold) = Data::open(&theatre.config).unwrap();
        let clock = Clock::Manual(Arc::clone(&theatre.clock));
        runtime.block_on(theatre.connectors.bring_settings_up_to_date(&data, &clock)).unwrap();
        let lone = {
            let _entered = runtime.enter();
            theatre.connectors.dispatcher(&data, clock, patience).unwrap()
        };
        let reader = data.journal.reader(Seq::new(data.store.applied().unwrap()).next());
        Self { theatre, data, fold, reader, lone, working: None, runtime }
    }

    pub(crate) fn append(&self, record: &Record) -> u64 {
        let entry = Entry {
            kind: record.kind(),
            time_ns: self.theatre.clock.load(Ordering::SeqCst),
            payload: record.encode(),
        };
        self.runtime.block_on(self.data.journal.append(entry)).unwrap().get()
    }

    fn read(&mut self) -> Option<Sequenced> {
        let record = self.reader.next().unwrap()?;
        let read = Record::decode(record.kind, &record.payload).unwrap();
        Some(Sequenced { seq: record.seq.get(), at: Timestamp(record.time_ns), record: read })
    }

    fn fold(&mut self, record: &Sequenced) {
        self.fold.apply(&*self.data.store, std::slice::from_ref(record)).unwrap();
        self.lone.folded(record.seq);
    }

    /// Folds what is journalled.
    pub(crate) fn catch_up(&mut self) {
        while let Some(record) = self.read() {
            self.fold(&record);
        }
    }

    /// The run's only effect that is neither done nor given up.
    pub(crate) fn open_effect(&self) -> Option<EffectId> {
        let store = &*self.data.store;
        let mut open = effects_open(store, ALL).unwrap();
        open.extend(effects_held(store, ALL).unwrap());
        assert!(open.len() <= 1, "one run, one effect: {open:?}");
        open.pop().map(|(_, id)| id)
    }

    pub(crate) fn row(&self, id: EffectId) -> EffectRow {
        effect(&*self.data.store, id).unwrap().unwrap()
    }

    /// Lets the hub work until it is at the step, or nothing more happens.
    pub(crate) fn work(&mut self, id: EffectId, goal: Option<(Step, u64)>) -> Result<Got, String> {
        self.theatre.wire.begin(goal.and_then(stop));
        let step = goal.map(|(step, _)| step);
        if step == Some(Step::Planned) {
            return Ok(Got::There);
        }
        assert!(self.working.is_none(), "a life works once");
        self.working = Some(self.runtime.spawn(self.lone.run()));
        let began = Instant::now();
        let mut moved = Instant::now();
        while began.elapsed() < GOES_ON_WITHIN {
            if let Some(record) = self.read() {
                if step == Some(Step::Receipted) && matches!(record.record, Record::Receipt(_)) {
                    return Ok(Got::There);
                }
                self.fold(&record);
                moved = Instant::now();
                continue;
            }
            if self.theatre.wire.is_stopped() {
                return match step {
                    Some(Step::Answered) => self.answered(id),
                    _ => Ok(Got::There),
                };
            }
            match self.row(id).state {
                EffectState::Waiting { .. } if step == Some(Step::Waiting) => return Ok(Got::There),
                EffectState::Waiting { until, .. } => self.theatre.turn_to(until),
                EffectState::Planned | EffectState::Claimed { .. } if moved.elapsed() > STILL_MAX => {
                    self.theatre.turn_to(self.theatre.now().plus(TURNED_BY));
                    moved = Instant::now();
                }
                EffectState::Planned | EffectState::Claimed { .. } => {}
                // Time for the hub to do what it must not.
                _ if moved.elapsed() < RESTS_FOR => {}
                state => return Ok(at_rest(&state, step)),
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Err(format!("nothing more happens, {:?}", self.row(id)))
    }

    /// The journal takes nothing more, then the answer is passed on, and judged.
    fn answered(&mut self, id: EffectId) -> Result<Got, String> {
        let connection = self.row(id).connection;
        let judged = self.lone.judged(&connection);
        self.data.journal.close();
        self.theatre.wire.go_on();
        let began = Instant::now();
        while self.lone.judged(&connection) == judged {
            if began.elapsed() > GOES_ON_WITHIN {
                return Err("the answer came and was not judged".to_owned());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(Got::There)
    }

    /// Everything in memory is gone; what is written stays.
    pub(crate) fn crash(self) {
        let Self { theatre, data, fold, reader, lone, working, runtime } = self;
        // First of all: what is still under way leaves nothing behind.
        data.journal.close();
        if let Some(working) = working {
            working.abort();
            // It says that it was aborted.
            drop(runtime.block_on(working));
        }
        runtime.shutdown_timeout(DROPPED_WITHIN);
        theatre.wire.begin(None);
        drop((lone, fold, reader, data));
    }

    /// `omnihub effect verify` and `omnihub journal verify`.
    pub(crate) fn proven(&self) -> Result<LedgerReport, String> {
        let (journal, store) = (&self.data.journal, &*self.data.store);
        let verified = data::verify(journal, store, &mut |_| {}).unwrap();
        if verified.view != verified.journal {
            return Err("the view is not what the journal says".to_owned());
        }
        let report = data::prove(journal, store, &mut |_| {}).unwrap();
        match report.proven {
            true => Ok(report),
            false => Err(format!("not proven: {:?}", report.breaches)),
        }
    }
}

fn at_rest(state: &EffectState, goal: Option<Step>) -> Got {
    let step = match state {
        EffectState::Held { .. } => Some(Step::Held),
        EffectState::Parked { .. } | EffectState::Unknown { .. } => Some(Step::Parked),
        _ => None,
    };
    if step.is_some() && step == goal { Got::There } else { Got::Settled }
}

/// Where the line is to stop for the hub to be at this step.
fn stop((step, exchange): (Step, u64)) -> Option<Stop> {
    let place = match step {
        Step::Attempted => Place::Offered,
        Step::Sent => Place::Sent,
        Step::Done | Step::Answered => Place::Done,
        _ => return None,
    };
    Some(Stop { place, exchange })
}
