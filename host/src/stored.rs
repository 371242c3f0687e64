//! What the journal holds, as readers ask for it: a record by its number, an event by its id, a delivery as it arrived.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hub_fold::record::{Delivery, Polled};
use hub_fold::{Record, RecordError, Sequenced};
use hub_journal::{Journal, ReadError, Seq};
use hub_model::event::Event;
use hub_model::{EventId, Timestamp};
use serde::Serialize;

/// Why a record that is there cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoredError {
    #[error("reading the journal: {0}")]
    Read(#[from] ReadError),
    #[error("reading the journal: {0}")]
    Record(#[from] RecordError),
}

/// A delivery's content. Personal data: for whoever may see the customer.
#[derive(Serialize)]
pub(crate) struct Received {
    topic: Option<String>,
    headers: Vec<(String, String)>,
    body: Body,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    Text(String),
    Base64(String),
}

impl Received {
    pub(crate) fn new(delivery: Delivery) -> Self {
        let body = String::from_utf8(delivery.body)
            .map_or_else(|error| Body::Base64(STANDARD.encode(error.as_bytes())), Body::Text);
        Self { topic: delivery.topic, headers: delivery.headers, body }
    }
}

/// A record, unless the journal has let it go.
///
/// # Errors
/// The disk's, or a record that is damaged or of a newer program.
pub(crate) fn record(journal: &Journal, seq: u64) -> Result<Option<Sequenced>, StoredError> {
    match journal.read(Seq::new(seq)) {
        Ok(record) => Ok(Some(Sequenced {
            seq,
            at: Timestamp(record.time_ns),
            record: Record::decode(record.kind, &record.payload)?,
        })),
        Err(ReadError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// An event in the record that reported it. Found by its id: where somebody was erased meanwhile, its place is another.
///
/// # Errors
/// As [`record`].
pub(crate) fn event(journal: &Journal, report: u64, id: EventId) -> Result<Option<Event>, StoredError> {
    Ok(match record(journal, report)?.map(|stored| stored.record) {
        Some(Record::Reported(reported) | Record::Polled(Polled { reported, .. })) => {
            let connection = reported.connection;
            reported.events.into_iter().find(|event| EventId::of(&connection, &event.name, &event.key) == id)
        }
        _ => None,
    })
}

/// The same without what is damaged, for whoever can do without it.
///
/// # Errors
/// The disk's.
pub(crate) fn if_readable<T>(stored: Result<Option<T>, StoredError>) -> Result<Option<T>, StoredError> {
    match stored {
        Err(StoredError::Read(error @ ReadError::Io { .. })) => Err(error.into()),
        other => Ok(other.ok().flatten()),
    }
}
