//! Square's envelopes: accounts, entries of their ledger, customers, and notices of everything else. Polled accounts and
//! entries go the same ways.

use omnihub_plugin::dated::fingerprint;
use omnihub_plugin::exact::Text;
use omnihub_plugin::lenient::said;
use omnihub_plugin::members::{self, extras};
use omnihub_plugin::model::{
    Consent, Customer, Identity, LoyaltyAccount, LoyaltyEntry, Party, PersonMerge, Proof,
};
use omnihub_plugin::square::{Envelope, time, whole};
use omnihub_plugin::{Delivery, Event, Payload, Remark, Report};
use serde_json::value::RawValue;

use crate::wire::square as wire;

/// The scope of a customer's id.
pub(crate) const CUSTOMER: &str = "square-customer";

pub(super) fn report(envelope: &Envelope, delivery: &Delivery) -> Report {
    let told = match envelope.kind() {
        "loyalty.account.created" | "loyalty.account.updated" | "loyalty.account.deleted" => {
            account(envelope, delivery).map(|event| vec![event])
        }
        "loyalty.event.created" => entry(envelope, delivery).map(|event| vec![event]),
        "customer.created" | "customer.updated" | "customer.deleted" => customer(envelope, delivery),
        _ => Ok(vec![envelope.notice(delivery)]),
    };
    let mut report = Report::new();
    match told {
        Ok(events) => report.events = events,
        Err(reason) => report.note("/data/object", Remark::Malformed, reason),
    }
    report
}

/// An account as it stood when the webhook was made. Versions are the webhook's times: an account's `updated_at` is
/// the same before and after a change of its balance in Square's own examples, and would not tell which is newer.
fn account(envelope: &Envelope, delivery: &Delivery) -> Result<Event, &'static str> {
    let object: wire::AccountObject = envelope.object().unwrap_or_default();
    let mut account = object.loyalty_account.unwrap_or_default();
    account.id = said(account.id).or_else(|| envelope.data_id()).map(Text);
    let at = envelope.created_at(delivery).max(time(&account.updated_at));
    let otherwise = envelope.event_id(&fingerprint(&delivery.body));
    // The object of a deletion looks like any other: only the type says so.
    let standing = match envelope.kind() {
        "loyalty.account.deleted" => Standing::Deleted,
        _ => Standing::There,
    };
    account_event(account, standing, at, &otherwise, delivery.received_at)
}

/// Whether an account is still there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    There,
    Deleted,
}

fn account_event(
    account: wire::Account,
    standing: Standing,
    at: Option<i64>,
    otherwise: &str,
    received_at: i64,
) -> Result<Event, &'static str> {
    let id = said(account.id).ok_or("a loyalty account without id")?;
    let mut told = LoyaltyAccount::new(id.clone());
    told.program = said(account.program_id);
    told.member = member(
        &id,
        said(account.customer_id),
        account.mapping.and_then(|mapping| said(mapping.phone_number)),
    );
    told.balance = whole(&account.balance);
    told.lifetime = whole(&account.lifetime_points);
    told.enrolled_at = time(&account.enrolled_at);
    told.deleted = standing == Standing::Deleted;
    told.extra = next_expiry(account.expiring_point_deadlines.unwrap_or_default());
    let payload = Payload::LoyaltyAccount(told);
    Ok(Event::dated("loyalty.account_changed", &id, at, otherwise, received_at, payload))
}

/// An account that was polled. `touched_at` is the latest entry of its ledger that is known to be in it.
pub(crate) fn polled_account(
    account: wire::Account,
    touched_at: Option<i64>,
    now: i64,
) -> Result<Event, &'static str> {
    let at = time(&account.updated_at).max(touched_at);
    let otherwise = account.balance.as_ref().map_or_else(String::new, |balance| balance.0.clone());
    account_event(account, Standing::There, at, &otherwise, now)
}

fn member(account: &str, customer: Option<String>, phone: Option<String>) -> Option<Party> {
    let mut ids = vec![Identity::provider("loyalty-account", account)];
    ids.extend(phone.map(|phone| Identity::phone(phone, Proof::Verified)));
    ids.extend(customer.map(|customer| Identity::provider(CUSTOMER, customer)));
    Party::of(ids, None)
}

/// The points that will be lost first.
fn next_expiry(deadlines: Vec<Option<wire::Deadline>>) -> Vec<(String, String)> {
    let first = deadlines.into_iter().flatten().filter(|deadline| time(&deadline.expires_at).is_some());
    let Some(first) = first.min_by_key(|deadline| time(&deadline.expires_at)) else { return Vec::new() };
    extras([("next_expiry_at", said(first.expires_at)), ("next_expiry_points", said(first.points))])
}

fn entry(envelope: &Envelope, delivery: &Delivery) -> Result<Event, &'static str> {
    let object: wire::EntryObject = envelope.object().unwrap_or_default();
    let raw = object.loyalty_event.ok_or("no loyalty_event")?;
    entry_event(&raw, envelope.created_at(delivery), delivery.received_at)
}

/// One entry of the ledger. `told_at` stands in where it says no time.
pub(crate) fn entry_event(
    raw: &RawValue,
    told_at: Option<i64>,
    received_at: i64,
) -> Result<Event, &'static str> {
    let entry: wire::Entry = members::read(raw.get()).ok_or("loyalty_event is not an object")?;
    // `data.id` may name something else than this entry, so it is no substitute.
    let id = said(entry.id).ok_or("a loyalty event without id")?;
    let account = said(entry.loyalty_account_id).ok_or("a loyalty event without loyalty_account_id")?;
    let square_kind = said(entry.kind).ok_or("a loyalty event without type")?;
    let detail = detail(raw, &square_kind);

    let mut told = LoyaltyEntry::new(id.clone(), account, hub_kind(&square_kind));
    told.points = change(&square_kind, whole(&detail.points));
    told.reason = said(detail.reason);
    told.order = said(detail.order_id);
    told.extra = extras([
        ("type", Some(square_kind)),
        ("source", said(entry.source)),
        ("location_id", said(entry.location_id)),
        ("reward_id", said(detail.reward_id)),
        ("promotion_id", said(detail.loyalty_promotion_id)),
    ]);
    let at = time(&entry.created_at).or(told_at);
    Ok(Event::once("loyalty.points_changed", id, at, received_at, Payload::LoyaltyEntry(told)))
}

/// The one object that says what happened: it stands under the type's own name.
fn detail(entry: &RawValue, square_kind: &str) -> wire::Detail {
    let entry = members::parse(entry.get()).unwrap_or_default();
    let name = match square_kind {
        "OTHER" => "other_event".to_owned(),
        kind => kind.to_ascii_lowercase(),
    };
    entry.get(&name).and_then(|detail| members::read(detail.get())).unwrap_or_default()
}

fn hub_kind(square_kind: &str) -> String {
    match square_kind {
        "ACCUMULATE_POINTS" | "ACCUMULATE_PROMOTION_POINTS" => "accumulate".into(),
        "REDEEM_REWARD" => "redeem".into(),
        "ADJUST_POINTS" => "adjust".into(),
        "EXPIRE_POINTS" => "expire".into(),
        other => other.to_ascii_lowercase(),
    }
}

/// The change of the balance. Rewards and expiries have one possible direction, whatever sign is written.
fn change(square_kind: &str, points: Option<i64>) -> Option<i64> {
    match square_kind {
        // They were taken when the reward was created.
        "REDEEM_REWARD" => None,
        "CREATE_REWARD" | "EXPIRE_POINTS" => {
            points.and_then(|points| points.checked_abs()).map(|points| -points)
        }
        "DELETE_REWARD" => points.and_then(|points| points.checked_abs()),
        _ => points,
    }
}

fn customer(envelope: &Envelope, delivery: &Delivery) -> Result<Vec<Event>, &'static str> {
    let object: wire::CustomerObject = envelope.object().unwrap_or_default();
    let customer = object.customer.unwrap_or_default();
    let id = said(customer.id.clone()).or_else(|| envelope.data_id()).ok_or("a customer without id")?;
    let made_at = envelope.created_at(delivery);
    let deleted = envelope.kind() == "customer.deleted";
    // The profile of a deleted customer keeps its last `updated_at`; the deletion came after it.
    let at = if deleted { made_at } else { time(&customer.updated_at).or(made_at) };
    let otherwise = envelope.event_id(&fingerprint(&delivery.body));
    let dated = |name: &str, object: &str, payload| {
        Event::dated(name, object, at, &otherwise, delivery.received_at, payload)
    };

    let who = party(&id, &customer);
    let unsubscribed = unsubscribed(&customer);
    let mut events =
        vec![dated(envelope.kind(), &id, Payload::Customer(profile(who.clone(), customer, deleted)))];
    if unsubscribed.as_deref() == Some("true") && !deleted {
        // The opposite is not a consent: it only says that nobody has unsubscribed.
        let mut consent = Consent::new(who, "email", "marketing", "denied");
        consent.at = at;
        events.push(dated("consent.changed", &format!("{id}/email"), Payload::Consent(consent)));
    }
    events.extend(merges(object.event_context, made_at, delivery));
    Ok(events)
}

fn party(id: &str, customer: &wire::Customer) -> Party {
    let mut ids = vec![Identity::provider(CUSTOMER, id)];
    ids.extend(said(customer.email_address.clone()).map(|email| Identity::email(email, Proof::Claimed)));
    ids.extend(said(customer.phone_number.clone()).map(|phone| Identity::phone(phone, Proof::Claimed)));
    let names: Vec<String> = [&customer.given_name, &customer.family_name]
        .into_iter()
        .filter_map(|name| said(name.clone()))
        .collect();
    Party { ids, name: (!names.is_empty()).then(|| names.join(" ")) }
}

fn profile(who: Party, customer: wire::Customer, deleted: bool) -> Customer {
    let unsubscribed = unsubscribed(&customer);
    Customer {
        given_name: said(customer.given_name),
        family_name: said(customer.family_name),
        deleted,
        extra: extras([
            ("birthday", birthday(customer.birthday)),
            ("creation_source", said(customer.creation_source)),
            ("email_unsubscribed", unsubscribed),
        ]),
        ..Customer::new(who)
    }
}

/// Month and day of `1998-09-21`, or of `0000-09-21` where the year is not known
/// (https://developer.squareup.com/reference/square/objects/Customer). The year is nobody's business.
fn birthday(written: Option<Text>) -> Option<String> {
    let date = said(written)?;
    let (_, day) = date.split_once('-')?;
    (date.len() == "0000-00-00".len()).then(|| day.to_owned())
}

/// `true` or `false`, where Square says it.
fn unsubscribed(customer: &wire::Customer) -> Option<String> {
    said(customer.preferences.as_ref()?.email_unsubscribed.clone())
}

/// Square tells of a merge with the new profile and with each one it replaced; the pairs are the same in all.
fn merges(context: Option<wire::EventContext>, at: Option<i64>, delivery: &Delivery) -> Vec<Event> {
    let merge = context.and_then(|context| context.merge).unwrap_or_default();
    let Some(kept) = said(merge.to_customer_id) else { return Vec::new() };
    let absorbed = merge.from_customer_ids.unwrap_or_default().into_iter().filter_map(|id| said(Some(id)));
    let event = |absorbed: String| {
        let payload = Payload::PersonMerge(PersonMerge {
            kept: Identity::provider(CUSTOMER, kept.clone()),
            absorbed: Identity::provider(CUSTOMER, absorbed.clone()),
        });
        Event::once("person.merged", format!("{absorbed}/{kept}"), at, delivery.received_at, payload)
    };
    absorbed.filter(|absorbed| *absorbed != kept).map(event).collect()
}
