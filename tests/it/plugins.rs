//! Every golden delivery through its real component: `tests/golden/plugins/<plugin>/<case>/delivery.http` in,
//! `events.json` out. A new case is a new folder; `UPDATE_GOLDEN=1` writes what came, to be reviewed as code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hub_model::event::Report;
use hub_runtime::{Failure, Patience, Plugin, PluginKind, Runtime, RuntimeOptions, Settings};

/// Deliveries of golden cases arrive at this moment: 2026-01-01T00:00:00Z.
const RECEIVED_AT_NS: i64 = 1_767_225_600_000_000_000;

#[test]
fn golden_deliveries_give_their_events() {
    let runtime = Runtime::new(RuntimeOptions::default()).unwrap();
    let mut failures = Vec::new();
    let mut cases = 0;
    for dir in folders(&golden()) {
        let name = file_name(&dir);
        if name == "sentiment" {
            continue;
        }
        let plugin = install(&runtime, &format!("connector-{name}"));
        for case in folders(&dir) {
            cases += 1;
            if let Err(failure) = check(&plugin, &case) {
                failures.push(format!("{name}/{}: {failure}", file_name(&case)));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {cases} cases failed:\n{}", failures.len(), failures.join("\n"));
    assert!(cases >= 6 * 12, "only {cases} golden cases found");
}

/// What no delivery says, only a page that is polled: `a_page_tells_a_customers_locale` of the connector sees it there.
const FILLED_BY_PAGES: [(&str, &str); 1] = [("shopify", "customer.locale")];

/// What rules are told a connector fills is what its golden deliveries fill, no more and no less: `omnihub rule fields`
/// rests on it.
#[test]
fn connectors_declare_what_they_fill() {
    let runtime = Runtime::new(RuntimeOptions::default()).unwrap();
    let mut differences = Vec::new();
    for dir in folders(&golden()).into_iter().filter(|dir| file_name(dir) != "sentiment") {
        let name = file_name(&dir);
        let plugin = install(&runtime, &format!("connector-{name}"));
        let declared: BTreeSet<String> = plugin.manifest().unwrap().fills().map(str::to_owned).collect();
        let deliveries = folders(&dir).into_iter().flat_map(|case| filled(&plugin, &case));
        let pages = FILLED_BY_PAGES.iter().filter(|(connector, _)| *connector == name);
        let filled: BTreeSet<String> =
            deliveries.chain(pages.map(|(_, field)| (*field).to_owned())).collect();
        if declared != filled {
            let undeclared: Vec<_> = filled.difference(&declared).collect();
            let unfilled: Vec<_> = declared.difference(&filled).collect();
            differences.push(format!(
                "{name}: filled and not declared {undeclared:?}, declared and filled by no golden case {unfilled:?}"
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn filled(plugin: &Plugin, case: &Path) -> BTreeSet<String> {
    match told(plugin, case).unwrap() {
        Ok(report) => hub_fold::fills(&report.events).unwrap(),
        Err(_) => BTreeSet::new(),
    }
}

#[test]
fn sentiment_is_told_apart() {
    let runtime = Runtime::new(RuntimeOptions::default()).unwrap();
    let enricher = install(&runtime, "enricher-sentiment");
    let text = |text: &str| hub_runtime::Text { text: text.to_owned(), language: None, channel: None };
    let findings = enricher
        .enrich(vec![
            text("I am still waiting for my order, this is the third time I write and nobody answers!!!"),
            text("Thank you so much, it arrived today and I love it"),
            text("Where is my order?"),
        ])
        .unwrap();
    let labels: Vec<&str> = findings.iter().map(|finding| finding.sentiment.as_str()).collect();
    assert!(labels[0].ends_with("negative"), "{labels:?}");
    assert!(labels[1].ends_with("positive"), "{labels:?}");
    assert_eq!(labels[2], "neutral");
    assert!(!findings[0].cues.is_empty(), "a score names its evidence");
}

fn check(plugin: &Plugin, case: &Path) -> Result<(), String> {
    let told = match told(plugin, case)? {
        Ok(report) => {
            if report.events.is_empty() && report.notes.is_empty() {
                return Err("dropped in silence: neither event nor note".to_owned());
            }
            serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?
        }
        Err(failure) => serde_json::to_string_pretty(&BTreeMap::from([("failure", failure.to_string())]))
            .map_err(|error| error.to_string())?,
    };
    compare(&case.join("events.json"), &format!("{told}\n"))
}

/// What the component makes of a golden delivery.
fn told(plugin: &Plugin, case: &Path) -> Result<Result<Report, Failure>, String> {
    let http = std::fs::read_to_string(case.join("delivery.http")).map_err(|error| error.to_string())?;
    let (head, body) = http.split_once("\n\n").ok_or("no empty line between headers and body")?;
    let headers: Vec<(String, String)> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let delivery = hub_runtime::Delivery {
        topic: headers.iter().find(|(name, _)| name.ends_with("-topic")).map(|(_, topic)| topic.clone()),
        headers,
        body: body.to_owned(),
        received_at_ns: RECEIVED_AT_NS,
    };
    plugin.normalise(delivery, &settings(plugin), Patience::Whole).map_err(|broken| broken.to_string())
}

fn compare(path: &Path, told: &str) -> Result<(), String> {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return std::fs::write(path, told).map_err(|error| error.to_string());
    }
    let expected = std::fs::read_to_string(path)
        .map_err(|_| "no events.json; run with UPDATE_GOLDEN=1 and review it")?;
    if expected == told {
        return Ok(());
    }
    let line = expected.lines().zip(told.lines()).position(|(left, right)| left != right);
    let line = line.unwrap_or_else(|| expected.lines().count().min(told.lines().count()));
    let at = |text: &str| text.lines().nth(line).unwrap_or("(end)").trim().to_owned();
    Err(format!("differs at line {}: expected {:?}, found {:?}", line + 1, at(&expected), at(told)))
}

/// The manifest's own defaults, as a connection without settings has them.
fn settings(plugin: &Plugin) -> Settings {
    let manifest = plugin.manifest().expect("a connector has a manifest");
    manifest
        .settings
        .iter()
        .filter_map(|setting| Some((setting.key.clone(), setting.default.clone()?)))
        .collect()
}

fn install(runtime: &Runtime, package: &str) -> Plugin {
    let path = components().join(format!("{package}.wasm"));
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run the tests with `cargo xtask test`", path.display()));
    let plugin = runtime.install(&bytes).unwrap_or_else(|error| panic!("{package}: {error}"));
    if let PluginKind::Connector(manifest) = plugin.kind() {
        assert_eq!(format!("connector-{}", manifest.id), package, "a component is named by its connector");
    }
    plugin
}

fn components() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target")).join("components")
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/plugins")
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
