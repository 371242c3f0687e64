//! What is to be done for customers later: listed by when it is due, asked for, put off and done.

use axum::Json;
use axum::http::StatusCode;
use hub_fold::FollowUpPlan;
use hub_fold::read::{self, FollowUpPage, FollowUpQuery, FollowUpView};
use hub_fold::record::Command;
use hub_model::{FollowUpId, NodeId, Timestamp};
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Named, Said, Word, limit};
use super::error::AdminError;
use super::{Answer, Api, Shared};

const UNKNOWN: AdminError =
    AdminError::NotFound { what: "follow-up", help: "`omnihub follow-up list` shows their ids" };

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListAsked {
    /// Only those due by then.
    due_by: Option<Timestamp>,
    /// `next` of the page before.
    after: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn list(api: Shared, Asked(asked): Asked<ListAsked>) -> Answer<FollowUpPage> {
    let after = asked.after.map(|after| after.parse()).transpose();
    let after = after.map_err(|error: read::PlaceError| AdminError::Question(error.to_string()))?;
    let query = FollowUpQuery { due_by: asked.due_by, after, limit: limit(asked.limit) };
    api.read(move |admin| Ok(read::follow_ups(&*admin.store, &query)?)).await
}

pub(super) async fn one(api: Shared, Named(id): Named<FollowUpId>) -> Answer<FollowUpView> {
    api.read(move |admin| read::follow_up(&*admin.store, id)?.ok_or(UNKNOWN)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddAsked {
    due: Timestamp,
    /// What is to be done.
    text: String,
    /// The name of an event that ends it.
    until: Option<String>,
    /// Asked for again under the same mark by the same person it is the same follow-up. Without one the moment is it.
    mark: Option<String>,
    by: Option<String>,
}

/// A follow-up whose change is journalled.
#[derive(Serialize)]
pub(super) struct Told {
    id: FollowUpId,
    /// Sequence number of the command.
    command: u64,
    /// False when no hub runs: then it is folded when one does.
    running: bool,
}

type Accepted = Result<(StatusCode, Json<Told>), AdminError>;

pub(super) async fn add(
    api: Shared,
    Named(customer): Named<NodeId>,
    Asked(asked): Asked<AddAsked>,
) -> Accepted {
    let AddAsked { due, text, until, mark, by } = asked;
    let by = said_by(&api, by)?;
    let now = api.admin.clock.now();
    let planned = api.read(move |admin| {
        let known = |name: &str| hub_fold::catalogue(std::iter::empty()).events.contains_key(name);
        if let Some(until) = until.as_deref().filter(|name| !known(name)) {
            return Err(AdminError::Question(format!("there is no event {until:?}")));
        }
        let mark = mark.unwrap_or_else(|| now.to_string());
        let plan = FollowUpPlan { customer, mark, due, text, until, by };
        Ok(hub_fold::plan_follow_up(&*admin.store, plan, now)?)
    });
    let Json((id, command)) = planned.await?;
    told(&api, id, command).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PostponeAsked {
    due: Timestamp,
    by: Option<String>,
}

pub(super) async fn postpone(
    api: Shared,
    Named(id): Named<FollowUpId>,
    Asked(asked): Asked<PostponeAsked>,
) -> Accepted {
    let by = said_by(&api, asked.by)?;
    let now = api.admin.clock.now();
    let planned = api.read(move |admin| Ok(hub_fold::plan_postpone(&*admin.store, id, asked.due, &by, now)?));
    let Json(command) = planned.await?;
    told(&api, id, command).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CloseAsked {
    by: Option<String>,
}

pub(super) async fn close(
    api: Shared,
    Named(id): Named<FollowUpId>,
    Asked(asked): Asked<CloseAsked>,
) -> Accepted {
    let by = said_by(&api, asked.by)?;
    let now = api.admin.clock.now();
    let planned = api.read(move |admin| Ok(hub_fold::plan_close(&*admin.store, id, &by, now)?));
    let Json(command) = planned.await?;
    told(&api, id, command).await
}

fn said_by(api: &Shared, by: Option<String>) -> Result<String, AdminError> {
    let Said { by, .. } = Word { by, reason: None }.checked(&api.caller)?;
    Ok(by)
}

async fn told(api: &Api, id: FollowUpId, command: Command) -> Accepted {
    let command = api.command(command).await?.get();
    Ok((StatusCode::ACCEPTED, Json(Told { id, command, running: api.admin.plugins.is_some() })))
}
