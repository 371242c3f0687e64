//! Streams against a scripted provider: pages, resuming, limits, what is left out, and that no answer does harm.

use omnihub_plugin::host::http::HttpError;
use omnihub_plugin::testing::mutated;
use omnihub_plugin::{Failure, Header, Page, Position, Remark};
use proptest::prelude::*;

use super::{Script, answer};
use crate::manifest;
use crate::poll::{self, Reading};

const SECOND: i64 = 1_000_000_000;
const NOW: i64 = 1_772_446_531 * SECOND;

fn at(stream: &str, cursor: Option<&str>, since: Option<i64>) -> Position {
    Position { stream: stream.into(), cursor: cursor.map(str::to_owned), since, now: NOW }
}

fn read(position: &Position, script: &mut Script) -> Result<Page, Failure> {
    let page =
        poll::poll(position, &Reading::default(), &mut |endpoint, request| script.send(endpoint, request));
    assert!(script.is_over(), "{:?}", script.expected);
    page
}

fn good(position: &Position, steps: &[(&str, u16, &str)]) -> Page {
    read(position, &mut Script::of(steps)).unwrap_or_else(|failure| panic!("{failure:?}"))
}

/// Name and key of every event.
fn events(page: &Page) -> Vec<(&str, &str)> {
    page.report.events.iter().map(|event| (event.name.as_str(), event.key.as_str())).collect()
}

fn ticket(id: u32, status: &str) -> String {
    format!(
        r#"{{"id": {id}, "status": "{status}", "subject": "s", "requester_id": 5, "via": {{"channel": "email"}},
            "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-01T11:00:0{id}Z",
            "generated_timestamp": 177236281{id}, "tags": ["a"]}}"#
    )
}

fn export(tickets: &[String], after: &str, ended: bool) -> String {
    let tickets = tickets.join(",");
    format!(r#"{{"tickets": [{tickets}], "after_cursor": {after}, "end_of_stream": {ended}}}"#)
}

#[test]
fn tickets_come_page_by_page_and_every_page_can_be_had_again() {
    let path =
        |from: &str| format!("GET /api/v2/incremental/tickets/cursor.json?{from}&per_page=500&include=users");
    let since = Some(1_772_000_000 * SECOND + 7);
    let first = good(
        &at("tickets", None, since),
        &[(&path("start_time=1772000000"), 200, &export(&[ticket(1, "open")], "\"MTY=|\"", false))],
    );
    assert_eq!(events(&first), [("ticket.created", "1"), ("ticket.updated", "1@1772362801000000000")]);
    assert_eq!((first.more, first.reached), (true, Some(1_772_362_811 * SECOND)));

    let position = at("tickets", first.cursor.as_deref(), since);
    let second = path("cursor=MTY%3D%7C");
    let body = export(&[ticket(2, "deleted"), "7".into(), "{}".into()], "\"b\"", false);
    let page = good(&position, &[(&second, 200, &body)]);
    assert_eq!(events(&page), [("ticket.deleted", "2/soft_deleted@1772362802000000000")]);
    let notes: Vec<_> = page.report.notes.iter().map(|note| (note.path.as_str(), note.remark)).collect();
    assert_eq!(notes, [("/tickets/1", Remark::Malformed), ("/tickets/2", Remark::Malformed)]);
    assert_eq!(page, good(&position, &[(&second, 200, &body)]));

    let last = good(
        &at("tickets", page.cursor.as_deref(), since),
        &[(&path("cursor=b"), 200, &export(&[], "\"c\"", true))],
    );
    // All but the newest minute is read.
    assert_eq!((last.more, last.reached), (false, Some(NOW - 65 * SECOND)));
    // The next run goes on from there, however long ago `since` is.
    let next = good(
        &at("tickets", last.cursor.as_deref(), since),
        &[(&path("cursor=c"), 200, &export(&[], "null", true))],
    );
    assert_eq!(next.cursor, last.cursor);
}

#[test]
fn a_stream_begins_where_it_is_told_but_never_in_the_newest_minute() {
    let path =
        |start: i64| format!("GET /api/v2/incremental/users/cursor.json?start_time={start}&per_page=500");
    let body = r#"{"users": [], "after_cursor": null, "end_of_stream": true}"#;
    for (since, start) in [(None, 0), (Some(NOW), 1_772_446_466), (Some(-SECOND), 0), (Some(i64::MIN), 0)] {
        let page = good(&at("users", None, since), &[(&path(start), 200, body)]);
        // Nothing has happened yet: the next run asks the same again.
        good(&at("users", page.cursor.as_deref(), None), &[(&path(start), 200, body)]);
    }
}

#[test]
fn users_that_are_customers_are_told_of() {
    let user = |id: u32, more: &str| {
        format!(
            r#"{{"id": {id}, "name": "Ana", "email": "ana@example.com", "created_at": "2026-03-01T10:00:00Z",
                "updated_at": "2026-03-01T11:00:00Z"{more}}}"#
        )
    };
    let users = [
        user(
            5,
            r#", "role": "end-user", "active": true, "suspended": false, "phone": "+12025550143", "tags": ["vip"]"#,
        ),
        user(8, r#", "role": "agent""#),
        user(6, r#", "role": "end-user", "active": false"#),
        r#""x""#.to_owned(),
    ];
    let body = format!(r#"{{"users": [{}], "after_cursor": "a", "end_of_stream": true}}"#, users.join(","));
    let path = "GET /api/v2/incremental/users/cursor.json?start_time=0&per_page=500";
    let page = good(&at("users", None, None), &[(path, 200, &body)]);
    let expected = [
        ("customer.created", "5"),
        ("customer.updated", "5@1772362800000000000"),
        ("customer.created", "6"),
        ("customer.updated", "6@1772362800000000000"),
    ];
    assert_eq!(events(&page), expected);
    let customer = |index: usize| match &page.report.events[index].payload {
        omnihub_plugin::Payload::Customer(customer) => customer.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((customer(1).state.as_deref(), customer(1).who.ids.len()), (Some("active"), 3));
    // Merged users are not active either: this is no deletion.
    assert_eq!((customer(3).state.as_deref(), customer(3).deleted), (Some("inactive"), false));
    let notes: Vec<_> = page.report.notes.iter().map(|note| note.remark).collect();
    assert_eq!(notes, [Remark::Malformed, Remark::Ignored]);
}

fn comments_of(ticket: u32) -> String {
    format!("GET /api/v2/tickets/{ticket}/comments.json?include=users&page%5Bsize%5D=50")
}

const EXPORTED: &str = "GET /api/v2/incremental/tickets/cursor.json?start_time=0&per_page=12";

fn listed(ids: &[u32], more: &str) -> String {
    let comment = |id: &u32| {
        format!(
            r#"{{"id": {id}, "body": "x", "public": true, "author_id": 5, "created_at": "2026-03-01T10:00:00Z"}}"#
        )
    };
    let comments: Vec<String> = ids.iter().map(comment).collect();
    format!(
        r#"{{"comments": [{}], "users": [{{"id": 5, "role": "end-user", "name": "Ana"}}], "meta": {{{more}}}}}"#,
        comments.join(",")
    )
}

#[test]
fn comments_are_read_ticket_by_ticket() {
    let body = export(&[ticket(1, "open"), ticket(2, "deleted"), ticket(3, "solved")], "\"a\"", true);
    let page = good(
        &at("comments", None, None),
        &[
            (EXPORTED, 200, &body),
            (&comments_of(1), 200, &listed(&[11, 12], r#""has_more": true, "after_cursor": "p2""#)),
            (&format!("{}&page%5Bafter%5D=p2", comments_of(1)), 200, &listed(&[13], r#""has_more": false"#)),
            (&comments_of(3), 404, r#"{"error": "RecordNotFound"}"#),
        ],
    );
    assert_eq!(
        events(&page),
        [("message.received", "11"), ("message.received", "12"), ("message.received", "13")]
    );
    assert_eq!((page.more, page.reached), (false, Some(NOW - 65 * SECOND)));
    assert_eq!(page.report.notes.len(), 1);
    let cursor = page.cursor.unwrap();
    assert!(cursor.contains("\"after\":\"a\"") && cursor.contains("\"done\":[]"), "{cursor}");
}

#[test]
fn a_long_history_is_read_over_several_calls() {
    let body = export(&[ticket(1, "open"), ticket(3, "open")], "\"a\"", true);
    let mut position = at("comments", None, None);
    let mut seen = Vec::new();
    for call in 0..2_u32 {
        let mut script = Script::of(&[(EXPORTED, 200, &body)]);
        for list in 0..15_u32 {
            let number = call * 15 + list;
            let after = if number > 0 { format!("&page%5Bafter%5D=p{number}") } else { String::new() };
            let more = format!(r#""has_more": true, "after_cursor": "p{}""#, number + 1);
            script = script
                .then(&format!("{}{after}", comments_of(1)), Ok(answer(200, &listed(&[number + 1], &more))));
        }
        let page = read(&position, &mut script).unwrap();
        assert!(page.more);
        seen.extend(page.report.events.into_iter().map(|event| event.key));
        position.cursor = page.cursor;
    }
    assert_eq!(seen, (1..=30).map(|id| id.to_string()).collect::<Vec<_>>());
    let last = format!("{}&page%5Bafter%5D=p30", comments_of(1));
    let page = good(
        &position,
        &[
            (EXPORTED, 200, &body),
            (&last, 200, &listed(&[31], r#""has_more": false"#)),
            (&comments_of(3), 200, &listed(&[32], "")),
        ],
    );
    assert_eq!((page.report.events.len(), page.more), (2, false));
}

#[test]
fn what_is_read_before_a_limit_is_kept() {
    let body = export(&[ticket(1, "open"), ticket(3, "open")], "\"a\"", true);
    let retry = Header { name: "retry-after".into(), value: "17".into() };
    let mut limited = answer(429, r#"{"error": "APIRateLimitExceeded"}"#);
    limited.headers.push(retry);
    let steps = [(EXPORTED, 200, body.as_str()), (&comments_of(1), 200, &listed(&[11], ""))];
    let mut script = Script::of(&steps).then(&comments_of(3), Ok(limited.clone()));
    let page = read(&at("comments", None, None), &mut script).unwrap();
    assert_eq!((page.report.events.len(), page.more), (1, true));
    // Without progress it is a failure, or the host would ask again and again.
    let mut script = Script::of(&steps[..1]).then(&comments_of(3), Ok(limited));
    let position = at("comments", page.cursor.as_deref(), None);
    assert_eq!(read(&position, &mut script), Err(Failure::RetryAfterMs(17_000)));
}

#[test]
fn ratings_are_read_to_the_end_and_looked_back_on() {
    let path = |start: i64, after: &str| {
        format!("GET /api/v2/satisfaction_ratings.json?start_time={start}&page%5Bsize%5D=100{after}")
    };
    let rating = |id: u32, score: &str| {
        format!(
            r#"{{"id": {id}, "ticket_id": 7, "requester_id": 5, "score": "{score}", "comment": "thanks",
                "updated_at": "2026-03-01T11:00:00Z"}}"#
        )
    };
    let page = |ratings: &[String], meta: &str| {
        format!(r#"{{"satisfaction_ratings": [{}], "meta": {{{meta}}}}}"#, ratings.join(","))
    };
    let began = 1_772_446_531_i64;
    let since = Some((began - 1_000_000) * SECOND);
    let first = good(
        &at("ratings", None, since),
        &[(
            &path(began - 1_000_000, ""),
            200,
            &page(
                &[rating(1, "offered"), rating(2, "good"), "7".into()],
                r#""has_more": true, "after_cursor": "a==""#,
            ),
        )],
    );
    assert_eq!(events(&first), [("survey.answered", "7/csat@1772362800000000000")]);
    assert_eq!((first.more, first.report.notes.len()), (true, 2));
    let last = good(
        &at("ratings", first.cursor.as_deref(), None),
        &[(&path(began - 1_000_000, "&page%5Bafter%5D=a%3D%3D"), 200, &page(&[], r#""has_more": false"#))],
    );
    assert_eq!((last.more, last.reached), (false, Some((began - 65) * SECOND)));
    good(&at("ratings", last.cursor.as_deref(), None), &[(&path(began - 604_800, ""), 200, &page(&[], ""))]);
}

#[test]
fn a_cursor_that_is_not_ours_is_refused() {
    for cursor in ["", "{}", "MTY=", "[1]", r#"{"start": "soon"}"#] {
        let failure = read(&at("tickets", Some(cursor), None), &mut Script::of(&[]));
        assert_eq!(failure, Err(Failure::Rejected("the cursor cannot be read".into())), "{cursor}");
    }
    assert_eq!(
        read(&at("orders", None, None), &mut Script::of(&[])),
        Err(Failure::Unsupported("orders".into()))
    );
}

#[test]
fn answers_that_are_no_page() {
    let path = "GET /api/v2/incremental/tickets/cursor.json?start_time=0&per_page=500&include=users";
    for (status, body, failure) in [
        (401, "{}", Failure::Unauthorised("HTTP 401".into())),
        (403, "{}", Failure::Unauthorised("HTTP 403".into())),
        (422, r#"{"error": "InvalidCursor"}"#, Failure::Rejected("HTTP 422 InvalidCursor".into())),
        (429, r#"{"error": "APIRateLimitExceeded"}"#, Failure::RetryAfterMs(60_000)),
        (500, "", Failure::RetryAfterMs(2_000)),
        (200, r#"{"tickets": [{"id": 1"#, Failure::RetryAfterMs(10_000)),
        (200, "{}", Failure::RetryAfterMs(10_000)),
    ] {
        let mut script = Script::of(&[(path, status, body)]);
        assert_eq!(read(&at("tickets", None, None), &mut script), Err(failure), "{status} {body}");
        assert_eq!(script.asked[0].0, "export");
    }
    // A page too large for the host is asked for in smaller ones.
    let smaller = "GET /api/v2/incremental/tickets/cursor.json?start_time=0&per_page=62&include=users";
    let mut script = Script::of(&[])
        .then(path, Err(HttpError::Unreadable("too large".into())))
        .then(smaller, Ok(answer(200, &export(&[], "\"a\"", true))));
    assert!(read(&at("tickets", None, None), &mut script).is_ok());
    // A page that leads to itself is the last.
    let mut script = Script::of(&[(
        "GET /api/v2/incremental/tickets/cursor.json?cursor=a&per_page=500&include=users",
        200,
        &export(&[], "\"a\"", false),
    )]);
    assert!(!read(&at("tickets", Some(r#"{"after": "a"}"#), None), &mut script).unwrap().more);
}

#[test]
fn streams_and_page_sizes_are_declared() {
    let manifest = manifest::manifest();
    let endpoints: Vec<_> = manifest.endpoints.iter().map(|endpoint| endpoint.name.clone()).collect();
    for stream in &manifest.streams {
        assert!(endpoints.contains(&stream.endpoint), "{}", stream.name);
        let known = poll::poll(&at(&stream.name, None, None), &Reading::default(), &mut |_, _| {
            Err(HttpError::Unreachable("nobody".into()))
        });
        assert_eq!(known, Err(Failure::RetryAfterMs(1_000)), "{}", stream.name);
    }
    let size = |value: &str| manifest::page_size(&|_| Some(value.to_owned()));
    assert_eq!((size(" 250 "), size("")), (Ok(Some(250)), Ok(None)));
    for wrong in ["0", "1001", "many", "-1"] {
        assert_eq!(size(wrong), Err(Failure::Misconfigured("page_size".into())), "{wrong}");
    }
}

proptest! {
    #[test]
    fn no_answer_does_harm(which in 0_usize..4, choices in prop::collection::vec(any::<(u16, u8)>(), 0..6)) {
        let tickets = format!(
            r#"{{"tickets": [{}, {}], "users": [{{"id": 5, "role": "end-user", "tags": ["x"], "active": true,
                "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-01T10:00:00Z"}}],
                "after_cursor": "a", "end_of_stream": false}}"#,
            ticket(1, "open"),
            ticket(2, "deleted")
        );
        let comments = listed(&[11, 12], r#""has_more": true, "after_cursor": "b""#);
        let ratings = r#"{"satisfaction_ratings": [{"id": 1, "ticket_id": 7, "score": "good", "updated_at": "2026-03-01T11:00:00Z"}],
            "meta": {"has_more": true, "after_cursor": "b"}}"#;
        let stream = ["tickets", "users", "comments", "ratings"][which];
        let mut requests = 0;
        let page = poll::poll(&at(stream, None, None), &Reading::default(), &mut |_, request| {
            requests += 1;
            assert!(requests <= 20, "more than a call may send");
            let body = if request.path.contains("comments") {
                mutated(&comments, &choices)
            } else if stream == "comments" {
                tickets.clone()
            } else if stream == "ratings" {
                mutated(ratings, &choices)
            } else {
                mutated(&tickets, &choices)
            };
            Ok(answer(200, &body))
        });
        if let Ok(page) = page {
            prop_assert!(page.cursor.as_ref().is_some_and(|cursor| cursor.len() < 16_384));
            // What we wrote we can read.
            let again = poll::poll(&at(stream, page.cursor.as_deref(), None), &Reading::default(), &mut |_, _| {
                Err(HttpError::Unreachable("nobody".into()))
            });
            prop_assert_eq!(again, Err(Failure::RetryAfterMs(1_000)));
        }
    }
}
