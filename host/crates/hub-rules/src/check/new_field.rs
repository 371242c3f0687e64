//! Fields that rules bring into being by writing them, such as `customer.attributes.vip`. Found before anything is
//! checked, so that a rule may read what another writes, whatever file stands first.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::catalogue::{Catalogue, FieldKind, FieldSpec, Takes};
use crate::parse::{Content, Node};
use crate::problem::{ProblemKind, Span};
use crate::value::Value;

use super::{Checker, NAME_BYTES_MAX, Parsed, shortened};

/// Who fills such a field.
const RULES: &str = "the rules";

/// The catalogue with every field these files write. Names that are no good are left out: where they are written they
/// are reported.
pub(super) fn with_fields_of<'c>(files: &[Parsed], mut catalogue: Cow<'c, Catalogue>) -> Cow<'c, Catalogue> {
    for file in files.iter().filter_map(|file| file.node.as_ref()) {
        let rule = value_at(file, "rule").and_then(Node::scalar).unwrap_or_default();
        for field in fields_of(file, &catalogue) {
            let help = format!("written by rules, such as {}", shortened(rule));
            let filled_by = BTreeSet::from([RULES.to_owned()]);
            let spec = FieldSpec { filled_by, ..FieldSpec::new(FieldKind::Text, "", help) };
            if !catalogue.fields.contains_key(&field) {
                catalogue.to_mut().fields.insert(field, spec);
            }
        }
    }
    catalogue
}

fn fields_of(rule: &Node, catalogue: &Catalogue) -> Vec<String> {
    let under = |takes: &Takes| match takes {
        Takes::NewField(under) => Some(under.clone()),
        _ => None,
    };
    let names = taken_names(rule, catalogue, &under).into_iter();
    names.filter(|(_, name)| is_field_name(name)).map(|(under, name)| format!("{under}.{name}")).collect()
}

/// What a rule's actions write where a parameter takes a new name of this sort, each with what it stands under.
pub(super) fn taken_names<'n>(
    rule: &'n Node,
    catalogue: &Catalogue,
    under: &dyn Fn(&Takes) -> Option<String>,
) -> Vec<(String, &'n str)> {
    let Some(Content::List(actions)) = value_at(rule, "then").map(|node| &node.content) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for action in actions {
        let spec = value_at(action, "do").and_then(Node::scalar).and_then(|name| catalogue.actions.get(name));
        let (Some(spec), Some(with)) = (spec, value_at(action, "with")) else { continue };
        for (param, spec) in &spec.params {
            let name = value_at(with, param).and_then(Node::scalar);
            names.extend(under(&spec.takes).zip(name));
        }
    }
    names
}

pub(super) fn value_at<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Content::Map(entries) = &node.content else { return None };
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}

/// As templates can write it: without `-`, and without a point, which would look like a deeper field.
pub(super) fn is_field_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain)
}

impl Checker<'_> {
    /// A parameter of which is known what may be written there.
    pub(super) fn known_argument(&mut self, takes: &Takes, node: &Node) -> Option<Value> {
        let text = self.scalar(node, "this parameter", "write a single name")?;
        if text.contains("{{") {
            let message =
                "no field may stand here: what is written is checked when the rule is saved".to_owned();
            self.report(ProblemKind::WrongType, node.span, message, "write the name itself");
            return None;
        }
        let is_good = match takes {
            Takes::Any => true,
            Takes::OneOf(values) => self.is_one_of(values, text, node.span),
            Takes::Event => self.event(text, node.span).is_some(),
            Takes::NewField(_) | Takes::NewEvent(_) => self.is_new_name(text, node.span),
        };
        is_good.then(|| Value::Text(text.to_owned()))
    }

    fn is_one_of(&mut self, values: &[String], text: &str, span: Span) -> bool {
        let is_known = values.iter().any(|value| value == text);
        if !is_known {
            let message = format!("this parameter is never `{}`", shortened(text));
            self.report(ProblemKind::UnknownValue, span, message, super::one_of_these(text, values));
        }
        is_known
    }

    fn is_new_name(&mut self, name: &str, span: Span) -> bool {
        let is_good = is_field_name(name);
        if !is_good {
            let message = format!("a name cannot be `{}`", shortened(name));
            let help = format!("use lower-case letters, digits and `_`, at most {NAME_BYTES_MAX}");
            self.report(ProblemKind::BadName, span, message, help);
        }
        is_good
    }
}
