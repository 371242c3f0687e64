//! Checks of single parts; whole rule files are golden cases in `tests/golden/rules`.

use std::collections::{BTreeMap, BTreeSet};

use miette::Diagnostic;

use crate::*;

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn catalogue() -> Catalogue {
    let field = |kind| FieldSpec::new(kind, "", "");
    let text =
        || ParamSpec { kind: FieldKind::Text, required: false, help: String::new(), takes: Takes::Any };
    Catalogue {
        changing: BTreeSet::new(),
        lists: BTreeMap::new(),
        fields: BTreeMap::from([
            ("customer.name".to_owned(), field(FieldKind::Text)),
            ("customer.orders".to_owned(), field(FieldKind::Number)),
            ("order.total".to_owned(), field(FieldKind::Money)),
        ]),
        events: BTreeMap::from([(
            "order.paid".to_owned(),
            EventSpec { help: String::new(), provides: vec!["customer".to_owned(), "order".to_owned()] },
        )]),
        actions: BTreeMap::from([(
            "customer.add_tag".to_owned(),
            ActionSpec {
                params: BTreeMap::from([("tag".to_owned(), text())]),
                grade: Grade::Natural,
                channel: None,
                about: None,
                changes: Changes::default(),
                bounds: Bounds::default(),
                help: String::new(),
            },
        )]),
    }
}

fn rule_text(id: &str, when: &str, tag: &str, rest: &str) -> String {
    let action = format!("{{id: tag, do: customer.add_tag, with: {{tag: '{tag}'}}}}");
    format!("rule: {id}\nmode: on\non: order.paid\nwhen: {when}\nthen: [{action}]\n{rest}")
}

fn rule(when: &str, tag: &str) -> Rule {
    check("rule.yaml", &rule_text("r", when, tag, ""), &catalogue()).unwrap()
}

#[derive(Default)]
struct Known(BTreeMap<&'static str, Value>);

impl Known {
    fn with(mut self, field: &'static str, value: Value) -> Known {
        self.0.insert(field, value);
        self
    }
}

impl Facts for Known {
    fn field(&self, path: &str) -> Option<Value> {
        self.0.get(path).cloned()
    }

    fn count(&self, _: &str, _: i64) -> u64 {
        0
    }
}

#[test]
fn decimals_are_exact_and_ordered() {
    assert_eq!(number("1.50"), number("1.5"));
    assert_eq!(number("-0"), Decimal::from(0));
    assert_eq!(number("-0.25").to_string(), "-0.25");
    assert_eq!(number("007").to_string(), "7");
    let ordered = ["-2", "-1.000000000000000001", "-1", "-0.5", "0", "0.000000000000000001", "0.1", "10"];
    assert!(ordered.map(number).is_sorted());
    let largest = number("170141183460469231731687303715884105727");
    assert!(largest > number("170141183460469231731687303715884105726"));
    assert!(largest > number("0.999999999999999999"));
    for wrong in ["", "-", ".5", "5.", "1e5", "+1", "1_000", "٣", "0.0000000000000000001", "1.2.3"] {
        assert_eq!(wrong.parse::<Decimal>(), Err(ValueError::Decimal), "{wrong}");
    }
    assert!("170141183460469231731687303715884105728".parse::<Decimal>().is_err());
}

#[test]
fn values_survive_json() {
    let values = vec![
        Value::Text("ä".to_owned()),
        Value::Number(number("-12.5")),
        Value::Money { minor: -5, currency: "EUR".to_owned() },
        Value::Boolean(true),
        Value::Time(1),
        Value::Duration(-1),
        Value::TextList(vec!["a".to_owned()]),
    ];
    let json = serde_json::to_string(&values).unwrap();
    assert!(json.contains(r#"{"number":"-12.5"}"#), "{json}");
    assert_eq!(serde_json::from_str::<Vec<Value>>(&json).unwrap(), values);
}

#[test]
fn money_is_written_in_its_own_digits() {
    let check_money = |text: &str, minor: i64, written: &str| {
        let money = Value::parse_money(text).unwrap();
        assert!(matches!(&money, Value::Money { minor: found, .. } if *found == minor), "{money:?}");
        assert_eq!(money.to_string(), written);
    };
    check_money("12.5 EUR", 1250, "12.50 EUR");
    check_money("-0.05 EUR", -5, "-0.05 EUR");
    check_money("500 JPY", 500, "500 JPY");
    check_money("1.234 KWD", 1234, "1.234 KWD");
    assert_eq!(Value::parse_money("99999999999999999999 EUR"), Err(ValueError::Range));
}

#[test]
fn durations_read_and_write() {
    let check_duration = |text: &str, written: &str| {
        assert_eq!(Value::parse_duration(text).unwrap().to_string(), written);
    };
    check_duration("15m", "15m");
    check_duration("24h", "24h");
    check_duration("60m", "1h");
    check_duration("7d", "7d");
    check_duration("14d", "2w");
    check_duration("0h", "0s");
    assert_eq!(Value::Duration(1).to_string(), "1ns");
    for wrong in ["", "h", "-1h", "1.5h", "1h30m", "1y", " 1h", "ä"] {
        assert_eq!(Value::parse_duration(wrong), Err(ValueError::Duration), "{wrong}");
    }
}

#[test]
fn a_value_of_another_kind_is_unknown() {
    let rule = rule("{field: customer.orders, is_not: 1}", "x");
    let evaluation = rule.evaluate(&Known::default().with("customer.orders", Value::Text("1".to_owned())));
    assert_eq!(evaluation.truth, Truth::Unknown);
    let TraceNode::Field { actual, .. } = &evaluation.trace.node else { panic!("{evaluation:?}") };
    assert_eq!(*actual, Actual::OtherKind(FieldKind::Text));
}

#[test]
fn three_values_combine() {
    let truth = |when: &str| {
        let facts = Known::default().with("customer.orders", Value::Number(Decimal::from(1)));
        rule(when, "x").evaluate(&facts).truth
    };
    const TRUE: &str = "{field: customer.orders, is: 1}";
    const FALSE: &str = "{field: customer.orders, is: 2}";
    const UNKNOWN: &str = "{field: customer.name, is: a}";
    assert_eq!(truth(&format!("{{all: [{TRUE}, {UNKNOWN}]}}")), Truth::Unknown);
    assert_eq!(truth(&format!("{{all: [{UNKNOWN}, {FALSE}]}}")), Truth::False);
    assert_eq!(truth(&format!("{{any: [{UNKNOWN}, {TRUE}]}}")), Truth::True);
    assert_eq!(truth(&format!("{{any: [{FALSE}, {UNKNOWN}]}}")), Truth::Unknown);
    assert_eq!(truth(&format!("{{none: [{FALSE}, {UNKNOWN}]}}")), Truth::Unknown);
    assert_eq!(truth(&format!("{{none: [{UNKNOWN}, {TRUE}]}}")), Truth::False);
    assert_eq!(truth(&format!("{{none: [{FALSE}, {FALSE}]}}")), Truth::True);
}

#[test]
fn an_evaluation_survives_json() {
    let rule = rule("{any: [{field: customer.orders, is: 1}, {field: customer.name, exists: false}]}", "x");
    let evaluation = rule.evaluate(&Known::default());
    assert_eq!(evaluation.decided_by.as_ref().unwrap().path, [1]);
    let json = serde_json::to_string(&evaluation).unwrap();
    assert_eq!(serde_json::from_str::<Evaluation>(&json).unwrap(), evaluation);
}

#[test]
fn a_missing_field_stops_the_plan_unless_it_has_a_default() {
    let facts = Known::default();
    let missing = rule("always", "for {{customer.name}}").plan(&facts);
    let expected = PlanProblem::MissingField {
        action: "tag".to_owned(),
        param: "tag".to_owned(),
        field: "customer.name".to_owned(),
    };
    assert_eq!(missing, Err(expected));
    let planned = rule("always", r#"for {{ customer.name|default:"}} {{"}}!"#).plan(&facts).unwrap();
    assert_eq!(planned[0].args["tag"], Value::Text("for }} {{!".to_owned()));
    let facts = facts.with("customer.name", Value::Text("{{customer.orders}}".to_owned()));
    let planned = rule("always", r#"for {{customer.name | default: "x"}}"#).plan(&facts).unwrap();
    // What a field holds is text, never a template.
    assert_eq!(planned[0].args["tag"], Value::Text("for {{customer.orders}}".to_owned()));
}

#[test]
fn a_plan_has_a_size_limit() {
    let facts = Known::default().with("customer.name", Value::Text("x".repeat(40_000)));
    let planned = rule("always", "{{customer.name}}{{customer.name}}").plan(&facts);
    assert!(matches!(planned, Err(PlanProblem::TooLong { .. })), "{planned:?}");
}

#[test]
fn two_files_may_not_hold_the_same_rule() {
    let (first, second) = (rule_text("b", "always", "x", ""), rule_text("a", "always", "x", ""));
    let files = [RuleFile { name: "1.yaml", text: &first }, RuleFile { name: "2.yaml", text: &second }];
    let rules = check_all(&files, &catalogue()).unwrap();
    let ids: Vec<&str> = rules.for_event("order.paid").map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(rules.for_event("order.placed").count(), 0);

    let broken = rule_text("b", "sometimes", "x", "");
    let files = [files[0], RuleFile { name: "3.yaml", text: &broken }];
    let problems = check_all(&files, &catalogue()).unwrap_err();
    let kinds: Vec<ProblemKind> = problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [ProblemKind::DuplicateRule, ProblemKind::WrongShape]);
    assert_eq!(problems[0].file_name(), "3.yaml");
    assert!(problems[0].to_string().ends_with("the other rule is at 1.yaml:1:7"), "{}", problems[0]);
}

#[test]
fn a_problem_is_a_diagnostic() {
    let text = rule_text("r", "{field: customer.nöme, is: a}", "x", "");
    let problems = check("r.yaml", &text, &catalogue()).unwrap_err();
    let [problem] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(text.get(problem.span.offset..problem.span.end()), Some("customer.nöme"));
    assert_eq!(problem.code().unwrap().to_string(), "unknown-field");
    assert_eq!(problem.help().unwrap().to_string(), "did you mean `customer.name`?");
    let label = problem.labels().unwrap().next().unwrap();
    let shown = problem.source_code().unwrap().read_span(label.inner(), 0, 0).unwrap();
    assert_eq!((shown.name(), shown.line()), (Some("r.yaml"), 3));
}

#[test]
fn failing_tests_say_why() {
    let rest = "tests:\n- {given: a, expect: {fires: true}}\n- {given: b, expect: {fires: false}}\n\
                - {given: c, expect: {fires: true}}\n- {given: d, expect: {fires: true, actions: []}}\n\
                - {given: e, expect: {fires: true}}\n- {given: f, expect: {fires: true}}\n\
                - {given: g, expect: {fires: true}}\n";
    let when = "{any: [{field: customer.orders, is: 1}, {count: order.paid, within: 7d, at_least: 2}]}";
    let text = rule_text("r", when, "{{customer.name}}", rest);
    let rule = check("r.yaml", &text, &catalogue()).unwrap();
    let load =
        |name: &str| match name {
            "a" => Ok(r#"{"event": "order.placed"}"#.to_owned()),
            "b" | "c" => Ok(r#"{"event": "order.paid", "fields": {"customer.orders": 1}}"#.to_owned()),
            "d" => Ok(r#"{"event": "order.paid", "fields": {"customer.orders": 1, "customer.name": "A"}}"#
                .to_owned()),
            "e" => Ok(r#"{"event": "order.paid", "counts": {"order.paid": {"24h": 3}}}"#.to_owned()),
            "f" => Ok(r#"{"event": "order.paid", "fields": {"customer.orders": "one"}}"#.to_owned()),
            _ => Err("there is no such fixture".to_owned()),
        };
    let failures: Vec<String> =
        run_tests(&rule, &load).into_iter().map(|outcome| outcome.failures.join("; ")).collect();
    let missing = "action tag needs customer.name for its tag, and it is not known";
    assert_eq!(
        failures,
        [
            "did not fire, expected to: the fixture's event is order.placed, the rule acts on order.paid",
            &format!("fired, expected not to: decided by customer.orders is 1; {missing}"),
            missing,
            "took the actions [tag], expected []",
            "the fixture does not count order.paid within 7d",
            "the fixture's customer.orders is not a number",
            "there is no such fixture",
        ]
    );
}

/// An action that makes fields under `customer.has`.
fn writing_catalogue() -> Catalogue {
    let mut catalogue = catalogue();
    let param = |takes| ParamSpec { kind: FieldKind::Text, required: true, help: String::new(), takes };
    let params = [
        ("name".to_owned(), param(Takes::NewField("customer.has".to_owned()))),
        ("value".to_owned(), param(Takes::Any)),
    ];
    let spec = ActionSpec {
        params: params.into(),
        grade: Grade::Natural,
        channel: None,
        about: None,
        changes: Changes::default(),
        bounds: Bounds::default(),
        help: String::new(),
    };
    catalogue.actions.insert("customer.say".to_owned(), spec);
    catalogue
}

#[test]
fn a_rule_reads_what_another_writes_whatever_file_comes_first() {
    let reads = rule_text("reads", "{field: customer.has.size, is: XL}", "{{customer.has.size}}", "");
    let writes = rule_text("writes", "always", "x", "")
        .replace("customer.add_tag, with: {tag: 'x'}", "customer.say, with: {name: size, value: XL}");
    let catalogue = writing_catalogue();
    let [reads, writes] =
        [("a.yaml", &reads), ("b.yaml", &writes)].map(|(name, text)| RuleFile { name, text });
    let both = check_all(&[reads, writes], &catalogue).unwrap();
    assert_eq!(both, check_all(&[writes, reads], &catalogue).unwrap());
    assert_eq!(both.rules().len(), 2);
    let problems = check_all(&[reads], &catalogue).unwrap_err();
    assert!(problems.iter().all(|problem| problem.kind == ProblemKind::UnknownField), "{problems:?}");
    assert!(!problems.is_empty());

    let shown = with_new_names(&[reads, writes], &catalogue);
    let added: Vec<_> =
        shown.fields.iter().filter(|(name, _)| !catalogue.fields.contains_key(*name)).collect();
    let [(name, spec)] = added.as_slice() else { panic!("{added:?}") };
    assert_eq!((name.as_str(), spec.kind), ("customer.has.size", FieldKind::Text));
    assert_eq!(spec.help, "written by rules, such as writes");
}

#[test]
fn a_catalogue_without_choices_is_written_as_it_was_before_there_were_any() {
    let any = ParamSpec { kind: FieldKind::Text, required: true, help: String::new(), takes: Takes::Any };
    let json = serde_json::to_string(&any).unwrap();
    assert_eq!(json, r#"{"kind":"text","required":true,"help":""}"#);
    assert_eq!(serde_json::from_str::<ParamSpec>(&json).unwrap(), any);
    let event = ParamSpec { takes: Takes::Event, ..any };
    let json = serde_json::to_string(&event).unwrap();
    assert_eq!(serde_json::from_str::<ParamSpec>(&json).unwrap(), event);
}

#[test]
fn a_catalogue_without_changes_still_reads() {
    let old = r#"{"params": {}, "grade": "keyed", "channel": "email", "help": "writes"}"#;
    let read: ActionSpec = serde_json::from_str(old).unwrap();
    assert_eq!(read.changes, Changes::default());
    assert!(!serde_json::to_string(&read).unwrap().contains("changes"));

    let new = r#"{"params": {}, "grade": "keyed",
        "changes": {"writes": [{"field": "ticket.priority", "holds": "one", "param": "priority"}]}}"#;
    let read: ActionSpec = serde_json::from_str(new).unwrap();
    let write = Write {
        field: "ticket.priority".to_owned(),
        below: None,
        holds: Holds::One,
        param: Some("priority".to_owned()),
    };
    assert_eq!(read.changes.writes, [write]);
    assert_eq!(serde_json::from_str::<ActionSpec>(&serde_json::to_string(&read).unwrap()).unwrap(), read);
}

#[test]
fn only_an_error_refuses() {
    let reviewed = |when: &str| {
        let text = rule_text("r", when, "x", "");
        let file = RuleFile { name: "r.yaml", text: &text };
        assert!(check_all(&[file], &catalogue()).is_ok(), "what was taken before is still read");
        review(&[file], &catalogue())
    };
    let never = "{all: [{field: customer.orders, is: 1}, {field: customer.orders, is: 2}]}";
    let refused = reviewed(never);
    assert!(refused.rules.is_none());
    assert_eq!((refused.errors().count(), refused.warnings().count()), (1, 0));
    assert_eq!(Diagnostic::severity(&refused.problems[0]), Some(miette::Severity::Error));

    let odd = reviewed(&format!("{{any: [{never}, {{field: customer.orders, is: 3}}]}}"));
    assert_eq!(odd.rules.unwrap().rules().len(), 1);
    let [warning] = odd.problems.as_slice() else { panic!("{:?}", odd.problems) };
    assert_eq!((warning.kind, warning.severity), (ProblemKind::NeverHolds, Severity::Warning));
    assert_eq!(Diagnostic::severity(warning), Some(miette::Severity::Warning));

    let sound = reviewed("{field: customer.orders, is: 1}");
    assert!(sound.problems.is_empty() && sound.rules.is_some());
}

/// Two rules that differ in anything they do differ in their sentence as well.
#[test]
fn everything_a_rule_does_is_read_back() {
    let text = |text: &str| Value::Text(text.to_owned());
    let number = |digits: i64| Value::Number(Decimal::from(digits));
    let operators = [
        Operator::Is(text("a")),
        Operator::IsNot(text("a")),
        Operator::OneOf(vec![text("a"), text("b")]),
        Operator::NoneOf(vec![text("a"), text("b")]),
        Operator::Contains("a".to_owned()),
        Operator::NotContains("a".to_owned()),
        Operator::StartsWith("a".to_owned()),
        Operator::EndsWith("a".to_owned()),
        Operator::Compare(Comparison::MoreThan, number(1)),
        Operator::Compare(Comparison::AtLeast, number(1)),
        Operator::Compare(Comparison::LessThan, number(1)),
        Operator::Compare(Comparison::AtMost, number(1)),
        Operator::Between(number(1), number(2)),
        Operator::Before(0),
        Operator::After(0),
        Operator::Exists(true),
        Operator::Exists(false),
        Operator::AnyOf(vec!["a".to_owned()]),
        Operator::AllOf(vec!["a".to_owned()]),
        Operator::Empty(true),
        Operator::Empty(false),
    ];
    let leaf = |operator: &Operator| {
        let (field, kind) = ("customer.name".to_owned(), FieldKind::Text);
        Condition::Field(FieldTest { field, kind, operator: operator.clone() })
    };
    let comparisons =
        [Comparison::Is, Comparison::MoreThan, Comparison::AtLeast, Comparison::LessThan, Comparison::AtMost];
    let count = |comparison, number, within_ns| {
        Condition::Count(CountTest { event: "order.paid".to_owned(), within_ns, comparison, number })
    };
    let two = || vec![leaf(&operators[0]), leaf(&operators[4])];
    let mut conditions: Vec<Condition> = operators.iter().map(leaf).collect();
    conditions.extend(comparisons.map(|comparison| count(comparison, 2, 60_000_000_000)));
    conditions.extend([count(Comparison::Is, 3, 60_000_000_000), count(Comparison::Is, 2, 120_000_000_000)]);
    conditions.extend([Condition::All(two()), Condition::Any(two()), Condition::None(two())]);

    let base = rule("always", "x");
    let changed = |change: &dyn Fn(&mut Rule)| {
        let mut rule = base.clone();
        change(&mut rule);
        rule.sentence()
    };
    let mut sentences = vec![base.sentence()];
    sentences.extend(conditions.iter().map(|when| changed(&|rule| rule.when = when.clone())));
    sentences.extend([Mode::Off, Mode::Shadow].map(|mode| changed(&|rule| rule.mode = mode)));
    sentences.push(changed(&|rule| rule.on = Trigger::Event("order.placed".to_owned())));
    let scopes =
        [Scope::Event, Scope::Conversation, Scope::Customer, Scope::Order, Scope::Interaction, Scope::Ticket];
    sentences.extend(scopes.map(|scope| changed(&|rule| rule.limits.once_per = Some(OncePer { scope }))));
    sentences.push(changed(&|rule| {
        rule.limits.once_per = Some(OncePer { scope: Scope::Order });
        rule.limits.within_ns = Some(60_000_000_000);
    }));
    let rates = [(1, 60_000_000_000), (2, 60_000_000_000), (2, 120_000_000_000)];
    sentences
        .extend(rates.map(|(count, per_ns)| changed(&|rule| rule.limits.max = Some(Rate { count, per_ns }))));
    sentences.push(changed(&|rule| rule.limits.ignore_older_than_ns = Some(60_000_000_000)));
    let (field, kind) = ("customer.name".to_owned(), FieldKind::Text);
    let arguments = [
        Argument::Value(text("y")),
        Argument::Field { field, kind },
        Argument::Text(Template::parse("{{customer.name}} y").unwrap()),
        Argument::Texts(vec![Template::parse("x").unwrap()]),
    ];
    sentences.extend(
        arguments.map(|argument| {
            changed(&|rule| drop(rule.then[0].with.insert("tag".to_owned(), argument.clone())))
        }),
    );
    sentences.push(changed(&|rule| rule.then[0].with.clear()));
    sentences.push(changed(&|rule| rule.then[0].action = "customer.remove_tag".to_owned()));
    sentences.extend(
        ["service", "marketing"].map(|why| changed(&|rule| rule.then[0].purpose = Some(why.to_owned()))),
    );
    sentences.push(changed(&|rule| rule.then.push(base.then[0].clone())));

    let mut different = sentences.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), sentences.len(), "{sentences:#?}");
    assert!(sentences.iter().all(|sentence| sentence.ends_with('.') && !sentence.contains('\n')));
}

#[test]
fn patterns_find_in_bounded_time_and_whatever_the_case() {
    use crate::pattern::Pattern;
    let found = |pattern: &str, text: &str| Pattern::parse(pattern).unwrap().is_in(text);
    assert!(found("UNM.GLICH", "Das ist unmöglich"));
    assert!(found(r"\border\b", "my ORDER?") && !found(r"\border\b", "reordered"));
    assert!(found("^late", "  Late again") && !found("^late", "not late"));
    // A pattern over which others have waited for ever.
    assert!(!found("(a+)+$", &format!("{}!", "a".repeat(100_000))));
    for (wrong, at) in [("a(b", Some((1, 2))), ("x{5,2}", Some((1, 6))), ("a*", None), ("(?:)|x", None)] {
        assert_eq!(Pattern::parse(wrong).unwrap_err().piece, at, "{wrong}");
    }
}

fn changing_catalogue() -> Catalogue {
    let mut catalogue = catalogue();
    catalogue.changing = ["customer.orders", "order.total"].map(str::to_owned).into();
    let field = |kind| FieldSpec::new(kind, "", "");
    let fields = [("sku", FieldKind::Text), ("quantity", FieldKind::Number)];
    let fields = fields.into_iter().map(|(name, kind)| (name.to_owned(), field(kind))).collect();
    catalogue.lists.insert("order.lines".to_owned(), ListSpec { help: String::new(), fields });
    catalogue
}

/// What is known now and what was, the latter where it is given.
struct Twice(Option<i64>, Earlier);

impl Facts for Twice {
    fn field(&self, _: &str) -> Option<Value> {
        self.0.map(|number| Value::Number(number.into()))
    }

    fn count(&self, _: &str, _: i64) -> u64 {
        0
    }

    fn before(&self, _: &str) -> Earlier {
        self.1.clone()
    }
}

#[test]
fn a_change_is_three_valued() {
    use Truth::{False, True, Unknown};
    let was = |number: i64| Earlier::Value(Value::Number(number.into()));
    // changed: true, changed: false, changed_to: 2, changed_from: 1
    let cases = [
        (Some(2), was(1), [True, False, True, True]),
        (Some(2), was(2), [False, True, False, False]),
        (Some(3), was(1), [True, False, False, True]),
        (Some(2), was(5), [True, False, True, False]),
        (Some(2), Earlier::NotKnown, [True, False, True, Unknown]),
        (Some(3), Earlier::NotKnown, [True, False, False, Unknown]),
        (Some(2), Earlier::NotKept, [Unknown, Unknown, Unknown, Unknown]),
        (Some(3), Earlier::NotKept, [Unknown, Unknown, False, Unknown]),
        (None, was(1), [Unknown; 4]),
        (None, Earlier::NotKnown, [Unknown; 4]),
    ];
    for (now, before, expected) in cases {
        let asked = ["changed: true", "changed: false", "changed_to: 2", "changed_from: 1"];
        let facts = Twice(now, before);
        let truths = asked.map(|asked| {
            let text = rule_text("r", &format!("{{field: customer.orders, {asked}}}"), "a", "");
            check("r.yaml", &text, &changing_catalogue()).unwrap().evaluate(&facts).truth
        });
        assert_eq!(truths, expected, "{now:?} after {:?}", facts.1);
    }
}

#[test]
fn only_rules_that_are_not_off_have_what_was_before_kept() {
    let asks = |mode: &str, when: &str, each: &str| {
        let text = rule_text("r", when, "a", each).replace("mode: on", &format!("mode: {mode}"));
        check_all(&[RuleFile { name: "r.yaml", text: &text }], &changing_catalogue()).unwrap().asks_before()
    };
    let changed = "{field: order.total, changed: true}";
    assert!(asks("on", changed, "") && asks("shadow", &format!("{{none: [{changed}]}}"), ""));
    assert!(asks("on", "always", &format!("for_each: {{list: order.lines, where: {changed}}}\n")));
    assert!(!asks("off", changed, "") && !asks("on", "{field: order.total, exists: true}", ""));
}

#[test]
fn a_field_nobody_keeps_is_refused_with_what_can_be_asked() {
    let text = rule_text("r", "{field: customer.name, changed: true}", "a", "");
    let helps = [changing_catalogue(), catalogue()].map(|catalogue| {
        let problems = check("r.yaml", &text, &catalogue).unwrap_err();
        assert_eq!(problems.first().map(|problem| problem.kind), Some(ProblemKind::NotSupported));
        problems.into_iter().map(|problem| problem.help).collect::<String>()
    });
    assert_eq!(helps[0], "it can be asked of: customer.orders");
    assert_eq!(helps[1], "this event brings no field that can be asked so; ask what the field is now");
}

/// An order of so many lines.
struct Lines(usize);

impl Facts for Lines {
    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn count(&self, _: &str, _: i64) -> u64 {
        0
    }

    fn items(&self, list: &str) -> Vec<Item> {
        assert_eq!(list, "order.lines");
        let line = |number: usize| {
            let quantity = Value::Number(i64::try_from(number).unwrap().into());
            Item { id: format!("l{number}"), fields: BTreeMap::from([("quantity".to_owned(), quantity)]) }
        };
        (0..self.0).map(line).collect()
    }
}

#[test]
fn a_rule_acts_on_all_things_that_fit_or_on_none() {
    let each = "for_each: {list: order.lines, where: {field: item.quantity, at_least: 2}, at_most: 3}\n";
    let text = rule_text("r", "always", "{{item.quantity}} pieces", each);
    let rule = check("r.yaml", &text, &changing_catalogue()).unwrap();
    let (none, some, many) = (Lines(2), Lines(5), Lines(500));

    assert_eq!(rule.evaluate(&none).truth, Truth::False);
    assert!(rule.evaluate(&none).explain().contains("does not fire: decided by 0 of 2 in order.lines fit"));

    assert_eq!(rule.evaluate(&some).truth, Truth::True);
    let steps: Vec<String> = rule.plan(&some).unwrap().iter().map(PlannedAction::step).collect();
    assert_eq!(steps, ["tag#l2", "tag#l3", "tag#l4"]);

    let asked = rule.evaluate(&many).items.unwrap();
    assert_eq!((asked.there, asked.fit, asked.shown.len()), (500, 498, caps::ITEMS_MAX));
    assert_eq!(
        rule.plan(&many).unwrap_err().to_string(),
        "498 things in order.lines fit, and it acts on at most 3 at once"
    );
}

/// What a connector may declare of its actions, in a connection called `wa` that has these settings.
fn declared(extra: &[(&str, &str)], settings: &[(&str, &str)]) -> Bounds {
    let extra: Vec<(String, String)> =
        extra.iter().map(|(key, value)| (format!("action.send.{key}"), (*value).to_owned())).collect();
    let setting =
        |key: &str| settings.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
    Declared { extra: &extra, connection: "wa", called: "whatsapp", setting: &setting }.bounds("send")
}

#[test]
fn bounds_are_read_from_what_a_connector_declares() {
    let window = declared(&[("window.human", "7d"), ("window", "24h"), ("instead", "send_template")], &[]);
    let longer = Longer { hours: 168, param: "human".to_owned() };
    let instead = Some("whatsapp.send_template".to_owned());
    assert_eq!(window.window, Some(Window { hours: 24, longer: Some(longer), instead }));

    let listed =
        declared(&[("listed", "templates name:language")], &[("templates", "late:de, hi,,late:en_US")]);
    let row = |row: &[&str]| row.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let expected = Listed {
        params: row(&["name", "language"]),
        rows: vec![row(&["late", "de"]), row(&["hi"]), row(&["late", "en_US"])],
        place: "connections.wa.settings.templates".to_owned(),
    };
    assert_eq!(listed.listed, Some(expected));

    let missing = declared(&[("needs", "number, account")], &[("account", "7"), ("other", "")]).missing;
    assert_eq!(missing, ["connections.wa.settings.number is not set"]);
}

#[test]
fn nothing_is_claimed_where_nothing_is_declared_or_listed() {
    let nothing = Bounds::default();
    assert_eq!(declared(&[], &[]), nothing);
    assert_eq!(declared(&[("listed", "templates name:language")], &[]), nothing);
    assert_eq!(declared(&[("listed", "templates name:language")], &[("templates", " ,")]), nothing);
    assert_eq!(declared(&[("window", "soon"), ("windows", "24h"), ("instead", "x")], &[]), nothing);
    assert_eq!(declared(&[("window", "10m")], &[]), nothing);
}
