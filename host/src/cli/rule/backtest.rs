//! `omnihub rule backtest`: what a rule would have done, had it been in force. Folds the journal into memory; acts on
//! nothing, and a hub may run meanwhile.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use hub_fold::read::{self, BackTest, BandTest, Day, Firing, LEARNED_FROM, Listed};
use hub_fold::{Alarm, Counted};
use hub_journal::{Journal, Options};
use hub_model::Timestamp;
use hub_rules::{Rule, RuleFile, RuleProblem, switched_on};

use super::journalled;
use crate::cli::ConfigArg;
use crate::cli::api::require_data;
use crate::cli::chart::bars;
use crate::cli::exit::{Failed, PROBLEMS};
use crate::cli::moment::Moment;
use crate::cli::out::Out;
use crate::cli::table::Table;
use crate::cli::upkeep::{blocking, progress};
use crate::clock::Clock;
use crate::config::Config;
use crate::what_if::{self, If};

/// Without `--since`: a quarter, long enough to see a season's weeks and short enough to be about today's shop.
const SINCE_DAYS: u64 = 90;

/// Columns of the chart; more days than that share one.
const CHART_COLUMNS: usize = 60;

/// Rows of a table for people; `--json` has a thousand.
const SHOWN_MAX: usize = 10;

pub(super) struct BackTestArgs {
    pub(super) file: PathBuf,
    pub(super) since: Option<Moment>,
    pub(super) config: ConfigArg,
    pub(super) json: bool,
}

pub(super) async fn backtest(out: &Out, args: BackTestArgs) -> Result<ExitCode, Failed> {
    let BackTestArgs { file, since, config, json } = args;
    let config = config.load()?;
    let text = std::fs::read_to_string(&file).map_err(|error| Failed::file(&file, &error))?;
    let now = Clock::System.now();
    let quarter = Moment::Away(std::time::Duration::from_secs(SINCE_DAYS * 24 * 3_600));
    let since = since.unwrap_or(quarter).before(now);
    match blocking(move || tried(&config, &file, &text, (since, now))).await? {
        Tried::Refused(problems) => {
            problems.iter().for_each(|problem| out.diagnostic(problem));
            Ok(PROBLEMS.into())
        }
        Tried::Folded(rule, test) if !json => draw(out, &rule, &test),
        Tried::Folded(_, test) => out.json(&test),
    }
}

enum Tried {
    Refused(Vec<RuleProblem>),
    Folded(Box<Rule>, Box<BackTest>),
}

fn tried(config: &Config, file: &Path, text: &str, window: (Timestamp, Timestamp)) -> Result<Tried, Failed> {
    let dir = require_data(config)?;
    // Looking takes no lock, so a hub may run.
    let (journal, _) = Journal::open_read_only(&dir, Options::default()).map_err(anyhow::Error::from)?;
    let Some(settings) = journalled::last(&journal)? else {
        return Err(Failed::problem(
            "nothing has happened yet",
            "start the hub and let it hear of something",
        ));
    };
    let name = file.display().to_string();
    let known = settings.rules.iter().map(|(name, text)| RuleFile { name, text });
    let files: Vec<RuleFile<'_>> = known.chain([RuleFile { name: &name, text }]).collect();
    let catalogue = hub_rules::with_new_names(&files, &settings.catalogue);
    let rule = match hub_rules::check(&name, text, &catalogue) {
        Ok(rule) => rule,
        Err(problems) if problems.is_empty() => return Err(segment(&name)),
        Err(problems) => return Ok(Tried::Refused(problems)),
    };
    let is_it = |file: &str, text: &str| {
        hub_rules::check(file, text, &catalogue).is_ok_and(|known| known.id == rule.id)
    };
    let (live, mut rules): (Vec<_>, Vec<_>) =
        settings.rules.iter().cloned().partition(|(file, text)| is_it(file, text));
    rules.push((name.clone(), switched_on(&name, text)));
    let until = journal.durable().get();
    let fold = |rules: Vec<(String, String)>, progress: &mut dyn FnMut(u64)| {
        let counted = Counted { rules: BTreeSet::from([rule.id.clone()]), since: window.0 };
        let change = If::Rules { rules, catalogue: settings.catalogue.clone(), counted };
        what_if::folded(&journal, until, &change, progress)
    };
    let bar = progress(until);
    let before = || (!live.is_empty()).then(|| fold(settings.rules.clone(), &mut |_| {})).transpose();
    let (with, without) = what_if::beside(|| fold(rules, &mut |at| bar.set_position(at)), before)?;
    bar.finish_and_clear();
    let (with, without) = (with?, without?);
    let without = without.as_ref().map(|store| store as &dyn hub_store::Store);
    let test = read::backtest(&with, without, &rule.id, window).map_err(anyhow::Error::from)?;
    Ok(Tried::Folded(Box::new(rule), Box::new(test)))
}

/// A segment does nothing that could be tried.
fn segment(name: &str) -> Failed {
    Failed::problem(
        format!("{name} names a segment: it does not act"),
        "try a rule on its `segment.….entered`; `omnihub segment show` lists who is in it now",
    )
}

fn draw(out: &Out, rule: &Rule, test: &BackTest) -> Result<ExitCode, Failed> {
    out.line(&rule.sentence())?;
    let mut table = Table::pairs();
    table.pair("since", test.since);
    table.pair("asked", test.asked);
    table.pair("would have acted", test.fired);
    for (reason, count) in &test.to_release {
        table.pair("would wait for a person", format!("{count}: {reason}"));
    }
    for (reason, count) in &test.held {
        table.pair("held back", format!("{count}: {reason}"));
    }
    if test.waiting > 0 {
        table.pair("waiting still", test.waiting);
    }
    // A rule with `for_each` does each action for each of its things.
    let times = if let Some(for_each) = &rule.for_each {
        table.pair("for each of", format!("{} in {}", test.items, for_each.list));
        test.items
    } else {
        test.fired
    };
    for action in &rule.then {
        table.pair("action", format!("{times} {}", action.action));
    }
    table.pair("customers", test.customers);
    if let Some(change) = &test.change {
        table.pair("beside the rule in force", format!("+{} -{}", change.more.count, change.fewer.count));
    }
    out.table(&table)?;
    if test.fired > 0 {
        let (chart, days, highest) = chart(&test.days);
        out.line(&format!("\n{chart}  {days} day(s) a column, at most {highest}"))?;
    }
    if let Some(first) = test.most.first().filter(|first| first.fired > 1) {
        out.line(&format!("\nMost often for one customer: {}", first.fired))?;
        let mut table = Table::new(&["customer", "times"]);
        for one in test.most.iter().filter(|one| one.fired > 1) {
            table.row([one.customer.to_string(), one.fired.to_string()]);
        }
        out.table(&table)?;
    }
    firings(out, "Newest", &test.firings)?;
    if let Some(change) = &test.change {
        firings(out, "Only with this file", &change.more)?;
        firings(out, "Only with the rule in force", &change.fewer)?;
    }
    band(out, &test.band)?;
    Ok(ExitCode::SUCCESS)
}

/// What is expected of the rule, what is to be expected as history has it, and the alarms of each.
fn band(out: &Out, BandTest { expected, learned, proposed }: &BandTest) -> Result<(), Failed> {
    if let Some(expected) = expected {
        let (count, written) = (expected.alarms.count, &expected.written);
        out.line(&format!("\nAs it is written, {written}: {count} alarm(s)"))?;
        alarms(out, &expected.alarms)?;
    }
    if let Some(proposed) = proposed {
        let (days, count) = (learned.days, proposed.alarms.count);
        out.line(&format!("\nUsual for these {days} days; with it there would have been {count} alarm(s):"))?;
        out.line(&format!("  limits: {{{}}}", proposed.written))?;
        alarms(out, &proposed.alarms)?;
    }
    if let Some(nothing) = learned.nothing {
        out.line(&format!("\nNot all that is usual can be told: {nothing}"))?;
    }
    out.line(&format!("\n{LEARNED_FROM}"))?;
    Ok(())
}

fn alarms(out: &Out, alarms: &Listed<Alarm>) -> Result<(), Failed> {
    if alarms.first.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&["raised", "the rule is", "acted", "expected"]);
    for alarm in alarms.first.iter().take(SHOWN_MAX) {
        let (raised, side) = (alarm.since.to_string(), alarm.side.word().to_owned());
        table.row([raised, side, alarm.count.to_string(), alarm.words()]);
    }
    out.table(&table)?;
    Ok(())
}

fn firings(out: &Out, heading: &str, firings: &Listed<Firing>) -> Result<(), Failed> {
    if firings.first.is_empty() {
        return Ok(());
    }
    out.line(&format!("\n{heading}"))?;
    let mut table = Table::new(&["learned", "event", "what", "customer"]);
    for firing in firings.first.iter().take(SHOWN_MAX) {
        let customer = firing.customer.map(|customer| customer.to_string()).unwrap_or_default();
        table.row([firing.at.to_string(), firing.event.to_string(), firing.name.clone(), customer]);
    }
    out.table(&table)?;
    Ok(())
}

/// The days as a line of columns, how many days each stands for, and what the highest is.
pub(super) fn chart(days: &[Day]) -> (String, usize, u64) {
    let each = days.len().div_ceil(CHART_COLUMNS).max(1);
    let columns: Vec<u64> = days.chunks(each).map(|days| days.iter().map(|day| day.fired).sum()).collect();
    let highest = columns.iter().copied().max().unwrap_or_default();
    (bars(&columns), each, highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_a_column_for_a_day_or_more() {
        let days = |fired: &[u64]| -> Vec<Day> {
            fired.iter().map(|fired| Day { day: Timestamp::EPOCH, fired: *fired }).collect()
        };
        assert_eq!(chart(&days(&[0, 1, 4, 8])), (" ▁▄█".to_owned(), 1, 8));
        assert_eq!(chart(&days(&[0, 1])), (" █".to_owned(), 1, 1));
        assert_eq!(chart(&[]), (String::new(), 1, 0));
        let (chart, each, highest) = chart(&days(&[1; 120]));
        assert_eq!((chart.chars().count(), each, highest), (60, 2, 2));
    }
}
