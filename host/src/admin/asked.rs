//! What a request asks, as checked values: a mistyped name or value is answered with what is wrong, never ignored.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::AdminError;
use super::keyring::Caller;

/// Rows of a listing that does not say how many it wants: a screen or two.
const LIMIT_DEFAULT: usize = 50;

/// Who gave a word that does not say so.
const SOMEBODY: &str = "operator";
/// A reason is kept for ever; it is a sentence, not a letter.
const REASON_BYTES_MAX: usize = 1_000;
const NAME_BYTES_MAX: usize = 100;

/// The parameters behind the question mark. Their types refuse names they do not know.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AdminError> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|rejection| AdminError::Question(rejection.body_text()))
    }
}

/// The ids in the path.
pub(super) struct Named<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AdminError> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(named)| Self(named)).map_err(|rejection| {
            let text = rejection.body_text();
            AdminError::Question(text.strip_prefix("Invalid URL: ").unwrap_or(&text).to_owned())
        })
    }
}

/// How many rows to answer; the queries have an upper limit of their own.
pub(super) fn limit(asked: Option<usize>) -> usize {
    asked.unwrap_or(LIMIT_DEFAULT).max(1)
}

/// A state must be one of the known words.
pub(super) fn state(asked: Option<String>, known: &[&str]) -> Result<Option<String>, AdminError> {
    match &asked {
        Some(state) if !known.contains(&state.as_str()) => {
            Err(AdminError::Question(format!("state is one of {}", known.join(", "))))
        }
        _ => Ok(asked),
    }
}

/// Who wants something, and why, as asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Word {
    pub(super) by: Option<String>,
    pub(super) reason: Option<String>,
}

/// The same, fit to be kept for ever.
pub(super) struct Said {
    pub(super) by: String,
    pub(super) reason: String,
}

impl Word {
    /// The same as the caller's: with the token it came with, which they cannot choose.
    pub(super) fn checked(self, caller: &Caller) -> Result<Said, AdminError> {
        let by = self.by.map(|by| line(by, "by", NAME_BYTES_MAX)).transpose()?;
        let by = caller.signed(by).unwrap_or_else(|| SOMEBODY.to_owned());
        let reason = line(self.reason.unwrap_or_default(), "reason", REASON_BYTES_MAX)?;
        Ok(Said { by, reason })
    }
}

fn line(text: String, name: &str, bytes_max: usize) -> Result<String, AdminError> {
    match text.len() <= bytes_max && !text.contains(char::is_control) {
        true => Ok(text),
        false => Err(AdminError::Question(format!("{name} is one line of at most {bytes_max} bytes"))),
    }
}
