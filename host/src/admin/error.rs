//! What a request is answered that got nothing: one table from what went wrong to a status and a message for the one
//! who asked. What only the operator should read goes to the log.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hub_fold::{CorrectionError, FoldError, FollowUpError, PlanError, RecordError, Scope};
use hub_journal::{AppendError, ReadError};
use serde::Serialize;

use crate::stored::StoredError;

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("a token is needed")]
    Missing,
    #[error("this token is unknown")]
    Unknown,
    #[error("this token is cut off or mistyped")]
    Damaged,
    #[error("this token has expired")]
    Expired,
    #[error("this token was revoked")]
    Revoked,
}

impl Refused {
    fn help(self) -> &'static str {
        match self {
            Self::Missing => {
                "send `Authorization: Bearer <token>`, or set OMNIHUB_TOKEN for the command line; `omnihub token create` \
                 makes one: a running hub asks for one with the scope install, a stopped one's data for none"
            }
            Self::Unknown => {
                "`omnihub token list` shows those in force; of admin.token the running hub's counts"
            }
            Self::Damaged => "copy it whole: omnihub_ and 72 digits",
            Self::Expired | Self::Revoked => "make another with `omnihub token create`",
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    #[error("there is no such route")]
    NoRoute,
    #[error("this route takes another method")]
    Method,
    #[error(transparent)]
    Unauthorised(#[from] Refused),
    #[error("the token lacks the scope `{0}`")]
    Scope(Scope),
    #[error("too many requests")]
    TooMany(Duration),
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
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
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
            Self::Unauthorised(_) => StatusCode::UNAUTHORIZED,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::CrossSite | Self::Scope(_) => StatusCode::FORBIDDEN,
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
            | Self::Random(_)
            | Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::NoRoute => "what the hub tells begins with /v1/",
            Self::Method => "reads are GET, requests that change something are POST",
            Self::Unauthorised(refused) => refused.help(),
            Self::Scope(Scope::Read) => "use one made with `omnihub token create --scope read`",
            Self::Scope(Scope::Operate) => "use one made with `omnihub token create --scope operate`",
            Self::Scope(Scope::Erase) => "use one made with `omnihub token create --scope erase`",
            Self::Scope(Scope::Install) => "use one made with `omnihub token create --scope install`",
            Self::TooMany(_) => "wait as long as `Retry-After` says",
            Self::Host => {
                "call it by its address or by localhost, or add the name to admin.hosts in the configuration"
            }
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
            Self::Export(_) | Self::Verify(_) | Self::Random(_) | Self::Broken(_) => {
                "the hub's log says more"
            }
        }
    }
}

impl AdminError {
    /// One word for metrics, of what the guard answers.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Unauthorised(Refused::Missing) => "no_token",
            Self::Unauthorised(Refused::Unknown | Refused::Damaged) => "unknown_token",
            Self::Unauthorised(Refused::Expired) => "expired",
            Self::Unauthorised(Refused::Revoked) => "revoked",
            Self::Host => "host",
            Self::CrossSite => "cross_site",
            Self::TooMany(_) => "too_many",
            _ => "other",
        }
    }

    /// What a client reads that does not read the message: RFC 6750, section 3, and RFC 9110, section 10.2.3.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let challenge = match self {
            Self::TooMany(wait) => return Some((header::RETRY_AFTER, whole_seconds(*wait).into())),
            Self::Unauthorised(Refused::Missing) => HeaderValue::from_static("Bearer"),
            Self::Unauthorised(_) => HeaderValue::from_static("Bearer error=\"invalid_token\""),
            Self::Scope(scope) => {
                HeaderValue::try_from(format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""))
                    .ok()?
            }
            _ => return None,
        };
        Some((header::WWW_AUTHENTICATE, challenge))
    }
}

/// Rounded up: whoever comes a moment too soon would wait once more.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
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
        if let Some((name, value)) = self.header() {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
