//! Shopify's Admin GraphQL API: customers and orders to list, tag, note and erase, webhook subscriptions, under a cost bucket.
//! Owns what the shop remembers and how it answers; `graphql` reads documents, `call` acts, `bucket` counts cost.

mod bucket;
mod call;
mod erasure;
mod graphql;
mod hooks;
mod merchant;
mod object;
mod schema;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::bucket::{Bucket, Taken};
use self::call::{Acted, RootCall, Stage, TagChange};
pub use self::erasure::Erasures;
use self::graphql::{GraphqlError, Request};
use self::hooks::Unserved;
use self::object::Kept;
use self::search::Index;
use crate::answer::{Answer, Answered};
use crate::options::{BucketSize, Unknown};
use crate::state::{Provider, Shared, whole_seconds};

const TOKEN_HEADER: &str = "x-shopify-access-token";
/// No query may cost more, however full the bucket is.
const QUERY_COST_MAX: u32 = 1_000;

/// What the shop remembers.
#[derive(Debug, Clone, Serialize)]
pub struct Shop {
    /// By gid.
    pub customers: BTreeMap<String, Kept>,
    /// By gid.
    pub orders: BTreeMap<String, Kept>,
    /// Made over the API, to addresses that are no connections.
    pub subscriptions: Unserved,
    pub erasures: Erasures,
    #[serde(skip)]
    customers_changed: Index,
    #[serde(skip)]
    orders_changed: Index,
    #[serde(skip)]
    bucket: Bucket,
}

/// What a customer or an order begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ShopObject {
    pub tags: BTreeSet<String>,
    pub note: Option<String>,
}

/// What a gid names, of the kinds that are simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Customer,
    Order,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Order => "Order",
        }
    }

    /// Of `gid://shopify/Customer/1` and the like.
    pub(crate) fn of_gid(gid: &str) -> Option<Self> {
        let (kind, number) = gid.strip_prefix("gid://shopify/")?.split_once('/')?;
        let numeric = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        match kind {
            "Customer" if numeric => Some(Self::Customer),
            "Order" if numeric => Some(Self::Order),
            _ => None,
        }
    }
}

impl Shop {
    pub(crate) fn new(size: BucketSize) -> Self {
        Self {
            customers: BTreeMap::new(),
            orders: BTreeMap::new(),
            subscriptions: Unserved::new(),
            erasures: Erasures::default(),
            customers_changed: Index::new(),
            orders_changed: Index::new(),
            bucket: Bucket::new(size),
        }
    }

    /// Puts an object in place, as if it had always been there. The gid has been checked by the caller.
    pub(crate) fn seed(&mut self, kind: Kind, gid: &str, object: ShopObject) {
        self.put(kind, gid, Kept::new(object, Timestamp::UNIX_EPOCH));
    }

    fn put(&mut self, kind: Kind, gid: &str, object: Kept) {
        let (objects, changed) = self.table(kind);
        let updated_at = object.updated_at;
        if let Some(before) = objects.insert(gid.to_owned(), object) {
            changed.remove(&(before.updated_at, gid.to_owned()));
        }
        changed.insert((updated_at, gid.to_owned()));
    }

    fn remove(&mut self, kind: Kind, gid: &str) -> Option<Kept> {
        let (objects, changed) = self.table(kind);
        let before = objects.remove(gid)?;
        changed.remove(&(before.updated_at, gid.to_owned()));
        Some(before)
    }

    /// It changed now.
    fn touch(&mut self, kind: Kind, gid: &str, now: Timestamp) {
        let (objects, changed) = self.table(kind);
        if let Some(object) = objects.get_mut(gid) {
            changed.remove(&(object.updated_at, gid.to_owned()));
            object.updated_at = whole_seconds(now);
            changed.insert((object.updated_at, gid.to_owned()));
        }
    }

    fn table(&mut self, kind: Kind) -> (&mut BTreeMap<String, Kept>, &mut Index) {
        match kind {
            Kind::Customer => (&mut self.customers, &mut self.customers_changed),
            Kind::Order => (&mut self.orders, &mut self.orders_changed),
        }
    }

    fn get(&self, kind: Kind, gid: &str) -> Option<&Kept> {
        match kind {
            Kind::Customer => self.customers.get(gid),
            Kind::Order => self.orders.get(gid),
        }
    }

    fn index(&self, kind: Kind) -> &Index {
        match kind {
            Kind::Customer => &self.customers_changed,
            Kind::Order => &self.orders_changed,
        }
    }

    /// The Admin API's object.
    fn node(&self, kind: Kind, gid: &str) -> Value {
        let Some(object) = self.get(kind, gid) else { return Value::Null };
        let customer = self.customer_of(object).map(|(gid, kept)| kept.node(Kind::Customer, gid, None));
        object.node(kind, gid, customer)
    }

    /// The body of a webhook about it.
    fn webhook(&self, kind: Kind, gid: &str) -> Value {
        let Some(object) = self.get(kind, gid) else { return Value::Null };
        let customer = self.customer_of(object).map(|(gid, kept)| kept.webhook(gid, None));
        object.webhook(gid, customer)
    }

    /// An order names its customer by `{"customer": {"id": 1}}`.
    fn customer_of(&self, order: &Kept) -> Option<(&String, &Kept)> {
        let id = order.fields.get("customer")?.get("id")?;
        let number = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        self.customers.get_key_value(&format!("gid://shopify/Customer/{number}"))
    }
}

impl Stage<'_> {
    fn find(&mut self, gid: &str) -> Result<(Kind, &mut Kept), NotFound> {
        let kind = Kind::of_gid(gid).ok_or(NotFound::NoSuchForm)?;
        if self.shop.erasures.done.contains(gid) {
            return Err(NotFound::NoSuchObject(kind));
        }
        if self.unknown == Unknown::Created && self.shop.get(kind, gid).is_none() {
            self.shop.put(kind, gid, Kept::new(ShopObject::default(), self.now));
        }
        let (objects, _) = self.shop.table(kind);
        objects.get_mut(gid).map(|object| (kind, object)).ok_or(NotFound::NoSuchObject(kind))
    }

    /// It changed now: every webhook that is due because of it, besides that of the change itself.
    fn changed(&mut self, kind: Kind, gid: &str, topics: &[&str]) {
        self.shop.touch(kind, gid, self.now);
        let updated = match kind {
            Kind::Customer => "customers/update",
            Kind::Order => "orders/updated",
        };
        let body = self.shop.webhook(kind, gid);
        for topic in topics.iter().copied().chain([updated]) {
            self.outbox.announce(Provider::Shopify, topic, &body);
        }
    }

    fn tell_tags(&mut self, gid: &str, tags: &[String], change: TagChange) {
        let topic = match change {
            TagChange::Add => "customer.tags_added",
            TagChange::Remove => "customer.tags_removed",
        };
        let body = json!({ "customerId": gid, "tags": tags, "occurredAt": self.now });
        self.outbox.announce(Provider::Shopify, topic, &body);
    }
}

enum NotFound {
    NoSuchForm,
    NoSuchObject(Kind),
}

impl NotFound {
    fn user_error(&self) -> Value {
        let message = match self {
            Self::NoSuchForm => "Invalid id".to_owned(),
            Self::NoSuchObject(kind) => format!("{} does not exist", kind.name()),
        };
        json!({ "__typename": "UserError", "field": ["id"], "message": message })
    }
}

pub(crate) fn router(shared: &Shared) -> Router {
    Router::new()
        .route("/admin/api/{version}/graphql.json", post(answer_graphql))
        .with_state(shared.clone())
        .merge(merchant::router(shared))
}

pub(crate) fn token(headers: &HeaderMap) -> Option<String> {
    headers.get(TOKEN_HEADER)?.to_str().ok().map(str::to_owned)
}

pub(crate) fn failure_body(status: StatusCode) -> Value {
    let words = match status {
        StatusCode::UNAUTHORIZED => {
            "[API] Invalid API key or access token (unrecognized login or wrong password)"
        }
        StatusCode::TOO_MANY_REQUESTS => "Exceeded 2 calls per second for api client.",
        other => other.canonical_reason().unwrap_or("Error"),
    };
    json!({ "errors": words })
}

#[derive(Deserialize)]
struct Posted {
    query: String,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
}

async fn answer_graphql(State(shared): State<Shared>, Path(version): Path<String>, body: Bytes) -> Answered {
    if !is_version(&version) {
        return Err(Answer::new(StatusCode::NOT_FOUND, failure_body(StatusCode::NOT_FOUND)));
    }
    let posted: Posted = serde_json::from_slice(&body).map_err(|_| {
        let missing = json!({ "errors": { "query": "Required parameter missing or invalid" } });
        Answer::new(StatusCode::BAD_REQUEST, missing)
    })?;
    let variables = posted.variables.unwrap_or_default();
    let body = match graphql::read(&posted.query, posted.operation_name.as_deref(), variables) {
        Ok(request) => run(&shared, &request),
        Err(error) => json!({ "errors": [error.to_json()] }),
    };
    Ok(Answer::ok(body).with_header("x-shopify-api-version", &version))
}

/// `2026-04` and the like, or `unstable`.
fn is_version(text: &str) -> bool {
    let dated = |(year, month): (&str, &str)| {
        year.len() == 4 && month.len() == 2 && (year.bytes().chain(month.bytes())).all(|b| b.is_ascii_digit())
    };
    text == "unstable" || text.split_once('-').is_some_and(dated)
}

/// Nothing is done unless the whole document is sound and the bucket holds its cost.
fn run(shared: &Shared, request: &Request) -> Value {
    let calls: Result<Vec<_>, _> =
        request.fields().iter().map(|field| RootCall::read(request, field)).collect();
    let calls = match calls {
        Ok(calls) => calls,
        Err(error) => return json!({ "errors": [error.to_json()] }),
    };
    let cost = calls.iter().map(RootCall::cost).fold(0, u32::saturating_add);
    if cost > QUERY_COST_MAX {
        let message =
            format!("Query cost is {cost}, which exceeds the single query max cost limit ({QUERY_COST_MAX})");
        return json!({ "errors": [GraphqlError::new("MAX_COST_EXCEEDED", message).to_json()] });
    }
    let now = shared.now();
    let mut worlds = shared.lock();
    let worlds = &mut *worlds;
    let shop = &mut worlds.shopify;
    shop.redact_due(now);
    if shop.bucket.take(cost, now) == Taken::TooFew {
        return throttled(cost, &shop.bucket);
    }
    let mut stage = Stage { shop, outbox: &mut worlds.outbox, unknown: shared.options().unknown, now };
    let mut actual = cost;
    let mut data = Map::new();
    for (field, call) in request.fields().iter().zip(calls) {
        match call.act(&mut stage) {
            Ok(Acted { result, given_back }) => {
                actual -= given_back;
                data.insert(graphql::key(field), request.select(field, &result));
            }
            Err(error) => return json!({ "errors": [error.to_json()] }),
        }
    }
    stage.shop.bucket.give(cost - actual);
    json!({ "data": data, "extensions": cost_report(cost, json!(actual), &stage.shop.bucket) })
}

fn throttled(cost: u32, bucket: &Bucket) -> Value {
    json!({
        "errors": [{
            "message": "Throttled",
            "extensions": {
                "code": "THROTTLED",
                "documentation": "https://shopify.dev/api/usage/rate-limits",
            },
        }],
        "extensions": cost_report(cost, Value::Null, bucket),
    })
}

fn cost_report(requested: u32, actual: Value, bucket: &Bucket) -> Value {
    json!({ "cost": {
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": bucket.status(),
    } })
}
