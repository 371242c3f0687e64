//! Who says something, and why, as every command takes it whose word is kept.

use clap::Args;

use super::api::Question;

#[derive(Debug, Args)]
pub(super) struct By {
    /// Who says so; the audit keeps it
    #[arg(long, value_name = "NAME", env = "USER")]
    by: Option<String>,
}

impl By {
    pub(super) fn tell(&self, question: Question) -> Question {
        question.with("by", self.by.as_ref())
    }
}

#[derive(Debug, Args)]
pub(super) struct Word {
    /// Why, for people. It is kept for ever: name nobody in it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    by: By,
}

impl Word {
    pub(super) fn tell(&self, question: Question) -> Question {
        self.by.tell(question).with("reason", self.reason.as_ref())
    }
}
