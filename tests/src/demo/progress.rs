//! Shows that something happens: a bar on a terminal, lines elsewhere. On stderr, so that results stay alone on stdout.

use std::io::Write as _;

use indicatif::{ProgressBar, ProgressStyle};

/// How far the play is.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    is_shown: bool,
}

const TEMPLATE: &str = "    {bar:40} {pos}/{len} deliveries";

impl Progress {
    /// Over so many deliveries.
    #[must_use]
    pub fn shown(deliveries: usize) -> Self {
        let bar = ProgressBar::new(deliveries as u64);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self { bar, is_shown: true }
    }

    /// For tests.
    #[must_use]
    pub fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), is_shown: false }
    }

    pub(super) fn say(&self, line: &str) {
        if !self.is_shown {
            return;
        }
        if self.bar.is_hidden() {
            // Whoever closed stderr does not want to know.
            drop(writeln!(std::io::stderr(), "    {line}"));
        } else {
            self.bar.println(format!("    {line}"));
        }
    }

    pub(super) fn one_more(&self) {
        self.bar.inc(1);
    }

    pub(super) fn done(&self) {
        self.bar.finish_and_clear();
    }
}
