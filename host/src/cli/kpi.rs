//! `omnihub kpi`: how service goes, what each figure means, and what is behind it.

mod figures;

use std::process::ExitCode;

use clap::Args;
use hub_fold::read::{Figure, KpiBy};
use serde_json::Value;

use super::api::{Answer, Question};
use super::csv::Csv;
use super::exit::Failed;
use super::listing::Reading;
use super::moment::{Moment, moment};
use super::out::Out;
use super::show::{self, Column, Drawn, cell};
use crate::clock::Clock;

/// Definitions are read as a text, not as a table.
const TEXT_WIDTH: usize = 100;

#[derive(Debug, Args)]
#[command(after_long_help = help())]
pub(super) struct KpiArgs {
    /// One figure: lists the conversations, tickets or answers behind it
    #[arg(value_parser = Figure::NAMES)]
    figure: Option<String>,
    /// Where the window begins: a time, a date, or so long before its end; 30d without it
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Moment>,
    /// Where it ends: a time, a date, or so long ago; now without it
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Moment>,
    /// Divide each figure
    #[arg(long, value_parser = KpiBy::NAMES, conflicts_with = "figure")]
    by: Option<String>,
    /// Where days begin, such as +02:00
    #[arg(long, value_name = "OFFSET", value_parser = offset, allow_hyphen_values = true)]
    utc_offset: Option<i32>,
    /// Only what is behind the figure on this channel
    #[arg(long, value_name = "NAME", requires = "figure")]
    channel: Option<String>,
    /// Only what is behind the figure in this queue
    #[arg(long, value_name = "NAME", requires = "figure")]
    queue: Option<String>,
    /// Goes on where a page ended: its `next`
    #[arg(long, value_name = "PLACE", requires = "figure")]
    after: Option<String>,
    /// How many at most
    #[arg(long, value_name = "COUNT", requires = "figure")]
    limit: Option<usize>,
    /// Print what each figure means, and ask nobody
    #[arg(long, conflicts_with_all = ["since", "until", "by", "csv", "json"])]
    definitions: bool,
    /// Print comma-separated values
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    reading: Reading,
}

const EXAMPLES: &str = "\
Durations are of the clock, not of office hours. The change is against the window before, which is as long.

Examples:
  omnihub kpi --since 30d
  omnihub kpi --since 90d --by channel --utc-offset +02:00
  omnihub kpi first_reply --since 7d --channel email       the conversations behind the figure
  omnihub kpi --json | jq '.figures[] | {figure, value: .all.value, sample: .all.sample}'
  omnihub kpi --since 2026-05-01 --until 2026-06-01 --csv > may.csv";

fn help() -> String {
    format!("{EXAMPLES}\n\nDefinitions:\n\n{}", definitions(None))
}

pub(super) async fn kpi(out: &Out, args: KpiArgs) -> Result<ExitCode, Failed> {
    if args.definitions {
        return out.text(&definitions(args.figure.as_deref()));
    }
    let segments: Vec<&str> = ["kpi"].into_iter().chain(args.figure.as_deref()).collect();
    // How long before its end a window begins is counted by who knows its end: of a past moment it is that moment.
    let (since, seconds) = match args.since {
        Some(Moment::At(since)) => (Some(since), None),
        Some(Moment::Away(before)) => (None, Some(before.as_secs())),
        None => (None, None),
    };
    let question = Question::get(&segments)
        .with("since", since)
        .with("seconds", seconds)
        .with("until", args.until.map(|until| until.before(Clock::System.now())))
        .with("utc_offset_minutes", args.utc_offset)
        .with("by", args.by)
        .with("channel", args.channel)
        .with("queue", args.queue)
        .with("after", args.after)
        .with("limit", args.limit);
    let draw = match (args.figure.is_some(), args.csv) {
        (false, false) => figures::drawn,
        (false, true) => figures::listed,
        (true, false) => cases,
        (true, true) => cases_listed,
    };
    args.reading.print(out, question, draw).await
}

/// What all figures, or one, mean.
fn definitions(figure: Option<&str>) -> String {
    let mut text = format!("{}\n", wrapped(Figure::CONTACT, ""));
    let wanted = Figure::ALL.into_iter().filter(|one| figure.is_none_or(|name| name == one.name()));
    for figure in wanted {
        let heading = format!("\n{}: {}\n", figure.name(), figure.title());
        text.push_str(&heading);
        text.push_str(&wrapped(figure.definition(), "  "));
        text.push('\n');
    }
    text
}

/// The text in lines of words.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= TEXT_WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{indent}{word}")),
        }
    }
    lines.join("\n")
}

const CASES: [Column; 8] = [
    ("at", "/at"),
    ("counts", "/counts"),
    ("kind", "/kind"),
    ("connection", "/connection"),
    ("id", "/id"),
    ("channel", "/channel"),
    ("customer", "/customer"),
    ("conversation", "/conversation"),
];

fn cases(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    let unit = cell(tree, "/unit");
    let measured = tree.pointer("/measured").unwrap_or(&Value::Null);
    out.line(&format!(
        "{}: {}, of {}\n{}\n",
        cell(tree, "/title"),
        figures::value(&unit, measured.pointer("/value")),
        cell(measured, "/sample"),
        wrapped(&cell(tree, "/definition"), "  ")
    ))?;
    show::listed(out, answer, "/cases", &CASES, "cases")?;
    let next = cell(tree, "/next");
    if !next.is_empty() {
        out.tell(&format!("more: --after {next}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn cases_listed(out: &Out, answer: &Answer) -> Drawn {
    let columns: Vec<Column> = CASES.into_iter().chain([("queue", "/queue")]).collect();
    let head: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let mut csv = Csv::new(&head);
    for case in show::rows(&answer.json, "/cases") {
        csv.row(columns.iter().map(|(_, pointer)| cell(case, pointer)));
    }
    out.text(csv.text())
}

/// Reads "+02:00", "-05:30" or "Z" as minutes east of UTC.
fn offset(text: &str) -> Result<i32, String> {
    let problem = || "write a distance from UTC, such as +02:00".to_owned();
    if text == "Z" {
        return Ok(0);
    }
    let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (_, Some(rest)) => (-1, rest),
        (None, None) => return Err(problem()),
    };
    let number = |digits: &str| {
        let are_two = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        are_two.then(|| digits.parse::<i32>().ok()).flatten().ok_or_else(problem)
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(problem)?;
    match (number(hours)?, number(minutes)?) {
        (hours @ 0..=18, minutes @ 0..=59) => Ok(sign * (hours * 60 + minutes)),
        _ => Err(problem()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_as_people_write_them() {
        for (text, minutes) in [("Z", 0), ("+02:00", 120), ("-05:30", -330), ("+00:00", 0)] {
            assert_eq!(offset(text), Ok(minutes));
        }
        for text in ["", "2", "+2", "+2:00", "02:00", "+02:60", "+19:00", "+aa:00", "+02:00:00", "Berlin"] {
            assert!(offset(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_definition_is_in_the_help() {
        let help = help();
        for name in Figure::NAMES {
            assert!(help.contains(&format!("\n{name}: ")), "{name}");
            assert!(definitions(Some(name)).contains(&format!("\n{name}: ")), "{name}");
        }
        assert!(help.lines().all(|line| line.chars().count() <= 120));
    }

    #[test]
    fn a_text_is_wrapped_at_words() {
        let text = "word ".repeat(50);
        let lines = wrapped(&text, "  ");
        assert!(lines.lines().all(|line| line.starts_with("  word") && line.len() <= TEXT_WIDTH));
        assert_eq!(lines.split_whitespace().count(), 50);
    }
}
