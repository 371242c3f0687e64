//! What the view's tables hold, and their keys. Rows are rebuilt from the journal, so an unreadable version is a reason
//! to rebuild, not to convert.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::identity::{Claim, IdentityKey};
use hub_model::model::{
    Checkout, Consent, Conversation, Interaction, InventoryItem, InventoryLevel, LoyaltyAccount,
    LoyaltyEntry, Order, Profile, Survey, Ticket,
};
use hub_model::{EffectId, EventId, NodeId, Timestamp};
use hub_rules::Grade;
use hub_store::Table;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::FoldError;

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
    CustomerRow => Customer,
    EffectRow => Effect,
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
}

/// Items share the inventory table with their levels: an item's key has no location.
impl Row for InventoryItem {
    const TABLE: Table = Table::Inventory;
}

/// A delivery's fate. The body stays in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
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
    pub delivery: u64,
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
}

impl SubjectKind {
    const ALL: [Self; 10] = [
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
    ];

    /// The kind written as this byte in a key.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A key of people, and who proves it to be theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRow {
    pub key: IdentityKey,
    /// Of an account: the keys it claims.
    pub claims: BTreeMap<NodeId, Claim>,
    /// Of a key: the accounts that prove it to be theirs, as many as matter for the limit.
    pub proven_by: BTreeSet<NodeId>,
    /// The customer it belongs to. A key that links nobody belongs to none.
    pub customer: Option<NodeId>,
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
    pub planned_at: Timestamp,
    pub state: EffectState,
    /// Tries so far.
    pub attempts: u32,
    /// A try may have been carried out.
    pub uncertain: bool,
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
        }
    }
}

/// The version rows are written with.
const VERSION: u8 = 1;

pub(crate) fn encode<T: Serialize>(row: &T) -> Vec<u8> {
    postcard::to_extend(row, vec![VERSION])
        .expect("rows are plain data: writing them to memory has nothing to fail at")
}

pub(crate) fn decode<T: DeserializeOwned>(table: Table, bytes: &[u8]) -> Result<T, FoldError> {
    match bytes.split_first() {
        Some((&VERSION, content)) => postcard::from_bytes(content).map_err(|_| FoldError::Row { table }),
        _ => Err(FoldError::Row { table }),
    }
}

/// Keys of the view.
pub mod key {
    use super::{EffectId, EventId, NodeId, Subject, SubjectKind, Timestamp};

    /// A provider's object. Connection names hold no NUL, so a connection is a prefix of no other.
    #[must_use]
    pub fn object(connection: &str, parts: &[&str]) -> Vec<u8> {
        let mut key = connection.as_bytes().to_vec();
        for part in parts {
            key.push(0);
            key.extend_from_slice(&bounded(part));
        }
        key
    }

    /// The longest id kept readable in a key; a longer one (Meta's run to some 200) is cut and ends in its hash.
    const ID_BYTES_MAX: usize = 256;

    /// A part as it stands in a key: never with a NUL, which would look like the end of the part.
    fn bounded(part: &str) -> Vec<u8> {
        let bytes = part.as_bytes();
        if bytes.len() <= ID_BYTES_MAX && !bytes.contains(&0) {
            return bytes.to_vec();
        }
        let mut cut: Vec<u8> = bytes.iter().take(ID_BYTES_MAX).copied().filter(|byte| *byte != 0).collect();
        cut.extend_from_slice(blake3::hash(bytes).to_hex().as_bytes());
        cut
    }

    #[must_use]
    pub fn sequence(seq: u64) -> Vec<u8> {
        seq.to_be_bytes().to_vec()
    }

    /// Orders negative times before positive ones.
    #[must_use]
    pub fn time(at: Timestamp) -> [u8; 8] {
        (at.0 ^ i64::MIN).to_be_bytes()
    }

    #[must_use]
    pub fn read_time(bytes: &[u8]) -> Option<Timestamp> {
        let bytes: [u8; 8] = bytes.try_into().ok()?;
        Some(Timestamp(i64::from_be_bytes(bytes) ^ i64::MIN))
    }

    #[must_use]
    pub fn timeline(account: NodeId, at: Timestamp, subject: &Subject) -> Vec<u8> {
        let mut key = account.0.to_vec();
        key.extend_from_slice(&time(at));
        key.push(subject.kind as u8);
        key.extend(object(&subject.connection, &[&subject.id]));
        key
    }

    /// The parts of the index. Every key begins with 16 bytes of what is looked up.
    const BY_ACCOUNT: u8 = b'o';
    const EVENTS: u8 = b'e';
    const WORD: u8 = b'w';
    const CLAIMED_BY: u8 = b'c';

    #[must_use]
    pub fn by_account_prefix(account: NodeId, kind: SubjectKind) -> Vec<u8> {
        let mut key = account.0.to_vec();
        key.extend([BY_ACCOUNT, kind as u8]);
        key
    }

    #[must_use]
    pub fn by_account(account: NodeId, subject: &Subject) -> Vec<u8> {
        let mut key = by_account_prefix(account, subject.kind);
        key.extend(object(&subject.connection, &[&subject.id]));
        key
    }

    #[must_use]
    pub fn events_prefix(account: NodeId, name: &str) -> Vec<u8> {
        let mut key = account.0.to_vec();
        key.push(EVENTS);
        key.extend(bounded(name));
        key.push(0);
        key
    }

    #[must_use]
    pub fn events(account: NodeId, name: &str, at: Timestamp, event: EventId) -> Vec<u8> {
        let mut key = events_prefix(account, name);
        key.extend_from_slice(&time(at));
        key.extend_from_slice(&event.0);
        key
    }

    /// Who may be found under a word: an order number, a handle, part of a name.
    #[must_use]
    pub fn word_prefix(word: &str) -> Vec<u8> {
        let hash = blake3::hash(word.trim().to_lowercase().as_bytes());
        let mut key: Vec<u8> = hash.as_bytes().iter().take(16).copied().collect();
        key.push(WORD);
        key
    }

    #[must_use]
    pub fn word(word: &str, account: NodeId) -> Vec<u8> {
        let mut key = word_prefix(word);
        key.extend_from_slice(&account.0);
        key
    }

    /// All accounts that claim a key, with proof or without.
    #[must_use]
    pub fn claimed_by_prefix(node: NodeId) -> Vec<u8> {
        let mut key = node.0.to_vec();
        key.push(CLAIMED_BY);
        key
    }

    #[must_use]
    pub fn claimed_by(node: NodeId, account: NodeId) -> Vec<u8> {
        let mut key = claimed_by_prefix(node);
        key.extend_from_slice(&account.0);
        key
    }

    #[must_use]
    pub fn effect_due(at: Timestamp, effect: EffectId) -> Vec<u8> {
        let mut key = time(at).to_vec();
        key.extend_from_slice(&effect.0);
        key
    }

    #[must_use]
    pub fn pending(due: Timestamp, delivery: u64) -> Vec<u8> {
        let mut key = time(due).to_vec();
        key.extend(sequence(delivery));
        key
    }

    /// A decision of a rule on an event, for "why".
    #[must_use]
    pub fn decision(event: EventId, rule: &str) -> Vec<u8> {
        let mut key = b"d".to_vec();
        key.extend_from_slice(&event.0);
        key.extend_from_slice(rule.as_bytes());
        key
    }

    #[must_use]
    pub fn decisions_prefix(event: EventId) -> Vec<u8> {
        let mut key = b"d".to_vec();
        key.extend_from_slice(&event.0);
        key
    }

    /// A tag a rule gave to the customer this account is.
    #[must_use]
    pub fn hub_tag(account: NodeId, tag: &str) -> Vec<u8> {
        let mut key = hub_tags_prefix(account);
        key.extend_from_slice(tag.as_bytes());
        key
    }

    #[must_use]
    pub fn hub_tags_prefix(account: NodeId) -> Vec<u8> {
        let mut key = b"t".to_vec();
        key.extend_from_slice(&account.0);
        key
    }

    /// The last 16 bytes, as the id every key of the index ends in.
    #[must_use]
    pub fn trailing_id(key: &[u8]) -> Option<[u8; 16]> {
        key.last_chunk::<16>().copied()
    }
}
