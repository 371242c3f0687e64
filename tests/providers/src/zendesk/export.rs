//! Incremental exports by cursor: what changed since a time, in the order of the changes, without the newest minute.

use axum::extract::{Query, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::paging::Parameters;
use super::{Desk, bad_request, users, with};
use crate::answer::{Answer, Answered};
use crate::state::Shared;

const PAGE_MAX: usize = 1_000;
/// Zendesk leaves out what changed so recently, so that nothing slips in behind the cursor.
const LEFT_OUT: SignedDuration = SignedDuration::from_secs(60);

/// The last second and id of the page before; ids are from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    second: i64,
    id: u64,
}

impl Place {
    /// As Zendesk writes it: "1695052663.0||28|".
    fn written(self) -> String {
        STANDARD.encode(format!("{}.0||{}|", self.second, self.id))
    }

    fn read(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
        let (second, rest) = text.split_once(".0||")?;
        Some(Self { second: second.parse().ok()?, id: rest.strip_suffix('|')?.parse().ok()? })
    }
}

struct Asked {
    from: Place,
    /// None when asked by start time.
    cursor: Option<String>,
    size: usize,
    settled: Timestamp,
}

impl Asked {
    fn of(parameters: &Parameters, now: Timestamp) -> Result<Self, Answer> {
        let wrong = |what: &str| bad_request("Invalid attribute", what);
        let settled = now.saturating_sub(LEFT_OUT).unwrap_or(now);
        let size = match parameters.get("per_page") {
            Some(size) => size.parse().ok().filter(|size| (1..=PAGE_MAX).contains(size)),
            None => Some(PAGE_MAX),
        };
        let size = size.ok_or_else(|| wrong("per_page must be 1 to 1000"))?;
        let (from, cursor) = match (parameters.get("cursor"), parameters.get("start_time")) {
            (Some(cursor), _) => {
                (Place::read(cursor).ok_or_else(|| wrong("cursor is invalid"))?, Some(cursor.clone()))
            }
            (None, Some(start)) => {
                let second = start.parse().map_err(|_| wrong("start_time must be a Unix time"))?;
                if second > settled.as_second() {
                    return Err(too_recent());
                }
                // Before the first of that second.
                (Place { second, id: 0 }, None)
            }
            (None, None) => return Err(wrong("start_time or cursor is missing")),
        };
        Ok(Self { from, cursor, size, settled })
    }

    /// The page of rows with their places, and what says where the next one is.
    fn page(&self, mut rows: Vec<(Place, Value)>) -> (Vec<Value>, Value) {
        rows.retain(|(place, _)| *place > self.from && place.second <= self.settled.as_second());
        rows.sort_by_key(|(place, _)| *place);
        let ended = rows.len() <= self.size;
        rows.truncate(self.size);
        let after = rows.last().map(|(place, _)| place.written()).or_else(|| self.cursor.clone());
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        (rows, json!({ "after_cursor": after, "before_cursor": null, "end_of_stream": ended }))
    }
}

fn too_recent() -> Answer {
    let body = json!({
        "error": "StartTimeTooRecent", "description": "Too recent start_time. Use a start_time older than 1 minute",
    });
    Answer::new(StatusCode::UNPROCESSABLE_ENTITY, body)
}

pub(super) async fn tickets(State(shared): State<Shared>, Query(parameters): Query<Parameters>) -> Answered {
    let asked = Asked::of(&parameters, shared.now())?;
    let worlds = shared.lock();
    let desk = &worlds.zendesk;
    let rows = desk.tickets.values().map(|ticket| {
        (Place { second: ticket.generated_at.as_second(), id: ticket.id }, ticket.to_json(shared.base_url()))
    });
    let (rows, body) = asked.page(rows.collect());
    let includes =
        |part: &str| parameters.get("include").is_some_and(|all| all.split(',').any(|it| it == part));
    let body = if includes("users") { with(body, "users", users_of(desk, &rows)) } else { body };
    Ok(Answer::ok(with(body, "tickets", rows)))
}

/// Those who have to do with the tickets, each once.
fn users_of(desk: &Desk, tickets: &[Value]) -> Value {
    let ids = |ticket: &Value| {
        ["requester_id", "submitter_id", "assignee_id"].map(|role| ticket.get(role).and_then(Value::as_u64))
    };
    users::listed(desk, tickets.iter().flat_map(ids).flatten())
}

pub(super) async fn users(State(shared): State<Shared>, Query(parameters): Query<Parameters>) -> Answered {
    let asked = Asked::of(&parameters, shared.now())?;
    let worlds = shared.lock();
    let rows = worlds
        .zendesk
        .users
        .values()
        .filter(|user| !user.forgotten)
        .map(|user| (Place { second: user.updated_at.as_second(), id: user.id }, user.to_json()));
    let (rows, body) = asked.page(rows.collect());
    Ok(Answer::ok(with(body, "users", rows)))
}
