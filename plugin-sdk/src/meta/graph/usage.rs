//! Meta says in two headers how much of an allowance is used up, in percent, before it refuses anything.

use serde_json::value::RawValue;

use crate::host::http::Response;
use crate::members;

/// From here on the provider is left alone for a while; Meta refuses at 100.
const PERCENT_MAX: i64 = 95;
/// Allowances are of a sliding hour: after a minute a little of it is back.
const NEARLY_FULL_MS: u64 = 60_000;
const MINUTE_MS: u64 = 60_000;
/// What the host counts at most.
const PAUSE_MS_MAX: u64 = 3_600_000;

crate::members! {
    /// `estimated_time_to_regain_access` is in minutes.
    Usage { text: call_count, total_time, total_cputime, estimated_time_to_regain_access; }
}

/// How long to leave the provider alone after this answer, if it asks for that.
pub(super) fn pause_ms(response: &Response) -> Option<u64> {
    let header = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        header.map(|header| header.value.as_str())
    };
    let of_app = header("x-app-usage").and_then(members::read::<Usage>).into_iter();
    // {"<account>": [{"type": "messenger", "call_count": 7, …}]}
    let accounts = header("x-business-use-case-usage").and_then(members::parse).unwrap_or_default();
    let of_accounts = accounts
        .values()
        .filter_map(|uses| serde_json::from_str::<Vec<&RawValue>>(uses.get()).ok())
        .flatten()
        .filter_map(|usage| members::read::<Usage>(usage.get()));
    of_app.chain(of_accounts).filter_map(|usage| of_usage(&usage)).max()
}

fn of_usage(usage: &Usage) -> Option<u64> {
    let minutes = usage.estimated_time_to_regain_access.as_ref().and_then(|text| text.0.parse::<u64>().ok());
    if let Some(minutes) = minutes.filter(|minutes| *minutes > 0) {
        return Some(minutes.saturating_mul(MINUTE_MS).min(PAUSE_MS_MAX));
    }
    let percents = [&usage.call_count, &usage.total_time, &usage.total_cputime];
    let is_full = |text: &crate::exact::Text| text.0.parse::<i64>().is_ok_and(|used| used >= PERCENT_MAX);
    percents.into_iter().flatten().any(is_full).then_some(NEARLY_FULL_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Header;

    fn check(name: &str, value: &str, expected: Option<u64>) {
        let headers = vec![Header { name: name.into(), value: value.into() }];
        let response = Response { status: 200, headers, body: String::new() };
        assert_eq!(pause_ms(&response), expected, "{name}: {value}");
    }

    #[test]
    fn a_nearly_used_up_allowance_asks_for_a_pause() {
        check("X-App-Usage", r#"{"call_count": 28, "total_time": 25, "total_cputime": 25}"#, None);
        check("x-app-usage", r#"{"call_count": 28, "total_time": 95, "total_cputime": 25}"#, Some(60_000));
        let account = |minutes: &str| {
            format!(
                r#"{{"1784": [{{"type": "messenger", "call_count": 99, "estimated_time_to_regain_access": {minutes}}}]}}"#
            )
        };
        check("X-Business-Use-Case-Usage", &account("0"), Some(60_000));
        check("X-Business-Use-Case-Usage", &account("7"), Some(420_000));
        check("X-Business-Use-Case-Usage", &account("99999999999"), Some(3_600_000));
    }

    #[test]
    fn what_cannot_be_read_asks_for_nothing() {
        for value in ["", "[]", "{\"1\": 7}", "{\"1\": [7]}", "{\"call_count\": \"many\"}"] {
            check("x-app-usage", value, None);
            check("x-business-use-case-usage", value, None);
        }
    }
}
