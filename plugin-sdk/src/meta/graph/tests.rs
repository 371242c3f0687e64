use super::*;
use crate::meta::scripted::{Scripted, answer, answer_with};

fn check(status: u16, body: &str, expected: Failure) {
    let mut graph = Scripted::new([answer(status, body)]);
    let refused = call(&mut graph, &get("/v25.0/me".into()), 1, Repeat::Never).unwrap_err();
    assert_eq!(refused.failure, expected, "{status} {body}");
}

/// What becomes of one answer, and whether the provider is left alone.
fn check_pause(status: u16, body: &str, expected: &[u64]) {
    let mut graph = Scripted::new([answer(status, body)]);
    assert!(call(&mut graph, &get("/v25.0/me".into()), 1, Repeat::Never).is_err());
    assert_eq!(graph.pauses, expected, "{status} {body}");
}

fn error(code: i64) -> String {
    format!(r#"{{"error": {{"message": "m", "type": "OAuthException", "code": {code}}}}}"#)
}

fn named(code: i64) -> Failure {
    Failure::Rejected(format!("the provider answers with code {code}"))
}

#[test]
fn a_code_goes_before_the_status() {
    check(403, &error(551), named(551));
    check(500, &error(131_047), named(131_047));
    check(400, &error(190), Failure::Unauthorised("code 190".into()));
    check(400, &error(130_429), Failure::RetryAfterMs(6_000));
    check(500, &error(4), Failure::RetryAfterMs(6_000));
    check(200, &error(100), named(100));
    let window = r#"{"error": {"code": 10, "error_subcode": 2534022}}"#;
    check(403, window, named(10));
    check(403, &error(10), Failure::Unauthorised("code 10".into()));
}

#[test]
fn a_doubt_is_never_a_retry() {
    for code in VAGUE {
        check(400, &error(code), Failure::RetryAfterMs(2_000));
        check(503, &error(code), Failure::RetryAfterMs(2_000));
        check(500, &error(code), Failure::OutcomeUnknown("the provider answers 500".into()));
    }
    check(502, "<html>", Failure::OutcomeUnknown("the provider answers 502".into()));
    check(400, r#"{"error": {"code": 99, "is_transient": true}}"#, Failure::RetryAfterMs(2_000));
    check(302, "", Failure::OutcomeUnknown("the provider answers 302".into()));
}

#[test]
fn without_a_code_the_status_decides() {
    check(429, "", Failure::RetryAfterMs(60_000));
    check(503, "", Failure::RetryAfterMs(2_000));
    check(401, "", Failure::Unauthorised("the provider answers 401".into()));
    check(404, "", Failure::Rejected("the provider answers 404".into()));
    check(400, &error(33), Failure::Rejected("the provider answers 400 with code 33".into()));
}

#[test]
fn pauses_are_the_providers_or_double() {
    let asked = |value: &str| Response {
        status: 429,
        headers: vec![Header { name: "Retry-After".into(), value: value.into() }],
        body: String::new(),
    };
    assert_eq!(pause(&asked("2.5"), 1, 1), 2_500);
    assert_eq!(pause(&asked("7"), 1, 9), 7_000);
    assert_eq!(pause(&asked("soon"), 6_000, 3), 24_000);
    assert_eq!(pause(&asked("-1"), 2_000, u32::MAX), 128_000);
}

#[test]
fn a_full_allowance_keeps_everybody_waiting_and_a_busy_pair_nobody_else() {
    check_pause(400, &error(613), &[6_000]);
    check_pause(400, &error(130_429), &[6_000]);
    check_pause(400, &error(131_056), &[]);
    check_pause(400, &error(100), &[]);
    let mut graph = Scripted::new([answer_with(("x-app-usage", r#"{"call_count": 97}"#), "{}")]);
    assert!(call(&mut graph, &get("/v25.0/me".into()), 1, Repeat::Never).is_ok());
    assert_eq!(graph.pauses, [60_000]);
}

#[test]
fn what_is_harmless_is_repeated() {
    let lost = || Err(HttpError::Interrupted("reset".into()));
    let outcome = |repeat| {
        let mut graph = Scripted::new([answer(500, ""), lost()]);
        let mut ask = || call(&mut graph, &get("/v25.0/me".into()), 2, repeat).unwrap_err().failure;
        [ask(), ask()]
    };
    assert_eq!(outcome(Repeat::Harmless), [Failure::RetryAfterMs(4_000), Failure::RetryAfterMs(2_000)]);
    let unknown = |why: &str| Failure::OutcomeUnknown(why.into());
    assert_eq!(outcome(Repeat::Never), [unknown("the provider answers 500"), unknown("reset")]);
}

#[test]
fn a_refusal_keeps_its_code() {
    let mut graph = Scripted::new([answer(400, error(10_900))]);
    let refused = call(&mut graph, &get("/v25.0/me".into()), 1, Repeat::Never).unwrap_err();
    assert_eq!(refused.code, Some(10_900));
}

#[test]
fn settings_and_ids_cannot_lead_the_path_elsewhere() {
    let of = |version, id, query| path(version, id, "messages", query);
    assert_eq!(of("v25.0", "me", &[]).unwrap(), "/v25.0/me/messages");
    assert_eq!(
        of("v25.0", "a/b=", &[("fields", "id,to{id}"), ("after", "Q==&x")]).unwrap(),
        "/v25.0/a%2Fb%3D/messages?fields=id%2Cto%7Bid%7D&after=Q%3D%3D%26x"
    );
    assert_eq!(path("v25.0", "7", "", &[]).unwrap(), "/v25.0/7");
    assert_eq!(of("25", "me", &[]), Err(Failure::Misconfigured("api_version".into())));
    assert_eq!(of("v1/../..", "me", &[]), Err(Failure::Misconfigured("api_version".into())));
    assert_eq!(node("account_id", "1/2"), Err(Failure::Misconfigured("account_id".into())));
    assert_eq!(node("account_id", ""), Err(Failure::Misconfigured("account_id".into())));
    assert_eq!(node("account_id", "me"), Ok("me"));
}
