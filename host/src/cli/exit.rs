//! How a command ends: one table of exit codes, and what is told on the way out: what happened and what to do next.

use std::process::ExitCode;

use hub_journal::OpenError;
use hub_runtime::RuntimeError;
use hub_store::StoreError;

use super::out::Out;
use crate::config;

pub(super) const PROBLEMS: u8 = 1;
pub(super) const USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;
/// As in sysexits.h: a service is unavailable.
const UNAVAILABLE: u8 = 69;
/// As in sysexits.h: an internal error.
const INTERNAL: u8 = 70;
/// As shells count a process that SIGINT ended.
pub(super) const INTERRUPTED: u8 = 130;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("the configuration has {} problem(s)", problems.len())]
    Config { problems: Vec<config::Problem> },
    #[error("{message}")]
    Problem { message: String, help: String },
    #[error("{message}")]
    Usage { message: String, help: String },
    #[error("{message}")]
    NotFound { message: String, help: String },
    #[error("{message}")]
    Unavailable { message: String, help: String },
    #[error("{0:#}")]
    Internal(anyhow::Error),
    /// Nobody reads on: a pager was quit, `head` has had enough.
    #[error("nobody reads the output any more")]
    Closed,
}

impl Failed {
    pub(super) fn problem(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Problem { message: message.into(), help: help.into() }
    }

    pub(super) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: help.into() }
    }

    pub(super) fn not_found(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::NotFound { message: message.into(), help: help.into() }
    }

    pub(super) fn unavailable(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Unavailable { message: message.into(), help: help.into() }
    }

    /// A file that was named and cannot be read.
    pub(super) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        let message = format!("{}: {error}", path.display());
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::not_found(message, "check the path"),
            _ => Self::unavailable(message, "check who may read it"),
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Config { .. } | Self::Problem { .. } => PROBLEMS,
            Self::Usage { .. } => USAGE,
            Self::NotFound { .. } => NOT_FOUND,
            Self::Unavailable { .. } => UNAVAILABLE,
            Self::Internal(_) => INTERNAL,
            Self::Closed => 0,
        }
    }

    fn help(&self) -> &str {
        match self {
            Self::Config { .. } => "mend them and run `omnihub check`",
            Self::Problem { help, .. }
            | Self::Usage { help, .. }
            | Self::NotFound { help, .. }
            | Self::Unavailable { help, .. } => help,
            Self::Internal(_) => "please report this, with what you did before",
            Self::Closed => "",
        }
    }
}

/// Errors of the wiring, told apart by what is at their bottom.
impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        let message = format!("{error:#}");
        let is_locked = |cause: &(dyn std::error::Error + 'static)| {
            matches!(cause.downcast_ref(), Some(OpenError::Locked { .. }))
                || matches!(cause.downcast_ref(), Some(StoreError::Locked))
        };
        if error.chain().any(is_locked) {
            return Self::unavailable(
                message,
                "a hub is running with this data_dir: stop it first, or ask it",
            );
        }
        let is_data = |cause: &(dyn std::error::Error + 'static)| {
            cause.is::<OpenError>() || cause.is::<StoreError>() || cause.is::<std::io::Error>()
        };
        if error.chain().any(is_data) {
            return Self::unavailable(
                message,
                "check data_dir and the paths and addresses in the configuration",
            );
        }
        if error.chain().any(|cause| cause.is::<RuntimeError>() || cause.is::<tokio::task::JoinError>()) {
            return Self::Internal(error);
        }
        Self::problem(message, "`omnihub check` tells all problems at once")
    }
}

/// Tells on stderr why a command failed.
pub(super) fn report(out: &Out, failed: &Failed) -> ExitCode {
    if let Failed::Config { problems } = failed {
        problems.iter().for_each(|problem| out.tell(&problem.to_string()));
    }
    if !matches!(failed, Failed::Closed) {
        out.tell(&format!("{} {failed}", out.error_word()));
        out.tell(&format!("  {}", failed.help()));
    }
    failed.code().into()
}
