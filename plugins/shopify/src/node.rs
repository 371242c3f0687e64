//! The Admin API's objects in the shape of webhooks' bodies, so that one mapping serves both and an order says the same
//! however it reached us. What cannot be told exactly is left out: absent never contradicts.

use omnihub_plugin::exact::{self, Text};
use omnihub_plugin::members::RawMember;
use serde_json::value::RawValue;

use crate::map::gid_id;
use crate::wire;
use crate::wire::admin::{
    Amount, Contact, CustomerNode, FulfillmentNode, LineNode, LinePage, MoneyBag, OrderNode, RefundNode,
    TransactionNode,
};

pub(crate) fn order(node: OrderNode) -> wire::Order {
    wire::Order {
        admin_graphql_api_id: node.id,
        name: node.name,
        token: node.status_page.as_ref().and_then(token),
        email: node.email,
        phone: node.phone,
        created_at: node.created_at,
        updated_at: node.updated_at,
        processed_at: node.processed_at,
        closed_at: node.closed_at,
        cancelled_at: node.cancelled_at,
        cancel_reason: lower(node.cancel_reason),
        financial_status: lower(node.financial_status),
        currency: node.currency,
        total_price: in_shop_money(node.total),
        subtotal_price: in_shop_money(node.subtotal),
        total_tax: in_shop_money(node.tax),
        total_discounts: in_shop_money(node.discounts),
        current_total_price: in_shop_money(node.current_total),
        presentment_currency: node.presentment_currency,
        tags: one_text(node.tags),
        note: node.note,
        source_name: node.source_name,
        customer_locale: node.customer_locale,
        test: node.test,
        fulfillment_status: node.fulfillment_status.as_ref().and_then(fulfillment_status),
        customer: node.customer.map(customer),
        line_items: node.line_items.and_then(lines),
        fulfillments: each(node.fulfillments, fulfilment),
        refunds: each(node.refunds, refund),
        ..wire::Order::default()
    }
}

pub(crate) fn customer(node: CustomerNode) -> wire::Customer {
    wire::Customer {
        admin_graphql_api_id: node.id,
        email: node.email.as_ref().and_then(|email| email.address.clone()),
        phone: node.phone.as_ref().and_then(|phone| phone.number.clone()),
        first_name: node.first_name,
        last_name: node.last_name,
        state: lower(node.state),
        tags: one_text(node.tags),
        locale: node.locale,
        verified_email: node.verified_email,
        orders_count: node.orders,
        total_spent: node.spent.and_then(as_written),
        created_at: node.created_at,
        updated_at: node.updated_at,
        email_marketing_consent: node.email.map(consent),
        sms_marketing_consent: node.phone.map(consent),
        ..wire::Customer::default()
    }
}

fn consent(contact: Contact) -> wire::MarketingConsent {
    wire::MarketingConsent {
        state: lower(contact.state),
        opt_in_level: lower(contact.level),
        consent_updated_at: contact.at,
        consent_collected_from: contact.collected_from,
    }
}

/// `b1946ac9…` of `https://shop/548380009/orders/b1946ac9…/authenticate?key=…`. Other addresses end in an order's id,
/// which anybody can guess, and a token must be a secret.
fn token(page: &Text) -> Option<Text> {
    let (_, rest) = page.0.split_once("/orders/")?;
    let (token, _) = rest.split_once("/authenticate")?;
    let is_secret = token.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && token.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_secret.then(|| Text(token.to_owned()))
}

/// What webhooks say of an order some of which was sent. Of orders on hold or under way it shows too little to tell
/// whether they would say null or "partial".
fn fulfillment_status(display: &Text) -> Option<RawMember> {
    let status = match display.0.as_str() {
        "FULFILLED" => "\"fulfilled\"",
        "PARTIALLY_FULFILLED" => "\"partial\"",
        "RESTOCKED" => "\"restocked\"",
        "UNFULFILLED" | "OPEN" => "null",
        _ => return None,
    };
    RawValue::from_string(status.to_owned()).ok()
}

fn lines(page: LinePage) -> Option<Vec<Option<wire::Line>>> {
    each(page.nodes, |line: LineNode| wire::Line {
        id: line.id.and_then(number_of),
        sku: line.sku,
        title: line.title,
        quantity: line.quantity,
        price: in_shop_money(line.price),
        ..wire::Line::default()
    })
}

fn fulfilment(node: FulfillmentNode) -> wire::Fulfilment {
    let (status, shipment_status) = parcel_status(node.status, node.display_status);
    let mut parcel = wire::Fulfilment {
        admin_graphql_api_id: node.id,
        status,
        shipment_status,
        created_at: node.created_at,
        updated_at: node.updated_at,
        ..wire::Fulfilment::default()
    };
    let (mut numbers, mut urls) = (Vec::new(), Vec::new());
    for tracking in node.tracking.into_iter().flatten().flatten() {
        parcel.tracking_company = parcel.tracking_company.or(tracking.company);
        numbers.extend(tracking.number);
        urls.extend(tracking.url);
    }
    parcel.tracking_numbers = Some(numbers);
    parcel.tracking_urls = Some(urls);
    parcel
}

/// `status` and `shipment_status` as webhooks have them. The words for display mix both; those of which the other side
/// is not known say nothing.
fn parcel_status(status: Option<Text>, display: Option<Text>) -> (Option<Text>, Option<Text>) {
    let Some(display) = display else { return (lower(status), None) };
    match display.0.as_str() {
        "ATTEMPTED_DELIVERY" | "CARRIER_PICKED_UP" | "CONFIRMED" | "DELAYED" | "DELIVERED" | "FAILURE"
        | "IN_TRANSIT" | "LABEL_PRINTED" | "LABEL_PURCHASED" | "OUT_FOR_DELIVERY" | "PICKED_UP"
        | "READY_FOR_PICKUP" => (lower(status), lower(Some(display))),
        "CANCELED" | "FULFILLED" | "MARKED_AS_FULFILLED" | "SUBMITTED" => (lower(status), None),
        _ => (None, None),
    }
}

fn refund(node: RefundNode) -> wire::Refund {
    let transactions = node.transactions.and_then(|page| page.nodes);
    wire::Refund {
        admin_graphql_api_id: node.id,
        created_at: node.created_at,
        processed_at: node.processed_at,
        transactions: each(transactions, |transaction: TransactionNode| {
            let amount = transaction.amount.and_then(|bag| bag.shop);
            wire::Transaction {
                kind: lower(transaction.kind),
                status: lower(transaction.status),
                currency: amount.as_ref().and_then(|amount| amount.currency.clone()),
                amount: amount.and_then(as_written),
            }
        }),
        ..wire::Refund::default()
    }
}

fn each<T, U>(list: Option<Vec<Option<T>>>, turn: impl Fn(T) -> U) -> Option<Vec<Option<U>>> {
    Some(list?.into_iter().map(|item| item.map(&turn)).collect())
}

fn number_of(gid: Text) -> Option<Text> {
    gid_id(&gid.0).map(Text)
}

fn lower(word: Option<Text>) -> Option<Text> {
    word.map(|word| Text(word.0.to_ascii_lowercase()))
}

fn one_text(tags: Option<Vec<Text>>) -> Option<Text> {
    let tags: Vec<String> = tags?.into_iter().map(|tag| tag.0).collect();
    Some(Text(tags.join(", ")))
}

fn in_shop_money(bag: Option<MoneyBag>) -> Option<Text> {
    as_written(bag?.shop?)
}

/// An amount as webhooks write it: "403.0" dollars are "403.00" there, and "23600.0" yen "23600". One that is more
/// precise than its currency stays as it is.
fn as_written(amount: Amount) -> Option<Text> {
    let places = exact::decimals(&amount.currency?.0) as usize;
    let amount = amount.amount?;
    let (whole, fraction) = amount.0.split_once('.').unwrap_or((&amount.0, ""));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() && places == 0 {
        return Some(Text(whole.to_owned()));
    }
    Some(Text(format!("{whole}.{fraction:0<places$}")))
}
