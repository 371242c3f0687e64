//! The one place that prints. Results go to stdout and nothing else does; what is told about them goes to stderr.
//! A reader who has had enough ends the command quietly.

use std::ffi::OsString;
use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::ValueEnum;
use console::Term;
use hub_rules::RuleProblem;
use miette::{Diagnostic, LabeledSpan, SourceCode};

use super::exit::Failed;
use super::table::Table;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On terminals, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

impl Color {
    /// What the arguments ask for, before they are parsed.
    pub(super) fn wanted_in(arguments: &[OsString]) -> clap::ColorChoice {
        let mut words = arguments.iter().map(|argument| argument.to_string_lossy());
        let mut wanted = None;
        while let Some(word) = words.next() {
            match word.strip_prefix("--color") {
                Some("") => wanted = words.next().map(std::borrow::Cow::into_owned),
                Some(value) => wanted = value.strip_prefix('=').map(str::to_owned),
                None => {}
            }
        }
        match wanted.as_deref() {
            Some("always") => clap::ColorChoice::Always,
            Some("never") => clap::ColorChoice::Never,
            _ => clap::ColorChoice::Auto,
        }
    }

    fn on(self, is_terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }
}

/// Columns of what is no terminal: files and pipes take lines as long as they are.
const WIDTH_UNLIMITED: usize = usize::MAX;
/// Narrower than this nothing can be cut to.
const WIDTH_MIN: usize = 40;
/// Diagnostics that go to a file are still read by people.
const WIDTH_DIAGNOSTICS: usize = 100;

/// Where a command prints.
pub(super) struct Out {
    color: Color,
    width: usize,
}

impl Out {
    pub(super) fn new(color: Color) -> Self {
        let width =
            Term::stdout().size_checked().map_or(WIDTH_UNLIMITED, |(_, columns)| usize::from(columns));
        let width = if std::io::stdout().is_terminal() { width.max(WIDTH_MIN) } else { WIDTH_UNLIMITED };
        Self { color, width }
    }

    /// Prints text that ends with its own line end.
    pub(super) fn text(&self, text: &str) -> Result<ExitCode, Failed> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failed::Closed),
            Err(error) => Err(Failed::unavailable(
                format!("the result cannot be written: {error}"),
                "check where stdout goes; the disk may be full",
            )),
        }
    }

    pub(super) fn line(&self, line: &str) -> Result<ExitCode, Failed> {
        self.text(&format!("{line}\n"))
    }

    /// Prints a line of a comparison: what is added and taken away in colours.
    pub(super) fn changed_line(&self, line: &str) -> Result<ExitCode, Failed> {
        let color = match line.as_bytes().first() {
            Some(b'+') => 32,
            Some(b'-') => 31,
            _ => return self.line(line),
        };
        match self.color.on(std::io::stdout().is_terminal()) {
            true => self.line(&format!("\u{1b}[{color}m{line}\u{1b}[0m")),
            false => self.line(line),
        }
    }

    /// Prints a value as JSON for people to read.
    pub(super) fn json(&self, value: &impl serde::Serialize) -> Result<ExitCode, Failed> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Failed::Internal(error.into()))?;
        self.line(&text)
    }

    pub(super) fn table(&self, table: &Table) -> Result<ExitCode, Failed> {
        let bold = self.color.on(std::io::stdout().is_terminal());
        self.text(&table.render(self.width, bold))
    }

    /// A line about the work, on stderr.
    pub(super) fn tell(&self, line: &str) {
        // Whoever closed stderr does not want to know.
        drop(writeln!(std::io::stderr(), "{line}"));
    }

    pub(super) fn error_word(&self) -> &'static str {
        if self.is_colored() { "\u{1b}[1;31merror:\u{1b}[0m" } else { "error:" }
    }

    fn is_colored(&self) -> bool {
        self.color.on(std::io::stderr().is_terminal())
    }

    /// Draws a problem in its place in the file, on stderr.
    pub(super) fn diagnostic(&self, problem: &RuleProblem) {
        let theme = if self.is_colored() {
            miette::GraphicalTheme::unicode()
        } else {
            miette::GraphicalTheme::unicode_nocolor()
        };
        let width =
            Term::stderr().size_checked().map_or(WIDTH_DIAGNOSTICS, |(_, columns)| usize::from(columns));
        let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(width.max(WIDTH_MIN));
        let mut drawn = String::new();
        match handler.render_report(&mut drawn, &Drawn(problem)) {
            Ok(()) => self.tell(&drawn),
            Err(_) => self.tell(&problem.to_string()),
        }
    }
}

/// A problem whose one line is its message alone: place and help are drawn around it.
#[derive(Debug)]
struct Drawn<'a>(&'a RuleProblem);

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Drawn<'_> {}

impl Diagnostic for Drawn<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        self.0.severity()
    }

    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.code()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.0.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        self.0.related()
    }
}
