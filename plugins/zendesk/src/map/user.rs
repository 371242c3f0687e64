//! Events of users. Agents and administrators are users too: they are no customers and are left out.

use omnihub_plugin::exact::Text;
use omnihub_plugin::lenient::said;
use omnihub_plugin::members::extras;
use omnihub_plugin::model::{Customer, Identity, Party, PersonMerge, Proof};
use omnihub_plugin::{Failure, Payload, Remark, Report};

use super::{Told, flag, id, word};

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
    if matches!(word(&told.detail.role).as_deref(), Some("agent" | "admin")) {
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
    let mut customer = Customer::new(Party { ids: identities(told, user), name: None });
    let current = &told.change.current;
    let event = match what {
        "created" => told.once("customer.created", user, Payload::Customer(customer)),
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

fn texts(list: &Option<Vec<Text>>) -> Vec<String> {
    list.iter().flatten().filter_map(|text| said(Some(text.clone()))).collect()
}

/// The user, and the address Zendesk knows them by: mail from and to it is what made them known.
fn identities(told: &Told<'_>, user: &str) -> Vec<Identity> {
    let email = said(told.detail.email.clone()).map(|email| Identity::email(email, Proof::Channel));
    std::iter::once(Identity::provider("user", user)).chain(email).collect()
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
