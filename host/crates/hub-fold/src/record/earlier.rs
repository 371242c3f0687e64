//! Records as earlier versions wrote them, read as what they are now.

use hub_model::Timestamp;
use hub_model::event::{Event, Note};
use hub_model::model::Finding;
use serde::Deserialize;

use super::{
    COMMAND_VERSION, Command, POLLED_VERSION, Polled, REPORTED_VERSION, RecordError, Reported, VERSION, read,
    read_content,
};

/// A report as version 1 had it.
#[derive(Deserialize)]
struct ReportedV1 {
    delivery: u64,
    connection: String,
    connector: String,
    version: String,
    events: Vec<Event>,
    notes: Vec<Note>,
    findings: Vec<(u32, Finding)>,
}

pub(super) fn read_reported(payload: &[u8]) -> Result<Reported, RecordError> {
    match payload.split_first() {
        Some((&REPORTED_VERSION, content)) => read_content(content),
        _ => {
            let ReportedV1 { delivery, connection, connector, version, events, notes, findings } =
                read(payload)?;
            Ok(Reported { delivery: Some(delivery), connection, connector, version, events, notes, findings })
        }
    }
}

/// A page as version 1 had it.
#[derive(Deserialize)]
struct PolledV1 {
    stream: String,
    cursor: Option<String>,
    more: bool,
    reached: Option<Timestamp>,
    reported: Reported,
}

pub(super) fn read_polled(payload: &[u8]) -> Result<Polled, RecordError> {
    match payload.split_first() {
        Some((&POLLED_VERSION, content)) => read_content(content),
        _ => {
            let PolledV1 { stream, cursor, more, reached, reported } = read(payload)?;
            Ok(Polled { stream, cursor, more, reached, reported, beginning: None })
        }
    }
}

/// The byte of an empty list.
const NO_SYSTEMS: u8 = 0;

pub(super) fn read_command(payload: &[u8]) -> Result<Command, RecordError> {
    match payload.split_first() {
        Some((&COMMAND_VERSION, content)) => read_content(content),
        // Only an erasure has a field more now, its last; without it nothing else that is whole fails to read.
        Some((&VERSION, content)) => {
            read_content(content).or_else(|error| match read_content(&[content, &[NO_SYSTEMS]].concat()) {
                Ok(erasure @ Command::Erase { .. }) => Ok(erasure),
                _ => Err(error),
            })
        }
        _ => read(payload),
    }
}
