//! Making, listing and revoking tokens. The token itself is in one answer, once; after that nobody knows it but its owner.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use hub_fold::record::Command;
use hub_fold::row::Word as Given;
use hub_fold::{NewToken, Scope, TokenState};
use hub_model::{Timestamp, TokenId};
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Named, Said, Word};
use super::bearer::{self, Hashed};
use super::deliveries::Commanded;
use super::error::AdminError;
use super::keyring::{Caller, Keyring, Made};
use super::{Answer, Shared};

const DAY: Duration = Duration::from_secs(24 * 3_600);
/// A token nobody renews is one nobody misses.
const EXPIRES_AFTER: Duration = DAY.saturating_mul(90);
/// A year, and a day for whoever counts from tomorrow.
const EXPIRES_AFTER_MAX: Duration = DAY.saturating_mul(366);
/// In force at once: every one is compared with whatever is shown. People and tools of a shop are fewer.
const TOKENS_MAX: usize = 100;
const NAME_BYTES_MAX: usize = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListAsked {
    /// Those that have expired or are revoked too.
    all: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct Tokens {
    /// Newest first.
    tokens: Vec<TokenSummary>,
}

#[derive(Serialize)]
struct TokenSummary {
    id: TokenId,
    name: String,
    scopes: BTreeSet<Scope>,
    state: TokenState,
    made_at: Timestamp,
    made_by: String,
    expires_at: Timestamp,
    /// Since the hub started.
    used_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<Given>,
}

impl TokenSummary {
    fn new(Made { row, used_at }: Made, now: Timestamp) -> Self {
        let state = row.state(now);
        let NewToken { id, name, scopes, expires_at, by, at, hash: _ } = row.made;
        Self { id, name, scopes, state, made_at: at, made_by: by, expires_at, used_at, revoked: row.revoked }
    }
}

pub(super) async fn list(api: Shared, Asked(asked): Asked<ListAsked>) -> Answer<Tokens> {
    let now = api.admin.clock.now();
    let all = api.admin.keyring.all().into_iter().map(|made| TokenSummary::new(made, now));
    let is_asked = |token: &TokenSummary| asked.all == Some(true) || token.state == TokenState::InForce;
    Ok(Json(Tokens { tokens: all.filter(is_asked).collect() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MakeAsked {
    /// With commas between them.
    scopes: String,
    name: Option<String>,
    expires_at: Option<Timestamp>,
    by: Option<String>,
}

/// The one answer that has the token.
#[derive(Serialize)]
pub(super) struct NewlyMade {
    token: String,
    id: TokenId,
    name: String,
    scopes: BTreeSet<Scope>,
    expires_at: Timestamp,
    #[serde(flatten)]
    commanded: Commanded,
}

const TOO_MANY: AdminError = AdminError::Conflict {
    message: "there are as many tokens as there may be",
    help: "`omnihub token list` shows which are not used; `omnihub token revoke` takes one back",
};

const NAME_TAKEN: AdminError = AdminError::Conflict {
    message: "another token in force has this name",
    help: "the audit names tokens, so each has its own: choose another with --name, or revoke that one first",
};

/// Once there is a token, everybody needs one: the first must not lock its maker out.
const NOBODY_LEFT: AdminError = AdminError::Conflict {
    message: "with this token everybody would need one, and nobody would have one for everything",
    help: "make yourself one first with `omnihub token create --scope all`, or set admin.token in the configuration",
};

pub(super) async fn make(
    api: Shared,
    Asked(asked): Asked<MakeAsked>,
) -> Result<(StatusCode, Json<NewlyMade>), AdminError> {
    let MakeAsked { scopes, name, expires_at, by } = asked;
    let Said { by, .. } = Word { by, reason: None }.checked(&api.caller)?;
    let at = api.admin.clock.now();
    let expires_at = within_a_year(expires_at, at)?;
    let scopes = given_away(&api.caller, &scopes)?;
    let token = bearer::make()?;
    let hash = Hashed::of(&token).0;
    let id = TokenId::of(&hash);
    let name = named(name, id)?;
    let made = NewToken { id, name, scopes, hash, expires_at, by, at };
    let _one_at_a_time = api.admin.keyring.making.lock().await;
    fits(&made, &api.admin.keyring)?;
    let command = api.command(Command::MakeToken(made.clone())).await?.get();
    api.admin.keyring.add(made.clone());
    let NewToken { name, scopes, .. } = made;
    let commanded = Commanded { command, running: api.admin.plugins.is_some() };
    Ok((
        StatusCode::CREATED,
        Json(NewlyMade { token: String::clone(&token), id, name, scopes, expires_at, commanded }),
    ))
}

fn within_a_year(asked: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, AdminError> {
    let expires_at = asked.unwrap_or_else(|| now.plus(EXPIRES_AFTER));
    match expires_at > now && expires_at <= now.plus(EXPIRES_AFTER_MAX) {
        true => Ok(expires_at),
        false => Err(AdminError::Question("a token expires within a year from now".to_owned())),
    }
}

/// Nobody gives away more than they have.
fn given_away(caller: &Caller, scopes: &str) -> Result<BTreeSet<Scope>, AdminError> {
    let scopes: Result<BTreeSet<Scope>, _> = scopes.split(',').map(|word| word.trim().parse()).collect();
    let scopes = scopes.map_err(|error: hub_fold::ScopeError| AdminError::Question(error.to_string()))?;
    match scopes.difference(&caller.scopes).next() {
        Some(lacking) => Err(AdminError::Scope(*lacking)),
        None => Ok(scopes),
    }
}

/// A token nobody named is called by its id. The audit has names in brackets, so they are single words.
fn named(name: Option<String>, id: TokenId) -> Result<String, AdminError> {
    let Some(name) = name else { return Ok(id.to_string()) };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    match (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain) {
        true => Ok(name),
        false => Err(AdminError::Question(format!(
            "a token's name has at most {NAME_BYTES_MAX} letters, digits, '-', '_', '.' and '@'"
        ))),
    }
}

fn fits(made: &NewToken, keyring: &Keyring) -> Result<(), AdminError> {
    let mut others = keyring.all();
    others.retain(|one| one.row.state(made.at) == TokenState::InForce);
    let can_do_all = |token: &NewToken| token.scopes.len() == Scope::ALL.len();
    if others.len() >= TOKENS_MAX {
        return Err(TOO_MANY);
    }
    if others.iter().any(|one| one.row.made.name == made.name) {
        return Err(NAME_TAKEN);
    }
    if keyring.has_root() || can_do_all(made) || others.iter().any(|one| can_do_all(&one.row.made)) {
        return Ok(());
    }
    Err(NOBODY_LEFT)
}

const UNKNOWN: AdminError =
    AdminError::NotFound { what: "token", help: "`omnihub token list --all` shows every token's id" };

/// Refused in memory before it is journalled: whoever is gone before the answer leaves it refused.
pub(super) async fn revoke(
    api: Shared,
    Named(token): Named<TokenId>,
    Asked(word): Asked<Word>,
) -> Result<(StatusCode, Json<Commanded>), AdminError> {
    let Said { by, reason } = word.checked(&api.caller)?;
    if !api.admin.keyring.all().iter().any(|one| one.row.made.id == token) {
        return Err(UNKNOWN);
    }
    let word = Given { at: api.admin.clock.now(), by, reason };
    api.admin.keyring.revoke(token, &word);
    let command = api.command(Command::RevokeToken { token, word }).await?.get();
    Ok((StatusCode::ACCEPTED, Json(Commanded { command, running: api.admin.plugins.is_some() })))
}
