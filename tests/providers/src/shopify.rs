//! Shopify's Admin GraphQL API: tags and notes of customers and orders, under a cost bucket.
//! Owns what the shop remembers and how it answers; `graphql` reads documents, `bucket` counts cost.

mod bucket;
mod graphql;
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::bucket::{Bucket, Taken};
use self::graphql::{GraphqlError, Request};
use crate::answer::{Answer, Answered};
use crate::options::{BucketSize, Unknown};
use crate::state::Shared;

const TOKEN_HEADER: &str = "x-shopify-access-token";
/// Shopify takes 10 points for each mutation.
const MUTATION_COST: u32 = 10;
/// And one for each object read.
const OBJECT_COST: u32 = 1;

/// What the shop remembers.
#[derive(Debug, Clone, Serialize)]
pub struct Shop {
    /// By gid.
    pub customers: BTreeMap<String, ShopObject>,
    /// By gid.
    pub orders: BTreeMap<String, ShopObject>,
    #[serde(skip)]
    bucket: Bucket,
}

/// A customer or an order.
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
        Self { customers: BTreeMap::new(), orders: BTreeMap::new(), bucket: Bucket::new(size) }
    }

    /// Puts an object in place, as if a merchant had made it. The gid has been checked by the caller.
    pub(crate) fn seed(&mut self, kind: Kind, gid: &str, object: ShopObject) {
        self.objects(kind).insert(gid.to_owned(), object);
    }

    fn objects(&mut self, kind: Kind) -> &mut BTreeMap<String, ShopObject> {
        match kind {
            Kind::Customer => &mut self.customers,
            Kind::Order => &mut self.orders,
        }
    }

    fn find(&mut self, gid: &str, unknown: Unknown) -> Result<(Kind, &mut ShopObject), NotFound> {
        let kind = Kind::of_gid(gid).ok_or(NotFound::NoSuchForm)?;
        let objects = self.objects(kind);
        match unknown {
            Unknown::Created => Ok((kind, objects.entry(gid.to_owned()).or_default())),
            Unknown::Refused => {
                objects.get_mut(gid).map(|object| (kind, object)).ok_or(NotFound::NoSuchObject(kind))
            }
        }
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
    Router::new().route("/admin/api/{version}/graphql.json", post(answer_graphql)).with_state(shared.clone())
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
    let cost = calls.iter().map(|(_, call)| call.cost()).fold(0, u32::saturating_add);
    let now = shared.now();
    let mut worlds = shared.lock();
    let shop = &mut worlds.shopify;
    if shop.bucket.take(cost, now) == Taken::TooFew {
        return throttled(cost, &shop.bucket);
    }
    let mut data = Map::new();
    for (field, call) in calls {
        let result = call.act(shop, shared.options().unknown);
        data.insert(graphql::key(&field), request.select(&field, &result));
    }
    json!({ "data": data, "extensions": cost_report(cost, json!(cost), &shop.bucket) })
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

/// One root field, understood.
enum RootCall {
    Tags { id: String, tags: Vec<String>, change: TagChange },
    OrderUpdate { id: String, note: Option<Option<String>>, tags: Option<Vec<String>> },
    Read { id: String, wanted: Option<Kind> },
}

#[derive(Clone, Copy)]
enum TagChange {
    Add,
    Remove,
}

impl RootCall {
    fn read(request: &Request, field: &graphql::Field) -> Result<(graphql::Field, Self), GraphqlError> {
        let mut arguments = request.arguments(field)?;
        let call = match field.name.as_str() {
            "tagsAdd" => Self::read_tags(&mut arguments, TagChange::Add)?,
            "tagsRemove" => Self::read_tags(&mut arguments, TagChange::Remove)?,
            "orderUpdate" => Self::read_order_update(&mut arguments)?,
            "customer" => Self::Read { id: arguments.text("id")?, wanted: Some(Kind::Customer) },
            "order" => Self::Read { id: arguments.text("id")?, wanted: Some(Kind::Order) },
            _ => Self::Read { id: arguments.text("id")?, wanted: None },
        };
        arguments.finish()?;
        if let Self::Read { id, .. } = &call
            && !id.starts_with("gid://shopify/")
        {
            return Err(GraphqlError::new("argumentLiteralsIncompatible", "Invalid global id"));
        }
        Ok((field.clone(), call))
    }

    fn read_tags(arguments: &mut graphql::Arguments, change: TagChange) -> Result<Self, GraphqlError> {
        Ok(Self::Tags { id: arguments.text("id")?, tags: arguments.tags("tags")?, change })
    }

    fn read_order_update(arguments: &mut graphql::Arguments) -> Result<Self, GraphqlError> {
        let mut input = arguments.object("input")?;
        let id = input.text("id")?;
        let note = input.nullable_text("note")?;
        let tags = if input.has("tags") { Some(input.tags("tags")?) } else { None };
        input.finish()?;
        Ok(Self::OrderUpdate { id, note, tags })
    }

    fn cost(&self) -> u32 {
        match self {
            Self::Tags { .. } | Self::OrderUpdate { .. } => MUTATION_COST,
            Self::Read { .. } => OBJECT_COST,
        }
    }

    fn act(self, shop: &mut Shop, unknown: Unknown) -> Value {
        match self {
            Self::Tags { id, tags, change } => change_tags(shop, unknown, &id, tags, change),
            Self::OrderUpdate { id, note, tags } => update_order(shop, unknown, &id, note, tags),
            Self::Read { id, wanted } => match shop.find(&id, unknown) {
                Ok((kind, object)) if wanted.is_none_or(|wanted| wanted == kind) => node(kind, &id, object),
                _ => Value::Null,
            },
        }
    }
}

fn change_tags(shop: &mut Shop, unknown: Unknown, id: &str, tags: Vec<String>, change: TagChange) -> Value {
    let payload = match change {
        TagChange::Add => "TagsAddPayload",
        TagChange::Remove => "TagsRemovePayload",
    };
    match shop.find(id, unknown) {
        Ok((kind, object)) => {
            match change {
                TagChange::Add => object.tags.extend(tags),
                TagChange::Remove => object.tags.retain(|tag| !tags.contains(tag)),
            }
            json!({ "__typename": payload, "node": node(kind, id, object), "userErrors": [] })
        }
        Err(error) => json!({ "__typename": payload, "node": null, "userErrors": [error.user_error()] }),
    }
}

/// `tags` replaces the whole list here, unlike `tagsAdd`: the trap is part of the provider.
fn update_order(
    shop: &mut Shop,
    unknown: Unknown,
    id: &str,
    note: Option<Option<String>>,
    tags: Option<Vec<String>>,
) -> Value {
    let payload = "OrderUpdatePayload";
    let found = match Kind::of_gid(id) {
        Some(Kind::Order) => shop.find(id, unknown),
        _ => Err(NotFound::NoSuchForm),
    };
    match found {
        Ok((kind, object)) => {
            if let Some(note) = note {
                object.note = note;
            }
            if let Some(tags) = tags {
                object.tags = tags.into_iter().collect();
            }
            json!({ "__typename": payload, "order": node(kind, id, object), "userErrors": [] })
        }
        Err(error) => json!({ "__typename": payload, "order": null, "userErrors": [error.user_error()] }),
    }
}

fn node(kind: Kind, id: &str, object: &ShopObject) -> Value {
    let number = id.rsplit('/').next().unwrap_or_default();
    json!({
        "__typename": kind.name(),
        "id": id,
        "legacyResourceId": number,
        "name": format!("#{number}"),
        "tags": object.tags,
        "note": object.note,
    })
}
