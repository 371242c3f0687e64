//! Calls to Voucherify. There is no idempotency key: what we do carries our id as `source_id`, and who is unsure looks
//! for it among a card's transactions before doing it again.

use omnihub_plugin::host::http::{Method, Request, Response};
use omnihub_plugin::lenient::said;
use omnihub_plugin::square::api::{Outside, encoded, segment};
use omnihub_plugin::square::window::BROKEN_ANSWER_MS;
use omnihub_plugin::{Failure, Header, answer, members};
use serde_json::Value;

use crate::settings::Settings;
use crate::wire::voucherify::{Refusal, Transactions};

pub(crate) const ENDPOINT: &str = "voucherify";

/// The most that a list gives at once.
pub(crate) const LIMIT: u32 = 100;

pub(crate) fn request(
    settings: &Settings,
    method: Method,
    path: String,
    body: Option<&Value>,
) -> Result<Request, Failure> {
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    let mut headers = vec![header("x-app-id", settings.app_id()?)];
    headers.extend(body.map(|_| header("content-type", "application/json")));
    Ok(Request { method, path, headers, body: body.map(Value::to_string) })
}

/// Voucherify's word for what went wrong.
pub(crate) fn key(body: &str) -> Option<String> {
    let refusal: Refusal = members::read(body)?;
    refusal.key.map(|key| key.0)
}

pub(crate) fn look(outside: &mut dyn Outside, request: &Request) -> Result<Response, Failure> {
    let response = outside.send(ENDPOINT, request).map_err(answer::unread)?;
    answer::check(&response, key)?;
    Ok(response)
}

/// A card's transactions, newest first, from behind the one named `after`.
pub(crate) fn transactions(
    settings: &Settings,
    outside: &mut dyn Outside,
    card: &str,
    after: Option<&str>,
) -> Result<Transactions, Failure> {
    let card = segment(card).ok_or_else(|| Failure::Rejected("member is no id or code of a card".into()))?;
    let mut path = format!("/v1/loyalties/members/{card}/transactions?limit={LIMIT}&order=-id");
    if let Some(after) = after {
        path.push_str("&starting_after_id=");
        path.push_str(&encoded(after));
    }
    let response = look(outside, &request(settings, Method::Get, path, None)?)?;
    members::read(&response.body).ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))
}

impl Transactions {
    /// The id behind which the next page begins, where there is one.
    pub(crate) fn next(&self) -> Option<String> {
        let more = self.has_more.as_ref().is_some_and(|more| more.0 == "true");
        let last = || {
            let last = self.data.as_ref()?.last()?.as_ref()?;
            said(last.id.clone())
        };
        if more { said(self.more_starting_after.clone()).or_else(last) } else { None }
    }
}
