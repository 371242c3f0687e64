//! Where an entry stands in a timeline, and the text that says where a page ended. An order over everything a customer
//! may have: however many things share a moment, none is shown twice or lost between two pages.

use std::fmt;
use std::str::FromStr;

use hub_model::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::row::{SubjectKind, key};

/// By moment, then kind, then what it is. Of one moment an order stands before its parcels and refunds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) at: Timestamp,
    pub(crate) kind: u8,
    /// The object's key, as rows have it.
    pub(crate) object: Vec<u8>,
}

impl Place {
    pub(crate) fn new(at: Timestamp, kind: SubjectKind, object: Vec<u8>) -> Self {
        Self { at, kind: kind as u8, object }
    }

    /// The place a row of the timeline has.
    pub(crate) fn of(row_key: &[u8]) -> Option<Self> {
        let (at, kind) = (key::timeline_at(row_key)?, *row_key.get(16)?);
        Some(Self { at, kind, object: key::timeline_object_of(row_key)?.to_vec() })
    }
}

/// Where a page ended; what follows goes on from there, whatever was told meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineCursor(pub(crate) Place);

/// The text is no cursor of a timeline.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not a place in a timeline; take `next` of the page before as it is")]
pub struct CursorError;

const PREFIX: &str = "tlc_";

impl fmt::Display for TimelineCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        let time = key::time(self.0.at);
        let mut bytes = time.iter().chain([&self.0.kind]).chain(&self.0.object);
        bytes.try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for TimelineCursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix(PREFIX).ok_or(CursorError)?.as_bytes();
        let (pairs, rest) = digits.as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        let bytes = bytes.filter(|_| rest.is_empty()).ok_or(CursorError)?;
        let (time, rest) = bytes.split_at_checked(8).ok_or(CursorError)?;
        let (kind, object) = rest.split_first().ok_or(CursorError)?;
        let at = key::read_time(time).ok_or(CursorError)?;
        Ok(Self(Place { at, kind: *kind, object: object.to_vec() }))
    }
}

fn byte(digits: &[u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}

impl Serialize for TimelineCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimelineCursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
