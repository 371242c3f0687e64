//! `omnihub interaction`: what people say of messages where the enricher is wrong, and what the enricher is worth by that.

mod backtest;
mod labelled;
mod score;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use hub_model::model::Corrected;

use super::api::{Answer, Question};
use super::exit::Failed;
use super::listing::{Listing, Reading};
use super::out::Out;
use super::show::{self, Column};
use super::word::By;
use backtest::BackTestArgs;

/// What people write who mean that there is none.
const NONE: &str = "none";

#[derive(Debug, Subcommand)]
pub(super) enum InteractionCommand {
    /// Says what the finding of an interaction should be: language, sentiment, intents, topic
    #[command(after_long_help = "\
What is said wins over whatever the enricher finds, now and later; of several words the last holds. Rules, cards and
figures go by it from here on. No rule is asked again about what has happened: its event has been judged. To say that a
right finding is right is worth as much to the back-test as a correction.

Examples:
  omnihub interaction correct desk 35436-77 --sentiment negative --intent return --intent complaint
  omnihub interaction correct wa wamid.HBg… --language de --topic none
  omnihub interaction correct wa wamid.HBg… --take-back language")]
    Correct(CorrectArgs),
    /// Lists interactions people corrected, the one spoken of last first, with what was found and what they say
    #[command(after_long_help = "\
Examples:
  omnihub interaction corrections
  omnihub interaction corrections --before 1200 --limit 100        the page before
  omnihub interaction corrections --json | jq '.corrections[] | select(.said.topic)'")]
    Corrections {
        /// Only those last spoken of in a record before this one: a page's `next`
        #[arg(long, value_name = "NUMBER")]
        before: Option<u64>,
        /// How many at most
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Runs the enricher over all corrected interactions, and lays what it finds beside what people say
    #[command(after_long_help = "\
For each field: how often the enricher agreed with people when the message came, and how often the one installed, or the
one of --enricher, does now. For each class: its precision and recall, in per cent. Changes nothing. People correct what
is wrong and seldom confirm what is right, so the figures are lower than on all messages: compare them with each other.

--export writes the same messages as labelled cases, a file per language in the form of the enricher's own labelled set;
fields nobody spoke of have what was found. These files hold customers' own words: only you may read them.

Examples:
  omnihub interaction backtest
  omnihub interaction backtest --enricher target/component/enricher-sentiment.wasm
  omnihub interaction backtest --export cases/ --json | jq .fields")]
    Backtest(BackTestArgs),
}

#[derive(Debug, Args)]
pub(super) struct CorrectArgs {
    /// The interaction's connection
    connection: String,
    /// The provider's id of it, as `omnihub customer timeline` shows it
    id: String,
    /// The language it is in, such as de or pt-BR; none
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// How it sounds: very_negative, negative, neutral, positive, very_positive
    #[arg(long, value_name = "LABEL")]
    sentiment: Option<String>,
    /// What its writer wants, the one to act on first first; none
    #[arg(long = "intent", value_name = "INTENT")]
    intents: Vec<String>,
    /// What it is about; none
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Says nothing of this field any more
    #[arg(long, value_name = "FIELD", value_parser = Corrected::FIELDS)]
    take_back: Vec<String>,
    #[command(flatten)]
    by: By,
    #[command(flatten)]
    listing: Listing,
}

impl CorrectArgs {
    fn question(&self) -> Question {
        let said = |word: &String| if word == NONE { String::new() } else { word.clone() };
        let intents: Vec<String> = self.intents.iter().map(said).collect();
        let question = Question::post(&["interactions", &self.connection, &self.id, "corrections"])
            .with("language", self.language.as_ref().map(said))
            .with("sentiment", self.sentiment.as_ref())
            .with("intents", (!intents.is_empty()).then(|| intents.join(",")))
            .with("topic", self.topic.as_ref().map(said))
            .with("take_back", (!self.take_back.is_empty()).then(|| self.take_back.join(",")));
        self.by.tell(question)
    }
}

const COLUMNS: [Column; 11] = [
    ("connection", "/connection"),
    ("id", "/id"),
    ("sentiment found", "/found/sentiment"),
    ("said", "/said/sentiment/value"),
    ("intents found", "/found/intents"),
    ("said", "/said/intents/value"),
    ("language found", "/found/language"),
    ("said", "/said/language/value"),
    ("topic found", "/found/topic"),
    ("said", "/said/topic/value"),
    ("text", "/text"),
];

pub(super) async fn interaction(out: &Out, command: InteractionCommand) -> Result<ExitCode, Failed> {
    match command {
        InteractionCommand::Correct(args) => args.listing.print(out, args.question(), show::commanded).await,
        InteractionCommand::Corrections { before, limit, reading } => {
            let question = Question::get(&["corrections"]).with("before", before).with("limit", limit);
            let draw = |out: &Out, answer: &Answer| {
                show::listed(out, answer, "/corrections", &COLUMNS, "corrections")
            };
            reading.print(out, question, draw).await
        }
        InteractionCommand::Backtest(args) => backtest::backtest(out, args).await,
    }
}

#[cfg(test)]
mod tests;
