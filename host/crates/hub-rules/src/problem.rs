//! One thing wrong in a rule file: what, where, and what to write instead. Owns the diagnostic
//! type; drawing it on a terminal or a page is the host's.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode, SourceSpan};
use serde::{Deserialize, Serialize};

/// A stretch of a rule file, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub offset: usize,
    pub len: usize,
}

impl Span {
    pub(crate) fn end(self) -> usize {
        self.offset.saturating_add(self.len)
    }
}

impl From<Span> for SourceSpan {
    fn from(span: Span) -> SourceSpan {
        SourceSpan::from((span.offset, span.len))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemKind {
    InvalidYaml,
    TooLarge,
    TooDeep,
    TooMany,
    WrongShape,
    UnknownKey,
    MissingKey,
    DuplicateKey,
    BadName,
    UnknownEvent,
    NotSupported,
    UnknownField,
    FieldNotProvided,
    UnknownOperator,
    MissingOperator,
    TwoOperators,
    OperatorKind,
    WrongType,
    UnknownValue,
    EmptyGroup,
    EmptyValue,
    UnknownAction,
    UnknownParameter,
    MissingParameter,
    DuplicateAction,
    BadTemplate,
    BadPattern,
    BadLimit,
    BadTest,
    DuplicateRule,
    NeverHolds,
    AlwaysHolds,
    AddsNothing,
    ConflictingRules,
    RuleCycle,
    OutsideWindow,
    NoConsentAsked,
    NotGranted,
}

impl ProblemKind {
    pub fn as_str(self) -> &'static str {
        match self {
            ProblemKind::InvalidYaml => "invalid-yaml",
            ProblemKind::TooLarge => "too-large",
            ProblemKind::TooDeep => "too-deep",
            ProblemKind::TooMany => "too-many",
            ProblemKind::WrongShape => "wrong-shape",
            ProblemKind::UnknownKey => "unknown-key",
            ProblemKind::MissingKey => "missing-key",
            ProblemKind::DuplicateKey => "duplicate-key",
            ProblemKind::BadName => "bad-name",
            ProblemKind::UnknownEvent => "unknown-event",
            ProblemKind::NotSupported => "not-supported",
            ProblemKind::UnknownField => "unknown-field",
            ProblemKind::FieldNotProvided => "field-not-provided",
            ProblemKind::UnknownOperator => "unknown-operator",
            ProblemKind::MissingOperator => "missing-operator",
            ProblemKind::TwoOperators => "two-operators",
            ProblemKind::OperatorKind => "operator-kind",
            ProblemKind::WrongType => "wrong-type",
            ProblemKind::UnknownValue => "unknown-value",
            ProblemKind::EmptyGroup => "empty-group",
            ProblemKind::EmptyValue => "empty-value",
            ProblemKind::UnknownAction => "unknown-action",
            ProblemKind::UnknownParameter => "unknown-parameter",
            ProblemKind::MissingParameter => "missing-parameter",
            ProblemKind::DuplicateAction => "duplicate-action",
            ProblemKind::BadTemplate => "bad-template",
            ProblemKind::BadPattern => "bad-pattern",
            ProblemKind::BadLimit => "bad-limit",
            ProblemKind::BadTest => "bad-test",
            ProblemKind::DuplicateRule => "duplicate-rule",
            ProblemKind::NeverHolds => "never-holds",
            ProblemKind::AlwaysHolds => "always-holds",
            ProblemKind::AddsNothing => "adds-nothing",
            ProblemKind::ConflictingRules => "conflicting-rules",
            ProblemKind::RuleCycle => "rule-cycle",
            ProblemKind::OutsideWindow => "outside-window",
            ProblemKind::NoConsentAsked => "no-consent-asked",
            ProblemKind::NotGranted => "not-granted",
        }
    }
}

/// What a problem means for the rules it was found in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The rules are not taken.
    #[default]
    Error,
    /// The rules are taken; what they say is probably not what was meant.
    Warning,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// Nobody reads more of them at once, and finding a near name for each is what checking costs most.
pub(crate) const PROBLEMS_MAX: usize = 100;

/// The text a problem points into, shared by all problems of one file.
pub(crate) type Source = NamedSource<Arc<str>>;

#[derive(Clone, Debug)]
pub struct RuleProblem {
    pub kind: ProblemKind,
    pub severity: Severity,
    pub message: String,
    pub help: String,
    pub span: Span,
    pub related: Vec<RelatedPlace>,
    pub(crate) source: Source,
}

impl RuleProblem {
    /// A problem for which the rule is refused.
    pub(crate) fn error(
        kind: ProblemKind,
        span: Span,
        message: String,
        help: impl Into<String>,
        source: &Source,
    ) -> RuleProblem {
        let (severity, related) = (Severity::Error, Vec::new());
        RuleProblem { kind, severity, message, help: help.into(), span, related, source: source.clone() }
    }

    /// A problem for which the rule is taken all the same.
    pub(crate) fn warning(
        kind: ProblemKind,
        span: Span,
        message: String,
        help: impl Into<String>,
        source: &Source,
    ) -> RuleProblem {
        let severity = Severity::Warning;
        RuleProblem { severity, ..RuleProblem::error(kind, span, message, help, source) }
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    pub fn file_name(&self) -> &str {
        self.source.name()
    }

    /// Line and column of the problem, both counted from one, the column in characters.
    pub fn line_column(&self) -> (usize, usize) {
        line_column(self.source.inner(), self.span.offset)
    }
}

/// The plain form, one line: `line:column kind message / help`, and `warning` before the kind of one.
impl fmt::Display for RuleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        let mark = if self.is_error() { "" } else { "warning " };
        write!(f, "{line}:{column} {mark}{} {} / {}", self.kind.as_str(), self.message, self.help)?;
        for place in &self.related {
            write!(f, " / {place}")?;
        }
        Ok(())
    }
}

impl std::error::Error for RuleProblem {}

impl Diagnostic for RuleProblem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.kind.as_str()))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(None, self.span))))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.related.iter().map(|place| place as &dyn Diagnostic)))
    }
}

/// Another place that explains a problem, perhaps in another file.
#[derive(Clone, Debug)]
pub struct RelatedPlace {
    pub message: String,
    pub span: Span,
    pub(crate) source: Source,
}

impl fmt::Display for RelatedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = line_column(self.source.inner(), self.span.offset);
        write!(f, "{} at {}:{line}:{column}", self.message, self.source.name())
    }
}

impl std::error::Error for RelatedPlace {}

impl Diagnostic for RelatedPlace {
    fn severity(&self) -> Option<miette::Severity> {
        Some(miette::Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(None, self.span))))
    }
}

fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
    (line, column)
}

/// The closest known name to a mistyped one, if any is close enough to be meant.
pub(crate) fn closest<'k>(typed: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    /// Longer than any name; comparing costs the product of both lengths.
    const TYPED_BYTES_MAX: usize = 64;
    if typed.len() > TYPED_BYTES_MAX {
        return None;
    }
    let typed = typed.to_lowercase();
    let (_, name) = known.filter_map(|name| Some((distance(&typed, name)?, name))).min()?;
    Some(name)
}

/// How far a typed name is from a known one; `None` when it cannot have been meant. Dotted names
/// are compared after the part they share, so that `customer.nam` is not `customer.id`.
fn distance(typed: &str, name: &str) -> Option<usize> {
    /// So short a piece occurs in names by chance.
    const PIECE_CHARS_MIN: usize = 3;
    let (typed_rest, name_rest) = after_shared(typed, name);
    if name_rest.contains(typed_rest) && typed.chars().count() >= PIECE_CHARS_MIN {
        return Some(1);
    }
    let (typed_length, name_length) = (typed_rest.chars().count(), name_rest.chars().count());
    let distance = strsim::damerau_levenshtein(typed_rest, name_rest);
    // A third of the letters may be wrong, and two always, but not all of them.
    let near = distance <= (typed_length / 3).max(2) && distance < typed_length.max(name_length);
    near.then_some(distance)
}

/// Both names without the dotted parts they begin with together.
fn after_shared<'n>(mut left: &'n str, mut right: &'n str) -> (&'n str, &'n str) {
    while let (Some((left_head, left_rest)), Some((right_head, right_rest))) =
        (left.split_once('.'), right.split_once('.'))
        && left_head == right_head
    {
        (left, right) = (left_rest, right_rest);
    }
    (left, right)
}

/// Help for an unknown name: what was probably meant, or everything there is.
pub(crate) fn did_you_mean<'k>(typed: &str, known: impl Iterator<Item = &'k str> + Clone) -> String {
    /// All operators; past that a list stops helping, and the console shows the whole catalogue.
    const LISTED_MAX: usize = 25;
    match closest(typed, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let listed: Vec<&str> = known.clone().take(LISTED_MAX).collect();
            let more = if known.count() > LISTED_MAX { ", …" } else { "" };
            format!("known are: {}{more}", listed.join(", "))
        }
    }
}
