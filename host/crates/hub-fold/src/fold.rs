//! One journal record after the other into the view. The only place where the view changes, and a function of the
//! records alone: no clock, no randomness, no network.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hub_model::event::{Event, Payload, Remark};
use hub_model::identity::{IdentityKey, Limits};
use hub_model::join::Told;
use hub_model::{EffectId, EventId, Salt, Timestamp};
use hub_rules::{Fixture, Rule, Truth};
use hub_store::{Order, Range, Store, Table};
use serde::{Deserialize, Serialize};

use crate::FoldError;
use crate::active::{ActiveSettings, blocked};
use crate::alarms::{RuleAlarm, acted};
use crate::apply::{About, Applying};
use crate::audit;
use crate::correct::correct;
use crate::decide::Decided;
use crate::draft::Draft;
use crate::erase::{AskedRow, Closed, Gone, close_request, mark_stored};
use crate::follow::{Derived, Emission};
use crate::follow_up::{close_follow_up, want_follow_up};
use crate::held::{Switch, effects_stopped};
use crate::own::forget_own_writes;
use crate::people::judge;
use crate::record::{Command, ConnectionSettings, PluginState, Record, Reported, Settings};
use crate::row::{CaseRow, ConnectionRow, EffectRow, EventRow, decode, encode, key};
use crate::sitting::{Keeps, add_asked, keep_conditions};
use crate::tokens::{make_token, revoke_token};

/// A record with its place in the journal.
#[derive(Clone, Debug)]
pub struct Sequenced {
    pub seq: u64,
    pub at: Timestamp,
    pub record: Record,
}

/// What a batch of records led to, for those who act on it: nothing here is needed to rebuild the view.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Consequences {
    pub reports: u64,
    pub events: u64,
    pub events_new: u64,
    pub deliveries_processed: u64,
    pub deliveries_parked: u64,
    pub rules_fired: u64,
    pub effects_planned: Vec<EffectId>,
    pub effects_due: Vec<EffectId>,
    /// Deliveries that wait for their connector again.
    pub redriven: Vec<u64>,
    /// Deliveries to try again, and when.
    pub retries: Vec<(u64, Timestamp)>,
    pub settings_changed: bool,
    /// Pages of streams, whose reports are counted above as well.
    pub pages: u64,
    /// Effects nobody was sure of, which their provider showed to have happened.
    pub effects_seen: u64,
    /// Rules that no longer act as often as is expected of them.
    pub alarms: Vec<RuleAlarm>,
}

/// The fold with the settings in force.
pub struct Fold {
    settings: Arc<ActiveSettings>,
    runs_free: bool,
    keeps: Keeps,
}

/// What is too old to be of use is forgotten a few rows at a time, every so many records.
const FORGET_EVERY: u64 = 64;

pub(crate) const SETTINGS_KEY: &[u8] = b"settings";
const KEY_RULES_KEY: &[u8] = b"key-rules";
impl Fold {
    /// Goes on from what the view holds.
    ///
    /// # Errors
    /// The store's, or settings that cannot be read.
    pub fn open(store: &dyn Store) -> Result<Self, FoldError> {
        let settings = match settings(store)? {
            Some(settings) => ActiveSettings::new(&settings).unwrap_or_default(),
            None => ActiveSettings::default(),
        };
        Ok(Self { settings: Arc::new(settings), runs_free: false, keeps: Keeps::All })
    }

    /// Rules that wait are asked at the moment their time has come, and not when a record of the time says that a hub
    /// noticed: where rules are in force that the hub had not.
    #[must_use]
    pub fn running_free(self) -> Self {
        Self { runs_free: true, ..self }
    }

    /// Decisions are kept only so far: of a view that is thrown away nobody asks why.
    #[must_use]
    pub fn keeping(self, keeps: Keeps) -> Self {
        Self { keeps, ..self }
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Arc<ActiveSettings> {
        Arc::clone(&self.settings)
    }

    /// Folds records, which must follow on each other, in one commit.
    ///
    /// # Errors
    /// The store's, or a row that cannot be read; then nothing of the batch is in the view.
    pub fn apply(&mut self, store: &dyn Store, records: &[Sequenced]) -> Result<Consequences, FoldError> {
        let Some(last) = records.last() else { return Ok(Consequences::default()) };
        let mut folding = Folding {
            draft: Draft::new(store),
            settings: Arc::clone(&self.settings),
            consequences: Consequences::default(),
            connections: BTreeMap::new(),
            asked: BTreeMap::new(),
            alarms: Vec::new(),
            witness: None,
            derived: Derived::default(),
            keeps: self.keeps.clone(),
        };
        for record in records {
            if self.runs_free {
                folding.tick_each(record.seq, record.at)?;
            }
            folding.record(record)?;
        }
        let Folding { mut draft, settings, consequences, connections, asked, .. } = folding;
        add_asked(&mut draft, asked)?;
        for (connection, row) in connections {
            draft.put(connection.into_bytes(), &row);
        }
        draft.commit(last.seq)?;
        self.settings = settings;
        Ok(consequences)
    }

    /// What rules are told of an event that comes with this record, which must be the next: everything, or what one rule
    /// asks for. Changes nothing. `None` when the record has no such event, or none that is new.
    ///
    /// # Errors
    /// The store's, or a row that cannot be read.
    pub fn witness(
        &self,
        store: &dyn Store,
        record: &Sequenced,
        event: EventId,
        rule: Option<&Rule>,
    ) -> Result<Option<Witnessed>, FoldError> {
        let mut folding = Folding {
            draft: Draft::new(store),
            settings: Arc::clone(&self.settings),
            consequences: Consequences::default(),
            connections: BTreeMap::new(),
            asked: BTreeMap::new(),
            alarms: Vec::new(),
            witness: Some(Witness { event, rule, found: None }),
            derived: Derived::default(),
            keeps: Keeps::Nothing,
        };
        folding.record(record)?;
        Ok(folding.witness.and_then(|witness| witness.found))
    }
}

/// An event whose facts are to be told.
pub(crate) struct Witness<'a> {
    pub(crate) event: EventId,
    pub(crate) rule: Option<&'a Rule>,
    pub(crate) found: Option<Witnessed>,
}

/// What rules are told of an event. Holds personal data.
#[derive(Clone, Debug, PartialEq)]
pub struct Witnessed {
    pub fixture: Fixture,
    /// What the rule makes of it.
    pub truth: Option<Truth>,
}

/// A batch on its way into the view.
pub(crate) struct Folding<'a> {
    pub(crate) draft: Draft<'a>,
    pub(crate) settings: Arc<ActiveSettings>,
    pub(crate) consequences: Consequences,
    /// Every delivery changes its connection's row: they are written once, at the end.
    pub(crate) connections: BTreeMap<String, ConnectionRow>,
    /// How often rules were asked and nothing came of it, where no more of it is kept.
    pub(crate) asked: BTreeMap<String, u64>,
    /// Raised, and not told of yet: that follows the record, so that no rule's acting is in the midst of another's.
    pub(crate) alarms: Vec<RuleAlarm>,
    pub(crate) witness: Option<Witness<'a>>,
    /// How far what follows from the record at hand has gone.
    pub(crate) derived: Derived,
    pub(crate) keeps: Keeps,
}

impl Folding<'_> {
    fn record(&mut self, sequenced: &Sequenced) -> Result<(), FoldError> {
        let Sequenced { seq, at, .. } = sequenced;
        self.derived = Derived::default();
        if seq % FORGET_EVERY == 0 {
            self.forget_old_keys(*at)?;
            forget_own_writes(&mut self.draft, *at)?;
        }
        self.take_in(sequenced)?;
        self.raise_alarms(*seq)
    }

    fn take_in(&mut self, Sequenced { seq, at, record }: &Sequenced) -> Result<(), FoldError> {
        match record {
            Record::Delivery(_) | Record::Setback(_) | Record::ErasedDelivery(_)
                if !self.keeps.deliveries() =>
            {
                Ok(())
            }
            Record::Delivery(delivery) => self.delivery(*seq, *at, delivery),
            Record::Reported(report) => self.reported(*seq, *at, report),
            Record::Setback(setback) => self.setback(setback),
            Record::Attempt(attempt) => self.attempt(*at, attempt),
            Record::Receipt(receipt) => self.receipt(*seq, *at, receipt),
            Record::Polled(page) => self.polled(*seq, *at, page),
            Record::Settings(settings) => self.change_settings(*seq, *at, settings),
            Record::Command(command) => self.command(*seq, *at, command),
            Record::Erasing(step) => self.erasing(*seq, *at, step),
            Record::ErasedDelivery(delivery) => self.erased_delivery(*seq, *at, delivery),
            Record::Tick => self.tick(*seq, *at),
            Record::PluginState(state) => {
                self.plugin_state(state);
                Ok(())
            }
        }
    }

    fn reported(&mut self, seq: u64, at: Timestamp, report: &Reported) -> Result<(), FoldError> {
        if let Some(delivery) = report.delivery
            && self.keeps.deliveries()
        {
            self.settle_delivery(seq, delivery, report)?;
        }
        self.events(seq, at, report)
    }

    /// The events of a delivery or a page: all into the model, then the new ones to the rules.
    pub(crate) fn events(&mut self, seq: u64, at: Timestamp, report: &Reported) -> Result<(), FoldError> {
        self.consequences.reports += 1;
        let settings = Arc::clone(&self.settings);
        if settings.rules.asks_before() || self.witness.is_some() {
            self.draft.remember();
        }
        let mut gone = Gone::at(&self.draft, &report.connection)?;
        let mut new_events = Vec::new();
        for (position, event) in (0_u32..).zip(&report.events) {
            let id = EventId::of(&report.connection, &event.name, &event.key);
            let about = Applying {
                draft: &mut self.draft,
                connection: &report.connection,
                people: settings.people(&report.connection),
                event,
                id,
                at,
                finding: report
                    .findings
                    .iter()
                    .find(|(index, _)| *index == position)
                    .map(|(_, finding)| finding),
                told: Told { version: event.version, learned: seq },
                gone,
                forgotten: gone.everybody,
                forgetting: None,
            }
            .apply()?;
            self.consequences.events += 1;
            if matches!(event.payload, Payload::PrivacyRequest(_)) {
                gone = Gone::at(&self.draft, &report.connection)?;
            }
            if about.erased {
                mark_stored(&mut self.draft, report.delivery, seq, seq)?;
            }
            self.confirm_seen(seq, at, &report.connection, event, &about)?;
            if !self.draft.has(Table::Event, &id.0)? {
                self.note_event(id, event_row(seq, report, position, event, &about), &about);
                new_events.push((position, id, about));
            } else if about.is_of_people() {
                // Told again: what is to be forgotten has to be found here too.
                self.draft.put_raw(Table::Index, key::told_again(id, seq), encode(&report.delivery));
            }
        }
        for (position, id, about) in new_events {
            self.consequences.events_new += 1;
            if let Some(event) = report.events.get(position as usize) {
                let of = (id, event, &about);
                self.ask_rules((seq, at), (&report.connection, &report.connector), of)?;
                let row = event_row(seq, report, position, event, &about);
                self.take_turn((seq, at), &report.connector, &row, of)?;
            }
        }
        self.draft.forget_before();
        Ok(())
    }

    /// Writes what rules decided; what they tell of is to follow.
    pub(crate) fn write_decided(
        &mut self,
        seq: u64,
        mut decided: Decided,
    ) -> Result<Vec<Emission>, FoldError> {
        let acted = acted(&decided, &self.settings.rules);
        decided.keep(&self.keeps, &self.settings.rules, &mut self.asked);
        let written = decided.write(&mut self.draft, seq)?;
        self.consequences.rules_fired += written.fired;
        self.consequences.effects_planned.extend(&written.effects);
        self.consequences.effects_due.extend(written.due);
        self.count_acted(acted)?;
        Ok(written.told)
    }

    /// Writes down a new event, so that it is found under whom or what it is about.
    pub(crate) fn note_event(&mut self, id: EventId, row: EventRow, about: &About) {
        if let Some(account) = about.account {
            let of_account = key::events(account, &row.name, row.happened_at, id);
            self.draft.put_new(Table::Index, of_account, Vec::new());
        } else if let Some(subject) = about.subject.as_ref().filter(|_| about.is_of_people()) {
            self.draft.put_raw(Table::Index, key::about(subject, id), Vec::new());
        }
        self.draft.put(id.0.to_vec(), &row);
    }

    fn change_settings(&mut self, seq: u64, at: Timestamp, settings: &Settings) -> Result<(), FoldError> {
        let before =
            self.draft.get_raw(Table::Setting, SETTINGS_KEY)?.map(|row| read_settings(&row)).transpose()?;
        let salt = before.as_ref().map_or(settings.salt, |before| before.salt);
        let settings = &Settings { salt, ..settings.clone() };
        // Rules that no longer check leave those before in force; the host says so when it loads them.
        if let Ok(active) = ActiveSettings::new(settings) {
            keep_conditions(&mut self.draft, seq, &self.settings.rules, &active.rules);
            self.settings = Arc::new(active);
            self.keep_schedules(at)?;
            self.keep_segments(at)?;
            self.keep_watches(at)?;
            audit::changed(&mut self.draft, seq, at, &before.unwrap_or_default(), settings)?;
            let json =
                serde_json::to_string(settings).map_err(|_| FoldError::Row { table: Table::Setting })?;
            self.draft.put_raw(Table::Setting, SETTINGS_KEY.to_vec(), encode(&json));
            let rules = KeyRules::of(settings);
            self.draft.put_raw(Table::Setting, KEY_RULES_KEY.to_vec(), encode(&rules));
            self.consequences.settings_changed = true;
        }
        Ok(())
    }

    fn command(&mut self, seq: u64, learned_at: Timestamp, command: &Command) -> Result<(), FoldError> {
        audit::commanded(&mut self.draft, seq, learned_at, command)?;
        match command {
            Command::Redrive { delivery } => self.redrive(learned_at, *delivery),
            Command::RetryEffect { effect } => self.retry_effect(learned_at, *effect),
            Command::PollFrom { connection, stream, since } => self.poll_from(connection, stream, *since),
            Command::CloseRequest { connection, id } => {
                close_request(&mut self.draft, connection, id, learned_at)
            }
            Command::Judge { pairs, by, reason, at } => {
                let case = CaseRow { by: by.clone(), reason: reason.clone() };
                judge(&mut self.draft, pairs, &case, *at, self.settings.limits())?;
                self.ask_segments_of(seq, learned_at, pairs)
            }
            Command::Erase { account, by, reason, at: asked_at, deliveries, systems } => {
                let asked = AskedRow { by: by.clone(), reason: reason.clone(), at: *asked_at };
                self.erase_account(seq, *account, &asked, deliveries)?;
                self.ask_systems(seq, learned_at, (*account, *asked_at), systems)
            }
            Command::CloseErasure { effect, by, reason, at: closed_at } => {
                let closed = Closed { at: *closed_at, by: by.clone(), reason: reason.clone() };
                self.close_erasure(seq, learned_at, *effect, closed)
            }
            Command::Export { .. } => Ok(()),
            Command::FollowUp(asked) => want_follow_up(&mut self.draft, seq, asked),
            Command::CloseFollowUp { account, id, by, at } => {
                close_follow_up(&mut self.draft, seq, (*account, *id), by, *at)
            }
            Command::ReleaseEffects { chosen, word } => self.release_effects(chosen, word),
            Command::CancelEffects { chosen, word } => self.cancel_effects(chosen, word),
            Command::StopEffects(word) => self.switch_effects(Switch::Stopped, word),
            Command::ResumeEffects(word) => self.switch_effects(Switch::On, word),
            Command::Correct(corrected) => correct(&mut self.draft, seq, corrected, self.settings.salt()),
            Command::MakeToken(made) => {
                make_token(&mut self.draft, made);
                Ok(())
            }
            Command::RevokeToken { token, word } => revoke_token(&mut self.draft, *token, word),
        }
    }

    fn plugin_state(&mut self, state: &PluginState) {
        for (name, value) in &state.values {
            let row = key::object(&state.connection, &[name]);
            self.draft.put_raw(Table::PluginState, row, encode(value));
        }
    }
}

fn event_row(seq: u64, report: &Reported, position: u32, event: &Event, about: &About) -> EventRow {
    EventRow {
        name: event.name.clone(),
        connection: report.connection.clone(),
        happened_at: event.happened_at,
        delivery: report.delivery,
        report: seq,
        position,
        account: about.account,
        subject: about.subject.clone(),
    }
}

/// How many notes of a report say this.
pub(crate) fn remarks(report: &Reported, remark: Remark) -> u32 {
    u32::try_from(report.notes.iter().filter(|note| note.remark == remark).count()).unwrap_or(u32::MAX)
}

/// The effects to be sent, first due first, with when they are due; none while a person has stopped them all.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn effects_due(store: &dyn Store, limit: usize) -> Result<Vec<(Timestamp, EffectId)>, FoldError> {
    match effects_stopped(store)? {
        Some(_) => Ok(Vec::new()),
        None => effects_open(store, limit),
    }
}

/// The effects that are planned, under way or waiting, first due first, with when they are due; whether anything is sent
/// or not.
///
/// # Errors
/// The store's.
pub fn effects_open(store: &dyn Store, limit: usize) -> Result<Vec<(Timestamp, EffectId)>, FoldError> {
    let rows = store.scan(Table::EffectDue, Range::all(), Order::Ascending, limit)?;
    Ok(rows
        .iter()
        .filter_map(|(row, _)| Some((key::read_time(row.get(..8)?)?, EffectId(key::trailing_id(row)?))))
        .collect())
}

/// The settings in force.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn settings(store: &dyn Store) -> Result<Option<Settings>, FoldError> {
    store.get(Table::Setting, SETTINGS_KEY)?.map(|row| read_settings(&row)).transpose()
}

fn read_settings(row: &[u8]) -> Result<Settings, FoldError> {
    let json: String = decode(Table::Setting, row)?;
    serde_json::from_str(&json).map_err(|_| FoldError::Row { table: Table::Setting })
}

/// How keys are read and when they link nobody: the part of the settings that every look at a customer needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRules {
    pub limits: Limits,
    /// Addresses and phones in the form they have as keys.
    pub blocked: BTreeSet<String>,
    /// Where phones without a country may be, ISO 3166 alpha-2.
    pub countries: BTreeSet<String>,
    pub(crate) salt: Salt,
}

impl KeyRules {
    fn of(settings: &Settings) -> Self {
        let country = |connection: &ConnectionSettings| connection.default_country.clone();
        Self {
            limits: settings.identity,
            blocked: blocked(settings),
            countries: settings.connections.iter().filter_map(country).collect(),
            salt: settings.salt,
        }
    }

    /// Whether a key is nobody's: on the block list or a machine's mailbox.
    #[must_use]
    pub fn blocks(&self, key: &IdentityKey) -> bool {
        key.is_machines() || self.blocked.contains(&key.value)
    }
}

/// The rules for keys in force.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn key_rules(store: &dyn Store) -> Result<KeyRules, FoldError> {
    let row = store.get(Table::Setting, KEY_RULES_KEY)?;
    Ok(row.map(|bytes| decode(Table::Setting, &bytes)).transpose()?.unwrap_or_default())
}

/// One effect.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn effect(store: &dyn Store, id: EffectId) -> Result<Option<EffectRow>, FoldError> {
    store.get(Table::Effect, &id.0)?.map(|bytes| decode(Table::Effect, &bytes)).transpose()
}
