//! What a request is answered that got nothing: one table from what went wrong to a status and a message for the one
//! who asked. What only the operator should read goes to the log.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub_fold::{CorrectionError, FoldError, FollowUpError, PlanError, RecordError};
use hub_journal::{AppendError, ReadError};
use serde::Serialize;

use crate::stored::StoredError;

#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    #[error("there is no such route")]
    NoRoute,
    #[error("this route takes another method")]
    Method,
    #[error("a token is needed")]
    Unauthorised,
    #[error("this name is not the hub's")]
    Host,
    #[error("a page of another site may not ask for this")]
    CrossSite,
    #[error("{0}")]
    Question(String),
    #[error("there is no such {what}")]
    NotFound { what: &'static str, help: &'static str },
    #[error("{message}")]
    Conflict { message: &'static str, help: &'static str },
    /// What is wrong with rules that were to be taken over.
    #[error("the rules have problems, so those before stay in force\n{0}")]
    Rules(String),
    #[error(transparent)]
    View(#[from] FoldError),
    #[error("{0}")]
    Plan(PlanError),
    #[error("{0}")]
    FollowUp(FollowUpError),
    #[error("{0}")]
    Correction(CorrectionError),
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error("reading the journal: {0}")]
    Read(#[from] ReadError),
    #[error("reading the journal: {0}")]
    Record(#[from] RecordError),
    #[error(transparent)]
    Export(#[from] crate::export::ExportError),
    #[error("the comparison failed: {0}")]
    Verify(anyhow::Error),
    /// The thread that answered panicked; the panic hook has told where.
    #[error("the answer could not be made")]
    Broken(#[from] tokio::task::JoinError),
}

#[derive(Serialize)]
struct Body {
    error: Shown,
}

#[derive(Serialize)]
struct Shown {
    message: String,
    help: &'static str,
}

impl AdminError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoRoute | Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Question(_) => StatusCode::BAD_REQUEST,
            Self::Rules(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Plan(PlanError::Unknown(_) | PlanError::NotTheirs { .. }) => StatusCode::NOT_FOUND,
            Self::FollowUp(FollowUpError::Empty | FollowUpError::TooLong { .. }) => StatusCode::BAD_REQUEST,
            Self::FollowUp(FollowUpError::Forgotten) => StatusCode::CONFLICT,
            Self::FollowUp(_) => StatusCode::NOT_FOUND,
            Self::Correction(CorrectionError::Unknown) => StatusCode::NOT_FOUND,
            Self::Correction(CorrectionError::Forgotten) => StatusCode::CONFLICT,
            Self::Correction(_) => StatusCode::BAD_REQUEST,
            Self::Conflict { .. } | Self::Plan(_) => StatusCode::CONFLICT,
            Self::Append(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::View(_)
            | Self::Read(_)
            | Self::Record(_)
            | Self::Export(_)
            | Self::Verify(_)
            | Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::NoRoute => "what the hub tells begins with /v1/",
            Self::Method => "reads are GET, requests that change something are POST",
            Self::Unauthorised => "send `Authorization: Bearer <admin.token>`",
            Self::Host => "call the hub by its address, by localhost, or with the token",
            Self::CrossSite => "ask from the command line",
            Self::Question(_) => "check the spelling and the form of the value",
            Self::Rules(_) => "`omnihub rule check` shows them in place",
            Self::NotFound { help, .. } | Self::Conflict { help, .. } => help,
            Self::Plan(_) => {
                "`omnihub customer why` shows a customer's accounts and what holds them together"
            }
            Self::FollowUp(_) => "`omnihub follow-up list` shows what is to be done, and for whom",
            Self::Correction(_) => "`omnihub customer timeline` shows connections and ids of interactions",
            Self::View(_) => "`omnihub journal rebuild` builds the view anew; the hub's log says more",
            Self::Append(AppendError::Busy) => "try again in a few seconds",
            Self::Append(_) => "look at /readyz and at the hub's log; the disk may be full",
            Self::Read(_) => "the record is retired or damaged; `omnihub journal stats` names damage",
            Self::Record(_) => "use the version of omnihub that wrote the journal, or a newer one",
            Self::Export(_) | Self::Verify(_) | Self::Broken(_) => "the hub's log says more",
        }
    }
}

impl From<FollowUpError> for AdminError {
    fn from(error: FollowUpError) -> Self {
        match error {
            FollowUpError::Fold(error) => Self::View(error),
            other => Self::FollowUp(other),
        }
    }
}

impl From<CorrectionError> for AdminError {
    fn from(error: CorrectionError) -> Self {
        match error {
            CorrectionError::Fold(error) => Self::View(error),
            other => Self::Correction(other),
        }
    }
}

impl From<StoredError> for AdminError {
    fn from(error: StoredError) -> Self {
        match error {
            StoredError::Read(error) => Self::Read(error),
            StoredError::Record(error) => Self::Record(error),
        }
    }
}

impl From<PlanError> for AdminError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Fold(error) => Self::View(error),
            other => Self::Plan(other),
        }
    }
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = %self, "an admin request failed");
        }
        let shown = Shown { message: self.to_string(), help: self.help() };
        let mut response = (status, Json(Body { error: shown })).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
