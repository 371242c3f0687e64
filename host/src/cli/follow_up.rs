//! `omnihub follow-up`: what is to be done for customers later.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::api::Question;
use super::exit::Failed;
use super::listing::{Listing, Reading};
use super::moment::{Moment, moment};
use super::out::Out;
use super::show::{self, Column};
use super::word::By;
use crate::clock::Clock;

#[derive(Debug, Subcommand)]
pub(super) enum FollowUpCommand {
    /// Lists what is to be done, the first due first
    #[command(after_long_help = "\
Examples:
  omnihub follow-up list
  omnihub follow-up list --due-by 24h        by this time tomorrow")]
    List {
        /// Only those due by this time, or so long from now
        #[arg(long, value_name = "TIME", value_parser = moment)]
        due_by: Option<Moment>,
        /// Goes on where a page ended: its `next`
        #[arg(long, value_name = "PLACE")]
        after: Option<String>,
        /// How many at most
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Shows one
    #[command(after_long_help = "Examples:\n  omnihub follow-up show fup_0123456789abcdef0123456789abcdef")]
    Show {
        /// The follow-up's id
        id: String,
        #[command(flatten)]
        reading: Reading,
    },
    /// Asks for something to be done for a customer
    #[command(after_long_help = "\
It shows in the customer's context card and timeline until somebody closes it or the event happens.

Examples:
  omnihub follow-up add cus_… --due 48h 'ask whether it works now'
  omnihub follow-up add cus_… --due 2026-05-04 --until message.received 'call back'")]
    Add(AddArgs),
    /// Gives one another moment
    #[command(after_long_help = "Examples:\n  omnihub follow-up postpone fup_… --due 7d")]
    Postpone {
        /// The follow-up's id
        id: String,
        /// When it is due: a time, a date, or so long from now
        #[arg(long, value_name = "TIME", value_parser = moment)]
        due: Moment,
        #[command(flatten)]
        who: Who,
    },
    /// Says that one is done
    #[command(after_long_help = "Examples:\n  omnihub follow-up close fup_…")]
    Close {
        /// The follow-up's id
        id: String,
        #[command(flatten)]
        who: Who,
    },
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// The customer's id
    customer: String,
    /// What is to be done
    text: String,
    /// When it is due: a time, a date, or so long from now
    #[arg(long, value_name = "TIME", value_parser = moment)]
    due: Moment,
    /// An event of the customer's that ends it
    #[arg(long, value_name = "EVENT")]
    until: Option<String>,
    /// A word of your own: asked for again with it, it is the same follow-up
    #[arg(long, value_name = "WORD")]
    mark: Option<String>,
    #[command(flatten)]
    who: Who,
}

/// Who wants it.
#[derive(Debug, Args)]
pub(super) struct Who {
    #[command(flatten)]
    by: By,
    #[command(flatten)]
    listing: Listing,
}

impl Who {
    async fn tell(self, out: &Out, question: Question) -> Result<ExitCode, Failed> {
        self.listing.print(out, self.by.tell(question), show::commanded).await
    }
}

const COLUMNS: [Column; 6] = [
    ("due", "/due"),
    ("follow-up", "/id"),
    ("customer", "/customer"),
    ("what", "/text"),
    ("until", "/until"),
    ("by", "/by"),
];

pub(super) async fn follow_up(out: &Out, command: FollowUpCommand) -> Result<ExitCode, Failed> {
    let now = Clock::System.now();
    match command {
        FollowUpCommand::List { due_by, after, limit, reading } => {
            let question = Question::get(&["follow-ups"])
                .with("due_by", due_by.map(|due| due.after(now)))
                .with("after", after)
                .with("limit", limit);
            let draw = |out: &Out, answer: &super::api::Answer| {
                show::listed(out, answer, "/follow_ups", &COLUMNS, "follow-ups")
            };
            reading.print(out, question, draw).await
        }
        FollowUpCommand::Show { id, reading } => {
            let draw = |out: &Out, answer: &super::api::Answer| {
                let names: Vec<Column> =
                    COLUMNS.into_iter().chain([("made", "/made_at"), ("state", "/state")]).collect();
                out.table(&show::pairs(&answer.json, &names))
            };
            reading.print(out, Question::get(&["follow-ups", &id]), draw).await
        }
        FollowUpCommand::Add(AddArgs { customer, text, due, until, mark, who }) => {
            let question = Question::post(&["customers", &customer, "follow-ups"])
                .with("due", Some(due.after(now)))
                .with("text", Some(text))
                .with("until", until)
                .with("mark", mark);
            who.tell(out, question).await
        }
        FollowUpCommand::Postpone { id, due, who } => {
            let question = Question::post(&["follow-ups", &id, "postpone"]).with("due", Some(due.after(now)));
            who.tell(out, question).await
        }
        FollowUpCommand::Close { id, who } => {
            who.tell(out, Question::post(&["follow-ups", &id, "close"])).await
        }
    }
}
