//! The journal's figures, whether the view is what the journal says, and whether each effect happened once.

use std::sync::Arc;

use axum::Json;
use hub_fold::FoldError;
use hub_fold::ledger::LedgerReport;
use hub_journal::{Damage, Health, Journal};
use hub_model::Timestamp;
use serde::Serialize;

use super::error::AdminError;
use super::{Admin, Answer, Shared};
use crate::data;

#[derive(Serialize)]
pub(super) struct JournalStats {
    segments: u64,
    bytes: u64,
    first: Option<u64>,
    last: u64,
    oldest_at: Option<Timestamp>,
    /// Since the journal was opened: entries made durable, in so many batches, with so many syncs.
    entries: u64,
    batches: u64,
    syncs: u64,
    /// Entries waiting to be written.
    queued: u64,
    /// Why the last batch was not written.
    failure: Option<String>,
    damage: Vec<DamageDetails>,
}

#[derive(Serialize)]
struct DamageDetails {
    segment: String,
    offset: u64,
    bytes: u64,
}

impl From<Damage> for DamageDetails {
    fn from(damage: Damage) -> Self {
        Self { segment: damage.segment, offset: damage.offset, bytes: damage.bytes }
    }
}

impl JournalStats {
    pub(super) fn new(journal: &Journal) -> Self {
        let stats = journal.stats();
        let failure = match journal.health() {
            Health::Ok => None,
            Health::Failed { reason } => Some(reason),
        };
        Self {
            segments: stats.segments,
            bytes: stats.bytes,
            first: stats.first.map(hub_journal::Seq::get),
            last: stats.last.get(),
            oldest_at: stats.oldest_time_ns.map(Timestamp),
            entries: stats.entries,
            batches: stats.batches,
            syncs: stats.fsyncs,
            queued: stats.queued,
            failure,
            damage: journal.damage().into_iter().map(DamageDetails::from).collect(),
        }
    }
}

pub(super) async fn stats(api: Shared) -> Answer<JournalStats> {
    api.read(|admin| Ok(JournalStats::new(&admin.journal))).await
}

#[derive(Serialize)]
pub(crate) struct Verified {
    agrees: bool,
    /// Records both were folded from.
    records: u64,
    /// Digest of the view in use.
    view: String,
    /// Digest of the view folded from the journal.
    journal: String,
}

impl From<data::Verification> for Verified {
    fn from(found: data::Verification) -> Self {
        Self {
            agrees: found.view == found.journal,
            records: found.records,
            view: found.view,
            journal: found.journal,
        }
    }
}

/// Comparisons begun again because the view moved on; a hub that never rests is compared when it is stopped.
const TRIES_MAX: usize = 3;

pub(super) async fn verify(api: Shared) -> Result<Json<Verified>, AdminError> {
    compared(api, |admin| {
        let found = data::verify(&admin.journal, &*admin.store, &mut |_| {}).map_err(AdminError::Verify)?;
        Ok((found.records, found.into()))
    })
    .await
}

/// Whether no effect happened twice and none is forgotten.
pub(super) async fn prove(api: Shared) -> Result<Json<LedgerReport>, AdminError> {
    compared(api, |admin| {
        let report = data::prove(&admin.journal, &*admin.store, &mut |_| {}).map_err(AdminError::Verify)?;
        Ok((report.records, report))
    })
    .await
}

/// Compares the view with the journal, one at a time; the comparison says up to which record, and is begun again when the
/// view has moved on meanwhile.
async fn compared<T: Send + 'static>(
    api: Shared,
    compare: impl Fn(&Admin) -> Result<(u64, T), AdminError> + Send + 'static,
) -> Result<Json<T>, AdminError> {
    let Ok(turn) = Arc::clone(&api.verifying).try_acquire_owned() else {
        return Err(AdminError::Conflict {
            message: "a comparison is under way",
            help: "wait for it to end",
        });
    };
    api.read(move |admin| {
        // Kept here, not in the request: the comparison goes on when whoever asked has gone.
        let _turn = turn;
        for _ in 0..TRIES_MAX {
            let (until, found) = compare(admin)?;
            if applied(admin)? == until {
                return Ok(found);
            }
        }
        Err(AdminError::Conflict {
            message: "the view moved on while it was compared",
            help: "try again when less arrives, or stop the hub first",
        })
    })
    .await
}

fn applied(admin: &Admin) -> Result<u64, AdminError> {
    Ok(admin.store.applied().map_err(FoldError::from)?)
}
