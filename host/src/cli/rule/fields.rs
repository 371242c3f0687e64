//! `omnihub rule fields|events|actions`: what rules may name here, with the configured connections and their plugins.

use std::process::ExitCode;

use hub_rules::{Bounds, Catalogue, FieldSpec, Grade, Longer, RuleFile, Takes, Window};
use serde::Serialize;
use serde_json::Value;

use crate::cli::ConfigArg;
use crate::cli::check;
use crate::cli::exit::Failed;
use crate::cli::out::Out;
use crate::cli::table::Table;
use crate::settings;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct FieldsArgs {
    /// Only names that begin so
    #[arg(value_name = "NAME")]
    begins: Option<String>,
    /// Only fields that are known when this event happens
    #[arg(long, value_name = "EVENT")]
    on: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct NamesArgs {
    /// Only names that begin so
    #[arg(value_name = "NAME")]
    begins: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, clap::Args)]
struct Shown {
    #[command(flatten)]
    config: ConfigArg,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn fields(out: &Out, args: FieldsArgs) -> Result<ExitCode, Failed> {
    let FieldsArgs { begins, on, shown: Shown { config, json } } = args;
    let catalogue = catalogue(&config)?;
    let brought = match on {
        None => None,
        Some(event) => match catalogue.events.get(&event) {
            Some(spec) => Some(spec.provides.clone()),
            None => {
                let message = format!("there is no event `{event}`");
                return Err(Failed::usage(message, "`omnihub rule events` lists them"));
            }
        },
    };
    let is_brought = |name: &str| {
        let root = name.split('.').next().unwrap_or(name);
        brought.as_ref().is_none_or(|roots| roots.iter().any(|brought| brought == root))
    };
    let is_asked_for = |name: &str| begins_so(name, &begins) && is_brought(name);
    let mut table = Table::new(&["field", "kind", "unit", "values", "filled by", "what"]);
    let mut rows = Vec::new();
    for (name, spec) in catalogue.fields.iter().filter(|(name, _)| is_asked_for(name)) {
        table.row(columns(name.clone(), spec));
        rows.push(named(name, spec)?);
    }
    for (list, spec) in catalogue.lists.iter().filter(|(list, _)| is_asked_for(list)) {
        for (field, spec) in &spec.fields {
            let name = format!("item.{field}");
            table.row(columns(format!("{name} of {list}"), spec));
            rows.push(with(named(&name, spec)?, "list", list));
        }
    }
    print(out, json, "fields", rows, &table)
}

fn columns(name: String, spec: &FieldSpec) -> [String; 6] {
    let values = match (spec.values.is_empty(), spec.example.is_empty()) {
        (false, _) => spec.values.join(", "),
        (true, false) => format!("such as {}", spec.example),
        (true, true) => String::new(),
    };
    let filled_by = match spec.filled_by.is_empty() {
        false => spec.filled_by.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        true => "no connection here".to_owned(),
    };
    [name, word(&spec.kind), spec.unit.clone(), values, filled_by, spec.help.clone()]
}

pub(super) fn events(out: &Out, args: NamesArgs) -> Result<ExitCode, Failed> {
    let NamesArgs { begins, shown: Shown { config, json } } = args;
    let catalogue = catalogue(&config)?;
    let mut table = Table::new(&["event", "brings", "what"]);
    let mut rows = Vec::new();
    for (name, spec) in catalogue.events.iter().filter(|(name, _)| begins_so(name, &begins)) {
        table.row([name.clone(), spec.provides.join(", "), spec.help.clone()]);
        rows.push(named(name, spec)?);
    }
    print(out, json, "events", rows, &table)
}

pub(super) fn actions(out: &Out, args: NamesArgs) -> Result<ExitCode, Failed> {
    let NamesArgs { begins, shown: Shown { config, json } } = args;
    let catalogue = catalogue(&config)?;
    let mut table = Table::new(&["action", "happens", "with", "when", "what"]);
    let mut rows = Vec::new();
    for (name, spec) in catalogue.actions.iter().filter(|(name, _)| begins_so(name, &begins)) {
        let params = spec.params.iter().map(|(param, spec)| {
            let values = match &spec.takes {
                Takes::OneOf(values) => format!("={}", values.join("|")),
                _ => String::new(),
            };
            let mark = if spec.required { "" } else { "?" };
            format!("{param}{mark}{values}")
        });
        let params: Vec<String> = params.collect();
        let (happens, when) = (happens(spec.grade).to_owned(), when(&spec.bounds));
        table.row([name.clone(), happens, params.join(", "), when, spec.help.clone()]);
        rows.push(named(name, spec)?);
    }
    print(out, json, "actions", rows, &table)
}

/// How often an action happens whatever goes wrong, in words for whoever writes a rule.
fn happens(grade: Grade) -> &'static str {
    match grade {
        Grade::Keyed | Grade::Probed => "once",
        Grade::Natural => "again is the same",
        Grade::Unsafe => "once, or asks a person",
    }
}

/// When an action can be done: in the provider's window, and not while its connection lacks something.
fn when(bounds: &Bounds) -> String {
    if !bounds.missing.is_empty() {
        return format!("never: {}", bounds.missing.join("; "));
    }
    let Some(Window { hours, longer, .. }) = &bounds.window else { return "at any time".to_owned() };
    let longer = longer.as_ref().map(|Longer { hours, param }| format!(", {hours}h where {param} is true"));
    format!("{hours}h from their last message{}", longer.unwrap_or_default())
}

/// The catalogue with the fields that the rules of the folder themselves bring.
fn catalogue(config: &ConfigArg) -> Result<Catalogue, Failed> {
    let found = check::install(config.load()?)?;
    let (catalogue, _) = settings::catalogue(&found.config, &found.plugins.now());
    let dir = &found.config.rules_dir;
    let files = settings::rule_files(dir).map_err(|error| Failed::file(dir, &error))?;
    let files: Vec<RuleFile<'_>> = files.iter().map(|(name, text)| RuleFile { name, text }).collect();
    Ok(hub_rules::with_new_names(&files, &catalogue))
}

fn begins_so(name: &str, begins: &Option<String>) -> bool {
    begins.as_ref().is_none_or(|begins| name.starts_with(begins.as_str()))
}

fn named(name: &str, spec: &impl Serialize) -> Result<Value, Failed> {
    let value = serde_json::to_value(spec).map_err(|error| Failed::Internal(error.into()))?;
    Ok(with(value, "name", name))
}

/// The object with one member more.
fn with(mut object: Value, member: &str, value: &str) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert(member.to_owned(), Value::from(value));
    }
    object
}

fn word(kind: &impl Serialize) -> String {
    let word = serde_json::to_value(kind).ok();
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

fn print(out: &Out, json: bool, what: &str, rows: Vec<Value>, table: &Table) -> Result<ExitCode, Failed> {
    if json {
        return out.json(&serde_json::json!({ what: rows }));
    }
    if table.is_empty() {
        out.tell(&format!("no {what}"));
        return Ok(ExitCode::SUCCESS);
    }
    out.table(table)
}
