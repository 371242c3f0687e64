//! Events of users. Agents and administrators are users too: they are no customers and are left out.

use omnihub_plugin::lenient::said;
use omnihub_plugin::members::extras;
use omnihub_plugin::model::{Customer, Identity, Party, PersonMerge, Proof};
use omnihub_plugin::{Event, Failure, Payload, Remark, Report};

use super::ticket::texts;
use super::{Told, end_of_second, flag, id, tags, time, whole_second, word};
use crate::wire::Detail;

/// Changes that say nothing of a customer the hub could use.
const LEFT_OUT: [&str; 18] = [
    "alias_changed",
    "custom_field_changed",
    "custom_role_changed",
    "default_group_changed",
    "details_changed",
    "group_membership_created",
    "group_membership_deleted",
    "identity_deleted",
    "last_login_changed",
    "notes_changed",
    "only_private_comments_changed",
    "organization_membership_created",
    "organization_membership_deleted",
    "password_changed",
    "photo_changed",
    "role_changed",
    "ticket_restriction_changed",
    "time_zone_changed",
];

pub(super) fn report(told: &Told<'_>, what: &str) -> Result<Report, Failure> {
    let user = told.about()?;
    let mut report = Report::new();
    if is_staff(&told.detail) {
        report.note("/detail/role", Remark::Ignored, "staff are no customers");
        return Ok(report);
    }
    if LEFT_OUT.contains(&what) {
        report.note("/type", Remark::Ignored, format!("{what} says nothing of a customer"));
        return Ok(report);
    }
    if what == "merged" {
        return merged(told, user);
    }
    let mut customer = Customer::new(Party { ids: identities(&told.detail, user), name: None });
    let current = &told.change.current;
    let event = match what {
        "created" => {
            let at = time(&told.detail.created_at).or(told.time);
            beginning(customer, user, at, told.received_at)
        }
        "deleted" => {
            customer.deleted = true;
            told.once("customer.deleted", user, Payload::Customer(customer))
        }
        _ => {
            match what {
                "name_changed" => customer.who.name = said(current.clone()),
                "identity_created" | "identity_changed" => customer.who.ids.extend(added_identity(told)),
                "active_changed" => customer.state = flag(current).map(|on| either(on, "active", "inactive")),
                "suspended_changed" => {
                    customer.state = flag(current).map(|on| either(on, "suspended", "active"))
                }
                "external_id_changed" => customer.extra = extras([("external_id", said(current.clone()))]),
                "tags_changed" => {
                    customer.tags_added = texts(&told.change.tags_added);
                    customer.tags_removed = texts(&told.change.tags_removed);
                }
                _ => return Ok(told.only(told.notice())),
            }
            let name = if what == "tags_changed" { "customer.tagged" } else { "customer.updated" };
            told.again(name, user, Payload::Customer(customer))
        }
    };
    report.events.push(event);
    Ok(report)
}

fn either(on: bool, yes: &str, no: &str) -> String {
    if on { yes.to_owned() } else { no.to_owned() }
}

pub(crate) fn is_staff(user: &Detail) -> bool {
    matches!(word(&user.role).as_deref(), Some("agent" | "admin"))
}

/// The user, and the address Zendesk knows them by: mail from and to it is what made them known.
fn identities(detail: &Detail, user: &str) -> Vec<Identity> {
    let email = said(detail.email.clone()).map(|email| Identity::email(email, Proof::Channel));
    std::iter::once(Identity::provider("user", user)).chain(email).collect()
}

fn beginning(customer: Customer, user: &str, at: Option<i64>, received_at: i64) -> Event {
    Event::once("customer.created", user, at.map(whole_second), received_at, Payload::Customer(customer))
}

/// A user as the API shows them, at `now`: that they came to be, and all that is known since. `None` without an id.
pub(crate) fn shown(detail: &Detail, now: i64) -> Option<Vec<Event>> {
    let user = id(&detail.id)?;
    let first = Customer::new(Party { ids: identities(detail, &user), name: None });
    let phone = said(detail.phone.clone()).map(|phone| Identity::phone(phone, Proof::Claimed));
    let ids = identities(detail, &user).into_iter().chain(phone).collect();
    let whole = Customer {
        locale: said(detail.locale.clone()),
        tags: tags(&detail.tags),
        state: state(detail),
        extra: extras([("external_id", said(detail.external_id.clone()))]),
        ..Customer::new(Party { ids, name: said(detail.name.clone()) })
    };
    let updated_at = time(&detail.updated_at).map(whole_second);
    let event = Event::dated("customer.updated", &user, updated_at, "shown", now, Payload::Customer(whole));
    let event = Event { version: updated_at.map_or(0, end_of_second), ..event };
    Some(vec![beginning(first, &user, time(&detail.created_at), now), event])
}

/// A user who is not active was deleted or merged into another: the list does not say which, so only the event of a
/// deletion counts as one.
fn state(detail: &Detail) -> Option<String> {
    match (flag(&detail.active), flag(&detail.suspended)) {
        (Some(false), _) => Some("inactive".to_owned()),
        (_, Some(true)) => Some("suspended".to_owned()),
        (Some(true), _) | (None, Some(false)) => Some("active".to_owned()),
        (None, None) => None,
    }
}

/// A new way to reach a user. Addresses count as proven by their channel unless Zendesk says otherwise; phones are
/// typed in by agents and callers alike, so they count only when verified.
fn added_identity(told: &Told<'_>) -> Option<Identity> {
    let identity = told.change.identity.as_ref()?;
    let value = said(identity.value.clone())?;
    let verified = flag(&identity.verified);
    match word(&identity.kind)?.as_str() {
        "email" => {
            let proof = if verified == Some(false) { Proof::Claimed } else { Proof::Channel };
            Some(Identity::email(value, proof))
        }
        "phone" | "phone_number" => {
            let proof = if verified == Some(true) { Proof::Verified } else { Proof::Claimed };
            Some(Identity::phone(value, proof))
        }
        other => Some(Identity::handle(other, value)),
    }
}

/// The event's user took in another one, unless it says that it went into another.
fn merged(told: &Told<'_>, user: &str) -> Result<Report, Failure> {
    let change = &told.change;
    let (kept, absorbed) = match id(&change.target_user_id).filter(|target| target != user) {
        Some(target) => (target, Some(user.to_owned())),
        None => {
            let named = change.user.as_ref().and_then(|user| id(&user.id));
            (user.to_owned(), id(&change.merged_user_id).or(named).filter(|other| other != user))
        }
    };
    let Some(absorbed) = absorbed else {
        let mut report = Report::new();
        report.note("/event", Remark::Malformed, "a merge that does not name the other user");
        return Ok(report);
    };
    let key = format!("{kept}+{absorbed}");
    let merge = PersonMerge {
        kept: Identity::provider("user", kept),
        absorbed: Identity::provider("user", absorbed),
    };
    Ok(told.only(told.once("person.merged", &key, Payload::PersonMerge(merge))))
}
