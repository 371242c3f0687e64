//! Opening a ticket, once. Zendesk remembers an `Idempotency-Key` for about two hours; `external_id` lasts. Building
//! requests and judging answers are plain functions; only `perform` calls out.

use omnihub_plugin::answer;
use omnihub_plugin::exact::Text;
use omnihub_plugin::host::http::{self, HttpError, Method, Request, Response};
use omnihub_plugin::{Effect, Failure, Header, Receipt, members};
use serde_json::{Map, Value, json};

use crate::wire::{Found, Made, TicketNamed};

const ENDPOINT: &str = "support";
/// Two agents' changes met; trying again is what Zendesk asks for.
const CONFLICT_MS: u64 = 2_000;

pub(crate) fn perform(effect: &Effect) -> Result<Receipt, Failure> {
    let wanted = Wanted::of(effect)?;
    if effect.uncertain {
        // Nobody knows how long ago the earlier attempt was, and with it whether its key still lives.
        let response = http::send(ENDPOINT, &wanted.search()).map_err(not_looked)?;
        if let Some(id) = wanted.found(&response)? {
            return Ok(wanted.receipt(id, true));
        }
    }
    let response = http::send(ENDPOINT, &wanted.creation()).map_err(answer::unanswered)?;
    wanted.made(&response)
}

/// A search that got no answer has changed nothing.
fn not_looked(error: HttpError) -> Failure {
    match answer::unanswered(error) {
        Failure::OutcomeUnknown(_) => Failure::RetryAfterMs(CONFLICT_MS),
        other => other,
    }
}

/// The ticket an effect asks for.
pub(crate) struct Wanted {
    effect_id: String,
    external_id: String,
    /// The rule chose the external id, so other tickets may have it too.
    shared_id: bool,
    subject: String,
    ticket: Map<String, Value>,
}

impl Wanted {
    pub(crate) fn of(effect: &Effect) -> Result<Self, Failure> {
        if effect.action != "create_ticket" {
            return Err(Failure::Unsupported(effect.action.clone()));
        }
        let given = |name: &str| {
            let value = effect.arguments.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let needed = |name: &str| given(name).ok_or_else(|| Failure::Rejected(format!("{name} is missing")));
        let chosen = given("external_id");
        let external_id = chosen.clone().unwrap_or_else(|| effect.id.clone());
        let subject = needed("subject")?;
        let public = given("public").as_deref() == Some("true");
        let mut ticket = Map::new();
        let mut set = |name: &str, value: Value| ticket.insert(name.to_owned(), value);
        set("subject", subject.clone().into());
        set("comment", json!({"body": needed("body")?, "public": public}));
        set("external_id", external_id.clone().into());
        if let Some(priority) = given("priority") {
            set("priority", known_priority(&priority)?.into());
        }
        if let Some(email) = given("requester_email") {
            // Zendesk wants a name for people it does not know yet.
            let name = given("requester_name").unwrap_or_else(|| email.clone());
            set("requester", json!({"email": email, "name": name}));
        }
        if let Some(tags) = given("tags") {
            let tags = tags.split([' ', ',']).filter(|tag| !tag.is_empty());
            set("tags", tags.map(Value::from).collect());
        }
        Ok(Self { effect_id: effect.id.clone(), external_id, shared_id: chosen.is_some(), subject, ticket })
    }

    pub(crate) fn creation(&self) -> Request {
        let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
        Request {
            method: Method::Post,
            path: "/api/v2/tickets.json".into(),
            headers: vec![
                header("content-type", "application/json"),
                header("idempotency-key", &self.effect_id),
            ],
            body: Some(json!({"ticket": self.ticket}).to_string()),
        }
    }

    pub(crate) fn search(&self) -> Request {
        let path = format!("/api/v2/tickets.json?external_id={}", percent_encoded(&self.external_id));
        Request { method: Method::Get, path, headers: Vec::new(), body: None }
    }

    /// The ticket an earlier attempt made, if there is one.
    pub(crate) fn found(&self, response: &Response) -> Result<Option<String>, Failure> {
        judged(response)?;
        let found: Option<Found> = members::read(&response.body);
        let tickets = found.and_then(|found| found.tickets).ok_or(Failure::RetryAfterMs(CONFLICT_MS))?;
        Ok(tickets
            .into_iter()
            .flatten()
            .find(|ticket| self.is_ours(ticket))
            .and_then(|ticket| ticket.id.and_then(Text::id)))
    }

    /// An external id of the rule's choosing (an order's number, say) may be on several tickets.
    fn is_ours(&self, ticket: &TicketNamed) -> bool {
        let text = |text: &Option<Text>| text.as_ref().map(|text| text.0.trim().to_owned());
        let same_subject = text(&ticket.subject).as_deref() == Some(&self.subject);
        text(&ticket.external_id).as_deref() == Some(&self.external_id) && (!self.shared_id || same_subject)
    }

    /// What the answer to the creation means.
    pub(crate) fn made(&self, response: &Response) -> Result<Receipt, Failure> {
        judged(response)?;
        let made: Option<Made> = members::read(&response.body);
        let id = made.and_then(|made| made.ticket).and_then(|ticket| ticket.id).and_then(Text::id);
        let id = id.ok_or_else(|| Failure::OutcomeUnknown("an answer without a ticket".into()))?;
        let lookup =
            response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("x-idempotency-lookup"));
        Ok(self.receipt(id, lookup.is_some_and(|header| header.value.eq_ignore_ascii_case("hit"))))
    }

    fn receipt(&self, id: String, already_done: bool) -> Receipt {
        let extra = vec![("external_id".to_owned(), self.external_id.clone())];
        Receipt { reference: Some(id), already_done, extra }
    }
}

fn judged(response: &Response) -> Result<(), Failure> {
    if response.status == 409 {
        return Err(Failure::RetryAfterMs(answer::pause_ms(response).unwrap_or(CONFLICT_MS)));
    }
    answer::check(response, error_code)
}

/// `{"error": "RecordInvalid", …}` or `{"error": {"title": …}}`. Descriptions may repeat what we sent: they stay out.
fn error_code(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let error = body.get("error")?;
    error.as_str().or_else(|| error.get("title")?.as_str()).map(|code| code.replace(' ', ""))
}

fn known_priority(priority: &str) -> Result<String, Failure> {
    let priority = priority.to_lowercase();
    match priority.as_str() {
        "low" | "normal" | "high" | "urgent" => Ok(priority),
        _ => Err(Failure::Rejected("priority is none of low, normal, high, urgent".into())),
    }
}

/// For a query's value: all but the unreserved characters of RFC 3986 as %XX.
fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}
