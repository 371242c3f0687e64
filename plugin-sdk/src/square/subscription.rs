//! Whether Square still sends us its webhooks. A subscription that failed for weeks is switched off and nobody is told;
//! switching it on again keeps its signature key, so that can be done here. Making one cannot: it would come with a
//! key that somebody has to put into the connection's secrets.

use serde_json::json;

use super::api::{ENDPOINT, Outside, act, code, encoded, request};
use crate::exact::Text;
use crate::host::http::{Method, Response};
use crate::lenient::said;
use crate::{Failure, Standing, Subscribed, Wanted, answer, members};

const PATH: &str = "/v2/webhooks/subscriptions";

/// An application may have a few hundred subscriptions; a page has a hundred at most.
const PAGES_MAX: usize = 5;

crate::members! {
    Answer {
        text: cursor;
        list: subscriptions: Subscription;
    }
    Subscription {
        text: id, notification_url, enabled;
        texts: event_types;
    }
}

/// Looks for the subscription of this address and its `topics`, and switches on what is off where that is wanted.
///
/// # Errors
/// What a call that failed means; the host looks again later.
pub fn check(
    wanted: &Wanted,
    topics: &[&str],
    version: Option<&str>,
    outside: &mut dyn Outside,
) -> Result<Vec<Subscribed>, Failure> {
    let all = match list(version, outside)? {
        Listed::All(all) => all,
        Listed::NotOurs => return Ok(vec![broken("*", NOT_OURS)]),
    };
    let here = |subscription: &Subscription| {
        subscription.notification_url.as_ref().is_some_and(|address| address.0 == wanted.callback)
    };
    let mut ours: Vec<Subscription> = all.into_iter().filter(here).collect();
    // One that is on says more than one that is off.
    ours.sort_by_key(|subscription| !is_on(subscription));
    let Some(ours) = ours.into_iter().next() else {
        return Ok(topics.iter().map(|topic| broken(topic, NONE)).collect());
    };
    let missing: Vec<&str> = topics.iter().copied().filter(|topic| !covers(&ours, topic)).collect();
    if is_on(&ours) && missing.is_empty() {
        return Ok(topics.iter().map(|topic| standing(topic, Standing::Active, None)).collect());
    }
    let id = said(ours.id.clone()).filter(|id| is_id(id));
    let (Some(id), true) = (id, wanted.repair) else {
        let off = !is_on(&ours);
        let told = |topic: &&str| match (off, missing.contains(topic)) {
            (true, _) => broken(topic, OFF),
            (false, true) => broken(topic, MISSING),
            (false, false) => standing(topic, Standing::Active, None),
        };
        return Ok(topics.iter().map(told).collect());
    };
    repair(&id, &ours, &missing, version, outside)?;
    let told = |topic: &&str| {
        let was_fine = is_on(&ours) && !missing.contains(topic);
        standing(topic, if was_fine { Standing::Active } else { Standing::Repaired }, None)
    };
    Ok(topics.iter().map(told).collect())
}

const NONE: &str = "no subscription sends to this address: add one in Square's Developer Console and put its \
                    signature key into webhook_secret";
const OFF: &str = "the subscription is switched off: enable it in Square's Developer Console";
const MISSING: &str = "the subscription does not name this event type: add it in Square's Developer Console";
const NOT_OURS: &str = "subscriptions belong to the application: only its personal access token may see them, not the \
                        token of a seller";

enum Listed {
    All(Vec<Subscription>),
    /// The token is good for the seller's data, not for this.
    NotOurs,
}

fn list(version: Option<&str>, outside: &mut dyn Outside) -> Result<Listed, Failure> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES_MAX {
        // Disabled ones are left out unless asked for, and those are what we look for.
        let mut path = format!("{PATH}?include_disabled=true&limit=100");
        if let Some(cursor) = cursor.take() {
            path.push_str("&cursor=");
            path.push_str(&encoded(&cursor));
        }
        let request = request(version, Method::Get, path, None)?;
        let response = outside.send(ENDPOINT, &request).map_err(answer::unread)?;
        if matches!(response.status, 401 | 403) {
            return Ok(Listed::NotOurs);
        }
        answer::check(&response, code)?;
        let answer = read(&response)?;
        all.extend(answer.subscriptions.unwrap_or_default().into_iter().flatten());
        cursor = said(answer.cursor);
        if cursor.is_none() {
            break;
        }
    }
    Ok(Listed::All(all))
}

fn read(response: &Response) -> Result<Answer, Failure> {
    members::read(&response.body).ok_or(Failure::RetryAfterMs(super::window::BROKEN_ANSWER_MS))
}

fn repair(
    id: &str,
    ours: &Subscription,
    missing: &[&str],
    version: Option<&str>,
    outside: &mut dyn Outside,
) -> Result<(), Failure> {
    let named = ours.event_types.iter().flatten().map(|text| text.0.as_str());
    // The list is replaced as a whole, so what else it names is said again.
    let event_types: Vec<&str> = named.chain(missing.iter().copied()).collect();
    let body = json!({"subscription": {"enabled": true, "event_types": event_types}});
    let request = request(version, Method::Put, format!("{PATH}/{id}"), Some(&body))?;
    match act(outside, &request) {
        Ok(_) => Ok(()),
        // Doing it twice is doing it once.
        Err(Failure::OutcomeUnknown(_)) => Err(Failure::RetryAfterMs(super::window::BROKEN_ANSWER_MS)),
        Err(failure) => Err(failure),
    }
}

fn is_on(subscription: &Subscription) -> bool {
    subscription.enabled.as_ref().is_some_and(|enabled| enabled.0 == "true")
}

fn covers(subscription: &Subscription, topic: &str) -> bool {
    subscription.event_types.iter().flatten().any(|Text(named)| named == topic)
}

fn standing(topic: &str, standing: Standing, detail: Option<&str>) -> Subscribed {
    Subscribed { topic: topic.to_owned(), standing, detail: detail.map(str::to_owned) }
}

fn broken(topic: &str, detail: &str) -> Subscribed {
    standing(topic, Standing::Broken, Some(detail))
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
