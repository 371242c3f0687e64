//! Customers: who they are, what they allow, how they are tagged, that two are one.

use omnihub_plugin::dated::fingerprint;
use omnihub_plugin::exact::Text;
use omnihub_plugin::lenient::said;
use omnihub_plugin::members::{RawMember, extras};
use omnihub_plugin::model::{Consent, Customer, Identity, Party, PersonMerge, Proof};
use omnihub_plugin::{Failure, Payload, Remark};

use super::{Reading, full_name, gid_id, is_true, object_id, tag_list, time, without_id};
use crate::wire;

/// The account, with the keys Shopify holds of its owner; `None` for a customer without id.
pub(super) fn party(reading: &Reading<'_>, wire: &wire::Customer) -> Option<Party> {
    let id = object_id(&wire.admin_graphql_api_id, &wire.id)?;
    let proof = if is_true(&wire.verified_email) { Proof::Verified } else { Proof::Claimed };
    let mut ids = vec![Identity::provider("customer", id)];
    ids.extend(said(wire.email.clone()).map(|email| Identity::email(email, proof)));
    ids.extend(said(wire.phone.clone()).map(|phone| Identity::phone(phone, reading.settings.phones)));
    Party::of(ids, full_name(&wire.first_name, &wire.last_name))
}

/// A customer as a whole, with what they allow.
pub(super) fn customer(reading: &mut Reading<'_>, name: &str) -> Result<(), Failure> {
    let wire = reading.body()?;
    tell(reading, name, wire)
}

pub(super) fn tell(reading: &mut Reading<'_>, name: &str, wire: wire::Customer) -> Result<(), Failure> {
    let id = object_id(&wire.admin_graphql_api_id, &wire.id).ok_or_else(|| without_id("a customer"))?;
    let who = party(reading, &wire).ok_or_else(|| without_id("a customer"))?;
    let version = time(&wire.updated_at).or_else(|| reading.triggered_at()).or(time(&wire.created_at));
    let created = time(&wire.created_at);
    let payload = Payload::Customer(profile(&wire, who.clone()));
    match name {
        "customer.created" => reading.once(name, &id, created, version, payload),
        _ => reading.again(name, &id, version, payload),
    }
    // Only consents that were given or taken at some time are news; "never asked" comes with every customer.
    let account = |id: &str| Party { ids: vec![Identity::provider("customer", id)], name: None };
    for (channel, consent) in [("email", wire.email_marketing_consent), ("sms", wire.sms_marketing_consent)] {
        if let Some(consent) = consent.filter(|consent| time(&consent.consent_updated_at).is_some()) {
            self::consent(reading, &id, account(&id), channel, consent);
        }
    }
    Ok(())
}

/// The customer inside an order. Their state is at least as new as the order's, whose version stands in where
/// they have none: too old a version never hides anything newer.
pub(super) fn embedded(reading: &mut Reading<'_>, wire: wire::Customer, order_version: Option<i64>) {
    let Some(who) = party(reading, &wire) else { return };
    let Some(id) = who.ids.first().map(|id| id.value.clone()) else { return };
    let version = time(&wire.updated_at).or(order_version);
    let customer = profile(&wire, who);
    let says_more = customer.who.ids.len() > 1 || customer.who.name.is_some() || customer.tags.is_some();
    if says_more || customer.state.is_some() {
        reading.again("customer.updated", &id, version, Payload::Customer(customer));
    }
}

fn profile(wire: &wire::Customer, who: Party) -> Customer {
    Customer {
        given_name: said(wire.first_name.clone()),
        family_name: said(wire.last_name.clone()),
        locale: said(wire.locale.clone()),
        tags: tag_list(&wire.tags),
        state: said(wire.state.clone()),
        extra: extras([
            ("orders_count", said(wire.orders_count.clone())),
            ("total_spent", said(wire.total_spent.clone())),
        ]),
        ..Customer::new(who)
    }
}

/// Of a deleted customer only the ids are left; when they were deleted only the delivery knows.
pub(super) fn deleted(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Reference = reading.body()?;
    let id = object_id(&wire.admin_graphql_api_id, &wire.id).ok_or_else(|| without_id("a customer"))?;
    let who = Party { ids: vec![Identity::provider("customer", id.clone())], name: None };
    let time = reading.triggered_at();
    let customer = Customer { deleted: true, ..Customer::new(who) };
    reading.once("customer.deleted", &id, time, time, Payload::Customer(customer));
    Ok(())
}

/// A merge counts when it is completed: a failed one moves nobody.
pub(super) fn merged(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::Merge = reading.body()?;
    let id = |gid: &Option<Text>| gid.as_ref().and_then(|gid| gid_id(&gid.0));
    let (Some(kept), Some(absorbed)) = (id(&wire.kept), id(&wire.deleted)) else {
        return Err(without_id("a customer of a merge"));
    };
    let status = said(wire.status).unwrap_or_default();
    if !status.eq_ignore_ascii_case("completed") {
        reading.note("/status", Remark::Ignored, "the merge is not completed");
        return Ok(());
    }
    let time = reading.triggered_at();
    let key = format!("{kept}+{absorbed}");
    let merge = PersonMerge {
        kept: Identity::provider("customer", kept),
        absorbed: Identity::provider("customer", absorbed),
    };
    reading.once("person.merged", &key, time, time, Payload::PersonMerge(merge));
    Ok(())
}

/// What a customer allows by e-mail or text message.
pub(super) fn consent_updated(reading: &mut Reading<'_>) -> Result<(), Failure> {
    let wire: wire::ConsentUpdate = reading.body()?;
    let id = object_id(&wire.admin_graphql_api_id, &wire.customer_id).or_else(|| wire.id.and_then(Text::id));
    let id = id.ok_or_else(|| without_id("the customer of a consent"))?;
    let mut ids = vec![Identity::provider("customer", id.clone())];
    ids.extend(said(wire.email_address).map(|email| Identity::email(email, Proof::Claimed)));
    ids.extend(said(wire.phone).map(|phone| Identity::phone(phone, reading.settings.phones)));
    let who = Party { ids, name: None };
    if wire.email_marketing_consent.is_none() && wire.sms_marketing_consent.is_none() {
        reading.note("", Remark::Ignored, "no consent in it");
    }
    for (channel, consent) in [("email", wire.email_marketing_consent), ("sms", wire.sms_marketing_consent)] {
        if let Some(consent) = consent {
            self::consent(reading, &id, who.clone(), channel, consent);
        }
    }
    Ok(())
}

fn consent(reading: &mut Reading<'_>, id: &str, who: Party, channel: &str, wire: wire::MarketingConsent) {
    let Some(state) = said(wire.state) else {
        reading.note(
            format!("/{channel}_marketing_consent"),
            Remark::Ignored,
            "no state: nothing was decided",
        );
        return;
    };
    let at = time(&wire.consent_updated_at);
    let consent = Consent {
        at,
        extra: extras([
            ("opt_in_level", said(wire.opt_in_level)),
            ("collected_from", said(wire.consent_collected_from)),
        ]),
        ..Consent::new(who, channel, "marketing", consent_word(&state))
    };
    let time = at.or_else(|| reading.triggered_at());
    reading.again("consent.changed", &format!("{id}/{channel}"), time, Payload::Consent(consent));
}

/// Shopify's states in the hub's words. "not_subscribed" is no refusal: the customer never was asked, so it stays.
fn consent_word(state: &str) -> String {
    match state.to_ascii_lowercase().as_str() {
        "subscribed" => "granted".to_owned(),
        "unsubscribed" => "denied".to_owned(),
        other => other.to_owned(),
    }
}

/// Which way tags changed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tagged {
    Added,
    Removed,
}

/// `customer.tags_added` and `customer.tags_removed` name the tags that changed, not those there are.
pub(super) fn tagged(reading: &mut Reading<'_>, tagged: Tagged) -> Result<(), Failure> {
    let wire: wire::TagsChange = reading.body()?;
    let id = wire.customer_id.as_ref().and_then(|id| gid_id(&id.0));
    let id = id
        .or_else(|| wire.customer_id.clone().and_then(Text::id))
        .ok_or_else(|| without_id("a tagged customer"))?;
    let mut tags = tags(wire.tags.as_ref());
    if tags.is_empty() {
        reading.note("/tags", Remark::Malformed, "no tags in it");
        return Ok(());
    }
    tags.sort_unstable();
    tags.dedup();
    let time = time(&wire.occurred_at).or_else(|| reading.triggered_at());
    // Several changes may carry one time: the tags themselves tell them apart.
    let (verb, mark) = match tagged {
        Tagged::Added => ("added", fingerprint(&tags.join("\n"))),
        Tagged::Removed => ("removed", fingerprint(&tags.join("\n"))),
    };
    let who = Party { ids: vec![Identity::provider("customer", id.clone())], name: None };
    let mut customer = Customer::new(who);
    match tagged {
        Tagged::Added => customer.tags_added = tags,
        Tagged::Removed => customer.tags_removed = tags,
    }
    reading.again("customer.tagged", &format!("{id}/{verb}/{mark}"), time, Payload::Customer(customer));
    Ok(())
}

/// A list of tags, or one text of all.
fn tags(raw: Option<&RawMember>) -> Vec<String> {
    let Some(raw) = raw else { return Vec::new() };
    let list = serde_json::from_str::<Vec<Text>>(raw.get()).ok();
    let list = list.map(|list| list.into_iter().filter_map(|tag| said(Some(tag))).collect());
    list.or_else(|| tag_list(&serde_json::from_str::<Text>(raw.get()).ok())).unwrap_or_default()
}
