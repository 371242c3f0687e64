//! Aligned columns for people. Values come from strangers: what a terminal would take for a command is replaced, and a
//! row is cut to the terminal's width.

use std::fmt::Write as _;

use console::{measure_text_width, truncate_str};

/// Spaces between two columns.
const GAP: usize = 2;
/// A column is not cut below this while others are longer.
const COLUMN_MIN: usize = 8;

pub(super) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    /// Two columns without a head: names and values.
    pub(super) fn pairs() -> Self {
        Self { head: Vec::new(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| printable(&cell)).collect());
    }

    pub(super) fn pair(&mut self, name: &str, value: impl std::fmt::Display) {
        self.row([name.to_owned(), value.to_string()]);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn render(&self, width: usize, bold: bool) -> String {
        let widths = self.widths(width);
        let mut text = String::new();
        if !self.head.is_empty() {
            let head: Vec<String> = self.head.iter().map(|name| name.to_uppercase()).collect();
            let line = line(&head, &widths);
            // Writing to a string cannot fail.
            _ = if bold { writeln!(text, "\u{1b}[1m{line}\u{1b}[0m") } else { writeln!(text, "{line}") };
        }
        for row in &self.rows {
            _ = writeln!(text, "{}", line(row, &widths));
        }
        text
    }

    /// As wide as the widest cell; then the widest column gives until all fit.
    fn widths(&self, width: usize) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0).max(self.head.len());
        let cell =
            |row: &Vec<String>, column: usize| row.get(column).map_or(0, |cell| measure_text_width(cell));
        let mut widths: Vec<usize> = (0..columns)
            .map(|column| {
                let head = self.head.get(column).map_or(0, |name| measure_text_width(name));
                self.rows.iter().map(|row| cell(row, column)).max().unwrap_or(0).max(head)
            })
            .collect();
        let room = width.saturating_sub(columns.saturating_sub(1) * GAP);
        let mut over = widths.iter().sum::<usize>().saturating_sub(room);
        while over > 0 {
            let next = second_widest(&widths).max(COLUMN_MIN);
            let Some(widest) = widths.iter_mut().max() else { break };
            if *widest <= COLUMN_MIN {
                break;
            }
            // Down to the next one at once, by one when there are several.
            let give = over.min(widest.saturating_sub(next).max(1));
            *widest -= give;
            over -= give;
        }
        widths
    }
}

fn second_widest(widths: &[usize]) -> usize {
    let mut sorted = widths.to_vec();
    sorted.sort_unstable_by(|left, right| right.cmp(left));
    sorted.get(1).copied().unwrap_or(0)
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let cell = truncate_str(cell, *width, "…");
        let pad = width.saturating_sub(measure_text_width(&cell)) + GAP;
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', pad));
    }
    line.truncate(line.trim_end().len());
    line
}

/// One line without control characters, nor those that turn the direction of what follows.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\t' | '\r' => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            character if character.is_control() => '\u{fffd}',
            character => character,
        })
        .collect()
}

#[cfg(test)]
mod tests;
