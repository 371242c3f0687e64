//! YAML to a tree in which every key and value knows where it stands. Owns the limits on the
//! file itself; what the keys mean is `check`'s business.
//!
//! Scalars keep the text they were written with: `12.50` never passes through a float, and
//! whether `off` is a word or a boolean is decided by the place it stands in.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, Location, Spanned};

use crate::problem::{PROBLEMS_MAX, ProblemKind, RuleProblem, Source, Span};

/// A rule with every limit used up is about 40 KB; past this it is not a rule.
const FILE_BYTES_MAX: usize = 64 * 1024;

/// Conditions nest eight deep at two levels each; the rest is room to answer a deeper one by name
/// instead of as broken YAML. It also bounds our own recursion.
const YAML_DEPTH_MAX: usize = 40;

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    Empty,
    /// A scalar without quotation marks, as written.
    Plain(String),
    /// A scalar in quotation marks, or a block of text.
    Quoted(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Node {
    /// What stands here, for messages.
    pub(crate) fn described(&self) -> &'static str {
        match self.content {
            Content::Empty => "nothing",
            Content::Plain(_) => "a single value",
            Content::Quoted(_) => "a text in quotation marks",
            Content::List(_) => "a list",
            Content::Map(_) => "lines of `name: value`",
        }
    }

    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.content {
            Content::Plain(text) | Content::Quoted(text) => Some(text),
            Content::Empty | Content::List(_) | Content::Map(_) => None,
        }
    }
}

/// Reads one document. Problems that leave a tree standing (a key that is not a name) come with it.
pub(crate) fn parse(source: &Source) -> Result<(Node, Vec<RuleProblem>), Vec<RuleProblem>> {
    let text = source.inner();
    if text.len() > FILE_BYTES_MAX {
        let message = format!("the file has {} bytes, a rule may have {FILE_BYTES_MAX}", text.len());
        let help = "write one rule per file, and move long texts into the provider's templates";
        return Err(vec![RuleProblem::error(ProblemKind::TooLarge, Span::default(), message, help, source)]);
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: YAML_DEPTH_MAX, max_aliases: 0, max_anchors: 0 },
        // Comments are for people, and a limit on how many may follow each other would surprise them.
        emit_comments: false,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        strict_booleans: true,
        with_snippet: false,
    };
    let raw: Spanned<Raw> = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| vec![yaml_problem(error.without_snippet(), source)])?;
    let mut settling = Settling { source, problems: Vec::new() };
    let node = settling.node(raw);
    Ok((node, settling.problems))
}

/// The tree as the YAML reader hands it over; spans are still the reader's.
enum Raw {
    Empty,
    Text(String),
    /// A number or boolean: the source has its spelling.
    Spelled,
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Empty)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Empty)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Spelled)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Spelled)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Spelled)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Spelled)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Spelled)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Spelled)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Raw, E> {
        Ok(Raw::Spelled)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

struct Settling<'s> {
    source: &'s Source,
    problems: Vec<RuleProblem>,
}

impl Settling<'_> {
    fn node(&mut self, raw: Spanned<Raw>) -> Node {
        let span = self.span(raw.referenced);
        match raw.value {
            Raw::Empty => Node { span, content: Content::Empty },
            Raw::Spelled => Node { span, content: Content::Plain(self.written(span).trim().to_owned()) },
            Raw::Text(text) => Node { span, content: self.text(text, span) },
            Raw::List(items) => {
                let items: Vec<Node> = items.into_iter().map(|item| self.node(item)).collect();
                Node {
                    span: covering(span, items.last().map(|item| item.span)),
                    content: Content::List(items),
                }
            }
            Raw::Map(entries) => {
                let entries: Vec<Entry> =
                    entries.into_iter().filter_map(|(key, value)| self.entry(key, value)).collect();
                let last = entries.last().map(|entry| covering(entry.key_span, Some(entry.value.span)));
                Node { span: covering(span, last), content: Content::Map(entries) }
            }
        }
    }

    fn entry(&mut self, key: Spanned<Raw>, value: Spanned<Raw>) -> Option<Entry> {
        let key = self.node(key);
        let value = self.node(value);
        if let Content::Plain(name) | Content::Quoted(name) = key.content {
            return Some(Entry { key: name, key_span: key.span, value });
        }
        if self.problems.len() == PROBLEMS_MAX {
            return None;
        }
        let message = format!("before `:` stands a name, not {}", key.described());
        let help = "write `name: value`; a text that starts with `{` or `[` needs quotation marks";
        let problem = RuleProblem::error(ProblemKind::WrongShape, key.span, message, help, self.source);
        self.problems.push(problem);
        None
    }

    fn text(&self, text: String, span: Span) -> Content {
        let written = self.written(span).trim();
        match written.chars().next() {
            Some('"' | '\'' | '|' | '>') => Content::Quoted(text),
            // A plain text over several lines is folded by the reader; on one line the spelling is the text.
            Some(_) if !written.contains('\n') => Content::Plain(written.to_owned()),
            _ => Content::Plain(text),
        }
    }

    fn written(&self, span: Span) -> &str {
        self.source.inner().get(span.offset..span.end()).unwrap_or_default()
    }

    fn span(&self, location: Location) -> Span {
        span_of(location, self.source.inner())
    }
}

/// The reader marks a list or map at its first character only; it reaches to its last child.
fn covering(start: Span, last: Option<Span>) -> Span {
    let end = last.map_or(start.end(), |last| last.end().max(start.end()));
    Span { offset: start.offset, len: end.saturating_sub(start.offset) }
}

/// Values come with byte positions, errors only with character positions.
fn span_of(location: Location, text: &str) -> Span {
    let span = location.span();
    let known = (span.byte_offset(), span.byte_len());
    if let (Some(Ok(offset)), Some(Ok(len))) = (known.0.map(usize::try_from), known.1.map(usize::try_from))
        && offset <= text.len()
    {
        return Span { offset, len: len.min(text.len() - offset) };
    }
    let characters = usize::try_from(span.offset()).unwrap_or(usize::MAX);
    let (offset, len) = match text.char_indices().nth(characters) {
        Some((offset, character)) => (offset, character.len_utf8()),
        None => (text.len(), 0),
    };
    Span { offset, len }
}

fn yaml_problem(error: &Error, source: &Source) -> RuleProblem {
    let (kind, message, help) = explained(error);
    let span = error.location().map(|location| span_of(location, source.inner())).unwrap_or_default();
    RuleProblem::error(kind, span, message, help, source)
}

fn explained(error: &Error) -> (ProblemKind, String, &'static str) {
    match error {
        Error::MultipleDocuments { .. } => (
            ProblemKind::WrongShape,
            "after `---` a second rule begins".to_owned(),
            "write one rule per file, without `---`",
        ),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => (
            ProblemKind::TooDeep,
            "too many lists stand inside each other".to_owned(),
            "a rule needs a few levels only: put conditions beside each other, or write two rules",
        ),
        Error::Budget { breach: BudgetBreach::Aliases { .. } | BudgetBreach::Anchors { .. }, .. }
        | Error::UnknownAnchor { .. } => (
            ProblemKind::NotSupported,
            "a value cannot start with `&` or `*`".to_owned(),
            "put the text in quotation marks; to use a value twice, write it twice",
        ),
        other => {
            let message = other.to_string();
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
            unreadable(message)
        }
    }
}

/// What the reader stumbles over most, in words about the file; the reader's own words are about readers.
fn unreadable(message: &str) -> (ProblemKind, String, &'static str) {
    let (said, help) = match message {
        _ if message.contains("tabs") => {
            ("this line is indented with a tab", "indent with spaces, two for each level")
        }
        _ if message.contains("mapping values") => (
            "there is a second `:` in this line",
            "put a text with `: ` in it in quotation marks, and write each `name: value` on its own line",
        ),
        _ if message.contains("quote") => {
            ("a quotation mark is opened here and never closed", "close it at the end of the text")
        }
        _ if message.contains("indicator") || message.contains("flow") => (
            "a bracket before this place is never closed",
            "close each `[` with `]` and each `{` with `}`; a text that starts with one needs quotation marks",
        ),
        _ if message.contains("block") || message.contains("indent") => (
            "this line does not start in the same column as the ones it belongs to",
            "let all lines of one list or group start below each other",
        ),
        _ => (
            "the file cannot be read from here on",
            "look at this line and the one above: columns, brackets and quotation marks",
        ),
    };
    (ProblemKind::InvalidYaml, said.to_owned(), help)
}
