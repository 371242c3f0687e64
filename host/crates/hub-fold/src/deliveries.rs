//! What becomes of deliveries: received, waiting for their connector, processed, parked, redriven; and the keys by which
//! one that comes again is known.

use hub_model::Timestamp;
use hub_model::event::Remark;
use hub_store::{Order, Range, Store, Table};

use crate::FoldError;
use crate::fold::{Folding, remarks};
use crate::record::{AfterSetback, Delivery, ErasedDelivery, Reported, Setback};
use crate::row::{ConnectionRow, DeliveryRow, DeliveryState, decode, key};

/// How long a delivery's key is remembered: longer than any provider retries (Meta up to 7 days, see connector facts)
/// and more than the 8 days we promise.
const DEDUPE_KEPT_NS: i64 = 9 * 24 * 3600 * 1_000_000_000;

/// Keys that are too old are forgotten a few at a time.
const FORGOTTEN_AT_ONCE: usize = 256;

/// What the hub says of a delivery whose content is erased.
pub const CONTENT_ERASED: &str = "its content is erased";

/// Deliveries before this one are too old to be sent again: their keys are forgotten.
const FORGOTTEN_KEY: &[u8] = b"keys-forgotten-before";

impl Folding<'_> {
    pub(crate) fn delivery(&mut self, seq: u64, at: Timestamp, delivery: &Delivery) -> Result<(), FoldError> {
        self.draft.put_new(Table::Pending, key::pending(at, seq), Vec::new());
        self.received(seq, at, arrived(at, delivery.without_content()))
    }

    /// One that has lost its content waits for nobody; if it was processed, its report says so.
    pub(crate) fn erased_delivery(
        &mut self,
        seq: u64,
        at: Timestamp,
        delivery: &ErasedDelivery,
    ) -> Result<(), FoldError> {
        let row = DeliveryRow {
            state: DeliveryState::Parked,
            reason: Some(CONTENT_ERASED.to_owned()),
            erase: true,
            ..arrived(at, delivery.clone())
        };
        self.received(seq, at, row)
    }

    fn received(&mut self, seq: u64, at: Timestamp, row: DeliveryRow) -> Result<(), FoldError> {
        self.draft.put_raw(Table::Dedupe, row.dedupe.to_vec(), seq.to_be_bytes().to_vec());
        self.draft.put(key::sequence(seq), &row);
        self.count_delivery(at, &row.connection)
    }

    fn count_delivery(&mut self, at: Timestamp, connection: &str) -> Result<(), FoldError> {
        if let Some(row) = self.connections.get_mut(connection) {
            row.delivered(at);
            return Ok(());
        }
        let known: Option<ConnectionRow> = self.draft.get(connection.as_bytes())?;
        let mut row = known.unwrap_or_else(|| ConnectionRow::new(at));
        row.delivered(at);
        self.connections.insert(connection.to_owned(), row);
        Ok(())
    }

    pub(crate) fn forget_old_keys(&mut self, now: Timestamp) -> Result<(), FoldError> {
        let until = Timestamp(now.0.saturating_sub(DEDUPE_KEPT_NS));
        let from = self.draft.get_raw(Table::Setting, FORGOTTEN_KEY)?.unwrap_or_default();
        let mut next = from.clone();
        for _ in 0..FORGOTTEN_AT_ONCE {
            let range = Range { from: next.clone(), to: None };
            let Some((seq, row)) = self.draft.scan_range(Table::Delivery, range, 1)?.pop() else { break };
            let row: DeliveryRow = decode(Table::Delivery, &row)?;
            if row.received_at >= until {
                break;
            }
            // A key that came again since belongs to the later delivery.
            if self.draft.get_raw(Table::Dedupe, &row.dedupe)?.as_deref() == Some(seq.as_slice()) {
                self.draft.delete(Table::Dedupe, row.dedupe.to_vec());
            }
            next = [seq.as_slice(), &[0]].concat();
        }
        if next != from {
            self.draft.put_raw(Table::Setting, FORGOTTEN_KEY.to_vec(), next);
        }
        Ok(())
    }

    pub(crate) fn settle_delivery(
        &mut self,
        seq: u64,
        delivery: u64,
        report: &Reported,
    ) -> Result<(), FoldError> {
        let Some(mut row) = self.draft.get::<DeliveryRow>(&key::sequence(delivery))? else {
            return Ok(());
        };
        // One that was normalised twice, say after a restart, is processed once.
        self.consequences.deliveries_processed += u64::from(is_pending(&row));
        self.not_pending(delivery, &row);
        row.state = DeliveryState::Processed {
            report: seq,
            events: u32::try_from(report.events.len()).unwrap_or(u32::MAX),
            ignored: remarks(report, Remark::Ignored),
            unknown: remarks(report, Remark::Unknown),
            malformed: remarks(report, Remark::Malformed),
        };
        row.reason = None;
        self.draft.put(key::sequence(delivery), &row);
        Ok(())
    }

    fn not_pending(&mut self, delivery: u64, row: &DeliveryRow) {
        if let DeliveryState::Pending { due } = row.state {
            self.draft.delete(Table::Pending, key::pending(due, delivery));
        }
    }

    pub(crate) fn setback(&mut self, setback: &Setback) -> Result<(), FoldError> {
        let Some(mut row) = self.draft.get::<DeliveryRow>(&key::sequence(setback.delivery))? else {
            return Ok(());
        };
        if !is_pending(&row) {
            return Ok(());
        }
        self.not_pending(setback.delivery, &row);
        row.setbacks = setback.attempt;
        row.reason = Some(setback.reason.clone());
        match setback.next {
            AfterSetback::RetryAt(due) => {
                row.state = DeliveryState::Pending { due };
                self.draft.put_raw(Table::Pending, key::pending(due, setback.delivery), Vec::new());
                self.consequences.retries.push((setback.delivery, due));
            }
            AfterSetback::Park => {
                self.consequences.deliveries_parked += 1;
                row.state = DeliveryState::Parked;
            }
        }
        self.draft.put(key::sequence(setback.delivery), &row);
        Ok(())
    }

    pub(crate) fn redrive(&mut self, at: Timestamp, delivery: u64) -> Result<(), FoldError> {
        let Some(mut row) = self.draft.get::<DeliveryRow>(&key::sequence(delivery))? else { return Ok(()) };
        if row.erase {
            // There is nothing to give to the connector, or shall not be.
            return Ok(());
        }
        if is_pending(&row) {
            self.not_pending(delivery, &row);
            self.consequences.retries.push((delivery, at));
        } else {
            self.consequences.redriven.push(delivery);
        }
        row.state = DeliveryState::Pending { due: at };
        row.setbacks = 0;
        self.draft.put_raw(Table::Pending, key::pending(at, delivery), Vec::new());
        self.draft.put(key::sequence(delivery), &row);
        Ok(())
    }
}

/// The row of a delivery that waits for its connector.
fn arrived(at: Timestamp, delivery: ErasedDelivery) -> DeliveryRow {
    let ErasedDelivery { connection, connector, topic, dedupe, bytes } = delivery;
    DeliveryRow {
        dedupe,
        connection,
        connector,
        topic,
        received_at: at,
        bytes,
        state: DeliveryState::Pending { due: at },
        setbacks: 0,
        reason: None,
        erase: false,
    }
}

fn is_pending(row: &DeliveryRow) -> bool {
    matches!(row.state, DeliveryState::Pending { .. })
}

/// The deliveries that wait for their connector, first due first.
///
/// # Errors
/// The store's.
pub fn deliveries_pending(store: &dyn Store, limit: usize) -> Result<Vec<(Timestamp, u64)>, FoldError> {
    let rows = store.scan(Table::Pending, Range::all(), Order::Ascending, limit)?;
    Ok(rows
        .iter()
        .filter_map(|(row, _)| {
            let seq: [u8; 8] = row.get(8..)?.try_into().ok()?;
            Some((key::read_time(row.get(..8)?)?, u64::from_be_bytes(seq)))
        })
        .collect())
}

/// Whether a delivery with this key has been folded.
///
/// # Errors
/// The store's.
pub fn seen(store: &dyn Store, dedupe: &[u8; 16]) -> Result<Option<u64>, FoldError> {
    let row = store.get(Table::Dedupe, dedupe)?;
    Ok(row.and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?))))
}

/// How often a delivery could not be processed since it arrived or was redriven, and when it arrived.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn delivery_tries(store: &dyn Store, seq: u64) -> Result<Option<(u32, Timestamp)>, FoldError> {
    let row = store.get(Table::Delivery, &key::sequence(seq))?;
    let row: Option<DeliveryRow> = row.map(|bytes| decode(Table::Delivery, &bytes)).transpose()?;
    Ok(row.map(|row| (row.setbacks, row.received_at)))
}
