//! The data directory: journal and view opened together, the view built anew, and the two compared.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use hub_fold::ledger::{Ledger, LedgerReport};
use hub_fold::{Fold, FoldError, Record, Sequenced};
use hub_journal::{Journal, Options, ReadError, Seq};
use hub_model::Timestamp;
use hub_store::{DiskStore, MemoryStore, SledOptions, Store};

use crate::config::Config;
use crate::folder::{catch_up, fold_until};
use crate::view::{View, open_files};

/// Journal and view, opened together.
pub struct Data {
    pub journal: Journal,
    pub store: Arc<dyn Store>,
    /// The same, for whoever swaps its files.
    pub(crate) view: Arc<View>,
}

/// Where the parts of the data directory lie.
#[must_use]
pub fn journal_dir(config: &Config) -> PathBuf {
    config.data_dir.join("journal")
}

#[must_use]
pub fn view_dir(config: &Config) -> PathBuf {
    config.data_dir.join("view")
}

impl Data {
    /// Opens journal and view and folds what the view lacks. A view that is damaged, or that knows more than the journal,
    /// is put aside and built anew.
    ///
    /// # Errors
    /// The data directory is in use or cannot be read.
    pub fn open(config: &Config) -> anyhow::Result<(Self, Fold)> {
        let Files { journal, view, fold } = Files::open(config)?;
        let view = Arc::new(View::new(view_dir(config), view_options(config), view));
        Ok((Self { journal, store: Arc::clone(&view) as Arc<dyn Store>, view }, fold))
    }
}

/// The same before anybody shares it.
pub(crate) struct Files {
    pub journal: Journal,
    pub view: DiskStore,
    fold: Fold,
}

impl Files {
    /// As [`Data::open`].
    pub(crate) fn open(config: &Config) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&config.data_dir)
            .with_context(|| format!("data directory {} cannot be made", config.data_dir.display()))?;
        let (journal, recovery) = Journal::open(&journal_dir(config), Options::default())?;
        for damage in &recovery.damage {
            tracing::error!(segment = %damage.segment, offset = damage.offset, bytes = damage.bytes, "journal damage put aside");
        }
        if recovery.torn_bytes_cut > 0 {
            tracing::warn!(bytes = recovery.torn_bytes_cut, "unacknowledged tail cut from the journal");
        }
        let view = open_files(&view_dir(config), &view_options(config), recovery.last.get())?;
        let fold = catch_up(&journal, &view, &mut |_| {})?;
        Ok(Self { journal, view, fold })
    }
}

/// Builds the view anew from the journal beside the one in use and swaps them.
///
/// # Errors
/// The data directory is in use, or the journal cannot be read.
pub fn rebuild(config: &Config, progress: &mut dyn FnMut(u64)) -> anyhow::Result<u64> {
    let (journal, _) = Journal::open(&journal_dir(config), Options::default())?;
    let applied = {
        let store = rebuild_aside(config, &journal, progress)?;
        store.flush()?;
        store.applied()?
    };
    hub_store::finish_rebuild(&view_dir(config))?;
    Ok(applied)
}

/// A view folded anew, beside the one in use; it takes its place when it is closed.
pub(crate) fn rebuild_aside(
    config: &Config,
    journal: &Journal,
    progress: &mut dyn FnMut(u64),
) -> anyhow::Result<DiskStore> {
    let (dir, options) = (view_dir(config), view_options(config));
    let draft = DiskStore::open(&hub_store::begin_rebuild(&dir)?, &options)?;
    catch_up(journal, &draft, progress)?;
    drop(draft);
    let packed = hub_store::pack_rebuild(&dir, &options)?;
    // Of a draft that could not be closed whole, and of what was journalled meanwhile.
    catch_up(journal, &packed, progress)?;
    Ok(packed)
}

fn view_options(config: &Config) -> SledOptions {
    SledOptions { cache_bytes: config.processing.view_cache_bytes, ..SledOptions::default() }
}

/// The last record the hub had at a moment; 0 when it had none. Where the clock was set back, the later of two records
/// with the same time decides.
///
/// # Errors
/// The journal cannot be read.
pub(crate) fn heard_by(journal: &Journal, at: Timestamp) -> Result<u64, ReadError> {
    let (mut known, mut unknown) = (0, journal.durable().get() + 1);
    while unknown - known > 1 {
        let middle = known + (unknown - known) / 2;
        match readable_from(journal, Seq::new(middle))? {
            Some(record) if record.time_ns <= at.0 => known = record.seq.get().max(middle).min(unknown - 1),
            _ => unknown = middle,
        }
    }
    Ok(known)
}

/// This record, or the next one that is neither retired nor damaged.
fn readable_from(journal: &Journal, seq: Seq) -> Result<Option<hub_journal::Record>, ReadError> {
    let mut reader = journal.reader(seq);
    loop {
        match reader.next() {
            Err(error @ ReadError::Io { .. }) => return Err(error),
            Err(_) => {}
            Ok(record) => return Ok(record),
        }
    }
}

/// The journal up to a record, folded into memory.
///
/// # Errors
/// The journal cannot be read.
pub(crate) fn in_memory(
    journal: &Journal,
    until: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<MemoryStore, FoldError> {
    let memory = MemoryStore::new();
    fold_until(journal, &memory, until, progress)?;
    Ok(memory)
}

/// Folds the journal up to the view's position into memory and compares.
///
/// # Errors
/// The journal or the view cannot be read.
pub fn verify(
    journal: &Journal,
    store: &dyn Store,
    progress: &mut dyn FnMut(u64),
) -> anyhow::Result<Verification> {
    let until = store.applied()?;
    let memory = in_memory(journal, until, progress)?;
    Ok(Verification {
        records: until,
        view: hub_fold::view_digest(store)?,
        journal: hub_fold::view_digest(&memory)?,
    })
}

/// Proves from the journal, up to the view's position, that no effect happened twice and none is forgotten. The progress
/// is that of folding it into memory, which is what takes long.
///
/// # Errors
/// The journal or the view cannot be read.
pub fn prove(
    journal: &Journal,
    store: &dyn Store,
    progress: &mut dyn FnMut(u64),
) -> anyhow::Result<LedgerReport> {
    let until = store.applied()?;
    let memory = in_memory(journal, until, progress)?;
    let mut ledger = Ledger::default();
    let mut reader = journal.reader(Seq::new(1));
    loop {
        let record = match reader.next() {
            Ok(Some(record)) if record.seq.get() <= until => record,
            Ok(_) => break,
            Err(error @ ReadError::Io { .. }) => return Err(error.into()),
            // The ledger notices that it lacks.
            Err(_) => continue,
        };
        let (seq, at) = (record.seq.get(), Timestamp(record.time_ns));
        match Record::decode(record.kind, &record.payload) {
            Ok(record) => ledger.record(&Sequenced { seq, at, record }),
            Err(error) => tracing::error!(seq, %error, "a journal record is passed over"),
        }
    }
    ledger.reached(until);
    Ok(ledger.report(store, &memory)?)
}

/// Two digests that must be equal.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Verification {
    pub records: u64,
    pub view: String,
    pub journal: String,
}
