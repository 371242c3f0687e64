//! Voucherify: loyalty cards of a campaign, their balances and transactions, and customers who are deleted for good. No
//! idempotency keys: what is sent twice happens twice, and only its `source_id` tells.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Answered};
use crate::clock::later_ms;
use crate::options::Unknown;
use crate::outbox::Outbox;
use crate::state::{Ids, Provider, Shared};

const CUSTOMER_PREFIX: &str = "cust_";
const PROJECT_ID: &str = "proj_simulated";
const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: usize = 100;
/// Voucherify refuses to show more pages.
const PAGE_MAX: usize = 100;
/// Of the plan "Organization".
const REQUESTS_PER_MINUTE: u32 = 2_000;
const SECONDS_PER_MINUTE: i64 = 60;

/// What the project remembers.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Project {
    /// By code.
    cards: BTreeMap<String, Card>,
    /// Oldest first.
    transactions: Vec<Transaction>,
    /// Ids of customers who were deleted for good.
    forgotten: BTreeSet<String>,
    #[serde(skip)]
    latest: Option<Timestamp>,
    /// The minute that is counted, and its requests.
    #[serde(skip)]
    minute: (i64, u32),
}

/// A loyalty card: a member of a campaign.
#[derive(Debug, Clone, Serialize)]
struct Card {
    id: String,
    code: String,
    campaign_id: String,
    holder_id: String,
    loyalty_card: Points,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// `points` were ever earned, `balance` is usable.
#[derive(Debug, Clone, Default, Serialize)]
struct Points {
    points: i64,
    balance: i64,
}

#[derive(Debug, Clone, Serialize)]
struct Transaction {
    id: String,
    source_id: Option<String>,
    voucher_id: String,
    campaign_id: String,
    reason: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    details: Value,
    created_at: Timestamp,
}

#[derive(Debug, Deserialize)]
struct NewMember {
    customer: NewCustomer,
    #[serde(default)]
    voucher: Option<String>,
}

#[derive(Debug, Deserialize)]
struct NewCustomer {
    source_id: String,
}

#[derive(Debug, Deserialize)]
struct Change {
    points: i64,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    source_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    limit: Option<usize>,
    page: Option<usize>,
    order: Option<String>,
    starting_after_id: Option<String>,
    #[serde(rename = "[updated_at][after]")]
    updated_after: Option<Timestamp>,
}

pub(crate) fn router(shared: &Shared) -> Router {
    Router::new()
        .route("/v1/loyalties/members/{member}", get(show_member))
        .route("/v1/loyalties/members/{member}/balance", post(change_balance))
        .route("/v1/loyalties/members/{member}/transactions", get(list_transactions))
        .route("/v1/loyalties/{campaign}/members", get(list_members).post(add_member))
        .route("/v1/customers/{customer}/permanent-deletion", post(forget))
        .layer(from_fn_with_state(shared.clone(), admit))
        .with_state(shared.clone())
}

/// Both halves of the credentials, and not too often.
async fn admit(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let named = request.headers().get("x-app-id").is_some_and(|id| !id.is_empty());
    if !named {
        return refused(StatusCode::UNAUTHORIZED, "unauthorized").into_response();
    }
    let now = shared.now();
    if !shared.lock().square.voucherify.admits(now) {
        let wait = SECONDS_PER_MINUTE - now.as_second().rem_euclid(SECONDS_PER_MINUTE);
        let answer = refused(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
        return answer.with_header("retry-after", &wait.to_string()).into_response();
    }
    next.run(request).await
}

fn refused(status: StatusCode, key: &str) -> Answer {
    Answer::new(status, json!({ "code": status.as_u16(), "key": key, "message": "Refused." }))
}

impl Project {
    fn admits(&mut self, now: Timestamp) -> bool {
        let minute = now.as_second().div_euclid(SECONDS_PER_MINUTE);
        if self.minute.0 != minute {
            self.minute = (minute, 0);
        }
        self.minute.1 = self.minute.1.saturating_add(1);
        self.minute.1 <= REQUESTS_PER_MINUTE
    }

    /// Later than everything before by a millisecond, which is as exact as Voucherify's times are.
    fn moment(&mut self, now: Timestamp) -> Timestamp {
        let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let moment = self.latest.map_or(now, |latest| now.max(later_ms(latest, 1)));
        self.latest = Some(moment);
        moment
    }

    /// By its code or its id.
    fn card(&mut self, member: &str) -> Option<&mut Card> {
        self.cards.values_mut().find(|card| card.code == member || card.id == member)
    }

    /// The card of that name; it comes into being where that is allowed.
    fn found(
        &mut self,
        member: &str,
        unknown: Unknown,
        ids: &mut Ids,
        at: Timestamp,
    ) -> Result<Card, Answer> {
        match (self.card(member).cloned(), unknown) {
            (Some(card), _) => Ok(card),
            (None, Unknown::Created) => Ok(new_card(member, "camp_simulated", &short(ids), ids, at)),
            (None, Unknown::Refused) => Err(refused(StatusCode::NOT_FOUND, "not_found")),
        }
    }
}

/// The id of a customer who may be named by the shop's id, too.
fn customer_id(named: &str) -> String {
    if named.starts_with(CUSTOMER_PREFIX) { named.to_owned() } else { format!("{CUSTOMER_PREFIX}{named}") }
}

fn new_card(code: &str, campaign: &str, customer: &str, ids: &mut Ids, at: Timestamp) -> Card {
    Card {
        id: format!("v_{}", short(ids)),
        code: code.to_owned(),
        campaign_id: campaign.to_owned(),
        holder_id: format!("{CUSTOMER_PREFIX}{customer}"),
        loyalty_card: Points::default(),
        created_at: at,
        updated_at: at,
    }
}

fn short(ids: &mut Ids) -> String {
    hex::encode(ids.fresh()).chars().take(18).collect()
}

fn parse<T: serde::de::DeserializeOwned>(body: &Bytes) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|_| refused(StatusCode::BAD_REQUEST, "invalid_payload"))
}

fn limit(wanted: &Wanted) -> Result<usize, Answer> {
    match wanted.limit {
        None => Ok(LIMIT_DEFAULT),
        Some(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
        Some(_) => Err(refused(StatusCode::BAD_REQUEST, "invalid_query_params")),
    }
}

async fn add_member(State(shared): State<Shared>, Path(campaign): Path<String>, body: Bytes) -> Answered {
    let NewMember { customer, voucher } = parse(&body)?;
    let now = shared.now();
    let mut worlds = shared.lock();
    let worlds = &mut *worlds;
    let project = &mut worlds.square.voucherify;
    let code = voucher.unwrap_or_else(|| short(&mut worlds.ids));
    if project.card(&code).is_some() {
        return Err(refused(StatusCode::BAD_REQUEST, "duplicate_resource_key"));
    }
    let at = project.moment(now);
    // Who joins again is somebody new to the hub, but not here: a customer's id is made of the shop's.
    project.forgotten.remove(&customer_id(&customer.source_id));
    let card = new_card(&code, &campaign, &customer.source_id, &mut worlds.ids, at);
    project.cards.insert(code, card.clone());
    Ok(Answer::ok(json!(card)))
}

async fn show_member(State(shared): State<Shared>, Path(member): Path<String>) -> Answered {
    let mut worlds = shared.lock();
    let card = worlds.square.voucherify.card(&member).cloned();
    Ok(Answer::ok(json!(card.ok_or_else(|| refused(StatusCode::NOT_FOUND, "not_found"))?)))
}

/// By pages; in the order of creation unless asked otherwise.
async fn list_members(
    State(shared): State<Shared>,
    Path(campaign): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answered {
    let (limit, page) = (limit(&wanted)?, wanted.page.unwrap_or(1));
    if !(1..=PAGE_MAX).contains(&page) {
        return Err(refused(StatusCode::BAD_REQUEST, "invalid_query_params"));
    }
    let worlds = shared.lock();
    let cards = worlds.square.voucherify.cards.values().filter(|card| card.campaign_id == campaign);
    let is_newer = |card: &&Card| wanted.updated_after.is_none_or(|after| card.updated_at > after);
    let mut cards: Vec<&Card> = cards.filter(is_newer).collect();
    match wanted.order.as_deref() {
        None | Some("created_at") => cards.sort_by_key(|card| card.created_at),
        Some("updated_at") => cards.sort_by_key(|card| card.updated_at),
        Some("-updated_at") => cards.sort_by_key(|card| std::cmp::Reverse(card.updated_at)),
        Some(_) => return Err(refused(StatusCode::BAD_REQUEST, "invalid_query_params")),
    }
    let total = cards.len();
    let shown: Vec<&Card> = cards.into_iter().skip((page - 1) * limit).take(limit).collect();
    Ok(Answer::ok(json!({ "object": "list", "data_ref": "vouchers", "vouchers": shown, "total": total })))
}

async fn list_transactions(
    State(shared): State<Shared>,
    Path(member): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answered {
    let limit = limit(&wanted)?;
    let mut worlds = shared.lock();
    let project = &mut worlds.square.voucherify;
    let card = project.card(&member).ok_or_else(|| refused(StatusCode::NOT_FOUND, "not_found"))?.id.clone();
    let mut all: Vec<&Transaction> = project.transactions.iter().filter(|it| it.voucher_id == card).collect();
    if wanted.order.as_deref() == Some("-id") || wanted.order.is_none() {
        all.reverse();
    }
    let begin = match &wanted.starting_after_id {
        None => 0,
        Some(after) => {
            let place = all.iter().position(|it| it.id == *after);
            1 + place.ok_or_else(|| refused(StatusCode::BAD_REQUEST, "invalid_query_params"))?
        }
    };
    let left = all.len().saturating_sub(begin);
    let data: Vec<&Transaction> = all.into_iter().skip(begin).take(limit).collect();
    let last = data.last().filter(|_| left > limit).map(|it| it.id.clone());
    Ok(Answer::ok(json!({
        "object": "list", "data_ref": "data", "data": data,
        "has_more": left > limit, "more_starting_after": last,
    })))
}

async fn change_balance(State(shared): State<Shared>, Path(member): Path<String>, body: Bytes) -> Answered {
    let Change { points, reason, source_id } = parse(&body)?;
    let (now, unknown) = (shared.now(), shared.options().unknown);
    let mut worlds = shared.lock();
    let worlds = &mut *worlds;
    let project = &mut worlds.square.voucherify;
    let at = project.moment(now);
    let mut card = project.found(&member, unknown, &mut worlds.ids, at)?;
    let balance =
        card.loyalty_card.balance.checked_add(points).filter(|balance| *balance >= 0 && points != 0);
    let balance = balance.ok_or_else(|| refused(StatusCode::BAD_REQUEST, "invalid_amount"))?;
    let total = card.loyalty_card.points.saturating_add(points.max(0));
    card.loyalty_card = Points { points: total, balance };
    card.updated_at = at;
    let change = json!({
        "type": "loyalty_card", "object": "balance", "points": points, "balance": balance, "total": total,
        "related_object": { "type": "voucher", "id": card.id },
    });
    let transaction = Transaction {
        id: format!("vtx_{}", short(&mut worlds.ids)),
        source_id,
        voucher_id: card.id.clone(),
        campaign_id: card.campaign_id.clone(),
        reason,
        kind: if points > 0 { "POINTS_ADDITION" } else { "POINTS_REMOVAL" },
        details: json!({ "balance": change }),
        created_at: at,
    };
    tell(&mut worlds.outbox, &mut worlds.ids, &card, &transaction);
    project.cards.insert(card.code.clone(), card);
    project.transactions.push(transaction);
    Ok(Answer::ok(change))
}

/// One change is told twice, as its customer's and as its card's.
fn tell(outbox: &mut Outbox, ids: &mut Ids, card: &Card, transaction: &Transaction) {
    let customer = json!({ "id": card.holder_id, "object": "customer" });
    for (kind, whose) in [
        ("customer.voucher.loyalty_card.points_added", "customer"),
        ("voucher.loyalty_card.transaction.created", "holder"),
    ] {
        let body = json!({
            "id": format!("wh_{}", short(ids)),
            "project_id": PROJECT_ID,
            "created_at": transaction.created_at,
            "type": kind,
            "data": { whose: customer, "voucher": card, "transaction": transaction,
                "balance": transaction.details.get("balance") },
        });
        outbox.announce(Provider::Voucherify, kind, &body);
    }
}

/// With all that belongs to them. "pernament" is how Voucherify writes it.
async fn forget(State(shared): State<Shared>, Path(named): Path<String>) -> Answered {
    let (now, unknown) = (shared.now(), shared.options().unknown);
    let mut worlds = shared.lock();
    let worlds = &mut *worlds;
    let project = &mut worlds.square.voucherify;
    let customer = customer_id(&named);
    let (gone, kept): (BTreeMap<_, _>, BTreeMap<_, _>) =
        std::mem::take(&mut project.cards).into_iter().partition(|(_, card)| card.holder_id == customer);
    project.cards = kept;
    let comes_to_be = unknown == Unknown::Created && !project.forgotten.contains(&customer);
    if gone.is_empty() && !comes_to_be {
        return Err(refused(StatusCode::NOT_FOUND, "not_found"));
    }
    let cards: BTreeSet<&String> = gone.values().map(|card| &card.id).collect();
    let before = project.transactions.len();
    project.transactions.retain(|transaction| !cards.contains(&transaction.voucher_id));
    let events = before - project.transactions.len();
    let at = project.moment(now);
    project.forgotten.insert(customer.clone());
    let kind = "customer.deleted";
    let body = json!({
        "id": format!("wh_{}", short(&mut worlds.ids)),
        "project_id": PROJECT_ID,
        "created_at": at,
        "type": kind,
        "data": { "customer": { "id": customer, "object": "customer", "updated_at": at } },
    });
    worlds.outbox.announce(Provider::Voucherify, kind, &body);
    Ok(Answer::ok(json!({
        "id": format!("del_{}", short(&mut worlds.ids)),
        "created_at": at,
        "related_object_id": customer,
        "related_object": "customer",
        "status": "DONE",
        "data_json": { "customer": 1, "events": events, "customer_events": events },
        "object": "pernament_deletion",
    })))
}
