//! Carts on their way to the till, which may be abandoned.

use omnihub_plugin::lenient::said;
use omnihub_plugin::members::extras;
use omnihub_plugin::model::{Checkout, Identity, Party, Proof};
use omnihub_plugin::{Failure, Payload};

use super::{Reading, customer, object_id, order, time, without_id};
use crate::wire;

pub(super) fn checkout(reading: &mut Reading<'_>, name: &str) -> Result<(), Failure> {
    let wire: wire::Checkout = reading.body()?;
    let id = object_id(&None, &wire.id).ok_or_else(|| without_id("a checkout"))?;
    let created = time(&wire.created_at);
    let version = time(&wire.updated_at).or_else(|| reading.triggered_at()).or(created);
    let buyer = buyer(reading, &id, &wire);
    let total = reading.money("/total_price", &wire.total_price, &wire.currency);
    let currency = wire.currency;
    let payload = Payload::Checkout(Checkout {
        buyer,
        total,
        url: said(wire.abandoned_checkout_url),
        lines: wire.line_items.map(|list| order::lines(reading, Some(list), &currency)),
        started_at: created,
        completed_at: time(&wire.completed_at),
        extra: extras([("source_name", said(wire.source_name))]),
        ..Checkout::new(id.clone())
    });
    match name {
        "checkout.created" => reading.once(name, &id, created, version, payload),
        _ => reading.again(name, &id, version, payload),
    }
    Ok(())
}

/// The account, else what the visitor typed in so far.
fn buyer(reading: &Reading<'_>, id: &str, wire: &wire::Checkout) -> Option<Party> {
    if let Some(party) = wire.customer.as_ref().and_then(|person| customer::party(reading, person)) {
        return Some(party);
    }
    let email = said(wire.email.clone()).map(|email| Identity::email(email, Proof::Claimed));
    let phone = said(wire.phone.clone()).map(|phone| Identity::phone(phone, Proof::Claimed));
    let contacts: Vec<Identity> = email.into_iter().chain(phone).collect();
    if contacts.is_empty() {
        return None;
    }
    let ids = std::iter::once(Identity::provider("guest-checkout", id)).chain(contacts).collect();
    Party::of(ids, None)
}

/// Only the id is left of a deleted checkout.
pub(super) fn deleted(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Reference = reading.body()?;
    let id = object_id(&None, &wire.id).ok_or_else(|| without_id("a checkout"))?;
    let time = reading.triggered_at();
    let checkout = Checkout { deleted: true, ..Checkout::new(id.clone()) };
    reading.once("checkout.deleted", &id, time, time, Payload::Checkout(checkout));
    Ok(())
}
