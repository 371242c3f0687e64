//! What fields were before the report an event came with: read from the rows of the event's own thing and customer as
//! they were. Which fields that can be asked of the catalogue says.

use std::collections::BTreeSet;

use hub_model::NodeId;
use hub_model::model::{InventoryLevel, LoyaltyAccount, Profile};
use hub_rules::{Earlier, Value};
use hub_store::{Range, Table};

use super::{EventFacts, checkout_value, decimal, order_value, text, ticket_value};
use crate::draft::RowsBefore;
use crate::row::{BelongsRow, CustomerRow, Row, SubjectKind, key};
use crate::rulings;

impl EventFacts<'_> {
    pub(super) fn field_before(&self, path: &str) -> Earlier {
        let Some(rows) = self.draft.before() else { return Earlier::NotKept };
        let value = path.split_once('.').and_then(|(root, field)| match (root, field) {
            ("order", field) => order_value(self.thing_before(rows, SubjectKind::Order)?, field),
            ("checkout", field) => checkout_value(self.thing_before(rows, SubjectKind::Checkout)?, field),
            ("ticket", field) => ticket_value(self.thing_before(rows, SubjectKind::Ticket)?, field),
            ("inventory", "quantity") => {
                let level: InventoryLevel = rows.get(&self.level_key()?).ok()??;
                decimal(level.quantity?.value, 6)
            }
            ("loyalty", field) => self.loyalty_before(rows, field),
            ("customer", "tags") => self.tags_before(rows).map(Value::TextList),
            _ => None,
        });
        value.map_or(Earlier::NotKnown, Earlier::Value)
    }

    fn thing_before<T: Row>(&self, rows: RowsBefore<'_>, kind: SubjectKind) -> Option<T> {
        let subject = self.about_kind(kind)?;
        rows.get(&key::object(&subject.connection, &[&subject.id])).ok()?
    }

    fn loyalty_before(&self, rows: RowsBefore<'_>, field: &str) -> Option<Value> {
        let account = key::object(self.connection, &[self.loyalty_account_id()?]);
        let account: LoyaltyAccount = rows.get(&account).ok()??;
        match field {
            "balance" => decimal(account.balance?.value, 0),
            "tier" => text(account.tier),
            _ => None,
        }
    }

    /// Of whoever the event's account was then: a customer it has joined since brings tags of their own.
    fn tags_before(&self, rows: RowsBefore<'_>) -> Option<Vec<String>> {
        let customer = rows.get::<BelongsRow>(&self.about.account?.0).ok()??.customer?;
        let accounts: BTreeSet<NodeId> = rows.get::<CustomerRow>(&customer.0).ok()??.accounts;
        let profiles = accounts.iter().filter_map(|account| rows.get::<Profile>(&account.0).ok()?);
        let mut tags: BTreeSet<String> = profiles.flat_map(|profile| profile.tags.current()).collect();
        let scan = |range: Range, limit: usize| rows.scan_range(Table::Annotation, range, limit);
        tags.extend(rulings::tags(&scan, accounts.iter().copied()).ok()?);
        Some(tags.into_iter().collect())
    }
}
