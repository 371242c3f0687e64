//! `omnihub rule plan`: what taking the folder over would change, what is wrong with it, and what its new and changed
//! rules would have done. Reads the journal and writes nothing; a hub may run meanwhile.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use hub_fold::Counted;
use hub_fold::read::{self, BackTest};
use hub_journal::{Journal, Options};
use hub_model::Timestamp;
use hub_rules::{Catalogue, Rule, RuleFile, RuleProblem, review, switched_on};
use hub_store::Store;
use serde::Serialize;
use similar::TextDiff;

use super::journalled;
use crate::cli::ConfigArg;
use crate::cli::api::require_data;
use crate::cli::check::{self, RuleProblemDetails};
use crate::cli::exit::{Failed, PROBLEMS};
use crate::cli::moment::Moment;
use crate::cli::out::Out;
use crate::cli::table::{Table, printable};
use crate::cli::upkeep::{blocking, progress};
use crate::clock::Clock;
use crate::settings::{self, FileChange, changes, digest};
use crate::what_if::{self, If};

/// Without `--since`: long enough to see a shop's weeks, short enough to wait for.
const SINCE_DAYS: u64 = 30;

/// Lines around what is different.
const CONTEXT_LINES: usize = 2;

#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Compares the rule files of a folder with the rules in force: which are new, changed or gone, line by line, and what is
wrong with them together. New and changed rules are tried on what has happened, as `omnihub rule backtest` does. Exit
code 1 when they cannot be taken over.

Examples:
  omnihub rule plan                      the folder of the configuration
  omnihub rule plan ../shop-rules --since 90d
  omnihub rule plan --no-backtest --json | jq -r .digest")]
pub(in crate::cli) struct PlanArgs {
    /// The folder; rules_dir without
    dir: Option<PathBuf>,
    /// From when on actions are counted: a time, a date, or so long ago; 30 days without
    #[arg(long, value_name = "TIME", value_parser = crate::cli::moment::moment)]
    since: Option<Moment>,
    /// Do not try the rules on what has happened
    #[arg(long)]
    no_backtest: bool,
    #[command(flatten)]
    config: ConfigArg,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// What there is to say before rules are taken over.
#[derive(Serialize)]
struct Plan {
    /// Whether they can be.
    ok: bool,
    /// Names what was looked at: `omnihub rule apply --plan` takes over this and nothing else.
    digest: String,
    changes: Vec<FileChange>,
    problems: Vec<RuleProblemDetails>,
    /// Of each new or changed rule.
    tried: Vec<BackTest>,
    #[serde(skip)]
    drawn: Vec<RuleProblem>,
}

pub(super) async fn plan(out: &Out, args: PlanArgs) -> Result<ExitCode, Failed> {
    let PlanArgs { dir, since, no_backtest, config, json } = args;
    let config = config.load()?;
    let dir = dir.unwrap_or_else(|| config.rules_dir.clone());
    let now = Clock::System.now();
    let month = Moment::Away(std::time::Duration::from_secs(SINCE_DAYS * 24 * 3_600));
    let window = (!no_backtest).then(|| (since.unwrap_or(month).before(now), now));
    let planned = blocking(move || {
        let files = settings::rule_files(&dir).map_err(|error| Failed::file(&dir, &error))?;
        let journal_dir = require_data(&config)?;
        // Looking takes no lock, so a hub may run.
        let (journal, _) =
            Journal::open_read_only(&journal_dir, Options::default()).map_err(anyhow::Error::from)?;
        let found = check::install(config)?;
        let (catalogue, _) = settings::catalogue(&found.config, &found.plugins.now());
        planned(&journal, files, &catalogue, window)
    });
    let plan = planned.await?;
    let ok = plan.ok;
    if json {
        out.json(&plan)?
    } else {
        draw(out, &plan)?
    };
    Ok(if ok { ExitCode::SUCCESS } else { PROBLEMS.into() })
}

fn planned(
    journal: &Journal,
    files: Vec<(String, String)>,
    catalogue: &Catalogue,
    window: Option<(Timestamp, Timestamp)>,
) -> Result<Plan, Failed> {
    let before = journalled::last(journal)?.unwrap_or_default().rules;
    let changes = changes(&before, &files);
    let reviewed = review(&as_files(&files), catalogue);
    let tried = match (&reviewed.rules, window) {
        (Some(_), Some(window)) => tried(journal, &before, &files, &changes, catalogue, window)?,
        _ => Vec::new(),
    };
    Ok(Plan {
        ok: reviewed.rules.is_some(),
        digest: digest(&files),
        changes,
        problems: reviewed.problems.iter().map(RuleProblemDetails::new).collect(),
        tried,
        drawn: reviewed.problems,
    })
}

fn as_files(files: &[(String, String)]) -> Vec<RuleFile<'_>> {
    files.iter().map(|(name, text)| RuleFile { name, text }).collect()
}

/// What the new and changed rules would have done, beside those in force: two folds for all of them.
fn tried(
    journal: &Journal,
    before: &[(String, String)],
    files: &[(String, String)],
    changes: &[FileChange],
    catalogue: &Catalogue,
    window: (Timestamp, Timestamp),
) -> Result<Vec<BackTest>, Failed> {
    let known = hub_rules::with_new_names(&as_files(files), catalogue);
    let rule = |file: &str, text: &str| hub_rules::check(file, text, &known).ok();
    let rules: Vec<Rule> =
        changes.iter().filter_map(|change| rule(&change.file, change.now.as_deref()?)).collect();
    if rules.is_empty() {
        return Ok(Vec::new());
    }
    let switched = files.iter().map(|(name, text)| {
        let is_other = changes.iter().any(|change| change.file == *name);
        (name.clone(), if is_other { switched_on(name, text) } else { text.clone() })
    });
    let until = journal.durable().get();
    let bar = progress(until);
    let counted = Counted { rules: rules.iter().map(|rule| rule.id.clone()).collect(), since: window.0 };
    let fold = |rules: Vec<(String, String)>, progress: &mut dyn FnMut(u64)| {
        let change = If::Rules { rules, catalogue: catalogue.clone(), counted: counted.clone() };
        what_if::folded(journal, until, &change, progress)
    };
    let switched: Vec<_> = switched.collect();
    let (with, without) = what_if::beside(
        || fold(switched, &mut |at| bar.set_position(at)),
        || fold(before.to_vec(), &mut |_| {}),
    )?;
    bar.finish_and_clear();
    let (with, without) = (with?, without?);
    let ids = before.iter().filter_map(|(file, text)| rule(file, text)).map(|rule| rule.id);
    let live: BTreeSet<String> = ids.collect();
    let of = |rule: &Rule| {
        let without = live.contains(&rule.id).then_some(&without as &dyn Store);
        read::backtest(&with, without, &rule.id, window).map_err(|error| anyhow::Error::from(error).into())
    };
    rules.iter().map(of).collect()
}

fn draw(out: &Out, plan: &Plan) -> Result<ExitCode, Failed> {
    for change in &plan.changes {
        out.line(&format!("{} {}", change.word(), change.file))?;
        let (before, now) = (change.before.as_deref(), change.now.as_deref());
        let diff = TextDiff::from_lines(before.unwrap_or_default(), now.unwrap_or_default());
        let shown = diff.unified_diff().context_radius(CONTEXT_LINES).to_string();
        for line in shown.lines() {
            out.changed_line(&printable(line))?;
        }
    }
    plan.drawn.iter().for_each(|problem| out.diagnostic(problem));
    if !plan.tried.is_empty() {
        let mut table =
            Table::new(&["rule", "would have acted", "held back", "customers", "more", "fewer", "usual"]);
        for test in &plan.tried {
            let held: u64 = test.held.values().sum();
            let (more, fewer) = match &test.change {
                Some(change) => (format!("+{}", change.more.count), format!("-{}", change.fewer.count)),
                None => ("new".to_owned(), String::new()),
            };
            let counts = [test.fired, held, test.customers].map(|count| count.to_string());
            // What it may expect of itself; how often it would have raised an alarm with what it has the back-test tells.
            let usual = test.band.proposed.as_ref().map(|band| band.written.clone()).unwrap_or_default();
            table.row([vec![test.rule.clone()], counts.to_vec(), vec![more, fewer, usual]].concat());
        }
        out.line("")?;
        out.table(&table)?;
    }
    match (plan.ok, plan.changes.is_empty()) {
        (false, _) => out.line("they cannot be taken over as they are"),
        (true, true) => out.line("nothing changes: these are the rules in force"),
        (true, false) => {
            out.line(&format!("\ntake them over with `omnihub rule apply --plan {}`", plan.digest))
        }
    }
}
