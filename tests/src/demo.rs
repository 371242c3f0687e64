//! The demo: simulated providers, a hub with six connections and two rules, and a story of signed deliveries, or any
//! recorded folder instead. What it prints is in `report`, what must be true in `expectations`.

pub mod expectations;
pub mod figures;
pub mod play;
pub mod progress;
pub mod recorded;
pub mod report;
pub mod story;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
use jiff::Timestamp;

use crate::support::stage::{Stage, StageOptions};
use expectations::{Expectations, Tale};
use figures::Outcome;
use progress::Progress;
use report::Report;

/// A hub with six connectors, simulated providers and a story; keeps serving until Ctrl-C
#[derive(Clone, Debug, Parser)]
#[command(name = "hub-demo", bin_name = "cargo xtask demo")]
pub struct Options {
    /// Stop at the end, with code 0 only if all of it held
    #[arg(long)]
    pub exit: bool,
    /// Print the figures as one last line
    #[arg(long, value_enum, value_name = "FORM")]
    pub summary: Option<SummaryForm>,
    /// Play this folder of recorded deliveries instead of the story
    #[arg(long, value_name = "DIR")]
    pub deliveries: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SummaryForm {
    Json,
}

/// A play that is over, on a stage whose hub still runs.
#[derive(Debug)]
pub struct Played {
    pub outcome: Outcome,
    pub expectations: Expectations,
    /// Recordings tell of nobody in particular.
    pub tale: Option<Tale>,
}

/// Plays the story.
///
/// # Errors
/// The hub does not answer, or does not come to rest.
pub async fn play_story(stage: &Stage, shown: Shown) -> anyhow::Result<Played> {
    let scenes = story::story(Timestamp::now());
    let progress = shown.progress(scenes.iter().map(|scene| scene.steps.len()).sum());
    let sent = play::story(stage, &scenes, &progress).await?;
    progress.done();
    let outcome = Outcome::gather(stage, sent).await?;
    let tale = Tale::of_ana(stage, &outcome).await?;
    Ok(Played { expectations: expectations::of_the_story(&outcome, &tale), outcome, tale: Some(tale) })
}

/// Plays a recorded folder.
///
/// # Errors
/// The folder cannot be read, the hub does not answer, or does not come to rest.
pub async fn play_recordings(stage: &Stage, dir: &Path, shown: Shown) -> anyhow::Result<Played> {
    let steps = recorded::read(dir)?;
    let progress = shown.progress(steps.len());
    let sent = play::recordings(stage, &steps, &progress).await?;
    progress.done();
    let outcome = Outcome::gather(stage, sent).await?;
    Ok(Played { expectations: expectations::of_any_play(&outcome), outcome, tale: None })
}

/// Whether somebody watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Yes,
    No,
}

impl Shown {
    fn progress(self, deliveries: usize) -> Progress {
        match self {
            Self::Yes => Progress::shown(deliveries),
            Self::No => Progress::hidden(),
        }
    }
}

/// Stops the hub and compares its view with its journal.
///
/// # Errors
/// The comparison cannot be started.
pub async fn close(stage: &mut Stage, expectations: &mut Expectations) -> anyhow::Result<()> {
    let stopped = stage.stop().await;
    let has_stopped = stopped.is_ok();
    expectations.outcome("the hub stopped in order", stopped.map_err(|error| format!("{error:#}")));
    if has_stopped {
        expectations.outcome("the journal tells the same as the view", stage.verify_journal().await?);
    }
    Ok(())
}

/// Plays and reports to `out`. With `--exit` the hub is stopped and verified at the end, else it goes on running.
///
/// # Errors
/// Something is not built, does not start or does not answer, or nobody reads on.
pub async fn perform(options: &Options, out: impl Write) -> anyhow::Result<(Stage, Played)> {
    let mut report = Report::new(out);
    let mut stage = Stage::set(StageOptions::default()).await?;
    let mut played = match &options.deliveries {
        Some(dir) => play_recordings(&stage, dir, Shown::Yes).await?,
        None => play_story(&stage, Shown::Yes).await?,
    };
    report.figures(&played.outcome.figures)?;
    if let Some(tale) = &played.tale {
        report.tale(tale, Timestamp::now())?;
    }
    if options.exit {
        close(&mut stage, &mut played.expectations).await?;
    }
    report.expectations(&played.expectations)?;
    if !options.exit {
        report.addresses(&stage)?;
    }
    if options.summary == Some(SummaryForm::Json) {
        report.json(&played.outcome.figures)?;
    }
    Ok((stage, played))
}
