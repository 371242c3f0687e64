//! Whether Zendesk still delivers to us. A webhook that is switched off is switched on again; one that is missing cannot be
//! made here, because Zendesk gives every webhook a signing secret of its own, which an operator has to take over.

use omnihub_plugin::host::http::Method;
use omnihub_plugin::lenient::said;
use omnihub_plugin::{Failure, Standing, Subscribed, Wanted, answer};
use serde_json::json;

use crate::api::{self, Send};
use crate::wire::{Hook, Listed};

/// Zendesk's most.
const PAGE_SIZE: u32 = 100;
/// Nobody has more webhooks, and the call has requests left to switch them on.
const PAGES_MAX: usize = 10;
/// A call may send no more.
const REPAIRS_MAX: usize = 8;
/// What every event subscription begins with.
const EVENT_TYPE: &str = "zen:event-type:";
/// What a webhook of triggers and automations is subscribed to.
const TRIGGERS: &str = "conditional_ticket_events";
const ADMIN: &str = "Admin Center > Apps and integrations > Webhooks";

pub(crate) fn check(wanted: &Wanted, send: Send<'_>) -> Result<Vec<Subscribed>, Failure> {
    let ours = ours(&wanted.callback, send)?;
    if ours.is_empty() {
        let detail =
            format!("no webhook calls our address: make one in {ADMIN} and set webhook_secret to its secret");
        return Ok(vec![broken("webhook", detail)]);
    }
    let mut all = Vec::new();
    let mut repairs = 0;
    for hook in &ours {
        let (standing, detail) = match is_active(hook) {
            true => (Standing::Active, None),
            false if !wanted.repair || repairs == REPAIRS_MAX => {
                (Standing::Broken, Some(format!("the webhook is inactive: activate it in {ADMIN}")))
            }
            false => {
                repairs += 1;
                activated(hook, send)?
            }
        };
        all.extend(topics(hook).into_iter().map(|topic| Subscribed {
            topic,
            standing,
            detail: detail.clone(),
        }));
    }
    Ok(all)
}

fn broken(topic: &str, detail: String) -> Subscribed {
    Subscribed { topic: topic.to_owned(), standing: Standing::Broken, detail: Some(detail) }
}

/// The webhooks that call our address, character for character.
fn ours(callback: &str, send: Send<'_>) -> Result<Vec<Hook>, Failure> {
    let mut ours = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let path = api::list_page("/api/v2/webhooks", PAGE_SIZE, after.as_deref());
        let listed: Listed = api::read(send, api::SUPPORT, path)?;
        after = listed.next(after.as_deref());
        let hooks = listed.webhooks.ok_or_else(api::garbled)?;
        let calls_us = |hook: &Hook| hook.endpoint.as_ref().is_some_and(|endpoint| endpoint.0 == callback);
        ours.extend(hooks.into_iter().flatten().filter(calls_us));
        if after.is_none() {
            break;
        }
    }
    Ok(ours)
}

fn is_active(hook: &Hook) -> bool {
    hook.status.as_ref().is_some_and(|status| status.0.eq_ignore_ascii_case("active"))
}

fn activated(hook: &Hook, send: Send<'_>) -> Result<(Standing, Option<String>), Failure> {
    let Some(id) = said(hook.id.clone()) else { return Err(api::garbled()) };
    let path = format!("/api/v2/webhooks/{}", api::percent_encoded(&id));
    let body = json!({"webhook": {"status": "active"}});
    // Switching on twice is switching on once.
    let response = send(api::SUPPORT, &api::with_body(Method::Patch, path, &body)).map_err(answer::unread)?;
    match api::judged(&response) {
        Ok(()) => Ok((Standing::Repaired, Some("the webhook was inactive and is active again".to_owned()))),
        Err(Failure::Rejected(why)) => Ok((
            Standing::Broken,
            Some(format!("the webhook is inactive and could not be activated ({why}): see {ADMIN}")),
        )),
        Err(other) => Err(other),
    }
}

/// What a webhook is subscribed to. One connected to triggers is one topic: which triggers call it Zendesk does not say here.
fn topics(hook: &Hook) -> Vec<String> {
    let plain = |topic: &str| match topic {
        TRIGGERS => "triggers".to_owned(),
        _ => topic.strip_prefix(EVENT_TYPE).unwrap_or(topic).to_owned(),
    };
    let topics: Vec<String> = hook.subscriptions.iter().flatten().map(|topic| plain(&topic.0)).collect();
    if topics.is_empty() { vec!["webhook".to_owned()] } else { topics }
}
