//! What a gate found: figures for people and for machines, and every failure with what repeats it.

use std::fmt;

use serde::Serialize;

/// Failures told of; the others are counted.
const FAILURES_TOLD_MAX: usize = 10;

#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    pub name: &'static str,
    pub value: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub gate: &'static str,
    pub seed: u64,
    pub figures: Vec<Figure>,
    pub failures: Vec<String>,
}

impl Report {
    #[must_use]
    pub fn new(gate: &'static str, seed: u64) -> Self {
        Self { gate, seed, figures: Vec::new(), failures: Vec::new() }
    }

    pub fn figure(&mut self, name: &'static str, value: u64) {
        self.figures.push(Figure { name, value });
    }

    #[must_use]
    pub fn is_green(&self) -> bool {
        self.failures.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_green() { "green" } else { "RED" };
        writeln!(f, "{}: {verdict}", self.gate)?;
        for Figure { name, value } in &self.figures {
            writeln!(f, "  {value:>9}  {name}")?;
        }
        writeln!(f, "  {:>9}  failures", self.failures.len())?;
        for failure in self.failures.iter().take(FAILURES_TOLD_MAX) {
            writeln!(f, "  ! {failure}")?;
        }
        if !self.is_green() {
            writeln!(f, "  the same again: cargo xtask gate {} --seed {}", self.gate, self.seed)?;
        }
        Ok(())
    }
}
