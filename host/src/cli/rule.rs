//! `omnihub rule`: the rules in force, the rules in files with their own tests, and why a rule acted or did not.

mod backtest;
mod fields;
mod fixture;
mod history;
mod journalled;
mod library;
mod new;
mod plan;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use hub_rules::{Catalogue, RuleFile, RuleProblem, TestOutcome, review, run_tests};
use serde::Serialize;

use super::ConfigArg;
use super::api::Question;
use super::check::{self, RuleProblemDetails};
use super::exit::{Failed, PROBLEMS};
use super::listing::{Listing, Reading};
use super::moment::{Moment, moment};
use super::out::Out;
use super::show;
use super::word::Word;
use crate::settings;
use backtest::BackTestArgs;
use fields::{FieldsArgs, NamesArgs};
use fixture::FixtureArgs;
use history::HistoryArgs;
use new::NewArgs;
use plan::PlanArgs;

#[derive(Debug, Subcommand)]
pub(super) enum RuleCommand {
    /// Lists the rules in force
    #[command(after_long_help = "Examples:\n  omnihub rule list")]
    List {
        #[command(flatten)]
        listing: Listing,
    },
    /// Writes a rule from the library of templates into rules_dir
    New(NewArgs),
    /// Checks rule files and runs their tests
    #[command(after_long_help = "\
Without files all rules of rules_dir are checked. What rules may name depends on the configured connections and their
plugins. A test's fixture is looked for beside its rule. Errors keep a rule out; warnings tell of conditions that cannot
be meant and of rules that get in each other's way.

Examples:
  omnihub rule check
  omnihub rule check rules/late-order.yaml")]
    Check {
        /// Rule files; all of rules_dir without
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        config: ConfigArg,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Tells what a rule would have done, had it been in force
    #[command(after_long_help = "\
Folds the journal into memory with the rule in force from the beginning, whatever its mode, and with its limits: how often
it would have acted, for whom, and on which days. Where a rule of that name is in force, both are laid beside each other.
Nothing is written or sent, and a hub may run meanwhile. How often the rule is to be expected to act is told as well, as
`alarm_below` and `alarm_above` to be written in its limits, with the alarms they would have raised.

Examples:
  omnihub rule backtest rules/late-order.yaml
  omnihub rule backtest draft.yaml --since 30d
  omnihub rule backtest draft.yaml --json | jq .fired")]
    Backtest {
        /// The rule's file
        file: PathBuf,
        /// From when on its actions are counted: a time, a date, or so long ago; 90 days without
        #[arg(long, value_name = "TIME", value_parser = moment)]
        since: Option<Moment>,
        #[command(flatten)]
        config: ConfigArg,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Tells what taking the folder over would change, and what its rules would have done
    Plan(PlanArgs),
    /// Has the running hub take over what lies in its rules_dir: all of it, or nothing
    #[command(after_long_help = "\
The hub reads rules_dir, checks all of it together and goes on with the new rules, without a restart and without losing an
event: what it heard of before is decided on by the rules before. The audit keeps who asked for it.

Examples:
  omnihub rule apply --reason 'quieter evenings'
  omnihub rule apply --plan 3f0a9c11d2e4b587")]
    Apply {
        /// Only what this plan was of
        #[arg(long, value_name = "DIGEST")]
        plan: Option<String>,
        #[command(flatten)]
        word: Word,
        #[command(flatten)]
        listing: Listing,
    },
    /// Cuts a fixture for rule tests out of history: what rules were told of an event, masked
    Fixture(FixtureArgs),
    /// Lists the versions of rule files, or prints one
    History(HistoryArgs),
    /// Lists the fields that rules may ask for
    #[command(
        after_long_help = "Examples:\n  omnihub rule fields customer\n  omnihub rule fields --on order.paid"
    )]
    Fields(FieldsArgs),
    /// Lists the events that rules may act on
    #[command(after_long_help = "Examples:\n  omnihub rule events\n  omnihub rule events order")]
    Events(NamesArgs),
    /// Lists what rules may do
    #[command(after_long_help = "\
A parameter with `?` may be left out.

Examples:
  omnihub rule actions
  omnihub rule actions zendesk")]
    Actions(NamesArgs),
    /// Says what a rule made of an event, part by part, and where the values come from
    #[command(after_long_help = "\
Every part of the conditions with what it found, what held the rule back, and for each value who told it: connection or
rule, event, when it happened and when the hub learned of it. What was learned only since the decision is marked: look
with `--as-of` at the moment of the decision for what it was then.

`omnihub delivery show` lists a delivery's events.

Examples:
  omnihub rule why tag-unhappy-customer evt_0123456789abcdef0123456789abcdef")]
    Why {
        /// The rule's id
        rule: String,
        /// The event's id
        event: String,
        #[command(flatten)]
        reading: Reading,
    },
}

pub(super) async fn rule(out: &Out, command: RuleCommand) -> Result<ExitCode, Failed> {
    match command {
        RuleCommand::List { listing } => listing.print(out, Question::get(&["rules"]), show::rules).await,
        RuleCommand::New(args) => new::new(out, args),
        RuleCommand::Why { rule, event, reading } => {
            let question = Question::get(&["rules", &rule, "why", &event]);
            reading.print(out, question, show::why).await
        }
        RuleCommand::Backtest { file, since, config, json } => {
            backtest::backtest(out, BackTestArgs { file, since, config, json }).await
        }
        RuleCommand::Fixture(args) => fixture::fixture(out, args).await,
        RuleCommand::Plan(args) => plan::plan(out, args).await,
        RuleCommand::Apply { plan, word, listing } => {
            let question = word.tell(Question::post(&["rules", "apply"])).with("plan", plan);
            listing.print(out, question, show::applied).await
        }
        RuleCommand::History(args) => history::history(out, args),
        RuleCommand::Fields(args) => fields::fields(out, args),
        RuleCommand::Events(args) => fields::events(out, args),
        RuleCommand::Actions(args) => fields::actions(out, args),
        RuleCommand::Check { files, config, json } => check_rules(out, &files, &config, json),
    }
}

/// A rule file, and where its fixtures lie.
struct Source {
    name: String,
    text: String,
    dir: PathBuf,
}

impl Source {
    fn file(&self) -> RuleFile<'_> {
        RuleFile { name: &self.name, text: &self.text }
    }
}

#[derive(Serialize)]
struct Checked {
    ok: bool,
    problems: Vec<RuleProblemDetails>,
    tests: Vec<Tested>,
}

#[derive(Serialize)]
struct Tested {
    rule: String,
    file: String,
    #[serde(rename = "test")]
    outcome: TestOutcome,
}

fn check_rules(out: &Out, files: &[PathBuf], config: &ConfigArg, json: bool) -> Result<ExitCode, Failed> {
    let config = config.load()?;
    let sources = if files.is_empty() { of_folder(&config.rules_dir)? } else { of_files(files)? };
    let found = check::install(config)?;
    for problem in &found.refused {
        out.tell(&format!("plugin {} refused: {}", problem.file.display(), problem.message));
    }
    let (catalogue, _) = settings::catalogue(&found.config, &found.plugins.now());
    let catalogue = with_fields_of_rules(catalogue, &sources, &found.config.rules_dir);
    let problems = problems(&sources, &catalogue);
    let tests: Vec<Tested> = sources.iter().flat_map(|source| tests_of(source, &catalogue)).collect();
    let counted = problems.len();
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let ok = errors == 0 && tests.iter().all(|test| test.outcome.passed());
    if json {
        let problems = problems.iter().map(RuleProblemDetails::new).collect();
        out.json(&Checked { ok, problems, tests })?;
    } else {
        problems.iter().for_each(|problem| out.diagnostic(problem));
        tell(out, &sources, &tests, (errors, counted - errors))?;
    }
    Ok(if ok { ExitCode::SUCCESS } else { PROBLEMS.into() })
}

/// With what rules write for each other to read: those that are checked, and those of the folder they may stand beside.
fn with_fields_of_rules(catalogue: Catalogue, sources: &[Source], dir: &Path) -> Catalogue {
    // A folder that cannot be read has nothing to add; whoever asks for all of it is told.
    let beside = of_folder(dir).unwrap_or_default();
    let files: Vec<RuleFile<'_>> = sources.iter().chain(&beside).map(Source::file).collect();
    hub_rules::with_new_names(&files, &catalogue)
}

fn of_folder(dir: &Path) -> Result<Vec<Source>, Failed> {
    let files = settings::rule_files(dir).map_err(|error| Failed::file(dir, &error))?;
    Ok(files.into_iter().map(|(name, text)| Source { name, text, dir: dir.to_owned() }).collect())
}

fn of_files(files: &[PathBuf]) -> Result<Vec<Source>, Failed> {
    let source = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|error| Failed::file(path, &error))?;
        let dir = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Ok(Source { name: path.display().to_string(), text, dir })
    };
    files.iter().map(source).collect()
}

fn problems(sources: &[Source], catalogue: &Catalogue) -> Vec<RuleProblem> {
    let files: Vec<RuleFile<'_>> = sources.iter().map(Source::file).collect();
    review(&files, catalogue).problems
}

/// A rule with problems has no tests to run.
fn tests_of(source: &Source, catalogue: &Catalogue) -> Vec<Tested> {
    let Ok(rule) = hub_rules::check(&source.name, &source.text, catalogue) else { return Vec::new() };
    let load = |name: &str| {
        let path = source.dir.join(name);
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let outcomes = run_tests(&rule, &load).into_iter();
    outcomes.map(|outcome| Tested { rule: rule.id.clone(), file: source.name.clone(), outcome }).collect()
}

fn tell(
    out: &Out,
    sources: &[Source],
    tests: &[Tested],
    (errors, warnings): (usize, usize),
) -> Result<(), Failed> {
    for Tested { rule, outcome, .. } in tests {
        let verdict = if outcome.passed() { "passed" } else { "FAILED" };
        out.line(&format!("{verdict}  {rule}  {}", outcome.given))?;
        for failure in &outcome.failures {
            out.line(&format!("        {failure}"))?;
        }
        if let (false, Some(evaluation)) = (outcome.passed(), &outcome.evaluation) {
            for line in evaluation.explain().lines() {
                out.line(&format!("        {line}"))?;
            }
        }
    }
    let failed = tests.iter().filter(|test| !test.outcome.passed()).count();
    out.line(&format!(
        "{} rule file(s), {errors} error(s), {warnings} warning(s), {} test(s), {failed} failed",
        sources.len(),
        tests.len()
    ))?;
    Ok(())
}
