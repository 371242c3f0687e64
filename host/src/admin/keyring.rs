//! Who may ask, in memory: the configured token, and those that were made. The view is read once; from then on whoever
//! makes or revokes a token says so here too. So a token is refused from the moment it is revoked, however far the fold is
//! behind, and nobody has to be let in while the view cannot be read.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hub_fold::row::Word;
use hub_fold::{FoldError, NewToken, Scope, TokenRow, TokenState};
use hub_model::{Timestamp, TokenId};
use hub_store::Store;

use super::bearer::Hashed;
use crate::config::Config;

/// A configured token shorter than this may be one that a person thought of: trying them out has to be slow.
const GUESSABLE_BELOW: usize = 32;

/// Whom a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) who: Who,
    pub(super) scopes: BTreeSet<Scope>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Whoever has the data itself, or reaches a hub on loopback that has no token.
    Nobody,
    /// The configured token.
    Root,
    Token {
        id: TokenId,
        name: String,
    },
}

impl Caller {
    /// Somebody of whom no token is asked.
    pub(super) fn unnamed() -> Self {
        Self { who: Who::Nobody, scopes: Scope::ALL.into() }
    }

    fn root() -> Self {
        Self { who: Who::Root, scopes: Scope::ALL.into() }
    }

    fn of(token: &NewToken) -> Self {
        let who = Who::Token { id: token.id, name: token.name.clone() };
        Self { who, scopes: token.scopes.clone() }
    }

    /// Who said something: what they call themselves, and the token, which is certain.
    pub(super) fn signed(&self, by: Option<String>) -> Option<String> {
        match (&self.who, by) {
            (Who::Token { name, .. }, Some(by)) => Some(format!("{by} (token {name})")),
            (Who::Token { name, .. }, None) => Some(format!("token {name}")),
            (_, by) => by,
        }
    }
}

/// What a text that was shown as a token is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// It was one.
    Ended(TokenState),
    Caller(Caller),
    /// As above, and somebody could find it by trying.
    Guessable(Caller),
}

pub(crate) struct Keyring {
    root: Option<Root>,
    made: Mutex<Vec<Made>>,
    /// Held while a token is made: names and numbers are checked against those before.
    pub(super) making: tokio::sync::Mutex<()>,
}

struct Root {
    hash: Hashed,
    is_guessable: bool,
}

/// A token that was made, whether it still is in force or not.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) row: TokenRow,
    /// Since the hub started.
    pub(super) used_at: Option<Timestamp>,
}

impl Keyring {
    /// What the configuration and the view have.
    ///
    /// # Errors
    /// The view cannot be read: then nobody can be told from anybody.
    pub(crate) fn open(config: &Config, store: &dyn Store) -> Result<Self, FoldError> {
        let root = config.admin.token.as_ref().map(|token| Root {
            hash: Hashed::of(token.expose()),
            is_guessable: token.expose().len() < GUESSABLE_BELOW,
        });
        let made = hub_fold::tokens(store)?.into_iter().map(|row| Made { row, used_at: None }).collect();
        Ok(Self { root, made: Mutex::new(made), making: tokio::sync::Mutex::default() })
    }

    fn made(&self) -> MutexGuard<'_, Vec<Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a token has to be shown: there is one, or ever was. What expires opens nothing.
    pub(super) fn is_needed(&self) -> bool {
        self.root.is_some() || !self.made().is_empty()
    }

    pub(super) fn has_root(&self) -> bool {
        self.root.is_some()
    }

    /// Looks a token up. It is compared with every one there is, found or not.
    pub(super) fn find(&self, shown: &str, now: Timestamp) -> Found {
        let shown = Hashed::of(shown);
        let mut found = match &self.root {
            Some(root) if root.hash.is(&shown) && root.is_guessable => Found::Guessable(Caller::root()),
            Some(root) if root.hash.is(&shown) => Found::Caller(Caller::root()),
            _ => Found::Nothing,
        };
        for one in self.made().iter_mut() {
            if !Hashed(one.row.made.hash).is(&shown) {
                continue;
            }
            found = match one.row.state(now) {
                TokenState::InForce => {
                    one.used_at = Some(now);
                    Found::Caller(Caller::of(&one.row.made))
                }
                ended => Found::Ended(ended),
            };
        }
        found
    }

    /// All that were ever made, the newest first.
    pub(super) fn all(&self) -> Vec<Made> {
        let mut all = self.made().clone();
        all.sort_by_key(|one| std::cmp::Reverse((one.row.made.at, one.row.made.id)));
        all
    }

    pub(super) fn add(&self, made: NewToken) {
        self.made().push(Made { row: TokenRow { made, revoked: None }, used_at: None });
    }

    pub(super) fn revoke(&self, id: TokenId, word: &Word) {
        for one in self.made().iter_mut().filter(|one| one.row.made.id == id) {
            one.row.revoke(word);
        }
    }
}
