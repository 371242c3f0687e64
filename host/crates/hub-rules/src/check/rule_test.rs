//! Checks `tests`: fixtures with safe names, and expectations the rule could meet.

use crate::parse::{Content, Node};
use crate::problem::ProblemKind;
use crate::rule_test::{Expectation, RuleTest};

use super::{Checker, shortened};

/// Tests run at every save.
const TESTS_MAX: usize = 50;

const TEST_HELP: &str = "write `- {given: a-fixture.json, expect: {fires: true, actions: [tag]}}`";

impl Checker<'_> {
    /// `actions` are the rule's action ids, when its actions could be read.
    pub(super) fn tests(&mut self, node: &Node, actions: Option<&[&str]>) -> Option<Vec<RuleTest>> {
        let items = self.list(node, "`tests`", TEST_HELP)?;
        if !self.within(items, TESTS_MAX, node.span, "tests") {
            return None;
        }
        let tests: Vec<Option<RuleTest>> = items.iter().map(|item| self.test(item, actions)).collect();
        tests.into_iter().collect()
    }

    fn test(&mut self, node: &Node, actions: Option<&[&str]>) -> Option<RuleTest> {
        let keys = self.keys(node, "a test", &["given", "expect"])?;
        let given = self.need(&keys, "given", "name the fixture, such as `given: late-order.json`");
        let given = given.and_then(|node| self.fixture_name(node));
        let expect = self.need(&keys, "expect", "say what should happen: `expect: {fires: true}`");
        let expect = expect.and_then(|node| self.expectation(node, actions));
        Some(RuleTest { given: given?, expect: expect? })
    }

    /// A fixture stands beside its rule: its name must not lead anywhere else.
    fn fixture_name(&mut self, node: &Node) -> Option<String> {
        let help = "name a file beside the rules, such as late-order.json";
        let name = self.scalar(node, "`given`", help)?;
        let leads_away = name.starts_with('/') || name.contains(['\\', ':', '\0']) || name.contains("..");
        if name.is_empty() || leads_away {
            let message = format!("`{}` does not name a fixture beside the rule", shortened(name));
            self.report(ProblemKind::BadTest, node.span, message, help);
            return None;
        }
        Some(name.to_owned())
    }

    fn expectation(&mut self, node: &Node, actions: Option<&[&str]>) -> Option<Expectation> {
        let keys = self.keys(node, "an expectation", &["fires", "actions"])?;
        let fires = self.need(&keys, "fires", "write `fires: true` or `fires: false`");
        let fires = fires.and_then(|node| match &node.content {
            Content::Plain(text) if text == "true" => Some(true),
            Content::Plain(text) if text == "false" => Some(false),
            _ => {
                let message = "`fires` is true or false".to_owned();
                self.report(
                    ProblemKind::WrongType,
                    node.span,
                    message,
                    "write `fires: true` or `fires: false`",
                );
                None
            }
        });
        let Some(list) = keys.get("actions") else {
            return Some(Expectation { fires: fires?, actions: None });
        };
        let expected = self.expected_actions(list, actions);
        if let (Some(false), Some([_, ..])) = (fires, expected.as_deref()) {
            let message = "a rule that does not fire takes no actions".to_owned();
            self.report(ProblemKind::BadTest, list.span, message, "remove `actions`, or write `fires: true`");
            return None;
        }
        Some(Expectation { fires: fires?, actions: Some(expected?) })
    }

    fn expected_actions(&mut self, node: &Node, actions: Option<&[&str]>) -> Option<Vec<String>> {
        let items = self.list(node, "`actions`", "write the ids of the rule's actions: `[tag, ticket]`")?;
        let ids: Vec<Option<String>> = items.iter().map(|item| self.expected_action(item, actions)).collect();
        ids.into_iter().collect()
    }

    fn expected_action(&mut self, node: &Node, actions: Option<&[&str]>) -> Option<String> {
        let id = self.scalar(node, "an action's id", "write the id of one of the rule's actions")?;
        match actions {
            Some(actions) if !actions.contains(&id) => {
                let message = format!("the rule has no action called `{}`", shortened(id));
                self.unknown(ProblemKind::BadTest, node.span, message, id, actions.iter().copied());
                None
            }
            _ => Some(id.to_owned()),
        }
    }
}
