//! Commands that ask the hub and print what it answers: `--json` prints the answer as it came.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::api::{Answer, HubArg, Question, ask};
use super::exit::Failed;
use super::out::Out;
use super::show;
use super::upkeep;
use super::word::Word;

/// What every listing takes.
#[derive(Debug, Args)]
pub(super) struct Listing {
    #[command(flatten)]
    pub(super) hub: HubArg,
    /// Print the API's JSON
    #[arg(long)]
    pub(super) json: bool,
}

impl Listing {
    /// Asks, then prints the answer or draws it.
    pub(super) async fn print(
        &self,
        out: &Out,
        question: Question,
        draw: impl FnOnce(&Out, &Answer) -> Result<ExitCode, Failed>,
    ) -> Result<ExitCode, Failed> {
        let answer = ask(&self.hub, question).await?;
        if self.json { out.line(&answer.text) } else { draw(out, &answer) }
    }
}

/// What every read of the view takes.
#[derive(Debug, Args)]
pub(super) struct Reading {
    /// Answer as of this moment: with what the hub had heard by then, and nothing later
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    #[command(flatten)]
    pub(super) listing: Listing,
}

impl Reading {
    /// As [`Listing::print`], of the moment asked for.
    pub(super) async fn print(
        self,
        out: &Out,
        question: Question,
        draw: impl FnOnce(&Out, &Answer) -> Result<ExitCode, Failed>,
    ) -> Result<ExitCode, Failed> {
        self.listing.print(out, question.with("as_of", self.as_of), draw).await
    }
}

#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  omnihub status
  omnihub status --json | jq .counts.customers")]
pub(super) struct StatusArgs {
    #[command(flatten)]
    listing: Listing,
}

pub(super) async fn status(out: &Out, args: StatusArgs) -> Result<ExitCode, Failed> {
    args.listing.print(out, Question::get(&["status"]), show::status).await
}

#[derive(Debug, Subcommand)]
pub(super) enum ConnectionCommand {
    /// Lists connections, when each last delivered, and what is wrong
    #[command(after_long_help = "Examples:\n  omnihub connection list")]
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Shows one connection: its problems, its subscriptions at the provider, its streams
    #[command(after_long_help = "Examples:\n  omnihub connection show shop")]
    Show {
        /// The connection's name
        name: String,
        #[command(flatten)]
        listing: Listing,
    },
}

pub(super) async fn connection(out: &Out, command: ConnectionCommand) -> Result<ExitCode, Failed> {
    match command {
        ConnectionCommand::List { listing } => {
            listing.print(out, Question::get(&["connections"]), show::connections).await
        }
        ConnectionCommand::Show { name, listing } => {
            listing.print(out, Question::get(&["connections", &name]), show::connection).await
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum DeliveryCommand {
    /// Lists deliveries, newest first
    #[command(after_long_help = "\
Examples:
  omnihub delivery list
  omnihub delivery list --state parked --connection shop
  omnihub delivery list --before 1200 --limit 100        the page before")]
    List {
        /// Only those pending, processed or parked
        #[arg(long, value_parser = hub_fold::read::DELIVERY_STATES)]
        state: Option<String>,
        /// Only those of this connection
        #[arg(long, value_name = "NAME")]
        connection: Option<String>,
        /// Only those with a smaller number
        #[arg(long, value_name = "NUMBER")]
        before: Option<u64>,
        /// How many at most
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Shows what arrived and what its connector made of it
    #[command(
        after_long_help = "Examples:\n  omnihub delivery show 1207\n  omnihub delivery show 1207 --json | jq .report.events"
    )]
    Show {
        /// The delivery's number
        number: u64,
        #[command(flatten)]
        reading: Reading,
    },
    /// Gives a delivery to its connector again, parked or not
    #[command(after_long_help = "\
Safe to repeat: the same events change nothing twice. Without a running hub the wish is journalled and fulfilled when one
starts.

Examples:
  omnihub delivery redrive 1207")]
    Redrive {
        /// The delivery's number
        number: u64,
        #[command(flatten)]
        listing: Listing,
    },
}

pub(super) async fn delivery(out: &Out, command: DeliveryCommand) -> Result<ExitCode, Failed> {
    match command {
        DeliveryCommand::List { state, connection, before, limit, reading } => {
            let question = Question::get(&["deliveries"])
                .with("state", state)
                .with("connection", connection)
                .with("before", before)
                .with("limit", limit);
            reading.print(out, question, show::deliveries).await
        }
        DeliveryCommand::Show { number, reading } => {
            let question = Question::get(&["deliveries", &number.to_string()]);
            reading.print(out, question, show::delivery).await
        }
        DeliveryCommand::Redrive { number, listing } => {
            let question = Question::post(&["deliveries", &number.to_string(), "redrive"]);
            listing.print(out, question, show::commanded).await
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum EffectCommand {
    /// Proves from the journal that no effect happened twice and none that was planned is forgotten
    #[command(after_long_help = "\
Reads every attempt and receipt, folds the journal into memory to know what had to be planned, and lays both beside the
view. Exit code 0 when nothing is wrong, 1 when something is or when a record could not be read. Needs memory for the
whole view. An unsafe effect that a person had tried again is that person's word, and no breach.

Examples:
  omnihub effect verify && echo proven
  omnihub effect verify --json | jq .breaches")]
    Verify {
        #[command(flatten)]
        listing: Listing,
    },
    /// Lists effects, newest first
    #[command(after_long_help = "\
Examples:
  omnihub effect list --state parked
  omnihub effect list --state held                    what waits for a person
  omnihub effect list --rule tag-unhappy-customer")]
    List {
        /// Only those in this state
        #[arg(long, value_parser = hub_fold::read::EFFECT_STATES)]
        state: Option<String>,
        /// Only those of this rule
        #[arg(long, value_name = "RULE")]
        rule: Option<String>,
        /// How many at most
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Shows one effect: what was asked, and what became of it
    #[command(after_long_help = "Examples:\n  omnihub effect show eff_0123456789abcdef0123456789abcdef")]
    Show {
        /// The effect's id
        id: String,
        #[command(flatten)]
        reading: Reading,
    },
    /// Tries a parked or unknown effect again
    #[command(after_long_help = "\
An effect whose outcome is unknown may have happened: look at the provider first, or it may happen twice.

Examples:
  omnihub effect retry eff_0123456789abcdef0123456789abcdef")]
    Retry {
        /// The effect's id
        id: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// Lets be sent what waits for a person: what a rule asks about, or has planned too much of
    #[command(after_long_help = "\
Examples:
  omnihub effect release eff_0123456789abcdef0123456789abcdef --reason 'looked at the order'
  omnihub effect release --rule back-in-stock --reason 'it was the sale'")]
    Release {
        #[command(flatten)]
        chosen: ChosenArgs,
        #[command(flatten)]
        word: Word,
        #[command(flatten)]
        listing: Listing,
    },
    /// Says that effects are not to be sent, held or not; nothing brings them back
    #[command(after_long_help = "\
What is on its way cannot be called back; it is not tried again.

Examples:
  omnihub effect cancel eff_0123456789abcdef0123456789abcdef --reason 'it is fraud'
  omnihub effect cancel --rule back-in-stock --reason 'the rule was wrong'")]
    Cancel {
        #[command(flatten)]
        chosen: ChosenArgs,
        #[command(flatten)]
        word: Word,
        #[command(flatten)]
        listing: Listing,
    },
    /// Stops everything that is sent; what rules plan meanwhile waits, and nothing is lost
    #[command(after_long_help = "\
What is on its way ends as it will. Erasures asked of other systems wait as well.

Examples:
  omnihub effect stop --reason 'prices are wrong in the shop'
  omnihub effect resume --reason 'prices are mended'")]
    Stop {
        #[command(flatten)]
        word: Word,
        #[command(flatten)]
        listing: Listing,
    },
    /// Goes on sending after a stop
    #[command(after_long_help = "Examples:\n  omnihub effect resume --reason 'prices are mended'")]
    Resume {
        #[command(flatten)]
        word: Word,
        #[command(flatten)]
        listing: Listing,
    },
}

/// Which effects are meant.
#[derive(Debug, Args)]
pub(super) struct ChosenArgs {
    /// The effects' ids
    #[arg(value_name = "EFFECT", required_unless_present = "rule", conflicts_with = "rule")]
    effects: Vec<String>,
    /// All of this rule's that are planned by now
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
}

impl ChosenArgs {
    fn tell(&self, question: Question) -> Question {
        let effects = (!self.effects.is_empty()).then(|| self.effects.join(","));
        question.with("rule", self.rule.as_ref()).with("effects", effects)
    }
}

pub(super) async fn effect(out: &Out, command: EffectCommand) -> Result<ExitCode, Failed> {
    match command {
        EffectCommand::Verify { listing } => upkeep::verify_effects(out, listing).await,
        EffectCommand::List { state, rule, limit, reading } => {
            let question =
                Question::get(&["effects"]).with("state", state).with("rule", rule).with("limit", limit);
            reading.print(out, question, show::effects).await
        }
        EffectCommand::Show { id, reading } => {
            reading.print(out, Question::get(&["effects", &id]), show::effect).await
        }
        EffectCommand::Retry { id, listing } => {
            listing.print(out, Question::post(&["effects", &id, "retry"]), show::commanded).await
        }
        EffectCommand::Release { chosen, word, listing } => {
            let question = word.tell(chosen.tell(Question::post(&["effects", "release"])));
            listing.print(out, question, show::commanded).await
        }
        EffectCommand::Cancel { chosen, word, listing } => {
            let question = word.tell(chosen.tell(Question::post(&["effects", "cancel"])));
            listing.print(out, question, show::commanded).await
        }
        EffectCommand::Stop { word, listing } => {
            listing.print(out, word.tell(Question::post(&["effects", "stop"])), show::commanded).await
        }
        EffectCommand::Resume { word, listing } => {
            listing.print(out, word.tell(Question::post(&["effects", "resume"])), show::commanded).await
        }
    }
}
