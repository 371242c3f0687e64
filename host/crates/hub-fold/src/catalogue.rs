//! The fields and events rules may name: the model's vocabulary, in one table. Actions and connections are added by the
//! host, which knows what is installed. `facts.rs` answers every field named here; a test holds the two together.

use std::collections::BTreeSet;

use hub_model::conversation::Topic;
use hub_model::model::INTENTS;
use hub_rules::{CONSENTS, Catalogue, EventSpec, FieldKind, FieldSpec, SCHEDULE_DUE};

use crate::actions;
use crate::alarms::{RULE_SILENT, RULE_SPIKING};
use crate::facts::{figures, lists};
use crate::turns;

use FieldKind::{Boolean, Money, Number, Text, TextList, Time};

pub(crate) const SENTIMENTS: [&str; 5] =
    ["very_negative", "negative", "neutral", "positive", "very_positive"];
const CHANNELS: [&str; 7] = ["email", "phone", "instagram", "whatsapp", "web", "messaging", "sms"];

/// A field of the model, as it stands in a table here.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    kind: FieldKind,
    values: &'static [&'static str],
    /// What its numbers count; without one it is its kind's.
    unit: Option<&'static str>,
    example: &'static str,
    /// Who fills it whatever is connected; connectors declare what they fill.
    filled_by: Option<&'static str>,
    help: &'static str,
}

impl Field {
    /// What connectors report.
    pub(crate) const fn by_connectors(
        name: &'static str,
        kind: FieldKind,
        example: &'static str,
        help: &'static str,
    ) -> Self {
        Self { name, kind, values: &[], unit: None, example, filled_by: None, help }
    }

    /// What the hub knows by itself, or works out.
    pub(crate) const fn by_hub(
        name: &'static str,
        kind: FieldKind,
        example: &'static str,
        help: &'static str,
    ) -> Self {
        Self { filled_by: Some(HUB), ..Self::by_connectors(name, kind, example, help) }
    }

    /// What the enricher finds in a text.
    const fn by_enricher(
        name: &'static str,
        kind: FieldKind,
        example: &'static str,
        help: &'static str,
    ) -> Self {
        Self { filled_by: Some(ENRICHER), ..Self::by_connectors(name, kind, example, help) }
    }

    const fn one_of(self, values: &'static [&'static str]) -> Self {
        Self { values, ..self }
    }

    pub(crate) const fn counted_in(self, unit: &'static str) -> Self {
        Self { unit: Some(unit), ..self }
    }

    pub(crate) fn spec(&self) -> FieldSpec {
        let of_kind = FieldSpec::new(self.kind, self.example, self.help);
        FieldSpec {
            values: self.values.iter().map(|value| (*value).to_owned()).collect(),
            unit: self.unit.map_or(of_kind.unit, str::to_owned),
            filled_by: self.filled_by.into_iter().map(str::to_owned).collect(),
            ..of_kind
        }
    }
}

/// Who fills a field, where it is no connection.
pub(crate) const HUB: &str = "the hub";
const ENRICHER: &str = "the enricher";

const FIELDS: &[Field] = &[
    Field::by_hub("event.name", Text, "message.received", "what happened, such as message.received"),
    Field::by_hub(
        "event.happened_at",
        Time,
        "2026-05-04T09:30:00Z",
        "when it happened, by the provider's clock",
    ),
    Field::by_hub(
        "delivery.connection",
        Text,
        "shop",
        "the connection it came through, as hub.toml names it",
    ),
    Field::by_hub("delivery.connector", Text, "shopify", "the connector, such as shopify"),
    Field::by_hub(
        "customer.id",
        Text,
        "cus_0123456789abcdef0123456789abcdef",
        "the hub's id of the customer",
    ),
    Field::by_hub("customer.is_known", Boolean, "true", "whether the hub knows who it is"),
    Field::by_connectors("customer.display_name", Text, "Kim Lee", "the newest name any system has"),
    Field::by_connectors(
        "customer.email",
        Text,
        "kim.lee@mail.example",
        "an e-mail address, a proven one where there is one",
    ),
    Field::by_connectors(
        "customer.phone",
        Text,
        "+498912345678",
        "a phone number in international form, a proven one where there is one",
    ),
    Field::by_connectors("customer.locale", Text, "de", "the customer's language as a provider says it"),
    Field::by_connectors("customer.tags", TextList, "[vip, newsletter]", "tags of all systems together"),
    Field::by_hub(
        "customer.segments",
        TextList,
        "[regulars]",
        "the segments they are in, as of before the event",
    ),
    Field::by_connectors(
        CONSENTS,
        TextList,
        "[\"whatsapp:marketing\"]",
        "what they agreed to, as channel and purpose: whatsapp:marketing",
    ),
    Field::by_hub("customer.open_orders", Number, "2", "orders neither delivered nor cancelled")
        .counted_in("orders"),
    Field::by_hub("customer.orders", Number, "12", "all orders").counted_in("orders"),
    Field::by_hub("customer.open_tickets", Number, "1", "tickets neither solved nor closed")
        .counted_in("tickets"),
    Field::by_hub("customer.loyalty_points", Number, "250", "usable points on all loyalty accounts")
        .counted_in("points"),
    Field::by_connectors("interaction.id", Text, "m_7Kq2", "the provider's id of the message"),
    Field::by_connectors("interaction.channel", Text, "email", "where it was said").one_of(&CHANNELS),
    Field::by_connectors("interaction.kind", Text, "message", "message, call, comment, note …"),
    Field::by_connectors("interaction.direction", Text, "inbound", "who it came from")
        .one_of(&["inbound", "outbound", "internal"]),
    Field::by_connectors("interaction.author", Text, "customer", "who wrote it")
        .one_of(&["customer", "human", "bot", "rule", "system", "unknown"]),
    Field::by_connectors(
        "interaction.sender",
        Text,
        "6612345",
        "the provider's id of the customer's side, to answer to",
    ),
    Field::by_connectors("interaction.text", Text, "Where is my order?", "what was said"),
    Field::by_connectors("interaction.thread", Text, "35436", "the provider's thread"),
    Field::by_connectors("interaction.ticket", Text, "35436", "the ticket it belongs to"),
    Field::by_connectors("interaction.sent_at", Time, "2026-05-04T09:30:00Z", "when it was said"),
    Field::by_enricher("interaction.language", Text, "de", "its language (BCP 47)"),
    Field::by_enricher("interaction.intents", TextList, "[where_is_my_order]", "what its writer wants")
        .one_of(&INTENTS),
    Field::by_enricher("interaction.topic", Text, "delivery", "what it is about").one_of(&Topic::NAMES),
    Field::by_enricher("interaction.sentiment.label", Text, "very_negative", "how it sounds")
        .one_of(&SENTIMENTS),
    Field::by_enricher("interaction.sentiment.score", Number, "-0.6", "how it sounds, from -1 to 1")
        .counted_in("-1 to 1"),
    Field::by_enricher("interaction.sentiment.confidence", Number, "0.8", "how sure that is, from 0 to 1")
        .counted_in("0 to 1"),
    Field::by_hub("conversation.id", Text, "instagram/6612345", "the thread, with its connection"),
    Field::by_connectors("order.id", Text, "5001", "the provider's id"),
    Field::by_connectors("order.number", Text, "#1001", "what people say: #1001"),
    Field::by_connectors("order.total", Money, "59.90 EUR", "what it costs"),
    Field::by_connectors("order.financial_status", Text, "paid", "pending, paid, refunded …"),
    Field::by_connectors("order.fulfilment_status", Text, "fulfilled", "unfulfilled, partial, fulfilled …"),
    Field::by_hub("order.is_open", Boolean, "true", "neither delivered nor cancelled"),
    Field::by_connectors("order.placed_at", Time, "2026-05-04T09:30:00Z", "when it was placed"),
    Field::by_connectors("order.tags", TextList, "[gift]", "its tags"),
    Field::by_connectors("order.source", Text, "web", "web, pos …"),
    Field::by_connectors("checkout.id", Text, "c1-77", "the provider's id of the cart"),
    Field::by_connectors("checkout.total", Money, "59.90 EUR", "what the cart costs"),
    Field::by_connectors(
        "checkout.url",
        Text,
        "https://shop.example/checkouts/c1-77",
        "where the customer can go on",
    ),
    Field::by_connectors("ticket.id", Text, "35436", "the provider's id"),
    Field::by_connectors("ticket.subject", Text, "My parcel", "its subject"),
    Field::by_connectors("ticket.status", Text, "open", "new, open, pending, hold, solved, closed"),
    Field::by_connectors("ticket.priority", Text, "high", "low, normal, high, urgent"),
    Field::by_connectors("ticket.channel", Text, "email", "where it was opened"),
    Field::by_connectors("ticket.tags", TextList, "[delivery]", "its tags"),
    Field::by_connectors("inventory.item", Text, "808950810", "the provider's id of the item"),
    Field::by_connectors("inventory.sku", Text, "MUG-BLUE", "its stock keeping unit"),
    Field::by_connectors("inventory.location", Text, "655441491", "the provider's id of the place"),
    Field::by_connectors("inventory.state", Text, "available", "available, or another state"),
    Field::by_connectors("inventory.quantity", Number, "3", "how many there are").counted_in("pieces"),
    Field::by_connectors("loyalty.account", Text, "79b807d2", "the provider's id of the account"),
    Field::by_connectors("loyalty.balance", Number, "250", "usable points").counted_in("points"),
    Field::by_connectors("loyalty.tier", Text, "gold", "the account's tier"),
    Field::by_connectors("loyalty.points", Number, "-100", "what this entry changed").counted_in("points"),
    Field::by_connectors("survey.kind", Text, "csat", "what was asked").one_of(&["csat", "ces", "nps"]),
    Field::by_connectors("survey.score", Text, "good", "the answer"),
    Field::by_hub("alarm.rule", Text, "thank-after-purchase", "the rule the alarm is about"),
    Field::by_hub("alarm.count", Number, "0", "how often it acted in the time that is looked at")
        .counted_in("times"),
    Field::by_hub(
        "alarm.expected",
        Text,
        "at least 2 times in 24h",
        "what is expected of it: at least 2 times in 24h",
    ),
];

/// The fields of which is kept what they were before an event: those of what the event is about that may be told anew.
const CHANGING: &[&str] = &[
    "customer.tags",
    "order.number",
    "order.total",
    "order.financial_status",
    "order.fulfilment_status",
    "order.is_open",
    "order.placed_at",
    "order.tags",
    "order.source",
    "checkout.total",
    "checkout.url",
    "ticket.subject",
    "ticket.status",
    "ticket.priority",
    "ticket.channel",
    "ticket.tags",
    "inventory.quantity",
    "loyalty.balance",
    "loyalty.tier",
];

/// Name, what it brings, help.
type Event = (&'static str, &'static [&'static str], &'static str);

const ABOUT_CUSTOMER: &[&str] = &["customer"];
const ABOUT_ORDER: &[&str] = &["customer", "order"];
const ABOUT_CHECKOUT: &[&str] = &["customer", "checkout"];
const ABOUT_MESSAGE: &[&str] = &["customer", "interaction", "conversation"];
const ABOUT_TICKET: &[&str] = &["customer", "ticket"];
const ABOUT_RULE: &[&str] = &["alarm"];

const EVENTS: &[Event] = &[
    ("customer.created", ABOUT_CUSTOMER, "a system has a new customer"),
    ("customer.updated", ABOUT_CUSTOMER, "what a system says of a customer changed"),
    ("customer.deleted", ABOUT_CUSTOMER, "a system deleted a customer"),
    ("customer.tagged", ABOUT_CUSTOMER, "tags were given or taken"),
    (
        turns::CUSTOMER_BIRTHDAY,
        ABOUT_CUSTOMER,
        "it is a customer's birthday, at noon of UTC, where a system knows the day",
    ),
    ("consent.changed", ABOUT_CUSTOMER, "a customer allowed or forbade something"),
    ("person.merged", ABOUT_CUSTOMER, "a provider says two of its customers are one"),
    ("order.created", ABOUT_ORDER, "an order was placed"),
    ("order.updated", ABOUT_ORDER, "anything about an order changed"),
    ("order.paid", ABOUT_ORDER, "an order was paid"),
    ("order.cancelled", ABOUT_ORDER, "an order was cancelled"),
    ("order.fulfilled", ABOUT_ORDER, "everything of an order was sent"),
    ("order.partially_fulfilled", ABOUT_ORDER, "a part of an order was sent"),
    ("order.edited", ABOUT_ORDER, "lines of an order changed"),
    ("order.deleted", ABOUT_ORDER, "an order was deleted"),
    ("order.refunded", ABOUT_ORDER, "money was paid back"),
    ("order.shipped", ABOUT_ORDER, "a parcel was made or changed"),
    (
        turns::ORDER_DELAYED,
        ABOUT_ORDER,
        "nothing was sent for 5 days, a parcel is under way for 7, or could not be handed over",
    ),
    ("return.requested", ABOUT_ORDER, "a customer wants to send something back"),
    ("return.updated", ABOUT_ORDER, "a return changed"),
    ("checkout.created", ABOUT_CHECKOUT, "a cart reached the checkout"),
    ("checkout.updated", ABOUT_CHECKOUT, "a cart changed"),
    (turns::CHECKOUT_ABANDONED, ABOUT_CHECKOUT, "nobody touched a cart for an hour, and it became no order"),
    ("checkout.deleted", ABOUT_CHECKOUT, "a cart is gone"),
    ("message.received", ABOUT_MESSAGE, "a customer wrote"),
    ("message.sent", ABOUT_MESSAGE, "we wrote, here or at the provider"),
    ("message.status", ABOUT_MESSAGE, "a message was delivered, read or failed"),
    ("message.edited", ABOUT_MESSAGE, "a message was changed by its author"),
    ("message.deleted", ABOUT_MESSAGE, "a message was taken back"),
    ("message.reaction", ABOUT_MESSAGE, "somebody reacted to a message"),
    ("message.read", ABOUT_MESSAGE, "a customer read our message"),
    ("comment.received", ABOUT_MESSAGE, "a customer commented in public"),
    ("call.received", ABOUT_MESSAGE, "a customer called"),
    ("note.added", ABOUT_MESSAGE, "somebody wrote an internal note"),
    ("ticket.created", ABOUT_TICKET, "a ticket was opened"),
    ("ticket.updated", ABOUT_TICKET, "a ticket changed"),
    ("ticket.status_changed", ABOUT_TICKET, "a ticket's status changed"),
    (turns::TICKET_REOPENED, ABOUT_TICKET, "a ticket that was solved or closed is open again"),
    ("ticket.deleted", ABOUT_TICKET, "a ticket was deleted"),
    ("inventory.changed", &["inventory"], "stock changed"),
    (turns::BACK_IN_STOCK, &["inventory"], "there is stock again where there was none"),
    ("inventory.item_changed", &["inventory"], "an item was made, changed or deleted"),
    ("loyalty.account_changed", &["customer", "loyalty"], "a loyalty account was opened or changed"),
    ("loyalty.points_changed", &["customer", "loyalty"], "points were earned, spent or lost"),
    ("loyalty.tier_changed", &["customer", "loyalty"], "a customer reached another tier"),
    ("survey.answered", &["customer", "survey"], "a customer answered a survey"),
    ("privacy.requested", ABOUT_CUSTOMER, "a provider asks to export or erase a person's data"),
    (SCHEDULE_DUE, &[figures::ROOT], "the time of a rule with `every` has come"),
    (RULE_SILENT, ABOUT_RULE, "a rule has begun to act more rarely than its `alarm_below`"),
    (RULE_SPIKING, ABOUT_RULE, "a rule has begun to act more often than its `alarm_above`"),
    ("provider.notice", &[], "something the hub has no model for"),
];

/// What every event brings.
const ALWAYS: [&str; 2] = ["event", "delivery"];

/// Where the attributes stand that rules give a customer. Which there are the rules say, so the checker adds them.
pub(crate) const ATTRIBUTES: &str = "customer.attributes";

/// The model's part of the catalogue, and the hub's own actions. For each connection there is a field
/// `customer.id_at.<connection>` with the customer's id there.
#[must_use]
pub fn catalogue<'a>(connections: impl Iterator<Item = &'a str>) -> Catalogue {
    let mut catalogue = Catalogue::default();
    catalogue.fields.extend(FIELDS.iter().map(|field| (field.name.to_owned(), field.spec())));
    catalogue.fields.extend(figures::fields());
    for connection in connections {
        let help = format!("the customer's id at {connection}");
        let spec = FieldSpec {
            filled_by: BTreeSet::from([connection.to_owned()]),
            ..FieldSpec::new(Text, "7001", help)
        };
        catalogue.fields.insert(id_at(connection), spec);
    }
    for (name, provides, help) in EVENTS {
        let provides = ALWAYS.iter().chain(*provides).map(|root| (*root).to_owned()).collect();
        catalogue.events.insert((*name).to_owned(), EventSpec { help: (*help).to_owned(), provides });
    }
    catalogue.actions.extend(actions::specs());
    catalogue.changing = CHANGING.iter().map(|field| (*field).to_owned()).collect();
    catalogue.lists = lists();
    catalogue
}

pub(crate) const ID_AT: &str = "customer.id_at.";

fn id_at(connection: &str) -> String {
    format!("{ID_AT}{connection}")
}
