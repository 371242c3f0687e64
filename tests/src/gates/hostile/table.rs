//! What is expected of each guest: `tests/guests/expected.txt`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::guests;

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) guest: String,
    pub(super) call: Call,
    outcomes: Vec<Outcome>,
    words: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    Install,
    Normalise,
    Enrich,
    Perform,
    /// The provider never answers.
    PerformInVain,
    Poll,
    Check,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answer,
    Failure,
    Broken,
    Refused,
}

/// What became of a call.
pub(super) struct Said {
    pub(super) outcome: Outcome,
    pub(super) sentence: String,
}

/// All lines, one or more for every guest of the folder.
///
/// # Errors
/// A line or a guest is missing, or a line cannot be read.
pub(super) fn rows() -> anyhow::Result<Vec<Row>> {
    let path = guests::dir().join("expected.txt");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    let rows: Vec<Row> = lines
        .map(|(line, number)| Row::read(line).with_context(|| format!("expected.txt:{number}: {line:?}")))
        .collect::<anyhow::Result<_>>()?;
    let told: BTreeSet<&str> = rows.iter().map(|row| row.guest.as_str()).collect();
    let there = files(&guests::dir())?;
    if let Some(guest) = there.iter().find(|guest| !told.contains(guest.as_str())) {
        bail!("expected.txt has no line for tests/guests/{guest}.wat");
    }
    if let Some(guest) = told.iter().find(|guest| !there.contains(**guest)) {
        bail!("expected.txt tells of {guest}, and there is no tests/guests/{guest}.wat");
    }
    Ok(rows)
}

fn files(dir: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wat") {
            names.insert(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

impl Row {
    fn read(line: &str) -> anyhow::Result<Self> {
        let mut columns = line.split(" | ");
        let guest = columns.next().context("a guest is expected")?.to_owned();
        let call = match columns.next().context("a call is expected")? {
            "install" => Call::Install,
            "normalise" => Call::Normalise,
            "enrich" => Call::Enrich,
            "perform" => Call::Perform,
            "perform in vain" => Call::PerformInVain,
            "poll" => Call::Poll,
            "check" => Call::Check,
            other => bail!("there is no call {other}"),
        };
        let outcomes = columns.next().context("an outcome is expected")?.split(", ");
        let outcomes = outcomes.map(|outcome| match outcome {
            "answer" => Ok(Outcome::Answer),
            "failure" => Ok(Outcome::Failure),
            "broken" => Ok(Outcome::Broken),
            "refused" => Ok(Outcome::Refused),
            other => bail!("there is no outcome {other}"),
        });
        let outcomes = outcomes.collect::<anyhow::Result<_>>()?;
        let words =
            columns.next().map_or_else(Vec::new, |words| words.split(" + ").map(str::to_owned).collect());
        Ok(Self { guest, call, outcomes, words })
    }

    /// Calls after which every outcome has come twice.
    pub(super) fn calls(&self) -> usize {
        self.outcomes.len() * 2
    }

    /// What is wrong with what became of the call of this number.
    pub(super) fn complaint(&self, number: usize, said: &Said) -> Option<String> {
        let turn = number % self.outcomes.len().max(1);
        let expected = self.outcomes.get(turn)?;
        if said.outcome != *expected {
            return Some(format!(
                "{expected:?} was expected, and it is {:?}: {}",
                said.outcome, said.sentence
            ));
        }
        if turn + 1 < self.outcomes.len() {
            return None;
        }
        let missing = self.words.iter().find(|words| !said.sentence.contains(*words))?;
        Some(format!("{missing:?} does not stand in {:?}", said.sentence))
    }
}
