//! The view from outside the play: what the providers remember, what they were asked, what is to go wrong, what they
//! send. The typed [`Control`] and the `/control` routes are two faces of the same acts.

mod routes;
mod rows;

use std::net::SocketAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::routes::router;
pub use self::rows::{Claim, Counted, Rows, RowsError};

use crate::clock::later_ms;
use crate::doors::{Door, DoorError, Doors};
use crate::faults::{ArmedFault, Fault, FaultError};
use crate::graph::{Graph, Window};
use crate::outages::{Outage, OutageError, PlannedOutage};
use crate::outbox::{Connection, ConnectionError, Delivery, NoConnection, OutboxAccount, Parcel, Standing};
use crate::pump::{self, Handshake, Pumped, Until};
use crate::shopify::{Kind, Shop, ShopObject};
use crate::square::Seller;
use crate::state::{Call, CallLog, Provider, Shared};
use crate::zendesk::Desk;

/// Looks into a running simulator and changes it.
#[derive(Debug, Clone)]
pub struct Control {
    shared: Shared,
    doors: Doors,
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
    pub(crate) fn new(shared: Shared, doors: Doors) -> Self {
        Self { shared, doors }
    }

    /// A copy of everything.
    pub fn world(&self) -> World {
        let now = self.shared.now();
        let mut worlds = self.shared.lock();
        worlds.shopify.redact_due(now);
        World {
            shopify: worlds.shopify.clone(),
            zendesk: worlds.zendesk.clone(),
            graph: worlds.graph.clone(),
            square: worlds.square.clone(),
            calls: worlds.calls.clone(),
        }
    }

    pub fn counts(&self) -> Counts {
        let now = self.shared.now();
        let mut worlds = self.shared.lock();
        worlds.shopify.redact_due(now);
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

    /// Counts what the state holds: the generic way to ask whether something happened exactly once.
    pub fn count(&self, rows: &Rows) -> Result<Counted, RowsError> {
        rows::count(&self.shared, rows)
    }

    /// Forgets everything, also faults, outages and connections; ids already given are not given again, and the clock
    /// stays where it is.
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

    /// Plans an outage; returns its id.
    pub fn plan_outage(&self, outage: Outage) -> Result<u64, OutageError> {
        self.shared.lock().outbox.outages.plan(outage)
    }

    /// Past ones too.
    pub fn outages(&self) -> Vec<PlannedOutage> {
        self.shared.lock().outbox.outages.list().to_vec()
    }

    /// Says whether there was such an outage.
    pub fn cancel_outage(&self, id: u64) -> bool {
        self.shared.lock().outbox.outages.cancel(id)
    }

    pub fn clear_outages(&self) {
        self.shared.lock().outbox.outages.clear();
    }

    /// The clock all providers read.
    pub fn now(&self) -> Timestamp {
        self.shared.now()
    }

    /// Sets up where a provider sends its webhooks, or changes it.
    pub fn connect(&self, name: &str, connection: Connection) -> Result<(), ConnectionError> {
        self.shared.lock().outbox.connect(name, connection)
    }

    pub fn disconnect(&self, name: &str) -> Result<(), NoConnection> {
        self.shared.lock().outbox.disconnect(name)
    }

    /// As the provider, or a merchant in its settings, would change a subscription.
    pub fn set_standing(&self, name: &str, standing: Standing) -> Result<(), NoConnection> {
        self.shared.lock().outbox.set_standing(name, standing)
    }

    /// Asks the connection's address, as Meta does before it subscribes one.
    pub async fn handshake(&self, name: &str, verify_token: &str) -> Result<Handshake, NoConnection> {
        let target = self.shared.lock().outbox.target(name)?.to_owned();
        Ok(pump::handshake(&self.shared, &target, verify_token).await)
    }

    /// As the provider's own endpoint would: the connection with this address gets a topic more, and works again.
    pub fn subscribe(&self, provider: Provider, target: &str, topic: &str) -> Result<(), NoConnection> {
        self.shared.lock().outbox.subscribe(provider, target, topic)
    }

    /// The opposite: as when a subscription disappears and nobody says so.
    pub fn unsubscribe(&self, provider: Provider, target: &str, topic: &str) -> Result<(), NoConnection> {
        self.shared.lock().outbox.unsubscribe(provider, target, topic)
    }

    /// Owes one connection a webhook; returns its number. It leaves with the next [`advance`](Self::advance),
    /// [`flush`](Self::flush) or [`send_due`](Self::send_due).
    pub fn deliver(&self, connection: &str, parcel: Parcel) -> Result<u64, NoConnection> {
        self.shared.lock().outbox.post(connection, parcel)
    }

    /// Something happened at the provider: owes every connection that subscribed a webhook. Returns how many.
    pub fn announce(&self, provider: Provider, topic: &str, body: &Value) -> usize {
        self.shared.lock().outbox.announce(provider, topic, body)
    }

    /// The account of every delivery kept, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.lock().outbox.deliveries().cloned().collect()
    }

    /// What is still owed, and how each connection fares.
    pub fn outbox(&self) -> OutboxAccount {
        self.shared.lock().outbox.account()
    }

    /// Sends what is due; the clock stays. `at_once` attempts are on their way together: with more than one the order
    /// in which they arrive is up to the network.
    pub async fn send_due(&self, at_once: usize) -> Pumped {
        pump::run(self.shared.clone(), Until::Now, at_once).await
    }

    /// Turns the clock forward, and sends everything that comes due on the way at its time.
    pub async fn advance_to(&self, to: Timestamp, at_once: usize) -> Pumped {
        pump::run(self.shared.clone(), Until::At(to), at_once).await
    }

    /// As [`advance_to`](Self::advance_to).
    pub async fn advance(&self, by: std::time::Duration, at_once: usize) -> Pumped {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.advance_to(later_ms(self.now(), ms), at_once).await
    }

    /// Turns the clock forward until nothing is owed any more: every delivery has come to its end.
    pub async fn flush(&self, at_once: usize) -> Pumped {
        pump::run(self.shared.clone(), Until::Empty, at_once).await
    }

    /// One more port onto this simulator, which can be closed.
    pub async fn add_door(&self) -> Result<Door, DoorError> {
        self.doors.add(self.own_address(), self.router()).await
    }

    /// From now on calls to this door are refused.
    pub async fn close_door(&self, id: u64) -> Result<Door, DoorError> {
        self.doors.close(id).await
    }

    pub fn open_door(&self, id: u64) -> Result<Door, DoorError> {
        self.doors.open(id, self.router())
    }

    pub fn doors(&self) -> Vec<Door> {
        self.doors.list()
    }

    fn router(&self) -> axum::Router {
        crate::router(&self.shared, &self.doors)
    }

    fn own_address(&self) -> SocketAddr {
        let address = self.shared.base_url().trim_start_matches("http://");
        address.parse().unwrap_or(self.shared.options().listen)
    }
}

/// What became of taking back a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disarmed {
    Yes,
    /// It was used up, cleared, or never armed.
    NotArmed,
}
