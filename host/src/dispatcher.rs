//! Carries out effects: journals the attempt before the request leaves, calls the connector, journals the receipt. The
//! view says what is owed; this only holds what is in hand.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hub_fold::QUIET;
use hub_fold::record::{Attempt, Outcome, Receipt, Record};
use hub_fold::row::{EffectRow, EffectState, Message};
use hub_journal::{AppendError, Entry, Journal, Seq};
use hub_model::{EffectId, Timestamp};
use hub_runtime::{ActingHost, Effect, Ended};
use hub_store::Store;
use tokio::sync::{Notify, watch};

use crate::acting::Outside;
use crate::clock::Clock;
use crate::config::Effects;
use crate::judge::{Interrupted, Tried, interrupted, judge};
use crate::lanes::Lanes;
use crate::metrics::{ByOutcome, Metrics};
use crate::plugins::{Connection, MayCall, Plugins};
use crate::throttle::Purpose;

/// Effects taken up in one go, at most.
const TAKEN_MAX: usize = 512;
/// Effects in hand at most, most of them waiting in line: a slow connection with so many would hold up the others.
const IN_HAND_MAX: usize = 4_096;
/// How often to look without being told, for those whose time comes.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long to wait before an effect is offered again whose attempt could not be journalled.
const JOURNAL_RETRY: Duration = Duration::from_secs(1);

/// A connection, and the object or person there that is written to.
type Target = (String, String);

pub(crate) struct Dispatcher {
    pub journal: Journal,
    pub store: Arc<dyn Store>,
    pub plugins: Arc<Plugins>,
    pub outside: Outside,
    pub metrics: Arc<Metrics>,
    pub clock: Clock,
    pub limits: Effects,
    pub wake: Arc<Notify>,
    pub applied: watch::Receiver<u64>,
    /// The effects a task is about.
    pub in_hand: Mutex<HashSet<EffectId>>,
    /// So many calls at a time to one connection.
    pub connections: Lanes<String>,
    /// One effect at a time writes to one target: of two that read, change and write it at once, one change would be lost
    /// (a note appended to an order is that).
    pub targets: Lanes<Target>,
}

impl Dispatcher {
    /// Runs until `stop`, then waits for the calls under way.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut tasks = tokio::task::JoinSet::new();
        while !*stop.borrow() {
            // The view may be committing: other tasks of this thread go on elsewhere meanwhile.
            for (id, row) in tokio::task::block_in_place(|| self.due()) {
                let this = Arc::clone(&self);
                let stop = stop.clone();
                tasks.spawn(async move {
                    this.carry_out(id, row, &stop).await;
                    this.let_go(id);
                });
            }
            let mut next_look = pin!(self.clock.sleep(LOOK_EVERY));
            loop {
                tokio::select! {
                    () = self.wake.notified() => break,
                    () = &mut next_look => break,
                    _ = stop.changed() => break,
                    // Finished ones are taken out so that the set stays small.
                    Some(_) = tasks.join_next() => {}
                }
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// The effects whose time has come and that nobody has in hand; they are in hand from here on.
    pub(crate) fn due(&self) -> Vec<(EffectId, EffectRow)> {
        let now = self.clock.now();
        let mut in_hand = self.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        let room = IN_HAND_MAX.saturating_sub(in_hand.len()).min(TAKEN_MAX);
        // Those in hand are still listed: that many are looked at more.
        let due = match hub_fold::effects_due(&*self.store, in_hand.len() + room) {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "effects cannot be read");
                return Vec::new();
            }
        };
        let new = due.into_iter().filter(|(at, id)| *at <= now && !in_hand.contains(id)).take(room);
        let taken: Vec<_> = new
            .filter_map(|(_, id)| Some((id, hub_fold::effect(&*self.store, id).ok().flatten()?)))
            .collect();
        in_hand.extend(taken.iter().map(|(id, _)| *id));
        taken
    }

    /// It is in nobody's hand any more.
    pub(crate) fn let_go(&self, id: EffectId) -> EffectId {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        id
    }

    /// What the effect writes to, if its connector says: an order, a ticket, a person.
    fn written_to(&self, row: &EffectRow) -> Option<Target> {
        let connection = self.plugins.connection(&row.connection)?;
        let action = connection.manifest()?.actions.iter().find(|action| action.name == row.action)?;
        let parameter = action.target.as_ref()?;
        let (_, target) = row.arguments.iter().find(|(name, _)| name == parameter)?;
        Some((row.connection.clone(), target.clone()))
    }

    pub(crate) async fn carry_out(&self, id: EffectId, row: EffectRow, stop: &watch::Receiver<bool>) {
        // The target first: whoever waits for it takes no call from others.
        let target = match self.written_to(&row) {
            Some(target) => Some(self.targets.enter(target).await),
            None => None,
        };
        let call = self.connections.enter(row.connection.clone()).await;
        // In line it may have been seen to have happened, or have been erased; the next look knows.
        if *stop.borrow() || !self.is_still(id, &row) {
            return;
        }
        if let Err(error) = self.attempt(id, &row).await {
            tracing::error!(effect = %id, %error, "effect not attempted: the journal cannot write");
            tokio::time::sleep(JOURNAL_RETRY).await;
        }
        drop((call, target));
    }

    fn is_still(&self, id: EffectId, row: &EffectRow) -> bool {
        let known = tokio::task::block_in_place(|| {
            // Somebody may have stopped everything while it was in line.
            if hub_fold::effects_stopped(&*self.store)?.is_some() {
                return Ok(None);
            }
            hub_fold::effect(&*self.store, id)
        });
        known.ok().flatten().is_some_and(|known| known == *row)
    }

    async fn attempt(&self, id: EffectId, row: &EffectRow) -> Result<(), AppendError> {
        let was_under_way = matches!(row.state, EffectState::Claimed { .. });
        if was_under_way && interrupted(row.grade) == Interrupted::Unknown {
            let reason = "the hub stopped while it was under way".to_owned();
            return self.receipt(id, row, row.attempts, Outcome::Unknown { reason }).await;
        }
        let number = row.attempts.saturating_add(1);
        let outcome = match self.allowed(row).and_then(|()| self.callable(row)) {
            Err(outcome) => still_uncertain(outcome, was_under_way),
            Ok(connection) => {
                let uncertain = row.uncertain || was_under_way;
                self.record(Record::Attempt(Attempt { effect: id, number })).await?;
                self.perform(id, row, number, uncertain, &connection).await
            }
        };
        self.receipt(id, row, number, outcome).await
    }

    /// Whether the customer may be written to, if that is what it does: asked at each try, for people change their minds,
    /// and what was planned by day may be tried at night.
    fn allowed(&self, row: &EffectRow) -> Result<(), Outcome> {
        let Some(Message { channel, purpose }) = &row.message else { return Ok(()) };
        if let Some(until) = row.quiet_until(self.clock.now()) {
            return Err(Outcome::Postponed { until, reason: QUIET.to_owned(), uncertain: false });
        }
        match tokio::task::block_in_place(|| hub_fold::read::may_send(&*self.store, row)) {
            Ok(Some(verdict)) if !verdict.allowed => Err(Outcome::Parked {
                reason: format!("no consent to {purpose} on {channel}: {}", verdict.because),
            }),
            Ok(_) => Ok(()),
            Err(error) => {
                let until = self.clock.now().plus(self.limits.retry_delay);
                let reason = format!("whether they may be written to cannot be told: {error}");
                Err(Outcome::Postponed { until, reason, uncertain: false })
            }
        }
    }

    /// The connection, if its connector may be called now.
    fn callable(&self, row: &EffectRow) -> Result<Arc<Connection>, Outcome> {
        let now = self.clock.now();
        let wait = |until, reason| Err(Outcome::Postponed { until, reason, uncertain: false });
        let Some(connection) = self.plugins.connection(&row.connection) else {
            let reason =
                format!("connection {} is not configured or its connector is missing", row.connection);
            return wait(now.plus(self.limits.retry_delay_max), reason);
        };
        if let Some(until) = self.left_alone(&connection, row) {
            return wait(until, format!("{} is left alone until {until}", row.connection));
        }
        match connection.connector.may_call(now) {
            MayCall::Yes => Ok(connection),
            MayCall::NotUntil(until) => {
                let reason = format!(
                    "{}: suspended until {until} because it kept failing",
                    connection.connector.plugin.name()
                );
                wait(until, reason)
            }
        }
    }

    /// Until when the action's endpoint is closed: an attempt then would only be used up.
    fn left_alone(&self, connection: &Connection, row: &EffectRow) -> Option<Timestamp> {
        let action = connection.manifest()?.actions.iter().find(|action| action.name == row.action)?;
        self.outside.closed(connection, &action.endpoint)
    }

    async fn perform(
        &self,
        id: EffectId,
        row: &EffectRow,
        number: u32,
        uncertain: bool,
        connection: &Arc<Connection>,
    ) -> Outcome {
        let effect = Effect {
            id: id.to_string(),
            action: row.action.clone(),
            arguments: row.arguments.clone(),
            attempt: number,
            uncertain,
            planned_at: row.planned_at,
            now: self.clock.now(),
            last_inbound_at: tokio::task::block_in_place(|| {
                hub_fold::read::last_inbound(&*self.store, row).ok().flatten()
            }),
        };
        let acting = self.outside.acting(connection, Purpose::Act);
        let host: Arc<dyn ActingHost> = Arc::clone(&acting) as Arc<dyn ActingHost>;
        let ended = connection.connector.plugin.perform(effect, host, &connection.settings).await;
        connection.connector.on_result(Ended::of(&ended, number), self.clock.now());
        if let Ok(answer) = &ended {
            self.outside.note(connection, answer);
        }
        if let Some(state) = acting.state()
            && let Err(error) = self.record(Record::PluginState(state)).await
        {
            tracing::error!(connection = %row.connection, %error, "a plugin's state was not kept");
        }
        let tried = Tried {
            grade: row.grade,
            failures: row.failures,
            owed_since: self.owed_since(row),
            now: self.clock.now(),
            down_until: self.left_alone(connection, row),
            limits: &self.limits,
            jitter: jitter(id, number),
        };
        judge(ended, tried)
    }

    /// Since when it could have been sent: it does not grow old while people have stopped everything.
    fn owed_since(&self, row: &EffectRow) -> Timestamp {
        let switched = tokio::task::block_in_place(|| hub_fold::effects_switch(&*self.store));
        let resumed_at = switched.ok().flatten().map(|switched| switched.at);
        resumed_at.map_or(row.owed_since, |resumed_at| resumed_at.max(row.owed_since))
    }

    /// Journals the outcome and waits until the view has it, so that nobody takes the effect up again before.
    async fn receipt(
        &self,
        id: EffectId,
        row: &EffectRow,
        number: u32,
        outcome: Outcome,
    ) -> Result<(), AppendError> {
        let (word, reason) = match &outcome {
            Outcome::Confirmed { .. } => ("confirmed", None),
            Outcome::RetryAt { reason, .. } => ("retry", Some(reason.clone())),
            Outcome::Postponed { reason, .. } => ("postponed", Some(reason.clone())),
            Outcome::Parked { reason } => ("parked", Some(reason.clone())),
            Outcome::Unknown { reason } => ("unknown", Some(reason.clone())),
        };
        match reason {
            None => {
                tracing::info!(effect = %id, rule = %row.rule, connection = %row.connection, action = %row.action, attempt = number, "effect confirmed")
            }
            Some(reason) => {
                tracing::warn!(effect = %id, rule = %row.rule, connection = %row.connection, action = %row.action, attempt = number, outcome = word, %reason, "effect not confirmed")
            }
        }
        let by = ByOutcome { connection: row.connection.clone(), outcome: word };
        self.metrics.effects.get_or_create(&by).inc();
        let seq = self.record(Record::Receipt(Receipt { effect: id, number, outcome })).await?;
        let mut applied = self.applied.clone();
        // The sender is only gone when the hub stops; then nobody takes anything up.
        drop(applied.wait_for(|applied| *applied >= seq.get()).await);
        Ok(())
    }

    async fn record(&self, record: Record) -> Result<Seq, AppendError> {
        let entry = Entry { kind: record.kind(), time_ns: self.clock.now().0, payload: record.encode() };
        self.journal.append(entry).await
    }
}

/// One that was under way when the hub stopped may have been carried out, whatever keeps it from being tried again now.
fn still_uncertain(outcome: Outcome, was_under_way: bool) -> Outcome {
    match outcome {
        Outcome::Postponed { until, reason, uncertain } => {
            Outcome::Postponed { until, reason, uncertain: uncertain || was_under_way }
        }
        other => other,
    }
}

/// Differs between effects and attempts; need not be unpredictable.
fn jitter(id: EffectId, number: u32) -> u64 {
    let hash = blake3::Hasher::new().update(&id.0).update(&number.to_le_bytes()).finalize();
    hash.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
