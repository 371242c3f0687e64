//! The providers' truth and the hub's model as sorted tables of text, and what is different between them. What no API
//! of a provider gives back is left out for a reason: the simulator's own account of what it never sent.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use hub_fold::row::NodeRow;
use hub_model::join::Fact;
use hub_model::model::{Interaction, InventoryLevel, LoyaltyAccount, Order, Profile, Ticket};
use hub_store::Store;
use provider_simulator::{Control, Ending};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::rows;

/// Rows by table and key, each as one line of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables(BTreeMap<&'static str, BTreeMap<String, String>>);

/// What the providers know, and what they alone will ever know.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    pub tables: Tables,
    /// Messages whose webhook was never sent and which no API shows.
    pub beyond_reach: BTreeSet<String>,
}

const ORDERS: &str = "order";
const CUSTOMERS: &str = "customer";
const TICKETS: &str = "ticket";
const MESSAGES: &str = "message";
const STOCK: &str = "stock";
const POINTS: &str = "points";

impl Tables {
    fn put(&mut self, table: &'static str, key: String, row: String) {
        self.0.entry(table).or_default().insert(key, row);
    }

    /// How many rows each table has.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        self.0.iter().map(|(table, rows)| (*table, rows.len())).collect()
    }

    /// One line for each row that is missing, too much, or otherwise than in `model`.
    #[must_use]
    pub fn differences(&self, model: &Self) -> Vec<String> {
        let mut told = Vec::new();
        let tables: BTreeSet<&str> = self.0.keys().chain(model.0.keys()).copied().collect();
        let nothing = BTreeMap::new();
        for table in tables {
            let truth = self.0.get(table).unwrap_or(&nothing);
            let model = model.0.get(table).unwrap_or(&nothing);
            let keys: BTreeSet<&String> = truth.keys().chain(model.keys()).collect();
            told.extend(keys.into_iter().filter(|key| truth.get(*key) != model.get(*key)).map(|key| {
                let row =
                    |rows: &BTreeMap<String, String>| rows.get(key).map_or("-".to_owned(), Clone::clone);
                format!("{table} {key}\n  provider: {}\n  hub:      {}", row(truth), row(model))
            }));
        }
        told
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn list(value: &Value) -> String {
    let all: BTreeSet<String> = value.as_array().into_iter().flatten().map(text).collect();
    all.into_iter().collect::<Vec<_>>().join(",")
}

fn members<'a>(world: &'a Value, pointer: &str) -> Vec<(String, &'a Value)> {
    match world.pointer(pointer) {
        Some(Value::Object(rows)) => rows.iter().map(|(key, row)| (key.clone(), row)).collect(),
        Some(Value::Array(rows)) => rows.iter().map(|row| (String::new(), row)).collect(),
        _ => Vec::new(),
    }
}

fn field_of(object: &Value, name: &str) -> String {
    object.pointer(&format!("/fields/{name}")).map_or_else(|| "-".to_owned(), text)
}

fn end_of(gid: &str) -> &str {
    gid.rsplit('/').next().unwrap_or(gid)
}

impl Truth {
    /// What is so at the providers now.
    ///
    /// # Errors
    /// Their state cannot be written out.
    pub fn of(control: &Control) -> anyhow::Result<Self> {
        let world = serde_json::to_value(control.world()).context("the simulator's state is plain data")?;
        let mut truth = Self::default();
        truth.shop(&world);
        truth.desk(&world);
        truth.talk(&world, control);
        truth.square(&world);
        Ok(truth)
    }

    fn shop(&mut self, world: &Value) {
        for (gid, order) in members(world, "/shopify/orders") {
            let field = |name: &str| field_of(order, name);
            // Webhooks say nothing, the API a word.
            let fulfilment =
                order.pointer("/fields/fulfillment_status").and_then(Value::as_str).unwrap_or("unfulfilled");
            let row = format!(
                "{} {} {}/{fulfilment} [{}] note {:?}",
                field("total_price"),
                field("currency"),
                field("financial_status"),
                list(&order["tags"]),
                text(&order["note"])
            );
            self.tables.put(ORDERS, end_of(&gid).to_owned(), row);
        }
        for (gid, customer) in members(world, "/shopify/customers") {
            let field = |name: &str| field_of(customer, name);
            let row = format!("{} {} [{}]", field("first_name"), field("last_name"), list(&customer["tags"]));
            self.tables.put(CUSTOMERS, format!("shopify {}", end_of(&gid)), row);
        }
    }

    fn desk(&mut self, world: &Value) {
        let users = members(world, "/zendesk/users");
        for (id, user) in users.iter().filter(|(_, user)| user["role"] == "end-user") {
            let row = format!("{} [{}]", text(&user["name"]), list(&user["tags"]));
            self.tables.put(CUSTOMERS, format!("zendesk {id}"), row);
        }
        for (id, ticket) in members(world, "/zendesk/tickets") {
            let row = format!(
                "{} {} {} [{}]",
                text(&ticket["status"]),
                text(&ticket["priority"]),
                text(&ticket["subject"]),
                list(&ticket["tags"])
            );
            self.tables.put(TICKETS, id, row);
            for comment in ticket["comments"].as_array().into_iter().flatten() {
                self.tables.put(
                    MESSAGES,
                    format!("zendesk {}", text(&comment["id"])),
                    text(&comment["body"]),
                );
            }
        }
    }

    fn talk(&mut self, world: &Value, control: &Control) {
        let never = never_sent(control);
        let is_beyond_reach = |told: &Value| never.contains(&fingerprint(told));
        for (_, inbound) in members(world, "/graph/inbound") {
            let (id, from, said) = (text(&inbound["id"]), text(&inbound["from"]), text(&inbound["text"]));
            // Instagram shows the last messages of a conversation, WhatsApp none.
            if inbound["channel"] == "instagram" {
                self.tables.put(MESSAGES, format!("instagram {from}:{id}"), said);
            } else if is_beyond_reach(&whatsapp(inbound)) {
                self.beyond_reach.insert(format!("whatsapp {id}"));
            } else {
                self.tables.put(MESSAGES, format!("whatsapp {id}"), said);
            }
        }
        for (_, sent) in members(world, "/graph/messages") {
            if sent["channel"] == "instagram" {
                let key = format!("instagram {}:{}", text(&sent["to"]), text(&sent["id"]));
                self.tables.put(MESSAGES, key, text(&sent["text"]));
            }
        }
        for (_, comment) in members(world, "/graph/comments") {
            let key = format!("instagram {}", text(&comment["id"]));
            if is_beyond_reach(&commented(comment)) {
                self.beyond_reach.insert(key);
            } else {
                self.tables.put(MESSAGES, key, text(&comment["text"]));
            }
        }
    }

    fn square(&mut self, world: &Value) {
        for (_, count) in members(world, "/square/inventory") {
            let state = match count["state"].as_str() {
                Some("IN_STOCK") => "available".to_owned(),
                other => other.unwrap_or("-").to_lowercase(),
            };
            let key =
                format!("{}/{}/{state}", text(&count["catalog_object_id"]), text(&count["location_id"]));
            self.tables.put(STOCK, key, text(&count["quantity"]));
        }
        for (id, account) in members(world, "/square/loyalty/accounts") {
            self.tables.put(POINTS, id, text(&account["balance"]));
        }
    }
}

/// The bodies, by their fingerprints, of what Meta's side announced and never sent.
fn never_sent(control: &Control) -> BTreeSet<String> {
    let lost = |ending: Ending| {
        matches!(ending, Ending::Dropped | Ending::Lost | Ending::GaveUp | Ending::Unsubscribed)
    };
    let never = control.deliveries().into_iter().filter(|delivery| lost(delivery.ending));
    never.map(|delivery| delivery.body_sha256).collect()
}

fn fingerprint(told: &Value) -> String {
    let digest = Sha256::digest(told.to_string().replace('/', "\\/"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The webhook about a WhatsApp message.
fn whatsapp(inbound: &Value) -> Value {
    let second = inbound["at"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let message = json!({
        "from": inbound["from"], "id": inbound["id"], "type": "text", "text": { "body": inbound["text"] },
        "timestamp": second.unwrap_or_default().as_second().to_string(),
    });
    let name = format!("user.{}", text(&inbound["from"]));
    let value = json!({
        "contacts": [{ "profile": { "name": name }, "wa_id": inbound["from"] }],
        "messages": [message],
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "+1 202 555 0100", "phone_number_id": inbound["account"] },
    });
    let entry = json!({ "id": "300000000000001", "changes": [{ "field": "messages", "value": value }] });
    json!({ "object": "whatsapp_business_account", "entry": [entry] })
}

/// The webhook about an Instagram comment.
fn commented(comment: &Value) -> Value {
    let second = comment["at"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let value = json!({
        "id": comment["id"], "text": comment["text"],
        "from": { "id": comment["from"], "username": format!("user.{}", text(&comment["from"])) },
        "media": { "id": "18100000000000001", "media_product_type": "FEED" },
    });
    let entry = json!({
        "id": comment["account"], "time": second.unwrap_or_default().as_second(),
        "changes": [{ "field": "comments", "value": value }],
    });
    json!({ "object": "instagram", "entry": [entry] })
}

fn said<T: ToString>(fact: Option<&Fact<T>>) -> String {
    fact.map_or_else(|| "-".to_owned(), |fact| fact.value.to_string())
}

fn joined(tags: &BTreeSet<String>) -> String {
    tags.iter().cloned().collect::<Vec<_>>().join(",")
}

/// What the hub holds to be so, in the same tables.
///
/// # Errors
/// The store's.
pub fn model(store: &dyn Store) -> anyhow::Result<Tables> {
    let mut tables = Tables::default();
    let place = |key: &[u8]| rows::parts(key);
    for (key, order) in rows::all::<Order>(store)? {
        let row = format!(
            "{} {}/{} [{}] note {:?}",
            said(order.total.as_ref()),
            said(order.financial_status.as_ref()),
            said(order.fulfilment_status.as_ref()),
            joined(&order.tags.current()),
            said(order.note.as_ref())
        );
        tables.put(ORDERS, place(&key).split_off(1).join("/"), row);
    }
    profiles(store, &mut tables)?;
    for (key, ticket) in rows::all::<Ticket>(store)? {
        let row = format!(
            "{} {} {} [{}]",
            said(ticket.status.as_ref()),
            said(ticket.priority.as_ref()),
            said(ticket.subject.as_ref()),
            joined(&ticket.tags.current())
        );
        tables.put(TICKETS, place(&key).split_off(1).join("/"), row);
    }
    for (key, message) in rows::all::<Interaction>(store)? {
        tables.put(MESSAGES, place(&key).join(" "), said(message.text.as_ref()));
    }
    for (key, level) in rows::all::<InventoryLevel>(store)? {
        let quantity = level.quantity.as_ref().map(|fact| whole(fact.value));
        tables.put(STOCK, place(&key).split_off(1).join("/"), quantity.unwrap_or_else(|| "-".to_owned()));
    }
    for (key, account) in rows::all::<LoyaltyAccount>(store)? {
        tables.put(POINTS, place(&key).split_off(1).join("/"), said(account.balance.as_ref()));
    }
    Ok(tables)
}

/// Of millionths.
fn whole(quantity: i64) -> String {
    const ONE: i64 = 1_000_000;
    match quantity % ONE {
        0 => (quantity / ONE).to_string(),
        _ => format!("{quantity} millionths"),
    }
}

/// Profiles are kept under the account's hash; the account's key says whose they are.
fn profiles(store: &dyn Store, tables: &mut Tables) -> anyhow::Result<()> {
    let names: BTreeMap<Vec<u8>, NodeRow> = rows::all::<NodeRow>(store)?.into_iter().collect();
    for (key, profile) in rows::all::<Profile>(store)? {
        let node = names.get(&key).context("a profile belongs to an account")?;
        let tags = joined(&profile.tags.current());
        let (connection, object) = node.key.scope.split_once('/').unwrap_or((&node.key.scope, ""));
        let row = match (connection, object) {
            ("shopify", "customer") => {
                format!(
                    "{} {} [{tags}]",
                    said(profile.given_name.as_ref()),
                    said(profile.family_name.as_ref())
                )
            }
            ("zendesk", _) => format!("{} [{tags}]", said(profile.name.as_ref())),
            // A name beside a message is no customer record of a provider's.
            _ => continue,
        };
        tables.put(CUSTOMERS, format!("{connection} {}", node.key.value), row);
    }
    Ok(())
}
