//! What the view's tables hold, and their keys. Rows are rebuilt from the journal, so an unreadable version is a reason
//! to rebuild, not to convert.

pub mod key;
pub mod ruling;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hub_model::event::IdentityKind;
use hub_model::identity::{Claim, IdentityKey, Judged};
use hub_model::model::{
    Checkout, Consent, Conversation, FollowUp, Interaction, InventoryItem, InventoryLevel, LoyaltyAccount,
    LoyaltyEntry, Order, Profile, Survey, Ticket,
};
use hub_model::{EffectId, EventId, FollowUpId, NodeId, Salt, Timestamp};
use hub_rules::Grade;
use hub_store::Table;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::FoldError;
pub use crate::held::{Hold, Word};
pub use ruling::{By, Ruling, RulingKind};

/// A row type and the table it lives in.
pub trait Row: Serialize + DeserializeOwned {
    const TABLE: Table;
}

macro_rules! rows {
    ($($row:ty => $table:ident),+ $(,)?) => {
        $(impl Row for $row { const TABLE: Table = Table::$table; })+
    };
}

rows! {
    DeliveryRow => Delivery,
    EventRow => Event,
    NodeRow => Node,
    BelongsRow => Node,
    CustomerRow => Customer,
    EffectRow => Effect,
    StreamRow => Stream,
    ConnectionRow => Connection,
    PrivacyRequestRow => PrivacyRequest,
    Profile => Profile,
    Order => Order,
    Checkout => Checkout,
    Interaction => Interaction,
    Conversation => Conversation,
    Ticket => Ticket,
    InventoryLevel => Inventory,
    LoyaltyAccount => LoyaltyAccount,
    LoyaltyEntry => LoyaltyEntry,
    Survey => Survey,
    Consent => Consent,
    FollowUp => FollowUp,
    Ruling => Annotation,
}

/// Items share the inventory table with their levels: an item's key has no location.
impl Row for InventoryItem {
    const TABLE: Table = Table::Inventory;
}

/// A delivery's fate. The body stays in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    pub dedupe: [u8; 16],
    pub connection: String,
    pub connector: String,
    pub topic: Option<String>,
    pub received_at: Timestamp,
    pub bytes: u64,
    pub state: DeliveryState,
    /// Tries that failed since it arrived or was last redriven.
    pub setbacks: u32,
    /// Why the last try failed.
    pub reason: Option<String>,
    /// Its body holds what is to be forgotten.
    pub erase: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its connector, not before `due`.
    Pending { due: Timestamp },
    Processed {
        /// Sequence number of the record with its events.
        report: u64,
        events: u32,
        ignored: u32,
        unknown: u32,
        malformed: u32,
    },
    /// Kept for a person to look at.
    Parked,
}

/// Where an event came from and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    pub name: String,
    pub connection: String,
    pub happened_at: Timestamp,
    /// The delivery it came in; one that was polled came in none.
    pub delivery: Option<u64>,
    /// Sequence number of the record that holds it, and its place there.
    pub report: u64,
    pub position: u32,
    /// The account it is about.
    pub account: Option<NodeId>,
    pub subject: Option<Subject>,
}

/// A thing of the model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    pub kind: SubjectKind,
    pub connection: String,
    pub id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum SubjectKind {
    Order = 1,
    Checkout = 2,
    Interaction = 3,
    Ticket = 4,
    LoyaltyAccount = 5,
    LoyaltyEntry = 6,
    Survey = 7,
    InventoryLevel = 8,
    Customer = 9,
    Consent = 10,
    /// A parcel of an order. It and the two below stand in the timeline alone: what they are is in the order's row.
    Fulfilment = 11,
    Refund = 12,
    Return = 13,
    /// Something to do for a customer later. Filed by account in a table of its own.
    FollowUp = 14,
    /// What a rule wrote down for people. Kept with what else rules say of an account.
    Note = 15,
    /// A rule of the hub's own, of which an alarm tells.
    Rule = 16,
}

impl SubjectKind {
    const ALL: [Self; 16] = [
        Self::Order,
        Self::Checkout,
        Self::Interaction,
        Self::Ticket,
        Self::LoyaltyAccount,
        Self::LoyaltyEntry,
        Self::Survey,
        Self::InventoryLevel,
        Self::Customer,
        Self::Consent,
        Self::Fulfilment,
        Self::Refund,
        Self::Return,
        Self::FollowUp,
        Self::Note,
        Self::Rule,
    ];

    /// As the API writes it: "order", "interaction" …
    #[must_use]
    pub fn word(self) -> String {
        let word = serde_json::to_value(self).ok();
        word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The kind written as this byte in a key.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// What the timeline holds of a thing of its own. Read as a [`Subject`] it is the thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThingRow {
    pub thing: Subject,
    /// As the thing's own row has it: whoever counts what is open reads no things.
    pub is_open: bool,
}

/// A [`ThingRow`] looked at without copying.
#[derive(Deserialize)]
pub(crate) struct ThingLook<'b> {
    #[serde(borrow)]
    #[expect(dead_code, reason = "a subject's parts, which stand before what is looked at")]
    thing: (SubjectKind, &'b str, &'b str),
    pub(crate) is_open: bool,
}

/// What the timeline holds of a part of an order: a parcel at one of its turns, a refund, a return. Read as a [`Subject`]
/// it is the kind of the part and the id of the whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRow {
    pub whole: Subject,
    pub part: String,
    /// Tells several places of one part from each other.
    pub turn: String,
}

/// A key of people, and who proves it to be theirs. Begins as a [`BelongsRow`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRow {
    /// The customer it belongs to. A key that links nobody belongs to none.
    pub customer: Option<NodeId>,
    pub key: IdentityKey,
    /// Of an account: the keys it claims.
    pub claims: BTreeMap<NodeId, Claim>,
    /// Of a key: the accounts that prove it to be theirs, as many as matter for the limit.
    pub proven_by: BTreeSet<NodeId>,
    /// Of a key: the accounts that claim it, with proof or without, the least few. The others stand in the index.
    pub claimed_by: BTreeSet<NodeId>,
    pub forgotten: Forgotten,
    /// Of an account: the last word of people on it and another, which has the same.
    pub judged: BTreeMap<NodeId, Judged>,
}

/// How a [`NodeRow`] begins: whoever asks whose a node is reads no more of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BelongsRow {
    pub customer: Option<NodeId>,
}

impl NodeRow {
    pub(crate) fn new(key: IdentityKey) -> Self {
        Self {
            customer: None,
            key,
            claims: BTreeMap::new(),
            proven_by: BTreeSet::new(),
            claimed_by: BTreeSet::new(),
            forgotten: Forgotten::Nothing,
            judged: BTreeMap::new(),
        }
    }

    /// A node of which nothing is known but what people said of it.
    pub(crate) fn unheard_of() -> Self {
        Self::new(IdentityKey { kind: IdentityKind::ProviderId, scope: String::new(), value: String::new() })
    }

    /// Whether more is known than what people said: every account has a scope.
    pub(crate) fn is_heard_of(&self) -> bool {
        !(self.key.is_account() && self.key.scope.is_empty())
    }
}

/// Who gave their word on pairs of accounts, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRow {
    pub by: String,
    pub reason: String,
}

/// How much of an account is gone. It climbs and never goes back, so it is the tombstone as well: the row's key is a hash
/// of the account's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Forgotten {
    #[default]
    Nothing,
    /// Its provider deleted it: its profile and the keys beside its own id are gone.
    Profile,
    /// The person is to be forgotten: the id and what was said and written as well.
    Person,
}

/// Where the reading of a connection's stream stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamRow {
    /// How often it was begun anew. A page that was under way then says nothing about where to go on.
    pub beginnings: u32,
    pub cursor: Option<String>,
    /// From when on to read while there is no cursor.
    pub since: Option<Timestamp>,
    /// Changes up to this moment are read.
    pub reached: Option<Timestamp>,
    /// A run is under way, or owed.
    pub more: bool,
    /// When the first page of the run came.
    pub run_started_at: Option<Timestamp>,
    pub last_page_at: Option<Timestamp>,
    pub pages: u64,
    pub events: u64,
    pub ignored: u64,
    pub unknown: u64,
    pub malformed: u64,
}

/// Days whose greatest gap between deliveries is remembered: a week, so that a Sunday's is, and today.
pub const GAP_DAYS: usize = 8;

/// How busy a connection is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionRow {
    pub last_delivery_at: Timestamp,
    pub deliveries: u64,
    /// By day number modulo their number.
    pub gaps: [Gap; GAP_DAYS],
}

/// The greatest gap between deliveries that ended on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Days since 1970 in UTC.
    pub day: i64,
    pub longest: Duration,
}

/// That something was forgotten; never what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    pub at: Timestamp,
    /// A hash of what it was.
    pub subject: [u8; 16],
}

/// A person asked for what is stored of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivacyRequestRow {
    pub kind: String,
    pub event: EventId,
    pub account: Option<NodeId>,
    /// The orders it names.
    pub orders: Vec<String>,
    pub requested_at: Timestamp,
    pub due_at: Timestamp,
    pub closed_at: Option<Timestamp>,
}

/// A customer: the nodes that are one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRow {
    pub accounts: BTreeSet<NodeId>,
    pub keys: BTreeSet<NodeId>,
}

/// One action owed to the outside, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectRow {
    pub rule: String,
    pub cause: EventId,
    /// The action's id in the rule.
    pub step: String,
    pub connection: String,
    pub action: String,
    pub grade: Grade,
    pub arguments: Vec<(String, String)>,
    /// Of one that writes to a person: whether that is allowed is asked before each try.
    pub message: Option<Message>,
    pub planned_at: Timestamp,
    /// When it was planned, or last asked for by an operator: the hub gives up so long after it.
    pub owed_since: Timestamp,
    pub state: EffectState,
    /// Tries so far.
    pub attempts: u32,
    /// Tries that failed for a reason of their own: not because the provider was down or asked us to wait.
    pub failures: u32,
    /// A try may have been carried out.
    pub uncertain: bool,
    /// Whom it was for is forgotten: the arguments are gone and it cannot be sent.
    pub erased: bool,
    /// What its rule and people say of when it may be sent, and whether.
    pub hold: Hold,
}

/// Where and what for a person is written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub channel: String,
    pub purpose: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectState {
    Planned,
    /// A try is under way, or was when the hub stopped.
    Claimed {
        at: Timestamp,
    },
    Waiting {
        until: Timestamp,
        reason: String,
    },
    Confirmed {
        at: Timestamp,
        reference: Option<String>,
        already_done: bool,
    },
    Parked {
        at: Timestamp,
        reason: String,
    },
    Unknown {
        at: Timestamp,
        reason: String,
    },
    /// Waits for a person's word.
    Held {
        at: Timestamp,
        reason: String,
    },
    /// A person has said that it is not to be sent.
    Cancelled {
        at: Timestamp,
        by: String,
        reason: String,
    },
}

impl EffectState {
    /// One word for tables and metrics.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Claimed { .. } => "claimed",
            Self::Waiting { .. } => "waiting",
            Self::Confirmed { .. } => "confirmed",
            Self::Parked { .. } => "parked",
            Self::Unknown { .. } => "unknown",
            Self::Held { .. } => "held",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

/// The version rows are written with.
const VERSION: u8 = 11;

thread_local! {
    /// Rows are written here and copied once they are whole: a vector that grows with each moves what it has, over and over.
    static WRITING: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

pub(crate) fn encode<T: Serialize>(row: &T) -> Vec<u8> {
    let mut writing = WRITING.take();
    writing.clear();
    writing.push(VERSION);
    let written = postcard::to_extend(row, writing)
        .expect("rows are plain data: writing them to memory has nothing to fail at");
    let row = written.as_slice().to_vec();
    WRITING.set(written);
    row
}

pub(crate) fn decode<'b, T: Deserialize<'b>>(table: Table, bytes: &'b [u8]) -> Result<T, FoldError> {
    match bytes.split_first() {
        Some((&VERSION, content)) => postcard::from_bytes(content).map_err(|_| FoldError::Row { table }),
        _ => Err(FoldError::Row { table }),
    }
}
