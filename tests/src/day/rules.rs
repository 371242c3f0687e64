//! The rules of a shop whose days are told: one of each grade of action.

use crate::support::stage::{RULES, RuleFile};

/// All of them.
pub const STORY: [RuleFile; 4] = {
    let [tag, ticket] = RULES;
    [tag, ticket, NOTE, REPLY]
};

const NOTE: RuleFile = ("note-paid-order.yaml", "\
rule: note-paid-order
says: When a paid order changes, write it down in the shop.
mode: on
on: order.updated
when: {field: order.financial_status, is: paid}
then:
  - {id: tag, do: shopify.add_order_tag, with: {order_id: \"{{order.id}}\", tag: seen-by-hub}}
  - {id: note, do: shopify.append_order_note, with: {order_id: \"{{order.id}}\", note: \"Seen after a change.\"}}
");

const REPLY: RuleFile = (
    "reply-to-question.yaml",
    "\
rule: reply-to-question
says: When somebody asks on Instagram where something is, say that we look.
mode: on
on: message.received
when:
  all:
    - {field: interaction.channel, is: instagram}
    - {field: interaction.direction, is: inbound}
    - {field: interaction.kind, is: message}
    - {field: interaction.text, contains: where is}
then:
  - id: reply
    do: instagram.send_message
    purpose: service
    with: {to: \"{{customer.id_at.instagram}}\", text: \"We are looking into this: {{interaction.text}}\"}
limits: {ignore_older_than: 12h}
",
);
