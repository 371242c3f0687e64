//! Square's loyalty points: accounts, the ledger of what changed them, and rewards that were bought with them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::SquareError;
use super::page::{Page, page};
use crate::options::Unknown;
use crate::state::{Ids, whole_seconds};

/// The seller's one programme.
const PROGRAM_ID: &str = "5f1d0000-0000-4000-a000-00000000c0de";
/// What any reward costs; which tier it is makes no difference here.
const REWARD_POINTS: i64 = 10;
/// What any order earns.
const ORDER_POINTS: i64 = 5;
/// Square's limits of one page.
const ACCOUNTS_MAX: usize = 200;
const EVENTS_MAX: usize = 30;

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Loyalty {
    accounts: BTreeMap<String, LoyaltyAccount>,
    events: Vec<LoyaltyEvent>,
    rewards: BTreeMap<String, Reward>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoyaltyAccount {
    pub id: String,
    pub program_id: String,
    /// May be negative.
    pub balance: i64,
    pub lifetime_points: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// How the till finds the buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Mapping>,
    pub enrolled_at: Timestamp,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mapping {
    pub id: String,
    pub phone_number: String,
    pub created_at: Timestamp,
}

/// One change, as the ledger tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoyaltyEvent {
    pub id: String,
    pub created_at: Timestamp,
    pub loyalty_account_id: String,
    /// What the balance changed by; nothing when a reward is redeemed.
    pub points: i64,
    pub reason: Option<String>,
    /// `ADJUST_POINTS`, `CREATE_REWARD` ...
    pub kind: &'static str,
    pub order_id: Option<String>,
    pub reward_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Reward {
    id: String,
    status: &'static str,
    loyalty_account_id: String,
    reward_tier_id: String,
    points: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// What a change is answered with, and what it is told as.
pub(crate) struct Done {
    pub(crate) answer: Value,
    pub(crate) event: Option<Value>,
    pub(crate) account: LoyaltyAccount,
    pub(crate) account_event: &'static str,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Opening {
    loyalty_account: NewAccount,
}

#[derive(Debug, Deserialize)]
struct NewAccount {
    program_id: String,
    mapping: NewMapping,
    #[serde(default)]
    customer_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct NewMapping {
    phone_number: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Adjustment {
    adjust_points: Points,
    #[serde(default)]
    allow_negative_balance: bool,
}

#[derive(Debug, Deserialize)]
struct Points {
    points: i64,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Accumulation {
    accumulate_points: Earned,
    location_id: String,
}

#[derive(Debug, Deserialize)]
struct Earned {
    #[serde(default)]
    order_id: Option<String>,
    #[serde(default)]
    points: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct NewReward {
    reward: WantedReward,
}

#[derive(Debug, Deserialize)]
struct WantedReward {
    loyalty_account_id: String,
    reward_tier_id: String,
    #[serde(default)]
    order_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Redemption {
    location_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WantedAccounts {
    query: AccountQuery,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AccountQuery {
    mappings: Option<Vec<NewMapping>>,
    customer_ids: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WantedEvents {
    query: EventQuery,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EventQuery {
    filter: EventFilter,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EventFilter {
    date_time_filter: DateTimeFilter,
    type_filter: TypeFilter,
    loyalty_account_filter: AccountFilter,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DateTimeFilter {
    created_at: Range,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Range {
    start_at: Option<Timestamp>,
    end_at: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TypeFilter {
    types: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AccountFilter {
    loyalty_account_id: Option<String>,
}

/// A change that is about to be written down.
#[derive(Default)]
struct Entry {
    kind: &'static str,
    points: i64,
    reason: Option<String>,
    order_id: Option<String>,
    reward_id: Option<String>,
}

impl Loyalty {
    pub(crate) fn account(&self, id: &str) -> Option<&LoyaltyAccount> {
        self.accounts.get(id)
    }

    pub(crate) fn reward(&self, id: &str) -> Option<&Reward> {
        self.rewards.get(id)
    }

    pub(crate) fn events(&self) -> &[LoyaltyEvent] {
        &self.events
    }

    /// Opens an account with that balance, or sets it.
    pub(crate) fn seed(&mut self, id: &str, balance: i64, now: Timestamp) {
        let account = new_account(id, balance, whole_seconds(now));
        self.accounts.insert(id.to_owned(), account);
    }

    pub(crate) fn open(
        &mut self,
        wanted: Opening,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<Done, SquareError> {
        let NewAccount { program_id, mapping: NewMapping { phone_number }, customer_id } =
            wanted.loyalty_account;
        if program_id != PROGRAM_ID && program_id != "main" {
            return Err(SquareError::not_found("Loyalty program not found."));
        }
        let taken = |account: &LoyaltyAccount| {
            account.mapping.as_ref().is_some_and(|mapping| mapping.phone_number == phone_number)
        };
        if self.accounts.values().any(taken) {
            let detail = "The phone number has an account already.";
            return Err(SquareError::bad("BAD_REQUEST", detail, "loyalty_account.mapping"));
        }
        let created_at = whole_seconds(now);
        let mut account = new_account(&ids.uuid(), 0, created_at);
        account.mapping = Some(Mapping { id: ids.uuid(), phone_number, created_at });
        account.customer_id = customer_id;
        self.accounts.insert(account.id.clone(), account.clone());
        let answer = json!({ "loyalty_account": account });
        Ok(Done { answer, event: None, account, account_event: "loyalty.account.created" })
    }

    pub(crate) fn adjust(
        &mut self,
        id: &str,
        wanted: Adjustment,
        unknown: Unknown,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<Done, SquareError> {
        let Points { points, reason } = wanted.adjust_points;
        let field = "adjust_points.points";
        let account = self.found(id, unknown, now)?;
        if points == 0 {
            return Err(SquareError::bad("BAD_REQUEST", "Points must not be zero.", field));
        }
        let balance = account.balance.checked_add(points);
        let balance =
            balance.ok_or_else(|| SquareError::bad("BAD_REQUEST", "Points are out of range.", field))?;
        if points < 0 && balance < 0 && !wanted.allow_negative_balance {
            return Err(SquareError::bad("BAD_REQUEST", "The balance would become negative.", field));
        }
        let entry = Entry { kind: "ADJUST_POINTS", points, reason, ..Entry::default() };
        Ok(self.write(account, entry, ids, now))
    }

    pub(crate) fn accumulate(
        &mut self,
        id: &str,
        wanted: Accumulation,
        unknown: Unknown,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<Done, SquareError> {
        if wanted.location_id.is_empty() {
            return Err(SquareError::bad("MISSING_REQUIRED_PARAMETER", "Field must be set", "location_id"));
        }
        let Earned { order_id, points } = wanted.accumulate_points;
        let points = match (&order_id, points) {
            (Some(_), None) => ORDER_POINTS,
            (None, Some(points)) if points > 0 => points,
            _ => {
                let detail = "Either an order or points above zero.";
                return Err(SquareError::bad("BAD_REQUEST", detail, "accumulate_points"));
            }
        };
        let account = self.found(id, unknown, now)?;
        let entry = Entry { kind: "ACCUMULATE_POINTS", points, order_id, ..Entry::default() };
        let mut done = self.write(account, entry, ids, now);
        done.answer = json!({ "event": done.event, "events": [done.event] });
        Ok(done)
    }

    pub(crate) fn create_reward(
        &mut self,
        wanted: NewReward,
        unknown: Unknown,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<Done, SquareError> {
        let WantedReward { loyalty_account_id, reward_tier_id, order_id } = wanted.reward;
        let account = self.found(&loyalty_account_id, unknown, now)?;
        if account.balance < REWARD_POINTS {
            let detail = "The account has too few points.";
            return Err(SquareError::bad("BAD_REQUEST", detail, "reward.reward_tier_id"));
        }
        let reward = Reward {
            id: ids.uuid(),
            status: "ISSUED",
            loyalty_account_id,
            reward_tier_id,
            points: REWARD_POINTS,
            order_id: order_id.clone(),
            created_at: whole_seconds(now),
            updated_at: whole_seconds(now),
        };
        let reward_id = Some(reward.id.clone());
        let entry =
            Entry { kind: "CREATE_REWARD", points: -REWARD_POINTS, order_id, reward_id, reason: None };
        let mut done = self.write(account, entry, ids, now);
        done.answer = json!({ "reward": reward });
        self.rewards.insert(reward.id.clone(), reward);
        Ok(done)
    }

    pub(crate) fn redeem_reward(
        &mut self,
        id: &str,
        wanted: Redemption,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<Done, SquareError> {
        if wanted.location_id.is_empty() {
            return Err(SquareError::bad("MISSING_REQUIRED_PARAMETER", "Field must be set", "location_id"));
        }
        self.settle(id, ("REDEEMED", "REDEEM_REWARD", 0), ids, now)
    }

    /// Gives the points back.
    pub(crate) fn delete_reward(
        &mut self,
        id: &str,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<Done, SquareError> {
        let mut done = self.settle(id, ("DELETED", "DELETE_REWARD", REWARD_POINTS), ids, now)?;
        done.answer = json!({});
        Ok(done)
    }

    fn settle(
        &mut self,
        id: &str,
        (status, kind, points): (&'static str, &'static str, i64),
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<Done, SquareError> {
        let reward = self.rewards.get_mut(id).filter(|reward| reward.status == "ISSUED");
        let reward = reward.ok_or_else(|| SquareError::not_found("No such reward that is still issued."))?;
        (reward.status, reward.updated_at) = (status, whole_seconds(now));
        let (account, order_id) = (reward.loyalty_account_id.clone(), reward.order_id.clone());
        let account = self.found(&account, Unknown::Refused, now)?;
        let entry = Entry { kind, points, order_id, reward_id: Some(id.to_owned()), reason: None };
        Ok(self.write(account, entry, ids, now))
    }

    fn found(&self, id: &str, unknown: Unknown, now: Timestamp) -> Result<LoyaltyAccount, SquareError> {
        match (self.accounts.get(id).cloned(), unknown) {
            (Some(account), _) => Ok(account),
            (None, Unknown::Created) => Ok(new_account(id, 0, whole_seconds(now))),
            (None, Unknown::Refused) => Err(SquareError::not_found("Loyalty account not found.")),
        }
    }

    fn write(&mut self, mut account: LoyaltyAccount, entry: Entry, ids: &mut Ids, now: Timestamp) -> Done {
        account.balance = account.balance.saturating_add(entry.points);
        if matches!(entry.kind, "ADJUST_POINTS" | "ACCUMULATE_POINTS") {
            account.lifetime_points = account.lifetime_points.saturating_add(entry.points.max(0));
        }
        account.updated_at = whole_seconds(now);
        let event = LoyaltyEvent {
            id: ids.uuid(),
            created_at: whole_seconds(now),
            loyalty_account_id: account.id.clone(),
            points: entry.points,
            reason: entry.reason,
            kind: entry.kind,
            order_id: entry.order_id,
            reward_id: entry.reward_id,
        };
        self.accounts.insert(account.id.clone(), account.clone());
        let told = event.to_json();
        self.events.push(event);
        Done {
            answer: json!({ "event": told }),
            event: Some(told),
            account,
            account_event: "loyalty.account.updated",
        }
    }

    /// Oldest first.
    pub(crate) fn search_accounts(&self, body: &Value) -> Result<Value, SquareError> {
        let AccountQuery { mappings, customer_ids } = super::parse::<WantedAccounts>(body)?.query;
        let wanted = |account: &&LoyaltyAccount| {
            let phone = account.mapping.as_ref().map(|mapping| &mapping.phone_number);
            let by_phone =
                mappings.as_ref().is_none_or(|all| all.iter().any(|it| Some(&it.phone_number) == phone));
            let by_customer = customer_ids
                .as_ref()
                .is_none_or(|all| account.customer_id.as_ref().is_some_and(|id| all.contains(id)));
            by_phone && by_customer
        };
        let mut accounts: Vec<&LoyaltyAccount> = self.accounts.values().filter(wanted).collect();
        accounts.sort_by_key(|account| account.created_at);
        listed("loyalty_accounts", page(accounts, body, ACCOUNTS_MAX)?)
    }

    /// Newest first.
    pub(crate) fn search_events(&self, body: &Value) -> Result<Value, SquareError> {
        let EventFilter { date_time_filter, type_filter, loyalty_account_filter } =
            super::parse::<WantedEvents>(body)?.query.filter;
        let Range { start_at, end_at } = date_time_filter.created_at;
        let wanted = |event: &&LoyaltyEvent| {
            start_at.is_none_or(|start| event.created_at >= start)
                && end_at.is_none_or(|end| event.created_at <= end)
                && type_filter.types.as_ref().is_none_or(|types| types.iter().any(|it| it == event.kind))
                && loyalty_account_filter
                    .loyalty_account_id
                    .as_ref()
                    .is_none_or(|id| *id == event.loyalty_account_id)
        };
        let events: Vec<Value> = self.events.iter().rev().filter(wanted).map(LoyaltyEvent::to_json).collect();
        listed("events", page(events, body, EVENTS_MAX)?)
    }
}

/// A list that is empty is left out, as Square does.
fn listed<T: Serialize>(name: &str, page: Page<T>) -> Result<Value, SquareError> {
    let mut answer = serde_json::Map::new();
    if !page.items.is_empty() {
        answer.insert(name.to_owned(), json!(page.items));
    }
    answer.extend(page.cursor.map(|cursor| ("cursor".to_owned(), json!(cursor))));
    Ok(answer.into())
}

fn new_account(id: &str, balance: i64, now: Timestamp) -> LoyaltyAccount {
    LoyaltyAccount {
        id: id.to_owned(),
        program_id: PROGRAM_ID.to_owned(),
        balance,
        lifetime_points: balance.max(0),
        customer_id: None,
        mapping: None,
        enrolled_at: now,
        created_at: now,
        updated_at: now,
    }
}

impl LoyaltyEvent {
    fn to_json(&self) -> Value {
        let mut detail = json!({ "loyalty_program_id": PROGRAM_ID });
        let points = (self.kind != "REDEEM_REWARD").then(|| json!(self.points));
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let members = [
            ("points", points),
            ("reason", text(&self.reason)),
            ("order_id", text(&self.order_id)),
            ("reward_id", text(&self.reward_id)),
        ];
        if let Some(detail) = detail.as_object_mut() {
            detail.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        json!({
            "id": self.id,
            "type": self.kind,
            "created_at": self.created_at,
            self.kind.to_ascii_lowercase(): detail,
            "loyalty_account_id": self.loyalty_account_id,
            "source": "LOYALTY_API",
        })
    }
}
