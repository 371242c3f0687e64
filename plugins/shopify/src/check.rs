//! Whether the shop still delivers to us. Shopify removes a subscription after eight failures in a row, and tells nobody.
//!
//! The privacy topics belong to the app's own configuration, which the API does not show: they are not looked at.

use omnihub_plugin::exact::Text;
use omnihub_plugin::lenient::said;
use omnihub_plugin::members::{self, Members, Object};
use omnihub_plugin::{Failure, Standing, Subscribed, Wanted, answer};

use crate::admin::{Admin, After};
use crate::json;
use crate::wire::admin::{Changed, PageInfo, SubscriptionNode, SubscriptionsData};

/// What we subscribe to unless the operator says otherwise.
const TOPICS: &str = "orders/create, orders/updated, orders/paid, orders/cancelled, orders/fulfilled, \
    orders/partially_fulfilled, orders/edited, orders/delete, refunds/create, returns/request, returns/approve, \
    returns/decline, returns/cancel, returns/close, returns/update, fulfillments/create, fulfillments/update, \
    customers/create, customers/update, customers/delete, customers/merge, customers_marketing_consent/update, \
    customers_email_marketing_consent/update, customer.tags_added, customer.tags_removed, checkouts/create, \
    checkouts/update, checkouts/delete, app/uninstalled, app/scopes_update, shop/update";
/// How the operator says that the app's own file subscribes.
const NONE: &str = "none";
/// More subscriptions than Shopify lets an app have, in pages of 250.
const PAGES_MAX: u32 = 10;

const SUBSCRIPTIONS: &str = "query Subscriptions($after: String) { webhookSubscriptions(first: 250, after: $after) { \
    pageInfo { hasNextPage endCursor } nodes { topic uri format filter } } }";

/// Every topic wanted, with how it stands.
pub(crate) fn check(
    wanted: &Wanted,
    topics: Option<&str>,
    admin: &mut Admin<'_>,
) -> Result<Vec<Subscribed>, Failure> {
    let topics = topics_of(topics.unwrap_or(TOPICS))?;
    if topics.is_empty() {
        return Ok(Vec::new());
    }
    let there = subscriptions(&wanted.callback, admin)?;
    let mut standings: Vec<(&str, Option<Subscribed>)> =
        topics.iter().map(|topic| (*topic, found(topic, &there))).collect();
    let missing: Vec<&str> =
        standings.iter().filter(|(_, found)| found.is_none()).map(|(topic, _)| *topic).collect();
    let mut repaired = match wanted.repair {
        true if !missing.is_empty() => subscribe(&missing, &wanted.callback, admin)?,
        _ => missing.iter().map(|topic| broken(topic, "not subscribed")).collect(),
    }
    .into_iter();
    for (_, standing) in &mut standings {
        if standing.is_none() {
            *standing = repaired.next();
        }
    }
    Ok(standings.into_iter().filter_map(|(_, standing)| standing).collect())
}

/// The topics of a setting, "orders/create, customer.tags_added".
fn topics_of(setting: &str) -> Result<Vec<&str>, Failure> {
    let topics: Vec<&str> = setting.split(',').map(str::trim).filter(|topic| !topic.is_empty()).collect();
    let fits = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'/' | b'.');
    match topics.as_slice() {
        [NONE] => Ok(Vec::new()),
        topics if topics.iter().all(|topic| topic.bytes().all(fits)) => Ok(topics.to_vec()),
        _ => Err(Failure::Misconfigured("topics".into())),
    }
}

/// `ORDERS_CREATE` for `orders/create`, `CUSTOMER_TAGS_ADDED` for `customer.tags_added`.
fn name_in_api(topic: &str) -> String {
    topic.replace(['/', '.'], "_").to_ascii_uppercase()
}

fn subscriptions(callback: &str, admin: &mut Admin<'_>) -> Result<Vec<SubscriptionNode>, Failure> {
    let unreadable = || Failure::Rejected("a list of subscriptions that cannot be read".into());
    let mut ours = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let data: SubscriptionsData =
            admin.read(SUBSCRIPTIONS, json::Object::new().maybe("after", after.as_deref()))?;
        let page = data.subscriptions.ok_or_else(unreadable)?;
        let nodes = page.nodes.ok_or_else(unreadable)?.into_iter().flatten();
        ours.extend(nodes.filter(|node| node.uri.as_ref().is_some_and(|uri| uri.0 == callback)));
        match page.info.and_then(PageInfo::after).ok_or_else(unreadable)? {
            After::Nothing => break,
            After::Page(cursor) => after = Some(cursor),
        }
    }
    Ok(ours)
}

fn found(topic: &str, there: &[SubscriptionNode]) -> Option<Subscribed> {
    let name = name_in_api(topic);
    let is = |text: &Option<Text>, word: &str| text.as_ref().is_some_and(|text| text.0 == word);
    let subscription = there.iter().find(|subscription| is(&subscription.topic, &name))?;
    if is(&subscription.format, "XML") {
        return Some(broken(topic, "it delivers XML: remove it, and it is made anew"));
    }
    let filtered = said(subscription.filter.clone()).is_some();
    Some(Subscribed {
        topic: topic.to_owned(),
        standing: Standing::Active,
        detail: filtered.then(|| "it has a filter: not everything is delivered".to_owned()),
    })
}

fn broken(topic: &str, detail: &str) -> Subscribed {
    Subscribed { topic: topic.to_owned(), standing: Standing::Broken, detail: Some(detail.to_owned()) }
}

/// Subscribes to all of them in one request: each by itself would be more requests than a call may make.
fn subscribe(topics: &[&str], callback: &str, admin: &mut Admin<'_>) -> Result<Vec<Subscribed>, Failure> {
    let mut mutation = "mutation Subscribe($to: WebhookSubscriptionInput!) {".to_owned();
    for (index, topic) in topics.iter().enumerate() {
        mutation.push_str(&format!(
            " t{index}: webhookSubscriptionCreate(topic: {}, webhookSubscription: $to) {{ \
             object: webhookSubscription {{ id }} userErrors {{ field }} }}",
            name_in_api(topic)
        ));
    }
    mutation.push_str(" }");
    let to = json::Object::new().text("uri", callback).text("format", "JSON");
    let to = json::Object::new().object("to", to);
    let created = match admin.write_some::<ByAlias>(&mutation, to) {
        Ok(created) => created,
        // A topic of the operator's that this shop does not know.
        Err(Failure::Rejected(why)) => return Ok(topics.iter().map(|topic| broken(topic, &why)).collect()),
        Err(failure) => return Err(failure),
    };
    Ok(topics.iter().enumerate().map(|(index, topic)| created.standing(index, topic)).collect())
}

/// What became of several mutations, by the names we gave them.
struct ByAlias(Vec<(String, Changed)>);

impl Members for ByAlias {
    fn of(object: &Object<'_>) -> Self {
        let changed =
            object.iter().filter_map(|(alias, raw)| Some((alias.clone(), members::read(raw.get())?)));
        Self(changed.collect())
    }
}

impl ByAlias {
    fn standing(&self, index: usize, topic: &str) -> Subscribed {
        let alias = format!("t{index}");
        let changed = self.0.iter().find(|(known, _)| *known == alias).map(|(_, changed)| changed);
        let made = changed.and_then(|changed| changed.object.as_ref()).is_some();
        if made {
            return Subscribed { topic: topic.to_owned(), standing: Standing::Repaired, detail: None };
        }
        let errors = changed.and_then(|changed| changed.user_errors.as_ref()).into_iter().flatten().flatten();
        let field = errors.filter_map(|error| error.field.as_ref()).flatten().last();
        match field.and_then(|field| answer::word(&field.0)) {
            Some(field) => broken(topic, &format!("refused: {field}")),
            None => broken(topic, "refused: the app may lack the scope for it"),
        }
    }
}
