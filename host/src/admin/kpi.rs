//! How service goes, and what is behind each figure.

use std::time::Duration;

use hub_fold::read::{self, Figure, KpiBy, KpiCases, KpiCasesQuery, KpiCursorError, KpiReport, KpiWindow};
use hub_model::Timestamp;
use serde::Deserialize;

use super::asked::{Asked, Named, limit};
use super::error::AdminError;
use super::{Admin, Answer, Shared};

/// Without a word on it: a month, as most reports have it.
const SECONDS_DEFAULT: u64 = 30 * 24 * 3_600;

const UNKNOWN: AdminError =
    AdminError::NotFound { what: "figure", help: "`omnihub kpi --definitions` names them all" };

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportAsked {
    since: Option<Timestamp>,
    /// Instead of `since`: so many seconds before the end.
    seconds: Option<u64>,
    /// The end; now, or the moment asked about, without it.
    until: Option<Timestamp>,
    /// Days begin at midnight so many minutes east of UTC.
    utc_offset_minutes: Option<i32>,
    /// One of [`KpiBy::NAMES`].
    by: Option<String>,
}

pub(super) async fn report(api: Shared, Asked(asked): Asked<ReportAsked>) -> Answer<KpiReport> {
    let ReportAsked { since, seconds, until, utc_offset_minutes, by } = asked;
    let known = |name: &String| {
        let refused = || AdminError::Question(format!("by is one of {}", KpiBy::NAMES.join(", ")));
        KpiBy::named(name).ok_or_else(refused)
    };
    let by = by.as_ref().map(known).transpose()?;
    api.read(move |admin| {
        let window = window(admin, since, seconds, until, utc_offset_minutes)?;
        Ok(read::kpis(&*admin.store, &window, by, admin.now())?)
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CasesAsked {
    since: Option<Timestamp>,
    seconds: Option<u64>,
    until: Option<Timestamp>,
    utc_offset_minutes: Option<i32>,
    /// Only cases of this channel.
    channel: Option<String>,
    /// Only cases of this queue.
    queue: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn cases(
    api: Shared,
    Named(figure): Named<String>,
    Asked(asked): Asked<CasesAsked>,
) -> Answer<KpiCases> {
    let CasesAsked { since, seconds, until, utc_offset_minutes, channel, queue, after, limit: most } = asked;
    let figure = Figure::named(&figure).ok_or(UNKNOWN)?;
    let after = after.map(|after| after.parse()).transpose();
    let after = after.map_err(|error: KpiCursorError| AdminError::Question(error.to_string()))?;
    let query = KpiCasesQuery { channel, queue, after, limit: limit(most) };
    api.read(move |admin| {
        let window = window(admin, since, seconds, until, utc_offset_minutes)?;
        Ok(read::kpi_cases(&*admin.store, figure, &window, &query, admin.now())?)
    })
    .await
}

fn window(
    admin: &Admin,
    since: Option<Timestamp>,
    seconds: Option<u64>,
    until: Option<Timestamp>,
    utc_offset_minutes: Option<i32>,
) -> Result<KpiWindow, AdminError> {
    let until = until.unwrap_or_else(|| admin.now());
    let since = match (since, seconds) {
        (Some(_), Some(_)) => {
            return Err(AdminError::Question("say since or seconds, not both".to_owned()));
        }
        (Some(since), None) => since,
        (None, seconds) => until.minus(Duration::from_secs(seconds.unwrap_or(SECONDS_DEFAULT))),
    };
    KpiWindow::new(since, until, utc_offset_minutes.unwrap_or_default())
        .map_err(|error| AdminError::Question(error.to_string()))
}
