//! Calls to Shopify's Admin GraphQL API: it tells most of its failures with status 200, and in every answer how many
//! points are left to spend.

use omnihub_plugin::exact::{Text, quantity};
use omnihub_plugin::host::http::{Method, Request};
use omnihub_plugin::square::api::Outside;
use omnihub_plugin::{Failure, Header, answer, members};
use serde_json::{Value, json};

use crate::wire::graphql::{Answer, Costs, Data, Frame};

pub(crate) const ENDPOINT: &str = "admin";

/// A throttled shop's bucket fills by 50 points and more a second, and our largest query costs a few hundred.
const THROTTLED_MS: u64 = 2_000;
/// The smallest bucket is full again after twenty seconds.
const THROTTLED_MS_MAX: u64 = 20_000;
/// Shopify in trouble, told with status 200.
const TROUBLED_MS: u64 = 2_000;
/// Below this share of the bucket we leave the rest to the shop's other applications for a while.
const LOW_SHARE: i64 = 10;
const LOW_PAUSE_MS: u64 = 2_000;

/// Whether an answer that does not come leaves something in doubt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Look,
    Act,
}

/// Sends a query and gives its data.
pub(crate) fn send(
    outside: &mut dyn Outside,
    version: &str,
    query: &str,
    variables: Value,
    purpose: Purpose,
) -> Result<Data, Failure> {
    let request = Request {
        method: Method::Post,
        path: format!("/admin/api/{version}/graphql.json"),
        headers: vec![Header { name: "content-type".into(), value: "application/json".into() }],
        body: Some(json!({"query": query, "variables": variables}).to_string()),
    };
    let lost = match purpose {
        Purpose::Look => answer::unread,
        Purpose::Act => answer::unanswered,
    };
    let response = outside.send(ENDPOINT, &request).map_err(lost)?;
    answer::check(&response, |_| None)?;
    let unreadable = || match purpose {
        Purpose::Look => Failure::RetryAfterMs(TROUBLED_MS),
        Purpose::Act => Failure::OutcomeUnknown("an answer without a result".into()),
    };
    let frame: Frame = members::read(&response.body).ok_or_else(unreadable)?;
    let costs = frame.extensions.as_ref();
    if let Some(errors) = frame.errors.filter(|errors| !errors.is_empty()) {
        let code = errors.into_iter().flatten().find_map(|error| error.extensions?.code);
        let code = code.map_or_else(String::new, |code| code.0);
        if code == "THROTTLED" {
            let wait = throttled_ms(costs).unwrap_or(THROTTLED_MS);
            outside.pause(ENDPOINT, wait);
            return Err(Failure::RetryAfterMs(wait));
        }
        return Err(query_failure(&code));
    }
    if is_low(costs) {
        outside.pause(ENDPOINT, LOW_PAUSE_MS);
    }
    let answer: Answer = members::read(&response.body).ok_or_else(unreadable)?;
    answer.data.ok_or_else(unreadable)
}

fn query_failure(code: &str) -> Failure {
    match code {
        "ACCESS_DENIED" => Failure::Unauthorised(code.to_owned()),
        "INTERNAL_SERVER_ERROR" | "TIMEOUT" => Failure::RetryAfterMs(TROUBLED_MS),
        other => {
            Failure::Rejected(format!("GraphQL {}", answer::word(other).unwrap_or_else(|| "error".into())))
        }
    }
}

/// How long until the bucket holds what the call costs: (requested - available) / restored per second.
fn throttled_ms(costs: Option<&Costs>) -> Option<u64> {
    let cost = costs?.cost.as_ref()?;
    let throttle = cost.throttle.as_ref()?;
    let missing = points(&cost.requested)?.checked_sub(points(&throttle.available)?)?;
    let missing = u64::try_from(missing.max(0)).ok()?;
    let per_second = u64::try_from(points(&throttle.per_second)?).ok().filter(|points| *points > 0)?;
    let wait = missing.checked_mul(1_000)?.div_ceil(per_second);
    Some(wait.clamp(100, THROTTLED_MS_MAX))
}

fn is_low(costs: Option<&Costs>) -> bool {
    let throttle = costs.and_then(|costs| costs.cost.as_ref()?.throttle.as_ref());
    let Some(throttle) = throttle else { return false };
    match (points(&throttle.available), points(&throttle.maximum)) {
        (Some(available), Some(maximum)) => available < maximum / LOW_SHARE,
        _ => false,
    }
}

fn points(text: &Option<Text>) -> Option<i64> {
    quantity(&text.as_ref()?.0).ok()
}
