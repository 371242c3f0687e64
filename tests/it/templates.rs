//! The library of rule templates: every one is a rule that can be taken over as it is, with what it needs, against the
//! hub's own names and the actions that the connectors themselves declare.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hub_rules::{
    ActionSpec, Bounds, Catalogue, Changes, FieldKind, Grade, Mode, ParamSpec, RuleFile, SCHEDULE_DUE, Takes,
    check_all, review, run_tests, switched_on,
};
use omnihub_plugin::{Action, Connector, Grade as Declared, Manifest, Role};

/// So many occasions every shop has: fewer is no library.
const TEMPLATES_MIN: usize = 24;

/// A template's paragraph says what for, what it does and what to change: less than this is a title.
const PARAGRAPH_CHARS_MIN: usize = 150;

struct Template {
    name: String,
    text: String,
    needs: Vec<String>,
}

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/templates")
}

fn names(dir: &Path, extension: &str) -> BTreeSet<String> {
    let names =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(extension).map(str::to_owned)).collect()
}

fn templates() -> Vec<Template> {
    let read = |name: String| {
        let text = std::fs::read_to_string(dir().join(format!("{name}.yaml"))).unwrap();
        let needs = text.lines().filter_map(|line| line.strip_prefix("# Needs: ")).map(str::to_owned);
        Template { needs: needs.collect(), name, text }
    };
    names(&dir(), ".yaml").into_iter().map(read).collect()
}

/// With a connection of every connector, as `omnihub` names their actions.
fn catalogue() -> Catalogue {
    let manifests = [
        connector_instagram::Instagram::describe(),
        connector_inventory::Inventory::describe(),
        connector_loyalty::Loyalty::describe(),
        connector_shopify::Shopify::describe(),
        connector_whatsapp::WhatsApp::describe(),
        connector_zendesk::Zendesk::describe(),
    ];
    // A shop names its connections as it likes, so no template may lean on such a name.
    let mut catalogue = hub_fold::catalogue(std::iter::empty());
    for Manifest { id, actions, extra, .. } in manifests {
        let for_rules = actions.iter().filter(|action| !matches!(action.role, Role::Erase(_)));
        catalogue
            .actions
            .extend(for_rules.map(|action| (format!("{id}.{}", action.name), spec(&id, action, &extra))));
    }
    catalogue
}

/// As in a shop whose connections have every setting they need.
fn bounds(connector: &str, action: &Action, extra: &[(String, String)]) -> Bounds {
    let declared =
        hub_rules::Declared { extra, connection: connector, called: connector, setting: &|_| None };
    Bounds { missing: Vec::new(), ..declared.bounds(&action.name) }
}

fn spec(connector: &str, action: &Action, extra: &[(String, String)]) -> ActionSpec {
    let params = action.parameters.iter().map(|parameter| {
        let kind = if parameter.name == "tags" { FieldKind::TextList } else { FieldKind::Text };
        let (required, help) = (parameter.required, parameter.help.clone());
        (parameter.name.clone(), ParamSpec { kind, required, help, takes: Takes::Any })
    });
    let channel = match &action.role {
        Role::Message(channel) => Some(channel.clone()),
        _ => None,
    };
    let causes = channel.iter().map(|_| "message.sent".to_owned()).collect();
    ActionSpec {
        params: params.collect(),
        grade: match action.grade {
            Declared::Keyed => Grade::Keyed,
            Declared::Probed => Grade::Probed,
            Declared::Natural => Grade::Natural,
            Declared::Unsafe => Grade::Unsafe,
        },
        channel,
        about: None,
        bounds: bounds(connector, action, extra),
        changes: Changes { causes, ..Changes::default() },
        help: action.help.clone(),
    }
}

/// A template with what it needs, all of them switched on.
fn with_needs<'t>(template: &'t Template, all: &'t [Template]) -> Vec<(&'t str, String)> {
    let needed = all.iter().filter(|other| template.needs.contains(&other.name));
    needed.chain([template]).map(|one| (one.name.as_str(), switched_on(&one.name, &one.text))).collect()
}

fn as_files<'f>(files: &'f [(&str, String)]) -> Vec<RuleFile<'f>> {
    files.iter().map(|(name, text)| RuleFile { name, text }).collect()
}

fn fixture(name: &str) -> Result<String, String> {
    std::fs::read_to_string(dir().join(name)).map_err(|error| format!("{name}: {error}"))
}

fn check(wrong: &[String], fix: &str) {
    assert!(wrong.is_empty(), "{fix}:\n{}", wrong.join("\n"));
}

#[test]
fn every_template_can_be_taken_over_with_what_it_needs() {
    let (catalogue, templates) = (catalogue(), templates());
    assert!(templates.len() >= TEMPLATES_MIN, "only {} templates", templates.len());
    let problems = templates.iter().flat_map(|template| {
        let files = with_needs(template, &templates);
        assert_eq!(files.len(), template.needs.len() + 1, "{} needs what is not there", template.name);
        let problems = review(&as_files(&files), &catalogue).problems;
        problems.into_iter().map(|problem| format!("{}: {problem}", template.name)).collect::<Vec<_>>()
    });
    check(&problems.collect::<Vec<_>>(), "errors and warnings alike are to be removed");
}

/// One that only works beside another says so; `rule new` brings the other along.
#[test]
fn what_a_template_needs_is_said_and_needed() {
    let (catalogue, templates) = (catalogue(), templates());
    let reads = |template: &Template| {
        let field = "customer.attributes.";
        let read = template.text.split(field).skip(1).map(|rest| {
            let is_name = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
            rest.chars().take_while(is_name).collect::<String>()
        });
        read.collect::<BTreeSet<String>>()
    };
    let mut wrong = Vec::new();
    for template in &templates {
        let alone = switched_on(&template.name, &template.text);
        let stands_alone = check_all(&[RuleFile { name: &template.name, text: &alone }], &catalogue).is_ok();
        if stands_alone != reads(template).is_empty() {
            wrong.push(format!("{}: attributes it reads are written elsewhere", template.name));
        }
        if !stands_alone && template.needs.is_empty() {
            wrong.push(template.name.clone());
        }
    }
    check(&wrong, "write `# Needs: <template>` for the one that writes what it reads");
}

#[test]
fn all_templates_together_do_not_get_in_each_others_way() {
    let all = templates();
    let files: Vec<(&str, String)> =
        all.iter().map(|one| (one.name.as_str(), switched_on(&one.name, &one.text))).collect();
    let reviewed = review(&as_files(&files), &catalogue());
    let problems: Vec<String> = reviewed.problems.iter().map(ToString::to_string).collect();
    check(&problems, "a shop that takes all templates over is told");
    assert_eq!(reviewed.rules.map(|rules| rules.rules().len()), Some(all.len()));
}

/// The fixtures are named after the template, so that the binary can carry them.
#[test]
fn every_template_is_tried_where_it_acts_and_where_it_does_not() {
    let all = templates();
    let files: Vec<RuleFile<'_>> =
        all.iter().map(|template| RuleFile { name: &template.name, text: &template.text }).collect();
    let rules = check_all(&files, &catalogue()).unwrap_or_default();
    let mut wrong = Vec::new();
    let mut given = BTreeMap::new();
    for template in &all {
        let Some(rule) = rules.get(&template.name) else {
            wrong.push(format!("{}: no rule of this name", template.name));
            continue;
        };
        let expected = [("fires", true), ("silent", false)]
            .map(|(which, fires)| (format!("fixtures/{}-{which}.json", rule.id), fires));
        let tests = rule.tests.iter().map(|test| (test.given.clone(), test.expect.fires));
        if !tests.clone().eq(expected) {
            wrong.push(format!("{}: its tests are not {}-fires and {0}-silent", rule.id, rule.id));
        }
        given.extend(tests.map(|(name, _)| (name, &rule.id)));
        for outcome in run_tests(rule, &fixture) {
            let failures = outcome.failures.iter();
            wrong.extend(failures.map(|failure| format!("{}: {}: {failure}", rule.id, outcome.given)));
            // One about another event says nothing of the rule's conditions.
            if outcome.evaluation.is_none() {
                wrong.push(format!("{}: {} is about another event", rule.id, outcome.given));
            }
        }
    }
    let there = names(&dir().join("fixtures"), ".json");
    let unused = there.iter().filter(|name| !given.contains_key(&format!("fixtures/{name}.json")));
    wrong.extend(unused.map(|name| format!("fixtures/{name}.json: no template names it")));
    check(&wrong, "let each template name its two fixtures and behave in them as it says");
}

/// Nothing is sent before the shop manager has looked, and what they look at is written for them.
#[test]
fn every_template_explains_itself_and_begins_in_the_shadow() {
    let all = templates();
    let files: Vec<RuleFile<'_>> =
        all.iter().map(|template| RuleFile { name: &template.name, text: &template.text }).collect();
    let rules = check_all(&files, &catalogue()).unwrap_or_default();
    let mut wrong = Vec::new();
    for template in &all {
        let comment = template.text.lines().map_while(|line| line.strip_prefix('#').map(str::trim));
        let paragraph: Vec<&str> = comment.take_while(|line| !line.is_empty()).collect();
        let paragraph = paragraph.join(" ");
        if paragraph.chars().count() < PARAGRAPH_CHARS_MIN || !paragraph.ends_with('.') {
            wrong.push(format!("{}: no paragraph at its head: {paragraph}", template.name));
        }
        let Some(rule) = rules.get(&template.name) else {
            wrong.push(format!("{}: no rule of this name", template.name));
            continue;
        };
        if rule.mode != Mode::Shadow {
            wrong.push(format!("{}: not in the shadow", rule.id));
        }
        let is_sentence = rule.says.ends_with('.') && !rule.says.contains(". ");
        if !is_sentence {
            wrong.push(format!("{}: `says` is not one sentence: {}", rule.id, rule.says));
        }
        // One on a schedule says when, and no event.
        let names_its_event = rule.on.event() == SCHEDULE_DUE || rule.sentence().contains(rule.on.event());
        if !rule.sentence().ends_with('.') || !names_its_event {
            wrong.push(format!("{}: reads back as {}", rule.id, rule.sentence()));
        }
    }
    check(&wrong, "begin with a paragraph in `#` lines, one sentence in `says`, and `mode: shadow`");
}
