//! What people do on a day: buyers order, write and comment, the shop is paid, packs and tags, agents answer, shelves
//! are counted, points are earned. Drawn from a seed, then done at its time through the simulator's own routes.
//! Somebody who meets an outage tries again later, as people do.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::dice::Dice;
use super::fast::Fast;
use crate::support::connections::{INSTAGRAM_ACCOUNT, WHATSAPP_PHONE_NUMBER};
use crate::support::http_client;

/// How much happens.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    pub people: u64,
    pub orders: u64,
    pub tickets: u64,
    pub messages: u64,
    pub comments: u64,
    pub stock: u64,
    pub points: u64,
}

impl Scale {
    /// Enough of everything for an hour.
    #[must_use]
    pub fn hour() -> Self {
        Self { people: 6, orders: 6, tickets: 4, messages: 8, comments: 2, stock: 10, points: 10 }
    }

    /// A day's worth for the check that runs on every change, and so many times as much for a longer one.
    #[must_use]
    pub fn times(factor: u64) -> Self {
        Self {
            people: 40 * factor,
            orders: 60 * factor,
            tickets: 50 * factor,
            messages: 110 * factor,
            comments: 20 * factor,
            stock: 200 * factor,
            points: 170 * factor,
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Hire(u64),
    Register(u64),
    Vip(u64),
    Order { order: u64, person: u64 },
    Pay(u64),
    Gift(u64),
    Fulfil(u64),
    Cancel(u64),
    Ticket { ticket: u64, person: u64 },
    Ask { ticket: u64, n: u64 },
    Answer { ticket: u64, n: u64, status: &'static str },
    Sort { ticket: u64, n: u64 },
    Write { channel: &'static str, person: u64, text: String },
    Comment { person: u64, text: String },
    Count { item: u64, n: u64, quantity: u64 },
    Sell { item: u64, n: u64 },
    Join(u64),
    Earn { person: u64, n: u64, points: u64 },
    Correct { person: u64, n: u64 },
    Redeem { person: u64, n: u64 },
}

/// A day's acts in their order.
#[derive(Clone, Debug)]
pub struct Day {
    acts: BTreeMap<(Timestamp, u64), Act>,
    given: u64,
    start: Timestamp,
    minutes: u64,
}

/// What came of a day.
#[derive(Clone, Debug, Default)]
pub struct Lived {
    pub acts: u64,
    /// Tries that met an outage or a limit.
    pub refused: u64,
    /// Orders as merchants and buyers left them, and when: whatever else changed one was the hub.
    pub written: BTreeSet<(String, Timestamp)>,
}

const UNHAPPY: [&str; 3] = [
    "This is terrible, my parcel is late again and nobody answers. I am very disappointed!",
    "Awful service, the glass arrived broken. I hate this and want my money back!",
    "I am so angry, third time I write and still nothing. Horrible experience!",
];
const ASKING: [&str; 3] =
    ["Where is my order, please?", "When will it arrive? Where is it now?", "Where is the size chart?"];
const HAPPY: [&str; 3] =
    ["Thank you, it is lovely!", "Do you ship to Austria?", "Is the blue one back soon?"];
const SHELVES: u64 = 8;
const AGENTS: u64 = 3;
/// After somebody was refused.
const LATER: SignedDuration = SignedDuration::from_mins(11);

impl Day {
    /// Draws a day that begins at `start` and lasts so long.
    #[must_use]
    pub fn drawn(seed: u64, start: Timestamp, minutes: u64, scale: Scale) -> Self {
        let mut day = Self { acts: BTreeMap::new(), given: 0, start, minutes };
        let mut dice = Dice::new(seed);
        (0..AGENTS).for_each(|agent| day.at(1, Act::Hire(agent)));
        day.shop(&mut dice, scale);
        day.desk(&mut dice, scale);
        day.talk(&mut dice, scale);
        day.shelves(&mut dice, scale);
        day.points(&mut dice, scale);
        day
    }

    fn at(&mut self, minute: u64, act: Act) {
        // What would be tomorrow does not happen.
        if minute <= self.minutes {
            self.given += 1;
            let since = SignedDuration::from_mins(i64::try_from(minute).unwrap_or(i64::MAX));
            let at = self.start.checked_add(since).unwrap_or(self.start);
            self.acts.insert((at, self.given), act);
        }
    }

    fn minute(&self, dice: &mut Dice) -> u64 {
        dice.within(10..self.minutes.max(11))
    }

    fn shop(&mut self, dice: &mut Dice, scale: Scale) {
        for person in 0..scale.people {
            self.at(2 + person % 7, Act::Register(person));
            if dice.percent(30) {
                self.at(self.minute(dice), Act::Vip(person));
            }
        }
        for order in 0..scale.orders {
            let ordered = self.minute(dice);
            self.at(ordered, Act::Order { order, person: dice.below(scale.people) });
            let paid = ordered + dice.within(20..90);
            self.at(paid, Act::Pay(order));
            if dice.percent(40) {
                self.at(paid + dice.within(20..60), Act::Gift(order));
            }
            match dice.percent(10) {
                true => self.at(paid + dice.within(90..200), Act::Cancel(order)),
                false => self.at(paid + dice.within(90..400), Act::Fulfil(order)),
            }
        }
    }

    fn desk(&mut self, dice: &mut Dice, scale: Scale) {
        for ticket in 0..scale.tickets {
            let mut at = self.minute(dice);
            self.at(at, Act::Ticket { ticket, person: dice.below(scale.people) });
            for n in 0..dice.within(1..4) {
                at += dice.within(5..60);
                self.at(at, Act::Answer { ticket, n, status: "pending" });
                at += dice.within(5..60);
                self.at(at, Act::Ask { ticket, n });
            }
            if dice.percent(50) {
                self.at(at + 3, Act::Sort { ticket, n: dice.below(4) });
            }
            if dice.percent(60) {
                self.at(at + dice.within(5..60), Act::Answer { ticket, n: 9, status: "solved" });
            }
        }
    }

    fn talk(&mut self, dice: &mut Dice, scale: Scale) {
        for channel in ["instagram", "whatsapp"] {
            for n in 0..scale.messages {
                let words = match dice.below(4) {
                    0 => dice.of(&UNHAPPY),
                    1 => dice.of(&ASKING),
                    _ => dice.of(&HAPPY),
                };
                let text = format!("{words} ({channel} {n})");
                let person = dice.below(scale.people);
                self.at(self.minute(dice), Act::Write { channel, person, text });
            }
        }
        for n in 0..scale.comments {
            let text = format!("{} (comment {n})", dice.of(&HAPPY));
            self.at(self.minute(dice), Act::Comment { person: dice.below(scale.people), text });
        }
    }

    fn shelves(&mut self, dice: &mut Dice, scale: Scale) {
        for n in 0..scale.stock {
            let item = dice.below(SHELVES);
            match dice.percent(40) {
                true => self.at(self.minute(dice), Act::Count { item, n, quantity: dice.within(5..80) }),
                false => self.at(self.minute(dice), Act::Sell { item, n }),
            }
        }
    }

    fn points(&mut self, dice: &mut Dice, scale: Scale) {
        let members = scale.people / 2;
        for person in 0..members {
            self.at(3 + dice.below(self.minutes / 2), Act::Join(person));
        }
        for n in 0..scale.points {
            let person = dice.below(members);
            let at = self.minutes / 2 + dice.below(self.minutes / 2);
            match dice.below(6) {
                0 => self.at(at, Act::Correct { person, n }),
                1 => self.at(at, Act::Redeem { person, n }),
                _ => self.at(at, Act::Earn { person, n, points: dice.within(1..40) }),
            }
        }
    }

    /// Does everything at its time.
    ///
    /// # Errors
    /// The simulator is gone.
    pub async fn live(mut self, fast: &Fast) -> anyhow::Result<Lived> {
        let mut people = People::of(fast.simulator_url())?;
        while let Some(at) = self.next() {
            fast.until(at).await;
            self.act(&mut people, fast.control().now()).await?;
        }
        Ok(people.lived)
    }

    /// When somebody acts next; `None` when the day is over.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.acts.keys().next().map(|(at, _)| *at)
    }

    /// Does what comes next.
    ///
    /// # Errors
    /// The simulator is gone.
    pub async fn act(&mut self, people: &mut People, now: Timestamp) -> anyhow::Result<()> {
        let Some((_, act)) = self.acts.pop_first() else { return Ok(()) };
        if people.perform(&act, now).await? == Done::Refused {
            people.lived.refused += 1;
            self.given += 1;
            self.acts.insert((now.checked_add(LATER)?, self.given), act);
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Yes,
    /// It was impossible from the start, and nobody tries again: points that are not there, a closed ticket.
    Never,
    Refused,
}

/// Those who act, and what they were told.
pub struct People {
    client: reqwest::Client,
    base: String,
    agents: Vec<u64>,
    /// Number and requester of each ticket.
    tickets: BTreeMap<u64, (u64, u64)>,
    members: BTreeMap<u64, String>,
    lived: Lived,
}

impl People {
    /// People who act at these simulated providers.
    ///
    /// # Errors
    /// There is no HTTP client.
    pub fn of(simulator_url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            client: http_client()?,
            base: simulator_url.to_owned(),
            agents: Vec::new(),
            tickets: BTreeMap::new(),
            members: BTreeMap::new(),
            lived: Lived::default(),
        })
    }

    /// What came of the day so far.
    #[must_use]
    pub fn lived(&self) -> &Lived {
        &self.lived
    }

    async fn ask(&self, method: reqwest::Method, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth("somebody");
        let answer = request.json(body).send().await.context("the simulator does not answer")?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or_default()))
    }

    async fn put(&self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        self.ask(reqwest::Method::PUT, path, body).await
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        self.ask(reqwest::Method::POST, path, body).await
    }

    async fn perform(&mut self, act: &Act, now: Timestamp) -> anyhow::Result<Done> {
        let status = match act {
            Act::Hire(_) | Act::Ticket { .. } | Act::Ask { .. } | Act::Answer { .. } | Act::Sort { .. } => {
                self.at_desk(act).await?
            }
            Act::Register(_) | Act::Vip(_) => self.as_customer(act).await?,
            Act::Order { .. } | Act::Pay(_) | Act::Gift(_) | Act::Fulfil(_) | Act::Cancel(_) => {
                self.in_shop(act, now).await?
            }
            Act::Write { .. } | Act::Comment { .. } => self.on_phone(act).await?,
            Act::Count { .. } | Act::Sell { .. } => self.at_shelf(act, now).await?,
            Act::Join(_) | Act::Earn { .. } | Act::Correct { .. } | Act::Redeem { .. } => {
                self.at_till(act).await?
            }
        };
        Ok(match status {
            200..=299 => {
                self.lived.acts += 1;
                Done::Yes
            }
            400 | 404 | 422 => Done::Never,
            _ => Done::Refused,
        })
    }

    async fn as_customer(&self, act: &Act) -> anyhow::Result<u16> {
        let (person, fields, topic) = match act {
            Act::Vip(person) => (person, json!({ "tags": "vip, newsletter" }), "customers/update"),
            Act::Register(person) => (person, customer_fields(*person), "customers/create"),
            _ => return Ok(404),
        };
        let path = format!("/shopify/merchant/customers/{}", customer_id(*person));
        Ok(self.put(&path, &json!({ "fields": fields, "topics": [topic] })).await?.0)
    }

    async fn in_shop(&mut self, act: &Act, now: Timestamp) -> anyhow::Result<u16> {
        let (order, fields, topics): (u64, Value, &[&str]) = match act {
            Act::Order { order, person } => (*order, order_fields(*order, *person, now), &["orders/create"]),
            Act::Pay(order) => {
                (*order, json!({ "financial_status": "paid" }), &["orders/updated", "orders/paid"])
            }
            Act::Gift(order) => (*order, json!({ "tags": "gift, wrapped" }), &["orders/updated"]),
            Act::Fulfil(order) => (
                *order,
                json!({ "fulfillment_status": "fulfilled" }),
                &["orders/updated", "orders/fulfilled"],
            ),
            Act::Cancel(order) => (
                *order,
                json!({ "financial_status": "refunded", "cancelled_at": now, "cancel_reason": "customer" }),
                &["orders/updated", "orders/cancelled"],
            ),
            _ => return Ok(404),
        };
        let path = format!("/shopify/merchant/orders/{}", order_id(order));
        let (status, told) = self.put(&path, &json!({ "fields": fields, "topics": topics })).await?;
        let written_at = told.get("updated_at").and_then(Value::as_str).and_then(|at| at.parse().ok());
        self.lived.written.extend(written_at.map(|at| (order_id(order).to_string(), at)));
        Ok(status)
    }

    async fn at_desk(&mut self, act: &Act) -> anyhow::Result<u16> {
        let agent = self.agents.first().copied();
        match act {
            Act::Hire(n) => {
                let body = json!({ "user": { "name": format!("Agent {n}"), "role": "agent",
                    "email": format!("agent{n}@alder-and-finch.example") } });
                let (status, told) = self.post("/zendesk/api/v2/users", &body).await?;
                self.agents.extend(told.pointer("/user/id").and_then(Value::as_u64));
                Ok(status)
            }
            Act::Ticket { ticket, person } => {
                let body = json!({ "ticket": {
                    "subject": format!("Question {ticket}"), "tags": ["mail"], "via": { "channel": "email" },
                    "comment": { "body": format!("A first question about {ticket}.") },
                    "requester": { "name": format!("Person {person}"), "email": email(*person) },
                } });
                let (status, told) = self.post("/zendesk/api/v2/tickets", &body).await?;
                let number = |field: &str| told.pointer(field).and_then(Value::as_u64);
                self.tickets
                    .extend(number("/ticket/id").zip(number("/ticket/requester_id")).map(|it| (*ticket, it)));
                Ok(status)
            }
            Act::Ask { ticket, n } => {
                let Some((id, requester)) = self.tickets.get(ticket).copied() else { return Ok(503) };
                let comment = json!({ "body": format!("And also {ticket}.{n}?"), "author_id": requester });
                self.change_ticket(id, json!({ "comment": comment })).await
            }
            Act::Answer { ticket, n, status } => {
                let Some((id, _)) = self.tickets.get(ticket).copied() else { return Ok(503) };
                let comment = json!({ "body": format!("Answer {ticket}.{n}."), "author_id": agent, "public": n % 2 == 0 });
                self.change_ticket(id, json!({ "comment": comment, "status": status })).await
            }
            Act::Sort { ticket, n } => {
                let Some((id, _)) = self.tickets.get(ticket).copied() else { return Ok(503) };
                let priority = if n % 2 == 0 { "high" } else { "low" };
                self.change_ticket(
                    id,
                    json!({ "tags": ["mail", format!("sorted{n}")], "priority": priority }),
                )
                .await
            }
            _ => Ok(404),
        }
    }

    async fn change_ticket(&self, id: u64, fields: Value) -> anyhow::Result<u16> {
        Ok(self.put(&format!("/zendesk/api/v2/tickets/{id}"), &json!({ "ticket": fields })).await?.0)
    }

    async fn on_phone(&self, act: &Act) -> anyhow::Result<u16> {
        let (path, body) = match act {
            Act::Write { channel, person, text } => {
                let (account, from) = match *channel {
                    "instagram" => (INSTAGRAM_ACCOUNT, igsid(*person)),
                    _ => (WHATSAPP_PHONE_NUMBER, phone(*person)),
                };
                (
                    format!("/graph/people/{channel}/messages"),
                    json!({ "account": account, "from": from, "text": text }),
                )
            }
            Act::Comment { person, text } => (
                "/graph/people/instagram/comments".to_owned(),
                json!({ "account": INSTAGRAM_ACCOUNT, "from": igsid(*person), "text": text }),
            ),
            _ => return Ok(404),
        };
        Ok(self.post(&path, &body).await?.0)
    }

    async fn at_shelf(&self, act: &Act, now: Timestamp) -> anyhow::Result<u16> {
        let place = |item: &u64| {
            json!({ "catalog_object_id": format!("ITEM{item}"), "location_id": format!("SHOP{}", item % 2),
            "occurred_at": now })
        };
        let with = |mut place: Value, more: Value| {
            if let (Some(place), Value::Object(more)) = (place.as_object_mut(), more) {
                place.extend(more);
            }
            place
        };
        let (n, change) = match act {
            Act::Count { item, n, quantity } => {
                let count =
                    with(place(item), json!({ "state": "IN_STOCK", "quantity": quantity.to_string() }));
                (n, json!({ "type": "PHYSICAL_COUNT", "physical_count": count }))
            }
            Act::Sell { item, n } => {
                let to = if n % 5 == 0 { "WASTE" } else { "SOLD" };
                let moved =
                    with(place(item), json!({ "from_state": "IN_STOCK", "to_state": to, "quantity": "1" }));
                (n, json!({ "type": "ADJUSTMENT", "adjustment": moved }))
            }
            _ => return Ok(404),
        };
        let body = json!({ "idempotency_key": format!("shelf-{n}"), "changes": [change] });
        Ok(self.post("/square/v2/inventory/changes/batch-create", &body).await?.0)
    }

    async fn at_till(&mut self, act: &Act) -> anyhow::Result<u16> {
        let (person, n) = match act {
            Act::Join(person) => {
                let mapping = json!({ "phone_number": format!("+{}", phone(*person)) });
                let body = json!({ "idempotency_key": format!("join-{person}"),
                    "loyalty_account": { "program_id": "main", "mapping": mapping } });
                let (status, told) = self.post("/square/v2/loyalty/accounts", &body).await?;
                let id = told.pointer("/loyalty_account/id").and_then(Value::as_str);
                self.members.extend(id.map(|id| (*person, id.to_owned())));
                return Ok(status);
            }
            Act::Earn { person, n, .. } | Act::Correct { person, n } | Act::Redeem { person, n } => {
                (person, n)
            }
            _ => return Ok(404),
        };
        let Some(account) = self.members.get(person) else { return Ok(503) };
        let key = format!("till-{n}");
        let (path, body) = match act {
            Act::Earn { points, .. } => (
                format!("/square/v2/loyalty/accounts/{account}/accumulate"),
                json!({ "idempotency_key": key, "location_id": "SHOP0", "accumulate_points": { "points": points } }),
            ),
            Act::Correct { .. } => (
                format!("/square/v2/loyalty/accounts/{account}/adjust"),
                json!({ "idempotency_key": key, "adjust_points": { "points": 3, "reason": "goodwill" } }),
            ),
            _ => (
                "/square/v2/loyalty/rewards".to_owned(),
                json!({ "idempotency_key": key,
                    "reward": { "loyalty_account_id": account, "reward_tier_id": "tier" } }),
            ),
        };
        Ok(self.post(&path, &body).await?.0)
    }
}

fn customer_fields(person: u64) -> Value {
    json!({
        "first_name": format!("Given{person}"), "last_name": format!("Family{person}"), "email": email(person),
        "phone": format!("+{}", phone(person)), "verified_email": true, "state": "enabled",
    })
}

fn order_fields(order: u64, person: u64, now: Timestamp) -> Value {
    let cents = 1_000 + order * 37;
    let total = format!("{}.{:02}", cents / 100, cents % 100);
    json!({
        "name": format!("#{order}"), "token": format!("token-{order}"), "processed_at": now, "currency": "EUR",
        "financial_status": "pending", "total_price": total, "subtotal_price": total,
        "email": email(person), "customer": { "id": customer_id(person) },
        "line_items": [{ "id": 7_000_000_000_000 + order, "sku": format!("SKU-{}", order % 9), "title": "Mug",
            "quantity": 1, "price": total }],
    })
}

#[must_use]
pub fn order_id(order: u64) -> u64 {
    5_000_000_000_000 + order
}

#[must_use]
pub fn customer_id(person: u64) -> u64 {
    9_000_000_000_000 + person
}

fn email(person: u64) -> String {
    format!("person{person}@example.com")
}

fn igsid(person: u64) -> String {
    format!("66{person:014}")
}

/// Without its plus, as WhatsApp writes it; of the thousand numbers that Berlin keeps for films.
fn phone(person: u64) -> String {
    format!("493023125{person:03}")
}
