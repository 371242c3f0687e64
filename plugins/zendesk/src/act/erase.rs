//! Erasing a user, in Zendesk's two steps: deleted first, then deleted for good. Doing it twice is doing it once, and each
//! attempt begins with a look, because an agent must never be erased by a mistake in an id.
//!
//! https://developer.zendesk.com/api-reference/ticketing/users/users/#delete-user and `#permanently-delete-user`; on tickets
//! that are not closed: https://support.zendesk.com/hc/en-us/articles/4408821737498-Deleting-users.

use omnihub_plugin::erasure::Erasure;
use omnihub_plugin::host::http::{Method, Request, Response};
use omnihub_plugin::{Effect, Failure, Receipt, answer, members};

use super::id_number;
use crate::api::{self, Send};
use crate::wire::UserShown;

/// https://support.zendesk.com/hc/en-us/articles/4408845703194-Forgetting-a-user-in-Zendesk.
const TICKETS_REMAIN: &str =
    "closed tickets, with whatever was written in them; delete or redact them in Zendesk";

pub(super) fn perform(effect: &Effect, send: Send<'_>) -> Result<Receipt, Failure> {
    let id = id_number(effect, "customer_id")?;
    let before = standing(id, send)?;
    if before == Standing::Active {
        delete(id, send)?;
    }
    let response = send(api::SUPPORT, &removal(format!("/api/v2/deleted_users/{id}.json")))
        .map_err(answer::unanswered)?;
    match (api::is_unknown(&response), before) {
        // Deleted a moment ago, and not listed among the deleted yet.
        (true, Standing::Active) => return Err(api::garbled()),
        (true, Standing::Deleted | Standing::Unknown) => {
            return Ok(Erasure::Gone.receipt(None, Some(TICKETS_REMAIN)));
        }
        (false, _) => api::judged(&response)?,
    }
    // Zendesk goes through its products one by one (`/api/v2/users/{id}/compliance_deletion_statuses`), and does not wait.
    Ok(Erasure::Accepted.receipt(Some(id.to_string()), Some(TICKETS_REMAIN)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Active,
    /// By an earlier attempt, or by somebody else.
    Deleted,
    Unknown,
}

fn standing(id: u64, send: Send<'_>) -> Result<Standing, Failure> {
    let response =
        send(api::SUPPORT, &api::get(format!("/api/v2/users/{id}.json"))).map_err(answer::unread)?;
    if api::is_unknown(&response) {
        return Ok(Standing::Unknown);
    }
    api::judged(&response)?;
    let shown: Option<UserShown> = members::read(&response.body);
    let user = shown.and_then(|shown| shown.user).ok_or_else(api::garbled)?;
    let role = user.role.ok_or_else(api::garbled)?;
    if role.0 != "end-user" {
        return Err(Failure::Rejected("customer_id is the id of an agent or administrator".into()));
    }
    let is_deleted = user.active.is_some_and(|active| active.0 == "false");
    Ok(if is_deleted { Standing::Deleted } else { Standing::Active })
}

/// Who is not there any more was deleted between our look and this.
fn delete(id: u64, send: Send<'_>) -> Result<(), Failure> {
    let response =
        send(api::SUPPORT, &removal(format!("/api/v2/users/{id}.json"))).map_err(answer::unanswered)?;
    match refused(&response) {
        Some(failure) => Err(failure),
        None if api::is_unknown(&response) => Ok(()),
        None => api::judged(&response),
    }
}

/// Zendesk's refusal names the person, so it is told in our words.
fn refused(response: &Response) -> Option<Failure> {
    let why = "HTTP 422: Zendesk deletes nobody who is the requester of a ticket that is not closed; close theirs first";
    (response.status == 422).then(|| Failure::Rejected(why.into()))
}

fn removal(path: String) -> Request {
    Request { method: Method::Delete, ..api::get(path) }
}
