//! Opening a ticket, once, for agents or for the requester to read as well. Zendesk remembers an `Idempotency-Key` for
//! about two hours; `external_id` lasts.

use omnihub_plugin::exact::{self, Text};
use omnihub_plugin::host::http::{Method, Request, Response};
use omnihub_plugin::{Effect, Failure, Receipt, answer, members};
use serde_json::{Map, Value, json};

use super::{CREATE_PUBLIC_TICKET, PRIORITIES, given, id_number, may_be_done, needed, one_of, tag_list};
use crate::api::{self, Send, percent_encoded};
use crate::wire::{Answered, Found, TicketNamed};

/// How far our clock and Zendesk's may be apart: nothing of an effect is older than its planning, but for this.
const CLOCKS_APART_NS: i64 = 300 * 1_000_000_000;

pub(super) fn perform(effect: &Effect, send: Send<'_>) -> Result<Receipt, Failure> {
    let wanted = Creation::of(effect)?;
    if may_be_done(effect) {
        // Nobody knows how long ago the earlier attempt was, and with it whether its key still lives.
        let found: Found = api::read(send, api::SUPPORT, wanted.search())?;
        if let Some(id) = wanted.found(found)? {
            return Ok(wanted.receipt(id, true));
        }
    }
    let response = send(api::SUPPORT, &wanted.request()).map_err(answer::unanswered)?;
    wanted.made(&response)
}

/// The ticket an effect asks for.
struct Creation {
    effect_id: String,
    planned_at: i64,
    external_id: String,
    /// The rule chose the external id, so other tickets may have it too.
    shared_id: bool,
    subject: String,
    ticket: Map<String, Value>,
}

impl Creation {
    fn of(effect: &Effect) -> Result<Self, Failure> {
        let given = |name: &str| given(effect, name);
        let chosen = given("external_id");
        let external_id = chosen.clone().unwrap_or_else(|| effect.id.clone());
        let subject = needed(effect, "subject")?;
        let public = effect.action == CREATE_PUBLIC_TICKET;
        if !public && given("public").as_deref() == Some("true") {
            // What writes to a person is an action of its own, for which the hub asks whether it may.
            return Err(Failure::Rejected(format!("public is for {CREATE_PUBLIC_TICKET}")));
        }
        let mut ticket = Map::new();
        let mut set = |name: &str, value: Value| ticket.insert(name.to_owned(), value);
        set("subject", subject.clone().into());
        set("comment", json!({"body": needed(effect, "body")?, "public": public}));
        set("external_id", external_id.clone().into());
        set("metadata", super::mark(effect));
        if let Some(priority) = given("priority") {
            set("priority", one_of(&priority, "priority", &PRIORITIES)?.into());
        }
        let email = if public { Some(needed(effect, "requester_email")?) } else { given("requester_email") };
        if !public && given("requester_id").is_some() {
            set("requester_id", id_number(effect, "requester_id")?.into());
        } else if let Some(email) = email {
            // Zendesk wants a name for people it does not know yet.
            let name = given("requester_name").unwrap_or_else(|| email.clone());
            set("requester", json!({"email": email, "name": name}));
        }
        if let Some(tags) = given("tags") {
            set("tags", tag_list(&tags).into());
        }
        let (effect_id, planned_at) = (effect.id.clone(), effect.planned_at);
        Ok(Self { effect_id, planned_at, external_id, shared_id: chosen.is_some(), subject, ticket })
    }

    fn request(&self) -> Request {
        let path = "/api/v2/tickets.json".to_owned();
        let mut request = api::with_body(Method::Post, path, &json!({"ticket": self.ticket}));
        request.headers.push(api::header("idempotency-key", &self.effect_id));
        request
    }

    fn search(&self) -> String {
        format!("/api/v2/tickets.json?external_id={}", percent_encoded(&self.external_id))
    }

    /// The ticket an earlier attempt made, if there is one.
    fn found(&self, found: Found) -> Result<Option<String>, Failure> {
        let tickets = found.tickets.ok_or_else(api::garbled)?;
        let ours = tickets.into_iter().flatten().find(|ticket| self.is_ours(ticket));
        Ok(ours.and_then(|ticket| ticket.id.and_then(Text::id)))
    }

    /// An external id of the rule's choosing (an order's number, say) may be on several tickets.
    fn is_ours(&self, ticket: &TicketNamed) -> bool {
        let text = |text: &Option<Text>| text.as_ref().map(|text| text.0.trim().to_owned());
        let made_at = ticket.created_at.as_ref().and_then(|at| exact::timestamp(&at.0));
        let is_older = made_at.is_some_and(|at| at < self.planned_at.saturating_sub(CLOCKS_APART_NS));
        let same_subject = text(&ticket.subject).as_deref() == Some(&self.subject);
        let same_id = text(&ticket.external_id).as_deref() == Some(&self.external_id);
        same_id && (!self.shared_id || (same_subject && !is_older))
    }

    /// What the answer to the creation means.
    fn made(&self, response: &Response) -> Result<Receipt, Failure> {
        api::judged(response)?;
        let made: Option<Answered> = members::read(&response.body);
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
