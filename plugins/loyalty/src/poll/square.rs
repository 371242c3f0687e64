//! Square's accounts and their ledger. The ledger comes newest first: the end of its window is fixed when a run begins,
//! so whatever happens meanwhile is the next run's and no page moves. A balance only ever changes with an entry, so the
//! accounts that a run's latest entries touch are read as well: an account's own time cannot be trusted to move.

use std::collections::BTreeMap;

use omnihub_plugin::host::http::Method;
use omnihub_plugin::square::api::{ENDPOINT, Outside, code, request, segment};
use omnihub_plugin::square::time;
use omnihub_plugin::square::window::{self, BROKEN_ANSWER_MS, Window, rfc3339};
use omnihub_plugin::{Failure, Page, Payload, Position, Remark, Report, answer, members};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::map::square::{entry_event, polled_account};
use crate::settings::Settings;
use crate::wire::square::{Account, AccountObject, EntriesPage};

const ACCOUNTS_LIMIT: u32 = 200;

/// The most that Square gives.
const ENTRIES_LIMIT: u32 = 30;

/// A call may make twenty requests: one for the page, one for each account on it, one to spare.
const ENTRIES_WITH_ACCOUNTS_LIMIT: u32 = 18;

/// Accounts of older entries are told by the stream of accounts.
const TOUCHED_NS: i64 = 2 * 24 * 3_600 * 1_000_000_000;

/// All accounts are gone through; the window only says which of them have changed.
const ACCOUNTS_SPAN_NS: i64 = i64::MAX;

/// A month of a busy shop's ledger is some ten thousand entries.
const EVENTS_SPAN_NS: i64 = 30 * 24 * 3_600 * 1_000_000_000;

const SECOND_NS: i64 = 1_000_000_000;

pub(super) fn accounts(
    position: &Position,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Page, Failure> {
    let ask = |window: &Window| {
        let mut body = json!({"limit": ACCOUNTS_LIMIT});
        set_page(&mut body, window);
        request(settings.square_version.as_deref(), Method::Post, "/v2/loyalty/accounts/search", Some(&body))
    };
    window::page(position, ACCOUNTS_SPAN_NS, outside, ask, |body, window, _| {
        Ok(accounts_page(window::items(body, "loyalty_accounts")?, window.from, position.now))
    })
}

/// The search knows no time, so accounts that have not changed since the last run are left out here.
fn accounts_page(accounts: Vec<Option<Account>>, from: Option<i64>, now: i64) -> Report {
    let mut report = Report::new();
    for (index, account) in accounts.into_iter().enumerate() {
        let updated_at = account.as_ref().and_then(|account| time(&account.updated_at));
        if let (Some(updated_at), Some(from)) = (updated_at, from)
            && updated_at < from
        {
            continue;
        }
        let event = account.ok_or("not an object").and_then(|account| polled_account(account, None, now));
        keep(&mut report, format!("/loyalty_accounts/{index}"), event);
    }
    report
}

pub(super) fn events(
    position: &Position,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Page, Failure> {
    let version = settings.square_version.as_deref();
    let ask = |window: &Window| {
        let mut between = json!({"end_at": rfc3339(window.to)});
        if let (Some(between), Some(from)) = (between.as_object_mut(), window.from) {
            between.insert("start_at".into(), rfc3339(from).into());
        }
        let limit = if window.is_last() { ENTRIES_WITH_ACCOUNTS_LIMIT } else { ENTRIES_LIMIT };
        let filter = json!({"date_time_filter": {"created_at": between}});
        let mut body = json!({"query": {"filter": filter}, "limit": limit});
        set_page(&mut body, window);
        request(version, Method::Post, "/v2/loyalty/events/search", Some(&body))
    };
    window::page(position, EVENTS_SPAN_NS, outside, ask, |body, window, outside| {
        let mut report = entries(body, position.now)?;
        if window.is_last() {
            let since = window.to.saturating_sub(TOUCHED_NS);
            for (account, touched_at) in touched(&report, since, position.now) {
                read_account(&mut report, &account, touched_at, version, position.now, outside)?;
            }
        }
        Ok(report)
    })
}

fn entries(body: &str, now: i64) -> Result<Report, Failure> {
    let mut report = Report::new();
    let page: EntriesPage = members::read(body).unwrap_or_default();
    // An empty list is left out.
    let entries: Option<Vec<&RawValue>> = match &page.events {
        None => None,
        Some(events) => {
            serde_json::from_str(events.get()).map_err(|_| Failure::RetryAfterMs(BROKEN_ANSWER_MS))?
        }
    };
    for (index, entry) in entries.into_iter().flatten().enumerate() {
        keep(&mut report, format!("/events/{index}"), entry_event(entry, None, now));
    }
    Ok(report)
}

/// The accounts of the entries since then, each with the moment from which it surely holds its latest one: an entry's
/// time may be cut to the second, so that is the second's end, but nothing is known of what comes after now.
fn touched(report: &Report, since: i64, now: i64) -> BTreeMap<String, i64> {
    let mut touched = BTreeMap::new();
    for event in report.events.iter().filter(|event| event.happened_at >= since) {
        let Payload::LoyaltyEntry(entry) = &event.payload else { continue };
        let is_cut = event.version % SECOND_NS == 0;
        let end = if is_cut { event.version.saturating_add(SECOND_NS - 1) } else { event.version };
        let at = end.min(now).max(event.version);
        let latest = touched.entry(entry.account.clone()).or_insert(at);
        *latest = at.max(*latest);
    }
    touched
}

fn read_account(
    report: &mut Report,
    id: &str,
    touched_at: i64,
    version: Option<&str>,
    now: i64,
    outside: &mut dyn Outside,
) -> Result<(), Failure> {
    let path = format!("/v2/loyalty/accounts/{id}");
    let Some(segment) = segment(id) else {
        report.note(path, Remark::Malformed, "an account's id that fits into no path");
        return Ok(());
    };
    let request = request(version, Method::Get, format!("/v2/loyalty/accounts/{segment}"), None)?;
    let response = outside.send(ENDPOINT, &request).map_err(answer::unread)?;
    if response.status == 404 {
        report.note(path, Remark::Ignored, "the account of these entries is not there any more");
        return Ok(());
    }
    answer::check(&response, code)?;
    let object: AccountObject =
        members::read(&response.body).ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))?;
    let account = object.loyalty_account.ok_or("no loyalty_account");
    keep(report, path, account.and_then(|account| polled_account(account, Some(touched_at), now)));
    Ok(())
}

fn keep(report: &mut Report, path: String, event: Result<omnihub_plugin::Event, &'static str>) {
    match event {
        Ok(event) => report.events.push(event),
        Err(reason) => report.note(path, Remark::Malformed, reason),
    }
}

fn set_page(body: &mut Value, window: &Window) {
    if let (Some(body), Some(page)) = (body.as_object_mut(), &window.page) {
        body.insert("cursor".into(), page.clone().into());
    }
}
