//! From a tree of keys to a typed rule, or every problem in the file at once. Owns what a rule
//! file may contain; one module per part of it. Nothing that leaves here needs checking again.

mod action;
mod alarm;
mod bounded;
mod change;
mod condition;
mod finding;
mod for_each;
mod held;
mod limits;
mod new_event;
mod new_field;
mod operand;
mod pattern;
mod reading;
mod reason;
mod rule_test;
mod segment;
mod set;
mod trigger;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use miette::NamedSource;

use crate::catalogue::{Catalogue, FieldKind};
use crate::limits::Limits;
use crate::parse::{Content, Node, parse};
use crate::problem::{
    PROBLEMS_MAX, ProblemKind, RelatedPlace, RuleProblem, Source, Span, closest, did_you_mean,
};
use crate::rule::{Action, Mode, Rule, RuleFile, RuleSet};
use crate::segment::Segment;
pub use bounded::CONSENTS;
use for_each::Items;
use new_event::with_events_of;
use new_field::with_fields_of;
use reading::Keys;

/// Checks one file: whether the rule in it can be taken. What it is worth is [`review`]'s. A segment is no rule: its file is
/// refused without a problem.
pub fn check(file_name: &str, text: &str, catalogue: &Catalogue) -> Result<Rule, Vec<RuleProblem>> {
    let file = Parsed::new(RuleFile { name: file_name, text });
    let catalogue = with_names_of(std::slice::from_ref(&file), catalogue);
    let checked = check_file(file, &catalogue);
    match checked.read {
        Some(Read::Rule(read)) if checked.problems.is_empty() => Ok(read.rule),
        _ => Err(checked.problems),
    }
}

/// The catalogue with what these files bring into being: fields, events and segments.
fn with_names_of<'c>(files: &[Parsed], catalogue: &'c Catalogue) -> Cow<'c, Catalogue> {
    with_events_of(files, with_fields_of(files, Cow::Borrowed(catalogue)))
}

/// Checks all files together: no two rules may have the same id, and what one writes another may read. The order of the
/// files changes nothing. This is what a set of rules has to pass that was taken before, so it becomes stricter only with
/// the language.
pub fn check_all(files: &[RuleFile<'_>], catalogue: &Catalogue) -> Result<RuleSet, Vec<RuleProblem>> {
    let mut checked = check_files(files, catalogue);
    if checked.problems.is_empty() {
        return Ok(checked.into_set());
    }
    sort(&mut checked.problems);
    Err(checked.problems)
}

/// Checks all files as they are to be checked before they are saved: what [`check_all`] finds, conditions that cannot be
/// meant, actions that would be refused, and rules that get in each other's way. The order of the files changes nothing.
pub fn review(files: &[RuleFile<'_>], catalogue: &Catalogue) -> Review {
    let mut checked = check_files(files, catalogue);
    let CheckedFiles { catalogue, read, segments, problems } = &mut checked;
    for one in &*read {
        finding::report(one, problems);
        alarm::report(one, problems);
        bounded::report(one, catalogue, problems);
    }
    set::report(read, segments, catalogue, problems);
    sort(problems);
    let problems = std::mem::take(problems);
    let is_refused = problems.iter().any(RuleProblem::is_error);
    Review { rules: (!is_refused).then(|| checked.into_set()), problems }
}

/// What came of checking rules before they are saved.
#[derive(Clone, Debug, Default)]
pub struct Review {
    /// `None` when there is an error among the problems.
    pub rules: Option<RuleSet>,
    /// Errors and warnings, by file and place.
    pub problems: Vec<RuleProblem>,
}

impl Review {
    pub fn errors(&self) -> impl Iterator<Item = &RuleProblem> {
        self.problems.iter().filter(|problem| problem.is_error())
    }

    pub fn warnings(&self) -> impl Iterator<Item = &RuleProblem> {
        self.problems.iter().filter(|problem| !problem.is_error())
    }
}

/// By file and place. Those at one place keep the order in which they were found.
fn sort(problems: &mut [RuleProblem]) {
    problems.sort_by(|left, right| {
        let files = left.file_name().cmp(right.file_name());
        files.then_with(|| left.span.offset.cmp(&right.span.offset))
    });
}

struct CheckedFiles<'c> {
    /// With what the files bring into being.
    catalogue: Cow<'c, Catalogue>,
    /// The rules nothing is wrong with, by file.
    read: Vec<ReadRule>,
    /// The same of segments.
    segments: Vec<Segment>,
    problems: Vec<RuleProblem>,
}

impl CheckedFiles<'_> {
    fn into_set(self) -> RuleSet {
        RuleSet::new(self.read.into_iter().map(|read| read.rule).collect(), self.segments)
    }
}

fn check_files<'c>(files: &[RuleFile<'_>], catalogue: &'c Catalogue) -> CheckedFiles<'c> {
    let mut files = files.to_vec();
    files.sort_by_key(|file| (file.name, file.text));
    let mut first_uses: BTreeMap<(&str, String), (Span, Source)> = BTreeMap::new();
    let files: Vec<Parsed> = files.iter().copied().map(Parsed::new).collect();
    let catalogue = with_names_of(&files, catalogue);
    let mut all = CheckedFiles { catalogue, read: Vec::new(), segments: Vec::new(), problems: Vec::new() };
    for file in files {
        let checked = check_file(file, &all.catalogue);
        all.problems.extend(checked.problems);
        let Some((id, span)) = checked.id else { continue };
        let called = (checked.what, id);
        if let Some(first) = first_uses.get(&called) {
            all.problems.push(duplicate(&called, span, &checked.source, first));
            continue;
        }
        first_uses.insert(called, (span, checked.source));
        match checked.read {
            Some(Read::Rule(read)) => all.read.push(*read),
            Some(Read::Segment(segment)) => all.segments.push(segment),
            None => {}
        }
    }
    all
}

/// The catalogue with the fields and events that these files themselves bring into being, for whoever shows what there is.
pub fn with_new_names(files: &[RuleFile<'_>], catalogue: &Catalogue) -> Catalogue {
    let files: Vec<Parsed> = files.iter().copied().map(Parsed::new).collect();
    with_names_of(&files, catalogue).into_owned()
}

fn duplicate(
    (what, id): &(&str, String),
    span: Span,
    source: &Source,
    first: &(Span, Source),
) -> RuleProblem {
    let message = format!("another {what} is already called `{id}`");
    let help = format!("give this {what} another name: the name decides what counts as already done");
    let mut problem = RuleProblem::error(ProblemKind::DuplicateRule, span, message, help, source);
    problem.related.push(RelatedPlace {
        message: format!("the other {what} is"),
        span: first.0,
        source: first.1.clone(),
    });
    problem
}

/// A file as far as it could be read.
struct CheckedFile {
    read: Option<Read>,
    /// What it is, in words.
    what: &'static str,
    id: Option<(String, Span)>,
    problems: Vec<RuleProblem>,
    source: Source,
}

/// What nothing is wrong with.
enum Read {
    Rule(Box<ReadRule>),
    Segment(Segment),
}

/// A rule nothing is wrong with, and where it was read.
struct ReadRule {
    rule: Rule,
    node: Node,
    source: Source,
}

/// A file read but not yet checked. Without a tree there are problems.
struct Parsed {
    source: Source,
    node: Option<Node>,
    problems: Vec<RuleProblem>,
}

impl Parsed {
    fn new(file: RuleFile<'_>) -> Parsed {
        let source: Source = NamedSource::new(file.name, Arc::from(file.text));
        match parse(&source) {
            Ok((node, problems)) => Parsed { source, node: Some(node), problems },
            Err(problems) => Parsed { source, node: None, problems },
        }
    }
}

fn check_file(Parsed { source, node, problems }: Parsed, catalogue: &Catalogue) -> CheckedFile {
    let is_segment = node.as_ref().is_some_and(segment::is_segment);
    let what = if is_segment { "segment" } else { "rule" };
    let Some(node) = node else { return CheckedFile { read: None, what, id: None, problems, source } };
    let mut checker = Checker {
        catalogue,
        source: source.clone(),
        problems,
        event: None,
        waits: false,
        of_segment: false,
        leaves: 0,
        items: Items::default(),
        id: None,
        unreported: 0,
    };
    let read = match is_segment {
        true => checker.segment(&node).map(Read::Segment),
        false => checker
            .rule(&node)
            .map(|rule| Read::Rule(Box::new(ReadRule { rule, node, source: source.clone() }))),
    };
    checker.problems.sort_by_key(|problem| (problem.span.offset, problem.kind));
    checker.mention_unreported();
    let (id, problems) = (checker.id, checker.problems);
    let read = read.filter(|_| problems.is_empty());
    CheckedFile { read, what, id, problems, source }
}

/// Walks the tree. Each method gives the typed part, or `None` after reporting what is wrong with it.
struct Checker<'c> {
    catalogue: &'c Catalogue,
    source: Source,
    problems: Vec<RuleProblem>,
    /// The trigger, once known: fields and limits depend on what it provides.
    event: Option<String>,
    /// The rule is asked some time after its event.
    waits: bool,
    /// It is a segment's condition, which is asked whatever happens.
    of_segment: bool,
    /// Condition leaves seen so far.
    leaves: usize,
    items: Items<'c>,
    id: Option<(String, Span)>,
    /// Problems beyond the first [`PROBLEMS_MAX`], which are only counted.
    unreported: usize,
}

const RULE_KEYS: [&str; 9] = ["rule", "says", "mode", "on", "when", "for_each", "then", "limits", "tests"];

/// Names become part of effect ids, file names and addresses.
const NAME_BYTES_MAX: usize = 64;

/// Enough for any sentence; the console shows it in one line.
const SAYS_BYTES_MAX: usize = 1_000;

impl Checker<'_> {
    fn rule(&mut self, node: &Node) -> Option<Rule> {
        let keys = self.keys(node, "a rule", &RULE_KEYS)?;
        let id = self
            .need(&keys, "rule", "start with `rule: a-short-name`")
            .and_then(|node| self.name(node, "a rule's name"));
        self.id = id.clone().zip(keys.get("rule").map(|node| node.span));
        let says = self.says(&keys);
        let mode = self.need(&keys, "mode", "write `mode: on`, `mode: shadow` or `mode: off`");
        let mode = mode.and_then(|node| self.mode(node));
        let on = self.need(&keys, "on", "write the event to act on, such as `on: message.received`");
        let on = on.and_then(|node| self.trigger(node));
        let for_each = self.for_each(keys.get("for_each"));
        let of_item = match self.items {
            Items::Here(_) => self.set_items(Items::Elsewhere),
            here => here,
        };
        let when = self.need(&keys, "when", "write a condition, or `when: always` to act on every event");
        let when = when.and_then(|node| self.when(node));
        self.set_items(of_item);
        let then = self.need(&keys, "then", "write at least one action: `- {id: tag, do: customer.add_tag}`");
        let then_node = then;
        let then = then.and_then(|node| self.actions(node));
        if let (Some(for_each), Some(actions), Some(node)) = (&for_each, &then, then_node) {
            self.planned_allowed(for_each.as_ref(), actions.len(), node);
        }
        let limits = keys.get("limits").map_or(Some(Limits::default()), |node| self.limits(node));
        self.held_back(&keys, then.as_deref(), limits.as_ref());
        let action_ids = then.as_deref().map(action_ids);
        let tests =
            keys.get("tests").map_or(Some(Vec::new()), |node| self.tests(node, action_ids.as_deref()));
        Some(Rule {
            id: id?,
            says: says?,
            mode: mode?,
            on: on?,
            when: when?,
            for_each: for_each?,
            then: then?,
            limits: limits?,
            tests: tests?,
        })
    }

    fn says(&mut self, keys: &Keys<'_>) -> Option<String> {
        let Some(node) = keys.get("says") else { return Some(String::new()) };
        let text = self.scalar(node, "`says`", "write one sentence")?;
        if text.len() > SAYS_BYTES_MAX {
            self.report(
                ProblemKind::TooLarge,
                node.span,
                "`says` is too long".to_owned(),
                "say it in one sentence of some hundred letters",
            );
            return None;
        }
        Some(text.to_owned())
    }

    fn mode(&mut self, node: &Node) -> Option<Mode> {
        match self.scalar(node, "`mode`", "write `on`, `shadow` or `off`")? {
            "on" => Some(Mode::On),
            "shadow" => Some(Mode::Shadow),
            "off" => Some(Mode::Off),
            other => {
                let message = format!("there is no mode `{}`", shortened(other));
                self.unknown(
                    ProblemKind::UnknownValue,
                    node.span,
                    message,
                    other,
                    ["on", "shadow", "off"].into_iter(),
                );
                None
            }
        }
    }

    /// An event the catalogue knows.
    fn event(&mut self, event: &str, span: Span) -> Option<String> {
        if self.catalogue.events.contains_key(event) {
            return Some(event.to_owned());
        }
        let known = self.catalogue.events.keys().map(String::as_str);
        let message = format!("there is no event `{}`", shortened(event));
        self.unknown(ProblemKind::UnknownEvent, span, message, event, known);
        None
    }

    /// The kind of a field the catalogue knows and the trigger provides.
    fn field(&mut self, field: &str, span: Span) -> Option<FieldKind> {
        if !self.item_known(field, span) {
            return None;
        }
        let catalogue = self.catalogue;
        let Some(spec) = self.spec(field) else {
            let known = catalogue.fields.keys().map(String::as_str);
            let message = format!("there is no field `{}`", shortened(field));
            self.unknown(ProblemKind::UnknownField, span, message, field, known);
            return None;
        };
        if self.of_segment {
            return self.is_of_customer(field, span).then_some(spec.kind);
        }
        let Some(event) = &self.event else { return Some(spec.kind) };
        if !catalogue.provides(event, field) && !for_each::is_of_item(field) {
            let provided =
                catalogue.events.get(event).map(|spec| spec.provides.join(", ")).unwrap_or_default();
            let message = format!("`{field}` is not known when `{event}` happens");
            self.report(
                ProblemKind::FieldNotProvided,
                span,
                message,
                format!("that event knows about: {provided}"),
            );
            return None;
        }
        Some(spec.kind)
    }

    /// A name that is safe in ids and addresses.
    fn name(&mut self, node: &Node, what: &str) -> Option<String> {
        let help = "use lower-case letters, digits, `-` and `_`, at most 64";
        let name = self.scalar(node, what, help)?;
        if !is_name(name) {
            self.report(
                ProblemKind::BadName,
                node.span,
                format!("{what} cannot be `{}`", shortened(name)),
                help,
            );
            return None;
        }
        Some(name.to_owned())
    }

    fn scalar<'n>(&mut self, node: &'n Node, what: &str, help: &str) -> Option<&'n str> {
        let text = node.scalar();
        if text.is_none() {
            self.shape(node, &format!("{what} is a single value"), help);
        }
        text
    }

    fn list<'n>(&mut self, node: &'n Node, what: &str, help: &str) -> Option<&'n [Node]> {
        match &node.content {
            Content::List(items) => Some(items),
            _ => {
                self.shape(node, &format!("{what} is a list"), help);
                None
            }
        }
    }

    /// Whether a list stays within its limit.
    fn within(&mut self, items: &[Node], max: usize, span: Span, what: &str) -> bool {
        let fits = items.len() <= max;
        if !fits {
            let message = format!("there are {} {what}, and {max} are allowed", items.len());
            self.report(
                ProblemKind::TooMany,
                span,
                message,
                "write two rules; a long list of values can become a tag",
            );
        }
        fits
    }

    fn shape(&mut self, node: &Node, expected: &str, help: &str) {
        let message = match node.content {
            Content::Empty => format!("{expected}, and there is nothing here"),
            _ => format!("{expected}, not {}", node.described()),
        };
        self.report(ProblemKind::WrongShape, node.span, message, help);
    }

    fn report(&mut self, kind: ProblemKind, span: Span, message: String, help: impl Into<String>) {
        if self.problems.len() >= PROBLEMS_MAX {
            self.unreported += 1;
            return;
        }
        self.problems.push(RuleProblem::error(kind, span, message, help, &self.source));
    }

    /// Reports a name that is not known, with the known one that was probably meant.
    fn unknown<'k>(
        &mut self,
        kind: ProblemKind,
        span: Span,
        message: String,
        typed: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        let is_reported = self.problems.len() < PROBLEMS_MAX;
        let help = if is_reported { did_you_mean(typed, known) } else { String::new() };
        self.report(kind, span, message, help);
    }

    fn mention_unreported(&mut self) {
        let (Some(last), 1..) = (self.problems.last(), self.unreported) else { return };
        let message = format!("{} more problems are not shown", self.unreported);
        let help = "correct these first";
        let problem = RuleProblem::error(ProblemKind::TooMany, last.span, message, help, &self.source);
        self.problems.push(problem);
    }

    /// Adds to the problem just reported the place that was there first.
    fn relate(&mut self, message: &str, span: Span) {
        if self.unreported > 0 {
            return;
        }
        let place = RelatedPlace { message: message.to_owned(), span, source: self.source.clone() };
        if let Some(problem) = self.problems.last_mut() {
            problem.related.push(place);
        }
    }
}

/// Whether it is safe in ids and addresses.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain)
}

fn action_ids(actions: &[Action]) -> Vec<&str> {
    actions.iter().map(|action| action.id.as_str()).collect()
}

/// A long wrong text, cut so that a message stays a line.
fn shortened(text: &str) -> String {
    /// A name and a bit.
    const SHOWN_MAX: usize = 80;
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Help for a value outside a closed list: what was meant, or the whole list.
fn one_of_these(typed: &str, values: &[String]) -> String {
    let listed = values.join(", ");
    match closest(typed, values.iter().map(String::as_str)) {
        Some(value) => format!("did you mean `{value}`? known are: {listed}"),
        None => format!("known are: {listed}"),
    }
}
