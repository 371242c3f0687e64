//! What an answer of the Graph API to a send means. Sends cannot be repeated safely: there is no idempotency key, so
//! whatever leaves a doubt is [`Failure::OutcomeUnknown`] and never a retry.

use crate::answer::pause_ms;
use crate::host::http::{Method, Request, Response};
use crate::model::Header;
use crate::{Effect, Failure, members, meta};

/// The gate was closed and nothing was sent: calls of the app (4), custom and account limits (613, 80007), numbers
/// (130429), pairs of numbers (131056), overload (131016).
const THROTTLED: [i64; 6] = [4, 613, 80_007, 130_429, 131_016, 131_056];
/// Meta asks to try again and does not say what became of this attempt.
const VAGUE: [i64; 3] = [1, 2, 131_000];
/// This message can never be sent, whatever the HTTP status says: bad parameter, user not available, undeliverable,
/// account locked, window closed, spam and marketing limits, opted out, type, template.
const PERMANENT: [i64; 11] =
    [100, 551, 131_026, 131_031, 131_047, 131_048, 131_049, 131_050, 131_051, 132_000, 132_001];
/// Sent outside the 24-hour window: error 10 with this subcode is about the message, not about the token.
const OUTSIDE_WINDOW: i64 = 2_534_022;

/// A 429 without Retry-After.
const TOO_MANY_MS: u64 = 60_000;
/// Meta allows about one message per six seconds to one person.
const THROTTLED_MS: u64 = 6_000;
const VAGUE_MS: u64 = 2_000;
/// Backing off doubles at most this often: two seconds become about two minutes, six about six and a half.
const DOUBLINGS_MAX: u32 = 6;

crate::members! {
    Answer { object: error: GraphError; }
    GraphError { text: code, error_subcode, is_transient; }
}

impl GraphError {
    fn code(&self) -> Option<i64> {
        self.code.as_ref()?.0.parse().ok()
    }

    fn subcode(&self) -> Option<i64> {
        self.error_subcode.as_ref()?.0.parse().ok()
    }
}

/// A POST of JSON to `/<version>/<node>/messages`.
///
/// # Errors
/// [`Failure::Misconfigured`] when a setting would lead the path elsewhere.
pub fn messages(version: &str, node: (&str, &str), body: String) -> Result<Request, Failure> {
    let (setting, node) = node;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let digits = version.strip_prefix('v').unwrap_or_default();
    if !digits.split('.').all(plain) {
        return Err(Failure::Misconfigured("api_version".into()));
    }
    if !plain(node) {
        return Err(Failure::Misconfigured(setting.into()));
    }
    Ok(Request {
        method: Method::Post,
        path: format!("/{version}/{node}/messages"),
        headers: vec![Header { name: "content-type".into(), value: "application/json".into() }],
        body: Some(body),
    })
}

/// Refuses to send again what may have been sent.
///
/// # Errors
/// [`Failure::OutcomeUnknown`] when the host says so of an earlier attempt.
pub fn first_time(effect: &Effect) -> Result<(), Failure> {
    if effect.uncertain {
        return Err(Failure::OutcomeUnknown("an earlier attempt may have been sent".into()));
    }
    Ok(())
}

/// A parameter of an effect that has to say something.
///
/// # Errors
/// [`Failure::Rejected`] when it is absent or blank.
pub fn argument<'a>(effect: &'a Effect, name: &str) -> Result<&'a str, Failure> {
    let value = effect.arguments.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    value
        .filter(|value| !value.trim().is_empty())
        .ok_or_else(|| Failure::Rejected(format!("{name} is missing")))
}

/// The body of an answer that says yes.
///
/// # Errors
/// What follows when it says no. An error code of Meta's goes before the HTTP status, which varies.
pub fn accepted(response: Response, attempt: u32) -> Result<String, Failure> {
    let error = members::read::<Answer>(&response.body).and_then(|answer| answer.error);
    if (200..300).contains(&response.status) && error.is_none() {
        return Ok(response.body);
    }
    Err(refusal(&response, &error.unwrap_or_default(), attempt))
}

fn refusal(response: &Response, error: &GraphError, attempt: u32) -> Failure {
    let status = response.status;
    let doubtful = status >= 500 && status != 503;
    let named = |code: i64| Failure::Rejected(format!("the provider answers with code {code}"));
    match error.code() {
        Some(10) if error.subcode() == Some(OUTSIDE_WINDOW) => named(10),
        Some(code) if PERMANENT.contains(&code) => named(code),
        Some(code @ (10 | 102 | 190 | 200..=299)) => Failure::Unauthorised(format!("code {code}")),
        Some(code) if THROTTLED.contains(&code) => {
            Failure::RetryAfterMs(pause(response, THROTTLED_MS, attempt))
        }
        _ if doubtful => Failure::OutcomeUnknown(format!("the provider answers {status}")),
        Some(code) if VAGUE.contains(&code) || meta::flag(error.is_transient.as_ref()) => {
            Failure::RetryAfterMs(pause(response, VAGUE_MS, attempt))
        }
        code => by_status(response, code, attempt),
    }
}

fn by_status(response: &Response, code: Option<i64>, attempt: u32) -> Failure {
    let code = code.map(|code| format!(" with code {code}")).unwrap_or_default();
    match response.status {
        429 => Failure::RetryAfterMs(pause_ms(response).unwrap_or(TOO_MANY_MS)),
        503 => Failure::RetryAfterMs(pause(response, VAGUE_MS, attempt)),
        401 | 403 => Failure::Unauthorised(format!("the provider answers {}{code}", response.status)),
        200..=399 => Failure::OutcomeUnknown(format!("the provider answers {}{code}", response.status)),
        status => Failure::Rejected(format!("the provider answers {status}{code}")),
    }
}

/// What the provider asks for, else `base` doubled with every attempt.
fn pause(response: &Response, base: u64, attempt: u32) -> u64 {
    let doublings = attempt.saturating_sub(1).min(DOUBLINGS_MAX);
    pause_ms(response).unwrap_or(base << doublings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, expected: Failure) {
        let response = Response { status, headers: Vec::new(), body: body.into() };
        assert_eq!(accepted(response, 1), Err(expected), "{status} {body}");
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
    fn settings_cannot_lead_the_path_elsewhere() {
        let path = |version, node| {
            messages(version, ("account_id", node), String::new()).map(|request| request.path)
        };
        assert_eq!(path("v25.0", "me").unwrap(), "/v25.0/me/messages");
        assert_eq!(path("25", "me"), Err(Failure::Misconfigured("api_version".into())));
        assert_eq!(path("v1/../..", "me"), Err(Failure::Misconfigured("api_version".into())));
        assert_eq!(path("v25.0", "1/2"), Err(Failure::Misconfigured("account_id".into())));
        assert_eq!(path("v25.0", ""), Err(Failure::Misconfigured("account_id".into())));
    }
}
