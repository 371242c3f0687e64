//! The three topics every public app must serve. Their bodies hold no time and, but for exports, no id of their own.

use omnihub_plugin::exact::Text;
use omnihub_plugin::lenient::said;
use omnihub_plugin::model::{Identity, Party, PrivacyRequest, Proof};
use omnihub_plugin::{Failure, Payload};

use super::{Reading, without_id};
use crate::wire;

/// `customers/redact`.
pub(super) fn erase_customer(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Privacy = reading.body()?;
    let who = wire.customer.and_then(person);
    let orders = ids(wire.orders_to_redact);
    let subject = who.as_ref().and_then(|who| who.ids.first()).map(|id| id.value.clone());
    let subject = subject.or_else(|| orders.first().cloned()).ok_or_else(|| without_id("whom to forget"))?;
    let request =
        PrivacyRequest { who, orders, ..PrivacyRequest::new(format!("redact-{subject}"), "erase-customer") };
    requested(reading, request);
    Ok(())
}

/// `customers/data_request`.
pub(super) fn export(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Privacy = reading.body()?;
    let id = wire.data_request.and_then(|request| request.id).and_then(Text::id);
    let id = id.ok_or_else(|| without_id("a data request"))?;
    let request = PrivacyRequest {
        who: wire.customer.and_then(person),
        orders: ids(wire.orders_requested),
        ..PrivacyRequest::new(id.clone(), "export-customer")
    };
    let time = reading.triggered_at();
    reading.once("privacy.requested", &id, time, time, Payload::PrivacyRequest(request));
    Ok(())
}

/// `shop/redact`, two days after the app was removed.
pub(super) fn erase_shop(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Privacy = reading.body()?;
    let shop = wire.shop_id.and_then(Text::id).ok_or_else(|| without_id("a shop"))?;
    requested(reading, PrivacyRequest::new(format!("shop-{shop}"), "erase-account"));
    Ok(())
}

fn requested(reading: &mut Reading<'_>, request: PrivacyRequest) {
    let id = request.id.clone();
    reading.again("privacy.requested", &id, reading.triggered_at(), Payload::PrivacyRequest(request));
}

/// The person asked for. What is written beside the id helps to find them, and proves nothing.
fn person(wire: wire::Person) -> Option<Party> {
    let mut ids: Vec<Identity> =
        wire.id.and_then(Text::id).map(|id| Identity::provider("customer", id)).into_iter().collect();
    ids.extend(said(wire.email).map(|email| Identity::email(email, Proof::Claimed)));
    ids.extend(said(wire.phone).map(|phone| Identity::phone(phone, Proof::Claimed)));
    Party::of(ids, None)
}

fn ids(list: Option<Vec<Text>>) -> Vec<String> {
    list.into_iter().flatten().filter_map(Text::id).collect()
}
