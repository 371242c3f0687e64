//! Points of a Voucherify card. There is no key to make it happen once: every further attempt looks for our id among
//! the card's transactions first, and only sends when it is not there.

use omnihub_plugin::host::http::Method;
use omnihub_plugin::lenient::said;
use omnihub_plugin::square::api::{Outside, given, required, segment};
use omnihub_plugin::square::time;
use omnihub_plugin::square::window::BROKEN_ANSWER_MS;
use omnihub_plugin::{Effect, Failure, Receipt, answer};
use serde_json::{Value, json};

use super::points;
use crate::settings::Settings;
use crate::voucherify::{ENDPOINT, key, request, transactions};

/// Clocks differ; nothing of the effect is older than its plan by more.
const AHEAD_NS_MAX: i64 = 3_600 * 1_000_000_000;

/// A thousand transactions of one card since the effect was planned: more is no person's.
const PAGES_MAX: usize = 10;

pub(super) fn perform(
    effect: &Effect,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Receipt, Failure> {
    let member = required(effect, "member")?;
    let card =
        segment(member).ok_or_else(|| Failure::Rejected("member is no id or code of a card".into()))?;
    let body = body(effect)?;
    if (effect.attempt > 1 || effect.uncertain)
        && let Some(done) = look_for(effect, member, settings, outside)?
    {
        return Ok(done);
    }
    let path = format!("/v1/loyalties/members/{card}/balance");
    let request = request(settings, Method::Post, path, Some(&body))?;
    let response = outside.send(ENDPOINT, &request).map_err(answer::unanswered)?;
    answer::check(&response, key)?;
    // The answer tells the new balance and not the transaction; our own id finds it.
    Ok(Receipt { reference: None, already_done: false, extra: vec![("source_id".into(), effect.id.clone())] })
}

pub(crate) fn body(effect: &Effect) -> Result<Value, Failure> {
    let mut body = json!({"points": points(effect)?, "source_id": effect.id});
    if let (Some(body), Some(reason)) = (body.as_object_mut(), given(effect, "reason")) {
        body.insert("reason".into(), reason.into());
    }
    Ok(body)
}

/// The receipt of an earlier attempt that was carried out after all.
fn look_for(
    effect: &Effect,
    member: &str,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Option<Receipt>, Failure> {
    let since = effect.planned_at.saturating_sub(AHEAD_NS_MAX);
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let page = transactions(settings, outside, member, after.as_deref())?;
        let next = page.next();
        let mut is_older = false;
        // A list that cannot be read says nothing, least of all that ours is not on it.
        let transactions = page.data.ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))?;
        for transaction in transactions.into_iter().flatten() {
            if transaction.source_id.as_ref().is_some_and(|source| source.0 == effect.id) {
                let reference = said(transaction.id);
                return Ok(Some(Receipt { reference, already_done: true, extra: Vec::new() }));
            }
            is_older |= time(&transaction.created_at).is_some_and(|at| at < since);
        }
        if is_older || next.is_none() {
            return Ok(None);
        }
        after = next;
    }
    Err(Failure::OutcomeUnknown("too many transactions of this card to look through".into()))
}
