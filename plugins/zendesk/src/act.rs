//! What rules may do at Zendesk. Each action builds its request and judges the answer in its own file; here is what they
//! share: how an effect leaves a mark by which it is known again, and what its arguments are.

mod create;
mod erase;
mod tags;
mod update;

use omnihub_plugin::{Effect, Failure, Receipt};
use serde_json::{Value, json};

use crate::api::Send;

pub(crate) const CREATE_TICKET: &str = "create_ticket";
pub(crate) const CREATE_PUBLIC_TICKET: &str = "create_public_ticket";
pub(crate) const ADD_PUBLIC_REPLY: &str = "add_public_reply";
pub(crate) const ADD_INTERNAL_NOTE: &str = "add_internal_note";
pub(crate) const ADD_TAGS: &str = "add_tags";
pub(crate) const REMOVE_TAGS: &str = "remove_tags";
pub(crate) const SET_STATUS: &str = "set_status";
pub(crate) const SET_PRIORITY: &str = "set_priority";
pub(crate) const SET_GROUP: &str = "set_group";
pub(crate) const SET_ASSIGNEE: &str = "set_assignee";
pub(crate) const ERASE_CUSTOMER: &str = "erase_customer";

pub(crate) fn perform(effect: &Effect, send: Send<'_>) -> Result<Receipt, Failure> {
    match effect.action.as_str() {
        CREATE_TICKET | CREATE_PUBLIC_TICKET => create::perform(effect, send),
        ADD_TAGS | REMOVE_TAGS => tags::perform(effect, send),
        ADD_PUBLIC_REPLY | ADD_INTERNAL_NOTE | SET_STATUS | SET_PRIORITY | SET_GROUP | SET_ASSIGNEE => {
            update::perform(effect, send)
        }
        ERASE_CUSTOMER => erase::perform(effect, send),
        other => Err(Failure::Unsupported(other.to_owned())),
    }
}

/// An earlier attempt may have been carried out. Also after an answer that told us to come back: a gateway's 502 may
/// stand for a change that was made.
fn may_be_done(effect: &Effect) -> bool {
    effect.uncertain || effect.attempt > 1
}

/// What Zendesk keeps with the change and shows in the ticket's audits.
fn mark(effect: &Effect) -> Value {
    json!({"omnihub_effect": effect.id})
}

/// An argument that says something.
fn given(effect: &Effect, name: &str) -> Option<String> {
    let value = effect.arguments.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    value.filter(|value| !value.is_empty()).map(str::to_owned)
}

fn needed(effect: &Effect, name: &str) -> Result<String, Failure> {
    given(effect, name).ok_or_else(|| Failure::Rejected(format!("{name} is missing")))
}

/// An id of Zendesk's is a number, and part of a path.
fn id_number(effect: &Effect, name: &str) -> Result<u64, Failure> {
    let text = needed(effect, name)?;
    text.parse().map_err(|_| Failure::Rejected(format!("{name} is not an id of Zendesk's")))
}

fn one_of(value: &str, name: &str, known: &[&str]) -> Result<String, Failure> {
    let value = value.to_lowercase();
    let is_known = known.contains(&value.as_str());
    is_known
        .then_some(value)
        .ok_or_else(|| Failure::Rejected(format!("{name} is none of {}", known.join(", "))))
}

const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];

/// Zendesk's tags hold no spaces.
fn tag_list(tags: &str) -> Vec<String> {
    tags.split([' ', ',']).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}
