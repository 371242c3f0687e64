//! What a rule may ask about one event, answered from the view as it is after the event's delivery.

mod alarm;
mod before;
pub(crate) mod figures;
mod items;
mod names;

pub(crate) use figures::week;
pub(crate) use items::lists;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use hub_model::event::{Event, Payload};
use hub_model::identity::{IdentityKey, IdentityKind};
use hub_model::join::Fact;
use hub_model::model::{
    Checkout, Consent, Finding, Interaction, InventoryLevel, LoyaltyAccount, LoyaltyEntry, Order, Profile,
    Survey, Ticket,
};
use hub_model::{EventId, Money, NodeId, Timestamp};
use hub_rules::{Decimal, Earlier, Facts, Item, Value};
use hub_store::{Range, Table};

use crate::apply::About;
use crate::catalogue::{ATTRIBUTES, ID_AT};
use crate::draft::Draft;
use crate::read::{Account, ConsentView, KpiReport, granted};
use crate::row::{
    BelongsRow, CustomerRow, NodeRow, Row, RulingKind, Subject, SubjectKind, ThingLook, ThingRow, decode, key,
};
use crate::rulings;
use crate::segments::segments_of;

/// A customer with more orders, tickets or events than this is counted up to here: rules compare small numbers.
const COUNTED_MAX: usize = 1_000;

/// The view around one event.
pub(crate) struct EventFacts<'a> {
    draft: &'a Draft<'a>,
    connection: &'a str,
    connector: &'a str,
    event: &'a Event,
    about: &'a About,
    asked_at: Option<Timestamp>,
    /// What happened up to here is counted.
    until: Timestamp,
    /// Most events meet no rule that asks.
    customer: OnceCell<Option<(NodeId, CustomerRow)>>,
    said: OnceCell<Option<Interaction>>,
    /// What was asked before. The rules of an event ask for the same few fields, and nothing changes between them.
    answered: RefCell<BTreeMap<String, Option<Value>>>,
    counted: RefCell<BTreeMap<(String, i64), u64>>,
    kpis: OnceCell<Option<KpiReport>>,
}

impl<'a> EventFacts<'a> {
    pub(crate) fn new(
        draft: &'a Draft<'a>,
        connection: &'a str,
        connector: &'a str,
        event: &'a Event,
        about: &'a About,
    ) -> Self {
        let (until, asked_at) = (event.happened_at, None);
        Self {
            draft,
            connection,
            connector,
            event,
            about,
            asked_at,
            until,
            customer: OnceCell::new(),
            said: OnceCell::new(),
            answered: RefCell::default(),
            counted: RefCell::default(),
            kpis: OnceCell::new(),
        }
    }

    /// The moment rules are asked, from which ages are counted; they are unknown without.
    #[must_use]
    pub(crate) fn asked_at(self, now: Timestamp) -> Self {
        Self { asked_at: Some(now), ..self }
    }

    /// What happened until this moment is counted, where rules waited since the event.
    pub(crate) fn until(self, until: Timestamp) -> Self {
        Self { until, counted: RefCell::default(), ..self }
    }

    fn customer(&self) -> Option<&(NodeId, CustomerRow)> {
        let find = || customer_of(self.draft, self.about.account?);
        self.customer.get_or_init(find).as_ref()
    }

    pub(crate) fn customer_id(&self) -> Option<NodeId> {
        self.customer().map(|(id, _)| *id)
    }

    fn about_kind(&self, kind: SubjectKind) -> Option<&Subject> {
        self.about.subject.as_ref().filter(|subject| subject.kind == kind)
    }

    fn thing<T: Row>(&self, kind: SubjectKind) -> Option<T> {
        let subject = self.about_kind(kind)?;
        self.draft.get(&key::object(&subject.connection, &[&subject.id])).ok().flatten()
    }

    fn accounts(&self) -> impl Iterator<Item = NodeId> {
        self.customer().into_iter().flat_map(|(_, row)| row.accounts.iter().copied())
    }

    fn nodes(&self) -> impl Iterator<Item = NodeRow> {
        let row = self.customer().into_iter().map(|(_, row)| row);
        row.flat_map(|row| row.accounts.iter().chain(&row.keys))
            .filter_map(|node| self.draft.get::<NodeRow>(&node.0).ok().flatten())
    }

    fn profiles(&self) -> impl Iterator<Item = Profile> {
        self.accounts().filter_map(|account| self.draft.get::<Profile>(&account.0).ok().flatten())
    }

    /// The customer's things of a kind, as the timeline holds them: encoded [`ThingRow`]s.
    fn filed(&self, kind: SubjectKind) -> impl Iterator<Item = Vec<u8>> {
        let of_account = move |account| {
            let prefix = key::timeline_prefix(account, kind);
            self.draft.scan(Table::Timeline, &prefix, COUNTED_MAX).unwrap_or_default()
        };
        self.accounts().flat_map(of_account).map(|(_, row)| row)
    }

    fn count_open(&self, kind: SubjectKind) -> usize {
        let is_open = |row: &Vec<u8>| {
            let look: Result<ThingLook<'_>, _> = decode(Table::Timeline, row);
            look.is_ok_and(|thing| thing.is_open)
        };
        self.filed(kind).filter(is_open).count()
    }

    fn customer_field(&self, field: &str) -> Option<Value> {
        if field == "is_known" {
            return Some(Value::Boolean(self.customer().is_some()));
        }
        let id = self.customer_id()?;
        match field {
            "id" => Some(Value::Text(id.to_string())),
            "display_name" => display_name(self.profiles()).map(Value::Text),
            "email" => self.reachable_key(IdentityKind::Email).map(Value::Text),
            "phone" => self.reachable_key(IdentityKind::Phone).map(Value::Text),
            "locale" => self
                .profiles()
                .filter_map(|profile| profile.locale)
                .max_by_key(|fact| fact.version)
                .map(|fact| Value::Text(fact.value)),
            "tags" => Some(Value::TextList(self.tags())),
            "segments" => segments_of(self.draft, self.accounts()).ok().map(Value::TextList),
            "consents" => Some(Value::TextList(self.consents())),
            "open_orders" => number(self.count_open(SubjectKind::Order)),
            "orders" => number(self.filed(SubjectKind::Order).count()),
            "open_tickets" => number(self.count_open(SubjectKind::Ticket)),
            "loyalty_points" => decimal(self.loyalty_points(), 0),
            _ => None,
        }
    }

    fn loyalty_points(&self) -> i64 {
        let accounts = self.filed(SubjectKind::LoyaltyAccount);
        let points = accounts.filter_map(|row| {
            let ThingRow { thing, .. } = decode(Table::Timeline, &row).ok()?;
            let account = key::object(&thing.connection, &[&thing.id]);
            Some(self.draft.get::<LoyaltyAccount>(&account).ok()??.balance?.value)
        });
        points.fold(0, i64::saturating_add)
    }

    /// What the customer has agreed to. It is asked again before each try to send: this is what it was at the event.
    fn consents(&self) -> Vec<String> {
        let mut statements = Vec::new();
        for account in self.accounts() {
            let Some(node) = self.draft.get::<NodeRow>(&account.0).ok().flatten() else { continue };
            let rows = self.draft.scan(Table::Consent, &account.0, COUNTED_MAX).unwrap_or_default();
            let said = rows.iter().filter_map(|(_, row)| decode::<Consent>(Table::Consent, row).ok());
            statements.extend(said.map(|said| ConsentView::new(Account::of(&node.key), said)));
        }
        granted(statements)
    }

    fn tags(&self) -> Vec<String> {
        let mut tags = self.systems_tags();
        tags.extend(self.hub_tags());
        tags.into_iter().collect()
    }

    /// Tags that systems give the customer.
    pub(crate) fn systems_tags(&self) -> BTreeSet<String> {
        self.profiles().flat_map(|profile| profile.tags.current()).collect()
    }

    /// Tags that rules gave the customer.
    pub(crate) fn hub_tags(&self) -> BTreeSet<String> {
        let scan = |range: Range, limit: usize| self.draft.scan_range(Table::Annotation, range, limit);
        rulings::tags(&scan, self.accounts()).map(Iterator::collect).unwrap_or_default()
    }

    fn attribute(&self, name: &str) -> Option<String> {
        let scan = |range: Range, limit: usize| self.draft.scan_range(Table::Annotation, range, limit);
        let owners = self.accounts().map(|account| account.0);
        rulings::last_word(&scan, owners, RulingKind::Attribute, name).ok()??.value
    }

    /// A key to reach the customer by; one that links before one that is only claimed, then the earliest.
    fn reachable_key(&self, kind: IdentityKind) -> Option<String> {
        let claims = self.nodes().flat_map(|node| node.claims.into_iter()).collect::<Vec<_>>();
        let mut found: Vec<_> = claims
            .into_iter()
            .filter_map(|(node, claim)| {
                let key = self.draft.get::<NodeRow>(&node.0).ok()??.key;
                (key.kind == kind).then_some((claim.proof, claim.first.at, key.value))
            })
            .collect();
        found.sort();
        found.into_iter().next().map(|(_, _, value)| value)
    }

    fn id_at(&self, connection: &str) -> Option<Value> {
        let is_at = |key: &IdentityKey| {
            let object = key.scope.strip_prefix(connection).and_then(|rest| rest.strip_prefix('/'));
            key.is_single_valued() && object.is_some()
        };
        // Of somebody forgotten the id is gone.
        let at = self.nodes().find(|node| is_at(&node.key) && !node.key.value.is_empty());
        at.map(|node| Value::Text(node.key.value))
    }

    fn interaction_field(&self, field: &str) -> Option<Value> {
        let said = self.said.get_or_init(|| self.thing(SubjectKind::Interaction)).as_ref()?;
        let text = |fact: &Option<Fact<String>>| fact.as_ref().map(|fact| Value::Text(fact.value.clone()));
        match field {
            "id" => self.about_kind(SubjectKind::Interaction).map(|subject| Value::Text(subject.id.clone())),
            "channel" => text(&said.channel),
            "kind" => text(&said.kind),
            "direction" => said.direction.as_ref().map(|direction| Value::Text(word(direction.value))),
            "author" => said.author.as_ref().map(|author| Value::Text(word(author.value))),
            "sender" => {
                let node: NodeRow = self.draft.get(&said.customer.as_ref()?.value.0).ok()??;
                Some(node.key.value).filter(|id| !id.is_empty()).map(Value::Text)
            }
            "text" => text(&said.text),
            "thread" => text(&said.thread),
            "ticket" => text(&said.ticket),
            "sent_at" => said.sent_at.as_ref().map(|at| Value::Time(at.value.0)),
            field => understood_field(said.understood()?.as_ref(), field),
        }
    }

    /// The thread of the event's interaction, with its connection.
    pub(crate) fn conversation_id(&self) -> Option<String> {
        let said = self.said.get_or_init(|| self.thing(SubjectKind::Interaction)).as_ref()?;
        said.thread.as_ref().map(|thread| format!("{}/{}", self.connection, thread.value))
    }

    /// The interaction the event is about.
    pub(crate) fn interaction(&self) -> Option<&Subject> {
        self.about_kind(SubjectKind::Interaction)
    }

    /// Whether what the event told is to be forgotten.
    pub(crate) fn is_erased(&self) -> bool {
        self.about.erased
    }

    /// The provider's id of the thing of this kind the event is about, with its connection.
    pub(crate) fn subject_id(&self, kind: SubjectKind) -> Option<String> {
        self.about_kind(kind).map(|subject| format!("{}/{}", subject.connection, subject.id))
    }

    fn order_field(&self, field: &str) -> Option<Value> {
        match field {
            "id" => self.about_kind(SubjectKind::Order).map(|subject| Value::Text(subject.id.clone())),
            field => order_value(self.thing(SubjectKind::Order)?, field),
        }
    }

    fn checkout_field(&self, field: &str) -> Option<Value> {
        match field {
            "id" => self.about_kind(SubjectKind::Checkout).map(|subject| Value::Text(subject.id.clone())),
            field => checkout_value(self.thing(SubjectKind::Checkout)?, field),
        }
    }

    fn ticket_field(&self, field: &str) -> Option<Value> {
        match field {
            "id" => self.about_kind(SubjectKind::Ticket).map(|subject| Value::Text(subject.id.clone())),
            field => ticket_value(self.thing(SubjectKind::Ticket)?, field),
        }
    }

    fn inventory_field(&self, field: &str) -> Option<Value> {
        match &self.event.payload {
            Payload::InventoryLevel(level) => {
                let row: Option<InventoryLevel> = self.draft.get(&self.level_key()?).ok().flatten();
                match field {
                    "item" => Some(Value::Text(level.item.clone())),
                    "sku" => row.and_then(|row| text(row.sku)),
                    "location" => Some(Value::Text(level.location.clone())),
                    "state" => Some(Value::Text(level.state.clone())),
                    "quantity" => row.and_then(|row| decimal(row.quantity?.value, 6)),
                    _ => None,
                }
            }
            Payload::InventoryItem(item) => match field {
                "item" => Some(Value::Text(item.item.clone())),
                "sku" => item.sku.clone().map(Value::Text),
                _ => None,
            },
            _ => None,
        }
    }

    fn loyalty_field(&self, field: &str) -> Option<Value> {
        let account_id = self.loyalty_account_id()?;
        let account = || -> Option<LoyaltyAccount> {
            self.draft.get(&key::object(self.connection, &[account_id])).ok().flatten()
        };
        match field {
            "account" => Some(Value::Text(account_id.to_owned())),
            "balance" => decimal(account()?.balance?.value, 0),
            "tier" => text(account()?.tier),
            "points" => decimal(self.loyalty_entry()?.points?.value, 0),
            _ => None,
        }
    }

    fn loyalty_account_id(&self) -> Option<&str> {
        match &self.event.payload {
            Payload::LoyaltyAccount(account) => Some(&account.id),
            Payload::LoyaltyEntry(entry) => Some(&entry.account),
            _ => None,
        }
    }

    /// Where the stock stands that the event is about.
    fn level_key(&self) -> Option<Vec<u8>> {
        let Payload::InventoryLevel(level) = &self.event.payload else { return None };
        Some(key::object(self.connection, &[&level.item, &level.location, &level.state]))
    }

    fn loyalty_entry(&self) -> Option<LoyaltyEntry> {
        let Payload::LoyaltyEntry(entry) = &self.event.payload else { return None };
        self.draft.get(&key::object(self.connection, &[&entry.account, &entry.id])).ok().flatten()
    }

    fn survey_field(&self, field: &str) -> Option<Value> {
        let survey: Survey = self.thing(SubjectKind::Survey)?;
        match field {
            "kind" => Some(Value::Text(survey.kind.value)),
            "score" => text(survey.score),
            _ => None,
        }
    }
}

impl EventFacts<'_> {
    fn answer(&self, path: &str) -> Option<Value> {
        if let Some(connection) = path.strip_prefix(ID_AT) {
            return self.id_at(connection);
        }
        if let Some(name) = path.strip_prefix(ATTRIBUTES).and_then(|rest| rest.strip_prefix('.')) {
            return self.attribute(name).map(Value::Text);
        }
        let (root, field) = path.split_once('.')?;
        match (root, field) {
            ("event", "name") => Some(Value::Text(self.event.name.clone())),
            ("event", "happened_at") => Some(Value::Time(self.event.happened_at.0)),
            ("delivery", "connection") => Some(Value::Text(self.connection.to_owned())),
            ("delivery", "connector") => Some(Value::Text(self.connector.to_owned())),
            ("customer", field) => self.customer_field(field),
            ("interaction", field) => self.interaction_field(field),
            ("conversation", "id") => self.conversation_id().map(Value::Text),
            ("order", field) => self.order_field(field),
            ("checkout", field) => self.checkout_field(field),
            ("ticket", field) => self.ticket_field(field),
            ("inventory", field) => self.inventory_field(field),
            ("loyalty", field) => self.loyalty_field(field),
            ("survey", field) => self.survey_field(field),
            ("alarm", field) => self.alarm_field(field),
            (figures::ROOT, field) => self.kpi_field(field),
            _ => None,
        }
    }

    /// Events of the customer in the time up to and including this one, or until the rule is asked.
    fn happened(&self, event: &str, within_ns: i64) -> u64 {
        let until = self.until;
        let from = Timestamp(until.0.saturating_sub(within_ns));
        let counted = self.accounts().map(|account| {
            let end = |at: Timestamp, last: u8| key::events(account, event, at, EventId([last; 16]));
            let range = Range { from: end(from, 0), to: Some(end(until, u8::MAX)) };
            self.draft.count_range(Table::Index, range, COUNTED_MAX).map_or(0, |rows| rows as u64)
        });
        counted.sum()
    }
}

impl Facts for EventFacts<'_> {
    fn field(&self, path: &str) -> Option<Value> {
        if let Some(known) = self.answered.borrow().get(path) {
            return known.clone();
        }
        let value = self.answer(path);
        self.answered.borrow_mut().insert(path.to_owned(), value.clone());
        value
    }

    fn count(&self, event: &str, within_ns: i64) -> u64 {
        let asked = (event.to_owned(), within_ns);
        if let Some(known) = self.counted.borrow().get(&asked) {
            return *known;
        }
        let count = self.happened(event, within_ns);
        self.counted.borrow_mut().insert(asked, count);
        count
    }

    fn before(&self, path: &str) -> Earlier {
        self.field_before(path)
    }

    fn now(&self) -> Option<i64> {
        self.asked_at.map(|now| now.0)
    }

    fn items(&self, list: &str) -> Vec<Item> {
        self.items_of(list)
    }
}

fn order_value(order: Order, field: &str) -> Option<Value> {
    match field {
        "number" => text(order.number),
        "total" => order.total.map(|total| money(total.value)),
        "financial_status" => text(order.financial_status),
        "fulfilment_status" => text(order.fulfilment_status),
        "is_open" => Some(Value::Boolean(order.is_open())),
        "placed_at" => order.placed_at.map(|at| Value::Time(at.value.0)),
        "tags" => Some(Value::TextList(order.tags.current().into_iter().collect())),
        "source" => text(order.source),
        _ => None,
    }
}

fn checkout_value(checkout: Checkout, field: &str) -> Option<Value> {
    match field {
        "total" => checkout.total.map(|total| money(total.value)),
        "url" => text(checkout.url),
        _ => None,
    }
}

fn ticket_value(ticket: Ticket, field: &str) -> Option<Value> {
    match field {
        "subject" => text(ticket.subject),
        "status" => text(ticket.status),
        "priority" => text(ticket.priority),
        "channel" => text(ticket.channel),
        "tags" => Some(Value::TextList(ticket.tags.current().into_iter().collect())),
        _ => None,
    }
}

/// The customer an account belongs to.
pub(crate) fn customer_of(draft: &Draft<'_>, account: NodeId) -> Option<(NodeId, CustomerRow)> {
    let customer = draft.get::<BelongsRow>(&account.0).ok()??.customer?;
    Some((customer, draft.get(&customer.0).ok()??))
}

/// The newest name any profile has.
pub(crate) fn display_name(profiles: impl Iterator<Item = Profile>) -> Option<String> {
    let names = profiles.filter(|profile| !profile.deleted).filter_map(|profile| profile.display_name());
    names
        .max_by(|left, right| (left.version, &left.value).cmp(&(right.version, &right.value)))
        .map(|name| name.value)
}

/// What the enricher found in a text, or people say of it instead.
fn understood_field(finding: &Finding, field: &str) -> Option<Value> {
    let sounds = || Some(finding).filter(|finding| finding.has_sentiment());
    match field {
        "language" => finding.language.clone().map(Value::Text),
        "intents" => Some(Value::TextList(intents(finding))),
        "topic" => finding.topic.clone().map(Value::Text),
        "sentiment.label" => sounds().map(|finding| Value::Text(finding.sentiment.clone())),
        "sentiment.score" => sounds().and_then(|finding| decimal(i64::from(finding.score), 2)),
        "sentiment.confidence" => sounds().and_then(|finding| decimal(i64::from(finding.confidence?), 2)),
        _ => None,
    }
}

fn intents(finding: &Finding) -> Vec<String> {
    finding.intents.iter().map(|intent| intent.name.clone()).collect()
}

fn text(fact: Option<Fact<String>>) -> Option<Value> {
    fact.map(|fact| Value::Text(fact.value))
}

fn money(money: Money) -> Value {
    Value::Money { minor: money.minor, currency: money.currency }
}

fn number(count: usize) -> Option<Value> {
    decimal(i64::try_from(count).ok()?, 0)
}

fn decimal(digits: i64, scale: u32) -> Option<Value> {
    Decimal::new(i128::from(digits), scale).ok().map(Value::Number)
}

/// An enum as rules and JSON write it.
pub(crate) fn word<T: serde::Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
