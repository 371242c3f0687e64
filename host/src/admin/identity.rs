//! Who is who: why accounts are one customer, who may be the same person, and a person's word on it. A word is journalled
//! as a command; the fold takes it in, whatever comes before or after it.

use std::collections::BTreeSet;

use axum::Json;
use axum::http::StatusCode;
use hub_fold::read::{self, Because, LinkWhy, Listed, PairWhy, Planned, Suggestion, SuggestionPage};
use hub_fold::{Plan, PlanError};
use hub_model::NodeId;
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Named, Said, Word, limit};
use super::customers::UNKNOWN;
use super::error::AdminError;
use super::{Admin, Answer, Shared};
use crate::what_if::{self, If};

#[derive(Serialize)]
pub(super) struct Links {
    /// Those in force first.
    links: Vec<LinkWhy>,
}

pub(super) async fn links(api: Shared, Named(id): Named<NodeId>) -> Answer<Links> {
    api.read(move |admin| Ok(Links { links: read::why_linked(&*admin.store, id)?.ok_or(UNKNOWN)? })).await
}

pub(super) async fn pair(api: Shared, Named((id, other)): Named<(NodeId, NodeId)>) -> Answer<PairWhy> {
    api.read(move |admin| read::why_pair(&*admin.store, id, other)?.ok_or(UNKNOWN)).await
}

#[derive(Serialize)]
pub(super) struct Suggestions {
    /// The likeliest first.
    suggestions: Vec<Suggestion>,
}

pub(super) async fn suggestions(api: Shared, Named(id): Named<NodeId>) -> Answer<Suggestions> {
    api.read(move |admin| {
        Ok(Suggestions { suggestions: read::suggestions(&*admin.store, id)?.ok_or(UNKNOWN)? })
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    after: Option<NodeId>,
    limit: Option<usize>,
}

pub(super) async fn all_suggestions(api: Shared, Asked(asked): Asked<PageQuery>) -> Answer<SuggestionPage> {
    let limit = limit(asked.limit);
    api.read(move |admin| Ok(read::suggestions_all(&*admin.store, asked.after, limit)?)).await
}

/// A word that was journalled.
#[derive(Serialize)]
pub(super) struct Judged {
    /// Sequence number of the command.
    command: u64,
    /// A hub runs and folds it at once; else the next start does.
    running: bool,
    /// Pairs of accounts it speaks of.
    pairs: usize,
    /// Effects that would not have been planned had this been said before everything else; of an un-merge alone, and only
    /// where asked for: the whole journal is folded for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    effects: Option<Listed<Planned>>,
}

type Told = Result<(StatusCode, Json<Judged>), AdminError>;

/// Two customers are one person. Also accepts a suggestion.
pub(super) async fn merge(
    api: Shared,
    Named((id, other)): Named<(NodeId, NodeId)>,
    Asked(word): Asked<Word>,
) -> Told {
    journalled(&api, word, move |admin| hub_fold::plan_merge(&*admin.store, id, other)).await
}

/// Two customers are not one person, whatever suggests it.
pub(super) async fn reject(
    api: Shared,
    Named((id, other)): Named<(NodeId, NodeId)>,
    Asked(word): Asked<Word>,
) -> Told {
    journalled(&api, word, move |admin| hub_fold::plan_reject(&*admin.store, id, other)).await
}

/// What came to a customer with one of its accounts is taken out again.
pub(super) async fn unmerge(
    api: Shared,
    Named((id, account)): Named<(NodeId, NodeId)>,
    Asked(asked): Asked<UnmergeQuery>,
) -> Told {
    let word = Word { by: asked.by, reason: asked.reason };
    let plan = move |admin: &Admin| {
        let links = read::why_linked(&*admin.store, id)?.ok_or(PlanError::Unknown(id))?;
        hub_fold::plan_unmerge(&*admin.store, id, &side_of(account, &links))
    };
    if !asked.effects.unwrap_or_default() {
        return journalled(&api, word, plan).await;
    }
    let permit = api.verifying.try_acquire().map_err(|_| BUSY)?;
    let Json(effects) = api
        .read(move |admin| {
            let said = plan(admin)?.into_command("", "", admin.clock.now());
            let difference = what_if::against(&*admin.store, &admin.journal, &If::Said(said), &mut |_| {});
            Ok(difference.map_err(AdminError::Verify)?.effects_fewer)
        })
        .await?;
    drop(permit);
    let (status, Json(judged)) = journalled(&api, word, plan).await?;
    Ok((status, Json(Judged { effects: Some(effects), ..judged })))
}

const BUSY: AdminError = AdminError::Conflict {
    message: "the journal is being folded for somebody else",
    help: "try again when that is done, or leave the effects out",
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnmergeQuery {
    by: Option<String>,
    reason: Option<String>,
    /// Also tell which effects were planned because they were one.
    effects: Option<bool>,
}

/// The account with those that stay one with it when people's words are left out; if keys alone hold everything together,
/// the account alone.
fn side_of(account: NodeId, links: &[LinkWhy]) -> Vec<NodeId> {
    let in_force = || links.iter().filter(|link| link.in_force);
    let mut side = BTreeSet::from([account]);
    loop {
        let tied = in_force().filter(|link| !matches!(link.because, Because::Person(_)));
        let ends = tied.map(|link| [link.left.node, link.right.node]);
        let new: Vec<NodeId> = ends
            .filter(|ends| ends.iter().any(|end| side.contains(end)))
            .flatten()
            .filter(|end| !side.contains(end))
            .collect();
        if new.is_empty() {
            break;
        }
        side.extend(new);
    }
    let accounts: BTreeSet<NodeId> = in_force()
        .flat_map(|link| [&link.left, &link.right])
        .filter(|end| end.kind == hub_model::identity::IdentityKind::ProviderId)
        .map(|end| end.node)
        .collect();
    let side: Vec<NodeId> =
        side.into_iter().filter(|node| *node == account || accounts.contains(node)).collect();
    if side.len() >= accounts.len() { vec![account] } else { side }
}

async fn journalled(
    api: &Shared,
    word: Word,
    plan: impl FnOnce(&Admin) -> Result<Plan, PlanError> + Send + 'static,
) -> Told {
    let Said { by, reason } = word.checked(&api.caller)?;
    let Json(plan) = api.read(move |admin| Ok(plan(admin)?)).await?;
    let pairs = plan.pairs.len();
    let command = api.command(plan.into_command(&by, &reason, api.admin.clock.now())).await?.get();
    Ok((
        StatusCode::ACCEPTED,
        Json(Judged { command, running: api.admin.plugins.is_some(), pairs, effects: None }),
    ))
}

#[cfg(test)]
mod tests {
    use hub_fold::read::{EvidenceView, LinkEnd, Word};
    use hub_model::identity::{IdentityKind, Judgement, Proof};
    use hub_model::{EventId, Timestamp};

    use super::*;

    fn node(number: u8) -> NodeId {
        NodeId([number; 16])
    }

    fn end(number: u8, kind: IdentityKind) -> LinkEnd {
        LinkEnd { node: node(number), kind, scope: String::new(), value: number.to_string() }
    }

    /// Accounts are below 100, keys above.
    fn link(left: u8, right: u8, because: Because) -> LinkWhy {
        let kind = |number| if number < 100 { IdentityKind::ProviderId } else { IdentityKind::Email };
        LinkWhy {
            left: end(left, kind(left)),
            right: end(right, kind(right)),
            because,
            in_force: true,
            obstacle: None,
        }
    }

    fn key() -> Because {
        let evidence = EvidenceView {
            event: EventId([0; 16]),
            name: None,
            connection: None,
            happened_at: Timestamp(0),
            written: None,
        };
        Because::Key { proof: Proof::Provider, evidence }
    }

    fn word() -> Because {
        let word = Word {
            judgement: Judgement::Same,
            person: "ana".into(),
            reason: String::new(),
            at: Timestamp(0),
        };
        Because::Person(word)
    }

    #[test]
    fn what_came_with_a_word_goes_with_it() {
        let links = [
            link(1, 100, key()),
            link(2, 100, key()),
            link(2, 3, word()),
            link(3, 101, key()),
            link(4, 101, key()),
        ];
        assert_eq!(side_of(node(3), &links), [node(3), node(4)]);
        assert_eq!(side_of(node(1), &links), [node(1), node(2)]);
    }

    #[test]
    fn what_keys_hold_together_lets_one_account_go() {
        let links = [link(1, 100, key()), link(2, 100, key()), link(3, 100, key())];
        assert_eq!(side_of(node(2), &links), [node(2)]);
    }
}
