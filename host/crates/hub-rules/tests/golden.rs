//! Golden cases of the rule language: `tests/golden/rules/{ok,bad}/<case>.yaml` beside `<case>.out`, and sets of rules in
//! `tests/golden/rules/sets/<case>/*.yaml` with one `problems.out`. What is bad has problems, be they warnings alone.
//! `UPDATE_GOLDEN=1` rewrites the outputs; the difference is reviewed as code.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use hub_rules::{Catalogue, PlannedAction, Review, Rule, RuleFile, check, review, run_tests};

#[test]
fn good_rules_read_back_and_pass_their_tests() {
    check_cases("ok", 22, |name, text, catalogue| {
        let reviewed = review(&[RuleFile { name, text }], catalogue);
        let warnings: String = reviewed.problems.iter().map(|problem| format!("\n{problem}\n")).collect();
        match check(name, text, catalogue) {
            Ok(rule) => described(&rule) + &warnings,
            Err(problems) => problems.iter().map(|problem| format!("PROBLEM {problem}\n")).collect(),
        }
    });
}

#[test]
fn bad_rules_hear_of_every_mistake() {
    check_cases("bad", 60, |name, text, catalogue| {
        let reviewed = review(&[RuleFile { name, text }], catalogue);
        let is_refused = check(name, text, catalogue).is_err();
        assert!(!is_refused || reviewed.rules.is_none(), "{name} is refused, and not by its review");
        told(&reviewed)
    });
}

#[test]
fn rules_that_get_in_each_others_way_are_named() {
    let catalogue = catalogue();
    let folders = fs::read_dir(golden().join("sets")).unwrap().map(|entry| entry.unwrap().path());
    let mut failures = Vec::new();
    let mut cases = 0;
    for folder in folders {
        cases += 1;
        let files = texts(&folder);
        let files: Vec<RuleFile<'_>> = files.iter().map(|(name, text)| RuleFile { name, text }).collect();
        let actual = in_any_order(&files, &catalogue);
        failures.extend(difference(&folder.join("problems.out"), &actual));
    }
    assert!(cases >= 12, "only {cases} sets");
    assert!(failures.is_empty(), "{} of {cases} differ:\n{}", failures.len(), failures.join("\n"));
}

/// Everything there is to say about a set, once it is the same for any order of its files.
fn in_any_order(files: &[RuleFile<'_>], catalogue: &Catalogue) -> String {
    let told_of = |files: &[RuleFile<'_>]| {
        let reviewed = review(files, catalogue);
        let shown = |problem: &hub_rules::RuleProblem| format!("{}:{problem}\n", problem.file_name());
        let problems: String = reviewed.problems.iter().map(shown).collect();
        (if problems.is_empty() { "NO PROBLEM\n".to_owned() } else { problems }, reviewed.rules)
    };
    let expected = told_of(files);
    for turn in 0..files.len() {
        let mut turned = files.to_vec();
        turned.rotate_left(turn);
        assert_eq!(told_of(&turned), expected);
        turned.reverse();
        assert_eq!(told_of(&turned), expected);
    }
    expected.0
}

fn texts(folder: &Path) -> Vec<(String, String)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    paths.sort();
    let named = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (named(path), fs::read_to_string(path).unwrap())).collect()
}

fn told(reviewed: &Review) -> String {
    match reviewed.problems.as_slice() {
        [] => "NO PROBLEM\n".to_owned(),
        problems => problems.iter().map(|problem| format!("{problem}\n")).collect(),
    }
}

#[test]
fn no_case_of_the_wrong_sort() {
    for path in files("ok", "out").chain(files("bad", "out")) {
        assert!(path.with_extension("yaml").exists(), "{} has no rule beside it", path.display());
        let out = fs::read_to_string(&path).unwrap();
        let is_ok = path.parent().unwrap().ends_with("ok");
        assert!(
            !is_ok || !out.contains("PROBLEM") && !out.contains("FAILED"),
            "{} is not ok",
            path.display()
        );
        assert!(is_ok || !out.contains("NO PROBLEM"), "{} is not bad", path.display());
    }
}

#[test]
fn every_fixture_is_given_to_a_rule() {
    let catalogue = catalogue();
    let given: BTreeSet<String> = files("ok", "yaml")
        .filter_map(|path| check("case", &fs::read_to_string(path).unwrap(), &catalogue).ok())
        .flat_map(|rule| rule.tests.into_iter().map(|test| test.given))
        .collect();
    let there: BTreeSet<String> =
        files("facts", "json").map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(there, given, "left: fixtures that exist, right: fixtures that rules name");
}

fn check_cases(folder: &str, cases_min: usize, run: impl Fn(&str, &str, &Catalogue) -> String) {
    let catalogue = catalogue();
    let mut failures = Vec::new();
    let mut cases = 0;
    for path in files(folder, "yaml") {
        cases += 1;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let actual = run(&name, &fs::read_to_string(&path).unwrap(), &catalogue);
        failures.extend(difference(&path.with_extension("out"), &actual));
    }
    assert!(cases >= cases_min, "only {cases} cases in {folder}");
    assert!(failures.is_empty(), "{} of {cases} differ:\n{}", failures.len(), failures.join("\n"));
}

fn difference(out: &Path, actual: &str) -> Option<String> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(out, actual).unwrap();
    }
    let expected = fs::read_to_string(out).unwrap_or_default();
    let name = out.strip_prefix(golden()).unwrap().display();
    (actual != expected).then(|| format!("--- {name}\nexpected:\n{expected}\nactual:\n{actual}"))
}

fn described(rule: &Rule) -> String {
    let mut out = format!("{}\n", rule.sentence());
    let load =
        |name: &str| fs::read_to_string(golden().join("facts").join(name)).map_err(|error| error.to_string());
    for outcome in run_tests(rule, &load) {
        let verdict = if outcome.passed() { "passed" } else { "FAILED" };
        writeln!(out, "\n{} {verdict}", outcome.given).unwrap();
        for failure in &outcome.failures {
            writeln!(out, "  {failure}").unwrap();
        }
        match &outcome.evaluation {
            Some(evaluation) => out.push_str(&evaluation.explain()),
            None => out.push_str("another event\n"),
        }
        for action in &outcome.planned {
            out.push_str(&planned(action));
        }
    }
    out
}

fn planned(action: &PlannedAction) -> String {
    let args: String = action.args.iter().map(|(name, value)| format!("    {name}: {value:?}\n")).collect();
    format!("  {} does {}\n{args}", action.step(), action.action)
}

fn files(folder: &str, extension: &'static str) -> impl Iterator<Item = PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(golden().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().filter(move |path| path.extension().is_some_and(|found| found == extension))
}

fn catalogue() -> Catalogue {
    serde_json::from_str(&fs::read_to_string(golden().join("catalogue.json")).unwrap()).unwrap()
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/golden/rules")
}
