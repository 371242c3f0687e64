//! The command line: what can be asked, and which exit code answers. Commands that list or show ask the hub's admin
//! interface, or, when no hub runs, the same routes over data they open themselves; nothing is answered in two ways.

mod api;
mod audit;
mod build;
mod chart;
mod check;
mod connector;
mod csv;
mod customer;
mod exit;
mod facts;
mod follow_up;
mod identity;
mod interaction;
mod kpi;
mod listing;
mod moment;
mod out;
mod panic;
mod poll;
mod privacy;
mod rule;
mod run;
mod segment;
mod show;
mod table;
mod token;
mod upkeep;
mod word;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::styling::Styles;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{self, Config};
use exit::Failed;
use out::{Color, Out};

/// One customer, one timeline: sandboxed connectors, a durable journal, rules that act once.
///
/// The hub receives what shops, help desks and messengers send, keeps it in a journal, makes one customer with one
/// timeline of it, and lets rules act. Everything is configured in one file; `omnihub config default` prints it.
#[derive(Debug, Parser)]
#[command(name = "omnihub", version, after_long_help = EXAMPLES, styles = Styles::styled(), max_term_width = 110)]
struct Cli {
    /// When to use colours. NO_COLOR and output that is no terminal turn them off unless they are asked for.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", global = true)]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  omnihub config default > hub.toml          begin with a commented configuration
  omnihub check                              everything that is wrong with it, at once
  omnihub run                                run the hub until SIGTERM or Ctrl-C
  omnihub customer find ana@example.com      who is this?
  omnihub delivery list --state parked       what waits for a person?
  omnihub rule why late-order evt_…          why did a rule act, or not?

Environment:
  OMNIHUB_CONFIG   the configuration file, as --config
  OMNIHUB_ADMIN    the address of the hub to ask, as --admin
  OMNIHUB_TOKEN    the token to ask with; without it the configuration's admin.token

Exit codes:
  0    done
  1    problems were found, or a check failed
  2    the command line is not understood
  3    what was asked for does not exist
  69   the hub or its data cannot be reached
  70   an internal error
  130  ended by a second Ctrl-C";

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the hub until it is told to stop
    Run(run::RunArgs),
    /// Checks configuration, plugins, connections and rules, and tells all problems at once
    Check(check::CheckArgs),
    /// Prints the configuration file with every key and its default
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Shows how the hub is: connections, backlog, journal, view, counts
    Status(listing::StatusArgs),
    /// Lists, inspects, tests and builds connectors
    #[command(subcommand)]
    Connector(connector::ConnectorCommand),
    /// Lists connections, and shows how their streams and subscriptions stand
    #[command(subcommand)]
    Connection(listing::ConnectionCommand),
    /// Reads from a provider what its deliveries may have missed
    Poll(poll::PollArgs),
    /// Lists and shows deliveries, and gives them to their connector again
    #[command(subcommand)]
    Delivery(listing::DeliveryCommand),
    /// Finds and shows customers, their timelines and conversations; joins and parts them
    #[command(subcommand)]
    Customer(customer::CustomerCommand),
    /// Tells what other limits of identity would change
    #[command(subcommand)]
    Identity(identity::IdentityCommand),
    /// Lists what is owed to people who want their data or want to be forgotten, and by when
    #[command(subcommand)]
    Privacy(privacy::PrivacyCommand),
    /// Shows each field of a customer or a thing with where it came from
    Facts(facts::FactsArgs),
    /// Lists what is to be done for customers later; adds to it and ticks it off
    #[command(subcommand)]
    FollowUp(follow_up::FollowUpCommand),
    /// Says what a message's finding should be, lists what people said, and judges the enricher by it
    #[command(subcommand)]
    Interaction(interaction::InteractionCommand),
    /// Lists what operators did, and proves that nothing of it was changed
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Makes, lists and revokes the tokens that the hub's admin interface asks for
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Shows how service goes: satisfaction, reply and resolution times, repeats; and what is behind each figure
    Kpi(kpi::KpiArgs),
    /// Lists and checks rules, and says why one acted or did not
    #[command(subcommand)]
    Rule(rule::RuleCommand),
    /// Lists segments, and shows who is in them
    #[command(subcommand)]
    Segment(segment::SegmentCommand),
    /// Lists and shows effects, tries them again, releases and cancels what is held, and stops everything that is sent
    #[command(subcommand)]
    Effect(listing::EffectCommand),
    /// Verifies and rebuilds the view from the journal, and shows the journal's figures
    #[command(subcommand)]
    Journal(upkeep::JournalCommand),
    /// Runs recorded deliveries through the hub without acting on anything
    Replay(ReplayArgs),
    /// Prints a completion script for a shell
    #[command(after_long_help = "Examples:\n  omnihub completion bash > /etc/bash_completion.d/omnihub")]
    Completion {
        /// The shell to complete in
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Prints the configuration file with every key, what it means and its default
    Default,
}

/// Where the configuration is.
#[derive(Clone, Debug, clap::Args)]
struct ConfigArg {
    /// The configuration file
    #[arg(long, value_name = "FILE", default_value = "hub.toml", env = "OMNIHUB_CONFIG")]
    config: PathBuf,
}

impl ConfigArg {
    fn load(&self) -> Result<Config, Failed> {
        Config::load(&self.config).map_err(|problems| Failed::Config { problems })
    }
}

#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Deliveries are files as `connector test` takes them, in folders named after their connection. What `omnihub run --record`
wrote is played in the order it was heard, with the connections it names; calls in it are shown as skipped, because a
replay asks no provider. A recording's texts are stand-ins: rules that read them act otherwise than they did.

Examples:
  omnihub replay --deliveries recorded/
  omnihub replay --deliveries recorded/ --shuffle 7 --duplicate 20 --digest   the digest must stay the same")]
struct ReplayArgs {
    /// Folder with the recorded deliveries
    #[arg(long, value_name = "DIR")]
    deliveries: PathBuf,
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Plugins to use instead of the configuration's
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
    /// Rules to use instead of the configuration's
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Deliver in an order drawn from this seed
    #[arg(long, value_name = "SEED")]
    shuffle: Option<u64>,
    /// Deliver so many of a hundred twice
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    duplicate: u8,
    /// Print the model's digest, which does not depend on the order of arrival
    #[arg(long)]
    digest: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    panic::install();
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let out = Out::new(cli.color);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&out, &Failed::Internal(error.into())),
    };
    let done = runtime.block_on(dispatch(&out, cli.command));
    // Blocking threads that still compute for nobody do not hold up the end.
    runtime.shutdown_background();
    match done {
        Ok(code) => code,
        Err(failed) => exit::report(&out, &failed),
    }
}

/// The colour choice also holds for help and for errors of the command line itself, so it is looked for first.
fn parse() -> Result<Cli, clap::Error> {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let matches = Cli::command().color(Color::wanted_in(&arguments)).try_get_matches_from(arguments)?;
    Cli::from_arg_matches(&matches)
}

/// Help and version go to stdout and are no failure.
fn usage(error: &clap::Error) -> ExitCode {
    // Nobody is left to be told that nobody listens.
    drop(error.print());
    if error.use_stderr() { exit::USAGE.into() } else { ExitCode::SUCCESS }
}

async fn dispatch(out: &Out, command: Command) -> Result<ExitCode, Failed> {
    match command {
        Command::Run(args) => run::run(args).await,
        Command::Check(args) => check::check(out, &args),
        Command::Config(ConfigCommand::Default) => out.text(config::DEFAULT),
        Command::Status(args) => listing::status(out, args).await,
        Command::Connector(command) => connector::connector(out, command),
        Command::Connection(command) => listing::connection(out, command).await,
        Command::Poll(args) => poll::poll(out, args).await,
        Command::Delivery(command) => listing::delivery(out, command).await,
        Command::Customer(command) => customer::customer(out, command).await,
        Command::Identity(command) => identity::identity(out, command).await,
        Command::Privacy(command) => privacy::privacy(out, command).await,
        Command::Facts(args) => facts::facts(out, args).await,
        Command::FollowUp(command) => follow_up::follow_up(out, command).await,
        Command::Interaction(command) => interaction::interaction(out, command).await,
        Command::Audit(command) => audit::audit(out, command).await,
        Command::Token(command) => token::token(out, command).await,
        Command::Kpi(args) => kpi::kpi(out, args).await,
        Command::Rule(command) => rule::rule(out, command).await,
        Command::Segment(command) => segment::segment(out, command).await,
        Command::Effect(command) => listing::effect(out, command).await,
        Command::Journal(command) => upkeep::journal(out, command).await,
        Command::Replay(args) => replay(out, args).await,
        Command::Completion { shell } => completion(out, shell),
    }
}

async fn replay(out: &Out, args: ReplayArgs) -> Result<ExitCode, Failed> {
    let options = crate::replay::Options {
        deliveries: args.deliveries,
        config: args.config,
        plugins: args.plugins,
        rules: args.rules,
        shuffle: args.shuffle,
        duplicate_percent: args.duplicate,
        digest: args.digest,
        json: args.json,
    };
    let mut printed = Ok(ExitCode::SUCCESS);
    let code = crate::replay::run(options, &mut |text| {
        if printed.is_ok() {
            printed = out.line(text);
        }
    })
    .await?;
    printed.map(|_| code)
}

fn completion(out: &Out, shell: clap_complete::Shell) -> Result<ExitCode, Failed> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "omnihub", &mut script);
    out.text(&String::from_utf8_lossy(&script))
}

#[cfg(test)]
mod tests;
