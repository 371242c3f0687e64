//! Effects: listed, one with what was sent, and tried again.

use axum::Json;
use axum::http::StatusCode;
use hub_fold::read::{self, EFFECT_STATES, EffectQuery, EffectSummary};
use hub_fold::record::Command;
use hub_model::EffectId;
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Named, limit, state};
use super::deliveries::Commanded;
use super::error::AdminError;
use super::{Answer, Shared};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    state: Option<String>,
    rule: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Effects {
    effects: Vec<EffectSummary>,
}

pub(super) async fn list(api: Shared, Asked(asked): Asked<ListQuery>) -> Answer<Effects> {
    let query = EffectQuery {
        state: state(asked.state, &EFFECT_STATES)?,
        rule: asked.rule,
        limit: limit(asked.limit),
    };
    api.read(move |admin| Ok(Effects { effects: read::effects(&*admin.store, &query)? })).await
}

pub(super) const UNKNOWN: AdminError =
    AdminError::NotFound { what: "effect", help: "`omnihub effect list` shows their ids" };

pub(super) async fn one(api: Shared, Named(id): Named<EffectId>) -> Answer<EffectSummary> {
    api.read(move |admin| read::effect(&*admin.store, id)?.ok_or(UNKNOWN)).await
}

/// Only what stopped is tried again: sending a confirmed effect twice is what the hub promises not to do.
pub(super) async fn retry(
    api: Shared,
    Named(id): Named<EffectId>,
) -> Result<(StatusCode, Json<Commanded>), AdminError> {
    let Json(effect) = api.read(move |admin| read::effect(&*admin.store, id)?.ok_or(UNKNOWN)).await?;
    match effect.state {
        "confirmed" => {
            return Err(AdminError::Conflict {
                message: "the effect is confirmed",
                help: "it happened once, and once is all there is",
            });
        }
        "claimed" => {
            return Err(AdminError::Conflict {
                message: "the effect is being sent",
                help: "wait for its receipt, then look again",
            });
        }
        "held" => {
            return Err(AdminError::Conflict {
                message: "the effect waits for a person's word",
                help: "`omnihub effect release` lets it be sent, with a reason",
            });
        }
        "cancelled" => {
            return Err(AdminError::Conflict {
                message: "the effect is cancelled",
                help: "`omnihub audit list` says who did it, and why",
            });
        }
        _ => {}
    }
    let command = api.command(Command::RetryEffect { effect: id }).await?.get();
    Ok((StatusCode::ACCEPTED, Json(Commanded { command, running: api.admin.plugins.is_some() })))
}
