//! Who may ask the hub: tokens that operators made, each with what it may do and until when. The view has their hashes,
//! never a token. Nothing here compares one: the host does, which is asked.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use hub_model::{Timestamp, TokenId};
use hub_store::{Order, Store, Table, prefix_range};
use serde::{Deserialize, Serialize};

use crate::FoldError;
use crate::draft::Draft;
use crate::row::{Word, decode, encode};

/// Tokens stand in the table of settings, each under its id: what operators set, and few of them.
const PREFIX: &[u8] = b"token\0";

/// What a request may do. Numbers are in the journal and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See everything, customers included, and change nothing.
    Read,
    /// Decide on single cases: deliveries, effects, customers, follow-ups. And stop everything that is sent.
    Operate,
    /// Have people forgotten.
    Erase,
    /// Change what the hub does from then on: its rules, and who may ask it.
    Install,
}

impl Scope {
    pub const ALL: [Self; 4] = [Self::Read, Self::Operate, Self::Erase, Self::Install];

    /// As people write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Erase => "erase",
            Self::Install => "install",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The text names no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is read, operate, erase or install")]
pub struct ScopeError;

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::ALL.into_iter().find(|scope| scope.word() == text).ok_or(ScopeError)
    }
}

/// A token an operator made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewToken {
    pub id: TokenId,
    /// For people. It is kept for ever.
    pub name: String,
    pub scopes: BTreeSet<Scope>,
    /// SHA-256 of the token. A slow hash makes guessing dear, and nobody guesses 256 random bits.
    pub hash: [u8; 32],
    pub expires_at: Timestamp,
    pub by: String,
    pub at: Timestamp,
}

/// A token, and whether it still is one. It stays when it is none any more: as long as one was ever made, one is needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    pub made: NewToken,
    /// The first word that took it back.
    pub revoked: Option<Word>,
}

/// Whether a token lets anybody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    InForce,
    Expired,
    Revoked,
}

impl TokenRow {
    #[must_use]
    pub fn state(&self, now: Timestamp) -> TokenState {
        match &self.revoked {
            Some(_) => TokenState::Revoked,
            None if self.made.expires_at <= now => TokenState::Expired,
            None => TokenState::InForce,
        }
    }

    /// Takes it back. What is taken back stays so, with the first word on it.
    pub fn revoke(&mut self, word: &Word) {
        self.revoked.get_or_insert_with(|| word.clone());
    }
}

fn row_key(id: TokenId) -> Vec<u8> {
    [PREFIX, &id.0].concat()
}

pub(crate) fn make_token(draft: &mut Draft<'_>, made: &NewToken) {
    let row = TokenRow { made: made.clone(), revoked: None };
    draft.put_raw(Table::Setting, row_key(made.id), encode(&row));
}

pub(crate) fn revoke_token(draft: &mut Draft<'_>, id: TokenId, word: &Word) -> Result<(), FoldError> {
    let Some(row) = draft.get_raw(Table::Setting, &row_key(id))? else { return Ok(()) };
    let mut row: TokenRow = decode(Table::Setting, &row)?;
    row.revoke(word);
    draft.put_raw(Table::Setting, row_key(id), encode(&row));
    Ok(())
}

/// Every token that was ever made, by its id.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn tokens(store: &dyn Store) -> Result<Vec<TokenRow>, FoldError> {
    let rows = store.scan(Table::Setting, prefix_range(PREFIX), Order::Ascending, usize::MAX)?;
    rows.iter().map(|(_, row)| decode(Table::Setting, row)).collect()
}
