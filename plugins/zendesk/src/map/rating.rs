//! What customers think of the help. A ticket has one rating: whoever tells of it, it goes by the ticket's id, and the
//! newest counts.

use omnihub_plugin::exact::Text;
use omnihub_plugin::lenient::said;
use omnihub_plugin::members::extras;
use omnihub_plugin::model::SurveyResponse;
use omnihub_plugin::{Event, Failure, Payload, Remark, Report};

use super::{Told, id, time, user_party, whole_second};
use crate::wire::Rating;

/// The rating sits in the event itself or in an object of it: documentation and accounts differ.
pub(super) fn received(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket = told.about()?;
    let change = &told.change;
    let nested =
        [&change.csat, &change.satisfaction_rating, &change.survey_response].into_iter().flatten().next();
    let inside = |pick: fn(&Rating) -> &Option<Text>| nested.and_then(|rating| said(pick(rating).clone()));
    let flat =
        [&change.score, &change.rating, &change.current].into_iter().find_map(|text| said(text.clone()));
    let score = inside(|rating| &rating.score).or_else(|| inside(|rating| &rating.rating)).or(flat);
    let mut report = Report::new();
    match score {
        Some(score) => {
            let answer = SurveyResponse {
                comment: inside(|rating| &rating.comment).or_else(|| said(change.feedback.clone())),
                extra: extras([
                    ("reason", inside(|rating| &rating.reason)),
                    ("rating", nested.and_then(|rating| id(&rating.id))),
                ]),
                ..answered(ticket, id(&told.detail.requester_id), score)
            };
            let otherwise = told.id.as_deref().unwrap_or_default();
            report.events.push(event(answer, told.time, otherwise, told.received_at));
        }
        None => report.note("/event", Remark::Malformed, "a rating without score"),
    }
    Ok(report)
}

/// One of the API's list. "Offered" is no answer; how many of those there were is returned to the caller's count.
pub(crate) fn listed(rating: &Rating, now: i64) -> Result<Option<Event>, &'static str> {
    let score = said(rating.score.clone()).ok_or("a rating without score")?;
    if matches!(score.to_lowercase().as_str(), "offered" | "unoffered") {
        return Ok(None);
    }
    let ticket = id(&rating.ticket_id).or_else(|| id(&rating.id)).ok_or("a rating without ticket")?;
    let answer = SurveyResponse {
        comment: said(rating.comment.clone()),
        extra: extras([("reason", said(rating.reason.clone())), ("rating", id(&rating.id))]),
        ..answered(&ticket, id(&rating.requester_id), score)
    };
    let at = time(&rating.updated_at).or_else(|| time(&rating.created_at));
    Ok(Some(event(answer, at, "", now)))
}

fn answered(ticket: &str, requester: Option<String>, score: String) -> SurveyResponse {
    SurveyResponse {
        ticket: Some(ticket.to_owned()),
        who: requester.map(|requester| user_party(requester, None)),
        score: Some(score.to_lowercase()),
        ..SurveyResponse::new(ticket, "csat")
    }
}

fn event(answer: SurveyResponse, at: Option<i64>, otherwise: &str, received_at: i64) -> Event {
    let object = format!("{}/csat", answer.id);
    let payload = Payload::SurveyResponse(answer);
    Event::dated("survey.answered", &object, at.map(whole_second), otherwise, received_at, payload)
}
