//! What an API's answer means for an effect that may be sent again (grades *keyed*, *probed* and *natural*).
//! Not for *unsafe* actions: there a doubt must never become a retry.

use crate::Failure;
use crate::exact::quantity;
use crate::host::http::{HttpError, Response};

/// A network that was not there is often back at once.
const UNREACHABLE_MS: u64 = 1_000;
/// A provider in trouble needs a little longer.
const TROUBLED_MS: u64 = 2_000;
/// What providers that do not say how long to wait have in mind: their limits count by the minute.
const TOO_MANY_MS: u64 = 60_000;
/// No wait we are told is longer, so that a wrong header cannot park an effect for days.
const PAUSE_MS_MAX: u64 = 3_600_000;

/// What a call without an answer means.
#[must_use]
pub fn unanswered(error: HttpError) -> Failure {
    match error {
        HttpError::NotGranted(endpoint) => {
            Failure::Misconfigured(format!("endpoint {endpoint} is not bound"))
        }
        HttpError::Denied(why) => Failure::Misconfigured(why),
        HttpError::Unreachable(_) | HttpError::Exhausted => Failure::RetryAfterMs(UNREACHABLE_MS),
        HttpError::Interrupted(why) | HttpError::Unreadable(why) => Failure::OutcomeUnknown(why),
    }
}

/// What a call without an answer means that was only to look: nothing is in doubt, so it is made again.
#[must_use]
pub fn unread(error: HttpError) -> Failure {
    match unanswered(error) {
        Failure::OutcomeUnknown(_) => Failure::RetryAfterMs(TROUBLED_MS),
        other => other,
    }
}

/// Passes answers of success. `code` finds the provider's code of what went wrong in the body; whatever it finds is
/// cut down by [`word`], because codes are for people to read and texts may hold personal data.
///
/// # Errors
/// What the host should do about any other answer.
pub fn check(response: &Response, code: impl FnOnce(&str) -> Option<String>) -> Result<(), Failure> {
    let status = response.status;
    let reason = || match code(&response.body).as_deref().and_then(word) {
        Some(code) => format!("HTTP {status} {code}"),
        None => format!("HTTP {status}"),
    };
    match status {
        200..=299 => Ok(()),
        401 | 403 => Err(Failure::Unauthorised(reason())),
        429 => Err(Failure::RetryAfterMs(pause_ms(response).unwrap_or(TOO_MANY_MS))),
        408 | 500..=599 => Err(Failure::RetryAfterMs(pause_ms(response).unwrap_or(TROUBLED_MS))),
        _ => Err(Failure::Rejected(reason())),
    }
}

/// `Retry-After` in seconds, whole or not ("2.0"), as milliseconds. Its date form is not used by any API we call.
#[must_use]
pub fn pause_ms(response: &Response) -> Option<u64> {
    /// [`quantity`] counts millionths; a millisecond has a thousand.
    const MILLIONTHS_PER_MS: u64 = 1_000;
    let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("retry-after"))?;
    let millionths = u64::try_from(quantity(&header.value).ok()?).ok()?;
    Some(millionths.div_ceil(MILLIONTHS_PER_MS).min(PAUSE_MS_MAX))
}

/// A code such as `RecordInvalid`, `THROTTLED` or `customer.tags`: one short word. A sentence is none.
#[must_use]
pub fn word(code: &str) -> Option<String> {
    /// Longer than any code seen, shorter than most sentences.
    const WORD_BYTES_MAX: usize = 60;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_word = !code.is_empty() && code.len() <= WORD_BYTES_MAX && code.bytes().all(fits);
    is_word.then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Header;

    fn check_answer(status: u16, retry_after: Option<&str>, expected: Result<(), Failure>) {
        let header = |value: &str| Header { name: "Retry-After".into(), value: value.into() };
        let response =
            Response { status, headers: retry_after.map(header).into_iter().collect(), body: "Bad".into() };
        assert_eq!(check(&response, |body| Some(body.to_owned())), expected, "{status} {retry_after:?}");
    }

    #[test]
    fn every_status_has_a_consequence() {
        check_answer(201, None, Ok(()));
        check_answer(401, None, Err(Failure::Unauthorised("HTTP 401 Bad".into())));
        check_answer(403, None, Err(Failure::Unauthorised("HTTP 403 Bad".into())));
        check_answer(404, None, Err(Failure::Rejected("HTTP 404 Bad".into())));
        check_answer(301, None, Err(Failure::Rejected("HTTP 301 Bad".into())));
        check_answer(502, None, Err(Failure::RetryAfterMs(2_000)));
        check_answer(503, Some("7"), Err(Failure::RetryAfterMs(7_000)));
    }

    #[test]
    fn waits_are_read_as_written_within_reason() {
        check_answer(429, None, Err(Failure::RetryAfterMs(60_000)));
        check_answer(429, Some("2.0"), Err(Failure::RetryAfterMs(2_000)));
        check_answer(429, Some("0.0005"), Err(Failure::RetryAfterMs(1)));
        check_answer(429, Some("-1"), Err(Failure::RetryAfterMs(60_000)));
        check_answer(429, Some("Wed, 21 Oct 2015 07:28:00 GMT"), Err(Failure::RetryAfterMs(60_000)));
        check_answer(429, Some("999999999"), Err(Failure::RetryAfterMs(3_600_000)));
    }

    #[test]
    fn only_codes_get_into_reasons() {
        assert_eq!(word("RecordInvalid"), Some("RecordInvalid".into()));
        assert_eq!(word("ana@example.com"), None);
        assert_eq!(word("Customer Ana does not exist"), None);
        assert_eq!(word(""), None);
    }

    #[test]
    fn a_broken_answer_leaves_the_outcome_open() {
        assert_eq!(unanswered(HttpError::Unreachable("x".into())), Failure::RetryAfterMs(1_000));
        assert_eq!(unanswered(HttpError::Interrupted("x".into())), Failure::OutcomeUnknown("x".into()));
        assert_eq!(unanswered(HttpError::Unreadable("x".into())), Failure::OutcomeUnknown("x".into()));
        assert_eq!(unread(HttpError::Interrupted("x".into())), Failure::RetryAfterMs(2_000));
        let unbound = Failure::Misconfigured("endpoint admin is not bound".into());
        assert_eq!(unanswered(HttpError::NotGranted("admin".into())), unbound);
    }
}
