//! Events of tickets. There is no coarse "updated": every field that changes is an event, and says only that field, so
//! that an event which comes late cannot take back what others said.

use omnihub_plugin::exact::Text;
use omnihub_plugin::lenient::said;
use omnihub_plugin::members::extras;
use omnihub_plugin::model::{SurveyResponse, Ticket};
use omnihub_plugin::{Failure, Payload, Remark, Report};

use super::{Told, channel, comment, id, status, tags, time, user_party, word};
use crate::wire::Rating;

/// Changes of what the hub has no field for: told as `ticket.updated` that names the change.
const OTHER_CHANGES: [&str; 19] = [
    "brand_changed",
    "csat_requested",
    "custom_field_changed",
    "custom_status_changed",
    "description_changed",
    "email_ccs_changed",
    "followers_changed",
    "form_changed",
    "marked_as_spam",
    "merged",
    "next_sla_breach_changed",
    "ola_policy_changed",
    "organization_changed",
    "problem_link_changed",
    "schedule_changed",
    "sla_policy_changed",
    "submitter_changed",
    "task_due_at_changed",
    "undeleted",
];

pub(super) fn report(told: &Told<'_>, what: &str) -> Result<Report, Failure> {
    match what {
        "created" => created(told),
        "csat_received" => rated(told),
        "comment_added" => comment::added(told),
        "comment_made_private" => comment::made_private(told),
        "comment_redacted" => comment::redacted(told),
        "attachment_linked_to_comment" => comment::attached(told),
        "attachment_redacted_from_comment" => comment::detached(told),
        _ => changed(told, what),
    }
}

fn created(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket_id = told.about()?;
    let detail = &told.detail;
    let ticket = Ticket {
        external_id: said(detail.external_id.clone()),
        subject: said(detail.subject.clone()),
        status: status(&detail.status),
        priority: word(&detail.priority),
        kind: word(&detail.kind),
        channel: detail.via.as_ref().and_then(|via| said(via.channel.clone())).map(|via| channel(&via)),
        assignee: id(&detail.assignee_id),
        group: id(&detail.group_id),
        tags: tags(&detail.tags),
        created_at: time(&detail.created_at).or(told.time),
        ..about(told, ticket_id)
    };
    Ok(told.only(told.once("ticket.created", ticket_id, Payload::Ticket(ticket))))
}

/// The ticket and whose it is: hubs that start late never hear of the ticket's creation.
fn about(told: &Told<'_>, ticket_id: &str) -> Ticket {
    let requester = id(&told.detail.requester_id).map(|requester| user_party(requester, None));
    Ticket { requester, ..Ticket::new(ticket_id) }
}

fn changed(told: &Told<'_>, what: &str) -> Result<Report, Failure> {
    let ticket_id = told.about()?;
    let mut ticket = about(told, ticket_id);
    let current = &told.change.current;
    let mut name = "ticket.updated";
    match what {
        "status_changed" => {
            name = "ticket.status_changed";
            ticket.status = status(current);
        }
        "priority_changed" => ticket.priority = word(current),
        "type_changed" => ticket.kind = word(current),
        "subject_changed" => ticket.subject = said(current.clone()),
        "external_id_changed" => ticket.external_id = said(current.clone()),
        "agent_assignment_changed" => ticket.assignee = id(current),
        "group_assignment_changed" => ticket.group = id(current),
        "requester_changed" => {
            ticket.requester = id(current).map(|user| user_party(user, None)).or(ticket.requester)
        }
        "tags_changed" => {
            ticket.tags_added = texts(&told.change.tags_added);
            ticket.tags_removed = texts(&told.change.tags_removed);
        }
        // Deleted tickets can be brought back, and the hub's own flag cannot: it stands for the last word only.
        "soft_deleted" => {
            name = "ticket.deleted";
            ticket.status = Some("deleted".to_owned());
        }
        "permanently_deleted" => {
            name = "ticket.deleted";
            ticket.deleted = true;
        }
        other if OTHER_CHANGES.contains(&other) => {}
        _ => return Ok(told.only(told.notice())),
    }
    if what == "undeleted" {
        ticket.status = status(&told.detail.status);
    }
    let emptied = current.is_none() && what.ends_with("assignment_changed");
    ticket.extra = extras([
        ("changed", Some(what.to_owned())),
        ("cleared", emptied.then(|| "true".to_owned())),
        ("merged_into", id(&told.change.target_ticket_id)),
    ]);
    Ok(told.only(told.again(name, ticket_id, Payload::Ticket(ticket))))
}

fn texts(list: &Option<Vec<Text>>) -> Vec<String> {
    list.iter().flatten().filter_map(|text| said(Some(text.clone()))).collect()
}

/// The rating sits in the event itself or in an object of it: documentation and accounts differ.
fn rated(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket_id = told.about()?;
    let change = &told.change;
    let nested =
        [&change.csat, &change.satisfaction_rating, &change.survey_response].into_iter().flatten().next();
    let inside = |pick: fn(&Rating) -> &Option<Text>| nested.and_then(|rating| said(pick(rating).clone()));
    let flat =
        [&change.score, &change.rating, &change.current].into_iter().find_map(|text| said(text.clone()));
    let score = inside(|rating| &rating.score).or_else(|| inside(|rating| &rating.rating)).or(flat);
    let Some(score) = score else {
        let mut report = Report::new();
        report.note("/event", Remark::Malformed, "a rating without score");
        return Ok(report);
    };
    let rating_id = nested.and_then(|rating| id(&rating.id)).unwrap_or_else(|| ticket_id.to_owned());
    let answer = SurveyResponse {
        ticket: Some(ticket_id.to_owned()),
        who: id(&told.detail.requester_id).map(|requester| user_party(requester, None)),
        score: Some(score.to_lowercase()),
        comment: inside(|rating| &rating.comment).or_else(|| said(change.feedback.clone())),
        extra: extras([("reason", inside(|rating| &rating.reason))]),
        ..SurveyResponse::new(rating_id.clone(), "csat")
    };
    Ok(told.only(told.again("survey.answered", &rating_id, Payload::SurveyResponse(answer))))
}
