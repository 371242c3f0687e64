//! A person's word on what is to be sent: held effects released, effects cancelled, everything stopped and resumed. Each
//! is a command of the journal, with who and why.

use axum::Json;
use axum::http::StatusCode;
use hub_fold::read::{self, EffectQuery};
use hub_fold::record::{Chosen, Command};
use hub_fold::row::Word as Given;
use hub_model::EffectId;
use hub_store::Store;
use serde::Deserialize;

use super::asked::{Asked, Said, Word};
use super::deliveries::Commanded;
use super::effects::UNKNOWN;
use super::error::AdminError;
use super::keyring::Caller;
use super::{Api, Shared};

/// Effects one word names; all of a rule's are meant by its name.
const NAMED_MAX: usize = 100;

type Done = Result<(StatusCode, Json<Commanded>), AdminError>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WordOn {
    /// All of this rule's.
    rule: Option<String>,
    /// These, with commas between their ids.
    effects: Option<String>,
    by: Option<String>,
    reason: Option<String>,
}

impl WordOn {
    fn checked(self, caller: &Caller) -> Result<(Chosen, Said), AdminError> {
        let said = with_reason(Word { by: self.by, reason: self.reason }, caller)?;
        let chosen = match (self.rule, self.effects) {
            (Some(rule), None) => Chosen::Rule(rule),
            (None, Some(effects)) => Chosen::Effects(ids(&effects)?),
            _ => return Err(AdminError::Question("name a rule, or effects by their ids".to_owned())),
        };
        Ok((chosen, said))
    }
}

fn ids(effects: &str) -> Result<Vec<EffectId>, AdminError> {
    let not_an_id = || AdminError::Question("effects are ids with commas between them".to_owned());
    let read = |id: &str| id.trim().parse::<EffectId>().map_err(|_| not_an_id());
    let ids: Vec<EffectId> = effects.split(',').map(read).collect::<Result<_, _>>()?;
    match ids.len() {
        1..=NAMED_MAX => Ok(ids),
        _ => Err(AdminError::Question(format!("at most {NAMED_MAX} effects are named at once"))),
    }
}

/// What people decide about is kept with why.
fn with_reason(word: Word, caller: &Caller) -> Result<Said, AdminError> {
    let said = word.checked(caller)?;
    match said.reason.trim().is_empty() {
        true => Err(AdminError::Question("say why: `reason` is missing".to_owned())),
        false => Ok(said),
    }
}

/// A word that is possible on effects in some states.
#[derive(Clone, Copy)]
struct On {
    states: &'static [&'static str],
    /// What a rule has none of where it has none in these states.
    what: &'static str,
    /// Said of a single effect in another state.
    message: &'static str,
    help: &'static str,
}

const RELEASE: On = On {
    states: &["held"],
    what: "held effect of this rule",
    message: "the effect is not held",
    help: "`omnihub effect list --state held` shows what waits for a person; what is cancelled stays so",
};

/// What may have been sent cannot be cancelled.
const CANCEL: On = On {
    states: &["held", "planned", "waiting"],
    what: "effect of this rule that is not sent yet",
    message: "the effect is sent, may have been, or is cancelled already",
    help: "`omnihub effect show` says what became of it",
};

impl On {
    fn check(self, store: &dyn Store, chosen: &Chosen) -> Result<(), AdminError> {
        match chosen {
            Chosen::Rule(rule) => self.check_rule(store, rule),
            Chosen::Effects(ids) => ids.iter().try_for_each(|id| self.check_one(store, *id)),
        }
    }

    fn check_rule(self, store: &dyn Store, rule: &str) -> Result<(), AdminError> {
        for state in self.states {
            let query =
                EffectQuery { state: Some((*state).to_owned()), rule: Some(rule.to_owned()), limit: 1 };
            if !read::effects(store, &query)?.is_empty() {
                return Ok(());
            }
        }
        Err(AdminError::NotFound { what: self.what, help: self.help })
    }

    fn check_one(self, store: &dyn Store, id: EffectId) -> Result<(), AdminError> {
        let effect = read::effect(store, id)?.ok_or(UNKNOWN)?;
        if self.states.contains(&effect.state) && !effect.uncertain {
            return Ok(());
        }
        Err(AdminError::Conflict { message: self.message, help: self.help })
    }
}

pub(super) async fn release(api: Shared, Asked(asked): Asked<WordOn>) -> Done {
    give(&api, asked, RELEASE, |chosen, word| Command::ReleaseEffects { chosen, word }).await
}

pub(super) async fn cancel(api: Shared, Asked(asked): Asked<WordOn>) -> Done {
    give(&api, asked, CANCEL, |chosen, word| Command::CancelEffects { chosen, word }).await
}

async fn give(api: &Shared, asked: WordOn, on: On, command: impl FnOnce(Chosen, Given) -> Command) -> Done {
    let (chosen, said) = asked.checked(&api.caller)?;
    let meant = chosen.clone();
    let Json(()) = api.read(move |admin| on.check(&*admin.store, &meant)).await?;
    journalled(api, command(chosen, given(api, said))).await
}

/// Stopping what is stopped, or resuming what is not, does no harm: the last word is kept, with who and why.
pub(super) async fn stop(api: Shared, Asked(word): Asked<Word>) -> Done {
    let said = with_reason(word, &api.caller)?;
    journalled(&api, Command::StopEffects(given(&api, said))).await
}

pub(super) async fn resume(api: Shared, Asked(word): Asked<Word>) -> Done {
    let said = with_reason(word, &api.caller)?;
    journalled(&api, Command::ResumeEffects(given(&api, said))).await
}

fn given(api: &Api, said: Said) -> Given {
    Given { at: api.admin.clock.now(), by: said.by, reason: said.reason }
}

async fn journalled(api: &Api, command: Command) -> Done {
    let command = api.command(command).await?.get();
    Ok((StatusCode::ACCEPTED, Json(Commanded { command, running: api.admin.plugins.is_some() })))
}
