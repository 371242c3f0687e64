//! What a request asks, as checked values: a mistyped name or value is answered with what is wrong, never ignored.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::AdminError;

/// Rows of a listing that does not say how many it wants: a screen or two.
const LIMIT_DEFAULT: usize = 50;

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
