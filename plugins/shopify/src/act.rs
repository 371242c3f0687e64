//! Tagging a customer. Building the request and judging the answer are plain functions; only `perform` calls out.

use omnihub_plugin::answer;
use omnihub_plugin::exact::quantity;
use omnihub_plugin::host::http::{self, Method, Request, Response};
use omnihub_plugin::{Effect, Failure, Header, Receipt, members};
use serde_json::json;

use crate::manifest::API_VERSION;
use crate::wire::{Extensions, TagsAdded};

/// Adds to the tags there are. Writing `tags` through `customerUpdate` would replace them.
const TAGS_ADD: &str = "mutation AddTag($id: ID!, $tags: [String!]!) { \
    tagsAdd(id: $id, tags: $tags) { node { id } userErrors { field message } } }";

/// A throttled shop's bucket fills by 50 points and more a second, and this costs about ten.
const THROTTLED_MS: u64 = 1_000;
/// The smallest bucket is full again after twenty seconds.
const THROTTLED_MS_MAX: u64 = 20_000;
/// Shopify in trouble, told with status 200.
const TROUBLED_MS: u64 = 2_000;

pub(crate) fn perform(effect: &Effect, api_version: Option<&str>) -> Result<Receipt, Failure> {
    let request = request(effect, api_version.unwrap_or(API_VERSION))?;
    let response = http::send("admin", &request).map_err(answer::unanswered)?;
    receipt(&response)
}

pub(crate) fn request(effect: &Effect, api_version: &str) -> Result<Request, Failure> {
    if effect.action != "add_customer_tag" {
        return Err(Failure::Unsupported(effect.action.clone()));
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if api_version.is_empty() || !api_version.bytes().all(fits) {
        return Err(Failure::Misconfigured("api_version".into()));
    }
    let variables =
        json!({"id": customer_gid(argument(effect, "customer_id")?)?, "tags": [argument(effect, "tag")?]});
    Ok(Request {
        method: Method::Post,
        path: format!("/admin/api/{api_version}/graphql.json"),
        headers: vec![Header { name: "content-type".into(), value: "application/json".into() }],
        body: Some(json!({"query": TAGS_ADD, "variables": variables}).to_string()),
    })
}

fn argument<'a>(effect: &'a Effect, name: &str) -> Result<&'a str, Failure> {
    let given = effect.arguments.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    given.filter(|value| !value.is_empty()).ok_or_else(|| Failure::Rejected(format!("{name} is missing")))
}

/// Shopify's id of a customer, written as a number or already as a gid.
fn customer_gid(id: &str) -> Result<String, Failure> {
    const PREFIX: &str = "gid://shopify/Customer/";
    let number = id.strip_prefix(PREFIX).unwrap_or(id);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        Ok(format!("{PREFIX}{number}"))
    } else {
        Err(Failure::Rejected("customer_id is no id of a customer".into()))
    }
}

/// What the answer means. Shopify tells most of its failures with status 200.
pub(crate) fn receipt(response: &Response) -> Result<Receipt, Failure> {
    answer::check(response, |_| None)?;
    let unreadable = || Failure::OutcomeUnknown("an answer without a result".into());
    let body: TagsAdded = members::read(&response.body).ok_or_else(unreadable)?;
    if let Some(errors) = body.errors.filter(|errors| !errors.is_empty()) {
        let code = errors.into_iter().flatten().find_map(|error| error.extensions?.code);
        return Err(query_failure(
            code.as_ref().map_or("", |code| code.0.as_str()),
            body.extensions.as_ref(),
        ));
    }
    let result = body.data.and_then(|data| data.tags_add).ok_or_else(unreadable)?;
    if let Some(errors) = result.user_errors.filter(|errors| !errors.is_empty()) {
        let field = errors.into_iter().flatten().find_map(|error| error.field);
        let field =
            field.unwrap_or_default().iter().map(|part| part.0.as_str()).collect::<Vec<_>>().join(".");
        return Err(Failure::Rejected(format!(
            "tagsAdd: {}",
            answer::word(&field).unwrap_or_else(|| "refused".into())
        )));
    }
    let reference = result.node.and_then(|node| node.id).map(|id| id.0).ok_or_else(unreadable)?;
    Ok(Receipt { reference: Some(reference), already_done: false, extra: Vec::new() })
}

fn query_failure(code: &str, extensions: Option<&Extensions>) -> Failure {
    match code {
        "THROTTLED" => Failure::RetryAfterMs(throttled_ms(extensions).unwrap_or(THROTTLED_MS)),
        "ACCESS_DENIED" => Failure::Unauthorised(code.to_owned()),
        "INTERNAL_SERVER_ERROR" | "TIMEOUT" => Failure::RetryAfterMs(TROUBLED_MS),
        other => {
            Failure::Rejected(format!("GraphQL {}", answer::word(other).unwrap_or_else(|| "error".into())))
        }
    }
}

/// How long until the bucket holds what the call costs: (requested - available) / restored per second.
fn throttled_ms(extensions: Option<&Extensions>) -> Option<u64> {
    let cost = extensions?.cost.as_ref()?;
    let throttle = cost.throttle.as_ref()?;
    let points = |text: &Option<omnihub_plugin::exact::Text>| quantity(&text.as_ref()?.0).ok();
    let missing = points(&cost.requested)?.checked_sub(points(&throttle.available)?)?;
    let missing = u64::try_from(missing.max(0)).ok()?;
    let per_second = u64::try_from(points(&throttle.per_second)?).ok().filter(|points| *points > 0)?;
    let wait = missing.checked_mul(1_000)?.div_ceil(per_second);
    Some(wait.clamp(100, THROTTLED_MS_MAX))
}
