//! Changes of a ticket that would show if they were made twice: answers, notes, and fields somebody may have changed in
//! between. Zendesk takes no key for them, so each leaves its effect's id in the ticket's audits, and before a change is
//! sent again they are looked through.

use omnihub_plugin::exact::Text;
use omnihub_plugin::host::http::{Method, Request};
use omnihub_plugin::lenient::said;
use omnihub_plugin::{Effect, Failure, Receipt, answer, members};
use serde_json::{Map, Value, json};

use super::{
    ADD_INTERNAL_NOTE, ADD_PUBLIC_REPLY, PRIORITIES, SET_ASSIGNEE, SET_GROUP, SET_PRIORITY, SET_STATUS,
    id_number, mark, may_be_done, needed, one_of,
};
use crate::api::{self, Send};
use crate::wire::{Answered, Audit, Listed};

const STATUSES: [&str; 6] = ["new", "open", "pending", "hold", "solved", "closed"];
/// Zendesk's most.
const AUDITS_AT_ONCE: u32 = 100;
/// The host grants a call twenty requests; two are for the ticket itself.
const AUDIT_PAGES_MAX: usize = 16;

pub(super) fn perform(effect: &Effect, send: Send<'_>) -> Result<Receipt, Failure> {
    let update = Update::of(effect)?;
    let mut stamp = None;
    if may_be_done(effect) {
        // In this order: should the earlier attempt arrive after we looked, the ticket is no longer the one of the stamp
        // and ours is refused.
        stamp = Some(update.stamp(send)?);
        if let Some(audit) = update.made_before(send)? {
            return Ok(update.receipt(Some(&audit), true));
        }
    }
    let response = send(api::SUPPORT, &update.request(stamp.as_deref())).map_err(answer::unanswered)?;
    api::judged(&response)?;
    let answered: Option<Answered> = members::read(&response.body);
    Ok(update.receipt(answered.and_then(|answered| answered.audit).as_ref(), false))
}

struct Update {
    effect_id: String,
    ticket_id: u64,
    change: Map<String, Value>,
}

impl Update {
    fn of(effect: &Effect) -> Result<Self, Failure> {
        let ticket_id = id_number(effect, "ticket_id")?;
        let comment =
            |public: bool| Ok::<_, Failure>(json!({"body": needed(effect, "body")?, "public": public}));
        let word = |name: &str, known: &[&str]| {
            Ok::<_, Failure>(Value::from(one_of(&needed(effect, name)?, name, known)?))
        };
        let (field, value) = match effect.action.as_str() {
            ADD_PUBLIC_REPLY => ("comment", comment(true)?),
            ADD_INTERNAL_NOTE => ("comment", comment(false)?),
            SET_STATUS => ("status", word("status", &STATUSES)?),
            SET_PRIORITY => ("priority", word("priority", &PRIORITIES)?),
            SET_GROUP => ("group_id", id_number(effect, "group_id")?.into()),
            SET_ASSIGNEE => ("assignee_id", id_number(effect, "assignee_id")?.into()),
            other => return Err(Failure::Unsupported(other.to_owned())),
        };
        let change = [(field.to_owned(), value), ("metadata".to_owned(), mark(effect))].into_iter().collect();
        Ok(Self { effect_id: effect.id.clone(), ticket_id, change })
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v2/tickets/{}{rest}.json", self.ticket_id)
    }

    /// With a stamp only a ticket that has not changed since is changed.
    fn request(&self, stamp: Option<&str>) -> Request {
        let mut ticket = self.change.clone();
        if let Some(stamp) = stamp {
            ticket.insert("updated_stamp".to_owned(), stamp.into());
            ticket.insert("safe_update".to_owned(), "true".into());
        }
        api::with_body(Method::Put, self.path(""), &json!({"ticket": ticket}))
    }

    /// When the ticket last changed, as Zendesk writes it.
    fn stamp(&self, send: Send<'_>) -> Result<String, Failure> {
        let shown: Answered = api::read(send, api::SUPPORT, self.path(""))?;
        shown.ticket.and_then(|ticket| said(ticket.updated_at)).ok_or_else(api::garbled)
    }

    /// The audit an earlier attempt left. The order of audits is not said, so all are looked through.
    fn made_before(&self, send: Send<'_>) -> Result<Option<Audit>, Failure> {
        let mut after: Option<String> = None;
        for _ in 0..AUDIT_PAGES_MAX {
            let path = api::list_page(&self.path("/audits"), AUDITS_AT_ONCE, after.as_deref());
            let listed: Listed = api::read(&mut *send, api::SUPPORT, path)?;
            after = listed.next(after.as_deref());
            let audits = listed.audits.ok_or_else(api::garbled)?;
            if let Some(ours) = audits.into_iter().flatten().find(|audit| self.is_ours(audit)) {
                return Ok(Some(ours));
            }
            if after.is_none() {
                return Ok(None);
            }
        }
        let why = "an earlier attempt may have been carried out, and the ticket's history is too long to look through";
        Err(Failure::Rejected(why.into()))
    }

    fn is_ours(&self, audit: &Audit) -> bool {
        let custom = audit.metadata.as_ref().and_then(|metadata| metadata.custom.as_ref());
        let effect = custom.and_then(|custom| custom.effect.as_ref());
        effect.is_some_and(|effect| effect.0 == self.effect_id)
    }

    /// The comment's id, if the change was one, else the ticket's.
    fn receipt(&self, audit: Option<&Audit>, already_done: bool) -> Receipt {
        let mut events = audit.and_then(|audit| audit.events.as_ref()).into_iter().flatten().flatten();
        let comment = events.rfind(|event| event.kind.as_ref().is_some_and(|kind| kind.0 == "Comment"));
        let comment = comment.and_then(|event| event.id.clone()).and_then(Text::id);
        let wrote = self.change.contains_key("comment");
        let ticket = self.ticket_id.to_string();
        let extra = vec![("ticket".to_owned(), ticket.clone())];
        Receipt { reference: comment.filter(|_| wrote).or(Some(ticket)), already_done, extra }
    }
}
