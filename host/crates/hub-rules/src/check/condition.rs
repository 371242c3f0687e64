//! Checks `when`: groups, field leaves and count leaves, and how much of them there may be.

use crate::caps::{GROUPS_DEEP_MAX, LEAVES_MAX};
use crate::catalogue::FieldKind;
use crate::condition::{Comparison, Condition, CountTest, FieldTest};
use crate::parse::{Content, Entry, Node};
use crate::problem::{ProblemKind, closest};
use crate::value::parse_duration;

use super::operand::OPERATORS;
use super::{Checker, shortened};

/// As far back as the journal keeps segments by default.
const COUNT_WITHIN_MAX_NS: i64 = 400 * 24 * 3_600 * 1_000_000_000;

const GROUPS: [&str; 3] = ["all", "any", "none"];
const COMPARISONS: [&str; 5] = ["is", "more_than", "at_least", "less_than", "at_most"];
const CONDITION_HELP: &str =
    "write `{field: …, is: …}`, `{count: …, within: 7d, at_least: 2}`, or a group: all, any, none";

impl Checker<'_> {
    pub(super) fn when(&mut self, node: &Node) -> Option<Condition> {
        match node.scalar() {
            Some("always") => Some(Condition::Always),
            _ => self.condition(node, 1),
        }
    }

    pub(super) fn condition(&mut self, node: &Node, depth: usize) -> Option<Condition> {
        let Content::Map(entries) = &node.content else {
            self.shape(node, "a condition is written as lines of `name: value`", CONDITION_HELP);
            return None;
        };
        self.repeated(node);
        let has = |name: &str| entries.iter().any(|entry| entry.key == name);
        if GROUPS.into_iter().any(has) {
            self.group(node, entries, depth)
        } else if has("field") {
            self.leaf_allowed(node)?;
            self.field_leaf(node, entries)
        } else if has("count") {
            self.leaf_allowed(node)?;
            self.count_leaf(node)
        } else {
            self.not_a_condition(node, entries);
            None
        }
    }

    fn not_a_condition(&mut self, node: &Node, entries: &[Entry]) {
        let known = ["all", "any", "none", "field", "count"];
        let meant =
            entries.iter().find_map(|entry| closest(&entry.key, known.into_iter()).map(|name| (entry, name)));
        match meant {
            Some((entry, name)) => self.report(
                ProblemKind::UnknownKey,
                entry.key_span,
                format!("`{}` does not belong in a condition", shortened(&entry.key)),
                format!("did you mean `{name}`?"),
            ),
            None => self.report(
                ProblemKind::WrongShape,
                node.span,
                "this condition asks nothing".to_owned(),
                CONDITION_HELP,
            ),
        }
    }

    fn leaf_allowed(&mut self, node: &Node) -> Option<()> {
        self.leaves += 1;
        if self.leaves == LEAVES_MAX + 1 {
            let message = format!("a rule may have {LEAVES_MAX} conditions, and this is one more");
            self.report(
                ProblemKind::TooMany,
                node.span,
                message,
                "use one_of with a list, or split the rule",
            );
        }
        (self.leaves <= LEAVES_MAX).then_some(())
    }

    fn group(&mut self, node: &Node, entries: &[Entry], depth: usize) -> Option<Condition> {
        if depth > GROUPS_DEEP_MAX {
            let message = format!("groups stand more than {GROUPS_DEEP_MAX} deep in each other");
            self.report(
                ProblemKind::TooDeep,
                node.span,
                message,
                "put conditions beside each other, or write two rules",
            );
            return None;
        }
        let [entry] = entries else {
            let message = "a group is one of `all`, `any` and `none`, and nothing else".to_owned();
            let help = "write two groups as two entries of an `all:` or `any:` list";
            self.report(ProblemKind::WrongShape, node.span, message, help);
            return None;
        };
        let what = format!("`{}`", entry.key);
        let items = self.list(&entry.value, &what, "write each condition on its own line, after `- `")?;
        if items.is_empty() {
            let message = format!("`{}` has no conditions", entry.key);
            self.report(
                ProblemKind::EmptyGroup,
                entry.value.span,
                message,
                "add a condition, or remove the group",
            );
            return None;
        }
        let parts: Vec<Option<Condition>> =
            items.iter().map(|item| self.condition(item, depth + 1)).collect();
        let parts: Vec<Condition> = parts.into_iter().collect::<Option<_>>()?;
        Some(match entry.key.as_str() {
            "all" => Condition::All(parts),
            "any" => Condition::Any(parts),
            _ => Condition::None(parts),
        })
    }

    fn field_leaf(&mut self, node: &Node, entries: &[Entry]) -> Option<Condition> {
        let field_node = entries.iter().find(|entry| entry.key == "field").map(|entry| &entry.value)?;
        let field = self.scalar(field_node, "`field`", "write a field's name, such as `interaction.text`")?;
        let kind = self.field(field, field_node.span);
        let entry = self.one_operator(node, entries)?;
        let operator = self.operator(field, kind?, entry)?;
        Some(Condition::Field(FieldTest { field: field.to_owned(), kind: kind?, operator }))
    }

    /// The single entry beside `field`, when it is an operator.
    fn one_operator<'n>(&mut self, node: &Node, entries: &'n [Entry]) -> Option<&'n Entry> {
        let mut others = entries.iter().filter(|entry| entry.key != "field");
        let Some(entry) = others.next() else {
            self.report(
                ProblemKind::MissingOperator,
                node.span,
                "this condition names a field and asks nothing of it".to_owned(),
                "add an operator, such as `is: …` or `exists: true`",
            );
            return None;
        };
        if !OPERATORS.contains(&entry.key.as_str()) {
            let message = format!("there is no operator `{}`", shortened(&entry.key));
            let known = OPERATORS.iter().copied();
            self.unknown(ProblemKind::UnknownOperator, entry.key_span, message, &entry.key, known);
            return None;
        }
        // A repeated key was reported as such already.
        if let Some(second) = others.find(|other| other.key != entry.key) {
            let message = "a condition has one operator".to_owned();
            let help = "write two conditions under `all:`, each with its own field and operator";
            self.report(ProblemKind::TwoOperators, second.key_span, message, help);
            self.relate("the first operator is", entry.key_span);
            return None;
        }
        Some(entry)
    }

    fn count_leaf(&mut self, node: &Node) -> Option<Condition> {
        let mut known = vec!["count", "within"];
        known.extend(COMPARISONS);
        let keys = self.keys(node, "a count", &known)?;
        let event = self.need(&keys, "count", "write the event to count, such as `count: message.received`");
        let event = event.and_then(|node| {
            let event = self.scalar(node, "`count`", "write the event to count")?;
            self.event(event, node.span)
        });
        let within = self.need(&keys, "within", "say how far back to count, such as `within: 7d`");
        let within = within.and_then(|node| self.count_window(node));
        let mut asked = COMPARISONS.into_iter().filter_map(|name| keys.get(name).map(|node| (name, node)));
        let Some((name, number_node)) = asked.next() else {
            let message = "this count is not compared with anything".to_owned();
            self.report(ProblemKind::MissingOperator, node.span, message, "add `at_least: 2`, for example");
            return None;
        };
        if let Some((_, second)) = asked.next() {
            let message = "a count has one comparison".to_owned();
            let help = "write two counts under `all:`, each with its own comparison";
            self.report(ProblemKind::TwoOperators, second.span, message, help);
            return None;
        }
        let number = self.whole_number(number_node, name);
        let comparison = Comparison::from_name(name)?;
        Some(Condition::Count(CountTest { event: event?, within_ns: within?, comparison, number: number? }))
    }

    fn count_window(&mut self, node: &Node) -> Option<i64> {
        let text = self.scalar(node, "`within`", "write 15m, 24h, 7d or 2w")?;
        match parse_duration(text) {
            Ok(within) if within > 0 && within <= COUNT_WITHIN_MAX_NS => Some(within),
            Ok(_) => {
                let message = "a count looks back at least one second and at most 400 days".to_owned();
                self.report(ProblemKind::BadLimit, node.span, message, "write 15m, 24h, 7d or 2w");
                None
            }
            Err(error) => {
                self.wrong_type(node, FieldKind::Duration, Some(error));
                None
            }
        }
    }

    fn whole_number(&mut self, node: &Node, operator: &str) -> Option<u64> {
        let number = match &node.content {
            Content::Plain(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            _ => None,
        };
        if number.is_none() {
            let message = format!("`{operator}` compares a count with a whole number");
            self.report(
                ProblemKind::WrongType,
                node.span,
                message,
                "write a number such as 2, without quotation marks",
            );
        }
        number
    }
}
