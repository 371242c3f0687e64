//! `omnihub token`: who may ask the hub, for what, and until when.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::api::{Answer, Question, ask};
use super::exit::Failed;
use super::listing::Listing;
use super::moment::{Moment, moment};
use super::out::Out;
use super::show::{self, Drawn, cell};
use super::word::{By, Word};
use crate::clock::Clock;

/// What people write who mean every scope.
const ALL: &str = "all";
const SCOPES: [&str; 5] = ["read", "operate", "erase", "install", ALL];

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Makes a token and prints it, once
    #[command(after_long_help = "\
A token goes to whoever is to ask the hub: in the header `Authorization: Bearer <token>`, or for this command line in
OMNIHUB_TOKEN. It is printed here and nowhere kept: the hub has its hash. Scopes say what it is good for:

  read      see everything, customers included, and change nothing
  operate   decide on single cases: deliveries, effects, customers, follow-ups; stop everything that is sent
  erase     have people forgotten
  install   change what the hub does from then on: take over rules, make and revoke tokens
  all       each of these

None contains another: who is to look and to decide needs `--scope read,operate`. Nobody makes a token for more than their
own is good for.

Without a token the hub answers whoever reaches its loopback address. From the first token on everybody needs one, and
that stays so when it has expired or is revoked; so the first is one for everything, or admin.token is configured.
Somebody locked out stops the hub and makes a token then: whoever has the data directory is asked for none.

Where tokens leak they can be found: `omnihub_[0-9a-f]{72}` is the expression for a secret scanner.

Examples:
  export OMNIHUB_TOKEN=$(omnihub token create --scope all --name ana)
  omnihub token create --scope read --name grafana --expires 365d
  omnihub token create --scope read,operate --name ci --json | jq -r .token")]
    Create(CreateArgs),
    /// Lists tokens, the newest first: names, scopes, until when, and when last used. Never a token itself
    #[command(after_long_help = "\
When a token was last used is known since the hub was started.

Examples:
  omnihub token list
  omnihub token list --all --json | jq '.tokens[] | select(.state == \"revoked\")'")]
    List {
        /// Those that have expired or are revoked too
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        listing: Listing,
    },
    /// Takes a token back: nobody who shows it is answered from then on
    #[command(after_long_help = "\
It holds from the moment this command is answered, and nothing takes it back. Whoever still needs a token is made another.

Examples:
  omnihub token revoke tok_0123456789abcdef0123456789abcdef --reason \"found in a repository\"")]
    Revoke {
        /// The token's id, as `omnihub token list` shows it
        id: String,
        #[command(flatten)]
        word: Word,
        #[command(flatten)]
        listing: Listing,
    },
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// What it is good for, with commas between
    #[arg(long = "scope", value_name = "SCOPES", value_delimiter = ',', required = true, value_parser = SCOPES)]
    scopes: Vec<String>,
    /// Until when, or for how long: a time, a date, or a number with m, h, d or w; a year at most
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = moment)]
    expires: Moment,
    /// What to call it in lists and in the audit, for ever; without one its id
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    by: By,
    #[command(flatten)]
    listing: Listing,
}

impl CreateArgs {
    fn question(&self) -> Question {
        let is_all = self.scopes.iter().any(|scope| scope == ALL);
        let scopes = match is_all {
            true => hub_fold::Scope::ALL.map(|scope| scope.word().to_owned()).join(","),
            false => self.scopes.join(","),
        };
        let question = Question::post(&["tokens"])
            .with("scopes", Some(scopes))
            .with("expires_at", Some(self.expires.after(Clock::System.now())))
            .with("name", self.name.as_ref());
        self.by.tell(question)
    }
}

pub(super) async fn token(out: &Out, command: TokenCommand) -> Result<ExitCode, Failed> {
    match command {
        TokenCommand::Create(args) => create(out, &args).await,
        TokenCommand::List { all, listing } => {
            let question = Question::get(&["tokens"]).with("all", all.then_some(true));
            listing.print(out, question, listed).await
        }
        TokenCommand::Revoke { id, word, listing } => {
            let question = word.tell(Question::post(&["tokens", &id, "revoke"]));
            listing.print(out, question, revoked).await
        }
    }
}

/// The token alone goes to stdout, so that a script can take it; what it is goes to stderr.
async fn create(out: &Out, args: &CreateArgs) -> Result<ExitCode, Failed> {
    let answer = ask(&args.listing.hub, args.question()).await?;
    if args.listing.json {
        return out.line(&answer.text);
    }
    out.line(&cell(&answer.json, "/token"))?;
    let of = |pointer: &str| cell(&answer.json, pointer);
    out.tell(&format!(
        "{} ({}), good for {} until {}",
        of("/id"),
        of("/name"),
        of("/scopes"),
        of("/expires_at")
    ));
    out.tell("It is not shown again. Whoever asks the hub needs a token now; this command line takes it from OMNIHUB_TOKEN.");
    Ok(ExitCode::SUCCESS)
}

fn revoked(out: &Out, answer: &Answer) -> Drawn {
    out.line(&format!("revoked, as record {} of the journal", cell(&answer.json, "/command")))
}

fn listed(out: &Out, answer: &Answer) -> Drawn {
    let columns = [
        ("token", "/id"),
        ("name", "/name"),
        ("scopes", "/scopes"),
        ("state", "/state"),
        ("made", "/made_at"),
        ("by", "/made_by"),
        ("expires", "/expires_at"),
        ("used", "/used_at"),
    ];
    show::listed(out, answer, "/tokens", &columns, "tokens")
}
