//! Pages of Square's and Voucherify's lists: windows, resuming, and that a page says what a webhook says.

use omnihub_plugin::exact::timestamp;
use omnihub_plugin::host::http::{HttpError, Request, Response};
use omnihub_plugin::square::window::rfc3339;
use omnihub_plugin::testing::mutated;
use omnihub_plugin::{Event, Failure, Page, Payload, Position, Remark};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ACCOUNT, MADE, POINTS, account, entry, find, names, report, square, voucherify};
use crate::poll::poll;
use crate::settings::Settings;

/// 2026-03-01T12:00:00Z.
const NOW: i64 = MADE + 2 * 3_600_000_000_000;

pub(super) fn settings(source: &str) -> Settings {
    let source = source.to_owned();
    Settings::read(move |key| match key {
        "source" => Some(source.clone()),
        "voucherify_app_id" => Some("app-1".into()),
        "voucherify_campaign" => Some("camp_1".into()),
        _ => None,
    })
    .unwrap()
}

fn position(stream: &str, cursor: Option<String>) -> Position {
    Position { stream: stream.into(), cursor, since: Some(NOW - 3 * 3_600_000_000_000), now: NOW }
}

pub(super) fn response(status: u16, body: &str) -> Response {
    Response { status, headers: Vec::new(), body: body.into() }
}

/// One page of a stream with a provider that answers each request by its path and body.
fn page(
    source: &str,
    position: &Position,
    answer: impl Fn(&str, &Value) -> Response,
) -> (Result<Page, Failure>, Vec<String>) {
    let mut asked = Vec::new();
    let mut outside = |_: &str, request: &Request| -> Result<Response, HttpError> {
        asked.push(request.path.clone());
        let body = serde_json::from_str(request.body.as_deref().unwrap_or("null")).unwrap();
        Ok(answer(&request.path, &body))
    };
    let page = poll(position, &settings(source), &mut outside);
    (page, asked)
}

/// What decides where a statement is filed and which of two is newer, and the statement.
fn told(event: &Event) -> (String, String, i64, Payload) {
    (event.name.clone(), event.key.clone(), event.version, event.payload.clone())
}

fn ledger_entry(id: &str, account: &str, at: &str) -> Value {
    json!({"id": id, "type": "ADJUST_POINTS", "created_at": at, "loyalty_account_id": account,
        "adjust_points": {"points": 5}, "source": "LOYALTY_API"})
}

/// A ledger newest first, in pages of two, and the accounts of its entries.
fn shop(path: &str, body: &Value) -> Response {
    if let Some(account) = path.strip_prefix("/v2/loyalty/accounts/") {
        if account == "GONE" {
            return response(404, "{}");
        }
        let account =
            json!({"loyalty_account": {"id": account, "balance": 5, "updated_at": "2025-01-01T00:00:00Z"}});
        return response(200, &account.to_string());
    }
    assert_eq!(path, "/v2/loyalty/events/search");
    let between = &body["query"]["filter"]["date_time_filter"]["created_at"];
    assert_eq!(
        (&between["start_at"], &between["end_at"]),
        (&json!("2026-03-01T09:00:00Z"), &json!("2026-03-01T12:00:00Z"))
    );
    assert_eq!(body["limit"], 18);
    let (first, next) = match body["cursor"].as_str() {
        None => (1, Some("2")),
        Some("2") => (3, Some("3")),
        _ => (5, None),
    };
    let entry = |n: i32| {
        let account = ["A1", "A2", "A1", "A3", "GONE", "A1"][usize::try_from(n - 1).unwrap()];
        ledger_entry(&format!("L{n}"), account, &format!("2026-03-01T11:{:02}:00Z", 59 - n))
    };
    response(200, &json!({"events": [entry(first), entry(first + 1)], "cursor": next}).to_string())
}

#[test]
fn the_ledger_is_read_newest_first_in_a_window_that_stands_still() {
    let mut position = position("events", None);
    let (mut entries, mut touched, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for more in [true, true, false] {
        // A page that is asked for again, after a crash, is the same page.
        let (again, _) = page("square", &position, shop);
        let (page, asked) = page("square", &position, shop);
        let page = page.unwrap();
        assert_eq!(again.unwrap(), page);
        assert!(asked.len() <= 20);
        for event in &page.report.events {
            match &event.payload {
                Payload::LoyaltyEntry(_) => entries.push(event.key.clone()),
                Payload::LoyaltyAccount(account) => touched.push((account.id.clone(), event.version)),
                other => panic!("{other:?}"),
            }
        }
        notes.extend(page.report.notes.iter().map(|note| (note.path.clone(), note.remark)));
        assert_eq!((page.more, page.reached == Some(NOW)), (more, !more));
        position.cursor = page.cursor;
        position.now += 60_000_000_000;
    }
    assert_eq!(entries.join(" "), "L1 L2 L3 L4 L5 L6");
    // Each account surely holds its entry at the end of the entry's second.
    let second = |minute: i64| MADE + 3_600_000_000_000 + minute * 60_000_000_000 + 999_999_999;
    assert_eq!(touched[..2], [("A1".into(), second(58)), ("A2".into(), second(57))]);
    assert_eq!(notes, [("/v2/loyalty/accounts/GONE".into(), Remark::Ignored)]);
    let next: Value = serde_json::from_str(position.cursor.as_deref().unwrap()).unwrap();
    assert_eq!(next, json!({"from": (NOW - 600_000_000_000).to_string()}));
}

#[test]
fn old_entries_are_read_by_the_full_page_and_leave_accounts_alone() {
    let far = Position { since: Some(NOW - 40 * 24 * 3_600_000_000_000), ..position("events", None) };
    let answer = |path: &str, body: &Value| {
        assert_eq!((path, &body["limit"]), ("/v2/loyalty/events/search", &json!(30)));
        response(200, &json!({"events": [ledger_entry("L1", "A1", "2026-01-25T00:00:00Z")]}).to_string())
    };
    let (page, asked) = page("square", &far, answer);
    assert_eq!((names(&page.unwrap().report), asked.len()), (vec!["loyalty.points_changed"], 1));
}

#[test]
fn a_polled_entry_says_what_its_webhook_says() {
    let entry = ledger_entry("L1", "A1", "2026-03-01T10:00:00Z").to_string();
    let answer = |path: &str, _: &Value| match path {
        "/v2/loyalty/events/search" => response(200, &format!("{{\"events\": [{entry}]}}")),
        _ => response(404, "{}"),
    };
    let (page, _) = page("square", &position("events", None), answer);
    let pushed = report(None, &square("loyalty.event.created", &format!("{{\"loyalty_event\": {entry}}}")));
    assert_eq!(told(&page.unwrap().report.events[0]), told(&pushed.events[0]));
}

fn accounts(body: &str, since: Option<i64>) -> Page {
    let position = Position { since, ..position("accounts", None) };
    page("square", &position, |path, asked| {
        assert_eq!((path, asked), ("/v2/loyalty/accounts/search", &json!({"limit": 200})));
        response(200, body)
    })
    .0
    .unwrap()
}

#[test]
fn a_polled_account_says_what_its_webhook_says_at_its_own_time() {
    let object: Value = serde_json::from_str(ACCOUNT).unwrap();
    let listed = json!({"loyalty_accounts": [object["loyalty_account"]]}).to_string();
    let page = accounts(&listed, None);
    let polled = find(&page.report, "loyalty.account_changed");
    // A webhook without a time of its own, so that both have only the account's.
    let bare =
        square("loyalty.account.updated", ACCOUNT).replace("\"created_at\": \"2026-03-01T10:00:00Z\",", "");
    let pushed = report(None, &bare);
    assert_eq!(told(polled), told(&pushed.events[0]));
    // With one it is newer than what was polled, and says the same.
    let pushed = report(None, &square("loyalty.account.updated", ACCOUNT));
    assert!(pushed.events[0].version > polled.version);
    assert_eq!(pushed.events[0].payload, polled.payload);
}

#[test]
fn accounts_that_have_not_changed_are_passed_over() {
    let listed = json!({"loyalty_accounts": [
        {"id": "OLD", "balance": 1, "updated_at": "2026-02-01T00:00:00Z"},
        {"id": "NEW", "balance": 2, "updated_at": "2026-03-01T11:00:00Z"},
        {"id": "TIMELESS", "balance": 3}, 7,
    ]});
    let page = accounts(&listed.to_string(), Some(MADE));
    let ids: Vec<_> = page.report.events.iter().map(|event| account(event).id.as_str()).collect();
    assert_eq!((ids, page.report.notes.len()), (vec!["NEW", "TIMELESS"], 1));
    assert_eq!(page.report.events[1].key, "TIMELESS@3");
}

/// A card with so many transactions, newest first, a minute apart; the newest at 11:00.
fn transactions(path: &str, count: usize) -> Response {
    let position = |id: &str| id.rsplit('_').next().and_then(|n| n.parse::<usize>().ok()).unwrap();
    let first = path.split_once("starting_after_id=").map_or(0, |(_, id)| position(id) + 1);
    let card = path.trim_start_matches("/v1/loyalties/members/").split('/').next().unwrap();
    let transaction = |n: usize| {
        let at = rfc3339(NOW - 3_600_000_000_000 - 60_000_000_000 * i64::try_from(n).unwrap());
        json!({"id": format!("vtx_{card}_{n}"), "type": "POINTS_ADDITION", "voucher_id": format!("v_{card}"),
            "created_at": at, "details": {"balance": {"points": 1, "balance": 5_000 - n, "total": 5_000}}})
    };
    let data: Vec<_> = (first..count.min(first + 100)).map(transaction).collect();
    response(200, &json!({"data": data, "has_more": first + 100 < count}).to_string())
}

fn card(name: &str, updated_at: &str) -> Value {
    json!({"id": format!("v_{name}"), "code": name, "campaign_id": "camp_1", "holder_id": "cust_1",
        "updated_at": updated_at, "loyalty_card": {"points": 900, "balance": 700}})
}

fn query<'a>(path: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = path.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

#[test]
fn cards_are_walked_by_the_time_they_changed() {
    // Ten cards: eight fit on a page.
    let all: Vec<_> = (0..10).map(|n| (format!("C{n}"), format!("2026-03-01T11:{n:02}:00Z"))).collect();
    let answer = |path: &str, _: &Value| {
        if !path.starts_with("/v1/loyalties/camp_1/members?") {
            return transactions(path, 2);
        }
        assert_eq!(
            (query(path, "limit"), query(path, "order"), query(path, "page")),
            (Some("8"), Some("updated_at"), Some("1"))
        );
        let after = query(path, "%5Bupdated_at%5D%5Bafter%5D").unwrap().replace("%3A", ":");
        let newer = all.iter().filter(|(_, at)| timestamp(at) > timestamp(&after)).take(8);
        let vouchers: Vec<_> = newer.map(|(name, at)| card(name, at)).collect();
        response(200, &json!({"vouchers": vouchers, "total": 10}).to_string())
    };
    let mut position = position("transactions", None);
    let mut told = std::collections::BTreeSet::new();
    let mut pages = 0;
    loop {
        let (page, asked) = page("voucherify", &position, answer);
        let page = page.unwrap();
        assert!(asked.len() <= 20, "{asked:?}");
        told.extend(page.report.events.iter().map(|event| (event.name.clone(), event.key.clone())));
        position.cursor = page.cursor;
        pages += 1;
        if !page.more {
            assert_eq!(page.reached, Some(NOW));
            break;
        }
    }
    assert_eq!(pages, 2);
    assert_eq!(told.iter().filter(|(name, _)| name == "loyalty.points_changed").count(), 20);
    assert_eq!(told.iter().filter(|(name, _)| name == "loyalty.account_changed").count(), 20);
    let next: Value = serde_json::from_str(position.cursor.as_deref().unwrap()).unwrap();
    assert_eq!(next, json!({"from": (NOW - 600_000_000_000).to_string()}));
}

#[test]
fn a_card_with_more_than_a_call_may_read_goes_on_where_it_stopped() {
    let answer = |path: &str, _: &Value| match path.split_once('?').unwrap().0 {
        "/v1/loyalties/camp_1/members" => {
            let vouchers = [card("A", "2026-03-01T11:00:00Z"), card("B", "2026-03-01T11:01:00Z")];
            response(200, &json!({"vouchers": vouchers}).to_string())
        }
        "/v1/loyalties/members/A/transactions" => transactions(path, 2),
        _ => transactions(path, 2_000),
    };
    let mut position = Position { since: None, ..position("transactions", None) };
    let (mut keys, mut pages) = (Vec::new(), 0);
    loop {
        let (page, asked) = page("voucherify", &position, answer);
        let page = page.unwrap();
        assert!(asked.len() <= 20);
        let entries = page.report.events.iter().filter(|event| event.name == "loyalty.points_changed");
        keys.extend(entries.map(|event| event.key.clone()));
        position.cursor = page.cursor;
        pages += 1;
        if !page.more {
            break;
        }
    }
    assert_eq!((pages, keys.len()), (2, 2_002));
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 2_002);
}

#[test]
fn what_is_older_than_the_run_is_left_and_an_untouched_card_tells_its_balance() {
    let answer = |path: &str, _: &Value| match path.split_once('?').unwrap().0 {
        "/v1/loyalties/camp_1/members" => {
            response(200, &json!({"vouchers": [card("A", "2026-03-01T11:59:00Z")]}).to_string())
        }
        _ => transactions(path, 50),
    };
    let recent = Position { since: Some(NOW - 3_605_000_000_000), ..position("transactions", None) };
    let (page, _) = self::page("voucherify", &recent, answer);
    assert_eq!(names(&page.unwrap().report), ["loyalty.points_changed", "loyalty.account_changed"]);
    let newer = Position { since: Some(NOW - 60_000_000_000), ..recent };
    let (page, _) = self::page("voucherify", &newer, answer);
    let report = page.unwrap().report;
    assert_eq!((names(&report), report.notes.len()), (vec!["loyalty.account_changed"], 0));
    assert_eq!(account(&report.events[0]).balance, Some(700));
}

#[test]
fn a_polled_transaction_says_what_its_webhook_says_and_keeps_the_code_to_itself() {
    let data: Value = serde_json::from_str(POINTS).unwrap();
    let answer = |path: &str, _: &Value| match path.split_once('?').unwrap().0 {
        "/v1/loyalties/camp_1/members" => response(200, &json!({"vouchers": [data["voucher"]]}).to_string()),
        _ => response(200, &json!({"data": [data["transaction"]], "has_more": false}).to_string()),
    };
    let (page, asked) = page("voucherify", &position("transactions", None), answer);
    assert!(asked[1].starts_with("/v1/loyalties/members/SECRETCODE/transactions?"));
    let page = page.unwrap();
    assert!(!format!("{page:?}").contains("SECRETCODE"));
    // The webhook tells the order beside the transaction; the list does not.
    let mut pushed = data.clone();
    pushed.as_object_mut().unwrap().remove("order");
    let pushed = report(None, &voucherify("voucher.loyalty_card.transaction.created", &pushed.to_string()));
    assert_eq!(told(&page.report.events[0]), told(&pushed.events[0]));
    assert_eq!(told(&page.report.events[1]), told(&pushed.events[1]));
}

#[test]
fn our_own_change_is_known_by_its_source() {
    let ours = "eff_0123456789abcdef0123456789abcdef";
    let told = |source: &str| {
        let data = POINTS.replace(
            "\"type\": \"POINTS_ACCRUAL\"",
            &format!("\"type\": \"POINTS_ADDITION\", \"source_id\": \"{source}\""),
        );
        let report = report(None, &data);
        entry(find(&report, "loyalty.points_changed")).extra.contains(&("effect".into(), source.into()))
    };
    assert!(told(ours) && !told("shop-7"));
}

#[test]
fn without_application_or_campaign_nothing_is_asked() {
    for missing in ["voucherify_app_id", "voucherify_campaign"] {
        let settings = Settings::read(|key| match key {
            "source" => Some("voucherify".into()),
            key if key == missing => None,
            _ => Some("x".into()),
        });
        let mut outside = |_: &str, _: &Request| -> Result<Response, HttpError> { panic!("called out") };
        let refused = poll(&position("transactions", None), &settings.unwrap(), &mut outside);
        assert!(matches!(refused, Err(Failure::Misconfigured(why)) if why.starts_with(missing)));
    }
}

#[test]
fn streams_of_the_other_provider_are_silent() {
    for (source, stream) in [("voucherify", "accounts"), ("voucherify", "events"), ("square", "transactions")]
    {
        let (page, asked) = page(source, &position(stream, None), |_, _| panic!("called out"));
        assert_eq!((page.unwrap().more, asked.len()), (false, 0));
    }
    for (source, stream) in [("square", "accounts"), ("square", "events"), ("voucherify", "transactions")] {
        let (refused, _) = page(source, &position(stream, Some("[]".into())), |_, _| panic!("called out"));
        assert!(matches!(refused, Err(Failure::Rejected(_))), "{stream}");
    }
}

proptest! {
    #[test]
    fn a_damaged_page_is_told_noted_or_asked_for_again(choices in prop::collection::vec(any::<(u16, u8)>(), 1..4)) {
        let object: Value = serde_json::from_str(ACCOUNT).unwrap();
        let data: Value = serde_json::from_str(POINTS).unwrap();
        let entry = ledger_entry("L1", "A1", "2026-03-01T11:00:00Z");
        let lists = [
            ("square", "accounts", json!({"loyalty_accounts": [object["loyalty_account"]]})),
            ("square", "events", json!({"events": [entry]})),
            ("voucherify", "transactions", json!({"vouchers": [data["voucher"]]})),
        ];
        for (source, stream, list) in lists {
            let damaged = mutated(&list.to_string(), &choices);
            let whole = Position { since: None, ..position(stream, None) };
            let (page, _) = page(source, &whole, |path, _| {
                let transactions = json!({"data": [data["transaction"]]}).to_string();
                let body = match path {
                    _ if path.contains("/transactions") => mutated(&transactions, &choices),
                    "/v2/loyalty/accounts/A1" => mutated(ACCOUNT, &choices),
                    _ => damaged.clone(),
                };
                response(200, &body)
            });
            match page {
                Ok(page) => {
                    let is_silent = page.report.events.is_empty() && page.report.notes.is_empty();
                    prop_assert!(!is_silent || !damaged.contains('['), "{}", damaged);
                }
                Err(failure) => prop_assert!(!matches!(failure, Failure::OutcomeUnknown(_))),
            }
        }
    }
}
