//! Events as connectors report them, made in a line or two. Every `…` function gives the least there is of a thing;
//! tests fill in what they are about.

use hub_model::event::{
    Checkout, Consent, Customer, Event, Identity, IdentityKind, Interaction, InventoryItem, InventoryLevel,
    LoyaltyAccount, LoyaltyEntry, Order, OrderLine, Party, Payload, PersonMerge, Proof, SurveyResponse,
    Ticket,
};
use hub_model::{Money, Timestamp};

/// So many minutes after the morning all tests begin on.
pub(crate) fn at(minute: i64) -> Timestamp {
    let morning: Timestamp = "2026-05-04T09:00:00Z".parse().unwrap();
    Timestamp(morning.0 + minute * 60_000_000_000)
}

/// An event that happened at a minute, which is its version too. Its key is unique to the minute.
pub(crate) fn event(name: &str, minute: i64, payload: Payload) -> Event {
    Event {
        name: name.into(),
        key: format!("{name}@{minute}"),
        happened_at: at(minute),
        version: at(minute).0,
        payload,
    }
}

pub(crate) fn euros(minor: i64) -> Money {
    Money { minor, currency: "EUR".into() }
}

/// "customer:7" or "igsid:9" are the provider's own ids; "ana@example.com" and "+4930901820" verified keys ("030 901820" lacks its
/// country), with a question mark behind claimed ones; "@ana" is a handle and "~abc" a token.
pub(crate) fn identity(text: &str) -> Identity {
    let (text, proof) = match text.strip_suffix('?') {
        Some(text) => (text, Proof::Claimed),
        None => (text, Proof::Verified),
    };
    let mark = |mark: char| text.strip_prefix(mark);
    let (kind, scope, value, proof) = match (text.split_once(':'), mark('@'), mark('~')) {
        (Some((scope, value)), ..) => (IdentityKind::ProviderId, scope, value, Proof::Provider),
        (_, Some(name), _) => (IdentityKind::Handle, "username", name, Proof::Claimed),
        (.., Some(token)) => (IdentityKind::Token, "order-status", token, Proof::Channel),
        _ if text.starts_with(['+', '0']) => (IdentityKind::Phone, "", text, proof),
        _ => (IdentityKind::Email, "", text, proof),
    };
    Identity { kind, scope: scope.into(), value: value.into(), proof }
}

pub(crate) fn party(ids: &[&str]) -> Party {
    Party { ids: ids.iter().map(|id| identity(id)).collect(), name: None }
}

pub(crate) fn named(ids: &[&str], name: &str) -> Party {
    Party { name: Some(name.into()), ..party(ids) }
}

pub(crate) fn customer(who: Party) -> Customer {
    Customer {
        who,
        given_name: None,
        family_name: None,
        locale: None,
        tags: None,
        tags_added: vec![],
        tags_removed: vec![],
        state: None,
        deleted: false,
        extra: vec![],
    }
}

pub(crate) fn consent(who: Party, state: &str) -> Consent {
    Consent {
        who,
        channel: "email".into(),
        purpose: "marketing".into(),
        state: state.into(),
        at: None,
        extra: vec![],
    }
}

pub(crate) fn order(id: &str) -> Order {
    Order {
        id: id.into(),
        number: None,
        buyer: None,
        total: None,
        subtotal: None,
        tax: None,
        discount: None,
        financial_status: None,
        fulfilment_status: None,
        placed_at: None,
        cancelled_at: None,
        closed_at: None,
        tags: None,
        tags_added: vec![],
        tags_removed: vec![],
        note: None,
        source: None,
        lines: None,
        fulfilments: vec![],
        refunds: vec![],
        returns: vec![],
        deleted: false,
        extra: vec![],
    }
}

pub(crate) fn line(sku: &str, units: i64) -> OrderLine {
    OrderLine {
        id: format!("line-{sku}"),
        sku: Some(sku.into()),
        title: Some(format!("Title of {sku}")),
        quantity: units * 1_000_000,
        unit_price: Some(euros(1_990)),
    }
}

pub(crate) fn checkout(id: &str) -> Checkout {
    Checkout {
        id: id.into(),
        buyer: None,
        total: None,
        url: None,
        lines: None,
        started_at: None,
        completed_at: None,
        order: None,
        deleted: false,
        extra: vec![],
    }
}

pub(crate) fn interaction(id: &str) -> Interaction {
    Interaction {
        id: id.into(),
        channel: None,
        kind: None,
        direction: None,
        author: None,
        customer: None,
        thread: None,
        text: None,
        attachments: vec![],
        reply_to: None,
        ticket: None,
        order: None,
        sent_at: None,
        status: None,
        status_detail: None,
        edited: false,
        reaction: None,
        erased: false,
        extra: vec![],
    }
}

pub(crate) fn ticket(id: &str) -> Ticket {
    Ticket {
        id: id.into(),
        external_id: None,
        subject: None,
        status: None,
        priority: None,
        kind: None,
        channel: None,
        requester: None,
        assignee: None,
        group: None,
        tags: None,
        tags_added: vec![],
        tags_removed: vec![],
        created_at: None,
        deleted: false,
        extra: vec![],
    }
}

pub(crate) fn level(item: &str, location: &str, quantity: i64) -> InventoryLevel {
    InventoryLevel {
        item: item.into(),
        sku: None,
        location: location.into(),
        state: "available".into(),
        quantity: Some(quantity * 1_000_000),
        deleted: false,
        extra: vec![],
    }
}

pub(crate) fn item(item: &str, sku: &str) -> InventoryItem {
    InventoryItem { item: item.into(), sku: Some(sku.into()), title: None, deleted: false, extra: vec![] }
}

pub(crate) fn loyalty_account(id: &str, member: Party, balance: i64) -> LoyaltyAccount {
    LoyaltyAccount {
        id: id.into(),
        program: Some("plus".into()),
        member: Some(member),
        balance: Some(balance),
        lifetime: None,
        tier: None,
        enrolled_at: None,
        deleted: false,
        extra: vec![],
    }
}

pub(crate) fn loyalty_entry(account: &str, id: &str, points: i64) -> LoyaltyEntry {
    LoyaltyEntry {
        id: id.into(),
        account: account.into(),
        kind: "accumulate".into(),
        points: Some(points),
        reason: None,
        order: None,
        extra: vec![],
    }
}

pub(crate) fn survey(id: &str, who: Party, score: &str) -> SurveyResponse {
    SurveyResponse {
        id: id.into(),
        kind: "csat".into(),
        ticket: None,
        who: Some(who),
        score: Some(score.into()),
        comment: None,
        extra: vec![],
    }
}

/// The provider says that the second of its people is the first.
pub(crate) fn merge(kept: &str, absorbed: &str) -> PersonMerge {
    PersonMerge { kept: identity(kept), absorbed: identity(absorbed) }
}
