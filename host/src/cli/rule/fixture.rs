//! `omnihub rule fixture`: a fixture for rule tests, cut from history and masked. Folds the journal into memory up to the
//! event's record and asks there; acts on nothing, and a hub may run meanwhile.

use std::path::PathBuf;
use std::process::ExitCode;

use hub_fold::record::{Record, Reported};
use hub_fold::{Fold, Sequenced, Witnessed};
use hub_journal::{Journal, Options, ReadError, Seq};
use hub_model::{EventId, Timestamp};
use hub_rules::{Expectation, Rule, RuleFile, RuleProblem, RuleTest, Truth, run_tests};

use super::journalled;
use crate::cli::ConfigArg;
use crate::cli::api::require_data;
use crate::cli::exit::{Failed, PROBLEMS};
use crate::cli::out::Out;
use crate::cli::upkeep::{blocking, progress};
use crate::config::Config;
use crate::data;
use crate::record::FixtureMask;

#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Names, addresses, phones, e-mail addresses, ids and what was said are replaced by stand-ins of their form, the same for
the same; amounts, times, numbers and the values of enumerations stay, and so do texts the rule itself names. With --rule
the fixture holds what this rule asks for, and the line for its tests is told on stderr. Read a fixture before you share it.

Examples:
  omnihub rule fixture evt_0123456789abcdef0123456789abcdef > paid.json
  omnihub rule fixture evt_0123456789abcdef0123456789abcdef --rule rules/thanks.yaml > rules/paid.json")]
pub(in crate::cli) struct FixtureArgs {
    /// The event's id; `omnihub delivery show` lists a delivery's events
    event: EventId,
    /// The rule's file: only what this rule asks for
    #[arg(long, value_name = "FILE")]
    rule: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
}

pub(super) async fn fixture(out: &Out, args: FixtureArgs) -> Result<ExitCode, Failed> {
    let FixtureArgs { event, rule, config } = args;
    let config = config.load()?;
    let text =
        rule.as_ref().map(|file| std::fs::read_to_string(file).map_err(|error| Failed::file(file, &error)));
    let asked = rule.zip(text.transpose()?);
    let cut = match blocking(move || cut(&config, event, asked)).await? {
        Ok(cut) => cut,
        Err(problems) => {
            problems.iter().for_each(|problem| out.diagnostic(problem));
            return Ok(PROBLEMS.into());
        }
    };
    out.line(&cut.json)?;
    if let Some((rule, was)) = &cut.rule {
        tell(out, rule, *was, &cut.json);
    }
    Ok(ExitCode::SUCCESS)
}

/// A masked fixture, and the rule it was cut for with what that made of the event.
struct Cut {
    json: String,
    rule: Option<(Rule, Truth)>,
}

type Refused = Vec<RuleProblem>;

fn cut(
    config: &Config,
    event: EventId,
    asked: Option<(PathBuf, String)>,
) -> Result<Result<Cut, Refused>, Failed> {
    let dir = require_data(config)?;
    // Looking takes no lock, so a hub may run.
    let (journal, _) = Journal::open_read_only(&dir, Options::default()).map_err(anyhow::Error::from)?;
    let settings = journalled::last(&journal)?.unwrap_or_default();
    let known = settings.rules.iter().map(|(name, text)| RuleFile { name, text });
    let name = asked.as_ref().map(|(file, _)| file.display().to_string()).unwrap_or_default();
    let given = asked.as_ref().map(|(_, text)| RuleFile { name: &name, text });
    let files: Vec<RuleFile<'_>> = known.chain(given).collect();
    let catalogue = hub_rules::with_new_names(&files, &settings.catalogue);
    let rule = match asked.as_ref().map(|(_, text)| hub_rules::check(&name, text, &catalogue)).transpose() {
        Ok(rule) => rule,
        Err(problems) => return Ok(Err(problems)),
    };
    let Some(record) = record_of(&journal, event)? else {
        return Err(Failed::not_found(
            "no connector has reported this event",
            "`omnihub delivery show` lists the events of a delivery; one that the hub itself derived cannot be cut",
        ));
    };
    let Witnessed { mut fixture, truth } = witnessed(&journal, &record, event, rule.as_ref())?;
    let mut mask = FixtureMask::new(config).map_err(anyhow::Error::from)?;
    fixture.mask(&catalogue, rule.as_ref(), &mut |name, text| mask.stand_in(name, text));
    let json = serde_json::to_string_pretty(&fixture).map_err(anyhow::Error::from)?;
    Ok(Ok(Cut { json, rule: rule.zip(truth) }))
}

/// The record the event came with first.
fn record_of(journal: &Journal, event: EventId) -> Result<Option<Sequenced>, Failed> {
    let has_it = |report: &Reported| {
        report.events.iter().any(|told| EventId::of(&report.connection, &told.name, &told.key) == event)
    };
    let mut reader = journal.reader(Seq::new(1));
    loop {
        let record = match reader.next() {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(None),
            Err(error @ ReadError::Io { .. }) => return Err(anyhow::Error::from(error).into()),
            // What is damaged is passed over, as the fold does.
            Err(_) => continue,
        };
        let Ok(decoded) = Record::decode(record.kind, &record.payload) else { continue };
        let found = match &decoded {
            Record::Reported(report) => has_it(report),
            Record::Polled(page) => has_it(&page.reported),
            _ => false,
        };
        if found {
            let (seq, at) = (record.seq.get(), Timestamp(record.time_ns));
            return Ok(Some(Sequenced { seq, at, record: decoded }));
        }
    }
}

fn witnessed(
    journal: &Journal,
    record: &Sequenced,
    event: EventId,
    rule: Option<&Rule>,
) -> Result<Witnessed, Failed> {
    let before = record.seq.saturating_sub(1);
    let bar = progress(before);
    let store =
        data::in_memory(journal, before, &mut |at| bar.set_position(at)).map_err(anyhow::Error::from)?;
    bar.finish_and_clear();
    let fold = Fold::open(&store).map_err(anyhow::Error::from)?;
    fold.witness(&store, record, event, rule)
        .map_err(anyhow::Error::from)?
        .ok_or_else(|| Failed::not_found("no rule is asked about this event", "its person may be forgotten"))
}

/// The line for the rule's tests, and whether masking has changed what the rule makes of it.
fn tell(out: &Out, rule: &Rule, was: Truth, json: &str) {
    let given = "FIXTURE.json".to_owned();
    let expect = Expectation { fires: was == Truth::True, actions: None };
    let tried = Rule { tests: vec![RuleTest { given, expect }], ..rule.clone() };
    let Some(outcome) = run_tests(&tried, &|_| Ok(json.to_owned())).into_iter().next() else { return };
    let is_now = outcome.evaluation.map(|evaluation| evaluation.truth);
    out.tell("tests:");
    if is_now == Some(Truth::True) {
        let actions: Vec<&str> = outcome.planned.iter().map(|action| action.id.as_str()).collect();
        out.tell(&format!(
            "  - {{given: FIXTURE.json, expect: {{fires: true, actions: [{}]}}}}",
            actions.join(", ")
        ));
    } else {
        out.tell("  - {given: FIXTURE.json, expect: {fires: false}}");
    }
    if is_now != Some(was) {
        out.tell("masked, the rule makes something else of it: its conditions read what was replaced");
    }
}
