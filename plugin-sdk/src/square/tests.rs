//! The envelope, numbers, and what calls and their answers look like.

use super::*;
use crate::Header;

fn delivery(body: &str, first_try: Option<&str>) -> Delivery {
    let header = |value: &str| Header { name: FIRST_TRY.into(), value: value.into() };
    let headers = first_try.map(header).into_iter().collect();
    Delivery { topic: None, headers, body: body.into(), received_at: 7 }
}

#[test]
fn an_envelope_needs_a_type_and_a_sender() {
    assert!(Envelope::read(r#"{"type": "a.b", "merchant_id": "M"}"#).is_some());
    assert!(Envelope::read(r#"{"type": "a.b", "event_id": "E"}"#).is_some());
    assert!(Envelope::read(r#"{"type": "a.b", "data": {"object": {}}}"#).is_some());
    assert!(Envelope::read(r#"{"type": "a.b", "data": {"object": "event"}}"#).is_none());
    assert!(Envelope::read(r#"{"type": {}, "merchant_id": "M"}"#).is_none());
    assert!(Envelope::read(r#"["M", "a.b"]"#).is_none());
}

#[test]
fn the_signed_time_wins_over_the_header() {
    let created =
        |body: &str, first_try| Envelope::read(body).unwrap().created_at(&delivery(body, first_try));
    let first_try = Some("1970-01-01T00:00:09Z");
    let signed = r#"{"type": "a", "event_id": "E", "created_at": "1970-01-01T00:00:02Z"}"#;
    assert_eq!(created(signed, first_try), Some(2_000_000_000));
    let bare = r#"{"type": "a", "event_id": "E"}"#;
    assert_eq!(created(bare, first_try), Some(9_000_000_000));
    assert_eq!(created(bare, None), None);
}

#[test]
fn a_notice_names_ids_and_nothing_else() {
    let body =
        r#"{"type": "x.y", "event_id": "E", "merchant_id": "M", "data": {"id": "D", "object": {"n": 1}}}"#;
    let event = Envelope::read(body).unwrap().notice(&delivery(body, None));
    assert_eq!((event.key.as_str(), event.version, event.happened_at), ("E", 0, 7));
    let Payload::Other(other) = event.payload else { panic!("{:?}", event.payload) };
    assert_eq!(other.extra, [("id".into(), "D".into()), ("merchant_id".into(), "M".into())]);
}

#[test]
fn points_are_whole() {
    let number = |text: &str| whole(&Some(Text(text.into())));
    assert_eq!(number("-10"), Some(-10));
    assert_eq!(number("10.0"), Some(10));
    assert_eq!(number("9223372036854775807"), Some(i64::MAX));
    assert_eq!(number("1.5"), None);
    assert_eq!(number("many"), None);
}

mod calls {
    use std::cell::RefCell;

    use super::super::api::{code, encoded, request, segment};
    use super::super::subscription::check;
    use super::super::window::{OVERLAP_NS, Window, page};
    use crate::host::http::{HttpError, Method, Request, Response};
    use crate::{Failure, Page, Position, Report, Standing, Wanted};

    const DAY_NS: i64 = 24 * 3_600 * 1_000_000_000;

    fn response(status: u16, body: &str) -> Response {
        Response { status, headers: Vec::new(), body: body.into() }
    }

    #[test]
    fn requests_name_the_version_and_errors_their_code() {
        let asked = request(Some("2025-10-16"), Method::Get, "/v2/x", None).unwrap();
        assert_eq!(asked.headers[0].value, "2025-10-16");
        assert_eq!(
            request(None, Method::Get, "/v2/x", None).unwrap().headers[0].value,
            super::super::VERSION
        );
        let refused = request(Some("latest"), Method::Get, "/v2/x", None);
        assert!(matches!(refused, Err(Failure::Misconfigured(_))));
        assert_eq!(
            code(r#"{"errors": [{"category": "X", "code": "BAD_REQUEST"}]}"#),
            Some("BAD_REQUEST".into())
        );
        assert_eq!(code("<html>"), None);
        assert_eq!(encoded("a/b c.ü"), "a%2Fb%20c.%C3%BC");
        assert_eq!(segment(" L-CARD 7.ü").as_deref(), Some("L-CARD%207.%C3%BC"));
        for more_or_less in ["", "..", "a/b", "a%2Fb", "a?b", "a;b", "a\nb"] {
            assert_eq!(segment(more_or_less), None, "{more_or_less}");
        }
    }

    /// Reads with a provider that has these answers, and says what was asked for.
    fn read(position: &Position, answers: &mut Vec<Response>) -> (Result<Page, Failure>, Vec<Window>) {
        let asked = RefCell::new(Vec::new());
        let mut outside = |_: &str, _: &Request| -> Result<Response, HttpError> { Ok(answers.remove(0)) };
        let read = page(
            position,
            30 * DAY_NS,
            &mut outside,
            |window| {
                asked.borrow_mut().push(window.clone());
                request(None, Method::Get, "/v2/x", None)
            },
            |_, _, _| Ok(Report::new()),
        );
        (read, asked.into_inner())
    }

    fn position(cursor: Option<String>, since: Option<i64>, now: i64) -> Position {
        Position { stream: "s".into(), cursor, since, now }
    }

    #[test]
    fn a_run_keeps_its_window_over_pages_and_the_next_one_overlaps() {
        let now = 1_000 * DAY_NS;
        let mut answers = vec![response(200, r#"{"cursor": "p2"}"#), response(200, "{}")];
        let since = now - DAY_NS;
        let (first, asked) = read(&position(None, Some(since), now), &mut answers);
        let first = first.unwrap();
        assert_eq!(
            (asked[0].from, asked[0].to, first.more, first.reached),
            (Some(since), now, true, Some(since))
        );
        let (second, asked) = read(&position(first.cursor, None, now + 5), &mut answers);
        let second = second.unwrap();
        assert_eq!((asked[0].from, asked[0].to, asked[0].page.as_deref()), (Some(since), now, Some("p2")));
        assert_eq!((second.more, second.reached), (false, Some(now)));
        let mut answers = vec![response(200, "{}")];
        let (_, asked) = read(&position(second.cursor, None, now + 9), &mut answers);
        assert_eq!((asked[0].from, asked[0].to), (Some(now - OVERLAP_NS), now + 9));
    }

    #[test]
    fn a_long_way_back_is_read_in_steps_and_all_there_is_in_one() {
        let now = 1_000 * DAY_NS;
        let (mut position, mut windows) = (position(None, Some(now - 70 * DAY_NS), now), Vec::new());
        loop {
            let (page, asked) = read(&position, &mut vec![response(200, "{}")]);
            let page = page.unwrap();
            windows.extend(asked);
            position.cursor = page.cursor;
            if !page.more {
                break;
            }
        }
        let edges: Vec<_> = windows.iter().map(|window| (window.from.unwrap(), window.to)).collect();
        let day = |days: i64| now - days * DAY_NS;
        assert_eq!(edges, [(day(70), day(40)), (day(40), day(10)), (day(10), now)]);
        let (_, asked) = read(&super::calls::position(None, None, now), &mut vec![response(200, "{}")]);
        assert_eq!((asked[0].from, asked[0].to), (None, now));
    }

    #[test]
    fn a_stale_page_cursor_starts_the_window_anew_but_not_for_ever() {
        let stale = || response(400, r#"{"errors": [{"code": "INVALID_CURSOR"}]}"#);
        let (first, _) = read(&position(None, None, 9), &mut vec![response(200, r#"{"cursor": "p"}"#)]);
        let mut cursor = first.unwrap().cursor;
        for _ in 0..3 {
            let (page, _) = read(&position(cursor.clone(), None, 9), &mut vec![stale()]);
            let page = page.unwrap();
            assert!(page.more);
            let (page, asked) =
                read(&position(page.cursor, None, 9), &mut vec![response(200, r#"{"cursor": "p"}"#)]);
            assert_eq!(asked[0].page, None);
            cursor = page.unwrap().cursor;
        }
        let (given_up, _) = read(&position(cursor, None, 9), &mut vec![stale()]);
        assert!(matches!(given_up, Err(Failure::Rejected(_))));
    }

    #[test]
    fn answers_that_are_none_are_asked_for_again_and_foreign_cursors_refused() {
        let (broken, _) = read(&position(None, None, 9), &mut vec![response(200, "{\"cur")]);
        assert!(matches!(broken, Err(Failure::RetryAfterMs(_))));
        for cursor in ["", "{}", "[1]", "{\"to\": \"5\"}", "7"] {
            let (refused, _) = read(&position(Some(cursor.into()), None, 9), &mut Vec::new());
            assert!(matches!(refused, Err(Failure::Rejected(_))), "{cursor}");
        }
    }

    const TOPICS: [&str; 2] = ["a.b", "c.d"];

    /// How each topic stands, and whether something is said about it.
    type Told = Result<Vec<(Standing, bool)>, Failure>;

    fn checked(repair: bool, listed: Response) -> (Told, Vec<Request>) {
        let mut requests = Vec::new();
        let mut outside = |_: &str, request: &Request| -> Result<Response, HttpError> {
            requests.push(request.clone());
            Ok(if requests.len() == 1 { listed.clone() } else { response(200, "{}") })
        };
        let wanted = Wanted { callback: "https://hub.example.com/hooks/x".into(), repair };
        let told = check(&wanted, &TOPICS, None, &mut outside);
        let told = told.map(|all| all.iter().map(|it| (it.standing, it.detail.is_some())).collect());
        (told, requests)
    }

    fn subscription(enabled: bool, types: &str) -> Response {
        response(
            200,
            &format!(
                r#"{{"subscriptions": [{{"id": "other", "enabled": true, "notification_url": "https://x.example.com"}},
                {{"id": "wbhk_1", "enabled": {enabled}, "event_types": [{types}],
                  "notification_url": "https://hub.example.com/hooks/x"}}]}}"#
            ),
        )
    }

    #[test]
    fn a_subscription_is_looked_at_and_switched_on() {
        let active = (Standing::Active, false);
        let (told, requests) = checked(true, subscription(true, r#""a.b", "c.d""#));
        assert_eq!((told.unwrap(), requests.len()), (vec![active, active], 1));
        assert!(requests[0].path.contains("include_disabled=true"));

        let (told, requests) = checked(true, subscription(false, r#""a.b""#));
        assert_eq!(told.unwrap(), [(Standing::Repaired, false), (Standing::Repaired, false)]);
        assert_eq!(requests[1].path, "/v2/webhooks/subscriptions/wbhk_1");
        let body = requests[1].body.as_deref().unwrap();
        assert_eq!(body, r#"{"subscription":{"enabled":true,"event_types":["a.b","c.d"]}}"#);

        let (told, requests) = checked(false, subscription(true, r#""a.b""#));
        assert_eq!((told.unwrap(), requests.len()), (vec![active, (Standing::Broken, true)], 1));
    }

    #[test]
    fn what_only_a_person_can_set_right_says_how() {
        let broken = (Standing::Broken, true);
        let (told, _) = checked(true, response(200, "{}"));
        assert_eq!(told.unwrap(), [broken, broken]);
        let (told, _) = checked(true, response(403, "{}"));
        assert_eq!(told.unwrap(), [broken]);
        assert!(matches!(checked(true, response(500, "")).0, Err(Failure::RetryAfterMs(_))));
    }
}
