//! `omnihub audit`: what operators did, and whether its record is whole.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::Value;

use super::api::{Answer, Question, ask};
use super::exit::{Failed, PROBLEMS};
use super::listing::{Listing, Reading};
use super::out::Out;
use super::show::{self, Drawn, cell};
use super::table::Table;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Lists what operators did, newest first: merges, erasures, exports, redrives, changes of rules and of what
    /// connections may call
    #[command(after_long_help = "\
Examples:
  omnihub audit list
  omnihub audit list --before 120 --limit 100        the page before
  omnihub audit list --json | jq '.entries[] | select(.act.erased)'")]
    List {
        /// Only those with a smaller number
        #[arg(long, value_name = "NUMBER")]
        before: Option<u64>,
        /// How many at most
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Goes through the chain of hashes from its beginning
    #[command(after_long_help = "\
Each entry holds the hash of the one before: whoever changes, removes or adds one changes every hash after it. Note the
head somewhere else now and then; with --head it is found again, or it is not, and then history was rewritten. Exit code 0
when the chain holds, 1 when it does not.

Examples:
  omnihub audit verify
  omnihub audit verify --json | jq -r .head >> /elsewhere/heads
  omnihub audit verify --head 5c4d…")]
    Verify {
        /// A hash noted earlier
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
}

pub(super) async fn audit(out: &Out, command: AuditCommand) -> Result<ExitCode, Failed> {
    match command {
        AuditCommand::List { before, limit, reading } => {
            let question = Question::get(&["audit"]).with("before", before).with("limit", limit);
            reading.print(out, question, listed).await
        }
        AuditCommand::Verify { head, listing } => {
            let question = Question::get(&["audit", "verify"]).with("head", head.as_deref());
            let answer = ask(&listing.hub, question).await?;
            if listing.json { out.line(&answer.text) } else { verified(out, &answer) }?;
            Ok(if holds(&answer.json, head.is_some()) { ExitCode::SUCCESS } else { ExitCode::from(PROBLEMS) })
        }
    }
}

fn listed(out: &Out, answer: &Answer) -> Drawn {
    let mut table = Table::new(&["number", "at", "who", "what", "of", "why"]);
    for entry in show::rows(&answer.json, "/entries") {
        let (what, of) = told(entry);
        table.row([
            cell(entry, "/number"),
            cell(entry, "/at"),
            cell(entry, "/by"),
            what,
            of,
            cell(entry, "/reason"),
        ]);
    }
    if table.is_empty() {
        out.tell("nobody did anything yet");
        return Ok(ExitCode::SUCCESS);
    }
    out.table(&table)
}

/// The act as a word, and what it was done to.
fn told(entry: &Value) -> (String, String) {
    let act = entry.pointer("/act").and_then(Value::as_object);
    let Some((name, details)) = act.and_then(|act| act.iter().next()) else { return Default::default() };
    let of = details.as_object().into_iter().flatten().map(|(name, _)| cell(details, &format!("/{name}")));
    let of = of.filter(|value| !value.is_empty()).collect::<Vec<_>>().join(" ");
    (name.replace('_', " "), of)
}

fn holds(verdict: &Value, asked_for_head: bool) -> bool {
    let is_null = |pointer: &str| verdict.pointer(pointer).is_none_or(Value::is_null);
    is_null("/broken_at") && !(asked_for_head && is_null("/found"))
}

fn verified(out: &Out, answer: &Answer) -> Drawn {
    let names = [
        ("entries", "/entries"),
        ("head", "/head"),
        ("broken at", "/broken_at"),
        ("the hash asked for is entry", "/found"),
    ];
    out.table(&show::pairs(&answer.json, &names))
}
