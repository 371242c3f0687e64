//! `omnihub rule history`: the versions of the rule files, from the journal.

use std::process::ExitCode;

use hub_journal::{Journal, Options};
use hub_model::Timestamp;
use serde::Serialize;

use super::journalled;
use crate::cli::ConfigArg;
use crate::cli::api::require_data;
use crate::cli::exit::Failed;
use crate::cli::out::Out;
use crate::cli::show::short_time;
use crate::cli::table::Table;
use crate::settings::changes;

#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Every version of a rule file that was ever in force is in the journal: when it was taken over, and by whom where somebody
asked for it. Printed out it can be put back into the folder.

Examples:
  omnihub rule history
  omnihub rule history late-order.yaml
  omnihub rule history late-order.yaml --version 3f0a9c11d2e4b587 > rules/late-order.yaml")]
pub(in crate::cli) struct HistoryArgs {
    /// The file's name in the folder; all without
    file: Option<String>,
    /// Print this version's text
    #[arg(long, value_name = "HASH", requires = "file")]
    version: Option<String>,
    #[command(flatten)]
    config: ConfigArg,
    /// Print the result as JSON
    #[arg(long, conflicts_with = "version")]
    json: bool,
}

#[derive(Serialize)]
struct Version {
    /// Sequence number of the record that took it over.
    record: u64,
    at: Timestamp,
    file: String,
    /// "new", "changed" or "gone".
    what: &'static str,
    /// Names its text; `None` where it was taken away.
    version: Option<String>,
    by: Option<String>,
    reason: Option<String>,
    #[serde(skip)]
    text: Option<String>,
}

pub(super) fn history(out: &Out, args: HistoryArgs) -> Result<ExitCode, Failed> {
    let HistoryArgs { file, version, config, json } = args;
    let dir = require_data(&config.load()?)?;
    let (journal, _) = Journal::open_read_only(&dir, Options::default()).map_err(anyhow::Error::from)?;
    let mut versions = versions(&journal)?;
    versions.retain(|one| file.as_ref().is_none_or(|file| one.file == *file));
    if let Some(version) = version {
        let is_it = |one: &Version| one.version.as_ref().is_some_and(|hash| hash.starts_with(&version));
        let text = versions.into_iter().find(is_it).and_then(|one| one.text);
        let text = text.ok_or_else(|| {
            let file = file.unwrap_or_default();
            let message = format!("{file} has no version {version}");
            Failed::not_found(message, format!("`omnihub rule history {file}` lists its versions"))
        })?;
        return out.text(&text);
    }
    if json {
        return out.json(&serde_json::json!({ "versions": versions }));
    }
    if versions.is_empty() {
        out.tell("no versions");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["at", "file", "what", "version", "by", "reason"]);
    for one in versions {
        let Version { at, file, what, version, by, reason, .. } = one;
        let words = [version, by, reason].map(Option::unwrap_or_default);
        let at = at.to_string();
        let at = short_time(&at).unwrap_or(at);
        table.row([vec![at, file, what.to_owned()], words.to_vec()].concat());
    }
    out.table(&table)
}

/// As much of the hash in the audit as names a version.
fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect()
}

/// Newest first.
fn versions(journal: &Journal) -> Result<Vec<Version>, Failed> {
    let mut versions = Vec::new();
    let mut before = Vec::new();
    for (seq, at, settings) in journalled::all(journal)? {
        let given = settings.given.as_ref();
        for change in changes(&before, &settings.rules) {
            versions.push(Version {
                record: seq.get(),
                at,
                what: change.word(),
                version: change.now.as_deref().map(hash),
                by: given.map(|given| given.by.clone()),
                reason: given.map(|given| given.reason.clone()),
                file: change.file,
                text: change.now,
            });
        }
        before = settings.rules;
    }
    versions.reverse();
    Ok(versions)
}
