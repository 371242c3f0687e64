//! Square's loyalty points: accounts and the ledger of adjustments.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::SquareError;
use crate::options::Unknown;
use crate::state::{Ids, whole_seconds};

/// The seller's one programme.
const PROGRAM_ID: &str = "5f1d0000-0000-4000-a000-00000000c0de";

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Loyalty {
    accounts: BTreeMap<String, LoyaltyAccount>,
    events: Vec<LoyaltyEvent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoyaltyAccount {
    pub id: String,
    pub program_id: String,
    /// May be negative.
    pub balance: i64,
    pub lifetime_points: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One adjustment, as the ledger tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoyaltyEvent {
    pub id: String,
    pub created_at: Timestamp,
    pub loyalty_account_id: String,
    pub points: i64,
    pub reason: Option<String>,
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

impl Loyalty {
    pub(crate) fn account(&self, id: &str) -> Option<&LoyaltyAccount> {
        self.accounts.get(id)
    }

    pub(crate) fn events(&self) -> &[LoyaltyEvent] {
        &self.events
    }

    /// Opens an account with that balance, or sets it.
    pub(crate) fn seed(&mut self, id: &str, balance: i64, now: Timestamp) {
        let account = new_account(id, balance, whole_seconds(now));
        self.accounts.insert(id.to_owned(), account);
    }

    pub(crate) fn adjust(
        &mut self,
        id: &str,
        wanted: Adjustment,
        unknown: Unknown,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<Value, SquareError> {
        let now = whole_seconds(now);
        let points = wanted.adjust_points.points;
        let known = self.accounts.get(id).cloned();
        let mut account = match (known, unknown) {
            (Some(account), _) => account,
            (None, Unknown::Created) => new_account(id, 0, now),
            (None, Unknown::Refused) => return Err(SquareError::not_found("Loyalty account not found.")),
        };
        let field = "adjust_points.points";
        if points == 0 {
            return Err(SquareError::bad("BAD_REQUEST", "Points must not be zero.", field));
        }
        account.balance = account
            .balance
            .checked_add(points)
            .ok_or_else(|| SquareError::bad("BAD_REQUEST", "Points are out of range.", field))?;
        if points < 0 && account.balance < 0 && !wanted.allow_negative_balance {
            return Err(SquareError::bad("BAD_REQUEST", "The balance would become negative.", field));
        }
        account.lifetime_points = account.lifetime_points.saturating_add(points.max(0));
        account.updated_at = now;
        let event = LoyaltyEvent {
            id: ids.uuid(),
            created_at: now,
            loyalty_account_id: id.to_owned(),
            points,
            reason: wanted.adjust_points.reason,
        };
        self.accounts.insert(id.to_owned(), account);
        let answer = json!({ "event": event.to_json() });
        self.events.push(event);
        Ok(answer)
    }
}

fn new_account(id: &str, balance: i64, now: Timestamp) -> LoyaltyAccount {
    LoyaltyAccount {
        id: id.to_owned(),
        program_id: PROGRAM_ID.to_owned(),
        balance,
        lifetime_points: balance.max(0),
        created_at: now,
        updated_at: now,
    }
}

impl LoyaltyEvent {
    fn to_json(&self) -> Value {
        let mut detail = json!({ "loyalty_program_id": PROGRAM_ID, "points": self.points });
        if let Some((detail, reason)) = detail.as_object_mut().zip(self.reason.as_ref()) {
            detail.insert("reason".to_owned(), json!(reason));
        }
        json!({
            "id": self.id,
            "type": "ADJUST_POINTS",
            "created_at": self.created_at,
            "adjust_points": detail,
            "loyalty_account_id": self.loyalty_account_id,
            "source": "LOYALTY_API",
        })
    }
}
