//! Carries out effects: journals the attempt before the request leaves, calls the connector, journals the receipt. The
//! view says what is owed; this only holds what is in hand.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hub_fold::record::{Attempt, Outcome, Receipt, Record};
use hub_fold::row::{EffectRow, EffectState};
use hub_journal::{AppendError, Entry, Journal, Seq};
use hub_model::{EffectId, Timestamp};
use hub_runtime::{ActingHost, Effect};
use hub_store::Store;
use tokio::sync::{Notify, Semaphore, watch};

use crate::acting::Outside;
use crate::clock::Clock;
use crate::config::Effects;
use crate::judge::{Interrupted, Tried, interrupted, judge};
use crate::metrics::{ByOutcome, Metrics};
use crate::plugins::{Connection, MayCall, Plugins};
use crate::throttle::Purpose;

/// Due effects looked at in one go.
const LOOK_MAX: usize = 512;
/// How often to look without being told, for those whose time comes.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long to wait before an effect is offered again whose attempt could not be journalled.
const JOURNAL_RETRY: Duration = Duration::from_secs(1);

/// A connection, and the object or person there that is written to.
type Target = (String, String);

/// The effects somebody is about. One at a time writes to one target: two that read, change and write it at once would
/// lose one of the changes (a note appended to an order is that).
#[derive(Debug, Default)]
pub(crate) struct InHand {
    effects: HashMap<EffectId, Option<Target>>,
    targets: HashSet<Target>,
}

impl InHand {
    /// Whether the effect may be taken up now; it is in hand then.
    fn take(&mut self, id: EffectId, target: Option<Target>) -> bool {
        if let Some(target) = &target
            && !self.targets.insert(target.clone())
        {
            return false;
        }
        self.effects.insert(id, target);
        true
    }

    fn give_back(&mut self, id: EffectId) {
        if let Some(Some(target)) = self.effects.remove(&id) {
            self.targets.remove(&target);
        }
    }
}

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
    pub in_hand: Mutex<InHand>,
    pub lanes: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Dispatcher {
    /// Runs until `stop`, then waits for what is in hand.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut tasks = tokio::task::JoinSet::new();
        while !*stop.borrow() {
            // The view may be committing: other tasks of this thread go on elsewhere meanwhile.
            for (id, row) in tokio::task::block_in_place(|| self.due()) {
                let this = Arc::clone(&self);
                tasks.spawn(async move { this.carry_out(id, row).await });
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = self.clock.sleep(LOOK_EVERY) => {}
                _ = stop.changed() => {}
                // Finished ones are taken out so that the set stays small.
                Some(_) = tasks.join_next() => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// The effects whose time has come and that nobody has in hand; they are in hand from here on.
    fn due(&self) -> Vec<(EffectId, EffectRow)> {
        let now = self.clock.now();
        let due = match hub_fold::effects_due(&*self.store, LOOK_MAX) {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "effects cannot be read");
                return Vec::new();
            }
        };
        let mut in_hand = self.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        let due = due.into_iter().filter(|(at, _)| *at <= now).map(|(_, id)| id);
        let mut taken = Vec::new();
        for id in due {
            if in_hand.effects.contains_key(&id) {
                continue;
            }
            let Some(row) = hub_fold::effect(&*self.store, id).ok().flatten() else { continue };
            if in_hand.take(id, self.written_to(&row)) {
                taken.push((id, row));
            }
        }
        taken
    }

    /// What the effect writes to, if its connector says: an order, a ticket, a person.
    fn written_to(&self, row: &EffectRow) -> Option<Target> {
        let connection = self.plugins.connection(&row.connection)?;
        let action = connection.manifest()?.actions.iter().find(|action| action.name == row.action)?;
        let parameter = action.target.as_ref()?;
        let (_, target) = row.arguments.iter().find(|(name, _)| name == parameter)?;
        Some((row.connection.clone(), target.clone()))
    }

    async fn carry_out(&self, id: EffectId, row: EffectRow) {
        let lane = self.lane(&row.connection);
        let permit = lane.acquire().await;
        if let Err(error) = self.attempt(id, &row).await {
            tracing::error!(effect = %id, %error, "effect not attempted: the journal cannot write");
            tokio::time::sleep(JOURNAL_RETRY).await;
        }
        drop(permit);
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).give_back(id);
        self.wake.notify_one();
    }

    fn lane(&self, connection: &str) -> Arc<Semaphore> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes
            .entry(connection.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(self.limits.per_connection_max)));
        Arc::clone(lane)
    }

    async fn attempt(&self, id: EffectId, row: &EffectRow) -> Result<(), AppendError> {
        let was_under_way = matches!(row.state, EffectState::Claimed { .. });
        if was_under_way && interrupted(row.grade) == Interrupted::Unknown {
            let reason = "the hub stopped while it was under way".to_owned();
            return self.receipt(id, row, row.attempts, Outcome::Unknown { reason }).await;
        }
        let number = row.attempts.saturating_add(1);
        let outcome = match self.callable(row) {
            Err(outcome) => outcome,
            Ok(connection) => {
                let uncertain = row.uncertain || was_under_way;
                self.record(Record::Attempt(Attempt { effect: id, number })).await?;
                self.perform(id, row, number, uncertain, &connection).await
            }
        };
        self.receipt(id, row, number, outcome).await
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
        connection.connector.on_result(ended.is_ok(), self.clock.now());
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
            owed_since: row.owed_since,
            now: self.clock.now(),
            down_until: self.left_alone(connection, row),
            limits: &self.limits,
            jitter: jitter(id, number),
        };
        judge(ended, tried)
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

/// Differs between effects and attempts; need not be unpredictable.
fn jitter(id: EffectId, number: u32) -> u64 {
    let hash = blake3::Hasher::new().update(&id.0).update(&number.to_le_bytes()).finalize();
    hash.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
