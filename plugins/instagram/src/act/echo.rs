//! Looks in a conversation for what an earlier attempt may have sent. Meta takes no idempotency key; a message of ours
//! with the same words since the effect was planned is that attempt.

use omnihub_plugin::lenient::said;
use omnihub_plugin::meta::graph::{self, Graph, Repeat};
use omnihub_plugin::{Effect, Failure, members, meta};

use super::send::Content;
use crate::api::Api;
use crate::poll::MESSAGES_SHOWN;
use crate::wire::history::{Conversations, MESSAGE_FIELDS, Message, Messages};

const SECOND: i64 = 1_000_000_000;

/// Meta tells whole seconds, and clocks that are set well differ by as much.
const ROUNDED: i64 = 5 * SECOND;

/// How far ahead of Meta's the hub's clock may be: as far as signatures of providers commonly allow. What was said then may
/// be an attempt or another's words.
const CLOCKS_APART: i64 = 300 * SECOND;

pub(super) enum Echo {
    /// Its mid.
    Found(String),
    /// Everything since the effect was planned has been seen: no attempt came through.
    Absent,
    NoConversation,
    /// What was seen does not settle it.
    Undecided,
}

pub(super) fn look(
    effect: &Effect,
    to: &str,
    content: &Content<'_>,
    api: &Api,
    graph: &mut dyn Graph,
) -> Result<Echo, Failure> {
    let fields = format!("id,messages.limit({MESSAGES_SHOWN}){{{MESSAGE_FIELDS}}}");
    let query = [("platform", "instagram"), ("user_id", to), ("fields", &fields)];
    let request = graph::get(api.edge("conversations", &query)?);
    let body = graph::call(graph, &request, effect.attempt, Repeat::Harmless)?;
    let Some(found) = members::read::<Conversations>(&body).and_then(|page| page.data) else {
        return Ok(Echo::Undecided);
    };
    match found.into_iter().next() {
        None => Ok(Echo::NoConversation),
        Some(conversation) => Ok(conversation
            .and_then(|conversation| conversation.messages)
            .map_or(Echo::Undecided, |messages| search(&messages, to, content, effect.planned_at))),
    }
}

fn search(messages: &Messages, to: &str, content: &Content<'_>, planned_at: i64) -> Echo {
    let Some(data) = &messages.data else { return Echo::Undecided };
    let is_full = data.len() >= MESSAGES_SHOWN as usize;
    let mut is_whole = messages.paging.as_ref().is_none_or(|paging| paging.after(is_full).is_none());
    let mut is_doubtful = false;
    for message in data {
        let Some(message) = message else {
            is_doubtful = true;
            continue;
        };
        let at = meta::time(message.created_time.as_ref());
        if at.is_some_and(|at| at < planned_at.saturating_sub(CLOCKS_APART)) {
            is_whole = true;
            continue;
        }
        let is_since = at.is_some_and(|at| at >= planned_at.saturating_sub(ROUNDED));
        match resemblance(message, to, content) {
            Resemblance::Same(mid) if is_since => return Echo::Found(mid),
            Resemblance::Other => {}
            _ => is_doubtful = true,
        }
    }
    if is_whole && !is_doubtful { Echo::Absent } else { Echo::Undecided }
}

enum Resemblance {
    Same(String),
    Other,
    /// It may be; media get a new address at Meta's.
    Perhaps,
}

fn resemblance(message: &Message, to: &str, content: &Content<'_>) -> Resemblance {
    let Some(from) = message.from.as_ref().and_then(|from| said(from.id.clone())) else {
        return Resemblance::Perhaps;
    };
    if from == to {
        return Resemblance::Other;
    }
    match (content, said(message.message.clone())) {
        (Content::Text(ours), Some(theirs)) if ours.trim() == theirs.trim() => {
            said(message.id.clone()).map_or(Resemblance::Perhaps, Resemblance::Same)
        }
        (Content::Medium { .. }, None) if message.attachments.is_some() => Resemblance::Perhaps,
        _ => Resemblance::Other,
    }
}
