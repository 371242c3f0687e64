//! The actions that are tried, two of each grade but one, and how a provider's own records say how
//! often one has happened.

use hub_rules::Grade;
use hub_tests::support::connections::{LOYALTY, SHOPIFY, WHATSAPP, ZENDESK};
use provider_simulator::Control;

/// Everybody and everything a run is about; the providers are emptied before each.
pub(crate) const PHONE: &str = "4915112345678";
pub(crate) const ACCOUNT: &str = "loyalty-account-1";
const CUSTOMER: &str = "gid://shopify/Customer/9001";
const ORDER: &str = "gid://shopify/Order/8001";
const POINTS: i64 = 7;
const MARK: &str = "crash-mark";

/// An action as a rule asks for it.
pub(crate) struct Deed {
    pub(crate) name: &'static str,
    pub(crate) grade: Grade,
    pub(crate) connection: &'static str,
    action: &'static str,
    /// What else the rule says.
    with: &'static str,
    /// Exchanges a first attempt takes when nothing goes wrong.
    pub(crate) exchanges: u64,
    /// How often it has happened, by the provider's records.
    pub(crate) happened: fn(&Control) -> usize,
}

pub(crate) const DEEDS: [Deed; 7] = [
    Deed {
        name: "ticket",
        grade: Grade::Keyed,
        connection: ZENDESK,
        action: "create_ticket",
        with: "with: {subject: crash-mark, body: crash-mark}",
        exchanges: 1,
        happened: |control| {
            let world = control.world();
            world.zendesk.tickets.values().filter(|ticket| ticket.subject.as_deref() == Some(MARK)).count()
        },
    },
    Deed {
        name: "points",
        grade: Grade::Keyed,
        connection: LOYALTY,
        action: "adjust",
        with: "with: {account: loyalty-account-1, points: \"7\"}",
        exchanges: 1,
        happened: |control| {
            let square = control.world().square;
            let balance = square.loyalty_account(ACCOUNT).map_or(0, |account| account.balance);
            usize::try_from(balance / POINTS).unwrap()
        },
    },
    Deed {
        name: "note",
        grade: Grade::Probed,
        connection: SHOPIFY,
        action: "append_order_note",
        with: "with: {order_id: \"8001\", note: crash-mark}",
        exchanges: 2,
        happened: |control| {
            let world = control.world();
            let note = world.shopify.orders.get(ORDER).and_then(|order| order.note.as_deref());
            note.unwrap_or_default().matches(MARK).count()
        },
    },
    Deed {
        name: "ticket-note",
        grade: Grade::Probed,
        connection: ZENDESK,
        action: "add_internal_note",
        // The message is called as the ticket is that each run begins with.
        with: "with: {ticket_id: \"{{interaction.id}}\", body: crash-mark}",
        exchanges: 1,
        happened: |control| {
            let world = control.world();
            let comments = world.zendesk.tickets.values().flat_map(|ticket| &ticket.comments);
            comments.filter(|comment| comment.body == MARK).count()
        },
    },
    Deed {
        name: "customer-tag",
        grade: Grade::Natural,
        connection: SHOPIFY,
        action: "add_customer_tag",
        with: "with: {customer_id: \"9001\", tag: crash-mark}",
        exchanges: 1,
        happened: |control| {
            let world = control.world();
            world.shopify.customers.get(CUSTOMER).map_or(0, |customer| customer.tags.len())
        },
    },
    Deed {
        name: "order-tag",
        grade: Grade::Natural,
        connection: SHOPIFY,
        action: "add_order_tag",
        with: "with: {order_id: \"8001\", tag: crash-mark}",
        exchanges: 1,
        happened: |control| {
            let world = control.world();
            world.shopify.orders.get(ORDER).map_or(0, |order| order.tags.len())
        },
    },
    Deed {
        name: "message",
        grade: Grade::Unsafe,
        connection: WHATSAPP,
        action: "send_message",
        with: "purpose: service\n    with: {to: \"4915112345678\", text: crash-mark}",
        exchanges: 1,
        happened: |control| control.world().graph.messages.len(),
    },
];

/// What is said to the hub to have it done, at once or after a person's word.
pub(crate) fn asked(deed: &Deed, is_held: bool) -> String {
    match is_held {
        true => format!("{}-held", deed.name),
        false => deed.name.to_owned(),
    }
}

/// A rule for each, by its file's name.
pub(crate) fn rules() -> Vec<(String, String)> {
    let both = DEEDS.iter().flat_map(|deed| [(deed, false), (deed, true)]);
    let rule = |(deed, is_held): (&Deed, bool)| {
        let name = asked(deed, is_held);
        let Deed { connection, action, with, .. } = deed;
        let ask = if is_held { "\n    ask: Is this meant?" } else { "" };
        let text = format!(
            "rule: {name}\nmode: on\non: message.received\nwhen: {{field: interaction.text, is: {name}}}\nthen:\n  \
             - id: act\n    do: {connection}.{action}{ask}\n    {with}\n"
        );
        (format!("{name}.yaml"), text)
    };
    both.map(rule).collect()
}
