//! Pages of streams: their events fold like a delivery's, and the stream's row says where the next page begins.

use hub_model::Timestamp;
use hub_model::event::Remark;

use crate::FoldError;
use crate::fold::{Folding, remarks};
use crate::record::Polled;
use crate::row::{StreamRow, key};

impl Folding<'_> {
    pub(crate) fn polled(&mut self, seq: u64, at: Timestamp, page: &Polled) -> Result<(), FoldError> {
        let report = &page.reported;
        self.consequences.pages += 1;
        self.events(seq, at, report)?;
        let row_key = key::object(&report.connection, &[&page.stream]);
        let mut row: StreamRow = self.draft.get(&row_key)?.unwrap_or_default();
        if page.beginning.is_none_or(|beginning| beginning == row.beginnings) {
            if !row.more || row.run_started_at.is_none() {
                row.run_started_at = Some(at);
            }
            row.cursor.clone_from(&page.cursor);
            row.more = page.more;
            row.reached = page.reached.or(row.reached);
        }
        row.last_page_at = Some(at);
        row.pages += 1;
        row.events += report.events.len() as u64;
        row.ignored += u64::from(remarks(report, Remark::Ignored));
        row.unknown += u64::from(remarks(report, Remark::Unknown));
        row.malformed += u64::from(remarks(report, Remark::Malformed));
        self.draft.put(row_key, &row);
        Ok(())
    }

    /// Begins a stream anew; what it has counted stays.
    pub(crate) fn poll_from(
        &mut self,
        connection: &str,
        stream: &str,
        since: Option<Timestamp>,
    ) -> Result<(), FoldError> {
        let row_key = key::object(connection, &[stream]);
        let row: StreamRow = self.draft.get(&row_key)?.unwrap_or_default();
        let anew = StreamRow {
            beginnings: row.beginnings.saturating_add(1),
            cursor: None,
            since,
            reached: None,
            more: true,
            run_started_at: None,
            ..row
        };
        self.draft.put(row_key, &anew);
        Ok(())
    }
}
