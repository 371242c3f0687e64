//! What became of a call. A [`Failure`] is the plugin's own answer and tells the hub what to do; a [`CallError`] is
//! a plugin that broke its contract or a limit, and counts towards its suspension.

use std::fmt;
use std::time::Duration;

use crate::install::PluginName;

/// What a call was for. The phase decides imports and budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    Describe,
    Normalise,
    Enrich,
    Poll,
    Perform,
    Check,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Describe => "describe",
            Self::Normalise => "normalise",
            Self::Enrich => "enrich",
            Self::Poll => "poll",
            Self::Perform => "perform",
            Self::Check => "check",
        })
    }
}

/// What a connector answers when it cannot do what was asked. The hub acts on the case, not on the text; texts are
/// capped and free of control characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("try again in {0} ms")]
    RetryAfterMs(u64),
    /// This input can never work.
    #[error("rejected: {0}")]
    Rejected(String),
    /// The operator has to change the configuration; the text names the key.
    #[error("misconfigured: {0}")]
    Misconfigured(String),
    /// The provider does not accept our credentials.
    #[error("unauthorised: {0}")]
    Unauthorised(String),
    /// The request may have been carried out: nobody knows.
    #[error("outcome unknown: {0}")]
    OutcomeUnknown(String),
    /// No such ability, stream or action.
    #[error("unsupported: {0}")]
    Unsupported(String),
}

/// A call that ended without the plugin's answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{plugin}: {phase} {kind}")]
pub struct CallError {
    pub plugin: PluginName,
    pub phase: Phase,
    pub kind: CallErrorKind,
}

/// What the plugin ran into. Texts are the engine's own words, capped; they never quote what the plugin was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallErrorKind {
    #[error("trapped: {message}")]
    Trap { message: String },
    #[error("used up its CPU budget of {} ms", .limit.as_millis())]
    CpuBudget { limit: Duration },
    #[error("took longer than {} ms", .limit.as_millis())]
    WallTimeout { limit: Duration },
    #[error("asked for more memory than its {limit} bytes")]
    Memory { limit: usize },
    #[error("asked for more table space than its {limit} elements")]
    Table { limit: usize },
    #[error("overflowed its stack")]
    StackOverflow,
    #[error("handed over more than {limit} {what}")]
    OutputTooLarge { what: Output, limit: usize },
    #[error("called the hub more than {limit} times")]
    HostCalls { limit: u32 },
    #[error("held more than {limit} handles at once")]
    Handles { limit: usize },
    #[error("wanted to keep more state than {limit} {what}")]
    State { what: StateCap, limit: usize },
    #[error("asked for its state, which the hub could not read: {reason}")]
    StateUnread { reason: String },
    #[error("called {name}, which this phase forbids; move the call to poll or perform")]
    ForbiddenImport { name: String },
    #[error("could not be instantiated: {message}")]
    Instantiate { message: String },
    #[error("handed over data that is not of the agreed type: {message}")]
    BadResult { message: String },
}

/// Which output was too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    Bytes,
    Events,
    CursorBytes,
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes at once",
            Self::Events => "events",
            Self::CursorBytes => "bytes of a cursor",
        })
    }
}

/// Which part of its state was too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateCap {
    Keys,
    KeyBytes,
    ValueBytes,
}

impl fmt::Display for StateCap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keys => "keys",
            Self::KeyBytes => "bytes of key",
            Self::ValueBytes => "bytes of value",
        })
    }
}
