//! Checks `then`: actions the catalogue knows, with the parameters they take.

use std::collections::BTreeMap;

use crate::caps::{ACTIONS_MAX, LIST_MAX, TEMPLATE_BYTES_MAX};
use crate::catalogue::{ActionSpec, FieldKind, ParamSpec, Takes};
use crate::parse::{Content, Entry, Node};
use crate::problem::{ProblemKind, Span};
use crate::rule::{Action, Argument};
use crate::template::{Part, Template};
use crate::value::Value;

use super::{Checker, shortened};

/// Events named as examples.
const EVENTS_SHOWN_MAX: usize = 3;

const ACTION_HELP: &str = "write `- {id: tag, do: customer.add_tag, with: {tag: unhappy}}`";

impl Checker<'_> {
    pub(super) fn actions(&mut self, node: &Node) -> Option<Vec<Action>> {
        let items = self.list(node, "`then`", ACTION_HELP)?;
        if items.is_empty() {
            self.report(ProblemKind::EmptyGroup, node.span, "`then` has no actions".to_owned(), ACTION_HELP);
            return None;
        }
        if !self.within(items, ACTIONS_MAX, node.span, "actions") {
            return None;
        }
        let mut first_uses = BTreeMap::new();
        let actions: Vec<Option<Action>> =
            items.iter().map(|item| self.action(item, &mut first_uses)).collect();
        actions.into_iter().collect()
    }

    fn action(&mut self, node: &Node, first_uses: &mut BTreeMap<String, Span>) -> Option<Action> {
        let keys = self.keys(node, "an action", &["id", "do", "purpose", "with", "wait", "ask"])?;
        let id_node = self.need(&keys, "id", "give the action a short name, such as `id: tag`");
        let id = id_node.and_then(|node| self.name(node, "an action's id"));
        if let (Some(id), Some(id_node)) = (&id, id_node) {
            self.unused(id, id_node.span, first_uses);
        }
        let action = self.need(&keys, "do", "say what to do, such as `do: customer.add_tag`")?;
        let action = self.scalar(action, "`do`", "write an action's name, such as `do: customer.add_tag`")?;
        let catalogue = self.catalogue;
        let Some(spec) = catalogue.actions.get(action) else {
            let span = keys.get("do").map_or(node.span, |node| node.span);
            let message = format!("there is no action `{}`", shortened(action));
            let known = catalogue.actions.keys().map(String::as_str);
            self.unknown(ProblemKind::UnknownAction, span, message, action, known);
            return None;
        };
        let about = self.about(action, spec, keys.get("do").map_or(node.span, |node| node.span));
        let with = self.arguments(action, spec, node.span, keys.get("with"));
        let purpose = self.purpose(action, spec, node.span, keys.get("purpose"));
        let wait_ns = self.wait(action, spec, keys.get("wait"));
        let ask = self.ask(action, spec, keys.get("ask"));
        about?;
        Some(Action {
            id: id?,
            action: action.to_owned(),
            purpose: purpose?,
            wait_ns: wait_ns?,
            ask: ask?,
            with: with?,
        })
    }

    /// Whether the trigger brings what the action changes.
    fn about(&mut self, action: &str, spec: &ActionSpec, span: Span) -> Option<()> {
        let (Some(about), Some(event)) = (&spec.about, &self.event) else { return Some(()) };
        if self.catalogue.provides(event, about) {
            return Some(());
        }
        let message = format!("`{action}` changes a {about}, and `{event}` is about none");
        let brings = |spec: &crate::catalogue::EventSpec| spec.provides.iter().any(|root| root == about);
        let events = self.catalogue.events.iter().filter(|(_, spec)| brings(spec));
        let events: Vec<&str> = events.map(|(name, _)| name.as_str()).take(EVENTS_SHOWN_MAX).collect();
        let help = format!("act on an event that is, such as {}", events.join(", "));
        self.report(ProblemKind::FieldNotProvided, span, message, help);
        None
    }

    /// What a message is for has to be said: only the author knows, and whether it may be sent depends on it.
    fn purpose(
        &mut self,
        action: &str,
        spec: &ActionSpec,
        action_span: Span,
        purpose: Option<&Node>,
    ) -> Option<Option<String>> {
        match (&spec.channel, purpose) {
            (None, None) => Some(None),
            (Some(_), Some(node)) => self.name(node, "a purpose").map(Some),
            (Some(channel), None) => {
                let message = format!("`{action}` writes to a person, and what for is missing");
                let help = format!(
                    "add `purpose: service` when it answers them, `transactional` when it is about something they \
                     bought, or `marketing`, which is only sent with their consent on {channel}"
                );
                self.report(ProblemKind::MissingKey, action_span, message, help);
                None
            }
            (None, Some(node)) => {
                let message = format!("`{action}` writes to nobody, so it has no purpose");
                self.report(ProblemKind::UnknownKey, node.span, message, "take `purpose` away");
                None
            }
        }
    }

    fn unused(&mut self, id: &str, span: Span, first_uses: &mut BTreeMap<String, Span>) {
        match first_uses.get(id) {
            None => {
                first_uses.insert(id.to_owned(), span);
            }
            Some(first) => {
                let message = format!("two actions are called `{id}`");
                let help = "give each action its own id: the id decides what counts as already done";
                self.report(ProblemKind::DuplicateAction, span, message, help);
                self.relate("the other action is", *first);
            }
        }
    }

    fn arguments(
        &mut self,
        action: &str,
        spec: &ActionSpec,
        action_span: Span,
        with: Option<&Node>,
    ) -> Option<BTreeMap<String, Argument>> {
        let entries: &[Entry] = match with.map(|node| (node, &node.content)) {
            None | Some((_, Content::Empty)) => &[],
            Some((node, Content::Map(entries))) => {
                self.repeated(node);
                entries
            }
            Some((node, _)) => {
                self.shape(
                    node,
                    "`with` is written as lines of `name: value`",
                    "write `with: {tag: unhappy}`",
                );
                return None;
            }
        };
        let mut sound = true;
        let mut arguments = BTreeMap::new();
        for entry in entries {
            let Some(param) = spec.params.get(&entry.key) else {
                let message = format!("`{action}` takes no `{}`", shortened(&entry.key));
                let known = spec.params.keys().map(String::as_str);
                self.unknown(ProblemKind::UnknownParameter, entry.key_span, message, &entry.key, known);
                sound = false;
                continue;
            };
            match self.argument(param, &entry.value) {
                Some(argument) => drop(arguments.insert(entry.key.clone(), argument)),
                None => sound = false,
            }
        }
        for (name, param) in spec.params.iter().filter(|(_, param)| param.required) {
            if !entries.iter().any(|entry| entry.key == *name) {
                let message = format!("`{action}` needs `{name}`");
                let help = format!("add `{name}: …` under `with`: {}", described(param));
                self.report(
                    ProblemKind::MissingParameter,
                    with.map_or(action_span, |node| node.span),
                    message,
                    help,
                );
                sound = false;
            }
        }
        sound.then_some(arguments)
    }

    fn argument(&mut self, param: &ParamSpec, node: &Node) -> Option<Argument> {
        if let Content::Empty = node.content {
            let message = "this parameter has no value".to_owned();
            self.report(
                ProblemKind::EmptyValue,
                node.span,
                message,
                format!("write {}", param.kind.example()),
            );
            return None;
        }
        if param.takes != Takes::Any {
            return self.known_argument(&param.takes, node).map(Argument::Value);
        }
        match (param.kind, &node.content) {
            (FieldKind::Text, _) => self.text_argument(param, node),
            (FieldKind::TextList, Content::List(items)) => self.texts_argument(items, node.span),
            (kind, Content::Quoted(text) | Content::Plain(text)) if text.contains("{{") => {
                self.field_argument(kind, text, node)
            }
            (kind, _) => self.value(kind, node).map(Argument::Value),
        }
    }

    fn text_argument(&mut self, param: &ParamSpec, node: &Node) -> Option<Argument> {
        let template = self.template(node)?;
        let is_blank = |part: &Part| matches!(part, Part::Text(text) if text.trim().is_empty());
        if param.required && template.parts.iter().all(is_blank) {
            self.report(
                ProblemKind::EmptyValue,
                node.span,
                "this parameter is required, and the text is empty".to_owned(),
                "write a text, or a field such as `{{customer.display_name}}`",
            );
            return None;
        }
        Some(match template.parts.as_slice() {
            [] => Argument::Value(Value::Text(String::new())),
            [Part::Text(text)] => Argument::Value(Value::Text(text.clone())),
            _ => Argument::Text(template),
        })
    }

    fn texts_argument(&mut self, items: &[Node], span: Span) -> Option<Argument> {
        if !self.within(items, LIST_MAX, span, "values in a list") {
            return None;
        }
        let templates: Vec<Option<Template>> = items.iter().map(|item| self.template(item)).collect();
        let templates: Vec<Template> = templates.into_iter().collect::<Option<_>>()?;
        Some(Argument::Texts(templates))
    }

    /// A parameter that is not text may be a field as it is, when the kinds agree.
    fn field_argument(&mut self, kind: FieldKind, text: &str, node: &Node) -> Option<Argument> {
        let template = self.template(node)?;
        let help = format!("write {}, or a single field that is {}", kind.example(), kind.described());
        let [Part::Field { field, default: None }] = template.parts.as_slice() else {
            let message = format!("this should be {}, and it is a text with fields in it", kind.described());
            self.report(ProblemKind::WrongType, node.span, message, help);
            return None;
        };
        let span = self.span_in(node, text);
        let found = self.spec(field).map(|spec| spec.kind)?;
        if found != kind {
            let message =
                format!("this should be {}, but `{field}` is {}", kind.described(), found.described());
            self.report(ProblemKind::WrongType, span, message, help);
            return None;
        }
        Some(Argument::Field { field: field.clone(), kind })
    }

    /// A text whose fields all exist and are known when the trigger happens.
    fn template(&mut self, node: &Node) -> Option<Template> {
        let text =
            self.scalar(node, "a text", "write a text, in quotation marks if it has `{` or `:` in it")?;
        if text.len() > TEMPLATE_BYTES_MAX {
            let message =
                format!("the text has {} bytes, at most {TEMPLATE_BYTES_MAX} are allowed", text.len());
            self.report(
                ProblemKind::TooLarge,
                node.span,
                message,
                "shorten it, or use the provider's own template",
            );
            return None;
        }
        let mut template = match Template::parse(text) {
            Ok(template) => template,
            Err(error) => {
                let span = self.span_in(node, &error.piece);
                self.report(ProblemKind::BadTemplate, span, error.message.to_owned(), error.help);
                return None;
            }
        };
        let kinds: Vec<Option<(String, FieldKind)>> = template
            .fields()
            .map(|field| {
                let span = self.span_in(node, field);
                self.field(field, span).map(|kind| (field.to_owned(), kind))
            })
            .collect();
        template.kinds = kinds.into_iter().collect::<Option<_>>()?;
        Some(template)
    }

    /// Where a piece of a text stands in the file; the whole text when quoting has changed it.
    fn span_in(&self, node: &Node, piece: &str) -> Span {
        let written = self.source.inner().get(node.span.offset..node.span.end()).unwrap_or_default();
        match written.find(piece) {
            Some(at) => Span { offset: node.span.offset + at, len: piece.len() },
            None => node.span,
        }
    }
}

fn described(param: &ParamSpec) -> String {
    match param.help.is_empty() {
        true => param.kind.described().to_owned(),
        false => param.help.clone(),
    }
}
