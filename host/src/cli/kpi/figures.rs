//! Draws the figures: for people as a table with a line of columns, for spreadsheets as rows.

use std::process::ExitCode;

use serde_json::Value;

use crate::cli::api::Answer;
use crate::cli::chart::bars;
use crate::cli::csv::Csv;
use crate::cli::out::Out;
use crate::cli::show::{Drawn, cell, rows};
use crate::cli::table::Table;

/// A column for each day up to here; of a longer window one for each week.
const DAYS_DRAWN_MAX: usize = 31;

/// No answer can be worse: what columns of a score that goes below zero stand on.
const NPS_LEAST: i64 = -1_000;

pub(super) fn drawn(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    let figures = rows(tree, "/figures");
    let by_week = figures.iter().any(|figure| rows(figure, "/days").len() > DAYS_DRAWN_MAX);
    let spans = if by_week { ("/weeks", "by week") } else { ("/days", "by day") };
    out.line(&format!(
        "{} to {}; change against as long before\n",
        cell(tree, "/since"),
        cell(tree, "/until")
    ))?;
    let mut table = Table::new(&["figure", "what", "value", "sample", "change", spans.1, "note"]);
    for figure in figures {
        let unit = cell(figure, "/unit");
        table.row([
            cell(figure, "/figure"),
            cell(figure, "/title"),
            value(&unit, figure.pointer("/all/value")),
            cell(figure, "/all/sample"),
            change(&unit, figure),
            line(&unit, rows(figure, spans.0)),
            note(&unit, figure),
        ]);
    }
    out.table(&table)?;
    if let Some(by) = tree.pointer("/by").and_then(Value::as_str) {
        divided(out, by, figures)?;
    }
    out.tell(
        "\n`omnihub kpi --definitions` says what each means; `omnihub kpi <FIGURE>` lists what is behind it",
    );
    Ok(ExitCode::SUCCESS)
}

fn divided(out: &Out, by: &str, figures: &[Value]) -> Drawn {
    let head = match by {
        "channel" => "channel",
        "queue" => "queue",
        _ => "day",
    };
    let mut table = Table::new(&["figure", head, "value", "sample"]);
    for figure in figures {
        let unit = cell(figure, "/unit");
        for group in rows(figure, "/groups") {
            let name = group.pointer("/name").and_then(Value::as_str).unwrap_or("(none)");
            let value = value(&unit, group.pointer("/value"));
            table.row([cell(figure, "/figure"), name.to_owned(), value, cell(group, "/sample")]);
        }
    }
    if table.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    out.line("")?;
    out.table(&table)
}

/// A number in its unit, for people; a dash without one.
pub(super) fn value(unit: &str, number: Option<&Value>) -> String {
    number.and_then(Value::as_i64).map_or_else(|| "-".to_owned(), |number| measured(unit, number))
}

fn measured(unit: &str, number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let size = number.unsigned_abs();
    match unit {
        "per_mille" => format!("{sign}{}.{} %", size / 10, size % 10),
        "nps_tenths" => format!("{sign}{}.{}", size / 10, size % 10),
        "hundredths" => format!("{sign}{}.{:02}", size / 100, size % 100),
        "seconds" => format!("{sign}{}", duration(size)),
        // A unit of a newer hub.
        _ => number.to_string(),
    }
}

/// In its two greatest units.
fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h {:02}m", minutes % 60),
        _ => format!("{days}d {:02}h", hours % 24),
    }
}

/// Against the window before; empty when one of the two has no value.
fn change(unit: &str, figure: &Value) -> String {
    let number = |pointer: &str| figure.pointer(pointer).and_then(Value::as_i64);
    let (Some(now), Some(before)) = (number("/all/value"), number("/before/value")) else {
        return String::new();
    };
    let change = now.saturating_sub(before);
    let plus = if change > 0 { "+" } else { "" };
    format!("{plus}{}", measured(unit, change))
}

fn line(unit: &str, spans: &[Value]) -> String {
    let least = if unit == "nps_tenths" { NPS_LEAST } else { 0 };
    // A zero that was measured is the lowest column; a gap is a day without a sample.
    let height = |number: i64| u64::try_from(number.saturating_sub(least)).unwrap_or_default().max(1);
    let number = |span: &Value| span.pointer("/value").and_then(Value::as_i64).map_or(0, height);
    bars(&spans.iter().map(number).collect::<Vec<_>>())
}

/// Why there is no value, else the tail of durations and what is not in the sample.
fn note(unit: &str, figure: &Value) -> String {
    let nothing = cell(figure, "/all/nothing");
    let tail = figure.pointer("/all/p90").map(|p90| format!("9 of 10 within {}", value(unit, Some(p90))));
    let left_out = figure.pointer("/left_out").and_then(Value::as_object);
    let left_out = left_out.into_iter().flatten().map(|(reason, count)| format!("{count} {reason}"));
    let notes: Vec<String> =
        Some(nothing).filter(|nothing| !nothing.is_empty()).into_iter().chain(tail).chain(left_out).collect();
    notes.join("; ")
}

const HEAD: [&str; 9] =
    ["figure", "part", "name", "value", "unit", "sample", "median_seconds", "p90_seconds", "mean_seconds"];

/// Every number of the answer in a row of its own: the whole, the window before, weeks, days, and what was asked for.
pub(super) fn listed(out: &Out, answer: &Answer) -> Drawn {
    let by = cell(&answer.json, "/by");
    let mut csv = Csv::new(&HEAD);
    for figure in rows(&answer.json, "/figures") {
        let mut row = |part: &str, name: String, measured: &Value| {
            csv.row([
                cell(figure, "/figure"),
                part.to_owned(),
                name,
                cell(measured, "/value"),
                cell(figure, "/unit"),
                cell(measured, "/sample"),
                cell(measured, "/median"),
                cell(measured, "/p90"),
                cell(measured, "/mean"),
            ]);
        };
        for part in ["all", "before"] {
            let measured = figure.get(part).unwrap_or(&Value::Null);
            row(part, String::new(), measured);
        }
        rows(figure, "/weeks").iter().for_each(|week| row("week", cell(week, "/from"), week));
        rows(figure, "/days").iter().for_each(|day| row("day", cell(day, "/date"), day));
        // Days stand there already.
        let groups = rows(figure, "/groups").iter().filter(|_| by != "day");
        groups.for_each(|group| row(&by, cell(group, "/name"), group));
    }
    out.text(csv.text())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_written_in_their_unit() {
        let cases = [
            ("per_mille", 875, "87.5 %"),
            ("per_mille", -25, "-2.5 %"),
            ("nps_tenths", -425, "-42.5"),
            ("hundredths", 505, "5.05"),
            ("seconds", 59, "59s"),
            ("seconds", 125, "2m 05s"),
            ("seconds", -7_500, "-2h 05m"),
            ("seconds", 183_600, "2d 03h"),
            ("of tomorrow", 7, "7"),
        ];
        for (unit, number, wanted) in cases {
            assert_eq!(value(unit, Some(&json!(number))), wanted);
        }
        assert_eq!(value("seconds", Some(&Value::Null)), "-");
    }

    #[test]
    fn a_line_tells_nothing_from_zero() {
        let spans = json!([{"value": null}, {"value": 0}, {"value": 500}, {"value": 1000}]);
        assert_eq!(line("per_mille", rows(&spans, "")), " ▁▄█");
        let spans = json!([{"value": -1000}, {"value": 0}, {"value": 1000}]);
        assert_eq!(line("nps_tenths", rows(&spans, "")), "▁▄█");
    }

    #[test]
    fn a_change_needs_both_windows() {
        let figure = json!({"all": {"value": 900}, "before": {"value": 875}});
        assert_eq!(change("per_mille", &figure), "+2.5 %");
        assert_eq!(change("per_mille", &json!({"all": {"value": 900}, "before": {"value": null}})), "");
    }
}
