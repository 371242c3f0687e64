//! What the hub hands to a plugin and what it gets back, beside the model's events: plain Rust twins of `wit/`.

use std::collections::BTreeMap;
use std::sync::Arc;

use hub_model::Timestamp;
use hub_model::event::{Extra, Report};
use serde::Serialize;

/// A connection's settings without its secrets. Cheap to clone: calls share them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Arc<BTreeMap<String, String>>);

impl Settings {
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

impl From<BTreeMap<String, String>> for Settings {
    fn from(values: BTreeMap<String, String>) -> Self {
        Self(Arc::new(values))
    }
}

impl FromIterator<(String, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(values: I) -> Self {
        Self(Arc::new(values.into_iter().collect()))
    }
}

/// What arrived, with a checked signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub topic: Option<String>,
    /// Those the manifest asks for, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Also the only time a plugin's clocks show while it normalises.
    pub received_at_ns: i64,
}

/// Where `poll` continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub stream: String,
    /// Where the page before ended; absent at the beginning.
    pub cursor: Option<String>,
    /// Where to begin without a cursor.
    pub since: Option<Timestamp>,
    pub now: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub report: Report,
    /// Where the next page begins.
    pub cursor: Option<String>,
    pub more: bool,
    /// The changes up to here are read.
    pub reached: Option<Timestamp>,
}

/// What a subscription should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where deliveries are to go, character for character.
    pub callback: String,
    /// Whether to subscribe again where the provider lets us; else only look.
    pub repair: bool,
}

/// How a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Active,
    /// It was missing or off, and is on now.
    Repaired,
    /// It is missing or off, and a person has to change that.
    Broken,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subscribed {
    pub topic: String,
    pub standing: Standing,
    /// For people.
    pub detail: Option<String>,
}

/// One action owed to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The same at every attempt.
    pub id: String,
    pub action: String,
    pub arguments: Vec<(String, String)>,
    /// 1 at the first try.
    pub attempt: u32,
    /// An earlier attempt may have been carried out.
    pub uncertain: bool,
    pub planned_at: Timestamp,
    pub now: Timestamp,
    /// When the effect's customer last wrote on this connection, as far as the hub knows.
    pub last_inbound_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The provider's id of what was made, if any.
    pub reference: Option<String>,
    /// It had been done before; nothing was sent.
    pub already_done: bool,
    pub extra: Extra,
}

/// A text an enricher is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    /// BCP 47, where the provider says it.
    pub language: Option<String>,
    pub channel: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// What was seen: a word or pattern of the enricher's own lists.
    pub evidence: String,
    /// Hundredths, from -100 to 100.
    pub weight: i32,
}

/// What the writer of a text wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    pub name: String,
    /// Hundredths, from 0 to 100.
    pub confidence: i32,
    /// What was seen, in the enricher's own words.
    pub evidence: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// BCP 47; absent where the text is too short to tell.
    pub language: Option<String>,
    pub sentiment: String,
    /// Hundredths, from -100 to 100.
    pub score: i32,
    /// How sure the sentiment is, in hundredths.
    pub confidence: i32,
    /// What the sentiment was told by.
    pub method: String,
    pub cues: Vec<Cue>,
    /// The one to act on first leads.
    pub intents: Vec<Intent>,
    pub topic: Option<String>,
    pub extra: Extra,
}
