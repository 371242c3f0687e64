//! What connectors report: the plain Rust twin of `wit/types`, stored in the journal. `hub-runtime` converts.
//! Nothing here decides anything; how reports become a model is in the files beside this one.

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::time::Timestamp;

/// Names and values a record has no field for.
pub type Extra = Vec<(String, String)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// The provider's own id of a person or account. `scope` names the provider's object type.
    ProviderId,
    Email,
    Phone,
    /// A public name such as an Instagram username. Never links by itself.
    Handle,
    /// An unguessable value given to one person only, such as an order's status-page token.
    Token,
}

/// How the connector knows that the key belongs to the person. Only `claimed` never links people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// It is the provider's own id.
    Provider,
    /// The provider says it has verified it.
    Verified,
    /// The channel itself proves it: a WhatsApp sender's phone, the sender of an e-mail.
    Channel,
    /// Typed in by somebody.
    Claimed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    pub kind: IdentityKind,
    /// For `provider-id` and `handle` the provider's object type ("customer", "igsid"); the host adds the
    /// connection, so ids of two accounts never meet. For `token` what the token is for. Empty for e-mail and phone.
    pub scope: String,
    /// As the provider wrote it; the host normalises.
    pub value: String,
    pub proof: Proof,
}

/// A person as one object of the provider names them. The first identity is the one the object is filed under.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Party {
    pub ids: Vec<Identity>,
    pub name: Option<String>,
}

/// What a provider knows of a person. Absent means not said, never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Customer {
    pub who: Party,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub locale: Option<String>,
    /// The whole list of tags, when the provider sends the whole list.
    pub tags: Option<Vec<String>>,
    pub tags_added: Vec<String>,
    pub tags_removed: Vec<String>,
    pub state: Option<String>,
    pub deleted: bool,
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Consent {
    pub who: Party,
    /// "email", "sms", "whatsapp" …
    pub channel: String,
    /// "marketing" …
    pub purpose: String,
    /// "granted", "denied", "pending"; other words are kept.
    pub state: String,
    pub at: Option<Timestamp>,
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OrderLine {
    pub id: String,
    pub sku: Option<String>,
    pub title: Option<String>,
    pub quantity: i64,
    pub unit_price: Option<Money>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fulfilment {
    pub id: String,
    pub status: Option<String>,
    pub carrier: Option<String>,
    pub tracking_numbers: Vec<String>,
    pub tracking_urls: Vec<String>,
    pub updated_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Refund {
    pub id: String,
    /// Sum of what was paid back, not of the lines.
    pub amount: Option<Money>,
    pub at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReturnRequest {
    pub id: String,
    pub status: Option<String>,
    pub at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Order {
    /// The provider's id, exact, as text.
    pub id: String,
    /// What people say: "#1001".
    pub number: Option<String>,
    pub buyer: Option<Party>,
    pub total: Option<Money>,
    pub subtotal: Option<Money>,
    pub tax: Option<Money>,
    pub discount: Option<Money>,
    /// "pending", "paid", "refunded" …; other words are kept.
    pub financial_status: Option<String>,
    /// "unfulfilled", "partial", "fulfilled" …; other words are kept.
    pub fulfilment_status: Option<String>,
    pub placed_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub tags: Option<Vec<String>>,
    pub tags_added: Vec<String>,
    pub tags_removed: Vec<String>,
    pub note: Option<String>,
    /// Where it was made: "web", "pos" …
    pub source: Option<String>,
    pub lines: Option<Vec<OrderLine>>,
    pub fulfilments: Vec<Fulfilment>,
    pub refunds: Vec<Refund>,
    pub returns: Vec<ReturnRequest>,
    pub deleted: bool,
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Checkout {
    pub id: String,
    pub buyer: Option<Party>,
    pub total: Option<Money>,
    pub url: Option<String>,
    pub lines: Option<Vec<OrderLine>>,
    pub started_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    /// The order it became.
    pub order: Option<String>,
    pub deleted: bool,
    pub extra: Extra,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Inbound,
    Outbound,
    Internal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    Customer,
    Human,
    Bot,
    Rule,
    System,
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attachment {
    /// "image", "video", "audio", "file", "location" …
    pub kind: String,
    pub url: Option<String>,
    pub title: Option<String>,
    pub mime: Option<String>,
    /// The provider's id of the media.
    pub id: Option<String>,
}

/// The order in which a sent message fares; a later report of an earlier state changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    Accepted,
    Sent,
    Delivered,
    Read,
    Played,
    Failed,
    Deleted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reaction {
    /// Who reacted, by the provider's id.
    pub by: String,
    /// Absent when it was taken back.
    pub emoji: Option<String>,
}

/// A message, call, comment or review, or news of one already told (then only `id` and what is new is set).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interaction {
    pub id: String,
    /// "email", "phone", "instagram", "whatsapp", "web", "messaging" …
    pub channel: Option<String>,
    /// "message", "call", "comment", "postback", "note" …
    pub kind: Option<String>,
    pub direction: Option<Direction>,
    pub author: Option<Author>,
    /// The customer's side, whoever wrote.
    pub customer: Option<Party>,
    /// The provider's thread or, where there is none, what stands for it.
    pub thread: Option<String>,
    pub text: Option<String>,
    pub attachments: Vec<Attachment>,
    pub reply_to: Option<String>,
    /// The provider's ticket this belongs to.
    pub ticket: Option<String>,
    /// The provider's order this is about.
    pub order: Option<String>,
    pub sent_at: Option<Timestamp>,
    pub status: Option<DeliveryStatus>,
    pub status_detail: Option<String>,
    pub edited: bool,
    pub reaction: Option<Reaction>,
    /// Its author took it back or it was redacted: the hub forgets the content.
    pub erased: bool,
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ticket {
    pub id: String,
    pub external_id: Option<String>,
    pub subject: Option<String>,
    /// Lower case: "new", "open", "pending", "hold", "solved", "closed"; other words are kept.
    pub status: Option<String>,
    /// Lower case: "low", "normal", "high", "urgent".
    pub priority: Option<String>,
    pub kind: Option<String>,
    pub channel: Option<String>,
    pub requester: Option<Party>,
    pub assignee: Option<String>,
    pub group: Option<String>,
    pub tags: Option<Vec<String>>,
    pub tags_added: Vec<String>,
    pub tags_removed: Vec<String>,
    pub created_at: Option<Timestamp>,
    pub deleted: bool,
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InventoryLevel {
    pub item: String,
    pub sku: Option<String>,
    pub location: String,
    /// "available" is what can be sold; other states are kept apart.
    pub state: String,
    /// Absolute count; absent where the provider does not track it.
    pub quantity: Option<i64>,
    pub deleted: bool,
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InventoryItem {
    pub item: String,
    pub sku: Option<String>,
    pub title: Option<String>,
    pub deleted: bool,
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LoyaltyAccount {
    pub id: String,
    pub program: Option<String>,
    pub member: Option<Party>,
    /// Usable points; may be negative.
    pub balance: Option<i64>,
    pub lifetime: Option<i64>,
    pub tier: Option<String>,
    pub enrolled_at: Option<Timestamp>,
    pub deleted: bool,
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LoyaltyEntry {
    pub id: String,
    pub account: String,
    /// "accumulate", "redeem", "adjust", "expire" …; other words are kept.
    pub kind: String,
    /// Signed change of the balance; absent where the entry changes nothing.
    pub points: Option<i64>,
    pub reason: Option<String>,
    pub order: Option<String>,
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SurveyResponse {
    pub id: String,
    /// "csat", "ces", "nps".
    pub kind: String,
    pub ticket: Option<String>,
    pub who: Option<Party>,
    pub score: Option<String>,
    pub comment: Option<String>,
    pub extra: Extra,
}

/// The provider asks that a person be forgotten, or for what is stored of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PrivacyRequest {
    pub id: String,
    /// "erase-customer", "export-customer", "erase-account".
    pub kind: String,
    pub who: Option<Party>,
    pub orders: Vec<String>,
    pub extra: Extra,
}

/// Two of the provider's people are one, as the provider says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PersonMerge {
    pub kept: Identity,
    pub absorbed: Identity,
}

/// Something the hub has no model for. It is kept, counted and shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Other {
    /// The provider's word for it.
    pub topic: String,
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    Customer(Customer),
    Consent(Consent),
    Order(Order),
    Checkout(Checkout),
    Interaction(Interaction),
    Ticket(Ticket),
    InventoryLevel(InventoryLevel),
    InventoryItem(InventoryItem),
    LoyaltyAccount(LoyaltyAccount),
    LoyaltyEntry(LoyaltyEntry),
    SurveyResponse(SurveyResponse),
    PrivacyRequest(PrivacyRequest),
    PersonMerge(PersonMerge),
    Other(Other),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Event {
    /// What happened, as rules name it: "order.paid", "message.received".
    pub name: String,
    /// The same for every copy of this event and for no other event of this connection; usually the object's id,
    /// with its version where the event can happen again. The host adds connection and name.
    pub key: String,
    pub happened_at: Timestamp,
    /// Orders what is said of one object: the newest version wins whatever the order of arrival. Usually the
    /// provider's `updated_at` in nanoseconds, else `happened-at`.
    pub version: i64,
    pub payload: Payload,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// Left out on purpose; the reason says why.
    Ignored,
    /// Not known to this connector; kept in the delivery.
    Unknown,
    /// This item could not be read; the rest of the delivery could.
    Malformed,
}

/// What became of a part of a delivery that gave no event, so that nothing is dropped in silence.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Note {
    /// Where in the body, as a JSON pointer (RFC 6901); empty for the whole.
    pub path: String,
    pub remark: Remark,
    /// For people; never with personal data.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Report {
    pub events: Vec<Event>,
    pub notes: Vec<Note>,
}
