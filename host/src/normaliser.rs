//! Turns durable deliveries into events: calls the connector, then the enricher, and journals what they said. Runs on
//! threads of its own, because plugins burn CPU; what a thread has in hand is journalled together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hub_fold::record::{AfterSetback, Delivery, Record, Reported, Setback};
use hub_journal::{AppendError, Entry, Journal};
use hub_model::Timestamp;
use hub_model::event::Event;
use hub_model::model::Finding;
use hub_runtime::{CallError, Ended, Failure, Patience};
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::enrich::enrich;
use crate::folder::Due;
use crate::metrics::{ByOutcome, Metrics};
use crate::pipeline::Work;
use crate::plugins::{Connection, Loaded, MayCall, Plugins};
use crate::retries::Retries;
use crate::stored;

/// Deliveries a thread normalises before it journals what came of them: enough to share a sync, few enough that the
/// first does not wait long for the last.
const BATCH_MAX: usize = 64;

/// How long a thread waits before it offers a batch again that the journal could not take.
const JOURNAL_RETRY: Duration = Duration::from_millis(200);

pub(crate) struct Normaliser {
    pub journal: Journal,
    pub plugins: Arc<Plugins>,
    pub metrics: Arc<Metrics>,
    pub clock: Clock,
    pub retry_delays: Vec<Duration>,
    pub retries: Retries,
    /// Where a delivery goes that has to wait for its turn once more.
    pub due: mpsc::Sender<Due>,
    /// For waiting on the journal from a plain thread.
    pub runtime: tokio::runtime::Handle,
    pub stop: Arc<AtomicBool>,
    /// One receiver for all threads: whoever is free takes the next.
    pub work: Mutex<mpsc::Receiver<Work>>,
}

impl Normaliser {
    /// Works until told to stop. What is still queued then is durable and pending in the view: the next start finds it.
    pub(crate) fn run(&self) {
        while let Some(batch) = self.take() {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let records: Vec<Record> = batch.into_iter().filter_map(|work| self.normalise(work)).collect();
            self.journal(&records);
        }
    }

    /// Waits for one, takes what is there up to the limit. Whoever holds the lock is the only one that waits, so one wake-up
    /// ends them all, each after the other.
    fn take(&self) -> Option<Vec<Work>> {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stop.load(Ordering::SeqCst) {
            return None;
        }
        let mut batch = vec![work.blocking_recv()?];
        while batch.len() < BATCH_MAX {
            match work.try_recv() {
                Ok(next) => batch.push(next),
                Err(_) => break,
            }
        }
        Some(batch)
    }

    /// One delivery's outcome as a record; `None` when nothing can be said now and the delivery stays pending.
    pub(crate) fn normalise(&self, work: Work) -> Option<Record> {
        if let Some(until) = self.retries.rest(self.clock.now()).filter(|_| work.attempt > 1) {
            let again = Due::Delivery { seq: work.seq, at: until, attempt: work.attempt };
            // Nobody takes it when the hub stops: the next start finds the delivery pending.
            let _taken = self.due.blocking_send(again);
            return None;
        }
        let delivery = match work.delivery {
            Some(delivery) => delivery,
            None => match self.read(work.seq)? {
                Kept::Whole(delivery) => delivery,
                Kept::Erased => return Some(Record::Setback(erased(&work))),
            },
        };
        let now = self.clock.now();
        let outcome = self.call(&delivery, work.received_at, work.attempt, now);
        Some(match outcome {
            Ok(said) => Record::Reported(Reported {
                delivery: Some(work.seq),
                connection: delivery.connection,
                connector: delivery.connector,
                version: said.version,
                events: said.events,
                notes: said.notes,
                findings: said.findings,
            }),
            Err(setback) => {
                self.metrics.setbacks.inc();
                let next = after_setback(&setback, work.attempt, now, &self.retry_delays);
                tracing::warn!(
                    delivery = work.seq,
                    connection = %delivery.connection,
                    attempt = work.attempt,
                    reason = %setback.reason,
                    parked = next == AfterSetback::Park,
                    "delivery not processed"
                );
                Record::Setback(Setback {
                    delivery: work.seq,
                    attempt: work.attempt,
                    reason: setback.reason,
                    next,
                })
            }
        })
    }

    fn read(&self, seq: u64) -> Option<Kept> {
        match stored::record(&self.journal, seq) {
            Ok(stored) => match stored?.record {
                Record::Delivery(delivery) => Some(Kept::Whole(delivery)),
                Record::ErasedDelivery(_) => Some(Kept::Erased),
                _ => None,
            },
            Err(problem) => {
                tracing::error!(delivery = seq, %problem, "a delivery cannot be read from the journal");
                None
            }
        }
    }

    fn call(
        &self,
        delivery: &Delivery,
        received_at: Timestamp,
        attempt: u32,
        now: Timestamp,
    ) -> Result<Said, Problem> {
        let Some(connection) = self.plugins.connection(&delivery.connection) else {
            return Err(Problem::later(format!(
                "connection {} has no connector {}",
                delivery.connection, delivery.connector
            )));
        };
        let connector = &connection.connector;
        if let MayCall::NotUntil(until) = connector.may_call(now) {
            let plugin = connector.plugin.name();
            return Err(Problem::at(
                until,
                format!("{plugin}: suspended until {until} because it kept failing"),
            ));
        }
        let Ok(body) = String::from_utf8(delivery.body.clone()) else {
            return Err(Problem::never("the body is not UTF-8".to_owned()));
        };
        let asked = hub_runtime::Delivery {
            topic: delivery.topic.clone(),
            headers: delivery.headers.clone(),
            body,
            received_at_ns: received_at.0,
        };
        let patience = if attempt > 1 { Patience::Whole } else { Patience::Short };
        let began = Instant::now();
        let answer = connector.plugin.normalise(asked, &connection.settings, patience);
        if attempt > 1 && answer.is_err() {
            self.retries.failed(began.elapsed(), self.clock.now());
        }
        self.note_call(&connection, connector, &answer, attempt, now);
        let report = match answer {
            Ok(Ok(report)) => report,
            Ok(Err(failure)) => return Err(problem_of(connector, failure, now)),
            Err(error) => return Err(Problem::later(error.to_string())),
        };
        let findings = enrich(&self.plugins, &report.events, now);
        let version = connector.plugin.version().to_owned();
        Ok(Said { version, events: report.events, notes: report.notes, findings })
    }

    fn note_call<T>(
        &self,
        connection: &Connection,
        connector: &Loaded,
        answer: &Result<Result<T, Failure>, CallError>,
        attempt: u32,
        now: Timestamp,
    ) {
        connector.on_result(Ended::of(answer, attempt), now);
        let outcome = match answer {
            Ok(Ok(_)) => "ok",
            Ok(Err(_)) => "failure",
            Err(_) => "broken",
        };
        self.metrics
            .plugin_calls
            .get_or_create(&ByOutcome { connection: connection.name.clone(), outcome })
            .inc();
    }

    /// Makes the records durable. A journal that cannot write is asked again until it can or is closed; the deliveries
    /// stay pending meanwhile.
    pub(crate) fn journal(&self, records: &[Record]) {
        loop {
            let entries = records.iter().map(|record| Entry {
                kind: record.kind(),
                time_ns: self.clock.now().0,
                payload: record.encode(),
            });
            match self.runtime.block_on(self.journal.append_all(entries.collect())) {
                Ok(_) | Err(AppendError::Closed | AppendError::ReadOnly) => return,
                Err(AppendError::TooLarge { .. }) if records.len() > 1 => {
                    return records.chunks(1).for_each(|one| self.journal(one));
                }
                Err(error @ AppendError::TooLarge { .. }) => {
                    tracing::error!(%error, "what a connector reported is too large to keep; its delivery stays pending");
                    return;
                }
                // Whoever stops does not wait for room: the next start finds these deliveries pending.
                Err(AppendError::Failed { .. }) if self.stop.load(Ordering::SeqCst) => return,
                Err(_) => std::thread::sleep(JOURNAL_RETRY),
            }
        }
    }
}

/// A delivery as the journal holds it.
enum Kept {
    Whole(Delivery),
    /// Its content was erased while it waited.
    Erased,
}

fn erased(work: &Work) -> Setback {
    let reason = hub_fold::CONTENT_ERASED.to_owned();
    Setback { delivery: work.seq, attempt: work.attempt, reason, next: AfterSetback::Park }
}

struct Said {
    version: String,
    events: Vec<Event>,
    notes: Vec<hub_model::event::Note>,
    findings: Vec<(u32, Finding)>,
}

/// Why a delivery was not processed, and what the failure itself says about trying again.
struct Problem {
    reason: String,
    again: Again,
}

enum Again {
    AsUsual,
    At(Timestamp),
    Never,
}

impl Problem {
    fn later(reason: String) -> Self {
        Self { reason, again: Again::AsUsual }
    }

    fn at(at: Timestamp, reason: String) -> Self {
        Self { reason, again: Again::At(at) }
    }

    fn never(reason: String) -> Self {
        Self { reason, again: Again::Never }
    }
}

fn problem_of(connector: &Loaded, failure: Failure, now: Timestamp) -> Problem {
    let reason = format!("{}: normalise {failure}", connector.plugin.name());
    match failure {
        Failure::RetryAfterMs(ms) => Problem::at(now.plus(Duration::from_millis(ms)), reason),
        Failure::Rejected(_) | Failure::Unsupported(_) => Problem::never(reason),
        Failure::Misconfigured(_) | Failure::Unauthorised(_) | Failure::OutcomeUnknown(_) => {
            Problem::later(reason)
        }
    }
}

/// Retried after growing delays, then parked. What waits for a suspended plugin is not counted as tried.
fn after_setback(problem: &Problem, attempt: u32, now: Timestamp, delays: &[Duration]) -> AfterSetback {
    let usual = usize::try_from(attempt.saturating_sub(1)).ok().and_then(|index| delays.get(index));
    match (&problem.again, usual) {
        (Again::Never, _) | (Again::AsUsual, None) => AfterSetback::Park,
        (Again::At(at), _) => AfterSetback::RetryAt(*at),
        (Again::AsUsual, Some(delay)) => AfterSetback::RetryAt(now.plus(*delay)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retried_then_parked() {
        let delays = [Duration::from_secs(1), Duration::from_secs(10)];
        let check = |problem: Problem, attempt, expected| {
            assert_eq!(
                after_setback(&problem, attempt, Timestamp(0), &delays),
                expected,
                "attempt {attempt}"
            );
        };
        let in_seconds =
            |seconds: u64| AfterSetback::RetryAt(Timestamp(0).plus(Duration::from_secs(seconds)));
        check(Problem::later(String::new()), 1, in_seconds(1));
        check(Problem::later(String::new()), 2, in_seconds(10));
        check(Problem::later(String::new()), 3, AfterSetback::Park);
        check(Problem::never(String::new()), 1, AfterSetback::Park);
        check(Problem::at(Timestamp(7), String::new()), 9, AfterSetback::RetryAt(Timestamp(7)));
    }
}
