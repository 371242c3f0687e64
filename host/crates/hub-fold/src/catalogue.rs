//! The fields and events rules may name: the model's vocabulary, in one table. Actions and connections are added by the
//! host, which knows what is installed. `facts.rs` answers every field named here; a test holds the two together.

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

/// Name, kind, known values, help.
type Field = (&'static str, FieldKind, &'static [&'static str], &'static str);

const FIELDS: &[Field] = &[
    ("event.name", Text, &[], "what happened, such as message.received"),
    ("event.happened_at", Time, &[], "when it happened, by the provider's clock"),
    ("delivery.connection", Text, &[], "the connection it came through, as hub.toml names it"),
    ("delivery.connector", Text, &[], "the connector, such as shopify"),
    ("customer.id", Text, &[], "the hub's id of the customer"),
    ("customer.is_known", Boolean, &[], "whether the hub knows who it is"),
    ("customer.display_name", Text, &[], "the newest name any system has"),
    ("customer.email", Text, &[], "an e-mail address, a proven one where there is one"),
    ("customer.phone", Text, &[], "a phone number in international form, a proven one where there is one"),
    ("customer.locale", Text, &[], "the customer's language as a provider says it"),
    ("customer.tags", TextList, &[], "tags of all systems together"),
    ("customer.segments", TextList, &[], "the segments they are in, as of before the event"),
    (CONSENTS, TextList, &[], "what they agreed to, as channel and purpose: whatsapp:marketing"),
    ("customer.open_orders", Number, &[], "orders neither delivered nor cancelled"),
    ("customer.orders", Number, &[], "all orders"),
    ("customer.open_tickets", Number, &[], "tickets neither solved nor closed"),
    ("customer.loyalty_points", Number, &[], "usable points on all loyalty accounts"),
    ("interaction.id", Text, &[], "the provider's id of the message"),
    ("interaction.channel", Text, &CHANNELS, "where it was said"),
    ("interaction.kind", Text, &[], "message, call, comment, note …"),
    ("interaction.direction", Text, &["inbound", "outbound", "internal"], "who it came from"),
    ("interaction.author", Text, &["customer", "human", "bot", "rule", "system", "unknown"], "who wrote it"),
    ("interaction.sender", Text, &[], "the provider's id of the customer's side, to answer to"),
    ("interaction.text", Text, &[], "what was said"),
    ("interaction.thread", Text, &[], "the provider's thread"),
    ("interaction.ticket", Text, &[], "the ticket it belongs to"),
    ("interaction.sent_at", Time, &[], "when it was said"),
    ("interaction.language", Text, &[], "its language (BCP 47)"),
    ("interaction.intents", TextList, &INTENTS, "what its writer wants"),
    ("interaction.topic", Text, &Topic::NAMES, "what it is about"),
    ("interaction.sentiment.label", Text, &SENTIMENTS, "how it sounds"),
    ("interaction.sentiment.score", Number, &[], "how it sounds, from -1 to 1"),
    ("interaction.sentiment.confidence", Number, &[], "how sure that is, from 0 to 1"),
    ("conversation.id", Text, &[], "the thread, with its connection"),
    ("order.id", Text, &[], "the provider's id"),
    ("order.number", Text, &[], "what people say: #1001"),
    ("order.total", Money, &[], "what it costs"),
    ("order.financial_status", Text, &[], "pending, paid, refunded …"),
    ("order.fulfilment_status", Text, &[], "unfulfilled, partial, fulfilled …"),
    ("order.is_open", Boolean, &[], "neither delivered nor cancelled"),
    ("order.placed_at", Time, &[], "when it was placed"),
    ("order.tags", TextList, &[], "its tags"),
    ("order.source", Text, &[], "web, pos …"),
    ("checkout.id", Text, &[], "the provider's id of the cart"),
    ("checkout.total", Money, &[], "what the cart costs"),
    ("checkout.url", Text, &[], "where the customer can go on"),
    ("ticket.id", Text, &[], "the provider's id"),
    ("ticket.subject", Text, &[], "its subject"),
    ("ticket.status", Text, &[], "new, open, pending, hold, solved, closed"),
    ("ticket.priority", Text, &[], "low, normal, high, urgent"),
    ("ticket.channel", Text, &[], "where it was opened"),
    ("ticket.tags", TextList, &[], "its tags"),
    ("inventory.item", Text, &[], "the provider's id of the item"),
    ("inventory.sku", Text, &[], "its stock keeping unit"),
    ("inventory.location", Text, &[], "the provider's id of the place"),
    ("inventory.state", Text, &[], "available, or another state"),
    ("inventory.quantity", Number, &[], "how many there are"),
    ("loyalty.account", Text, &[], "the provider's id of the account"),
    ("loyalty.balance", Number, &[], "usable points"),
    ("loyalty.tier", Text, &[], "the account's tier"),
    ("loyalty.points", Number, &[], "what this entry changed"),
    ("survey.kind", Text, &["csat", "ces", "nps"], "what was asked"),
    ("survey.score", Text, &[], "the answer"),
    ("alarm.rule", Text, &[], "the rule the alarm is about"),
    ("alarm.count", Number, &[], "how often it acted in the time that is looked at"),
    ("alarm.expected", Text, &[], "what is expected of it: at least 2 times in 24h"),
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
    for (name, kind, values, help) in FIELDS {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        catalogue
            .fields
            .insert((*name).to_owned(), FieldSpec { kind: *kind, values, help: (*help).to_owned() });
    }
    for (name, kind, help) in figures::fields() {
        catalogue.fields.insert(name, FieldSpec { kind, values: Vec::new(), help });
    }
    for connection in connections {
        let help = format!("the customer's id at {connection}");
        catalogue.fields.insert(id_at(connection), FieldSpec { kind: Text, values: Vec::new(), help });
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
