//! What the journal holds: everything that can change state, as record types with a version. hub-journal sees bytes.
//!
//! Reading: a newer version than ours is refused, never guessed at. Writing always uses the current version; adding a
//! field means a new version and a conversion here.

mod command;
mod earlier;

use hub_model::event::{Event, Note};
use hub_model::identity::Limits;
use hub_model::model::Finding;
use hub_model::{EffectId, NodeId, Salt, Timestamp};
use hub_rules::Catalogue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::row::Forgotten;

pub use command::{AskErasure, AskedFollowUp, Chosen, Command, CorrectedMessage, ErasureAt};

/// What arrived, as it arrived, with its signature checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub connection: String,
    pub connector: String,
    pub topic: Option<String>,
    /// Only the headers the connector asked for, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Hash of the connection and what its provider names a delivery by.
    pub dedupe: [u8; 16],
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
}

impl Delivery {
    /// What is left of it when its content is erased.
    #[must_use]
    pub fn without_content(&self) -> ErasedDelivery {
        ErasedDelivery {
            connection: self.connection.clone(),
            connector: self.connector.clone(),
            topic: self.topic.clone(),
            dedupe: self.dedupe,
            bytes: self.body.len() as u64,
        }
    }
}

/// What a connector made of a delivery or of a page it read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// Sequence number of the delivery; a page has none.
    pub delivery: Option<u64>,
    pub connection: String,
    pub connector: String,
    /// The connector's version.
    pub version: String,
    pub events: Vec<Event>,
    pub notes: Vec<Note>,
    /// What an enricher says of the text of the event at this index.
    pub findings: Vec<(u32, Finding)>,
}

/// One page of a connection's stream, and where the next begins: in one record, so that a crash between pages neither
/// loses nor repeats what the view has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polled {
    pub stream: String,
    /// The connector's own text; the next page begins here.
    pub cursor: Option<String>,
    /// The run goes on.
    pub more: bool,
    /// Changes up to this moment are read.
    pub reached: Option<Timestamp>,
    pub reported: Reported,
    /// The stream's beginning the page belongs to ([`StreamRow::beginnings`](crate::row::StreamRow::beginnings)). One
    /// that was under way when the stream was begun anew tells its events, but not where to go on. `None`: not known.
    pub beginning: Option<u32>,
}

/// A delivery that could not be turned into events this time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setback {
    pub delivery: u64,
    /// 1 for the first try.
    pub attempt: u32,
    /// For people; names plugin, version, phase and limit, never personal data.
    pub reason: String,
    pub next: AfterSetback,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AfterSetback {
    RetryAt(Timestamp),
    Park,
}

/// An effect is about to be sent; written and synced before the request leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub effect: EffectId,
    /// 1 for the first.
    pub number: u32,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub effect: EffectId,
    pub number: u32,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Confirmed {
        /// The provider's id of what was made.
        reference: Option<String>,
        /// An earlier attempt had been carried out after all.
        already_done: bool,
    },
    RetryAt {
        at: Timestamp,
        reason: String,
        /// The attempt may have been carried out.
        uncertain: bool,
    },
    /// It will never work as it is: a person has to look.
    Parked { reason: String },
    /// Nobody knows whether it happened, and sending again might do it twice.
    Unknown { reason: String },
    /// Not now, for a reason that is not the effect's own: the provider asked us to wait or is down. Does not count as a
    /// failure.
    Postponed {
        until: Timestamp,
        reason: String,
        /// The attempt may have been carried out.
        uncertain: bool,
    },
}

impl Outcome {
    /// Whether a provider's words stand in it.
    #[must_use]
    pub fn has_words(&self) -> bool {
        !matches!(self, Self::Confirmed { reference: None, .. })
    }

    /// The same without them.
    #[must_use]
    pub fn without_words(self) -> Self {
        let erased = || "erased".to_owned();
        match self {
            Self::Confirmed { already_done, .. } => Self::Confirmed { reference: None, already_done },
            Self::RetryAt { at, uncertain, .. } => Self::RetryAt { at, reason: erased(), uncertain },
            Self::Parked { .. } => Self::Parked { reason: erased() },
            Self::Unknown { .. } => Self::Unknown { reason: erased() },
            Self::Postponed { until, uncertain, .. } => {
                Self::Postponed { until, reason: erased(), uncertain }
            }
        }
    }
}

/// What decides besides deliveries: rules, and what connections add to keys. Journalled whenever it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub connections: Vec<ConnectionSettings>,
    /// E-mail addresses and phones that never link people, besides those nobody's person has (`noreply@` …).
    pub blocked_keys: Vec<String>,
    /// Name and text of each rule file.
    pub rules: Vec<(String, String)>,
    pub catalogue: Catalogue,
    /// Where an action a rule names is performed.
    pub actions: Vec<ActionRoute>,
    /// When a key stops linking people. New limits hold for whoever is heard of from here on; only a fold from the
    /// beginning under them regroups everybody.
    #[serde(default)]
    pub identity: Limits,
    /// That of the first settings holds for good.
    #[serde(default)]
    pub salt: Salt,
    /// Who had them taken over, where somebody asked for it. Decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Given>,
}

impl Settings {
    /// Whether the two decide alike, whoever gave them.
    #[must_use]
    pub fn decide_as(&self, other: &Self) -> bool {
        let plain = |settings: &Self| Self { given: None, ..settings.clone() };
        plain(self) == plain(other)
    }
}

/// Whose word something is, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub by: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionSettings {
    pub name: String,
    pub connector: String,
    /// ISO 3166 alpha-2, for phones written without a country.
    pub default_country: Option<String>,
    /// Endpoints it may call, each with its address.
    #[serde(default)]
    pub reaches: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRoute {
    /// As rules write it: "zendesk.create_ticket".
    pub name: String,
    pub connection: String,
    /// The connector's own name of it.
    pub action: String,
    /// The parameter that names the object written or the person written to: our write comes back as an event about it.
    #[serde(default)]
    pub target: Option<String>,
    #[serde(default)]
    pub role: Role,
}

/// What an action is for, as its connector declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Whatever rules ask for.
    #[default]
    Work,
    /// Writes to a person over this channel.
    Message(String),
    /// Has the provider forget a person, by an id of this scope. No rule may ask for it.
    Erase(String),
}

/// A delivery whose body and headers are erased. It was never parked nor redriven as far as the fold is concerned: what
/// its connector made of it, and may stay, follows in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedDelivery {
    pub connection: String,
    pub connector: String,
    pub topic: Option<String>,
    pub dedupe: [u8; 16],
    /// How long the body was.
    pub bytes: u64,
}

/// The steps of taking the forgotten out of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Erasing {
    /// Durable before the first record is rewritten: what it takes to know the forgotten again.
    Remember(Remembered),
    /// The records are rewritten.
    Done(Erased),
}

/// Tombstones: hashes, and where they belong. Names nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub accounts: Vec<Tombstone>,
    /// Accounts, things and connections by their hash, and when each was forgotten.
    pub subjects: Vec<([u8; 16], Timestamp)>,
    /// Addresses and phones that name somebody forgotten at a connection.
    pub contacts: Vec<[u8; 16]>,
    pub connections: Vec<RememberedAt>,
}

/// A forgotten account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    pub account: NodeId,
    /// Connection and type of object.
    pub scope: String,
    pub forgotten: Forgotten,
}

/// What is forgotten at a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedAt {
    pub connection: String,
    pub everybody: bool,
    pub contacts: bool,
    pub things: bool,
}

/// The receipt for rewriting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Everything that was to be erased when the view was at this record.
    pub until: u64,
    /// Records that were gone through, by the number of the one with the events.
    pub records: Vec<u64>,
    /// Records written anew.
    pub changed: u64,
    pub segments: u64,
    /// Records that were damaged; their bytes are gone.
    pub damaged: Vec<u64>,
}

/// Values a plugin keeps between calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginState {
    pub connection: String,
    pub values: Vec<(String, String)>,
}

/// Any record of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Delivery(Delivery),
    Reported(Reported),
    Setback(Setback),
    Attempt(Attempt),
    Receipt(Receipt),
    Settings(Box<Settings>),
    Command(Command),
    PluginState(PluginState),
    Polled(Polled),
    Erasing(Erasing),
    ErasedDelivery(ErasedDelivery),
    /// Time has passed: rules that waited for this moment are asked. The record's own time says which it is.
    Tick,
}

/// A journal record this program cannot read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("record kind {0} is unknown; a newer version of omnihub wrote it")]
    Kind(u8),
    #[error("record version {0} is unknown; a newer version of omnihub wrote it")]
    Version(u8),
    #[error("the record's content cannot be read: {0}")]
    Content(String),
}

/// The version record types are written with, but for those named below.
const VERSION: u8 = 1;

/// Version 1 of a report always had a delivery; the findings of version 2 said nothing of intents.
const REPORTED_VERSION: u8 = 3;

/// Version 1 of a page did not know its beginning; the findings of version 2 said nothing of intents.
const POLLED_VERSION: u8 = 3;

/// Version 1 of a command to erase named no other systems.
const COMMAND_VERSION: u8 = 2;

impl Record {
    /// The journal's kind byte. Numbers are on disk and never reused.
    #[must_use]
    pub fn kind(&self) -> u8 {
        match self {
            Self::Delivery(_) => 1,
            Self::Reported(_) => 2,
            Self::Setback(_) => 3,
            Self::Attempt(_) => 4,
            Self::Receipt(_) => 5,
            Self::Settings(_) => 6,
            Self::Command(_) => 7,
            Self::PluginState(_) => 8,
            Self::Polled(_) => 9,
            Self::Erasing(_) => 10,
            Self::ErasedDelivery(_) => 11,
            Self::Tick => 12,
        }
    }

    /// The payload to append under [`Record::kind`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Delivery(record) => written(record),
            Self::Reported(record) => written_as(REPORTED_VERSION, record),
            Self::Setback(record) => written(record),
            Self::Attempt(record) => written(record),
            Self::Receipt(record) => written(record),
            // The catalogue's types skip fields when they can, which a format without field names cannot follow.
            Self::Settings(record) => written(&serde_json::to_string(record).unwrap_or_default()),
            Self::Command(record) => written_as(COMMAND_VERSION, record),
            Self::PluginState(record) => written(record),
            Self::Polled(record) => written_as(POLLED_VERSION, record),
            Self::Erasing(record) => written(record),
            Self::ErasedDelivery(record) => written(record),
            Self::Tick => written(&()),
        }
    }

    /// Reads what [`Record::encode`] wrote.
    ///
    /// # Errors
    /// A kind or version of a newer program, or bytes that are no record.
    pub fn decode(kind: u8, payload: &[u8]) -> Result<Self, RecordError> {
        Ok(match kind {
            1 => Self::Delivery(read(payload)?),
            2 => Self::Reported(earlier::read_reported(payload)?),
            3 => Self::Setback(read(payload)?),
            4 => Self::Attempt(read(payload)?),
            5 => Self::Receipt(read(payload)?),
            6 => {
                let json: String = read(payload)?;
                Self::Settings(
                    serde_json::from_str(&json).map_err(|error| RecordError::Content(error.to_string()))?,
                )
            }
            7 => Self::Command(earlier::read_command(payload)?),
            8 => Self::PluginState(read(payload)?),
            9 => Self::Polled(earlier::read_polled(payload)?),
            10 => Self::Erasing(read(payload)?),
            11 => Self::ErasedDelivery(read(payload)?),
            12 => {
                read::<()>(payload)?;
                Self::Tick
            }
            other => return Err(RecordError::Kind(other)),
        })
    }
}

fn written<T: Serialize>(record: &T) -> Vec<u8> {
    written_as(VERSION, record)
}

fn written_as<T: Serialize>(version: u8, record: &T) -> Vec<u8> {
    postcard::to_extend(record, vec![version])
        .expect("records are plain data: writing them to memory has nothing to fail at")
}

fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, RecordError> {
    match payload.split_first() {
        Some((&VERSION, content)) => read_content(content),
        Some((version, _)) => Err(RecordError::Version(*version)),
        None => Err(RecordError::Content("empty".to_owned())),
    }
}

fn read_content<T: DeserializeOwned>(content: &[u8]) -> Result<T, RecordError> {
    postcard::from_bytes(content).map_err(|error| RecordError::Content(error.to_string()))
}
