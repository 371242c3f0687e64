//! A pattern to find in a text: read and compiled once, when a rule is checked. Bounded: no look-around and no
//! references back, so that finding it takes time in proportion to the text, and small enough to keep for every rule.

use std::fmt;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::ErrorKind;
use regex_syntax::ast::parse::ParserBuilder;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::caps::PATTERN_CHARS_MAX;
use crate::value::fold;

/// A pattern of two hundred characters takes some ten kilobytes; one that takes this much repeats repetitions.
const COMPILED_BYTES_MAX: usize = 256 * 1024;

/// What finding it may keep in memory beside that.
const CACHE_BYTES_MAX: usize = 256 * 1024;

/// Brackets inside brackets.
const NEST_MAX: u32 = 10;

/// A pattern as written, ready to be asked. Two are the same when they are written the same.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    regex: Arc<Regex>,
}

/// Why a text is no pattern: where in it, what is wrong, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PatternError {
    /// The bytes of the text it is about; all of it when it is about no part.
    pub(crate) piece: Option<(usize, usize)>,
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Pattern, PatternError> {
        let error = |message: String, help| PatternError { piece: None, message, help };
        let chars = text.chars().count();
        if chars > PATTERN_CHARS_MAX {
            let message =
                format!("the pattern has {chars} characters, at most {PATTERN_CHARS_MAX} are allowed");
            return Err(error(message, "write several shorter ones under `any:`"));
        }
        if let Err(wrong) = ParserBuilder::new().nest_limit(NEST_MAX).build().parse(text) {
            let (message, help) = explained(wrong.kind());
            let (start, end) = (wrong.span().start.offset, wrong.span().end.offset);
            return Err(PatternError { piece: Some((start, end)), message: message.to_owned(), help });
        }
        if fits_everything(text) {
            let message = "this pattern fits every text, even an empty one".to_owned();
            return Err(error(message, "write what has to be there: `x+` needs one, `x*` needs none"));
        }
        let built = RegexBuilder::new(text)
            .case_insensitive(true)
            .nest_limit(NEST_MAX)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(CACHE_BYTES_MAX)
            .build();
        match built {
            Ok(regex) => Ok(Pattern { text: text.to_owned(), regex: Arc::new(regex) }),
            Err(regex::Error::CompiledTooBig(_)) => Err(error(
                "this pattern repeats so much that it would be too large to keep".to_owned(),
                "write smaller numbers between `{` and `}`, or `+` and `*` instead",
            )),
            Err(_) => Err(error("this pattern cannot be read".to_owned(), UNREADABLE_HELP)),
        }
    }

    /// Whether it is found anywhere in a text, whatever the letters' case.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.regex.is_match(&fold(text))
    }

    /// As it is written in a rule file.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.text).finish()
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pattern, D::Error> {
        let text = String::deserialize(deserializer)?;
        Pattern::parse(&text).map_err(|error| de::Error::custom(error.message))
    }
}

/// Whether it can be found in nothing at all, at any place: then it says nothing of a text.
fn fits_everything(text: &str) -> bool {
    regex_syntax::parse(text).is_ok_and(|pattern| {
        let properties = pattern.properties();
        properties.minimum_len() == Some(0) && properties.look_set().is_empty()
    })
}

const UNREADABLE_HELP: &str = "use letters, `.` for any one, `*` and `+` to repeat, `|` for or; put `\\` before a sign \
                               that stands for itself";

/// What people stumble over, in words about what they wrote.
fn explained(kind: &ErrorKind) -> (&'static str, &'static str) {
    match kind {
        ErrorKind::GroupUnclosed => {
            ("this `(` is never closed", "close it with `)`, or write `\\(` for the sign itself")
        }
        ErrorKind::GroupUnopened => {
            ("this `)` closes nothing", "open it with `(`, or write `\\)` for the sign itself")
        }
        ErrorKind::ClassUnclosed => {
            ("this `[` is never closed", "close it with `]`, or write `\\[` for the sign itself")
        }
        ErrorKind::ClassRangeInvalid => {
            ("this range ends before it begins", "write the smaller one first, as in `[a-z]` or `[0-9]`")
        }
        ErrorKind::RepetitionMissing => (
            "there is nothing here that could be repeated",
            "write `*`, `+`, `?` and `{…}` after what they repeat, or `\\` before one that stands for itself",
        ),
        ErrorKind::RepetitionCountInvalid => {
            ("this repeats at least more often than at most", "write the smaller number first: `{2,5}`")
        }
        ErrorKind::RepetitionCountUnclosed
        | ErrorKind::RepetitionCountDecimalEmpty
        | ErrorKind::DecimalEmpty
        | ErrorKind::DecimalInvalid => (
            "between `{` and `}` stands how often something is repeated",
            "write `{3}` or `{2,5}`, or `\\{` for the sign itself",
        ),
        ErrorKind::EscapeUnexpectedEof => {
            ("a `\\` stands at the end", "write what it is for, or `\\\\` for the sign itself")
        }
        ErrorKind::EscapeUnrecognized => (
            "this means nothing after a `\\`",
            "write the letter alone; `\\d` is a digit, `\\s` a blank, `\\w` a letter or digit, `\\b` the edge of a word",
        ),
        ErrorKind::UnsupportedLookAround => (
            "looking ahead or back, as `(?=`, `(?!` and `(?<` do, is not possible",
            "write two conditions under `all:` or `none:`",
        ),
        ErrorKind::UnsupportedBackreference => (
            "going back to what a bracket found, as `\\1` does, is not possible",
            "write the text out, or two conditions under `all:`",
        ),
        ErrorKind::NestLimitExceeded(_) => {
            ("brackets stand too deep in each other", "write several shorter patterns under `any:`")
        }
        _ => ("this pattern cannot be read from here on", UNREADABLE_HELP),
    }
}
