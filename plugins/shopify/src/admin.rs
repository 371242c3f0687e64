//! The shop's Admin GraphQL API: asking, what its answers mean, and leaving it alone when it is busy.
//! Owns nothing of what is asked; see `act`, `poll` and `check`.

use omnihub_plugin::answer;
use omnihub_plugin::exact::{Text, quantity};
use omnihub_plugin::host::http::{self, HttpError, Method, Request, Response};
use omnihub_plugin::members::{self, Members};
use omnihub_plugin::{Failure, Header};

use crate::json::Object;
use crate::wire::admin::{Cost, Envelope, PageInfo};

/// What the manifest calls the endpoint.
pub(crate) const ENDPOINT: &str = "admin";

/// A page that asks for more than one query may cost: `poll` asks for fewer.
pub(crate) const TOO_COSTLY: &str = "GraphQL MAX_COST_EXCEEDED";

/// A throttled shop's bucket fills by 50 points and more a second, and most calls cost about ten.
const THROTTLED_MS: u64 = 1_000;
/// The smallest bucket is full again after twenty seconds.
const THROTTLED_MS_MAX: u64 = 20_000;
/// Shopify in trouble, told with status 200.
const TROUBLED_MS: u64 = 2_000;
/// Left in the bucket for actions when a page has been read, in points: five mutations.
const RESERVE: i64 = 50;
/// [`quantity`] counts millionths.
const MILLIONTHS: i64 = 1_000_000;

/// Whatever carries requests to the shop: the host, or a script in tests.
pub(crate) trait Shop {
    fn send(&mut self, request: &Request) -> Result<Response, HttpError>;

    /// The shop wants to be left alone for so long.
    fn pause(&mut self, milliseconds: u64);
}

/// The endpoint the operator granted.
pub(crate) struct Granted;

impl Shop for Granted {
    fn send(&mut self, request: &Request) -> Result<Response, HttpError> {
        http::send(ENDPOINT, request)
    }

    fn pause(&mut self, milliseconds: u64) {
        http::pause(ENDPOINT, milliseconds);
    }
}

/// Asks one shop in one version of its API.
pub(crate) struct Admin<'a> {
    shop: &'a mut dyn Shop,
    path: String,
}

impl<'a> Admin<'a> {
    pub(crate) fn new(shop: &'a mut dyn Shop, version: &str) -> Result<Self, Failure> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if version.is_empty() || !version.bytes().all(fits) {
            return Err(Failure::Misconfigured("api_version".into()));
        }
        Ok(Self { shop, path: format!("/admin/api/{version}/graphql.json") })
    }

    /// A query: nothing is in doubt when it fails.
    pub(crate) fn read<T: Members>(&mut self, query: &str, variables: Object) -> Result<T, Failure> {
        let body = self.ask(query, variables).map_err(answer::unread)??;
        self.data(&body)?.ok_or(Failure::RetryAfterMs(TROUBLED_MS))
    }

    /// A mutation that is safe to repeat.
    pub(crate) fn write<T: Members>(&mut self, query: &str, variables: Object) -> Result<T, Failure> {
        let body = self.ask(query, variables).map_err(answer::unanswered)??;
        self.data(&body)?.ok_or_else(|| Failure::OutcomeUnknown("an answer without a result".into()))
    }

    /// Several mutations at once, safe to repeat, of which some may be refused: then their part of the data is missing.
    pub(crate) fn write_some<T: Members>(&mut self, query: &str, variables: Object) -> Result<T, Failure> {
        let body = self.ask(query, variables).map_err(answer::unread)??;
        let whole = self.data(&body);
        let partial = data_of(&body);
        partial.map_or_else(|| whole?.ok_or(Failure::RetryAfterMs(TROUBLED_MS)), Ok)
    }

    fn ask(&mut self, query: &str, variables: Object) -> Result<Result<String, Failure>, HttpError> {
        let request = Request {
            method: Method::Post,
            path: self.path.clone(),
            headers: vec![Header { name: "content-type".into(), value: "application/json".into() }],
            body: Some(Object::new().text("query", query).object("variables", variables).end()),
        };
        let response = self.shop.send(&request)?;
        Ok(answer::check(&response, |_| None).map(|()| response.body))
    }

    /// The answer's data, `None` where it has none that can be read. Shopify tells most failures with status 200.
    fn data<T: Members>(&mut self, body: &str) -> Result<Option<T>, Failure> {
        let Some(envelope) = members::read::<Envelope>(body) else { return Ok(None) };
        let cost = envelope.extensions.and_then(|extensions| extensions.cost);
        if let Some(errors) = envelope.errors.filter(|errors| !errors.is_empty()) {
            let code = errors.into_iter().flatten().find_map(|error| error.extensions?.code);
            return Err(self.refusal(code.as_ref().map_or("", |code| code.0.as_str()), cost.as_ref()));
        }
        if let Some(wait) = cost.as_ref().and_then(|cost| wait_ms(cost, RESERVE)) {
            self.shop.pause(wait);
        }
        Ok(data_of(body))
    }

    fn refusal(&mut self, code: &str, cost: Option<&Cost>) -> Failure {
        match code {
            "THROTTLED" => {
                let wait = cost.and_then(|cost| wait_ms(cost, 0)).unwrap_or(THROTTLED_MS);
                self.shop.pause(wait);
                Failure::RetryAfterMs(wait)
            }
            "ACCESS_DENIED" | "SHOP_INACTIVE" => Failure::Unauthorised(code.to_owned()),
            // Our documents are fixed, so it is the version that lacks the field.
            "undefinedField" => Failure::Misconfigured("api_version".into()),
            "INTERNAL_SERVER_ERROR" | "TIMEOUT" => Failure::RetryAfterMs(TROUBLED_MS),
            "MAX_COST_EXCEEDED" => Failure::Rejected(TOO_COSTLY.into()),
            other => Failure::Rejected(format!(
                "GraphQL {}",
                answer::word(other).unwrap_or_else(|| "error".into())
            )),
        }
    }
}

fn data_of<T: Members>(body: &str) -> Option<T> {
    members::read(members::parse(body)?.get("data")?.get())
}

/// How long until the bucket holds what the same call costs and `reserve` points more, as far as it is large enough:
/// (wanted - available) / restored per second. `None` when it does already.
fn wait_ms(cost: &Cost, reserve: i64) -> Option<u64> {
    let throttle = cost.throttle.as_ref()?;
    let points = |text: &Option<Text>| quantity(&text.as_ref()?.0).ok();
    let wanted = points(&cost.requested)?.checked_add(reserve.checked_mul(MILLIONTHS)?)?;
    let wanted = points(&throttle.most).map_or(wanted, |most| wanted.min(most));
    let missing = wanted.checked_sub(points(&throttle.available)?).filter(|missing| *missing > 0)?;
    let per_second = u64::try_from(points(&throttle.per_second)?).ok().filter(|points| *points > 0)?;
    let wait = u64::try_from(missing).ok()?.checked_mul(1_000)?.div_ceil(per_second);
    Some(wait.clamp(100, THROTTLED_MS_MAX))
}

/// What comes after a page.
pub(crate) enum After {
    Nothing,
    Page(String),
}

impl PageInfo {
    /// `None` when it does not say: a page must not look like the last one because its end was lost.
    pub(crate) fn after(self) -> Option<After> {
        match self.more?.0.as_str() {
            "false" => Some(After::Nothing),
            "true" => self.end.and_then(Text::id).map(After::Page),
            _ => None,
        }
    }
}

/// Shopify's id of an object of this kind, written as a number or already as a gid.
pub(crate) fn gid(kind: &str, id: &str) -> Option<String> {
    let prefix = format!("gid://shopify/{kind}/");
    let number = id.strip_prefix(&prefix).unwrap_or(id);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{prefix}{number}"))
}
