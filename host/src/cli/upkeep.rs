//! `omnihub journal`: is the view what the journal says, build it anew, how large is the journal. And what else is read
//! from the whole of it: whether each effect happened once.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Subcommand;
use hub_journal::{Journal, Options};
use hub_store::Store;
use indicatif::{ProgressBar, ProgressStyle};

use super::api::{Answer, Question, ask, open_data, require_data};
use super::exit::{Failed, PROBLEMS};
use super::listing::Listing;
use super::out::Out;
use super::show;
use crate::admin::Verified;
use crate::config::Config;
use crate::{data, erase};

#[derive(Debug, Subcommand)]
pub(super) enum JournalCommand {
    /// Folds the journal into memory and compares the result with the view
    #[command(after_long_help = "\
Prints both digests. Exit code 0 when they agree, 1 when they do not: then `omnihub journal rebuild` makes the view anew,
and the difference is worth a report. Needs memory for the whole view.

Examples:
  omnihub journal verify && echo sound")]
    Verify {
        #[command(flatten)]
        listing: Listing,
    },
    /// Builds the view anew from the journal; the hub must not run
    #[command(after_long_help = "\
The new view is built beside the old one and takes its place when it is complete. Interrupted, it changes nothing. It takes
less than half of the disk of a view that has grown; while it is built, free space of twice the old view's size is needed.

Examples:
  systemctl stop omnihub && omnihub journal rebuild && systemctl start omnihub")]
    Rebuild {
        #[command(flatten)]
        config: super::ConfigArg,
    },
    /// Shows how much the journal holds, and damage found in it
    #[command(after_long_help = "Examples:\n  omnihub journal stats")]
    Stats {
        #[command(flatten)]
        listing: Listing,
    },
}

pub(super) async fn journal(out: &Out, command: JournalCommand) -> Result<ExitCode, Failed> {
    match command {
        JournalCommand::Verify { listing } => verify(out, listing).await,
        JournalCommand::Rebuild { config } => {
            let config = config.load()?;
            blocking(move || rebuild(&config)).await.and_then(|records| {
                out.line(&format!("the view is built anew from the journal, up to record {records}"))
            })
        }
        JournalCommand::Stats { listing } => {
            listing.print(out, Question::get(&["journal", "stats"]), show::journal_stats).await
        }
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failed> + Send + 'static,
) -> Result<T, Failed> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Failed::Internal(error.into()))?
}

/// A running hub compares by itself; without one it is done here, where progress can be shown.
async fn verify(out: &Out, listing: Listing) -> Result<ExitCode, Failed> {
    let config = listing.hub.config.load()?;
    let mark = erase::mark(&config);
    let answer = match listing.hub.is_answered(&config).await? {
        true => ask(&listing.hub, Question::post(&["journal", "verify"])).await?,
        false => Answer::of(&blocking(move || verify_offline(&config)).await?)?,
    };
    if listing.json {
        out.line(&answer.text)?;
    } else {
        show::verified(out, &answer)?;
    }
    let agrees = answer.json.pointer("/agrees").and_then(serde_json::Value::as_bool) == Some(true);
    if !agrees && mark.exists() {
        out.tell("somebody was erased from the journal, and the view is not built anew from it yet; see `omnihub privacy list`");
        return Ok(PROBLEMS.into());
    }
    if !agrees {
        out.tell("the view is not what the journal says; `omnihub journal rebuild` makes it anew");
        return Ok(PROBLEMS.into());
    }
    Ok(ExitCode::SUCCESS)
}

fn verify_offline(config: &Config) -> Result<Verified, Failed> {
    Ok(offline(config, data::verify)?.into())
}

/// Goes through a journal, beside the view of it, telling how far it is.
type Pass<T> = fn(&Journal, &dyn Store, &mut dyn FnMut(u64)) -> anyhow::Result<T>;

/// Reads the whole journal without a hub, showing how far it is.
fn offline<T>(config: &Config, read: Pass<T>) -> Result<T, Failed> {
    let data = open_data(config)?;
    let bar = progress(data.journal.durable().get());
    let found = read(&data.journal, &*data.store, &mut |at| bar.set_position(at));
    bar.finish_and_clear();
    data.journal.close();
    Ok(found?)
}

/// A running hub proves it by itself; without one it is done here, where progress can be shown.
pub(super) async fn verify_effects(out: &Out, listing: Listing) -> Result<ExitCode, Failed> {
    let config = listing.hub.config.load()?;
    let answer = match listing.hub.is_answered(&config).await? {
        true => ask(&listing.hub, Question::post(&["effects", "verify"])).await?,
        false => Answer::of(&blocking(move || offline(&config, data::prove)).await?)?,
    };
    if listing.json {
        out.line(&answer.text)?;
    } else {
        show::proven(out, &answer)?;
    }
    if answer.json.pointer("/proven").and_then(serde_json::Value::as_bool) == Some(true) {
        return Ok(ExitCode::SUCCESS);
    }
    let breaches = show::rows(&answer.json, "/breaches").len();
    out.tell(&match breaches {
        0 => "records of the journal could not be read: of what they said nothing is proven".to_owned(),
        breaches => format!(
            "{breaches} breach(es): `omnihub effect show` tells of each effect what became of it; worth a report"
        ),
    });
    Ok(PROBLEMS.into())
}

fn rebuild(config: &Config) -> Result<u64, Failed> {
    let dir = require_data(config)?;
    // Looking takes no lock, so a running hub is told apart below.
    let last =
        Journal::open_read_only(&dir, Options::default()).map_or(0, |(journal, _)| journal.durable().get());
    let bar = progress(last);
    let rebuilt = data::rebuild(config, &mut |at| bar.set_position(at));
    bar.finish_and_clear();
    rebuilt.map_err(|error| match Failed::from(error) {
        Failed::Unavailable { message, help } => {
            Failed::unavailable(format!("nothing was rebuilt: {message}"), help)
        }
        other => other,
    })
}

/// A bar on a terminal, nothing elsewhere.
pub(super) fn progress(records: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{bar:40} {percent:>3}%  record {pos} of {len}  {per_sec}  {eta} left");
    ProgressBar::new(records).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
