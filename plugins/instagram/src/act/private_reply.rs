//! Answering a comment with a message: once for each comment, within seven days. Meta refuses a second one, so another
//! attempt does no harm where the conversation shows none; whose the first one was that refusal does not say.

use omnihub_plugin::exact::unix_or_iso;
use omnihub_plugin::lenient::said;
use omnihub_plugin::meta::effect::{DAY, argument, optional};
use omnihub_plugin::meta::graph::{self, Graph, Refusal, Repeat};
use omnihub_plugin::{Effect, Failure, Receipt, members};
use serde_json::json;

use super::echo::{self, Echo};
use super::send::Content;
use super::{already_done, receipt};
use crate::api::Api;
use crate::wire::history::Comment;

const DAYS: i64 = 7;
/// "Activity already replied to."
const REPLIED_TO: i64 = 10_900;

pub(super) fn perform(effect: &Effect, api: &Api, graph: &mut dyn Graph) -> Result<Receipt, Failure> {
    let comment = argument(effect, "comment")?;
    let text = argument(effect, "text")?;
    if effect.uncertain {
        let customer = customer(effect, comment, api, graph)?;
        match echo::look(effect, &customer, &Content::Text(text), api, graph)? {
            Echo::Found(mid) => return Ok(already_done(&customer, &mid)),
            // The reply would have begun one.
            Echo::Absent | Echo::NoConversation => {}
            Echo::Undecided => return Err(unknown()),
        }
    }
    judge_window(effect)?;
    let body = json!({"recipient": {"comment_id": comment}, "message": {"text": text}});
    let request = graph::post(api.edge("messages", &[])?, body.to_string());
    match graph::call(graph, &request, effect.attempt, Repeat::Never) {
        Ok(answer) => Ok(receipt(None, &answer)),
        // By an attempt that is not shown yet, or by somebody else.
        Err(Refusal { code: Some(REPLIED_TO), .. }) if effect.uncertain => Err(unknown()),
        Err(Refusal { code: Some(REPLIED_TO), .. }) => {
            Err(Failure::Rejected("the comment has been replied to before".into()))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// The comment's age as far as it is told; that of the effect is a lower bound of it.
fn judge_window(effect: &Effect) -> Result<(), Failure> {
    let since = match optional(effect, "commented_at") {
        Some(text) => {
            unix_or_iso(text).ok_or_else(|| Failure::Rejected("commented_at is not a time".into()))?
        }
        None => effect.planned_at,
    };
    if effect.now.saturating_sub(since) < DAYS * DAY {
        return Ok(());
    }
    Err(Failure::Rejected("outside the 7-day window for private replies to a comment".into()))
}

/// Who wrote the comment: as told, or as the provider says.
fn customer(effect: &Effect, comment: &str, api: &Api, graph: &mut dyn Graph) -> Result<String, Failure> {
    if let Some(to) = optional(effect, "to") {
        return Ok(to.to_owned());
    }
    let request = graph::get(api.of(comment, "", &[("fields", "from")])?);
    let body = match graph::call(graph, &request, effect.attempt, Repeat::Harmless) {
        Ok(body) => body,
        // The comment is gone, or not ours to see.
        Err(Refusal { failure: Failure::Rejected(_), .. }) => return Err(unknown()),
        Err(refusal) => return Err(refusal.into()),
    };
    let from = members::read::<Comment>(&body).and_then(|comment| comment.from);
    said(from.and_then(|from| from.id)).ok_or_else(unknown)
}

fn unknown() -> Failure {
    Failure::OutcomeUnknown("an earlier attempt may have been sent, and there is no telling".into())
}
