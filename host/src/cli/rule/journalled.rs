//! The rules as the journal has them: those in force, and those before.

use hub_fold::record::{Record, Settings};
use hub_journal::{Journal, ReadError, Seq};
use hub_model::Timestamp;

use crate::cli::exit::Failed;

/// The journal's kind of what decides.
const SETTINGS_KIND: u8 = 6;

/// The settings the journal ends with; `None` while a hub was never started.
///
/// # Errors
/// The journal cannot be read.
pub(super) fn last(journal: &Journal) -> Result<Option<Settings>, Failed> {
    let mut last = None;
    each(journal, |record| {
        last = Some(record);
        Ok(())
    })?;
    last.map(decoded).transpose()
}

/// All settings that ever were, oldest first, with the record each came in and when.
///
/// # Errors
/// The journal cannot be read.
pub(super) fn all(journal: &Journal) -> Result<Vec<(Seq, Timestamp, Settings)>, Failed> {
    let mut all = Vec::new();
    each(journal, |record| {
        let (seq, at) = (record.seq, Timestamp(record.time_ns));
        all.push((seq, at, decoded(record)?));
        Ok(())
    })?;
    Ok(all)
}

fn decoded(record: hub_journal::Record) -> Result<Settings, Failed> {
    match Record::decode(record.kind, &record.payload).map_err(anyhow::Error::from)? {
        Record::Settings(settings) => Ok(*settings),
        _ => Ok(Settings::default()),
    }
}

fn each(
    journal: &Journal,
    mut settings: impl FnMut(hub_journal::Record) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let mut reader = journal.reader(Seq::new(1));
    loop {
        match reader.next() {
            Ok(Some(record)) if record.kind == SETTINGS_KIND => settings(record)?,
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(error @ ReadError::Io { .. }) => return Err(anyhow::Error::from(error).into()),
            // What is damaged is passed over, as the fold does.
            Err(_) => {}
        }
    }
}
