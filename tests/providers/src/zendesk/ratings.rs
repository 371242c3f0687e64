//! What customers say of the help they got. A ticket has one rating, which they may change.

use axum::extract::{Path, Query, State};
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::paging::{self, Parameters};
use super::{act, bad_request, events, id_of};
use crate::answer::{Answer, Answered};
use crate::state::Shared;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rating {
    pub id: u64,
    pub ticket_id: u64,
    pub requester_id: u64,
    /// "offered" until the customer answers, then "good" or "bad".
    pub score: String,
    pub comment: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Rating {
    fn to_json(&self) -> Value {
        json!({
            "id": self.id, "ticket_id": self.ticket_id, "requester_id": self.requester_id, "score": self.score,
            "comment": self.comment, "reason": null, "created_at": self.created_at, "updated_at": self.updated_at,
        })
    }
}

#[derive(Deserialize)]
struct Posted {
    satisfaction_rating: Fields,
}

#[derive(Deserialize)]
struct Fields {
    score: String,
    #[serde(default)]
    comment: Option<String>,
}

pub(super) async fn rate(State(shared): State<Shared>, Path(id): Path<String>, body: Bytes) -> Answered {
    let id = id_of(&id)?;
    let posted: Option<Posted> = serde_json::from_slice(&body).ok();
    let fields = posted.map(|posted| posted.satisfaction_rating);
    let fields = fields.filter(|fields| matches!(fields.score.as_str(), "offered" | "good" | "bad"));
    let Fields { score, comment } =
        fields.ok_or_else(|| bad_request("Invalid attribute", "score is not valid"))?;
    act(&shared, |scene| {
        let second = scene.second();
        let desk = scene.desk();
        let ticket = desk.ticket(id)?;
        if !matches!(ticket.status.as_str(), "solved" | "closed") {
            return Err(unsolved());
        }
        let requester_id = ticket.requester_id;
        let (rating_id, created_at) = match desk.ratings.get(&id) {
            Some(rating) => (rating.id, rating.created_at),
            None => (desk.next_id(), second),
        };
        let rating = Rating {
            id: rating_id,
            ticket_id: id,
            requester_id,
            score,
            comment,
            created_at,
            updated_at: second,
        };
        let shown = rating.to_json();
        // The ticket shows its rating, but this is no change of the ticket's own.
        if let Some(ticket) = desk.tickets.get_mut(&id) {
            ticket.generated_at = second;
        }
        let told = json!({ "csat": {
            "id": rating_id.to_string(), "score": rating.score.to_uppercase(), "comment": rating.comment, "reason": null,
        } });
        let what = if rating.score == "offered" { "csat_requested" } else { "csat_received" };
        desk.ratings.insert(id, rating);
        events::ticket(scene, id, what, told);
        Ok(Answer::ok(json!({ "satisfaction_rating": shown })))
    })
}

fn unsolved() -> Answer {
    let body = json!({ "error": "RecordInvalid", "description": "Only solved tickets can be rated" });
    Answer::new(StatusCode::UNPROCESSABLE_ENTITY, body)
}

/// Since the time of asking, not of answering: which of the two Zendesk means it does not say, and this is the harder one.
pub(super) async fn list(State(shared): State<Shared>, Query(parameters): Query<Parameters>) -> Answered {
    let start = match parameters.get("start_time") {
        Some(start) => {
            start.parse().map_err(|_| bad_request("Invalid attribute", "start_time is invalid"))?
        }
        None => i64::MIN,
    };
    let worlds = shared.lock();
    let mut ratings: Vec<&Rating> =
        worlds.zendesk.ratings.values().filter(|rating| rating.created_at.as_second() >= start).collect();
    ratings.sort_by_key(|rating| rating.id);
    let ratings = ratings.into_iter().map(Rating::to_json).collect();
    Ok(Answer::ok(paging::page(&parameters, "satisfaction_ratings", ratings)?))
}
