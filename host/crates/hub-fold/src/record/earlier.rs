//! Records as earlier versions wrote them, read as what they are now.

use hub_model::Timestamp;
use hub_model::event::{Event, Note};
use hub_model::model::Finding;
use serde::Deserialize;

use super::{
    COMMAND_VERSION, Command, POLLED_VERSION, Polled, REPORTED_VERSION, RecordError, Reported, VERSION, read,
    read_content,
};

/// A finding as it was before enrichers told intents.
#[derive(Deserialize)]
struct SentimentOnly {
    language: Option<String>,
    sentiment: String,
    score: i32,
    cues: Vec<(String, i32)>,
}

impl From<SentimentOnly> for Finding {
    fn from(earlier: SentimentOnly) -> Self {
        let SentimentOnly { language, sentiment, score, cues } = earlier;
        Self { language, sentiment, score, cues, ..Self::default() }
    }
}

fn read_findings(earlier: Vec<(u32, SentimentOnly)>) -> Vec<(u32, Finding)> {
    earlier.into_iter().map(|(index, finding)| (index, finding.into())).collect()
}

/// A report as versions 1 and 2 had it: the first always had a delivery, the second also stood within a page.
#[derive(Deserialize)]
struct ReportedBefore3<D> {
    delivery: D,
    connection: String,
    connector: String,
    version: String,
    events: Vec<Event>,
    notes: Vec<Note>,
    findings: Vec<(u32, SentimentOnly)>,
}

impl<D: Into<Option<u64>>> From<ReportedBefore3<D>> for Reported {
    fn from(earlier: ReportedBefore3<D>) -> Self {
        let ReportedBefore3 { delivery, connection, connector, version, events, notes, findings } = earlier;
        let (delivery, findings) = (delivery.into(), read_findings(findings));
        Self { delivery, connection, connector, version, events, notes, findings }
    }
}

pub(super) fn read_reported(payload: &[u8]) -> Result<Reported, RecordError> {
    match payload.split_first() {
        Some((&REPORTED_VERSION, content)) => read_content(content),
        Some((2, content)) => read_content::<ReportedBefore3<Option<u64>>>(content).map(Reported::from),
        _ => read::<ReportedBefore3<u64>>(payload).map(Reported::from),
    }
}

/// A page as version 1 had it.
#[derive(Deserialize)]
struct PolledV1 {
    stream: String,
    cursor: Option<String>,
    more: bool,
    reached: Option<Timestamp>,
    reported: ReportedBefore3<Option<u64>>,
}

impl From<PolledV1> for Polled {
    fn from(earlier: PolledV1) -> Self {
        let PolledV1 { stream, cursor, more, reached, reported } = earlier;
        Self { stream, cursor, more, reached, reported: reported.into(), beginning: None }
    }
}

/// A page as version 2 had it.
#[derive(Deserialize)]
struct PolledV2 {
    stream: String,
    cursor: Option<String>,
    more: bool,
    reached: Option<Timestamp>,
    reported: ReportedBefore3<Option<u64>>,
    beginning: Option<u32>,
}

impl From<PolledV2> for Polled {
    fn from(earlier: PolledV2) -> Self {
        let PolledV2 { stream, cursor, more, reached, reported, beginning } = earlier;
        Self { stream, cursor, more, reached, reported: reported.into(), beginning }
    }
}

pub(super) fn read_polled(payload: &[u8]) -> Result<Polled, RecordError> {
    match payload.split_first() {
        Some((&POLLED_VERSION, content)) => read_content(content),
        Some((2, content)) => read_content::<PolledV2>(content).map(Polled::from),
        _ => read::<PolledV1>(payload).map(Polled::from),
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
