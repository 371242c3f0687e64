//! Reads what webhooks may have missed: each stream of each connection on its schedule, a page at a time. Every page is
//! one journal record with the place where the next begins, so a crash at any page costs that page's request. Pages may
//! overlap with deliveries and with each other: the fold makes one thing of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hub_fold::record::{Command, Polled, Record, Reported};
use hub_fold::row::StreamRow;
use hub_journal::{AppendError, Entry, Journal};
use hub_model::Timestamp;
use hub_rules::Timetable;
use hub_runtime::manifest::Stream;
use hub_runtime::{ActingHost, CallError, Ended, Failure, Page, Position};
use serde::Serialize;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinSet, block_in_place};

use crate::acting::Outside;
use crate::config::Polling;
use crate::enrich::enrich;
use crate::metrics::{ByConnection, ByOutcome, Metrics};
use crate::plugins::{Connection, MayCall, Plugins};
use crate::throttle::Purpose;

/// How often to look for streams that are due or new.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How far before the last page's reach a stream begins anew whose cursor the connector cannot read any more.
const ANEW_OVERLAP: Duration = Duration::from_secs(24 * 3_600);
/// Waits after failures in a row: doubled up to the longest.
const RETRY_FIRST: Duration = Duration::from_secs(5);
const RETRY_LONGEST: Duration = Duration::from_secs(900);

/// A stream without a schedule is not due by itself.
const NEVER: Timestamp = Timestamp(i64::MAX);

/// A stream of a connection.
type Name = (String, String);

pub(crate) struct Poller {
    pub journal: Journal,
    pub plugins: Arc<Plugins>,
    pub outside: Outside,
    pub metrics: Arc<Metrics>,
    pub config: Polling,
    pub applied: watch::Receiver<u64>,
    pub wake: Notify,
    pub runs: Mutex<HashMap<Name, Run>>,
}

/// What is known of a stream beside its row in the view: gone with the process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    /// When it is next due; absent until first seen.
    due: Option<Timestamp>,
    running: bool,
    failures: u32,
    problem: Option<String>,
}

/// How a stream stands, for people.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct StreamStatus {
    pub stream: String,
    pub help: String,
    /// Cron, UTC; absent when it is off.
    pub schedule: Option<String>,
    pub next: Option<Timestamp>,
    pub running: bool,
    /// It is being read, or is about to be.
    pub busy: bool,
    /// Pages of its run are still owed.
    pub more: bool,
    /// Where the run began that a person asked for.
    pub since: Option<Timestamp>,
    pub reached: Option<Timestamp>,
    pub last_page_at: Option<Timestamp>,
    pub pages: u64,
    pub events: u64,
    pub malformed: u64,
    /// Why the last try failed, until one succeeds.
    pub problem: Option<String>,
}

/// A run that ended early.
struct Stopped {
    reason: String,
    again: Again,
}

enum Again {
    /// After a wait that grows with each failure.
    Soon,
    At(Timestamp),
    /// At the stream's next time: trying earlier changes nothing.
    Scheduled,
    /// From the beginning: the connector cannot read its own cursor.
    Anew,
}

impl Poller {
    /// Runs until `stop`; runs under way end after their page.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut runs = JoinSet::new();
        while !*stop.borrow() {
            for (connection, stream) in block_in_place(|| self.due()) {
                let (this, stop) = (Arc::clone(&self), stop.clone());
                runs.spawn(async move { this.run_stream(connection, stream, &stop).await });
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = self.outside.clock.sleep(LOOK_EVERY) => {}
                _ = stop.changed() => {}
                Some(_) = runs.join_next() => {}
            }
        }
        while runs.join_next().await.is_some() {}
    }

    /// The names of a connection's streams that can be read, or of one of them.
    pub(crate) fn streams(&self, connection: &Connection, wanted: Option<&str>) -> Vec<String> {
        streams(connection)
            .map(|stream| stream.name.clone())
            .filter(|name| wanted.is_none_or(|wanted| wanted == name))
            .collect()
    }

    /// Every stream that can be read.
    pub(crate) fn everything(&self) -> Vec<(Arc<Connection>, Stream)> {
        let plugins = self.plugins.now();
        let of = |connection: &Arc<Connection>| {
            streams(connection).map(|stream| (Arc::clone(connection), stream.clone())).collect::<Vec<_>>()
        };
        plugins.connections.values().flat_map(of).collect()
    }

    /// Makes streams of a connection due now.
    pub(crate) fn ask(&self, connection: &Connection, streams: &[String]) {
        let now = self.outside.clock.now();
        let mut runs = self.runs();
        for stream in streams {
            runs.entry((connection.name.clone(), stream.clone())).or_default().due = Some(now);
        }
        drop(runs);
        self.wake.notify_one();
    }

    /// How a connection's streams stand.
    pub(crate) fn status(&self, connection: &Connection) -> Result<Vec<StreamStatus>, hub_fold::FoldError> {
        let rows = hub_fold::read::streams(&*self.outside.store, &connection.name)?;
        let runs = self.runs();
        let status = |stream: &Stream| {
            let run = runs.get(&(connection.name.clone(), stream.name.clone())).cloned().unwrap_or_default();
            let row = rows.iter().find(|(name, _)| *name == stream.name).map(|(_, row)| row.clone());
            self.stream_status(connection, stream, run, row.unwrap_or_default())
        };
        Ok(streams(connection).map(status).collect())
    }

    fn stream_status(
        &self,
        connection: &Connection,
        stream: &Stream,
        run: Run,
        row: StreamRow,
    ) -> StreamStatus {
        StreamStatus {
            stream: stream.name.clone(),
            help: stream.help.clone(),
            schedule: self.schedule(connection, stream).map(|schedule| schedule.to_string()),
            next: run.due.filter(|due| *due != NEVER),
            running: run.running,
            busy: run.running || run.due.is_some_and(|due| due <= self.outside.clock.now()),
            more: row.more,
            since: row.since,
            reached: row.reached,
            last_page_at: row.last_page_at,
            pages: row.pages,
            events: row.events,
            malformed: row.malformed,
            problem: run.problem,
        }
    }

    fn runs(&self) -> std::sync::MutexGuard<'_, HashMap<Name, Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The operator's schedule over the connector's; `None` when it is off or not one.
    fn schedule(&self, connection: &Connection, stream: &Stream) -> Option<Timetable> {
        match connection.schedules.get(&stream.name) {
            Some(schedule) => schedule.clone(),
            None if self.config.is_on => stream.schedule.parse().ok(),
            None => None,
        }
    }

    /// The streams whose time has come; they are running from here on.
    fn due(&self) -> Vec<(Arc<Connection>, Stream)> {
        let now = self.outside.clock.now();
        let mut due = Vec::new();
        let mut runs = self.runs();
        for connection in self.plugins.now().connections.values() {
            for stream in streams(connection) {
                let run = runs.entry((connection.name.clone(), stream.name.clone())).or_default();
                let at = *run.due.get_or_insert_with(|| self.first(connection, stream, now));
                if at <= now && !run.running {
                    run.running = true;
                    due.push((Arc::clone(connection), stream.clone()));
                }
            }
        }
        due
    }

    /// When a stream is first due: at once if a run was under way when the hub stopped, even if its schedule is off.
    fn first(&self, connection: &Connection, stream: &Stream, now: Timestamp) -> Timestamp {
        let row = hub_fold::read::stream(&*self.outside.store, &connection.name, &stream.name);
        if row.ok().flatten().is_some_and(|row| row.more) {
            return now;
        }
        self.next(connection, stream, now)
    }

    fn next(&self, connection: &Connection, stream: &Stream, now: Timestamp) -> Timestamp {
        self.schedule(connection, stream).and_then(|times| times.after(now.0)).map_or(NEVER, Timestamp)
    }

    /// Reads a stream until there is no more now, or it has to stop.
    pub(crate) async fn run_stream(
        &self,
        connection: Arc<Connection>,
        stream: Stream,
        stop: &watch::Receiver<bool>,
    ) {
        let ended = self.pages(&connection, &stream, stop).await;
        let now = self.outside.clock.now();
        let outcome = if ended.is_ok() { "ok" } else { "failed" };
        let by = ByOutcome { connection: connection.name.clone(), outcome };
        self.metrics.poll_runs.get_or_create(&by).inc();
        let name = (connection.name.clone(), stream.name.clone());
        let scheduled = self.next(&connection, &stream, now);
        let mut runs = self.runs();
        let run = runs.entry(name).or_default();
        run.running = false;
        match ended {
            Ok(()) => {
                run.failures = 0;
                run.problem = None;
                run.due = Some(scheduled);
            }
            Err(Stopped { reason, again }) => {
                tracing::warn!(connection = %connection.name, stream = %stream.name, %reason, "polling stopped");
                run.problem = Some(reason);
                run.due = Some(match again {
                    Again::Scheduled => scheduled,
                    Again::At(at) => at,
                    Again::Soon | Again::Anew => now.plus(growing(run.failures)),
                });
                run.failures = run.failures.saturating_add(1);
            }
        }
    }

    /// Page after page until there is no more now.
    async fn pages(
        &self,
        connection: &Arc<Connection>,
        stream: &Stream,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), Stopped> {
        while !*stop.borrow() {
            let row = self.row(connection, stream)?;
            let page = match self.page(connection, stream, &row).await {
                Err(Stopped { reason, again: Again::Anew }) if row.cursor.is_some() => {
                    self.begin_anew(connection, stream, row.reached).await?;
                    return Err(Stopped { reason, again: Again::Anew });
                }
                page => page?,
            };
            let (more, cursor) = (page.more, page.cursor.clone());
            self.keep(connection, stream, page, row.beginnings).await?;
            if !more {
                return Ok(());
            }
            if cursor == row.cursor {
                let reason = format!("stream {} does not get on: two pages end at one place", stream.name);
                return Err(Stopped { reason, again: Again::Scheduled });
            }
        }
        Ok(())
    }

    fn row(&self, connection: &Connection, stream: &Stream) -> Result<StreamRow, Stopped> {
        block_in_place(|| hub_fold::read::stream(&*self.outside.store, &connection.name, &stream.name))
            .map(Option::unwrap_or_default)
            .map_err(|error| Stopped { reason: error.to_string(), again: Again::Soon })
    }

    async fn page(
        &self,
        connection: &Arc<Connection>,
        stream: &Stream,
        row: &StreamRow,
    ) -> Result<Page, Stopped> {
        let now = self.outside.clock.now();
        if let MayCall::NotUntil(until) = connection.connector.may_call(now) {
            let reason = format!("{} is suspended until {until}", connection.connector.plugin.name());
            return Err(Stopped { reason, again: Again::At(until) });
        }
        if let Some(until) = self.outside.closed(connection, &stream.endpoint) {
            let reason = format!("endpoint {} is left alone until {until}", stream.endpoint);
            return Err(Stopped { reason, again: Again::At(until) });
        }
        let first = row.cursor.is_none() && row.since.is_none();
        let position = Position {
            stream: stream.name.clone(),
            cursor: row.cursor.clone(),
            since: if first { Some(now.minus(self.config.first_reach)) } else { row.since },
            now,
        };
        let acting = self.outside.acting(connection, Purpose::Look);
        let host: Arc<dyn ActingHost> = Arc::clone(&acting) as Arc<dyn ActingHost>;
        let ended = connection.connector.plugin.poll(position, host, &connection.settings).await;
        connection.connector.on_result(Ended::of(&ended, 1), now);
        if let Ok(answer) = &ended {
            self.outside.note(connection, answer);
        }
        if ended.is_ok()
            && let Some(state) = acting.state()
        {
            self.record(Record::PluginState(state)).await.map_err(not_kept)?;
        }
        ended.map_err(broken)?.map_err(|failure| stopped(failure, now))
    }

    /// Journals a page and waits until the view has it: the next page begins where the view says.
    async fn keep(
        &self,
        connection: &Connection,
        stream: &Stream,
        page: Page,
        beginning: u32,
    ) -> Result<(), Stopped> {
        let now = self.outside.clock.now();
        let findings = block_in_place(|| enrich(&self.plugins, &page.report.events, now));
        let by = ByConnection { connection: connection.name.clone() };
        self.metrics.poll_events.get_or_create(&by).inc_by(page.report.events.len() as u64);
        let record = Record::Polled(Polled {
            stream: stream.name.clone(),
            cursor: page.cursor,
            more: page.more,
            reached: page.reached,
            reported: Reported {
                delivery: None,
                connection: connection.name.clone(),
                connector: connection.connector.plugin.id().to_owned(),
                version: connection.connector.plugin.version().to_owned(),
                events: page.report.events,
                notes: page.report.notes,
                findings,
            },
            beginning: Some(beginning),
        });
        self.record(record).await.map_err(not_kept)
    }

    async fn begin_anew(
        &self,
        connection: &Connection,
        stream: &Stream,
        reached: Option<Timestamp>,
    ) -> Result<(), Stopped> {
        let since = reached.map(|reached| reached.minus(ANEW_OVERLAP));
        self.poll_from(&connection.name, &stream.name, since).await.map_err(not_kept)
    }

    /// Begins a stream anew: its run survives a crash, because it is owed from then on.
    ///
    /// # Errors
    /// The journal cannot write.
    pub(crate) async fn poll_from(
        &self,
        connection: &str,
        stream: &str,
        since: Option<Timestamp>,
    ) -> Result<(), AppendError> {
        let (connection, stream) = (connection.to_owned(), stream.to_owned());
        self.record(Record::Command(Command::PollFrom { connection, stream, since })).await
    }

    async fn record(&self, record: Record) -> Result<(), AppendError> {
        let time_ns = self.outside.clock.now().0;
        let entry = Entry { kind: record.kind(), time_ns, payload: record.encode() };
        let seq = self.journal.append(entry).await?;
        let mut applied = self.applied.clone();
        // The sender is only gone when the hub stops; then nobody reads on.
        drop(applied.wait_for(|applied| *applied >= seq.get()).await);
        Ok(())
    }
}

/// The streams that can be read: those whose endpoint is bound.
fn streams(connection: &Connection) -> impl Iterator<Item = &Stream> {
    let declared = connection.manifest().map(|manifest| manifest.streams.as_slice()).unwrap_or_default();
    declared.iter().filter(|stream| connection.endpoint(&stream.endpoint).is_some())
}

fn growing(failures: u32) -> Duration {
    RETRY_FIRST.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(RETRY_LONGEST)
}

fn not_kept(error: AppendError) -> Stopped {
    Stopped { reason: format!("a page was not kept: {error}"), again: Again::Soon }
}

fn broken(error: CallError) -> Stopped {
    Stopped { reason: error.to_string(), again: Again::Soon }
}

fn stopped(failure: Failure, now: Timestamp) -> Stopped {
    let reason = failure.to_string();
    let again = match failure {
        Failure::RetryAfterMs(ms) => Again::At(now.plus(Duration::from_millis(ms))),
        Failure::OutcomeUnknown(_) => Again::Soon,
        Failure::Rejected(_) => Again::Anew,
        Failure::Misconfigured(_) | Failure::Unauthorised(_) | Failure::Unsupported(_) => Again::Scheduled,
    };
    Stopped { reason, again }
}

/// Schedules the operator wrote, by stream; `None` is "off".
pub(crate) type Schedules = BTreeMap<String, Option<Timetable>>;
