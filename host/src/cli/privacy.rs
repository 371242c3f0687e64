//! `omnihub customer erase|export` and `omnihub privacy`: what people may ask of the data about them.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::api::{Answer, Question, ask, require_data};
use super::exit::Failed;
use super::listing::Listing;
use super::out::Out;
use super::show::{self, Column, Drawn, cell, rows, section};
use super::word::{By, Word};
use crate::config::Config;
use crate::{erase, export};

/// What has to be typed before somebody is forgotten.
const YES: &str = "erase";

/// Only whoever exported may read it.
const PRIVATE: u32 = 0o600;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Shows first what will go, and asks. Nothing brings it back: the person is forgotten in the view at once; the journal's
records are rewritten by the running hub within seconds; the view's file, which may hold old bytes, is built anew and
swapped within the hour (`erasing.view_minutes`), or when the hub starts next. What providers tell of the person later is
forgotten as it arrives. Systems whose connector can erase are asked; `omnihub privacy list` says what became of it, and
where a person has to see to it.

Examples:
  omnihub customer erase cus_0123456789abcdef0123456789abcdef --reason \"request 17\"
  omnihub customer erase cus_… --yes --json                  in a script
  systemctl stop omnihub && omnihub customer erase --now && systemctl start omnihub
                                                             everything that is owed, down to the last byte")]
pub(super) struct EraseArgs {
    /// The customer's id
    #[arg(required_unless_present = "now")]
    id: Option<String>,
    #[command(flatten)]
    word: Word,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Rewrite the journal and build the view anew now; no hub may run
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    listing: Listing,
}

pub(super) async fn erase(out: &Out, args: EraseArgs) -> Result<ExitCode, Failed> {
    let config = args.listing.hub.config.load()?;
    if args.now {
        require_data(&config)?;
        if args.listing.hub.is_answered(&config).await? {
            let help = "stop the hub first; without --now it rewrites the journal itself";
            return Err(Failed::problem("a hub is running with this data", help));
        }
    }
    if let Some(id) = &args.id {
        let question = || Question::get(&["customers", id, "erase"]);
        if !args.yes {
            confirm(out, &ask(&args.listing.hub, question()).await?)?;
        }
        let question = args.word.tell(Question::post(&["customers", id, "erase"]));
        args.listing.print(out, question, asked).await?;
    }
    if args.now {
        finish(config).await?;
        out.tell("done: the journal is rewritten and the view is built anew");
    }
    Ok(ExitCode::SUCCESS)
}

async fn finish(config: Config) -> Result<(), Failed> {
    let finished = tokio::task::spawn_blocking(move || erase::now(&config)).await;
    finished.map_err(|error| Failed::Internal(error.into()))?.map_err(Failed::from)
}

/// Shows what will go and asks the person at the terminal.
fn confirm(out: &Out, preview: &Answer) -> Result<(), Failed> {
    if !std::io::stdin().is_terminal() {
        let help = "add --yes; `GET /v1/customers/{id}/erase` shows what will go";
        return Err(Failed::usage("erasing cannot be undone, and nobody is here to be asked", help));
    }
    for line in preview_lines(&preview.json) {
        out.tell(&line);
    }
    out.tell(&format!("This cannot be undone. Type \"{YES}\" to go on:"));
    std::io::stderr().flush().ok();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_err() || answer.trim() != YES {
        return Err(Failed::problem(
            "nothing was erased",
            format!("type \"{YES}\" when asked, or add --yes"),
        ));
    }
    Ok(())
}

fn preview_lines(preview: &Value) -> Vec<String> {
    let number = |pointer: &str| preview.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    let length = |pointer: &str| preview.pointer(pointer).and_then(Value::as_array).map_or(0, Vec::len);
    let mut lines = vec!["This will be forgotten, for good:".to_owned()];
    lines.push(format!("  {} account(s), with names, addresses, consents and tags", length("/accounts")));
    for (kind, count) in preview.pointer("/timeline").and_then(Value::as_object).into_iter().flatten() {
        lines.push(format!("  {count} {}", kind.replace('_', " ")));
    }
    lines.push(format!(
        "  {} event(s) in {} record(s) of the journal",
        number("/events"),
        number("/records")
    ));
    lines.push(format!("  {} parked delivery(ies) that name the person", length("/parked")));
    lines
}

fn asked(out: &Out, answer: &Answer) -> Drawn {
    show::listed(out, answer, "/steps", &[("step", "/step"), ("state", "/state")], "steps")
}

#[derive(Debug, Args)]
#[command(after_long_help = "\
Two files: <id>.json has everything, for machines; <id>.html is one page to read, with nothing to load from elsewhere.
Only you may read them. Bodies of deliveries may hold other people's data as well: look before you hand them on.

Examples:
  omnihub customer export cus_0123456789abcdef0123456789abcdef --dir exported/
  omnihub customer export cus_… --json | jq .timeline")]
pub(super) struct ExportArgs {
    /// The customer's id
    id: String,
    /// Where to write
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    #[command(flatten)]
    by: By,
    #[command(flatten)]
    listing: Listing,
}

pub(super) async fn export(out: &Out, args: ExportArgs) -> Result<ExitCode, Failed> {
    let question = args.by.tell(Question::get(&["customers", &args.id, "export"]));
    let answer = ask(&args.listing.hub, question).await?;
    if args.listing.json {
        return out.line(&answer.text);
    }
    let id = cell(&answer.json, "/customer/summary/id");
    let name = if id.is_empty() { "customer".to_owned() } else { id };
    std::fs::create_dir_all(&args.dir).map_err(|error| Failed::file(&args.dir, &error))?;
    let pretty =
        serde_json::to_string_pretty(&answer.json).map_err(|error| Failed::Internal(error.into()))?;
    let page = export::page(&answer.json);
    for (extension, text) in [("json", pretty), ("html", page)] {
        let path = args.dir.join(format!("{name}.{extension}"));
        write(&path, &text).map_err(|error| Failed::file(&path, &error))?;
        out.line(&path.display().to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that only its owner may read.
pub(super) fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(PRIVATE).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[derive(Debug, Subcommand)]
pub(super) enum PrivacyCommand {
    /// Lists open requests, erasures and how far they are
    #[command(
        after_long_help = "Examples:\n  omnihub privacy list\n  omnihub privacy list --json | jq .view_waiting"
    )]
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Says that the erasure in a system is done by hand, or need not be
    #[command(after_long_help = "\
The hub asks that system no more and forgets the provider's id of the person. `omnihub effect retry` asks once more
instead.

Examples:
  omnihub privacy close eff_0123456789abcdef0123456789abcdef --reason 'deleted in the dashboard'")]
    Close {
        /// The erasure's id, as `omnihub privacy list` shows it
        erasure: String,
        #[command(flatten)]
        word: Word,
        #[command(flatten)]
        listing: Listing,
    },
}

pub(super) async fn privacy(out: &Out, command: PrivacyCommand) -> Result<ExitCode, Failed> {
    match command {
        PrivacyCommand::List { listing } => listing.print(out, Question::get(&["privacy"]), listed).await,
        PrivacyCommand::Close { erasure, word, listing } => {
            let question = word.tell(Question::post(&["privacy", &erasure, "close"]));
            listing.print(out, question, show::commanded).await
        }
    }
}

const REQUESTS: [Column; 6] = [
    ("request", "/id"),
    ("connection", "/connection"),
    ("kind", "/kind"),
    ("due", "/due_at"),
    ("closed", "/closed_at"),
    ("customer", "/customer"),
];

const ERASURES: [Column; 6] = [
    ("account", "/account"),
    ("asked", "/at"),
    ("due", "/due_at"),
    ("overdue", "/overdue"),
    ("journal", "/journal"),
    ("view", "/view"),
];

const SYSTEMS: [Column; 7] = [
    ("erasure", "/effect"),
    ("connection", "/connection"),
    ("object", "/object"),
    ("state", "/state"),
    ("since", "/at"),
    ("due", "/due_at"),
    ("why", "/reason"),
];

fn listed(out: &Out, answer: &Answer) -> Drawn {
    let (requests, erasures) = (rows(&answer.json, "/requests"), rows(&answer.json, "/erasures"));
    if requests.is_empty() && erasures.is_empty() {
        out.tell("nobody asked for anything");
    }
    section(out, "Requests", requests, &REQUESTS)?;
    section(out, "Erasures", erasures, &ERASURES)?;
    let systems: Vec<Value> = erasures.iter().flat_map(|one| rows(one, "/systems")).cloned().collect();
    section(out, "In other systems", &systems, &SYSTEMS)?;
    if answer.json.pointer("/view_waiting") == Some(&Value::Bool(true)) {
        out.tell("the view's file is built anew within `erasing.view_minutes`, at the next start of the hub, or by `omnihub customer erase --now`");
    }
    Ok(ExitCode::SUCCESS)
}
