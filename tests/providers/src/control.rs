//! The view from outside the play: what the providers remember, what they were asked, what is to go wrong.
//! The typed [`Control`] and the `/control` routes are two faces of the same acts.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::faults::{ArmedFault, Fault, FaultError};
use crate::graph::{Graph, Window};
use crate::shopify::{Kind, Shop, ShopObject};
use crate::square::Seller;
use crate::state::{Call, CallLog, Shared};
use crate::zendesk::Desk;

/// Looks into a running simulator and changes it.
#[derive(Debug, Clone)]
pub struct Control {
    shared: Shared,
}

/// Everything at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct World {
    pub shopify: Shop,
    pub zendesk: Desk,
    pub graph: Graph,
    pub square: Seller,
    #[serde(serialize_with = "as_list")]
    pub calls: CallLog,
}

fn as_list<S: serde::Serializer>(calls: &CallLog, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(calls.iter())
}

/// The numbers a demo shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Zendesk tickets.
    pub tickets: usize,
    /// Distinct pairs of a Shopify customer or order and a tag.
    pub tags: usize,
    /// Messages sent on WhatsApp and Instagram.
    pub messages: usize,
    /// Calls to all providers.
    pub calls: u64,
}

/// What exists before the play begins. Applied whole or not at all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    pub shopify: Vec<ShopifySeed>,
    pub windows: Vec<WindowSeed>,
    pub loyalty: Vec<LoyaltySeed>,
    pub inventory: Vec<StockSeed>,
}

/// A customer or an order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopifySeed {
    /// `gid://shopify/Customer/1` or `gid://shopify/Order/1`.
    pub id: String,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub note: Option<String>,
}

/// When a customer last wrote to a messaging account; absent or null is never.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSeed {
    pub account: String,
    pub user: String,
    #[serde(default)]
    pub last_message_at: Option<Timestamp>,
}

/// A loyalty account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoyaltySeed {
    pub id: String,
    pub balance: i64,
}

/// A counted shelf.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockSeed {
    pub catalog_object_id: String,
    pub location_id: String,
    #[serde(default = "in_stock")]
    pub state: String,
    /// Decimal text.
    pub quantity: String,
}

fn in_stock() -> String {
    "IN_STOCK".to_owned()
}

/// Why a seed was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    #[error("shopify[{0}].id is not the gid of a customer or an order")]
    Gid(usize),
    #[error("inventory[{0}] has a state or a quantity that Square does not know")]
    Stock(usize),
}

impl Control {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    /// A copy of everything.
    pub fn world(&self) -> World {
        let worlds = self.shared.lock();
        World {
            shopify: worlds.shopify.clone(),
            zendesk: worlds.zendesk.clone(),
            graph: worlds.graph.clone(),
            square: worlds.square.clone(),
            calls: worlds.calls.clone(),
        }
    }

    pub fn counts(&self) -> Counts {
        let worlds = self.shared.lock();
        let objects = worlds.shopify.customers.values().chain(worlds.shopify.orders.values());
        Counts {
            tickets: worlds.zendesk.tickets.len(),
            tags: objects.map(|object| object.tags.len()).sum(),
            messages: worlds.graph.messages.len(),
            calls: worlds.calls.total(),
        }
    }

    /// The calls kept, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.iter().cloned().collect()
    }

    /// Forgets everything, also armed faults; ids already given are not given again.
    pub fn reset(&self) {
        self.shared.lock().reset(self.shared.options());
    }

    pub fn seed(&self, seed: Seed) -> Result<(), SeedError> {
        let kinds = (seed.shopify.iter().enumerate())
            .map(|(index, object)| Kind::of_gid(&object.id).ok_or(SeedError::Gid(index)))
            .collect::<Result<Vec<_>, _>>()?;
        let now = self.shared.now();
        let mut worlds = self.shared.lock();
        let worlds = &mut *worlds;
        let mut inventory = worlds.square.inventory.clone();
        for (index, stock) in seed.inventory.into_iter().enumerate() {
            let place = (stock.catalog_object_id, stock.location_id);
            inventory
                .seed(place, &stock.state, &stock.quantity, &mut worlds.ids, now)
                .map_err(|_| SeedError::Stock(index))?;
        }
        worlds.square.inventory = inventory;
        for (object, kind) in seed.shopify.into_iter().zip(kinds) {
            let seeded = ShopObject { tags: object.tags.into_iter().collect(), note: object.note };
            worlds.shopify.seed(kind, &object.id, seeded);
        }
        for WindowSeed { account, user, last_message_at } in seed.windows {
            worlds.graph.set_window(Window { account, user, last_message_at });
        }
        for account in seed.loyalty {
            worlds.square.loyalty.seed(&account.id, account.balance, now);
        }
        Ok(())
    }

    /// Arms a fault for the next calls that match; returns its id.
    pub fn inject(&self, fault: Fault) -> Result<u64, FaultError> {
        self.shared.lock().faults.arm(fault)
    }

    /// Faults still waiting for calls, oldest first.
    pub fn faults(&self) -> Vec<ArmedFault> {
        self.shared.lock().faults.list().to_vec()
    }

    pub fn clear_faults(&self) {
        self.shared.lock().faults.clear();
    }

    /// Takes back one fault; says whether it was still armed.
    pub fn disarm(&self, id: u64) -> Disarmed {
        self.shared.lock().faults.disarm(id)
    }
}

/// What became of taking back a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disarmed {
    Yes,
    /// It was used up, cleared, or never armed.
    NotArmed,
}

pub(crate) fn router(shared: &Shared) -> Router {
    Router::new()
        .route("/state", get(async |State(control): State<Control>| Json(control.world())))
        .route("/counts", get(async |State(control): State<Control>| Json(control.counts())))
        .route("/reset", post(reset))
        .route("/seed", post(seed))
        .route("/faults", get(list_faults).post(inject).delete(clear_faults))
        .route("/faults/{id}", delete(disarm))
        .fallback(async || refused(StatusCode::NOT_FOUND, "no such control"))
        .with_state(Control::new(shared.clone()))
}

/// Why a control call was not obeyed.
struct Refused {
    status: StatusCode,
    why: String,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.why }))).into_response()
    }
}

fn refused(status: StatusCode, why: impl std::fmt::Display) -> Refused {
    Refused { status, why: why.to_string() }
}

/// The parser's words may quote the input; only this interface, which no customer reaches, shows them.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| refused(StatusCode::BAD_REQUEST, error))
}

async fn reset(State(control): State<Control>) -> StatusCode {
    control.reset();
    StatusCode::NO_CONTENT
}

async fn seed(State(control): State<Control>, body: Bytes) -> Result<StatusCode, Refused> {
    let seed: Seed = read(&body)?;
    control.seed(seed).map_err(|error| refused(StatusCode::BAD_REQUEST, error))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_faults(State(control): State<Control>) -> Response {
    Json(json!({ "faults": control.faults() })).into_response()
}

async fn inject(State(control): State<Control>, body: Bytes) -> Result<Response, Refused> {
    let fault: Fault = read(&body)?;
    let id = control.inject(fault).map_err(|error| refused(StatusCode::BAD_REQUEST, error))?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))).into_response())
}

async fn clear_faults(State(control): State<Control>) -> StatusCode {
    control.clear_faults();
    StatusCode::NO_CONTENT
}

async fn disarm(State(control): State<Control>, Path(id): Path<u64>) -> Response {
    match control.disarm(id) {
        Disarmed::Yes => StatusCode::NO_CONTENT.into_response(),
        Disarmed::NotArmed => refused(StatusCode::NOT_FOUND, "no such fault is armed").into_response(),
    }
}
